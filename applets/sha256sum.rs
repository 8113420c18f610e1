//! md5sum, sha256sum, sha512sum - print and check digests of files.
//!
//! A list whose lines are no checksums must not pass: such a line counts as one that did not
//! match, and a list without any line fails as a whole.

use md5::Md5;
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use sha2::{Digest, Sha256, Sha512};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["sha256sum", "md5sum", "sha512sum"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: sha256sum [-c [-sw]] [FILE]...

Print the digests of FILEs, or of standard input, or check a list of them.

  -c                FILEs are lists of 'DIGEST  NAME': check each NAME
  -s                with -c: print nothing, the status tells
  -w                with -c: complain about lines that are no checksums

Example: cd /tmp && grep sysupgrade.bin sha256sums | sha256sum -c
";

/// The digest that a name stands for.
#[derive(Clone, Copy)]
enum Kind {
    Md5,
    Sha256,
    Sha512,
}

impl Kind {
    /// The digest of all that `source` gives, in hexadecimal.
    fn of(self, source: impl Read) -> std::io::Result<String> {
        match self {
            Kind::Md5 => digest::<Md5>(source),
            Kind::Sha256 => digest::<Sha256>(source),
            Kind::Sha512 => digest::<Sha512>(source),
        }
    }
}

fn digest<D: Digest>(mut source: impl Read) -> std::io::Result<String> {
    let mut state = D::new();
    let mut buf = vec![0; 64 * 1024];
    loop {
        match source.read(&mut buf) {
            Ok(0) => break,
            Ok(count) => state.update(&buf[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let hex = state
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    Ok(hex)
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let kind = match ctx.name().as_str() {
        "md5sum" => Kind::Md5,
        "sha512sum" => Kind::Sha512,
        _ => Kind::Sha256,
    };
    let files = match &opts.operands[..] {
        [] => vec![OsString::from("-")],
        files => files.to_vec(),
    };
    if !opts.has("c") {
        if opts.has("s") || opts.has("w") {
            return Err(Error::Usage {
                complaint: "-s and -w are for -c".into(),
                usage: USAGE.into(),
                exit: Exit::FAILED,
            });
        }
        for file in &files {
            match of_file(ctx, kind, file) {
                Ok(digest) => ctx
                    .out
                    .line([digest.as_bytes(), b"  ", file.as_bytes()].concat()),
                Err(error) => ctx.complain(error),
            }
        }
        return Ok(ctx.status());
    }
    let mut check = Check {
        kind,
        silent: opts.has("s"),
        warn: opts.has("w"),
        total: 0,
        failed: 0,
        mismatch: false,
    };
    for list in &files {
        if let Err(error) = check.list(ctx, list) {
            ctx.complain(error);
        }
    }
    Ok(match check.mismatch {
        true => Exit::FAILED,
        false => ctx.status(),
    })
}

fn of_file(ctx: &Ctx, kind: Kind, file: &OsStr) -> Result<String> {
    let source = ctx.open(file).at("open", file)?;
    kind.of(source).at("read", file)
}

/// The check of one list after the other.
struct Check {
    kind: Kind,
    silent: bool,
    warn: bool,
    /// Lines of this list, and those that did not match.
    total: u64,
    failed: u64,
    /// Some list had a line that did not match.
    mismatch: bool,
}

impl Check {
    fn list(&mut self, ctx: &mut Ctx, list: &OsStr) -> Result<()> {
        (self.total, self.failed) = (0, 0);
        let mut source = BufReader::new(ctx.open(list).at("", list)?);
        let mut line = Vec::new();
        loop {
            line.clear();
            if source.read_until(b'\n', &mut line).at("read", list)? == 0 {
                break;
            }
            self.line(ctx, line.strip_suffix(b"\n").unwrap_or(&line));
        }
        if self.total == 0 {
            let list = list.display();
            return Err(Error::message(format!("{list}: no checksum lines found")));
        }
        self.mismatch |= self.failed > 0;
        if self.failed > 0 && !self.silent {
            return Err(Error::message(format!(
                "WARNING: {} of {} computed checksums did NOT match",
                self.failed, self.total
            )));
        }
        Ok(())
    }

    fn line(&mut self, ctx: &mut Ctx, line: &[u8]) {
        self.total += 1;
        let Some((expected, name)) = split(line) else {
            self.failed += 1;
            if self.warn {
                ctx.say("invalid format");
            }
            return;
        };
        let verdict = match of_file(ctx, self.kind, OsStr::from_bytes(name)) {
            Ok(real) if real.as_bytes().eq_ignore_ascii_case(expected) => "OK",
            Ok(_) => "FAILED",
            Err(error) => {
                ctx.complain(error);
                "FAILED"
            }
        };
        if verdict != "OK" {
            self.failed += 1;
        }
        if !self.silent {
            ctx.out.line([name, b": ", verdict.as_bytes()].concat());
        }
    }
}

/// The digest and the name of a line: two blanks between, or a blank and `*`.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|&b| b == b' ')?;
    let (digest, rest) = line.split_at(end);
    let name = rest
        .strip_prefix(b"  ")
        .or_else(|| rest.strip_prefix(b" *"))?;
    let is_digest = !digest.is_empty() && digest.iter().all(u8::is_ascii_hexdigit);
    (is_digest && !name.is_empty()).then_some((digest, name))
}
