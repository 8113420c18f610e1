//! Takes a telnet stream apart, one byte at a time.
//!
//! The whole state is in [`Parser`]; a stream cut anywhere gives the same tokens.

use super::{IAC, command};

/// Bytes of a subnegotiation that are kept; no option of ours needs more.
const SUBNEGOTIATION_LIMIT: usize = 256;

/// The four words of a negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// The sender offers to perform the option.
    Will,
    /// The sender does not perform it.
    Wont,
    /// The sender asks the receiver to perform it.
    Do,
    /// The sender asks the receiver not to.
    Dont,
}

impl Verb {
    /// Its byte on the wire.
    pub fn byte(self) -> u8 {
        match self {
            Verb::Will => 251,
            Verb::Wont => 252,
            Verb::Do => 253,
            Verb::Dont => 254,
        }
    }

    fn from_byte(byte: u8) -> Option<Verb> {
        [Verb::Will, Verb::Wont, Verb::Do, Verb::Dont]
            .into_iter()
            .find(|verb| verb.byte() == byte)
    }
}

/// One element of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A byte of data, `IAC IAC` already halved.
    Data(u8),
    /// `IAC byte`, without an operand.
    Command(u8),
    /// `IAC verb option`.
    Option(Verb, u8),
    /// `IAC SB option body IAC SE`; a body past 256 bytes is cut there.
    Subnegotiation(u8, Vec<u8>),
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Data,
    Iac,
    Option(Verb),
    /// After `IAC SB`.
    SubBegin,
    /// Inside the body of an option.
    Sub(u8),
    /// An `IAC` inside the body.
    SubIac(u8),
}

/// The state between two bytes.
#[derive(Debug, Default)]
pub struct Parser {
    state: State,
    body: Vec<u8>,
}

impl Parser {
    /// Takes the next byte; most bytes complete a token.
    pub fn push(&mut self, byte: u8) -> Option<Token> {
        let (next, token) = match std::mem::take(&mut self.state) {
            State::Data if byte == IAC => (State::Iac, None),
            State::Data => (State::Data, Some(Token::Data(byte))),
            State::Iac => self.after_iac(byte),
            State::Option(verb) => (State::Data, Some(Token::Option(verb, byte))),
            State::SubBegin => {
                self.body.clear();
                (State::Sub(byte), None)
            }
            State::Sub(option) if byte == IAC => (State::SubIac(option), None),
            State::Sub(option) => {
                self.keep(byte);
                (State::Sub(option), None)
            }
            State::SubIac(option) => match byte {
                IAC => {
                    self.keep(IAC);
                    (State::Sub(option), None)
                }
                command::SE => {
                    let body = std::mem::take(&mut self.body);
                    (State::Data, Some(Token::Subnegotiation(option, body)))
                }
                // The end was forgotten: what follows is a command of its own.
                other => self.after_iac(other),
            },
        };
        self.state = next;
        token
    }

    fn after_iac(&mut self, byte: u8) -> (State, Option<Token>) {
        if let Some(verb) = Verb::from_byte(byte) {
            return (State::Option(verb), None);
        }
        match byte {
            IAC => (State::Data, Some(Token::Data(IAC))),
            command::SB => (State::SubBegin, None),
            other => (State::Data, Some(Token::Command(other))),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.body.len() < SUBNEGOTIATION_LIMIT {
            self.body.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stream: &[u8], expected: &[Token]) {
        let mut parser = Parser::default();
        let tokens: Vec<_> = stream.iter().filter_map(|&b| parser.push(b)).collect();
        assert_eq!(tokens, expected, "{stream:?}");
    }

    #[test]
    fn a_stream_comes_apart() {
        check(b"a\xff\xff", &[Token::Data(b'a'), Token::Data(255)]);
        check(&[255, 244, b'x'], &[Token::Command(244), Token::Data(b'x')]);
        check(&[255, 253, 1], &[Token::Option(Verb::Do, 1)]);
        check(
            &[255, 250, 31, 0, 255, 255, 0, 24, 255, 240],
            &[Token::Subnegotiation(31, vec![0, 255, 0, 24])],
        );
    }

    #[test]
    fn a_subnegotiation_without_end_does_not_swallow_the_next_command() {
        check(
            &[255, 250, 31, 1, 255, 251, 24, b'x'],
            &[Token::Option(Verb::Will, 24), Token::Data(b'x')],
        );
    }

    #[test]
    fn an_endless_subnegotiation_is_cut_not_hoarded() {
        let mut stream = vec![255, 250, 24];
        stream.extend_from_slice(&[b'x'; 100_000]);
        stream.extend_from_slice(&[255, 240]);
        check(&stream, &[Token::Subnegotiation(24, vec![b'x'; 256])]);
    }
}
