//! ps - the processes of the system.
//!
//! Letters that people type out of habit (`aux`, `-ef`) are accepted: everything is shown
//! anyway. Lines are cut to the terminal's width, in a pipe never: scripts look at the end.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::owner::Names;
use safebox::proc::list::{self, Process};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["ps"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: ps [w] [-o COLUMN,...]

Show all processes.

  w                 do not cut long lines
  -o COLUMN,...     show these: pid ppid pgid sid user stat nice vsz comm args

Example: ps -o pid,ppid,args
";

const DEFAULT: &str = "pid,user,vsz,stat,args";

/// Name, heading, width (negative: to the left) of a column.
const COLUMNS: &[(&str, &str, i8)] = &[
    ("pid", "PID", 5),
    ("ppid", "PPID", 5),
    ("pgid", "PGID", 5),
    ("sid", "SID", 5),
    ("user", "USER", -8),
    ("vsz", "VSZ", 5),
    ("nice", "NI", 3),
    ("stat", "STAT", -4),
    ("comm", "COMMAND", -15),
    ("args", "COMMAND", 0),
];

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let (columns, wide) = options(ctx)?;
    let mut chosen = Vec::new();
    for name in columns.split(',') {
        let column = COLUMNS.iter().find(|(known, ..)| *known == name);
        let unknown = || Error::message(format!("there is no column '{name}'; see --help"));
        chosen.push(column.ok_or_else(unknown)?);
    }
    let width = match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if !wide && size.ws_col > 0 => usize::from(size.ws_col),
        _ => usize::MAX,
    };
    let users = Names::read(&ctx.path("/etc/passwd"));
    let heading = |(_, heading, width): &&(_, &str, i8)| aligned(heading.as_bytes(), *width);
    let first: Vec<_> = chosen.iter().map(heading).collect();
    ctx.out.line(line(&first, width));
    for process in list::all(&ctx.path("/proc")).at("read", "/proc")? {
        let cell =
            |(name, _, width): &&(&str, _, i8)| aligned(&text(&process, name, &users), *width);
        let cells: Vec<_> = chosen.iter().map(cell).collect();
        ctx.out.line(line(&cells, width));
    }
    Ok(Exit::OK)
}

/// The columns, and whether long lines stay whole.
fn options(ctx: &Ctx) -> Result<(String, bool)> {
    let (mut columns, mut wide) = (DEFAULT.to_owned(), false);
    let mut args = ctx.args.iter();
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy();
        match text.as_ref() {
            "--help" => return Err(Error::Help(USAGE.to_owned())),
            "-o" => {
                columns = args
                    .next()
                    .map(|v| v.to_string_lossy().into_owned())
                    .unwrap_or_default()
            }
            _ if text.starts_with("-o") => columns = text["-o".len()..].to_owned(),
            _ => wide |= arg.as_bytes().contains(&b'w'),
        }
    }
    Ok((columns, wide))
}

fn text(process: &Process, column: &str, users: &Names) -> Vec<u8> {
    let text = match column {
        "pid" => process.pid.to_string(),
        "ppid" => process.ppid.to_string(),
        "pgid" => process.pgid.to_string(),
        "sid" => process.sid.to_string(),
        "user" => match users.name(process.uid) {
            Some(name) => return name.as_bytes().to_vec(),
            None => process.uid.to_string(),
        },
        "vsz" => short_kib(process.vsz_kib),
        "nice" => process.nice.to_string(),
        "stat" => process.stat(),
        "comm" => return process.name.clone(),
        _ => return process.shown(),
    };
    text.into_bytes()
}

/// Kibibytes in at most five characters, as scripts expect them.
fn short_kib(kib: u64) -> String {
    match kib {
        0..=99_999 => kib.to_string(),
        100_000..=10_239_999 => format!("{}m", kib / 1024),
        _ => format!("{}g", kib / 1024 / 1024),
    }
}

fn aligned(text: &[u8], width: i8) -> Vec<u8> {
    let fill = vec![b' '; usize::from(width.unsigned_abs()).saturating_sub(text.len())];
    match width < 0 {
        true => [text, &fill].concat(),
        false => [&fill, text].concat(),
    }
}

fn line(cells: &[Vec<u8>], width: usize) -> Vec<u8> {
    let mut line = cells.join(&b' ');
    line.truncate(width);
    line.truncate(line.trim_ascii_end().len());
    line
}
