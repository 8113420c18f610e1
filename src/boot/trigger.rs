//! What asks for failsafe mode, or for more messages.

use crate::signature::usign::KeyId;

/// What a console, a button or the network said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// `f` on a console.
    Key,
    /// This button.
    Button(String),
    /// The network, by whoever has this key.
    Knock(KeyId),
    /// `1` to `4` on a console: no failsafe mode, but more messages.
    Debug(u8),
}

/// What a line typed on a console means; blanks around it do not matter.
pub fn line(line: &[u8]) -> Option<Trigger> {
    match line.trim_ascii() {
        b"f" => Some(Trigger::Key),
        [level @ b'1'..=b'4'] => Some(Trigger::Debug(level - b'0')),
        _ => None,
    }
}

#[test]
fn only_exact_lines_count() {
    assert_eq!(line(b" f\r\n"), Some(Trigger::Key));
    assert_eq!(line(b"4"), Some(Trigger::Debug(4)));
    for other in [&b"ff"[..], b"F", b"5", b"0", b"", b"12", b"failsafe"] {
        assert_eq!(line(other), None);
    }
}
