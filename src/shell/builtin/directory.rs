//! `cd` and `pwd`: the logical directory, as the user got there.

use super::{Args, letters};
use crate::error::reason;
use crate::shell::Shell;
use crate::shell::error::Run;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub fn cd(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters_of(shell, args) else {
        return Ok(2);
    };
    let (physical, first) = options;
    let mut show = false;
    let target = match args.get(first) {
        Some(b"-") => {
            show = true;
            match shell.vars.get(b"OLDPWD") {
                Some(old) => old.to_vec(),
                None => {
                    shell.complain("OLDPWD not set");
                    return Ok(2);
                }
            }
        }
        Some(target) => target.to_vec(),
        None => match shell.vars.get(b"HOME") {
            Some(home) if !home.is_empty() => home.to_vec(),
            _ => return Ok(0),
        },
    };
    let (path, by_cdpath) = along_cdpath(shell, target);
    show |= by_cdpath;
    let current = current_directory(shell).unwrap_or_default();
    let logical = join(&current, &path);
    let tried = if physical { &path } else { &logical };
    if let Err(error) = std::env::set_current_dir(OsStr::from_bytes(tried))
        // The logical name may be stale; the kernel knows the way.
        .or_else(|_| std::env::set_current_dir(OsStr::from_bytes(&path)))
    {
        let shown = String::from_utf8_lossy(&path).into_owned();
        shell.complain(format_args!("can't cd to {shown}: {}", reason(&error)));
        return Ok(2);
    }
    // A relative directory of PATH is another one from here.
    shell.located.clear();
    let now = if physical {
        physical_directory().unwrap_or(logical)
    } else {
        logical
    };
    // Read-only names keep their values; the directory has changed all the same.
    let _ = shell.vars.set(b"OLDPWD", &current);
    let _ = shell.vars.set(b"PWD", &now);
    if show {
        shell.put(&[&now[..], b"\n"].concat());
    }
    Ok(0)
}

/// `-L` and `-P`; a lone `-` is an operand.
fn letters_of(shell: &mut Shell, args: &Args) -> Option<(bool, usize)> {
    // `-e`: a physical directory without a name is an error, which it is anyway.
    let options = letters(shell, args, b"LPe")?;
    let mut ways = options.given.iter().rev().map(|(letter, _)| *letter);
    let physical = ways.find(|letter| *letter != b'e') == Some(b'P');
    Some((physical, options.first))
}

/// Looks a relative name up along `CDPATH`.
fn along_cdpath(shell: &mut Shell, target: Vec<u8>) -> (Vec<u8>, bool) {
    let relative = !matches!(&*target, [b'/', ..] | b"." | b".." | [b'.', b'/', ..])
        && !target.starts_with(b"../");
    let Some(path) = shell.vars.get(b"CDPATH").filter(|_| relative) else {
        return (target, false);
    };
    for dir in path.split(|&b| b == b':') {
        let slash: &[u8] = if dir.is_empty() || dir.ends_with(b"/") {
            b""
        } else {
            b"/"
        };
        let candidate = [dir, slash, &target].concat();
        if Path::new(OsStr::from_bytes(&candidate)).is_dir() {
            return (candidate, !dir.is_empty());
        }
    }
    (target, false)
}

/// A path below a directory, with `.` and `..` resolved by name.
fn join(current: &[u8], path: &[u8]) -> Vec<u8> {
    let whole = if path.starts_with(b"/") {
        path.to_vec()
    } else {
        [current, b"/", path].concat()
    };
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in whole.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut joined = Vec::new();
    for part in &parts {
        joined.push(b'/');
        joined.extend_from_slice(part);
    }
    if joined.is_empty() {
        joined.push(b'/');
    }
    joined
}

fn physical_directory() -> Option<Vec<u8>> {
    let directory = std::env::current_dir().ok()?;
    Some(directory.as_os_str().as_bytes().to_vec())
}

/// Where the shell is, as the user got there: `PWD` where that is true, or where the
/// directory is gone and nothing better is known.
fn current_directory(shell: &mut Shell) -> Option<Vec<u8>> {
    let known = shell.vars.get(b"PWD").map(<[u8]>::to_vec);
    let known = known.filter(|known| known.starts_with(b"/"));
    match known {
        Some(known) if is_here(&known) => Some(known),
        known => physical_directory().or(known),
    }
}

/// Whether a path leads to the current directory.
fn is_here(path: &[u8]) -> bool {
    let place = |path: &Path| path.metadata().ok().map(|meta| (meta.dev(), meta.ino()));
    let found = place(Path::new(OsStr::from_bytes(path)));
    found.is_some() && found == place(Path::new("."))
}

pub fn pwd(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some((physical, _)) = letters_of(shell, args) else {
        return Ok(2);
    };
    let directory = if physical {
        physical_directory()
    } else {
        current_directory(shell)
    };
    match directory {
        Some(directory) => {
            shell.put(&[&directory[..], b"\n"].concat());
            Ok(0)
        }
        None => {
            shell.complain("the current directory does not exist any more");
            Ok(1)
        }
    }
}

impl Shell {
    /// `PWD` at the start: the inherited one if it is true, else what the kernel says.
    pub(in crate::shell) fn find_directory(&mut self) {
        if let Some(known) = self.vars.get(b"PWD")
            && known.starts_with(b"/")
            && is_here(known)
        {
            return;
        }
        if let Some(directory) = physical_directory() {
            // A fresh shell has no read-only variables.
            let _ = self.vars.set(b"PWD", &directory);
        }
    }
}

#[test]
fn paths_are_joined_by_name() {
    let check = |current: &str, path: &str, expected: &str| {
        let joined = join(current.as_bytes(), path.as_bytes());
        assert_eq!(String::from_utf8_lossy(&joined), expected);
    };
    check("/a/b", "c", "/a/b/c");
    check("/a/b", "../c/.", "/a/c");
    check("/", "..", "/");
    check("/a", "/x//y/", "/x/y");
}
