//! tail - the end of files.
//!
//! Of a regular file only the end is read. `-f` waits for more and survives that the file
//! is cut; `-F` also that it is replaced by another of the same name, as logs are.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::text::count;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

pub static APPLET: Applet = Applet {
    names: &["tail"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: tail [-n [+]LINES] [-c [+]BYTES] [-fFqv] [-s SECONDS] [FILE]...

Print the last 10 lines of FILEs, or of standard input.

  -n N              last N lines; +N: from line N on
  -c N              last N bytes; +N: from byte N on (k, M: times 1024, 1024²)
  -f                wait for what is added
  -F                the same, also when the file is replaced or comes later
  -s N              with -f: look every N seconds (1)
  -q                never print file names
  -v                always print file names
  -NUM              same as -n NUM

Example: tail -f /tmp/flash.log
";

#[derive(Clone, Copy)]
enum Amount {
    Lines(u64),
    Bytes(u64),
    FromLine(u64),
    FromByte(u64),
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let mut amount = Amount::Lines(10);
    for (key, value) in opts.in_order() {
        match key {
            "n" => amount = number(value, Amount::Lines, Amount::FromLine)?,
            "c" => amount = number(value, Amount::Bytes, Amount::FromByte)?,
            "NUM" => amount = number(value, Amount::Lines, Amount::Lines)?,
            _ => {}
        }
    }
    let mut operands = opts.operands.clone();
    // `tail +5` is older than POSIX and still typed.
    if let Some(first) = operands.first().filter(|word| is_old_form(word)) {
        amount = number(first, Amount::Lines, Amount::FromLine)?;
        operands.remove(0);
    }
    if operands.is_empty() {
        operands.push(OsString::from("-"));
    }
    let titles = match opts.last_of(&["q", "v"]) {
        Some(which) => which == "v",
        None => operands.len() > 1,
    };
    let mut followed = Vec::new();
    for (at, name) in operands.iter().enumerate() {
        match ctx.open(name).at("open", name) {
            Ok(source) => {
                if titles {
                    title(ctx, name, at > 0);
                }
                if let Err(error) = print(ctx, &source, amount).at("", name) {
                    ctx.complain(error);
                }
                let file = source.try_clone().at("", name)?;
                followed.push(Followed {
                    name: name.clone(),
                    file: Some(file),
                });
            }
            Err(error) => {
                ctx.complain(error);
                followed.push(Followed {
                    name: name.clone(),
                    file: None,
                });
            }
        }
    }
    if opts.has("f") || opts.has("F") {
        let pause = match opts.value("s") {
            Some(text) => seconds(text)?,
            None => 1,
        };
        follow(ctx, &mut followed, opts.has("F"), titles, pause)?;
    }
    Ok(ctx.status())
}

fn is_old_form(word: &OsStr) -> bool {
    match word.as_bytes() {
        [b'+', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

fn seconds(text: &OsStr) -> Result<u64> {
    let invalid = || Error::message(format!("invalid number '{}'", text.to_string_lossy()));
    text.to_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(invalid)
}

fn number(text: &OsStr, last: fn(u64) -> Amount, from: fn(u64) -> Amount) -> Result<Amount> {
    let bytes = text.as_bytes();
    let (digits, make) = match bytes {
        [b'+', digits @ ..] => (digits, from),
        [b'-', digits @ ..] => (digits, last),
        digits => (digits, last),
    };
    match count::parse(digits) {
        Some(number) => Ok(make(number)),
        None => Err(Error::message(format!(
            "invalid number '{}'",
            text.to_string_lossy()
        ))),
    }
}

fn title(ctx: &mut Ctx, name: &OsStr, gap: bool) {
    let gap: &[u8] = if gap { b"\n" } else { b"" };
    let name: &[u8] = if name == "-" {
        b"standard input"
    } else {
        name.as_bytes()
    };
    ctx.out.put(&[gap, b"==> ", name, b" <==\n"].concat());
}

/// Bytes read at a time.
const PIECE: usize = 16 * 1024;

fn print(ctx: &mut Ctx, mut file: &File, amount: Amount) -> std::io::Result<()> {
    let size = match file.metadata()? {
        meta if meta.is_file() => Some(meta.len()),
        _ => None,
    };
    match (amount, size) {
        (Amount::FromByte(from), _) => skip_bytes(ctx, file, from.saturating_sub(1)),
        (Amount::FromLine(from), _) => skip_lines(ctx, file, from.saturating_sub(1)),
        (Amount::Bytes(count), Some(size)) => {
            file.seek(SeekFrom::Start(size.saturating_sub(count)))?;
            std::io::copy(&mut file, &mut ctx.out).map(drop)
        }
        (Amount::Lines(count), Some(size)) => {
            let start = last_lines(file, size, count)?;
            file.seek(SeekFrom::Start(start))?;
            std::io::copy(&mut file, &mut ctx.out).map(drop)
        }
        (Amount::Bytes(count), None) => keep_bytes(ctx, file, count),
        (Amount::Lines(count), None) => keep_lines(ctx, file, count),
    }
}

/// Where the last `count` lines of a file begin, found from its end.
fn last_lines(mut file: &File, size: u64, count: u64) -> std::io::Result<u64> {
    let (mut end, mut left) = (size, count);
    let mut buf = vec![0; PIECE];
    if count == 0 {
        return Ok(size);
    }
    while end > 0 {
        let length = end.min(PIECE as u64) as usize;
        let start = end - length as u64;
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut buf[..length])?;
        for newline in memchr::memrchr_iter(b'\n', &buf[..length]) {
            let at = start + newline as u64;
            // The newline at the very end ends the last line and begins none.
            if at + 1 == size {
                continue;
            }
            left -= 1;
            if left == 0 {
                return Ok(at + 1);
            }
        }
        end = start;
    }
    Ok(0)
}

fn skip_bytes(ctx: &mut Ctx, mut file: &File, count: u64) -> std::io::Result<()> {
    std::io::copy(&mut file.take(count), &mut std::io::sink())?;
    std::io::copy(&mut file, &mut ctx.out).map(drop)
}

fn skip_lines(ctx: &mut Ctx, mut file: &File, mut count: u64) -> std::io::Result<()> {
    let mut buf = vec![0; PIECE];
    while count > 0 {
        let got = file.read(&mut buf)?;
        if got == 0 {
            return Ok(());
        }
        for newline in memchr::memchr_iter(b'\n', &buf[..got]) {
            count -= 1;
            if count == 0 {
                ctx.out.put(&buf[newline + 1..got]);
                break;
            }
        }
    }
    std::io::copy(&mut file, &mut ctx.out).map(drop)
}

fn keep_bytes(ctx: &mut Ctx, mut file: &File, count: u64) -> std::io::Result<()> {
    let keep = usize::try_from(count).unwrap_or(usize::MAX);
    let mut kept: Vec<u8> = Vec::new();
    let mut buf = vec![0; PIECE];
    loop {
        let got = file.read(&mut buf)?;
        if got == 0 {
            break;
        }
        kept.extend_from_slice(&buf[..got]);
        // Cut now and then, not at each read: the cost stays linear.
        if kept.len() > keep.saturating_mul(2).saturating_add(PIECE) {
            kept.drain(..kept.len() - keep);
        }
    }
    ctx.out.put(&kept[kept.len().saturating_sub(keep)..]);
    Ok(())
}

fn keep_lines(ctx: &mut Ctx, file: &File, count: u64) -> std::io::Result<()> {
    use std::io::BufRead;
    let mut kept: VecDeque<Vec<u8>> = VecDeque::new();
    let mut source = std::io::BufReader::new(file);
    loop {
        let mut line = Vec::new();
        if source.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        kept.push_back(line);
        if kept.len() as u64 > count {
            kept.pop_front();
        }
    }
    kept.iter().for_each(|line| ctx.out.put(line));
    Ok(())
}

/// A file that is waited for.
struct Followed {
    name: OsString,
    file: Option<File>,
}

fn follow(
    ctx: &mut Ctx,
    followed: &mut [Followed],
    by_name: bool,
    titles: bool,
    pause: u64,
) -> Result<()> {
    let mut shown = followed.len().saturating_sub(1);
    loop {
        for (at, entry) in followed.iter_mut().enumerate() {
            if by_name {
                look_again(entry);
            }
            let Some(file) = &mut entry.file else {
                continue;
            };
            let mut bytes = Vec::new();
            more(file, &mut bytes).at("", &entry.name)?;
            if !bytes.is_empty() {
                if titles && shown != at {
                    title(ctx, &entry.name, true);
                    shown = at;
                }
                ctx.out.put(&bytes);
            }
        }
        if ctx.out.flush().is_err() || followed.iter().all(|f| f.file.is_none()) && !by_name {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_secs(pause));
    }
}

/// Reads what was added; a file that became shorter is read from its beginning.
fn more(file: &mut File, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    if let Ok(place) = file.stream_position()
        && file.metadata()?.len() < place
    {
        file.seek(SeekFrom::Start(0))?;
    }
    file.take(1024 * 1024).read_to_end(bytes)?;
    Ok(())
}

/// Opens the file of this name if it is another one now.
fn look_again(entry: &mut Followed) {
    if entry.name == "-" {
        return;
    }
    let identity = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
    let now = std::fs::metadata(&entry.name).ok().map(identity);
    let then = entry
        .file
        .as_ref()
        .and_then(|file| file.metadata().ok())
        .map(identity);
    if now.is_some() && now != then {
        entry.file = File::open(&entry.name).ok();
    }
}
