//! Jobs: foreground and background, stopping and going on, signals and the terminal.

use crate::person::{Person, Session, until};

#[test]
fn control_z_stops_a_job_and_fg_and_bg_let_it_go_on() {
    let mut person = Person::new();
    person.enters("sleep 1000; echo $?");
    person.sees(&["$ sleep 1000; echo $?"]);
    person.waits_for_a_command();
    person.types("\x1a");
    person.sees(&[
        "^Z",
        "[1]+  Stopped                    sleep 1000",
        "148",
        "$",
    ]);
    person.enters("bg");
    person.sees(&["[1] sleep 1000", "$"]);
    person.enters("jobs");
    person.sees(&["[1]+  Running                    sleep 1000", "$"]);
    person.enters("fg");
    person.sees(&["$ fg", "sleep 1000"]);
    person.waits_for_a_command();
    person.types("\x03");
    person.sees(&["^C", "$"]);
    person.enters("echo $?; jobs");
    person.sees(&["130", "$"]);
}

#[test]
fn jobs_are_marked_and_those_that_are_stopped_come_first() {
    let mut person = Person::new();
    person.enters("sleep 1001 & sleep 1002 & sleep 1003 &");
    person.enters("jobs");
    person.sees(&[
        "[1]   Running                    sleep 1001",
        "[2]-  Running                    sleep 1002",
        "[3]+  Running                    sleep 1003",
        "$",
    ]);
    person.enters("fg %1");
    person.sees(&["sleep 1001"]);
    person.waits_for_a_command();
    person.types("\x1a");
    person.sees(&["[1]+  Stopped                    sleep 1001", "$"]);
    person.enters("sleep 1004 & jobs");
    person.sees(&[
        "[1]+  Stopped                    sleep 1001",
        "[2]   Running                    sleep 1002",
        "[3]   Running                    sleep 1003",
        "[4]-  Running                    sleep 1004",
        "$",
    ]);
    person.enters("kill %1 %?1002 %sleep; kill %3 %- %4; wait; jobs");
    person.sees_word("jobs");
    person.enters("kill %%");
    person.sees(&["$ kill %%", "sh: kill: %%: no such job", "$"]);
}

#[test]
fn ends_are_reported_before_the_next_prompt() {
    let mut person = Person::new();
    person.enters("(exit 3) & wait $!; echo $?");
    person.sees(&["3", "$"]);
    person.enters("trap got=1 CHLD; : & until [ $got ]; do :; done");
    person.sees(&["[1]+  Done                       :", "$"]);
}

#[test]
fn the_words_for_the_ends_of_jobs() {
    let check = |command: &str, report: &str| {
        let mut person = Person::new();
        person.enters(&format!("set -b; {command} &"));
        person.sees(&[report, "$"]);
    };
    check("(exit 3)", "[1]+  Done(3)                    (exit 3)");
    check("true", "[1]+  Done                       true");
    check(
        "sh -c 'kill -9 $$'",
        "[1]+  Killed                     sh -c 'kill -9 $$'",
    );
    check("cat", "[1]+  Stopped (tty input)        cat");
    check(
        "sh -c 'kill -STOP $$'",
        "[1]+  Stopped (signal)           sh -c 'kill -STOP $$'",
    );
}

#[test]
fn set_b_reports_at_once_and_the_line_being_typed_stays() {
    let mut person = Person::new();
    person.enters("set -b; sleep 1000 & echo p$!");
    person.reads_until("an id", |glass| {
        glass.text().iter().any(|row| row.starts_with('p'))
    });
    person.sees(&["$"]);
    let row = person
        .glass
        .text()
        .into_iter()
        .rfind(|row| row.starts_with('p'));
    let child: i32 = row.unwrap()[1..].parse().unwrap();
    person.types("echo kept");
    person.sees(&["$ echo kept"]);
    safebox::sys::signal::send(child, 15).unwrap();
    person.sees_word("Terminated");
    person.types("\r");
    person.sees(&["$ echo kept", "kept", "$"]);
}

#[test]
fn exit_warns_once_about_stopped_jobs() {
    let mut person = Person::new();
    person.enters("sleep 1000");
    person.waits_for_a_command();
    person.types("\x1a");
    person.sees_word("Stopped");
    person.enters("exit 5");
    person.sees(&["You have stopped jobs.", "$"]);
    person.enters("echo still here");
    person.sees(&["still here", "$"]);
    person.types("\x04");
    person.sees(&["You have stopped jobs.", "$"]);
    person.types("\x04");
    assert_eq!(person.is_left().code(), Some(0));
}

#[test]
fn a_foreground_pipeline_reads_the_terminal_and_control_c_ends_it_alone() {
    let mut person = Person::new();
    person.enters("cat | sh -c 'read x; echo got $x; cat'");
    person.enters("line");
    person.sees_word("got line");
    person.types("\x03");
    person.sees(&["got line", "^C", "$"]);
    person.enters("echo $?");
    person.sees(&["130", "$"]);
}

#[test]
fn control_c_ends_loops_and_functions_of_the_shell() {
    let mut person = Person::new();
    person.tells("sleep 1000 &");
    for command in [
        "while :; do :; done",
        "while sleep 1000; do :; done",
        "f() { sleep 1000; echo no; }; f; echo no",
        "read x",
        "wait",
        "echo $(sleep 1000)",
    ] {
        person.enters(command);
        // The terminal is out of the editor's hands: the command runs.
        person.reads_until("the echo", |glass| {
            glass.text().last().is_some_and(|row| row.contains(command))
        });
        person.waits_for_plain_lines();
        person.types("\x03");
        person.sees(&["^C", "$"]);
        person.enters("echo $?");
        person.sees(&["130", "$"]);
    }
}

#[test]
fn control_c_reaches_a_program_that_is_only_just_being_started() {
    let mut person = Person::new();
    for _ in 0..30 {
        person.enters("sleep 1000");
        person.reads_until("the echo", |glass| {
            glass.text().last().is_some_and(|row| row.contains("sleep"))
        });
        // The terminal is out of the editor's hands, and not yet in those of the program.
        person.waits_for_plain_lines();
        person.types("\x03");
        person.sees(&["^C", "$"]);
    }
}

#[test]
fn control_c_ends_the_waiting_for_the_other_end_of_a_fifo() {
    let mut person = Person::new();
    person.tells("mkfifo f");
    person.enters("read x <f");
    let wchan = format!("/proc/{}/wchan", person.shell());
    until("the waiting", || {
        std::fs::read_to_string(&wchan).is_ok_and(|place| place == "wait_for_partner")
    });
    person.types("\x03");
    person.sees(&["^C", "$"]);
    person.enters("echo $?");
    person.sees(&["130", "$"]);
}

#[test]
fn traps_run_while_the_shell_waits_and_while_a_line_is_typed() {
    let mut person = Person::new();
    person.enters("trap 'echo trapped' USR1; (kill -USR1 $$; sleep 1000) & wait; echo $?");
    person.sees(&["trapped", "138", "$"]);
    person.types("echo half");
    person.sees(&["$ echo half"]);
    safebox::sys::signal::send(person.shell() as i32, 10).unwrap();
    person.sees(&["trapped", "$ echo half"]);
    person.enters(" done");
    person.sees(&["half done", "$"]);
    person.enters("for i in 1");
    person.sees(&[">"]);
    safebox::sys::signal::send(person.shell() as i32, 10).unwrap();
    person.enters("do echo body; done");
    person.sees(&["trapped", "body", "$"]);
}

#[test]
fn a_trap_on_control_c_runs_at_the_prompt() {
    let mut person = Person::new();
    person.tells("trap 'echo int' INT");
    person.types("abc\x03");
    person.sees(&["$ abc^C", "int", "$"]);
}

#[test]
fn without_job_control_background_jobs_stay_in_the_shells_group() {
    let mut person = Person::new();
    person.enters("set +m; sleep 1000 & fg");
    person.sees(&["sh: fg: job 1 not created under job control", "$"]);
    person.enters("kill $!; wait; set -m; sleep 1000");
    person.sees_word("set -m; sleep 1000");
    person.waits_for_a_command();
    person.types("\x1a");
    person.sees(&["[1]+  Stopped                    sleep 1000", "$"]);
    person.enters("set -b; kill %1");
    person.sees(&["[1]+  Terminated                 sleep 1000", "$"]);
}

#[test]
fn a_shell_without_a_controlling_terminal_is_usable() {
    let mut session = Session::new();
    session.controls = false;
    let mut person = Person::with(session);
    person.sees_word("sh: can't access tty; job control turned off");
    person.enters("echo a$((1+1)) | cat");
    person.sees(&["a2", "$"]);
    person.types("x\x03");
    person.sees(&["$ x^C", "$"]);
    person.enters("exit 6");
    assert_eq!(person.is_left().code(), Some(6));
}
