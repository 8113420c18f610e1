//! The words of the kernel command line.
//!
//! Bytes from outside: a boot loader's environment may hold anything. What these words say
//! counts more than what the image says: they are typed by whoever has this very device in
//! front of them.

/// The value of the last `NAME=VALUE` word; quotes around the value are taken off.
pub fn value<'a>(command_line: &'a str, name: &str) -> Option<&'a str> {
    command_line
        .split_ascii_whitespace()
        .rev()
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        .map(|value| value.trim_matches('"'))
}

/// The number that the last `NAME=NUMBER` word has; one that is no number is as good as none.
pub fn number(command_line: &str, name: &str) -> Option<u16> {
    value(command_line, name)?.parse().ok()
}

/// Whether failsafe mode is asked for: `failsafe=` with any value, as OpenWrt's scripts
/// look for it (a bare `failsafe` is not it).
pub fn asks_for_failsafe(command_line: &str) -> bool {
    command_line.contains("failsafe=")
}

/// Names in a list with commas or blanks between them.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '\n'])
        .filter(|name| !name.is_empty())
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
    assert!(!asks_for_failsafe("failsafe.wait=5 failsafe.deny=wps"));
}

#[test]
fn numbers_and_lists_are_taken_from_words() {
    let line = "failsafe.wait=5 failsafe.deny=wps,,BTN_0 failsafe.auto=many";
    assert_eq!(number(line, "failsafe.wait"), Some(5));
    assert_eq!(number(line, "failsafe.auto"), None);
    let denied = value(line, "failsafe.deny").unwrap();
    assert!(list(denied).eq(["wps", "BTN_0"]));
    assert_eq!(list(" ,").count(), 0);
}
