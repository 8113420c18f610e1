//! Every key of the line editor.

use crate::person::Person;

/// Types keys behind the prompt; the row and the column of the cursor that they lead to.
fn check(keys: &str, row: &str, column: usize) {
    let mut person = Person::new();
    person.types(keys);
    person.sees_cursor(&[row], 0, column);
}

#[test]
fn arrows_home_end_and_delete_move_and_delete() {
    check("abc\x1b[D\x1b[DX", "$ aXbc", 4);
    check("abc\x1bOD\x1bODX", "$ aXbc", 4);
    check("abc\x1b[D\x1b[D\x1b[D\x1b[CX", "$ aXbc", 4);
    for home in ["\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~"] {
        check(&format!("abc{home}X"), "$ Xabc", 3);
    }
    for end in ["\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~"] {
        check(&format!("abc\x01{end}X"), "$ abcX", 6);
    }
    check("abc\x01\x1b[3~", "$ bc", 2);
}

#[test]
fn control_keys_move_and_delete() {
    check("abc\x01X", "$ Xabc", 3);
    check("abc\x01\x05X", "$ abcX", 6);
    check("abc\x02\x02\x06X", "$ abXc", 5);
    check("abc\x02\x0b", "$ ab", 4);
    check("abc\x02\x15", "$ c", 2);
    check("one two/three \x17X", "$ one X", 7);
    check("abc\x01\x04", "$ bc", 2);
    check("one two\x17\x19\x19", "$ one twotwo", 12);
}

#[test]
fn both_backspaces_delete() {
    check("abc\x7f", "$ ab", 4);
    check("abc\x08", "$ ab", 4);
}

#[test]
fn words_are_crossed_and_deleted_with_alt_and_control() {
    for left in ["\x1bb", "\x1b[1;5D", "\x1b[1;3D", "\x1b[5D", "\x1b\x1b[D"] {
        check(&format!("one two{left}X"), "$ one Xtwo", 7);
    }
    for right in ["\x1bf", "\x1b[1;5C", "\x1b[1;3C", "\x1b[5C", "\x1b\x1b[C"] {
        check(&format!("one two\x01{right}X"), "$ oneX two", 6);
    }
    check("one two\x01\x1bd", "$  two", 2);
    check("one two/three\x1b\x7f", "$ one two/", 10);
    check("one two/three\x1b\x08", "$ one two/", 10);
}

#[test]
fn control_l_clears_the_screen_and_keeps_the_line() {
    let mut person = Person::new();
    person.types("abc\x02\x0c");
    person.reads_until("a clear screen", |glass| {
        glass.text() == ["$ abc"] && glass.cursor() == (0, 4)
    });
}

#[test]
fn control_d_ends_the_shell_on_an_empty_line_only() {
    let mut person = Person::new();
    person.tells("(exit 7)");
    person.types("x\x04\x01");
    person.types("\x04\x04");
    assert_eq!(person.is_left().code(), Some(7));
}

#[test]
fn control_c_drops_the_line_and_leaves_status_130() {
    let mut person = Person::new();
    person.types("never run\x01\x03");
    person.sees(&["$ never run^C", "$"]);
    person.enters("echo $?");
    person.sees(&["130", "$"]);
}

#[test]
fn history_is_walked_by_arrows_and_by_control_p_and_n() {
    let mut person = Person::new();
    person.enters("echo o''ne");
    person.sees(&["one", "$"]);
    person.enters("echo t''wo");
    person.sees(&["two", "$"]);
    person.types("new\x1b[A");
    person.sees(&["two", "$ echo t''wo"]);
    person.types("\x10");
    person.sees(&["two", "$ echo o''ne"]);
    person.types("\x1b[A");
    person.types("\x1b[B");
    person.sees(&["two", "$ echo t''wo"]);
    person.types("\x0e");
    person.sees_cursor(&["two", "$ new"], 0, 5);
}

#[test]
fn control_r_searches_the_history_while_the_text_grows() {
    let mut person = Person::new();
    for word in ["alpha", "beta", "gamma"] {
        person.tells(&format!(": {word}"));
    }
    person.types("begun\x12a");
    person.sees(&["(search) 'a': : gamma"]);
    person.types("l");
    person.sees(&["(search) 'al': : alpha"]);
    person.types("\x7f\x12");
    person.sees(&["(search) 'a': : beta"]);
    person.types("\x07");
    person.sees(&["$ begun"]);
    person.types("\x12bet\x05 again");
    person.sees(&["$ : beta again"]);
    person.types("\x12zzz");
    person.reads_until("a bell", |glass| glass.bells > 0);
}

#[test]
fn control_v_takes_the_next_key_as_it_is() {
    let mut person = Person::new();
    person.types("printf '%d\\n' \"'\x16\x09\"");
    person.sees(&["$ printf '%d\\n' \"'^I\""]);
    person.types("\r");
    person.sees(&["9", "$"]);
}

#[test]
fn a_key_costs_few_bytes_on_a_slow_line() {
    let mut person = Person::new();
    person.types("uci set network.lan.ipaddr=192.168.1.1");
    person.sees(&["$ uci set network.lan.ipaddr=192.168.1.1"]);
    let mut check = |keys: &str, row: &str, column, most: usize| {
        person.received.clear();
        person.types(keys);
        person.sees_cursor(&[row], 0, column);
        let cost = person.received.len();
        assert!(cost <= most, "{keys:?} cost {cost} bytes");
    };
    check("7", "$ uci set network.lan.ipaddr=192.168.1.17", 41, 1);
    check("\x7f", "$ uci set network.lan.ipaddr=192.168.1.1", 40, 4);
    check("\x1b[D", "$ uci set network.lan.ipaddr=192.168.1.1", 39, 1);
    check("2", "$ uci set network.lan.ipaddr=192.168.1.21", 40, 3);
    check("\x01", "$ uci set network.lan.ipaddr=192.168.1.21", 2, 5);
    check("\x05", "$ uci set network.lan.ipaddr=192.168.1.21", 41, 5);
}
