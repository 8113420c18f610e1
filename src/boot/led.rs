//! The LED that tells a person with a paper clip when to press, and what came of it.
//!
//! Boards name their LEDs in the device tree (`aliases/led-boot` and so on). A board
//! without those still has an LED whose name says "status" or "power" more often than not.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What the device is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Failsafe mode can be asked for.
    Preinit,
    /// Failsafe mode.
    Failsafe,
    /// Failsafe mode that no cable leads to.
    Unreachable,
    /// The boot goes on.
    PreinitRegular,
    /// The normal system is up.
    Done,
    /// The flash is being written: do not unplug.
    Upgrade,
    /// The flash holds no whole system: do not unplug, send another image.
    Damaged,
    /// A button was held long enough to reset the settings: let go now.
    Reset,
}

/// What an LED shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Light {
    /// On and off, for so many milliseconds each.
    Blink(u32, u32),
    /// Steady.
    On,
    /// Dark.
    Off,
    /// What the LED would show if nobody had used it for the boot: a trigger of the kernel.
    Trigger(String),
}

/// Which LED plays which part; names of `/sys/class/leds`. Often all are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leds {
    boot: Option<String>,
    failsafe: Option<String>,
    running: Option<String>,
    upgrade: Option<String>,
    /// `linux,default-trigger` of the first.
    boot_trigger: Option<String>,
}

/// Ends of LED names that mean the device as a whole, the best first. Keyboards have their
/// LEDs too: on a PC they are the only ones.
const LIKELY: &[&str] = &[
    "status", "sys", "system", "power", "diag", "run", "boot", "wps", "capslock",
];

impl State {
    /// The state with this name.
    pub fn named(name: &str) -> Option<State> {
        Some(match name {
            "preinit" => State::Preinit,
            "failsafe" => State::Failsafe,
            "preinit_regular" => State::PreinitRegular,
            "done" => State::Done,
            "upgrade" => State::Upgrade,
            "reset" => State::Reset,
            _ => return None,
        })
    }

    /// What to show, in order: one LED may have several parts, and the last counts.
    pub fn lights(self, leds: &Leds) -> Vec<(&str, Light)> {
        let in_failsafe = |on, off| {
            vec![
                (&leds.boot, Light::Off),
                (&leds.running, Light::Off),
                (&leds.failsafe, Light::Blink(on, off)),
            ]
        };
        let after_boot = match &leds.boot_trigger {
            Some(trigger) => Light::Trigger(trigger.clone()),
            None => Light::Off,
        };
        let plan = match self {
            State::Preinit => vec![(&leds.boot, Light::Blink(100, 100))],
            State::Failsafe => in_failsafe(50, 50),
            State::Unreachable => in_failsafe(50, 450),
            State::PreinitRegular => vec![(&leds.boot, Light::Blink(200, 200))],
            State::Done => vec![(&leds.boot, after_boot), (&leds.running, Light::On)],
            State::Upgrade => vec![
                (&leds.running, Light::Off),
                (&leds.upgrade, Light::Blink(200, 200)),
            ],
            State::Damaged => vec![
                (&leds.running, Light::Off),
                (&leds.upgrade, Light::Blink(950, 50)),
            ],
            State::Reset => vec![
                (&leds.running, Light::Off),
                (&leds.failsafe, Light::Blink(500, 500)),
            ],
        };
        let mut lights = Vec::new();
        for (led, light) in plan {
            lights.extend(led.as_deref().map(|led| (led, light)));
        }
        // An LED that gets another light right after would only flicker.
        let mut last: Vec<(&str, Light)> = Vec::new();
        for (led, light) in lights.into_iter().rev() {
            if !last.iter().any(|(other, _)| *other == led) {
                last.insert(0, (led, light));
            }
        }
        last
    }
}

/// Finds the LEDs of the device whose root is `root`.
pub fn find(root: &Path) -> Leds {
    let likely = likely_led(root);
    let led = |part: &str| led_of_tree(root, part).or_else(|| likely.clone());
    Leds {
        boot: led("boot"),
        failsafe: led("failsafe"),
        running: led("running"),
        upgrade: led("upgrade"),
        boot_trigger: node_of(root, "boot")
            .and_then(|node| text_of(&node.join("linux,default-trigger"))),
    }
}

fn likely_led(root: &Path) -> Option<String> {
    let entries = std::fs::read_dir(root.join("sys/class/leds")).ok()?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let is_called = |name: &&String, word: &str| {
        let last = name.rsplit(':').next().unwrap_or_default();
        last.strip_prefix(word).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('-') || rest.bytes().all(|b| b.is_ascii_digit())
        })
    };
    LIKELY
        .iter()
        .find_map(|word| names.iter().find(|name| is_called(name, word)))
        .cloned()
}

/// A property of the device tree: its first string.
fn text_of(property: &Path) -> Option<String> {
    let bytes = std::fs::read(property).ok()?;
    let text = bytes.split(|&b| b == 0).next()?;
    String::from_utf8(text.to_vec())
        .ok()
        .filter(|text| !text.is_empty())
}

/// The device tree's node of the LED that plays this part.
fn node_of(root: &Path, part: &str) -> Option<PathBuf> {
    let tree = root.join("proc/device-tree");
    let alias = text_of(&tree.join(format!("aliases/led-{part}")))?;
    Some(tree.join(alias.trim_start_matches('/')))
}

/// The LED that the device tree gives this part.
fn led_of_tree(root: &Path, part: &str) -> Option<String> {
    let node = node_of(root, part)?;
    text_of(&node.join("label"))
        .or_else(|| text_of(&node.join("chan-name")))
        .or_else(|| name_by_function(&node, text_of(&node.join("function"))?))
        .or_else(|| Some(node.file_name()?.to_str()?.to_owned()))
}

/// `color:function[-enumerator]`, as the kernel's LED core composes it.
fn name_by_function(node: &Path, function: String) -> Option<String> {
    const COLORS: [&str; 15] = [
        "white",
        "red",
        "green",
        "blue",
        "amber",
        "violet",
        "yellow",
        "ir",
        "multicolor",
        "rgb",
        "purple",
        "orange",
        "pink",
        "cyan",
        "lime",
    ];
    let cell = |name: &str| {
        let bytes = std::fs::read(node.join(name)).ok()?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    let color = cell("color")
        .and_then(|n| COLORS.get(n as usize))
        .unwrap_or(&"");
    let number = cell("function-enumerator");
    let number = number.map(|n| format!("-{n}")).unwrap_or_default();
    Some(format!("{color}:{function}{number}"))
}

/// Lets an LED of `/sys/class/leds` show something. A kernel that cannot let it blink leaves
/// it dark; see [`Toggler`] then.
pub fn show(root: &Path, led: &str, light: &Light) -> io::Result<Shown> {
    let dir = root.join("sys/class/leds").join(led);
    let put = |attribute: &str, value: &str| put(&dir.join(attribute), value);
    match light {
        Light::Blink(on, off) => {
            let by_timer = put("trigger", "timer")
                // These attributes come with the trigger.
                .and_then(|()| put("delay_on", &on.to_string()))
                .and_then(|()| put("delay_off", &off.to_string()));
            if by_timer.is_ok() {
                return Ok(Shown::ByKernel);
            }
            // A kernel without triggers at all has no such attribute.
            let _ = put("trigger", "none");
            put("brightness", "0").map(|()| Shown::NotBlinking)
        }
        Light::On => {
            let _ = put("trigger", "none");
            put("brightness", "255").map(|()| Shown::ByKernel)
        }
        Light::Off => {
            let _ = put("trigger", "none");
            put("brightness", "0").map(|()| Shown::ByKernel)
        }
        Light::Trigger(name) => put("trigger", name).map(|()| Shown::ByKernel),
    }
}

/// Shows that the flash holds no whole system, without a program from there.
pub fn show_damage(root: &Path) {
    for (led, light) in State::Damaged.lights(&find(root)) {
        // Without LEDs there are still the consoles.
        if let Ok(Shown::NotBlinking) = show(root, led, &light) {
            let _ = show(root, led, &Light::On);
        }
    }
}

/// Lets `set_state` show a state, as if somebody had typed it: a board may have a way of its
/// own. By exec, so that its helper inherits nothing of ours. A device without LEDs is no
/// worse off.
pub fn ask_set_state(state: &str) {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("set_state").arg(state);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    // See above.
    let _ = command.status();
}

/// What became of a light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing more is to be done.
    ByKernel,
    /// Somebody has to switch the LED on and off.
    NotBlinking,
}

fn put(attribute: &Path, value: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(attribute)?;
    file.write_all(value.as_bytes())
}

/// An LED that blinks without the kernel's help.
pub struct Toggler {
    brightness: PathBuf,
    on_ms: u32,
    off_ms: u32,
}

impl Toggler {
    /// For an LED of `/sys/class/leds`; None for a light that does not blink.
    pub fn new(root: &Path, led: &str, light: &Light) -> Option<Toggler> {
        let Light::Blink(on_ms, off_ms) = *light else {
            return None;
        };
        let brightness = root.join("sys/class/leds").join(led).join("brightness");
        Some(Toggler {
            brightness,
            on_ms,
            off_ms,
        })
    }

    /// Blinks until the LED is gone.
    pub fn run(&self) -> io::Error {
        loop {
            for (value, ms) in [("255", self.on_ms), ("0", self.off_ms)] {
                if let Err(error) = put(&self.brightness, value) {
                    return error;
                }
                std::thread::sleep(Duration::from_millis(ms.into()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_led_for_all_parts_never_flickers() {
        let led = Some("green:status".to_owned());
        let leds = Leds {
            boot: led.clone(),
            failsafe: led.clone(),
            running: led.clone(),
            upgrade: led,
            boot_trigger: Some("heartbeat".to_owned()),
        };
        let check = |state: State, light| {
            assert_eq!(state.lights(&leds), [("green:status", light)]);
        };
        check(State::Preinit, Light::Blink(100, 100));
        check(State::Failsafe, Light::Blink(50, 50));
        check(State::Unreachable, Light::Blink(50, 450));
        check(State::PreinitRegular, Light::Blink(200, 200));
        check(State::Done, Light::On);
        check(State::Upgrade, Light::Blink(200, 200));
        check(State::Damaged, Light::Blink(950, 50));
        check(State::Reset, Light::Blink(500, 500));
    }

    #[test]
    fn an_led_that_only_served_the_boot_gets_its_own_light_back() {
        let leds = Leds {
            boot: Some("red:boot".to_owned()),
            running: Some("green:run".to_owned()),
            boot_trigger: Some("heartbeat".to_owned()),
            ..Leds::default()
        };
        let lights = State::Done.lights(&leds);
        let expected = Light::Trigger("heartbeat".to_owned());
        assert_eq!(lights, [("red:boot", expected), ("green:run", Light::On)]);
        let none = Leds {
            boot_trigger: None,
            ..leds
        };
        assert_eq!(State::Done.lights(&none)[0], ("red:boot", Light::Off));
    }

    #[test]
    fn without_a_timer_the_led_is_left_dark_and_somebody_told() {
        let root = std::env::temp_dir().join(format!("safebox-dark-{}", std::process::id()));
        let led = root.join("sys/class/leds/red:power");
        std::fs::create_dir_all(&led).unwrap();
        std::fs::write(led.join("trigger"), "").unwrap();
        std::fs::write(led.join("brightness"), "1").unwrap();
        let blink = Light::Blink(50, 50);
        assert_eq!(
            show(&root, "red:power", &blink).unwrap(),
            Shown::NotBlinking
        );
        // Files that were longer keep their ends; the kernel's attributes do not.
        let is = |name: &str, value: &str| {
            let text = std::fs::read_to_string(led.join(name)).unwrap();
            assert!(text.starts_with(value), "{name}: {text}");
        };
        is("trigger", "none");
        is("brightness", "0");
        // With the attributes of the timer there is nothing left to do.
        std::fs::write(led.join("delay_on"), "").unwrap();
        std::fs::write(led.join("delay_off"), "").unwrap();
        assert_eq!(show(&root, "red:power", &blink).unwrap(), Shown::ByKernel);
        is("trigger", "timer");
        is("delay_on", "50");
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn led_names_come_from_the_device_tree_or_are_guessed() {
        let root = std::env::temp_dir().join(format!("safebox-led-{}", std::process::id()));
        let put = |path: &str, bytes: &[u8]| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        put("sys/class/leds/input0::capslock/trigger", b"");
        put("sys/class/leds/green:power/trigger", b"");
        put("sys/class/leds/green:lan/trigger", b"");
        assert_eq!(find(&root).boot.as_deref(), Some("green:power"));
        put("proc/device-tree/aliases/led-boot", b"/leds/led-0\0");
        put("proc/device-tree/leds/led-0/function", b"status\0");
        put("proc/device-tree/leds/led-0/color", &[0, 0, 0, 3]);
        assert_eq!(find(&root).boot.as_deref(), Some("blue:status"));
        put(
            "proc/device-tree/leds/led-0/function-enumerator",
            &[0, 0, 0, 1],
        );
        assert_eq!(find(&root).boot.as_deref(), Some("blue:status-1"));
        put("proc/device-tree/leds/led-0/chan-name", b"d22\0");
        assert_eq!(find(&root).boot.as_deref(), Some("d22"));
        put("proc/device-tree/leds/led-0/label", b"tp:blue:sys\0");
        put(
            "proc/device-tree/leds/led-0/linux,default-trigger",
            b"usbport\0",
        );
        assert_eq!(find(&root).boot.as_deref(), Some("tp:blue:sys"));
        assert_eq!(find(&root).boot_trigger.as_deref(), Some("usbport"));
        assert_eq!(find(&root).failsafe.as_deref(), Some("green:power"));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
