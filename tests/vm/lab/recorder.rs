//! A chip that notes the order in which it was written.
//!
//! It serves its content to the emulator over NBD (the protocol of network block devices, fixed
//! newstyle), so every write passes through here. Whoever kills the emulator finds in a flash
//! file what was written until then and nothing of what came later; the log of one run gives that
//! content for every moment of it.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a power cut leaves whole: a sector of the emulator's disk.
const SECTOR: u64 = 512;
/// So long without a write, and the router has nothing more to write.
const QUIET: Duration = Duration::from_millis(200);

/// The numbers of the NBD protocol that are used here.
mod nbd {
    pub const GREETING: &[u8] = b"NBDMAGICIHAVEOPT\0\x01";
    pub const GO: u32 = 7;
    pub const OPTION_REPLY: u64 = 0x0003_e889_0455_65a9;
    pub const ACK: u32 = 1;
    pub const INFO: u32 = 3;
    pub const UNSUPPORTED: u32 = 0x8000_0001;
    /// The other flags are known, and FLUSH is.
    pub const FLAGS: u16 = 5;
    pub const READ: u16 = 0;
    pub const WRITE: u16 = 1;
    pub const DISCONNECT: u16 = 2;
    pub const REPLY: u32 = 0x6744_6698;
}

/// One write of the router.
struct Written {
    offset: u64,
    bytes: Vec<u8>,
}

struct Log {
    /// What the chip held at first.
    base: Vec<u8>,
    /// What it holds now.
    content: Vec<u8>,
    writes: Vec<Written>,
    bytes: u64,
}

/// The chip and all that has happened to it.
pub struct Recorder {
    socket: PathBuf,
    log: Arc<Mutex<Log>>,
}

impl Recorder {
    /// A chip with this content, for the emulator of a bench with this directory.
    pub fn new(base: Vec<u8>, dir: &Path) -> Recorder {
        let socket = dir.join("chip");
        let listener = UnixListener::bind(&socket).unwrap();
        let log = Arc::new(Mutex::new(Log {
            content: base.clone(),
            base,
            writes: Vec::new(),
            bytes: 0,
        }));
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // An emulator that was killed hangs up in the middle.
                let _ = serve(stream.unwrap(), &shared);
            }
        });
        Recorder { socket, log }
    }

    /// What the emulator is given in place of a file.
    pub fn source(&self) -> PathBuf {
        format!("nbd+unix:///?socket={}", self.socket.display()).into()
    }

    /// How many bytes have been written: the clock of the power cuts.
    pub fn now(&self) -> u64 {
        self.log.lock().unwrap().bytes
    }

    /// Waits until nothing more is written, and tells when that is.
    #[track_caller]
    pub fn quiet(&self) -> u64 {
        let limit = Instant::now() + super::talk::PATIENCE;
        let (mut seen, mut since) = (self.now(), Instant::now());
        while since.elapsed() < QUIET {
            assert!(Instant::now() < limit, "the chip is written without end");
            std::thread::sleep(Duration::from_millis(10));
            let now = self.now();
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
        }
        seen
    }

    /// The moments between two others just before this range was written to.
    pub fn writes_to(&self, range: &Range<u64>, between: Range<u64>) -> Vec<u64> {
        let log = self.log.lock().unwrap();
        let mut clock = 0;
        let mut found = Vec::new();
        for write in &log.writes {
            let end = write.offset + write.bytes.len() as u64;
            if between.contains(&clock) && write.offset < range.end && range.start < end {
                found.push(clock);
            }
            clock += write.bytes.len() as u64;
        }
        found
    }

    /// What the chip held at a moment, to a sector.
    pub fn content_at(&self, moment: u64) -> Vec<u8> {
        let log = self.log.lock().unwrap();
        let mut content = log.base.clone();
        let mut left = moment - moment % SECTOR;
        for write in &log.writes {
            let count = left.min(write.bytes.len() as u64);
            let part = &write.bytes[..count as usize];
            content[write.offset as usize..][..part.len()].copy_from_slice(part);
            left -= count;
        }
        content
    }
}

/// Serves one emulator until it hangs up.
fn serve(mut stream: UnixStream, log: &Mutex<Log>) -> io::Result<()> {
    stream.write_all(nbd::GREETING)?;
    let _flags: [u8; 4] = get(&mut stream)?;
    loop {
        let _magic: [u8; 8] = get(&mut stream)?;
        let option = u32::from_be_bytes(get(&mut stream)?);
        let length = u32::from_be_bytes(get(&mut stream)?);
        let mut words = vec![0; length as usize];
        stream.read_exact(&mut words)?;
        if option != nbd::GO {
            answer(&mut stream, option, nbd::UNSUPPORTED, &[])?;
            continue;
        }
        let mut info = vec![0; 2];
        let size = log.lock().unwrap().content.len() as u64;
        info.extend(size.to_be_bytes());
        info.extend(nbd::FLAGS.to_be_bytes());
        answer(&mut stream, option, nbd::INFO, &info)?;
        answer(&mut stream, option, nbd::ACK, &[])?;
        break;
    }
    loop {
        let _magic_and_flags: [u8; 6] = get(&mut stream)?;
        let command = u16::from_be_bytes(get(&mut stream)?);
        let handle: [u8; 8] = get(&mut stream)?;
        let offset = u64::from_be_bytes(get(&mut stream)?);
        let length = u32::from_be_bytes(get(&mut stream)?) as usize;
        let place = offset as usize..offset as usize + length;
        let mut data = Vec::new();
        match command {
            nbd::READ => data.extend_from_slice(&log.lock().unwrap().content[place]),
            nbd::WRITE => {
                let mut bytes = vec![0; length];
                stream.read_exact(&mut bytes)?;
                let mut log = log.lock().unwrap();
                log.content[place].copy_from_slice(&bytes);
                log.bytes += bytes.len() as u64;
                log.writes.push(Written { offset, bytes });
            }
            nbd::DISCONNECT => return Ok(()),
            // FLUSH: what is here is written.
            _ => {}
        }
        let mut reply = nbd::REPLY.to_be_bytes().to_vec();
        reply.extend([0; 4]);
        reply.extend(handle);
        reply.extend(data);
        stream.write_all(&reply)?;
    }
}

fn get<const N: usize>(stream: &mut UnixStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn answer(stream: &mut UnixStream, option: u32, kind: u32, data: &[u8]) -> io::Result<()> {
    let mut reply = nbd::OPTION_REPLY.to_be_bytes().to_vec();
    reply.extend(option.to_be_bytes());
    reply.extend(kind.to_be_bytes());
    reply.extend((data.len() as u32).to_be_bytes());
    reply.extend(data);
    stream.write_all(&reply)
}
