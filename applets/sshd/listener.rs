//! Accepts connections and gives each a process of its own.
//!
//! It knows of a connection who it is from, how far its login has come and how it ended. Ended
//! from outside, it leaves the connections alone: whoever is logged in stays.

use super::{Options, connection, host_keys};
use rustix::event::{PollFd, PollFlags, poll};
use safebox::applet::Ctx;
use safebox::error::{At, Error, Exit, Result, reason};
use safebox::net::listen;
use safebox::proc::background;
use safebox::proc::log::Log;
use safebox::ssh::server::gate::{Act, Gate};
use safebox::sys::process::{self, Fork};
use safebox::sys::signal::{self, Signals, numbers};
use std::ffi::OsString;
use std::io::Read;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A connection tells that a login was asked for.
pub const ASKED: u8 = b'a';
/// The status of a connection whose password or key was refused.
pub const REFUSED: u8 = 3;

/// Connections taken from the kernel at a time.
const AT_ONCE: usize = 32;

/// Listens, goes to the background if that is wished, and serves until a signal ends it.
pub fn start(
    ctx: &mut Ctx,
    options: &Options,
    addresses: &[(Option<IpAddr>, u16)],
    keys: &[russh::keys::PrivateKey],
) -> Result<Exit> {
    let listeners = listen_all(ctx, options, addresses)?;
    let pid_file = match &options.pid_file {
        Some(file) => PathBuf::from(&file.0),
        None => ctx.path("/var/run/dropbear.pid"),
    };
    if options.foreground {
        note(ctx, &pid_file, process::own_id());
    } else {
        match process::fork().at("start", "a process")? {
            Fork::Parent(child) => {
                note(ctx, &pid_file, child.as_raw_nonzero().get());
                return Ok(Exit::OK);
            }
            Fork::Child => background::detach().at("leave", "the terminal")?,
        }
    }
    host_keys::announce(ctx, keys);
    let caught = [numbers::CHLD, numbers::TERM, numbers::INT];
    let mut listener = Listener {
        listeners,
        signals: Signals::take(&caught).at("watch", "children")?,
        gate: Gate::default(),
        guests: Vec::new(),
        log: options.log(ctx),
    };
    listener.tell_where();
    let status = listener.serve(ctx, options)?;
    // Another one may have put its own there.
    let own = std::fs::read_to_string(&pid_file).unwrap_or_default();
    if own.trim().parse() == Ok(process::own_id()) {
        let _ = std::fs::remove_file(&pid_file);
    }
    Ok(status)
}

/// Writes the number down. A server without such a file is still one.
fn note(ctx: &mut Ctx, file: &Path, pid: i32) {
    if let Some(folder) = file.parent() {
        // What is wrong with it shows in the next line.
        let _ = std::fs::create_dir_all(folder);
    }
    if let Err(error) = std::fs::write(file, format!("{pid}\n")) {
        ctx.say(format_args!(
            "can't write '{}': {}",
            file.display(),
            reason(&error)
        ));
    }
}

fn listen_all(
    ctx: &mut Ctx,
    options: &Options,
    addresses: &[(Option<IpAddr>, u16)],
) -> Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for (address, port) in addresses {
        let (result, text) = match address {
            None => (listen::everywhere(*port), port.to_string()),
            Some(address) => {
                let address = SocketAddr::new(*address, *port);
                (TcpListener::bind(address), address.to_string())
            }
        };
        let listener = result.and_then(|listener| {
            listener.set_nonblocking(true)?;
            if let Some(device) = &options.device {
                safebox::sys::packet::bind_to_device(&listener, device)?;
            }
            Ok(listener)
        });
        match listener.at("listen on", text) {
            Ok(listener) => listeners.push(listener),
            Err(error) => ctx.complain(error),
        }
    }
    if listeners.is_empty() {
        // Each of them was complained about.
        return Err(Error::message("no address to listen on"));
    }
    Ok(listeners)
}

/// A connection that has a process.
struct Guest {
    pid: i32,
    from: IpAddr,
    /// Where it tells how far it is; None once it is logged in.
    report: Option<std::fs::File>,
}

struct Listener {
    listeners: Vec<TcpListener>,
    signals: Signals,
    gate: Gate<TcpStream>,
    guests: Vec<Guest>,
    log: Log,
}

impl Listener {
    fn serve(&mut self, ctx: &mut Ctx, options: &Options) -> Result<Exit> {
        loop {
            let wait = loop {
                match self.gate.next(Instant::now()) {
                    Act::Serve(from, socket) => {
                        if let Some(status) = self.begin(ctx, options, from, socket)? {
                            return Ok(status);
                        }
                    }
                    Act::End(pid) => {
                        // Gone already, then.
                        let _ = signal::send(pid as i32, numbers::KILL);
                        self.gate.left(pid);
                    }
                    Act::Wait(limit) => break limit,
                }
            };
            self.sleep(wait).at("wait for", "connections")?;
            while let Some(signal) = self.signals.next() {
                if signal != numbers::CHLD {
                    self.log.write("Terminated by signal");
                    return Ok(Exit::OK);
                }
            }
            self.hear_guests();
            self.reap();
            self.accept();
        }
    }

    fn tell_where(&self) {
        let own = self.listeners.iter().filter_map(|l| l.local_addr().ok());
        own.for_each(|address| self.log.write(format_args!("Listening on {address}")));
    }

    fn sleep(&self, limit: Option<Duration>) -> std::io::Result<()> {
        let reports = self.guests.iter().filter_map(|guest| guest.report.as_ref());
        let mut fds = vec![PollFd::new(&self.signals, PollFlags::IN)];
        fds.extend(self.listeners.iter().map(|l| PollFd::new(l, PollFlags::IN)));
        fds.extend(reports.map(|report| PollFd::new(report, PollFlags::IN)));
        // A millisecond more than asked for, lest we look too early and often.
        let limit = limit.map(|time| signal::timespec(time.as_millis() as u64 + 1));
        match poll(&mut fds, limit.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn hear_guests(&mut self) {
        for guest in &mut self.guests {
            let Some(report) = &mut guest.report else {
                continue;
            };
            let mut said = [0; 8];
            match report.read(&mut said) {
                Ok(0) => {
                    guest.report = None;
                    self.gate.left(guest.pid as u32);
                }
                Ok(_) => self.gate.asked(guest.pid as u32),
                // Nothing yet.
                Err(_) => {}
            }
        }
    }

    fn reap(&mut self) {
        while let Some((pid, status)) = process::reap() {
            let pid = pid.as_raw_nonzero().get();
            self.gate.left(pid as u32);
            let ended = self.guests.iter().find(|guest| guest.pid == pid);
            if let Some(guest) = ended.filter(|_| status == REFUSED) {
                self.gate.failed(guest.from, Instant::now());
            }
            self.guests.retain(|guest| guest.pid != pid);
        }
    }

    fn accept(&mut self) {
        for listener in &self.listeners {
            for _ in 0..AT_ONCE {
                match listener.accept() {
                    Ok((socket, peer)) => {
                        let from = peer.ip().to_canonical();
                        // Who has to go because too many wait is hung up on.
                        drop(self.gate.arrive(from, socket));
                    }
                    Err(error) => {
                        if error.kind() != std::io::ErrorKind::WouldBlock {
                            self.log.write(format_args!("accept: {}", reason(&error)));
                            // Out of descriptors or memory: a connection may end meanwhile.
                            std::thread::sleep(Duration::from_millis(100));
                        }
                        break;
                    }
                }
            }
        }
    }

    /// Starts the process of a connection. Some in that process, when it could not become a
    /// new one and has served the connection as it was.
    fn begin(
        &mut self,
        ctx: &mut Ctx,
        options: &Options,
        from: IpAddr,
        socket: TcpStream,
    ) -> Result<Option<Exit>> {
        let started = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(std::io::Error::from)
            .and_then(|pipe| Ok((pipe, process::fork()?)));
        let ((report, tell), fork) = match started {
            Ok(started) => started,
            Err(error) => {
                self.log.write(format_args!("fork: {}", reason(&error)));
                return Ok(None);
            }
        };
        match fork {
            Fork::Parent(child) => {
                let pid = child.as_raw_nonzero().get();
                // A read that would wait tells nothing.
                let _ = rustix::io::ioctl_fionbio(&report, true);
                self.gate.entered(pid as u32, from, Instant::now());
                self.guests.push(Guest {
                    pid,
                    from,
                    report: Some(report.into()),
                });
                Ok(None)
            }
            Fork::Child => {
                become_connection(ctx, &socket, &tell)?;
                // Only where this binary cannot be executed: everything of the listener that
                // is still open must go.
                self.listeners.clear();
                self.guests.clear();
                self.gate = Gate::default();
                drop((socket, tell, report));
                connection::serve(ctx, options).map(Some)
            }
        }
    }
}

/// Executes this binary for a connection; comes back only where that is not possible.
fn become_connection(ctx: &Ctx, socket: &TcpStream, tell: &OwnedFd) -> Result<()> {
    let of_std = |error: rustix::io::Errno| std::io::Error::from(error);
    // An inherited descriptor must not be one of those that never wait.
    socket.set_nonblocking(false).at("use", "the connection")?;
    rustix::stdio::dup2_stdin(socket.as_fd())
        .map_err(of_std)
        .at("use", "the connection")?;
    rustix::stdio::dup2_stdout(tell.as_fd())
        .map_err(of_std)
        .at("use", "a pipe")?;
    signal::set_defaults();
    let mut argv = vec![ctx.argv0.clone(), OsString::from("--connection")];
    argv.extend(ctx.args.iter().cloned());
    let env: Vec<OsString> = std::env::vars_os()
        .map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            name
        })
        .collect();
    // A name with a dash before it is a login shell's.
    process::exec(Path::new("/proc/self/exe"), &argv, &env);
    Ok(())
}
