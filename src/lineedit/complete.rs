//! Words for Tab: commands, files, home directories, variables.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What could stand in place of the word before the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Byte of the line where the word begins.
    pub start: usize,
    /// Sorted candidates, unquoted; a directory ends with a slash.
    pub candidates: Vec<Vec<u8>>,
}

/// The shell's side: what names there are.
pub trait Completer {
    /// Commands that begin with `prefix`: builtins, functions, aliases, programs of `PATH`.
    fn commands(&self, prefix: &[u8]) -> Vec<Vec<u8>>;
    /// Variables that begin with `prefix`.
    fn variables(&self, prefix: &[u8]) -> Vec<Vec<u8>>;
    /// The home directory, for `~`.
    fn home(&self) -> Option<PathBuf>;
}

/// Finds what the word before `cursor` can become.
pub fn complete(line: &[u8], cursor: usize, names: &dyn Completer) -> Completion {
    let before = &line[..cursor.min(line.len())];
    let start = word_start(before);
    let word = unquote(&before[start..]);
    let mut candidates = if let Some(prefix) = word.strip_prefix(b"$") {
        let dollar = |name: Vec<u8>| [b"$", name.as_slice()].concat();
        names.variables(prefix).into_iter().map(dollar).collect()
    } else if is_command_place(&before[..start]) && !word.contains(&b'/') {
        names.commands(&word)
    } else {
        files(&word, names)
    };
    candidates.sort();
    candidates.dedup();
    Completion { start, candidates }
}

/// Where the word before the end begins: after a blank or an operator outside quotes.
fn word_start(before: &[u8]) -> usize {
    let (mut start, mut quote, mut escaped) = (0, None, false);
    for (at, &byte) in before.iter().enumerate() {
        match (byte, quote) {
            _ if escaped => escaped = false,
            (b'\\', None | Some(b'"')) => escaped = true,
            (b'\'' | b'"', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            (b' ' | b'\t' | b'|' | b'&' | b';' | b'<' | b'>' | b'(' | b'=', None) => {
                start = at + 1;
            }
            _ => {}
        }
    }
    start
}

/// Whether a command, not an argument, belongs after this text.
fn is_command_place(before: &[u8]) -> bool {
    let text = before.trim_ascii_end();
    let last_word = text
        .rsplit(|b| b.is_ascii_whitespace())
        .next()
        .unwrap_or_default();
    matches!(text.last(), None | Some(b'|' | b'&' | b';' | b'('))
        || matches!(
            last_word,
            b"then" | b"do" | b"else" | b"elif" | b"if" | b"while" | b"until"
        )
        || matches!(last_word, b"!" | b"{" | b"exec" | b"command" | b"time")
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

/// Bytes as the shell must be given them to mean themselves.
pub fn quote(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    for (at, &byte) in word.iter().enumerate() {
        let is_home = byte == b'~' && at == 0;
        if !is_home && b" \t\n\\'\"`$&|;<>()*?[]#~!{}".contains(&byte) && !(byte == b'$' && at == 0)
        {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}

fn files(word: &[u8], names: &dyn Completer) -> Vec<Vec<u8>> {
    let split = word.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
    let (dir, prefix) = word.split_at(split);
    let folder = match (dir.strip_prefix(b"~/"), names.home()) {
        (Some(rest), Some(home)) => home.join(OsStr::from_bytes(rest)),
        _ if dir.is_empty() => PathBuf::from("."),
        _ => PathBuf::from(OsStr::from_bytes(dir)),
    };
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
        let slash: &[u8] = if is_dir(&folder.join(&name)) {
            b"/"
        } else {
            b""
        };
        Some([dir, bytes, slash].concat())
    };
    entries.filter_map(candidate).collect()
}

fn is_dir(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// The longest beginning that all candidates share.
pub fn common_prefix(candidates: &[Vec<u8>]) -> &[u8] {
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
        let start = candidate[..end]
            .iter()
            .rposition(|&b| b == b'/')
            .map_or(0, |at| at + 1);
        candidate[start..].to_vec()
    };
    let names: Vec<Vec<u8>> = candidates.iter().map(name).collect();
    let cell = names.iter().map(Vec::len).max().unwrap_or(0) + 2;
    let per_row = (width / cell).max(1);
    let rows = names.len().div_ceil(per_row);
    let mut out = Vec::new();
    for row in 0..rows {
        for (at, name) in names.iter().skip(row).step_by(rows).enumerate() {
            if at > 0 {
                let done = names.get(row + (at - 1) * rows).map_or(0, Vec::len);
                out.resize(out.len() + cell - done, b' ');
            }
            out.extend_from_slice(name);
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

        fn home(&self) -> Option<PathBuf> {
            None
        }
    }

    fn check(line: &str, start: usize, expected: &[&str]) {
        let found = complete(line.as_bytes(), line.len(), &Names);
        let candidates: Vec<_> = expected.iter().map(|s| s.as_bytes().to_vec()).collect();
        assert_eq!(found, Completion { start, candidates }, "{line}");
    }

    #[test]
    fn a_command_is_completed_where_one_belongs() {
        check("mou", 0, &["mount", "mount_root"]);
        check("ls; mv", 4, &["mv"]);
        check("if mv", 3, &["mv"]);
        check("echo $H", 5, &["$HOME"]);
        check("cat /nosuchdir/x", 4, &[]);
    }

    #[test]
    fn quoting_goes_both_ways() {
        assert_eq!(quote(b"a b$c"), b"a\\ b\\$c");
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
