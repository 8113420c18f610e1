//! The transfer itself: both directions at once, and when it is over.
//!
//! Three habits of other programs of this name cost data: ending as soon as the peer has
//! (what we still had to send is lost), closing the sending side at once for an empty
//! standard input (a busybox sender takes that as the end and stops), and ending with
//! status 0 whatever happened.

use super::direct::{self, Input, Moved, Output};
use super::peer::{Peer, timespec};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use safebox::applet::Ctx;
use safebox::error::{Error, Exit, Result, reason};
use safebox::meter::Meter;
use safebox::net::tally::Tally;
use safebox::sys::signal::{Signals, numbers};
use std::time::{Duration, Instant};

/// When it ends, and what is checked then.
pub struct Rules {
    /// Nothing in either direction for so long is a failure.
    pub idle: Option<Duration>,
    /// So long after the end of standard input it is over.
    pub linger: Option<Duration>,
    /// The sending side is closed at once even if standard input was empty.
    pub close_at_once: bool,
    /// Between two lines that are sent.
    pub interval: Option<Duration>,
    /// How much has gone is shown.
    pub progress: bool,
    /// Lengths and digests are printed.
    pub count: bool,
    /// So many bytes must come.
    pub length: Option<u64>,
    /// SHA-256 of what must come, lower case hexadecimal.
    pub digest: Option<String>,
}

impl Rules {
    fn measures(&self) -> bool {
        self.count || self.length.is_some() || self.digest.is_some()
    }
}

/// Bytes read at once.
const PIECE: usize = 64 * 1024;
/// What a pipe that polls writable takes for sure.
const PIPE_PIECE: usize = 4096;
/// Nothing has moved for so long: an empty standard input then closes the sending side, and
/// one that stays silent is taken to have nothing for a peer that has ended.
const SILENCE: Duration = Duration::from_secs(1);
/// Between two looks at how much has gone.
const SHOW_EVERY: Duration = Duration::from_millis(200);

struct Transfer<'a> {
    peer: Peer,
    rules: &'a Rules,
    /// Read from standard input, not yet sent.
    to_send: Vec<u8>,
    /// Received, not yet written.
    to_write: Vec<u8>,
    input_open: bool,
    sending_open: bool,
    receiving_open: bool,
    sent: Tally,
    received: Tally,
    last_move: Instant,
    input_ended: Option<Instant>,
    writes_to_pipe: bool,
    input: Input,
    /// Standard input, which the kernel moves, has something; the connection is waited for.
    input_waits: bool,
    output: Output,
    /// The same of the connection; standard output, a pipe, is waited for.
    peer_waits: bool,
    /// Nothing is sent before this.
    next_line: Option<Instant>,
    /// Where progress is shown: since when the transfer runs, and when that was shown last.
    meter: Option<(Meter, Instant, Instant)>,
}

/// Passes bytes on until both sides have ended.
pub fn run(ctx: &mut Ctx, peer: Peer, rules: &Rules) -> Result<Exit> {
    rustix::io::ioctl_fionbio(&peer, true).map_err(|error| failed("connection", error))?;
    // Where nothing is measured, ^C ends us as it ends everybody.
    let signals = match rules.measures() {
        true => Signals::take(&[numbers::INT]).ok(),
        false => None,
    };
    let mut transfer = Transfer {
        peer,
        rules,
        to_send: Vec::new(),
        to_write: Vec::new(),
        input_open: true,
        sending_open: true,
        receiving_open: true,
        sent: Tally::new(rules.count),
        received: Tally::new(rules.measures()),
        last_move: Instant::now(),
        input_ended: None,
        writes_to_pipe: !is_regular(ctx),
        input: Input::Copied,
        input_waits: false,
        output: Output::Copied,
        peer_waits: false,
        next_line: None,
        meter: rules
            .progress
            .then(|| (Meter::new(ctx), Instant::now(), Instant::now())),
    };
    if !rules.measures() && !transfer.peer.is_udp() {
        transfer.output = Output::of(&ctx.out);
        if rules.interval.is_none() {
            transfer.input = Input::of(&*ctx.stdin());
        }
    }
    let result = transfer.pass_on(ctx, signals.as_ref());
    transfer.show(true);
    let checked = transfer.check(ctx);
    let exit = result?;
    checked?;
    Ok(exit)
}

fn is_regular(ctx: &Ctx) -> bool {
    use std::os::fd::AsFd;
    let file = rustix::fs::fstat(ctx.out.as_fd());
    file.is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file())
}

fn failed(what: &str, error: Errno) -> Error {
    let error = std::io::Error::from(error);
    Error::message(format!("{what}: {}", reason(&error)))
}

impl Transfer<'_> {
    fn pass_on(&mut self, ctx: &mut Ctx, signals: Option<&Signals>) -> Result<Exit> {
        let mut buf = vec![0; PIECE];
        loop {
            self.close_if_sent()?;
            if self.is_over() {
                return Ok(Exit::OK);
            }
            let ready = self.wait(ctx, signals)?;
            if signals.and_then(Signals::next).is_some() {
                return Ok(Exit(130));
            }
            if ready.input || (self.input_waits && ready.socket_out) {
                self.take_input(ctx, &mut buf)?;
            }
            if ready.socket_in || (self.peer_waits && ready.output) {
                self.take(ctx, &mut buf)?;
            }
            if ready.output && !self.to_write.is_empty() {
                self.write_output()?;
            }
            self.send()?;
            self.show(false);
            if self.lingered() {
                // What has come is still written; what was sent is on its way.
                while !self.to_write.is_empty() {
                    self.write_output()?;
                }
                return Ok(Exit::OK);
            }
        }
    }

    /// After the last byte of input the sending side is closed.
    fn close_if_sent(&mut self) -> Result<()> {
        if self.input_open || !self.to_send.is_empty() || !self.sending_open {
            return Ok(());
        }
        // A receiver whose own input is empty: a busybox sender would stop at our FIN.
        let waits = self.sent.bytes == 0
            && self.receiving_open
            && !self.rules.close_at_once
            && self.last_move.elapsed() < SILENCE;
        if waits {
            return Ok(());
        }
        self.sending_open = false;
        match self.peer.close_sending() {
            Ok(()) => Ok(()),
            // The peer has reset the connection after it got everything it wanted.
            Err(error) if error.kind() == std::io::ErrorKind::NotConnected => Ok(()),
            Err(error) => Err(Error::message(format!("connection: {}", reason(&error)))),
        }
    }

    fn is_over(&self) -> bool {
        if self.receiving_open || !self.to_write.is_empty() || !self.to_send.is_empty() {
            return false;
        }
        // At a terminal nothing more will come when the peer is done. Elsewhere who has only
        // received waits a moment: a pipe may just not have been read from yet.
        let silent = self.only_received() && self.last_move.elapsed() >= SILENCE;
        let at_terminal = rustix::termios::isatty(rustix::stdio::stdin());
        !self.sending_open || !self.input_open || silent || at_terminal
    }

    /// The peer has ended after it sent something, and standard input is open and was silent:
    /// a script whose input nobody feeds, or a sender that starts late.
    fn only_received(&self) -> bool {
        !self.receiving_open && self.sent.bytes == 0 && self.received.bytes > 0
    }

    fn lingered(&self) -> bool {
        match (self.rules.linger, self.input_ended) {
            (Some(linger), Some(ended)) => self.to_send.is_empty() && ended.elapsed() >= linger,
            _ => false,
        }
    }

    /// The next moment at which something is due although nothing has come.
    fn next_deadline(&self) -> Option<Duration> {
        let idle = self
            .rules
            .idle
            .map(|idle| idle.saturating_sub(self.last_move.elapsed()));
        let linger = match (self.rules.linger, self.input_ended) {
            (Some(linger), Some(ended)) => Some(linger.saturating_sub(ended.elapsed())),
            _ => None,
        };
        let empty_input = !self.input_open && self.sending_open && self.to_send.is_empty();
        let silence = (empty_input || self.only_received())
            .then(|| SILENCE.saturating_sub(self.last_move.elapsed()));
        let line = self
            .next_line
            .map(|at| at.saturating_duration_since(Instant::now()));
        let show = self.meter.as_ref().map(|_| SHOW_EVERY);
        [idle, linger, silence, line, show]
            .into_iter()
            .flatten()
            .min()
    }

    fn wait(&mut self, ctx: &Ctx, signals: Option<&Signals>) -> Result<Ready> {
        let stdin = ctx.stdin();
        let when = |condition, flag| if condition { flag } else { PollFlags::empty() };
        let reads = self.input_open && self.to_send.len() < PIECE && !self.input_waits;
        let receives = self.receiving_open && self.to_write.len() < PIECE && !self.peer_waits;
        let writes = !self.to_write.is_empty() || self.peer_waits;
        let sends = !self.to_send.is_empty() && self.next_line.is_none();
        let socket =
            when(receives, PollFlags::IN) | when(sends || self.input_waits, PollFlags::OUT);
        let mut fds = Vec::with_capacity(4);
        let mut add = |condition: bool, fd| {
            condition.then(|| {
                fds.push(fd);
                fds.len() - 1
            })
        };
        let at_input = add(reads, PollFd::new(&*stdin, PollFlags::IN));
        // A socket without wishes would still report HUP, again and again.
        let at_socket = add(!socket.is_empty(), PollFd::new(&self.peer, socket));
        let at_output = add(writes, PollFd::new(&ctx.out, PollFlags::OUT));
        if let Some(signals) = signals {
            add(true, PollFd::new(signals, PollFlags::IN));
        }
        let limit = self.next_deadline().map(timespec);
        match poll(&mut fds, limit.as_ref()) {
            Ok(0) => {
                let idle = self.rules.idle;
                if idle.is_some_and(|idle| self.last_move.elapsed() >= idle) {
                    return self.gave_up();
                }
                Ok(Ready::default())
            }
            Ok(_) => {
                let events = |at: Option<usize>| {
                    let fd = at.and_then(|at| fds.get(at));
                    fd.map_or(PollFlags::empty(), PollFd::revents)
                };
                let (input, socket) = (events(at_input), events(at_socket));
                Ok(Ready {
                    input: !input.is_empty(),
                    socket_in: receives && socket != PollFlags::OUT && !socket.is_empty(),
                    // An error shows at the next try.
                    socket_out: !socket.is_empty() && socket != PollFlags::IN,
                    output: !events(at_output).is_empty(),
                })
            }
            Err(Errno::INTR) => Ok(Ready::default()),
            Err(error) => Err(failed("poll", error)),
        }
    }

    /// Datagrams have no end: silence is the usual one there, and a failure elsewhere.
    fn gave_up(&mut self) -> Result<Ready> {
        if !self.peer.is_udp() {
            return Err(Error::message("timed out"));
        }
        (self.receiving_open, self.input_open, self.sending_open) = (false, false, false);
        Ok(Ready::default())
    }

    /// Moves or reads standard input.
    fn take_input(&mut self, ctx: &Ctx, buf: &mut [u8]) -> Result<()> {
        if !self.input_open {
            return Ok(());
        }
        let stdin = ctx.stdin();
        match self.input.pass(&*stdin, &self.peer) {
            Ok(Moved::Bytes(count)) => {
                self.last_move = Instant::now();
                self.sent.add_unseen(count);
                self.input_waits = true;
            }
            Ok(Moved::End) => {
                (self.input_open, self.input_waits) = (false, false);
                self.input_ended = Some(Instant::now());
            }
            // Of a file there is always more; of a pipe perhaps not.
            Ok(Moved::Wait) => self.input_waits = self.input == Input::File || !self.input_waits,
            Ok(Moved::Copy) => {
                (self.input, self.input_waits) = (Input::Copied, false);
                self.read_input(ctx, buf)?;
            }
            Err(error) => return Err(failed("connection", error)),
        }
        Ok(())
    }

    /// Moves or reads what has come.
    fn take(&mut self, ctx: &Ctx, buf: &mut [u8]) -> Result<()> {
        match self.output.take(&self.peer, &ctx.out) {
            Ok(Moved::Bytes(count)) => {
                self.last_move = Instant::now();
                self.received.add_unseen(count);
                self.peer_waits = matches!(self.output, Output::Pipe);
                let Output::Through(from, _) = &self.output else {
                    return Ok(());
                };
                let put = direct::put(from, &ctx.out, count);
                let mut left = put.map_err(|error| failed("write error", error))?;
                if left == 0 {
                    return Ok(());
                }
                while left > 0 {
                    let most = left.min(buf.len());
                    let read = rustix::io::read(from, &mut buf[..most]);
                    let read = read.map_err(|error| failed("pipe", error))?;
                    self.to_write.extend_from_slice(&buf[..read]);
                    left -= read;
                }
                self.output = Output::Copied;
            }
            Ok(Moved::End) => (self.receiving_open, self.peer_waits) = (false, false),
            Ok(Moved::Wait) => self.peer_waits = !self.peer_waits && self.is_to_pipe(),
            Ok(Moved::Copy) => {
                (self.output, self.peer_waits) = (Output::Copied, false);
                self.receive(buf)?;
            }
            Err(Errno::PIPE) => return Err(failed("write error", Errno::PIPE)),
            Err(error) => return Err(failed("connection", error)),
        }
        Ok(())
    }

    fn is_to_pipe(&self) -> bool {
        matches!(self.output, Output::Pipe)
    }

    /// How much has gone, now and then, and at the end.
    fn show(&mut self, at_end: bool) {
        let done = self.received.bytes + self.sent.bytes;
        let Some((meter, start, last)) = &mut self.meter else {
            return;
        };
        if !at_end && last.elapsed() < SHOW_EVERY {
            return;
        }
        *last = Instant::now();
        let spent = start.elapsed().as_millis().max(1);
        let rate = u128::from(done) * 1000 / spent / 1024;
        let text = match self.rules.length {
            Some(length) if !at_end => format!("{}%, {rate} KiB/s", done * 100 / length.max(1)),
            _ => format!("{done} bytes, {rate} KiB/s"),
        };
        match at_end {
            true => meter.say(text),
            false => meter.show(&text),
        }
    }

    fn read_input(&mut self, ctx: &Ctx, buf: &mut [u8]) -> Result<()> {
        match rustix::io::read(&*ctx.stdin(), &mut *buf) {
            Ok(0) => {
                self.input_open = false;
                self.input_ended = Some(Instant::now());
            }
            Ok(count) => {
                self.last_move = Instant::now();
                self.to_send.extend_from_slice(&buf[..count]);
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            // Started in the background, or with standard input closed: there is none.
            Err(Errno::IO | Errno::BADF) => self.input_open = false,
            Err(error) => return Err(failed("standard input", error)),
        }
        Ok(())
    }

    fn receive(&mut self, buf: &mut [u8]) -> Result<()> {
        match rustix::net::recv(&self.peer, &mut *buf, RecvFlags::empty()) {
            Ok((0, _)) if !self.peer.is_udp() => self.receiving_open = false,
            Ok((count, _)) => {
                self.last_move = Instant::now();
                let count = count.min(buf.len());
                self.received.add(&buf[..count]);
                self.to_write.extend_from_slice(&buf[..count]);
                self.enough()?;
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(failed("connection", error)),
        }
        Ok(())
    }

    /// With --length the transfer is over when everything is there: the sender of some
    /// other nc never closes.
    fn enough(&mut self) -> Result<()> {
        let Some(length) = self.rules.length else {
            return Ok(());
        };
        if self.received.bytes >= length {
            self.receiving_open = false;
            if self.sent.bytes == 0 {
                self.input_open = false;
            }
        }
        Ok(())
    }

    fn write_output(&mut self) -> Result<()> {
        let most = if self.writes_to_pipe {
            PIPE_PIECE
        } else {
            PIECE
        };
        let piece = &self.to_write[..self.to_write.len().min(most)];
        match rustix::io::write(rustix::stdio::stdout(), piece) {
            Ok(count) => {
                self.last_move = Instant::now();
                self.to_write.drain(..count);
                Ok(())
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(()),
            Err(error) => Err(failed("write error", error)),
        }
    }

    fn send(&mut self) -> Result<()> {
        while !self.to_send.is_empty() {
            if self.next_line.is_some_and(|at| Instant::now() < at) {
                return Ok(());
            }
            self.next_line = None;
            // A datagram is what one read gave, as far as it fits.
            let most = if self.peer.is_udp() { 8192 } else { PIECE };
            let mut piece = &self.to_send[..self.to_send.len().min(most)];
            let line = self.rules.interval.map(|_| memchr::memchr(b'\n', piece));
            if let Some(Some(at)) = line {
                piece = &piece[..=at];
            }
            match rustix::net::send(&self.peer, piece, SendFlags::NOSIGNAL) {
                Ok(count) => {
                    self.last_move = Instant::now();
                    self.sent.add(&piece[..count]);
                    let is_line = count == piece.len() && piece.ends_with(b"\n");
                    self.to_send.drain(..count);
                    if let Some(interval) = self.rules.interval.filter(|_| is_line) {
                        self.next_line = Some(Instant::now() + interval);
                    }
                }
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(failed("connection", error)),
            }
        }
        Ok(())
    }

    /// Prints what was measured and compares it with what was asked for.
    fn check(&mut self, ctx: &mut Ctx) -> Result<()> {
        if !self.rules.measures() {
            return Ok(());
        }
        let hex = self.received.hex();
        let received = self.received.bytes;
        if self.rules.count {
            if received > 0 || self.sent.bytes == 0 {
                ctx.say(format_args!("received {received} bytes, sha256 {hex}"));
            }
            if self.sent.bytes > 0 {
                let sent = self.sent.hex();
                ctx.say(format_args!(
                    "sent {} bytes, sha256 {sent}",
                    self.sent.bytes
                ));
            }
        }
        if let Some(length) = self.rules.length
            && length != received
        {
            return Err(Error::message(format!(
                "{received} bytes came instead of {length}: do not use them"
            )));
        }
        match &self.rules.digest {
            Some(wanted) if *wanted != hex => Err(Error::message(format!(
                "sha256 is {hex} instead of {wanted}: do not use what came"
            ))),
            _ => Ok(()),
        }
    }
}

/// What can be done without waiting.
#[derive(Default)]
struct Ready {
    input: bool,
    socket_in: bool,
    socket_out: bool,
    output: bool,
}
