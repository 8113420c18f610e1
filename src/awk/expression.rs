//! The grammar of expressions, from the loosest operator to the tightest.

use super::ast::{Binary, Builtin, Compare, Expr, Pattern, Place, Source};
use super::lexer::Token;
use super::parse::Parser;
use super::{Fault, special};
use std::rc::Rc;

/// Operands of one chain of operators; longer ones would need a deep stack later.
const LONGEST: u32 = 1000;

const BUILTINS: [(&str, Builtin); 27] = [
    ("and", Builtin::And),
    ("atan2", Builtin::Atan2),
    ("close", Builtin::Close),
    ("compl", Builtin::Compl),
    ("cos", Builtin::Cos),
    ("exp", Builtin::Exp),
    ("fflush", Builtin::Fflush),
    ("index", Builtin::Index),
    ("int", Builtin::Int),
    ("length", Builtin::Length),
    ("log", Builtin::Log),
    ("lshift", Builtin::Lshift),
    ("mktime", Builtin::Mktime),
    ("or", Builtin::Or),
    ("rand", Builtin::Rand),
    ("rshift", Builtin::Rshift),
    ("sin", Builtin::Sin),
    ("sprintf", Builtin::Sprintf),
    ("sqrt", Builtin::Sqrt),
    ("srand", Builtin::Srand),
    ("strftime", Builtin::Strftime),
    ("substr", Builtin::Substr),
    ("system", Builtin::System),
    ("systime", Builtin::Systime),
    ("tolower", Builtin::Tolower),
    ("toupper", Builtin::Toupper),
    ("xor", Builtin::Xor),
];

fn pair(left: Expr, right: Expr) -> Box<[Expr; 2]> {
    Box::new([left, right])
}

fn pattern(expr: Expr) -> Pattern {
    match expr {
        Expr::Record(number) => Pattern::Known(number),
        expr => Pattern::Made(Box::new(expr)),
    }
}

impl Parser<'_> {
    /// Any expression.
    pub(super) fn expr(&mut self) -> Result<Expr, Fault> {
        match self.expr_or_group()? {
            Expr::Group(_) => Err(Fault::Expected("in")),
            expr => Ok(expr),
        }
    }

    /// The same, or several in parentheses.
    pub(super) fn expr_or_group(&mut self) -> Result<Expr, Fault> {
        self.nested(Self::choice)
    }

    /// An expression with neither comparison nor anything looser.
    pub(super) fn joined(&mut self) -> Result<Expr, Fault> {
        self.nested(Self::join)
    }

    fn choice(&mut self) -> Result<Expr, Fault> {
        let condition = self.or()?;
        if !self.take("?")? {
            return Ok(condition);
        }
        self.newlines()?;
        let first = self.expr()?;
        self.newlines()?;
        self.expect(":")?;
        self.newlines()?;
        let second = self.expr()?;
        Ok(Expr::Choose(Box::new([condition, first, second])))
    }

    /// Operands joined by operators of one level, from left to right.
    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Expr, Fault>,
        mut more: impl FnMut(&mut Self, Expr) -> Result<(Expr, bool), Fault>,
    ) -> Result<Expr, Fault> {
        let mut left = operand(self)?;
        for _ in 0..LONGEST {
            let (expr, goes_on) = more(self, left)?;
            left = expr;
            if !goes_on {
                return Ok(left);
            }
        }
        Err(Fault::Deep)
    }

    fn or(&mut self) -> Result<Expr, Fault> {
        self.chain(Self::and, |parser, left| {
            if !parser.take("||")? {
                return Ok((left, false));
            }
            parser.newlines()?;
            Ok((Expr::Or(pair(left, parser.and()?)), true))
        })
    }

    fn and(&mut self) -> Result<Expr, Fault> {
        self.chain(Self::membership, |parser, left| {
            if !parser.take("&&")? {
                return Ok((left, false));
            }
            parser.newlines()?;
            Ok((Expr::And(pair(left, parser.membership()?)), true))
        })
    }

    fn membership(&mut self) -> Result<Expr, Fault> {
        self.chain(Self::matching, |parser, left| {
            if parser.no_in || !parser.is_word("in") {
                return Ok((left, false));
            }
            parser.advance()?;
            let Token::Name(name) = parser.token.clone() else {
                return Err(parser.unexpected());
            };
            parser.advance()?;
            let array = parser.array(&name)?;
            let subscripts = match left {
                Expr::Group(subscripts) => subscripts,
                one => vec![one],
            };
            Ok((Expr::In(subscripts, array), true))
        })
    }

    fn matching(&mut self) -> Result<Expr, Fault> {
        self.chain(Self::comparison, |parser, left| {
            let negated = parser.is("!~");
            if !negated && !parser.is("~") {
                return Ok((left, false));
            }
            parser.advance()?;
            let pattern = pattern(parser.comparison()?);
            let text = Box::new(left);
            Ok((
                Expr::Match {
                    text,
                    pattern,
                    negated,
                },
                true,
            ))
        })
    }

    fn comparison(&mut self) -> Result<Expr, Fault> {
        self.chain(Self::join, |parser, left| {
            if parser.is("|") {
                let getline = parser.attempt(|parser| {
                    parser.advance()?;
                    Ok(parser.is_word("getline").then_some(()))
                })?;
                if getline.is_none() {
                    return Ok((left, false));
                }
                parser.advance()?;
                let place = parser.optional_place()?;
                let source = Source::Command(Box::new(left));
                return Ok((Expr::Getline(source, place), true));
            }
            let how = match parser.token {
                Token::Sign("<") => Compare::Less,
                Token::Sign("<=") => Compare::LessEqual,
                Token::Sign("==") => Compare::Equal,
                Token::Sign("!=") => Compare::NotEqual,
                Token::Sign(">") if !parser.no_greater => Compare::Greater,
                Token::Sign(">=") => Compare::GreaterEqual,
                _ => return Ok((left, false)),
            };
            parser.advance()?;
            Ok((Expr::Compare(how, pair(left, parser.join()?)), true))
        })
    }

    fn join(&mut self) -> Result<Expr, Fault> {
        self.chain(Self::sum, |parser, left| {
            let begins = matches!(
                parser.token,
                Token::Number(_)
                    | Token::Text(_)
                    | Token::Name(_)
                    | Token::Called(_)
                    | Token::Sign("$" | "!" | "(" | "++" | "--" | "-" | "+")
            );
            if !begins || matches!(left, Expr::Group(_)) {
                return Ok((left, false));
            }
            Ok((Expr::Join(pair(left, parser.sum()?)), true))
        })
    }

    fn sum(&mut self) -> Result<Expr, Fault> {
        self.chain(Self::product, |parser, left| {
            let how = match parser.token {
                Token::Sign("+") => Binary::Add,
                Token::Sign("-") => Binary::Subtract,
                _ => return Ok((left, false)),
            };
            parser.advance()?;
            Ok((Expr::Binary(how, pair(left, parser.product()?)), true))
        })
    }

    fn product(&mut self) -> Result<Expr, Fault> {
        self.chain(Self::unary, |parser, left| {
            let how = match parser.token {
                Token::Sign("*") => Binary::Multiply,
                Token::Sign("/") => Binary::Divide,
                Token::Sign("%") => Binary::Modulo,
                _ => return Ok((left, false)),
            };
            parser.advance()?;
            Ok((Expr::Binary(how, pair(left, parser.unary()?)), true))
        })
    }

    fn unary(&mut self) -> Result<Expr, Fault> {
        let make: fn(Box<Expr>) -> Expr = match self.token {
            Token::Sign("!") => Expr::Not,
            Token::Sign("-") => Expr::Negate,
            Token::Sign("+") => Expr::Plus,
            _ => return self.power(),
        };
        self.advance()?;
        Ok(make(Box::new(self.nested(Self::unary)?)))
    }

    fn power(&mut self) -> Result<Expr, Fault> {
        let base = self.postfix()?;
        if !self.take("^")? {
            return Ok(base);
        }
        let exponent = self.nested(Self::unary)?;
        Ok(Expr::Binary(Binary::Power, pair(base, exponent)))
    }

    /// A primary with what may follow a variable: `++`, `--`, an assignment.
    fn postfix(&mut self) -> Result<Expr, Fault> {
        let place = match self.primary()? {
            Expr::Place(place) => place,
            other => return Ok(other),
        };
        let Token::Sign(sign) = self.token else {
            return Ok(Expr::Place(place));
        };
        let change = match sign {
            "++" | "--" => {
                self.advance()?;
                let by = if sign == "++" { 1.0 } else { -1.0 };
                return Ok(Expr::Step(place, by, true));
            }
            "=" => None,
            "+=" => Some(Binary::Add),
            "-=" => Some(Binary::Subtract),
            "*=" => Some(Binary::Multiply),
            "/=" => Some(Binary::Divide),
            "%=" => Some(Binary::Modulo),
            "^=" => Some(Binary::Power),
            _ => return Ok(Expr::Place(place)),
        };
        self.advance()?;
        self.newlines()?;
        let value = Box::new(self.expr()?);
        Ok(match change {
            None => Expr::Assign(place, value),
            Some(how) => Expr::Change(place, how, value),
        })
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        match self.token.clone() {
            Token::Number(number) => {
                self.advance()?;
                Ok(Expr::Number(number))
            }
            Token::Text(text) => {
                self.advance()?;
                Ok(Expr::Text(Rc::new(text)))
            }
            Token::Sign("/" | "/=") => Ok(Expr::Record(self.regex()?)),
            Token::Sign("(") => self.parentheses(),
            Token::Sign(sign @ ("++" | "--")) => {
                self.advance()?;
                let by = if sign == "++" { 1.0 } else { -1.0 };
                match self.nested(Self::primary)? {
                    Expr::Place(place) => Ok(Expr::Step(place, by, false)),
                    _ => Err(Fault::Assign),
                }
            }
            Token::Sign("$") => {
                self.advance()?;
                let number = match self.token {
                    Token::Sign("-" | "+" | "!") => self.nested(Self::unary)?,
                    _ => self.nested(Self::primary)?,
                };
                if matches!(number, Expr::Group(_)) {
                    return Err(self.unexpected());
                }
                Ok(Expr::Place(Place::Field(Box::new(number))))
            }
            Token::Name(name) | Token::Called(name) => {
                let called = matches!(self.token, Token::Called(_));
                self.advance()?;
                self.named(&name, called)
            }
            Token::Word("getline") => {
                self.advance()?;
                let place = self.optional_place()?;
                let source = match self.take("<")? {
                    true => Source::File(Box::new(self.nested(Self::primary)?)),
                    false => Source::Main,
                };
                Ok(Expr::Getline(source, place))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn parentheses(&mut self) -> Result<Expr, Fault> {
        self.advance()?;
        let (greater, within) = (self.no_greater, self.no_in);
        (self.no_greater, self.no_in) = (false, false);
        self.newlines()?;
        let mut list = self.list(")")?;
        (self.no_greater, self.no_in) = (greater, within);
        match list.len() {
            0 => Err(self.unexpected()),
            1 => Ok(list.remove(0)),
            _ => Ok(Expr::Group(list)),
        }
    }

    /// Expressions up to a closing sign, which is taken.
    pub(super) fn list(&mut self, close: &'static str) -> Result<Vec<Expr>, Fault> {
        let (greater, within) = (self.no_greater, self.no_in);
        (self.no_greater, self.no_in) = (false, false);
        let mut list = Vec::new();
        if !self.is(close) {
            loop {
                list.push(self.expr()?);
                self.newlines()?;
                if !self.take(",")? {
                    break;
                }
                self.newlines()?;
            }
        }
        (self.no_greater, self.no_in) = (greater, within);
        self.expect(close)?;
        Ok(list)
    }

    /// What `getline` reads into, if it is named.
    fn optional_place(&mut self) -> Result<Option<Place>, Fault> {
        if !matches!(self.token, Token::Name(_) | Token::Sign("$")) {
            return Ok(None);
        }
        match self.nested(Self::primary)? {
            Expr::Place(place) => Ok(Some(place)),
            _ => Err(Fault::Assign),
        }
    }

    /// A variable, an element, a call.
    fn named(&mut self, name: &[u8], called: bool) -> Result<Expr, Fault> {
        let word = std::str::from_utf8(name).unwrap_or_default();
        if let "match" | "split" | "sub" | "gsub" | "gensub" = word {
            self.expect("(")?;
            return self.with_pattern(word);
        }
        if let Ok(at) = BUILTINS.binary_search_by(|(known, _)| (*known).cmp(word)) {
            return self.builtin(BUILTINS[at].1);
        }
        if called {
            self.advance()?;
            let args = self.list(")")?;
            let function = self.function(name);
            for (at, arg) in args.iter().enumerate() {
                if let Expr::Place(Place::Var(var)) = arg {
                    self.pass(*var, function, at);
                }
            }
            return Ok(Expr::Call(function, args));
        }
        if self.take("[")? {
            let array = self.array(name)?;
            let subscripts = self.list("]")?;
            if subscripts.is_empty() {
                return Err(self.unexpected());
            }
            return Ok(Expr::Place(Place::Element(array, subscripts)));
        }
        Ok(Expr::Place(Place::Var(self.variable(name)?)))
    }

    fn builtin(&mut self, which: Builtin) -> Result<Expr, Fault> {
        let args = match self.take("(")? {
            true => self.list(")")?,
            false if which == Builtin::Length => Vec::new(),
            false => return Err(Fault::Expected("(")),
        };
        let (least, most) = match which {
            Builtin::Rand | Builtin::Systime => (0, 0),
            Builtin::Srand | Builtin::Length | Builtin::Fflush => (0, 1),
            Builtin::Strftime => (0, 3),
            Builtin::Sprintf => (1, usize::MAX),
            Builtin::Substr => (2, 3),
            Builtin::And | Builtin::Or | Builtin::Xor => (2, usize::MAX),
            Builtin::Atan2 | Builtin::Index | Builtin::Lshift | Builtin::Rshift => (2, 2),
            _ => (1, 1),
        };
        if args.len() < least || args.len() > most {
            return Err(Fault::Arguments);
        }
        if which == Builtin::Length
            && let [Expr::Place(Place::Var(var))] = args[..]
        {
            return Ok(Expr::ArrayLength(var));
        }
        Ok(Expr::Builtin(which, args))
    }

    fn with_pattern(&mut self, word: &str) -> Result<Expr, Fault> {
        let mut args = self.list(")")?.into_iter();
        let count = args.len();
        let mut next = || args.next().map(Box::new).ok_or(Fault::Arguments);
        Ok(match (word, count) {
            ("match", 2) => Expr::Find(next()?, pattern(*next()?)),
            ("split", 2 | 3) => {
                let text = next()?;
                let Expr::Place(Place::Var(array)) = *next()? else {
                    return Err(Fault::Arguments);
                };
                let separator = next().ok().map(|expr| pattern(*expr));
                self.is_array(array);
                Expr::Split(text, array, separator)
            }
            ("sub" | "gsub", 2 | 3) => {
                let pattern = pattern(*next()?);
                let with = next()?;
                let target = match next().ok().map(|expr| *expr) {
                    None => None,
                    Some(Expr::Place(place)) => Some(place),
                    // `sub(/a/, "b", "text")` has nowhere to put its result.
                    Some(_) => Some(Place::Var(super::ast::Var::Global(special::NOWHERE))),
                };
                let all = word == "gsub";
                Expr::Substitute {
                    pattern,
                    with,
                    target,
                    all,
                }
            }
            ("gensub", 3 | 4) => {
                let pattern = pattern(*next()?);
                let (with, how) = (*next()?, *next()?);
                // gensub(regex, replacement, how): the two are kept in this order.
                Expr::Gensub(pattern, pair(with, how), next().ok())
            }
            _ => return Err(Fault::Arguments),
        })
    }
}
