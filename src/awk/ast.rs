//! A program as the parser leaves it: names are numbers already.

use super::value::Text;

/// A variable. Scalars and arrays of one name have the same number in two tables; a name is
/// only ever one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Var {
    /// Of the whole program; the first are those with a meaning of their own.
    Global(usize),
    /// A parameter of the function, counted from its first one.
    Local(usize),
}

/// What can be assigned to.
pub enum Place {
    Var(Var),
    Field(Box<Expr>),
    Element(Var, Vec<Expr>),
}

/// A regular expression: known when the program is read, or made of a string.
pub enum Pattern {
    Known(usize),
    Made(Box<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Less,
    LessEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
}

/// Where `getline` reads from.
pub enum Source {
    Main,
    File(Box<Expr>),
    Command(Box<Expr>),
}

pub enum Expr {
    Number(f64),
    Text(Text),
    Place(Place),
    /// `/re/` alone: whether the record matches.
    Record(usize),
    Match {
        text: Box<Expr>,
        pattern: Pattern,
        negated: bool,
    },
    Assign(Place, Box<Expr>),
    Change(Place, Binary, Box<Expr>),
    /// `++` and `--`: by how much, and whether the value is that before.
    Step(Place, f64, bool),
    Choose(Box<[Expr; 3]>),
    And(Box<[Expr; 2]>),
    Or(Box<[Expr; 2]>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Plus(Box<Expr>),
    Binary(Binary, Box<[Expr; 2]>),
    Compare(Compare, Box<[Expr; 2]>),
    Join(Box<[Expr; 2]>),
    In(Vec<Expr>, Var),
    Call(usize, Vec<Expr>),
    Builtin(Builtin, Vec<Expr>),
    /// `match`, `split`: with a pattern as the argument that may be one.
    Find(Box<Expr>, Pattern),
    Split(Box<Expr>, Var, Option<Pattern>),
    Substitute {
        pattern: Pattern,
        with: Box<Expr>,
        target: Option<Place>,
        all: bool,
    },
    Gensub(Pattern, Box<[Expr; 2]>, Option<Box<Expr>>),
    ArrayLength(Var),
    Getline(Source, Option<Place>),
    /// Several in parentheses, before `in` or in `print`.
    Group(Vec<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    And,
    Atan2,
    Close,
    Compl,
    Cos,
    Exp,
    Fflush,
    Index,
    Int,
    Length,
    Log,
    Lshift,
    Mktime,
    Or,
    Rand,
    Rshift,
    Sin,
    Sprintf,
    Sqrt,
    Srand,
    Strftime,
    Substr,
    System,
    Systime,
    Tolower,
    Toupper,
    Xor,
}

/// Where `print` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    Write,
    Append,
    Pipe,
}

pub enum Statement {
    Expr(Expr),
    Print {
        args: Vec<Expr>,
        formatted: bool,
        to: Option<(Way, Expr)>,
    },
    If(Expr, Vec<Statement>, Vec<Statement>),
    While(Expr, Vec<Statement>),
    Do(Vec<Statement>, Expr),
    For(Box<Loop>),
    ForIn(Place, Var, Vec<Statement>),
    Block(Vec<Statement>),
    Delete(Var, Vec<Expr>),
    DeleteAll(Var),
    Break,
    Continue,
    Next,
    NextFile,
    Exit(Option<Expr>),
    Return(Option<Expr>),
}

pub struct Loop {
    pub first: Option<Statement>,
    pub condition: Option<Expr>,
    pub step: Option<Statement>,
    pub body: Vec<Statement>,
}

/// When a rule applies to a record.
pub enum When {
    Always,
    Matches(Expr),
    Range(Expr, Expr),
}

pub struct Rule {
    pub when: When,
    /// None: the record is printed.
    pub action: Option<Vec<Statement>>,
}

#[derive(Default)]
pub struct Function {
    pub name: Vec<u8>,
    pub parameters: usize,
    /// Which parameters are arrays.
    pub arrays: Vec<bool>,
    pub body: Vec<Statement>,
    /// The body has been seen.
    pub defined: bool,
}
