//! The script, checked and turned into commands.

use super::pattern::{control, delimited, hex, letters, prepare, replacement};
use super::{Action, Address, Command, End, Error, FILES, Fault, STANDARD, Script, Substitute};
use crate::text::regex::{Regex, Syntax};

/// Reads a script: the `-e` and `-f` parts joined by newlines.
///
/// # Errors
/// The first thing that is wrong, and where.
pub fn parse(text: &[u8], extended: bool) -> Result<Script, Error> {
    let mut parser = Parser {
        text,
        at: 0,
        extended,
        script: Script {
            commands: Vec::new(),
            regexes: Vec::new(),
            outputs: Vec::new(),
            silent: text == b"#n" || text.starts_with(b"#n\n"),
        },
        blocks: Vec::new(),
        labels: Vec::new(),
        jumps: Vec::new(),
    };
    match parser.script() {
        Ok(()) => Ok(parser.script),
        Err(fault) => Err(Error {
            at: parser.at.min(text.len()),
            fault,
        }),
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    extended: bool,
    script: Script,
    /// Blocks that are open: the number of their `{`.
    blocks: Vec<usize>,
    labels: Vec<(Vec<u8>, usize)>,
    /// Jumps by name: the number of the command, and where it stands for a message.
    jumps: Vec<(usize, Vec<u8>, usize)>,
}

impl Parser<'_> {
    fn script(&mut self) -> Result<(), Fault> {
        loop {
            while matches!(self.peek(), Some(byte) if byte == b';' || byte.is_ascii_whitespace()) {
                self.at += 1;
            }
            if self.peek().is_none() {
                break;
            }
            self.command()?;
        }
        if !self.blocks.is_empty() {
            return Err(Fault::Brace(b'{'));
        }
        for (number, name, at) in std::mem::take(&mut self.jumps) {
            let found = self.labels.iter().find(|(label, _)| *label == name);
            let Some(&(_, target)) = found else {
                self.at = at;
                return Err(Fault::Label(name));
            };
            let (Action::Jump(to) | Action::JumpIf(to) | Action::JumpUnless(to)) =
                &mut self.script.commands[number].action
            else {
                continue;
            };
            *to = target;
        }
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(byte) if byte != b'\n' && byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn number(&mut self) -> Option<u64> {
        let start = self.at;
        let mut value = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        (self.at > start).then_some(value)
    }

    /// One command with its addresses.
    fn command(&mut self) -> Result<(), Fault> {
        let from = self.address()?;
        self.skip_blanks();
        let mut to = None;
        if from.is_some() && self.peek() == Some(b',') {
            self.at += 1;
            self.skip_blanks();
            to = Some(self.end()?);
            self.skip_blanks();
        }
        // Line 0 exists only as what comes before a range that a pattern ends.
        if matches!(from, Some(Address::Line(0))) && !matches!(to, Some(End::Regex(_))) {
            return Err(Fault::Address);
        }
        let mut negate = false;
        while self.peek() == Some(b'!') {
            negate = true;
            self.at += 1;
            self.skip_blanks();
        }
        let letter = self.take().ok_or(Fault::NoCommand)?;
        let most = match letter {
            b':' | b'}' | b'#' => 0,
            _ => 2,
        };
        if usize::from(from.is_some()) + usize::from(to.is_some()) > most {
            return Err(Fault::TooMany(letter));
        }
        if letter == b'#' {
            self.line();
            return Ok(());
        }
        let action = self.action(letter)?;
        self.script.commands.push(Command {
            from,
            to,
            negate,
            action,
        });
        if letter == b'}' {
            let open = self.blocks.pop().ok_or(Fault::Brace(b'}'))?;
            let behind = self.script.commands.len();
            self.script.commands[open].action = Action::Block(behind);
        }
        Ok(())
    }

    fn address(&mut self) -> Result<Option<Address>, Fault> {
        Ok(Some(match self.peek() {
            Some(b'0'..=b'9') => {
                let first = self.number().unwrap_or(0);
                self.skip_blanks();
                if self.peek() == Some(b'~') {
                    self.at += 1;
                    self.skip_blanks();
                    Address::Step(first, self.number().unwrap_or(0))
                } else {
                    Address::Line(first)
                }
            }
            Some(b'$') => {
                self.at += 1;
                Address::Last
            }
            Some(b'/' | b'\\') => Address::Regex(self.address_regex()?),
            _ => return Ok(None),
        }))
    }

    fn end(&mut self) -> Result<End, Fault> {
        Ok(match self.peek() {
            Some(b'0'..=b'9') => End::Line(self.number().unwrap_or(0)),
            Some(sign @ (b'+' | b'~')) => {
                self.at += 1;
                let number = self.number().ok_or(Fault::Address)?;
                match sign {
                    b'+' => End::Plus(number),
                    _ => End::Multiple(number),
                }
            }
            Some(b'$') => {
                self.at += 1;
                End::Last
            }
            Some(b'/' | b'\\') => End::Regex(self.address_regex()?),
            _ => return Err(Fault::Address),
        })
    }

    /// `/re/` or `\cREc`, with `I` and `M` behind.
    fn address_regex(&mut self) -> Result<Option<usize>, Fault> {
        let mut delimiter = self.take();
        if delimiter == Some(b'\\') {
            delimiter = self.take();
        }
        let delimiter = delimiter.ok_or(Fault::Address)?;
        let pattern = self.delimited(delimiter, true)?;
        let (mut ignore_case, mut lines) = (false, false);
        loop {
            match self.peek() {
                Some(b'I') => ignore_case = true,
                Some(b'M') => lines = true,
                _ => break,
            }
            self.at += 1;
        }
        self.regex(&pattern, ignore_case, lines)
    }

    fn delimited(&mut self, delimiter: u8, is_pattern: bool) -> Result<Vec<u8>, Fault> {
        if delimiter == b'\n' || delimiter == b'\\' {
            return Err(Fault::Unterminated(delimiter));
        }
        delimited(
            self.text,
            &mut self.at,
            delimiter,
            is_pattern,
            self.extended,
        )
        .ok_or(Fault::Unterminated(delimiter))
    }

    fn regex(
        &mut self,
        pattern: &[u8],
        ignore_case: bool,
        lines: bool,
    ) -> Result<Option<usize>, Fault> {
        if pattern.is_empty() {
            return Ok(None);
        }
        let syntax = Syntax {
            extended: self.extended,
            ignore_case,
            lines,
        };
        let regex = Regex::new(&prepare(pattern, self.extended), syntax).map_err(Fault::Regex)?;
        self.script.regexes.push(regex);
        Ok(Some(self.script.regexes.len() - 1))
    }

    fn action(&mut self, letter: u8) -> Result<Action, Fault> {
        let action = match letter {
            b'{' => {
                self.blocks.push(self.script.commands.len());
                return Ok(Action::Block(0));
            }
            b'}' | b'v' => {
                if letter == b'v' {
                    self.word(b";");
                }
                Action::Nothing
            }
            b':' => return self.label(),
            b'a' | b'i' | b'c' => return self.text(letter),
            b'b' | b't' | b'T' => self.jump(letter),
            b'r' => return self.file_name().map(Action::ReadFile),
            b'R' => return self.file_name().map(Action::ReadLine),
            b'w' => return Ok(Action::Write(self.output()?)),
            b'W' => return Ok(Action::WriteFirst(self.output()?)),
            b's' => self.substitute()?,
            b'y' => self.translate()?,
            b'q' | b'Q' | b'l' => {
                self.skip_blanks();
                let number = self.number();
                let status = number.unwrap_or(0) as u8;
                match letter {
                    b'q' => Action::Quit(status),
                    b'Q' => Action::QuitSilently(status),
                    // Lines of 70 columns; 0 and 1 never wrap.
                    _ => Action::List(match number.unwrap_or(70) {
                        0 | 1 => usize::MAX,
                        width => usize::try_from(width).unwrap_or(usize::MAX),
                    }),
                }
            }
            b'd' => Action::Delete,
            b'D' => Action::DeleteFirst,
            b'e' => return Err(Fault::Program),
            b'F' => Action::FileName,
            b'g' => Action::Get,
            b'G' => Action::GetAppend,
            b'h' => Action::Hold,
            b'H' => Action::HoldAppend,
            b'n' => Action::Next,
            b'N' => Action::NextAppend,
            b'p' => Action::Print,
            b'P' => Action::PrintFirst,
            b'x' => Action::Exchange,
            b'=' => Action::Number,
            b'z' => Action::Empty,
            _ => return Err(Fault::Unknown(letter)),
        };
        self.end_of_command()?;
        Ok(action)
    }

    fn end_of_command(&mut self) -> Result<(), Fault> {
        self.skip_blanks();
        match self.peek() {
            None | Some(b'\n' | b';' | b'}' | b'#') => Ok(()),
            _ => Err(Fault::Extra),
        }
    }

    /// The rest of the line.
    fn line(&mut self) -> Vec<u8> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at += length;
        rest[..length].to_vec()
    }

    /// A word that blanks or one of `ends` end.
    fn word(&mut self, ends: &[u8]) -> Vec<u8> {
        self.skip_blanks();
        let start = self.at;
        while matches!(self.peek(), Some(b) if !b.is_ascii_whitespace() && !ends.contains(&b)) {
            self.at += 1;
        }
        self.text[start..self.at].to_vec()
    }

    fn label(&mut self) -> Result<Action, Fault> {
        let name = self.word(b";");
        if name.is_empty() {
            return Err(Fault::NoLabel);
        }
        self.labels.push((name, self.script.commands.len()));
        self.end_of_command()?;
        Ok(Action::Nothing)
    }

    fn jump(&mut self, letter: u8) -> Action {
        let at = self.at;
        let name = self.word(b";}");
        let target = if name.is_empty() {
            usize::MAX
        } else {
            self.jumps.push((self.script.commands.len(), name, at));
            0
        };
        match letter {
            b'b' => Action::Jump(target),
            b't' => Action::JumpIf(target),
            _ => Action::JumpUnless(target),
        }
    }

    fn file_name(&mut self) -> Result<Vec<u8>, Fault> {
        self.skip_blanks();
        let name = self.line();
        if name.is_empty() {
            return Err(Fault::NoFile);
        }
        Ok(name)
    }

    fn output(&mut self) -> Result<usize, Fault> {
        let name = self.file_name()?;
        if name == b"/dev/stdout" {
            return Ok(STANDARD);
        }
        let outputs = &mut self.script.outputs;
        if let Some(known) = outputs.iter().position(|output| *output == name) {
            return Ok(FILES + known);
        }
        outputs.push(name);
        Ok(FILES + outputs.len() - 1)
    }

    /// The text of `a`, `i` and `c`: on the following lines after a backslash, or on the line
    /// of the command itself.
    fn text(&mut self, letter: u8) -> Result<Action, Fault> {
        self.skip_blanks();
        let mut empty = false;
        if self.peek() == Some(b'\\') {
            let before = self.at;
            self.at += 1;
            self.skip_blanks();
            match self.peek() {
                Some(b'\n') => self.at += 1,
                // `a\  text` keeps its blanks.
                Some(_) => self.at = before + 1,
                // No text, but `$a\` gives a last line the newline that it lacks.
                None => empty = true,
            }
        }
        if !empty && self.peek().is_none() {
            return Err(Fault::NoText);
        }
        let mut text = Vec::new();
        while let Some(byte) = self.take() {
            match byte {
                b'\n' => break,
                b'\\' => match self.take() {
                    Some(b'x') if let Some((byte, used)) = hex(&self.text[self.at..]) => {
                        text.push(byte);
                        self.at += used;
                    }
                    Some(next) => text.push(control(next).unwrap_or(next)),
                    None => {}
                },
                _ => text.push(byte),
            }
        }
        if !empty {
            text.push(b'\n');
        }
        Ok(match letter {
            b'a' => Action::Append(text),
            b'i' => Action::Insert(text),
            _ => Action::Change(text),
        })
    }

    fn translate(&mut self) -> Result<Action, Fault> {
        let delimiter = self.take().ok_or(Fault::Unterminated(b'y'))?;
        let from = letters(&self.delimited(delimiter, false)?);
        let to = letters(&self.delimited(delimiter, false)?);
        if from.len() != to.len() {
            return Err(Fault::Lengths);
        }
        let mut table = Box::new([0; 256]);
        for (byte, entry) in (0..=255).zip(table.iter_mut()) {
            *entry = match from.iter().position(|&letter| letter == byte) {
                Some(at) => to[at],
                None => byte,
            };
        }
        Ok(Action::Translate(table))
    }

    fn substitute(&mut self) -> Result<Action, Fault> {
        let delimiter = self.take().ok_or(Fault::Unterminated(b's'))?;
        let pattern = self.delimited(delimiter, true)?;
        let (with, highest) = replacement(&self.delimited(delimiter, false)?)?;
        let mut substitute = Substitute {
            regex: None,
            groups: highest > 0,
            with,
            first: 1,
            all: false,
            print: false,
            write: None,
        };
        let (mut ignore_case, mut lines) = (false, false);
        loop {
            match self.peek() {
                Some(b'g') => substitute.all = true,
                Some(b'p') => substitute.print = true,
                Some(b'i' | b'I') => ignore_case = true,
                Some(b'm' | b'M') => lines = true,
                Some(b'1'..=b'9') => {
                    substitute.first = self.number().unwrap_or(1);
                    continue;
                }
                Some(b'w') => {
                    self.at += 1;
                    substitute.write = Some(self.output()?);
                    break;
                }
                Some(b'e') => return Err(Fault::Program),
                None | Some(b'\n' | b';' | b'}' | b'#') => break,
                Some(byte) if byte.is_ascii_whitespace() => break,
                Some(byte) => return Err(Fault::Flag(byte)),
            }
            self.at += 1;
        }
        substitute.regex = self.regex(&pattern, ignore_case, lines)?;
        if let Some(regex) = substitute.regex
            && u32::from(highest) > self.script.regexes[regex].groups()
        {
            return Err(Fault::Reference(highest));
        }
        Ok(Action::Substitute(Box::new(substitute)))
    }
}
