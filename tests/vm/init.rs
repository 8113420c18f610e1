//! Process 1: it ends the system in order, is watched over itself, and survives the rest.

use crate::lab::router::{FAILSAFE_ADDRESS, Router, Setup};
use crate::lab::talk::Talk;
use crate::lab::{Bench, project};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Boots into failsafe mode with the settings mounted.
fn failsafe_with_settings(bench: &Bench) -> Router {
    let mut router = bench.power_on_failsafe();
    router.console.run("mount_root").ok();
    router
}

/// The same after a restart of its own.
#[track_caller]
fn failsafe_again(router: &mut Router) {
    router.enter_failsafe();
    router.console.run("mount_root").ok();
}

#[track_caller]
fn assert_written(router: &mut Router, word: &str) {
    let text = router.console.run("cat /etc/last").ok();
    assert_eq!(text.trim(), word);
}

/// Writes a word to flash and gives a command right after it.
fn write_and(console: &mut Talk, word: &str, command: &str) {
    console.line(&format!("echo {word} >/etc/last; {command}"));
}

#[test]
#[ignore = "boots the lab: make vm"]
fn reboot_poweroff_and_halt_in_failsafe_do_what_they_say_and_lose_nothing() {
    let bench = Bench::settled();
    let mut router = failsafe_with_settings(&bench);
    // A program is told first and may tidy up; one that does not listen keeps nobody waiting.
    let console = &mut router.console;
    console.line("(trap 'echo yes >/etc/tidied; exit' TERM; while :; do sleep 1; done) &");
    console.line("(trap '' TERM; while :; do sleep 1; done) &");
    write_and(&mut router.console, "reboot", "reboot");
    router.console.expect("init: the system restarts");
    failsafe_again(&mut router);
    assert_written(&mut router, "reboot");
    let tidied = router.console.run("cat /etc/tidied").ok();
    assert_eq!(tidied.trim(), "yes");
    router.console.run("echo keys >/etc/last").ok();
    router.press("ctrl-alt-delete");
    router.console.expect("init: the system restarts");
    failsafe_again(&mut router);
    assert_written(&mut router, "keys");
    write_and(&mut router.console, "poweroff", "poweroff");
    let said = router.expect_power_off();
    assert!(said.contains("init: the system switches off"), "{said}");
    assert!(!said.contains("init: can't"), "{said}");

    let mut router = failsafe_with_settings(&bench);
    assert_written(&mut router, "poweroff");
    write_and(&mut router.console, "halt", "halt");
    router.console.expect("init: the system halts");
    router.console.expect("System halted");
    router.cut_power();
    let mut router = failsafe_with_settings(&bench);
    assert_written(&mut router, "halt");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn with_f_they_do_it_without_process_1_and_still_lose_nothing() {
    let bench = Bench::settled();
    let mut router = failsafe_with_settings(&bench);
    write_and(&mut router.console, "reboot", "reboot -f");
    failsafe_again(&mut router);
    assert!(!router.console.log().contains("init: the system restarts"));
    assert_written(&mut router, "reboot");
    write_and(&mut router.console, "poweroff", "poweroff -f");
    router.expect_power_off();
    let mut router = failsafe_with_settings(&bench);
    assert_written(&mut router, "poweroff");
    write_and(&mut router.console, "halt", "halt -f");
    router.console.expect("System halted");
    router.cut_power();
    let mut router = failsafe_with_settings(&bench);
    assert_written(&mut router, "halt");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn the_watchdog_bites_when_process_1_stands_still_and_only_then() {
    let bench = Bench::hooked();
    // Handed over by an earlier process 1; that init opens one itself is shown below.
    let words = "watchdog=12 init_debug=1 lab.init=/sbin/init.armed";
    let mut router = bench.power_on_saying(words);
    router.enter_failsafe();
    let console = &mut router.console;
    console
        .run("dmesg | grep -q 'init: - watchdog taken over -'")
        .ok();
    // Its own, and not that of what it starts.
    let holders = "ls -l /proc/1/fd | grep -c watchdog; ls -l /proc/$$/fd | grep -c watchdog; true";
    assert_eq!(console.run(holders).ok(), "1\n0\n");
    // Three minutes, one of them with more to do than the processor can.
    console
        .run("for i in 1 2; do (while :; do :; done) & done")
        .ok();
    console.run("sleep 60; kill %1 %2").ok();
    for _ in 0..2 {
        console.run("sleep 60").ok();
    }
    // No signal stops process 1. The freezer does.
    console
        .run("mkdir /tmp/cgroups && mount -t cgroup2 none /tmp/cgroups")
        .ok();
    console
        .run("cd /tmp/cgroups && mkdir still && echo 1 >still/cgroup.procs")
        .ok();
    console.run("echo 1 >still/cgroup.freeze").ok();
    // And nothing else does: this is the next boot.
    router.enter_failsafe();
    assert!(!router.console.log().contains("init: the system restarts"));
}

#[test]
#[ignore = "boots the lab: make vm"]
fn orphans_and_events_that_are_none_do_not_trouble_process_1() {
    let bench = Bench::settled();
    let mut router = bench.power_on_saying("init_debug=1");
    router.enter_failsafe();
    let program = std::fs::read(project("target/lab/hooked.tree/bin/uevents")).unwrap();
    let mut nc = bench.offer(&bench.file("uevents", &program));
    let console = &mut router.console;
    console
        .run("nc 192.168.1.2 3333 >/tmp/uevents && chmod 755 /tmp/uevents")
        .ok();
    nc.wait().unwrap();
    console.run("/tmp/uevents flood 20000").ok();
    console
        .run("i=0; while [ $i -lt 1000 ]; do (sleep 1 &); i=$((i+1)); done")
        .ok();
    // All are reaped, soon; others may leave their own children lying.
    console
        .run("while ps | grep -q '[s]leep 1$'; do :; done")
        .ok();
    console
        .run("! cat /proc/[0-9]*/stat 2>/dev/null | grep ') Z 1 '")
        .ok();
    // Who listens is still there, and hears what makes sense.
    console
        .run("/tmp/uevents SUBSYSTEM=button ACTION=pressed BUTTON=power SEEN=0")
        .ok();
    console.line("/tmp/uevents SUBSYSTEM=button ACTION=released BUTTON=power SEEN=1");
    let said = router.expect_power_off();
    assert!(said.contains("init: the system switches off"), "{said}");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_program_that_crashes_at_once_is_slowed_down_and_the_console_still_comes() {
    let bench = Bench::with_image(|tree| {
        let file = tree.join("etc/inittab");
        let text = std::fs::read_to_string(&file).unwrap();
        let more = "::respawn:/bin/false\n::respawn:/nosuch\nnosuch::respawn:/bin/ash\n\
                    ::ctrlaltdel:/bin/touch /tmp/keys\n";
        std::fs::write(file, format!("{more}:::::\nnonsense\n{text}")).unwrap();
    });
    let mut router = bench.power_on();
    router.boot_normally();
    let console = &mut router.console;
    for name in ["/bin/false", "/nosuch", "/bin/ash"] {
        console
            .run(&format!(
                "until dmesg | grep -q 'init: {name} ends again and again; the next start is in 4 s'; \
                 do sleep 1; done"
            ))
            .ok();
    } // The inittab has Ctrl-Alt-Del for something else than a restart.
    router.press("ctrl-alt-delete");
    let console = &mut router.console;
    console.run("until [ -e /tmp/keys ]; do sleep 1; done").ok();
    console.run("[ -d /proc/1 ]").ok();
    // Who starts all this may die: another one takes its place, and nothing restarts.
    console.run("touch /tmp/still_up").ok();
    console.line("kill -9 $(pidof init)");
    router.boot_normally();
    router.console.run("[ -e /tmp/still_up ]").ok();
}

/// What the inittab of the next test adds.
const INITTAB: &str = "\
::sysinit:/etc/note sysinit
::once:/etc/note once
::respawn:/etc/note respawn 1000
::respawnlate:/etc/note late 1000
ttyS1::askfirst:/bin/ash --login
::shutdown:/bin/cp /tmp/order /etc/order
";

#[test]
#[ignore = "boots the lab: make vm"]
fn the_inittab_is_obeyed_and_the_folders_of_the_system_are_where_scripts_look_for_them() {
    let bench = Bench::with_image(|tree| {
        let file = tree.join("etc/inittab");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, text + INITTAB).unwrap();
        let note = tree.join("etc/note");
        let script = "#!/bin/sh\necho $1 >>/tmp/order\necho $$ >/tmp/$1.pid\n\
                      [ -z \"$2\" ] || exec sleep $2\n";
        std::fs::write(&note, script).unwrap();
        std::fs::set_permissions(note, PermissionsExt::from_mode(0o755)).unwrap();
    });
    let mut router = bench.power_on_with(&Setup {
        second: true,
        ..Setup::default()
    });
    let mut second = router.second.take().unwrap();
    second.expect("Please press Enter to activate this console.");
    second.line("");
    second.expect("# ");
    second
        .run("until grep late /tmp/order; do sleep 1; done")
        .ok();
    router.boot_normally();
    let console = &mut router.console;
    let order = console.run("cat /tmp/order").ok();
    let place = |word: &str| order.lines().position(|line| line == word);
    assert!(place("sysinit") < place("late"), "{order}");
    assert!(
        place("once").is_some() && place("respawn").is_some(),
        "{order}"
    );
    // What runs always runs again.
    console.run("kill $(cat /tmp/respawn.pid)").ok();
    let again = "until [ $(wc -l </tmp/order) = 5 ]; do sleep 1; done";
    console.run(again).ok();
    let modes = "cd /tmp; stat -c '%n %a' . run lock state log shm sysinfo; readlink /dev/shm";
    assert_eq!(
        console.run(modes).ok(),
        ". 1777\nrun 755\nlock 755\nstate 755\nlog 755\nshm 1777\nsysinfo 755\n/tmp/shm\n"
    );
    console
        .run("[ -c /dev/ptmx ] && grep -q '/dev/pts devpts' /proc/mounts")
        .ok();
    console.line("poweroff");
    router.expect_power_off();
    let mut router = bench.power_on();
    router.boot_normally();
    let left = router.console.run("cat /etc/order").ok();
    assert_eq!(left.lines().count(), 5, "{left}");
}

/// What stands in for OpenWrt's upgrade program: says how it was called, feeds the watchdog
/// for longer than that waits, and restarts the device.
const UPGRADED: &str = r#"
mkdir -p /tmp/new/bin /tmp/new/sbin
cp /bin/safebox /tmp/new/bin/sh
ln -s sh /tmp/new/bin/sleep
ln -s sh /tmp/new/bin/reboot
cat >/tmp/new/sbin/upgraded <<'END'
#!/bin/sh
PATH=/bin
echo "upgraded: $$ $1 $2"
i=0
while [ $i -lt 20 ]; do
    printf X >&$WDTFD || echo "upgraded: no watchdog"
    sleep 1
    i=$((i+1))
done
echo "upgraded: done"
reboot -f
END
chmod 755 /tmp/new/sbin/upgraded
printf '/tmp/new\0image\0command\0' >/tmp/sysupgrade
"#;

#[test]
#[ignore = "boots the lab: make vm"]
fn another_program_becomes_process_1_and_can_feed_the_watchdog() {
    let bench = Bench::settled();
    let mut router = bench.power_on_saying("watchdog=12");
    router.enter_failsafe();
    let mut nc = bench.offer(&bench.file("script", UPGRADED.as_bytes()));
    let console = &mut router.console;
    console.run("nc 192.168.1.2 3333 >/tmp/script").ok();
    nc.wait().unwrap();
    console.line("sh /tmp/script");
    console.expect("upgraded: 1 image command");
    let said = console.expect("upgraded: done");
    assert!(!said.contains("no watchdog"), "{said}");
    router.boot_normally();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn hooks_that_crash_hang_or_cannot_be_read_do_not_keep_anybody_out() {
    let bench = Bench::with_image(|tree| {
        hook(tree, "03_no_script", "if then ( fi\n");
        hook(tree, "04_ends", "exit 3\n");
        hook(
            tree,
            "05_dies",
            "dies() { kill -9 $$; }\nboot_hook_add preinit_main dies\n",
        );
        let hangs = "hangs() { while :; do sleep 1; done; }\nboot_hook_add preinit_main hangs\n";
        hook(tree, "06_hangs", hangs);
        let stuck = "stuck() { while :; do sleep 1; done; }\nboot_hook_add failsafe stuck\n";
        hook(tree, "07_stuck", stuck);
        let late = "late() { exit 0; }\nboot_hook_add failsafe late\n";
        hook(tree, "98_late", late);
    });
    let mut router = bench.power_on();
    router.enter_failsafe();
    // What comes after the last bad one.
    let mut telnet = router.telnet(FAILSAFE_ADDRESS);
    telnet.expect("FAILSAFE MODE active");
    telnet.expect("# ");
    let log = telnet.run("dmesg").ok();
    for name in [
        "/lib/preinit/03_no_script",
        "/lib/preinit/04_ends",
        "dies",
        "hangs",
        "stuck",
        "late",
    ] {
        let line = format!("init: preinit: {name} did not come back; going on without it");
        assert!(log.contains(&line), "{name}: {log}");
    }
    telnet.run("[ -e /tmp/.failsafe ]").ok();
}

fn hook(tree: &Path, name: &str, text: &str) {
    let file = tree.join("lib/preinit").join(name);
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o644)).unwrap();
}
