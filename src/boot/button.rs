//! Buttons as the input layer of the kernel has them: numbered keys, pressed, released, held.
//!
//! Only EV_KEY counts: a keyboard also reports its own LED changes as input events, so that
//! a blinking LED would look like a pressed button; and a switch (EV_SW) has a position that
//! says nothing about anybody's wish.

/// Bytes of the kernel's `struct input_event`: a time of two longs, type, code, value.
pub const INPUT_EVENT: usize = 2 * size_of::<std::ffi::c_long>() + 8;

const EV_KEY: u16 = 1;

/// The keys of the presses and releases among input events; an unfinished event at the end
/// is left out, and so is the repetition of a key that is held down.
pub fn events(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.chunks_exact(INPUT_EVENT).filter_map(|event| {
        let (_, event) = event.split_at_checked(INPUT_EVENT - 8)?;
        let &[t0, t1, c0, c1, v0, v1, v2, v3] = event else {
            return None;
        };
        let value = i32::from_ne_bytes([v0, v1, v2, v3]);
        let counts = u16::from_ne_bytes([t0, t1]) == EV_KEY && (value == 0 || value == 1);
        counts.then(|| u16::from_ne_bytes([c0, c1]))
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

/// OpenWrt's name for a key of linux/input-event-codes.h; `key-N` for all others.
pub fn name(code: u16) -> String {
    let name = match code {
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
        0x100..=0x109 => return format!("BTN_{}", code - 0x100),
        0x164 => "reboot",
        0x168 => "vendor",
        0x189 => "video",
        0x198 => "reset",
        0x211 => "wps",
        0x21e => "lights_toggle",
        _ => return format!("key-{code}"),
    };
    name.to_owned()
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
        assert!(events(&[&led[..], &switch, &syn].concat()).eq([]));
        assert!(events(&[&led[..], &press, &syn].concat()).eq([0x198]));
        assert!(events(&event(EV_KEY, 30, 0)).eq([30]));
        assert!(events(&event(EV_KEY, 30, 2)).eq([]));
        assert!(events(&event(EV_KEY, 30, 1)[1..]).eq([]));
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

    #[test]
    fn buttons_have_the_names_that_scripts_know() {
        let check = |code, expected: &str| assert_eq!(name(code), expected);
        check(0x198, "reset");
        check(0x211, "wps");
        check(0x103, "BTN_3");
        check(0x164, "reboot");
        check(247, "rfkill");
        check(115, "volume_up");
        check(30, "key-30");
    }
}
