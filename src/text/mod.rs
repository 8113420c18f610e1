//! Working on text: what utilities and shell builtins share.

pub mod base64;
pub mod count;
pub mod echo;
pub mod escape;
pub mod hexdump;
pub mod moment;
pub mod printf;
pub mod regex;
pub mod width;
