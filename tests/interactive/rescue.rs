//! The menu of `rescue`, on a terminal that can do nothing but lines.

use crate::person::{Person, Session};

const PROMPT: &str = "rescue: 1-9, s: the report, m: this menu, q: leave:";

const NETWORK: &str = "config interface 'lan'\n\toption proto 'static'\n\
    \toption ipaddr '192.168.1.1'\n\toption netmask '255.255.255.0'\n";

/// A device below the person's home, with settings and one file that does not parse.
fn device() -> Session {
    Session::new()
        .set("TERM", "dumb")
        .file("d/etc/os-release", "PRETTY_NAME=\"box 1.0\"\n")
        .file("d/etc/passwd", "root:x:0:0:root:/root:/bin/ash\n")
        .file("d/etc/shadow", "root::1:0:99999:7:::\n")
        .file("d/etc/config/network", NETWORK)
        .file("d/etc/config/system", "bogus\n")
        .file("d/rom/etc/config/system", "config system\n")
        .file("d/rom/etc/config/network", NETWORK)
}

/// At the menu of `rescue`, started by a shell.
fn at_the_menu() -> Person {
    let mut person = Person::with(device());
    person.enters("rescue -R d");
    person.sees(&[PROMPT]);
    person
}

fn back_in_the_shell(person: &mut Person) {
    person.enters("echo left $?");
    person.sees_word("left ");
}

#[test]
fn the_report_comes_first_and_all_of_it_with_the_menu_fits_on_a_screen() {
    let mut person = at_the_menu();
    person.sees(&[
        "ok firmware  box 1.0",
        "ok mode      a normal boot",
        "!! files     /etc/config/system: line 1, byte 1: invalid command",
        "          -> rescue restore system",
        "!! password  root has none: telnet lets everybody in",
        "          -> passwd",
        "ok last boot it left no log of a crash",
        "Attention (!!) is needed 2 times; what to type is behind the arrows.",
        "",
        "  1  mount the settings, to look at them and change them",
        "  2  show or set the LAN address",
        "  3  set root's password",
        "  4  put one file back to the firmware's default",
        "  5  read the end of the last boot's log",
        "  6  send the settings to the PC",
        "  7  install firmware, keeping the settings",
        "  8  erase all settings",
        "  9  leave failsafe mode",
        "",
        PROMPT,
    ]);
    // Nothing but text and line ends: it works on any serial console.
    let before = memchr::memmem::find(&person.received, b"ok firmware").unwrap();
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n');
    assert!(person.received[before..].iter().all(is_plain));
}

#[test]
fn the_menu_is_left_by_its_letter_and_by_every_key_that_ends_something() {
    for (keys, status) in [("q\r", 0), ("\x04", 0), ("\x03", 130)] {
        let mut person = at_the_menu();
        person.types(keys);
        person.sees(&["$"]);
        person.enters("echo left $?");
        person.sees(&[&format!("left {status}"), "$"]);
    }
}

#[test]
fn a_line_that_is_hung_up_ends_the_menu() {
    let mut person = device().command(&["rescue", "-R", "d"]).start();
    person.sees(&[PROMPT]);
    person.hangs_up();
    // The signal ends it, or the end of the input.
    person.is_left();
}

#[test]
fn a_choice_that_is_none_is_told_and_asked_again() {
    let mut person = at_the_menu();
    for choice in ["10", "-1", "x y", "99999999999999999999"] {
        person.enters(choice);
        person.sees(&[&format!("rescue: '{choice}' is no choice"), "", PROMPT]);
    }
    person.enters("8");
    let told = "rescue: this is for the running system, not for -R";
    person.sees(&[told, "", PROMPT]);
    person.enters("m");
    person.sees(&["  9  leave failsafe mode", "", PROMPT]);
}

#[test]
fn a_broken_file_is_found_and_restored_step_by_step() {
    let mut person = at_the_menu();
    person.enters("4");
    person.sees(&[
        "In /etc/config, other than in the firmware:",
        "  system           does not parse: line 1, byte 1: invalid command",
        "'rescue restore FILE' shows the difference and asks; mv moves what was added.",
        "File to restore (Enter: none):",
    ]);
    person.enters("system");
    person.sees(&[
        "-bogus",
        "+config system",
        "keep /etc/config/system as /etc/config/system.bad",
        "copy /rom/etc/config/system to /etc/config/system",
        "Restore it? [y/N]",
    ]);
    // Enter is No.
    person.enters("");
    person.sees(&["rescue: nothing was changed", "", PROMPT]);
    person.enters("restore");
    person.sees(&["File to restore (Enter: none):"]);
    person.enters("system");
    person.sees(&["Restore it? [y/N]"]);
    person.enters("y");
    let done = "Done; it counts from the next normal boot.";
    person.sees(&[done, "", PROMPT]);
    person.enters("s");
    person.sees_word("ok files     /etc/config: all 2 parse");
    let kept = std::fs::read_to_string(person.path("d/etc/config/system.bad"));
    assert_eq!(kept.unwrap(), "bogus\n");
}

#[test]
fn the_address_is_asked_for_and_a_wrong_one_changes_nothing() {
    let mut person = at_the_menu();
    let question = "New address (Enter: none):";
    person.enters("2");
    person.sees(&["next boot: 192.168.1.1/24, static", question]);
    person.enters("192.168.1.255");
    let told = "rescue: this is the broadcast address of its network";
    person.sees(&[told, "", PROMPT]);
    person.enters("2");
    person.sees(&["next boot: 192.168.1.1/24, static", question]);
    // The end of the input here leaves the question, not the menu.
    person.types("\x04");
    person.sees(&["", PROMPT]);
    person.enters("2");
    person.sees(&["next boot: 192.168.1.1/24, static", question]);
    person.enters("192.168.7.1");
    person.sees_word("next boot: 192.168.7.1/24, static");
    person.enters("q");
    back_in_the_shell(&mut person);
    let network = std::fs::read_to_string(person.path("d/etc/config/network")).unwrap();
    assert!(network.contains("option ipaddr '192.168.7.1'"), "{network}");
}

#[test]
fn control_c_ends_what_the_menu_has_started_and_not_the_menu() {
    // A program of ours by the name of the one that is run, which waits for the key.
    let mut person = device()
        .file("waits", "#!/bin/sh\necho waiting\nexec sleep 1000\n")
        .command(&["rescue", "-R", "d"])
        .start();
    person.sees(&[PROMPT]);
    let bin = person.path("bin/passwd");
    std::fs::remove_file(&bin).unwrap();
    std::fs::rename(person.path("waits"), &bin).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&bin, mode).unwrap();
    person.enters("3");
    person.sees(&["# passwd -R d root", "waiting"]);
    person.types("\x03");
    person.sees(&["^C", PROMPT]);
    person.types("\x03");
    assert!(!person.is_left().success());
}
