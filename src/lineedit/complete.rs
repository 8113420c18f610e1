//! Words for Tab: commands, files, home directories, variables.

use super::layout;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What could stand in place of the word before the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Byte of the line where the word begins.
    pub start: usize,
    /// The word as it is now, unquoted.
    word: Vec<u8>,
    /// The quote that is open at its end, if it began with one.
    open: Option<u8>,
    /// Sorted candidates, unquoted; a directory ends with a slash.
    pub candidates: Vec<Vec<u8>>,
}

impl Completion {
    /// What all candidates agree on, quoted for the line; with a blank behind the only one,
    /// unless more of the word can follow.
    pub fn replacement(&self) -> Vec<u8> {
        let mut text = quote(common_prefix(&self.candidates), self.open);
        if let [only] = &self.candidates[..]
            && !matches!(only.last(), Some(b'/' | b'.' | b'='))
        {
            text.extend(self.open);
            text.push(b' ');
        }
        text
    }

    /// Whether the replacement says more than the word does.
    pub fn advances(&self) -> bool {
        self.candidates.len() == 1 || common_prefix(&self.candidates).len() > self.word.len()
    }
}

/// What an operand of a command can be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Operands {
    /// These words.
    pub words: Vec<Vec<u8>>,
    /// And these files.
    pub files: Files,
}

/// Which files are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Files {
    /// None.
    None,
    /// Directories.
    Directories,
    /// Directories and what can be executed.
    Programs,
    /// All.
    #[default]
    All,
}

/// The shell's side: what names there are.
pub trait Completer {
    /// Commands that begin with `prefix`: builtins, functions, aliases, programs of `PATH`.
    fn commands(&self, prefix: &[u8]) -> Vec<Vec<u8>>;
    /// Variables that begin with `prefix`.
    fn variables(&self, prefix: &[u8]) -> Vec<Vec<u8>>;
    /// The value of a variable.
    fn value(&self, name: &[u8]) -> Option<Vec<u8>>;
    /// Users and their home directories.
    fn homes(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        Vec::new()
    }
    /// What can stand behind `words`, a command and its operands so far, in place of `word`.
    fn operands(&self, words: &[Vec<u8>], word: &[u8]) -> Operands;
}

/// Finds what the word before `cursor` can become.
pub fn complete(line: &[u8], cursor: usize, names: &dyn Completer) -> Completion {
    let before = &line[..cursor.min(line.len())];
    let context = Context::of(before);
    let word = unquote(&before[context.start..]);
    let mut candidates = match variables(&word, names) {
        Some(found) => found,
        None if context.is_file => files(&word, Files::All, names),
        None if context.words.is_empty() && word.iter().any(|b| matches!(b, b'/' | b'~')) => {
            files(&word, Files::Programs, names)
        }
        None if context.words.is_empty() => names.commands(&word),
        None => {
            let operands = names.operands(&context.words, &word);
            let mut found = operands.words;
            found.retain(|candidate| candidate.starts_with(&word));
            found.extend(files(&word, operands.files, names));
            found
        }
    };
    candidates.sort();
    candidates.dedup();
    Completion {
        start: context.start,
        word,
        open: context.open,
        candidates,
    }
}

/// `$NAME` and `${NAME}`, if the word is the beginning of one.
fn variables(word: &[u8], names: &dyn Completer) -> Option<Vec<Vec<u8>>> {
    let (open, prefix, close): (&[u8], _, &[u8]) = match word {
        [b'$', b'{', prefix @ ..] => (b"${", prefix, b"}"),
        [b'$', prefix @ ..] if !prefix.contains(&b'/') => (b"$", prefix, b""),
        _ => return None,
    };
    let found = names.variables(prefix);
    let dressed = |name: Vec<u8>| [open, &name, close].concat();
    Some(found.into_iter().map(dressed).collect())
}

/// What stands before the word that is being completed.
#[derive(Default)]
struct Context {
    /// The words of the same simple command, unquoted.
    words: Vec<Vec<u8>>,
    /// Byte where the word begins.
    start: usize,
    /// A file belongs here: after a redirection or an equals sign.
    is_file: bool,
    /// The word begins with this quote, which is still open.
    open: Option<u8>,
}

/// Words after which a command follows.
const BEFORE_COMMANDS: &[&[u8]] = &[
    b"!", b"{", b"command", b"do", b"elif", b"else", b"env", b"exec", b"if", b"nohup", b"setsid",
    b"then", b"time", b"until", b"while",
];

impl Context {
    fn of(before: &[u8]) -> Context {
        let mut context = Context::default();
        let (mut quote, mut escaped) = (None, false);
        // Where the word begins, equals signs or not.
        let mut word = 0;
        let mut redirected = false;
        for (at, &byte) in before.iter().enumerate() {
            match (byte, quote) {
                _ if escaped => escaped = false,
                (b'\\', None | Some(b'"')) => escaped = true,
                (b'\'' | b'"', None) => quote = Some(byte),
                (_, Some(open)) if open == byte => quote = None,
                (b'=', None) => context.start = at + 1,
                (b' ' | b'\t' | b'|' | b'&' | b';' | b'<' | b'>' | b'(' | b'`' | b'\n', None) => {
                    context.end_word(&before[word..at], byte, &mut redirected);
                    (word, context.start) = (at + 1, at + 1);
                }
                _ => {}
            }
        }
        context.is_file = redirected || context.start > word;
        context.open = quote.filter(|open| before.get(context.start) == Some(open));
        context
    }

    /// A word has ended with a blank or an operator.
    fn end_word(&mut self, word: &[u8], byte: u8, redirected: &mut bool) {
        if !word.is_empty() {
            let is_prefix =
                self.words.is_empty() && (word.contains(&b'=') || BEFORE_COMMANDS.contains(&word));
            let is_descriptor =
                matches!(byte, b'<' | b'>') && word.iter().all(|b| b.is_ascii_digit());
            if !is_prefix && !is_descriptor && !*redirected {
                self.words.push(unquote(word));
            }
            *redirected = false;
        }
        match byte {
            b' ' | b'\t' => {}
            b'<' | b'>' => *redirected = true,
            _ => {
                self.words.clear();
                *redirected = false;
            }
        }
    }
}

/// The word without its quoting.
fn unquote(word: &[u8]) -> Vec<u8> {
    let (mut out, mut quote) = (Vec::new(), None);
    let mut bytes = word.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', None | Some(b'"')) => out.extend(bytes.next()),
            (b'\'' | b'"', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            _ => out.push(byte),
        }
    }
    out
}

/// A word as the shell must be given it to mean itself, behind an open quote or without.
/// A tilde or a dollar at its beginning keep their meaning.
fn quote(word: &[u8], open: Option<u8>) -> Vec<u8> {
    let special: &[u8] = match open {
        Some(b'"') => b"\"\\`$",
        Some(_) => b"",
        None => b" \t\n\\'\"`$&|;<>()*?[]#~!",
    };
    let mut out = Vec::with_capacity(word.len());
    out.extend(open);
    for (at, &byte) in word.iter().enumerate() {
        let has_meaning = at == 0 && matches!(byte, b'~' | b'$');
        if special.contains(&byte) && !has_meaning {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}

fn files(word: &[u8], which: Files, names: &dyn Completer) -> Vec<Vec<u8>> {
    if which == Files::None {
        return Vec::new();
    }
    if word == b"~" {
        return vec![b"~/".to_vec()];
    }
    if let [b'~', prefix @ ..] = word
        && !prefix.contains(&b'/')
    {
        let users = names.homes().into_iter().map(|(name, _)| name);
        let fitting = users.filter(|name| name.starts_with(prefix));
        return fitting
            .map(|name| [b"~", &name[..], b"/"].concat())
            .collect();
    }
    let split = word.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
    let (dir, prefix) = word.split_at(split);
    let folder = folder(dir, names);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Vec::new();
    };
    let candidate = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.ok()?.file_name();
        let bytes = name.as_bytes();
        let hidden = bytes.starts_with(b".") && !prefix.starts_with(b".");
        if !bytes.starts_with(prefix) || hidden {
            return None;
        }
        let file = folder.join(&name);
        if is_dir(&file) {
            return Some([dir, bytes, b"/"].concat());
        }
        let fits = match which {
            Files::Programs => rustix::fs::access(&file, rustix::fs::Access::EXEC_OK).is_ok(),
            _ => which == Files::All,
        };
        fits.then(|| [dir, bytes].concat())
    };
    entries.filter_map(candidate).collect()
}

/// The directory that the part of a word up to its last slash means.
fn folder(dir: &[u8], names: &dyn Completer) -> PathBuf {
    let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
    let (first, rest) = dir.split_at(dir.iter().position(|&b| b == b'/').unwrap_or(0));
    let begins = match first {
        b"~" => names.value(b"HOME"),
        [b'~', user @ ..] => {
            let found = names.homes().into_iter().find(|(name, _)| name == user);
            found.map(|(_, home)| home)
        }
        [b'$', name @ ..] => names.value(name),
        _ => None,
    };
    match begins {
        Some(value) => path(&[&value[..], rest].concat()),
        None if dir.is_empty() => PathBuf::from("."),
        None => path(dir),
    }
}

fn is_dir(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// The longest beginning that all candidates share.
fn common_prefix(candidates: &[Vec<u8>]) -> &[u8] {
    let Some((first, rest)) = candidates.split_first() else {
        return b"";
    };
    let shared = |other: &Vec<u8>| first.iter().zip(other).take_while(|(a, b)| a == b).count();
    let length = rest.iter().map(shared).min().unwrap_or(first.len());
    &first[..length]
}

/// Candidates in columns, shown by their last path component.
pub fn columns(candidates: &[Vec<u8>], width: usize) -> Vec<u8> {
    let name = |candidate: &Vec<u8>| {
        let end = candidate.strip_suffix(b"/").unwrap_or(candidate).len();
        let slash = candidate[..end].iter().rposition(|&b| b == b'/');
        let name = &candidate[slash.map_or(0, |at| at + 1)..];
        (layout::visible(name), layout::columns(name))
    };
    let names: Vec<(Vec<u8>, usize)> = candidates.iter().map(name).collect();
    let cell = names.iter().map(|(_, columns)| columns + 2).max();
    let per_row = (width / cell.unwrap_or(1)).max(1);
    let rows = names.len().div_ceil(per_row);
    let mut out = Vec::new();
    for row in 0..rows {
        let mut gap = 0;
        for (name, columns) in names.iter().skip(row).step_by(rows) {
            out.resize(out.len() + gap, b' ');
            out.extend_from_slice(name);
            gap = cell.unwrap_or(0) - columns;
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names;

    impl Completer for Names {
        fn commands(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
            let all = ["mount", "mount_root", "mv"].map(|s| s.as_bytes().to_vec());
            all.into_iter()
                .filter(|name| name.starts_with(prefix))
                .collect()
        }

        fn variables(&self, _prefix: &[u8]) -> Vec<Vec<u8>> {
            vec![b"HOME".to_vec()]
        }

        fn value(&self, _name: &[u8]) -> Option<Vec<u8>> {
            None
        }

        fn homes(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
            let known = [("someone", "/"), ("sometwo", "/nosuchdir"), ("other", "/")];
            known.map(|(name, home)| (name.into(), home.into())).into()
        }

        fn operands(&self, words: &[Vec<u8>], _word: &[u8]) -> Operands {
            Operands {
                words: vec![words.join(&b'+'), b"other".to_vec()],
                files: Files::None,
            }
        }
    }

    fn check(line: &str, start: usize, expected: &[&str]) {
        let found = complete(line.as_bytes(), line.len(), &Names);
        let candidates: Vec<_> = expected.iter().map(|s| s.as_bytes().to_vec()).collect();
        assert_eq!(
            (found.start, found.candidates),
            (start, candidates),
            "{line}"
        );
    }

    #[test]
    fn a_command_is_completed_where_one_belongs() {
        check("mou", 0, &["mount", "mount_root"]);
        check("ls; mv", 4, &["mv"]);
        check("if mv", 3, &["mv"]);
        check("echo $H", 5, &["$HOME"]);
        check("echo ${H", 5, &["${HOME}"]);
        check("/nosuchdir/x", 0, &[]);
        check("A=b mv", 4, &["mv"]);
        check("~some", 0, &["~someone/", "~sometwo/"]);
        check("ls >~someone/et", 4, &["~someone/etc/"]);
        check("ls >~sometwo/et", 4, &[]);
        check("echo $(mv", 7, &["mv"]);
    }

    #[test]
    fn operands_are_asked_for_with_the_words_before_them() {
        check("mtd ", 4, &["mtd", "other"]);
        check("ls | A=b mtd 'x y' >out m", 24, &["mtd+x y"]);
        check("if mtd 2>/dev/null ot", 19, &["other"]);
        check("mtd of=/nosuchdir/", 7, &[]);
        check("mtd >/nosuchdir/", 5, &[]);
    }

    #[test]
    fn quoting_goes_both_ways() {
        assert_eq!(quote(b"a b$c", None), b"a\\ b\\$c");
        assert_eq!(quote(b"a b$c", Some(b'"')), b"\"a b\\$c");
        assert_eq!(quote(b"$HOME", None), b"$HOME");
        assert_eq!(unquote(b"a\\ b'c d'\"e\\\"f\""), b"a bc de\"f");
    }

    #[test]
    fn columns_run_downwards() {
        let names: Vec<Vec<u8>> = ["a", "dir/b", "c/"].map(|s| s.as_bytes().to_vec()).to_vec();
        assert_eq!(columns(&names, 9), b"a   c/\r\nb\r\n");
        assert_eq!(
            common_prefix(&[b"mount".to_vec(), b"mouse".to_vec()]),
            b"mou"
        );
    }
}
