//! Records out of a stream of bytes.

use super::{Re, World};
use std::io::{self, Read};

/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// What ends a record.
#[derive(Clone)]
pub enum End {
    Byte(u8),
    /// Empty lines.
    Paragraph,
    Regex(Re),
}

pub struct Reader {
    source: Box<dyn Read>,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Reader {
    pub fn new(source: Box<dyn Read>) -> Reader {
        Reader {
            source,
            buffer: Vec::new(),
            at: 0,
            ended: false,
        }
    }

    /// The next record, None at the end.
    pub fn record(&mut self, end: &End, world: &mut dyn World) -> io::Result<Option<Vec<u8>>> {
        if matches!(end, End::Paragraph) {
            // Newlines before the first record belong to nobody.
            loop {
                let rest = &self.buffer[self.at..];
                self.at += rest.iter().take_while(|byte| **byte == b'\n').count();
                if self.at < self.buffer.len() || self.ended {
                    break;
                }
                self.more(world)?;
            }
        }
        let mut searched = 0;
        loop {
            let rest = &self.buffer[self.at..];
            let found = match end {
                End::Byte(byte) => memchr::memchr(*byte, &rest[searched..])
                    .map(|at| (searched + at, searched + at + 1)),
                End::Paragraph => {
                    let from = searched.saturating_sub(1);
                    memchr::memmem::find(&rest[from..], b"\n\n").map(|at| {
                        let start = from + at;
                        let more = rest[start..].iter().take_while(|byte| **byte == b'\n');
                        (start, start + more.count())
                    })
                }
                End::Regex(regex) => {
                    let mut regex = regex.borrow_mut();
                    let mut at = 0;
                    loop {
                        match regex.find(rest, at) {
                            Some((start, end)) if start == end => at = end + 1,
                            found => break found,
                        }
                        if at > rest.len() {
                            break None;
                        }
                    }
                }
            };
            // What ends at the end of the buffer may go on behind it, except one byte.
            let sure = self.ended || matches!(end, End::Byte(_));
            if let Some((start, stop)) = found
                && (sure || stop < rest.len())
            {
                let record = rest[..start].to_vec();
                self.at += stop;
                return Ok(Some(record));
            }
            if self.ended {
                if rest.is_empty() {
                    return Ok(None);
                }
                let mut record = rest.to_vec();
                if matches!(end, End::Paragraph) && record.last() == Some(&b'\n') {
                    record.pop();
                }
                self.at = self.buffer.len();
                return Ok(Some(record));
            }
            searched = rest.len();
            self.more(world)?;
        }
    }

    fn more(&mut self, world: &mut dyn World) -> io::Result<()> {
        // What has been printed is not held back while a pipe has nothing more.
        world.flush();
        self.buffer.drain(..self.at);
        self.at = 0;
        let kept = self.buffer.len();
        // A long record doubles the buffer, so that time stays linear.
        self.buffer.resize(kept + PIECE.max(kept), 0);
        let result = self.source.read(&mut self.buffer[kept..]);
        let count = result.as_ref().map_or(0, |count| *count);
        self.buffer.truncate(kept + count);
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => {
                self.ended = true;
                Err(error)
            }
            Ok(count) => {
                self.ended = count == 0;
                Ok(())
            }
        }
    }
}
