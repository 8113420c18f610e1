//! From the kernel's first process to failsafe mode or the normal system.
//!
//! The kernel starts `/sbin/init`; it mounts what everything needs ([`early`]), runs
//! `/etc/preinit`, and if that did not stay in failsafe mode, what `/etc/inittab` says
//! ([`inittab`]). `README.md` tells who does what, and why PID 1 itself parses nothing.

pub mod announce;
pub mod attempts;
pub mod button;
pub mod console;
pub mod devices;
pub mod early;
pub mod inittab;
pub mod inputs;
pub mod knock;
pub mod led;
pub mod mount_options;
pub mod preinit;
pub mod presses;
pub mod respawn;
pub mod shutdown;
pub mod tell;
pub mod trigger;
pub mod uevent;
pub mod wait;
pub mod words;

/// The search path where nobody set another.
pub const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Present as long as `/etc/preinit` runs; `mount_root` looks for it.
pub const PREINIT_MARK: &str = "/tmp/.preinit";

/// Present as long as the device is in failsafe mode.
pub const FAILSAFE_MARK: &str = "/tmp/.failsafe";

/// The name of the board, as images are checked against it.
pub const BOARD_NAME: &str = "/tmp/sysinfo/board_name";
