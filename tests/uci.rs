//! uci against what the original was observed to do (`cli/uci-cases.json`), and its behaviour
//! where storage fails.
//!
//! Each case runs in a fresh directory: files are laid out, commands run with `argv[0]` =
//! `uci`, then outputs, statuses, files, modes and links are compared.
//! Environment as for `cli.rs`: `SAFEBOX` is the binary, `SAFEBOX_RUNNER` runs it.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "the report of a test")]

#[path = "support/json.rs"]
mod json;
#[path = "support/transcript.rs"]
#[allow(dead_code, reason = "only its directories are used here")]
mod transcript;
#[path = "support/uci.rs"]
mod uci;

use json::Json;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use transcript::tempdir::TempDir;
use uci::{Subject, hidden, with_package};

#[test]
fn behaves_as_the_original_was_observed_to() {
    let subject = Subject::new();
    let cases = json::parse(include_str!("cli/uci-cases.json"));
    let mut failures = String::new();
    for case in cases.list() {
        for failure in differences(&subject, case) {
            failures += &format!("{}: {failure}\n", case.get("name").text());
        }
    }
    assert_eq!(cases.list().len(), 105);
    assert!(failures.is_empty(), "{failures}");
}

/// Runs a case; every difference from what it expects.
fn differences(subject: &Subject, case: &Json) -> Vec<String> {
    let dir = TempDir::new();
    let dir = dir.path();
    lay_out(dir, case);
    let commands = case.get("commands").list();
    let (mut stdout, mut stderr, mut exits) = (String::new(), String::new(), Vec::new());
    for (number, command) in commands.iter().enumerate() {
        let args: Vec<_> = command.list().iter().skip(1).map(Json::text).collect();
        let input = match case.get("stdin") {
            Json::List(inputs) => inputs.get(number).unwrap_or(&Json::Null),
            _ => &Json::Null,
        };
        let input = if *input == Json::Null {
            ""
        } else {
            input.text()
        };
        let output = subject.run(dir, &args, input.as_bytes());
        stdout += &String::from_utf8_lossy(&output.stdout);
        stderr += &String::from_utf8_lossy(&output.stderr);
        exits.push(i64::from(output.status.code().unwrap_or(-1)));
    }
    let mut found = Vec::new();
    let mut compare = |what: &str, expected: &str, got: &str| {
        if expected != got {
            found.push(format!(
                "{what}\n  expected {expected:?}\n  got      {got:?}"
            ));
        }
    };
    compare("stdout", case.get("stdout").text(), &stdout);
    compare("stderr", case.get("stderr").text(), &stderr);
    if let Json::List(expected) = case.get("exits") {
        let expected: Vec<_> = expected.iter().map(Json::number).collect();
        compare("statuses", &format!("{expected:?}"), &format!("{exits:?}"));
    }
    let last = exits.last().copied().unwrap_or(-1);
    compare(
        "status",
        &case.get("exit").number().to_string(),
        &last.to_string(),
    );
    for (name, expected) in case.get("files_after").members() {
        let got = fs::read_to_string(dir.join(name)).unwrap_or("(missing)".into());
        let expected = if *expected == Json::Null {
            "(missing)"
        } else {
            expected.text()
        };
        compare(name, expected, &got);
    }
    for (name, expected) in case.get("modes_after").members() {
        let mode = fs::metadata(dir.join(name)).map_or(0, |file| file.mode() & 0o7777);
        compare(name, expected.text(), &format!("{mode:04o}"));
    }
    for (name, expected) in case.get("symlinks_after").members() {
        let target = fs::read_link(dir.join(name)).unwrap_or_default();
        compare(name, expected.text(), &target.to_string_lossy());
    }
    compare("left behind", "", &hidden(&dir.join("conf")));
    found
}

fn lay_out(dir: &Path, case: &Json) {
    fs::create_dir(dir.join("conf")).unwrap();
    fs::set_permissions(dir.join("conf"), Permissions::from_mode(0o755)).unwrap();
    let folders = [
        ("config_files", "conf"),
        ("delta_files", "save"),
        ("extra_files", ""),
    ];
    for (key, folder) in folders {
        for (name, content) in case.get(key).members() {
            let path = dir.join(folder).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content.text()).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        }
    }
    for (name, mode) in case.get("modes").members() {
        let mode = u32::from_str_radix(mode.text(), 8).unwrap();
        fs::set_permissions(dir.join(name), Permissions::from_mode(mode)).unwrap();
    }
    for (name, target) in case.get("symlinks").members() {
        std::os::unix::fs::symlink(target.text(), dir.join(name)).unwrap();
    }
}

#[test]
fn twenty_thousand_options_take_no_time() {
    let subject = Subject::new();
    let count = 20_000;
    let mut one = "config t big\n".to_owned();
    let mut many = String::new();
    let mut commands = String::new();
    let mut by_number = String::new();
    for number in 0..count {
        one += &format!("\toption name{number} 'value {number}'\n");
        many += &format!("config rule 'r{number}'\n\tlist l {number}\n");
        commands += &format!("set p.big.name{number}=x{number}\n");
        by_number += &format!(
            "set q.@rule[{number}].n={number}\nget q.@rule[-{}].l\n",
            number + 1
        );
    }
    let dir = with_package(&one);
    fs::write(dir.path().join("conf/q"), many).unwrap();
    // Generous, for slow machines and emulators: quadratic work takes minutes.
    let limit = Duration::from_secs(20);
    let start = Instant::now();
    let check = |args: &[&str], input: &str, lines: usize| {
        let (status, text) = subject.uci(dir.path(), args, input);
        assert_eq!((status, text.lines().count()), (0, lines), "{args:?}");
        assert!(
            start.elapsed() < limit,
            "{args:?} took {:?}",
            start.elapsed()
        );
    };
    check(&["show", "p"], "", count + 1);
    check(&["show", "q"], "", 2 * count);
    check(&["batch"], &commands, 0);
    check(&["changes", "p"], "", count);
    check(&["batch"], &by_number, count);
    check(&["commit"], "", 0);
    check(&["get", "p.big.name19999"], "", 1);
    assert_eq!(
        subject.uci(dir.path(), &["get", "p.big.name777"], "").1,
        "x777\n"
    );
}

#[test]
fn a_link_and_the_owner_stay() {
    let subject = Subject::new();
    let dir = with_package("config t s\n");
    let path = |name: &str| dir.path().join(name);
    fs::create_dir(path("real")).unwrap();
    fs::rename(path("conf/p"), path("real/target")).unwrap();
    std::os::unix::fs::symlink("../real/target", path("conf/p")).unwrap();
    let root = rustix::process::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(path("real/target"), Some(12), Some(34)).unwrap();
    }
    fs::set_permissions(path("real/target"), Permissions::from_mode(0o604)).unwrap();
    assert_eq!(subject.uci(dir.path(), &["set", "p.s.o=1"], "").0, 0);
    assert_eq!(subject.uci(dir.path(), &["commit", "p"], "").0, 0);
    assert_eq!(
        fs::read_link(path("conf/p")).unwrap(),
        Path::new("../real/target")
    );
    let text = fs::read_to_string(path("real/target")).unwrap();
    assert_eq!(text, "\nconfig t 's'\n\toption o '1'\n\n");
    let found = fs::metadata(path("real/target")).unwrap();
    assert_eq!(found.mode() & 0o777, 0o604);
    if root {
        assert_eq!((found.uid(), found.gid()), (12, 34));
    }
    assert_eq!(hidden(&path("real")), "");
}

#[test]
fn a_vanished_directory_is_named_and_the_changes_stay() {
    let subject = Subject::new();
    let dir = with_package("config t s\n");
    subject.uci(dir.path(), &["set", "p.s.o=1"], "");
    fs::rename(dir.path().join("conf"), dir.path().join("gone")).unwrap();
    for args in [&["commit"][..], &["commit", "p"]] {
        let (status, text) = subject.uci(dir.path(), args, "");
        assert_eq!(status, 1);
        assert!(
            text.starts_with("uci: I/O error: conf: No such file or directory;"),
            "{text}"
        );
    }
    let pending = fs::read_to_string(dir.path().join("save/p")).unwrap();
    assert_eq!(pending, "p.s.o='1'\n");
}

#[test]
fn processes_that_set_and_commit_at_once_lose_nothing() {
    let subject = Subject::new();
    let dir = with_package("config t s\n");
    let mut children: Vec<_> = (0..24)
        .map(|number| {
            let mut command = subject.command(dir.path());
            command.args(["-c", "conf", "-t", "save", "batch"]);
            let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
            let commands = format!("set p.s.o{number}={number}\ncommit p\n");
            child
                .stdin
                .take()
                .unwrap()
                .write_all(commands.as_bytes())
                .unwrap();
            child
        })
        .collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(subject.uci(dir.path(), &["commit"], "").0, 0);
    let shown = subject.uci(dir.path(), &["show", "p.s"], "").1;
    assert_eq!(shown.lines().count(), 25, "{shown}");
}

#[test]
fn other_parts_read_a_configuration_wherever_it_lies() {
    use safebox::uci::Config;
    let dir = with_package("config t lan\n\toption ip 1\n\tlist dns a\n\tlist dns 'b c'\n");
    fs::create_dir(dir.path().join("save")).unwrap();
    fs::write(dir.path().join("save/p"), "p.lan.ip='2'\n").unwrap();
    let mut plain = Config::at(dir.path().join("conf"));
    let mut changed = Config::at(dir.path().join("conf")).with_changes(dir.path().join("save"));
    let get = |config: &mut Config, reference: &str| {
        let value = config.get(reference).map_err(|error| error.to_string());
        value.map(|value| value.map(|value| String::from_utf8(value).unwrap()))
    };
    assert_eq!(get(&mut plain, "p.lan.ip"), Ok(Some("1".into())));
    assert_eq!(get(&mut changed, "p.lan.ip"), Ok(Some("2".into())));
    assert_eq!(get(&mut plain, "p.@t[-1]"), Ok(Some("t".into())));
    assert_eq!(get(&mut plain, "p.lan.dns"), Ok(Some("a b c".into())));
    let items = plain.items("p.lan.dns").unwrap().unwrap();
    assert_eq!(items, [b"a".to_vec(), b"b c".to_vec()]);
    for missing in ["p.lan.nope", "p.nope.ip", "p.@t[1].ip", "nope.a.b"] {
        assert_eq!(get(&mut plain, missing), Ok(None), "{missing}");
    }
    fs::write(dir.path().join("conf/p"), "bad\n").unwrap();
    let error = get(&mut plain, "p.lan.ip").unwrap_err();
    assert_eq!(error, "Parse error (invalid command) at line 1, byte 0");
}

#[test]
fn a_batch_answers_at_once_and_sees_what_others_change() {
    use std::io::{BufRead, BufReader};
    let subject = Subject::new();
    let dir = with_package("config t s\n\toption x 0\n");
    let mut command = subject.command(dir.path());
    command.args(["-c", "conf", "-t", "save", "batch"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for value in ["0", "1", "2", "33"] {
        subject.uci(dir.path(), &["set", &format!("p.s.x={value}")], "");
        stdin.write_all(b"set p.s.y=1\nget p.s.x\n").unwrap();
        assert_eq!(answers.next().unwrap().unwrap(), value);
        stdin.write_all(b"delete p.s.y\n").unwrap();
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// Runs a script as root in a mount namespace of its own, with `$UCI` as our binary.
///
/// None where that is not allowed.
fn in_mount_namespace(subject: &Subject, dir: &Path, script: &str) -> Option<String> {
    let probe = Command::new("unshare").args(["-m", "true"]).output();
    if !rustix::process::geteuid().is_root() || !probe.is_ok_and(|out| out.status.success()) {
        eprintln!("skipped: needs root and unshare -m");
        return None;
    }
    let uci = match &subject.runner {
        Some(runner) => format!("{} -0 uci {}", runner.display(), subject.binary.display()),
        None => subject.links.path().join("uci").display().to_string(),
    };
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c"])
        .arg(format!(
            "exec 2>&1; UCI='{uci} -c conf -t save'; set -e; {script}"
        ))
        .current_dir(dir)
        .output()
        .unwrap();
    // Messages begin with `argv[0]`, here the path of the link.
    let link = subject.links.path().join("uci").display().to_string();
    Some(
        String::from_utf8(output.stdout)
            .unwrap()
            .replace(&link, "uci"),
    )
}

#[test]
fn a_full_file_system_keeps_the_old_file_and_the_changes() {
    let subject = Subject::new();
    let dir = with_package("");
    let script = "mount -t tmpfs -o size=64k,mode=755 none conf
        printf 'config t s\\n\\toption o old # kept\\n' >conf/p
        $UCI set p.s.o=new
        cat /dev/zero >conf/filler 2>/dev/null || echo full
        $UCI commit p || echo status $?
        $UCI commit || echo status $?
        cat conf/p save/p; ls -A conf
        rm conf/filler; $UCI commit p; cat conf/p; $UCI changes; ls -A conf";
    let Some(output) = in_mount_namespace(&subject, dir.path(), script) else {
        return;
    };
    let complaint = "I/O error: conf/p: No space left on device; nothing was changed, \
        free some space and try again";
    let old = "config t s\n\toption o old # kept\np.s.o='new'\nfiller\np\n";
    let new = "\nconfig t 's'\n\toption o 'new'\n\np\n";
    let expected =
        format!("full\nuci: {complaint}\nstatus 1\nuci: p: {complaint}\nstatus 1\n{old}{new}");
    assert_eq!(output, expected);
}

#[test]
fn a_read_only_file_system_keeps_the_changes() {
    let subject = Subject::new();
    let dir = with_package("");
    let script = "mount -t tmpfs -o mode=755 none conf
        echo 'config t s' >conf/p
        mount -o remount,ro none conf
        $UCI set p.s.o=new
        $UCI get p.s.o
        $UCI commit || echo status $?
        $UCI -q commit || echo status $?
        cat conf/p save/p
        mount -o remount,rw none conf; $UCI commit p; cat conf/p";
    let Some(output) = in_mount_namespace(&subject, dir.path(), script) else {
        return;
    };
    let complaint = "p: I/O error: conf/p: Read-only file system; nothing was changed, \
        make it writable (mount_root) and try again";
    let expected = format!(
        "new\nuci: {complaint}\nstatus 1\nstatus 1\nconfig t s\np.s.o='new'\n\
         \nconfig t 's'\n\toption o 'new'\n\n"
    );
    assert_eq!(output, expected);
}

#[test]
fn a_full_directory_of_changes_takes_no_half_line() {
    let subject = Subject::new();
    let dir = with_package("config t s\n");
    let script = "mkdir save; mount -t tmpfs -o size=4k none save
        i=0; while $UCI set p.s.o$i=$(printf %0600d 1) 2>error; do i=$((i+1)); done
        cat error; test $i -gt 3; $UCI changes | wc -l; echo $i; $UCI commit; wc -c <save/p";
    let Some(output) = in_mount_namespace(&subject, dir.path(), script) else {
        return;
    };
    let lines: Vec<_> = output.lines().collect();
    assert!(
        lines[0].starts_with("uci: I/O error: save/p: No space left on device"),
        "{output}"
    );
    assert_eq!(lines[1..], [lines[2], lines[2], "0"], "{output}");
}
