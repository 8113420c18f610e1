//! sleep - wait.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result};
use safebox::proc::duration;
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["sleep"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: sleep NUMBER[smhd]...

Wait for the sum of the given seconds (s), minutes (m), hours (h) or days (d).

Example: sleep 0.5
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    if opts.operands.is_empty() {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        });
    }
    let mut total = Duration::ZERO;
    for operand in &opts.operands {
        let text = operand.to_string_lossy();
        let invalid = || Error::message(format!("invalid number '{text}'"));
        total = total.saturating_add(duration::parse(&text).ok_or_else(invalid)?);
    }
    std::thread::sleep(total);
    Ok(Exit::OK)
}
