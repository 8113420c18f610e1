//! test - whether a condition holds; `[` and `[[` want their bracket at the end.
//!
//! The status is the answer: 0 yes, 1 no, 2 when the condition makes no sense.

use safebox::applet::{Applet, Ctx, Dir, called_name};
use safebox::error::{Error, Exit, Result};
use safebox::shell::builtin::test;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["test", "[", "[["],
    dir: Dir::UsrBin,
    run,
};

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let mut words: Vec<&[u8]> = ctx.args.iter().map(|arg| arg.as_bytes()).collect();
    let bracket = match called_name(&ctx.argv0).as_bytes() {
        b"[" => "]",
        b"[[" => "]]",
        _ => "",
    };
    if !bracket.is_empty() && words.pop() != Some(bracket.as_bytes()) {
        return Err(Error::Message(format!("missing {bracket}"), Exit::USAGE));
    }
    match test::evaluate(&words) {
        Ok(true) => Ok(Exit::OK),
        Ok(false) => Ok(Exit::FAILED),
        Err(error) => Err(Error::Message(error.to_string(), Exit::USAGE)),
    }
}
