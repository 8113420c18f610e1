//! nc against itself, nc.openbsd and busybox, over loopback.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

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
    let mut line = String::new();
    let mut stderr = child.stderr.take().unwrap();
    let mut byte = [0];
    while stderr.read(&mut byte).unwrap() > 0 && byte != *b"\n" {
        line.push(char::from(byte[0]));
    }
    child.stderr = Some(stderr);
    let port = line.rsplit(' ').next().unwrap().parse().unwrap();
    (child, port)
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

#[test]
fn other_programs_of_this_name_are_understood() {
    let openbsd = Path::new("/usr/bin/nc.openbsd");
    if openbsd.exists() {
        let (mut sender, port) = listening("", Stdio::piped());
        let feeding = feed(&mut sender, much());
        let output = Command::new(openbsd)
            .args(["127.0.0.1", &port.to_string()])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        feeding.join().unwrap();
        assert!(output.stdout == much() && finish(sender).0.success());
    }
    let busybox = Path::new("/bin/busybox");
    if busybox.exists() {
        let (receiver, port) = listening("", Stdio::null());
        let mut sender = Command::new(busybox)
            .args(["nc", "127.0.0.1", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Our empty input must not stop it in the middle.
        let feeding = feed(&mut sender, much());
        let (status, data, errors) = finish(receiver);
        feeding.join().unwrap();
        assert!(
            status.success() && data == much(),
            "{} {errors}",
            data.len()
        );
        sender.wait().unwrap();
    }
}
