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
    /// The best mixed bits of a product are the high ones; the table looks at the low ones.
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let join = |word, &byte: &u8| word << 8 | u64::from(byte);
            self.write_u64(chunk.iter().fold(0, join));
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

    /// Whether there is anything to tell of it. What was local to a function stays in the
    /// table without a value, since the function will be called again.
    fn is_known(&self) -> bool {
        self.set || self.exported || self.readonly || self.special != Special::No
    }

    /// Makes it unknown; a small buffer is kept for the next value.
    fn forget(&mut self) {
        replace(&mut self.value, b"");
        (self.set, self.exported, self.readonly) = (false, false, false);
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
    /// What the calls of functions have hidden, and where each call's part begins.
    hidden: Vec<(Name, Option<Var>)>,
    frames: Vec<usize>,
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
            hidden: Vec::new(),
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
        self.get_with_ifs(name).0
    }

    /// A value together with the splitter's table.
    pub fn get_with_ifs(&mut self, name: &[u8]) -> (Option<&[u8]>, &[Ifs; 256]) {
        if self.ifs_stale {
            self.refresh_ifs();
        }
        let Some(var) = self.map.get_mut(name) else {
            return (None, &self.ifs);
        };
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
        (var.value(), &self.ifs)
    }

    /// Assigns.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), ReadOnly> {
        self.write(name, |var| replace(&mut var.value, value))
    }

    /// Assigns a number.
    pub fn set_number(&mut self, name: &[u8], number: i64) -> Result<(), ReadOnly> {
        self.write(name, |var| write_number(&mut var.value, number))
    }

    /// `name+=value`
    pub fn append(&mut self, name: &[u8], value: &[u8]) -> Result<(), ReadOnly> {
        self.write(name, |var| {
            if !var.set {
                var.value.clear();
            }
            var.value.extend_from_slice(value);
        })
    }

    /// Assigns by a function that changes the value.
    fn write(&mut self, name: &[u8], change: impl FnOnce(&mut Var)) -> Result<(), ReadOnly> {
        let Some(var) = self.map.get_mut(name) else {
            let mut var = Var::default();
            change(&mut var);
            var.set = true;
            var.exported = self.export_all;
            self.map.insert(Rc::from(name), var);
            return Ok(());
        };
        if var.readonly {
            return Err(ReadOnly);
        }
        change(var);
        var.set = true;
        var.exported |= self.export_all;
        match var.special {
            Special::Path => self.path_changed = true,
            Special::Optind => self.optind_changed = true,
            Special::Ifs => self.ifs_stale = true,
            _ => {}
        }
        Ok(())
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
                self.optind_changed |= special == Special::Optind;
            }
        }
        Ok(())
    }

    /// All variables, sorted by name.
    pub fn sorted(&self) -> Vec<(&Name, &Var)> {
        let mut all: Vec<_> = self.map.iter().filter(|(_, var)| var.is_known()).collect();
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
        self.frames.push(self.hidden.len());
    }

    /// Closes the frame: hidden variables come back; whether `OPTIND` is one of them.
    pub fn pop_frame(&mut self) -> bool {
        /// More names than that are made up by a script, and not kept.
        const MANY: usize = 1000;
        let start = self.frames.pop().unwrap_or_default();
        let mut had_optind = false;
        while self.hidden.len() > start {
            let Some((name, before)) = self.hidden.pop() else {
                break;
            };
            let few = self.map.len() < MANY;
            let Some(var) = self.map.get_mut(&name) else {
                self.map.extend(before.map(|var| (name, var)));
                continue;
            };
            match var.special {
                Special::Ifs => self.ifs_stale = true,
                Special::Path => self.path_changed = true,
                Special::Optind => had_optind = true,
                _ => {}
            }
            match before {
                Some(before) => *var = before,
                None if few => var.forget(),
                None => {
                    self.map.remove(&name);
                }
            }
        }
        self.optind_changed |= had_optind;
        had_optind
    }

    /// What the innermost frame hides.
    fn frame(&self) -> &[(Name, Option<Var>)] {
        let start = self.frames.last().copied();
        start
            .and_then(|start| self.hidden.get(start..))
            .unwrap_or_default()
    }

    /// Hides a variable until the frame closes; it keeps its attributes and its value.
    pub fn shadow(&mut self, name: &[u8]) {
        if self.frames.is_empty() || self.frame().iter().any(|(known, _)| **known == *name) {
            return;
        }
        let hidden = match self.map.get_key_value(name) {
            Some((key, var)) => (Rc::clone(key), var.is_known().then(|| var.clone())),
            None => (Rc::from(name), None),
        };
        self.hidden.push(hidden);
    }

    /// `local name`: hidden and without a value.
    pub fn make_local(&mut self, name: &[u8]) -> Result<(), ReadOnly> {
        if self.frame().iter().any(|(known, _)| **known == *name) {
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
            self.optind_changed |= var.special == Special::Optind;
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
    out.extend_from_slice(digits(number, &mut [0; 20]));
}

/// A number as decimal digits, written into `buf`.
pub fn digits(number: i64, buf: &mut [u8; 20]) -> &[u8] {
    let mut at = buf.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        buf[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        buf[at] = b'-';
    }
    &buf[at..]
}

/// Puts `value` in the place of an old one. The room of a small value is used again, that of
/// a large one is given back.
fn replace(old: &mut Vec<u8>, value: &[u8]) {
    const LARGE: usize = 4096;
    if old.capacity() > LARGE && value.len() < old.capacity() / 2 {
        *old = value.to_vec();
    } else {
        old.clear();
        old.extend_from_slice(value);
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

fn seed() -> u32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(1, |since| since.subsec_nanos()) ^ (std::process::id() << 16) | 1
}
