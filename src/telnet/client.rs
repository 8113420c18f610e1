//! The client's side: agrees to what makes a session comfortable, refuses the rest.

use super::parser::{Parser, Token, Verb};
use super::{IAC, Patience, negotiate, option, subnegotiate};

/// What the server sent, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Output for the screen.
    Data(Vec<u8>),
    /// The server echoes (true) or leaves echo and line editing to us.
    ServerEchoes(bool),
}

/// One connection as its client sees it.
pub struct Client {
    parser: Parser,
    after_cr: bool,
    server_echoes: bool,
    reports_size: bool,
    /// The server's bytes come as they are, and ours go as they are.
    binary: [bool; 2],
    size: (u16, u16),
    terminal: Vec<u8>,
    patience: [Patience; 2],
    replies: Vec<u8>,
}

impl Client {
    /// A connection at its start: nothing is sent before the server asks. `terminal` is
    /// told as the terminal type, `size` is columns and rows.
    pub fn new(terminal: &[u8], size: (u16, u16)) -> Client {
        Client {
            parser: Parser::default(),
            after_cr: false,
            server_echoes: false,
            reports_size: false,
            binary: [false; 2],
            size,
            terminal: terminal.to_vec(),
            patience: [Patience::new(), Patience::new()],
            replies: Vec::new(),
        }
    }

    /// Takes what the socket gave.
    pub fn receive(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            match self.parser.push(byte) {
                Some(Token::Data(byte)) => self.data(byte, &mut events),
                Some(Token::Option(verb, number)) => self.negotiated(verb, number, &mut events),
                // SEND (1): the server wants the name.
                Some(Token::Subnegotiation(option::TERMINAL_TYPE, body))
                    if body == [1] && self.patience[1].allows(option::TERMINAL_TYPE) =>
                {
                    let body = [&[0], &self.terminal[..]].concat();
                    subnegotiate(option::TERMINAL_TYPE, &body, &mut self.replies);
                }
                _ => {}
            }
        }
        events
    }

    /// What must be sent to the server before anything else.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// The window has another size; the server is told if it wants to know.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.size = (columns, rows);
        if self.reports_size {
            self.report_size();
        }
    }

    /// Keystrokes as they go onto the wire: Enter is CR NUL (RFC 854), 255 is doubled.
    pub fn send(&self, keys: &[u8], stream: &mut Vec<u8>) {
        for &byte in keys {
            match byte {
                IAC => stream.extend_from_slice(&[IAC, IAC]),
                other if self.binary[1] => stream.push(other),
                b'\r' | b'\n' if self.server_echoes => stream.extend_from_slice(b"\r\0"),
                b'\n' => stream.extend_from_slice(b"\r\n"),
                other => stream.push(other),
            }
        }
    }

    fn report_size(&mut self) {
        let (columns, rows) = self.size;
        let body = [columns.to_be_bytes(), rows.to_be_bytes()].concat();
        subnegotiate(option::WINDOW_SIZE, &body, &mut self.replies);
    }

    fn data(&mut self, byte: u8, events: &mut Vec<Event>) {
        let ends_line = byte == b'\r' && !self.binary[0];
        let follows_cr = std::mem::replace(&mut self.after_cr, ends_line);
        if follows_cr && byte == 0 {
            return;
        }
        match events.last_mut() {
            Some(Event::Data(data)) => data.push(byte),
            _ => events.push(Event::Data(vec![byte])),
        }
    }

    fn negotiated(&mut self, verb: Verb, number: u8, events: &mut Vec<Event>) {
        match (verb, number) {
            (Verb::Will | Verb::Wont, option::ECHO) => {
                let echoes = verb == Verb::Will;
                if self.server_echoes != echoes {
                    self.server_echoes = echoes;
                    self.answer(0, if echoes { Verb::Do } else { Verb::Dont }, number);
                    events.push(Event::ServerEchoes(echoes));
                }
            }
            (Verb::Will, option::SUPPRESS_GO_AHEAD) => self.answer_once(0, Verb::Do, number),
            (Verb::Do, option::SUPPRESS_GO_AHEAD | option::TERMINAL_TYPE) => {
                self.answer_once(1, Verb::Will, number);
            }
            (Verb::Do, option::WINDOW_SIZE) => {
                if !self.reports_size {
                    self.reports_size = true;
                    self.answer(1, Verb::Will, number);
                    self.report_size();
                }
            }
            (Verb::Dont, option::WINDOW_SIZE) => self.reports_size = false,
            (Verb::Will | Verb::Wont, option::BINARY) => {
                let on = verb == Verb::Will;
                if std::mem::replace(&mut self.binary[0], on) != on {
                    self.answer(0, if on { Verb::Do } else { Verb::Dont }, number);
                }
            }
            (Verb::Do | Verb::Dont, option::BINARY) => {
                let on = verb == Verb::Do;
                if std::mem::replace(&mut self.binary[1], on) != on {
                    self.answer(1, if on { Verb::Will } else { Verb::Wont }, number);
                }
            }
            (Verb::Will, _) => self.answer(0, Verb::Dont, number),
            (Verb::Do, _) => self.answer(1, Verb::Wont, number),
            (Verb::Wont | Verb::Dont, _) => {}
        }
    }

    fn answer(&mut self, side: usize, verb: Verb, number: u8) {
        if self.patience[side].allows(number) {
            negotiate(verb, number, &mut self.replies);
        }
    }

    /// Agrees to what needs no state of ours: the second time there is nothing to change.
    fn answer_once(&mut self, side: usize, verb: Verb, number: u8) {
        let count = &mut self.patience[side].0[usize::from(number)];
        if *count == 0 {
            *count = 1;
            negotiate(verb, number, &mut self.replies);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telnet::server;

    #[test]
    fn our_client_and_our_server_come_to_terms() {
        let mut client = Client::new(b"xterm", (100, 30));
        let mut server = server::Server::new();
        let (mut told, mut shown) = (Vec::new(), Vec::new());
        for _ in 0..10 {
            shown.extend(client.receive(&server.take_replies()));
            told.extend(server.receive(&client.take_replies()));
        }
        let size = server::Event::WindowSize {
            columns: 100,
            rows: 30,
        };
        assert_eq!(told, [size, server::Event::Terminal("xterm".into())]);
        assert_eq!(shown, [Event::ServerEchoes(true)]);
        assert!(server.take_replies().is_empty() && client.take_replies().is_empty());
    }

    #[test]
    fn keys_are_dressed_for_the_wire() {
        let mut client = Client::new(b"xterm", (80, 24));
        let mut stream = Vec::new();
        client.send(b"a\n\xff", &mut stream);
        client.receive(&[255, 251, 1]);
        client.send(b"\r", &mut stream);
        assert_eq!(stream, b"a\r\n\xff\xff\r\0");
    }

    #[test]
    fn in_binary_mode_keys_and_output_are_left_as_they_are() {
        let mut client = Client::new(b"xterm", (80, 24));
        client.receive(&[255, 251, 1, 255, 251, 0, 255, 253, 0]);
        assert_eq!(client.take_replies(), b"\xff\xfd\x01\xff\xfd\0\xff\xfb\0");
        let mut stream = Vec::new();
        client.send(b"a\r\n\xff", &mut stream);
        assert_eq!(stream, b"a\r\n\xff\xff");
        assert_eq!(client.receive(b"\r\0"), [Event::Data(b"\r\0".to_vec())]);
        client.receive(&[255, 252, 0, 255, 254, 0]);
        assert_eq!(client.receive(b"\r\0"), [Event::Data(b"\r".to_vec())]);
    }

    #[test]
    fn a_null_after_a_return_is_not_shown() {
        let mut client = Client::new(b"xterm", (80, 24));
        let mut events = client.receive(b"a\r");
        events.extend(client.receive(b"\0b\r\n"));
        let data = |text: &[u8]| Event::Data(text.to_vec());
        assert_eq!(events, [data(b"a\r"), data(b"b\r\n")]);
    }
}
