//! Earlier commands, and the file that keeps them.
//!
//! A command of several lines is one entry. In the file its lines but the last end with a
//! backslash; an entry that ends with one gets a blank behind it, so that what is read back
//! is what was written.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Commands that were entered, oldest first; never more than the limit.
#[derive(Debug)]
pub struct History {
    entries: Vec<Vec<u8>>,
    limit: usize,
    /// The command that is being entered, and whether it is the last of the entries.
    latest: Vec<u8>,
    is_kept: bool,
}

/// As many entries as the original keeps.
const LIMIT: usize = 256;

impl Default for History {
    fn default() -> History {
        History {
            entries: Vec::new(),
            limit: LIMIT,
            latest: Vec::new(),
            is_kept: false,
        }
    }
}

impl History {
    /// Remembers a command, unless it is empty or the same as the last one.
    pub fn add(&mut self, line: &[u8]) {
        self.latest = line.to_vec();
        self.is_kept = !line.is_empty() && self.entries.last().is_none_or(|last| last != line);
        if !self.is_kept {
            return;
        }
        if self.entries.len() == self.limit {
            self.entries.remove(0);
        }
        self.entries.push(line.to_vec());
    }

    /// Adds a line to the command that was begun.
    pub fn extend(&mut self, line: &[u8]) {
        let mut entry = std::mem::take(&mut self.latest);
        if self.is_kept {
            self.entries.pop();
        }
        entry.push(b'\n');
        entry.extend_from_slice(line);
        self.add(&entry);
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was entered yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry at `index`, 0 being the oldest.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.entries.get(index).map(Vec::as_slice)
    }

    /// Every entry, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(Vec::as_slice)
    }

    /// The youngest entry before `end` that holds `text`.
    pub fn search(&self, text: &[u8], end: usize) -> Option<usize> {
        let holds = |line: &Vec<u8>| memchr::memmem::find(line, text).is_some();
        self.entries.iter().take(end).rposition(holds)
    }

    /// Adds the entries of a file; one that is missing has none.
    pub fn load(&mut self, file: &Path) -> io::Result<()> {
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut continues = false;
        for line in bytes.split(|&b| b == b'\n') {
            let text = line.strip_suffix(b"\\").unwrap_or(line);
            match continues {
                true => self.extend(text),
                false => self.add(text),
            }
            continues = text.len() < line.len();
        }
        Ok(())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for entry in &self.entries {
            for (number, line) in entry.split(|&b| b == b'\n').enumerate() {
                text.extend_from_slice(if number > 0 { b"\\\n" } else { b"" });
                text.extend_from_slice(line);
            }
            text.extend_from_slice(if entry.ends_with(b"\\") {
                b" \n"
            } else {
                b"\n"
            });
        }
        text
    }

    /// Writes the entries to a file that only its owner may read. On a full file system the
    /// old file stays as it was; what is no plain file (`/dev/null`) is only written to.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        let text = self.to_bytes();
        let real = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        if std::fs::metadata(&real).is_ok_and(|meta| !meta.is_file()) {
            return std::fs::write(&real, text);
        }
        let new = beside(&real);
        let written = write_private(&new, &text).and_then(|()| std::fs::rename(&new, &real));
        if written.is_err() {
            // What could not be written may not be there at all.
            let _ = std::fs::remove_file(&new);
        }
        written
    }
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    file.with_file_name(name)
}

fn write_private(file: &Path, text: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(file)?;
    file.write_all(text)?;
    file.sync_all()
}

#[test]
fn a_command_of_several_lines_is_one_entry_in_the_file_too() {
    let mut history = History::default();
    history.add(b"for i in 1 2");
    history.extend(b"do echo \\");
    history.extend(b"$i");
    history.extend(b"done");
    history.add(b"echo a\\\\");
    history.add(b"last");
    let file = std::env::temp_dir().join(format!("safebox-history-{}", std::process::id()));
    history.save(&file).unwrap();
    let mut again = History::default();
    again.load(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let expected: [&[u8]; 3] = [
        b"for i in 1 2\ndo echo \\\n$i\ndone",
        b"echo a\\\\ ",
        b"last",
    ];
    assert_eq!(again.iter().collect::<Vec<_>>(), expected);
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
