//! The options of `set` and of the command line.

/// The switches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub errexit: bool,
    pub noglob: bool,
    pub ignoreeof: bool,
    pub monitor: bool,
    pub noexec: bool,
    pub stdin: bool,
    pub interactive: bool,
    pub xtrace: bool,
    pub verbose: bool,
    pub noclobber: bool,
    pub allexport: bool,
    pub notify: bool,
    pub nounset: bool,
    pub errtrace: bool,
    pub vi: bool,
    pub pipefail: bool,
    /// `-h`: programs are located when they are first run, whatever this says.
    pub hashall: bool,
    /// POSIX has it; functions never get into the history here.
    pub nolog: bool,
    /// `-c` was given; only `$-` shows it.
    pub command: bool,
}

/// Letter (0: none), name (empty: only a letter), and where the switch is.
type Entry = (u8, &'static str, fn(&mut Options) -> &mut bool);

const TABLE: &[Entry] = &[
    (b'e', "errexit", |o| &mut o.errexit),
    (b'f', "noglob", |o| &mut o.noglob),
    (b'I', "ignoreeof", |o| &mut o.ignoreeof),
    (b'm', "monitor", |o| &mut o.monitor),
    (b'n', "noexec", |o| &mut o.noexec),
    (b's', "", |o| &mut o.stdin),
    (b'i', "", |o| &mut o.interactive),
    (b'x', "xtrace", |o| &mut o.xtrace),
    (b'v', "verbose", |o| &mut o.verbose),
    (b'C', "noclobber", |o| &mut o.noclobber),
    (b'a', "allexport", |o| &mut o.allexport),
    (b'b', "notify", |o| &mut o.notify),
    (b'u', "nounset", |o| &mut o.nounset),
    (b'E', "errtrace", |o| &mut o.errtrace),
    (b'c', "", |o| &mut o.command),
    (b'h', "hashall", |o| &mut o.hashall),
    (0, "nolog", |o| &mut o.nolog),
    (0, "vi", |o| &mut o.vi),
    (0, "pipefail", |o| &mut o.pipefail),
];

impl Options {
    /// The switch of a letter.
    pub fn by_letter(&mut self, letter: u8) -> Option<&mut bool> {
        let found = TABLE.iter().find(|(l, ..)| *l == letter && letter != 0)?;
        Some(found.2(self))
    }

    /// The switch of a name.
    pub fn by_name(&mut self, name: &[u8]) -> Option<&mut bool> {
        let found = TABLE
            .iter()
            .find(|(_, n, _)| n.as_bytes() == name && !name.is_empty())?;
        Some(found.2(self))
    }

    /// The letters that are on: `$-`.
    pub fn letters(&self) -> Vec<u8> {
        let mut copy = *self;
        let on = TABLE
            .iter()
            .filter(|(letter, _, switch)| *letter != 0 && *switch(&mut copy));
        on.map(|(letter, ..)| *letter).collect()
    }

    /// Names and states, for `set -o`.
    pub fn named(&self) -> Vec<(&'static str, bool)> {
        let mut copy = *self;
        let named = TABLE.iter().filter(|(_, name, _)| !name.is_empty());
        named
            .map(|(_, name, switch)| (*name, *switch(&mut copy)))
            .collect()
    }
}
