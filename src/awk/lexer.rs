//! The text of a program, word by word.

use super::Fault;
use super::value::number_prefix;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    End,
    Newline,
    Number(f64),
    Text(Vec<u8>),
    /// A name of the user's.
    Name(Vec<u8>),
    /// A name with `(` right behind it.
    Called(Vec<u8>),
    /// A word of the language.
    Word(&'static str),
    /// Signs.
    Sign(&'static str),
}

/// Words of the language that are no functions.
const WORDS: [&str; 20] = [
    "BEGIN", "END", "break", "continue", "delete", "do", "else", "exit", "for", "func", "function",
    "getline", "if", "in", "next", "nextfile", "print", "printf", "return", "while",
];

/// Longer ones first.
const SIGNS: [&str; 46] = [
    "**=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "==", "<=", ">=",
    "!=", "!~", ">>", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!",
    ">", "<", "|", "?", ":", "~", "$", "=", "&", "@", "`", "'", "\\",
];

pub struct Lexer<'a> {
    text: &'a [u8],
    pub at: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a [u8]) -> Lexer<'a> {
        Lexer { text, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next token.
    pub fn next(&mut self) -> Result<Token, Fault> {
        loop {
            match self.rest() {
                [b' ' | b'\t' | b'\r', ..] => self.at += 1,
                [b'\\', b'\n', ..] => self.at += 2,
                [b'\\', b'\r', b'\n', ..] => self.at += 3,
                [b'#', ..] => {
                    let rest = self.rest();
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                _ => break,
            }
        }
        let rest = self.rest();
        let Some(&byte) = rest.first() else {
            return Ok(Token::End);
        };
        match byte {
            b'\n' => {
                self.at += 1;
                Ok(Token::Newline)
            }
            b'"' => self.string(),
            b'0'..=b'9' => Ok(self.number()),
            b'.' if rest.get(1).is_some_and(u8::is_ascii_digit) => Ok(self.number()),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => Ok(self.name()),
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(sign.as_bytes()));
                let sign = sign.ok_or(Fault::Byte(byte))?;
                self.at += sign.len();
                Ok(Token::Sign(match *sign {
                    "**" => "^",
                    "**=" => "^=",
                    sign => sign,
                }))
            }
        }
    }

    fn number(&mut self) -> Token {
        let (value, length) = number_prefix(self.rest());
        self.at += length.max(1);
        Token::Number(value)
    }

    fn name(&mut self) -> Token {
        let rest = self.rest();
        let length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        let name = &rest[..length];
        self.at += length;
        if let Some(word) = WORDS.iter().find(|word| word.as_bytes() == name) {
            return Token::Word(word);
        }
        match rest.get(length) {
            Some(b'(') => Token::Called(name.to_vec()),
            _ => Token::Name(name.to_vec()),
        }
    }

    fn string(&mut self) -> Result<Token, Fault> {
        let rest = self.rest();
        let mut length = 1;
        loop {
            match rest.get(length) {
                None | Some(b'\n') => return Err(Fault::String),
                Some(b'"') => break,
                Some(b'\\') => length += 2,
                Some(_) => length += 1,
            }
        }
        self.at += length + 1;
        Ok(Token::Text(unescape(&rest[1..length])))
    }

    /// The rest of a regular expression, after its first slash.
    pub fn regex(&mut self) -> Result<Vec<u8>, Fault> {
        let rest = self.rest();
        let (mut length, mut in_bracket) = (0, false);
        loop {
            match rest.get(length) {
                None | Some(b'\n') => return Err(Fault::Regex),
                Some(b'/') if !in_bracket => break,
                Some(b'\\') => length += 1,
                Some(b'[') if !in_bracket => {
                    in_bracket = true;
                    // A bracket first in the list is one of its members.
                    length += usize::from(rest.get(length + 1) == Some(&b'^'));
                    length += usize::from(rest.get(length + 1) == Some(&b']'));
                }
                Some(b'[') if matches!(rest.get(length + 1), Some(b':' | b'.' | b'=')) => {
                    let kind = rest[length + 1];
                    let inner = rest.get(length + 2..).unwrap_or_default();
                    if let Some(end) = memchr::memmem::find(inner, &[kind, b']']) {
                        length += end + 3;
                    }
                }
                Some(b']') => in_bracket = false,
                Some(_) => {}
            }
            length += 1;
        }
        self.at += length + 1;
        Ok(rest[..length].to_vec())
    }
}

/// The bytes of a string between its quotes, or of an assignment on the command line.
pub fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let Some(&next) = rest.first().filter(|_| byte == b'\\') else {
            out.push(byte);
            continue;
        };
        if let Some((byte, used)) = escaped(rest) {
            out.push(byte);
            rest = &rest[used..];
            continue;
        }
        rest = &rest[1..];
        match next {
            b'"' | b'/' => out.push(next),
            b'\n' => {}
            // The backslash stays: "\." is a pattern for a dot.
            _ => out.extend_from_slice(&[b'\\', next]),
        }
    }
    out
}

/// What follows a backslash as a byte, and the bytes that it takes.
pub fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    let digits = |base: u32, most: usize, from: usize| {
        let digit = |byte: &u8| char::from(*byte).to_digit(base);
        let digits = text.iter().skip(from).take(most).map_while(digit);
        digits.fold((0u32, 0), |(value, count), digit| {
            (value * base + digit, count + 1)
        })
    };
    Some(match text.first()? {
        b'\\' => (b'\\', 1),
        b'a' => (7, 1),
        b'b' => (8, 1),
        b'f' => (12, 1),
        b'n' => (b'\n', 1),
        b'r' => (b'\r', 1),
        b't' => (b'\t', 1),
        b'v' => (11, 1),
        b'0'..=b'7' => {
            let (value, count) = digits(8, 3, 0);
            (value as u8, count)
        }
        b'x' => match digits(16, 2, 1) {
            (_, 0) => return None,
            (value, count) => (value as u8, count + 1),
        },
        _ => return None,
    })
}

/// Turns the escapes of a pattern into what the engine of regular expressions knows: octal
/// bytes (there are no back-references), and backslashes in bracket expressions.
pub fn pattern(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut in_bracket = false;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' if !rest.is_empty() => {
                let (byte, used) = match rest[0] {
                    // `\b` is no backspace in a pattern, and `\\` no escape to be resolved.
                    b'\\' => (b'\\', 1),
                    _ => escaped(rest).unwrap_or((rest[0], 1)),
                };
                let plain = rest[0].is_ascii_punctuation() || byte != rest[0];
                rest = &rest[used..];
                if in_bracket {
                    out.extend_from_slice(&[b'[', b'.', byte, b'.', b']']);
                } else if plain && byte.is_ascii_punctuation() {
                    // `\<` and the like have a meaning; a byte by number has none.
                    out.extend_from_slice(&[b'\\', byte]);
                } else if plain {
                    out.push(byte);
                } else {
                    out.extend_from_slice(&[b'\\', byte]);
                }
            }
            b'[' if !in_bracket => {
                in_bracket = true;
                out.push(byte);
                if rest.first() == Some(&b'^') {
                    out.push(b'^');
                    rest = &rest[1..];
                }
                if rest.first() == Some(&b']') {
                    out.push(b']');
                    rest = &rest[1..];
                }
            }
            b'[' if matches!(rest.first(), Some(b':' | b'.' | b'=')) => {
                let end = memchr::memmem::find(&rest[1..], &[rest[0], b']']);
                let length = end.map_or(0, |end| end + 3);
                out.push(byte);
                out.extend_from_slice(&rest[..length]);
                rest = &rest[length..];
            }
            b']' if in_bracket => {
                in_bracket = false;
                out.push(byte);
            }
            _ => out.push(byte),
        }
    }
    out
}
