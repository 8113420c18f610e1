//! The protocol of `scp`, both ends: bytes in, bytes out.
//!
//! ```text
//! T<seconds> 0 <seconds> 0     times of what comes next (with -p)
//! C<mode> <length> <name>      a file; its bytes follow, then a zero byte
//! D<mode> 0 <name>             a folder begins
//! E                            the folder ends
//! ```
//!
//! Each line and each file is answered: a zero byte, or 1 (this one failed) or 2 (all is
//! over) and a line of text. The receiving end speaks first, with a zero byte.

mod sink;
mod source;

pub use sink::Sink;
pub use source::Source;

use std::path::Path;

/// Bytes of a line: a name has at most 255.
const LONGEST: usize = 4096;
/// Bytes that are read from a file at once.
const PIECE: usize = 64 * 1024;

/// What was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Folders with all that is in them.
    pub recursive: bool,
    /// Modes and times as well.
    pub preserve: bool,
    /// The target must be a folder.
    pub to_folder: bool,
}

/// What a person may want to know; taken away by whoever shows it.
#[derive(Debug, Default)]
pub struct Report {
    /// What went wrong, here or at the other end.
    pub complaints: Vec<String>,
    /// The file that is being carried: its name, bytes so far, bytes in all.
    pub current: Option<(String, u64, u64)>,
    /// Whether anything went wrong so far.
    pub failed: bool,
}

impl Report {
    /// Something went wrong at the other end, in its own words.
    fn hear(&mut self, text: &[u8]) {
        self.failed = true;
        // Other people's words do not get at the terminal.
        let text = String::from_utf8_lossy(text.trim_ascii());
        let clean = text.chars().filter(|c| !c.is_control());
        self.complaints.push(clean.collect());
    }

    /// Something went wrong here; what to tell the other end.
    fn fail(&mut self, path: &Path, reason: &str) -> String {
        self.failed = true;
        let text = format!("{}: {reason}", path.display());
        self.complaints.push(text.clone());
        text
    }
}

/// An end of a transfer.
pub trait End {
    /// Takes bytes of the other end and appends what to send. Call it again with none while
    /// there is something to send.
    fn feed(&mut self, input: &[u8], output: &mut Vec<u8>);

    /// The other end has said all it will say.
    fn ended(&mut self);

    /// Nothing more will be sent or understood.
    fn is_over(&self) -> bool;

    /// What there is to tell.
    fn report(&mut self) -> &mut Report;
}

/// Appends a failure of this end: 1 and a line.
fn put_failure(output: &mut Vec<u8>, text: &str) {
    output.extend_from_slice(b"\x01scp: ");
    output.extend(text.bytes().map(|b| if b == b'\n' { b' ' } else { b }));
    output.push(b'\n');
}

#[cfg(test)]
mod tests;
