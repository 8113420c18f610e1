//! Block devices: what there is, what a file system lies on, loop devices, mkfs.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

/// A disk or a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockDevice {
    /// Its name without `/dev/`.
    pub name: String,
    /// Major and minor number.
    pub number: (u32, u32),
    /// The name that the partition table gives it.
    pub label: Option<String>,
    /// The disk that it is a part of; None for whole disks.
    pub disk: Option<String>,
    /// Bytes.
    pub size: u64,
}

impl BlockDevice {
    /// The device node.
    pub fn node(&self) -> PathBuf {
        Path::new("/dev").join(&self.name)
    }
}

/// A loop device that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// Its node.
    pub node: PathBuf,
    /// What lies behind it.
    pub file: PathBuf,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
}

/// An open block device.
pub trait Disk {
    /// Bytes.
    fn size(&self) -> u64;
    /// Fills `buf` from an offset in bytes.
    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
    /// Writes, and comes back when it is on the device.
    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()>;
}

/// The block devices of a machine.
pub trait Disks {
    /// All that exist, in no order.
    fn list(&mut self) -> io::Result<Vec<BlockDevice>>;
    /// The name of the device that the file system at `path` lies on, if it is one.
    fn below(&mut self, path: &Path) -> io::Result<Option<String>>;
    /// Opens a device.
    fn open(&mut self, node: &Path, writable: bool) -> io::Result<Box<dyn Disk>>;
    /// The loop devices in use.
    fn loops(&mut self) -> io::Result<Vec<Loop>>;
    /// A loop device that is not in use.
    fn free_loop(&mut self) -> io::Result<PathBuf>;
    /// Puts a loop device in front of a file from `offset` on. It goes by itself when it was
    /// mounted and is not any more, or else when the program ends.
    fn attach_loop(&mut self, attached: &Loop, writable: bool) -> io::Result<()>;
    /// The program that makes a file system of this type.
    fn formatter(&mut self, fstype: &str) -> Option<PathBuf>;
    /// Makes an empty file system on a device, of so many bytes or of all it has.
    fn format(
        &mut self,
        fstype: &str,
        node: &Path,
        label: &str,
        limit: Option<u64>,
    ) -> io::Result<()>;
}

/// The block devices of this kernel.
#[derive(Default)]
pub struct LinuxDisks {
    /// Loop devices that are not mounted yet: closing them would free them.
    held: Vec<File>,
}

struct LinuxDisk {
    file: File,
    size: u64,
}

impl Disk for LinuxDisk {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)?;
        self.file.sync_all()?;
        // What is read next shall come from the device and not from memory; at worst it does.
        let length = std::num::NonZeroU64::new(data.len() as u64);
        let _ = rustix::fs::fadvise(&self.file, offset, length, rustix::fs::Advice::DontNeed);
        Ok(())
    }
}

/// `struct loop_info64` of `linux/loop.h`.
#[repr(C)]
struct LoopInfo64 {
    device: u64,
    inode: u64,
    rdevice: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    file_name: [u8; 64],
    crypt_name: [u8; 64],
    encrypt_key: [u8; 32],
    init: [u64; 2],
}

/// LO_FLAGS_AUTOCLEAR: the device is free again when nobody uses it any more.
const AUTOCLEAR: u32 = 4;

#[allow(missing_docs, reason = "the macros make items without documentation")]
mod ioctls {
    use super::LoopInfo64;
    nix::ioctl_write_int_bad!(loop_set_file, 0x4c00);
    nix::ioctl_none_bad!(loop_clear, 0x4c01);
    nix::ioctl_write_ptr_bad!(loop_set_status, 0x4c04, LoopInfo64);
    nix::ioctl_none_bad!(loop_get_free, 0x4c82);
}

impl Disks for LinuxDisks {
    fn list(&mut self) -> io::Result<Vec<BlockDevice>> {
        let entries = match std::fs::read_dir("/sys/class/block") {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut devices = Vec::new();
        for entry in entries {
            let dir = entry?.path();
            // One that goes while it is looked at is none.
            if let Ok(device) = device(&dir) {
                devices.push(device);
            }
        }
        Ok(devices)
    }

    fn below(&mut self, path: &Path) -> io::Result<Option<String>> {
        let number = std::fs::metadata(path)?.dev();
        let number = (rustix::fs::major(number), rustix::fs::minor(number));
        let found = self.list()?.into_iter().find(|d| d.number == number);
        Ok(found.map(|device| device.name))
    }

    fn open(&mut self, node: &Path, writable: bool) -> io::Result<Box<dyn Disk>> {
        let mut file = OpenOptions::new().read(true).write(writable).open(node)?;
        let size = file.seek(SeekFrom::End(0))?;
        Ok(Box::new(LinuxDisk { file, size }))
    }

    fn loops(&mut self) -> io::Result<Vec<Loop>> {
        let mut loops = Vec::new();
        for device in self.list()?.iter().filter(|d| d.name.starts_with("loop")) {
            let dir = format!("/sys/class/block/{}/loop", device.name);
            let file = text_of(format!("{dir}/backing_file"));
            if let (Ok(file), Ok(offset)) = (file, number_of(format!("{dir}/offset"))) {
                loops.push(Loop {
                    node: device.node(),
                    file: file.into(),
                    offset,
                });
            }
        }
        Ok(loops)
    }

    fn free_loop(&mut self) -> io::Result<PathBuf> {
        let control = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/loop-control")?;
        // SAFETY: LOOP_CTL_GET_FREE has no argument; its answer is a number.
        let number = unsafe { ioctls::loop_get_free(control.as_raw_fd()) }?;
        let node = PathBuf::from(format!("/dev/loop{number}"));
        if !node.exists() {
            let numbers = text_of(format!("/sys/class/block/loop{number}/dev"))?;
            make_node(&node, &numbers, false)?;
        }
        Ok(node)
    }

    fn attach_loop(&mut self, attached: &Loop, writable: bool) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.read(true).write(writable);
        let file = options.open(&attached.file)?;
        let device = options.open(&attached.node)?;
        let mut info = LoopInfo64 {
            device: 0,
            inode: 0,
            rdevice: 0,
            offset: attached.offset,
            size_limit: 0,
            number: 0,
            encrypt_type: 0,
            encrypt_key_size: 0,
            flags: AUTOCLEAR,
            file_name: [0; 64],
            crypt_name: [0; 64],
            encrypt_key: [0; 32],
            init: [0; 2],
        };
        let name = attached.file.as_os_str().as_encoded_bytes();
        for (to, from) in info.file_name[..63].iter_mut().zip(name) {
            *to = *from;
        }
        // SAFETY: LOOP_SET_FD takes a descriptor, and the kernel a reference of its own to it.
        unsafe { ioctls::loop_set_file(device.as_raw_fd(), file.as_raw_fd()) }?;
        // SAFETY: LOOP_SET_STATUS64 reads one loop_info64.
        let set = unsafe { ioctls::loop_set_status(device.as_raw_fd(), &raw const info) };
        if let Err(error) = set {
            // At the wrong offset it must not stay. SAFETY: LOOP_CLR_FD has no argument.
            let _ = unsafe { ioctls::loop_clear(device.as_raw_fd()) };
            return Err(error.into());
        }
        self.held.push(device);
        Ok(())
    }

    fn formatter(&mut self, fstype: &str) -> Option<PathBuf> {
        let program = |dir: &str| Path::new(dir).join(format!("mkfs.{fstype}"));
        let dirs = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
        dirs.into_iter().map(program).find(|path| path.is_file())
    }

    fn format(
        &mut self,
        fstype: &str,
        node: &Path,
        label: &str,
        limit: Option<u64>,
    ) -> io::Result<()> {
        let program = self.formatter(fstype).ok_or(io::ErrorKind::NotFound)?;
        // Do not ask, do not talk, take what is there for void: -F to one is -f to the other.
        let (force, name) = match fstype {
            "f2fs" => ("-f", "-l"),
            _ => ("-F", "-L"),
        };
        // The one counts sectors, the other what the unit says.
        let limit = limit.map(|bytes| match fstype {
            "f2fs" => (bytes / 512).to_string(),
            _ => format!("{}k", bytes / 1024),
        });
        let status = Command::new(program)
            .args(["-q", force, name, label])
            .arg(node)
            .args(limit)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()?;
        match status.success() {
            true => Ok(()),
            false => Err(io::Error::other(format!("mkfs.{fstype} failed"))),
        }
    }
}

/// What sysfs tells of one device.
fn device(dir: &Path) -> io::Result<BlockDevice> {
    let mut device = parse_uevent(&std::fs::read(dir.join("uevent"))?);
    if device.name.is_empty() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // Counted in sectors of 512 bytes, whatever the disk's own are.
    let sectors: u64 = number_of(dir.join("size"))?;
    device.size = sectors.saturating_mul(512);
    if dir.join("partition").exists() {
        let real = std::fs::canonicalize(dir)?;
        let disk = real.parent().and_then(Path::file_name);
        device.disk = disk.map(|name| name.to_string_lossy().into_owned());
    }
    Ok(device)
}

/// Reads `MAJOR=`, `MINOR=`, `DEVNAME=` and `PARTNAME=` of a device's `uevent` file.
pub fn parse_uevent(text: &[u8]) -> BlockDevice {
    let mut device = BlockDevice::default();
    for line in String::from_utf8_lossy(text).lines() {
        match line.split_once('=') {
            Some(("MAJOR", number)) => device.number.0 = number.parse().unwrap_or(0),
            Some(("MINOR", number)) => device.number.1 = number.parse().unwrap_or(0),
            Some(("DEVNAME", name)) => device.name = name.to_owned(),
            Some(("PARTNAME", label)) => device.label = Some(label.to_owned()),
            _ => {}
        }
    }
    device
}

/// The text of a file in sysfs, without the newline.
pub(super) fn text_of(path: impl AsRef<Path>) -> io::Result<String> {
    Ok(std::fs::read_to_string(path)?.trim_end().to_owned())
}

/// The number in a file in sysfs.
pub(super) fn number_of<T: FromStr>(path: impl AsRef<Path>) -> io::Result<T> {
    let number = text_of(path)?.parse();
    number.map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Makes a device node from `MAJOR:MINOR`, unless it is there.
pub(super) fn make_node(node: &Path, numbers: &str, character: bool) -> io::Result<()> {
    use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
    let is_device = |meta: &std::fs::Metadata| {
        meta.file_type().is_char_device() || meta.file_type().is_block_device()
    };
    if std::fs::metadata(node).is_ok_and(|meta| is_device(&meta)) {
        return Ok(());
    }
    let parsed = numbers
        .split_once(':')
        .and_then(|(major, minor)| Some(makedev(major.parse().ok()?, minor.parse().ok()?)));
    let number = parsed.ok_or(io::ErrorKind::InvalidData)?;
    let kind = match character {
        true => FileType::CharacterDevice,
        false => FileType::BlockDevice,
    };
    Ok(mknodat(
        CWD,
        node,
        kind,
        Mode::from_raw_mode(0o600),
        number,
    )?)
}

#[test]
fn a_partition_is_told_by_its_uevent() {
    let text = b"MAJOR=179\nMINOR=3\nDEVNAME=mmcblk0p3\nDEVTYPE=partition\nPARTN=3\nPARTNAME=rootfs_data\n";
    let device = parse_uevent(text);
    assert_eq!(device.number, (179, 3));
    assert_eq!(device.node(), Path::new("/dev/mmcblk0p3"));
    assert_eq!(device.label.as_deref(), Some("rootfs_data"));
    assert_eq!(parse_uevent(b"MAJOR=x\n=\n\xff").name, "");
    assert_eq!(size_of::<LoopInfo64>(), 232);
}
