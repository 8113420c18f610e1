//! The orderly end: services stop, processes end, file systems are written and let go.

use super::guard::Guard;
use super::supervise;
use safebox::applet::Ctx;
use safebox::boot::inittab::Action;
use safebox::boot::shutdown;
use safebox::error::{Exit, Result};
use safebox::sys::signal::{self, numbers};
use safebox::sys::{Reboot, console_alert};

/// What the services may take to stop.
const SERVICES_MS: u64 = 15_000;
/// From SIGTERM to SIGKILL.
const TERM_MS: u64 = 2000;
/// From SIGKILL to the unmounting.
const KILL_MS: u64 = 1000;
/// A flash that hangs must not keep the device from restarting.
const UNMOUNT_MS: u64 = 20_000;
/// What reboot(2) may take.
const REBOOT_MS: u64 = 10_000;

/// Brings the system down. Never returns: if the kernel refuses, the console stays.
pub fn go(ctx: &mut Ctx, guard: &mut Guard, how: Reboot) -> Result<Exit> {
    let word = match how {
        Reboot::Restart => "restarts",
        Reboot::Halt => "halts",
        Reboot::PowerOff => "switches off",
    };
    console_alert(&format!("init: the system {word}"));
    guard.forget_kept();
    guard.run(SERVICES_MS, || supervise::run_lines(ctx, Action::Shutdown));
    for (number, limit) in [(numbers::TERM, TERM_MS), (numbers::KILL, KILL_MS)] {
        // An error means that nobody is left.
        let _ = signal::send(-1, number);
        guard.wait_for_all(limit);
    }
    guard.run(UNMOUNT_MS, || let_go(ctx));
    if how != Reboot::Restart {
        guard.disarm_watchdog();
    }
    // In a child: where the kernel returns from a halt it ends the caller, and without
    // process 1 it would panic.
    guard.run(REBOOT_MS, || {
        let result = ctx.sys.machine().reboot(how);
        u8::from(result.is_err())
    });
    console_alert("init: the kernel did not stop; the power may be cut");
    loop {
        guard.pause(60_000);
    }
}

fn let_go(ctx: &mut Ctx) -> u8 {
    ctx.sys.machine().sync();
    let table = ctx.sys.mounts().table().unwrap_or_default();
    let failures = shutdown::perform(&shutdown::plan(&table), ctx.sys.mounts());
    failures.iter().for_each(|failure| {
        console_alert(&format!("init: {failure}"));
    });
    ctx.sys.machine().sync();
    u8::from(!failures.is_empty())
}
