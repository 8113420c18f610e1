//! What the terminal must be sent to show a prompt and a line.
//!
//! The screen remembers only in which row of the edited text the cursor stands; each
//! redraw starts from there. Text that ends exactly at the right margin leaves terminals
//! in a state of their own (the cursor hangs in the last column until the next
//! character), so one blank is sent to push it into the next row.

/// Where the line stands on the terminal.
#[derive(Debug)]
pub struct Screen {
    columns: usize,
    /// Row of the cursor, counted from the row where the prompt begins.
    row: usize,
}

/// Width and bytes of a text as it is shown.
#[derive(Debug, Default)]
struct Shown {
    bytes: Vec<u8>,
    width: usize,
}

impl Screen {
    /// A screen with so many columns; 0 (a serial line that does not know) counts as 80.
    pub fn new(columns: u16) -> Screen {
        let mut screen = Screen {
            columns: 80,
            row: 0,
        };
        screen.resize(columns);
        screen
    }

    /// The terminal has another width now.
    pub fn resize(&mut self, columns: u16) {
        self.columns = if columns == 0 {
            80
        } else {
            usize::from(columns)
        };
    }

    /// Shows prompt and line with the cursor before byte `cursor`, over what stood there.
    pub fn draw(&mut self, prompt: &[u8], line: &[u8], cursor: usize, out: &mut Vec<u8>) {
        let cursor = cursor.min(line.len());
        let (before, after) = line.split_at(cursor);
        let (prompt, before, after) = (show_prompt(prompt), show(before), show(after));
        if self.row > 0 {
            out.extend_from_slice(format!("\x1b[{}A", self.row).as_bytes());
        }
        out.push(b'\r');
        for part in [&prompt, &before, &after] {
            out.extend_from_slice(&part.bytes);
        }
        let place = prompt.width + before.width;
        let end = place + after.width;
        if end > 0 && end.is_multiple_of(self.columns) {
            out.extend_from_slice(b" \r");
        }
        out.extend_from_slice(b"\x1b[J");
        self.row = place / self.columns;
        self.place(end / self.columns, place, out);
    }

    /// Moves from the last row of the text to the cursor's place.
    fn place(&self, from_row: usize, place: usize, out: &mut Vec<u8>) {
        if from_row > self.row {
            out.extend_from_slice(format!("\x1b[{}A", from_row - self.row).as_bytes());
        }
        out.push(b'\r');
        let column = place % self.columns;
        if column > 0 {
            out.extend_from_slice(format!("\x1b[{column}C").as_bytes());
        }
    }

    /// Adds one plain character at the end of the line; false when a redraw is needed.
    pub fn append(&mut self, width_before: usize, byte: u8, out: &mut Vec<u8>) -> bool {
        let fits = !(width_before + 1).is_multiple_of(self.columns);
        if fits && (0x20..0x7f).contains(&byte) {
            out.push(byte);
            return true;
        }
        false
    }

    /// The cursor was put at the beginning of a fresh row by somebody else.
    pub fn forget(&mut self) {
        self.row = 0;
    }
}

/// Columns that prompt and line take.
pub fn width(prompt: &[u8], line: &[u8]) -> usize {
    show_prompt(prompt).width + show(line).width
}

/// A line as it is shown: control characters as `^X`, bytes that are no text as `?`.
fn show(text: &[u8]) -> Shown {
    let mut shown = Shown::default();
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match u8::try_from(c) {
                Ok(b @ (0x00..0x20 | 0x7f)) => {
                    shown.bytes.extend_from_slice(&[b'^', b ^ 0x40]);
                    shown.width += 2;
                }
                _ => {
                    shown
                        .bytes
                        .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    shown.width += 1;
                }
            }
        }
        for _ in chunk.invalid() {
            shown.bytes.push(b'?');
            shown.width += 1;
        }
    }
    shown
}

/// A prompt as it is sent: escape sequences take no room, nor does what stands between the
/// marks 1 and 2 (the shell's `\[` and `\]`).
fn show_prompt(prompt: &[u8]) -> Shown {
    let mut shown = Shown::default();
    let (mut hidden, mut rest) = (false, prompt);
    while let Some((&first, tail)) = rest.split_first() {
        let length = if first == 0x1b {
            escape_length(rest)
        } else {
            1
        };
        match first {
            1 | 2 => hidden = first == 1,
            0x1b => shown.bytes.extend_from_slice(&rest[..length]),
            _ => {
                shown.bytes.push(first);
                // Continuation bytes of a character take no room of their own.
                let takes_room = first >= 0x20 && first & 0xc0 != 0x80;
                shown.width += usize::from(takes_room && !hidden);
            }
        }
        rest = tail.get(length - 1..).unwrap_or_default();
    }
    shown
}

/// Bytes of the escape sequence at the beginning of `text`: `ESC [ ... letter`,
/// `ESC ] ... BEL`, or Escape and one byte.
fn escape_length(text: &[u8]) -> usize {
    let is_end = |b: &u8| match text.get(1) {
        Some(b'[') => (0x40..0x7f).contains(b),
        Some(b']') => *b == 7,
        _ => true,
    };
    let start = if matches!(text.get(1), Some(b'[' | b']')) {
        2
    } else {
        1
    };
    let found = text.iter().skip(start).position(is_end);
    found
        .map_or(text.len(), |at| start + at + 1)
        .min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: u16, prompt: &[u8], line: &[u8], cursor: usize, expected: &str) {
        let mut out = Vec::new();
        Screen::new(columns).draw(prompt, line, cursor, &mut out);
        assert_eq!(String::from_utf8_lossy(&out).replace('\x1b', "E"), expected);
    }

    #[test]
    fn the_cursor_stands_where_it_should() {
        check(80, b"$ ", b"ls", 2, "\r$ lsE[J\rE[4C");
        check(80, b"$ ", b"ls", 0, "\r$ lsE[J\rE[2C");
        check(5, b"$ ", b"abcde", 5, "\r$ abcdeE[J\rE[2C");
        check(5, b"$ ", b"abcde", 0, "\r$ abcdeE[JE[1A\rE[2C");
        check(5, b"$ ", b"abc", 3, "\r$ abc \rE[J\r");
    }

    #[test]
    fn control_bytes_are_made_visible() {
        check(80, b"", b"a\x01\xff", 3, "\ra^A?E[J\rE[4C");
        check(80, b"", "\u{e4}b".as_bytes(), 3, "\r\u{e4}bE[J\rE[2C");
    }

    #[test]
    fn escapes_in_a_prompt_take_no_room() {
        assert_eq!(width(b"\x1b[1;31mred\x1b[0m$ ", b""), 5);
        assert_eq!(width(b"\x1b]0;title\x07$ ", b"x"), 3);
        assert_eq!(width(b"\x01hidden\x02$ ", b""), 2);
        assert_eq!(width(b"$ \x1b", b""), 2);
    }
}
