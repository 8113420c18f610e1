//! The kernel. The only folder with `unsafe`, and the seams that tests fake.
//!
//! Narrow traits cover all that can hurt: [`Flash`], [`Ubi`], [`Disks`], [`Mounts`],
//! [`Machine`]; [`System`] hands them out. [`Linux`] is the real side, `crate::fake` the other.

#![allow(unsafe_code, reason = "this folder is where unsafe code lives")]

pub mod clock;
pub mod disk;
#[cfg(all(
    any(target_arch = "mips", target_arch = "mips32r6"),
    target_env = "musl"
))]
mod dlsym;
pub mod environment;
pub mod hidden;
pub mod input;
pub mod job;
pub mod kernel_log;
pub mod limits;
pub mod machine;
pub mod memory;
pub mod mount;
pub mod mtd;
pub mod packet;
pub mod process;
pub mod pty;
pub mod signal;
pub mod spawn;
pub mod start;
pub mod trap;
pub mod tty;
pub mod ubi;
pub mod uevent;
pub mod watchdog;

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};
use std::path::{Path, PathBuf};

pub use disk::{BlockDevice, Disk, Disks, Loop};
pub use rustix::mount::{MountFlags, UnmountFlags};
pub use ubi::{NewVolume, Ubi, UbiDevice, UbiVolume, VolumeId};

/// The way to everything that can hurt.
pub trait System {
    /// The mount table and its changes.
    fn mounts(&mut self) -> &mut dyn Mounts;
    /// Reboot, sync, command line, clock, random.
    fn machine(&mut self) -> &mut dyn Machine;
    /// The MTD partitions, in the order of `/proc/mtd`; none where the kernel has no MTD.
    fn partitions(&mut self) -> io::Result<Vec<Partition>>;
    /// Opens a partition by its number; `writable` false never changes a bit.
    fn open_flash(&mut self, number: u32, writable: bool) -> io::Result<Box<dyn Flash>>;
    /// UBI devices and volumes.
    fn ubi(&mut self) -> &mut dyn Ubi;
    /// Block devices.
    fn disks(&mut self) -> &mut dyn Disks;
}

/// One line of `/proc/mtd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// N of `mtdN`.
    pub number: u32,
    /// Size in bytes.
    pub size: u64,
    /// Erase block in bytes.
    pub erase_size: u32,
    /// The name in quotes; may hold blanks.
    pub name: String,
    /// Where it begins, in bytes; different chips lie far apart. None where the kernel does not
    /// tell.
    pub offset: Option<u64>,
}

/// Kinds of flash as `mtd/mtd-abi.h` numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashKind {
    /// MTD_RAM (1): needs no erase; tests only.
    Ram,
    /// MTD_NORFLASH (3).
    Nor,
    /// MTD_NANDFLASH (4) and MTD_MLCNANDFLASH (8).
    Nand,
    /// MTD_DATAFLASH (6).
    DataFlash,
    /// MTD_UBIVOLUME (7).
    UbiVolume,
    /// Any other number.
    Other(u8),
}

/// Shape of an open partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Kind of chip.
    pub kind: FlashKind,
    /// Size in bytes.
    pub size: u64,
    /// Erase block in bytes; not always a power of two.
    pub erase_size: u32,
    /// Smallest write in bytes: 1 on NOR, a page on NAND.
    pub write_size: u32,
    /// Spare bytes of a page; 0 on NOR.
    pub oob_size: u32,
    /// The kernel lets us write (MTD_WRITEABLE).
    pub writable: bool,
}

/// An open MTD partition. Offsets are bytes from its start.
pub trait Flash {
    /// The shape of the partition.
    fn geometry(&self) -> Geometry;
    /// Whether the erase block at `offset` is marked bad.
    fn is_bad(&mut self, offset: u64) -> io::Result<bool>;
    /// Marks the erase block at `offset` bad, for ever.
    fn mark_bad(&mut self, offset: u64) -> io::Result<()>;
    /// Unlocks a range; chips without locks answer an error that may be ignored.
    fn unlock(&mut self, offset: u64, length: u64) -> io::Result<()>;
    /// Erases the one erase block at `offset`, which must be aligned: all bits become 1.
    fn erase(&mut self, offset: u64) -> io::Result<()>;
    /// Fills `buf` from `offset`.
    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
    /// Writes at `offset`, a multiple of the write size; only clears bits.
    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()>;
    /// Reads spare bytes of the page at `offset` (MEMREADOOB).
    fn read_oob(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
}

/// One line of `/proc/self/mounts`, with its escapes undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Device or pseudo name.
    pub source: PathBuf,
    /// Mount point.
    pub target: PathBuf,
    /// File system type.
    pub fstype: String,
    /// Options, separated by commas.
    pub options: String,
}

/// The mount table and its changes.
pub trait Mounts {
    /// What is mounted, in the order of mounting.
    fn table(&mut self) -> io::Result<Vec<Mount>>;
    /// File system types that the kernel knows, as in `/proc/filesystems`.
    fn filesystems(&mut self) -> io::Result<Vec<String>>;
    /// mount(2). `data` is the option string for the file system.
    fn mount(
        &mut self,
        source: &Path,
        target: &Path,
        fstype: &str,
        flags: MountFlags,
        data: &str,
    ) -> io::Result<()>;
    /// mount(2) with MS_REMOUNT.
    fn remount(&mut self, target: &Path, flags: MountFlags, data: &str) -> io::Result<()>;
    /// mount(2) with MS_MOVE.
    fn move_mount(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// mount(2) with MS_BIND.
    fn bind(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// umount2(2).
    fn unmount(&mut self, target: &Path, flags: UnmountFlags) -> io::Result<()>;
    /// pivot_root(2).
    fn pivot_root(&mut self, new: &Path, put_old: &Path) -> io::Result<()>;
}

/// What reboot(2) is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reboot {
    /// Start again.
    Restart,
    /// Stop with the power on.
    Halt,
    /// Stop with the power off.
    PowerOff,
}

/// The machine as a whole.
pub trait Machine {
    /// reboot(2), without any sync. Returns only on failure.
    fn reboot(&mut self, how: Reboot) -> io::Result<()>;
    /// sync(2).
    fn sync(&mut self);
    /// `/proc/cmdline`.
    fn command_line(&mut self) -> io::Result<String>;
    /// Time since boot in milliseconds.
    fn uptime_ms(&mut self) -> u64;
    /// Seconds since 1970.
    fn now(&mut self) -> i64;
    /// Random bytes for keys and salts (getrandom(2)).
    fn random(&mut self, buf: &mut [u8]) -> io::Result<()>;
    /// Bytes of memory that can be had without swapping.
    fn memory_available(&mut self) -> io::Result<u64>;
}

/// The real machine.
#[derive(Default)]
pub struct Linux {
    mounts: mount::LinuxMounts,
    machine: machine::LinuxMachine,
    ubi: ubi::LinuxUbi,
    disks: disk::LinuxDisks,
}

impl System for Linux {
    fn mounts(&mut self) -> &mut dyn Mounts {
        &mut self.mounts
    }

    fn machine(&mut self) -> &mut dyn Machine {
        &mut self.machine
    }

    fn partitions(&mut self) -> io::Result<Vec<Partition>> {
        mtd::partitions()
    }

    fn open_flash(&mut self, number: u32, writable: bool) -> io::Result<Box<dyn Flash>> {
        Ok(Box::new(mtd::LinuxFlash::open(number, writable)?))
    }

    fn ubi(&mut self) -> &mut dyn Ubi {
        &mut self.ubi
    }

    fn disks(&mut self) -> &mut dyn Disks {
        &mut self.disks
    }
}

/// A descriptor of somebody else's as a file that is not closed when dropped.
pub fn borrowed_file(fd: RawFd) -> ManuallyDrop<File> {
    // SAFETY: the file is never dropped, so the descriptor is not closed behind its
    // owner's back; on a descriptor that is not open every call answers EBADF.
    ManuallyDrop::new(unsafe { File::from_raw_fd(fd) })
}

/// Puts a line into the kernel's log, which keeps it for `dmesg` and shows it on the consoles
/// of a kernel that is not told to be quiet; on standard error where there is no such log.
pub fn console_log(text: &str) {
    // KERN_NOTICE.
    log(5, text);
}

/// The same for what people must see: a quiet kernel shows it, too.
pub fn console_alert(text: &str) {
    // KERN_ERR.
    log(3, text);
}

fn log(priority: u8, text: &str) {
    use std::io::Write;
    let log = std::fs::OpenOptions::new().write(true).open("/dev/kmsg");
    // One write is one line.
    let line = format!("<{priority}>{text}\n");
    if !log.is_ok_and(|mut log| log.write_all(line.as_bytes()).is_ok()) {
        // The last resort has none of its own.
        let _ = borrowed_file(2).write_all(format!("{text}\n").as_bytes());
    }
}
