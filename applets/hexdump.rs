//! hexdump - show bytes as numbers and characters.
//!
//! Words of two bytes are in the order of this machine. Blocks that are equal to the one
//! before are shown as one `*`.

use safebox::applet::{Applet, Ctx, Dir, Source};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::number;
use safebox::opts::Opts;
use safebox::text::hexdump::Formats;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["hexdump", "hd"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: hexdump [-bcCdoxv] [-n BYTES] [-s BYTES] [-e FORMAT]... [-f FILE]... [FILE]...

Show the bytes of FILEs, or of standard input, as numbers and characters.

  -C                bytes and characters
  -b                bytes, octal
  -c                characters
  -d                two bytes, decimal
  -o                two bytes, octal
  -x                two bytes, hexadecimal
  -e FORMAT         [TIMES][/BYTES] \"TEXT\"..., as in 16/1 \"%02x \" \"\\n\"
  -f FILE           formats from FILE, one per line
  -n BYTES          only so many
  -s BYTES          skip so many before
  -v                repeated blocks too

Example: hexdump -C -n 64 /dev/mtd0
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let formats = Formats::parse(&formats(ctx, &opts)?)?;
    let skip = bytes(&opts, "s")?.unwrap_or(0);
    let most = bytes(&opts, "n")?;
    let mut files = opts.operands.clone();
    if files.is_empty() {
        files.push("-".into());
    }
    let mut input = Input {
        files: files.into_iter(),
        current: None,
        left: skip,
    };
    let mut buffer = vec![0; formats.block().max(1)];
    let mut address = 0;
    while input.left > 0 {
        let wanted = buffer.len();
        match input.read(ctx, &mut buffer, wanted) {
            0 => break,
            count => address += count as u64,
        }
    }
    input.left = most.unwrap_or(u64::MAX);
    let block = formats.block();
    let (mut last, mut starred, mut line) = (Vec::new(), false, Vec::new());
    while block > 0 && !ctx.out.failed() {
        let count = input.read(ctx, &mut buffer, block);
        if count == 0 {
            break;
        }
        let data = &buffer[..count];
        if !opts.has("v") && last.get(..count) == Some(data) {
            if !starred {
                ctx.out.put(b"*\n");
            }
            starred = true;
        } else {
            starred = false;
            line.clear();
            formats.put(data, address, &mut line);
            ctx.out.put(&line);
            last.clear();
            last.extend_from_slice(data);
        }
        address += count as u64;
    }
    if address > 0 {
        line.clear();
        formats.put_end(address, &mut line);
        ctx.out.put(&line);
    }
    Ok(ctx.status())
}

/// The formats that were asked for.
fn formats(ctx: &Ctx, opts: &Opts) -> Result<Vec<Vec<u8>>> {
    let mut formats = Vec::new();
    let mut short = |line: &str| {
        formats.push(br#""%07.7_Ax\n""#.to_vec());
        formats.push([br#""%07.7_ax " "#, line.as_bytes(), br#" "\n""#].concat());
    };
    let mut own = Vec::new();
    for (key, value) in opts.in_order() {
        match key {
            "b" => short(r#"16/1 "%03o ""#),
            "c" => short(r#"16/1 "%3_c ""#),
            "d" => short(r#"8/2 "  %05u ""#),
            "o" => short(r#"8/2 " %06o ""#),
            "x" => short(r#"8/2 "   %04x ""#),
            "e" => own.push(value.as_bytes().to_vec()),
            "f" => {
                let mut text = Vec::new();
                ctx.open(value)
                    .and_then(|mut file| file.read_to_end(&mut text))
                    .at("open", value)?;
                let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
                let lines = lines.filter(|line| !line.is_empty() && line[0] != b'#');
                own.extend(lines.map(<[u8]>::to_vec));
            }
            _ => {}
        }
    }
    if opts.has("C") || ctx.name() == "hd" && formats.is_empty() && own.is_empty() {
        let canonical: [&[u8]; 3] = [
            br#""%08.8_Ax\n""#,
            br#""%08.8_ax  " 8/1 "%02x " "  " 8/1 "%02x ""#,
            br#""  |" 16/1 "%_p" "|\n""#,
        ];
        formats.extend(canonical.map(<[u8]>::to_vec));
    }
    formats.append(&mut own);
    if formats.is_empty() {
        formats.push(br#""%07.7_Ax\n""#.to_vec());
        formats.push(br#""%07.7_ax " 8/2 "%04x " "\n""#.to_vec());
    }
    Ok(formats)
}

fn bytes(opts: &Opts, key: &str) -> Result<Option<u64>> {
    let Some(text) = opts.value(key) else {
        return Ok(None);
    };
    let digits = text.as_bytes();
    let hexadecimal = match digits {
        [b'0', b'x' | b'X', digits @ ..] => std::str::from_utf8(digits).ok(),
        _ => None,
    };
    let value = match hexadecimal {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => number::bytes(digits),
    };
    match value {
        Some(value) => Ok(Some(value)),
        None => {
            let text = format!("invalid number '{}'", text.display());
            Err(Error::message(text))
        }
    }
}

/// The files, one after the other.
struct Input {
    files: std::vec::IntoIter<OsString>,
    current: Option<(OsString, Source)>,
    /// Bytes that may still be read.
    left: u64,
}

impl Input {
    /// Fills the beginning of the buffer; fewer bytes than wanted: there are no more.
    fn read(&mut self, ctx: &mut Ctx, buffer: &mut [u8], wanted: usize) -> usize {
        let wanted = usize::try_from(self.left).unwrap_or(wanted).min(wanted);
        let mut count = 0;
        while count < wanted {
            let Some((name, source)) = &mut self.current else {
                let Some(name) = self.files.next() else {
                    break;
                };
                match open(ctx, &name) {
                    Ok(source) => self.current = Some((name, source)),
                    Err(error) => ctx.complain(error),
                }
                continue;
            };
            match source.read(&mut buffer[count..wanted]) {
                Ok(0) => self.current = None,
                Ok(more) => count += more,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    if let Err(error) = Err::<(), _>(error).at("", &*name) {
                        ctx.complain(error);
                    }
                    self.current = None;
                }
            }
        }
        self.left -= count as u64;
        count
    }
}

fn open(ctx: &Ctx, name: &OsStr) -> Result<Source> {
    ctx.open(name).at("", name)
}
