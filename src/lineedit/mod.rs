//! Typing a line: an editor for terminals as dumb as a serial line at 80x24.

pub mod complete;
pub mod editor;
pub mod history;
pub mod key;
pub mod layout;
pub mod screen;
pub mod terminal;

pub use complete::{Completer, Completion};
pub use history::History;
pub use terminal::{Outcome, Terminal};
