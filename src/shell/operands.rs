//! What Tab offers behind a command: words, names of the machine, places in the settings.
//!
//! Which command takes what is a table; the binary hands over that of its applets.

use crate::applet::Applets;
use crate::lineedit::complete::{Files, Operands};
use crate::sys::{Linux, System, signal};
use crate::uci::{Config, Package};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// What an operand is.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    /// Any file.
    File,
    /// A directory.
    Directory,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A command.
    Command,
    /// A variable, without the dollar.
    Variable,
    /// `-SIGNAL`, `%JOB`, or the name of a process.
    Process,
    /// `%JOB`.
    Job,
    /// Where something is mounted.
    MountPoint,
    /// A partition of the flash, or a file.
    PartitionOrFile,
    /// A network interface.
    Interface,
    /// An applet.
    Applet,
    /// A user.
    User,
    /// A command of `uci` and what it works on.
    Uci,
}

/// Commands and their operands; the last one stands for all that follow.
pub type Table = &'static [(&'static str, &'static [Operand])];

/// The shell's own commands.
const BUILTINS: Table = &[
    ("cd", &[Operand::Directory]),
    ("chdir", &[Operand::Directory]),
    ("export", &[Operand::Variable]),
    ("readonly", &[Operand::Variable]),
    ("unset", &[Operand::Variable]),
    ("local", &[Operand::Variable]),
    ("read", &[Operand::Variable]),
    ("type", &[Operand::Command]),
    ("hash", &[Operand::Command]),
    ("kill", &[Operand::Process]),
    ("fg", &[Operand::Job]),
    ("bg", &[Operand::Job]),
    ("jobs", &[Operand::Job]),
    ("wait", &[Operand::Job]),
];

/// What scripts in `/etc/init.d` can be asked for.
const SERVICE: &[&str] = &[
    "disable", "enable", "enabled", "reload", "restart", "start", "status", "stop",
];

/// What the lists are made of.
pub(super) struct Sources<'a> {
    pub applets: Applets,
    pub table: Table,
    /// Job numbers.
    pub jobs: &'a [usize],
    pub commands: &'a dyn Fn(&[u8]) -> Vec<Vec<u8>>,
    pub variables: &'a dyn Fn(&[u8]) -> Vec<Vec<u8>>,
}

impl Sources<'_> {
    /// What can stand behind `words` in place of `word`.
    pub fn operands(&self, words: &[Vec<u8>], word: &[u8]) -> Operands {
        let name = words.first().map_or(&b""[..], Vec::as_slice);
        if name.starts_with(b"/etc/init.d/") {
            return only(names(SERVICE));
        }
        let name = name.rsplit(|&b| b == b'/').next().unwrap_or(name);
        let mut entries = self.table.iter().chain(BUILTINS);
        let entry = entries.find(|(command, _)| command.as_bytes() == name);
        let Some((_, operands)) = entry else {
            return Operands::default();
        };
        let is_option = |word: &&Vec<u8>| word.starts_with(b"-");
        let before = words.iter().skip(1).filter(|word| !is_option(word)).count();
        let operand = operands.get(before).or(operands.last());
        operand.map_or(Operands::default(), |operand| {
            self.candidates(*operand, words, word)
        })
    }

    fn candidates(&self, operand: Operand, words: &[Vec<u8>], word: &[u8]) -> Operands {
        only(match operand {
            Operand::File => return Operands::default(),
            Operand::Directory => {
                return Operands {
                    words: Vec::new(),
                    files: Files::Directories,
                };
            }
            Operand::Words(words) => names(words),
            Operand::Command => (self.commands)(word),
            Operand::Variable => (self.variables)(word),
            Operand::Process if word.starts_with(b"-") => signals(),
            Operand::Process if !word.starts_with(b"%") => processes(),
            Operand::Process | Operand::Job => {
                let name = |number: &usize| format!("%{number}").into_bytes();
                self.jobs.iter().map(name).collect()
            }
            Operand::MountPoint => mount_points(),
            Operand::PartitionOrFile => {
                let found = Linux::default().partitions().unwrap_or_default();
                return Operands {
                    words: found.into_iter().map(|p| p.name.into_bytes()).collect(),
                    files: Files::All,
                };
            }
            Operand::Interface => entries(Path::new("/sys/class/net")),
            Operand::Applet => {
                let all = self.applets.table.iter().flat_map(|applet| applet.names);
                all.map(|name| name.as_bytes().to_vec()).collect()
            }
            Operand::User => users(),
            Operand::Uci => uci(words, word),
        })
    }
}

fn only(words: Vec<Vec<u8>>) -> Operands {
    Operands {
        words,
        files: Files::None,
    }
}

fn names(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn signals() -> Vec<Vec<u8>> {
    let dashed = |number| Some(format!("-{}", signal::name(number)?).into_bytes());
    (1..32).filter_map(dashed).collect()
}

fn processes() -> Vec<Vec<u8>> {
    let all = crate::proc::list::all(Path::new("/proc")).unwrap_or_default();
    let others = all
        .into_iter()
        .filter(|process| !process.arguments.is_empty());
    others.map(|process| process.name).collect()
}

fn mount_points() -> Vec<Vec<u8>> {
    let table = Linux::default().mounts().table().unwrap_or_default();
    let target = |mount: crate::sys::Mount| mount.target.into_os_string().into_vec();
    table.into_iter().map(target).collect()
}

fn entries(dir: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| Some(entry.ok()?.file_name().into_vec());
    entries.filter_map(name).collect()
}

fn users() -> Vec<Vec<u8>> {
    let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
    let users = crate::accounts::files::users(&passwd);
    users.map(|user| user.name).collect()
}

/// How much of `package.section.option` a command of uci takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Package,
    Section,
    /// A package, a section or an option.
    Any,
    Option,
    /// An option and its value.
    Value,
}

const UCI: &[(&str, Option<Depth>)] = &[
    ("add", Some(Depth::Package)),
    ("add_list", Some(Depth::Value)),
    ("batch", None),
    ("changes", Some(Depth::Package)),
    ("commit", Some(Depth::Package)),
    ("del_list", Some(Depth::Value)),
    ("delete", Some(Depth::Any)),
    ("export", Some(Depth::Package)),
    ("get", Some(Depth::Option)),
    ("import", Some(Depth::Package)),
    ("rename", Some(Depth::Any)),
    ("reorder", Some(Depth::Section)),
    ("revert", Some(Depth::Any)),
    ("set", Some(Depth::Value)),
    ("show", Some(Depth::Any)),
    ("validate", Some(Depth::Package)),
];

fn uci(words: &[Vec<u8>], word: &[u8]) -> Vec<Vec<u8>> {
    let mut config = Config::at("/etc/config").with_changes(crate::uci::CHANGES);
    let mut operands = Vec::new();
    let mut rest = words.iter().skip(1).map(Vec::as_slice);
    while let Some(word) = rest.next() {
        match word {
            b"-c" => {
                let dir = rest.next().unwrap_or_default();
                config = Config::at(OsStr::from_bytes(dir));
            }
            b"-C" | b"-d" | b"-f" | b"-p" | b"-P" | b"-t" => drop(rest.next()),
            [b'-', ..] => {}
            operand => operands.push(operand),
        }
    }
    match operands[..] {
        [] => UCI
            .iter()
            .map(|(name, _)| name.as_bytes().to_vec())
            .collect(),
        [command] => {
            let known = UCI.iter().find(|(name, _)| name.as_bytes() == command);
            let depth = known.and_then(|(_, depth)| *depth);
            depth.map_or(Vec::new(), |depth| places(&mut config, depth, word))
        }
        _ => Vec::new(),
    }
}

/// The places in the settings that begin like `word`, one level at a time.
fn places(config: &mut Config, depth: Depth, word: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = word.split(|&b| b == b'.');
    let (package, section) = (parts.next().unwrap_or_default(), parts.next());
    let dot: &[u8] = match depth {
        Depth::Package | Depth::Any => b"",
        _ => b".",
    };
    let Some(section) = section else {
        let packages = config.store.names().unwrap_or_default();
        return packages
            .into_iter()
            .map(|name| [&name, dot].concat())
            .collect();
    };
    let Ok(content) = config.package(package) else {
        return Vec::new();
    };
    let has_option = parts.next().is_some();
    if depth == Depth::Package || (depth == Depth::Section && has_option) {
        return Vec::new();
    }
    let found = match has_option {
        true => options(content, section),
        false => sections(content),
    };
    let end: &[u8] = match (has_option, depth) {
        (true, Depth::Value) => b"=",
        (false, Depth::Option | Depth::Value) => b".",
        _ => b"",
    };
    let prefix: &[&[u8]] = match has_option {
        true => &[package, b".", section, b"."],
        false => &[package, b"."],
    };
    let whole = |name: Vec<u8>| [&prefix.concat(), &name[..], end].concat();
    found.into_iter().map(whole).collect()
}

/// Names of the sections, `@type[N]` for those without one.
fn sections(package: &Package) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut seen: Vec<&[u8]> = Vec::new();
    for section in package.sections.iter() {
        let number = seen
            .iter()
            .filter(|kind| **kind == &section.kind[..])
            .count();
        seen.push(&section.kind);
        found.push(match section.anonymous {
            true => [b"@", &section.kind[..], format!("[{number}]").as_bytes()].concat(),
            false => section.name.clone(),
        });
    }
    found
}

fn options(package: &Package, section: &[u8]) -> Vec<Vec<u8>> {
    let number = package.resolve(section).ok().flatten();
    let Some(section) = number.and_then(|number| package.sections.get(number)) else {
        return Vec::new();
    };
    let names = section.options.iter().map(|setting| setting.name.clone());
    names.collect()
}
