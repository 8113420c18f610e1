//! A line as rows of the screen.

/// How lines become rows.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Columns of the screen.
    pub columns: usize,
    /// Cut lines at the margin instead of going on in the next row.
    pub cut: bool,
    /// Let colour sequences (`ESC [ ... m`) through.
    pub colours: bool,
    /// Columns skipped at the left when lines are cut.
    pub skip: usize,
}

/// Tabs stop at every eighth column.
const TAB: usize = 8;

/// Makes at least one row; control bytes become `^X`, bytes that are no text `<HH>`.
pub fn rows(line: &[u8], shape: Shape) -> Vec<Vec<u8>> {
    let mut rows = Rows {
        shape,
        done: Vec::new(),
        row: Vec::new(),
        width: 0,
        column: 0,
    };
    let mut rest = line;
    while !rest.is_empty() {
        let taken = rows.take(rest);
        rest = rest.get(taken..).unwrap_or_default();
        if shape.cut && rows.width >= shape.columns {
            break;
        }
    }
    rows.done.push(rows.row);
    rows.done
}

struct Rows {
    shape: Shape,
    done: Vec<Vec<u8>>,
    row: Vec<u8>,
    /// Columns filled in this row.
    width: usize,
    /// Column of the line, for tabs and for what is skipped at the left.
    column: usize,
}

impl Rows {
    /// Shows what stands at the beginning of `rest`; gives the bytes it took.
    fn take(&mut self, rest: &[u8]) -> usize {
        match rest {
            [b'\t', ..] => {
                let blanks = TAB - self.column % TAB;
                (0..blanks).for_each(|_| self.put(b" "));
                1
            }
            [0x1b, b'[', tail @ ..] if self.shape.colours => {
                let end = tail.iter().position(|b| b.is_ascii_alphabetic());
                match end {
                    Some(end) if tail[end] == b'm' => {
                        self.row.extend_from_slice(&rest[..end + 3]);
                        end + 3
                    }
                    _ => self.put_control(0x1b),
                }
            }
            [byte @ (0x00..0x20 | 0x7f), ..] => self.put_control(*byte),
            [byte @ 0x20..0x7f, ..] => {
                self.put(&[*byte]);
                1
            }
            _ => self.take_character(rest),
        }
    }

    fn take_character(&mut self, rest: &[u8]) -> usize {
        let head = rest.get(..4).unwrap_or(rest);
        let chunk = head.utf8_chunks().next();
        match chunk.and_then(|chunk| chunk.valid().chars().next()) {
            Some(c) => {
                self.put(c.encode_utf8(&mut [0; 4]).as_bytes());
                c.len_utf8()
            }
            None => {
                let byte = rest.first().copied().unwrap_or_default();
                format!("<{byte:02X}>").bytes().for_each(|b| self.put(&[b]));
                1
            }
        }
    }

    fn put_control(&mut self, byte: u8) -> usize {
        self.put(b"^");
        self.put(&[byte ^ 0x40]);
        1
    }

    /// Adds one character of one column.
    fn put(&mut self, character: &[u8]) {
        let skipped = self.shape.cut && self.column < self.shape.skip;
        self.column += 1;
        if skipped {
            return;
        }
        if self.width == self.shape.columns {
            if self.shape.cut {
                return;
            }
            self.done.push(std::mem::take(&mut self.row));
            self.width = 0;
        }
        self.row.extend_from_slice(character);
        self.width += 1;
    }
}

#[test]
fn a_line_fills_as_many_rows_as_it_needs() {
    let check = |line: &[u8], cut, expected: &[&str]| {
        let shape = Shape {
            columns: 4,
            cut,
            colours: true,
            skip: 0,
        };
        let rows = rows(line, shape);
        let shown: Vec<_> = rows
            .iter()
            .map(|row| String::from_utf8_lossy(row))
            .collect();
        assert_eq!(shown, expected, "{line:?}");
    };
    check(b"", false, &[""]);
    check(b"abcd", false, &["abcd"]);
    check(b"abcde", false, &["abcd", "e"]);
    check(b"abcde", true, &["abcd"]);
    check(b"\tx", false, &["    ", "    ", "x"]);
    check(b"\x01\xff", false, &["^A<F", "F>"]);
    check("\u{e4}\u{f6}".as_bytes(), false, &["\u{e4}\u{f6}"]);
    check(b"\x1b[1mab\x1b[0mcd", false, &["\x1b[1mab\x1b[0mcd"]);
}
