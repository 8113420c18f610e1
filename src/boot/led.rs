//! The LED that tells a person with a paper clip when to press, and what came of it.
//!
//! Boards name their LEDs in the device tree (`aliases/led-boot` and so on). A board
//! without those still has an LED whose name says "status" or "power" more often than not.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What the device is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Failsafe mode can be asked for.
    Preinit,
    /// Failsafe mode.
    Failsafe,
    /// The boot goes on.
    PreinitRegular,
    /// The normal system is up.
    Done,
    /// The flash is being written: do not unplug.
    Upgrade,
    /// A button was held long enough to reset the settings: let go now.
    Reset,
}

/// What an LED shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// On and off for this many milliseconds each.
    Blink(u32),
    /// Steady.
    On,
    /// Dark.
    Off,
}

/// Which LED plays which part; names of `/sys/class/leds`. Often all are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leds {
    boot: Option<String>,
    failsafe: Option<String>,
    running: Option<String>,
    upgrade: Option<String>,
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
        let plan: &[(&Option<String>, Light)] = match self {
            State::Preinit => &[(&leds.boot, Light::Blink(100))],
            State::Failsafe => &[
                (&leds.boot, Light::Off),
                (&leds.running, Light::Off),
                (&leds.failsafe, Light::Blink(50)),
            ],
            State::PreinitRegular => &[(&leds.boot, Light::Blink(200))],
            State::Done => &[(&leds.boot, Light::Off), (&leds.running, Light::On)],
            State::Upgrade => &[
                (&leds.running, Light::Off),
                (&leds.upgrade, Light::Blink(200)),
            ],
            State::Reset => &[
                (&leds.running, Light::Off),
                (&leds.failsafe, Light::Blink(500)),
            ],
        };
        let mut lights = Vec::new();
        for (led, light) in plan {
            lights.extend(led.as_deref().map(|led| (led, *light)));
        }
        // An LED that gets another light right after would only flicker.
        let is_last = |at: usize| lights[at + 1..].iter().all(|(led, _)| *led != lights[at].0);
        let last = (0..lights.len()).filter(|&at| is_last(at));
        last.map(|at| lights[at]).collect()
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

/// The LED that the device tree gives this part.
fn led_of_tree(root: &Path, part: &str) -> Option<String> {
    let tree = root.join("proc/device-tree");
    let text = |path: PathBuf| {
        let bytes = std::fs::read(path).ok()?;
        let text = bytes.split(|&b| b == 0).next()?;
        String::from_utf8(text.to_vec())
            .ok()
            .filter(|t| !t.is_empty())
    };
    let alias = text(tree.join(format!("aliases/led-{part}")))?;
    let node = tree.join(alias.trim_start_matches('/'));
    text(node.join("label"))
        .or_else(|| text(node.join("chan-name")))
        .or_else(|| name_by_function(&node, text(node.join("function"))?))
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

/// Lets an LED of `/sys/class/leds` show something.
pub fn show(root: &Path, led: &str, light: Light) -> io::Result<()> {
    let dir = root.join("sys/class/leds").join(led);
    let put = |attribute: &str, value: &str| {
        let mut file = OpenOptions::new().write(true).open(dir.join(attribute))?;
        file.write_all(value.as_bytes())
    };
    match light {
        Light::Blink(ms) => {
            put("trigger", "timer")?;
            // The attributes come with the trigger; without them it blinks, only slower.
            put("delay_on", &ms.to_string())?;
            put("delay_off", &ms.to_string())
        }
        Light::On => put("trigger", "none").and_then(|()| put("brightness", "255")),
        Light::Off => put("trigger", "none").and_then(|()| put("brightness", "0")),
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
        };
        let check = |state: State, light| {
            assert_eq!(state.lights(&leds), [("green:status", light)]);
        };
        check(State::Preinit, Light::Blink(100));
        check(State::Failsafe, Light::Blink(50));
        check(State::PreinitRegular, Light::Blink(200));
        check(State::Done, Light::On);
        check(State::Upgrade, Light::Blink(200));
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
        put("proc/device-tree/leds/led-0/label", b"tp:blue:sys\0");
        assert_eq!(find(&root).boot.as_deref(), Some("tp:blue:sys"));
        assert_eq!(find(&root).failsafe.as_deref(), Some("green:power"));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
