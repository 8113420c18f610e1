//! Runs one contestant once, and tells the processor time that it took.

use super::cases::{Case, Kind};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// A folder of links below target/bench by which a program is called.
#[derive(Clone, Copy)]
pub struct Contestant(pub &'static str);

/// What netcat moves.
const TRANSFER_BYTES: usize = 2 << 30;
const PIECE: usize = 128 * 1024;

/// Everything from here on runs on one core.
pub fn stay_on_one_core() {
    let mut last = None;
    let allowed = rustix::thread::sched_getaffinity(None).unwrap();
    for core in 0..rustix::thread::CpuSet::MAX_CPU {
        if allowed.is_set(core) {
            last = Some(core);
        }
    }
    let mut set = rustix::thread::CpuSet::new();
    set.set(last.unwrap());
    rustix::thread::sched_setaffinity(None, &set).unwrap();
}

/// User and system time of one run, in seconds, children included.
pub fn measure(case: &Case, contestant: Contestant) -> f64 {
    (case.before)();
    match case.kind {
        Kind::Command => finish(case, start(case, contestant, &[])),
        Kind::Starts(count) => (0..count)
            .map(|_| finish(case, start(case, contestant, &[])))
            .sum(),
        Kind::Growth if contestant.0 == "tenth" => (0..10)
            .map(|_| finish(case, start(case, contestant, &[])))
            .sum(),
        Kind::Growth => finish(case, start(case, contestant, &[])),
        Kind::Send => transfer(case, contestant, true),
        Kind::Receive => transfer(case, contestant, false),
        Kind::Ssh(what) => super::ssh::measure(what, contestant),
    }
}

fn open(file: &str) -> Stdio {
    std::fs::File::open(file).unwrap().into()
}

fn start(case: &Case, contestant: Contestant, more: &[String]) -> Child {
    let links = std::env::current_dir().unwrap().join(contestant.0);
    let stdin = match (case.kind, case.input) {
        (Kind::Send, _) => Stdio::piped(),
        (_, "") => Stdio::null(),
        (_, file) if contestant.0 == "tenth" => open(&file.replace("20k", "2k")),
        (_, file) => open(file),
    };
    // A tenth of the work, and a program that has nothing to do where the peer has no such.
    let word = |word: &str| match contestant.0 {
        "tenth" => word.replace("20k", "2k"),
        _ => word.to_owned(),
    };
    let name = match links.join(case.words[0]).exists() {
        true => case.words[0],
        false => "true",
    };
    let mut command = Command::new(links.join(name));
    command
        .args(case.words[1..].iter().map(|text| word(text)))
        .args(more)
        .env_clear()
        .env("PATH", &links)
        .stdin(stdin)
        .stdout(Stdio::null());
    command.spawn().unwrap()
}

/// Waits for the end; a failure is no measurement.
fn finish(case: &Case, child: Child) -> f64 {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    #[allow(
        unsafe_code,
        reason = "the times of one child: nothing safe offers them"
    )]
    // SAFETY: both places are valid for writing, and the child has not been waited for.
    let usage = unsafe {
        let pid = libc::wait4(child.id() as i32, &mut status, 0, usage.as_mut_ptr());
        assert_eq!(pid, child.id() as i32, "{}", case.name);
        usage.assume_init()
    };
    assert_eq!(status, 0, "{}: {:?} failed", case.name, case.words);
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The other end of netcat's connection is here.
fn transfer(case: &Case, contestant: Contestant, sends: bool) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut words = vec!["127.0.0.1".into(), port.to_string()];
    if contestant.0 == "openbsd" {
        // Only then does it tell the other end that its input has ended.
        words.insert(0, "-N".into());
    }
    let mut child = start(case, contestant, &words);
    let (stream, _) = listener.accept().unwrap();
    if sends {
        let mut input = child.stdin.take().unwrap();
        let feeder = std::thread::spawn(move || pour(&mut input));
        drain(stream);
        feeder.join().unwrap();
    } else {
        let mut stream = stream;
        pour(&mut stream);
    }
    finish(case, child)
}

fn pour(to: &mut impl Write) {
    let piece = vec![b'x'; PIECE];
    for _ in 0..TRANSFER_BYTES / PIECE {
        to.write_all(&piece).unwrap();
    }
}

fn drain(mut from: TcpStream) {
    let mut piece = vec![0; PIECE];
    let mut total = 0;
    loop {
        match from.read(&mut piece).unwrap() {
            0 => break,
            count => total += count,
        }
    }
    assert_eq!(total, TRANSFER_BYTES);
}
