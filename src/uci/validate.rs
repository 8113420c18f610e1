//! Where a file is out of form: every fault, not only the first.

use super::error::{Error, Reason, Result};
use super::parse::{self, Reading};
use super::store::{self, Store};
use std::path::Path;

/// A fault at the place where a person would mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Line, from 1.
    pub line: usize,
    /// Byte of the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: Reason,
}

impl Store {
    /// Every fault of a configuration file, by its path.
    pub fn validate(&self, path: &Path) -> Result<Vec<Finding>> {
        match store::read_shared(path)? {
            Some(content) => findings(&content),
            None => Err(Error::NotFound),
        }
    }
}

/// Every fault of a text.
pub fn findings(text: &[u8]) -> Result<Vec<Finding>> {
    let (_, faults) = parse::package(b"", text, Reading::Check)?;
    let places = faults.iter().map(|fault| (fault.origin, fault.reason));
    Ok(places_of(text, places))
}

/// Offsets in a text as lines and columns.
pub(super) fn places_of(
    text: &[u8],
    faults: impl Iterator<Item = (usize, Reason)>,
) -> Vec<Finding> {
    let (mut line, mut line_start, mut from) = (1, 0, 0);
    let place = |(origin, reason): (usize, Reason)| {
        // Faults come in order, so each newline is counted once; an open quote may lie
        // before the last ones, but then it is the last of all.
        let passed = text.get(from..origin).unwrap_or_default();
        for at in memchr::memchr_iter(b'\n', passed) {
            line += 1;
            line_start = from + at + 1;
        }
        from = origin;
        Finding {
            line,
            column: origin.saturating_sub(line_start) + 1,
            reason,
        }
    };
    faults.map(place).collect()
}

#[test]
fn every_fault_is_found_where_it_is() {
    let check = |text: &str, expected: &str| {
        let found = findings(text.as_bytes()).unwrap();
        let show = |f: &Finding| format!("{}:{}: {}", f.line, f.column, f.reason);
        let shown: Vec<_> = found.iter().map(show).collect();
        assert_eq!(shown.join("\n"), expected, "{text:?}");
    };
    let name = "invalid character in name field";
    check("config t s\n\toption a 1\n", "");
    check(
        "# c\n bogus\nconfig t my-lan\n",
        &format!("2:2: invalid command\n3:10: {name}"),
    );
    check(
        "config t s\n option a-b c\n option a b c\n",
        &format!("2:9: {name}\n3:13: too many arguments"),
    );
    check(
        "config t s\nconfig u s\n",
        "2:8: section of different type overwrites prior section with same name",
    );
    check(
        "config t\noption a 'x\ny\nz\n",
        "2:10: EOF with unterminated '",
    );
    check(
        "config t\noption a \"\nx\" 'y\n",
        "3:4: EOF with unterminated '",
    );
    check(
        "option a b\nconfig t\noption b '\n\0'",
        "1:1: option/list command found before the first section\n4:1: NUL byte\n4:1: invalid command",
    );
}
