//! The parser against nonsense: whatever the bytes, the answer is a tree or an error.

use super::input::Text;
use super::lexer::{Aliases, Parser};
use super::stack::StackGuard;

/// Pieces that scripts are made of.
const PIECES: &[&str] = &[
    "if ",
    "then ",
    "fi\n",
    "for x in ",
    "do ",
    "done;",
    "case x in ",
    "esac ",
    ";; ",
    "{ ",
    "}",
    "(",
    ")",
    "$((",
    "))",
    "${x",
    ":-",
    "}",
    "`",
    "\"",
    "'",
    "\\",
    "\n",
    " ",
    "<<E\n",
    "E\n",
    "<<-'E'\n",
    "2>&1 ",
    "> f ",
    "| ",
    "&& ",
    "& ",
    "$x",
    "$(",
    "echo ",
    "a=b ",
    "[[ ",
    " ]]",
    "f() ",
    "#",
    "$'",
    "~",
    "*",
    "?",
    "[a-z]",
    "function ",
    "!",
    "<(",
    "${#",
    "//",
    "%%",
    "\u{e9}",
    "\0",
    "al ",
    "1",
];

/// A generator of numbers that is the same every time (xorshift).
struct Numbers(u32);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit
    }
}

fn parse_all(text: &[u8]) {
    let aliases = Aliases::default();
    let alias = (b"al".to_vec(), b"echo al; for ".to_vec());
    aliases.borrow_mut().extend([alias]);
    let guard = StackGuard::with_room(1 << 20);
    let mut parser = Parser::new(Box::new(Text::new(text)), Some(aliases), guard);
    // Every round takes at least a byte, so this ends.
    for _ in 0..=text.len() + 1 {
        match parser.next_command() {
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return,
        }
    }
    panic!(
        "the parser makes no progress: {:?}",
        String::from_utf8_lossy(text)
    );
}

#[test]
fn no_text_upsets_the_parser() {
    let mut numbers = Numbers(0x5afe_b0c5);
    for round in 0..6000 {
        let mut text = Vec::new();
        for _ in 0..numbers.below(24) {
            text.extend_from_slice(PIECES[numbers.below(PIECES.len())].as_bytes());
        }
        if round % 3 == 0 && !text.is_empty() {
            for _ in 0..3 {
                let at = numbers.below(text.len());
                text[at] = numbers.below(256) as u8;
            }
        }
        parse_all(&text);
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    for piece in [
        "(",
        "{ ",
        "$(",
        "`",
        "\"$(",
        "if ",
        "$((",
        "${x:-",
        "case x in x) ",
        "! ",
        "<(",
        "[[ ( ",
    ] {
        parse_all(("echo ".to_owned() + &piece.repeat(20_000)).as_bytes());
        parse_all(piece.repeat(20_000).as_bytes());
    }
}
