//! The engine of `echo`: `-n`, `-e`, `-E`, and everything else is text.

use super::escape::{self, Octal};

/// Appends what `echo` prints for these arguments.
pub fn append<'a>(args: impl Iterator<Item = &'a [u8]> + Clone, out: &mut Vec<u8>) {
    let mut newline = true;
    let mut escapes = false;
    let mut rest = args.clone();
    for arg in args {
        let [b'-', letters @ ..] = arg else {
            break;
        };
        let known = |b: &u8| matches!(b, b'n' | b'e' | b'E');
        if letters.is_empty() || !letters.iter().all(known) {
            break;
        }
        for letter in letters {
            match letter {
                b'n' => newline = false,
                b'e' => escapes = true,
                _ => escapes = false,
            }
        }
        rest.next();
    }
    for (index, arg) in rest.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        if !escapes {
            out.extend_from_slice(arg);
        } else if !escape::unescape(arg, Octal::Zero, out) {
            return;
        }
    }
    if newline {
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let mut out = Vec::new();
        append(line.split(' ').map(str::as_bytes), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected, "{line}");
    }

    #[test]
    fn options_and_escapes() {
        check("a b", "a b\n");
        check("-n a", "a");
        check("-ne a\\tb", "a\tb");
        check("-e a\\cb c", "a");
        check("-nx a", "-nx a\n");
        check("-- -n", "-- -n\n");
        check("a\\tb", "a\\tb\n");
        check("-e -E a\\tb", "a\\tb\n");
        check("-", "-\n");
    }
}
