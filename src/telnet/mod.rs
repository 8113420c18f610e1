//! The telnet protocol (RFC 854 to 858, 1073, 1091) as state machines without I/O.
//!
//! The trap is the byte boundary: an `IAC`, a subnegotiation or the `NUL` after a `CR` may
//! come in another read than what it belongs to, so all state lives here and nothing looks
//! back into a buffer.

pub mod client;
pub mod issue;
pub mod parser;
pub mod server;

/// Interpret as command: the byte before every command, doubled when it is data.
pub const IAC: u8 = 255;

/// Command bytes of RFC 854 and RFC 1184.
pub mod command {
    /// End of a subnegotiation.
    pub const SE: u8 = 240;
    /// No operation.
    pub const NOP: u8 = 241;
    /// Break.
    pub const BRK: u8 = 243;
    /// Interrupt process.
    pub const IP: u8 = 244;
    /// Are you there?
    pub const AYT: u8 = 246;
    /// Erase character.
    pub const EC: u8 = 247;
    /// Erase line.
    pub const EL: u8 = 248;
    /// Begin of a subnegotiation.
    pub const SB: u8 = 250;
    /// End of file.
    pub const EOF: u8 = 236;
    /// Suspend process.
    pub const SUSP: u8 = 237;
    /// Abort process.
    pub const ABORT: u8 = 238;
}

/// Option numbers.
pub mod option {
    /// Bytes as they are, without the rules for line ends (RFC 856).
    pub const BINARY: u8 = 0;
    /// The sender echoes what it receives (RFC 857).
    pub const ECHO: u8 = 1;
    /// No go-ahead after each message (RFC 858).
    pub const SUPPRESS_GO_AHEAD: u8 = 3;
    /// Terminal type (RFC 1091).
    pub const TERMINAL_TYPE: u8 = 24;
    /// Window size (RFC 1073).
    pub const WINDOW_SIZE: u8 = 31;
}

/// Appends data to a stream, with every `IAC` in it doubled.
pub fn escape(data: &[u8], stream: &mut Vec<u8>) {
    for &byte in data {
        if byte == IAC {
            stream.push(IAC);
        }
        stream.push(byte);
    }
}

/// Appends `IAC verb option`.
fn negotiate(verb: parser::Verb, option: u8, stream: &mut Vec<u8>) {
    stream.extend_from_slice(&[IAC, verb.byte(), option]);
}

/// Appends a subnegotiation; `body` is escaped.
fn subnegotiate(option: u8, body: &[u8], stream: &mut Vec<u8>) {
    stream.extend_from_slice(&[IAC, command::SB, option]);
    escape(body, stream);
    stream.extend_from_slice(&[IAC, command::SE]);
}

/// How often each option was refused or agreed to: the brake of a negotiation loop.
pub(crate) struct Patience([u8; 256]);

impl Patience {
    /// Answers per option before silence.
    const LIMIT: u8 = 10;

    fn new() -> Patience {
        Patience([0; 256])
    }

    /// Whether one more answer about this option may be sent.
    fn allows(&mut self, option: u8) -> bool {
        let Some(count) = self.0.get_mut(usize::from(option)) else {
            return false;
        };
        *count = count.saturating_add(1);
        *count <= Patience::LIMIT
    }
}

#[test]
fn data_bytes_255_are_doubled() {
    let mut stream = Vec::new();
    escape(b"a\xffb", &mut stream);
    assert_eq!(stream, b"a\xff\xffb");
}
