//! One telnet session: the socket on one side, a terminal with its program on the other.
//!
//! The program's last output must reach the client: the connection is closed only after
//! all was sent, and what the client still says is read away, because closing a socket
//! with unread input makes the kernel throw away what is on its way.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::SpecialCodeIndex;
use safebox::applet::Ctx;
use safebox::error::{Exit, reason};
use safebox::proc::launch;
use safebox::sys::environment;
use safebox::sys::process::{self, Fork, Pid};
use safebox::sys::pty::{self, Pty};
use safebox::sys::signal::{self, Signals, numbers};
use safebox::telnet::escape;
use safebox::telnet::issue::{self, Facts};
use safebox::telnet::server::{Event, Key, Server};
use std::ffi::OsString;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What runs in a session, and around it.
pub struct Program {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Text shown first.
    pub issue: PathBuf,
    /// The session ends with the program, not with the last user of its terminal.
    pub ends_with_program: bool,
}

/// A client that has sent nothing after this long is a plain TCP client.
const PLAIN_CLIENT: Duration = Duration::from_millis(300);
/// A telnet client that keeps its terminal type to itself is not waited for longer.
const SLOW_CLIENT: Duration = Duration::from_secs(2);
/// How long the last output may take to leave.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Bytes held for the client; past that the program has to wait.
const FOR_CLIENT: usize = 32 * 1024;
/// Keystrokes held for the terminal; past that the client has to wait.
const FOR_TERMINAL: usize = 4 * 1024;

/// Serves a connection to its end. The exit status tells nobody anything.
pub fn serve(ctx: &mut Ctx, socket: TcpStream, program: &Program) -> Exit {
    process::ignore_sigpipe();
    let opened = pty::open().map_err(|error| format!("no terminal: {}", reason(&error)));
    let result = match opened {
        Ok(pty) => Session::new(socket, pty).run(ctx, program),
        Err(text) => {
            // A failing write means that the client is gone.
            let _ = io::Write::write_all(&mut &socket, format!("telnetd: {text}\r\n").as_bytes());
            return Exit::FAILED;
        }
    };
    match result {
        Ok(()) => Exit::OK,
        Err(_) => Exit::FAILED,
    }
}

struct Session {
    socket: TcpStream,
    pty: Pty,
    server: Server,
    for_client: Vec<u8>,
    for_terminal: Vec<u8>,
    terminal: Option<String>,
}

impl Session {
    fn new(socket: TcpStream, pty: Pty) -> Session {
        Session {
            socket,
            pty,
            server: Server::new(),
            for_client: Vec::new(),
            for_terminal: Vec::new(),
            terminal: None,
        }
    }

    fn run(mut self, ctx: &mut Ctx, program: &Program) -> io::Result<()> {
        self.set_socket_up()?;
        pty::set_size(&self.pty.slave, 80, 24)?;
        if !self.get_acquainted()? {
            return Ok(());
        }
        if let Ok(text) = std::fs::read(&program.issue) {
            let facts = facts(&self.pty.path, ctx);
            escape(&issue::expand(&text, &facts), &mut self.for_client);
        }
        let children = Signals::take(&[numbers::CHLD])?;
        let child = match process::fork()? {
            Fork::Parent(child) => child,
            Fork::Child => {
                drop(children);
                self.become_program(ctx, program)
            }
        };
        let Session {
            socket,
            pty: Pty { master, slave, .. },
            server,
            for_client,
            for_terminal,
            ..
        } = self;
        // The master answers EIO only when nobody at all has the slave open.
        drop(slave);
        rustix::io::ioctl_fionbio(&master, true)?;
        let relay = Relay {
            socket,
            master,
            server,
            for_client,
            for_terminal,
            children,
            child: Some(child),
            ends_with_program: program.ends_with_program,
        };
        relay.run()
    }

    /// A vanished client is noticed within two minutes, even when nothing is typed.
    fn set_socket_up(&self) -> io::Result<()> {
        use rustix::net::sockopt;
        self.socket.set_nonblocking(true)?;
        // None of these exists on a socket that is not TCP (a test's socket pair).
        let _ = self.socket.set_nodelay(true);
        let _ = sockopt::set_socket_keepalive(&self.socket, true);
        let _ = sockopt::set_tcp_keepidle(&self.socket, Duration::from_secs(60));
        let _ = sockopt::set_tcp_keepintvl(&self.socket, Duration::from_secs(10));
        let _ = sockopt::set_tcp_keepcnt(&self.socket, 6);
        // The mark after an interrupt comes as urgent data; it belongs into the stream.
        let _ = sockopt::set_socket_oobinline(&self.socket, true);
        Ok(())
    }

    /// Exchanges options until the terminal type is settled; false: the client is gone.
    fn get_acquainted(&mut self) -> io::Result<bool> {
        let start = Instant::now();
        loop {
            self.for_client.extend(self.server.take_replies());
            send(&self.socket, &mut self.for_client)?;
            let limit = if self.server.speaks_telnet() {
                SLOW_CLIENT
            } else {
                PLAIN_CLIENT
            };
            let left = limit.saturating_sub(start.elapsed());
            let typed = !self.for_terminal.is_empty();
            // A client that asks and does not listen has been waited for long enough.
            let deaf = self.for_client.len() >= FOR_CLIENT;
            if self.server.terminal_settled() || typed || deaf || left.is_zero() {
                return Ok(true);
            }
            if !wait_readable(&[&self.socket], Some(left))? {
                continue;
            }
            let mut buf = [0; 1024];
            match receive(&self.socket, &mut buf)? {
                Received::Nothing => {}
                Received::End => return Ok(false),
                Received::Bytes(count) => {
                    for event in self.server.receive(&buf[..count]) {
                        self.take_early(event);
                    }
                }
            }
        }
    }

    fn take_early(&mut self, event: Event) {
        match event {
            Event::Terminal(name) => self.terminal = Some(name),
            other => act(
                other,
                &self.pty.master,
                &mut self.for_terminal,
                &mut self.for_client,
            ),
        }
    }

    /// The child's side of the fork: the terminal, the environment, the program.
    fn become_program(self, ctx: &mut Ctx, program: &Program) -> ! {
        let Session {
            socket,
            pty: Pty { master, slave, .. },
            terminal,
            ..
        } = self;
        drop((socket, master));
        signal::set_defaults();
        if let Err(error) = pty::live_on(slave) {
            ctx.say(format_args!("terminal: {}", reason(&error)));
            process::exit_now(1);
        }
        match terminal {
            Some(name) => environment::set("TERM", name),
            None if std::env::var_os("TERM").is_none() => environment::set("TERM", "vt102"),
            None => {}
        }
        let error = launch::become_program(ctx.applets, &program.argv, ctx.sys);
        ctx.say(&error);
        process::exit_now(error.exit().0)
    }
}

/// The session once its program runs.
struct Relay {
    socket: TcpStream,
    master: OwnedFd,
    server: Server,
    for_client: Vec<u8>,
    for_terminal: Vec<u8>,
    children: Signals,
    /// Until it has ended and was reaped.
    child: Option<Pid>,
    ends_with_program: bool,
}

/// How the relay ended.
enum End {
    ClientGone,
    ProgramGone,
}

impl Relay {
    fn run(mut self) -> io::Result<()> {
        let end = self.pass_on()?;
        if matches!(end, End::ProgramGone) {
            self.say_goodbye();
        }
        // Closing the master hangs up: the shell and its foreground job get SIGHUP.
        Ok(())
    }

    fn pass_on(&mut self) -> io::Result<End> {
        let mut buf = vec![0; 8 * 1024];
        loop {
            let (client, terminal) = self.wait()?;
            if self.child_ended() && self.ends_with_program {
                self.drain_terminal(&mut buf);
                return Ok(End::ProgramGone);
            }
            if client.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                match receive(&self.socket, &mut buf) {
                    Ok(Received::Nothing) => {}
                    Ok(Received::End) | Err(_) => return Ok(End::ClientGone),
                    Ok(Received::Bytes(count)) => self.take_keys(&buf[..count]),
                }
            }
            if terminal.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR)
                && !self.take_output(&mut buf)
            {
                return Ok(End::ProgramGone);
            }
            send_to_terminal(&self.master, &mut self.for_terminal);
            if send(&self.socket, &mut self.for_client).is_err() {
                return Ok(End::ClientGone);
            }
        }
    }

    /// Waits until there is something to do; what socket and master are ready for.
    fn wait(&self) -> io::Result<(PollFlags, PollFlags)> {
        let when = |condition, flag| if condition { flag } else { PollFlags::empty() };
        let room = self.for_client.len() < FOR_CLIENT;
        let client = when(
            room && self.for_terminal.len() < FOR_TERMINAL,
            PollFlags::IN,
        ) | when(!self.for_client.is_empty(), PollFlags::OUT);
        let terminal =
            when(room, PollFlags::IN) | when(!self.for_terminal.is_empty(), PollFlags::OUT);
        let mut fds = [
            PollFd::new(&self.socket, client),
            PollFd::new(&self.children, PollFlags::IN),
            // Its HUP would wake us again and again while the client has no room.
            PollFd::new(&self.master, terminal),
        ];
        let watched = if terminal.is_empty() { 2 } else { 3 };
        match poll(&mut fds[..watched], None) {
            Ok(_) | Err(Errno::INTR) => Ok((fds[0].revents(), fds[2].revents())),
            Err(error) => Err(error.into()),
        }
    }

    fn take_keys(&mut self, bytes: &[u8]) {
        for event in self.server.receive(bytes) {
            act(
                event,
                &self.master,
                &mut self.for_terminal,
                &mut self.for_client,
            );
        }
        self.for_client.extend(self.server.take_replies());
    }

    /// Takes output of the program; false: nobody uses the terminal any more.
    fn take_output(&mut self, buf: &mut [u8]) -> bool {
        // A program that hangs its terminal up for a moment (vhangup) causes EIO as well.
        for _ in 0..10 {
            match rustix::io::read(&self.master, &mut *buf) {
                Ok(0) => return false,
                Ok(count) => {
                    escape(&buf[..count], &mut self.for_client);
                    return true;
                }
                Err(Errno::AGAIN | Errno::INTR) => return true,
                Err(_) if self.child_ended() => return false,
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        false
    }

    fn drain_terminal(&mut self, buf: &mut [u8]) {
        while let Ok(count @ 1..) = rustix::io::read(&self.master, &mut *buf) {
            escape(&buf[..count], &mut self.for_client);
        }
    }

    /// Whether the program has ended; reaps it.
    fn child_ended(&mut self) -> bool {
        while self.children.next().is_some() {}
        if let Some(child) = self.child {
            let ended = rustix::process::waitpid(Some(child), rustix::process::WaitOptions::NOHANG);
            if !matches!(ended, Ok(None)) {
                self.child = None;
            }
        }
        self.child.is_none()
    }

    /// Sends the rest, says that no more will come, and reads until the client agrees.
    fn say_goodbye(&mut self) {
        let deadline = Instant::now() + LAST_WORDS;
        let mut shut = false;
        let mut buf = [0; 1024];
        loop {
            if send(&self.socket, &mut self.for_client).is_err() {
                return;
            }
            if self.for_client.is_empty() && !shut {
                shut = self.socket.shutdown(Shutdown::Write).is_ok();
                if !shut {
                    return;
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let flags = if shut {
                PollFlags::IN
            } else {
                PollFlags::IN | PollFlags::OUT
            };
            let mut fds = [PollFd::new(&self.socket, flags)];
            match poll(&mut fds, Some(&timespec(left))) {
                Ok(0) => return,
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            match receive(&self.socket, &mut buf) {
                Ok(Received::End) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

/// Does what an event asks for.
fn act(event: Event, master: &OwnedFd, for_terminal: &mut Vec<u8>, for_client: &mut Vec<u8>) {
    match event {
        Event::Data(data) => for_terminal.extend(data),
        Event::Key(key) => for_terminal.extend(character(master, key)),
        Event::AreYouThere => for_client.extend_from_slice(b"\r\n[yes]\r\n"),
        // Too late to tell the program.
        Event::Terminal(_) => {}
        Event::WindowSize { columns, rows } => {
            let or = |value, usual| if value == 0 { usual } else { value };
            // A terminal that keeps its old size is still usable.
            let _ = pty::set_size(master, or(columns, 80), or(rows, 24));
        }
    }
}

/// The character that a key is on this terminal; the usual one where it is switched off.
fn character(master: &OwnedFd, key: Key) -> Option<u8> {
    let (index, usual) = match key {
        Key::Interrupt => (SpecialCodeIndex::VINTR, 3),
        Key::EraseCharacter => (SpecialCodeIndex::VERASE, 127),
        Key::EraseLine => (SpecialCodeIndex::VKILL, 21),
        Key::EndOfFile => (SpecialCodeIndex::VEOF, 4),
        Key::Suspend => (SpecialCodeIndex::VSUSP, 26),
        Key::Quit => (SpecialCodeIndex::VQUIT, 28),
    };
    Some(pty::special(master, index).unwrap_or(usual))
}

enum Received {
    Bytes(usize),
    Nothing,
    End,
}

fn receive(socket: &TcpStream, buf: &mut [u8]) -> io::Result<Received> {
    match io::Read::read(&mut &*socket, buf) {
        Ok(0) => Ok(Received::End),
        Ok(count) => Ok(Received::Bytes(count)),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(Received::Nothing),
            _ => Err(error),
        },
    }
}

/// Sends as much as the socket takes now and keeps the rest.
fn send(socket: &TcpStream, pending: &mut Vec<u8>) -> io::Result<()> {
    while !pending.is_empty() {
        match io::Write::write(&mut &*socket, pending) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => drop(pending.drain(..count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Types as much as the terminal takes now and keeps the rest.
fn send_to_terminal(master: &OwnedFd, pending: &mut Vec<u8>) {
    while !pending.is_empty() {
        match rustix::io::write(master, pending) {
            Ok(count @ 1..) => drop(pending.drain(..count)),
            Err(Errno::INTR) => {}
            // Full for now, or nobody there: the next read of the master tells.
            _ => break,
        }
    }
}

/// What the issue may mention.
fn facts(tty: &Path, ctx: &mut Ctx) -> Facts {
    let system = rustix::system::uname();
    let text = |field: &std::ffi::CStr| field.to_string_lossy().into_owned();
    let (date, time) = date_and_time(ctx.sys.machine().now());
    Facts {
        system: text(system.sysname()),
        host: text(system.nodename()),
        release: text(system.release()),
        version: text(system.version()),
        machine: text(system.machine()),
        terminal: tty
            .strip_prefix("/dev")
            .unwrap_or(tty)
            .display()
            .to_string(),
        date,
        time,
        fingerprints: std::fs::read_to_string(ctx.path(safebox::ssh::FINGERPRINTS))
            .unwrap_or_default(),
    }
}

/// `2026-01-31` and `23:59:59` in UTC; the router has no time zone in failsafe.
fn date_and_time(seconds: i64) -> (String, String) {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01 in 400-year eras: leap days fall on the end of a year.
    let day = days + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (
        format!("{year:04}-{month:02}-{day_of_month:02}"),
        format!(
            "{:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        ),
    )
}

/// Whether one of these can be read before the time is up; None waits for ever.
pub fn wait_readable(fds: &[&dyn AsFd], limit: Option<Duration>) -> io::Result<bool> {
    let mut fds: Vec<_> = fds
        .iter()
        .map(|fd| PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN))
        .collect();
    let limit = limit.map(timespec);
    match poll(&mut fds, limit.as_ref()) {
        Ok(count) => Ok(count > 0),
        Err(Errno::INTR) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Whether reading would not wait.
pub fn is_readable(fd: &dyn AsFd) -> bool {
    wait_readable(&[fd], Some(Duration::ZERO)).unwrap_or(false)
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos() as _,
    }
}

#[test]
fn days_become_dates() {
    let check = |seconds, date: &str, time: &str| {
        assert_eq!(date_and_time(seconds), (date.into(), time.into()));
    };
    check(0, "1970-01-01", "00:00:00");
    check(951_827_696, "2000-02-29", "12:34:56");
    check(1_798_761_599, "2026-12-31", "23:59:59");
}
