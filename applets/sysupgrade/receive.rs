//! The image comes by itself: one connection to a port brings it.

use super::backup::{STREAM_HELPS, to_ram};
use rustix::net::sockopt::set_socket_recv_buffer_size;
use safebox::applet::Ctx;
use safebox::error::{At, Error, Result};
use safebox::health::network::Tables;
use safebox::net::listen::everywhere;
use safebox::net::tally::Tally;
use safebox::upgrade::REFUSED;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

/// Some senders keep the connection open when they have sent everything. So long a silence is
/// the end as well: whether the image is whole is told by its checks.
const SILENCE: Duration = Duration::from_secs(10);

/// Says something about what is received.
pub(super) type Say<'a> = &'a mut dyn FnMut(&str);

/// Bytes that wait in the kernel.
const RECEIVED: usize = 64 * 1024;

/// Waits for one connection and copies into `copy`, in RAM, what comes over it.
pub(super) fn receive(ctx: &mut Ctx, port: u16, copy: &Path) -> Result<()> {
    let mut incoming = {
        let say: Say<'_> = &mut |line| ctx.say(line);
        // With it closed a second sender does not wait for nothing.
        Door::open(port)?.wait(say)?
    };
    to_ram(ctx, &mut incoming, copy, STREAM_HELPS)?;
    let ended = incoming.end(&mut |line| ctx.say(line));
    if ended.is_err() {
        // Nobody needs an empty file.
        let _ = fs::remove_file(copy);
    }
    ended
}

/// A port that takes one connection at a time.
pub(super) struct Door {
    listener: TcpListener,
    port: u16,
}

impl Door {
    /// From now on somebody may connect.
    pub(super) fn open(port: u16) -> Result<Door> {
        let listener = everywhere(port).at("listen on", format!("port {port}"))?;
        // The kernel would keep megabytes of what comes faster than it is looked at.
        let limited = set_socket_recv_buffer_size(&listener, RECEIVED);
        limited
            .map_err(std::io::Error::from)
            .at("use", "the port")?;
        let port = listener.local_addr().map_or(port, |local| local.port());
        Ok(Door { listener, port })
    }

    /// Says what to do, and waits until somebody does it.
    pub(super) fn wait(&self, say: Say<'_>) -> Result<Incoming> {
        let port = self.port;
        let own = Tables::read().ok().and_then(|tables| tables.own());
        let own = own.map_or("ADDRESS".into(), |address| address.to_string());
        say(&format!(
            "waiting for the image on port {port}; on the PC type: nc -N {own} {port} < IMAGE"
        ));
        let (stream, sender) = self.listener.accept().at("accept", "a connection")?;
        let sender = sender.ip().to_canonical();
        say(&format!("{sender} is sending"));
        stream
            .set_read_timeout(Some(SILENCE))
            .at("use", "the connection")?;
        Ok(Incoming {
            stream,
            sender,
            tally: Tally::new(true),
            fell_silent: false,
        })
    }
}

/// What comes, counted.
pub(super) struct Incoming {
    stream: TcpStream,
    sender: IpAddr,
    tally: Tally,
    fell_silent: bool,
}

impl Incoming {
    /// Says what has come.
    ///
    /// # Errors
    /// Nothing has.
    pub(super) fn end(mut self, say: Say<'_>) -> Result<()> {
        if self.fell_silent {
            let seconds = SILENCE.as_secs();
            say(&format!("nothing more came for {seconds} seconds"));
        }
        let (count, sha256) = (self.tally.bytes, self.tally.hex());
        if count == 0 {
            let reason = format!("{} sent nothing", self.sender);
            return Err(Error::Message(reason, REFUSED));
        }
        say(&format!("received {count} bytes, sha256 {sha256}"));
        Ok(())
    }
}

impl Read for Incoming {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // Its end stays its end.
        if self.fell_silent {
            return Ok(0);
        }
        match self.stream.read(buf) {
            Ok(count) => {
                self.tally.add(buf.get(..count).unwrap_or_default());
                Ok(count)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                self.fell_silent = true;
                Ok(0)
            }
            Err(error) => Err(error),
        }
    }
}
