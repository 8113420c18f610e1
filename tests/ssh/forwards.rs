//! Ports, sockets and agents that are forwarded.

use crate::server::{Server, ended, run, text, until};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

/// Answers one connection with what it was sent, once that has ended.
fn echo_once() -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        socket.read_to_end(&mut seen).unwrap();
        socket.write_all(&seen).unwrap();
    });
    (port, thread)
}

#[test]
fn a_connection_to_a_port_is_forwarded_with_both_its_ends() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (port, thread) = echo_once();
    let payload = vec![b'x'; 3 << 20];
    let mut ssh = server.ssh("root");
    let mut child = ssh
        .args(["-W", &format!("localhost:{port}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let sent = payload.clone();
    let writer = std::thread::spawn(move || input.write_all(&sent).unwrap());
    let mut seen = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut seen).unwrap();
    writer.join().unwrap();
    assert!(seen == payload, "{}", seen.len());
    thread.join().unwrap();
    ended(&mut child);
    // A port where nobody is, and a name that nobody has.
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    for target in [closed.to_string(), "nosuch.invalid:80".to_owned()] {
        let output = run(server.ssh("root").args(["-W", &target]));
        assert_ne!(output.status.code(), Some(0), "{target}");
    }
    server.is_alone();
}

#[test]
fn a_port_of_the_server_is_forwarded_until_the_client_is_gone() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (target, thread) = echo_once();
    let mut ssh = server.ssh_telling("INFO", "root");
    ssh.args(["-N", "-R", &format!("0:127.0.0.1:{target}")]);
    let mut child = ssh.stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    while !line.contains("Allocated port") {
        line.clear();
        assert!(errors.read_line(&mut line).unwrap() > 0);
    }
    let port: u16 = line.split_whitespace().nth(2).unwrap().parse().unwrap();
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    socket.write_all(b"through").unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    let mut seen = String::new();
    socket.read_to_string(&mut seen).unwrap();
    assert_eq!(seen, "through");
    thread.join().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    server.is_alone();
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}

#[test]
fn sockets_in_the_file_system_are_forwarded_both_ways() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let inside = UnixListener::bind(server.root.join("tmp/inside")).unwrap();
    let outside_path = server.dir.path().join("outside");
    let outside = UnixListener::bind(&outside_path).unwrap();
    let local = server.dir.path().join("local");
    let mut ssh = server.ssh("root");
    ssh.arg("-N");
    ssh.args(["-L", &format!("{}:/tmp/inside", local.display())]);
    ssh.args(["-R", &format!("/tmp/remote:{}", outside_path.display())]);
    let mut child = ssh.spawn().unwrap();
    let remote = server.root.join("tmp/remote");
    for (own, other, listener) in [("local", &local, inside), ("remote", &remote, outside)] {
        until(own, || other.exists());
        let mut socket = UnixStream::connect(other).unwrap();
        socket.write_all(b"word\n").unwrap();
        let (peer, _) = listener.accept().unwrap();
        let mut seen = String::new();
        BufReader::new(&peer).read_line(&mut seen).unwrap();
        assert_eq!(seen, "word\n", "{own}");
        (&peer).write_all(b"answer").unwrap();
        drop(peer);
        seen.clear();
        socket.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "answer", "{own}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    server.is_alone();
    assert!(!remote.exists());
}

#[test]
fn the_agent_of_the_client_answers_inside() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (private, _) = server.key("key");
    let agent = server.dir.path().join("agent");
    let mut daemon = Command::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(&agent)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("an agent", || agent.exists());
    let with_agent = |program: &str, socket: &std::path::Path| {
        let mut command = Command::new(program);
        command.env("SSH_AUTH_SOCK", socket);
        command
    };
    assert!(
        run(with_agent("ssh-add", &agent).arg(&private))
            .status
            .success()
    );
    let mut ssh = server.ssh("root");
    ssh.env("SSH_AUTH_SOCK", &agent);
    let mut child = ssh
        .args(["-A", "echo $SSH_AUTH_SOCK; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let inside = server.root.join(line.trim().trim_start_matches('/'));
    let listed = run(with_agent("ssh-add", &inside).arg("-l"));
    assert!(text(&listed.stdout).contains("ED25519"), "{listed:?}");
    drop(child.stdin.take());
    ended(&mut child);
    server.is_alone();
    assert!(!inside.exists() && !inside.parent().unwrap().exists());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[test]
fn what_the_command_line_forbids_is_not_forwarded() {
    let Some(server) = Server::start(&["-j", "-k"]) else {
        return;
    };
    let (port, _) = echo_once();
    let target = format!("localhost:{port}");
    assert_ne!(
        run(server.ssh("root").args(["-W", &target])).status.code(),
        Some(0)
    );
    let remote = [
        "-o",
        "ExitOnForwardFailure=yes",
        "-R",
        "0:localhost:1",
        "true",
    ];
    assert_ne!(run(server.ssh("root").args(remote)).status.code(), Some(0));
    // Nobody asks for X11 in vain for ever.
    let output = run(server
        .ssh("root")
        .args(["-X", "echo in"])
        .env("DISPLAY", ":9"));
    assert_eq!(text(&output.stdout), "in\n");
}
