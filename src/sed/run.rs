//! The cycle: a line comes in, the commands work on it, it goes out.

use super::input::Input;
use super::substitute::{Scratch, substitute};
use super::{Action, Address, Command, End, Error, Fault, MAIN, Outside, STANDARD, Script};
use crate::text::regex::Regex;
use std::collections::HashMap;

/// How a script is run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Lines are printed only where the script says so.
    pub silent: bool,
    /// Every file is a text of its own, with its own first and last line.
    pub separate: bool,
    /// Every file has an output of its own.
    pub in_place: bool,
    /// What ends a line.
    pub delimiter: u8,
    /// Commands and bytes of lines that they work on before it stops, for scripts that might
    /// never end.
    pub limit: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            silent: false,
            separate: false,
            in_place: false,
            delimiter: b'\n',
            limit: u64::MAX,
        }
    }
}

/// Runs the script over all operands; the exit status that it asked for.
///
/// # Errors
/// An empty pattern before any other was used.
pub fn run(
    script: &mut Script,
    settings: Settings,
    outside: &mut dyn Outside,
) -> Result<u8, Error> {
    let ranges = script.commands.iter().map(|command| match command {
        Command {
            from: Some(Address::Line(0)),
            ..
        } => Some(0),
        _ => None,
    });
    let mut runner = Runner {
        ranges: ranges.collect(),
        commands: &script.commands,
        regexes: &mut script.regexes,
        last_regex: None,
        silent: settings.silent || script.silent,
        settings,
        input: Input::new(settings.separate, settings.delimiter),
        outside,
        space: Vec::new(),
        hold: Vec::new(),
        whole: true,
        substituted: false,
        queue: Vec::new(),
        incomplete: Vec::new(),
        readers: HashMap::new(),
        scratch: Scratch::default(),
        spent: 0,
    };
    runner.run()
}

/// Something to be printed at the end of the cycle.
enum Queued<'a> {
    Text(&'a [u8]),
    File(&'a [u8]),
    Line(Vec<u8>),
}

/// How a cycle ends.
enum Flow {
    /// The line is printed.
    Print,
    /// It is not.
    Drop,
    /// The next cycle begins with what is left of it.
    Again,
    Quit {
        status: u8,
        print: bool,
    },
}

struct Runner<'a> {
    commands: &'a [Command],
    regexes: &'a mut [Regex],
    last_regex: Option<usize>,
    settings: Settings,
    silent: bool,
    input: Input,
    outside: &'a mut dyn Outside,
    space: Vec<u8>,
    hold: Vec<u8>,
    /// The last line that was read had its newline.
    whole: bool,
    substituted: bool,
    /// Per command: the range is open, and its last line if that is known.
    ranges: Vec<Option<u64>>,
    queue: Vec<Queued<'a>>,
    /// Per target: the newline of the last line is still missing.
    incomplete: Vec<bool>,
    /// What `R` reads from; None: there is nothing more.
    readers: HashMap<&'a [u8], Option<Input>>,
    scratch: Scratch,
    spent: u64,
}

impl<'a> Runner<'a> {
    fn run(&mut self) -> Result<u8, Error> {
        let mut again = false;
        while again || self.read_line(false) {
            let flow = self.cycle()?;
            if matches!(flow, Flow::Print | Flow::Quit { print: true, .. }) && !self.silent {
                self.print_space();
            }
            self.print_queue();
            again = matches!(flow, Flow::Again);
            if let Flow::Quit { status, .. } = flow {
                self.input.stop(self.outside);
                return Ok(status);
            }
        }
        self.input.stop(self.outside);
        Ok(0)
    }

    /// The next line becomes the pattern space, or is appended to it.
    fn read_line(&mut self, same_file: bool) -> bool {
        if !same_file {
            self.space.clear();
        }
        let Some(whole) = self.input.next(self.outside, &mut self.space, same_file) else {
            return false;
        };
        self.whole = whole;
        if self.input.first && self.settings.separate {
            for (range, command) in self.ranges.iter_mut().zip(self.commands) {
                *range = matches!(command.from, Some(Address::Line(0))).then_some(0);
            }
            if self.settings.in_place
                && let Some(incomplete) = self.incomplete.first_mut()
            {
                *incomplete = false;
            }
        }
        true
    }

    /// Writes to a target, after the newline that the last line there did not have.
    fn put(&mut self, target: usize, bytes: &[u8], whole: bool) {
        let target = match target {
            STANDARD if !self.settings.in_place => MAIN,
            target => target,
        };
        if self.incomplete.len() <= target {
            self.incomplete.resize(target + 1, false);
        }
        if std::mem::replace(&mut self.incomplete[target], !whole) {
            self.outside.put(target, &[self.settings.delimiter]);
        }
        self.outside.put(target, bytes);
    }

    /// Writes the pattern space, with a newline if its last line had one.
    fn write_space(&mut self, target: usize) {
        let mut space = std::mem::take(&mut self.space);
        let length = space.len();
        if self.whole {
            space.push(self.settings.delimiter);
        }
        self.put(target, &space, self.whole);
        space.truncate(length);
        self.space = space;
    }

    fn print_space(&mut self) {
        self.write_space(MAIN);
    }

    fn first_line(&self) -> Vec<u8> {
        let end = memchr::memchr(self.settings.delimiter, &self.space);
        let mut line = self.space[..end.unwrap_or(self.space.len())].to_vec();
        line.push(self.settings.delimiter);
        line
    }

    fn print_queue(&mut self) {
        for queued in std::mem::take(&mut self.queue) {
            match queued {
                Queued::Text(text) => self.put(MAIN, text, true),
                Queued::Line(line) => self.put(MAIN, &line, true),
                Queued::File(name) => {
                    let Some(mut file) = self.outside.read(name) else {
                        continue;
                    };
                    let mut buffer = vec![0; 16 * 1024];
                    // A file that cannot be read to its end is like a shorter one.
                    while let Ok(count @ 1..) = file.read(&mut buffer) {
                        self.put(MAIN, &buffer[..count], true);
                    }
                }
            }
        }
    }

    fn matches_regex(&mut self, number: Option<usize>) -> Result<bool, Error> {
        let number = self.regex(number)?;
        Ok(self.regexes[number].is_match(&self.space))
    }

    /// The regular expression, or the last one that was used.
    fn regex(&mut self, number: Option<usize>) -> Result<usize, Error> {
        self.last_regex = number.or(self.last_regex);
        self.last_regex.ok_or(Error {
            at: 0,
            fault: Fault::NoPattern,
        })
    }

    fn selects(&mut self, number: usize) -> Result<bool, Error> {
        let command = &self.commands[number];
        let Some(from) = &command.from else {
            return Ok(true);
        };
        let line = self.input.line;
        let Some(to) = &command.to else {
            return self.matches(from);
        };
        if let Some(last) = self.ranges[number] {
            let (ends, inside) = match to {
                End::Regex(regex) => (self.matches_regex(*regex)?, true),
                End::Last => (self.input.is_last(self.outside), true),
                // Lines that other commands have read are not seen here.
                _ => (line >= last, line <= last),
            };
            if ends {
                self.ranges[number] = None;
            }
            if inside {
                return Ok(true);
            }
        }
        if !self.matches(from)? {
            return Ok(false);
        }
        let last = match *to {
            End::Regex(_) => u64::MAX,
            End::Last if self.input.is_last(self.outside) => 0,
            End::Last => u64::MAX,
            End::Line(last) => last,
            End::Plus(more) => line.saturating_add(more),
            End::Multiple(of) => line.checked_next_multiple_of(of).unwrap_or(0),
        };
        self.ranges[number] = (last > line).then_some(last);
        Ok(true)
    }

    fn matches(&mut self, address: &Address) -> Result<bool, Error> {
        let line = self.input.line;
        Ok(match *address {
            Address::Line(number) => line == number,
            Address::Last => self.input.is_last(self.outside),
            Address::Regex(regex) => self.matches_regex(regex)?,
            Address::Step(first, 0) => line == first,
            Address::Step(first, step) => line >= first && (line - first).is_multiple_of(step),
        })
    }

    /// All commands once over the pattern space.
    fn cycle(&mut self) -> Result<Flow, Error> {
        self.substituted = false;
        let mut at = 0;
        while let Some(command) = self.commands.get(at) {
            self.spent += 1 + self.space.len() as u64;
            if self.spent > self.settings.limit {
                return Ok(Flow::Quit {
                    status: 4,
                    print: false,
                });
            }
            let number = at;
            at += 1;
            if self.selects(number)? == command.negate {
                if let Action::Block(behind) = command.action {
                    at = behind;
                }
                continue;
            }
            match &command.action {
                Action::Block(_) | Action::Nothing => {}
                Action::Jump(to) => at = *to,
                Action::JumpIf(to) => {
                    if std::mem::take(&mut self.substituted) {
                        at = *to;
                    }
                }
                Action::JumpUnless(to) => {
                    if !std::mem::take(&mut self.substituted) {
                        at = *to;
                    }
                }
                Action::Substitute(how) => {
                    let regex = self.regex(how.regex)?;
                    let regex = &mut self.regexes[regex];
                    if substitute(how, regex, &mut self.space, &mut self.scratch) {
                        self.substituted = true;
                        if how.print {
                            self.print_space();
                        }
                        if let Some(target) = how.write {
                            self.write_space(target);
                        }
                    }
                }
                Action::Change(text) => {
                    // The text stands for a range once, at its end.
                    if command.negate || self.ranges[number].is_none() {
                        self.put(MAIN, text, true);
                    }
                    return Ok(Flow::Drop);
                }
                Action::Delete => return Ok(Flow::Drop),
                Action::DeleteFirst => {
                    return Ok(match memchr::memchr(self.settings.delimiter, &self.space) {
                        Some(end) => {
                            self.space.drain(..=end);
                            Flow::Again
                        }
                        None => Flow::Drop,
                    });
                }
                Action::Quit(status) | Action::QuitSilently(status) => {
                    return Ok(Flow::Quit {
                        status: *status,
                        print: matches!(command.action, Action::Quit(_)),
                    });
                }
                Action::Next => {
                    if self.input.is_last(self.outside) {
                        return Ok(Flow::Print);
                    }
                    if !self.silent {
                        self.print_space();
                    }
                    self.print_queue();
                    self.space.clear();
                    self.read_line(true);
                }
                Action::NextAppend => {
                    if self.input.is_last(self.outside) {
                        return Ok(Flow::Print);
                    }
                    self.print_queue();
                    self.space.push(self.settings.delimiter);
                    self.read_line(true);
                }
                _ => self.simple(&command.action),
            }
        }
        Ok(Flow::Print)
    }

    /// The commands after which the next one follows.
    fn simple(&mut self, action: &'a Action) {
        let delimiter = self.settings.delimiter;
        match action {
            Action::Append(text) => self.queue.push(Queued::Text(text)),
            Action::Insert(text) => self.put(MAIN, text, true),
            Action::FileName => {
                let line = [&self.input.name[..], b"\n"].concat();
                self.put(MAIN, &line, true);
            }
            Action::Get => self.space.clone_from(&self.hold),
            Action::GetAppend => {
                self.space.push(delimiter);
                self.space.extend_from_slice(&self.hold);
            }
            Action::Hold => self.hold.clone_from(&self.space),
            Action::HoldAppend => {
                self.hold.push(delimiter);
                self.hold.extend_from_slice(&self.space);
            }
            Action::Exchange => std::mem::swap(&mut self.hold, &mut self.space),
            Action::List(width) => {
                let text = listed(&self.space, *width);
                self.put(MAIN, &text, true);
            }
            Action::Print => self.print_space(),
            Action::PrintFirst => {
                let line = self.first_line();
                self.put(MAIN, &line, true);
            }
            Action::ReadFile(name) => self.queue.push(Queued::File(name)),
            Action::ReadLine(name) => self.queue_line(name),
            Action::Write(target) => self.write_space(*target),
            Action::WriteFirst(target) => {
                let line = self.first_line();
                self.put(*target, &line, true);
            }
            Action::Translate(table) => {
                for byte in &mut self.space {
                    *byte = table[usize::from(*byte)];
                }
            }
            Action::Number => {
                let line = format!("{}\n", self.input.line);
                self.put(MAIN, line.as_bytes(), true);
            }
            Action::Empty => self.space.clear(),
            // The others are the business of `cycle`.
            _ => {}
        }
    }

    /// `R`: the next line of a file of its own.
    fn queue_line(&mut self, name: &'a [u8]) {
        let delimiter = self.settings.delimiter;
        let outside = &mut *self.outside;
        let reader = self.readers.entry(name).or_insert_with(|| {
            let source = outside.read(name)?;
            Some(Input::of(source, delimiter))
        });
        let mut line = Vec::new();
        if let Some(input) = reader {
            match input.next(outside, &mut line, true) {
                Some(_) => {
                    line.push(delimiter);
                    self.queue.push(Queued::Line(line));
                }
                None => *reader = None,
            }
        }
    }
}

/// The text of `l`: nothing unprintable, a `$` at the end, folded with backslashes.
fn listed(text: &[u8], width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    let mut column = 0;
    for &byte in text {
        let octal;
        let short;
        let shown: &[u8] = match byte {
            b'\\' => b"\\\\",
            7..=13 => {
                short = [b'\\', b"abtnvfr"[usize::from(byte) - 7]];
                &short
            }
            b' '..=b'~' => {
                short = [byte, 0];
                &short[..1]
            }
            _ => {
                octal = [
                    b'\\',
                    b'0' + (byte >> 6),
                    b'0' + (byte >> 3 & 7),
                    b'0' + (byte & 7),
                ];
                &octal
            }
        };
        if column + shown.len() >= width {
            out.extend_from_slice(b"\\\n");
            column = 0;
        }
        out.extend_from_slice(shown);
        column += shown.len();
    }
    out.extend_from_slice(b"$\n");
    out
}
