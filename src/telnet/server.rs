//! The server's side: what is offered, how answers are given, what reaches the terminal.
//!
//! Clients send Enter as `CR NUL` or `CR LF`; both become `CR`, and the second byte goes
//! even when it comes in the next packet.

use super::parser::{Parser, Token, Verb};
use super::{IAC, Patience, command, negotiate, option, subnegotiate};

/// The first bytes of every connection: DO ECHO, DO NAWS, WILL ECHO, WILL SGA.
pub const GREETING: [u8; 12] = [
    IAC, 253, 1, //
    IAC, 253, 31, //
    IAC, 251, 1, //
    IAC, 251, 3,
];

/// What the peer sent, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Keystrokes for the terminal.
    Data(Vec<u8>),
    /// The window has this size; 0 means unknown.
    WindowSize {
        /// Characters in a line.
        columns: u16,
        /// Lines.
        rows: u16,
    },
    /// The kind of terminal, in lower case, fit for TERM.
    Terminal(String),
    /// A key that the peer names instead of sending: the terminal knows its character.
    Key(Key),
    /// The peer asks whether we live.
    AreYouThere,
}

/// Special characters of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// IP and BRK: ^C.
    Interrupt,
    /// EC: backspace.
    EraseCharacter,
    /// EL: ^U.
    EraseLine,
    /// EOF: ^D.
    EndOfFile,
    /// SUSP: ^Z.
    Suspend,
    /// ABORT: ^\.
    Quit,
}

/// How far the question for the terminal type has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Terminal {
    NotAsked,
    Asked,
    Settled,
}

/// One connection.
pub struct Server {
    parser: Parser,
    after_cr: bool,
    echo: bool,
    /// The peer's bytes come as they are, and ours go as they are.
    binary: [bool; 2],
    terminal: Terminal,
    speaks_telnet: bool,
    /// Answers to WILL and WONT, to DO and DONT.
    patience: [Patience; 2],
    replies: Vec<u8>,
}

impl Default for Server {
    fn default() -> Server {
        Server::new()
    }
}

impl Server {
    /// A connection at its start; the greeting is the first reply.
    pub fn new() -> Server {
        Server {
            parser: Parser::default(),
            after_cr: false,
            echo: true,
            binary: [false; 2],
            terminal: Terminal::NotAsked,
            speaks_telnet: false,
            patience: [Patience::new(), Patience::new()],
            replies: GREETING.to_vec(),
        }
    }

    /// Takes what the socket gave; neighbouring data are one event.
    pub fn receive(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            let Some(token) = self.parser.push(byte) else {
                continue;
            };
            if !matches!(token, Token::Data(_)) {
                self.note_telnet();
            }
            match token {
                Token::Data(byte) => self.data(byte, &mut events),
                Token::Command(byte) => events.extend(event_of(byte)),
                Token::Option(verb, number) => self.negotiated(verb, number),
                Token::Subnegotiation(number, body) => self.told(number, &body, &mut events),
            }
        }
        events
    }

    /// What must be sent to the peer before anything else.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// Whether the peer has sent any command: a plain TCP client never does.
    pub fn speaks_telnet(&self) -> bool {
        self.speaks_telnet
    }

    /// Whether the terminal type is known or will never be.
    pub fn terminal_settled(&self) -> bool {
        self.terminal == Terminal::Settled
    }

    /// The first command shows a telnet client: now its terminal may be asked for.
    fn note_telnet(&mut self) {
        self.speaks_telnet = true;
        if self.terminal == Terminal::NotAsked {
            self.terminal = Terminal::Asked;
            negotiate(Verb::Do, option::TERMINAL_TYPE, &mut self.replies);
        }
    }

    fn data(&mut self, byte: u8, events: &mut Vec<Event>) {
        let ends_line = byte == b'\r' && !self.binary[0];
        let follows_cr = std::mem::replace(&mut self.after_cr, ends_line);
        if follows_cr && matches!(byte, 0 | b'\n') {
            return;
        }
        match events.last_mut() {
            Some(Event::Data(data)) => data.push(byte),
            _ => events.push(Event::Data(vec![byte])),
        }
    }

    fn negotiated(&mut self, verb: Verb, number: u8) {
        match (verb, number) {
            // Answers to the greeting; DO for what we do already is no question.
            (Verb::Will, option::WINDOW_SIZE) => {}
            (Verb::Do, option::SUPPRESS_GO_AHEAD) => {}
            (Verb::Do, option::ECHO) if self.echo => {}
            (Verb::Do, option::ECHO) => {
                self.echo = true;
                self.answer(1, Verb::Will, number);
            }
            (Verb::Dont, option::ECHO) if self.echo => {
                self.echo = false;
                self.answer(1, Verb::Wont, number);
            }
            (Verb::Will, option::TERMINAL_TYPE) => {
                if self.terminal == Terminal::Asked && self.patience[0].allows(number) {
                    subnegotiate(number, &[1], &mut self.replies);
                }
            }
            (Verb::Wont, option::TERMINAL_TYPE) => self.terminal = Terminal::Settled,
            (Verb::Will, option::SUPPRESS_GO_AHEAD) => self.answer(0, Verb::Do, number),
            (Verb::Will | Verb::Wont, option::BINARY) => {
                self.set_binary(0, verb == Verb::Will, [Verb::Do, Verb::Dont]);
            }
            (Verb::Do | Verb::Dont, option::BINARY) => {
                self.set_binary(1, verb == Verb::Do, [Verb::Will, Verb::Wont]);
            }
            // Also for ECHO, although the greeting asks for it: a peer that really echoed
            // our output would send it back to us for ever.
            (Verb::Will, _) => self.answer(0, Verb::Dont, number),
            (Verb::Do, _) => self.answer(1, Verb::Wont, number),
            (Verb::Wont | Verb::Dont, _) => {}
        }
    }

    /// One direction becomes binary, or no longer is; only a change is answered.
    fn set_binary(&mut self, side: usize, on: bool, [yes, no]: [Verb; 2]) {
        if self.binary[side] != on {
            self.binary[side] = on;
            self.answer(side, if on { yes } else { no }, option::BINARY);
        }
    }

    fn answer(&mut self, side: usize, verb: Verb, number: u8) {
        if self.patience[side].allows(number) {
            negotiate(verb, number, &mut self.replies);
        }
    }

    fn told(&mut self, number: u8, body: &[u8], events: &mut Vec<Event>) {
        match (number, body) {
            (option::WINDOW_SIZE, &[c1, c2, r1, r2]) => events.push(Event::WindowSize {
                columns: u16::from_be_bytes([c1, c2]),
                rows: u16::from_be_bytes([r1, r2]),
            }),
            (option::TERMINAL_TYPE, [0, name @ ..]) if self.terminal == Terminal::Asked => {
                self.terminal = Terminal::Settled;
                events.extend(terminal_name(name).map(Event::Terminal));
            }
            _ => {}
        }
    }
}

fn event_of(byte: u8) -> Option<Event> {
    Some(match byte {
        command::IP | command::BRK => Event::Key(Key::Interrupt),
        command::EC => Event::Key(Key::EraseCharacter),
        command::EL => Event::Key(Key::EraseLine),
        command::EOF => Event::Key(Key::EndOfFile),
        command::SUSP => Event::Key(Key::Suspend),
        command::ABORT => Event::Key(Key::Quit),
        command::AYT => Event::AreYouThere,
        _ => return None,
    })
}

/// A name from the wire as a value of TERM; it becomes part of file names in terminfo.
fn terminal_name(name: &[u8]) -> Option<String> {
    let fits = |&b: &u8| b.is_ascii_alphanumeric() || b"-_+.".contains(&b);
    if name.is_empty() || name.len() > 40 || !name.iter().all(fits) || name[0] == b'.' {
        return None;
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    (name != "unknown").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events and replies (without the greeting) of a stream given in pieces.
    fn run<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Vec<u8>) {
        let mut server = Server::new();
        let mut events: Vec<Event> = Vec::new();
        for piece in pieces {
            for event in server.receive(piece) {
                match (events.last_mut(), event) {
                    (Some(Event::Data(old)), Event::Data(new)) => old.extend(new),
                    (_, event) => events.push(event),
                }
            }
        }
        let replies = server.take_replies();
        assert_eq!(replies[..12], GREETING);
        (events, replies[12..].to_vec())
    }

    fn data(text: &[u8]) -> Event {
        Event::Data(text.to_vec())
    }

    fn check(stream: &[u8], events: &[Event], replies: &[u8]) {
        let whole = run([stream]);
        assert_eq!(whole.0, events, "{stream:?}");
        assert_eq!(whole.1, replies, "{stream:?}");
        for cut in 0..=stream.len() {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(run([head, tail]), whole, "cut at {cut}: {stream:?}");
        }
        assert_eq!(run(stream.chunks(1)), whole, "byte by byte: {stream:?}");
    }

    const ASK_TERMINAL: [u8; 3] = [255, 253, 24];

    fn asked_and(more: &[u8]) -> Vec<u8> {
        [&ASK_TERMINAL, more].concat()
    }

    #[test]
    fn enter_is_one_carriage_return_however_it_is_sent() {
        check(b"a\r\0b\r\nc\rd", &[data(b"a\rb\rc\rd")], &[]);
        check(b"\n\0", &[data(b"\n\0")], &[]);
        check(b"\r\r\0\0", &[data(b"\r\r\0")], &[]);
    }

    #[test]
    fn a_plain_client_is_sent_nothing_but_the_greeting() {
        check(b"ls\nexit\n", &[data(b"ls\nexit\n")], &[]);
    }

    #[test]
    fn the_window_size_survives_a_doubled_255() {
        let stream = [255, 250, 31, 0, 255, 255, 0, 24, 255, 240, b'x'];
        let size = Event::WindowSize {
            columns: 255,
            rows: 24,
        };
        check(&stream, &[size, data(b"x")], &ASK_TERMINAL);
    }

    #[test]
    fn the_terminal_type_is_asked_once_and_taken_in_lower_case() {
        let mut stream = vec![255, 251, 24, 255, 250, 24, 0];
        stream.extend_from_slice(b"XTERM-256color\xff\xf0");
        stream.extend_from_slice(b"\xff\xfa\x18\0again\xff\xf0");
        let replies = asked_and(&[255, 250, 24, 1, 255, 240]);
        check(
            &stream,
            &[Event::Terminal("xterm-256color".into())],
            &replies,
        );
    }

    #[test]
    fn a_terminal_type_that_is_no_name_is_ignored() {
        for name in [&b"../../x"[..], b"a b", b"", b".", &[b'x'; 41]] {
            let stream = [b"\xff\xfa\x18\0", name, b"\xff\xf0"].concat();
            check(&stream, &[], &ASK_TERMINAL);
        }
    }

    #[test]
    fn agreement_with_the_greeting_is_not_answered() {
        let stream = [
            255, 252, 1, 255, 251, 31, 255, 253, 1, 255, 253, 3, 255, 252, 24,
        ];
        check(&stream, &[], &ASK_TERMINAL);
    }

    #[test]
    fn unknown_options_are_refused_and_echo_is_never_taken_from_the_client() {
        check(&[255, 251, 39], &[], &asked_and(&[255, 254, 39]));
        check(&[255, 253, 5], &[], &asked_and(&[255, 252, 5]));
        check(&[255, 251, 1], &[], &asked_and(&[255, 254, 1]));
    }

    #[test]
    fn in_binary_mode_no_byte_is_taken_away() {
        let stream = b"\xff\xfb\0a\r\0b\r\n\xff\xff\xff\xfb\0\xff\xfc\0c\r\0";
        let replies = asked_and(b"\xff\xfd\0\xff\xfe\0");
        check(stream, &[data(b"a\r\0b\r\n\xffc\r")], &replies);
        let replies = asked_and(b"\xff\xfb\0\xff\xfc\0");
        check(b"\xff\xfd\0\xff\xfd\0\xff\xfe\0", &[], &replies);
    }

    #[test]
    fn a_peer_that_insists_is_not_answered_for_ever() {
        let (_, replies) = run([&[255, 251, 39].repeat(1000)[..]]);
        assert_eq!(replies.len(), 3 + 10 * 3);
    }

    #[test]
    fn named_keys_keep_their_place_among_the_data() {
        check(
            &[b'a', 255, 244, b'b', 255, 246, 255, 247, 255, 241],
            &[
                data(b"a"),
                Event::Key(Key::Interrupt),
                data(b"b"),
                Event::AreYouThere,
                Event::Key(Key::EraseCharacter),
            ],
            &ASK_TERMINAL,
        );
    }
}
