//! stat - all that the system knows of a file or file system.

use rustix::fs::FileType;
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::format::exact_time;
use safebox::fsops::mode::letters;
use safebox::fsops::owner::Names;
use safebox::fsops::status::Status;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["stat"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: stat [-Lft] [-c FORMAT] FILE...

Show the status of FILEs.

  -L, --dereference   symbolic links as what they lead to
  -f, --file-system   of the file system that holds FILE
  -t, --terse       numbers in one line
  -c, --format FORMAT   as FORMAT says

FORMAT for files: %a %A permissions, %b blocks, %B bytes of a block, %d %D device,
%f mode in hex, %F type, %g %G group, %h links, %i inode, %n name, %N name with link,
%o best size for reads, %s size, %t %T device node in hex, %u %U user, %x %X last access,
%y %Y last modification, %z %Z last change (as date, as seconds).
FORMAT for file systems: %a free blocks for users, %b blocks, %c inodes, %d free inodes,
%f free blocks, %i id, %l longest name, %n name, %s %S size of a block, %t type in hex.

Example: stat -c '%U %a' /etc/shadow
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let system = opts.has("f");
    let format = match opts.value("c") {
        Some(format) => format.as_bytes(),
        None if system && opts.has("t") => b"%n %i %l %t %s %S %b %f %a %c %d",
        None if system => FILE_SYSTEM,
        None if opts.has("t") => b"%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %o",
        None => b"",
    };
    let names = (
        Names::read(&ctx.path("/etc/passwd")),
        Names::read(&ctx.path("/etc/group")),
    );
    for name in opts.needed(USAGE, 1)? {
        let shown = if system {
            file_system(name, format)
        } else {
            file(name, format, opts.has("L"), &names)
        };
        match shown {
            Ok(text) => ctx.out.line(text),
            Err(error) => ctx.complain(error),
        }
    }
    Ok(ctx.status())
}

const FILE_SYSTEM: &[u8] = b"  File: \"%n\"
    ID: %-8i Namelen: %-7l Type: %T
Block size: %-10s
Blocks: Total: %-10b Free: %-10f Available: %a
Inodes: Total: %-10c Free: %d";

const FILE: &[u8] = b"  File: %N
  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F
Device: %Dh/%dd\tInode: %-10i  Links: %h
Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)
Access: %x
Modify: %y
Change: %z";

const DEVICE: &[u8] = b"  File: %N
  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F
Device: %Dh/%dd\tInode: %-10i  Links: %-5h Device type: %t,%T
Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)
Access: %x
Modify: %y
Change: %z";

fn file(name: &OsStr, format: &[u8], follow: bool, names: &(Names, Names)) -> Result<Vec<u8>> {
    let status = Status::of(name, follow).at("stat", name)?;
    let format = match format {
        b"" if status.is_device() => DEVICE,
        b"" => FILE,
        format => format,
    };
    let link = match status.is_link() {
        true => Some(std::fs::read_link(name).at("read link", name)?),
        false => None,
    };
    expand(format, |letter| {
        let text = match letter {
            b'n' => return Some(name.as_bytes().to_vec()),
            b'N' => match &link {
                Some(target) => {
                    let mut text = [b"'", name.as_bytes(), b"' -> '"].concat();
                    text.extend(target.as_os_str().as_bytes());
                    text.push(b'\'');
                    return Some(text);
                }
                None => return Some(name.as_bytes().to_vec()),
            },
            b'A' => return Some(letters(status.mode).to_vec()),
            b'a' => format!("{:o}", status.permissions()),
            b'b' => status.blocks.to_string(),
            b'B' => "512".into(),
            b'd' => status.dev.to_string(),
            b'D' => format!("{:x}", status.dev),
            b'f' => format!("{:x}", status.mode),
            b'F' => kind(&status).into(),
            b'g' => status.gid.to_string(),
            b'G' => called(names.1.name(status.gid)),
            b'h' => status.links.to_string(),
            b'i' => status.ino.to_string(),
            b'o' => status.block_size.to_string(),
            b's' => status.size.to_string(),
            b't' => format!("{:x}", rustix::fs::major(status.rdev as _)),
            b'T' => format!("{:x}", rustix::fs::minor(status.rdev as _)),
            b'u' => status.uid.to_string(),
            b'U' => called(names.0.name(status.uid)),
            b'x' => exact_time(status.accessed),
            b'X' => status.accessed.seconds.to_string(),
            b'y' => exact_time(status.modified),
            b'Y' => status.modified.seconds.to_string(),
            b'z' => exact_time(status.changed),
            b'Z' => status.changed.seconds.to_string(),
            _ => return None,
        };
        Some(text.into_bytes())
    })
}

fn called(name: Option<&OsStr>) -> String {
    name.map_or("UNKNOWN".into(), |name| name.to_string_lossy().into_owned())
}

fn kind(status: &Status) -> &'static str {
    match status.kind() {
        FileType::RegularFile if status.size == 0 => "regular empty file",
        FileType::RegularFile => "regular file",
        FileType::Directory => "directory",
        FileType::Symlink => "symbolic link",
        FileType::Fifo => "fifo",
        FileType::Socket => "socket",
        FileType::BlockDevice => "block special file",
        FileType::CharacterDevice => "character special file",
        FileType::Unknown => "weird file",
    }
}

#[allow(
    clippy::unnecessary_cast,
    reason = "the fields of statfs differ between processors"
)]
fn file_system(name: &OsStr, format: &[u8]) -> Result<Vec<u8>> {
    let info = rustix::fs::statfs(name).at("stat", name)?;
    let more = rustix::fs::statvfs(name).at("stat", name)?;
    let kind = info.f_type as u32;
    expand(format, |letter| {
        let text = match letter {
            b'n' => return Some(name.as_bytes().to_vec()),
            b'a' => more.f_bavail.to_string(),
            b'b' => more.f_blocks.to_string(),
            b'c' => more.f_files.to_string(),
            b'd' => more.f_ffree.to_string(),
            b'f' => more.f_bfree.to_string(),
            b'i' => format!("{:x}", more.f_fsid),
            b'l' => more.f_namemax.to_string(),
            b's' => (info.f_bsize as u64).to_string(),
            b'S' => more.f_frsize.to_string(),
            b't' => format!("{kind:x}"),
            b'T' => system_name(kind).into(),
            _ => return None,
        };
        Some(text.into_bytes())
    })
}

/// Names of file systems that routers and PCs have; numbers from linux/magic.h.
fn system_name(kind: u32) -> &'static str {
    match kind {
        0xef53 => "ext2/ext3",
        0x01021994 => "tmpfs",
        0x858458f6 => "ramfs",
        0x72b6 => "jffs2",
        0x24051905 => "ubifs",
        0x73717368 => "squashfs",
        0x794c7630 => "overlayfs",
        0x9fa0 => "proc",
        0x62656572 => "sysfs",
        0x1cd1 => "devpts",
        0x4d44 => "msdos",
        0xf2f52010 => "f2fs",
        0x6969 => "nfs",
        0x9123683e => "btrfs",
        0x58465342 => "xfs",
        _ => "UNKNOWN",
    }
}

/// Fills `%` sequences in, with the flags `-` and `0` and a width; unknown letters stay.
fn expand(format: &[u8], value: impl Fn(u8) -> Option<Vec<u8>>) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut rest = format;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            text.push(byte);
            continue;
        }
        let flags = rest.iter().take_while(|b| b"-0#+ ".contains(b)).count();
        let digits = rest[flags..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        let (spec, after) = rest.split_at(flags + digits);
        let (flags, digits) = spec.split_at(flags);
        let width = String::from_utf8_lossy(digits);
        let width: usize = match width.as_ref() {
            "" => 0,
            width => match width.parse() {
                Ok(width) if width <= 1000 => width,
                _ => return Err(Error::message(format!("invalid width '{width}'"))),
            },
        };
        let Some((&letter, after)) = after.split_first() else {
            text.push(b'%');
            continue;
        };
        rest = after;
        let mut field = match letter {
            b'%' => b"%".to_vec(),
            letter => value(letter).unwrap_or_else(|| vec![letter]),
        };
        let missing = width.saturating_sub(field.len());
        if flags.contains(&b'-') {
            field.extend(std::iter::repeat_n(b' ', missing));
        } else {
            let filler = if flags.contains(&b'0') { b'0' } else { b' ' };
            text.extend(std::iter::repeat_n(filler, missing));
        }
        text.extend(field);
    }
    Ok(text)
}
