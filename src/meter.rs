//! One line on standard error that shows how far a long work is.
//!
//! Only a terminal gets it; a log file gets nothing but what is said. The line is drawn over
//! itself and wiped before anything else is printed, so that messages stay whole.

use crate::applet::Ctx;

/// The line, and the name of the applet for what is said between.
pub struct Meter {
    name: String,
    /// What is drawn now.
    shown: String,
    terminal: bool,
}

impl Meter {
    /// A meter for this applet; nothing is drawn where standard error is no terminal.
    pub fn new(ctx: &Ctx<'_>) -> Meter {
        Meter {
            name: ctx.name(),
            shown: String::new(),
            terminal: ctx.shows_progress(),
        }
    }

    /// From now on nothing is drawn.
    pub fn hide(&mut self) {
        self.clear();
        self.terminal = false;
    }

    /// Draws `text` in place of what was drawn before.
    pub fn show(&mut self, text: &str) {
        // A serial line is slow: nothing is drawn twice.
        if self.terminal && self.shown != text {
            let width = self.shown.chars().count();
            self.put(&format!("\r{text:width$}"));
            text.clone_into(&mut self.shown);
        }
    }

    /// Draws "text: 12%" for `done` of `total`.
    pub fn percent(&mut self, text: &str, done: u64, total: u64) {
        let percent = done.saturating_mul(100) / total.max(1);
        self.show(&format!("{text}: {percent}%"));
    }

    /// Wipes the line.
    pub fn clear(&mut self) {
        let width = std::mem::take(&mut self.shown).chars().count();
        if width > 0 {
            self.put(&format!("\r{:width$}\r", ""));
        }
    }

    /// Prints `name: text` on a line of its own.
    pub fn say(&mut self, text: impl std::fmt::Display) {
        self.clear();
        let line = format!("{}: {text}\n", self.name);
        self.put(&line);
    }

    fn put(&mut self, text: &str) {
        // Nobody can be told that standard error is gone.
        let _ = rustix::io::write(rustix::stdio::stderr(), text.as_bytes());
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.clear();
    }
}
