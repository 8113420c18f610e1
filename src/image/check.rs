//! Whether an image may be written to this board, and if not, why.
//!
//! A pure function over facts. Every reason is collected, so that the user sees all of them
//! at once; each says what would override it, where that can make sense. A damaged or
//! oversized image cannot be forced: the boot loader would refuse it afterwards.

use super::container::Container;
use super::look::{Facts, Info};
use super::metadata::Compat;
use std::fmt;

/// The place that an image would go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// N of `mtdN`.
    pub number: u32,
    /// Name of the partition.
    pub name: String,
    /// Bytes that can be written, bad blocks deducted.
    pub room: u64,
    /// Erase block in bytes.
    pub erase_size: u32,
    /// Blocks of this chip can be bad.
    pub nand: bool,
}

/// This board, as far as images are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name, `vendor,model`; None: unknown.
    pub board: Option<String>,
    /// The compatibility of the settings on it.
    pub compat: Compat,
    /// Where an image goes, or why nowhere.
    pub place: Result<Place, String>,
}

/// What the user wants in spite of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `-F`
    pub force: bool,
    /// `-n`: settings are not kept.
    pub no_settings: bool,
    /// `--ignore-minor-compat-version`
    pub ignore_minor: bool,
}

/// A reason not to write an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not a format that can be written here.
    Container(Container),
    /// The header's checksum is wrong.
    HeaderCrc,
    /// The kernel's checksum is wrong.
    DataCrc,
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
            | Fault::NoRoot => Some("-F"),
            Fault::Minor(..) => Some("-n or --ignore-minor-compat-version"),
            Fault::Tail => Some("-n"),
            _ => None,
        }
    }

    fn is_overridden(&self, overrides: &Overrides) -> bool {
        match self {
            Fault::Minor(..) => overrides.no_settings || overrides.ignore_minor || overrides.force,
            Fault::Tail => overrides.no_settings,
            other => overrides.force && other.overridden_by().is_some(),
        }
    }
}

/// An image that has passed; only [`check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedImage {
    facts: Facts,
    place: Place,
    overridden: Vec<Fault>,
}

impl CheckedImage {
    /// What the file is.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Where it goes.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What the user insisted on ignoring.
    pub fn overridden(&self) -> &[Fault] {
        &self.overridden
    }
}

/// Judges a file for a target.
///
/// # Errors
/// Every reason that was not overridden.
pub fn check(
    facts: Facts,
    target: &Target,
    overrides: &Overrides,
) -> Result<CheckedImage, Vec<Fault>> {
    let mut faults = Vec::new();
    content(&facts, &mut faults);
    // Who made it for whom does not matter while it is no image at all.
    if !matches!(faults.first(), Some(Fault::Container(_))) {
        metadata(&facts, target, &mut faults);
    }
    let place = target.place.as_ref();
    match place {
        Err(why) => faults.push(Fault::NoPlace(why.clone())),
        Ok(place) if place.nand => faults.push(Fault::Nand(place.name.clone())),
        Ok(place) if facts.written > place.room => faults.push(Fault::TooLarge {
            needed: facts.written,
            room: place.room,
            partition: place.name.clone(),
        }),
        Ok(_) => {}
    }
    let (overridden, against): (Vec<_>, Vec<_>) = faults
        .into_iter()
        .partition(|fault| fault.is_overridden(overrides));
    match place {
        Ok(place) if against.is_empty() => Ok(CheckedImage {
            facts,
            place: place.clone(),
            overridden,
        }),
        _ => Err(against),
    }
}

/// Whether the file is whole and something that boots.
fn content(facts: &Facts, faults: &mut Vec<Fault>) {
    let Some(kernel) = &facts.kernel else {
        return faults.push(Fault::Container(facts.container));
    };
    let Some(header) = &kernel.header else {
        return faults.push(Fault::HeaderCrc);
    };
    let needed = super::uimage::HEADER as u64 + u64::from(header.size);
    if needed > facts.payload {
        return faults.push(Fault::Truncated {
            part: "kernel",
            needed,
            length: facts.payload,
        });
    }
    if !kernel.data.is_some_and(|sum| sum.is_right()) {
        faults.push(Fault::DataCrc);
    }
    match facts.root {
        None => faults.push(Fault::NoRoot),
        Some(root) if root.end() > facts.payload => faults.push(Fault::Truncated {
            part: "root file system",
            needed: root.end(),
            length: facts.payload,
        }),
        Some(_) if !facts.padded => faults.push(Fault::Tail),
        Some(_) => {}
    }
}

/// Whether it is for this board.
fn metadata(facts: &Facts, target: &Target, faults: &mut Vec<Fault>) {
    let metadata = match &facts.info {
        Info::Missing => return faults.push(Fault::NoMetadata),
        Info::Damaged(_) => return faults.push(Fault::Damaged),
        Info::Invalid(at) => return faults.push(Fault::InvalidMetadata(*at)),
        Info::Metadata(metadata) => metadata,
    };
    match &target.board {
        None => faults.push(Fault::UnknownBoard(metadata.boards.clone())),
        Some(board) if !metadata.supports(board) => faults.push(Fault::WrongBoard {
            board: board.clone(),
            boards: metadata.boards.clone(),
        }),
        Some(_) => {}
    }
    let (ours, theirs) = (target.compat, metadata.compat);
    let message = || metadata.compat_message.clone();
    if ours.major != theirs.major {
        faults.push(Fault::Major(ours, theirs, message()));
    } else if ours.minor != theirs.minor {
        faults.push(Fault::Minor(ours, theirs, message()));
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Container(Container::Blank | Container::Html | Container::Unknown) => {
                f.write_str("not a firmware image")?;
            }
            Fault::Container(container) => {
                write!(f, "{container}: not yet a supported payload for this board")?;
            }
            Fault::HeaderCrc => {
                f.write_str("the uImage header is damaged (wrong CRC): transfer the file again")?
            }
            Fault::DataCrc => {
                f.write_str("the kernel is damaged (wrong CRC): transfer the file again")?
            }
            Fault::Truncated {
                part,
                needed,
                length,
            } => write!(
                f,
                "truncated: the {part} ends at byte {needed}, but the file has only {length}: transfer it again"
            )?,
            Fault::NoRoot => f.write_str("no root file system (squashfs) behind the kernel")?,
            Fault::Tail => f.write_str(
                "unknown data behind the root file system: there is no place for the settings",
            )?,
            Fault::NoMetadata => f.write_str(
                "Image metadata not present: it cannot be told for which board this image is",
            )?,
            Fault::Damaged => f.write_str(
                "damaged: the checksum in the metadata is not that of the file: transfer it again",
            )?,
            Fault::InvalidMetadata(at) => write!(f, "Invalid image metadata (at byte {at})")?,
            Fault::WrongBoard { board, boards } => write!(
                f,
                "Device {board} not supported by this image; supported devices: {}",
                boards.join(" ")
            )?,
            Fault::UnknownBoard(boards) => write!(
                f,
                "this board has no name (/tmp/sysinfo/board_name); the image is for: {}",
                boards.join(" ")
            )?,
            Fault::Major(ours, theirs, message) => {
                write!(
                    f,
                    "The device is supported, but this image (compat_version {theirs}) is incompatible with what is installed ({ours})"
                )?;
                explain(f, message)?;
            }
            Fault::Minor(ours, theirs, message) => {
                write!(
                    f,
                    "The settings (compat_version {ours}) do not fit this image ({theirs})"
                )?;
                explain(f, message)?;
            }
            Fault::NoPlace(why) => write!(f, "no place for an image: {why}")?,
            Fault::Nand(name) => {
                write!(f, "{name} is NAND: raw images are not yet supported there")?
            }
            Fault::TooLarge {
                needed,
                room,
                partition,
            } => {
                write!(
                    f,
                    "too large: {needed} bytes to write, but {partition} has room for {room}"
                )?;
            }
        }
        match self.overridden_by() {
            Some(option) => write!(f, "; {option} overrides this"),
            None => match self {
                Fault::Container(container) => write!(f, "; {}", container.advice()),
                _ => Ok(()),
            },
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

#[cfg(test)]
pub(super) mod tests {
    use super::super::{look, sample};
    use super::*;
    use std::io::Cursor;

    /// The board of the samples, with 16 blocks of flash.
    pub fn target() -> Target {
        Target {
            board: Some(sample::BOARD.into()),
            compat: Compat::FIRST,
            place: Ok(Place {
                number: 0,
                name: "firmware".into(),
                room: 16 * sample::ERASE as u64,
                erase_size: sample::ERASE as u32,
                nand: false,
            }),
        }
    }

    fn judge(image: &[u8], target: &Target, overrides: Overrides) -> String {
        let facts = look(&mut Cursor::new(image), sample::ERASE as u32).unwrap();
        match check(facts, target, &overrides) {
            Ok(image) if image.overridden().is_empty() => "ok".into(),
            Ok(_) => "forced".into(),
            Err(faults) => {
                let texts: Vec<_> = faults.iter().map(Fault::to_string).collect();
                texts.join("\n")
            }
        }
    }

    fn refused(image: &[u8], expected: &str) {
        let found = judge(image, &target(), Overrides::default());
        assert!(found.contains(expected), "{found}");
    }

    const FORCE: Overrides = Overrides {
        force: true,
        no_settings: false,
        ignore_minor: false,
    };

    #[test]
    fn a_whole_image_for_this_board_passes() {
        assert_eq!(
            judge(&sample::image(9000), &target(), Overrides::default()),
            "ok"
        );
    }

    #[test]
    fn damage_is_refused_and_cannot_be_forced() {
        let whole = sample::image(9000);
        let mut kernel = whole.clone();
        kernel[1000] ^= 1;
        refused(&kernel, "kernel is damaged");
        let mut header = whole.clone();
        header[40] ^= 1;
        refused(&header, "uImage header is damaged");
        let mut root = whole.clone();
        root[sample::ERASE + 5000] ^= 1;
        refused(&root, "checksum in the metadata is not that of the file");
        for damaged in [kernel, header, root] {
            assert!(judge(&damaged, &target(), FORCE).contains("damaged"));
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let whole = sample::image(9000);
        for cut in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
            let found = judge(&whole[..cut], &target(), Overrides::default());
            assert_ne!(found, "ok", "{cut}");
        }
        refused(&whole[..2000], "truncated: the kernel ends at byte 3064");
        refused(
            &whole[..9000],
            "truncated: the root file system ends at byte 13096",
        );
    }

    #[test]
    fn the_wrong_board_can_be_forced() {
        let image = sample::with_metadata(&sample::bare(5000), &sample::metadata("a,b", "1.0"));
        refused(
            &image,
            "Device safebox,lab not supported by this image; supported devices: a,b",
        );
        assert_eq!(judge(&image, &target(), FORCE), "forced");
        refused(&sample::bare(5000), "metadata not present");
        assert_eq!(judge(&sample::bare(5000), &target(), FORCE), "forced");
    }

    #[test]
    fn another_minor_version_needs_settings_to_go() {
        let compat =
            |c| sample::with_metadata(&sample::bare(5000), &sample::metadata(sample::BOARD, c));
        refused(&compat("1.1"), "-n or --ignore-minor-compat-version");
        let without = Overrides {
            no_settings: true,
            ..Overrides::default()
        };
        assert_eq!(judge(&compat("1.1"), &target(), without), "forced");
        assert!(judge(&compat("2.0"), &target(), without).contains("incompatible"));
    }

    #[test]
    fn an_image_must_fit_and_have_a_place() {
        refused(
            &sample::image(70_000),
            "too large: 77824 bytes to write, but firmware has room for 65536",
        );
        let mut nowhere = target();
        nowhere.place = Err("firmware: no such partition".into());
        let found = judge(&sample::image(5000), &nowhere, FORCE);
        assert!(found.contains("no place for an image: firmware"), "{found}");
    }

    #[test]
    fn other_formats_are_named() {
        refused(
            b"HDR0rest of it",
            "TRX: not yet a supported payload for this board; take",
        );
        refused(
            b"\x1f\x8b\x08\0",
            "gzip: not yet a supported payload for this board; unpack it",
        );
        refused(b"", "not a firmware image");
        refused(
            &sample::squashfs(5000),
            "squashfs without a kernel: not yet",
        );
    }

    #[test]
    fn data_behind_the_root_file_system_costs_the_settings() {
        let mut image = sample::bare(5000);
        image.extend([7; 100]);
        let image = sample::with_metadata(&image, &sample::metadata(sample::BOARD, "1.0"));
        refused(&image, "no place for the settings; -n overrides this");
    }
}
