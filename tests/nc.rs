//! nc against itself, nc.openbsd and busybox, over loopback.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/tempdir.rs"]
mod tempdir;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// More than any socket buffer holds.
const MUCH: usize = 6_000_000;

fn much() -> Vec<u8> {
    (0..MUCH).map(|n| (n * 7 + n / 251) as u8).collect()
}

fn nc(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_safebox"));
    command.arg("nc").args(arguments.split_whitespace());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A listener of ours on a free port, which it tells.
fn listening(arguments: &str, stdin: Stdio) -> (Child, u16) {
    let mut child = nc(&format!("-v {arguments} -l -p 0"))
        .stdin(stdin)
        .spawn()
        .unwrap();
    let port = told_port(&mut child);
    (child, port)
}

/// The port that a listener tells in its first line.
fn told_port(child: &mut Child) -> u16 {
    let mut line = String::new();
    let mut stderr = child.stderr.take().unwrap();
    let mut byte = [0];
    while stderr.read(&mut byte).unwrap() > 0 && byte != *b"\n" {
        line.push(char::from(byte[0]));
    }
    child.stderr = Some(stderr);
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Feeds a child from a thread.
fn feed(child: &mut Child, data: Vec<u8>) -> std::thread::JoinHandle<()> {
    let mut stdin = child.stdin.take().unwrap();
    // A child that stops reading shows in its status.
    std::thread::spawn(move || drop(stdin.write_all(&data)))
}

fn finish(child: Child) -> (ExitStatus, Vec<u8>, String) {
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status, output.stdout, errors)
}

#[test]
fn a_file_goes_from_listener_to_client_whole() {
    let (mut sender, port) = listening("", Stdio::piped());
    let feeding = feed(&mut sender, much());
    let receiver = nc(&format!("127.0.0.1 {port}")).spawn().unwrap();
    let (status, data, errors) = finish(receiver);
    assert!(status.success() && data == much(), "{errors}");
    feeding.join().unwrap();
    assert!(finish(sender).0.success());
}

#[test]
fn both_syntaxes_of_listening_and_both_directions() {
    let place = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut client = nc(&format!("127.0.0.1 {}", place.local_addr().unwrap().port()))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut peer, _) = place.accept().unwrap();
    // The peer ends first, and the client has seen that before its own input comes; what it
    // has to send arrives all the same.
    peer.write_all(b"banner").unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    let mut banner = [0; 6];
    client
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut banner)
        .unwrap();
    assert_eq!(banner, *b"banner");
    let feeding = feed(&mut client, much());
    let mut seen = Vec::new();
    peer.read_to_end(&mut seen).unwrap();
    feeding.join().unwrap();
    assert_eq!(seen.len(), MUCH);
    let (status, data, errors) = finish(client);
    assert!(status.success() && data.is_empty(), "{errors}");
    let mut lone = nc("-v -l 0").spawn().unwrap();
    let mut line = String::new();
    let mut stderr = BufReader::new(lone.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("Listening on"), "{line}");
    lone.kill().unwrap();
    lone.wait().unwrap();
}

#[test]
fn an_input_that_stays_open_and_silent_does_not_hold_the_end_up() {
    let place = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut client = nc(&format!("127.0.0.1 {}", place.local_addr().unwrap().port()))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let silent = client.stdin.take();
    let (mut peer, _) = place.accept().unwrap();
    peer.write_all(b"firmware").unwrap();
    drop(peer);
    let (status, data, errors) = finish(client);
    assert!(status.success(), "{errors}");
    assert_eq!(data, b"firmware");
    drop(silent);
}

#[test]
fn a_broken_connection_is_a_failure() {
    let place = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = nc(&format!("127.0.0.1 {}", place.local_addr().unwrap().port()))
        .spawn()
        .unwrap();
    let (peer, _) = place.accept().unwrap();
    (&peer).write_all(b"half").unwrap();
    rustix::net::sockopt::set_socket_linger(&peer, Some(std::time::Duration::ZERO)).unwrap();
    drop(peer);
    let (status, _, errors) = finish(client);
    assert_eq!(status.code(), Some(1));
    assert_eq!(errors, "nc: connection: Connection reset by peer\n");
}

#[test]
fn a_full_disk_is_a_failure() {
    let (mut sender, port) = listening("", Stdio::piped());
    let feeding = feed(&mut sender, b"firmware".to_vec());
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let receiver = nc(&format!("127.0.0.1 {port}"))
        .stdout(full)
        .spawn()
        .unwrap();
    let (status, _, errors) = finish(receiver);
    assert_eq!(status.code(), Some(1));
    assert_eq!(errors, "nc: write error: No space left on device\n");
    feeding.join().unwrap();
    finish(sender);
}

#[test]
fn length_and_digest_are_checked() {
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let check = |options: &str, expected: i32, words: &str| {
        let (mut sender, port) = listening("", Stdio::piped());
        let feeding = feed(&mut sender, b"abc".to_vec());
        let receiver = nc(&format!("{options} 127.0.0.1 {port}")).spawn().unwrap();
        let (status, _, errors) = finish(receiver);
        assert_eq!(status.code(), Some(expected), "{options}: {errors}");
        assert!(errors.contains(words), "{options}: {errors}");
        feeding.join().unwrap();
        finish(sender);
    };
    check("--length 3", 0, "");
    check("--length 4", 1, "3 bytes came instead of 4");
    check(&format!("--sha256 {ABC}"), 0, "");
    check(
        &format!("--sha256 {}", ABC.replace('b', "c")),
        1,
        "do not use",
    );
    check("--size 3", 0, "");
    check(&format!("--sha256={ABC}"), 0, "");
    check("--sha256", 0, &format!("received 3 bytes, sha256 {ABC}"));
    check("--count", 0, &format!("received 3 bytes, sha256 {ABC}"));
}

#[test]
fn with_a_length_a_sender_that_never_closes_is_no_trouble() {
    let place = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = place.local_addr().unwrap().port();
    let client = nc(&format!("--length 5 127.0.0.1 {port}"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut peer, _) = place.accept().unwrap();
    peer.write_all(b"12345").unwrap();
    // wait_with_output closes the pipe; the connection stays open until here.
    let (status, data, errors) = finish(client);
    assert!(status.success(), "{errors}");
    assert_eq!(data, b"12345");
    drop(peer);
}

#[test]
fn a_program_serves_one_connection_after_the_other() {
    let (mut server, port) = listening("-k", Stdio::null());
    drop(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap());
    server.kill().unwrap();
    server.wait().unwrap();
    let mut server = nc("-v -l -k -p 0 -e /bin/echo served").spawn().unwrap();
    let mut line = String::new();
    let mut stderr = BufReader::new(server.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    let port: u16 = line.trim().rsplit(' ').next().unwrap().parse().unwrap();
    for _ in 0..3 {
        let mut text = String::new();
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        socket.read_to_string(&mut text).unwrap();
        assert_eq!(text, "served\n");
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Another program of this name, and what its users type on a PC. PORT and, for who listens
/// on `-p`, `-l -p PORT` are put in.
struct Other {
    program: &'static str,
    /// To listen; then what makes a sender end.
    listen: [&'static str; 2],
    /// To connect; then what makes a sender end.
    connect: [&'static str; 2],
}

const OTHERS: [Other; 4] = [
    Other {
        program: "nc.openbsd",
        listen: ["-l 127.0.0.1 PORT", "-N"],
        connect: ["127.0.0.1 PORT", "-N"],
    },
    Other {
        program: "nc.traditional",
        listen: ["-l -p PORT", "-q 0"],
        connect: ["127.0.0.1 PORT", "-q 0"],
    },
    Other {
        program: "ncat",
        listen: ["-l 127.0.0.1 PORT", "--send-only"],
        connect: ["127.0.0.1 PORT", ""],
    },
    Other {
        program: "busybox nc",
        listen: ["-l -p PORT", ""],
        connect: ["127.0.0.1 PORT", ""],
    },
];

impl Other {
    /// Starts it; None, and a word about it, where it is not installed.
    fn start(&self, words: &[&str; 2], sends: bool, port: u16) -> Option<Command> {
        let (program, first) = self.program.split_once(' ').unwrap_or((self.program, ""));
        let bins = ["/bin", "/usr/bin"];
        let Some(bin) = bins
            .iter()
            .find(|bin| Path::new(bin).join(program).exists())
        else {
            eprintln!("skipped: there is no {program}: make setup");
            return None;
        };
        let [place, end] = words;
        let port = place.replace("PORT", &port.to_string());
        let line = format!("{first} {} {port}", if sends { end } else { "" });
        let mut command = Command::new(Path::new(bin).join(program));
        command.args(line.split_whitespace()).stderr(Stdio::null());
        Some(command)
    }
}

/// Waits until somebody listens on this port of IPv4 or IPv6.
fn expect_listener(port: u16) {
    // proc(5): local address, remote address, state LISTEN.
    let wanted = [
        format!(":{port:04X} 00000000:0000 0A"),
        format!(":{port:04X} {:032}:0000 0A", 0),
    ];
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let tables = tables.map(|table| std::fs::read_to_string(table).unwrap_or_default());
        if wanted.iter().any(|wanted| tables.concat().contains(wanted)) {
            return;
        }
        assert!(Instant::now() < limit, "nobody listens on port {port}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A port that was free just now.
fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}

/// A sender and a receiver, each one connected to the other, with what a shell's `<` and `>`
/// make of their input and output.
fn pass(folder: &Path, start: impl FnOnce(Stdio, Stdio) -> [Child; 2], what: &str) {
    let (input, output) = (folder.join("input"), folder.join("output"));
    if !input.exists() {
        std::fs::write(&input, much()).unwrap();
    }
    let from = std::fs::File::open(&input).unwrap();
    let to = std::fs::File::create(&output).unwrap();
    for child in start(from.into(), to.into()) {
        let (status, _, errors) = finish(child);
        assert!(status.success(), "{what}: {status} {errors}");
    }
    let came = std::fs::read(&output).unwrap();
    assert!(came == much(), "{what}: {} of {MUCH} bytes", came.len());
}

#[test]
fn nothing_is_lost_against_other_programs_of_this_name_in_either_role() {
    let folder = tempdir::TempDir::new();
    for other in &OTHERS {
        for sends in [true, false] {
            let what = format!("{} sends: {sends}", other.program);
            // It listens.
            let port = free_port();
            let Some(mut command) = other.start(&other.listen, sends, port) else {
                continue;
            };
            let ours = |from: Stdio, to: Stdio| {
                let mut ours = nc(&format!("127.0.0.1 {port}"));
                ours.stdin(from).stdout(to).spawn().unwrap()
            };
            pass(
                folder.path(),
                |from, to| {
                    let (his, mine) = if sends {
                        (
                            command.stdin(from).stdout(Stdio::null()),
                            (Stdio::null(), to),
                        )
                    } else {
                        (
                            command.stdin(Stdio::null()).stdout(to),
                            (from, Stdio::null()),
                        )
                    };
                    let child = his.spawn().unwrap();
                    expect_listener(port);
                    [child, ours(mine.0, mine.1)]
                },
                &format!("{what}, listens"),
            );
            // It connects.
            pass(
                folder.path(),
                |from, to| {
                    let (his, mine) = if sends {
                        ((from, Stdio::null()), (Stdio::null(), to))
                    } else {
                        ((Stdio::null(), to), (from, Stdio::null()))
                    };
                    let mut listener = nc("-v -l -p 0");
                    let mut mine = listener.stdin(mine.0).stdout(mine.1).spawn().unwrap();
                    let port = told_port(&mut mine);
                    let mut command = other.start(&other.connect, sends, port).unwrap();
                    let his = command.stdin(his.0).stdout(his.1).spawn().unwrap();
                    [his, mine]
                },
                &format!("{what}, connects"),
            );
        }
    }
}

#[test]
fn what_is_appended_to_or_thrown_away_is_passed_on_as_well() {
    let folder = tempdir::TempDir::new();
    let path = folder.path().join("log");
    std::fs::write(&path, "before\n").unwrap();
    let append = std::fs::File::options().append(true).open(&path).unwrap();
    for to in [Stdio::from(append), Stdio::null()] {
        let (mut sender, port) = listening("", Stdio::piped());
        let feeding = feed(&mut sender, much());
        let receiver = nc(&format!("127.0.0.1 {port}")).stdout(to).spawn().unwrap();
        assert!(finish(receiver).0.success() && finish(sender).0.success());
        feeding.join().unwrap();
    }
    let log = std::fs::read(&path).unwrap();
    assert!(log.strip_prefix(b"before\n") == Some(&much()));
}

#[test]
fn progress_ends_with_a_line_of_its_own() {
    let (mut sender, port) = listening("--progress", Stdio::piped());
    let feeding = feed(&mut sender, much());
    let receiver = nc(&format!("--progress --size {MUCH} 127.0.0.1 {port}"));
    let (status, data, errors) = finish({ receiver }.spawn().unwrap());
    feeding.join().unwrap();
    assert!(status.success() && data == much(), "{errors}");
    for errors in [errors, finish(sender).2] {
        let last = errors.lines().last().unwrap_or_default();
        let rate = last.strip_prefix(&format!("nc: {MUCH} bytes, "));
        assert!(
            rate.is_some_and(|rest| rest.ends_with(" KiB/s")),
            "{errors}"
        );
    }
}

#[test]
fn lines_go_one_by_one_where_an_interval_is_asked_for() {
    let (mut sender, port) = listening("-i 1", Stdio::piped());
    let feeding = feed(&mut sender, b"one\ntwo\nthree".to_vec());
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut pieces = Vec::new();
    let mut buf = [0; 64];
    loop {
        match socket.read(&mut buf).unwrap() {
            0 => break,
            count => pieces.push(String::from_utf8_lossy(&buf[..count]).into_owned()),
        }
    }
    assert_eq!(pieces, ["one\n", "two\n", "three"]);
    drop(socket);
    feeding.join().unwrap();
    assert!(finish(sender).0.success());
}
