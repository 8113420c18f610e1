//! The language of arithmetic: `$((...))`, `let`, `${x:offset:length}`.
//!
//! An expression is parsed into a tree, which [`calculate`](super::calculate) evaluates;
//! one without expansions of its own is parsed once, however often it runs.

use super::ast::Name;
use super::error::ArithError;
use super::lexer::{is_name_byte, is_name_start, name};

/// Parentheses and unary operators inside each other; variables naming variables.
pub(super) const DEEPEST: u32 = 100;

pub(super) type Result<T> = std::result::Result<T, ArithError>;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A constant.
    Number(i64),
    /// A variable's value as a number.
    Var(Name),
    /// `-x`, `+x`, `~x`, `!x`
    Unary(u8, Box<Expr>),
    /// Two operands, both evaluated.
    Binary(Op, Box<Expr>, Box<Expr>),
    /// More operands, taken from left to right: a long sum is no deep tree.
    Chain(Box<Expr>, Vec<(Op, Expr)>),
    /// `a && b && ...`
    And(Vec<Expr>),
    /// `a || b || ...`
    Or(Vec<Expr>),
    /// `a ? b : c`
    Choice(Box<(Expr, Expr, Expr)>),
    /// `x = e`, `x += e`
    Assign(Name, Option<Op>, Box<Expr>),
    /// `++x`, `x--`: the step, and whether the old value counts.
    Step { name: Name, by: i64, old: bool },
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Comma,
    BitOr,
    BitXor,
    BitAnd,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

/// Binary operators with their strength, weakest first.
const BINARY: &[(&[u8], u8, Op)] = &[
    (b"|", 0, Op::BitOr),
    (b"^", 1, Op::BitXor),
    (b"&", 2, Op::BitAnd),
    (b"==", 3, Op::Equal),
    (b"!=", 3, Op::Unequal),
    (b"<=", 4, Op::LessEqual),
    (b">=", 4, Op::GreaterEqual),
    (b"<", 4, Op::Less),
    (b">", 4, Op::Greater),
    (b"<<", 5, Op::ShiftLeft),
    (b">>", 5, Op::ShiftRight),
    (b"+", 6, Op::Add),
    (b"-", 6, Op::Subtract),
    (b"*", 7, Op::Multiply),
    (b"/", 7, Op::Divide),
    (b"%", 7, Op::Remainder),
];

/// All operators by spelling, for cutting the text: the longest that fits is meant.
const SPELLINGS: &[&[u8]] = &[
    b"<<=", b">>=", b"**", b"++", b"--", b"&&", b"||", b"==", b"!=", b"<=", b">=", b"<<", b">>",
    b"+=", b"-=", b"*=", b"/=", b"%=", b"&=", b"|=", b"^=", b"+", b"-", b"*", b"/", b"%", b"&",
    b"|", b"^", b"~", b"!", b"<", b">", b"=", b"?", b":", b",", b"(", b")",
];

/// Parses an expression; an empty one is 0.
pub fn parse(text: &[u8]) -> Result<Expr> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    parser.skip_blanks();
    if parser.at == text.len() {
        return Ok(Expr::Number(0));
    }
    let expr = parser.comma()?;
    if parser.at == text.len() {
        Ok(expr)
    } else {
        Err(ArithError::Syntax)
    }
}

struct Parser<'a> {
    text: &'a [u8],
    /// The next byte; never a blank between tokens.
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn skip_blanks(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The operator that comes next.
    fn spelling(&self) -> &'static [u8] {
        let rest = &self.text[self.at..];
        let found = SPELLINGS.iter().find(|s| rest.starts_with(s));
        found.copied().unwrap_or_default()
    }

    fn take(&mut self, spelling: &[u8]) -> bool {
        let found = self.spelling() == spelling;
        if found {
            self.at += spelling.len();
            self.skip_blanks();
        }
        found
    }

    fn comma(&mut self) -> Result<Expr> {
        let first = self.assignment()?;
        let mut rest = Vec::new();
        while self.take(b",") {
            rest.push((Op::Comma, self.assignment()?));
        }
        Ok(chain(first, rest))
    }

    fn assignment(&mut self) -> Result<Expr> {
        let start = self.at;
        if let Some(name) = self.name() {
            let spelling = self.spelling();
            let op = match spelling {
                b"=" => Some(None),
                [op @ .., b'='] if !matches!(spelling, b"==" | b"!=" | b"<=" | b">=") => BINARY
                    .iter()
                    .find(|(text, ..)| *text == op)
                    .map(|(.., op)| Some(*op)),
                _ => None,
            };
            if let Some(op) = op {
                self.at += spelling.len();
                self.skip_blanks();
                self.enter()?;
                let value = self.assignment()?;
                self.depth -= 1;
                return Ok(Expr::Assign(name, op, Box::new(value)));
            }
            self.at = start;
        }
        self.choice()
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(ArithError::TooDeep);
        }
        Ok(())
    }

    fn choice(&mut self) -> Result<Expr> {
        let condition = self.or()?;
        if !self.take(b"?") {
            return Ok(condition);
        }
        self.enter()?;
        let yes = self.comma()?;
        if !self.take(b":") {
            return Err(ArithError::Syntax);
        }
        let no = self.assignment()?;
        self.depth -= 1;
        Ok(Expr::Choice(Box::new((condition, yes, no))))
    }

    fn or(&mut self) -> Result<Expr> {
        let first = self.and()?;
        if self.spelling() != b"||" {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.take(b"||") {
            operands.push(self.and()?);
        }
        Ok(Expr::Or(operands))
    }

    fn and(&mut self) -> Result<Expr> {
        let first = self.binary(0)?;
        if self.spelling() != b"&&" {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.take(b"&&") {
            operands.push(self.binary(0)?);
        }
        Ok(Expr::And(operands))
    }

    /// Operators of at least this strength; equal ones group to the left.
    fn binary(&mut self, weakest: u8) -> Result<Expr> {
        let first = self.power()?;
        let mut rest = Vec::new();
        loop {
            let spelling = match self.spelling() {
                // After an operand: an operator and a sign.
                signs @ (b"++" | b"--") => &signs[..1],
                other => other,
            };
            let found = BINARY.iter().find(|(text, ..)| *text == spelling);
            let Some((_, strength, op)) = found.filter(|(_, s, _)| *s >= weakest) else {
                return Ok(chain(first, rest));
            };
            self.at += spelling.len();
            self.skip_blanks();
            rest.push((*op, self.binary(strength + 1)?));
        }
    }

    /// `a ** b`, from right to left; signs bind stronger.
    fn power(&mut self) -> Result<Expr> {
        let base = self.unary()?;
        if !self.take(b"**") {
            return Ok(base);
        }
        self.enter()?;
        let exponent = self.power()?;
        self.depth -= 1;
        Ok(Expr::Binary(Op::Power, Box::new(base), Box::new(exponent)))
    }

    fn unary(&mut self) -> Result<Expr> {
        self.enter()?;
        let spelling = self.spelling();
        let expr = match spelling {
            b"+" | b"-" | b"~" | b"!" => {
                self.take(spelling);
                let operand = self.unary()?;
                Expr::Unary(spelling[0], Box::new(operand))
            }
            b"++" | b"--" => {
                self.take(spelling);
                let by = if spelling == b"++" { 1 } else { -1 };
                match self.name() {
                    Some(name) => Expr::Step {
                        name,
                        by,
                        old: false,
                    },
                    // Two signs before something else.
                    None => {
                        let sign = |e| Expr::Unary(spelling[0], Box::new(e));
                        sign(sign(self.unary()?))
                    }
                }
            }
            _ => self.primary()?,
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn primary(&mut self) -> Result<Expr> {
        if self.take(b"(") {
            let inner = self.comma()?;
            return if self.take(b")") {
                Ok(inner)
            } else {
                Err(ArithError::Syntax)
            };
        }
        if let Some(name) = self.name() {
            let by = match self.spelling() {
                b"++" => 1,
                b"--" => -1,
                _ => return Ok(Expr::Var(name)),
            };
            self.at += 2;
            self.skip_blanks();
            return Ok(Expr::Step {
                name,
                by,
                old: true,
            });
        }
        let rest = &self.text[self.at..];
        let in_number = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'#' | b'@' | b'_');
        let length = rest.iter().position(|b| !in_number(b));
        let literal = &rest[..length.unwrap_or(rest.len())];
        let value = number(literal).ok_or(ArithError::Syntax)?;
        self.at += literal.len();
        self.skip_blanks();
        Ok(Expr::Number(value))
    }

    fn name(&mut self) -> Option<Name> {
        let rest = &self.text[self.at..];
        if !rest.first().copied().is_some_and(is_name_start) {
            return None;
        }
        let length = rest.iter().position(|&b| !is_name_byte(b));
        let found = name(&rest[..length.unwrap_or(rest.len())]);
        self.at += found.len();
        self.skip_blanks();
        Some(found)
    }
}

/// Operators applied from left to right.
fn chain(first: Expr, mut rest: Vec<(Op, Expr)>) -> Expr {
    match rest.len() {
        0 => first,
        1 => match rest.pop() {
            Some((op, right)) => Expr::Binary(op, Box::new(first), Box::new(right)),
            None => first,
        },
        _ => Expr::Chain(Box::new(first), rest),
    }
}

/// A constant: decimal, `0x`, octal with a leading 0, `base#digits` up to base 64.
fn number(literal: &[u8]) -> Option<i64> {
    if let Some(hash) = literal.iter().position(|&b| b == b'#') {
        let base = digits(&literal[..hash], 10)?;
        if !(2..=64).contains(&base) {
            return None;
        }
        return digits(&literal[hash + 1..], base);
    }
    match literal {
        [b'0', b'x' | b'X', hex @ ..] => digits(hex, 16),
        [b'0', octal @ ..] if !octal.is_empty() => digits(octal, 8),
        decimal => digits(decimal, 10),
    }
}

fn digits(digits: &[u8], base: i64) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for &byte in digits {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'z' => byte - b'a' + 10,
            b'A'..=b'Z' if base <= 36 => byte - b'A' + 10,
            b'A'..=b'Z' => byte - b'A' + 36,
            b'@' => 62,
            b'_' => 63,
            _ => return None,
        };
        if i64::from(digit) >= base {
            return None;
        }
        value = value.wrapping_mul(base).wrapping_add(i64::from(digit));
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::super::calculate::eval;
    use super::super::vars::Vars;
    use super::*;

    fn check(text: &str, expected: std::result::Result<i64, &str>) {
        let mut vars = Vars::new();
        vars.set(b"x", b"5").unwrap();
        vars.set(b"e", b"x + 1").unwrap();
        vars.set(b"loop", b"loop").unwrap();
        let got = parse(text.as_bytes()).and_then(|expr| eval(&expr, &mut vars, false));
        let got = got.map_err(|error| error.to_string());
        assert_eq!(got, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn expressions_have_the_values_of_c() {
        check("", Ok(0));
        check("1+2*3", Ok(7));
        check("(1+2)*3", Ok(9));
        check("2**3**2", Ok(512));
        check("-2**2", Ok(4));
        check("7/2 + 7%-3", Ok(4));
        check("1<<3|1", Ok(9));
        check("~0 & 0xff ^ 1", Ok(254));
        check("010 + 16#fF + 2#101", Ok(268));
        check("36#z + 64#_", Ok(98));
        check("1 ? 2 : 0 ? 3 : 4", Ok(2));
        check("0 || 2 && 0", Ok(0));
        check("!x + !0", Ok(1));
        check("x = 3, x++ + ++x", Ok(8));
        check("x += x -= 2", Ok(6));
        check("7--1 + 7++1", Ok(16));
        check("y", Ok(0));
        check("e * 2", Ok(12));
        check("x<6", Ok(1));
        check("x >= 6", Ok(0));
        check("9223372036854775807 + 1", Ok(i64::MIN));
        check("x---x", Ok(1));
        check("- -x", Ok(5));
        check("--5", Ok(5));
    }

    #[test]
    fn nonsense_is_refused() {
        check("08", Err("arithmetic syntax error"));
        check("1 +", Err("arithmetic syntax error"));
        check("(1", Err("arithmetic syntax error"));
        check("1 2", Err("arithmetic syntax error"));
        check("a[1]", Err("arithmetic syntax error"));
        check("1 = 2", Err("arithmetic syntax error"));
        check("1/0", Err("divide by zero"));
        check("2**-1", Err("exponent less than 0"));
        check("loop", Err("expression recursion loop detected"));
    }

    #[test]
    fn variables_that_name_each_other_twice_end_in_a_message_at_once() {
        let mut vars = Vars::new();
        vars.set(b"a0", b"1").unwrap();
        let mut sum = |level: i64| {
            let (name, value) = (format!("a{level}"), format!("a{0}+a{0}", level - 1));
            vars.set(name.as_bytes(), value.as_bytes()).unwrap();
            let expr = parse(name.as_bytes()).unwrap();
            eval(&expr, &mut vars, false).map_err(|error| error.to_string())
        };
        for level in 1..=12 {
            assert_eq!(sum(level), Ok(1 << level));
        }
        for level in 13..=45 {
            let message = "expression recursion loop detected";
            assert_eq!(sum(level).err().as_deref(), (level > 13).then_some(message));
        }
    }

    #[test]
    fn a_thousand_parentheses_end_in_a_message() {
        let text = "(".repeat(10_000) + "1";
        check(&text, Err("expression recursion loop detected"));
    }
}
