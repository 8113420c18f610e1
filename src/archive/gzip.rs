//! gzip streams (RFC 1952), both ways.
//!
//! A file may be several gzip members one after the other; zeros behind the last are
//! padding. Anything else behind it is reported, for an image that was cut and continued
//! must not pass as whole.

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{self, BufRead, BufReader, Read, Write};

/// The first two bytes of every gzip stream.
pub const MAGIC: [u8; 2] = [0x1f, 0x8b];

const GARBAGE: &str = "trailing garbage behind the compressed data";
const DAMAGED: &str = "invalid compressed data: damaged or truncated";
const NOT_GZIP: &str = "not in gzip format";

type Source<'a> = BufReader<Box<dyn Read + 'a>>;

/// Unpacked bytes of a gzip stream.
pub struct Gunzip<'a> {
    state: State<'a>,
}

enum State<'a> {
    /// Before a member: is there one?
    Between(Source<'a>, bool),
    Inside(GzDecoder<Source<'a>>),
    Done,
}

impl<'a> Gunzip<'a> {
    /// Unpacks what `input` gives.
    pub fn new(input: impl Read + 'a) -> Gunzip<'a> {
        let input: Box<dyn Read + 'a> = Box::new(input);
        Gunzip {
            state: State::Between(BufReader::with_capacity(32 * 1024, input), true),
        }
    }

    /// Enters the next member, or ends; `first`: there must be one.
    fn next_member(&mut self, mut input: Source<'a>, first: bool) -> io::Result<()> {
        let begin = loop {
            let ahead = input.fill_buf()?;
            let zeros = ahead.iter().take_while(|&&b| b == 0).count();
            if first || zeros == 0 {
                break ahead.first().copied();
            }
            input.consume(zeros);
        };
        self.state = match begin {
            Some(byte) if byte == MAGIC[0] => State::Inside(GzDecoder::new(input)),
            None if !first => State::Done,
            None => return Err(fail("unexpected end of file")),
            Some(_) => return Err(fail(if first { NOT_GZIP } else { GARBAGE })),
        };
        Ok(())
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Ok(0),
                State::Between(input, first) => self.next_member(input, first)?,
                State::Inside(mut decoder) => match decoder.read(buf) {
                    Ok(0) if !buf.is_empty() => {
                        self.state = State::Between(decoder.into_inner(), false);
                    }
                    Ok(count) => {
                        self.state = State::Inside(decoder);
                        return Ok(count);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                        self.state = State::Inside(decoder);
                    }
                    Err(error) => return Err(translate(error, &decoder)),
                },
            }
        }
    }
}

/// flate2's errors in our words; those of the input stay as they are.
fn translate(error: io::Error, decoder: &GzDecoder<Source<'_>>) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidInput if decoder.header().is_none() => fail(NOT_GZIP),
        io::ErrorKind::UnexpectedEof => fail("unexpected end of file"),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => fail(DAMAGED),
        _ => error,
    }
}

fn fail(fault: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Fault(fault))
}

/// What is wrong with a stream, inside an `io::Error`.
#[derive(Debug)]
struct Fault(&'static str);

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Fault {}

/// What is wrong with the gzip stream, if that is what the error says.
pub fn fault(error: &io::Error) -> Option<&'static str> {
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Fault>())
        .map(|fault| fault.0)
}

/// Packs what is written to it; call [`Gzip::finish`].
pub struct Gzip<W: Write>(GzEncoder<W>);

impl<W: Write> Gzip<W> {
    /// Packs into `output` without name or time (FLG 0: some readers insist). Level 1 to 9.
    pub fn new(output: W, level: u32) -> Gzip<W> {
        Gzip(GzEncoder::new(output, Compression::new(level.clamp(1, 9))))
    }

    /// Writes the end of the stream.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = Gzip::new(Vec::new(), 6);
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    fn check(stream: &[u8], expected: Result<&[u8], &str>) {
        let mut out = Vec::new();
        let result = Gunzip::new(stream).read_to_end(&mut out);
        let shown = match &result {
            Ok(_) => Ok(&out[..]),
            Err(error) => Err(fault(error).unwrap()),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn members_follow_each_other_and_zeros_are_padding() {
        let (a, b) = (packed(b"hello "), packed(b"world"));
        assert_eq!(a[..4], [0x1f, 0x8b, 8, 0]);
        check(&[&a[..], &b].concat(), Ok(b"hello world"));
        check(
            &[&a[..], &[0; 500], &b, &[0; 3]].concat(),
            Ok(b"hello world"),
        );
        check(&[&a[..], b"junk"].concat(), Err(GARBAGE));
    }

    #[test]
    fn damage_is_told_from_other_formats() {
        let whole = packed(&[7; 5000]);
        check(b"", Err("unexpected end of file"));
        check(b"PK\x03\x04", Err(NOT_GZIP));
        for cut in 1..whole.len() {
            check(&whole[..cut], Err("unexpected end of file"));
        }
        let mut damaged = whole.clone();
        let crc = damaged.len() - 8;
        damaged[crc] ^= 1;
        check(&damaged, Err(DAMAGED));
    }
}
