//! The interactive shell on a terminal, as its user sees it.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

mod completion;
mod glass;
mod jobs;
mod keys;
mod lines;
mod person;
mod prompts;
mod rescue;
#[path = "../support/tempdir.rs"]
mod tempdir;
mod trouble;
