//! What runs in a session, and how it ends.

use crate::server::{Server, ended, has, run, text, until};
use safebox::sys::pty;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

#[test]
fn the_status_and_the_signal_of_a_command_arrive() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let code = |command: &str| run(server.ssh("root").arg(command)).status.code();
    assert_eq!(code("exit 0"), Some(0));
    assert_eq!(code("exit 37"), Some(37));
    assert_eq!(code("nosuch-command"), Some(127));
    let output = run(server.ssh("root").args(["-v", "kill -TERM $$"]));
    assert_eq!(output.status.code(), Some(255));
    let seen = text(&output.stderr);
    assert!(seen.contains("exit-signal"), "{seen}");
    if has("dbclient") {
        let code = run(server.dbclient("root", "").arg("exit 5")).status.code();
        assert_eq!(code, Some(5));
    }
}

#[test]
fn a_session_has_the_environment_of_a_login_and_nothing_else() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut ssh = server.ssh("root");
    ssh.args(["-o", "SendEnv=EVIL"]).env("EVIL", "1");
    let output = run(ssh.arg("env"));
    let mut names: Vec<String> = text(&output.stdout)
        .lines()
        .map(|line| line.split('=').next().unwrap().to_owned())
        .filter(|name| name != "LANG")
        .collect();
    names.sort();
    let expected = "HOME LOGNAME PATH SHELL SSH_CLIENT SSH_CONNECTION USER";
    assert_eq!(names.join(" "), expected);
    let output = run(server
        .ssh("root")
        .args(["-tt", "echo $SSH_TTY $TERM; echo $0"])
        .env("TERM", "vt220"));
    let seen = text(&output.stdout);
    assert!(
        seen.starts_with("/dev/pts/") && seen.contains(" vt220\r\n"),
        "{seen}"
    );
}

#[test]
fn without_a_command_there_is_a_login_shell() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut child = piped(&mut server.ssh("root"));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"echo $0 $(pwd)\nexit 9\n")
        .unwrap();
    let mut seen = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut seen)
        .unwrap();
    assert!(seen.ends_with("-ash /root\n"), "{seen}");
    assert_eq!(ended(&mut child).code(), Some(9));
}

#[test]
fn standard_error_stays_apart() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let output = run(server.ssh("root").arg("echo out; echo err >&2"));
    assert_eq!(
        (text(&output.stdout).as_str(), text(&output.stderr).as_str()),
        ("out\n", "err\n")
    );
}

#[test]
fn the_end_of_input_reaches_the_command_and_the_end_of_output_the_client() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut child = piped(
        server
            .ssh("root")
            .arg("cat; echo rest; exec >&- 2>&-; read x </tmp/gate"),
    );
    child.stdin.take().unwrap().write_all(b"typed\n").unwrap();
    let gate = server.root.join("tmp/gate");
    // Until the gate opens, output has ended and the command has not.
    let made = Command::new("mkfifo").arg(&gate).status();
    assert!(made.unwrap().success());
    let mut seen = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut seen).unwrap();
    out.read_line(&mut seen).unwrap();
    assert_eq!(seen, "typed\nrest\n");
    fs::write(&gate, "x\n").unwrap();
    ended(&mut child);
    // What the command does not read does not keep it from ending.
    let mut child = piped(server.ssh("root").arg("echo early"));
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        // The client may be gone before all is written.
        let _ = input.write_all(&vec![0; 8 << 20]);
    });
    assert_eq!(ended(&mut child).code(), Some(0));
    writer.join().unwrap();
}

#[test]
fn the_last_output_arrives_before_the_channel_closes() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for _ in 0..5 {
        let output = run(server.ssh("root").arg("seq 20000; echo oops >&2; exit 1"));
        assert!(text(&output.stdout).ends_with("\n20000\n"));
        assert_eq!(text(&output.stderr), "oops\n");
        let output = run(server.ssh("root").args(["-tt", "seq 20000"]));
        assert!(text(&output.stdout).ends_with("\r\n20000\r\n"));
    }
}

#[test]
fn a_program_left_in_the_background_does_not_hold_the_session() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let output = run(server.ssh("root").arg("sleep 1000 & echo $!"));
    assert_eq!(output.status.code(), Some(0));
    let left = server.processes();
    assert!(
        left.iter().any(|(_, words)| words.contains("sleep 1000")),
        "{left:?}"
    );
}

fn piped(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn the_window_of_the_client_is_that_of_the_terminal() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let pty = pty::open().unwrap();
    pty::set_size(&pty.master, 132, 50).unwrap();
    let ssh = server.ssh("root");
    let mut setsid = Command::new("setsid");
    setsid.arg("-c").arg("ssh").args(ssh.get_args());
    setsid.args([
        "-tt",
        "trap 'show' WINCH; show() { cat /tmp/size; }; echo ready; while :; do sleep 1; done",
    ]);
    // No stty here: the size is asked for from outside.
    let terminal = || Stdio::from(pty.slave.try_clone().unwrap());
    let mut child = setsid
        .stdin(terminal())
        .stdout(terminal())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut seen = Vec::new();
    let mut read_until = |wanted: &str| {
        let mut byte = [0];
        while !text(&seen).contains(wanted) {
            assert!(rustix::io::read(&pty.master, &mut byte).unwrap() > 0);
            seen.push(byte[0]);
        }
    };
    read_until("ready");
    let remote = || {
        let shell = server
            .processes()
            .into_iter()
            .find(|(_, words)| words.contains("trap 'show'"));
        let tty = fs::File::open(format!("/proc/{}/fd/0", shell.unwrap().0)).unwrap();
        let size = rustix::termios::tcgetwinsize(tty).unwrap();
        (size.ws_col, size.ws_row)
    };
    assert_eq!(remote(), (132, 50));
    fs::write(server.root.join("tmp/size"), "changed\n").unwrap();
    pty::set_size(&pty.master, 100, 30).unwrap();
    // Its shell is told by a signal, too.
    read_until("changed");
    assert_eq!(remote(), (100, 30));
    child.kill().unwrap();
    child.wait().unwrap();
    server.is_alone();
}

#[test]
fn a_client_that_vanishes_ends_what_it_has_started() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for arguments in [
        &["-tt", "echo ready; sleep 1000"][..],
        &["echo ready; sleep 1000"],
    ] {
        let mut child = server
            .ssh("root")
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut seen = [0; 5];
        child.stdout.take().unwrap().read_exact(&mut seen).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        server.is_alone();
    }
}

#[test]
fn a_client_that_falls_silent_is_asked_and_then_left() {
    let Some(server) = Server::start(&["-K", "1"]) else {
        return;
    };
    let start = |command: &str| {
        let mut child = server
            .ssh("root")
            .arg(command)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut seen = [0; 5];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut seen)
            .unwrap();
        child
    };
    // It answers, so it stays.
    let mut awake = start("echo ready; sleep 7; echo still");
    let mut asleep = start("echo ready; sleep 1000");
    let number = rustix::process::Pid::from_raw(asleep.id() as i32).unwrap();
    rustix::process::kill_process(number, rustix::process::Signal::STOP).unwrap();
    until("the silent one is left", || {
        !server
            .processes()
            .iter()
            .any(|(_, words)| words.contains("sleep 1000"))
    });
    let mut rest = String::new();
    awake
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut rest)
        .unwrap();
    assert_eq!(rest, "\nstill\n");
    asleep.kill().unwrap();
    asleep.wait().unwrap();
    ended(&mut awake);
}

#[test]
fn a_connection_that_carries_nothing_ends_when_that_is_wished() {
    let Some(server) = Server::start(&["-I", "1"]) else {
        return;
    };
    assert_eq!(
        run(server.ssh("root").arg("sleep 1000")).status.code(),
        Some(255)
    );
    server.is_alone();
    assert!(server.log().contains("Idle timeout"));
}

#[test]
fn sessions_outlive_a_listener_that_is_killed() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut child = piped(server.ssh("root").arg("echo ready; cat"));
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut seen = String::new();
    out.read_line(&mut seen).unwrap();
    let number = rustix::process::Pid::from_raw(server.pid() as i32).unwrap();
    rustix::process::kill_process(number, rustix::process::Signal::KILL).unwrap();
    until("the listener is gone", || {
        std::net::TcpStream::connect(server.address).is_err()
    });
    child.stdin.take().unwrap().write_all(b"alive\n").unwrap();
    out.read_line(&mut seen).unwrap();
    assert_eq!(seen, "ready\nalive\n");
    ended(&mut child);
}

#[test]
fn a_command_of_the_server_replaces_what_is_asked_for() {
    let Some(server) = Server::start(&["-c", "echo forced $SSH_ORIGINAL_COMMAND"]) else {
        return;
    };
    let output = run(server.ssh("root").arg("rm -r /"));
    assert_eq!(text(&output.stdout), "forced rm -r /\n");
}
