//! What strangers do before a login, and clients that die.

use crate::server::{Server, ended, run, text, until};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Stdio;
use std::time::Duration;

/// Memory of the listener that nobody shares, in KiB.
fn own_kib(server: &Server) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", server.pid())).unwrap();
    let fields = text
        .lines()
        .filter(|line| line.starts_with("Private_Dirty:"));
    fields
        .map(|line| {
            line.split_whitespace()
                .nth(1)
                .unwrap()
                .parse::<u64>()
                .unwrap()
        })
        .sum()
}

/// Says something and reads until the server has enough.
fn say(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut socket = server.connect();
    // The server may hang up in the middle.
    let _ = socket
        .write_all(bytes)
        .and_then(|()| socket.shutdown(Shutdown::Write));
    let mut seen = Vec::new();
    let _ = socket.read_to_end(&mut seen);
    seen
}

#[test]
fn rubbish_before_and_after_the_banner_ends_one_connection() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    server.lets_root_in();
    let before = own_kib(&server);
    let rubbish: Vec<u8> = (0..100_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let banner = b"SSH-2.0-test\r\n";
    let mut cases: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"GET / HTTP/1.1\r\nHost: router\r\n\r\n".to_vec(),
        b"SSH-1.5-old\r\n".to_vec(),
        vec![b'A'; 100_000],
        vec![0; 1000],
        rubbish.clone(),
        [banner, &rubbish[..]].concat(),
        banner.to_vec(),
    ];
    // Packets of every impossible length.
    for length in [0_u32, 1, 4, 11, 35_001, 0x10_0000, 0x7fff_ffff, 0xffff_ffff] {
        cases.push([banner, &length.to_be_bytes()[..], &rubbish[..60_000]].concat());
    }
    // A first packet that is no offer of algorithms.
    for kind in 0..=255 {
        let mut packet = vec![0, 0, 0, 28, 10, kind];
        packet.extend([7; 26]);
        cases.push([banner, &packet[..]].concat());
    }
    for case in cases {
        let seen = say(&server, &case);
        assert!(seen.is_empty() || seen.starts_with(b"SSH-2.0-dropbear\r\n"));
    }
    server.lets_root_in();
    server.is_alone();
    let after = own_kib(&server);
    assert!(after <= before + 64, "{before} KiB became {after}");
}

#[test]
fn two_hundred_half_open_connections_keep_nobody_out() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut before = 0;
    // The first flood shows how much memory one takes.
    for banner in [&b""[..], b"SSH-2.0-slow\r\n", b""] {
        let sockets: Vec<TcpStream> = (0..200)
            .map(|_| {
                let mut socket = server.connect();
                // It may have been sent away already.
                let _ = socket.write_all(banner);
                socket
            })
            .collect();
        server.lets_root_in();
        drop(sockets);
        server.lets_root_in();
        server.is_alone();
        let after = own_kib(&server);
        assert!(
            before == 0 || after <= before + 64,
            "{before} KiB became {after}"
        );
        before = after;
    }
}

#[test]
fn endless_names_passwords_and_commands_are_refused() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    // As long as an argument may be.
    let long = "x".repeat(120_000);
    assert_eq!(
        run(&mut server.ssh_with(&long, "x")).status.code(),
        Some(255)
    );
    assert_eq!(
        run(&mut server.ssh_with("ann", &long)).status.code(),
        Some(255)
    );
    assert_ne!(run(server.ssh("root").arg(&long)).status.code(), Some(0));
    server.lets_root_in();
    server.is_alone();
}

#[test]
fn clients_that_die_at_any_stage_leave_no_process() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for arguments in [
        &["cat"][..],
        &["-tt"],
        &["cat /dev/zero"],
        &["-N", "-R", "0:localhost:1"],
    ] {
        for wait in [0, 5, 10, 20, 40, 80, 160, 320] {
            let mut child = server
                .ssh("root")
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            // Not a wait for something, but a choice of the moment.
            std::thread::sleep(Duration::from_millis(wait));
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    server.is_alone();
    server.lets_root_in();
}

#[test]
fn a_client_that_dies_while_it_has_to_wait_leaves_no_process() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut ssh = server.ssh("root");
    let mut child = ssh.arg("sleep 1000").stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        // Until the client dies.
        let _ = input.write_all(&vec![0; 32 << 20]);
    });
    until("a program", || {
        server
            .processes()
            .iter()
            .any(|(_, words)| words.contains("sleep"))
    });
    std::thread::sleep(Duration::from_millis(500));
    child.kill().unwrap();
    child.wait().unwrap();
    writer.join().unwrap();
    server.is_alone();
}

#[test]
fn fifty_sessions_run_side_by_side() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut children: Vec<_> = (0..50)
        .map(|number| {
            let mut ssh = server.ssh("root");
            ssh.arg(format!("read x; echo {number} $x"));
            ssh.stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    until("fifty", || {
        let processes = server.processes();
        processes
            .iter()
            .filter(|(_, words)| words.contains("read x"))
            .count()
            == 50
    });
    for child in &mut children {
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"together\n")
            .unwrap();
    }
    for (number, mut child) in children.into_iter().enumerate() {
        assert_eq!(ended(&mut child).code(), Some(0));
        let mut seen = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut seen).unwrap();
        assert_eq!(text(&seen), format!("{number} together\n"));
    }
    server.is_alone();
    server.lets_root_in();
}
