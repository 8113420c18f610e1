//! What the board says in `/lib/upgrade/platform.sh`; `rootfs/README.md` lists its functions.

use safebox::applet::Ctx;
use safebox::error::{Error, Result};
use safebox::image::{Fault, Target};
use safebox::upgrade::{WHOLE, device};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// So a hook says that nothing can make its image a good one.
const HOPELESS: i32 = 74;
/// There is no such function.
const NONE: i32 = 99;
const SCRIPT: &str = "cd / && . /lib/functions.sh && include /lib/upgrade && \
     type \"$1\" >/dev/null 2>&1 || exit 99; \"$@\"";

/// The board, with the slot that it does not run from, if it has two.
pub(super) fn look(ctx: &mut Ctx, settings: Option<&Path>) -> Result<Target> {
    let root = ctx.root.clone();
    let mut target = device::look(ctx.sys, &root, settings);
    match ask(ctx, &["platform_slot"])? {
        (NONE, _) => {}
        (0, name) if !name.trim().is_empty() => {
            device::use_slot(&mut target, ctx.sys, name.trim());
        }
        _ => {
            target.place = Err("the board's platform_slot does not name a slot".into());
        }
    }
    Ok(target)
}

/// Why the board does not want an image.
pub(super) fn check(ctx: &mut Ctx, image: &Path) -> Result<Option<Fault>> {
    let image = image.to_string_lossy();
    let (status, said) = ask(ctx, &["platform_check_image", &image])?;
    ctx.tell(said);
    let forceable = status != HOPELESS;
    Ok((status != 0 && status != NONE).then_some(Fault::Board { forceable }))
}

/// The boot loader shall start this slot from now on.
pub(super) fn switch(ctx: &mut Ctx, slot: &str) -> Result<()> {
    match ask(ctx, &["platform_switch_slot", slot])? {
        (0, _) => Ok(()),
        (status, said) => {
            let said = said.trim();
            let why = format!("platform_switch_slot {slot}: status {status} {said}");
            Err(Error::Message(why, WHOLE))
        }
    }
}

/// Runs a function of the board's: its status, and what it said.
fn ask(ctx: &mut Ctx, words: &[&str]) -> Result<(i32, String)> {
    if !ctx.path("/lib/upgrade/platform.sh").exists() {
        return Ok((NONE, String::new()));
    }
    // Not the file itself: that may be about to be overwritten.
    let output = Command::new("/proc/self/exe")
        .arg0("sh")
        .args(["-c", SCRIPT, "platform.sh"])
        .args(words)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output();
    let output = output.map_err(|source| Error::Io {
        verb: "run",
        path: "/lib/upgrade/platform.sh".into(),
        source,
    })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((output.status.code().unwrap_or(1), said))
}
