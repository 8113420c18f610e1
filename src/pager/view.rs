//! The pager: what is on the screen, and what each key changes.
//!
//! Going forward scrolls by writing below, going back a row uses the reverse index of the
//! VT100; only jumps redraw everything. That matters at 115200 baud.

use super::document::Document;
use super::rows::{self, Shape};
use crate::lineedit::key::Key;
use std::io;

/// How the pager behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `-N`: line numbers.
    pub numbers: bool,
    /// `-S`: cut long lines.
    pub cut: bool,
    /// `-R`: let colours through.
    pub colours: bool,
    /// `-i`: searching ignores case.
    pub ignore_case: bool,
    /// `-E`: leave at the end of the last file.
    pub quit_at_end: bool,
    /// What is shown in the bottom row.
    pub name: String,
}

/// What a key came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Go on; `out` holds what the terminal must be sent.
    Viewing,
    /// `F`: wait for more until Control-C.
    Follow,
    /// `q`.
    Quit,
    /// `:n`, `:p`: another file, so many further.
    File(isize),
}

/// A row of the text: the line and which of its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    line: usize,
    row: usize,
}

/// What is being typed in the bottom row.
enum Typing {
    Nothing,
    /// Digits before a command.
    Count(usize),
    /// `/` or `?`, and the text so far.
    Search {
        forward: bool,
        text: Vec<u8>,
    },
    /// `:`
    Colon,
}

/// A document on a screen.
pub struct View {
    document: Document,
    options: Options,
    columns: usize,
    /// Rows for the text; one more holds the prompt.
    height: usize,
    top: Place,
    skip: usize,
    typing: Typing,
    last_search: Option<(bool, Vec<u8>)>,
    /// Bytes for the terminal.
    pub out: Vec<u8>,
}

impl View {
    /// Shows the beginning of a document.
    pub fn new(document: Document, options: Options, columns: u16, rows: u16) -> View {
        let columns = if columns == 0 {
            80
        } else {
            usize::from(columns)
        };
        let height = if rows < 2 { 23 } else { usize::from(rows) - 1 };
        View {
            document,
            options,
            columns,
            height,
            top: Place::default(),
            skip: 0,
            typing: Typing::Nothing,
            last_search: None,
            out: Vec::new(),
        }
    }

    /// Whether the whole document fits on the screen.
    pub fn fits(&mut self) -> io::Result<bool> {
        Ok(self.forward(Place::default(), self.height)?.is_none())
    }

    /// The terminal has another size.
    pub fn resize(&mut self, columns: u16, rows: u16) -> io::Result<()> {
        self.columns = if columns == 0 {
            80
        } else {
            usize::from(columns)
        };
        self.height = if rows < 2 { 23 } else { usize::from(rows) - 1 };
        self.top.row = 0;
        self.draw()
    }

    /// Applies a key.
    pub fn press(&mut self, key: Key) -> io::Result<Step> {
        let count = match std::mem::replace(&mut self.typing, Typing::Nothing) {
            Typing::Search { forward, text } => {
                self.type_search(key, forward, text)?;
                return Ok(Step::Viewing);
            }
            Typing::Colon => return self.colon(key),
            Typing::Count(count) => Some(count),
            Typing::Nothing => None,
        };
        let step = self.command(key, count)?;
        if matches!(self.typing, Typing::Nothing) && step == Step::Viewing {
            if self.options.quit_at_end && self.at_end()? {
                return Ok(Step::Quit);
            }
            self.prompt()?;
        }
        Ok(step)
    }

    fn command(&mut self, key: Key, count: Option<usize>) -> io::Result<Step> {
        let page = count.unwrap_or(self.height).max(1);
        let one = count.unwrap_or(1);
        match key {
            Key::Byte(b'q' | b'Q') | Key::Ctrl(b'C') => return Ok(Step::Quit),
            Key::Byte(b'F') => {
                self.jump_to_end()?;
                return Ok(Step::Follow);
            }
            Key::Byte(digit @ b'0'..=b'9') => {
                let count = count.unwrap_or(0).saturating_mul(10);
                self.typing = Typing::Count(count.saturating_add(usize::from(digit - b'0')));
            }
            Key::Byte(b' ' | b'f' | b'z') | Key::Ctrl(b'F' | b'V') => self.down(page)?,
            Key::Byte(b'b' | b'w') | Key::Ctrl(b'B') | Key::Alt(b'v') => self.up(page)?,
            Key::Byte(b'd') | Key::Ctrl(b'D') => self.down(count.unwrap_or(self.height / 2))?,
            Key::Byte(b'u') | Key::Ctrl(b'U') => self.up(count.unwrap_or(self.height / 2))?,
            Key::Byte(b'j' | b'e') | Key::Enter | Key::Down | Key::Ctrl(b'N' | b'E') => {
                self.down(one)?;
            }
            Key::Byte(b'k' | b'y') | Key::Up | Key::Ctrl(b'P' | b'Y') => self.up(one)?,
            Key::Byte(b'g' | b'<') | Key::Home => self.jump(one.saturating_sub(1))?,
            Key::Byte(b'G' | b'>') | Key::End => match count {
                Some(line) => self.jump(line.saturating_sub(1))?,
                None => self.jump_to_end()?,
            },
            Key::Right if self.options.cut => self.shift(self.skip + self.columns / 2)?,
            Key::Left if self.options.cut => {
                self.shift(self.skip.saturating_sub(self.columns / 2))?;
            }
            Key::Byte(b'r' | b'R') | Key::Ctrl(b'L' | b'R') => self.draw()?,
            Key::Byte(sign @ (b'/' | b'?')) => {
                self.typing = Typing::Search {
                    forward: sign == b'/',
                    text: Vec::new(),
                };
                self.bottom(&[sign]);
            }
            Key::Byte(b'n') => self.search_again(false)?,
            Key::Byte(b'N') => self.search_again(true)?,
            Key::Byte(b':') => {
                self.typing = Typing::Colon;
                self.bottom(b":");
            }
            Key::Byte(b'h') => self.help(),
            _ => self.out.push(7),
        }
        Ok(Step::Viewing)
    }

    fn colon(&mut self, key: Key) -> io::Result<Step> {
        match key {
            Key::Byte(b'n') => return Ok(Step::File(1)),
            Key::Byte(b'p') => return Ok(Step::File(-1)),
            Key::Byte(b'q') => return Ok(Step::Quit),
            _ => self.prompt()?,
        }
        Ok(Step::Viewing)
    }

    /// More was written to the file: shows its end.
    pub fn follow(&mut self) -> io::Result<()> {
        self.document.look_again();
        self.jump_to_end()?;
        self.bottom(b"Waiting for data... (Control-C ends)");
        Ok(())
    }

    /// Draws the whole screen.
    pub fn draw(&mut self) -> io::Result<()> {
        self.out.extend_from_slice(b"\x1b[H\x1b[J");
        let mut place = Some(self.top);
        for _ in 0..self.height {
            match place {
                Some(at) => {
                    let row = self.row(at)?;
                    self.out.extend(row.unwrap_or_default());
                    place = self.forward(at, 1)?;
                }
                None => self.out.push(b'~'),
            }
            self.out.extend_from_slice(b"\r\n");
        }
        self.prompt()
    }

    /// Shows the name, or where we are, in the bottom row.
    fn prompt(&mut self) -> io::Result<()> {
        if self.at_end()? {
            self.bottom(b"\x1b[7m(END)\x1b[0m");
            return Ok(());
        }
        let last = self.forward(self.top, self.height - 1)?.unwrap_or(self.top);
        let text = match self.document.place(last.line) {
            (at, Some(size)) if size > 0 => format!("{} {}%", self.options.name, at * 100 / size),
            _ => format!("{} line {}", self.options.name, last.line + 1),
        };
        let mut shown = text.trim_start().to_owned();
        shown.truncate(shown.floor_char_boundary(self.columns.saturating_sub(1)));
        self.bottom(format!("\x1b[7m{shown}\x1b[0m").as_bytes());
        Ok(())
    }

    fn bottom(&mut self, text: &[u8]) {
        self.out
            .extend_from_slice(format!("\x1b[{};1H\x1b[K", self.height + 1).as_bytes());
        self.out.extend_from_slice(text);
    }

    fn help(&mut self) {
        self.bottom(b"q quit, space/b page, j/k line, g/G ends, /text ?text n N search, F follow");
        // Stays until the next key: no prompt is drawn over it.
        self.typing = Typing::Count(0);
    }

    fn at_end(&mut self) -> io::Result<bool> {
        Ok(self.forward(self.top, self.height)?.is_none())
    }

    fn down(&mut self, count: usize) -> io::Result<()> {
        for _ in 0..count {
            let Some(next) = self.forward(self.top, self.height)? else {
                break;
            };
            let Some(top) = self.forward(self.top, 1)? else {
                break;
            };
            self.top = top;
            let row = self.row(next)?.unwrap_or_default();
            self.bottom(&row);
            self.out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    fn up(&mut self, count: usize) -> io::Result<()> {
        for step in 0..count {
            let Some(top) = self.backward(self.top)? else {
                break;
            };
            self.top = top;
            if count > self.height {
                continue;
            }
            if step == 0 {
                self.bottom(b"");
            }
            let row = self.row(top)?.unwrap_or_default();
            self.out.extend_from_slice(b"\x1b[H\x1bM");
            self.out.extend(row);
        }
        if count > self.height {
            self.draw()
        } else {
            Ok(())
        }
    }

    /// Shows line `line` at the top, or the last page where less follows.
    fn jump(&mut self, line: usize) -> io::Result<()> {
        if self.document.line(line)?.is_none() {
            return self.jump_to_end();
        }
        self.top = Place { line, row: 0 };
        self.draw()
    }

    fn jump_to_end(&mut self) -> io::Result<()> {
        let lines = self.document.count()?;
        self.top = Place {
            line: lines,
            row: 0,
        };
        for _ in 0..self.height {
            let Some(top) = self.backward(self.top)? else {
                break;
            };
            self.top = top;
        }
        self.draw()
    }

    fn shift(&mut self, skip: usize) -> io::Result<()> {
        self.skip = skip;
        self.draw()
    }

    fn type_search(&mut self, key: Key, forward: bool, mut text: Vec<u8>) -> io::Result<()> {
        match key {
            Key::Enter => {
                if !text.is_empty() {
                    self.last_search = Some((forward, text));
                }
                self.search_again(false)?;
                return self.prompt_unless_missed();
            }
            Key::Byte(byte) => text.push(byte),
            Key::Backspace if !text.is_empty() => {
                text.pop();
            }
            _ => return self.prompt(),
        }
        let sign = if forward { b'/' } else { b'?' };
        self.bottom(&[&[sign], text.as_slice()].concat());
        self.typing = Typing::Search { forward, text };
        Ok(())
    }

    fn prompt_unless_missed(&mut self) -> io::Result<()> {
        if matches!(self.typing, Typing::Count(_)) {
            Ok(())
        } else {
            self.prompt()
        }
    }

    /// Looks for the last text again, in the same direction or the other.
    fn search_again(&mut self, turn: bool) -> io::Result<()> {
        let Some((forward, text)) = self.last_search.clone() else {
            self.bottom(b"No previous search");
            self.typing = Typing::Count(0);
            return Ok(());
        };
        let mut line = self.top.line;
        loop {
            let next = if forward != turn {
                line.checked_add(1)
            } else {
                line.checked_sub(1)
            };
            let content = match next {
                Some(next) => self.document.line(next)?.map(|content| (next, content)),
                None => None,
            };
            let Some((next, content)) = content else {
                self.bottom(b"Pattern not found");
                self.typing = Typing::Count(0);
                return Ok(());
            };
            line = next;
            if self.holds(&content, &text) {
                self.top = Place { line, row: 0 };
                return self.draw();
            }
        }
    }

    fn holds(&self, line: &[u8], text: &[u8]) -> bool {
        if self.options.ignore_case {
            let (line, text) = (line.to_ascii_lowercase(), text.to_ascii_lowercase());
            return memchr::memmem::find(&line, &text).is_some();
        }
        memchr::memmem::find(line, text).is_some()
    }

    /// The rows of a line; None behind the end.
    fn rows(&mut self, line: usize) -> io::Result<Option<Vec<Vec<u8>>>> {
        let Some(content) = self.document.line(line)? else {
            return Ok(None);
        };
        let number = if self.options.numbers {
            format!("{:7} ", line + 1)
        } else {
            String::new()
        };
        let shape = Shape {
            columns: self.columns.saturating_sub(number.len()).max(1),
            cut: self.options.cut,
            colours: self.options.colours,
            skip: self.skip,
        };
        let mut rows = rows::rows(&content, shape);
        for (at, row) in rows.iter_mut().enumerate() {
            let margin = if at == 0 {
                number.clone()
            } else {
                " ".repeat(number.len())
            };
            row.splice(0..0, margin.bytes());
        }
        Ok(Some(rows))
    }

    fn row(&mut self, place: Place) -> io::Result<Option<Vec<u8>>> {
        Ok(self
            .rows(place.line)?
            .and_then(|rows| rows.into_iter().nth(place.row)))
    }

    /// The place `count` rows further down; None behind the end.
    fn forward(&mut self, from: Place, count: usize) -> io::Result<Option<Place>> {
        let mut at = from;
        let mut left = count;
        loop {
            let Some(rows) = self.rows(at.line)? else {
                return Ok(None);
            };
            if at.row + left < rows.len() {
                return Ok(Some(Place {
                    line: at.line,
                    row: at.row + left,
                }));
            }
            left -= rows.len() - at.row;
            at = Place {
                line: at.line + 1,
                row: 0,
            };
        }
    }

    /// The place one row further up; None at the beginning.
    fn backward(&mut self, from: Place) -> io::Result<Option<Place>> {
        if let Some(row) = from.row.checked_sub(1) {
            return Ok(Some(Place {
                line: from.line,
                row,
            }));
        }
        let Some(line) = from.line.checked_sub(1) else {
            return Ok(None);
        };
        let rows = self.rows(line)?.map_or(1, |rows| rows.len());
        Ok(Some(Place {
            line,
            row: rows - 1,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineedit::key::Decoder;

    /// Types keys on 100 numbered lines, 10 columns, 4 rows of text; tells the top line.
    fn top_after(keys: &[u8], options: Options) -> usize {
        let text: String = (1..=100).map(|n| format!("line {n}\n")).collect();
        let document = Document::pipe(Box::new(io::Cursor::new(text.into_bytes())));
        let mut view = View::new(document, options, 10, 5);
        view.draw().unwrap();
        let mut decoder = Decoder::default();
        for key in keys.iter().filter_map(|b| decoder.feed(*b)) {
            view.press(key).unwrap();
        }
        view.top.line + 1
    }

    #[test]
    fn keys_move_through_the_text() {
        let cases: &[(&[u8], usize)] = &[
            (b" ", 5),
            (b"  b", 5),
            (b"jjjk", 3),
            (b"10j", 11),
            (b"G", 97),
            (b"Gg", 1),
            (b"50g", 50),
            (b"/line 7\r", 7),
            (b"/line 7\rn", 70),
            (b"/line 7\rnN", 7),
            (b"G?line 5\r", 59),
            (b"/nothing\r", 1),
            (b"/LINE 9\r", 1),
            (b"bbb", 1),
            (b"G   ", 97),
        ];
        for (keys, expected) in cases {
            assert_eq!(top_after(keys, Options::default()), *expected, "{keys:?}");
        }
        let options = Options {
            ignore_case: true,
            ..Options::default()
        };
        assert_eq!(top_after(b"/LINE 9\r", options), 9);
    }

    #[test]
    fn the_screen_shows_rows_and_the_end() {
        let document = Document::pipe(Box::new(io::Cursor::new(b"abc\nd\n".to_vec())));
        let mut view = View::new(document, Options::default(), 2, 5);
        view.draw().unwrap();
        let shown = String::from_utf8_lossy(&view.out).replace('\x1b', "E");
        assert_eq!(shown, "E[HE[Jab\r\nc\r\nd\r\n~\r\nE[5;1HE[KE[7m(END)E[0m");
        assert!(view.fits().unwrap());
    }
}
