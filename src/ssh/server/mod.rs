//! What the server decides: who may enter, what is offered, who has to wait.

pub mod algorithms;
pub mod entry;
pub mod flow;
pub mod gate;
pub mod terminal;
