//! Lines of the operands, one after the other.

use super::Outside;
use std::io::Read;

/// Bytes read at a time.
const PIECE: usize = 128 * 1024;

/// Where lines come from.
pub struct Input {
    source: Option<Box<dyn Read>>,
    /// The name of the file that the current line came from.
    pub name: Vec<u8>,
    next_name: Vec<u8>,
    buffer: Vec<u8>,
    at: usize,
    /// `source` has given all it had.
    ended: bool,
    /// No operand is left.
    exhausted: bool,
    /// Every file is a text of its own: `-s`, `-i`.
    separate: bool,
    delimiter: u8,
    /// Number of the current line.
    pub line: u64,
    /// A file has begun since the last line.
    fresh: bool,
    /// The current line is the first of its file.
    pub first: bool,
}

impl Input {
    pub fn new(separate: bool, delimiter: u8) -> Input {
        Input {
            source: None,
            name: Vec::new(),
            next_name: b"-".to_vec(),
            buffer: Vec::new(),
            at: 0,
            ended: true,
            exhausted: false,
            separate,
            delimiter,
            line: 0,
            fresh: false,
            first: false,
        }
    }

    /// The lines of one file that is no operand.
    pub fn of(source: Box<dyn Read>, delimiter: u8) -> Input {
        Input {
            source: Some(source),
            ended: false,
            ..Input::new(true, delimiter)
        }
    }

    /// Appends the next line to `space`; whether a delimiter ended it, or None at the end.
    /// With `same_file` the end of the current file is the end.
    pub fn next(
        &mut self,
        outside: &mut dyn Outside,
        space: &mut Vec<u8>,
        same_file: bool,
    ) -> Option<bool> {
        if !self.fill(outside, same_file && self.separate) {
            return None;
        }
        self.first = std::mem::take(&mut self.fresh);
        if self.first {
            self.name.clone_from(&self.next_name);
            if self.separate {
                self.line = 0;
            }
        }
        self.line += 1;
        let mut from = self.at;
        loop {
            if let Some(length) = memchr::memchr(self.delimiter, &self.buffer[from..]) {
                space.extend_from_slice(&self.buffer[self.at..from + length]);
                self.at = from + length + 1;
                return Some(true);
            }
            if self.ended {
                space.extend_from_slice(&self.buffer[self.at..]);
                self.at = self.buffer.len();
                return Some(false);
            }
            let known = self.buffer.len() - self.at;
            self.more(outside);
            from = self.at + known;
        }
    }

    /// Whether the current line is the last one.
    pub fn is_last(&mut self, outside: &mut dyn Outside) -> bool {
        !self.fill(outside, self.separate)
    }

    /// No further line will be read; the current file counts as read.
    pub fn stop(&mut self, outside: &mut dyn Outside) {
        self.exhausted = true;
        if self.source.take().is_some() && self.separate {
            outside.end_of_file();
        }
    }

    /// Sees to it that a byte is there to be read; false: there is none.
    fn fill(&mut self, outside: &mut dyn Outside, same_file: bool) -> bool {
        loop {
            if self.at < self.buffer.len() {
                return true;
            }
            if !self.ended {
                self.more(outside);
                continue;
            }
            if same_file && self.source.is_some() || self.exhausted {
                return false;
            }
            if self.source.take().is_some() && self.separate {
                outside.end_of_file();
            }
            match outside.next_file() {
                Some((name, source)) => {
                    self.next_name = name;
                    self.source = Some(source);
                    self.ended = false;
                    self.fresh = true;
                }
                None => self.exhausted = true,
            }
        }
    }

    /// Reads more behind what is not used yet.
    fn more(&mut self, outside: &mut dyn Outside) {
        self.buffer.drain(..self.at);
        self.at = 0;
        let kept = self.buffer.len();
        // A line longer than the buffer doubles it, so that time stays linear.
        self.buffer.resize(kept + PIECE.max(kept), 0);
        // What has been edited is not held back while a pipe has nothing more.
        let result = match &mut self.source {
            Some(source) if outside.flush() => source.read(&mut self.buffer[kept..]),
            _ => {
                self.exhausted = true;
                Ok(0)
            }
        };
        self.buffer
            .truncate(kept + result.as_ref().map_or(0, |count| *count));
        match result {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.ended = true;
                outside.complain(&self.next_name, error);
            }
            Ok(count) => self.ended = count == 0,
        }
    }
}
