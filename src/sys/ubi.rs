//! UBI: volumes on raw NAND, by the ioctls of `mtd/ubi-user.h` and `/sys/class/ubi`.
//!
//! Device nodes may be missing where nothing but the kernel made them; they are made from the
//! numbers in sysfs. The trap: ids have no limit of one digit.

use super::disk::{make_node, number_of, text_of};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Where the kernel tells about UBI.
const CLASS: &str = "/sys/class/ubi";

/// Which volume of which device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VolumeId {
    /// N of `ubiN`.
    pub device: u32,
    /// M of `ubiN_M`.
    pub volume: u32,
}

impl VolumeId {
    /// The character device, which mount(2) is given, too.
    pub fn node(self) -> PathBuf {
        PathBuf::from(format!("/dev/{self}"))
    }

    /// Reads `ubi0_1`.
    pub fn parse(name: &str) -> Option<VolumeId> {
        let (device, volume) = name.strip_prefix("ubi")?.split_once('_')?;
        Some(VolumeId {
            device: digits(device)?,
            volume: digits(volume)?,
        })
    }
}

impl fmt::Display for VolumeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ubi{}_{}", self.device, self.volume)
    }
}

/// A volume as the kernel tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UbiVolume {
    /// Its numbers.
    pub id: VolumeId,
    /// Its name.
    pub name: String,
    /// Bytes that it has room for.
    pub size: u64,
    /// Bytes of one logical erase block.
    pub block_size: u32,
    /// Bytes that are in it; of a dynamic one, all.
    pub used: u64,
    /// Its content changes only as a whole, and has a checksum.
    pub is_static: bool,
    /// A read-only block device stands on it (`ubiblockN_M`).
    pub has_block: bool,
    /// An update was cut off: nothing of it can be read before the next one.
    pub torn: bool,
}

/// An attached device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UbiDevice {
    /// N of `ubiN`.
    pub number: u32,
    /// N of the `mtdN` below.
    pub mtd: u32,
    /// Bytes of one logical erase block.
    pub block_size: u32,
    /// Logical erase blocks that no volume has.
    pub free_blocks: u32,
    /// All erase blocks that can be used.
    pub blocks: u32,
    /// Erase blocks that are bad.
    pub bad_blocks: u32,
}

/// A volume to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVolume {
    /// Its name.
    pub name: String,
    /// Its number; None leaves the choice to the kernel.
    pub number: Option<u32>,
    /// Bytes that it shall have room for.
    pub size: u64,
    /// Its content changes only as a whole, and has a checksum.
    pub is_static: bool,
}

/// UBI devices and volumes.
pub trait Ubi {
    /// What is attached; nothing where the kernel has no UBI.
    fn devices(&mut self) -> io::Result<Vec<UbiDevice>>;
    /// The volumes of all devices, in the order of their numbers.
    fn volumes(&mut self) -> io::Result<Vec<UbiVolume>>;
    /// Fills `buf` from an offset in bytes.
    fn read(&mut self, id: VolumeId, offset: u64, buf: &mut [u8]) -> io::Result<()>;
    /// Attaches `mtdN` under a number, or under one of the kernel's choice: that number.
    fn attach_as(&mut self, mtd: u32, number: Option<u32>) -> io::Result<u32>;
    /// Attaches `mtdN`; the number of the new device.
    fn attach(&mut self, mtd: u32) -> io::Result<u32> {
        self.attach_as(mtd, None)
    }
    /// Detaches a device; EBUSY while anybody uses a volume.
    fn detach(&mut self, device: u32) -> io::Result<()>;
    /// Makes a volume.
    fn make(&mut self, device: u32, volume: &NewVolume) -> io::Result<VolumeId>;
    /// Removes a volume.
    fn remove(&mut self, id: VolumeId) -> io::Result<()>;
    /// Gives volumes of one device other names, all at once or none.
    fn rename(&mut self, device: u32, names: &[(VolumeId, &str)]) -> io::Result<()>;
    /// Gives a volume room for so many bytes.
    fn resize(&mut self, id: VolumeId, size: u64) -> io::Result<()>;
    /// Puts exactly `size` bytes in place of all that the volume held; none empties it. Cut
    /// off in the middle, it leaves a volume that is [`UbiVolume::torn`].
    fn update(&mut self, id: VolumeId, size: u64, source: &mut dyn Read) -> io::Result<()>;
    /// Puts a read-only block device on a volume, or takes it away.
    fn set_block(&mut self, id: VolumeId, wanted: bool) -> io::Result<()>;
}

/// `struct ubi_attach_req`.
#[repr(C)]
struct AttachRequest {
    device: i32,
    mtd: i32,
    header_offset: i32,
    bad_per_1024: i16,
    no_fastmap: i8,
    padding: [i8; 9],
}

/// `struct ubi_mkvol_req`, which the kernel has packed.
#[repr(C, packed)]
struct MakeRequest {
    volume: i32,
    alignment: i32,
    bytes: i64,
    kind: i8,
    flags: u8,
    name_length: i16,
    padding: [i8; 4],
    name: [u8; 128],
}

/// `struct ubi_rsvol_req`, packed too.
#[repr(C, packed)]
struct ResizeRequest {
    bytes: i64,
    volume: i32,
}

/// One entry of `struct ubi_rnvol_req`, packed too.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct NewName {
    volume: i32,
    name_length: i16,
    padding: [i8; 2],
    name: [u8; 128],
}

/// UBI_MAX_RNVOL: so many names in one request.
const MOST_NAMES: usize = 32;

/// `struct ubi_rnvol_req`.
#[repr(C, packed)]
struct RenameRequest {
    count: i32,
    padding: [i8; 12],
    names: [NewName; MOST_NAMES],
}

#[allow(missing_docs, reason = "the macros make items without documentation")]
mod ioctls {
    use super::{AttachRequest, MakeRequest, RenameRequest, ResizeRequest};
    nix::ioctl_write_ptr!(ubi_attach, b'o', 64, AttachRequest);
    nix::ioctl_write_ptr!(ubi_detach, b'o', 65, i32);
    nix::ioctl_write_ptr!(ubi_make, b'o', 0, MakeRequest);
    nix::ioctl_write_ptr!(ubi_remove, b'o', 1, i32);
    nix::ioctl_write_ptr!(ubi_rename, b'o', 3, RenameRequest);
    nix::ioctl_write_ptr!(ubi_resize, b'o', 2, ResizeRequest);
    nix::ioctl_write_ptr!(ubi_update, b'O', 0, i64);
    nix::ioctl_write_ptr!(ubi_make_block, b'O', 7, [u8; 128]);
    nix::ioctl_none!(ubi_remove_block, b'O', 8);
}

/// UBI_DYNAMIC_VOLUME and UBI_STATIC_VOLUME.
const DYNAMIC: i8 = 3;
const STATIC: i8 = 4;
/// UBI_DEV_NUM_AUTO, and UBI_VOL_NUM_AUTO likewise.
const ANY: i32 = -1;

/// The UBI of this kernel.
#[derive(Default)]
pub struct LinuxUbi;

impl LinuxUbi {
    fn control(&self) -> io::Result<File> {
        let numbers = text_of("/sys/class/misc/ubi_ctrl/dev")?;
        let node = Path::new("/dev/ubi_ctrl");
        make_node(node, &numbers, true)?;
        File::open(node)
    }

    fn device(&self, number: u32) -> io::Result<File> {
        open_node(&format!("ubi{number}"), false)
    }
}

impl Ubi for LinuxUbi {
    fn devices(&mut self) -> io::Result<Vec<UbiDevice>> {
        let mut devices = Vec::new();
        for name in names()? {
            let Some(number) = name.strip_prefix("ubi").and_then(digits) else {
                continue;
            };
            let dir = format!("{CLASS}/{name}");
            devices.push(UbiDevice {
                number,
                mtd: number_of(format!("{dir}/mtd_num"))?,
                block_size: number_of(format!("{dir}/eraseblock_size"))?,
                free_blocks: number_of(format!("{dir}/avail_eraseblocks"))?,
                blocks: number_of(format!("{dir}/total_eraseblocks"))?,
                bad_blocks: number_of(format!("{dir}/bad_peb_count"))?,
            });
        }
        devices.sort_by_key(|device| device.number);
        Ok(devices)
    }

    fn volumes(&mut self) -> io::Result<Vec<UbiVolume>> {
        let mut volumes = Vec::new();
        for id in names()?.iter().filter_map(|name| VolumeId::parse(name)) {
            let dir = format!("{CLASS}/{id}");
            let block_size = number_of(format!("{dir}/usable_eb_size"))?;
            let blocks: u64 = number_of(format!("{dir}/reserved_ebs"))?;
            volumes.push(UbiVolume {
                id,
                name: text_of(format!("{dir}/name"))?,
                size: blocks * u64::from(block_size),
                block_size,
                used: number_of(format!("{dir}/data_bytes"))?,
                is_static: text_of(format!("{dir}/type"))? == "static",
                has_block: Path::new(&format!(
                    "/sys/class/block/ubiblock{}_{}",
                    id.device, id.volume
                ))
                .exists(),
                torn: number_of::<u32>(format!("{dir}/upd_marker"))? != 0,
            });
        }
        volumes.sort_by_key(|volume| volume.id);
        Ok(volumes)
    }

    fn read(&mut self, id: VolumeId, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        open_node(&id.to_string(), false)?.read_exact_at(buf, offset)
    }

    fn attach_as(&mut self, mtd: u32, number: Option<u32>) -> io::Result<u32> {
        let mut request = AttachRequest {
            device: number.map_or(Ok(ANY), signed)?,
            mtd: i32::try_from(mtd).map_err(|_| io::ErrorKind::InvalidInput)?,
            header_offset: 0,
            bad_per_1024: 0,
            no_fastmap: 0,
            padding: [0; 9],
        };
        // SAFETY: UBI_IOCATT reads one ubi_attach_req and puts the new number into it.
        unsafe { ioctls::ubi_attach(self.control()?.as_raw_fd(), &raw mut request) }?;
        u32::try_from(request.device).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn detach(&mut self, device: u32) -> io::Result<()> {
        let number = signed(device)?;
        // SAFETY: UBI_IOCDET reads one s32.
        unsafe { ioctls::ubi_detach(self.control()?.as_raw_fd(), &raw const number) }?;
        Ok(())
    }

    fn make(&mut self, device: u32, volume: &NewVolume) -> io::Result<VolumeId> {
        let mut request = MakeRequest {
            volume: volume.number.map_or(Ok(ANY), signed)?,
            alignment: 1,
            bytes: signed_size(volume.size)?,
            kind: if volume.is_static { STATIC } else { DYNAMIC },
            flags: 0,
            name_length: i16::try_from(volume.name.len())
                .map_err(|_| io::ErrorKind::InvalidInput)?,
            padding: [0; 4],
            name: [0; 128],
        };
        request.name = padded(&volume.name)?;
        let file = self.device(device)?;
        // SAFETY: UBI_IOCMKVOL reads one ubi_mkvol_req and puts the new number into it.
        unsafe { ioctls::ubi_make(file.as_raw_fd(), &raw mut request) }?;
        let made = request.volume;
        Ok(VolumeId {
            device,
            volume: u32::try_from(made).map_err(|_| io::ErrorKind::InvalidData)?,
        })
    }

    fn remove(&mut self, id: VolumeId) -> io::Result<()> {
        let number = signed(id.volume)?;
        let file = self.device(id.device)?;
        // SAFETY: UBI_IOCRMVOL reads one s32.
        unsafe { ioctls::ubi_remove(file.as_raw_fd(), &raw const number) }?;
        Ok(())
    }

    fn rename(&mut self, device: u32, names: &[(VolumeId, &str)]) -> io::Result<()> {
        let nothing = NewName {
            volume: 0,
            name_length: 0,
            padding: [0; 2],
            name: [0; 128],
        };
        let mut request = Box::new(RenameRequest {
            count: names.len() as i32,
            padding: [0; 12],
            names: [nothing; MOST_NAMES],
        });
        let entries = request.names.get_mut(..names.len());
        let entries = entries.ok_or(io::ErrorKind::InvalidInput)?;
        for (entry, (id, name)) in entries.iter_mut().zip(names) {
            entry.name = padded(name)?;
            entry.name_length = name.len() as i16;
            entry.volume = signed(id.volume)?;
        }
        let file = self.device(device)?;
        // SAFETY: UBI_IOCRNVOL reads one ubi_rnvol_req.
        unsafe { ioctls::ubi_rename(file.as_raw_fd(), &raw const *request) }?;
        Ok(())
    }

    fn resize(&mut self, id: VolumeId, size: u64) -> io::Result<()> {
        let request = ResizeRequest {
            bytes: signed_size(size)?,
            volume: signed(id.volume)?,
        };
        let file = self.device(id.device)?;
        // SAFETY: UBI_IOCRSVOL reads one ubi_rsvol_req.
        unsafe { ioctls::ubi_resize(file.as_raw_fd(), &raw const request) }?;
        Ok(())
    }

    fn update(&mut self, id: VolumeId, size: u64, source: &mut dyn Read) -> io::Result<()> {
        let mut file = open_node(&id.to_string(), true)?;
        let bytes = signed_size(size)?;
        // SAFETY: UBI_IOCVOLUP reads one s64.
        unsafe { ioctls::ubi_update(file.as_raw_fd(), &raw const bytes) }?;
        let mut buf = vec![0; 64 * 1024];
        let mut left = size;
        while left > 0 {
            let part = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
            source.read_exact(&mut buf[..part])?;
            file.write_all(&buf[..part])?;
            left -= part as u64;
        }
        Ok(())
    }

    fn set_block(&mut self, id: VolumeId, wanted: bool) -> io::Result<()> {
        let file = open_node(&id.to_string(), false)?;
        let nothing = [0; 128];
        let answer = if wanted {
            // SAFETY: UBI_IOCVOLCRBLK reads one ubi_blkcreate_req, 128 reserved bytes.
            unsafe { ioctls::ubi_make_block(file.as_raw_fd(), &raw const nothing) }
        } else {
            // SAFETY: UBI_IOCVOLRMBLK has no argument.
            unsafe { ioctls::ubi_remove_block(file.as_raw_fd()) }
        };
        answer?;
        Ok(())
    }
}

/// What `/sys/class/ubi` holds; nothing where the kernel has no UBI.
fn names() -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(CLASS) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let name = |entry: io::Result<std::fs::DirEntry>| {
        Ok(entry?.file_name().to_string_lossy().into_owned())
    };
    entries.map(name).collect()
}

/// Opens `/dev/NAME`, made from `/sys/class/ubi/NAME/dev` if it is missing.
fn open_node(name: &str, writable: bool) -> io::Result<File> {
    let node = PathBuf::from(format!("/dev/{name}"));
    if !node.exists() {
        make_node(&node, &text_of(format!("{CLASS}/{name}/dev"))?, true)?;
    }
    OpenOptions::new().read(true).write(writable).open(node)
}

/// A name as requests have it: UBI_MAX_VOLUME_NAME is 127, the last byte ends it.
fn padded(name: &str) -> io::Result<[u8; 128]> {
    let mut bytes = [0; 128];
    let room = bytes[..127].get_mut(..name.len());
    room.ok_or(io::ErrorKind::InvalidInput)?
        .copy_from_slice(name.as_bytes());
    Ok(bytes)
}

/// A decimal number and nothing else.
fn digits(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn signed(number: u32) -> io::Result<i32> {
    i32::try_from(number).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn signed_size(size: u64) -> io::Result<i64> {
    i64::try_from(size).map_err(|_| io::ErrorKind::InvalidInput.into())
}

#[test]
fn volume_numbers_have_any_length_and_no_other_form() {
    let id = |device, volume| Some(VolumeId { device, volume });
    assert_eq!(VolumeId::parse("ubi0_3"), id(0, 3));
    assert_eq!(VolumeId::parse("ubi12_345"), id(12, 345));
    for name in [
        "ubi0",
        "ubi_1",
        "ubi0_",
        "ubi0_1x",
        "ubiblock0_1",
        "ubi0_+1",
    ] {
        assert_eq!(VolumeId::parse(name), None, "{name}");
    }
}

#[test]
fn requests_have_the_sizes_that_the_kernel_counts_with() {
    assert_eq!(size_of::<AttachRequest>(), 24);
    assert_eq!(size_of::<MakeRequest>(), 152);
    assert_eq!(size_of::<ResizeRequest>(), 12);
    assert_eq!(size_of::<RenameRequest>(), 16 + 32 * 136);
}
