//! A directory that goes away with its value.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> TempDir {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("safebox-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        TempDir(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // A leftover directory under /tmp harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
