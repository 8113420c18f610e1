//! A text by lines, read no further than it was looked at.
//!
//! A regular file is read again where it is needed; of a pipe everything read so far is
//! kept, since it cannot be read twice.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// A longer line is shown as several: no line may fill the memory.
const LONGEST: usize = 64 * 1024;
/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// Where the bytes are.
enum Source {
    /// A file that can be read anywhere.
    File(File),
    /// What came through a pipe so far.
    Pipe { pipe: Box<dyn Read>, seen: Vec<u8> },
}

/// A text whose lines are numbered from 0.
pub struct Document {
    source: Source,
    /// Byte where each known line begins; the last one is where the next will.
    starts: Vec<u64>,
    /// Bytes looked through for line ends.
    scanned: u64,
    complete: bool,
}

impl Document {
    /// A regular file.
    pub fn file(file: File) -> Document {
        Document::new(Source::File(file))
    }

    /// Anything that can be read only once.
    pub fn pipe(pipe: Box<dyn Read>) -> Document {
        Document::new(Source::Pipe {
            pipe,
            seen: Vec::new(),
        })
    }

    fn new(source: Source) -> Document {
        Document {
            source,
            starts: vec![0],
            scanned: 0,
            complete: false,
        }
    }

    /// Line `index` without its newline; None behind the end.
    pub fn line(&mut self, index: usize) -> io::Result<Option<Vec<u8>>> {
        while self.starts.len() < index.saturating_add(2) && !self.complete {
            self.scan()?;
        }
        match (
            self.starts.get(index),
            self.starts.get(index.saturating_add(1)),
        ) {
            (Some(&start), Some(&end)) => self.read(start, end).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads everything and tells the number of lines.
    pub fn count(&mut self) -> io::Result<usize> {
        while !self.complete {
            self.scan()?;
        }
        Ok(self.starts.len() - 1)
    }

    /// Looks for more after the end: a file that grows.
    pub fn look_again(&mut self) {
        self.complete = false;
        // The last line may have had no newline yet.
        if self.starts.len() > 1 {
            self.starts.pop();
        }
        self.scanned = self.starts.last().copied().unwrap_or(0);
    }

    /// Bytes from the beginning to the end of line `index`, and the size if it is known.
    pub fn place(&self, index: usize) -> (u64, Option<u64>) {
        let end = self
            .starts
            .get(index.saturating_add(1))
            .or(self.starts.last());
        let size = match &self.source {
            Source::File(file) => file.metadata().ok().map(|meta| meta.len()),
            Source::Pipe { seen, .. } => self.complete.then_some(seen.len() as u64),
        };
        (end.copied().unwrap_or(0), size)
    }

    /// Finds the line ends of the next piece.
    fn scan(&mut self) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        let count = match &mut self.source {
            Source::File(file) => file.read_at(&mut piece, self.scanned)?,
            Source::Pipe { pipe, seen } => {
                let from = usize::try_from(self.scanned).unwrap_or(usize::MAX);
                if seen.len() == from {
                    let count = read_some(pipe, &mut piece)?;
                    seen.extend_from_slice(&piece[..count]);
                }
                let rest = seen.get(from..).unwrap_or_default();
                let count = rest.len().min(PIECE);
                piece[..count].copy_from_slice(&rest[..count]);
                count
            }
        };
        piece.truncate(count);
        for (at, byte) in piece.iter().enumerate() {
            let next = self.scanned + at as u64 + 1;
            let length = next - self.starts.last().copied().unwrap_or(0);
            if *byte == b'\n' || length >= LONGEST as u64 {
                self.starts.push(next);
            }
        }
        self.scanned += count as u64;
        if count == 0 {
            self.complete = true;
            if self.starts.last() != Some(&self.scanned) {
                self.starts.push(self.scanned);
            }
        }
        Ok(())
    }

    fn read(&self, start: u64, end: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(end - start).unwrap_or(LONGEST).min(LONGEST);
        let mut line = match &self.source {
            Source::File(file) => {
                let mut line = vec![0; length];
                let mut filled = 0;
                while filled < length {
                    match file.read_at(&mut line[filled..], start + filled as u64)? {
                        // The file was cut meanwhile.
                        0 => break,
                        count => filled += count,
                    }
                }
                line.truncate(filled);
                line
            }
            Source::Pipe { seen, .. } => {
                let start = usize::try_from(start).unwrap_or(usize::MAX);
                seen.get(start..start.saturating_add(length))
                    .unwrap_or_default()
                    .to_vec()
            }
        };
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        Ok(line)
    }
}

fn read_some(pipe: &mut dyn Read, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match pipe.read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[test]
fn lines_are_found_wherever_the_pieces_end() {
    let text: Vec<u8> = (0..30_000)
        .flat_map(|n| format!("line {n}\n").into_bytes())
        .collect();
    let mut document = Document::pipe(Box::new(io::Cursor::new(text)));
    assert_eq!(document.line(12_345).unwrap().unwrap(), b"line 12345");
    assert_eq!(document.count().unwrap(), 30_000);
    assert_eq!(document.line(30_000).unwrap(), None);
}

#[test]
fn a_last_line_without_newline_counts_and_long_lines_are_split() {
    let mut document = Document::pipe(Box::new(io::Cursor::new(b"a\n\nb".to_vec())));
    assert_eq!(document.count().unwrap(), 3);
    assert_eq!(document.line(1).unwrap().unwrap(), b"");
    assert_eq!(document.line(2).unwrap().unwrap(), b"b");
    let mut document = Document::pipe(Box::new(io::repeat(b'x').take(200_000)));
    assert_eq!(document.count().unwrap(), 4);
    let mut document = Document::pipe(Box::new(io::empty()));
    assert_eq!(document.count().unwrap(), 0);
}
