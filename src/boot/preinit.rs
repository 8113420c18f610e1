//! How far `/etc/preinit` got, from the notes that it leaves.
//!
//! It sources files and calls functions of others. Before each it writes the name down, so
//! that whoever watches it knows which one never came back, and can leave that one out.

/// Where the names are written, one per line, in the order of their start.
pub const NOTES: &str = "/tmp/.preinit.hooks";

/// The line that says that preinit has ended as it should.
const END: &str = "end";

/// From these on a function may take its time: the wait for failsafe mode is over, and the
/// mounting of a large data partition may last minutes.
const UNLIMITED: [&str; 2] = ["wait_for_failsafe", "do_mount_root"];

/// The function that stays in failsafe mode; it alone is called again.
const STAYS: &str = "run_failsafe_hook";

/// The line that says that all functions of failsafe mode have run, and it only stays.
const STAYED: &str = "in_failsafe";

/// What the notes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    names: Vec<String>,
}

impl Progress {
    /// Reads the notes.
    pub fn read(notes: &[u8]) -> Progress {
        let text = String::from_utf8_lossy(notes);
        let is_plain = |c: char| c.is_ascii_graphic();
        let names = text
            .lines()
            .filter(|line| !line.is_empty() && line.chars().all(is_plain))
            .map(str::to_owned);
        Progress {
            names: names.collect(),
        }
    }

    /// Preinit has done all it wanted.
    pub fn is_complete(&self) -> bool {
        self.names.last().is_some_and(|name| name == END)
    }

    /// Whether what runs now has to end within a limit.
    pub fn is_limited(&self, is_failsafe: bool) -> bool {
        if is_failsafe {
            return self.last() != Some(STAYED);
        }
        let over = |name: &String| UNLIMITED.contains(&name.as_str()) || name == END;
        !self.names.iter().any(over)
    }

    /// The file or function that was started last.
    pub fn last(&self) -> Option<&str> {
        self.names.last().map(String::as_str)
    }

    /// What another try leaves out, besides `skipped`: the one that did not come back; in
    /// failsafe mode everything that was started, for it is there already. None: another try
    /// would change nothing.
    pub fn to_skip(&self, skipped: &[String], is_failsafe: bool) -> Option<Vec<String>> {
        let last = self.last()?;
        if self.is_complete() || skipped.iter().any(|name| name == last) {
            return None;
        }
        let mut skip = skipped.to_vec();
        if is_failsafe {
            let is_new = |name: &&String| !name.starts_with('/') && *name != STAYS;
            skip.extend(self.names.iter().filter(is_new).cloned());
        }
        if last.starts_with('/') || !is_failsafe {
            skip.push(last.to_owned());
        }
        Some(skip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skip(notes: &str, skipped: &[&str], is_failsafe: bool) -> Option<String> {
        let skipped: Vec<_> = skipped.iter().map(|name| (*name).to_owned()).collect();
        let names = Progress::read(notes.as_bytes()).to_skip(&skipped, is_failsafe);
        Some(names?.join(" "))
    }

    #[test]
    fn the_one_that_did_not_come_back_is_left_out() {
        let notes = "/lib/preinit/00_a\n/lib/preinit/05_bad\n";
        assert_eq!(skip(notes, &[], false).unwrap(), "/lib/preinit/05_bad");
        assert_eq!(skip("/a\nf\ng\n", &["h"], false).unwrap(), "h g");
        // It was left out, and is not the reason.
        assert_eq!(skip("/a\nf\n", &["f"], false), None);
        assert_eq!(skip("", &[], false), None);
        assert_eq!(skip("/a\nf\nend\n", &[], false), None);
    }

    #[test]
    fn in_failsafe_mode_what_is_there_already_is_not_started_again() {
        let notes = "/lib/preinit/00_a\nwait_for_failsafe\nrun_failsafe_hook\nconsole\nbad\n";
        assert_eq!(
            skip(notes, &[], true).unwrap(),
            "wait_for_failsafe console bad"
        );
        assert_eq!(
            skip("/a\n/bad\n", &["console"], true).unwrap(),
            "console /bad"
        );
        assert_eq!(skip("run_failsafe_hook\n", &[], true).unwrap(), "");
    }

    #[test]
    fn what_comes_before_the_wait_has_to_hurry_and_what_failsafe_mode_begins_with() {
        let check = |notes: &str, is_failsafe, expected| {
            let progress = Progress::read(notes.as_bytes());
            assert_eq!(progress.is_limited(is_failsafe), expected, "{notes}");
        };
        check("/a\nindicate_preinit\n", false, true);
        check("/a\nwait_for_failsafe\n", false, false);
        check("wait_for_failsafe\ndo_x\n", false, false);
        check("do_mount_root\n", false, false);
        check("wait_for_failsafe\nrun_failsafe_hook\nkeys\n", true, true);
        check("run_failsafe_hook\nkeys\nin_failsafe\n", true, false);
        assert!(Progress::read(b"a\nend\n").is_complete());
        assert_eq!(Progress::read(b"\xff \n\nx y\n").last(), None);
    }
}
