//! Lines that are long, wide, pasted, or several at once; and what becomes of them later.

use crate::person::{Person, Session};

#[test]
fn a_long_line_wraps_and_is_edited_over_its_rows() {
    let mut person = Person::with(Session::new().size(10, 8));
    // Eight characters fill the row behind the prompt exactly.
    person.types("12345678");
    person.sees_cursor(&["$ 12345678"], 0, 0);
}

#[test]
fn the_cursor_is_right_at_the_margin() {
    let mut person = Person::with(Session::new().size(10, 8));
    person.types("1234567");
    person.sees_cursor(&["$ 1234567"], 0, 9);
    person.types("8");
    person.reads_until("a new row", |glass| glass.cursor().1 == 0);
    person.types("9");
    person.sees_cursor(&["$ 12345678", "9"], 0, 1);
    person.types("\x7f\x7f");
    person.sees_cursor(&["$ 1234567"], 0, 9);
    person.types("89abcdefghij\x01X");
    person.sees_cursor(&["$ X1234567", "89abcdefgh", "ij"], 2, 3);
    person.types("\x05\x15");
    person.sees_cursor(&["$"], 0, 2);
    person.types("echo 1234567890\r");
    person.sees(&["$ echo 123", "4567890", "1234567890", "$"]);
}

#[test]
fn a_line_with_more_rows_than_the_terminal_can_be_edited() {
    let mut person = Person::with(Session::new().size(10, 3));
    person.types("echo 12345678901234567890123456789");
    person.sees(&["4567890123", "4567890123", "456789"]);
    person.types("\x01\x1b[3~\x1b[3~\x1b[3~\x1b[3~printf\x05.");
    person.types("\r");
    person.sees_word("123456789.");
    person.enters("echo $?");
    person.sees(&["$ echo $?", "0", "$"]);
}

#[test]
fn wide_and_combining_characters_take_the_room_they_take() {
    let mut person = Person::with(Session::new().size(10, 8));
    person.types("\u{6f22}\u{5b57}e\u{301}");
    person.sees_cursor(&["$ \u{6f22}\u{5b57}e\u{301}"], 0, 7);
    person.types("\x1b[D\x1b[DX");
    person.sees_cursor(&["$ \u{6f22}X\u{5b57}e\u{301}"], 0, 5);
    person.types("\x05\x7f\x7f\x7f\x7f123456\u{6f22}");
    person.reads_until("a full row", |glass| {
        glass
            .text()
            .last()
            .is_some_and(|row| row == "$ 123456\u{6f22}")
            && glass.cursor().1 == 0
    });
}

#[test]
fn a_wide_character_does_not_straddle_the_margin() {
    let mut person = Person::with(Session::new().size(10, 8));
    person.types("1234567\u{6f22}");
    person.sees_cursor(&["$ 1234567", "\u{6f22}"], 0, 2);
    person.types("\x7f");
    person.sees_cursor(&["$ 1234567"], 0, 9);
    person.types("\u{e4}\r");
    person.sees_word("1234567\u{e4}");
}

#[test]
fn a_new_window_size_is_followed() {
    let mut person = Person::with(Session::new().size(40, 8));
    person.types("123456789012345678");
    person.sees_cursor(&["$ 123456789012345678"], 0, 20);
    person.resizes(10, 8);
    person.sees_cursor(&["$ 12345678", "9012345678"], 0, 0);
}

#[test]
fn pasted_lines_are_not_executed_until_enter() {
    let mut person = Person::with(Session::new().set("TERM", "xterm-256color"));
    person.reads_until("the request for marks", |glass| glass.modes == ["?2004"]);
    person.types("\x1b[200~echo a$((1+1))\recho\tb$((1+2))\x1b[201~");
    person.sees(&["$ echo a$((1+1))", "echo^Ib$((1+2))"]);
    person.types("\r");
    person.sees(&["a2", "b3", "$"]);
    person.types("sleep 1000\r");
    person.reads_until("no marks for programs", |glass| glass.modes.is_empty());
    person.waits_for_a_command();
    person.types("\x03");
    person.reads_until("marks", |glass| glass.modes == ["?2004"]);
    // The end of a paste got lost.
    person.types("\x1b[200~lost\x03");
    person.sees(&["$ lost^C", "$"]);
    person.types("echo \x1b[200~ok$((1+3))\x1b[201~\r");
    person.sees_word("ok4");
}

#[test]
fn what_follows_a_pasted_control_c_is_not_executed() {
    let mut person = Person::with(Session::new().set("TERM", "xterm-256color"));
    person.reads_until("the request for marks", |glass| glass.modes == ["?2004"]);
    person.types("\x1b[200~echo a\x03\recho b$((1+1))\r\x1b[201~|");
    person.sees(&["$ echo a", "echo b$((1+1))", "|"]);
}

#[test]
fn a_serial_line_is_not_asked_for_marks_around_pasted_text() {
    let person = Person::new();
    assert!(!person.received.contains(&0x1b));
}

#[test]
fn a_construct_of_several_lines_is_recalled_as_one() {
    let mut person = Person::new();
    person.enters("for i in 1 2");
    person.sees(&[">"]);
    person.enters("do echo n$i");
    person.enters("done");
    person.sees(&["> done", "n1", "n2", "$"]);
    person.types("\x1b[A");
    person.sees(&["$ for i in 1 2", "do echo n$i", "done"]);
    person.types("\x7f\x7f\x7f\x7fecho m$i; done\r");
    person.sees(&["m1", "n2", "m2", "$"]);
    person.enters("cat <<E");
    person.enters("text");
    person.enters("E");
    person.sees(&["> E", "text", "$"]);
    person.types("\x10\x10");
    person.sees(&["$ for i in 1 2", "do echo n$i", "echo m$i; done"]);
    person.types("\x0e");
    person.sees(&["$ cat <<E", "text", "E"]);
    person.types("\r");
    person.sees(&["E", "text", "$"]);
}

#[test]
fn the_history_outlives_the_shell_without_repetitions() {
    let mut person = Person::with(
        Session::new()
            .file("kept", ": first\n")
            .set("HISTFILE", "kept"),
    );
    for line in [": a", ": a", "", "if true", "then : b", "fi"] {
        person.enters(line);
    }
    person.enters("history");
    person.sees(&[
        "   0 : first",
        "   1 : a",
        "   2 if true",
        "then : b",
        "fi",
        "   3 history",
        "$",
    ]);
    person.enters("exit 4");
    assert_eq!(person.is_left().code(), Some(4));
    let kept = std::fs::read_to_string(person.path("kept")).unwrap();
    assert_eq!(
        kept,
        ": first\n: a\nif true\\\nthen : b\\\nfi\nhistory\nexit 4\n"
    );
    let mode = std::os::unix::fs::PermissionsExt::mode;
    assert_eq!(
        mode(
            &std::fs::metadata(person.path("kept"))
                .unwrap()
                .permissions()
        ) & 0o777,
        0o600
    );
    let mut next = Person::with(Session::new().file("kept", &kept).set("HISTFILE", "kept"));
    next.types("\x10\x10\x10");
    next.sees(&["$ if true", "then : b", "fi"]);
}

#[test]
fn a_history_that_cannot_be_written_keeps_the_old_one() {
    // A file larger than the limit stands for a full file system.
    let session = Session::new()
        .file("kept", ": old\n")
        .set("HISTFILE", "kept");
    let mut person = Person::with(session);
    person.enters("trap '' XFSZ; ulimit -f 0");
    person.enters("exit 3");
    assert_eq!(person.is_left().code(), Some(3));
    assert_eq!(
        std::fs::read_to_string(person.path("kept")).unwrap(),
        ": old\n"
    );
    let rest = std::fs::read_dir(person.home.path()).unwrap();
    let names = rest.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.filter(|name| name.starts_with("kept")).eq(["kept"]));
}

#[test]
fn a_history_file_that_is_no_file_is_only_written_to() {
    let mut person = Person::with(Session::new().set("HISTFILE", "link"));
    person.enters("cd ~; : nothing");
    std::os::unix::fs::symlink("/dev/null", person.path("link")).unwrap();
    person.enters("exit");
    assert!(person.is_left().success());
    let target = std::fs::read_link(person.path("link")).unwrap();
    assert_eq!(target, std::path::Path::new("/dev/null"));
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let mut person = Person::with(Session::new().set("TERM", "dumb"));
    person.enters("echo a$((1+1))");
    person.sees(&["$ echo a$((1+1))", "a2", "$"]);
    person.types("never");
    person.sees(&["$ never"]);
    person.types("\x03");
    person.sees(&["$ never^C", "$"]);
    person.enters("echo $?");
    person.sees(&["130", "$"]);
    person.enters("for i in 1");
    person.sees(&[">"]);
    person.types("\x03");
    person.sees(&["> ^C", "$"]);
    assert!(!person.received.contains(&0x1b));
    person.types("\x04");
    assert_eq!(person.is_left().code(), Some(130));
}

#[test]
fn a_terminal_that_does_not_know_its_size_counts_as_80x24() {
    let mut person = Person::with(Session::new().size(0, 0));
    let text = "x".repeat(75);
    person.types(format!(": {text}1234"));
    person.sees_cursor(&[&format!("$ : {text}1"), "234"], 0, 3);
}
