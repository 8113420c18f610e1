//! What stat(2) tells, with the same integer types on every processor.

use rustix::fs::{AtFlags, CWD, FileType, Stat};
use rustix::path::Arg;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Device and inode: two names with the same identity are one file.
pub type Identity = (u64, u64);

/// A moment of a file, as the file system keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds, 0 to 999999999.
    pub nanos: u32,
}

/// The status of a file.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    /// Type and permission bits as in `st_mode`.
    pub mode: u32,
    /// Length in bytes.
    pub size: u64,
    /// The device it lies on.
    pub dev: u64,
    /// Its inode number.
    pub ino: u64,
    /// How many names it has.
    pub links: u64,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// The device it stands for, if it is a device node.
    pub rdev: u64,
    /// Allocated blocks of 512 bytes.
    pub blocks: u64,
    /// The best size for reads, in bytes.
    pub block_size: u64,
    /// Last read.
    pub accessed: Moment,
    /// Last change of the contents.
    pub modified: Moment,
    /// Last change of the status.
    pub changed: Moment,
}

impl Status {
    /// The status of `name` below an open directory.
    pub fn at(dir: BorrowedFd<'_>, name: impl Arg, follow: bool) -> io::Result<Status> {
        let flags = if follow {
            AtFlags::empty()
        } else {
            AtFlags::SYMLINK_NOFOLLOW
        };
        Ok(Status::from(rustix::fs::statat(dir, name, flags)?))
    }

    /// The status of a path; of a symbolic link itself unless `follow`.
    pub fn of(path: impl Arg, follow: bool) -> io::Result<Status> {
        Status::at(CWD, path, follow)
    }

    /// The status of an open file.
    pub fn of_open(file: impl AsFd) -> io::Result<Status> {
        Ok(Status::from(rustix::fs::fstat(file)?))
    }

    /// What kind of file it is.
    pub fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.mode as _)
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind() == FileType::Directory
    }

    /// Whether it is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.kind() == FileType::Symlink
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.kind() == FileType::RegularFile
    }

    /// Whether it is a block or character device.
    pub fn is_device(&self) -> bool {
        matches!(
            self.kind(),
            FileType::BlockDevice | FileType::CharacterDevice
        )
    }

    /// Device and inode.
    pub fn identity(&self) -> Identity {
        (self.dev, self.ino)
    }

    /// The permission bits, with set-id and sticky bits.
    pub fn permissions(&self) -> u32 {
        self.mode & 0o7777
    }
}

#[allow(
    clippy::unnecessary_cast,
    reason = "the fields of stat differ between processors"
)]
impl From<Stat> for Status {
    fn from(stat: Stat) -> Status {
        Status {
            mode: stat.st_mode as u32,
            size: stat.st_size as u64,
            dev: stat.st_dev as u64,
            ino: stat.st_ino as u64,
            links: stat.st_nlink as u64,
            uid: stat.st_uid as u32,
            gid: stat.st_gid as u32,
            rdev: stat.st_rdev as u64,
            blocks: stat.st_blocks as u64,
            block_size: stat.st_blksize as u64,
            accessed: moment(stat.st_atime as i64, stat.st_atime_nsec as u32),
            modified: moment(stat.st_mtime as i64, stat.st_mtime_nsec as u32),
            changed: moment(stat.st_ctime as i64, stat.st_ctime_nsec as u32),
        }
    }
}

fn moment(seconds: i64, nanos: u32) -> Moment {
    Moment { seconds, nanos }
}
