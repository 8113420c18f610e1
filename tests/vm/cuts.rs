//! The power goes at many moments of what changes flash: afterwards everything is old or new.
//!
//! Each story runs once on a chip that notes every write, or is looked at all the time. For a moment
//! of it the chip's content is then what a router finds whose emulator was killed then, and with it
//! a router boots for real and is asked for its settings. `CUTS=50 make vm ONLY=cuts` asks at 50
//! moments of each story; unless told otherwise it is a few.

use crate::lab::Bench;
use crate::lab::flash;
use crate::lab::recorder::Recorder;
use crate::lab::router::{Router, Setup};
use crate::lab::talk::Talk;
use crate::lab::watched::Watched;
use crate::upgrade::next_image;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// At how many moments the power goes in a story, if `CUTS` does not say.
const FEW: u64 = 6;
/// Bytes of a chip with UBI.
const UBI_CHIP: usize = 8 << 20;
/// The last line of a boot.
const UP: &str = "Please press Enter to activate this console.";
/// Shows all settings that the stories touch.
const LOOK: &str =
    "cd /etc; sha256sum note shadow config/network dropbear/key os-release 2>&1; cd /";

fn cuts() -> u64 {
    let wanted = std::env::var("CUTS").ok();
    wanted.map_or(FEW, |text| text.parse().expect("CUTS is a number"))
}

/// What the settings may be after a cut at these moments.
struct Step {
    what: String,
    moments: Range<u64>,
    old: String,
    new: String,
    /// The boot loader may refuse to start anything.
    may_lack_kernel: bool,
}

impl Step {
    fn length(&self) -> u64 {
        self.moments.end - self.moments.start
    }
}

/// What a router is like after a cut.
enum State {
    /// The boot loader starts nothing, since the first block is not valid.
    NoKernel,
    /// It boots, keeps what is changed, and has these settings.
    Settings(String),
    /// Anything else.
    Broken(String),
}

/// A board, where its settings lie, and a machine about to boot it.
struct Board {
    bench: Bench,
    recorder: Recorder,
    /// The chip of a board whose settings lie on UBI.
    ubi: Option<Watched>,
    held: PathBuf,
}

impl Board {
    /// A board with its settings on NOR.
    fn new(bench: Bench) -> Board {
        let base = bench.chip.read(flash::ALL);
        Board::held(bench, base, None)
    }

    /// A board with its settings on UBI, on an erased chip.
    fn with_ubi() -> Board {
        let bench = Bench::new();
        let ubi = Watched::new(vec![0xff; UBI_CHIP], bench.path("memory"));
        Board::held(bench, Vec::new(), Some(ubi))
    }

    fn held(bench: Bench, base: Vec<u8>, ubi: Option<Watched>) -> Board {
        let recorder = Recorder::new(base, &bench.path(""));
        let held = bench.path("held");
        let board = Board {
            bench,
            recorder,
            ubi,
            held,
        };
        let mut router = board.power_on(0, None);
        router.console.expect("lab: held");
        router.save(&board.held);
        board
    }

    fn content_at(&self, moment: u64) -> Vec<u8> {
        match &self.ubi {
            Some(ubi) => ubi.content_at(moment),
            None => self.recorder.content_at(moment),
        }
    }

    fn quiet(&self) -> u64 {
        match &self.ubi {
            Some(ubi) => ubi.quiet(),
            None => self.recorder.quiet(),
        }
    }

    /// Words for the kernel.
    fn words(&self) -> &'static str {
        match self.ubi {
            Some(_) => "lab.data=ram no_hash_pointers",
            None => "",
        }
    }

    /// Starts the router with the chip as it was at a moment, from nothing or from the saved
    /// moment before the boot loader looks at the flash.
    fn power_on(&self, moment: u64, state: Option<&Path>) -> Router {
        let cut = self.bench.file("cut", &self.content_at(moment));
        let append = format!("lab.held failsafe.wait=0 {}", self.words());
        let beside = self.ubi.is_some();
        let setup = Setup {
            append: &append,
            disk: beside.then_some(&cut),
            state,
            ..Setup::default()
        };
        let chip = if beside { self.bench.chip.path() } else { &cut };
        self.bench.power_on_chip(chip, &setup)
    }

    /// Boots the recorded chip into failsafe mode.
    fn failsafe(&self) -> Router {
        let Some(ubi) = &self.ubi else {
            let source = self.recorder.source();
            let mut router = self.bench.power_on_chip(&source, &Setup::default());
            router.enter_failsafe();
            return router;
        };
        let disk = self.bench.file("disk", &ubi.content_at(ubi.now()));
        let arguments = ubi.arguments();
        let setup = Setup {
            append: self.words(),
            disk: Some(&disk),
            arguments: &arguments.each_ref().map(String::as_str),
            ..Setup::default()
        };
        let mut router = self.bench.power_on_with(&setup);
        router.enter_failsafe();
        ubi.watch(&mut router);
        router
    }

    /// Boots as after a power cut at a moment, and looks.
    fn state_after_a_cut(&self, moment: u64) -> State {
        let mut router = self.power_on(moment, Some(&self.held));
        let console = &mut router.console;
        console.line("");
        let ends = ["lab: no kernel", "lab: the boot loader waits", UP];
        match console.expect_one(&ends).0 {
            0 => return State::NoKernel,
            1 => return State::Broken(console.log()),
            _ => {}
        }
        console.line("");
        console.expect("# ");
        let settings = look(console);
        let mounts = console.run("cat /proc/mounts").ok();
        let written = console.run("echo x >/etc/probe && sync");
        match mounts.contains("overlayfs:/overlay / overlay") && written.status == 0 {
            true => State::Settings(settings),
            false => State::Broken(format!("{mounts}{}", written.text)),
        }
    }

    /// Runs a step and notes what it made of the settings.
    #[track_caller]
    fn step(&self, steps: &mut Vec<Step>, what: &str, work: impl FnOnce() -> (String, String)) {
        let start = self.quiet();
        let (old, new) = work();
        let moments = start..self.quiet();
        steps.push(Step {
            what: what.into(),
            moments,
            old,
            new,
            may_lack_kernel: false,
        });
    }
}

fn look(console: &mut Talk) -> String {
    console.run(LOOK).text
}

/// Moments spread over the steps, as many in each as in the others.
fn moments(steps: &[Step]) -> Vec<(&Step, u64)> {
    // Without a write there is nothing to be cut off.
    let steps: Vec<&Step> = steps.iter().filter(|step| step.length() > 0).collect();
    let (cuts, count) = (cuts(), steps.len() as u64);
    let moment = |number: u64| {
        // The middle of each of so many equal parts of all steps.
        let place = (2 * number + 1) * count;
        let step = steps[(place / (2 * cuts)) as usize];
        let into = step.length() * (place % (2 * cuts)) / (2 * cuts);
        (step, step.moments.start + into)
    };
    (0..cuts).map(moment).collect()
}

/// Boots after cuts in every step, and insists on what its settings may be then.
fn assert_old_or_new(board: &Board, steps: &[Step]) {
    let art = board.bench.chip.read(flash::ART);
    let mut faults = Vec::new();
    for (step, moment) in moments(steps) {
        let state = board.state_after_a_cut(moment);
        let into = moment - step.moments.start;
        let which = match &state {
            State::NoKernel => 0,
            State::Settings(look) if *look == step.new && moment == step.moments.end => 2,
            State::Settings(look) if *look == step.old && moment < step.moments.end => 1,
            State::Settings(look) if *look == step.new => 2,
            State::Settings(_) | State::Broken(_) => 3,
        };
        if which == 3 || which == 0 && !step.may_lack_kernel {
            let (State::Settings(found) | State::Broken(found)) = &state else {
                panic!("{}, after {into}: no kernel", step.what);
            };
            faults.push(format!("{}, after {into}: {found}", step.what));
        }
        eprintln!(
            "cuts: {}, after {into} of {}: {}",
            step.what,
            step.length(),
            ["no kernel", "old", "new", "broken"][which]
        );
        let chip = match board.ubi {
            Some(_) => board.bench.chip.read(flash::ALL),
            None => std::fs::read(board.bench.path("cut")).unwrap(),
        };
        assert!(
            chip.ends_with(&art),
            "{}, at {moment}: calibration data changed",
            step.what
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Mounts, edits and resets on a new board, each cut off.
fn settings_are_old_or_new(board: &Board) {
    let mut steps = Vec::new();
    let mut router = board.failsafe();
    let console = &mut router.console;
    let defaults = look(console);
    let mut state = defaults.clone();
    let mut run = |console: &mut Talk, what: &str, command: &str| {
        board.step(&mut steps, what, || {
            console.run(command).ok();
            let new = look(console);
            (std::mem::replace(&mut state, new.clone()), new)
        });
    };
    run(console, "mount_root of a new board", "mount_root");
    run(console, "mount_root done", "mount_root done");
    // As an editor saves: beside the old file, then in its place. The shell's own `>` empties a
    // file first.
    let edit = "mkdir -p /etc/dropbear && seq 4000 >/etc/dropbear/key.new && sync && \
                mv /etc/dropbear/key.new /etc/dropbear/key && sync";
    run(console, "a large new file and sync", edit);
    run(
        console,
        "a small new file and sync",
        "echo mine >/etc/new && sync && mv /etc/new /etc/note && sync",
    );
    run(
        console,
        "passwd",
        "printf 'correct horse\\ncorrect horse\\n' | passwd root",
    );
    run(
        console,
        "uci commit",
        "uci set network.lan.ipaddr=192.168.1.50 && uci commit network",
    );
    // What is open in the overlay still looks as before; the next boot counts.
    board.step(&mut steps, "firstboot, mounted", || {
        console.run("firstboot -y").ok();
        (state, defaults.clone())
    });
    drop(router);

    let mut router = board.failsafe();
    let console = &mut router.console;
    console.run("mount_root").ok();
    console.run("echo mine >/etc/note").ok();
    console.run(edit).ok();
    let edited = look(console);
    console.run("sync").ok();
    board.quiet();
    drop(router);
    let mut router = board.failsafe();
    let console = &mut router.console;
    board.step(&mut steps, "firstboot, not mounted", || {
        console.run("firstboot -y").ok();
        (edited, defaults.clone())
    });
    board.step(&mut steps, "mount_root after it", || {
        console.run("mount_root").ok();
        (defaults.clone(), defaults.clone())
    });
    drop(router);
    assert_old_or_new(board, &steps);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_on_nor_are_old_or_new_after_a_power_cut() {
    settings_are_old_or_new(&Board::new(Bench::new()));
}

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_on_ubi_are_old_or_new_after_a_power_cut() {
    settings_are_old_or_new(&Board::with_ubi());
}

#[test]
#[ignore = "boots the lab: make vm"]
fn an_upgrade_is_undone_invalid_or_whole_after_a_power_cut() {
    let board = Board::new(Bench::settled());
    let State::Settings(old) = board.state_after_a_cut(0) else {
        panic!("the board does not boot before the upgrade");
    };
    let mut router = board.failsafe();
    let image = next_image();
    let mut peer = board.bench.offer(&board.bench.file("nxtfw.bin", &image));
    let console = &mut router.console;
    console.run("nc 192.168.1.2 3333 >/tmp/nxtfw.bin").ok();
    assert!(peer.wait().unwrap().success());
    let start = board.recorder.quiet();
    console.line("sysupgrade /tmp/nxtfw.bin");
    console.expect("lab: starting /sbin/init");
    let written = board.recorder.now();
    router.boot_normally();
    let console = &mut router.console;
    let new = look(console);
    console
        .run("until [ \"$(readlink /overlay/.fs_state)\" = 2 ]; do sleep 1; done")
        .ok();
    let end = board.recorder.quiet();
    drop(router);

    // The header goes before any other block, and comes when all is there.
    let writes = |range: Range<u64>| board.recorder.writes_to(&range, start..written);
    let (header, all) = (writes(0..16), writes(flash::ALL));
    assert_eq!(
        header[0], all[0],
        "another block was erased before the first"
    );
    let (erased, completed) = (header[0], header[header.len() - 1]);
    // Not a byte less than that is the old firmware.
    let State::Settings(untouched) = board.state_after_a_cut(erased) else {
        panic!("the old firmware does not boot");
    };
    assert_eq!(untouched, old);
    let middle = erased.midpoint(completed);
    let step = |what: &str, moments: Range<u64>| Step {
        what: what.into(),
        moments,
        old: String::new(),
        new: new.clone(),
        may_lack_kernel: what.contains("upgrade"),
    };
    let steps = [
        step("the first half of the upgrade", erased + 1..middle),
        step("the second half of the upgrade", middle..completed),
        step("the header of the upgrade", completed..written),
        step("the first boot after it", written..end),
    ];
    assert_old_or_new(&board, &steps);
}
