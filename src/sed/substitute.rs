//! The command `s`.

use super::{Part, Substitute};
use crate::text::regex::{Regex, Slots};

/// Room that is kept from one line to the next.
#[derive(Default)]
pub struct Scratch {
    out: Vec<u8>,
    slots: Slots,
}

/// Replaces in `space`; whether anything was.
pub fn substitute(
    substitute: &Substitute,
    regex: &mut Regex,
    space: &mut Vec<u8>,
    scratch: &mut Scratch,
) -> bool {
    let Scratch { out, slots } = scratch;
    out.clear();
    let (mut at, mut copied, mut count) = (0, 0, 0);
    let mut previous_end = None;
    let mut replaced = false;
    while at <= space.len() {
        let found = if substitute.groups {
            regex
                .captures(space, at, slots)
                .then(|| slots[0].zip(slots[1]))
                .flatten()
        } else {
            regex.find(space, at)
        };
        let Some((start, end)) = found else { break };
        // An empty match right behind another one is none.
        if start == end && previous_end == Some(start) {
            at = end + 1;
            continue;
        }
        count += 1;
        if count >= substitute.first {
            out.extend_from_slice(&space[copied..start]);
            put(&substitute.with, space, (start, end), slots, out);
            copied = end;
            replaced = true;
            if !substitute.all {
                break;
            }
        }
        previous_end = Some(end);
        at = if end == start { end + 1 } else { end };
    }
    if replaced {
        out.extend_from_slice(&space[copied..]);
        std::mem::swap(out, space);
    }
    replaced
}

/// Appends the replacement of one match.
fn put(parts: &[Part], text: &[u8], whole: (usize, usize), slots: &Slots, out: &mut Vec<u8>) {
    // `\u` and `\l` are for the next byte, `\U` and `\L` until `\E`.
    let (mut once, mut lasting) = (b'E', b'E');
    for part in parts {
        let piece = match part {
            Part::Text(piece) => piece,
            Part::Group(0) => &text[whole.0..whole.1],
            Part::Group(group) => {
                let slot = |at: usize| slots.get(at).copied().flatten();
                match slot(2 * usize::from(*group)).zip(slot(2 * usize::from(*group) + 1)) {
                    Some((start, end)) => text.get(start..end).unwrap_or_default(),
                    None => b"",
                }
            }
            Part::Case(letter @ (b'u' | b'l')) => {
                once = *letter;
                continue;
            }
            Part::Case(letter) => {
                (once, lasting) = (b'E', *letter);
                continue;
            }
        };
        let from = out.len();
        out.extend_from_slice(piece);
        let new = &mut out[from..];
        match lasting {
            b'U' => new.make_ascii_uppercase(),
            b'L' => new.make_ascii_lowercase(),
            _ => {}
        }
        if let Some(first) = new.first_mut() {
            match std::mem::replace(&mut once, b'E') {
                b'u' => first.make_ascii_uppercase(),
                b'l' => first.make_ascii_lowercase(),
                _ => {}
            }
        }
    }
}
