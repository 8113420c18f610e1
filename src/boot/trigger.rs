//! What asks for failsafe mode: a line on a console, or a button's uevent. Buttons that are
//! input devices are in `button.rs`.
//!
//! All of it comes from outside.

/// What a console or a button said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// `f` on a console.
    Key,
    /// This button.
    Button(String),
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

/// What a kernel event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uevent {
    /// A button was pressed or released.
    Button(String),
    /// An input device has come: it may have buttons.
    NewInput,
    /// Anything else.
    Other,
}

/// Reads a uevent: a header, then `NAME=VALUE`, all ended by NUL. Button events have no
/// DEVPATH and a header that ends in `@`. A switch has a position, not a press.
pub fn uevent(message: &[u8]) -> Uevent {
    let value = |name: &str| {
        message
            .split(|&b| b == 0)
            .skip(1)
            .find_map(|field| field.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    };
    match (value("SUBSYSTEM"), value("ACTION")) {
        (Some(b"button"), Some(b"pressed" | b"released")) if value("TYPE") != Some(b"switch") => {
            Uevent::Button(plain_name(value("BUTTON").unwrap_or_default()))
        }
        (Some(b"input"), Some(b"add")) => Uevent::NewInput,
        _ => Uevent::Other,
    }
}

/// A name that can be shown and written to a file.
fn plain_name(bytes: &[u8]) -> String {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
    let name: String = bytes
        .iter()
        .copied()
        .filter(is_plain)
        .take(40)
        .map(char::from)
        .collect();
    if name.is_empty() {
        "unnamed".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_lines_count() {
        assert_eq!(line(b" f\r\n"), Some(Trigger::Key));
        assert_eq!(line(b"4"), Some(Trigger::Debug(4)));
        for other in [&b"ff"[..], b"F", b"5", b"0", b"", b"12", b"failsafe"] {
            assert_eq!(line(other), None);
        }
    }

    #[test]
    fn a_button_needs_no_device_path() {
        let check = |text: &[u8], expected| assert_eq!(uevent(text), expected);
        let button = |name: &str| Uevent::Button(name.into());
        check(
            b"pressed@\0HOME=/\0SUBSYSTEM=button\0ACTION=pressed\0BUTTON=reset\0SEEN=0\0SEQNUM=9\0",
            button("reset"),
        );
        check(
            b"@\0SUBSYSTEM=button\0ACTION=released\0BUTTON=../w ps\0",
            button("..wps"),
        );
        check(b"@\0SUBSYSTEM=button\0ACTION=released", button("unnamed"));
        check(
            b"@\0SUBSYSTEM=button\0ACTION=pressed\0TYPE=switch\0BUTTON=x\0",
            Uevent::Other,
        );
        check(
            b"add@/devices/x\0ACTION=add\0SUBSYSTEM=input\0",
            Uevent::NewInput,
        );
        check(b"SUBSYSTEM=button", Uevent::Other);
    }

    #[test]
    fn broken_events_break_nothing() {
        let good = b"pressed@\0SUBSYSTEM=button\0ACTION=pressed\0BUTTON=reset\0TYPE=switch\0";
        let mut seed = 1u32;
        for _ in 0..20_000 {
            let mut bytes = good.to_vec();
            for _ in 0..3 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (seed >> 8) as usize % bytes.len();
                match seed % 3 {
                    0 => bytes[at] = (seed >> 16) as u8,
                    1 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, 0),
                }
            }
            if let Uevent::Button(name) = uevent(&bytes) {
                assert!(!name.is_empty() && name.len() <= 40);
            }
            crate::boot::button::events(&bytes).for_each(drop);
            crate::boot::button::held(&bytes).for_each(drop);
            line(&bytes);
        }
    }
}
