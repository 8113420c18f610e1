//! Lines that let somebody in, and lines that do not.

use super::*;
use russh::keys::parse_public_key_base64;
use std::os::unix::fs::PermissionsExt;

const LETTERS: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIP0NYFUUGOn7m+Ai14O+qZ92hvbHoZuXEJgZtj29M0LH";
const OTHER: &str = "AAAAC3NzaC1lZDI1NTE5AAAAINCumj7e3q0uyAZmadXXCJjidTsTF1eVbcv7PUBHeRGC";

fn key() -> PublicKey {
    parse_public_key_base64(LETTERS).unwrap()
}

fn find_in(file: &str) -> Option<Allowance> {
    find(
        file.as_bytes(),
        &key(),
        "192.168.1.2".parse().unwrap(),
        1_000_000_000,
    )
}

/// What these options allow.
fn with(options: &str) -> Option<Allowance> {
    find_in(&format!("{options} ssh-ed25519 {LETTERS} who@where\n"))
}

#[test]
fn a_plain_line_allows_all_and_only_to_its_key() {
    let all = Some(Allowance::default());
    assert_eq!(find_in(&format!("ssh-ed25519 {LETTERS}")), all);
    assert_eq!(find_in(&format!(" \tssh-ed25519\t{LETTERS} a b\r\n")), all);
    let file = format!("# keys\n\nssh-ed25519 {OTHER} x\nssh-rsa AAAA y\nssh-ed25519 {LETTERS}\n");
    assert_eq!(find_in(&file), all);
    for wrong in [
        String::new(),
        format!("# ssh-ed25519 {LETTERS}"),
        format!("ssh-ed25519 {OTHER}"),
        format!("ssh-rsa {LETTERS}"),
        format!("ssh-ed25519{LETTERS}"),
        format!("ssh-ed25519 {LETTERS}A"),
        format!("ssh-ed25519 {}", &LETTERS[..LETTERS.len() - 4]),
        LETTERS.to_string(),
    ] {
        assert_eq!(find_in(&wrong), None, "{wrong}");
    }
}

#[test]
fn options_take_away_what_they_say() {
    let limited = with("no-pty,no-port-forwarding").unwrap();
    assert!(!limited.pty && !limited.port_forwarding && limited.agent_forwarding);
    assert!(!limited.may_open(b"10.0.0.1", 80) && !limited.may_listen(b"", 80));
    let limited = with("no-agent-forwarding,No-X11-Forwarding").unwrap();
    assert!(!limited.agent_forwarding && !limited.x11_forwarding && limited.pty);
    let nothing = with("restrict").unwrap();
    let none = [
        nothing.pty,
        nothing.port_forwarding,
        nothing.agent_forwarding,
    ];
    assert!(none == [false; 3] && !nothing.x11_forwarding);
    let some = with("restrict,pty").unwrap();
    assert!(some.pty && !some.port_forwarding);
    assert!(!with("pty,restrict").unwrap().pty);
}

#[test]
fn a_command_may_hold_quotes_blanks_and_commas() {
    let command = |options: &str| with(options).and_then(|allowed| allowed.command);
    assert_eq!(
        command(r#"command="echo \"a, b\" 'c'",no-pty"#).as_deref(),
        Some(&br#"echo "a, b" 'c'"#[..])
    );
    assert_eq!(command(r#"command="""#).as_deref(), Some(&b""[..]));
    assert_eq!(command(r#"command="a\b""#).as_deref(), Some(&br"a\b"[..]));
    assert_eq!(with(r#"command="a",command="b""#), None);
}

#[test]
fn an_option_that_is_not_understood_lets_nobody_in() {
    for options in [
        "no-such",
        "no-restrict",
        "cert-authority",
        "verify-required",
        r#"environment="A=b""#,
        r#"tunnel="0""#,
        r#"no-pty="yes""#,
        "command",
        "command=ls",
        r#"command="ls"#,
        r#"command="ls"no-pty"#,
        ",no-pty",
        "no-pty,",
        "no-pty,,restrict",
        r#"permitopen="host""#,
        r#"permitopen="host:0""#,
        r#"permitopen="host:70000""#,
        r#"permitopen="::1:80""#,
        r#"permitlisten="""#,
        r#"expiry-time="soon""#,
        r#"expiry-time="20301301""#,
    ] {
        assert_eq!(with(options), None, "{options}");
    }
    // Another line of the same key still may.
    let file = format!("no-such ssh-ed25519 {LETTERS}\nno-pty ssh-ed25519 {LETTERS}\n");
    assert!(!find_in(&file).unwrap().pty);
}

#[test]
fn addresses_are_held_against_patterns() {
    let from = |patterns: &str, address: &str| {
        let file = format!("from=\"{patterns}\" ssh-ed25519 {LETTERS}");
        find(file.as_bytes(), &key(), address.parse().unwrap(), 0).is_some()
    };
    for (patterns, address) in [
        ("*", "192.168.1.2"),
        ("192.168.1.2", "192.168.1.2"),
        ("192.168.1.?", "192.168.1.2"),
        ("192.168.*", "192.168.1.2"),
        ("*.2", "192.168.1.2"),
        ("192.168.1.0/24", "192.168.1.2"),
        ("10.0.0.0/8, 192.168.0.0/16", "192.168.1.2"),
        ("192.168.1.0/24,!192.168.1.3", "192.168.1.2"),
        ("192.168.1.2", "::ffff:192.168.1.2"),
        ("fe80::/10", "fe80::1"),
        ("FE80::1", "fe80::1"),
        ("fe80:0:0::1", "fe80::1"),
        ("0.0.0.0/0", "1.2.3.4"),
    ] {
        assert!(from(patterns, address), "{patterns} {address}");
    }
    for (patterns, address) in [
        ("", "192.168.1.2"),
        ("192.168.1.?", "192.168.1.20"),
        ("192.168.1.0/24", "192.168.2.2"),
        ("192.168.1.0/24,!192.168.1.2", "192.168.1.2"),
        ("!192.168.1.3", "192.168.1.2"),
        ("192.168.1.2/33,192.168.1.2", "192.168.1.2"),
        ("0.0.0.0/0", "fe80::1"),
        ("router.lan", "192.168.1.2"),
    ] {
        assert!(!from(patterns, address), "{patterns} {address}");
    }
}

#[test]
fn forwarding_goes_only_where_it_is_permitted() {
    let open = with(r#"permitopen="localhost:80",permitopen="[fe80::1]:22",permitopen="h:*""#);
    let open = open.unwrap();
    assert!(open.may_open(b"localhost", 80) && open.may_open(b"LOCALHOST", 80));
    assert!(open.may_open(b"fe80::1", 22) && open.may_open(b"h", 9));
    assert!(!open.may_open(b"localhost", 81) && !open.may_open(b"127.0.0.1", 80));
    assert!(open.may_listen(b"anywhere", 1));
    let listen = with(r#"permitlisten="8080",permitlisten="localhost:9""#).unwrap();
    assert!(listen.may_listen(b"0.0.0.0", 8080) && listen.may_listen(b"localhost", 9));
    assert!(!listen.may_listen(b"localhost", 10) && listen.may_open(b"h", 1));
    assert!(
        !with(r#"restrict,permitopen="a:1""#)
            .unwrap()
            .may_open(b"a", 1)
    );
}

#[test]
fn a_line_expires() {
    assert!(with(r#"expiry-time="20990101Z""#).is_some());
    assert!(with(r#"expiry-time="209901011200""#).is_some());
    assert!(with(r#"expiry-time="20010101""#).is_none());
    // The second itself is past.
    assert!(with(r#"expiry-time="20010909014640Z""#).is_none());
    assert!(with(r#"expiry-time="20010909014641Z""#).is_some());
}

#[test]
fn lines_and_their_number_are_limited() {
    let line = format!("ssh-ed25519 {LETTERS}");
    let padded = |length: usize| format!("{line} {}", "x".repeat(length - line.len() - 1));
    assert!(find_in(&padded(LONGEST)).is_some());
    assert!(find_in(&padded(LONGEST + 1)).is_none());
    assert!(find_in(&format!("{}{line}", "\n".repeat(LINES - 1))).is_some());
    assert!(find_in(&format!("{}{line}", "\n".repeat(LINES))).is_none());
}

#[test]
fn what_others_can_write_is_not_believed() {
    let own = rustix::process::geteuid().as_raw();
    let scratch = crate::fsops::scratch::Scratch::new();
    let folder = scratch.path().join(".ssh");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("authorized_keys");
    std::fs::write(&file, "keys").unwrap();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let load = |uid| load(&file, scratch.path(), uid).map_err(|error| error.kind());
    for path in [scratch.path(), &folder] {
        mode(path, 0o755);
    }
    mode(&file, 0o644);
    assert_eq!(load(own).as_deref(), Ok(&b"keys"[..]));
    // Another user's file, unless it is root's.
    let others = load(own + 1);
    assert_eq!(others.is_ok(), own == 0);
    for path in [scratch.path(), &folder, &file] {
        for bad in [0o775, 0o757] {
            mode(path, bad);
            assert_eq!(load(own), Err(io::ErrorKind::PermissionDenied), "{path:?}");
        }
        mode(path, 0o755);
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(load(own), Err(io::ErrorKind::NotFound));
    std::fs::create_dir(&file).unwrap();
    assert_eq!(load(own), Err(io::ErrorKind::PermissionDenied));
}
