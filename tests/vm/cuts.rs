//! The power goes at many moments of what changes flash: afterwards everything is old or new.
//!
//! Each story runs once on a chip that notes every write. For a moment of it the chip's content
//! is then what a router finds whose emulator was killed then, and with it a router boots for
//! real and is asked for its settings. `CUTS=50 make vm ONLY=cuts` asks at 50 moments of each
//! story; unless told otherwise it is a few.

use crate::lab::Bench;
use crate::lab::flash;
use crate::lab::recorder::Recorder;
use crate::lab::router::{Router, Setup};
use crate::lab::talk::Talk;
use crate::upgrade::next_image;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// At how many moments the power goes in a story, if `CUTS` does not say.
const FEW: u64 = 6;
/// Bytes of the disk that plays a chip with UBI.
const UBI_CHIP: usize = 16 << 20;
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
    /// Words for the kernel, and whether the recorded chip is a disk of its own.
    words: &'static str,
    beside: bool,
    held: PathBuf,
}

impl Board {
    fn new(bench: Bench, beside: Option<(&'static str, Vec<u8>)>) -> Board {
        let (words, beside, base) = match beside {
            Some((words, base)) => (words, true, base),
            None => ("", false, bench.chip.read(flash::ALL)),
        };
        let recorder = Recorder::new(base, &bench.path(""));
        let held = bench.path("held");
        let board = Board {
            bench,
            recorder,
            words,
            beside,
            held,
        };
        let mut router = board.power_on(&board.recorder.source(), None);
        router.console.expect("lab: held");
        router.save(&board.held);
        board
    }

    /// Starts the router with this chip, from nothing or from the saved moment before the boot
    /// loader looks at the flash.
    fn power_on(&self, chip: &Path, state: Option<&Path>) -> Router {
        let flash = self.bench.chip.path();
        let append = format!("lab.held failsafe.wait=0 {}", self.words);
        let setup = Setup {
            append: &append,
            disk: self.beside.then_some(chip),
            state,
            ..Setup::default()
        };
        let chip = if self.beside { flash } else { chip };
        self.bench.power_on_chip(chip, &setup)
    }

    /// Boots the recorded chip into failsafe mode.
    fn failsafe(&self) -> Router {
        let source = self.recorder.source();
        let setup = Setup {
            append: self.words,
            disk: self.beside.then_some(&source),
            ..Setup::default()
        };
        let chip = match self.beside {
            true => self.bench.chip.path(),
            false => &source,
        };
        let mut router = self.bench.power_on_chip(chip, &setup);
        router.enter_failsafe();
        router
    }

    /// Boots as after a power cut at a moment, and looks.
    fn state_after_a_cut(&self, moment: u64) -> State {
        let chip = self.bench.file("cut", &self.recorder.content_at(moment));
        let mut router = self.power_on(&chip, Some(&self.held));
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
        let start = self.recorder.quiet();
        let (old, new) = work();
        let moments = start..self.recorder.quiet();
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
    let all = match board.beside {
        false => moments(steps),
        true => steps.iter().map(|step| (step, step.moments.end)).collect(),
    };
    for (step, moment) in all {
        let state = board.state_after_a_cut(moment);
        let bytes = moment - step.moments.start;
        let which = match &state {
            State::NoKernel => 0,
            State::Settings(look) if *look == step.new && moment == step.moments.end => 2,
            State::Settings(look) if *look == step.old && moment < step.moments.end => 1,
            State::Settings(look) if *look == step.new => 2,
            State::Settings(_) | State::Broken(_) => 3,
        };
        if which == 3 || which == 0 && !step.may_lack_kernel {
            let (State::Settings(found) | State::Broken(found)) = &state else {
                panic!("{}, after {bytes} bytes: no kernel", step.what);
            };
            faults.push(format!("{}, after {bytes} bytes: {found}", step.what));
        }
        eprintln!(
            "cuts: {}, after {bytes} of {} bytes: {}",
            step.what,
            step.length(),
            ["no kernel", "old", "new", "broken"][which]
        );
        let now = match board.beside {
            true => board.bench.chip.read(flash::ART),
            false => std::fs::read(board.bench.path("cut")).unwrap()[flash::ART.start as usize..]
                .to_vec(),
        };
        assert!(
            now == art,
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
    console.line("reboot");
    router.enter_failsafe();
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
    settings_are_old_or_new(&Board::new(Bench::new(), None));
}

/// Cut only between the steps: `block2mtd` writes by way of a cache whose order is not that in
/// which UBI writes. A cut in the middle loses what no chip does, data that came before a rename.
#[test]
#[ignore = "boots the lab: make vm"]
fn settings_on_ubi_last_through_a_power_cut_after_each_step() {
    let chip = vec![0xff; UBI_CHIP];
    let board = Board::new(Bench::new(), Some(("lab.data=ubi", chip)));
    settings_are_old_or_new(&board);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn an_upgrade_is_undone_invalid_or_whole_after_a_power_cut() {
    let board = Board::new(Bench::settled(), None);
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
