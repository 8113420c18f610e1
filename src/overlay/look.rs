//! Looking: what is mounted, and what the data partition holds. Changes nothing.

use super::{Error, Mounted, Place, Root, State, View, Volume, find};
use crate::boot::{FAILSAFE_MARK, PREINIT_MARK};
use crate::disk::{area, content as disk_content, kept};
use crate::flash::jffs2::{END_MARKER, Endian, MAGIC};
use crate::flash::survey::{self, Content};
use crate::flash::{self, Failed, blocks, ubi};
use crate::sys::{Disk, Flash, FlashKind, Mount, System};
use std::path::{Path, PathBuf};

/// Reads the state of the device; `root` is where its paths begin.
///
/// # Errors
/// [`Error::Look`] and [`Error::Flash`] where the kernel does not answer. A missing volume
/// is no error but `volume: None`.
pub fn look(sys: &mut dyn System, root: &Path) -> Result<View, Error> {
    let table = sys.mounts().table().map_err(Error::Look)?;
    let filesystems = sys.mounts().filesystems().map_err(Error::Look)?;
    let mut volume = find::find(sys, root, &filesystems)?;
    let mounted = mounted(&table, volume.as_ref());
    let elsewhere = mounted.as_ref().is_none_or(|mounted| mounted.extroot);
    if let Some(volume) = volume.as_mut().filter(|_| elsewhere) {
        volume.state = Some(state_of(sys, volume).map_err(Error::Flash)?);
    }
    Ok(View {
        volume,
        mounted,
        ..without_volume(root, &table, &filesystems)
    })
}

/// What there is without the data volume: enough for a root in memory, whatever fails there.
///
/// # Errors
/// [`Error::Look`].
pub fn bare(sys: &mut dyn System, root: &Path) -> Result<View, Error> {
    let table = sys.mounts().table().map_err(Error::Look)?;
    let filesystems = sys.mounts().filesystems().map_err(Error::Look)?;
    Ok(without_volume(root, &table, &filesystems))
}

fn without_volume(root: &Path, table: &[Mount], filesystems: &[String]) -> View {
    let present = |mark: &str| root.join(mark.trim_start_matches('/')).exists();
    let failsafe = present(FAILSAFE_MARK);
    View {
        root: root_kind(table),
        volume: None,
        mounted: None,
        overlay_known: filesystems.iter().any(|name| name == "overlay"),
        submounts: submounts(table),
        failsafe,
        booting: !failsafe && present(PREINIT_MARK),
    }
}

/// The same, after UBI was attached where no data volume was found and the kernel of a router
/// would have attached it.
pub fn attached(sys: &mut dyn System, root: &Path) -> Result<View, Error> {
    let view = look(sys, root)?;
    if view.volume.is_some() || view.root == Root::Overlay {
        return Ok(view);
    }
    let Some(mtd) = find::unattached(sys)? else {
        return Ok(view);
    };
    let failed = |source| Error::Step {
        step: format!("attach UBI on mtd{mtd}"),
        source,
    };
    sys.ubi().attach(mtd).map_err(failed)?;
    look(sys, root)
}

fn root_kind(table: &[Mount]) -> Root {
    let root = table.iter().rev().find(|m| m.target == Path::new("/"));
    match root {
        Some(root) if root.fstype.starts_with("overlay") => {
            if root.source == Path::new("overlayfs:/tmp/root") {
                Root::Memory
            } else {
                Root::Overlay
            }
        }
        Some(root) => match root.fstype.as_str() {
            "squashfs" | "erofs" | "cramfs" => Root::Rom,
            "tmpfs" | "ramfs" | "rootfs" => Root::Memory,
            _ if table.iter().any(|m| m.target == Path::new("/rom")) => Root::Extroot,
            _ => Root::Disk,
        },
        None => Root::Rom,
    }
}

fn mounted(table: &[Mount], volume: Option<&Volume>) -> Option<Mounted> {
    let device = volume.map(Volume::device);
    let is_data = |mount: &&Mount| {
        mount.target == Path::new("/overlay")
            || device
                .as_deref()
                .is_some_and(|device| mount.source == device)
    };
    table.iter().rev().find(is_data).map(|mount| Mounted {
        target: mount.target.clone(),
        source: mount.source.clone(),
        read_only: mount.options.split(',').any(|option| option == "ro"),
        extroot: device
            .as_deref()
            .is_some_and(|device| is_another_disk(&mount.source, device)),
    })
}

/// Whether a mount comes from a disk that is not the data volume's. UBI and loop devices have
/// more than one name.
fn is_another_disk(source: &Path, device: &Path) -> bool {
    let name = source.strip_prefix("/dev").ok().and_then(Path::to_str);
    let same = |name: &str| {
        ["loop", "ubi", "mtdblock", "root"]
            .iter()
            .any(|kind| name.starts_with(kind))
    };
    source != device && name.is_some_and(|name| !same(name))
}

/// Mount points that lie under no other than `/`, in the order of mounting.
fn submounts(table: &[Mount]) -> Vec<PathBuf> {
    let mut top: Vec<PathBuf> = Vec::new();
    for mount in table.iter().filter(|m| m.target != Path::new("/")) {
        if !top.iter().any(|other| mount.target.starts_with(other)) {
            top.retain(|other| !other.starts_with(&mount.target));
            top.push(mount.target.clone());
        }
    }
    top
}

/// Beginnings of data that somebody put there on purpose: gzip, squashfs, UBI, UBIFS.
const KNOWN: [&[u8]; 4] = [&[0x1f, 0x8b], b"hsqs", b"UBI#", &[0x31, 0x18, 0x10, 0x06]];

/// What the volume holds.
fn state_of(sys: &mut dyn System, volume: &Volume) -> Result<State, Failed> {
    let device = volume.device();
    let failed = |error: flash::Error| error.on(device.to_string_lossy());
    match &volume.place {
        Place::Mtd { number } => {
            let flash = sys.open_flash(*number, false).map_err(flash::Error::Open);
            flash
                .and_then(|mut flash| identify(&mut *flash))
                .map_err(failed)
        }
        Place::Ubi(id) => {
            let volumes = sys
                .ubi()
                .volumes()
                .map_err(flash::Error::Open)
                .map_err(failed)?;
            let Some(volume) = volumes.into_iter().find(|volume| volume.id == *id) else {
                return Ok(State::Foreign);
            };
            let content = ubi::identify(sys.ubi(), &volume).map_err(failed)?;
            Ok(match content {
                ubi::Content::Blank => State::Blank,
                ubi::Content::Ubifs => State::Ubifs,
                ubi::Content::Torn => State::Torn,
                ubi::Content::Other => State::Foreign,
            })
        }
        // Never by the loop device, which need not be there yet.
        Place::Disk { node, offset, .. } => {
            let failed = |error: flash::Error| error.on(node.to_string_lossy());
            let disk = sys.disks().open(node, false).map_err(flash::Error::Open);
            disk.and_then(|mut disk| on_disk(&mut *disk, *offset))
                .map_err(failed)
        }
    }
}

/// The state of an area of a disk.
fn on_disk(disk: &mut dyn Disk, start: u64) -> Result<State, flash::Error> {
    let content = disk_content::identify(disk, start)?;
    if let Some(found) = kept::find(disk, start, content)? {
        return Ok(State::Archive {
            offset: found.offset,
            length: found.length,
            kept: true,
        });
    }
    Ok(match content {
        disk_content::Content::Blank => State::Blank,
        disk_content::Content::Void => State::Void,
        disk_content::Content::Archive { offset } => {
            match area::archive_length(disk, start + offset) {
                Ok(length) => State::Archive {
                    offset,
                    length,
                    kept: false,
                },
                Err(_) => State::Damaged { offset },
            }
        }
        disk_content::Content::Ext4 => State::Ext4,
        disk_content::Content::F2fs => State::F2fs,
        disk_content::Content::Other => State::Foreign,
    })
}

/// The state of a data partition.
///
/// Where the first block is jffs2, only the first bytes of the others are read; the whole
/// partition is read only where the first block gives no answer.
pub fn identify(flash: &mut dyn Flash) -> Result<State, flash::Error> {
    let good = blocks::good(flash, 0)?;
    let Some(&first) = good.first() else {
        return Ok(State::AllBad);
    };
    let head = first_bytes(flash, first)?;
    match head {
        END_MARKER => return Ok(State::Void),
        [b'O', b'W', b'R', b'T'] => return Ok(State::Snapshot),
        _ => {}
    }
    let sound = has_sound_node(flash, first)?;
    if sound || (head == [0xff; 4] && has_cleanmarker_beside(flash, first)) {
        let void_from = first_marker(flash, good.get(1..).unwrap_or_default())?;
        return Ok(State::Jffs2 { void_from });
    }
    identify_by_content(flash, &good)
}

fn first_bytes(flash: &mut dyn Flash, offset: u64) -> Result<[u8; 4], flash::Error> {
    let mut head = [0; 4];
    flash
        .read(offset, &mut head)
        .map_err(flash::Error::io("read", offset))?;
    Ok(head)
}

/// Whether the block begins with a node whose header is whole. The magic alone is not
/// enough: a cleanmarker cut off in the middle has it, and the kernel refuses the mount.
fn has_sound_node(flash: &mut dyn Flash, offset: u64) -> Result<bool, flash::Error> {
    let mut head = [0; 12];
    flash
        .read(offset, &mut head)
        .map_err(flash::Error::io("read", offset))?;
    Ok(survey::is_node_header(&head, Endian::NATIVE))
}

/// NAND keeps its cleanmarkers in the spare bytes of the first page: where the checksums of the
/// driver leave room. On large pages that is behind the two bytes of the bad block mark, on pages
/// of 512 bytes behind the checksums (drivers/mtd/nand/raw/nand_base.c: ooblayouts).
const CLEANMARKERS: [usize; 3] = [0, 2, 8];

fn has_cleanmarker_beside(flash: &mut dyn Flash, offset: u64) -> bool {
    let geometry = flash.geometry();
    let mut spare = [0xff; 16];
    let room = spare.len().min(geometry.oob_size as usize);
    let spare = &mut spare[..room];
    geometry.kind == FlashKind::Nand
        && flash.read_oob(offset, spare).is_ok()
        && CLEANMARKERS.iter().any(|&at| {
            let magic = spare.get(at..at + 2);
            magic.is_some_and(|two| Endian::NATIVE.read_u16([two[0], two[1]]) == MAGIC)
        })
}

fn first_marker(flash: &mut dyn Flash, offsets: &[u64]) -> Result<Option<u64>, flash::Error> {
    for &offset in offsets {
        if first_bytes(flash, offset)? == END_MARKER {
            return Ok(Some(offset));
        }
    }
    Ok(None)
}

/// The first block says nothing: is anything in the others?
fn identify_by_content(flash: &mut dyn Flash, good: &[u64]) -> Result<State, flash::Error> {
    let mut block = vec![0; flash.geometry().erase_size as usize];
    let mut files = false;
    let mut rubbish = Vec::new();
    for &offset in good {
        flash
            .read(offset, &mut block)
            .map_err(flash::Error::io("read", offset))?;
        match survey::content(&block, Endian::NATIVE) {
            Content::Blank | Content::Clean => {}
            Content::Nodes => files = true,
            Content::Rubbish => rubbish.push(KNOWN.iter().any(|magic| block.starts_with(magic))),
        }
    }
    Ok(match (files, rubbish.as_slice()) {
        (true, _) => State::Jffs2 {
            void_from: first_marker(flash, good)?,
        },
        (false, []) => State::Blank,
        (false, [false]) => State::Torn,
        (false, _) => State::Foreign,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::flash::FakeFlash;
    use crate::flash::inject;
    use crate::flash::jffs2::{self, File};

    const BLOCK: u32 = 4096;

    fn check(content: &[(u64, &[u8])], expected: State) {
        let mut flash = FakeFlash::nor(8 * BLOCK as usize, BLOCK);
        for (offset, bytes) in content {
            flash.fill(*offset, bytes);
        }
        assert_eq!(identify(&mut flash).unwrap(), expected);
    }

    #[test]
    fn states_are_told_by_what_is_on_flash() {
        let clean = jffs2::cleanmarker(Endian::NATIVE);
        let files = jffs2::build(File::settings(b"x"), BLOCK, Endian::NATIVE);
        let settings = inject::area(File::settings(b"x"), BLOCK, Endian::NATIVE);
        let whole = State::Jffs2 { void_from: None };
        check(&[], State::Blank);
        check(&[(0, &END_MARKER), (4096, &files)], State::Void);
        check(&[(0, &clean)], whole);
        check(&[(0, &files)], whole);
        check(
            &[(0, &settings)],
            State::Jffs2 {
                void_from: Some(4096),
            },
        );
        check(&[(0, b"OWRT")], State::Snapshot);
        check(&[(0, b"rubbish")], State::Torn);
        check(&[(0, b"rubbish"), (4096, &clean)], State::Torn);
        check(&[(8192, b"rubbish"), (4096, &clean)], State::Torn);
        check(&[(0, &clean[..6])], State::Torn);
        check(&[(0, b"rubbish"), (4096, &files)], whole);
        check(&[(4096, &files)], whole);
        check(&[(0, b"rubbish"), (8192, b"more")], State::Foreign);
        check(&[(8192, b"hsqs")], State::Foreign);
        let other = match Endian::NATIVE {
            Endian::Little => Endian::Big,
            Endian::Big => Endian::Little,
        };
        let foreign = jffs2::build(File::settings(&[0; 8192]), BLOCK, other);
        check(&[(0, &foreign)], State::Foreign);
    }

    #[test]
    fn nand_keeps_its_cleanmarker_in_the_spare_bytes() {
        let mut flash = FakeFlash::nand(8 * BLOCK as usize, BLOCK, 512);
        assert_eq!(identify(&mut flash).unwrap(), State::Blank);
        let whole = State::Jffs2 { void_from: None };
        // Of a large page, of a small one, and of drivers without a layout.
        for at in CLEANMARKERS {
            let mut spare = [0xff; 16];
            spare[at..at + 2].copy_from_slice(&MAGIC.to_ne_bytes());
            flash.set_oob(&spare);
            assert_eq!(identify(&mut flash).unwrap(), whole, "{at}");
        }
        for block in 0..8 {
            assert_eq!(identify(&mut flash).unwrap(), whole);
            flash.mark_bad(u64::from(block * BLOCK)).unwrap();
        }
        assert_eq!(identify(&mut flash).unwrap(), State::AllBad);
    }
}
