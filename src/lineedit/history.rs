//! Earlier lines, and the file that keeps them.

use std::io::{self, Write};
use std::path::Path;

/// Lines that were entered, oldest first; never more than the limit.
#[derive(Debug)]
pub struct History {
    lines: Vec<Vec<u8>>,
    limit: usize,
}

/// As many lines as the original keeps.
const LIMIT: usize = 256;

impl Default for History {
    fn default() -> History {
        History {
            lines: Vec::new(),
            limit: LIMIT,
        }
    }
}

impl History {
    /// Remembers a line, unless it is empty or the same as the last one.
    pub fn add(&mut self, line: &[u8]) {
        if line.is_empty() || self.lines.last().is_some_and(|last| last == line) {
            return;
        }
        if self.lines.len() == self.limit {
            self.lines.remove(0);
        }
        self.lines.push(line.to_vec());
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nothing was entered yet.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The line at `index`, 0 being the oldest.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.lines.get(index).map(Vec::as_slice)
    }

    /// Every line, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(Vec::as_slice)
    }

    /// The youngest line before `end` that holds `text`.
    pub fn search(&self, text: &[u8], end: usize) -> Option<usize> {
        let holds = |line: &Vec<u8>| memchr::memmem::find(line, text).is_some();
        self.lines.iter().take(end).rposition(holds)
    }

    /// Adds the lines of a file; one that is missing has none.
    pub fn load(&mut self, file: &Path) -> io::Result<()> {
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        bytes.split(|&b| b == b'\n').for_each(|line| self.add(line));
        Ok(())
    }

    /// Writes the lines to a file that only its owner may read.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut text = self.lines.join(&b'\n');
        text.push(b'\n');
        options.open(file)?.write_all(&text)
    }
}

#[test]
fn repeated_and_empty_lines_are_not_kept() {
    let mut history = History {
        limit: 2,
        ..History::default()
    };
    for line in ["a", "a", "", "b", "c"] {
        history.add(line.as_bytes());
    }
    assert_eq!(history.iter().collect::<Vec<_>>(), [b"b", b"c"]);
    assert_eq!(history.search(b"b", 2), Some(0));
    assert_eq!(history.search(b"x", 2), None);
}
