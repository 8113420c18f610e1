//! sysupgrade with an image that comes over a connection or a pipe.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Mutex, MutexGuard};

/// All of them put the image into the same file.
static ONE: Mutex<()> = Mutex::new(());

fn one() -> MutexGuard<'static, ()> {
    // A test that failed has left nothing that counts.
    ONE.lock().unwrap_or_else(|failed| failed.into_inner())
}

fn sysupgrade(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_safebox"));
    command
        .args("sysupgrade -n -T".split(' '))
        .args(arguments.split(' '))
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// One that waits for a connection to a port of its choice.
fn listening(arguments: &str) -> (Child, BufReader<ChildStderr>, u16) {
    let mut child = sysupgrade(arguments).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let port = line.split("on port ").nth(1).unwrap();
    let port = port.split(';').next().unwrap().parse().unwrap();
    let example = format!(" {port} < IMAGE\n");
    assert!(
        line.contains("nc -N ") && line.ends_with(&example),
        "{line}"
    );
    (child, said, port)
}

/// Its status and what it said after all had been sent.
fn sent(arguments: &str, send: impl FnOnce(TcpStream)) -> (i32, String) {
    let (mut child, mut said, port) = listening(arguments);
    send(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap());
    let mut text = String::new();
    said.read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code().unwrap(), text)
}

#[test]
fn what_comes_over_the_connection_is_counted_checked_and_refused_when_it_is_wrong() {
    let _one = one();
    let (status, said) = sent("--listen 0", |mut peer| peer.write_all(b"BZh9x").unwrap());
    let expected = "sysupgrade: 127.0.0.1 is sending\n\
        sysupgrade: received 5 bytes, sha256 \
        ddade6eb6eb3bbb25a6e052012fc14e28a50d07a658ecfe6a13d4de137f94edf\n";
    assert!(said.starts_with(expected), "{said}");
    assert!(
        said.ends_with("sysupgrade: Image check failed.\n"),
        "{said}"
    );
    assert_eq!(status, 2);
}

#[test]
fn a_digest_given_beforehand_is_compared_with_what_came() {
    let _one = one();
    let (status, said) = sent("--sha256 00 --listen 0", |mut peer| {
        peer.write_all(b"BZh9x").unwrap();
    });
    assert!(said.contains("another SHA-256: ddade6eb"), "{said}");
    assert_eq!(status, 2);
}

#[test]
fn a_connection_that_brings_nothing_is_a_refusal() {
    let _one = one();
    let (status, said) = sent("--listen 0", drop);
    assert!(
        said.ends_with("sysupgrade: 127.0.0.1 sent nothing\n"),
        "{said}"
    );
    assert_eq!(status, 2);
}

#[test]
fn a_connection_that_breaks_is_a_refusal_whatever_came() {
    let _one = one();
    let (status, said) = sent("--listen 0", |mut peer| {
        peer.write_all(b"HDR0").unwrap();
        // Closing resets the connection then.
        let linger = Some(std::time::Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(&peer, linger).unwrap();
    });
    assert!(!said.contains("received"), "{said}");
    assert_eq!(status, 2, "{said}");
}

#[test]
fn a_second_operand_beside_the_port_is_a_usage_error() {
    let output = sysupgrade("--listen 0 image.bin").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let output = sysupgrade("--listen x").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_pipe_brings_the_image_and_nothing_else_is_read_from_it() {
    let _one = one();
    let mut child = sysupgrade("-").stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"y\n<html>404</html>").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("Image check failed."), "{said}");
    assert_eq!(output.status.code(), Some(2));
}
