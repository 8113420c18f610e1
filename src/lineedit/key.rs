//! Bytes of a terminal to keys.
//!
//! Escape sequences may arrive in pieces; the decoder keeps its place between bytes. A
//! lone Escape waits for the next byte: no clock is needed, and none is wrong.

/// What was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A byte of text; a character of several bytes comes as several keys.
    Byte(u8),
    /// Control with a letter, given as the letter in upper case (also `[`, `\`, `]`, `^`, `_`).
    Ctrl(u8),
    /// Escape and then this byte.
    Alt(u8),
    /// Enter, as CR or LF.
    Enter,
    /// Backspace, as DEL or BS.
    Backspace,
    /// Tab.
    Tab,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Control or Alt with arrow left.
    WordLeft,
    /// Control or Alt with arrow right.
    WordRight,
    /// Home.
    Home,
    /// End.
    End,
    /// Delete.
    Delete,
    /// A sequence that means nothing to us.
    Unknown,
}

/// How far into an escape sequence we are.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    /// Between the marks that terminals put around what is pasted.
    pasting: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    Escape,
    /// After two of them: Alt with what follows, as rxvt and PuTTY send it.
    Escapes,
    /// After `ESC [`: the parameters so far, at most [`PARAMETERS`] bytes.
    Csi(Vec<u8>),
    /// After `ESC O`.
    Ss3,
    /// After Control-V: the next byte means itself.
    Literal,
}

/// Longer sequences are noise.
const PARAMETERS: usize = 16;

impl Decoder {
    /// Takes one byte; gives a key when one is complete.
    pub fn feed(&mut self, byte: u8) -> Option<Key> {
        let key = self.decode(byte);
        // Nor do the keys in a pasted text do anything.
        key.filter(|key| !self.pasting || matches!(key, Key::Byte(_)))
    }

    fn decode(&mut self, byte: u8) -> Option<Key> {
        match std::mem::take(&mut self.state) {
            State::Ground => self.ground(byte),
            State::Escape => self.escape(byte),
            State::Ss3 => Some(final_byte(byte, b"")),
            State::Escapes if byte == b'[' => {
                self.state = State::Csi(b"3".to_vec());
                None
            }
            State::Escapes => self.escape(byte),
            State::Literal => Some(Key::Byte(byte)),
            State::Csi(parameters) if byte == b'~' && parameters == b"200" => {
                self.pasting = true;
                None
            }
            State::Csi(parameters) if byte == b'~' && parameters == b"201" => {
                self.pasting = false;
                None
            }
            State::Csi(mut parameters) => match byte {
                0x20..=0x3f if parameters.len() < PARAMETERS => {
                    parameters.push(byte);
                    self.state = State::Csi(parameters);
                    None
                }
                // The Linux console sends F1 to F5 as ESC [ [ A.
                b'[' if parameters.is_empty() => {
                    self.state = State::Csi(vec![b'[']);
                    None
                }
                _ => Some(final_byte(byte, &parameters)),
            },
        }
    }

    fn ground(&mut self, byte: u8) -> Option<Key> {
        if self.pasting {
            return self.pasted(byte);
        }
        Some(match byte {
            0x16 => {
                self.state = State::Literal;
                return None;
            }
            b'\r' | b'\n' => Key::Enter,
            0x7f | 0x08 => Key::Backspace,
            b'\t' => Key::Tab,
            0x1b => {
                self.state = State::Escape;
                return None;
            }
            0x00..0x20 => Key::Ctrl(byte + 0x40),
            _ => Key::Byte(byte),
        })
    }

    /// Whether the end of a paste has not come yet.
    pub fn is_pasting(&self) -> bool {
        self.pasting
    }

    /// Pasted text does nothing but stand there. Control-C ends a paste whose end was lost;
    /// the caller leaves out one that is pasted.
    fn pasted(&mut self, byte: u8) -> Option<Key> {
        match byte {
            0x1b => self.state = State::Escape,
            3 => {
                self.pasting = false;
                return Some(Key::Ctrl(b'C'));
            }
            b'\r' => return Some(Key::Byte(b'\n')),
            b'\n' | b'\t' | 0x20..=0x7e | 0x80.. => return Some(Key::Byte(byte)),
            _ => {}
        }
        None
    }

    fn escape(&mut self, byte: u8) -> Option<Key> {
        match byte {
            b'[' => self.state = State::Csi(Vec::new()),
            b'O' => self.state = State::Ss3,
            0x1b => self.state = State::Escapes,
            0x08 => return Some(Key::Alt(0x7f)),
            _ => return Some(Key::Alt(byte)),
        }
        None
    }
}

/// The key of a finished sequence (ECMA-48 8.3; `~` forms as the VT220 has them).
fn final_byte(byte: u8, parameters: &[u8]) -> Key {
    let modified = matches!(parameters, b"1;5" | b"1;3" | b"5" | b"3");
    match (byte, parameters) {
        (_, b"[") => Key::Unknown,
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', _) if modified => Key::WordRight,
        (b'D', _) if modified => Key::WordLeft,
        (b'C', _) => Key::Right,
        (b'D', _) => Key::Left,
        // rxvt and PuTTY send Control with arrows as ESC O c and ESC O C.
        (b'c', _) => Key::WordRight,
        (b'd', _) => Key::WordLeft,
        (b'H', _) | (b'~', b"1" | b"7") => Key::Home,
        (b'F', _) | (b'~', b"4" | b"8") => Key::End,
        (b'~', b"3") => Key::Delete,
        _ => Key::Unknown,
    }
}

#[test]
fn sequences_of_common_terminals() {
    let check = |bytes: &[u8], expected: &[Key]| {
        let mut decoder = Decoder::default();
        let keys: Vec<Key> = bytes.iter().filter_map(|b| decoder.feed(*b)).collect();
        assert_eq!(keys, expected, "{bytes:?}");
    };
    check(b"a\x1b[Ab", &[Key::Byte(b'a'), Key::Up, Key::Byte(b'b')]);
    check(b"\x1b[1~\x1b[7~\x1b[H\x1bOH", &[Key::Home; 4]);
    check(b"\x1b[4~\x1b[8~\x1b[F\x1bOF", &[Key::End; 4]);
    check(
        b"\x1b[3~\x7f\x08",
        &[Key::Delete, Key::Backspace, Key::Backspace],
    );
    check(
        b"\x1b[1;5C\x1b[1;5D\x1bb",
        &[Key::WordRight, Key::WordLeft, Key::Alt(b'b')],
    );
    check(
        b"\x1b[[A\x1b[15~\r\n",
        &[Key::Unknown, Key::Unknown, Key::Enter, Key::Enter],
    );
    check(b"\x01\x1b\x1b[D", &[Key::Ctrl(b'A'), Key::WordLeft]);
}
