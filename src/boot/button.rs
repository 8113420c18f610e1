//! Buttons as the kernel tells of them: numbered keys of the input layer, pressed, released,
//! held; or OpenWrt's own events, by name.
//!
//! Only EV_KEY counts: a keyboard also reports its own LED changes as input events, so that
//! a blinking LED would look like a pressed button; and a switch (EV_SW) has a position that
//! says nothing about anybody's wish.

use super::uevent::Event;

/// What a button did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It went down.
    Pressed,
    /// It came up.
    Released,
    /// A switch has a new position: pressed (true) or released.
    Switched(bool),
}

/// The button that an event of OpenWrt's driver is about, and what it did.
pub fn change_of(event: &Event) -> Option<(String, Change)> {
    if event.get("SUBSYSTEM") != "button" {
        return None;
    }
    let is_pressed = match event.get("ACTION") {
        "pressed" => true,
        "released" => false,
        _ => return None,
    };
    let change = match (event.get("TYPE"), is_pressed) {
        ("switch", _) => Change::Switched(is_pressed),
        (_, true) => Change::Pressed,
        (_, false) => Change::Released,
    };
    Some((plain_name(event.get("BUTTON")), change))
}

/// A name that can be shown and be part of a file's name.
fn plain_name(text: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "_-.".contains(*c);
    let name: String = text.chars().filter(is_plain).take(40).collect();
    if name.is_empty() {
        "unnamed".to_owned()
    } else {
        name
    }
}

/// Bytes of the kernel's `struct input_event`: a time of two longs, type, code, value.
pub const INPUT_EVENT: usize = 2 * size_of::<std::ffi::c_long>() + 8;

const EV_KEY: u16 = 1;

/// The keys that were pressed or released among input events; an unfinished event at the end
/// is left out, and so is the repetition of a key that is held down.
pub fn key_changes(bytes: &[u8]) -> impl Iterator<Item = (u16, Change)> {
    bytes.chunks_exact(INPUT_EVENT).filter_map(|event| {
        let (_, event) = event.split_at_checked(INPUT_EVENT - 8)?;
        let &[t0, t1, c0, c1, v0, v1, v2, v3] = event else {
            return None;
        };
        if u16::from_ne_bytes([t0, t1]) != EV_KEY {
            return None;
        }
        let change = match i32::from_ne_bytes([v0, v1, v2, v3]) {
            0 => Change::Released,
            1 => Change::Pressed,
            _ => return None,
        };
        Some((u16::from_ne_bytes([c0, c1]), change))
    })
}

/// The keys whose bits are set in what EVIOCGKEY gives: an array of longs.
pub fn held(bits: &[u8]) -> impl Iterator<Item = u16> {
    const LONG: usize = size_of::<std::ffi::c_ulong>();
    let longs = bits.chunks_exact(LONG).enumerate();
    longs.flat_map(|(place, bytes)| {
        // A long read in the machine's order, on either kind of machine.
        let in_order = |at: usize| {
            if cfg!(target_endian = "big") {
                LONG - 1 - at
            } else {
                at
            }
        };
        let is_set = move |bit: &usize| {
            let byte = bytes.get(in_order(bit / 8)).copied().unwrap_or_default();
            byte >> (bit % 8) & 1 == 1
        };
        (0..LONG * 8)
            .filter(is_set)
            .filter_map(move |bit| u16::try_from(place * LONG * 8 + bit).ok())
    })
}

/// OpenWrt's name for a key of linux/input-event-codes.h; None: people type with it.
pub fn button_name(code: u16) -> Option<&'static str> {
    Some(match code {
        114 => "volume_down",
        115 => "volume_up",
        116 => "power",
        133 => "copy",
        138 => "help",
        161 => "eject",
        169 => "phone",
        171 => "config",
        238 => "wlan",
        244 => "brightness_zero",
        246 => "wwan",
        247 => "rfkill",
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
        0x164 => "reboot",
        0x168 => "vendor",
        0x189 => "video",
        0x198 => "reset",
        0x211 => "wps",
        0x21e => "lights_toggle",
        _ => return None,
    })
}

/// The same for every key: `key-N` for those that people type with.
pub fn name(code: u16) -> String {
    button_name(code).map_or_else(|| format!("key-{code}"), str::to_owned)
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
    fn a_blinking_led_and_a_switch_are_no_buttons() {
        let led = event(0x11, 1, 1);
        let switch = event(5, 1, 1);
        let syn = event(0, 0, 0);
        let press = event(EV_KEY, 0x198, 1);
        let check = |bytes: &[u8], expected: &[(u16, Change)]| {
            assert!(key_changes(bytes).eq(expected.iter().copied()));
        };
        check(&[&led[..], &switch, &syn].concat(), &[]);
        let events = [&led[..], &press, &syn].concat();
        check(&events, &[(0x198, Change::Pressed)]);
        check(&event(EV_KEY, 30, 0), &[(30, Change::Released)]);
        check(&event(EV_KEY, 30, 2), &[]);
        check(&event(EV_KEY, 30, 1)[1..], &[]);
    }

    #[test]
    fn held_keys_are_read_from_the_bits_of_longs() {
        const LONG: usize = size_of::<std::ffi::c_ulong>();
        let bits = |codes: &[u16]| {
            let mut longs = [0 as std::ffi::c_ulong; 96 / LONG];
            for &code in codes {
                let (place, bit) = (
                    usize::from(code) / (LONG * 8),
                    usize::from(code) % (LONG * 8),
                );
                longs[place] |= 1 << bit;
            }
            longs
                .iter()
                .flat_map(|long| long.to_ne_bytes())
                .collect::<Vec<u8>>()
        };
        assert!(held(&bits(&[])).eq([]));
        assert!(held(&bits(&[30, 63, 64, 0x198, 0x2ff])).eq([30, 63, 64, 0x198, 0x2ff]));
        assert!(held(&[0xff; 3]).eq([]));
    }

    /// OpenWrt's drivers: a key of linux/input-event-codes.h, its number, the button's name.
    const TABLE: &[(&str, u16, &str)] = &[
        ("KEY_VOLUMEDOWN", 114, "volume_down"),
        ("KEY_VOLUMEUP", 115, "volume_up"),
        ("KEY_POWER", 116, "power"),
        ("KEY_COPY", 133, "copy"),
        ("KEY_HELP", 138, "help"),
        ("KEY_EJECTCD", 161, "eject"),
        ("KEY_PHONE", 169, "phone"),
        ("KEY_CONFIG", 171, "config"),
        ("KEY_WLAN", 238, "wlan"),
        ("KEY_BRIGHTNESS_ZERO", 244, "brightness_zero"),
        ("KEY_WIMAX", 246, "wwan"),
        ("KEY_RFKILL", 247, "rfkill"),
        ("BTN_0", 256, "BTN_0"),
        ("BTN_1", 257, "BTN_1"),
        ("BTN_2", 258, "BTN_2"),
        ("BTN_3", 259, "BTN_3"),
        ("BTN_4", 260, "BTN_4"),
        ("BTN_5", 261, "BTN_5"),
        ("BTN_6", 262, "BTN_6"),
        ("BTN_7", 263, "BTN_7"),
        ("BTN_8", 264, "BTN_8"),
        ("BTN_9", 265, "BTN_9"),
        ("KEY_POWER2", 356, "reboot"),
        ("KEY_VENDOR", 360, "vendor"),
        ("KEY_VIDEO", 393, "video"),
        ("KEY_RESTART", 408, "reset"),
        ("KEY_WPS_BUTTON", 529, "wps"),
        ("KEY_LIGHTS_TOGGLE", 542, "lights_toggle"),
    ];

    #[test]
    fn every_key_that_is_a_button_has_the_name_that_scripts_know_and_no_other_key_has_one() {
        for code in 0..=u16::MAX {
            let row = TABLE.iter().find(|(_, number, _)| *number == code);
            assert_eq!(button_name(code), row.map(|row| row.2), "{row:?} {code}");
            let shown = row.map_or_else(|| format!("key-{code}"), |row| row.2.to_owned());
            assert_eq!(name(code), shown);
        }
    }

    #[test]
    fn the_keys_of_buttons_have_the_numbers_of_the_kernels_header() {
        // Where the machine has none there is nothing to compare with.
        let header = "/usr/include/linux/input-event-codes.h";
        let header = std::fs::read_to_string(header).unwrap_or_default();
        for line in header.lines() {
            let mut words = line.split_whitespace().skip(1);
            let (Some(key), Some(value)) = (words.next(), words.next()) else {
                continue;
            };
            let Some(row) = TABLE.iter().find(|row| row.0 == key) else {
                continue;
            };
            let number = match value.strip_prefix("0x") {
                Some(digits) => u16::from_str_radix(digits, 16),
                // Another name of the same key.
                None if value.starts_with("KEY_") => continue,
                None => value.parse(),
            };
            assert_eq!(number, Ok(row.1), "{key}");
        }
    }

    #[test]
    fn a_button_needs_no_device_path() {
        let check = |message: &[u8], expected: Option<(&str, Change)>| {
            let found = Event::parse(message).and_then(|event| change_of(&event));
            let found = found.as_ref().map(|(name, change)| (&**name, *change));
            assert_eq!(found, expected);
        };
        check(
            b"pressed@\0HOME=/\0SUBSYSTEM=button\0ACTION=pressed\0BUTTON=reset\0SEEN=0\0SEQNUM=9\0",
            Some(("reset", Change::Pressed)),
        );
        check(
            b"@\0SUBSYSTEM=button\0ACTION=released\0BUTTON=../w ps\0",
            Some(("..wps", Change::Released)),
        );
        check(
            b"@\0SUBSYSTEM=button\0ACTION=released",
            Some(("unnamed", Change::Released)),
        );
        check(
            b"@\0SUBSYSTEM=button\0ACTION=pressed\0TYPE=switch\0BUTTON=x\0",
            Some(("x", Change::Switched(true))),
        );
        check(b"add@/devices/x\0ACTION=add\0SUBSYSTEM=input\0", None);
        check(b"@\0SUBSYSTEM=button\0ACTION=add\0BUTTON=x\0", None);
        check(b"SUBSYSTEM=button", None);
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
            let event = Event::parse(&bytes);
            if let Some((name, _)) = event.and_then(|event| change_of(&event)) {
                assert!(!name.is_empty() && name.len() <= 40);
            }
            key_changes(&bytes).for_each(drop);
            held(&bytes).for_each(drop);
        }
    }
}
