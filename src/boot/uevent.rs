//! A kernel event about a device: a header, then `NAME=VALUE`, all ended by NUL.
//!
//! Button events of OpenWrt's driver have no DEVPATH and a header that ends in `@`. Whatever
//! is no field is left out; a message without fields is no event.

use std::ffi::OsString;

/// More fields than the kernel ever sends (32 in linux/kobject.h, and a few of its own).
const MOST_FIELDS: usize = 64;

/// What the programs that are called must not get from an event.
const OURS: &[&str] = &[
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "IFS", "ENV",
];

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    fields: Vec<(String, String)>,
}

impl Event {
    /// Reads a message.
    pub fn parse(message: &[u8]) -> Option<Event> {
        let mut parts = message.split(|&b| b == 0);
        // The header says again what the fields say.
        parts.next()?;
        let fields: Vec<_> = parts.filter_map(field).take(MOST_FIELDS).collect();
        (!fields.is_empty()).then_some(Event { fields })
    }

    /// The value of a field; the empty text if there is none.
    pub fn get(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The fields as variables for a program, without those that would change how it runs.
    pub fn environment(&self) -> Vec<OsString> {
        let is_theirs = |name: &str| !OURS.contains(&name) && !name.starts_with("LD_");
        self.fields
            .iter()
            .filter(|(name, _)| is_theirs(name))
            .map(|(name, value)| format!("{name}={value}").into())
            .collect()
    }

    /// The fields as lines, as the `uevent` files of sysfs have them.
    pub fn lines(&self) -> String {
        let line = |(name, value): &(String, String)| format!("{name}={value}\n");
        self.fields.iter().map(line).collect()
    }
}

fn field(part: &[u8]) -> Option<(String, String)> {
    let (name, value) = std::str::from_utf8(part).ok()?.split_once('=')?;
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let is_name = name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(is_plain);
    // A line break would make two lines of one.
    (is_name && !value.contains('\n')).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_with_and_without_a_device_path() {
        let button = b"pressed@\0HOME=/\0SUBSYSTEM=button\0ACTION=pressed\0BUTTON=reset\0SEEN=3\0";
        let event = Event::parse(button).unwrap();
        assert_eq!(event.get("BUTTON"), "reset");
        assert_eq!(event.get("DEVPATH"), "");
        let device = Event::parse(b"add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0").unwrap();
        assert_eq!(device.lines(), "ACTION=add\nDEVPATH=/devices/x\n");
    }

    #[test]
    fn an_event_cannot_change_how_programs_run() {
        let message =
            b"x\0PATH=/bad\0LD_PRELOAD=x\0IFS=x\0BASH_FUNC x=1\0a=b\0=c\0OK=a=b\x001A=2\0";
        let event = Event::parse(message).unwrap();
        assert_eq!(event.environment(), ["OK=a=b"]);
    }

    #[test]
    fn what_is_no_event_is_none() {
        for message in [
            &b""[..],
            b"\0",
            b"add@/x",
            b"\0\0\0",
            b"x\0=\0",
            b"x\0A=\xff\0",
        ] {
            assert_eq!(Event::parse(message), None, "{message:?}");
        }
        let many = [&b"x"[..], &b"\0A=1".repeat(3000)].concat();
        assert_eq!(Event::parse(&many).unwrap().environment().len(), 64);
    }
}
