//! A terminal as its user sees it: rows of text, made of what a program sends.
//!
//! It knows what the line editor may send to any terminal (`src/lineedit/README.md`), wraps
//! at the right margin as a VT100 does, and panics at what it does not know.

/// A screen of fixed size, and what has scrolled off it.
pub struct Glass {
    columns: usize,
    height: usize,
    /// All rows, those that have scrolled off first; a wide character fills two cells, the
    /// second of them with an empty text.
    rows: Vec<Vec<String>>,
    /// The first visible row.
    top: usize,
    row: usize,
    /// Equal to the width: the cursor hangs at the margin.
    column: usize,
    /// Bytes of an unfinished sequence or character.
    pending: Vec<u8>,
    /// How often the bell rang.
    pub bells: usize,
    /// The private modes that are on.
    pub modes: Vec<String>,
}

impl Glass {
    pub fn new(columns: usize, height: usize) -> Glass {
        Glass {
            columns,
            height,
            rows: vec![Vec::new()],
            top: 0,
            row: 0,
            column: 0,
            pending: Vec::new(),
            bells: 0,
            modes: Vec::new(),
        }
    }

    /// The size changes; the text stays where it is, as on a terminal that does not wrap anew.
    pub fn resize(&mut self, columns: usize, height: usize) {
        (self.columns, self.height) = (columns, height);
    }

    /// All rows up to the last one with text, without blanks at their ends.
    pub fn text(&self) -> Vec<String> {
        let row = |cells: &Vec<String>| cells.concat().trim_end().to_owned();
        let mut rows: Vec<String> = self.rows.iter().map(row).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    /// Row (from the bottom of the text, 0 being its last) and column of the cursor.
    pub fn cursor(&self) -> (usize, usize) {
        let last = self.text().len().saturating_sub(1);
        (last.saturating_sub(self.row), self.column)
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.pending.push(byte);
            let unit = std::mem::take(&mut self.pending);
            if !self.obey(&unit) {
                self.pending = unit;
            }
        }
    }

    /// Obeys a complete character or sequence; false: it is not complete.
    fn obey(&mut self, unit: &[u8]) -> bool {
        match unit {
            b"\r" => self.column = 0,
            b"\n" => self.line_feed(),
            b"\x08" => self.column = self.column.min(self.columns - 1).saturating_sub(1),
            b"\x07" => self.bells += 1,
            [0x1b] | [0x1b, b'['] => return false,
            [0x1b, b'[', parameters @ .., last] => {
                if !(0x40..0x7f).contains(last) {
                    return false;
                }
                let parameters = std::str::from_utf8(parameters).unwrap();
                self.sequence(parameters, *last);
            }
            _ => match std::str::from_utf8(unit) {
                Ok(text) => text.chars().for_each(|c| self.put(c)),
                Err(_) if unit.len() < 4 => return false,
                Err(_) => panic!("no text: {unit:?}"),
            },
        }
        true
    }

    fn sequence(&mut self, parameters: &str, letter: u8) {
        let number = parameters.parse().unwrap_or(1);
        match (letter, parameters) {
            (b'A', _) => self.row = self.row.saturating_sub(number).max(self.top),
            (b'B', _) => self.row = (self.row + number).min(self.top + self.height - 1),
            (b'C', _) => self.column = (self.column + number).min(self.columns - 1),
            (b'D', _) => self.column = self.column.min(self.columns - 1).saturating_sub(number),
            (b'H', place) => {
                let (row, column) = place.split_once(';').unwrap_or(("1", "1"));
                let number = |text: &str| text.parse::<usize>().unwrap() - 1;
                (self.row, self.column) = (self.top + number(row), number(column));
            }
            (b'J', "") => {
                self.clear_row();
                self.rows.truncate(self.row + 1);
            }
            (b'K', "") => self.clear_row(),
            (b'm', _) => {}
            (b'h', mode) => self.modes.push(mode.to_owned()),
            (b'l', mode) => self.modes.retain(|on| on != mode),
            _ => panic!("unknown sequence ESC [ {parameters} {}", char::from(letter)),
        }
        while self.rows.len() <= self.row {
            self.rows.push(Vec::new());
        }
    }

    fn clear_row(&mut self) {
        let column = self.column.min(self.columns - 1);
        self.rows[self.row].truncate(column);
    }

    fn line_feed(&mut self) {
        self.row += 1;
        while self.rows.len() <= self.row {
            self.rows.push(Vec::new());
        }
        self.top = self.top.max((self.row + 1).saturating_sub(self.height));
    }

    fn put(&mut self, c: char) {
        assert!(!c.is_control(), "unknown control {c:?}");
        let width = match c {
            '\u{300}'..'\u{370}' => 0,
            '\u{3000}'..'\u{a000}' => 2,
            _ => 1,
        };
        if width == 0 {
            let cells = &mut self.rows[self.row];
            let base = self.column.checked_sub(1).and_then(|at| cells.get_mut(at));
            base.expect("a mark on nothing").push(c);
            return;
        }
        if self.column + width > self.columns {
            self.column = 0;
            self.line_feed();
        }
        let cells = &mut self.rows[self.row];
        while cells.len() < self.column + width {
            cells.push(" ".into());
        }
        cells[self.column] = c.into();
        if width == 2 {
            cells[self.column + 1] = String::new();
        }
        self.column += width;
    }
}
