//! Tab: what it completes, and how it lists.

use crate::person::{Person, Session};

/// Types a line with Tabs in it; what the last row becomes.
fn check(session: Session, keys: &str, row: &str) {
    let mut person = Person::with(session);
    person.types(keys);
    person.types("|");
    person.sees(&[&format!("$ {row}|")]);
}

fn files() -> Session {
    Session::new()
        .file("one.txt", "")
        .file("two words.txt", "")
        .file("dir/inner.txt", "")
        .file("run.sh", "")
        .file(".hidden", "")
}

#[test]
fn commands_are_completed_where_one_belongs() {
    check(Session::new(), "hist\t", "history ");
    check(Session::new(), "ls | umou\t", "ls | umount ");
    check(Session::new(), "if umou\t", "if umount ");
    check(Session::new(), "X=1 umou\t", "X=1 umount ");
    check(
        Session::new(),
        "fancy() { :; }; fanc\t",
        "fancy() { :; }; fanc",
    );
    let mut person = Person::new();
    person.tells("fancy() { :; }; alias frob=ls");
    person.types("fanc\t;fro\t|");
    person.sees(&["$ fancy ;frob |"]);
}

#[test]
fn files_are_completed_with_what_their_names_need() {
    check(files(), "cat o\t", "cat one.txt ");
    check(files(), "cat tw\t", "cat two\\ words.txt ");
    check(files(), "cat \"two w\t", "cat \"two words.txt\" ");
    check(files(), "cat d\tin\t", "cat dir/inner.txt ");
    check(files(), "cat .h\t", "cat .hidden ");
    check(files(), "cat >o\t", "cat >one.txt ");
    check(files(), "FILE=o\t", "FILE=one.txt ");
    check(files(), "cd d\t", "cd dir/");
    check(files(), "cd on\t", "cd on");
    // Only what can be run is a command.
    check(files(), "./r\t", "./r");
    check(files(), "./d\t", "./dir/");
}

#[test]
fn the_home_directory_and_variables_are_completed() {
    check(files(), "cat ~/o\t", "cat ~/one.txt ");
    check(files(), "cd ~\tdi\t", "cd ~/dir/");
    check(files(), "echo $HOM\t", "echo $HOME ");
    check(files(), "echo ${HISTF", "echo ${HISTF");
    check(
        files().set("WHERE", "dir"),
        "cat $WHERE/i\t",
        "cat $WHERE/inner.txt ",
    );
    check(
        files().set("WHEREVER", "x"),
        "echo \"${WHE\t",
        "echo \"${WHEREVER}\" ",
    );
    check(files(), "unset HOM\t", "unset HOME ");
}

#[test]
fn users_are_completed_behind_a_tilde() {
    check(Session::new(), "cd ~roo\t", "cd ~root/");
    check(Session::new(), "~roo\t", "~root/");
    check(Session::new(), "cd ~nosuchuse\t", "cd ~nosuchuse");
}

#[test]
fn a_second_tab_lists_in_columns_and_the_line_goes_on() {
    let session = Session::new()
        .size(30, 24)
        .file("d/aaa1", "")
        .file("d/aaa2", "")
        .file("d/aaa3/x", "")
        .file("d/aaa4", "")
        .file("d/aaa \u{6f22}", "");
    let mut person = Person::with(session);
    person.types("ls d/a\t");
    person.sees(&["$ ls d/aaa"]);
    person.types("\t");
    person.types("\t");
    person.sees(&[
        "$ ls d/aaa",
        "aaa \u{6f22}  aaa2    aaa4",
        "aaa1    aaa3/",
        "$ ls d/aaa",
    ]);
    person.types("4\t-");
    person.sees(&["$ ls d/aaa4 -"]);
}

#[test]
fn settings_are_completed_level_by_level() {
    let session = || {
        Session::new().file(
            "conf/network",
            "config interface lan\n\toption ipaddr 192.168.1.1\n\toption netmask 255.255.255.0\n\
             config route\n\toption target 0.0.0.0\n",
        )
    };
    check(session(), "uci sh\t", "uci show ");
    check(
        session(),
        "uci -c conf show n\t",
        "uci -c conf show network ",
    );
    check(
        session(),
        "uci -c conf get n\tl\ti\t",
        "uci -c conf get network.lan.ipaddr ",
    );
    check(
        session(),
        "uci -c conf set n\tl\ti\t",
        "uci -c conf set network.lan.ipaddr=",
    );
    check(
        session(),
        "uci -c conf commit n\t",
        "uci -c conf commit network ",
    );
    check(
        session(),
        "uci -c conf show network.\t\t",
        "uci -c conf show network.",
    );
    let mut person = Person::with(session());
    person.types("uci -c conf get network.@r\tt\t\r");
    person.sees(&[
        "$ uci -c conf get network.@route\\[0\\].target",
        "0.0.0.0",
        "$",
    ]);
}

#[test]
fn operands_of_our_own_commands_are_completed() {
    check(Session::new(), "mtd jf\t", "mtd jffs2write ");
    check(Session::new(), "mtd er\t", "mtd erase ");
    check(Session::new(), "jffs2 ex\t", "jffs2 extract ");
    check(Session::new(), "kill -US\t1\t", "kill -USR1 ");
    check(Session::new(), "umount /pr\t", "umount /proc ");
    check(Session::new(), "safebox firstb\t", "safebox firstboot ");
    check(Session::new(), "type hist\t", "type history ");
    check(
        Session::new(),
        "/etc/init.d/network rest\t",
        "/etc/init.d/network restart ",
    );
    let mut person = Person::new();
    person.tells("set -b; sleep 1000 &");
    person.types("kill %\t\r");
    person.sees(&["[1]+  Terminated                 sleep 1000", "$"]);
}

#[test]
fn names_with_strange_bytes_do_not_reach_the_terminal() {
    let mut person = Person::with(Session::new().file("d/a\x1b[2Jb", "").file("d/ac", ""));
    person.types("ls d/a\t\t");
    person.sees(&["$ ls d/a", "a^[[2Jb  ac", "$ ls d/a"]);
}
