//! Where each character of a prompt and a line stands, in rows of a terminal.

use crate::text::width;

/// A place: row and column, both from 0, counted from where the prompt begins.
///
/// A column equal to the width of the terminal: the row is full, and the cursor hangs in
/// its last column until the next character comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Rows below the beginning of the prompt.
    pub row: usize,
    /// Columns from the left margin.
    pub column: usize,
}

/// Something that is sent as a whole: a character as it is shown, a line end, the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Where its bytes end in [`Layout::bytes`].
    pub end: usize,
    /// Where it is shown.
    pub from: Place,
    /// Where the cursor stands after it.
    pub to: Place,
}

/// A text with all its places.
#[derive(Debug, Default)]
pub struct Layout {
    /// What is sent to show it.
    pub bytes: Vec<u8>,
    /// Its parts, in order.
    pub cells: Vec<Cell>,
    columns: usize,
    at: Place,
}

impl Layout {
    /// A terminal of so many columns, with nothing on it.
    pub fn new(columns: usize) -> Layout {
        Layout {
            columns,
            ..Layout::default()
        }
    }

    /// Where the next character goes.
    pub fn end(&self) -> Place {
        match self.at.column >= self.columns {
            true => self.next_row(),
            false => self.at,
        }
    }

    /// Whether the last row is full and the cursor hangs.
    pub fn hangs(&self) -> bool {
        self.at.column >= self.columns
    }

    /// Where the bytes of a cell begin.
    pub fn start(&self, cell: usize) -> usize {
        let before = cell.checked_sub(1).and_then(|at| self.cells.get(at));
        before.map_or(0, |cell| cell.end)
    }

    /// How many cells at the beginning are those of another layout.
    pub fn same_cells(&self, other: &Layout) -> usize {
        let same = |(at, (cell, others)): &(usize, (&Cell, &Cell))| {
            cell == others
                && self.bytes[self.start(*at)..cell.end] == other.bytes[other.start(*at)..cell.end]
        };
        let pairs = self.cells.iter().zip(&other.cells).enumerate();
        pairs.take_while(same).count()
    }

    /// Drops all cells but these.
    pub fn keep(&mut self, start: usize, end: usize) {
        if end < self.cells.len() {
            self.bytes.truncate(self.start(end));
            self.cells.truncate(end);
            self.at = self.cells.last().map_or(self.at, |cell| cell.to);
        }
        let dropped = self.start(start.min(end));
        self.bytes.drain(..dropped);
        self.cells.drain(..start.min(end));
        for cell in &mut self.cells {
            cell.end -= dropped;
        }
    }

    /// What stands in a row between two columns, if characters begin and end there.
    pub fn row_part(&self, row: usize, from: usize, to: usize) -> Option<&[u8]> {
        let first = self.cells.iter().position(|cell| {
            (cell.from.row, cell.from.column) == (row, from) && cell.to != cell.from
        })?;
        let last = self
            .cells
            .iter()
            .rposition(|cell| cell.from.row == row && (cell.to.row, cell.to.column) == (row, to))?;
        self.bytes.get(self.start(first)..self.cells[last].end)
    }

    /// Adds the last row of a prompt, as one cell: escape sequences take no room, nor does
    /// what stands between the bytes 1 and 2 (the shell's `\[` and `\]`).
    pub fn prompt(&mut self, prompt: &[u8]) {
        let (mut hidden, mut rest) = (false, prompt);
        while let Some(&first) = rest.first() {
            let length = match first {
                0x1b => escape_length(rest),
                _ => character_length(rest),
            };
            let (unit, after) = rest.split_at(length);
            rest = after;
            match first {
                1 | 2 => hidden = first == 1,
                b'\r' => {
                    self.bytes.push(b'\r');
                    self.at.column = 0;
                }
                _ if first < 0x20 || hidden => self.bytes.extend_from_slice(unit),
                _ => self.advance(unit, columns_of(unit)),
            }
        }
        self.close(Place::default());
    }

    /// Adds a piece of the line: control characters as `^X`, bytes that are no text as `?`.
    pub fn text(&mut self, text: &[u8]) {
        for chunk in text.utf8_chunks() {
            for c in chunk.valid().chars() {
                self.character(c);
            }
            for _ in chunk.invalid() {
                self.shown(b"?", 1);
            }
        }
    }

    fn character(&mut self, c: char) {
        match u8::try_from(c) {
            Ok(b'\n') => self.line_end(),
            Ok(b @ (0x00..0x20 | 0x7f)) => {
                self.shown(b"^", 1);
                self.shown(&[b ^ 0x40], 1);
            }
            // Controls of the upper half would be obeyed by some terminals.
            Ok(0x80..0xa0) => self.shown(b"?", 1),
            _ => self.shown(c.encode_utf8(&mut [0; 4]).as_bytes(), width::of(c)),
        }
    }

    fn shown(&mut self, bytes: &[u8], columns: usize) {
        // A wide character never straddles the margin: the column before it stays empty.
        if columns == 2 && self.columns > 1 && self.at.column + 1 == self.columns {
            self.shown(b" ", 1);
        }
        let from = self.at;
        self.advance(bytes, columns);
        // What wrapped begins in the row where it ended.
        self.close(if self.at.row > from.row {
            Place {
                row: self.at.row,
                column: 0,
            }
        } else {
            from
        });
    }

    fn advance(&mut self, bytes: &[u8], columns: usize) {
        if columns > 0 && self.hangs() {
            self.at = self.next_row();
        }
        self.bytes.extend_from_slice(bytes);
        self.at.column += columns;
    }

    fn line_end(&mut self) {
        let from = self.at;
        // At the margin erasing would take the last character.
        if !self.hangs() {
            self.bytes.extend_from_slice(b"\x1b[K");
        }
        self.bytes.extend_from_slice(b"\r\n");
        self.at = self.next_row();
        self.close(from);
    }

    fn close(&mut self, from: Place) {
        self.cells.push(Cell {
            end: self.bytes.len(),
            from,
            to: self.at,
        });
    }

    fn next_row(&self) -> Place {
        Place {
            row: self.at.row + 1,
            column: 0,
        }
    }
}

/// Columns of a text in one row, as [`Layout::text`] shows it.
pub fn columns(text: &[u8]) -> usize {
    let mut layout = Layout::new(usize::MAX);
    layout.text(text);
    layout.at.column
}

/// A text in one row, as [`Layout::text`] shows it.
pub fn visible(text: &[u8]) -> Vec<u8> {
    let mut layout = Layout::new(usize::MAX);
    layout.text(text);
    layout.bytes
}

fn columns_of(unit: &[u8]) -> usize {
    match std::str::from_utf8(unit)
        .ok()
        .and_then(|s| s.chars().next())
    {
        Some(c) => width::of(c),
        None => usize::from(unit[0] >= 0x20 && unit[0] != 0x1b),
    }
}

/// Bytes of the character at the beginning of `text`, which is not empty.
fn character_length(text: &[u8]) -> usize {
    let head = &text[..text.len().min(4)];
    let chunk = head.utf8_chunks().next();
    let first = chunk.and_then(|chunk| chunk.valid().chars().next());
    first.map_or(1, char::len_utf8)
}

/// Bytes of the escape sequence at the beginning of `text`: `ESC [ ... letter`,
/// `ESC ] ... BEL` (or `ESC \`), or Escape and one byte.
fn escape_length(text: &[u8]) -> usize {
    let is_end = |at: usize, b: &u8| match text.get(1) {
        Some(b'[') => (0x40..0x7f).contains(b),
        Some(b']') => *b == 7 || (*b == b'\\' && text[at - 1] == 0x1b),
        _ => true,
    };
    let start = match text.get(1) {
        Some(b'[' | b']') => 2,
        _ => 1,
    };
    let mut rest = text.iter().enumerate().skip(start);
    let found = rest.find(|(at, byte)| is_end(*at, byte));
    found.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: usize, prompt: &[u8], line: &str, end: (usize, usize)) {
        let mut layout = Layout::new(columns);
        layout.prompt(prompt);
        layout.text(line.as_bytes());
        let (row, column) = end;
        assert_eq!(layout.end(), Place { row, column }, "{line:?}");
    }

    #[test]
    fn every_character_has_its_place() {
        check(80, b"$ ", "ls", (0, 4));
        check(5, b"$ ", "abc", (1, 0));
        check(5, b"$ ", "abcd", (1, 1));
        check(80, b"$ ", "a\u{301}\u{6f22}", (0, 5));
        check(80, b"$ ", "a\x01b", (0, 6));
        check(80, b"$ ", "one\ntwo", (1, 3));
        check(5, b"$ ", "abc\nd", (1, 1));
        // The wide character does not fit into the fifth column.
        check(5, b"$ ", "ab\u{6f22}", (1, 2));
        check(1, b"", "ab", (2, 0));
    }

    #[test]
    fn escapes_in_a_prompt_take_no_room() {
        check(80, b"\x1b[1;31mred\x1b[0m$ ", "", (0, 5));
        check(80, b"\x1b]0;title\x07$ ", "x", (0, 3));
        check(80, b"\x1b]0;title\x1b\\$ ", "x", (0, 3));
        check(80, b"\x01hidden\x02$ ", "", (0, 2));
        check(80, b"$ \x1b", "", (0, 2));
        check(80, "\u{6f22}\u{e4}$ ".as_bytes(), "", (0, 5));
    }

    #[test]
    fn control_bytes_are_made_visible() {
        assert_eq!(visible(b"a\x01\xff\x1b"), b"a^A?^[");
        assert_eq!(columns("\u{e4}\u{6f22}".as_bytes()), 3);
    }
}
