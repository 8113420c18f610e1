//! du - the room that files and trees take.
//!
//! What has several names counts once, over all operands.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::format::human;
use safebox::fsops::status::{Identity, Status};
use safebox::fsops::walk::{Follow, Step, Walk};
use safebox::opts::Opts;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["du"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: du [-aHLdclsxhmkb] [FILE]...

Show the room that FILEs, and the directories in them, take.

  -a                files, too
  -b                lengths in bytes instead of room
  -c                a total of all FILEs
  -d N              only N levels deep
  -h                sizes as 1.5K, 20.0M
  -H                follow symbolic links of the command line
  -k                kilobytes (the default)
  -l                what has several names counts for each
  -L                follow all symbolic links
  -m                megabytes
  -s                only FILEs themselves
  -x                do not go into other file systems

Example: du -sh /overlay/upper
";

struct Count {
    unit: Option<u64>,
    lengths: bool,
    each_name: bool,
    files: bool,
    depth: usize,
    one_device: bool,
    follow: Follow,
    seen: BTreeSet<Identity>,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let mut count = Count::from(&opts)?;
    let operands = if opts.operands.is_empty() {
        vec![OsString::from(".")]
    } else {
        opts.operands.clone()
    };
    let mut total = 0;
    for operand in &operands {
        total += count.operand(ctx, operand);
        if ctx.out.failed() {
            break;
        }
    }
    if opts.has("c") {
        ctx.out.line(format!("{}\ttotal", count.shown(total)));
    }
    Ok(ctx.status())
}

impl Count {
    fn from(opts: &Opts) -> Result<Count> {
        let depth = match opts.value("d") {
            _ if opts.has("s") => 0,
            None => usize::MAX,
            Some(text) => match text.to_str().and_then(|text| text.parse().ok()) {
                Some(depth) => depth,
                None => {
                    let text = text.to_string_lossy();
                    return Err(Error::message(format!("invalid number '{text}'")));
                }
            },
        };
        let lengths = opts.has("b");
        Ok(Count {
            unit: match opts.last_of(&["h", "m", "k"]) {
                Some("h") => None,
                Some("m") => Some(1 << 20),
                None if lengths => Some(1),
                _ => Some(1024),
            },
            lengths,
            each_name: opts.has("l"),
            files: opts.has("a"),
            depth,
            one_device: opts.has("x"),
            follow: match opts.last_of(&["L", "H"]) {
                Some("L") => Follow::Always,
                Some(_) => Follow::Operands,
                None => Follow::Never,
            },
            seen: BTreeSet::new(),
        })
    }

    /// Shows one operand and gives its size in bytes.
    fn operand(&mut self, ctx: &mut Ctx, operand: &OsStr) -> u64 {
        let mut walk = Walk::new(operand, self.follow).one_device(self.one_device);
        // One sum for each directory above, after that of the operand itself.
        let mut sums = vec![0];
        let mut device = 0;
        while let Some(step) = walk.next() {
            match step {
                Step::Failed(error) => {
                    if let Err(error) = Err::<(), _>(error).at("", walk.path()) {
                        ctx.complain(error);
                    }
                }
                Step::File(status) => {
                    let Some(size) = self.size(&status) else {
                        continue;
                    };
                    add(&mut sums, size);
                    if walk.depth() == 0 || (self.files && walk.depth() <= self.depth) {
                        self.put(ctx, &walk, size);
                    }
                }
                Step::Before(status) => {
                    if walk.depth() == 0 {
                        device = status.dev;
                    }
                    let foreign = self.one_device && status.dev != device;
                    match self.size(&status).filter(|_| !foreign) {
                        Some(size) => sums.push(size),
                        None => walk.skip(),
                    }
                }
                Step::After(_) => {
                    let size = sums.pop().unwrap_or(0);
                    add(&mut sums, size);
                    if walk.depth() <= self.depth {
                        self.put(ctx, &walk, size);
                    }
                }
            }
        }
        sums.first().copied().unwrap_or(0)
    }

    /// Its own size in bytes; None for what was counted already.
    fn size(&mut self, status: &Status) -> Option<u64> {
        let shared = status.links > 1 || status.is_dir() || self.follow == Follow::Always;
        if shared && !self.each_name && !self.seen.insert(status.identity()) {
            return None;
        }
        Some(if self.lengths {
            status.size
        } else {
            status.blocks.saturating_mul(512)
        })
    }

    fn put(&self, ctx: &mut Ctx, walk: &Walk, size: u64) {
        ctx.out.put(self.shown(size).as_bytes());
        ctx.out.put(b"\t");
        ctx.out.line(walk.path().as_os_str().as_bytes());
    }

    fn shown(&self, size: u64) -> String {
        match self.unit {
            None => human(size),
            Some(unit) => size.div_ceil(unit).to_string(),
        }
    }
}

fn add(sums: &mut [u64], size: u64) {
    if let Some(sum) = sums.last_mut() {
        *sum = sum.saturating_add(size);
    }
}
