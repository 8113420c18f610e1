//! Permission bits: the ten letters of `ls -l`, and what `chmod` understands.

/// `drwxr-xr-x` for an `st_mode`.
pub fn letters(mode: u32) -> [u8; 10] {
    let kind = match mode & 0o170000 {
        0o040000 => b'd',
        0o120000 => b'l',
        0o020000 => b'c',
        0o060000 => b'b',
        0o010000 => b'p',
        0o140000 => b's',
        _ => b'-',
    };
    let mut text = *b"?rwxrwxrwx";
    text[0] = kind;
    for (bit, letter) in text[1..].iter_mut().enumerate() {
        if mode & (0o400 >> bit) == 0 {
            *letter = b'-';
        }
    }
    for (bit, at, set) in [(0o4000, 3, b's'), (0o2000, 6, b's'), (0o1000, 9, b't')] {
        if mode & bit != 0 {
            text[at] = if text[at] == b'x' {
                set
            } else {
                set.to_ascii_uppercase()
            };
        }
    }
    text
}

/// A change of permissions, as written by the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change(Vec<Clause>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Clause {
    /// The bits of `u`, `g`, `o`; None: nobody named, the umask decides.
    who: Option<u32>,
    action: Action,
    bits: Bits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Add,
    Remove,
    Set,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bits {
    /// These, and execution for `X` where it makes sense.
    Given { bits: u32, conditional_x: bool },
    /// What user (6), group (3) or others (0) have, shifted down by this.
    CopyOf(u32),
}

const USER: u32 = 0o4700;
const GROUP: u32 = 0o2070;
const OTHERS: u32 = 0o1007;

impl Change {
    /// Reads an octal number up to 7777, or clauses such as `u+x,go-w` and `g=u`.
    pub fn parse(text: &[u8]) -> Option<Change> {
        if text.first()?.is_ascii_digit() {
            let bits = octal(text)?;
            return Some(Change(vec![Clause {
                who: Some(0o7777),
                action: Action::Set,
                bits: Bits::Given {
                    bits,
                    conditional_x: false,
                },
            }]));
        }
        let mut clauses = Vec::new();
        for part in text.split(|&b| b == b',') {
            parse_part(part, &mut clauses)?;
        }
        Some(Change(clauses))
    }

    /// The permissions (12 bits) that a file of `mode` gets.
    pub fn apply(&self, mode: u32, is_dir: bool, umask: u32) -> u32 {
        self.0.iter().fold(mode & 0o7777, |mode, clause| {
            let mut bits = match clause.bits {
                Bits::Given {
                    bits,
                    conditional_x,
                } => {
                    let executable = is_dir || mode & 0o111 != 0;
                    bits | if conditional_x && executable {
                        0o111
                    } else {
                        0
                    }
                }
                Bits::CopyOf(shift) => (mode >> shift & 7) * 0o111,
            };
            bits &= clause.who.unwrap_or(0o7777 & !umask);
            match clause.action {
                Action::Add => mode | bits,
                Action::Remove => mode & !bits,
                Action::Set => mode & !clause.who.unwrap_or(0o7777) | bits,
            }
        })
    }
}

/// The bits that new files do not get.
pub fn umask() -> u32 {
    // There is no call that only asks.
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(mask);
    mask.bits()
}

/// An octal number of at most 7777.
pub fn octal(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|bits| *bits <= 0o7777)
}

/// `ugo+rwx-s=t`: who, then one or more actions.
fn parse_part(part: &[u8], clauses: &mut Vec<Clause>) -> Option<()> {
    let named = part.iter().take_while(|b| b"ugoa".contains(b)).count();
    let (who, mut rest) = part.split_at(named);
    let who = (!who.is_empty()).then(|| {
        who.iter().fold(0, |mask, letter| match letter {
            b'u' => mask | USER,
            b'g' => mask | GROUP,
            b'o' => mask | OTHERS,
            _ => 0o7777,
        })
    });
    if rest.is_empty() {
        return None;
    }
    while let Some((action, after)) = rest.split_first() {
        let action = match action {
            b'+' => Action::Add,
            b'-' => Action::Remove,
            b'=' => Action::Set,
            _ => return None,
        };
        let end = after.iter().position(|b| b"+-=".contains(b));
        let (letters, next) = after.split_at(end.unwrap_or(after.len()));
        clauses.push(Clause {
            who,
            action,
            bits: parse_bits(letters)?,
        });
        rest = next;
    }
    Some(())
}

fn parse_bits(letters: &[u8]) -> Option<Bits> {
    match letters {
        b"u" => return Some(Bits::CopyOf(6)),
        b"g" => return Some(Bits::CopyOf(3)),
        b"o" => return Some(Bits::CopyOf(0)),
        _ => {}
    }
    let (mut bits, mut conditional_x) = (0, false);
    for letter in letters {
        match letter {
            b'r' => bits |= 0o444,
            b'w' => bits |= 0o222,
            b'x' => bits |= 0o111,
            b's' => bits |= 0o6000,
            b't' => bits |= 0o1000,
            b'X' => conditional_x = true,
            _ => return None,
        }
    }
    Some(Bits::Given {
        bits,
        conditional_x,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_ten_letters() {
        let check = |mode, expected: &str| assert_eq!(letters(mode), expected.as_bytes());
        check(0o100644, "-rw-r--r--");
        check(0o041777, "drwxrwxrwt");
        check(0o104755, "-rwsr-xr-x");
        check(0o107644, "-rwSr-Sr-T");
        check(0o120777, "lrwxrwxrwx");
        check(0o020600, "crw-------");
        check(0o060660, "brw-rw----");
        check(0o010600, "prw-------");
        check(0o140755, "srwxr-xr-x");
    }

    #[test]
    fn changes_are_applied_in_order() {
        let check = |text: &str, mode, expected| {
            let change = Change::parse(text.as_bytes()).unwrap();
            let got = change.apply(mode, false, 0o022);
            assert_eq!(got, expected, "{text} on {mode:o} gives {got:o}");
        };
        check("644", 0o7777, 0o644);
        check("0", 0o777, 0);
        check("u+x", 0o644, 0o744);
        check("+x", 0o644, 0o755);
        check("+w", 0o444, 0o644);
        check("a+w", 0o444, 0o666);
        check("go-rwx", 0o777, 0o700);
        check("=r", 0o777, 0o444);
        check("u=rw,go=", 0o777, 0o600);
        check("g=u", 0o740, 0o770);
        check("o=g", 0o750, 0o755);
        check("u+s,g+s,+t", 0o755, 0o7755);
        check("u+x-w", 0o644, 0o544);
        check("a+X", 0o644, 0o644);
        check("a+X", 0o744, 0o755);
        check("u-s", 0o4755, 0o755);
        check("a-t", 0o1777, 0o777);
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for text in ["", "8", "77777", "u", "u+q", "+z", "u,g", "ux+r", "1x"] {
            assert_eq!(Change::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_directory_always_gets_its_conditional_x() {
        let change = Change::parse(b"a=rX").unwrap();
        assert_eq!(change.apply(0o600, true, 0), 0o555);
        assert_eq!(change.apply(0o600, false, 0), 0o444);
    }
}
