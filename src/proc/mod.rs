//! Starting and listing processes.

pub mod background;
pub mod duration;
pub mod launch;
pub mod list;
pub mod log;
pub mod signal_words;
