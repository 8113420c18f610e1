//! Words and statements of the text form: quoting, comments, continuations.
//!
//! Configuration files, pending changes and batch commands share these rules. A reader
//! stands on a whole text; nothing is copied where a word lies in it as it is. A `#`
//! outside quotes ends the word *and* the line, even in the middle of a word; a `;` that
//! touches a word drops the rest of the line, one after a blank ends the statement only.

use super::error::{Fault, Reason};
use std::borrow::Cow;

/// A reader of words on a text.
pub struct Words<'a> {
    text: &'a [u8],
    pos: usize,
    /// Where the logical line begins: offsets in messages count from here.
    start: usize,
    /// Number of the physical line at `start`, from 1.
    line: u32,
    /// A word was touched by `#` or `;`: nothing more on this line counts.
    dropped: bool,
}

/// White space as C's `isspace` has it.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// The words of one command of a batch; none if the next line belongs to it.
pub fn command_words(text: &[u8]) -> Result<Option<Vec<Vec<u8>>>, Fault> {
    let mut words = Words::new(text);
    let mut found = Vec::new();
    if words.next_statement() {
        while let Some(word) = words.word()? {
            found.push(word.into_owned());
        }
        // A statement ends before its newline; behind it only a joined line end was.
        if words.at_end() && text.ends_with(b"\n") {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

impl<'a> Words<'a> {
    /// A reader at the beginning of `text`.
    pub fn new(text: &'a [u8]) -> Words<'a> {
        Words {
            text,
            pos: 0,
            start: 0,
            line: 1,
            dropped: false,
        }
    }

    /// Goes to the next statement, past white space, empty lines and comments.
    ///
    /// False at the end of the text.
    pub fn next_statement(&mut self) -> bool {
        self.begin_line();
        while let Some(byte) = self.peek() {
            if byte == b'#' {
                self.skip_line();
            } else if is_space(byte) {
                self.pos += 1;
            } else {
                return true;
            }
            self.begin_line();
        }
        false
    }

    /// The first word of a statement: raw bytes up to a space or tab.
    ///
    /// The line's end belongs to it, so that a keyword alone on its line is none.
    pub fn keyword(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\t' | b'\n'));
        let length = match end {
            Some(end) if rest.get(end) == Some(&b'\n') => end + 1,
            Some(end) => end,
            None => rest.len(),
        };
        let word = rest.get(..length).unwrap_or_default();
        self.pos += length;
        word
    }

    /// The next word of the statement; none at its end.
    pub fn word(&mut self) -> Result<Option<Cow<'a, [u8]>>, Fault> {
        self.skip_blanks();
        if self.dropped || matches!(self.peek(), None | Some(b'\n' | b'#' | b';')) {
            return Ok(None);
        }
        let mut word = Cow::Borrowed(&b""[..]);
        while let Some(byte) = self.peek() {
            match byte {
                b'\'' => self.single_quoted(&mut word)?,
                b'"' => self.double_quoted(&mut word)?,
                b'\\' => self.escaped(&mut word)?,
                b'#' | b';' => {
                    self.dropped = true;
                    break;
                }
                byte if is_space(byte) => break,
                0 => return Err(self.fault(Reason::Nul)),
                _ => {
                    let special = |b: &u8| {
                        matches!(b, 0 | b'\'' | b'"' | b'\\' | b'#' | b';') || is_space(*b)
                    };
                    let piece = self.take_until(special);
                    append(&mut word, piece);
                }
            }
        }
        Ok(Some(word))
    }

    /// Takes the end of the statement, to be called when [`Words::word`] has no more.
    pub fn finish(&mut self) {
        if self.dropped {
            self.skip_line();
            self.dropped = false;
            return;
        }
        match self.peek() {
            Some(b'#') => self.skip_line(),
            Some(_) => self.pos += 1,
            None => {}
        }
    }

    /// After a fault: drops what is left of its line.
    pub fn recover(&mut self) {
        self.dropped = false;
        let behind_newline = self.pos > self.start && self.at_line_start();
        if !behind_newline {
            self.skip_line();
        }
    }

    /// Goes to the beginning of a line.
    pub(super) fn go_to(&mut self, pos: usize) {
        self.dropped = false;
        self.pos = pos;
    }

    /// All of the text.
    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Bytes from the beginning of the text.
    pub fn offset(&self) -> usize {
        self.pos
    }

    /// Nothing is left.
    pub fn at_end(&self) -> bool {
        self.pos >= self.text.len()
    }

    /// What is wrong, here.
    pub fn fault(&self, reason: Reason) -> Fault {
        self.fault_at(reason, self.pos)
    }

    /// What is wrong here because of what stands at `origin`.
    pub fn fault_from(&self, reason: Reason, origin: usize) -> Fault {
        Fault {
            origin,
            ..self.fault(reason)
        }
    }

    /// What is wrong, at this offset of the current logical line.
    pub fn fault_at(&self, reason: Reason, pos: usize) -> Fault {
        let passed = self.text.get(self.start..pos).unwrap_or_default();
        let line = self.line + newlines(passed) - u32::from(passed.last() == Some(&b'\n'));
        Fault {
            reason,
            line,
            byte: passed.len(),
            origin: pos,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.pos).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn at_line_start(&self) -> bool {
        self.pos == 0 || self.text.get(self.pos - 1) == Some(&b'\n')
    }

    /// A new logical line begins where a newline was passed between statements.
    fn begin_line(&mut self) {
        if self.at_line_start() && self.pos > self.start {
            let passed = self.text.get(self.start..self.pos).unwrap_or_default();
            self.line += newlines(passed);
            self.start = self.pos;
        }
    }

    fn skip_line(&mut self) {
        self.take_until(|byte| *byte == b'\n');
        self.pos = (self.pos + 1).min(self.text.len());
    }

    fn take_until(&mut self, stop: impl Fn(&u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(stop).unwrap_or(rest.len());
        self.pos += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Goes past blanks and joined line ends between words.
    pub fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            let joined = self.joined_line_end();
            if joined > 0 {
                self.pos += joined;
            } else if byte != b'\n' && is_space(byte) {
                self.pos += 1;
            } else {
                return;
            }
        }
    }

    /// Length of a backslash with its line end (LF or CR LF), 0 if there is none here.
    fn joined_line_end(&self) -> usize {
        let rest = self.rest();
        if rest.starts_with(b"\\\n") {
            2
        } else if rest.starts_with(b"\\\r\n") {
            3
        } else {
            0
        }
    }

    fn single_quoted(&mut self, word: &mut Cow<'a, [u8]>) -> Result<(), Fault> {
        let open = self.pos;
        self.pos += 1;
        let piece = self.take_until(|byte| matches!(byte, b'\'' | 0));
        append(word, piece);
        self.close(b'\'', open)
    }

    fn double_quoted(&mut self, word: &mut Cow<'a, [u8]>) -> Result<(), Fault> {
        let open = self.pos;
        self.pos += 1;
        loop {
            let piece = self.take_until(|byte| matches!(byte, b'"' | b'\\' | 0));
            append(word, piece);
            match self.peek() {
                Some(b'\\') => self.escaped(word)?,
                _ => return self.close(b'"', open),
            }
        }
    }

    fn close(&mut self, quote: u8, open: usize) -> Result<(), Fault> {
        match self.peek() {
            None => Err(self.fault_from(Reason::OpenQuote(quote), open)),
            Some(byte) if byte == quote => {
                self.pos += 1;
                Ok(())
            }
            Some(_) => Err(self.fault(Reason::Nul)),
        }
    }

    /// A backslash: the byte behind it counts as it is, a line end vanishes.
    fn escaped(&mut self, word: &mut Cow<'a, [u8]>) -> Result<(), Fault> {
        let joined = self.joined_line_end();
        if joined > 0 {
            self.pos += joined;
            return Ok(());
        }
        self.pos += 1;
        match self.rest().get(..1) {
            Some([0]) => return Err(self.fault(Reason::Nul)),
            Some(byte) => append(word, byte),
            // A backslash as the very last byte stands for nothing.
            None => return Ok(()),
        }
        self.pos += 1;
        Ok(())
    }
}

fn newlines(text: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text).count()).unwrap_or(u32::MAX)
}

/// Joins pieces of a word, without a copy while there is only one.
fn append<'a>(word: &mut Cow<'a, [u8]>, piece: &'a [u8]) {
    if word.is_empty() {
        *word = Cow::Borrowed(piece);
    } else if !piece.is_empty() {
        word.to_mut().extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of every statement, joined by `|`; statements by a line end.
    fn check(text: &str, expected: &str) {
        let mut words = Words::new(text.as_bytes());
        let mut statements = Vec::new();
        'all: while words.next_statement() {
            let mut found = Vec::new();
            loop {
                match words.word() {
                    Ok(Some(word)) => found.push(String::from_utf8_lossy(&word).into_owned()),
                    Ok(None) => break,
                    Err(fault) => {
                        statements.push(fault.to_string());
                        break 'all;
                    }
                }
            }
            words.finish();
            statements.push(found.join("|"));
        }
        assert_eq!(statements.join("\n"), expected, "{text:?}");
    }

    #[test]
    fn quotes_and_plain_pieces_make_one_word() {
        check("a'b c'\"d\"f\\ g", "ab cdf g");
        check("'x'y\"z\" ''", "xyz|");
        check("'a\\n' \"a\\nb\\\"\" a\\nb", "a\\n|anb\"|anb");
        check("'a\nb' \"c\nd\"", "a\nb|c\nd");
    }

    #[test]
    fn line_ends_join_behind_a_backslash() {
        check("a\\\nb c \\\n d", "ab|c|d");
        check("a\\\r\nb \"x\\\ny\" 'x\\\ny'", "ab|xy|x\\\ny");
        check("a \\", "a|");
    }

    #[test]
    fn a_hash_ends_word_and_line() {
        check("a v#w x\nb", "a|v\nb");
        check("# no\n  # no\na '#' \"#\" \\# # end", "a|#|#|#");
    }

    #[test]
    fn a_semicolon_ends_the_statement_or_drops_the_line() {
        check("a b ; c d ;e\nf", "a|b\nc|d\ne\nf");
        check("a b; c d\ne x;y z\nf ';'", "a|b\ne|x\nf|;");
    }

    #[test]
    fn faults_have_a_place() {
        check(
            "a\n b 'c\n",
            "a\nParse error (EOF with unterminated ') at line 2, byte 6",
        );
        check(
            "\"a\nb\nc",
            "Parse error (EOF with unterminated \") at line 3, byte 6",
        );
        check("a b\0c", "Parse error (NUL byte) at line 1, byte 3");
    }
}
