//! The client's half of the telnet protocol, just enough to sit behind it.
//!
//! It lets the server echo and suppress go-aheads and refuses everything else, so the same
//! question never comes twice. Enter is CR NUL, as clients send it.

use super::talk::Talk;
use std::io::{Read, Result, Write};
use std::net::TcpStream;

const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const DO: u8 = 253;
const DONT: u8 = 254;
const WONT: u8 = 252;
const IAC: u8 = 255;
const ECHO: u8 = 1;
const NO_GO_AHEAD: u8 = 3;

/// A conversation over a connection that has just been made.
pub fn talk(stream: TcpStream) -> Talk {
    let typed = stream.try_clone().unwrap();
    Talk::new(
        "telnet",
        Client {
            stream,
            place: Place::Text,
        },
        typed,
        b"\r\0",
    )
}

/// Where in the protocol the last byte left us.
enum Place {
    Text,
    Command,
    Option(u8),
    Subnegotiation { escaped: bool },
}

struct Client {
    stream: TcpStream,
    place: Place,
}

impl Read for Client {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        // Negotiation alone is no text; the caller would take 0 for the end.
        loop {
            let mut raw = [0; 1024];
            let limit = buf.len().min(raw.len());
            let count = self.stream.read(&mut raw[..limit])?;
            if count == 0 {
                return Ok(0);
            }
            let mut kept = 0;
            for &byte in &raw[..count] {
                if let Some(text) = self.take(byte)? {
                    buf[kept] = text;
                    kept += 1;
                }
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

impl Client {
    /// Moves on by one byte; hands it out if it is text.
    fn take(&mut self, byte: u8) -> Result<Option<u8>> {
        let (place, text) = match (&self.place, byte) {
            (Place::Text, IAC) => (Place::Command, None),
            (Place::Text, _) => (Place::Text, Some(byte)),
            (Place::Command, IAC) => (Place::Text, Some(IAC)),
            (Place::Command, WILL | WONT | DO | DONT) => (Place::Option(byte), None),
            (Place::Command, SB) => (Place::Subnegotiation { escaped: false }, None),
            (Place::Command, _) => (Place::Text, None),
            (Place::Option(verb), option) => {
                let answer = match (*verb, option) {
                    (WILL, ECHO | NO_GO_AHEAD) => Some(DO),
                    (WILL, _) => Some(DONT),
                    (DO, _) => Some(WONT),
                    _ => None,
                };
                if let Some(answer) = answer {
                    self.stream.write_all(&[IAC, answer, option])?;
                }
                (Place::Text, None)
            }
            (Place::Subnegotiation { escaped: true }, SE) => (Place::Text, None),
            (Place::Subnegotiation { .. }, _) => {
                let escaped = byte == IAC;
                (Place::Subnegotiation { escaped }, None)
            }
        };
        self.place = place;
        Ok(text)
    }
}
