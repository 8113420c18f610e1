//! The words after `mount -o`: flags of mount(2), and options of the file system.

use crate::sys::MountFlags;

/// What a list of options asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Flags to set; whatever is not named is clear.
    pub flags: Flags,
    /// Change a mount that exists.
    pub remount: bool,
    /// Show a directory at a second place.
    pub bind: bool,
    /// Move a mount.
    pub move_mount: bool,
    /// Through a loop device.
    pub loop_device: bool,
    /// What the file system itself is told, separated by commas.
    pub data: String,
}

/// [`MountFlags`] that can be compared and start empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub MountFlags);

impl Default for Flags {
    fn default() -> Flags {
        Flags(MountFlags::empty())
    }
}

impl Options {
    /// Adds the words of one `-o` list; later words win.
    pub fn add(&mut self, list: &str) {
        for word in list.split(',').filter(|word| !word.is_empty()) {
            match word {
                "remount" => self.remount = true,
                "bind" | "rbind" => self.bind = true,
                "move" => self.move_mount = true,
                "loop" => self.loop_device = true,
                // For other programs: whoever mounts at start, and who may.
                "defaults" | "auto" | "noauto" | "user" | "nouser" | "users" | "nofail"
                | "_netdev" => {}
                _ => self.add_flag_or_data(word),
            }
        }
    }

    fn add_flag_or_data(&mut self, word: &str) {
        if let Some((_, flag, set)) = WORDS.iter().find(|(name, _, _)| *name == word) {
            self.flags.0.set(*flag, *set);
            return;
        }
        if !self.data.is_empty() {
            self.data.push(',');
        }
        self.data.push_str(word);
    }
}

/// Words, their flag, and whether they set or clear it.
const WORDS: &[(&str, MountFlags, bool)] = &[
    ("ro", MountFlags::RDONLY, true),
    ("rw", MountFlags::RDONLY, false),
    ("nosuid", MountFlags::NOSUID, true),
    ("suid", MountFlags::NOSUID, false),
    ("nodev", MountFlags::NODEV, true),
    ("dev", MountFlags::NODEV, false),
    ("noexec", MountFlags::NOEXEC, true),
    ("exec", MountFlags::NOEXEC, false),
    ("sync", MountFlags::SYNCHRONOUS, true),
    ("async", MountFlags::SYNCHRONOUS, false),
    ("dirsync", MountFlags::DIRSYNC, true),
    ("noatime", MountFlags::NOATIME, true),
    ("atime", MountFlags::NOATIME, false),
    ("nodiratime", MountFlags::NODIRATIME, true),
    ("diratime", MountFlags::NODIRATIME, false),
    ("relatime", MountFlags::RELATIME, true),
    ("strictatime", MountFlags::STRICTATIME, true),
    ("silent", MountFlags::SILENT, true),
];

#[test]
fn words_are_flags_or_go_to_the_file_system() {
    let read = |list: &str| {
        let mut options = Options::default();
        options.add(list);
        options
    };
    let options = read("rw,noatime,mode=755,,size=1m,ro");
    assert_eq!(options.flags.0, MountFlags::NOATIME | MountFlags::RDONLY);
    assert_eq!(options.data, "mode=755,size=1m");
    assert!(read("remount,ro").remount);
    assert_eq!(read("defaults,move").data, "");
    assert_eq!(read("ro,rw").flags, Flags::default());
}
