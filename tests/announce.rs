//! What a booting router announces, as the person at the PC sees it.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Starts recvudp on a free port, which it tells.
fn recvudp(words: &[&str]) -> (Child, u16) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_safebox"))
        .arg0("recvudp")
        .args(["-p", "0"])
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let (_, rest) = line.split_once("UDP port ").unwrap();
    let port = rest.split(';').next().unwrap().parse().unwrap();
    (child, port)
}

/// What it has printed when it has ended, without the times.
fn shown(mut child: Child) -> Vec<String> {
    let mut text = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(child.wait().unwrap().success());
    let without_time = |line: &str| match line.split_once(' ') {
        Some((time, rest)) if time.split(':').count() == 3 => {
            assert!(time.split(':').all(|part| part.len() == 2), "{line}");
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    text.lines().map(without_time).collect()
}

fn announcement(text: &str) -> Vec<u8> {
    let mut packet = [b"\xde\xad", text.as_bytes()].concat();
    packet.resize(1001, 0);
    packet
}

#[test]
fn the_person_at_the_pc_is_told_when_to_press_and_where_to_go() {
    let (child, port) = recvudp(&["-c", "3"]);
    let router = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let send = |packet: &[u8]| router.send_to(packet, (Ipv4Addr::LOCALHOST, port)).unwrap();
    send(&announcement("Please press button now to enter failsafe"));
    send(b"something else on this port");
    send(&announcement("\x1b[2J from a stranger"));
    send(&announcement("Entering Failsafe!\\n"));
    assert_eq!(
        shown(child),
        [
            "127.0.0.1: Please press button now to enter failsafe",
            ">>> press a button of the router now",
            "127.0.0.1: ?[2J from a stranger",
            "127.0.0.1: Entering Failsafe!\\n",
            ">>> it is in failsafe mode: telnet 127.0.0.1",
        ]
    );
}

#[test]
fn one_announcement_is_enough_for_a_script() {
    let (child, port) = recvudp(&["-1"]);
    let router = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let packet = announcement("Press reset now, to enter Failsafe!");
    router
        .send_to(&packet, (Ipv4Addr::LOCALHOST, port))
        .unwrap();
    assert_eq!(
        shown(child),
        [
            "127.0.0.1: Press reset now, to enter Failsafe!",
            ">>> press a button of the router now",
        ]
    );
}
