//! Greeting, prompts, help, and what is said about commands that do not exist.

use crate::person::{Person, Session};

#[test]
fn the_greeting_gives_name_and_version_before_the_profile_speaks() {
    let session = Session::new().file(".profile", "echo profile; PS1='> '");
    let mut person = session.command(&["sh", "-l"]).start();
    let version = concat!(
        "safebox v",
        env!("CARGO_PKG_VERSION"),
        " built-in shell (ash)"
    );
    person.sees_word("profile");
    let rows = person.glass.text();
    let help = "Enter 'help' for a list of built-in commands.";
    assert_eq!(rows[..5], ["", "", version, help, ""]);
}

#[test]
fn help_lists_the_builtins_and_tells_where_to_read_on() {
    let mut person = Person::new();
    person.enters("help");
    person.sees_word("'safebox' lists the other commands, and 'NAME --help' explains one.");
    let text = person.screen();
    for name in ["alias", "cd", "history", "umask", "wait"] {
        assert!(text.split_whitespace().any(|word| word == name), "{name}");
    }
}

/// Shows a prompt, with `@` at its end to know it by.
fn check(prompt: &str, expected: &str) {
    let session = Session::new()
        .set("PS1", format!("{prompt}@"))
        .file("sub/dir/x", "");
    let mut person = session.start();
    person.sees(&[&format!("{expected}@")]);
}

#[test]
fn escapes_of_the_prompt_are_replaced() {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let mark = if rustix::process::geteuid().is_root() {
        "#"
    } else {
        "$"
    };
    check("\\h", name.split('.').next().unwrap());
    check("\\H", &name);
    check("\\w \\W", "~ ~");
    check("\\$", mark);
    check("a\\nb", "b");
    check("x\\ry", "y");
    check("\\x41\\102\\\\", "AB\\");
    check("\\[\\e[1m\\]bold\\[\\e[m\\]", "bold");
    check("$((1+2))`echo 4`$(echo 5)", "345");
}

#[test]
fn the_time_is_told_in_four_ways() {
    let check = |escape: &str, form: &str| {
        let session = Session::new()
            .set("PS1", format!("<{escape}>"))
            .set("TZ", "UTC");
        let mut person = session.start();
        person.sees_word(">");
        let row = person.glass.text().pop().unwrap();
        let shape: String = row
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        let shape = shape.replace("PM", "AM");
        assert_eq!(shape, form, "{escape}");
    };
    check("\\t", "<00:00:00>");
    check("\\T", "<00:00:00>");
    check("\\A", "<00:00>");
    check("\\@", "<00:00 AM>");
}

#[test]
fn what_stands_between_brackets_takes_no_room() {
    let session = Session::new()
        .size(20, 5)
        .set("PS1", "\\[\\e[1;32m\\]p\\[\\e[0m\\]$ ");
    let mut person = session.start();
    person.sees(&["p$"]);
    person.types("1234567890123456789");
    person.sees_cursor(&["p$ 12345678901234567", "89"], 0, 2);
    person.types("\x01");
    person.sees_cursor(&["p$ 12345678901234567", "89"], 1, 3);
}

#[test]
fn the_prompt_is_expanded_each_time_and_its_status_is_nobodys() {
    let session = Session::new()
        .set("PS1", "$? $(false)\\w> ")
        .file("sub/x", "");
    let mut person = session.start();
    person.sees(&["0 ~>"]);
    person.enters("cd sub; (exit 3)");
    person.sees(&["3 ~/sub>"]);
    person.enters("");
    person.sees(&["3 ~/sub>", "3 ~/sub>"]);
}

#[test]
fn a_directory_cannot_smuggle_commands_into_the_prompt() {
    let session = Session::new()
        .set("PS1", "\\w$ ")
        .file("$(echo bad)\x1b[2J`x`/x", "");
    let mut person = session.start();
    person.sees(&["~$"]);
    person.enters("cd *bad*");
    person.sees(&["~/$(echo bad)?[2J`x`$"]);
}

#[test]
fn ps2_and_ps4_are_shown_and_expanded() {
    let session = Session::new()
        .set("PS2", "more $((2+1)): ")
        .set("PS4", "trace $((3+1)): ");
    let mut person = Person::with(session);
    person.enters("echo \"a");
    person.sees(&["more 3:"]);
    person.enters("b\"");
    person.sees(&["a", "b", "$"]);
    person.enters("set -x; echo x");
    person.sees(&["trace 4: echo x", "x", "$"]);
}

#[test]
fn output_without_a_line_end_stays_before_the_prompt() {
    let mut person = Person::new();
    person.enters("printf abc");
    person.sees(&["$ printf abc", "abc$"]);
}

#[test]
fn a_slip_of_the_finger_gets_a_hint() {
    let mut person = Person::new();
    person.enters("sysupgade");
    person.sees(&[
        "sh: sysupgade: not found",
        "sh: did you mean sysupgrade?",
        "$",
    ]);
    person.enters("hisotry; echo $?");
    person.sees(&[
        "sh: hisotry: not found",
        "sh: did you mean history?",
        "127",
        "$",
    ]);
    person.enters("nothinglikethis");
    person.sees(&["sh: nothinglikethis: not found", "$"]);
    person.enters("sh -c sysupgade");
    person.sees(&["$ sh -c sysupgade", "sh: sysupgade: not found", "$"]);
}
