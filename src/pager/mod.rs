//! Looking at long texts on a terminal.

pub mod document;
pub mod rows;
pub mod view;

pub use document::Document;
pub use view::{Options, Step, View};
