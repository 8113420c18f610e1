//! login at a terminal, with accounts of the test's own.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "support/tempdir.rs"]
mod tempdir;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::time::Duration;
use tempdir::TempDir;

const SAFEBOX: &str = env!("CARGO_BIN_EXE_safebox");

/// `open` has no password, `ann` has "Hello world!", `locked` has none that fits.
const PASSWD: &str = "root:x:0:0:root:/:/bin/sh\nopen:x:0:0::/nosuch:/bin/sh\n\
    ann:x:1234:1234::/tmp:/bin/sh\nlocked:x:0:0::/:/bin/sh\nold:x:0:0::/:/bin/sh\n";
const SHADOW: &str = "root:*:1::::::\nopen::1::::::\n\
    ann:$1$saltstri$YMyguxXMBpd2TEZ.vS/3q1:1::::::\nlocked:!:1::::::\nold:ab8DkUPpZ7vQA:1::::::\n";

/// A session whose terminal telnetd makes, in a namespace where /etc is the test's own.
struct Session {
    socket: TcpStream,
    child: Child,
    _etc: TempDir,
}

impl Session {
    /// None where this is not allowed.
    fn start(login: &str) -> Option<Session> {
        let probe = Command::new("unshare").args(["-m", "true"]).output();
        if !rustix::process::geteuid().is_root() || !probe.is_ok_and(|out| out.status.success()) {
            eprintln!("skipped: needs root and unshare -m");
            return None;
        }
        let etc = TempDir::new();
        for (name, text) in [
            ("passwd", PASSWD),
            ("shadow", SHADOW),
            ("group", "ann:x:1234:\n"),
        ] {
            std::fs::write(etc.path().join(name), text).unwrap();
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let (inner, _) = listener.accept().unwrap();
        let script = format!(
            "mount --bind {} /etc && exec {SAFEBOX} telnetd -i -l '{SAFEBOX} {login}'",
            etc.path().display()
        );
        let child = Command::new("unshare")
            .args(["-m", "--propagation", "private", "sh", "-c", &script])
            .env("SECRET", "of the daemon")
            .stdin(OwnedFd::from(inner))
            .spawn()
            .unwrap();
        Some(Session {
            socket,
            child,
            _etc: etc,
        })
    }

    /// Reads until the text is there; what came before it.
    fn expect(&mut self, wanted: &str) -> String {
        let mut seen = Vec::new();
        let mut byte = [0];
        while !seen.ends_with(wanted.as_bytes()) {
            let count = self.socket.read(&mut byte).unwrap();
            if count == 0 {
                panic!("the end came, not '{wanted}': {}", seen.escape_ascii());
            }
            seen.push(byte[0]);
        }
        seen.truncate(seen.len() - wanted.len());
        String::from_utf8_lossy(&seen).into_owned()
    }

    fn line(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).unwrap();
        self.socket.write_all(b"\r\0").unwrap();
    }

    fn rest(&mut self) -> String {
        let mut seen = Vec::new();
        self.socket.read_to_end(&mut seen).unwrap();
        String::from_utf8_lossy(&seen).into_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        self.child.wait().unwrap();
    }
}

#[test]
fn an_account_without_a_password_is_asked_for_none_and_begins_afresh() {
    let Some(mut session) = Session::start("login") else {
        return;
    };
    session.expect(" login: ");
    session.line("open");
    // Words that are not echoed as they are shown: in pieces.
    session.line("echo [$USER $LOGNAME $HOME $SHELL $0 $PWD $SECRET]; exit");
    session.expect("[open open /nosuch /bin/sh -sh / ]\r\n");
    session.rest();
}

#[test]
fn the_right_password_opens_and_is_never_shown() {
    let Some(mut session) = Session::start("login") else {
        return;
    };
    session.expect(" login: ");
    session.line("ann");
    session.expect("Password: ");
    session.line("Hello world!");
    session.line("grep -c '^Uid:.*1234.*1234.*1234.*1234' /proc/self/status; exit");
    let seen = session.expect("1\r\n");
    assert!(!seen.contains("Hello"), "{seen}");
}

#[test]
fn three_wrong_answers_end_it_and_all_look_the_same() {
    let Some(mut session) = Session::start("login") else {
        return;
    };
    // A name that is not there, one that is locked, and a hash of DES, which is none here.
    for name in ["nosuch", "locked", "old"] {
        session.expect(" login: ");
        session.line(name);
        session.expect("Password: ");
        session.line("foob");
        let seen = session.expect("Login incorrect\r\n");
        assert_eq!(seen, "\r\n", "{name}");
    }
    assert_eq!(session.rest(), "");
}

#[test]
fn a_user_who_is_known_already_is_not_asked() {
    let Some(mut session) = Session::start("login -f root") else {
        return;
    };
    session.line("echo [$USER$((1+1))]; exit");
    session.expect("[root2]\r\n");
}

#[test]
fn a_name_of_a_megabyte_is_a_wrong_name() {
    let Some(mut session) = Session::start("login") else {
        return;
    };
    session.expect(" login: ");
    let mut writer = session.socket.try_clone().unwrap();
    let flood = std::thread::spawn(move || {
        for _ in 0..1000 {
            // Lines end here, since a terminal keeps no more of one.
            writer.write_all(&[b'x'; 1000]).unwrap();
        }
        writer.write_all(b"\r\0").unwrap();
    });
    session.expect("Password: ");
    flood.join().unwrap();
    session.line("y");
    session.expect("Login incorrect\r\n");
}
