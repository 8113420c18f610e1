//! The words of the kernel command line.
//!
//! Bytes from outside: a boot loader's environment may hold anything.

/// The value of the last `NAME=VALUE` word; quotes around the value are taken off.
pub fn value<'a>(command_line: &'a str, name: &str) -> Option<&'a str> {
    command_line
        .split_ascii_whitespace()
        .rev()
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        .map(|value| value.trim_matches('"'))
}

/// Whether failsafe mode is asked for: `failsafe=` with any value, as OpenWrt's scripts
/// look for it (a bare `failsafe` is not it).
pub fn asks_for_failsafe(command_line: &str) -> bool {
    command_line.contains("failsafe=")
}

#[test]
fn the_last_word_wins() {
    let line = "console=tty0 console=ttyS0,115200 board=\"safebox,lab\" quiet";
    assert_eq!(value(line, "console"), Some("ttyS0,115200"));
    assert_eq!(value(line, "board"), Some("safebox,lab"));
    assert_eq!(value(line, "quiet"), None);
    assert_eq!(value(line, "boar"), None);
}

#[test]
fn failsafe_needs_an_equals_sign() {
    assert!(asks_for_failsafe("quiet failsafe=0"));
    assert!(asks_for_failsafe("nofailsafe=1"));
    assert!(!asks_for_failsafe("failsafe"));
}
