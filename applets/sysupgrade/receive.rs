//! The image comes by itself: one connection to a port brings it.

use super::backup::to_ram;
use safebox::applet::Ctx;
use safebox::error::{At, Error, Result};
use safebox::health::network::Tables;
use safebox::net::listen::everywhere;
use safebox::net::tally::Tally;
use safebox::upgrade::REFUSED;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// Some senders keep the connection open when they have sent everything. So long a silence is
/// the end as well: whether the image is whole is told by its checks.
const SILENCE: Duration = Duration::from_secs(10);

/// Waits for one connection and copies into `copy`, in RAM, what comes over it.
pub(super) fn receive(ctx: &mut Ctx, port: u16, copy: &Path) -> Result<()> {
    let listener = everywhere(port).at("listen on", format!("port {port}"))?;
    let port = listener.local_addr().map_or(port, |local| local.port());
    let own = Tables::read().ok().and_then(|tables| tables.own());
    let own = own.map_or("ADDRESS".into(), |address| address.to_string());
    ctx.say(format_args!(
        "waiting for the image on port {port}; on the PC type: nc -N {own} {port} < IMAGE"
    ));
    let (stream, sender) = listener.accept().at("accept", "a connection")?;
    // A second one would wait for nothing.
    drop(listener);
    let sender = sender.ip().to_canonical();
    ctx.say(format_args!("{sender} is sending"));
    stream
        .set_read_timeout(Some(SILENCE))
        .at("use", "the connection")?;
    let mut incoming = Incoming {
        stream,
        tally: Tally::new(true),
        fell_silent: false,
    };
    to_ram(ctx, &mut incoming, copy)?;
    let (count, sha256) = (incoming.tally.bytes, incoming.tally.hex());
    if incoming.fell_silent {
        let seconds = SILENCE.as_secs();
        ctx.say(format_args!("nothing more came for {seconds} seconds"));
    }
    if count == 0 {
        // Nobody needs an empty file.
        let _ = fs::remove_file(copy);
        let reason = format!("{sender} sent nothing");
        return Err(Error::Message(reason, REFUSED));
    }
    ctx.say(format_args!("received {count} bytes, sha256 {sha256}"));
    Ok(())
}

/// What comes, counted.
struct Incoming {
    stream: TcpStream,
    tally: Tally,
    fell_silent: bool,
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
