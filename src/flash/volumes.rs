//! UBI devices and volumes by the names that people give them, and what is checked before one
//! is attached, made, resized, filled or removed.
//!
//! The trap: the kernel refuses to remove or fill a volume only while it is open. A file system
//! that is not mounted at the moment goes without a word.

use super::ubi::{self, Content};
use super::{blocks, in_use};
use crate::error::{EngineError, reason};
use crate::sys::{NewVolume, Partition, System, UbiDevice, UbiVolume, VolumeId};
use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;

/// Why a device or volume could not be found or changed.
#[derive(Debug)]
pub enum Error {
    /// No such device or volume is attached; what is.
    Unknown(String),
    /// It is attached already, as this device.
    Attached(u32),
    /// There is something on the partition that attaching would spoil.
    NoUbi,
    /// A mounted file system stands on the partition.
    Mounted(PathBuf),
    /// A file system or a block device stands on the volume.
    InUse(VolumeId, Option<PathBuf>),
    /// Another volume has this name or number.
    Taken(VolumeId),
    /// A name that is empty or too long.
    BadName,
    /// There are fewer free erase blocks, or fewer bytes, than wanted.
    NoRoom {
        /// What was wanted.
        wanted: u64,
        /// What there is.
        free: u64,
        /// `erase blocks` or `bytes`.
        unit: &'static str,
    },
    /// The volume holds a file system that would lose its end.
    WouldCut,
    /// The data ended early or could not be written; the volume cannot be read now.
    CutOff(io::Error),
    /// Flash could not be read.
    Flash(super::Error),
    /// A system call failed.
    Kernel(io::Error),
}

impl EngineError for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unknown(known) if known.is_empty() => {
                f.write_str("no UBI is attached: ubiattach -p /dev/mtdN")
            }
            Error::Unknown(known) => write!(f, "there is no such thing; there are: {known}"),
            Error::Attached(number) => write!(f, "attached already, as ubi{number}"),
            Error::NoUbi => f.write_str(
                "there is something else than UBI on it; 'mtd erase' empties a partition",
            ),
            Error::Mounted(target) => write!(f, "in use: mounted as {}", target.display()),
            Error::InUse(id, Some(target)) => {
                write!(f, "{id} is in use: mounted as {}", target.display())
            }
            Error::InUse(id, None) => write!(
                f,
                "{id} is in use: a block device stands on it ('ubiblock -r /dev/{id}' removes it)"
            ),
            Error::Taken(id) => write!(f, "{id} has this name or number"),
            Error::BadName => f.write_str("a name has 1 to 127 bytes"),
            Error::NoRoom { wanted, free, unit } => {
                write!(f, "Insufficient space: {wanted} {unit} wanted, {free} free")
            }
            Error::WouldCut => f.write_str(
                "the UBIFS on it would lose its end; 'ubiupdatevol -t' empties a volume first",
            ),
            Error::CutOff(source) => write!(
                f,
                "{}; the volume cannot be read until it is filled again",
                reason(source)
            ),
            Error::Flash(error) => error.fmt(f),
            Error::Kernel(source) => f.write_str(&reason(source)),
        }
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Error {
        Error::Kernel(source)
    }
}

impl From<super::Error> for Error {
    fn from(error: super::Error) -> Error {
        Error::Flash(error)
    }
}

/// How large a volume shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// So many bytes, rounded up to erase blocks.
    Bytes(u64),
    /// So many erase blocks.
    Blocks(u64),
    /// All that is free.
    All,
}

/// The device called `ubiN` or `/dev/ubiN`.
///
/// # Errors
/// [`Error::Unknown`] with the names that exist.
pub fn device(sys: &mut dyn System, name: &str) -> Result<UbiDevice, Error> {
    let devices = sys.ubi().devices()?;
    let plain = name.strip_prefix("/dev/").unwrap_or(name);
    let named =
        |device: &&UbiDevice| plain.strip_prefix("ubi") == Some(&*device.number.to_string());
    match devices.iter().find(named) {
        Some(device) => Ok(*device),
        None => Err(unknown(devices.iter().map(|d| format!("ubi{}", d.number)))),
    }
}

/// The volume called `ubiN_M`, `/dev/ubiN_M`, or `ubiN:NAME`.
///
/// # Errors
/// [`Error::Unknown`] with the names that exist.
pub fn volume(sys: &mut dyn System, name: &str) -> Result<UbiVolume, Error> {
    let volumes = sys.ubi().volumes()?;
    let plain = name.strip_prefix("/dev/").unwrap_or(name);
    find(volumes, |volume| {
        let by_name = plain
            .split_once(':')
            .filter(|(_, name)| *name == volume.name);
        plain == volume.id.to_string()
            || by_name.is_some_and(|(device, _)| device == format!("ubi{}", volume.id.device))
    })
}

/// The volume of a device with this number or this name.
///
/// # Errors
/// [`Error::Unknown`] with the names that exist.
pub fn volume_of(
    sys: &mut dyn System,
    device: &UbiDevice,
    number: Option<u32>,
    name: Option<&str>,
) -> Result<UbiVolume, Error> {
    let mut volumes = sys.ubi().volumes()?;
    volumes.retain(|volume| volume.id.device == device.number);
    find(volumes, |volume| {
        Some(volume.id.volume) == number || Some(&*volume.name) == name
    })
}

fn find(volumes: Vec<UbiVolume>, is: impl Fn(&UbiVolume) -> bool) -> Result<UbiVolume, Error> {
    match volumes.iter().position(is) {
        Some(place) => Ok(volumes[place].clone()),
        None => Err(unknown(
            volumes.iter().map(|v| format!("{} ({})", v.id, v.name)),
        )),
    }
}

fn unknown(names: impl Iterator<Item = String>) -> Error {
    Error::Unknown(names.collect::<Vec<_>>().join(", "))
}

/// Attaches a partition that holds UBI, or nothing at all: the kernel then makes it.
///
/// # Errors
/// See [`Error`]; whatever else is on the partition stays.
pub fn attach(
    sys: &mut dyn System,
    partition: &Partition,
    number: Option<u32>,
) -> Result<u32, Error> {
    let devices = sys.ubi().devices()?;
    if let Some(device) = devices.iter().find(|d| d.mtd == partition.number) {
        return Err(Error::Attached(device.number));
    }
    if let Some(user) = in_use::users(sys, partition)?.pop() {
        return Err(Error::Mounted(user.target));
    }
    let mut flash = super::open(sys, partition, false)?;
    let (mut is_blank, mut is_ubi) = (true, false);
    for offset in blocks::good(&mut *flash, 0)? {
        let mut head = [0; ubi::EC_HEADER];
        flash
            .read(offset, &mut head)
            .map_err(super::Error::io("read", offset))?;
        is_blank &= head.iter().all(|&byte| byte == 0xff);
        is_ubi |= ubi::EraseCounter::parse(&head).is_some();
    }
    drop(flash);
    if !is_blank && !is_ubi {
        return Err(Error::NoUbi);
    }
    Ok(sys.ubi().attach_as(partition.number, number)?)
}

/// Detaches a device on whose volumes nobody stands.
///
/// # Errors
/// [`Error::InUse`], and what the kernel says.
pub fn detach(sys: &mut dyn System, device: &UbiDevice) -> Result<(), Error> {
    for volume in sys.ubi().volumes()? {
        if volume.id.device == device.number {
            nobody_stands_on(sys, &volume)?;
        }
    }
    Ok(sys.ubi().detach(device.number)?)
}

/// Insists that neither a mounted file system nor a block device is on a volume.
fn nobody_stands_on(sys: &mut dyn System, volume: &UbiVolume) -> Result<(), Error> {
    let id = volume.id;
    let spellings = [
        id.node(),
        id.to_string().into(),
        format!("ubi{}:{}", id.device, volume.name).into(),
    ];
    let table = sys.mounts().table()?;
    if let Some(mount) = table.iter().find(|m| spellings.contains(&m.source)) {
        return Err(Error::InUse(id, Some(mount.target.clone())));
    }
    match volume.has_block {
        true => Err(Error::InUse(id, None)),
        false => Ok(()),
    }
}

/// Erase blocks that a volume of a device would take, of so many.
fn blocks_for(room: Room, block_size: u32, free: u64) -> Result<u64, Error> {
    let wanted = match room {
        Room::Bytes(bytes) => bytes.div_ceil(u64::from(block_size.max(1))),
        Room::Blocks(blocks) => blocks,
        Room::All => free,
    };
    match wanted {
        // The smallest volume has one.
        0 => Err(no_room(1, free)),
        wanted if wanted > free => Err(no_room(wanted, free)),
        wanted => Ok(wanted),
    }
}

fn no_room(wanted: u64, free: u64) -> Error {
    let unit = "erase blocks";
    Error::NoRoom { wanted, free, unit }
}

/// Makes a volume; `volume.size` comes from `room`.
///
/// # Errors
/// See [`Error`]; nothing has changed then.
pub fn make(
    sys: &mut dyn System,
    device: &UbiDevice,
    mut volume: NewVolume,
    room: Room,
) -> Result<VolumeId, Error> {
    if !(1..=127).contains(&volume.name.len()) {
        return Err(Error::BadName);
    }
    let is_same =
        |other: &UbiVolume| other.name == volume.name || Some(other.id.volume) == volume.number;
    let volumes = sys.ubi().volumes()?;
    let mut of_device = volumes.iter().filter(|v| v.id.device == device.number);
    if let Some(other) = of_device.find(|other| is_same(other)) {
        return Err(Error::Taken(other.id));
    }
    let free = u64::from(device.free_blocks);
    let blocks = blocks_for(room, device.block_size, free)?;
    volume.size = blocks * u64::from(device.block_size);
    Ok(sys.ubi().make(device.number, &volume)?)
}

/// Removes a volume with all that is in it.
///
/// # Errors
/// [`Error::InUse`], and what the kernel says.
pub fn remove(sys: &mut dyn System, volume: &UbiVolume) -> Result<(), Error> {
    nobody_stands_on(sys, volume)?;
    Ok(sys.ubi().remove(volume.id)?)
}

/// Gives a volume another size; its bytes in bytes.
///
/// # Errors
/// [`Error::NoRoom`], [`Error::WouldCut`], and what the kernel says.
pub fn resize(sys: &mut dyn System, volume: &UbiVolume, room: Room) -> Result<u64, Error> {
    let devices = sys.ubi().devices()?;
    let device = devices.iter().find(|d| d.number == volume.id.device);
    let free = device.map_or(0, |device| u64::from(device.free_blocks));
    let block_size = u64::from(volume.block_size.max(1));
    let has = volume.size / block_size;
    let blocks = blocks_for(room, volume.block_size, free + has)?;
    if blocks < has {
        nobody_stands_on(sys, volume)?;
        if ubi::identify(sys.ubi(), volume)? == Content::Ubifs {
            return Err(Error::WouldCut);
        }
    }
    let size = blocks * block_size;
    if blocks != has {
        sys.ubi().resize(volume.id, size)?;
    }
    Ok(size)
}

/// Puts so many bytes in place of all that a volume holds.
///
/// # Errors
/// [`Error::InUse`] and [`Error::NoRoom`] before anything has changed, [`Error::CutOff`] after.
pub fn update(
    sys: &mut dyn System,
    volume: &UbiVolume,
    size: u64,
    source: &mut dyn Read,
) -> Result<(), Error> {
    nobody_stands_on(sys, volume)?;
    if size > volume.size {
        return Err(Error::NoRoom {
            wanted: size,
            free: volume.size,
            unit: "bytes",
        });
    }
    let result = sys.ubi().update(volume.id, size, source);
    let Err(error) = result else { return Ok(()) };
    let volumes = sys.ubi().volumes()?;
    let is_torn = volumes.iter().any(|v| v.id == volume.id && v.torn);
    Err(match is_torn {
        true => Error::CutOff(error),
        false => Error::Kernel(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeSystem;
    use crate::sys::Mount;

    fn router() -> (FakeSystem, UbiDevice) {
        let mut sys = FakeSystem::with_ubi();
        let device = device(&mut sys, "/dev/ubi0").unwrap();
        (sys, device)
    }

    fn wanted(name: &str, number: Option<u32>) -> NewVolume {
        NewVolume {
            name: name.into(),
            number,
            size: 0,
            is_static: false,
        }
    }

    #[track_caller]
    fn refused<T: fmt::Debug>(result: Result<T, Error>, words: &str) {
        let text = result.unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }

    #[test]
    fn devices_and_volumes_answer_to_all_their_names() {
        let (mut sys, ubi0) = router();
        for name in ["ubi0_2", "/dev/ubi0_2", "ubi0:rootfs_data"] {
            assert_eq!(
                volume(&mut sys, name).unwrap().name,
                "rootfs_data",
                "{name}"
            );
        }
        let of = |sys: &mut FakeSystem, number, name| volume_of(sys, &ubi0, number, name);
        assert_eq!(of(&mut sys, Some(1), None).unwrap().name, "rootfs");
        assert_eq!(of(&mut sys, None, Some("kernel")).unwrap().id.volume, 0);
        refused(of(&mut sys, Some(7), None), "there are: ubi0_0 (kernel), ");
        refused(volume(&mut sys, "ubi1:rootfs"), "there are: ");
        refused(device(&mut sys, "ubi00"), "there are: ubi0");
        refused(device(&mut FakeSystem::router(), "ubi0"), "ubiattach -p");
    }

    #[test]
    fn only_ubi_or_nothing_is_attached_and_only_once() {
        let mut sys = FakeSystem::router();
        let find = |sys: &mut FakeSystem, name| super::super::find(sys, name).unwrap();
        let kernel = find(&mut sys, "kernel");
        sys.flash("kernel").unwrap().fill(0, b"not UBI");
        refused(attach(&mut sys, &kernel, None), "something else than UBI");
        sys.flash("kernel").unwrap().fill(0, &ubi::SAMPLE);
        let number = attach(&mut sys, &kernel, None).unwrap();
        refused(attach(&mut sys, &kernel, None), "attached already, as ubi");
        let art = find(&mut sys, "art");
        assert_eq!(attach(&mut sys, &art, Some(12)).unwrap(), 12);
        assert!(device(&mut sys, "ubi12").is_ok());
        let first = device(&mut sys, &format!("ubi{number}")).unwrap();
        detach(&mut sys, &first).unwrap();
    }

    #[test]
    fn what_is_in_use_is_not_changed() {
        let (mut sys, ubi0) = router();
        let root = volume(&mut sys, "ubi0_1").unwrap();
        refused(remove(&mut sys, &root), "ubiblock -r /dev/ubi0_1");
        refused(detach(&mut sys, &ubi0), "ubiblock -r");
        let data = volume(&mut sys, "ubi0_2").unwrap();
        for source in ["/dev/ubi0_2", "ubi0:rootfs_data", "ubi0_2"] {
            sys.mounts.table.push(Mount {
                source: source.into(),
                target: "/overlay".into(),
                fstype: "ubifs".into(),
                options: "rw".into(),
            });
            refused(remove(&mut sys, &data), "mounted as /overlay");
            let empty = update(&mut sys, &data, 0, &mut io::empty());
            refused(empty, "mounted as /overlay");
            sys.mounts.table.pop();
        }
        remove(&mut sys, &data).unwrap();
        refused(volume(&mut sys, "ubi0_2"), "there are");
    }

    #[test]
    fn a_volume_is_made_where_name_number_and_room_are_free() {
        let (mut sys, ubi0) = router();
        let free = u64::from(ubi0.free_blocks);
        let make = |sys: &mut FakeSystem, volume, room| make(sys, &ubi0, volume, room);
        refused(make(&mut sys, wanted("", None), Room::All), "1 to 127");
        refused(
            make(&mut sys, wanted("rootfs", None), Room::All),
            "ubi0_1 has",
        );
        refused(
            make(&mut sys, wanted("new", Some(2)), Room::All),
            "ubi0_2 has",
        );
        let over = free * u64::from(ubi0.block_size) + 1;
        let words = format!("{} erase blocks wanted, {free} free", free + 1);
        refused(
            make(&mut sys, wanted("new", None), Room::Bytes(over)),
            &words,
        );
        refused(make(&mut sys, wanted("new", None), Room::Blocks(0)), "1 ");
        let id = make(&mut sys, wanted("new", Some(15)), Room::All).unwrap();
        assert_eq!(id.volume, 15);
        assert_eq!(device(&mut sys, "ubi0").unwrap().free_blocks, 0);
    }

    #[test]
    fn a_volume_is_resized_as_far_as_there_is_room_and_no_file_system_is_cut() {
        let (mut sys, ubi0) = router();
        let data = volume(&mut sys, "ubi0_2").unwrap();
        let all = 40 + u64::from(ubi0.free_blocks);
        refused(resize(&mut sys, &data, Room::Blocks(all + 1)), "free");
        let size = resize(&mut sys, &data, Room::Blocks(30)).unwrap();
        assert_eq!(size, 30 * u64::from(ubi0.block_size));
        let data = volume(&mut sys, "ubi0_2").unwrap();
        sys.ubi.make_ubifs(data.id, &["note"]);
        refused(resize(&mut sys, &data, Room::Bytes(1)), "lose its end");
        resize(&mut sys, &data, Room::All).unwrap();
        assert_eq!(device(&mut sys, "ubi0").unwrap().free_blocks, 0);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_what_ends_early_is_told() {
        let (mut sys, _) = router();
        let kernel = volume(&mut sys, "ubi0_0").unwrap();
        let big = kernel.size + 1;
        let result = update(&mut sys, &kernel, big, &mut io::repeat(7));
        refused(result, "bytes wanted");
        assert!(!volume(&mut sys, "ubi0_0").unwrap().torn);
        refused(
            update(&mut sys, &kernel, 10, &mut &b"short"[..]),
            "filled again",
        );
        assert!(volume(&mut sys, "ubi0_0").unwrap().torn);
        update(&mut sys, &kernel, 10, &mut &b"long enough"[..]).unwrap();
        assert_eq!(&sys.ubi.bytes(kernel.id)[..10], b"long enoug");
    }
}
