//! A chip without a cache, in the router's memory, watched while it is written.
//!
//! The kernel's `mtdram` plays the chip: what UBI writes is in its memory at once and in order, as
//! on a real chip. The emulator's memory is a file here. Again and again the machine is stopped, and
//! what the chip holds then is what is left of it if the power goes at that moment.

use super::router::Router;
use super::talk::PATIENCE;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Bytes of a page of the router's memory.
const PAGE: usize = 4096;
/// So long the router runs between two looks.
const RUN: Duration = Duration::from_millis(2);
/// So many looks without a change, and the router has nothing more to write.
const QUIET: u64 = 20;

/// Pages and what came to stand in them.
type Change = Vec<(usize, Vec<u8>)>;

struct Log {
    /// What the chip held at first.
    base: Vec<u8>,
    /// What it holds now.
    content: Vec<u8>,
    changes: Vec<Change>,
    looks: u64,
}

/// The chip and all that was seen of it.
pub struct Watched {
    /// The memory of the emulator.
    ram: PathBuf,
    log: Arc<Mutex<Log>>,
}

impl Watched {
    /// A chip with this content, in a machine whose memory is in this file.
    pub fn new(base: Vec<u8>, ram: PathBuf) -> Watched {
        let log = Log {
            content: base.clone(),
            base,
            changes: Vec::new(),
            looks: 0,
        };
        Watched {
            ram,
            log: Arc::new(Mutex::new(log)),
        }
    }

    /// What the emulator needs to be told.
    pub fn arguments(&self) -> [String; 4] {
        let ram = self.ram.display();
        [
            "-object".into(),
            format!("memory-backend-file,id=ram,share=on,size=128M,mem-path={ram}"),
            "-machine".into(),
            "memory-backend=ram".into(),
        ]
    }

    /// Watches a router from now on, until its power goes.
    #[track_caller]
    pub fn watch(&self, router: &mut Router) {
        let size = self.log.lock().unwrap().content.len();
        let pages = size / PAGE;
        let areas = router.console.run("cat /proc/vmallocinfo").ok();
        let area = areas
            .lines()
            .find(|line| line.contains(&format!("pages={pages} vmalloc")));
        let start = area.and_then(|line| line.strip_prefix("0x")?.split('-').next());
        let start = start.expect("the chip is in the memory");
        let start = u64::from_str_radix(start, 16).expect("lab: no_hash_pointers");
        let mut monitor = router.monitor();
        prompt(&mut monitor).unwrap();
        say(&mut monitor, "stop").unwrap();
        let mut places = Vec::new();
        for page in 0..pages {
            let command = format!("gva2gpa {:#x}", start + (page * PAGE) as u64);
            let answer = say(&mut monitor, &command).unwrap();
            let place = answer.split("gpa: 0x").nth(1);
            let place = place.unwrap_or_else(|| panic!("{answer}")).trim();
            let digits = place.split(|c: char| !c.is_ascii_hexdigit()).next();
            places.push(u64::from_str_radix(digits.unwrap(), 16).unwrap());
        }
        let memory = File::open(&self.ram).unwrap();
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            // Until the emulator is killed and hangs up.
            while look(&memory, &places, &log)
                .and_then(|()| say(&mut monitor, "cont"))
                .and_then(|_| {
                    std::thread::sleep(RUN);
                    say(&mut monitor, "stop")
                })
                .is_ok()
            {}
        });
    }

    /// How many changes were seen: the clock of the power cuts.
    pub fn now(&self) -> u64 {
        self.log.lock().unwrap().changes.len() as u64
    }

    /// Waits until nothing more is written, and tells when that is.
    #[track_caller]
    pub fn quiet(&self) -> u64 {
        let limit = Instant::now() + PATIENCE;
        let state = || {
            let log = self.log.lock().unwrap();
            (log.changes.len() as u64, log.looks)
        };
        let (mut seen, mut since) = state();
        loop {
            assert!(Instant::now() < limit, "the chip is written without end");
            std::thread::sleep(Duration::from_millis(10));
            let (now, looks) = state();
            if now != seen {
                (seen, since) = (now, looks);
            } else if looks >= since + QUIET {
                return seen;
            }
        }
    }

    /// What the chip held after so many changes.
    pub fn content_at(&self, moment: u64) -> Vec<u8> {
        let log = self.log.lock().unwrap();
        let mut content = log.base.clone();
        for (page, bytes) in log.changes.iter().take(moment as usize).flatten() {
            content[page * PAGE..][..PAGE].copy_from_slice(bytes);
        }
        content
    }
}

/// Notes what has changed, while the machine stands still.
fn look(memory: &File, places: &[u64], log: &Mutex<Log>) -> std::io::Result<()> {
    let mut change = Change::new();
    let mut log = log.lock().unwrap();
    for (page, place) in places.iter().enumerate() {
        let mut bytes = [0; PAGE];
        memory.read_exact_at(&mut bytes, *place)?;
        let held = &mut log.content[page * PAGE..][..PAGE];
        if *held != bytes {
            held.copy_from_slice(&bytes);
            change.push((page, bytes.to_vec()));
        }
    }
    if !change.is_empty() {
        log.changes.push(change);
    }
    log.looks += 1;
    Ok(())
}

fn say(monitor: &mut UnixStream, line: &str) -> std::io::Result<String> {
    writeln!(monitor, "{line}")?;
    prompt(monitor)
}

/// Waits for the monitor's prompt and hands out what came before it.
fn prompt(monitor: &mut UnixStream) -> std::io::Result<String> {
    let mut heard = Vec::new();
    while memchr::memmem::find(&heard, b"(qemu) ").is_none() {
        let mut buf = [0; 512];
        let count = monitor.read(&mut buf)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        heard.extend_from_slice(&buf[..count]);
    }
    Ok(String::from_utf8_lossy(&heard).into_owned())
}
