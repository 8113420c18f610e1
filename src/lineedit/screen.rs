//! What the terminal must be sent to show a prompt and a line: the difference to what
//! stands there already, since on a serial line every byte is felt.
//!
//! Text that ends exactly at the right margin leaves terminals in a state of their own (the
//! cursor hangs in the last column until the next character), so one blank is sent to push
//! it into the next row. Of a text with more rows than the terminal, those around the
//! cursor are shown.

use super::layout::{Cell, Layout, Place};

/// Where the line stands on the terminal.
#[derive(Debug)]
pub struct Screen {
    columns: usize,
    rows: usize,
    /// What is shown.
    shown: Layout,
    /// The first row of the text that is shown.
    top: usize,
    /// Where the cursor is.
    at: Place,
}

impl Screen {
    /// A screen of this size; 0 (a serial line that does not know) counts as 80x24.
    pub fn new(columns: u16, rows: u16) -> Screen {
        let known = |size: u16, usual| if size == 0 { usual } else { usize::from(size) };
        let columns = known(columns, 80);
        Screen {
            columns,
            rows: known(rows, 24),
            shown: Layout::new(columns),
            top: 0,
            at: Place::default(),
        }
    }

    /// Columns of the terminal.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Shows prompt and line with the cursor before byte `cursor`, where something else
    /// or nothing stood.
    pub fn draw(&mut self, prompt: &[u8], line: &[u8], cursor: usize, out: &mut Vec<u8>) {
        let (before, after) = line.split_at(cursor.min(line.len()));
        let mut new = Layout::new(self.columns);
        new.prompt(prompt);
        new.text(before);
        let next = new.cells.len();
        new.text(after);
        let target = new.cells.get(next).map_or(new.end(), |cell| cell.from);
        self.scroll(new.end().row + 1, target.row, out);
        let whole = self.cut(&mut new);
        self.write(&new, whole, out);
        self.shown = new;
        self.go(target, out);
    }

    /// Adds a plain character behind the line, where the cursor is; false: draw it instead.
    pub fn append(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        let fits = self.at == self.shown.end()
            && self.at.column + 1 < self.columns
            && self.at.row < self.top + self.rows
            && (0x20..0x7f).contains(&byte);
        if fits {
            self.shown.text(&[byte]);
            out.push(byte);
            self.at = self.shown.end();
        }
        fits
    }

    /// Takes prompt and line away; the cursor stands where the prompt began.
    pub fn hide(&mut self, out: &mut Vec<u8>) {
        let origin = Place {
            row: self.top,
            column: 0,
        };
        self.go(origin, out);
        out.extend_from_slice(b"\x1b[J");
        self.forget();
    }

    /// The cursor was put at the beginning of a fresh row by somebody else.
    pub fn forget(&mut self) {
        self.shown = Layout::new(self.columns);
        self.top = 0;
        self.at = Place::default();
    }

    /// The terminal has another size now. Some terminals wrap their rows anew and some do
    /// not; the row where the prompt begins is guessed so that nothing above it is lost.
    pub fn resize(&mut self, size: Screen, prompt: &[u8], before: &[u8], out: &mut Vec<u8>) {
        let mut rewrapped = Layout::new(size.columns);
        rewrapped.prompt(prompt);
        rewrapped.text(before);
        let up = rewrapped.end().row.min(self.at.row - self.top);
        vertical(up, b'A', out);
        out.extend_from_slice(b"\r\x1b[J");
        *self = size;
    }

    /// Chooses the rows to show; when they are others than before, all is shown anew.
    fn scroll(&mut self, total: usize, cursor_row: usize, out: &mut Vec<u8>) {
        let least = (cursor_row + 1).saturating_sub(self.rows);
        let most = cursor_row.min(total.saturating_sub(self.rows));
        let top = self.top.clamp(least.min(most), most);
        if top != self.top {
            self.hide(out);
            self.top = top;
            self.at.row = top;
        }
    }

    /// Leaves of a layout what is shown of it; whether that reaches to its end.
    fn cut(&self, layout: &mut Layout) -> bool {
        let last = self.top + self.rows - 1;
        let is_below = |cell: &Cell| cell.from.row > last || cell.to.row > last;
        let end = layout.cells.iter().position(is_below);
        let is_above = |cell: &Cell| cell.from.row < self.top;
        let start = layout
            .cells
            .iter()
            .take_while(|cell| is_above(cell))
            .count();
        layout.keep(start, end.unwrap_or(layout.cells.len()));
        end.is_none()
    }

    fn write(&mut self, new: &Layout, whole: bool, out: &mut Vec<u8>) {
        let same = new.same_cells(&self.shown);
        let old_end = self.shown.end();
        let rest = new.cells.get(same..).unwrap_or_default();
        if let (Some(first), Some(last)) = (rest.first(), rest.last()) {
            self.go(first.from, out);
            out.extend_from_slice(&new.bytes[new.start(same)..last.end]);
            self.at = last.to;
            if whole && new.hangs() {
                out.extend_from_slice(b" \r");
                self.at = new.end();
            }
        }
        if old_end > new.end() && self.shown.cells.len() > same {
            self.go(new.end(), out);
            let one_row = old_end.row == self.at.row;
            out.extend_from_slice(if one_row { b"\x1b[K" } else { b"\x1b[J" });
        }
    }

    /// Moves the cursor with as few bytes as it takes.
    fn go(&mut self, to: Place, out: &mut Vec<u8>) {
        if self.at == to {
            return;
        }
        if self.at.column >= self.columns {
            out.push(b'\r');
            self.at.column = 0;
        }
        vertical(self.at.row.saturating_sub(to.row), b'A', out);
        vertical(to.row.saturating_sub(self.at.row), b'B', out);
        self.at.row = to.row;
        let column = to.column.min(self.columns - 1);
        if column < self.at.column {
            let left = self.at.column - column;
            let sequence = format!("\x1b[{left}D");
            let from_margin = self.rightwards(0, column);
            if left <= sequence.len() && left <= from_margin.len() + 1 {
                out.resize(out.len() + left, 8);
            } else if from_margin.len() < sequence.len() {
                out.push(b'\r');
                out.extend_from_slice(&from_margin);
            } else {
                out.extend_from_slice(sequence.as_bytes());
            }
        } else {
            let bytes = self.rightwards(self.at.column, column);
            out.extend_from_slice(&bytes);
        }
        self.at.column = column;
    }

    /// What moves the cursor to the right in its row: a sequence, or the text that is
    /// there once more.
    fn rightwards(&self, from: usize, to: usize) -> Vec<u8> {
        let sequence = match to - from {
            0 => return Vec::new(),
            1 => b"\x1b[C".to_vec(),
            columns => format!("\x1b[{columns}C").into_bytes(),
        };
        match self.shown.row_part(self.at.row, from, to) {
            Some(text) if text.len() <= sequence.len() => text.to_vec(),
            _ => sequence,
        }
    }
}

fn vertical(rows: usize, letter: u8, out: &mut Vec<u8>) {
    match rows {
        0 => return,
        1 => out.extend_from_slice(b"\x1b["),
        _ => out.extend_from_slice(format!("\x1b[{rows}").as_bytes()),
    }
    out.push(letter);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws one line after another and tells what was sent for the last one.
    fn check(columns: u16, lines: &[(&str, usize)], expected: &str) {
        let mut screen = Screen::new(columns, 3);
        let mut out = Vec::new();
        for (line, cursor) in lines {
            out.clear();
            screen.draw(b"$ ", line.as_bytes(), *cursor, &mut out);
        }
        let shown = String::from_utf8_lossy(&out).replace('\x1b', "E");
        assert_eq!(shown.replace('\x08', "<"), expected, "{lines:?}");
    }

    #[test]
    fn only_the_difference_is_sent() {
        check(80, &[("", 0)], "$ ");
        check(80, &[("l", 1), ("ls", 2)], "s");
        check(80, &[("ls", 2), ("ls", 2)], "");
        check(80, &[("ls", 2), ("l", 1)], "<E[K");
        check(80, &[("abcd", 2), ("abXcd", 3)], "Xcd<<");
        check(80, &[("abcd", 2), ("abd", 2)], "dE[K<");
        check(80, &[("abcd", 4), ("abcd", 3)], "<");
        check(80, &[("abcdefgh", 8), ("abcdefgh", 0)], "\r$ ");
        check(80, &[("abcdefgh", 0), ("abcdefgh", 8)], "E[8C");
        check(80, &[("abcdefgh", 0), ("abcdefgh", 2)], "ab");
        check(80, &[("uci show", 8), ("ls", 2)], "\r$ lsE[K");
        check(80, &[("a\u{301}b", 4), ("a\u{301}b", 3)], "<");
    }

    #[test]
    fn lines_wrap_at_the_right_margin() {
        check(5, &[("ab", 2), ("abc", 3)], "c \r");
        check(5, &[("abc", 3), ("abcd", 4)], "d");
        check(5, &[("abcd", 4), ("abc", 3)], "<E[K");
        check(5, &[("abc", 3), ("ab", 2)], "E[A$ abE[J");
        check(5, &[("abcde", 5), ("abcde", 0)], "E[A");
        check(5, &[("abcde", 0), ("Xabcde", 1)], "XabcdeE[A");
        check(5, &[("a\nb", 3), ("a\nbc", 4)], "c");
        check(5, &[("", 0), ("abc\nd", 5)], "abc\r\nd");
        check(5, &[("", 0), ("ab\u{6f22}", 5)], "ab \u{6f22}");
    }

    #[test]
    fn a_text_with_more_rows_than_the_terminal_scrolls() {
        // Rows of four: "$ ab" "cdef" "ghij" "k".
        let text = "abcdefghijk";
        check(4, &[(&text[..9], 9), (text, 11)], "E[2A\rE[Jcdefghijk");
        check(4, &[(text, 11), (text, 4)], "E[2Ad");
        check(4, &[(text, 11), (text, 0)], "E[2A<E[J$ abcdefghij\rE[2A$ ");
    }
}
