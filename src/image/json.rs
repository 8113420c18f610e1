//! The little JSON there is in a firmware image.
//!
//! Strict (RFC 8259), bytes in, values out. Depth and length are limited, so that no image
//! can exhaust stack or memory.

/// A JSON value. Numbers are kept as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// The digits as they stand in the text.
    Number(String),
    /// Escapes undone.
    String(String),
    /// In order.
    Array(Vec<Value>),
    /// In order; the last of equal keys counts.
    Object(Vec<(String, Value)>),
}

/// Deepest nesting.
const DEPTH: u32 = 16;
/// Longest text in bytes (metadata may have 30 KiB).
const LONGEST: usize = 64 * 1024;

/// Where a text stops being JSON: the offset of the first byte that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(pub usize);

impl Value {
    /// Reads a whole text.
    pub fn parse(text: &[u8]) -> Result<Value, Fault> {
        let text = text.get(..LONGEST.min(text.len())).unwrap_or_default();
        let mut parser = Parser { text, at: 0 };
        let value = parser.value(DEPTH)?;
        parser.blanks();
        match parser.peek() {
            None => Ok(value),
            Some(_) => Err(parser.fault()),
        }
    }

    /// The member of an object with this key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Value::Object(members) = self else {
            return None;
        };
        let found = members.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    /// The text of a string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The strings of an array; whatever else is in it is left out.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Value::Array(items) => items
                .iter()
                .filter_map(|item| item.text().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(digits) => f.write_str(digits),
            Value::String(text) => quote(f, text),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { '[' } else { ',' })?;
                }
                f.write_str(if items.is_empty() { "[]" } else { "]" })
            }
            Value::Object(members) => {
                for (at, (key, value)) in members.iter().enumerate() {
                    f.write_str(if at == 0 { "{" } else { "," })?;
                    quote(f, key)?;
                    write!(f, ":{value}")?;
                }
                f.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

fn quote(f: &mut std::fmt::Formatter<'_>, text: &str) -> std::fmt::Result {
    use std::fmt::Write;
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            // Also what a terminal would act on.
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => write!(f, "\\u{:04x}", c as u32)?,
            c => f.write_char(c)?,
        }
    }
    f.write_str("\"")
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn fault(&self) -> Fault {
        Fault(self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Steps over `byte` if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, word: &[u8]) -> Result<(), Fault> {
        for &byte in word {
            if !self.take(byte) {
                return Err(self.fault());
            }
        }
        Ok(())
    }

    fn value(&mut self, depth: u32) -> Result<Value, Fault> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.fault());
        };
        self.blanks();
        match self.peek() {
            Some(b'n') => self.expect(b"null").map(|()| Value::Null),
            Some(b't') => self.expect(b"true").map(|()| Value::Bool(true)),
            Some(b'f') => self.expect(b"false").map(|()| Value::Bool(false)),
            Some(b'"') => self.string().map(Value::String),
            Some(b'[') => self.array(depth),
            Some(b'{') => self.object(depth),
            _ => self.number(),
        }
    }

    fn array(&mut self, depth: u32) -> Result<Value, Fault> {
        let mut items = Vec::new();
        self.expect(b"[")?;
        self.blanks();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.blanks();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            self.expect(b",")?;
        }
    }

    fn object(&mut self, depth: u32) -> Result<Value, Fault> {
        let mut members = Vec::new();
        self.expect(b"{")?;
        self.blanks();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.blanks();
            let key = self.string()?;
            self.blanks();
            self.expect(b":")?;
            members.push((key, self.value(depth)?));
            self.blanks();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            self.expect(b",")?;
        }
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.fault());
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        let digits = self.text.get(start..self.at).unwrap_or_default();
        Ok(Value::Number(String::from_utf8_lossy(digits).into_owned()))
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.expect(b"\"")?;
        let mut bytes = Vec::new();
        loop {
            let Some(byte) = self.peek() else {
                return Err(self.fault());
            };
            match byte {
                b'"' => break,
                0..=0x1f => return Err(self.fault()),
                b'\\' => {
                    let c = self.escape()?;
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    continue;
                }
                _ => bytes.push(byte),
            }
            self.at += 1;
        }
        let text = String::from_utf8(bytes).map_err(|_| self.fault())?;
        self.at += 1;
        Ok(text)
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let letter = self.peek().ok_or(self.fault())?;
        let c = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.fault()),
        };
        self.at += 1;
        Ok(c)
    }

    /// `uXXXX`, and the second half of a surrogate pair.
    fn unicode(&mut self) -> Result<char, Fault> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or(self.fault());
        }
        self.expect(b"\\")?;
        let second = self.hex()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(self.fault());
        }
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).ok_or(self.fault())
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        self.expect(b"u")?;
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            value = value << 4 | digit.ok_or(self.fault())?;
            self.at += 1;
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, usize>) {
        let result = Value::parse(text.as_bytes());
        let shown = result
            .map(|value| format!("{value:?}"))
            .map_err(|fault| fault.0);
        assert_eq!(shown, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn values_of_every_kind() {
        check(" null ", Ok("Null"));
        check("[true,false]", Ok("Array([Bool(true), Bool(false)])"));
        check("-1.5e+3", Ok("Number(\"-1.5e+3\")"));
        check(r#""a\n\u00e4\ud83d\ude00""#, Ok("String(\"a\\nä😀\")"));
        check(
            r#"{"a":{},"b":[]}"#,
            Ok(r#"Object([("a", Object([])), ("b", Array([]))])"#),
        );
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let text = r#"{"a":[],"b":{},"c":[1,null,true,"x\"\\\u001b\u009b\u00e4"],"d":{"e":-1.5}}"#;
        let value = Value::parse(text.as_bytes()).unwrap();
        let written = value.to_string();
        assert_eq!(Value::parse(written.as_bytes()), Ok(value));
        assert_eq!(written, text.replace("\\u00e4", "ä"));
    }

    #[test]
    fn a_fault_has_its_place() {
        check("", Err(0));
        check("[1,]", Err(3));
        check("{\"a\" 1}", Err(5));
        check("01", Err(1));
        check("\"\\ud800\"", Err(7));
        check("\"a\nb\"", Err(2));
        check("nul", Err(3));
        check(&"[".repeat(100), Err(16));
    }
}
