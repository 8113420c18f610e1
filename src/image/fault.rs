//! The reasons against writing an image.
//!
//! Each says what is wrong, and what would override it where that can make sense. A damaged or
//! oversized image cannot be forced: the boot loader would refuse it afterwards.

use super::check::Overrides;
use super::container::Container;
use super::metadata::Compat;
use crate::signature::Trust;
use std::fmt;

/// A reason not to write an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not the SHA-256 that the user has given, but this one.
    Sha256([u8; 32]),
    /// Not a format that can be written here.
    Container(Container),
    /// The gzip stream around it is damaged.
    Gzip(&'static str),
    /// The header's checksum is wrong.
    HeaderCrc,
    /// The kernel's checksum is wrong.
    DataCrc,
    /// The checksum in the header of a TRX or Seama is wrong, or the header itself.
    Seal(Container),
    /// The file ends inside `part`, which needs this many bytes.
    Truncated {
        /// What is not all there.
        part: &'static str,
        /// Bytes needed.
        needed: u64,
        /// Bytes there.
        length: u64,
    },
    /// No root file system behind the kernel.
    NoRoot,
    /// Behind the root file system is something that writing it would lose.
    Tail,
    /// The checksum in the header covers the place of the settings.
    Covered(Container),
    /// The tree of a FIT makes no sense.
    Fit(&'static str),
    /// An image in a FIT is damaged: its name, the algorithm.
    FitHash(String, String),
    /// A tar is damaged.
    Tar(String),
    /// A member is not there.
    NoMember(&'static str),
    /// A member has no bytes.
    EmptyMember(&'static str),
    /// What is wrong in a member.
    Member(&'static str, Box<Fault>),
    /// The folder is for another board than `CONTROL` says.
    Folder {
        /// The folder's name.
        folder: String,
        /// What `CONTROL` says.
        board: String,
    },
    /// The partition table of a disk is wrong.
    Table(&'static str),
    /// The image ends before a partition does.
    Partition {
        /// Its number.
        number: u32,
        /// Where it ends.
        end: u64,
        /// Bytes there.
        length: u64,
    },
    /// The disk has no partition of this number at this place with this size.
    Layout(u32),
    /// The headers of UBI are damaged at this offset.
    Ubi(u64),
    /// Made for flash with other erase blocks: those of the image, those of the flash.
    BlockSize(u64, u64),
    /// A damaged file system.
    System(Container),
    /// No metadata: it cannot be told for which board the image is.
    NoMetadata,
    /// The checksum in the metadata is not that of the file.
    Damaged,
    /// The metadata make no sense from this byte on.
    InvalidMetadata(usize),
    /// The image is for other boards.
    WrongBoard {
        /// This one.
        board: String,
        /// Those.
        boards: Vec<String>,
    },
    /// This board has no name.
    UnknownBoard(Vec<String>),
    /// The partition layout or more has changed.
    Major(Compat, Compat, Option<String>),
    /// The settings do not fit.
    Minor(Compat, Compat, Option<String>),
    /// A signature is required, or there is one that is not right.
    Signature {
        /// What it is worth.
        trust: Trust,
        /// The device or the user insists on one.
        required: bool,
    },
    /// The board's own check has refused it, perhaps for good.
    Board {
        /// The user may insist.
        forceable: bool,
    },
    /// There is no place for an image.
    NoPlace(String),
    /// The place is NAND, where a raw image does not belong.
    Nand(String),
    /// More bytes than the partition has room for.
    TooLarge {
        /// To be written.
        needed: u64,
        /// Bytes that fit.
        room: u64,
        /// Name of the partition.
        partition: String,
    },
}

impl Fault {
    /// The option that overrides this reason; None: nothing does.
    pub fn overridden_by(&self) -> Option<&'static str> {
        match self {
            Fault::NoMetadata
            | Fault::InvalidMetadata(_)
            | Fault::WrongBoard { .. }
            | Fault::UnknownBoard(_)
            | Fault::Major(..)
            | Fault::NoMember("CONTROL" | "kernel")
            | Fault::Folder { .. }
            | Fault::Layout(_)
            | Fault::Board { forceable: true }
            | Fault::Signature { .. }
            | Fault::NoRoot => Some("-F"),
            Fault::Minor(..) => Some("-n or --ignore-minor-compat-version"),
            Fault::Tail | Fault::Covered(_) => Some("-n"),
            Fault::Member(_, fault) => fault.overridden_by(),
            _ => None,
        }
    }

    /// Whether the user has overridden it.
    pub fn is_overridden(&self, overrides: &Overrides) -> bool {
        match self {
            Fault::Minor(..) => overrides.no_settings || overrides.ignore_minor || overrides.force,
            Fault::Tail | Fault::Covered(_) => overrides.no_settings,
            other => overrides.force && other.overridden_by().is_some(),
        }
    }

    /// A word for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Fault::Sha256(_) => "sha256",
            Fault::Container(_) => "format",
            Fault::Gzip(_) => "gzip",
            Fault::HeaderCrc => "header-crc",
            Fault::DataCrc => "data-crc",
            Fault::Seal(_) => "checksum",
            Fault::Truncated { .. } => "truncated",
            Fault::NoRoot => "no-root",
            Fault::Tail => "tail",
            Fault::Covered(_) => "covered",
            Fault::Fit(_) => "fit",
            Fault::FitHash(..) => "fit-hash",
            Fault::Tar(_) => "tar",
            Fault::NoMember(_) => "no-member",
            Fault::EmptyMember(_) => "empty-member",
            Fault::Member(_, fault) => fault.name(),
            Fault::Folder { .. } => "folder",
            Fault::Table(_) => "partition-table",
            Fault::Partition { .. } => "partition",
            Fault::Layout(_) => "layout",
            Fault::Ubi(_) => "ubi",
            Fault::BlockSize(..) => "block-size",
            Fault::System(_) => "file-system",
            Fault::NoMetadata => "no-metadata",
            Fault::Damaged => "damaged",
            Fault::InvalidMetadata(_) => "invalid-metadata",
            Fault::WrongBoard { .. } => "wrong-board",
            Fault::UnknownBoard(_) => "unknown-board",
            Fault::Major(..) => "major-version",
            Fault::Minor(..) => "minor-version",
            Fault::Signature { .. } => "signature",
            Fault::Board { .. } => "board-check",
            Fault::NoPlace(_) => "no-place",
            Fault::Nand(_) => "nand",
            Fault::TooLarge { .. } => "too-large",
        }
    }

    /// What is wrong, without what to do about it.
    fn what(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Sha256(sum) => {
                f.write_str("another SHA-256: ")?;
                sum.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Fault::Container(Container::Blank | Container::Html | Container::Unknown) => {
                f.write_str("not a firmware image")
            }
            Fault::Container(container) => {
                write!(f, "{container}: not yet a supported payload for this board")
            }
            Fault::Gzip(fault) => write!(f, "gzip: {fault}"),
            Fault::HeaderCrc => f.write_str("the uImage header is damaged (wrong CRC)"),
            Fault::DataCrc => f.write_str("the kernel is damaged (wrong CRC)"),
            Fault::Seal(container) => {
                write!(f, "the {container} is damaged: the checksum in its header is wrong")
            }
            Fault::Truncated {
                part,
                needed,
                length,
            } => write!(
                f,
                "truncated: the {part} ends at byte {needed}, but the file has only {length}"
            ),
            Fault::NoRoot => f.write_str(
                "no root file system (squashfs or EROFS) behind the kernel or at an erase block of this flash",
            ),
            Fault::Tail => f.write_str(
                "unknown data behind the root file system: there is no place for the settings",
            ),
            Fault::Covered(container) => write!(
                f,
                "the checksum in the {container} header covers the place of the settings"
            ),
            Fault::Fit(fault) => write!(f, "FIT: {fault}"),
            Fault::FitHash(name, algorithm) => write!(
                f,
                "FIT: {} is damaged (wrong {})",
                name.escape_debug(),
                algorithm.escape_debug()
            ),
            Fault::Tar(fault) => write!(f, "the tar is damaged: {fault}"),
            Fault::NoMember(name) => write!(f, "the tar has no {name}"),
            Fault::EmptyMember(name) => write!(f, "{name} is empty"),
            Fault::Member(name, fault) => {
                write!(f, "{name}: ")?;
                fault.what(f)
            }
            Fault::Folder { folder, board } => write!(
                f,
                "the folder is {}, but CONTROL says that the image is for {}",
                folder.escape_debug(),
                board.escape_debug()
            ),
            Fault::Table(fault) => write!(f, "disk image: {fault}"),
            Fault::Partition {
                number,
                end,
                length,
            } => write!(
                f,
                "truncated: partition {number} ends at byte {end}, but the image has only {length}"
            ),
            Fault::Layout(number) => write!(
                f,
                "the disk has no such partition {number}: the whole disk would be written, with all partitions on it"
            ),
            Fault::Ubi(at) => write!(f, "the UBI image is damaged at byte {at}"),
            Fault::BlockSize(image, flash) => write!(
                f,
                "made for flash with erase blocks of {image} bytes, but here they have {flash}"
            ),
            Fault::System(container) => write!(f, "{container}: its header is damaged"),
            Fault::NoMetadata => f.write_str(
                "Image metadata not present: it cannot be told for which board this image is",
            ),
            Fault::Damaged => {
                f.write_str("damaged: the checksum in the metadata is not that of the file")
            }
            Fault::InvalidMetadata(at) => write!(f, "Invalid image metadata (at byte {at})"),
            Fault::WrongBoard { board, boards } => write!(
                f,
                "Device {board} not supported by this image; supported devices: {}",
                boards.join(" ").escape_debug()
            ),
            Fault::UnknownBoard(boards) => write!(
                f,
                "this board has no name (/tmp/sysinfo/board_name); the image is for: {}",
                boards.join(" ").escape_debug()
            ),
            Fault::Major(ours, theirs, message) => {
                write!(
                    f,
                    "The device is supported, but this image (compat_version {theirs}) is incompatible with what is installed ({ours})"
                )?;
                explain(f, message)
            }
            Fault::Minor(ours, theirs, message) => {
                write!(
                    f,
                    "The settings (compat_version {ours}) do not fit this image ({theirs})"
                )?;
                explain(f, message)
            }
            Fault::Signature { trust, required } => {
                write!(f, "Image signature {trust}")?;
                f.write_str(if *required { ": a good one is required" } else { "" })
            }
            Fault::Board { .. } => {
                f.write_str("the board's own check (platform_check_image) refuses it")
            }
            Fault::NoPlace(why) => write!(f, "no place for an image: {why}"),
            Fault::Nand(name) => {
                write!(f, "{name} is NAND: raw images are not yet supported there")
            }
            Fault::TooLarge {
                needed,
                room,
                partition,
            } => write!(
                f,
                "too large: {needed} bytes to write, but {partition} has room for {room}"
            ),
        }
    }

    /// The file did not arrive as it was sent.
    fn is_damage(&self) -> bool {
        match self {
            Fault::Member(_, fault) => fault.is_damage(),
            Fault::Gzip(_)
            | Fault::HeaderCrc
            | Fault::DataCrc
            | Fault::Seal(_)
            | Fault::Truncated { .. }
            | Fault::FitHash(..)
            | Fault::Tar(_)
            | Fault::Partition { .. }
            | Fault::Ubi(_)
            | Fault::System(_)
            | Fault::Damaged => true,
            _ => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what(f)?;
        match (self.overridden_by(), self) {
            (Some(option), _) => write!(f, "; {option} overrides this"),
            (None, Fault::Container(container)) => write!(f, "; {}", container.advice()),
            _ if self.is_damage() => f.write_str(": transfer the file again"),
            _ => Ok(()),
        }
    }
}

/// What the maker of the image says about an incompatible change.
fn explain(f: &mut fmt::Formatter<'_>, message: &Option<String>) -> fmt::Result {
    match message {
        Some(message) => write!(f, ": {}", message.escape_debug()),
        None => Ok(()),
    }
}

#[test]
fn reasons_have_names_and_flags_that_programs_can_rely_on() {
    let compat = Compat::FIRST;
    let minor = Some("-n or --ignore-minor-compat-version");
    let (force, settings) = (Some("-F"), Some("-n"));
    let number = || Fault::TooLarge {
        needed: 2,
        room: 1,
        partition: "firmware".into(),
    };
    let truncated = || Fault::Truncated {
        part: "kernel",
        needed: 2,
        length: 1,
    };
    let table = [
        (Fault::Sha256([0; 32]), "sha256", None),
        (Fault::Container(Container::Xz), "format", None),
        (Fault::Gzip("x"), "gzip", None),
        (Fault::HeaderCrc, "header-crc", None),
        (Fault::DataCrc, "data-crc", None),
        (Fault::Seal(Container::Trx), "checksum", None),
        (truncated(), "truncated", None),
        (Fault::NoRoot, "no-root", force),
        (Fault::Tail, "tail", settings),
        (Fault::Covered(Container::Trx), "covered", settings),
        (Fault::Fit("x"), "fit", None),
        (Fault::FitHash("x".into(), "y".into()), "fit-hash", None),
        (Fault::Tar("x".into()), "tar", None),
        (Fault::NoMember("CONTROL"), "no-member", force),
        (Fault::NoMember("kernel"), "no-member", force),
        (Fault::NoMember("root"), "no-member", None),
        (Fault::EmptyMember("root"), "empty-member", None),
        (
            Fault::Member("kernel", Box::new(truncated())),
            "truncated",
            None,
        ),
        (Fault::Table("x"), "partition-table", None),
        (Fault::Layout(1), "layout", force),
        (Fault::Ubi(0), "ubi", None),
        (Fault::BlockSize(1, 2), "block-size", None),
        (Fault::System(Container::Ubifs), "file-system", None),
        (Fault::NoMetadata, "no-metadata", force),
        (Fault::Damaged, "damaged", None),
        (Fault::InvalidMetadata(0), "invalid-metadata", force),
        (Fault::UnknownBoard(Vec::new()), "unknown-board", force),
        (Fault::Major(compat, compat, None), "major-version", force),
        (Fault::Minor(compat, compat, None), "minor-version", minor),
        (Fault::Board { forceable: true }, "board-check", force),
        (Fault::Board { forceable: false }, "board-check", None),
        (Fault::NoPlace("x".into()), "no-place", None),
        (Fault::Nand("x".into()), "nand", None),
        (number(), "too-large", None),
    ];
    for (fault, name, flag) in table {
        assert_eq!((fault.name(), fault.overridden_by()), (name, flag));
        let says = fault.to_string().contains("overrides this");
        assert_eq!(says, flag.is_some(), "{fault}");
    }
}
