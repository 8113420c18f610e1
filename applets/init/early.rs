//! The first child: pseudo file systems, devices, directories, the board's name.

use safebox::applet::Ctx;
use safebox::boot::{BOARD_NAME, devices, early};
use safebox::error::At;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Does everything that can be done; each failure is reported and the rest goes on.
pub fn run(ctx: &mut Ctx) -> u8 {
    mount(ctx, &early::PROC);
    for step in early::ALL {
        mount(ctx, step);
    }
    for (link, target) in early::LINKS {
        let result = std::os::unix::fs::symlink(target, link);
        report(ctx, link, unless_there(result));
    }
    for (dir, mode) in early::DIRECTORIES {
        let result = unless_there(std::fs::create_dir(dir))
            .and_then(|()| std::fs::set_permissions(dir, PermissionsExt::from_mode(*mode)));
        report(ctx, dir, result);
    }
    name_board(ctx);
    ctx.status().0
}

fn mount(ctx: &mut Ctx, step: &early::Early) {
    // Before /proc is there nothing is known to be mounted.
    let table = ctx.sys.mounts().table().unwrap_or_default();
    // An initramfs may lack the directory; a root that is read-only has it.
    let _ = std::fs::create_dir(step.target);
    if *step != early::DEV {
        let result = step.mount(&table, ctx.sys.mounts());
        return report(ctx, step.target, result);
    }
    match early::mount_devices(&table, ctx.sys.mounts()) {
        Ok(true) => make_nodes(ctx),
        Ok(false) => {}
        Err(error) => report(ctx, step.target, Err(error)),
    }
}

/// Fills an empty `/dev` with all that the kernel has.
fn make_nodes(ctx: &mut Ctx) {
    for device in devices::all(Path::new("/sys")) {
        let result = devices::make(Path::new("/dev"), &device);
        report(ctx, &device.node.name, result);
    }
}

/// Leaves `/tmp/sysinfo/board_name` (what images are checked against) and `model` (for
/// people); a device that does not know its name has neither.
fn name_board(ctx: &mut Ctx) {
    let tree = |name: &str| std::fs::read(format!("/proc/device-tree/{name}")).unwrap_or_default();
    let command_line = ctx.sys.machine().command_line().unwrap_or_default();
    let Some(board) = early::board_name(&tree("compatible"), &command_line) else {
        return;
    };
    let model = early::model(&tree("model")).unwrap_or_else(|| board.clone());
    report(ctx, BOARD_NAME, std::fs::write(BOARD_NAME, board + "\n"));
    let path = "/tmp/sysinfo/model";
    report(ctx, path, std::fs::write(path, model + "\n"));
}

fn unless_there(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn report(ctx: &mut Ctx, what: &str, result: io::Result<()>) {
    if let Err(error) = result.at("", what) {
        ctx.complain(error);
    }
}
