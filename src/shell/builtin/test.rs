//! The engine of `test`, `[` and the plain parts of `[[`.
//!
//! Up to four words are read as POSIX prescribes, by their number, so that `[ "$x" = -a ]`
//! means what it says; more than that by the grammar of `-o`, `-a`, `!`, parentheses.

use rustix::fs::Access;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// Why a condition makes no sense.
#[derive(Debug, PartialEq, Eq)]
pub enum TestError {
    /// Not a number.
    Number(Vec<u8>),
    /// A word where an operator should be.
    Operand(Vec<u8>),
    /// Something is missing.
    ArgumentExpected,
    /// A parenthesis that is not closed.
    ClosingParen,
}

impl fmt::Display for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TestError::Number(text) => write!(f, "{}: bad number", String::from_utf8_lossy(text)),
            TestError::Operand(text) => {
                write!(f, "{}: unknown operand", String::from_utf8_lossy(text))
            }
            TestError::ArgumentExpected => f.write_str("argument expected"),
            TestError::ClosingParen => f.write_str("closing paren expected"),
        }
    }
}

type Result<T> = std::result::Result<T, TestError>;

/// Parentheses and negations inside each other.
const DEEPEST: u32 = 200;

/// Whether the condition holds; no words at all is false.
pub fn evaluate(words: &[&[u8]]) -> Result<bool> {
    match words {
        [] => Ok(false),
        [word] => Ok(!word.is_empty()),
        [b"!", word] => Ok(word.is_empty()),
        [op, word] if is_unary(op) => unary(op, word),
        [left, op, right] if is_binary(op) => binary(left, op, right),
        [b"!", rest @ ..] if rest.len() < 4 => Ok(!evaluate(rest)?),
        [b"(", inner @ .., b")"] if inner.len() < 3 => evaluate(inner),
        _ => {
            let mut parser = Parser {
                words,
                at: 0,
                depth: 0,
            };
            let holds = parser.or()?;
            match words.get(parser.at) {
                Some(word) => Err(TestError::Operand(word.to_vec())),
                None => Ok(holds),
            }
        }
    }
}

struct Parser<'a> {
    words: &'a [&'a [u8]],
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn take(&mut self, word: &[u8]) -> bool {
        let found = self.words.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<bool> {
        let mut holds = self.and()?;
        while self.take(b"-o") {
            holds |= self.and()?;
        }
        Ok(holds)
    }

    fn and(&mut self) -> Result<bool> {
        let mut holds = self.not()?;
        while self.take(b"-a") {
            holds &= self.not()?;
        }
        Ok(holds)
    }

    fn not(&mut self) -> Result<bool> {
        let mut negated = false;
        // A `!` that is compared with something is a word.
        while self.words.get(self.at) == Some(&&b"!"[..]) && !self.binary_comes() {
            self.at += 1;
            negated = !negated;
        }
        Ok(self.primary()? != negated)
    }

    fn binary_comes(&self) -> bool {
        let op = self.words.get(self.at + 1);
        let plain = |op: &&[u8]| is_binary(op) && *op != b"-a" && *op != b"-o";
        op.is_some_and(plain) && self.words.len() > self.at + 2
    }

    fn primary(&mut self) -> Result<bool> {
        let rest = self.words.get(self.at..).unwrap_or_default();
        if self.binary_comes()
            && let [left, op, right, ..] = rest
        {
            self.at += 3;
            return binary(left, op, right);
        }
        match rest {
            [] => Err(TestError::ArgumentExpected),
            [b"(", _, ..] => {
                self.at += 1;
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(TestError::ClosingParen);
                }
                let holds = self.or()?;
                self.depth -= 1;
                if self.take(b")") {
                    Ok(holds)
                } else {
                    Err(TestError::ClosingParen)
                }
            }
            [op, word, ..] if is_unary(op) => {
                self.at += 2;
                unary(op, word)
            }
            [word, ..] => {
                self.at += 1;
                Ok(!word.is_empty())
            }
        }
    }
}

/// Whether a word is an operator with one operand.
pub fn is_unary(word: &[u8]) -> bool {
    matches!(word, [b'-', letter] if b"bcdefghknprstuwxzGLOSN".contains(letter))
}

/// Whether a word is an operator between two operands.
pub fn is_binary(word: &[u8]) -> bool {
    matches!(
        word,
        b"=" | b"=="
            | b"!="
            | b"<"
            | b">"
            | b"-eq"
            | b"-ne"
            | b"-gt"
            | b"-ge"
            | b"-lt"
            | b"-le"
            | b"-nt"
            | b"-ot"
            | b"-ef"
            | b"-a"
            | b"-o"
    )
}

fn binary(left: &[u8], op: &[u8], right: &[u8]) -> Result<bool> {
    let numbers = || Ok((number(left)?, number(right)?));
    Ok(match op {
        b"=" | b"==" => left == right,
        b"!=" => left != right,
        b"<" => left < right,
        b">" => left > right,
        b"-eq" => numbers().map(|(l, r)| l == r)?,
        b"-ne" => numbers().map(|(l, r)| l != r)?,
        b"-gt" => numbers().map(|(l, r)| l > r)?,
        b"-ge" => numbers().map(|(l, r)| l >= r)?,
        b"-lt" => numbers().map(|(l, r)| l < r)?,
        b"-le" => numbers().map(|(l, r)| l <= r)?,
        b"-a" => !left.is_empty() && !right.is_empty(),
        b"-o" => !left.is_empty() || !right.is_empty(),
        _ => compare_files(left, op, right),
    })
}

fn number(text: &[u8]) -> Result<i64> {
    let trimmed = text.trim_ascii();
    let trimmed = trimmed.strip_prefix(b"+").unwrap_or(trimmed);
    let parsed = std::str::from_utf8(trimmed)
        .ok()
        .and_then(|t| t.parse().ok());
    parsed.ok_or_else(|| TestError::Number(text.to_vec()))
}

fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

fn compare_files(left: &[u8], op: &[u8], right: &[u8]) -> bool {
    let (left, right) = (path(left).metadata().ok(), path(right).metadata().ok());
    let time = |meta: &std::fs::Metadata| (meta.mtime(), meta.mtime_nsec());
    match (op, left, right) {
        (b"-ef", Some(left), Some(right)) => (left.dev(), left.ino()) == (right.dev(), right.ino()),
        (b"-nt", Some(left), Some(right)) => time(&left) > time(&right),
        (b"-ot", Some(left), Some(right)) => time(&left) < time(&right),
        (b"-nt", Some(_), None) | (b"-ot", None, Some(_)) => true,
        _ => false,
    }
}

fn unary(op: &[u8], word: &[u8]) -> Result<bool> {
    let letter = op.get(1).copied().unwrap_or_default();
    let access = |mode| {
        rustix::fs::accessat(
            rustix::fs::CWD,
            path(word),
            mode,
            rustix::fs::AtFlags::EACCESS,
        )
        .is_ok()
    };
    match letter {
        b'z' => return Ok(word.is_empty()),
        b'n' => return Ok(!word.is_empty()),
        b't' => {
            let fd = i32::try_from(number(word)?).unwrap_or(-1);
            return Ok(fd >= 0 && rustix::termios::isatty(&*crate::sys::borrowed_file(fd)));
        }
        b'r' => return Ok(access(Access::READ_OK)),
        b'w' => return Ok(access(Access::WRITE_OK)),
        b'x' => return Ok(access(Access::EXEC_OK)),
        b'h' | b'L' => {
            let meta = path(word).symlink_metadata();
            return Ok(meta.is_ok_and(|meta| meta.is_symlink()));
        }
        _ => {}
    }
    let Ok(meta) = path(word).metadata() else {
        return Ok(false);
    };
    let kind = meta.file_type();
    Ok(match letter {
        b'e' => true,
        b'f' => kind.is_file(),
        b'd' => kind.is_dir(),
        b'b' => kind.is_block_device(),
        b'c' => kind.is_char_device(),
        b'p' => kind.is_fifo(),
        b'S' => kind.is_socket(),
        b's' => meta.size() > 0,
        b'u' => meta.mode() & 0o4000 != 0,
        b'g' => meta.mode() & 0o2000 != 0,
        b'k' => meta.mode() & 0o1000 != 0,
        b'O' => meta.uid() == rustix::process::geteuid().as_raw(),
        b'G' => meta.gid() == rustix::process::getegid().as_raw(),
        _ => (meta.mtime(), meta.mtime_nsec()) > (meta.atime(), meta.atime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: std::result::Result<bool, &str>) {
        let words: Vec<&[u8]> = line.split_whitespace().map(str::as_bytes).collect();
        let got = evaluate(&words).map_err(|error| error.to_string());
        assert_eq!(got, expected.map_err(str::to_owned), "{line}");
    }

    #[test]
    fn few_words_are_read_by_their_number() {
        check("", Ok(false));
        check("a", Ok(true));
        check("-n", Ok(true));
        check("! a", Ok(false));
        check("-z a", Ok(false));
        check("a = a", Ok(true));
        check("= = =", Ok(true));
        check("-n = -n", Ok(true));
        check("! = a", Ok(false));
        check("( = a", Ok(false));
        check("( a )", Ok(true));
        check("a -a b", Ok(true));
        check("! a = b", Ok(true));
    }

    #[test]
    fn many_words_are_read_by_grammar() {
        check("a = a -a b = b", Ok(true));
        check("a = b -o b = b", Ok(true));
        check("a = b -a b = b -o c", Ok(true));
        check("( a = a -o b ) -a c = d", Ok(false));
        check("! ( a = b ) -a -n x", Ok(true));
        check("-z x -o 1 -lt 2", Ok(true));
        check("! -z x -a ! -f /", Ok(true));
    }

    #[test]
    fn numbers_are_of_64_bits() {
        check("9000000000 -gt 8999999999", Ok(true));
        check("-5 -lt 3", Ok(true));
        check("010 -eq 10", Ok(true));
        check("1 -eq x", Err("x: bad number"));
    }

    #[test]
    fn nonsense_is_reported() {
        check("a b", Err("b: unknown operand"));
        check("a b c", Err("b: unknown operand"));
        check("( a -a b", Err("closing paren expected"));
        check("a = b -a", Err("argument expected"));
    }

    #[test]
    fn files_are_looked_at() {
        check("-d /", Ok(true));
        check("-f /", Ok(false));
        check("-e /nosuchfile", Ok(false));
        check("-c /dev/null", Ok(true));
        check("/ -ef /.", Ok(true));
    }
}
