//! The line editor: bytes of a terminal to keys, keys to a line, a line to the screen.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::lineedit::complete::{self, Completer, Files, Operands};
use safebox::lineedit::editor::{Editor, Step};
use safebox::lineedit::history::History;
use safebox::lineedit::key::Decoder;
use safebox::lineedit::screen::Screen;
use safebox::pager::rows::{Shape, rows};

/// A shell with a few names; files are not looked for, as every word with a slash has none.
struct Names;

impl Completer for Names {
    fn commands(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        let known = [&b"echo"[..], b"exit", b"a b'c\"d$", b"\xff\xc3\xa9"];
        let fits = known.into_iter().filter(|name| name.starts_with(prefix));
        fits.map(<[u8]>::to_vec).collect()
    }

    fn variables(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        self.commands(prefix)
    }

    fn value(&self, _name: &[u8]) -> Option<Vec<u8>> {
        Some(b"/nonexistent".to_vec())
    }

    fn homes(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        vec![(b"user".to_vec(), b"/nonexistent".to_vec())]
    }

    fn operands(&self, words: &[Vec<u8>], _word: &[u8]) -> Operands {
        Operands {
            words: words.to_vec(),
            files: Files::None,
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&columns, bytes)) = data.split_first() else {
        return;
    };
    let mut history = History::default();
    history.add(b"echo \xc3\xa9 one");
    history.add(b"exit 'two");
    let mut decoder = Decoder::default();
    let screen = |columns: u8| Screen::new(columns.into(), (columns / 8).into());
    let prompt = b"one\n\x1b[1mtwo\x1b[0m> ";
    let mut editor = Editor::new(prompt, screen(columns), Vec::new(), &history);
    for &byte in bytes {
        let Some(key) = decoder.feed(byte) else {
            continue;
        };
        match editor.press(key, &history, &Names) {
            Step::Typing => {
                editor.show();
                editor.out.clear();
            }
            Step::Done => {
                history.add(&editor.into_line());
                editor = Editor::new(b"$ ", screen(columns), Vec::new(), &history);
            }
            Step::EndOfInput | Step::Interrupted => editor.resize(screen(columns / 2)),
        }
    }
    let line = editor.into_line();
    let completion = complete::complete(&line, line.len() / 2, &Names);
    assert!(completion.start <= line.len() / 2);
    let shape = Shape {
        columns: usize::from(columns).max(1),
        cut: bytes.len() % 2 == 0,
        colours: bytes.len() % 3 == 0,
        skip: usize::from(columns % 5),
    };
    assert!(!rows(bytes, shape).is_empty());
});
