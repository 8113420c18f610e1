//! Counting boots that did not come to a good end.
//!
//! The best place is memory that survives a reset: the kernel's `pmsg` (pstore, ramoops), where
//! what is written to a device comes back as a file at the next boot, and only at that. It
//! wears nothing out. It forgets when the power goes, so that such a device counts restarts
//! and no power cuts.
//!
//! A kernel with ramoops and without `pmsg` keeps at least its log: of every boot
//! (`console-*`), or of one that crashed (`dmesg-*`, which stays until somebody removes it). The
//! count is then a line of that log. So that it counts once, the log of a crash that has a
//! count is taken to `/tmp`, where `rescue` shows it; what ends without a crash is then not
//! counted.
//!
//! Where there is none: raw flash has no place that is certainly nobody's. What is left is a
//! file beside the settings, on the data partition, outside of what is laid over the root; it
//! costs two small writes per boot. A partition that cannot even be mounted has no count, and
//! needs none: the boot goes on without it. Either way nothing is counted unless somebody
//! asks for it.
//!
//! Reading the file before anything is mounted takes mounts of one's own that vanish
//! afterwards; `applets/boot_count.rs` does that.

use std::io;
use std::path::{Path, PathBuf};

/// The file, once the data partition is mounted.
pub const FILE: &str = "/overlay/.boot_attempts";

/// How many boots were begun since the last good one; 0 for a file that says nothing.
pub fn read(file: &Path) -> u16 {
    let text = std::fs::read(file).unwrap_or_default();
    let text = std::str::from_utf8(&text).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

/// One more boot has been begun.
pub fn add(file: &Path) -> io::Result<()> {
    let count = read(file).saturating_add(1);
    let written = std::fs::File::create(file)?;
    io::Write::write_all(&mut &written, format!("{count}\n").as_bytes())?;
    // The next thing that happens may be a crash.
    written.sync_all()
}

/// The boot has come to a good end. Where nothing was counted, nothing is written.
pub fn clear(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Memory that survives a reset.
pub struct Memory {
    device: PathBuf,
    folder: PathBuf,
    taken: PathBuf,
    is_log: bool,
}

/// Where the kernel shows what has survived, once a `pstore` is mounted there.
pub const SURVIVED: &str = "/sys/fs/pstore";
/// Where logs with a count lie after it was read.
pub const TAKEN: &str = "/tmp/log/pstore";
/// The kernel's word for what keeps it: other drivers write to flash.
const BACKEND: &str = "/sys/module/pstore/parameters/backend";

/// In front of the number; others may write there too.
const MARK: &str = "safebox: boot attempts: ";
/// In front of that in the kernel's log: an error (3), since a quiet console keeps nothing less.
const URGENCY: &str = "<3>";
/// How the names of crash logs begin.
const CRASH: &str = "dmesg-";
/// More than such memory has.
const LONGEST: u64 = 1 << 20;

impl Memory {
    /// The memory of the device whose root is `root`, if it has some.
    pub fn find(root: &Path) -> Option<Memory> {
        let below = |path: &str| root.join(path.trim_start_matches('/'));
        let pmsg = below("/dev/pmsg0");
        let is_log = !pmsg.exists();
        if is_log && std::fs::read(below(BACKEND)).ok()?.trim_ascii() != b"ramoops" {
            return None;
        }
        Some(Memory {
            device: if is_log { below("/dev/kmsg") } else { pmsg },
            folder: below(SURVIVED),
            taken: below(TAKEN),
            is_log,
        })
    }

    /// The count that the boot before this one has left; 0 if none.
    pub fn read(&self) -> u16 {
        let places: &[(&Path, &str)] = match self.is_log {
            false => &[(&self.folder, "pmsg-")],
            true => &[
                (&self.folder, "console-"),
                (&self.folder, CRASH),
                (&self.taken, CRASH),
            ],
        };
        let mut most = 0;
        for (folder, prefix) in places {
            for (_, count) in counts(folder, prefix) {
                most = most.max(count);
            }
        }
        most
    }

    /// Leaves a count for the next boot. The last one that was left counts.
    pub fn leave(&self, count: u16) -> io::Result<()> {
        let mut device = std::fs::OpenOptions::new()
            .append(true)
            .open(&self.device)?;
        let urgency = if self.is_log { URGENCY } else { "" };
        io::Write::write_all(&mut device, format!("{urgency}{MARK}{count}\n").as_bytes())?;
        if self.is_log {
            self.take()?;
        }
        Ok(())
    }

    /// Takes the logs with a count away from where the next boot would find them.
    fn take(&self) -> io::Result<()> {
        for (path, _) in counts(&self.folder, CRASH) {
            std::fs::create_dir_all(&self.taken)?;
            let target = self.taken.join(path.file_name().unwrap_or_default());
            std::fs::copy(&path, target)?;
            std::fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// The files that begin so and have a count.
fn counts(folder: &Path, prefix: &str) -> Vec<(PathBuf, u16)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(prefix.as_bytes());
        if let Some(count) = is_ours.then(|| count_in(&entry.path())).flatten() {
            found.push((entry.path(), count));
        }
    }
    found
}

fn count_in(path: &Path) -> Option<u16> {
    let file = std::fs::File::open(path).ok()?;
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, LONGEST), &mut bytes).ok()?;
    last_count(&bytes)
}

/// The count of the last whole line that has one: a ring that is full begins anywhere.
fn last_count(bytes: &[u8]) -> Option<u16> {
    let start = memchr::memmem::rfind(bytes, MARK.as_bytes())? + MARK.len();
    let line = bytes.get(start..)?.split(|&b| b == b'\n').next()?;
    std::str::from_utf8(line).ok()?.parse().ok()
}

#[test]
fn boots_are_counted_until_a_good_one() {
    let name = format!("safebox-attempts-{}", std::process::id());
    let file = std::env::temp_dir().join(name);
    assert_eq!(read(&file), 0);
    add(&file).unwrap();
    add(&file).unwrap();
    assert_eq!(read(&file), 2);
    std::fs::write(&file, b"\xff\xffnonsense").unwrap();
    assert_eq!(read(&file), 0);
    clear(&file).unwrap();
    clear(&file).unwrap();
    assert!(!file.exists());
}

#[test]
fn what_is_left_in_memory_is_what_the_next_boot_reads() {
    let root = std::env::temp_dir().join(format!("safebox-pmsg-{}", std::process::id()));
    let (dev, folder) = (root.join("dev"), root.join("sys/fs/pstore"));
    std::fs::create_dir_all(&dev).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    assert!(Memory::find(&root).is_none());
    std::fs::write(dev.join("pmsg0"), b"\0\xffof others\n").unwrap();
    let memory = Memory::find(&root).unwrap();
    assert_eq!(memory.read(), 0);
    memory.leave(1).unwrap();
    memory.leave(2).unwrap();
    // As the kernel does it.
    let next_boot = || std::fs::rename(dev.join("pmsg0"), folder.join("pmsg-ramoops-0")).unwrap();
    next_boot();
    assert_eq!(memory.read(), 2);
    std::fs::write(dev.join("pmsg0"), b"empts: 7\nsafebox: boot attempts: 3x\n").unwrap();
    std::fs::write(
        folder.join("dmesg-ramoops-0"),
        b"safebox: boot attempts: 9\n",
    )
    .unwrap();
    next_boot();
    assert_eq!(memory.read(), 0);
    std::fs::remove_dir_all(&root).unwrap();
}

#[test]
fn without_a_memory_of_its_own_the_count_is_in_the_log_that_survives_and_counts_once() {
    let root = std::env::temp_dir().join(format!("safebox-kmsg-{}", std::process::id()));
    let place = |path: &str| root.join(path.trim_start_matches('/'));
    let put = |path: &str, text: &str| {
        let path = place(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let count = |count: u16| format!("<3>[    9.9] {MARK}{count}\nPanic\n");
    // The flash of a PC's firmware is none that wears nothing out.
    put(BACKEND, "efi\n");
    assert!(Memory::find(&root).is_none());
    put(BACKEND, "ramoops\n");
    put("/dev/kmsg", "");
    let memory = Memory::find(&root).unwrap();
    assert_eq!(memory.read(), 0);
    put("/sys/fs/pstore/dmesg-ramoops-0", &count(2));
    put("/sys/fs/pstore/dmesg-ramoops-1", "Oops\n");
    assert_eq!(memory.read(), 2);
    memory.leave(2).unwrap();
    // The next boot would find it again; this one goes on with it.
    let next_boot = Memory {
        taken: place("/tmp/none"),
        ..Memory::find(&root).unwrap()
    };
    assert_eq!((memory.read(), next_boot.read()), (2, 0));
    memory.leave(3).unwrap();
    let left = std::fs::read_to_string(place("/dev/kmsg")).unwrap();
    assert_eq!(left, format!("<3>{MARK}2\n<3>{MARK}3\n"));
    // A log without a count stays where it is, and none is lost.
    assert!(place("/sys/fs/pstore/dmesg-ramoops-1").exists());
    assert!(place(TAKEN).join("dmesg-ramoops-0").exists());
    put("/sys/fs/pstore/console-ramoops-0", &count(4));
    assert_eq!(next_boot.read(), 4);
    std::fs::remove_dir_all(&root).unwrap();
}
