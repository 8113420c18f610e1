//! What somebody may have meant who typed a command that does not exist.

use super::{Shell, builtin};

impl Shell {
    /// The command most like `name`, if there is one.
    pub(super) fn similar_command(&self, name: &[u8]) -> Option<Vec<u8>> {
        let applets = self.applets.table.iter().flat_map(|applet| applet.names);
        let own = applets.copied().chain(builtin::names());
        let functions = self.functions.keys().map(|name| name.to_vec());
        let aliases = self.aliases.borrow().keys().cloned().collect::<Vec<_>>();
        let names = own.map(Vec::from).chain(functions).chain(aliases);
        let rated = names.filter_map(|other| {
            let steps = distance(name, &other);
            (steps > 0 && steps <= tolerated(name.len())).then_some((steps, other))
        });
        rated.min().map(|(_, other)| other)
    }

    /// In an interactive shell, after the message that there is no such command.
    pub(super) fn hint(&mut self, name: &[u8]) {
        if !self.options.interactive {
            return;
        }
        if let Some(similar) = self.similar_command(name) {
            let similar = String::from_utf8_lossy(&similar).into_owned();
            self.complain(format_args!("did you mean {similar}?"));
        }
    }
}

/// How many slips of the finger a name of this length may hold.
fn tolerated(length: usize) -> usize {
    match length {
        0..2 => 0,
        2..5 => 1,
        _ => 2,
    }
}

/// Slips between two words: a letter too many, too few, another one, or two swapped.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let longest = one.len().max(other.len());
    if one.len().abs_diff(other.len()) > 2 || longest > 32 {
        return longest;
    }
    let (mut before_last, mut last) = (Vec::new(), (0..=other.len()).collect::<Vec<_>>());
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let same = last[j] + usize::from(a != b);
            let mut least = same.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && (a, &one[i - 1]) == (&other[j - 1], b) {
                least = least.min(before_last[j - 1] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[test]
fn slips_of_the_finger_are_counted() {
    let check = |one: &[u8], other: &[u8], steps| assert_eq!(distance(one, other), steps);
    check(b"sysupgade", b"sysupgrade", 1);
    check(b"sl", b"ls", 1);
    check(b"mtdd", b"mtd", 1);
    check(b"frstboto", b"firstboot", 2);
    check(b"ls", b"ls", 0);
    check(b"", b"ab", 2);
}
