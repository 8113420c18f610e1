//! Variables: values, attributes, the frames of `local`.
//!
//! Values are written in place, so a counter in a loop allocates nothing. Some names are
//! watched: `IFS` feeds the splitter's table, `PATH` and `OPTIND` set flags, `LINENO`,
//! `RANDOM` and `EPOCHSECONDS` are computed when they are read.

use super::ast::Name;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

/// A quick hash for short names that nobody can choose against us for long.
#[derive(Default)]
pub struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

/// A map by name.
pub type NameMap<T> = HashMap<Name, T, BuildHasherDefault<NameHasher>>;

/// What is special about a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Special {
    #[default]
    No,
    Ifs,
    Path,
    Optind,
    Line,
    Random,
    Epoch,
}

/// A variable.
#[derive(Clone, Debug, Default)]
pub struct Var {
    value: Vec<u8>,
    set: bool,
    /// In the environment of commands.
    pub exported: bool,
    /// Never to change.
    pub readonly: bool,
    special: Special,
}

impl Var {
    /// The value, unless it only has attributes.
    pub fn value(&self) -> Option<&[u8]> {
        self.set.then_some(&*self.value)
    }
}

/// Assignment to a read-only variable.
#[derive(Debug)]
pub struct ReadOnly;

/// How the splitter treats a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ifs {
    /// Part of a field.
    No,
    /// Blank, tab or newline of `IFS`: any number of them separate.
    Blank,
    /// Any other of `IFS`: each one separates.
    Mark,
}

/// All variables of a shell.
pub struct Vars {
    map: NameMap<Var>,
    /// What each call of a function has hidden.
    frames: Vec<Vec<(Name, Option<Var>)>>,
    ifs: [Ifs; 256],
    ifs_stale: bool,
    /// `set -a`
    pub export_all: bool,
    /// `PATH` has changed since this was last cleared.
    pub path_changed: bool,
    /// `OPTIND` was assigned since this was last cleared.
    pub optind_changed: bool,
    /// What `LINENO` shows.
    pub line: u32,
    random: u32,
}

impl Default for Vars {
    fn default() -> Vars {
        Vars::new()
    }
}

impl Vars {
    /// The variables that every shell has.
    pub fn new() -> Vars {
        let mut vars = Vars {
            map: NameMap::default(),
            frames: Vec::new(),
            ifs: [Ifs::No; 256],
            ifs_stale: true,
            export_all: false,
            path_changed: true,
            optind_changed: false,
            line: 0,
            random: 0,
        };
        let watched: [(&[u8], &[u8], Special); 6] = [
            (b"IFS", b" \t\n", Special::Ifs),
            (b"PATH", b"", Special::Path),
            (b"OPTIND", b"1", Special::Optind),
            (b"LINENO", b"", Special::Line),
            (b"RANDOM", b"", Special::Random),
            (b"EPOCHSECONDS", b"", Special::Epoch),
        ];
        for (name, value, special) in watched {
            let var = Var {
                value: value.to_vec(),
                set: special != Special::Path,
                special,
                ..Var::default()
            };
            vars.map.insert(Rc::from(name), var);
        }
        vars.refresh_ifs();
        vars
    }

    /// A value; None if unset.
    pub fn get(&mut self, name: &[u8]) -> Option<&[u8]> {
        let var = self.map.get_mut(name)?;
        match var.special {
            Special::Line => write_number(&mut var.value, i64::from(self.line)),
            Special::Random => {
                if self.random == 0 {
                    self.random = seed();
                }
                // The constants of Numerical Recipes; the high bits are the good ones.
                self.random = self
                    .random
                    .wrapping_mul(1_664_525)
                    .wrapping_add(1_013_904_223);
                write_number(&mut var.value, i64::from(self.random >> 17));
            }
            Special::Epoch => write_number(&mut var.value, now()),
            _ => {}
        }
        var.value()
    }

    /// Assigns.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), ReadOnly> {
        let var = self.writable(name)?;
        var.value.clear();
        var.value.extend_from_slice(value);
        Ok(())
    }

    /// Assigns a number.
    pub fn set_number(&mut self, name: &[u8], number: i64) -> Result<(), ReadOnly> {
        write_number(&mut self.writable(name)?.value, number);
        Ok(())
    }

    /// `name+=value`
    pub fn append(&mut self, name: &[u8], value: &[u8]) -> Result<(), ReadOnly> {
        let was_set = self.map.get(name).is_some_and(|var| var.set);
        let var = self.writable(name)?;
        if !was_set {
            var.value.clear();
        }
        var.value.extend_from_slice(value);
        Ok(())
    }

    /// Assigns by a function that fills the value; for the watched names use [`Vars::set`].
    fn writable(&mut self, name: &[u8]) -> Result<&mut Var, ReadOnly> {
        if !self.map.contains_key(name) {
            self.map.insert(Rc::from(name), Var::default());
        }
        let Some(var) = self.map.get_mut(name) else {
            return Err(ReadOnly);
        };
        if var.readonly {
            return Err(ReadOnly);
        }
        var.set = true;
        if self.export_all {
            var.exported = true;
        }
        match var.special {
            Special::Path => self.path_changed = true,
            Special::Optind => self.optind_changed = true,
            Special::Ifs => self.ifs_stale = true,
            _ => {}
        }
        Ok(var)
    }

    /// Sets an attribute, making the variable known if need be.
    pub fn mark(&mut self, name: &[u8], change: impl FnOnce(&mut Var)) {
        match self.map.get_mut(name) {
            Some(var) => change(var),
            None => {
                let mut var = Var::default();
                change(&mut var);
                self.map.insert(Rc::from(name), var);
            }
        }
    }

    /// Forgets a variable and its attributes.
    pub fn unset(&mut self, name: &[u8]) -> Result<(), ReadOnly> {
        let Some(var) = self.map.get_mut(name) else {
            return Ok(());
        };
        if var.readonly {
            return Err(ReadOnly);
        }
        match var.special {
            Special::No => {
                self.map.remove(name);
            }
            // The watched ones stay known; those that are computed lose their magic.
            special => {
                let kept = matches!(special, Special::Ifs | Special::Path | Special::Optind);
                *var = Var {
                    special: if kept { special } else { Special::No },
                    ..Var::default()
                };
                self.path_changed |= special == Special::Path;
                self.ifs_stale |= special == Special::Ifs;
            }
        }
        Ok(())
    }

    /// All variables, sorted by name.
    pub fn sorted(&self) -> Vec<(&Name, &Var)> {
        let mut all: Vec<_> = self.map.iter().collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        all
    }

    /// The exported ones that are set.
    pub fn exported(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let exported = self.map.iter().filter(|(_, var)| var.exported);
        exported.filter_map(|(name, var)| Some((&**name, var.value()?)))
    }

    /// Opens a frame for `local` or for the assignments before a command.
    pub fn push_frame(&mut self) {
        self.frames.push(Vec::new());
    }

    /// Closes the frame: hidden variables come back.
    pub fn pop_frame(&mut self) {
        for (name, var) in self.frames.pop().unwrap_or_default().into_iter().rev() {
            let special = self.map.get(&name).map(|var| var.special);
            match special {
                Some(Special::Ifs) => self.ifs_stale = true,
                Some(Special::Path) => self.path_changed = true,
                Some(Special::Optind) => self.optind_changed = true,
                _ => {}
            }
            match var {
                Some(var) => {
                    self.map.insert(name, var);
                }
                None => {
                    self.map.remove(&name);
                }
            }
        }
    }

    /// Hides a variable until the frame closes; it keeps its attributes and its value.
    pub fn shadow(&mut self, name: &[u8]) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if frame.iter().any(|(known, _)| **known == *name) {
            return;
        }
        match self.map.get_key_value(name) {
            Some((key, var)) => frame.push((Rc::clone(key), Some(var.clone()))),
            None => frame.push((Rc::from(name), None)),
        }
    }

    /// `local name`: hidden and without a value.
    pub fn make_local(&mut self, name: &[u8]) -> Result<(), ReadOnly> {
        let known = |frame: &Vec<(Name, Option<Var>)>| frame.iter().any(|(n, _)| **n == *name);
        if self.frames.last().is_some_and(known) {
            return Ok(());
        }
        if self.map.get(name).is_some_and(|var| var.readonly) {
            return Err(ReadOnly);
        }
        self.shadow(name);
        if let Some(var) = self.map.get_mut(name) {
            var.set = false;
            var.value.clear();
            self.ifs_stale |= var.special == Special::Ifs;
            self.path_changed |= var.special == Special::Path;
        }
        Ok(())
    }

    /// How the splitter treats a byte.
    #[inline]
    pub fn ifs(&mut self) -> &[Ifs; 256] {
        if self.ifs_stale {
            self.refresh_ifs();
        }
        &self.ifs
    }

    /// A value together with the splitter's table; unset is empty.
    pub fn get_with_ifs(&mut self, name: &[u8]) -> (&[u8], &[Ifs; 256]) {
        self.ifs();
        let value = self.map.get(name).and_then(Var::value);
        (value.unwrap_or_default(), &self.ifs)
    }

    /// What joins `"$*"`: the first byte of `IFS`, a blank if it is unset.
    pub fn ifs_joint(&self) -> Option<u8> {
        match self.map.get(&b"IFS"[..]).and_then(Var::value) {
            Some(value) => value.first().copied(),
            None => Some(b' '),
        }
    }

    fn refresh_ifs(&mut self) {
        self.ifs_stale = false;
        let value = self.map.get(&b"IFS"[..]).and_then(Var::value);
        self.ifs = [Ifs::No; 256];
        for &byte in value.unwrap_or(b" \t\n") {
            self.ifs[usize::from(byte)] = match byte {
                b' ' | b'\t' | b'\n' => Ifs::Blank,
                _ => Ifs::Mark,
            };
        }
    }
}

/// Writes a number as decimal digits.
pub fn write_number(out: &mut Vec<u8>, number: i64) {
    out.clear();
    append_number(out, number);
}

/// Appends a number as decimal digits.
pub fn append_number(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

fn seed() -> u32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(1, |since| since.subsec_nanos()) ^ (std::process::id() << 16) | 1
}
