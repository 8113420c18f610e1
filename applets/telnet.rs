//! telnet - a session on another device, or a word with any text service.
//!
//! The trap is a pipe as standard input: closing the sending side at its end would make a
//! telnet server hang up before the answer has come. So all is sent, and the server ends it.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result, reason};
use safebox::lineedit::terminal::RawMode;
use safebox::net::resolve;
use safebox::sys::process;
use safebox::sys::signal::{Signals, numbers};
use safebox::telnet::client::{Client, Event};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["telnet"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: telnet HOST [PORT]

Connect to a telnet server, or to another PORT than 23.

Control-] gets you out: then q quits, ] sends the Control-] itself and any other key
continues. From a pipe all is sent, then the end of the connection is awaited.

Example: telnet 192.168.1.1
";

/// Bytes read at once, and the most that waits to be sent before more is read.
const PIECE: usize = 16 * 1024;
/// Control-].
const ESCAPE: u8 = 0x1d;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let (host, port) = match &opts.operands[..] {
        [host] => (host, 23),
        [host, port] => {
            let shown = port.to_string_lossy();
            let number = resolve::port(&shown, "tcp", &ctx.path("/etc/services"));
            let bad = || Error::message(format!("bad port '{shown}'"));
            (host, number.ok_or_else(bad)?)
        }
        _ => {
            return Err(Error::Usage {
                complaint: "a host is needed".into(),
                usage: USAGE.into(),
                exit: Exit::FAILED,
            });
        }
    };
    // Lost output is reported, not died of: the terminal must get its mode back.
    process::ignore_sigpipe();
    let socket = connect(ctx, &host.to_string_lossy(), port)?;
    Session::new(socket)?.hold(ctx)
}

/// Tries one address of the host after the other.
fn connect(ctx: &Ctx, host: &str, port: u16) -> Result<TcpStream> {
    let mut failure = format!("bad address '{host}'");
    for ip in resolve::host(host, &ctx.path("/etc/hosts")) {
        match TcpStream::connect(SocketAddr::new(ip, port)) {
            Ok(socket) => return Ok(socket),
            Err(error) => {
                let reason = reason(&error);
                failure = format!("can't connect to remote host ({ip}): {reason}");
            }
        }
    }
    Err(Error::message(failure))
}

fn failed(error: Errno) -> Error {
    Error::message(format!("connection: {}", reason(&error.into())))
}

/// Columns and rows; zeros where there is no terminal.
fn window() -> (u16, u16) {
    rustix::termios::tcgetwinsize(rustix::stdio::stdout())
        .map_or((0, 0), |size| (size.ws_col, size.ws_row))
}

/// One connection and what belongs to it.
struct Session {
    socket: TcpStream,
    client: Client,
    signals: Signals,
    at_terminal: bool,
    raw: Option<RawMode<'static>>,
    server_echoes: bool,
    /// Control-] was typed, and the next key decides.
    in_menu: bool,
    input_open: bool,
    to_send: Vec<u8>,
}

impl Session {
    fn new(socket: TcpStream) -> Result<Session> {
        socket.set_nonblocking(true).at("use", "connection")?;
        // Single keystrokes must not wait for each other; a failure costs only speed.
        let _ = socket.set_nodelay(true);
        let terminal = std::env::var_os("TERM").unwrap_or_else(|| "unknown".into());
        // Whatever ends us comes through here, so that the terminal gets its mode back.
        let signals = [numbers::WINCH, numbers::INT, numbers::TERM, numbers::HUP];
        Ok(Session {
            socket,
            client: Client::new(terminal.as_bytes(), window()),
            signals: Signals::take(&signals).at("watch", "signals")?,
            at_terminal: rustix::termios::isatty(rustix::stdio::stdin()),
            raw: None,
            server_echoes: false,
            in_menu: false,
            input_open: true,
            to_send: Vec::new(),
        })
    }

    /// Passes bytes both ways until one side has had enough.
    fn hold(mut self, ctx: &mut Ctx) -> Result<Exit> {
        if self.at_terminal {
            ctx.tell("Connected. Escape character is '^]'.\n");
        }
        let mut buf = vec![0; PIECE];
        loop {
            let (socket, input) = self.wait()?;
            while let Some(signal) = self.signals.next() {
                if signal != numbers::WINCH {
                    return Ok(Exit(u8::try_from(128 + signal).unwrap_or(1)));
                }
                let (columns, rows) = window();
                self.client.resize(columns, rows);
            }
            if socket && !self.receive(ctx, &mut buf)? {
                return Ok(self.closed(ctx));
            }
            if input && !self.read_input(ctx, &mut buf)? {
                return Ok(Exit::OK);
            }
            self.to_send.extend(self.client.take_replies());
            self.send()?;
        }
    }

    fn closed(&mut self, ctx: &mut Ctx) -> Exit {
        self.raw = None;
        if self.at_terminal {
            ctx.tell("Connection closed by foreign host\n");
        }
        Exit::OK
    }

    /// Waits; whether the socket and whether standard input has something.
    fn wait(&self) -> Result<(bool, bool)> {
        let mut wishes = PollFlags::IN;
        if !self.to_send.is_empty() {
            wishes |= PollFlags::OUT;
        }
        let stdin = rustix::stdio::stdin();
        let mut fds = vec![
            PollFd::new(&self.socket, wishes),
            PollFd::new(&self.signals, PollFlags::IN),
        ];
        if self.input_open && self.to_send.len() < PIECE {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
        }
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(failed(error)),
        }
        let reads = PollFlags::IN | PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        let came = |at: usize| matches!(fds.get(at), Some(fd) if fd.revents().intersects(reads));
        Ok((came(0), came(2)))
    }

    /// Shows what has come; false: the server has ended the session.
    fn receive(&mut self, ctx: &mut Ctx, buf: &mut [u8]) -> Result<bool> {
        let count = match rustix::net::recv(&self.socket, &mut *buf, RecvFlags::empty()) {
            Ok((0, _)) => return Ok(false),
            Ok((count, _)) => count,
            Err(Errno::INTR | Errno::AGAIN) => return Ok(true),
            Err(error) => return Err(failed(error)),
        };
        for event in self.client.receive(buf.get(..count).unwrap_or_default()) {
            match event {
                Event::Data(data) => ctx.out.put(&data),
                Event::ServerEchoes(echoes) => {
                    self.server_echoes = echoes;
                    self.set_mode();
                }
            }
        }
        ctx.out.flush().at("", "write error")?;
        Ok(true)
    }

    /// Takes what was typed; false: it is over.
    fn read_input(&mut self, ctx: &mut Ctx, buf: &mut [u8]) -> Result<bool> {
        let count = match rustix::io::read(rustix::stdio::stdin(), &mut *buf) {
            Err(Errno::INTR | Errno::AGAIN) => return Ok(true),
            // Started in the background or without standard input: there is none.
            Ok(0) | Err(Errno::IO | Errno::BADF) => {
                self.input_open = false;
                // At a terminal nobody is left who could type; a pipe awaits the answer.
                return Ok(!self.at_terminal);
            }
            Ok(count) => count,
            Err(error) => return Err(error).at("read", "standard input"),
        };
        let typed = buf.get(..count).unwrap_or_default();
        if self.at_terminal {
            return Ok(self.keys(ctx, typed));
        }
        self.client.send(typed, &mut self.to_send);
        Ok(true)
    }

    /// Keys of a terminal, the escape character among them; false: q was chosen.
    fn keys(&mut self, ctx: &mut Ctx, mut typed: &[u8]) -> bool {
        while let Some((&first, rest)) = typed.split_first() {
            if self.in_menu {
                typed = rest;
                if matches!(first, b'q' | b'Q') {
                    return false;
                }
                if matches!(first, b']' | ESCAPE) {
                    self.client.send(&[ESCAPE], &mut self.to_send);
                }
                self.in_menu = false;
                self.set_mode();
                ctx.tell("\n");
                continue;
            }
            let plain = typed.iter().take_while(|&&byte| byte != ESCAPE).count();
            let (keys, behind) = typed.split_at(plain);
            self.client.send(keys, &mut self.to_send);
            typed = behind.get(1..).unwrap_or_default();
            if !behind.is_empty() {
                self.open_menu(ctx);
                // In line mode the escape character itself needed an Enter.
                if typed == b"\n" {
                    typed = &[];
                }
            }
        }
        true
    }

    fn open_menu(&mut self, ctx: &mut Ctx) {
        self.in_menu = true;
        self.set_mode();
        ctx.tell("\nq: quit, ]: send ^], any other key: continue ");
    }

    /// Single keys where the server echoes or the menu asks, else lines.
    fn set_mode(&mut self) {
        if !self.at_terminal || !(self.server_echoes || self.in_menu) {
            self.raw = None;
        } else if self.raw.is_none() {
            // A terminal that refuses still sends lines.
            self.raw = RawMode::enter(rustix::stdio::stdin()).ok();
        }
    }

    /// Sends what the socket takes.
    fn send(&mut self) -> Result<()> {
        while !self.to_send.is_empty() {
            match rustix::net::send(&self.socket, &self.to_send, SendFlags::NOSIGNAL) {
                Ok(count) => drop(self.to_send.drain(..count)),
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                // Its last words may still lie unread: the next read tells the end.
                Err(Errno::PIPE) => {
                    self.to_send.clear();
                    self.input_open = false;
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }
}
