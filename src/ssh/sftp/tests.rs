//! Packets by hand: what a well-behaved client never sends, and what it must hear.

use super::*;
use crate::fsops::scratch::Scratch;
use crate::ssh::wire::put_u64;
use std::fs;

/// A session in a folder of its own.
struct Session {
    scratch: Scratch,
    server: Server,
}

impl Session {
    fn new() -> Session {
        Session::with(false)
    }

    fn with(read_only: bool) -> Session {
        let scratch = Scratch::new();
        let server = Server::new(scratch.path(), read_only);
        let mut session = Session { scratch, server };
        let answers = session.send(&packet(kind::INIT, |p| put_u32(p, 3)));
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0][..5], [kind::VERSION, 0, 0, 0, 3]);
        session
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The answers without their lengths.
    fn send(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        self.server.feed(bytes, &mut out).unwrap();
        packets(&out)
    }

    /// One request; the type of the answer and what follows the number.
    fn ask(&mut self, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) -> (u8, Vec<u8>) {
        let request = packet(kind, |p| {
            put_u32(p, 7);
            fill(p);
        });
        let answers = self.send(&request);
        assert_eq!(answers.len(), 1);
        let mut reader = Reader(&answers[0]);
        let kind = reader.byte().unwrap();
        assert_eq!(reader.u32(), Some(7));
        (kind, reader.0.to_vec())
    }

    /// The same where the answer is a status.
    fn code(&mut self, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) -> u32 {
        let (answer, rest) = self.ask(kind, fill);
        assert_eq!(answer, kind::STATUS);
        let mut reader = Reader(&rest);
        let code = reader.u32().unwrap();
        assert!(reader.string().is_some() && reader.string() == Some(b"en"));
        assert!(reader.0.is_empty());
        code
    }

    fn open(&mut self, name: &[u8], flags: u32) -> Vec<u8> {
        let (answer, rest) = self.ask(kind::OPEN, |p| {
            put_string(p, name);
            put_u32(p, flags);
            put_u32(p, 0);
        });
        assert_eq!(
            answer,
            kind::HANDLE,
            "{:?}",
            rest.escape_ascii().to_string()
        );
        Reader(&rest).string().unwrap().to_vec()
    }

    fn write(&mut self, handle: &[u8], offset: u64, data: &[u8]) -> u32 {
        self.code(kind::WRITE, |p| {
            put_string(p, handle);
            put_u64(p, offset);
            put_string(p, data);
        })
    }

    fn read(&mut self, handle: &[u8], offset: u64, length: u32) -> (u8, Vec<u8>) {
        self.ask(kind::READ, |p| {
            put_string(p, handle);
            put_u64(p, offset);
            put_u32(p, length);
        })
    }

    fn close(&mut self, handle: &[u8]) -> u32 {
        self.code(kind::CLOSE, |p| put_string(p, handle))
    }

    fn extended(&mut self, name: &str, fill: impl FnOnce(&mut Vec<u8>)) -> (u8, Vec<u8>) {
        self.ask(kind::EXTENDED, |p| {
            put_string(p, name.as_bytes());
            fill(p);
        })
    }
}

fn packet(kind: u8, fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = vec![kind];
    fill(&mut body);
    let mut out = Vec::new();
    put_string(&mut out, &body);
    out
}

fn packets(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = Reader(bytes);
    let mut found = Vec::new();
    while let Some(packet) = reader.string() {
        found.push(packet.to_vec());
    }
    assert!(reader.0.is_empty());
    found
}

const OK: u32 = Code::Ok as u32;
const CREATE: u32 = 2 | 8 | 16;

#[test]
fn the_extensions_that_scp_and_sftp_use_are_announced() {
    let scratch = Scratch::new();
    let mut out = Vec::new();
    let mut server = Server::new(scratch.path(), false);
    server
        .feed(&packet(kind::INIT, |p| put_u32(p, 6)), &mut out)
        .unwrap();
    for name in [
        "posix-rename@openssh.com",
        "limits@openssh.com",
        "copy-data",
    ] {
        assert!(out.windows(name.len()).any(|at| at == name.as_bytes()));
    }
}

#[test]
fn a_stream_cut_at_any_byte_gives_the_same_answers() {
    let mut stream = packet(kind::INIT, |p| put_u32(p, 3));
    for id in 0..3 {
        stream.extend(packet(kind::REALPATH, |p| {
            put_u32(p, id);
            put_string(p, b".");
        }));
    }
    let scratch = Scratch::new();
    let answer = |pieces: &[&[u8]]| {
        let mut server = Server::new(scratch.path(), false);
        let mut out = Vec::new();
        for piece in pieces {
            server.feed(piece, &mut out).unwrap();
        }
        out
    };
    let whole = answer(&[&stream]);
    assert_eq!(packets(&whole).len(), 4);
    for at in 0..stream.len() {
        assert_eq!(answer(&[&stream[..at], &stream[at..]]), whole, "{at}");
    }
}

#[test]
fn packets_that_cannot_be_are_the_end_of_the_session() {
    let scratch = Scratch::new();
    let feed = |bytes: &[u8]| {
        let mut server = Server::new(scratch.path(), false);
        server.feed(bytes, &mut Vec::new())
    };
    let init = packet(kind::INIT, |p| put_u32(p, 3));
    assert_eq!(feed(b"\0\0\0\0"), Err(Fatal::Length(0)));
    assert_eq!(feed(b"\xff\xff\xff\xff"), Err(Fatal::Length(u32::MAX)));
    assert_eq!(feed(b"\0\x04\0\x01\x01"), Err(Fatal::Length(0x40001)));
    assert_eq!(
        feed(&packet(kind::STAT, |p| put_u32(p, 1))),
        Err(Fatal::Order)
    );
    assert_eq!(feed(&[&init[..], &init].concat()), Err(Fatal::Order));
    let cut = packet(kind::STAT, |p| p.push(0));
    assert_eq!(feed(&[&init[..], &cut].concat()), Err(Fatal::Short));
}

#[test]
fn a_request_that_is_too_short_is_answered_and_the_session_goes_on() {
    let mut session = Session::new();
    let bad = Code::BadMessage as u32;
    let unsupported = Code::Unsupported as u32;
    for kind in 3..=20 {
        let code = session.code(kind, |_| {});
        assert_eq!(code, bad, "{kind}");
    }
    assert_eq!(session.code(kind::EXTENDED, |_| {}), bad);
    assert_eq!(session.code(99, |_| {}), unsupported);
    let (_, rest) = session.extended("no-such@openssh.com", |_| {});
    assert_eq!(Reader(&rest).u32(), Some(unsupported));
    for name in LIST_WITH_ARGUMENTS {
        let (kind, rest) = session.extended(name, |_| {});
        assert_eq!(
            (kind, Reader(&rest).u32()),
            (kind::STATUS, Some(bad)),
            "{name}"
        );
    }
    // A string that claims to be longer than its packet.
    let code = session.code(kind::REMOVE, |p| {
        put_u32(p, u32::MAX);
        p.push(b'x');
    });
    assert_eq!(code, bad);
}

const LIST_WITH_ARGUMENTS: [&str; 10] = [
    "posix-rename@openssh.com",
    "statvfs@openssh.com",
    "fstatvfs@openssh.com",
    "hardlink@openssh.com",
    "fsync@openssh.com",
    "lsetstat@openssh.com",
    "expand-path@openssh.com",
    "copy-data",
    "home-directory",
    "users-groups-by-id@openssh.com",
];

#[test]
fn what_is_written_is_read_at_any_place() {
    let mut session = Session::new();
    let handle = session.open(b"f", 1 | CREATE);
    assert_eq!(session.write(&handle, 0, b"hello"), OK);
    assert_eq!(session.write(&handle, 10, b"world"), OK);
    let read = |session: &mut Session, offset, length| {
        let (kind, rest) = session.read(&handle, offset, length);
        assert_eq!(kind, kind::DATA);
        Reader(&rest).string().unwrap().to_vec()
    };
    assert_eq!(read(&mut session, 0, 100), b"hello\0\0\0\0\0world");
    assert_eq!(read(&mut session, 12, 2), b"rl");
    let (kind, rest) = session.read(&handle, 15, 1);
    assert_eq!((kind, Reader(&rest).u32()), (kind::STATUS, Some(1)));
    let (kind, _) = session.read(&handle, u64::MAX, 1);
    assert_eq!(kind, kind::STATUS);
    assert_ne!(session.write(&handle, u64::MAX, b"x"), OK);
    assert_eq!(session.write(&handle, 3, b""), OK);
    // The impossible write is remembered.
    assert_ne!(session.close(&handle), OK);
    assert_ne!(session.close(&handle), OK);
}

#[test]
fn a_full_disk_is_reported_at_once_and_when_the_file_is_closed() {
    let mut session = Session::new();
    let handle = session.open(b"/dev/full", 2);
    assert_eq!(session.write(&handle, 0, b"x"), Code::Failure as u32);
    let (_, rest) = session.ask(kind::CLOSE, |p| put_string(p, &handle));
    let mut reader = Reader(&rest);
    assert_eq!(reader.u32(), Some(Code::Failure as u32));
    assert_eq!(reader.string(), Some(&b"No space left on device"[..]));
    let fine = session.open(b"f", CREATE);
    assert_eq!(session.write(&fine, 0, b"x"), OK);
    assert_eq!(session.close(&fine), OK);
}

#[test]
fn open_files_are_limited_and_their_numbers_not_used_again() {
    let mut session = Session::new();
    let first = session.open(b"f", CREATE);
    assert_eq!(session.close(&first), OK);
    let handles: Vec<_> = (0..HANDLES).map(|_| session.open(b"f", 1)).collect();
    assert!(!handles.contains(&first));
    let code = session.code(kind::OPENDIR, |p| put_string(p, b"."));
    assert_eq!(code, Code::Failure as u32);
    assert_eq!(session.close(&handles[3]), OK);
    session.open(b"f", 1);
    for wrong in [
        &b""[..],
        b"x",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\0\x01",
    ] {
        assert_eq!(session.close(wrong), Code::Failure as u32);
    }
}

#[test]
fn answers_wait_while_nobody_takes_them() {
    let mut session = Session::new();
    fs::write(session.path("f"), vec![7; PIECE]).unwrap();
    let handle = session.open(b"f", 1);
    let mut requests = Vec::new();
    for id in 0..100 {
        requests.extend(packet(kind::READ, |p| {
            put_u32(p, id);
            put_string(p, &handle);
            put_u64(p, 0);
            put_u32(p, u32::MAX);
        }));
    }
    let mut out = Vec::new();
    session.server.feed(&requests, &mut out).unwrap();
    let mut answers = 0;
    let mut rounds = 0;
    loop {
        assert!(out.len() < FULL + PIECE + 100);
        answers += packets(&out).len();
        out.clear();
        if !session.server.is_behind() {
            break;
        }
        session.server.feed(b"", &mut out).unwrap();
        rounds += 1;
    }
    assert_eq!((answers, rounds > 10), (100, true));
    // Who does not stop talking in the meantime is cut off.
    let mut full = vec![0; FULL];
    let flood = (0..1000).find_map(|_| session.server.feed(&requests, &mut full).err());
    assert_eq!(flood, Some(Fatal::Flood));
}

#[test]
fn a_folder_of_many_names_comes_in_pieces() {
    let mut session = Session::new();
    fs::create_dir(session.path("d")).unwrap();
    for number in 0..1000 {
        fs::write(session.path(&format!("d/{number:0>100}")), "").unwrap();
    }
    let (_, rest) = session.ask(kind::OPENDIR, |p| put_string(p, b"d"));
    let handle = Reader(&rest).string().unwrap().to_vec();
    let mut names = std::collections::BTreeSet::new();
    let mut rounds = 0;
    loop {
        let (kind, rest) = session.ask(kind::READDIR, |p| put_string(p, &handle));
        let mut reader = Reader(&rest);
        let count = reader.u32().unwrap();
        if kind == kind::STATUS {
            assert_eq!(count, Code::Eof as u32);
            break;
        }
        assert!(rest.len() < PIECE);
        rounds += 1;
        for _ in 0..count {
            names.insert(reader.string().unwrap().to_vec());
            reader.string().unwrap();
            attributes::Attributes::read(&mut reader).unwrap();
        }
        assert!(reader.0.is_empty());
    }
    assert_eq!((names.len(), rounds > 1), (1000, true));
    assert_eq!(session.close(&handle), OK);
}

#[test]
fn a_read_only_session_changes_nothing() {
    let mut session = Session::with(true);
    fs::write(session.path("f"), "x").unwrap();
    let denied = Code::PermissionDenied as u32;
    let handle = session.open(b"f", 1);
    assert_eq!(session.write(&handle, 0, b"y"), denied);
    for flags in [2, 3, 1 | 8, 1 | 16, 1 | 4] {
        let code = session.code(kind::OPEN, |p| {
            put_string(p, b"f");
            put_u32(p, flags);
            put_u32(p, 0);
        });
        assert_eq!(code, denied, "{flags}");
    }
    for kind in [9, 10, 13, 14, 15, 18, 20] {
        assert_eq!(session.code(kind, |_| {}), denied, "{kind}");
    }
    for name in [
        "posix-rename@openssh.com",
        "hardlink@openssh.com",
        "lsetstat@openssh.com",
        "copy-data",
    ] {
        let (_, rest) = session.extended(name, |_| {});
        assert_eq!(Reader(&rest).u32(), Some(denied), "{name}");
    }
    assert_eq!(fs::read(session.path("f")).unwrap(), b"x");
}

#[test]
fn a_rename_of_the_draft_replaces_nothing_and_the_other_does() {
    let mut session = Session::new();
    fs::write(session.path("a"), "a").unwrap();
    fs::write(session.path("b"), "b").unwrap();
    let both = |p: &mut Vec<u8>| {
        put_string(p, b"a");
        put_string(p, b"b");
    };
    assert_eq!(session.code(kind::RENAME, both), Code::Failure as u32);
    assert_eq!(fs::read(session.path("b")).unwrap(), b"b");
    let (_, rest) = session.extended("posix-rename@openssh.com", both);
    assert_eq!(Reader(&rest).u32(), Some(OK));
    assert_eq!(fs::read(session.path("b")).unwrap(), b"a");
    let code = session.code(kind::RENAME, |p| {
        put_string(p, b"b");
        put_string(p, b"c");
    });
    assert_eq!((code, session.path("c").exists()), (OK, true));
}

#[test]
fn data_are_copied_on_the_server() {
    let mut session = Session::new();
    let content: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(session.path("a"), &content).unwrap();
    let (from, to) = (session.open(b"a", 1), session.open(b"b", CREATE));
    let copy = |session: &mut Session, from: &[u8], at: u64, length: u64, to: &[u8]| {
        let (_, rest) = session.extended("copy-data", |p| {
            put_string(p, from);
            put_u64(p, at);
            put_u64(p, length);
            put_string(p, to);
            put_u64(p, at);
        });
        Reader(&rest).u32().unwrap()
    };
    assert_eq!(copy(&mut session, &from, 0, 1000, &to), OK);
    assert_eq!(copy(&mut session, &from, 1000, 0, &to), OK);
    assert_eq!(fs::read(session.path("b")).unwrap(), content);
    // More than there is, into itself, and without an end.
    assert_ne!(copy(&mut session, &from, 0, 1 << 30, &to), OK);
    assert_ne!(copy(&mut session, &from, 0, 0, &from), OK);
    let endless = session.open(b"/dev/zero", 1);
    assert_ne!(copy(&mut session, &endless, 0, 0, &to), OK);
}

#[test]
fn a_named_pipe_does_not_stop_the_session() {
    let mut session = Session::new();
    let path = session.path("p");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let handle = session.open(b"p", 1);
    let (kind, _) = session.read(&handle, 0, 10);
    assert_eq!((kind, session.close(&handle)), (kind::STATUS, OK));
    // Nobody reads.
    let code = session.code(kind::OPEN, |p| {
        put_string(p, b"p");
        put_u32(p, 2);
        put_u32(p, 0);
    });
    assert_eq!(code, Code::Failure as u32);
}
