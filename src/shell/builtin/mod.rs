//! The builtins: a table, sorted by name.

mod control;
mod directory;
mod job_control;
mod limits;
mod names;
mod read;
pub mod test;
mod text;
mod variables;

use super::Shell;
use super::error::Run;
use super::fields::Fields;

/// What a builtin is given: `args.get(0)` is its name.
pub type Args = Fields;

/// A command that runs inside the shell.
pub struct Builtin {
    /// What it is called.
    pub name: &'static str,
    /// Does the work; the status comes back.
    pub run: fn(&mut Shell, &Args) -> Run<i32>,
    /// A special builtin of POSIX: found before functions, its errors end a script.
    pub special: bool,
    /// Arguments of the form `name=value` are assignments.
    pub declares: bool,
    /// It only prints: a command substitution of it needs no process.
    pub pure: bool,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

type Function = fn(&mut Shell, &Args) -> Run<i32>;

const fn plain(name: &'static str, run: Function) -> Builtin {
    Builtin {
        name,
        run,
        special: false,
        declares: false,
        pure: false,
    }
}

const fn special(name: &'static str, run: Function) -> Builtin {
    Builtin {
        special: true,
        ..plain(name, run)
    }
}

const fn declaring(builtin: Builtin) -> Builtin {
    Builtin {
        declares: true,
        ..builtin
    }
}

const fn pure(name: &'static str, run: Function) -> Builtin {
    Builtin {
        pure: true,
        ..plain(name, run)
    }
}

/// Sorted by name, for the search in [`find`].
static TABLE: &[Builtin] = &[
    special(".", control::dot),
    special(":", control::colon),
    pure("[", text::bracket),
    plain("alias", names::alias),
    plain("bg", job_control::bg),
    special("break", control::break_loop),
    plain("cd", directory::cd),
    plain("chdir", directory::cd),
    plain("command", names::command),
    special("continue", control::continue_loop),
    pure("echo", text::echo),
    special("eval", control::eval),
    special("exec", control::exec),
    special("exit", control::exit),
    declaring(special("export", variables::export)),
    pure("false", control::no),
    plain("fg", job_control::fg),
    plain("getopts", variables::getopts),
    plain("hash", names::hash),
    plain("help", names::help),
    plain("history", names::history),
    plain("jobs", job_control::jobs),
    plain("kill", job_control::kill),
    plain("let", variables::let_),
    declaring(special("local", variables::local)),
    pure("printf", text::printf),
    plain("pwd", directory::pwd),
    plain("read", read::read),
    declaring(special("readonly", variables::readonly)),
    special("return", control::return_),
    special("set", variables::set),
    special("shift", variables::shift),
    special("source", control::dot),
    pure("test", text::test),
    special("times", limits::times),
    special("trap", control::trap),
    pure("true", control::colon),
    plain("type", names::type_),
    plain("ulimit", limits::ulimit),
    plain("umask", limits::umask),
    plain("unalias", names::unalias),
    special("unset", variables::unset),
    plain("wait", job_control::wait),
];

/// The builtin of a name.
pub fn find(name: &[u8]) -> Option<&'static Builtin> {
    let found = TABLE.binary_search_by(|builtin| builtin.name.as_bytes().cmp(name));
    found.ok().and_then(|index| TABLE.get(index))
}

/// All names, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|builtin| builtin.name)
}

/// The options of a builtin: letters before the operands.
pub struct Letters {
    /// The letters in order, with their values.
    pub given: Vec<(u8, Vec<u8>)>,
    /// The index of the first operand.
    pub first: usize,
}

impl Letters {
    /// Whether a letter was given.
    pub fn has(&self, letter: u8) -> bool {
        self.given.iter().any(|(given, _)| *given == letter)
    }

    /// The last value of a letter.
    pub fn value(&self, letter: u8) -> Option<&[u8]> {
        let mut given = self.given.iter().rev();
        let found = given.find(|(given, _)| *given == letter);
        found.map(|(_, value)| &**value)
    }
}

/// Reads options; `allowed` as for getopts. None: an unknown one, which has been said.
pub fn letters(shell: &mut Shell, args: &Args, allowed: &[u8]) -> Option<Letters> {
    let mut given = Vec::new();
    let mut first = 1;
    while let Some([b'-', letters @ ..]) = args.get(first) {
        if letters.is_empty() {
            break;
        }
        first += 1;
        if letters == b"-" {
            break;
        }
        let mut rest = letters;
        while let Some((&letter, after)) = rest.split_first() {
            rest = after;
            let place = allowed.iter().position(|&a| a == letter && a != b':');
            let Some(place) = place else {
                shell.complain(format_args!("illegal option -{}", char::from(letter)));
                return None;
            };
            let mut value = Vec::new();
            if allowed.get(place + 1) == Some(&b':') {
                if rest.is_empty() {
                    let Some(next) = args.get(first) else {
                        let letter = char::from(letter);
                        shell.complain(format_args!("no arg for -{letter} option"));
                        return None;
                    };
                    value = next.to_vec();
                    first += 1;
                } else {
                    value = rest.to_vec();
                    rest = b"";
                }
            }
            given.push((letter, value));
        }
    }
    Some(Letters { given, first })
}

/// A number that must not be negative, or a complaint.
pub fn number(shell: &mut Shell, text: &[u8]) -> Option<i32> {
    let parsed = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
    let parsed = parsed.filter(|number: &i32| *number >= 0);
    if parsed.is_none() {
        let text = String::from_utf8_lossy(text).into_owned();
        shell.complain(format_args!("Illegal number: {text}"));
    }
    parsed
}

/// Appends a word in single quotes, so that the shell reads it back as it is.
pub fn quote(word: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    for &byte in word {
        match byte {
            b'\'' => out.extend_from_slice(b"'\"'\"'"),
            _ => out.push(byte),
        }
    }
    out.push(b'\'');
}

/// The same where quotes are only used if the word needs them.
pub fn quote_if_needed(word: &[u8], out: &mut Vec<u8>) {
    let harmless = |b: &u8| b.is_ascii_alphanumeric() || b"_-+=./,:@%]{}^!".contains(b);
    if !word.is_empty() && word.iter().all(harmless) {
        out.extend_from_slice(word);
    } else {
        quote(word, out);
    }
}

#[test]
fn the_table_is_sorted() {
    assert!(names().is_sorted());
    assert!(find(b"cd").is_some());
    assert!(find(b"nope").is_none());
}
