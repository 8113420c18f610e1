//! File names that match a pattern, sorted by bytes.

use super::pattern;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// The files that match; none is an empty list, and the caller keeps the pattern.
///
/// A backslash in the pattern takes the next character literally; a text with nothing but
/// such characters is no pattern. Dots at the start of a name must be written.
pub fn expand(pattern: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if !has_pattern(pattern) {
        return found;
    }
    let slashes = pattern.iter().take_while(|&&b| b == b'/').count();
    let (root, rest) = pattern.split_at(slashes);
    descend(root.to_vec(), rest, &mut found);
    found.sort();
    found
}

/// Matches `rest` below `base`, which is empty or ends in a slash.
fn descend(base: Vec<u8>, rest: &[u8], found: &mut Vec<Vec<u8>>) {
    let end = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
    let (component, after) = rest.split_at(end);
    let slashes = after.iter().take_while(|&&b| b == b'/').count();
    let (slashes, after) = after.split_at(slashes);
    let last = after.is_empty();
    if !has_pattern(component) {
        let mut path = base;
        path.extend_from_slice(&without_escapes(component));
        path.extend_from_slice(slashes);
        if !last {
            descend(path, after, found);
        } else if exists(&path) {
            found.push(path);
        }
        return;
    }
    for name in names_in(&base) {
        let hidden = name.first() == Some(&b'.') && !starts_with_dot(component);
        if hidden || !pattern::matches(component, &name) {
            continue;
        }
        let mut path = base.clone();
        path.extend_from_slice(&name);
        if !slashes.is_empty() {
            if !is_directory(&path) {
                continue;
            }
            path.extend_from_slice(slashes);
        }
        if last {
            found.push(path);
        } else {
            descend(path, after, found);
        }
    }
}

fn has_pattern(component: &[u8]) -> bool {
    let mut bytes = component.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'*' | b'?' | b'[' => return true,
            _ => {}
        }
    }
    false
}

fn without_escapes(component: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(component.len());
    let mut bytes = component.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => plain.push(bytes.next().copied().unwrap_or(b'\\')),
            _ => plain.push(byte),
        }
    }
    plain
}

fn starts_with_dot(component: &[u8]) -> bool {
    component.starts_with(b".") || component.starts_with(b"\\.")
}

fn names_in(base: &[u8]) -> Vec<Vec<u8>> {
    let dir = if base.is_empty() { b"." } else { base };
    let path = Path::new(std::ffi::OsStr::from_bytes(dir));
    let Ok(entries) = std::fs::read_dir(path) else {
        return Vec::new();
    };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().into_vec()));
    // Reading a directory leaves these two out; `.*` matches them as it always has.
    names.chain([b".".to_vec(), b"..".to_vec()]).collect()
}

fn exists(path: &[u8]) -> bool {
    Path::new(std::ffi::OsStr::from_bytes(path))
        .symlink_metadata()
        .is_ok()
}

fn is_directory(path: &[u8]) -> bool {
    Path::new(std::ffi::OsStr::from_bytes(path)).is_dir()
}
