//! MTD partitions by the ioctls of `mtd/mtd-abi.h`.

use super::{Flash, FlashKind, Geometry, Partition};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;

/// `struct mtd_info_user`: size, erasesize, writesize, oobsize are bytes.
#[repr(C)]
#[derive(Default)]
struct MtdInfoUser {
    kind: u8,
    flags: u32,
    size: u32,
    erase_size: u32,
    write_size: u32,
    oob_size: u32,
    padding: u64,
}

/// `struct erase_info_user`: bytes from the start of the partition.
#[repr(C)]
struct EraseInfoUser {
    start: u32,
    length: u32,
}

/// `struct erase_info_user64`.
#[repr(C)]
struct EraseInfoUser64 {
    start: u64,
    length: u64,
}

/// `struct mtd_oob_buf`.
#[repr(C)]
struct MtdOobBuf {
    start: u32,
    length: u32,
    data: *mut u8,
}

#[allow(missing_docs, reason = "the macros make items without documentation")]
mod ioctls {
    use super::{EraseInfoUser, EraseInfoUser64, MtdInfoUser, MtdOobBuf};
    nix::ioctl_read!(memgetinfo, b'M', 1, MtdInfoUser);
    nix::ioctl_write_ptr!(memerase, b'M', 2, EraseInfoUser);
    nix::ioctl_readwrite!(memreadoob, b'M', 4, MtdOobBuf);
    nix::ioctl_write_ptr!(memunlock, b'M', 6, EraseInfoUser);
    nix::ioctl_write_ptr!(memgetbadblock, b'M', 11, u64);
    nix::ioctl_write_ptr!(memsetbadblock, b'M', 12, u64);
    nix::ioctl_write_ptr!(memerase64, b'M', 20, EraseInfoUser64);
}

/// The numbers where they were counted by hand; the kernels of mips have other bits for the
/// direction.
const _: () = {
    let other = cfg!(any(target_arch = "mips", target_arch = "mips64"));
    let (read, write) = if other {
        (0x4000_0000, 0x8000_0000)
    } else {
        (0x8000_0000, 0x4000_0000)
    };
    let pointer = size_of::<usize>() as u64;
    assert!(
        nix::request_code_read!(b'M', 1, size_of::<MtdInfoUser>()) as u64 & 0xffff_ffff
            == read | 0x20_4d01
    );
    assert!(
        nix::request_code_write!(b'M', 2, size_of::<EraseInfoUser>()) as u64 & 0xffff_ffff
            == write | 0x08_4d02
    );
    assert!(
        nix::request_code_readwrite!(b'M', 4, size_of::<MtdOobBuf>()) as u64 & 0xffff_ffff
            == 0xc000_4d04 | (8 + pointer) << 16
    );
    assert!(
        nix::request_code_write!(b'M', 20, size_of::<EraseInfoUser64>()) as u64 & 0xffff_ffff
            == write | 0x10_4d14
    );
};

/// MTD_WRITEABLE.
const WRITEABLE: u32 = 0x400;

/// Reads `/proc/mtd`.
pub fn partitions() -> io::Result<Vec<Partition>> {
    match std::fs::read_to_string("/proc/mtd") {
        Ok(text) => {
            let mut partitions = parse_partitions(&text);
            let mut chips = Vec::new();
            for partition in &mut partitions {
                if let Ok((chip, offset)) = place(partition.number) {
                    let found = chips.iter().position(|known| *known == chip);
                    let index = found.unwrap_or_else(|| {
                        chips.push(chip);
                        chips.len() - 1
                    });
                    partition.offset = Some((index as u64) << CHIP_BITS | offset);
                }
            }
            Ok(partitions)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Reads lines like `mtd4: 00020000 00010000 "art"`; sizes are hexadecimal.
pub fn parse_partitions(text: &str) -> Vec<Partition> {
    let partition = |line: &str| {
        let (number, rest) = line.strip_prefix("mtd")?.split_once(':')?;
        let mut words = rest.trim_start().splitn(3, ' ');
        Some(Partition {
            number: number.parse().ok()?,
            size: u64::from_str_radix(words.next()?, 16).ok()?,
            erase_size: u32::from_str_radix(words.next()?, 16).ok()?,
            name: words.next()?.trim_matches('"').to_owned(),
            offset: None,
        })
    };
    text.lines().filter_map(partition).collect()
}

/// No chip has more than 2 to the power of this many bytes.
const CHIP_BITS: u32 = 40;

/// The chip of a partition and where on it it begins: the sum of the offsets of the partition
/// and of those it lies in. Each is told relative to its parent, which is a directory above it
/// in sysfs. A whole chip has no offset; not every kernel shows it.
fn place(number: u32) -> io::Result<(PathBuf, u64)> {
    let mut dir = std::fs::canonicalize(format!("/sys/class/mtd/mtd{number}"))?;
    let mut sum = 0;
    while let Ok(text) = std::fs::read_to_string(dir.join("offset")) {
        let offset = text.trim().parse::<u64>();
        sum += offset.map_err(|_| io::ErrorKind::InvalidData)?;
        dir.pop();
    }
    // Chips of drivers without a device of their own have the same parent: kind and erase block
    // tell them apart, which a partition has in common with its chip.
    for name in ["type", "erasesize"] {
        let text = std::fs::read_to_string(format!("/sys/class/mtd/mtd{number}/{name}"))?;
        dir.push(text.trim());
        if !dir
            .parent()
            .is_some_and(|parent| parent.ends_with("virtual/mtd"))
        {
            break;
        }
    }
    Ok((dir, sum))
}

/// An open `/dev/mtdN`.
pub struct LinuxFlash {
    file: File,
    geometry: Geometry,
}

impl LinuxFlash {
    /// Opens `/dev/mtdN` (or `/dev/mtd/N`), synchronous when writable.
    pub fn open(number: u32, writable: bool) -> io::Result<LinuxFlash> {
        let open = |path: String| {
            let mut options = OpenOptions::new();
            options.read(true).write(writable);
            if writable {
                options.custom_flags(libc::O_SYNC);
            }
            options.open(path)
        };
        let file = match open(format!("/dev/mtd{number}")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                open(format!("/dev/mtd/{number}"))?
            }
            other => other?,
        };
        let mut info = MtdInfoUser::default();
        // SAFETY: MEMGETINFO fills one mtd_info_user, which `info` is.
        unsafe { ioctls::memgetinfo(file.as_raw_fd(), &mut info) }?;
        // The ioctl's size has 32 bits; sysfs knows the size of larger chips.
        let size = std::fs::read_to_string(format!("/sys/class/mtd/mtd{number}/size"))
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(u64::from(info.size));
        let kind = match info.kind {
            1 => FlashKind::Ram,
            3 => FlashKind::Nor,
            4 | 8 => FlashKind::Nand,
            6 => FlashKind::DataFlash,
            7 => FlashKind::UbiVolume,
            other => FlashKind::Other(other),
        };
        let geometry = Geometry {
            kind,
            size,
            erase_size: info.erase_size,
            write_size: info.write_size.max(1),
            oob_size: info.oob_size,
            writable: info.flags & WRITEABLE != 0,
        };
        Ok(LinuxFlash { file, geometry })
    }
}

impl EraseInfoUser {
    /// EINVAL past 4 GiB.
    fn new(start: u64, length: u64) -> io::Result<EraseInfoUser> {
        let too_far = |_| io::Error::from_raw_os_error(libc::EINVAL);
        Ok(EraseInfoUser {
            start: u32::try_from(start).map_err(too_far)?,
            length: u32::try_from(length).map_err(too_far)?,
        })
    }
}

impl LinuxFlash {
    fn erase_32(&self, offset: u64) -> io::Result<()> {
        let range = EraseInfoUser::new(offset, u64::from(self.geometry.erase_size))?;
        // SAFETY: MEMERASE reads one erase_info_user.
        unsafe { ioctls::memerase(self.file.as_raw_fd(), &range) }?;
        Ok(())
    }
}

impl Flash for LinuxFlash {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn is_bad(&mut self, offset: u64) -> io::Result<bool> {
        // SAFETY: MEMGETBADBLOCK reads one loff_t.
        match unsafe { ioctls::memgetbadblock(self.file.as_raw_fd(), &offset) } {
            Ok(answer) => Ok(answer == 1),
            // NOR drivers have no notion of bad blocks.
            Err(nix::errno::Errno::EOPNOTSUPP) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn mark_bad(&mut self, offset: u64) -> io::Result<()> {
        // SAFETY: MEMSETBADBLOCK reads one loff_t.
        unsafe { ioctls::memsetbadblock(self.file.as_raw_fd(), &offset) }?;
        Ok(())
    }

    fn unlock(&mut self, offset: u64, length: u64) -> io::Result<()> {
        let range = EraseInfoUser::new(offset, length)?;
        // SAFETY: MEMUNLOCK reads one erase_info_user.
        unsafe { ioctls::memunlock(self.file.as_raw_fd(), &range) }?;
        Ok(())
    }

    fn erase(&mut self, offset: u64) -> io::Result<()> {
        let range = EraseInfoUser64 {
            start: offset,
            length: u64::from(self.geometry.erase_size),
        };
        // SAFETY: MEMERASE64 reads one erase_info_user64.
        match unsafe { ioctls::memerase64(self.file.as_raw_fd(), &range) } {
            // Kernels before 2.6.31.
            Err(nix::errno::Errno::ENOTTY) => self.erase_32(offset),
            other => Ok(other.map(drop)?),
        }
    }

    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }

    fn read_oob(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let too_far = |_| io::Error::from_raw_os_error(libc::EINVAL);
        let mut request = MtdOobBuf {
            start: u32::try_from(offset).map_err(too_far)?,
            length: u32::try_from(buf.len()).map_err(too_far)?,
            data: buf.as_mut_ptr(),
        };
        // SAFETY: MEMREADOOB writes at most `length` bytes to `data`, which is `buf`.
        unsafe { ioctls::memreadoob(self.file.as_raw_fd(), &mut request) }?;
        Ok(())
    }
}

#[test]
fn partition_names_may_hold_blanks() {
    let text = "dev:    size   erasesize  name\nmtd0: 00ff0000 00010000 \"firm ware\"\n";
    let expected = Partition {
        number: 0,
        size: 0xff_0000,
        erase_size: 0x1_0000,
        name: "firm ware".into(),
        offset: None,
    };
    assert_eq!(parse_partitions(text), [expected]);
}
