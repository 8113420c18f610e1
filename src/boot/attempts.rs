//! Counting boots that did not come to a good end.
//!
//! The best place is memory that survives a reset: the kernel's `pmsg` (pstore, ramoops), where
//! what is written to a device comes back as a file at the next boot, and only at that. It
//! wears nothing out. It forgets when the power goes, so that such a device counts restarts
//! and no power cuts.
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
}

/// Where the kernel shows what has survived, once a `pstore` is mounted there.
pub const SURVIVED: &str = "/sys/fs/pstore";

/// The kernel adds the name of the driver.
const SURVIVED_FILE: &str = "pmsg-";
/// In front of the number; others may write there too.
const MARK: &str = "safebox: boot attempts: ";
/// More than such memory has.
const LONGEST: u64 = 1 << 20;

impl Memory {
    /// The memory of the device whose root is `root`, if it has some.
    pub fn find(root: &Path) -> Option<Memory> {
        let below = |path: &str| root.join(path.trim_start_matches('/'));
        let device = below("/dev/pmsg0");
        let folder = below(SURVIVED);
        device.exists().then_some(Memory { device, folder })
    }

    /// The count that the boot before this one has left; 0 if none.
    pub fn read(&self) -> u16 {
        let entries = std::fs::read_dir(&self.folder);
        let is_ours = |name: &std::ffi::OsStr| {
            let name = name.as_encoded_bytes();
            name.starts_with(SURVIVED_FILE.as_bytes())
        };
        let files = entries.into_iter().flatten().flatten();
        let files = files.filter(|entry| is_ours(&entry.file_name()));
        let counts = files.filter_map(|entry| {
            let file = std::fs::File::open(entry.path()).ok()?;
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut io::Read::take(file, LONGEST), &mut bytes).ok()?;
            last_count(&bytes)
        });
        counts.max().unwrap_or(0)
    }

    /// Leaves a count for the next boot. The last one that was left counts.
    pub fn leave(&self, count: u16) -> io::Result<()> {
        let mut device = std::fs::OpenOptions::new()
            .append(true)
            .open(&self.device)?;
        io::Write::write_all(&mut device, format!("{MARK}{count}\n").as_bytes())
    }
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
