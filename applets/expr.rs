//! expr - calculate, compare and match on the command line.
//!
//! Every operator and operand is an argument of its own. Status 0: the result is neither
//! empty nor 0; 1: it is; 2: the expression is none.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result};
use safebox::text::regex::{Regex, Slots, Syntax};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["expr"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: expr EXPRESSION

Print the value of EXPRESSION. From loose to tight:

  A '|' B                  A unless it is empty or 0, else B
  A '&' B                  A if neither is empty or 0, else 0
  A = B, A != B, A '<' B, A '<=' B, A '>' B, A '>=' B
  A + B, A - B
  A '*' B, A / B, A % B
  STRING : REGEX           what \\(...\\) matched, or how much matched from the beginning
  length STRING, index STRING CHARS, substr STRING START LENGTH, match STRING REGEX
  quote WORD               WORD, whatever it means
  '(' EXPRESSION ')'

Example: expr 2 + 3 '*' 4
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    match &ctx.args[..] {
        [help] if help == "--help" => return Err(Error::Help(USAGE.into())),
        [] => {
            return Err(Error::Usage {
                complaint: "too few arguments".into(),
                usage: USAGE.into(),
                exit: Exit::USAGE,
            });
        }
        _ => {}
    }
    let words: Vec<&[u8]> = ctx.args.iter().map(|word| word.as_bytes()).collect();
    let mut parser = Parser {
        words: words.strip_prefix(&[&b"--"[..]]).unwrap_or(&words),
        depth: 0,
    };
    let value = parser.level(0)?;
    if !parser.words.is_empty() {
        return Err(syntax());
    }
    ctx.out.line(&value);
    Ok(if is_null(&value) {
        Exit::FAILED
    } else {
        Exit::OK
    })
}

/// Parentheses inside each other that are allowed.
const DEEPEST: u32 = 500;

/// Operators, the loosest first.
const LEVELS: [&[&[u8]]; 6] = [
    &[b"|"],
    &[b"&"],
    &[b"=", b"==", b"!=", b"<", b"<=", b">", b">="],
    &[b"+", b"-"],
    &[b"*", b"/", b"%"],
    &[b":"],
];

fn fault(text: &str) -> Error {
    Error::Message(text.into(), Exit::USAGE)
}

fn syntax() -> Error {
    fault("syntax error")
}

fn is_null(value: &[u8]) -> bool {
    value.is_empty() || number(value) == Some(0)
}

fn number(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !digits.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

struct Parser<'a> {
    words: &'a [&'a [u8]],
    depth: u32,
}

impl<'a> Parser<'a> {
    fn take(&mut self) -> Result<&'a [u8]> {
        let (first, rest) = self.words.split_first().ok_or_else(syntax)?;
        self.words = rest;
        Ok(first)
    }

    /// Operands and the operators of one level between them.
    fn level(&mut self, level: usize) -> Result<Vec<u8>> {
        let Some(operators) = LEVELS.get(level) else {
            return self.operand();
        };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self
            .words
            .first()
            .copied()
            .filter(|w| operators.contains(w))
        {
            self.words = &self.words[1..];
            let right = self.level(level + 1)?;
            left = apply(operator, left, right)?;
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Vec<u8>> {
        let word = self.take()?;
        Ok(match word {
            b"(" => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(fault("too many parentheses"));
                }
                let value = self.level(0)?;
                self.depth -= 1;
                if self.take()? != b")" {
                    return Err(syntax());
                }
                value
            }
            b"quote" => self.take()?.to_vec(),
            b"length" => self.operand()?.len().to_string().into_bytes(),
            b"match" => {
                let text = self.operand()?;
                matched(&text, &self.operand()?)?
            }
            b"index" => {
                let text = self.operand()?;
                let set = self.operand()?;
                let found = text.iter().position(|byte| set.contains(byte));
                found.map_or(0, |at| at + 1).to_string().into_bytes()
            }
            b"substr" => {
                let text = self.operand()?;
                let start = number(&self.operand()?).unwrap_or(0);
                let length = number(&self.operand()?).unwrap_or(0);
                let from = usize::try_from(start - 1).unwrap_or(usize::MAX);
                let length = usize::try_from(length).unwrap_or(0);
                let rest = text.get(from..).unwrap_or_default();
                rest[..length.min(rest.len())].to_vec()
            }
            b")" | b"|" | b"&" | b"=" | b"==" | b"!=" | b"<" | b"<=" | b">" | b">=" | b"+"
            | b"-" | b"*" | b"/" | b"%" | b":" => return Err(syntax()),
            word => word.to_vec(),
        })
    }
}

fn apply(operator: &[u8], left: Vec<u8>, right: Vec<u8>) -> Result<Vec<u8>> {
    let answer = match operator {
        b"|" => {
            let value = if is_null(&left) { right } else { left };
            return Ok(if value.is_empty() {
                b"0".to_vec()
            } else {
                value
            });
        }
        b"&" if is_null(&left) || is_null(&right) => return Ok(b"0".to_vec()),
        b"&" => return Ok(left),
        b":" => return matched(&left, &right),
        b"+" | b"-" | b"*" | b"/" | b"%" => {
            let (Some(left), Some(right)) = (number(&left), number(&right)) else {
                return Err(fault("non-numeric argument"));
            };
            if right == 0 && matches!(operator, b"/" | b"%") {
                return Err(fault("division by zero"));
            }
            let result = match operator {
                b"+" => left.checked_add(right),
                b"-" => left.checked_sub(right),
                b"*" => left.checked_mul(right),
                b"/" => left.checked_div(right),
                _ => left.checked_rem(right),
            };
            let result = result.ok_or_else(|| fault("the result is out of range"))?;
            return Ok(result.to_string().into_bytes());
        }
        _ => match (number(&left), number(&right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.cmp(&right),
        },
    };
    let holds = match operator {
        b"=" | b"==" => answer.is_eq(),
        b"!=" => answer.is_ne(),
        b"<" => answer.is_lt(),
        b"<=" => answer.is_le(),
        b">" => answer.is_gt(),
        _ => answer.is_ge(),
    };
    Ok(if holds { b"1".to_vec() } else { b"0".to_vec() })
}

/// What the first group matched, or how many bytes matched from the beginning.
fn matched(text: &[u8], pattern: &[u8]) -> Result<Vec<u8>> {
    // An anchor before the pattern binds all of it where it has no alternatives; with one
    // before each, those too.
    let mut bound = b"\\`".to_vec();
    let mut rest = pattern;
    let mut depth = 0;
    while let Some((&byte, after)) = rest.split_first() {
        bound.push(byte);
        rest = after;
        if byte == b'\\'
            && let Some((&next, after)) = rest.split_first()
        {
            bound.push(next);
            rest = after;
            match next {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'|' if depth == 0 => bound.extend_from_slice(b"\\`"),
                _ => {}
            }
        }
    }
    let regex = Regex::new(&bound, Syntax::default());
    let mut regex = regex.map_err(|error| fault(&error.to_string()))?;
    let mut slots = Slots::new();
    let found = regex.captures(text, 0, &mut slots);
    let range = |group: usize| match (slots.get(2 * group), slots.get(2 * group + 1)) {
        (Some(&Some(start)), Some(&Some(end))) if found => start..end,
        _ => 0..0,
    };
    Ok(match regex.groups() {
        0 => range(0).len().to_string().into_bytes(),
        _ => text[range(1)].to_vec(),
    })
}
