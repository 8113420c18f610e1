//! telnetd against raw sockets, against a real telnet client and against ours, on loopback.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const GREETING: [u8; 12] = [255, 253, 1, 255, 253, 31, 255, 251, 1, 255, 251, 3];
const WONT_TERMINAL: [u8; 3] = [255, 252, 24];

/// A daemon that takes its listening socket from us: no port is guessed.
struct Daemon {
    child: Child,
    address: SocketAddr,
}

impl Daemon {
    fn start(arguments: &[&str]) -> Daemon {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let child = safebox()
            .args(["telnetd", "-w", "60"])
            .args(if arguments.contains(&"-f") {
                &[][..]
            } else {
                &["-f", "/dev/null"]
            })
            .args(arguments)
            .stdin(OwnedFd::from(listener))
            .spawn()
            .unwrap();
        Daemon { child, address }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).unwrap();
        // A bound for a test that hangs, far above what any step takes.
        socket
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        socket
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn safebox() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_safebox"));
    command.env("PATH", "/bin:/usr/bin").env("TERM", "linux");
    command
}

/// Reads until the bytes are there; everything that came.
fn read_until(socket: &mut TcpStream, wanted: &[u8]) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(wanted) {
        let count = socket.read(&mut byte).unwrap();
        assert!(
            count > 0,
            "the end came after {:?}",
            seen.escape_ascii().to_string()
        );
        seen.push(byte[0]);
    }
    seen
}

fn read_to_end(socket: &mut TcpStream) -> Vec<u8> {
    let mut seen = Vec::new();
    socket.read_to_end(&mut seen).unwrap();
    seen
}

#[test]
fn a_plain_client_gets_the_greeting_and_a_session() {
    let daemon = Daemon::start(&["-l", "/bin/cat"]);
    let mut socket = daemon.connect();
    socket.write_all(b"hello\n\x04").unwrap();
    let seen = read_to_end(&mut socket);
    assert_eq!(seen[..12], GREETING);
    assert_eq!(
        seen[12..].escape_ascii().to_string(),
        "hello\\r\\nhello\\r\\n"
    );
}

#[test]
fn enter_reaches_the_program_once_even_in_two_packets() {
    let daemon = Daemon::start(&["-l", "/bin/cat"]);
    let mut socket = daemon.connect();
    socket.set_nodelay(true).unwrap();
    socket.write_all(&WONT_TERMINAL).unwrap();
    socket.write_all(b"a\r").unwrap();
    read_until(&mut socket, b"a\r\na\r\n");
    socket.write_all(b"\0b\r\n\x04").unwrap();
    assert_eq!(read_to_end(&mut socket), b"b\r\nb\r\n");
}

#[test]
fn the_byte_255_is_doubled_both_ways() {
    let daemon = Daemon::start(&["-l", "/bin/cat"]);
    let mut socket = daemon.connect();
    socket.write_all(b"\xff\xff\n\x04").unwrap();
    let seen = read_to_end(&mut socket);
    assert!(seen.ends_with(b"\xff\xff\r\n\xff\xff\r\n"), "{seen:?}");
}

#[test]
fn terminal_and_window_of_the_client_reach_the_program() {
    let script = "echo \"$TERM\"; stty size; exec cat";
    let file = Script::new(script);
    let daemon = Daemon::start(&["-l", &format!("/bin/sh {}", file.0)]);
    let mut socket = daemon.connect();
    read_until(&mut socket, &GREETING);
    socket
        .write_all(&[255, 251, 31, 255, 250, 31, 0, 132, 0, 50, 255, 240])
        .unwrap();
    socket.write_all(&[255, 251, 24]).unwrap();
    read_until(&mut socket, &[255, 250, 24, 1, 255, 240]);
    socket.write_all(b"\xff\xfa\x18\0XTERM\xff\xf0").unwrap();
    let seen = read_until(&mut socket, b"50 132\r\n");
    assert!(seen.starts_with(b"xterm\r\n"), "{seen:?}");
}

#[test]
fn an_interrupt_command_stops_what_runs() {
    let file = Script::new("trap 'echo caught; exit' INT; echo ready; while :; do sleep 1; done");
    let daemon = Daemon::start(&["-l", &format!("/bin/sh {}", file.0)]);
    let mut socket = daemon.connect();
    read_until(&mut socket, b"ready\r\n");
    socket.write_all(&[255, 244]).unwrap();
    let seen = read_to_end(&mut socket);
    assert!(seen.ends_with(b"caught\r\n"), "{seen:?}");
}

#[test]
fn an_are_you_there_is_answered() {
    let daemon = Daemon::start(&["-l", "/bin/cat"]);
    let mut socket = daemon.connect();
    socket.write_all(&[255, 246]).unwrap();
    read_until(&mut socket, b"[yes]\r\n");
}

#[test]
fn the_last_output_of_a_program_arrives_whole() {
    let file = Script::new(
        "i=0; while [ $i -lt 2000 ]; do echo 0123456789012345678; i=$((i+1)); done; echo end",
    );
    let daemon = Daemon::start(&["-l", &format!("/bin/sh {}", file.0)]);
    let mut socket = daemon.connect();
    // Input that nobody reads must not cut the output off.
    socket.write_all(b"unread\n").unwrap();
    let seen = read_to_end(&mut socket);
    assert!(seen.ends_with(b"end\r\n"));
    assert!(seen.len() > 2000 * 21);
}

#[test]
fn a_client_that_vanishes_hangs_its_program_up() {
    let told = Fifo::new();
    let file = Script::new(&format!(
        "trap 'echo hup >{}; exit' HUP; echo ready; while :; do sleep 1; done",
        told.0
    ));
    let daemon = Daemon::start(&["-l", &format!("/bin/sh {}", file.0)]);
    let mut socket = daemon.connect();
    read_until(&mut socket, b"ready\r\n");
    drop(socket);
    assert_eq!(std::fs::read_to_string(&told.0).unwrap(), "hup\n");
}

#[test]
fn the_issue_is_shown_before_the_program() {
    let issue = Script::new("kernel \\s on \\l\n");
    let daemon = Daemon::start(&["-f", &issue.0, "-l", "/bin/echo over"]);
    let seen = read_to_end(&mut daemon.connect());
    let text = String::from_utf8_lossy(&seen[12..]).into_owned();
    assert!(text.starts_with("kernel Linux on pts/"), "{text}");
    assert!(text.ends_with("\r\nover\r\n"), "{text}");
}

#[test]
fn a_program_that_is_missing_is_named() {
    let daemon = Daemon::start(&["-l", "/nosuch/login"]);
    let seen = read_to_end(&mut daemon.connect());
    let text = String::from_utf8_lossy(&seen[12..]).into_owned();
    assert_eq!(
        text,
        "telnetd: can't execute '/nosuch/login': No such file or directory\r\n"
    );
}

#[test]
fn without_option_k_the_session_lives_as_long_as_its_terminal_is_used() {
    let gate = Fifo::new();
    // The shell ends at once; what it leaves behind speaks when the gate opens.
    let file = Script::new(&format!(
        "trap '' HUP; (read x <{gate}; echo later) & exit 0",
        gate = gate.0
    ));
    let login = format!("/bin/sh {}", file.0);
    let daemon = Daemon::start(&["-l", &login]);
    let mut socket = daemon.connect();
    std::fs::write(&gate.0, "open\n").unwrap();
    assert_eq!(read_to_end(&mut socket)[12..], *b"later\r\n");
    let killing = Daemon::start(&["-K", "-l", &login]);
    assert_eq!(read_to_end(&mut killing.connect())[12..], *b"");
    // Lets the second one go.
    std::fs::write(&gate.0, "open\n").unwrap();
}

#[test]
fn a_real_client_logs_in_and_out() {
    let Some(telnet) = ["/usr/bin/inetutils-telnet", "/usr/bin/telnet"]
        .iter()
        .find(|path| std::path::Path::new(path).exists())
    else {
        // The peer is not installed: the raw sockets above cover the protocol.
        return;
    };
    let mut client = Command::new(telnet);
    client.stderr(Stdio::null());
    logs_in_and_out(client);
}

#[test]
fn our_client_logs_in_and_out() {
    let mut client = safebox();
    client.arg("telnet");
    logs_in_and_out(client);
}

/// Talks to a shell script through a client whose standard input is a pipe.
fn logs_in_and_out(mut client: Command) {
    let file = Script::new("echo term=$TERM; read line; echo got:$line");
    let daemon = Daemon::start(&["-l", &format!("/bin/sh {}", file.0)]);
    let mut client = client
        .args(["127.0.0.1", &daemon.address.port().to_string()])
        .env("TERM", "vt220")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(client.stdout.take().unwrap());
    let mut seen = String::new();
    while !seen.contains("term=") {
        assert!(output.read_line(&mut seen).unwrap() > 0, "{seen}");
    }
    assert!(seen.contains("term=vt220"), "{seen}");
    let mut input = client.stdin.take().unwrap();
    input.write_all(b"hello\n").unwrap();
    output.read_to_string(&mut seen).unwrap();
    assert!(seen.contains("got:hello"), "{seen}");
    client.wait().unwrap();
}

#[test]
fn a_pipe_is_sent_whole_and_the_answer_is_awaited() {
    let file = Script::new(
        "i=0; while read line; do i=$((i+1)); [ \"$line\" = last ] && break; done; echo lines:$i",
    );
    let daemon = Daemon::start(&["-l", &format!("/bin/sh {}", file.0)]);
    let input = Script::new(&("0123456789\n".repeat(4999) + "last\n"));
    let output = safebox()
        .args(["telnet", "127.0.0.1", &daemon.address.port().to_string()])
        .stdin(std::fs::File::open(&input.0).unwrap())
        .output()
        .unwrap();
    assert!(output.stdout.ends_with(b"lines:5000\r\n"));
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn a_server_without_telnet_gets_lines_and_the_last_word() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let input = Script::new("QUIT\n");
    let client = safebox()
        .args(["telnet", "127.0.0.1", &port.to_string()])
        .stdin(std::fs::File::open(&input.0).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut socket, _) = listener.accept().unwrap();
    read_until(&mut socket, b"QUIT\r\n");
    // The input has ended, but not the connection.
    socket
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let silence = socket.read(&mut [0]).unwrap_err();
    assert_eq!(silence.kind(), std::io::ErrorKind::WouldBlock);
    socket.write_all(b"221 bye\r\n").unwrap();
    drop(socket);
    let output = client.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"221 bye\r\n");
    assert!(output.status.success());
}

#[test]
fn at_a_terminal_keys_go_through_and_the_escape_character_leads_out() {
    let file = Script::new("echo ready; exec cat");
    let inner = Daemon::start(&["-l", &format!("/bin/sh {}", file.0)]);
    // The terminal of the client is the one that another daemon makes.
    let client = format!(
        "{} telnet 127.0.0.1 {}",
        env!("CARGO_BIN_EXE_safebox"),
        inner.address.port()
    );
    let outer = Daemon::start(&["-l", &client]);
    let mut socket = outer.connect();
    read_until(&mut socket, b"Escape character is '^]'.\r\n");
    read_until(&mut socket, b"ready\r\r\n");
    // Echoed by the far terminal alone, and once more by cat.
    socket.write_all(b"a\r\0").unwrap();
    assert_eq!(
        read_until(&mut socket, b"a\r\r\na\r\r\n"),
        b"a\r\r\na\r\r\n"
    );
    socket.write_all(b"\x1dx").unwrap();
    read_until(&mut socket, b"continue \r\n");
    socket.write_all(b"b\r\0").unwrap();
    read_until(&mut socket, b"b\r\r\nb\r\r\n");
    socket.write_all(b"\x1dq").unwrap();
    let rest = read_to_end(&mut socket);
    assert!(rest.ends_with(b"continue "), "{rest:?}");
}

/// A named pipe that goes away with its value.
struct Fifo(String);

impl Fifo {
    fn new() -> Fifo {
        let place = Script::new("");
        let path = format!("{}.fifo", place.0);
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        Fifo(path)
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        // A leftover pipe under /tmp harms nobody.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A file that goes away with its value.
struct Script(String);

impl Script {
    fn new(text: &str) -> Script {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("safebox-telnet-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Script(path.display().to_string())
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // A leftover file under /tmp harms nobody.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_single_connection_is_served_on_standard_input() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (inner, _) = listener.accept().unwrap();
    let mut child = safebox()
        .args(["telnetd", "-i", "-f", "/dev/null", "-l", "/bin/cat"])
        .stdin(OwnedFd::from(inner))
        .spawn()
        .unwrap();
    socket.write_all(b"hello\n\x04").unwrap();
    let seen = read_to_end(&mut socket);
    assert!(seen.ends_with(b"hello\r\nhello\r\n"), "{seen:?}");
    child.wait().unwrap();
}

#[test]
fn floods_of_options_and_questions_do_not_keep_the_next_one_out() {
    let daemon = Daemon::start(&["-l", "/bin/cat"]);
    for flood in [
        &[255, 253, 99][..],
        &[255, 251, 1],
        &[255, 251, 0, 255, 252, 0],
        &[255, 246],
        &[255, 250, 31, 0, 80, 0, 24, 255, 240],
        &[255, 250],
        &[255],
    ] {
        let mut socket = daemon.connect();
        let limit = Some(Duration::from_millis(200));
        socket.set_write_timeout(limit).unwrap();
        // Who never listens is not listened to for ever, either.
        let bytes = flood.repeat(1_000_000 / flood.len());
        let _ = socket.write_all(&bytes);
        drop(socket);
    }
    let mut socket = daemon.connect();
    socket.write_all(b"good\n\x04").unwrap();
    assert!(read_to_end(&mut socket).ends_with(b"good\r\ngood\r\n"));
}

#[test]
fn two_hundred_silent_connections_are_limited_and_forgotten() {
    let daemon = Daemon::start(&["-l", "/bin/cat"]);
    let silent: Vec<TcpStream> = (0..200).map(|_| daemon.connect()).collect();
    // Those past the limit are told so.
    let mut last = silent.last().unwrap();
    let mut told = Vec::new();
    last.read_to_end(&mut told).unwrap();
    assert_eq!(told, b"Too many sessions.\r\n");
    drop(silent);
    // Their sessions end one by one; then there is room again, and nothing is left.
    let seen = std::iter::repeat_with(|| {
        let mut socket = daemon.connect();
        socket.write_all(b"good\n\x04").unwrap();
        let mut seen = Vec::new();
        // Refused connections are reset at times.
        let _ = socket.read_to_end(&mut seen);
        seen
    });
    let good = seen
        .take(1000)
        .any(|seen| seen.ends_with(b"good\r\ngood\r\n"));
    assert!(good);
    let children = format!("/proc/{0}/task/{0}/children", daemon.child.id());
    let start = std::time::Instant::now();
    let left = || std::fs::read_to_string(&children).unwrap();
    while !left().trim().is_empty() && start.elapsed().as_secs() < 60 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(left().trim(), "");
}
