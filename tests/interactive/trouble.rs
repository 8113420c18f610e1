//! What goes wrong at a terminal, and what the shell makes of it.

use crate::person::{Person, Session, is_gone, until};
use rustix::termios::LocalModes;

#[test]
fn a_syntax_error_costs_one_line() {
    let mut person = Person::new();
    for (line, message) in [
        (")", "sh: syntax error: unexpected \")\""),
        ("fi; echo no", "sh: syntax error: unexpected \"fi\""),
        ("echo ${", "sh: syntax error: bad substitution"),
    ] {
        person.enters(line);
        person.sees_word(message);
    }
    person.enters("echo ok; echo )");
    person.sees_word("syntax error");
    person.enters("echo $?");
    person.sees(&["2", "$"]);
}

#[test]
fn end_of_input_inside_a_construct_is_a_syntax_error_and_the_shell_stays() {
    let mut person = Person::new();
    for (line, message) in [
        (
            "if true",
            "sh: syntax error: unexpected end of file (expecting \"then\")",
        ),
        ("echo 'a", "sh: syntax error: unterminated quoted string"),
    ] {
        person.enters(line);
        person.sees(&[">"]);
        person.types("\x04");
        person.sees(&[message, "$"]);
    }
    person.enters("cat <<E");
    person.enters("text");
    person.sees(&["> text", ">"]);
    person.types("\x04");
    person.sees_word("text");
    person.enters("echo o''k");
    person.sees(&["ok", "$"]);
}

#[test]
fn a_line_of_64_kilobytes_is_taken() {
    let mut person = Person::new();
    let text = "0123456789abcdef".repeat(4096);
    person.types(format!("x={text}; echo ${{#x}}\r"));
    person.sees(&["65536", "$"]);
}

#[test]
fn binary_rubbish_does_no_harm() {
    let mut person = Person::new();
    let mut seed = 7_u32;
    let mut rubbish = Vec::new();
    while rubbish.len() < 20_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let byte = (seed >> 24) as u8;
        // Nothing that runs or drops what came before, ends the shell, or lists names.
        if !matches!(byte, b'\r' | b'\n' | 0x03 | 0x04 | 0x09) {
            rubbish.push(byte);
        }
    }
    person.types(&rubbish);
    person.types("\x1b[201~\x03");
    person.sees(&["$"]);
    person.enters("echo o''k");
    person.sees(&["ok", "$"]);
}

#[test]
fn a_hang_up_ends_the_shell_and_its_jobs_and_keeps_the_history() {
    let mut person = Person::new();
    person.enters("sleep 1000 & echo p$!; sleep 1000 | cat & echo p$!");
    person.enters("sh -c 'kill -STOP $$' & echo p$!; trap 'echo bye >farewell' EXIT");
    person.enters("echo al''l");
    // The news of the stopped job comes before this prompt or the next.
    person.reads_until("all and a prompt", |glass| {
        let text = glass.text();
        let all = text.iter().position(|row| row == "all");
        all.is_some_and(|all| text[all..].iter().any(|row| row == "$"))
    });
    let rows = person.glass.text();
    let pids: Vec<i32> = rows
        .iter()
        .filter_map(|row| row.strip_prefix('p')?.parse().ok())
        .collect();
    assert_eq!(pids.len(), 3, "{rows:?}");
    person.hangs_up();
    assert_eq!(person.is_left().code(), Some(129));
    for pid in pids {
        until("the end of a job", || is_gone(pid));
    }
    let history = std::fs::read_to_string(person.path(".ash_history")).unwrap();
    assert!(history.ends_with("echo al''l\n"), "{history}");
    assert_eq!(
        std::fs::read_to_string(person.path("farewell")).unwrap(),
        "bye\n"
    );
}

#[test]
fn a_hang_up_ends_a_shell_that_does_not_want_to_end() {
    for (setup, term) in [
        ("set -o ignoreeof", "vt102"),
        ("set -o ignoreeof", "dumb"),
        ("trap ':' HUP", "vt102"),
        ("while :; do :; done", "vt102"),
    ] {
        let mut person = Person::with(Session::new().set("TERM", term));
        person.enters(setup);
        person.sees_word(setup);
        person.hangs_up();
        assert_eq!(person.is_left().code(), Some(129), "{setup}");
    }
}

#[test]
fn ignoreeof_keeps_the_shell_at_control_d() {
    let mut person = Person::new();
    person.tells("set -o ignoreeof");
    person.types("\x04");
    person.sees(&["Use \"exit\" to leave shell.", "$"]);
}

#[test]
fn ignoreeof_does_not_keep_a_shell_whose_input_is_no_terminal() {
    let mut person = Person::new();
    person.enters("sh -I -i </dev/null; echo left $?");
    person.sees_word("left 0");
}

#[test]
fn a_killed_program_leaves_the_terminal_as_it_was() {
    let mut session = Session::new();
    for number in 0..100 {
        session = session.file("long", &format!("line {number}\n").repeat(100));
    }
    let mut person = Person::with(session);
    person.enters("less long");
    person.reads_until("the pager", |glass| {
        glass
            .text()
            .iter()
            .filter(|row| row.starts_with("line"))
            .count()
            > 10
    });
    let children = format!("/proc/{0}/task/{0}/children", person.shell());
    let children = std::fs::read_to_string(children).unwrap();
    let pager: i32 = children.trim().parse().unwrap();
    safebox::sys::signal::send(pager, 9).unwrap();
    person.sees_word("Killed");
    person.enters("cat");
    person.sees_word("$ cat");
    person.waits_for_a_command();
    assert!(
        person
            .modes()
            .local_modes
            .contains(LocalModes::ECHO | LocalModes::ISIG)
    );
    person.types("typed\r");
    person.sees(&["typed", "typed"]);
    person.types("\x04");
    person.sees(&["typed", "typed", "$"]);
}
