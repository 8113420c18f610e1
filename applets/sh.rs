//! sh - the shell.
//!
//! Everything is in `safebox::shell`; this file hands over the arguments. A leading dash in
//! `argv[0]` makes it a login shell.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Exit, Result};
use safebox::shell::{self, Operand};

pub static APPLET: Applet = Applet {
    names: &["sh", "ash"],
    dir: Dir::Bin,
    run,
};

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let status = shell::main(ctx.applets, OPERANDS, &ctx.argv0, &ctx.args);
    Ok(Exit(status as u8))
}

/// What Tab offers behind the names of applets; behind the others, files.
const OPERANDS: shell::Table = &[
    ("busybox", &[Operand::Applet, Operand::File]),
    (
        "chroot",
        &[Operand::Directory, Operand::Command, Operand::File],
    ),
    (
        "ifconfig",
        &[
            Operand::Interface,
            Operand::Words(&["down", "mtu", "netmask", "up"]),
        ],
    ),
    (
        "ip",
        &[
            Operand::Words(&["address", "link", "neigh", "route"]),
            IP_COMMAND,
            Operand::Interface,
        ],
    ),
    ("jffs2", &[JFFS2_COMMAND, Operand::PartitionOrFile]),
    ("killall", &[Operand::Process]),
    ("login", &[Operand::User]),
    ("mkdir", &[Operand::Directory]),
    ("mtd", &[MTD_COMMAND, Operand::PartitionOrFile]),
    ("passwd", &[Operand::User]),
    ("pgrep", &[Operand::Process]),
    ("pidof", &[Operand::Process]),
    ("pkill", &[Operand::Process]),
    ("rmdir", &[Operand::Directory]),
    ("safebox", &[Operand::Applet, Operand::File]),
    ("uci", &[Operand::Uci]),
    ("umount", &[Operand::MountPoint]),
    ("which", &[Operand::Command]),
    ("xargs", &[Operand::Command, Operand::File]),
];

const IP_COMMAND: Operand = Operand::Words(&["add", "del", "flush", "set", "show"]);
const JFFS2_COMMAND: Operand = Operand::Words(&["cat", "extract", "list", "tar"]);
const MTD_COMMAND: Operand = Operand::Words(&[
    "dump",
    "erase",
    "fixtrx",
    "jffs2write",
    "resetbc",
    "unlock",
    "verify",
    "write",
]);
