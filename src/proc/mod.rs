//! Starting and listing processes.

pub mod launch;
