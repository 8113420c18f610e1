//! The configuration of an OpenWrt system: files in a small language, and pending changes.
//!
//! ```text
//! words      quoting, comments, continuations: shared by files, changes, batches
//! parse      statements -> package
//! package    sections, options, values (ordered, kinds: found by name and type without walking)
//! reference  PKG.SECTION.OPTION=VALUE
//! edit       command -> changes
//! delta      a change as a line, and its effect
//! text       package and changes -> text
//! store      directories, locks, loading, recording
//! commit     changes -> file, whole or not at all (replace), once and not twice (mark)
//! validate   every fault of a file, with its place
//! repair     faulty statements become comments
//! compare    a file as it is and as it would be, or as it is elsewhere
//! config     all of it behind `get("network.lan.ipaddr")`
//! ```
//!
//! A package in memory is always its file plus changes, applied by the same code whether
//! they come from a command or were read back. **Nothing here prints.**

mod commit;
mod compare;
mod config;
mod delta;
pub mod edit;
mod error;
mod kinds;
mod mark;
mod names;
mod ordered;
mod package;
mod parse;
mod reference;
mod repair;
mod replace;
mod store;
pub mod text;
mod validate;
mod words;

pub use config::Config;
pub use delta::{Change, Delta, Line, lines as parse_changes};
pub use error::{Error, Fault, IoFailure, Reason, Result};
pub use ordered::Ordered;
pub use package::{Package, Section, Setting, Value};
pub use parse::{Parsed, Reading, package as parse_package, packages as parse_packages};
pub use reference::Reference;
pub use repair::{Repair, repaired};
pub use replace::replace;
pub use store::{CHANGES, LARGEST, Stamp, Store};
pub use validate::{Finding, findings};
pub use words::{Words, command_words};
