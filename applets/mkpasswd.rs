//! mkpasswd - hash a password, for a shadow file that is made elsewhere.

use safebox::accounts::crypt::{self, Kind};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::sys::hidden::{self, Answer};
use std::io::Write;

pub static APPLET: Applet = Applet {
    names: &["mkpasswd", "cryptpw"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: mkpasswd [-s] [-m TYPE] [-S SALT] [PASSWORD] [SALT]

Print the hash of PASSWORD, or of a line of standard input.

  -m TYPE           sha256 (as usual), sha512 or md5
  -S SALT           letters to begin with, not random ones
  -s                do not ask, only read

Example: mkpasswd -m sha512
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let operands = opts.between(USAGE, 0, 2)?;
    let kind = match opts.value("m") {
        Some(name) => Kind::asked(name.as_encoded_bytes())?,
        None => Kind::Sha256,
    };
    let salt = opts.value("S").or(operands.get(1).map(|salt| &**salt));
    let password = match operands.first() {
        Some(word) => word.as_encoded_bytes().to_vec(),
        None => match ask(ctx, opts.has("s"))? {
            Some(line) => line,
            None => return Ok(Exit::FAILED),
        },
    };
    let hash = match salt {
        Some(salt) => crypt::make_with(&password, kind, salt.as_encoded_bytes())
            .ok_or_else(|| Error::message("a salt is letters, digits, dots and slashes"))?,
        None => {
            let mut random = [0; 16];
            let source = ctx.sys.machine();
            source.random(&mut random).at("read", "random bytes")?;
            crypt::make(&password, kind, &random)
                .ok_or_else(|| Error::message("this password cannot be hashed"))?
        }
    };
    ctx.out.line(hash);
    Ok(Exit::OK)
}

/// A line of standard input; a terminal is asked for it, and does not show it.
fn ask(ctx: &mut Ctx, silent: bool) -> Result<Option<Vec<u8>>> {
    let stdin = ctx.stdin();
    let shows = !silent && rustix::termios::isatty(&*stdin);
    let answer = hidden::read_line(&*stdin, None, || {
        if shows {
            ctx.out.put(b"Password: ");
            // A prompt that cannot be shown is reported at the end, like all lost output.
            let _ = ctx.out.flush();
        }
    })
    .at("read", "standard input")?;
    if shows {
        ctx.out.put(b"\n");
    }
    Ok(match answer {
        Answer::Line(line) => Some(line),
        Answer::Cancelled | Answer::TimedOut => None,
    })
}
