//! The processes of the system, from `/proc`.
//!
//! A process may end between two reads: it is then simply not in the list. Names come from
//! users and may hold anything, `)` and blanks included.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// One process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its parent's id.
    pub ppid: i32,
    /// Its process group.
    pub pgid: i32,
    /// Its session.
    pub sid: i32,
    /// Owner (effective).
    pub uid: u32,
    /// Name, at most 15 bytes.
    pub name: Vec<u8>,
    /// `R`, `S`, `D`, `Z`, ...
    pub state: char,
    /// Nice value.
    pub nice: i32,
    /// Address space in KiB; 0 for kernel threads.
    pub vsz_kib: u64,
    /// Memory in use in pages; 0 when all is swapped out, and for kernel threads.
    pub rss_pages: u64,
    /// Start, in clock ticks since boot.
    pub start: u64,
    /// Arguments, separated by NUL; empty for kernel threads and zombies.
    pub arguments: Vec<u8>,
}

/// All processes below `proc` (that is `/proc`), by id.
pub fn all(proc: &Path) -> io::Result<Vec<Process>> {
    let mut processes: Vec<Process> = std::fs::read_dir(proc)?
        .flatten()
        .filter_map(|entry| one(proc, entry.file_name().to_str()?.parse().ok()?))
        .collect();
    processes.sort_by_key(|process| process.pid);
    Ok(processes)
}

/// The process with this id, if there is one.
pub fn one(proc: &Path, pid: i32) -> Option<Process> {
    let dir = proc.join(pid.to_string());
    let mut process = parse_stat(&std::fs::read(dir.join("stat")).ok()?)?;
    process.uid = std::fs::metadata(&dir).ok()?.uid();
    process.arguments = std::fs::read(dir.join("cmdline")).unwrap_or_default();
    Some(process)
}

/// Reads `/proc/PID/stat`; the name stands in brackets and ends with the last of them.
pub fn parse_stat(stat: &[u8]) -> Option<Process> {
    let open = stat.iter().position(|&b| b == b'(')?;
    let close = stat.iter().rposition(|&b| b == b')')?;
    let pid = std::str::from_utf8(stat.get(..open)?).ok()?;
    let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // Numbered as in proc(5), where the state is field 3.
    let number = |field: usize| fields.get(field - 3)?.parse::<i64>().ok();
    let count = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let id = |field: usize| i32::try_from(number(field)?).ok();
    Some(Process {
        pid: pid.trim().parse().ok()?,
        name: stat.get(open + 1..close)?.to_vec(),
        state: fields.first()?.chars().next()?,
        ppid: id(4)?,
        pgid: id(5)?,
        sid: id(6)?,
        nice: id(19)?,
        start: count(22)?,
        vsz_kib: count(23)? / 1024,
        rss_pages: count(24)?,
        ..Process::default()
    })
}

impl Process {
    /// The command line as `ps` shows it: blanks for NULs; `[name]` where there is none; the
    /// name in braces before it where the program goes by another.
    pub fn shown(&self) -> Vec<u8> {
        let words = self
            .arguments
            .strip_suffix(b"\0")
            .unwrap_or(&self.arguments);
        if words.is_empty() {
            return [b"[", &self.name[..], b"]"].concat();
        }
        let printable = |b: &u8| if b.is_ascii_control() { b' ' } else { *b };
        let line: Vec<u8> = words.iter().map(printable).collect();
        if self.base_name().starts_with(&self.name) {
            return line;
        }
        [b"{", &self.name[..], b"} ", &line].concat()
    }

    /// The program's name in its first argument, without directories and login dash.
    pub fn base_name(&self) -> &[u8] {
        let first = self.arguments.split(|&b| b == 0).next().unwrap_or_default();
        let first = first.strip_prefix(b"-").unwrap_or(first);
        first.rsplit(|&b| b == b'/').next().unwrap_or(first)
    }

    /// Whether it answers to this name, as `killall` and `pidof` understand names: a path
    /// means the first argument, anything else the process's name.
    ///
    /// The first argument alone is no name: what a shell runs without exec keeps the shell's
    /// arguments, and `killall sh` must not end a telnet server.
    pub fn is_called(&self, name: &[u8]) -> bool {
        if name.contains(&b'/') {
            let mut words = self.arguments.split(|&b| b == 0);
            return words.next() == Some(name);
        }
        // The kernel keeps 15 bytes of a name.
        match name.get(..15) {
            Some(cut) if name.len() > 15 => self.name == cut && self.base_name() == name,
            _ => self.name == name,
        }
    }

    /// State letters as `ps` shows them.
    pub fn stat(&self) -> String {
        let swapped = if self.rss_pages == 0 && self.state != 'Z' {
            "W"
        } else {
            ""
        };
        let priority = match self.nice {
            ..0 => "<",
            0 => "",
            _ => "N",
        };
        format!("{}{swapped}{priority}", self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &[u8] = b"42 (a) b) S 1 42 40 0 -1 0 1 2 3 4 5 6 7 8 20 -5 1 0 77 4096 3 0";

    #[test]
    fn a_name_may_hold_brackets_and_blanks() {
        let process = parse_stat(STAT).unwrap();
        assert_eq!(process.name, b"a) b");
        assert_eq!((process.pid, process.ppid, process.sid), (42, 1, 40));
        assert_eq!((process.vsz_kib, process.start), (4, 77));
        assert_eq!(process.stat(), "S<");
        assert_eq!(parse_stat(b"42 (x) S 1"), None);
        assert_eq!(parse_stat(b")("), None);
    }

    #[test]
    fn the_command_line_tells_who_it_is() {
        let process = |name: &str, arguments: &str| Process {
            name: name.into(),
            arguments: arguments.into(),
            ..Process::default()
        };
        let sh = process("sh", "/bin/sh\0-c\0x\0");
        assert_eq!(sh.shown(), b"/bin/sh -c x");
        assert!(sh.is_called(b"sh") && sh.is_called(b"/bin/sh") && !sh.is_called(b"ash"));
        let script = process("S20network", "/bin/sh\0/etc/rc.d/S20network\0");
        assert_eq!(script.shown(), b"{S20network} /bin/sh /etc/rc.d/S20network");
        assert_eq!(process("kthreadd", "").shown(), b"[kthreadd]");
        assert!(process("ash", "-ash\0").is_called(b"ash"));
        let long = process("a-name-of-15-by", "/bin/a-name-of-15-bytes-and-more\0");
        assert!(long.is_called(b"a-name-of-15-bytes-and-more"));
        assert!(!long.is_called(b"a-name-of-15-bytes-and-less"));
        assert!(!process("telnetd", "/bin/sh\0/etc/preinit\0").is_called(b"sh"));
    }
}
