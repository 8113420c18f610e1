//! A device whose flash and disks are in memory, and whose power is cut.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(dead_code, reason = "each test uses a part of this")]

use safebox::fake::FakeSystem;
use safebox::overlay::perform::perform;
use safebox::overlay::{Step, look, reset, start};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// Tests run side by side.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A directory that plays the root of the device; gone at the end.
pub struct Device {
    pub root: PathBuf,
    pub sys: FakeSystem,
    /// The type of file system that settings lie on.
    fstype: &'static str,
}

impl Device {
    /// A router with NOR flash.
    pub fn new(name: &str) -> Device {
        Device::with(name, FakeSystem::router(), "jffs2")
    }

    /// Another one, in the middle of a boot.
    pub fn with(name: &str, mut sys: FakeSystem, fstype: &'static str) -> Device {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("safebox-{}-{name}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        for dir in ["tmp", "overlay", "mnt", "rom"] {
            fs::create_dir_all(root.join(dir)).unwrap();
        }
        fs::write(root.join("tmp/.preinit"), "").unwrap();
        sys.mounts.root.clone_from(&root);
        Device { root, sys, fstype }
    }

    pub fn fill(&mut self, partition: &str, offset: usize, data: &[u8]) {
        let mut flash = self.sys.flash(partition).unwrap();
        flash.fill(offset as u64, data);
    }

    pub fn bytes(&self, partition: &str) -> Vec<u8> {
        self.sys.flash(partition).unwrap().bytes().to_vec()
    }

    /// A boot without failsafe, as `mount_root start` does it.
    pub fn mount_root(&mut self) -> Result<(), String> {
        self.mount_root_with(start::Wish::default())
    }

    /// The same as somebody wishes.
    pub fn mount_root_with(&mut self, wish: start::Wish) -> Result<(), String> {
        let view = look::look(&mut self.sys, &self.root).map_err(|e| e.to_string())?;
        let steps = start::plan(&view, wish).map_err(|e| e.to_string())?;
        self.perform(&steps)
    }

    /// A reset that does not end in a reboot.
    pub fn reset(&mut self, wish: reset::Wish) -> Result<(), String> {
        let view = look::look(&mut self.sys, &self.root).map_err(|e| e.to_string())?;
        let steps = reset::plan(&view, &wish).map_err(|e| e.to_string())?;
        self.perform(&steps)
    }

    /// Carries out steps, and says nothing.
    pub fn perform(&mut self, steps: &[Step]) -> Result<(), String> {
        let root = self.root.clone();
        perform(steps, &mut self.sys, &root, &mut |_| Ok(())).map_err(|e| e.to_string())
    }

    /// The power is back: a root must come up; the names that its settings showed.
    pub fn boot(&mut self) -> Vec<String> {
        self.sys.boot_again();
        self.mount_root().unwrap();
        let kind = |at| self.sys.mounts.at(at).map(|mount| mount.fstype.clone());
        assert_eq!(kind("/").as_deref(), Some("overlay"));
        assert_eq!(kind("/overlay").as_deref(), Some(self.fstype));
        assert_eq!(kind("/rom").as_deref(), Some("squashfs"));
        for moved in ["/proc", "/sys", "/dev", "/dev/pts", "/tmp"] {
            assert!(kind(moved).is_some(), "{moved} was lost");
        }
        self.sys.mounts.seen.pop().unwrap()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // Rubbish in the directory for temporary files hurts nobody.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Runs `flow` on fresh machines, cut one operation later each time, until one gets through;
/// `check` sees each after the cut.
pub fn cut_everywhere(
    name: &str,
    prepare: impl Fn(&mut Device),
    flow: impl Fn(&mut Device) -> Result<(), String>,
    check: impl Fn(&mut Device, bool),
) {
    let make = || {
        let mut device = Device::new(name);
        prepare(&mut device);
        device
    };
    cut_everywhere_on(name, make, flow, check);
}

/// The same on devices of any kind.
pub fn cut_everywhere_on(
    name: &str,
    make: impl Fn() -> Device,
    flow: impl Fn(&mut Device) -> Result<(), String>,
    check: impl Fn(&mut Device, bool),
) {
    for torn in [false, true] {
        for steps in 0.. {
            assert!(steps < 1000, "{name} never ends");
            let mut device = make();
            device.sys.power.cut_after(steps, torn);
            let whole = flow(&mut device).is_ok();
            device.sys.power.on();
            check(&mut device, whole);
            if whole {
                break;
            }
        }
    }
}
