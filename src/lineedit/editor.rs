//! The line, the cursor, and what each key does to them.

use super::complete::{self, Completer};
use super::history::History;
use super::key::Key;
use super::screen::Screen;
use crate::text::width;

/// The longest line in bytes. What was cut can be put back twice, and cut again: forty keys
/// would make a line longer than any memory.
const LONGEST: usize = 256 * 1024;

/// What a key came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Go on; `out` holds what the terminal must be sent.
    Typing,
    /// Enter: the line is complete.
    Done,
    /// Control-D on an empty line.
    EndOfInput,
    /// Control-C: the line is dropped.
    Interrupted,
}

/// A line that is being typed.
pub struct Editor<'a> {
    /// The last row of the prompt.
    prompt: &'a [u8],
    line: Vec<u8>,
    /// Byte before which the cursor stands; always at the edge of a character.
    cursor: usize,
    screen: Screen,
    /// Line or cursor are not as the screen shows them.
    changed: bool,
    /// What was cut last, for Control-Y.
    cut: Vec<u8>,
    /// Which line of the history is shown; its length: the new one.
    shown: usize,
    /// The new line, kept while older ones are looked at.
    new_line: Vec<u8>,
    /// Control-R: the text looked for.
    search: Option<Vec<u8>>,
    /// The last key was Tab and changed nothing: the next one lists.
    tabbed: bool,
    /// Bytes for the terminal.
    pub out: Vec<u8>,
}

impl<'a> Editor<'a> {
    /// A line behind `prompt`, with the cursor at its end.
    pub fn new(prompt: &'a [u8], screen: Screen, line: Vec<u8>, history: &History) -> Editor<'a> {
        let newline = prompt.iter().rposition(|&b| b == b'\n');
        let (above, last) = prompt.split_at(newline.map_or(0, |at| at + 1));
        let mut out = Vec::new();
        for &byte in above {
            // The terminal is told where rows begin; the marks are for us.
            match byte {
                b'\n' => out.extend_from_slice(b"\r\n"),
                1 | 2 => {}
                _ => out.push(byte),
            }
        }
        Editor {
            prompt: last,
            cursor: line.len(),
            line,
            screen,
            changed: true,
            cut: Vec::new(),
            shown: history.len(),
            new_line: Vec::new(),
            search: None,
            tabbed: false,
            out,
        }
    }

    /// The finished line.
    pub fn into_line(self) -> Vec<u8> {
        self.line
    }

    /// The terminal has another size.
    pub fn resize(&mut self, screen: Screen) {
        let before = &self.line[..self.cursor];
        self.screen
            .resize(screen, self.prompt, before, &mut self.out);
        self.changed = true;
    }

    /// Takes prompt and line off the terminal, where somebody else wants to write.
    pub fn hide(&mut self) {
        self.screen.hide(&mut self.out);
        self.changed = true;
    }

    /// Brings the terminal up to date. Half a character waits for its other half.
    pub fn show(&mut self) {
        let typed = &self.line[..self.cursor];
        if !self.changed || ends_within_character(typed) {
            return;
        }
        self.changed = false;
        let search = self.search.as_ref();
        let prompt = search.map(|text| [b"(search) '", &text[..], b"': "].concat());
        let prompt = prompt.as_deref().unwrap_or(self.prompt);
        self.screen
            .draw(prompt, &self.line, self.cursor, &mut self.out);
    }

    /// Applies a key.
    pub fn press(&mut self, key: Key, history: &History, names: &dyn Completer) -> Step {
        if self.search.is_some() && self.press_in_search(key, history) {
            return Step::Typing;
        }
        let tabbed = std::mem::take(&mut self.tabbed);
        match key {
            Key::Byte(byte) => self.insert(byte),
            Key::Enter => return self.finish(b"\r\n", Step::Done),
            Key::Ctrl(b'C') => return self.finish(b"^C\r\n", Step::Interrupted),
            Key::Ctrl(b'D') if self.line.is_empty() => {
                return self.finish(b"\r\n", Step::EndOfInput);
            }
            Key::Tab => self.complete(names, tabbed),
            Key::Up | Key::Ctrl(b'P') => self.recall(self.shown.checked_sub(1), history),
            Key::Down | Key::Ctrl(b'N') => self.recall(self.shown.checked_add(1), history),
            Key::Ctrl(b'R') => {
                self.keep_new_line(history);
                self.search = Some(Vec::new());
                self.changed = true;
            }
            Key::Ctrl(b'L') => {
                self.out.extend_from_slice(b"\x1b[H\x1b[J");
                self.screen.forget();
                self.changed = true;
            }
            _ => self.edit(key),
        }
        Step::Typing
    }

    /// Keys that move or delete.
    fn edit(&mut self, key: Key) {
        match key {
            Key::Left | Key::Ctrl(b'B') => self.cursor = self.left_of(self.cursor),
            Key::Right | Key::Ctrl(b'F') => self.cursor = self.right_of(self.cursor),
            Key::Home | Key::Ctrl(b'A') => self.cursor = 0,
            Key::End | Key::Ctrl(b'E') => self.cursor = self.line.len(),
            Key::WordLeft | Key::Alt(b'b') => self.cursor = self.word_left(is_word),
            Key::WordRight | Key::Alt(b'f') => self.cursor = self.word_right(),
            Key::Backspace => self.remove(self.left_of(self.cursor), self.cursor),
            Key::Delete | Key::Ctrl(b'D') => self.remove(self.cursor, self.right_of(self.cursor)),
            Key::Ctrl(b'K') => self.cut(self.cursor, self.line.len()),
            Key::Ctrl(b'U') => self.cut(0, self.cursor),
            Key::Ctrl(b'W') => self.cut(self.word_left(|b| !b.is_ascii_whitespace()), self.cursor),
            Key::Alt(0x7f) => self.cut(self.word_left(is_word), self.cursor),
            Key::Alt(b'd') => self.cut(self.cursor, self.word_right()),
            Key::Ctrl(b'Y') if self.has_room(self.cut.len()) => {
                let cut = self.cut.clone();
                self.line
                    .splice(self.cursor..self.cursor, cut.iter().copied());
                self.cursor += cut.len();
            }
            Key::Ctrl(b'T') => self.swap(),
            _ => return self.out.push(7),
        }
        self.changed = true;
    }

    /// Whether so many bytes more still make a line.
    fn has_room(&self, more: usize) -> bool {
        self.line.len() + more <= LONGEST
    }

    fn insert(&mut self, byte: u8) {
        if !self.has_room(1) {
            return self.out.push(7);
        }
        let is_simple = !self.changed && self.cursor == self.line.len();
        self.line.insert(self.cursor, byte);
        self.cursor += 1;
        self.changed = !is_simple || !self.screen.append(byte, &mut self.out);
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.line.drain(from..to);
        self.cursor = from;
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.cut = self.line[from..to].to_vec();
        self.remove(from, to);
    }

    /// Control-T: the two characters around the cursor change places.
    fn swap(&mut self) {
        let at = if self.cursor == self.line.len() {
            self.left_of(self.cursor)
        } else {
            self.cursor
        };
        let (from, to) = (self.left_of(at), self.right_of(at));
        if from < at {
            self.line[from..to].rotate_left(at - from);
            self.cursor = to;
        }
    }

    fn left_of(&self, cursor: usize) -> usize {
        (0..cursor).rev().find(|&at| self.is_edge(at)).unwrap_or(0)
    }

    fn right_of(&self, cursor: usize) -> usize {
        (cursor + 1..self.line.len())
            .find(|&at| self.is_edge(at))
            .unwrap_or(self.line.len())
    }

    /// Whether the cursor may stand here: not before a continuation byte of UTF-8, nor
    /// before a mark that belongs to the character on its left.
    fn is_edge(&self, at: usize) -> bool {
        let rest = &self.line[at.min(self.line.len())..];
        let head = &rest[..rest.len().min(4)];
        let first = head.utf8_chunks().next().map(|chunk| chunk.valid());
        match first.and_then(|text| text.chars().next()) {
            Some(c) => width::of(c) > 0,
            None => rest.first().is_none_or(|byte| byte & 0xc0 != 0x80),
        }
    }

    fn word_left(&self, is_word: impl Fn(u8) -> bool) -> usize {
        let before = &self.line[..self.cursor];
        let end = before
            .iter()
            .rposition(|&b| is_word(b))
            .map_or(0, |at| at + 1);
        before[..end]
            .iter()
            .rposition(|&b| !is_word(b))
            .map_or(0, |at| at + 1)
    }

    fn word_right(&self) -> usize {
        let after = &self.line[self.cursor..];
        let start = after
            .iter()
            .position(|&b| is_word(b))
            .unwrap_or(after.len());
        let end = after[start..].iter().position(|&b| !is_word(b));
        self.cursor + end.map_or(after.len(), |length| start + length)
    }

    /// Shows line `index` of the history; one past its end is the line being typed.
    fn recall(&mut self, index: Option<usize>, history: &History) {
        let Some(index) = index.filter(|index| *index <= history.len()) else {
            return self.out.push(7);
        };
        self.keep_new_line(history);
        self.line = history.get(index).unwrap_or(&self.new_line).to_vec();
        self.shown = index;
        self.cursor = self.line.len();
        self.changed = true;
    }

    fn keep_new_line(&mut self, history: &History) {
        if self.shown == history.len() {
            self.new_line = self.line.clone();
        }
    }

    fn complete(&mut self, names: &dyn Completer, tabbed: bool) {
        let found = complete::complete(&self.line, self.cursor, names);
        let text = found.replacement();
        if found.candidates.is_empty() {
            self.out.push(7);
        } else if found.advances() && text != self.line[found.start..self.cursor] {
            self.line.splice(found.start..self.cursor, text.clone());
            self.cursor = found.start + text.len();
            self.changed = true;
        } else if tabbed {
            self.list(&found.candidates);
        } else {
            self.out.push(7);
            self.tabbed = true;
        }
    }

    /// Lists candidates below the line, and shows the line again below them.
    fn list(&mut self, candidates: &[Vec<u8>]) {
        let cursor = std::mem::replace(&mut self.cursor, self.line.len());
        self.changed = true;
        self.show();
        self.cursor = cursor;
        self.out.extend_from_slice(b"\r\n");
        let columns = complete::columns(candidates, self.screen.columns());
        self.out.extend(columns);
        self.screen.forget();
        self.changed = true;
    }

    /// Keys while Control-R is on; false: the search is over and the key still counts.
    fn press_in_search(&mut self, key: Key, history: &History) -> bool {
        let Some(text) = &mut self.search else {
            return false;
        };
        self.changed = true;
        let mut end = history.len();
        match key {
            Key::Byte(byte) => text.push(byte),
            Key::Backspace => {
                text.pop();
            }
            Key::Ctrl(b'R') => end = self.shown,
            Key::Ctrl(b'G') => {
                self.search = None;
                self.recall(Some(history.len()), history);
                return true;
            }
            _ => {
                self.search = None;
                return false;
            }
        }
        match history.search(text, end) {
            Some(index) => {
                self.shown = index;
                self.line = history.get(index).unwrap_or_default().to_vec();
                self.cursor = self.line.len();
            }
            None => self.out.push(7),
        }
        true
    }

    /// Leaves the terminal on a fresh row below the line.
    fn finish(&mut self, text: &[u8], step: Step) -> Step {
        self.changed |= self.cursor != self.line.len();
        self.cursor = self.line.len();
        self.show();
        self.out.extend_from_slice(text);
        step
    }
}

/// Whether a text ends with the beginning of a character of UTF-8.
fn ends_within_character(text: &[u8]) -> bool {
    let tail = &text[text.len().saturating_sub(3)..];
    let Some(lead) = tail.iter().rposition(|byte| *byte >= 0xc0) else {
        return false;
    };
    // An error without a length: more bytes could make it right.
    matches!(std::str::from_utf8(&tail[lead..]), Err(error) if error.error_len().is_none())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineedit::key::Decoder;

    struct Names;

    impl Completer for Names {
        fn commands(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
            let all = ["mount", "mount_root", "firstboot"].map(|s| s.as_bytes().to_vec());
            all.into_iter()
                .filter(|name| name.starts_with(prefix))
                .collect()
        }

        fn variables(&self, _prefix: &[u8]) -> Vec<Vec<u8>> {
            Vec::new()
        }

        fn value(&self, _name: &[u8]) -> Option<Vec<u8>> {
            None
        }

        fn operands(&self, _words: &[Vec<u8>], _word: &[u8]) -> complete::Operands {
            complete::Operands::default()
        }
    }

    /// Types bytes and tells the line, with `|` where the cursor is.
    fn typed(bytes: &[u8]) -> String {
        let mut history = History::default();
        history.add(b"uci show");
        history.add(b"ls -l");
        let mut editor = Editor::new(b"$ ", Screen::new(80, 24), Vec::new(), &history);
        let mut decoder = Decoder::default();
        for key in bytes.iter().filter_map(|b| decoder.feed(*b)) {
            editor.press(key, &history, &Names);
        }
        let mut line = editor.line.clone();
        line.insert(editor.cursor, b'|');
        String::from_utf8_lossy(&line).into_owned()
    }

    #[test]
    fn keys_edit_the_line() {
        let cases: &[(&[u8], &str)] = &[
            (b"abc", "abc|"),
            (b"abc\x1b[D\x1b[DX", "aX|bc"),
            (b"abc\x01X\x05Y", "XabcY|"),
            (b"abc\x7f\x08", "a|"),
            (b"abc\x01\x1b[3~\x04", "|c"),
            (b"one two\x17three", "one three|"),
            (b"one two/three\x1b\x7f", "one two/|"),
            (b"one two\x01\x1bf\x0b", "one|"),
            (b"one two\x15\x19\x19", "one twoone two|"),
            (b"one two\x1bb\x1bb\x1bd", "| two"),
            (b"ab\x14", "ba|"),
            ("\u{e4}\u{f6}\x1b[D\x7f".as_bytes(), "|\u{f6}"),
            (b"x\x1b[A", "ls -l|"),
            (b"x\x1b[A\x1b[A\x1b[A", "uci show|"),
            (b"x\x1b[A\x1b[B", "x|"),
            (b"\x12uc", "uci show|"),
            (b"\x12uc\x01X", "X|uci show"),
            (b"\x12uc\x07x", "x|"),
            (b"new\x12uc\x07x", "newx|"),
            (b"a\x16\x03b", "a\x03b|"),
            (b"\x1b[200~a\rb\t\x1b[201~c", "a\nb\tc|"),
            ("e\u{301}\x1b[D".as_bytes(), "|e\u{301}"),
            ("e\u{301}x\x7f\x7f".as_bytes(), "|"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(typed(bytes), *expected, "{bytes:?}");
        }
    }

    #[test]
    fn tab_completes_and_then_lists() {
        assert_eq!(typed(b"fi\t"), "firstboot |");
        assert_eq!(typed(b"mo\t"), "mount|");
        assert_eq!(typed(b"mo\t\t\t"), "mount|");
        assert_eq!(typed(b"zz\t"), "zz|");
    }

    #[test]
    fn a_line_that_is_put_back_twice_does_not_grow_for_ever() {
        let keys = [&b"abc"[..], &b"\x15\x19\x19".repeat(40)].concat();
        assert!(typed(&keys).len() <= LONGEST + 1);
    }

    #[test]
    fn a_line_ends_with_enter_and_a_session_with_control_d() {
        let history = History::default();
        let step = |key| {
            let screen = Screen::new(80, 24);
            Editor::new(b"", screen, Vec::new(), &history).press(key, &history, &Names)
        };
        assert_eq!(step(Key::Enter), Step::Done);
        assert_eq!(step(Key::Ctrl(b'D')), Step::EndOfInput);
        assert_eq!(step(Key::Ctrl(b'C')), Step::Interrupted);
    }
}
