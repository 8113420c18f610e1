//! Working on text: what utilities and shell builtins share.

pub mod count;
pub mod regex;
