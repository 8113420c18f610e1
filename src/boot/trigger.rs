//! What asks for failsafe mode: a line on a console, a button's uevent, an input device.
//!
//! All of it comes from outside. A keyboard also reports its own LED changes as input
//! events, so a blinking LED would look like a pressed button to who takes any event.

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

/// A name that can be shown and be part of a file's name.
pub fn plain_name(bytes: &[u8]) -> String {
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

/// Bytes of the kernel's `struct input_event`: a time of two longs, type, code, value.
pub const INPUT_EVENT: usize = 2 * size_of::<std::ffi::c_long>() + 8;

const EV_KEY: u16 = 1;

/// The button of the first press or release among input events.
pub fn input_events(bytes: &[u8]) -> Option<String> {
    let (code, _) = key_changes(bytes).next()?;
    Some(button_name(code).map_or_else(|| format!("key-{code}"), str::to_owned))
}

/// Key codes that were pressed (true) or released among input events; an unfinished event
/// at the end is left out, and so is the repetition of a key that is held down.
pub fn key_changes(bytes: &[u8]) -> impl Iterator<Item = (u16, bool)> {
    bytes.chunks_exact(INPUT_EVENT).filter_map(|event| {
        let (_, event) = event.split_at_checked(INPUT_EVENT - 8)?;
        let &[t0, t1, c0, c1, v0, v1, v2, v3] = event else {
            return None;
        };
        let code = u16::from_ne_bytes([c0, c1]);
        let value = i32::from_ne_bytes([v0, v1, v2, v3]);
        let counts = u16::from_ne_bytes([t0, t1]) == EV_KEY && (value == 0 || value == 1);
        counts.then_some((code, value == 1))
    })
}

/// OpenWrt's name for a key code of linux/input-event-codes.h; None: a key of a keyboard.
pub fn button_name(code: u16) -> Option<&'static str> {
    Some(match code {
        0x198 => "reset",
        116 => "power",
        0x164 => "reboot",
        247 => "rfkill",
        0x211 => "wps",
        238 => "wlan",
        246 => "wwan",
        171 => "config",
        133 => "copy",
        161 => "eject",
        138 => "help",
        0x21e => "lights_toggle",
        244 => "brightness_zero",
        169 => "phone",
        0x189 => "video",
        114 => "volume_down",
        115 => "volume_up",
        0x168 => "vendor",
        0x100 => "BTN_0",
        0x101 => "BTN_1",
        0x102 => "BTN_2",
        0x103 => "BTN_3",
        0x104 => "BTN_4",
        0x105 => "BTN_5",
        0x106 => "BTN_6",
        0x107 => "BTN_7",
        0x108 => "BTN_8",
        0x109 => "BTN_9",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: u16, code: u16, value: i32) -> Vec<u8> {
        let mut bytes = vec![0; INPUT_EVENT - 8];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(code.to_ne_bytes());
        bytes.extend(value.to_ne_bytes());
        bytes
    }

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
    fn a_blinking_led_is_no_button() {
        let led = event(0x11, 1, 1);
        let syn = event(0, 0, 0);
        assert_eq!(input_events(&[led.clone(), syn.clone()].concat()), None);
        let press = event(EV_KEY, 0x198, 1);
        assert_eq!(
            input_events(&[led, press, syn].concat()).as_deref(),
            Some("reset")
        );
        assert_eq!(
            input_events(&event(EV_KEY, 30, 0)).as_deref(),
            Some("key-30")
        );
        assert_eq!(input_events(&event(EV_KEY, 30, 2)), None);
        assert_eq!(input_events(&event(EV_KEY, 30, 1)[1..]), None);
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
            input_events(&bytes);
            line(&bytes);
        }
    }
}
