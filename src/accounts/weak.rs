//! What is said about a password that is easy to guess. Root is only warned.

/// Whom the password is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Owner<'a> {
    /// Login name.
    pub name: &'a [u8],
    /// Full name and more.
    pub gecos: &'a [u8],
    /// Name of the machine.
    pub host: &'a [u8],
    /// The password that is replaced, where it is known.
    pub old: &'a [u8],
}

/// The first thing wrong with a password; None: nothing.
pub fn complaint(password: &[u8], owner: &Owner<'_>) -> Option<&'static str> {
    if password.len() < 6 {
        return Some("too short");
    }
    let similar = [
        (owner.name, "similar to username"),
        (owner.gecos, "similar to gecos"),
        (owner.host, "similar to hostname"),
    ];
    for (word, complaint) in similar {
        if is_similar(password, word) {
            return Some(complaint);
        }
    }
    let most = (0..=255_u8).map(|byte| password.iter().filter(|b| **b == byte).count());
    if most.max().unwrap_or(0) * 2 >= password.len() {
        return Some("too many similar characters");
    }
    let kinds: [fn(&u8) -> bool; 4] = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
        |byte| !byte.is_ascii_alphanumeric(),
    ];
    let used = kinds.iter().filter(|kind| password.iter().any(kind));
    // 12, 10, 8 or 6 characters, the fewer the more kinds are mixed.
    if password.len() < 14 - 2 * used.count() {
        return Some("too weak");
    }
    is_similar(password, owner.old).then_some("similar to old password")
}

/// Whether one holds the other, forwards or backwards, in any case.
fn is_similar(password: &[u8], word: &[u8]) -> bool {
    if word.is_empty() {
        return false;
    }
    let password = password.to_ascii_lowercase();
    let word = word.to_ascii_lowercase();
    let backwards: Vec<u8> = word.iter().rev().copied().collect();
    [word, backwards]
        .iter()
        .any(|word| contains(&password, word) || contains(word, &password))
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole
        .windows(part.len().max(1))
        .any(|window| window == part)
}

#[test]
fn weak_passwords_are_named_in_order() {
    let owner = Owner {
        name: b"root",
        gecos: b"Ann Smith",
        host: b"OpenWrt",
        old: b"Tr0mbone!x",
    };
    let check = |password: &str, expected: Option<&str>| {
        assert_eq!(
            complaint(password.as_bytes(), &owner),
            expected,
            "{password}"
        );
    };
    check("", Some("too short"));
    check("aB3!x", Some("too short"));
    check("xxROOTyy1", Some("similar to username"));
    check("1toor234", Some("similar to username"));
    check("ann smith", Some("similar to gecos"));
    check("my-openwrt", Some("similar to hostname"));
    check("aaaaaaxyzuvw", Some("too many similar characters"));
    check("abcdefghijk", Some("too weak"));
    check("abcdefgh1", Some("too weak"));
    check("x!ENOBM0rTz", Some("similar to old password"));
    check("abcdefghijkl", None);
    check("aB3!xy", None);
}
