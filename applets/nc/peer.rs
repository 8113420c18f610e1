//! Making the connection: names, addresses, sockets.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use safebox::applet::Ctx;
use safebox::error::{At, Error, Result, reason};
use safebox::net::listen::{any, everywhere};
use safebox::net::resolve;
use std::ffi::OsStr;
use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// What the command line asks for.
pub struct Want {
    pub listen: bool,
    /// The other side, or where to listen.
    pub host: Option<String>,
    /// Local address of a client.
    pub local: Option<String>,
    /// Local port of a client; 0: any.
    pub local_port: u16,
    /// First and last port.
    pub ports: (u16, u16),
    pub udp: bool,
    /// IPv6 only (true), IPv4 only (false), or both.
    pub family: Option<bool>,
    pub numeric: bool,
    pub verbose: bool,
    /// How long to try.
    pub limit: Option<Duration>,
}

/// Somebody to talk to.
pub enum Peer {
    Tcp(TcpStream),
    /// Connected to one address.
    Udp(UdpSocket),
}

/// Somebody to wait for.
pub enum Listener {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

/// A port by number or name, or a range of numbers.
pub fn ports(ctx: &Ctx, word: &OsStr, udp: bool) -> Option<(u16, u16)> {
    let text = word.to_str()?;
    if let Some((first, last)) = text.split_once('-')
        && let (Ok(first), Ok(last)) = (first.parse(), last.parse())
    {
        return (first <= last).then_some((first, last));
    }
    let protocol = if udp { "udp" } else { "tcp" };
    let port = resolve::port(text, protocol, &ctx.path("/etc/services"))?;
    Some((port, port))
}

impl Want {
    fn protocol(&self) -> &'static str {
        if self.udp { "udp" } else { "tcp" }
    }

    fn addresses(&self, ctx: &Ctx, host: &str) -> Result<Vec<IpAddr>> {
        let mut found = if self.numeric {
            host.parse().into_iter().collect()
        } else {
            resolve::host(host, &ctx.path("/etc/hosts"))
        };
        found.retain(|address| self.family.is_none_or(|v6| v6 == address.is_ipv6()));
        if found.is_empty() {
            return Err(Error::message(format!("bad address '{host}'")));
        }
        Ok(found)
    }

    /// Connects to a port, trying one address of the host after the other.
    pub fn connect(&self, ctx: &mut Ctx, port: u16) -> Result<Peer> {
        let host = self.host.as_deref().unwrap_or_default();
        let mut failure = None;
        for ip in self.addresses(ctx, host)? {
            let address = SocketAddr::new(ip, port);
            match self.connect_to(ctx, address) {
                Ok(peer) => {
                    if self.verbose {
                        let protocol = self.protocol();
                        ctx.tell(format!(
                            "Connection to {ip} {port} port [{protocol}/*] succeeded!\n"
                        ));
                    }
                    return Ok(peer);
                }
                Err(error) => failure = Some(self.failure(host, address, error)),
            }
        }
        Err(failure.unwrap_or_else(|| Error::message(format!("bad address '{host}'"))))
    }

    fn failure(&self, host: &str, address: SocketAddr, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::TimedOut && self.limit.is_some() {
            return Error::message("timed out");
        }
        let ip = address.ip();
        let who = if host == ip.to_string() {
            host.to_owned()
        } else {
            format!("{host} ({ip})")
        };
        let reason = reason(&error);
        Error::message(format!("can't connect to remote host ({who}): {reason}"))
    }

    fn connect_to(&self, ctx: &Ctx, address: SocketAddr) -> io::Result<Peer> {
        let local = match &self.local {
            None => any(address.is_ipv6()),
            Some(name) => {
                let found = resolve::host(name, &ctx.path("/etc/hosts"));
                let fits = found
                    .into_iter()
                    .find(|ip| ip.is_ipv6() == address.is_ipv6());
                fits.ok_or(io::ErrorKind::AddrNotAvailable)?
            }
        };
        let local = SocketAddr::new(local, self.local_port);
        if self.udp {
            let socket = UdpSocket::bind(local)?;
            socket.connect(address)?;
            return Ok(Peer::Udp(socket));
        }
        if self.local.is_none() && self.local_port == 0 {
            return Ok(Peer::Tcp(match self.limit {
                Some(limit) => TcpStream::connect_timeout(&address, limit.max(MOMENT))?,
                None => TcpStream::connect(address)?,
            }));
        }
        Ok(Peer::Tcp(self.connect_from(local, address)?))
    }

    /// connect(2) from a chosen local address.
    fn connect_from(&self, local: SocketAddr, address: SocketAddr) -> io::Result<TcpStream> {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
        let family = if address.is_ipv6() {
            AddressFamily::INET6
        } else {
            AddressFamily::INET
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        rustix::net::bind(&socket, &local)?;
        match rustix::net::connect(&socket, &address) {
            Ok(()) => {}
            Err(rustix::io::Errno::INPROGRESS) => {
                if !wait(socket.as_fd(), PollFlags::OUT, self.limit)? {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                sockopt::socket_error(&socket)??;
            }
            Err(error) => return Err(error.into()),
        }
        rustix::io::ioctl_fionbio(&socket, false)?;
        Ok(TcpStream::from(socket))
    }

    /// Opens the listening socket and, with -v, tells where.
    pub fn listen(&self, ctx: &mut Ctx) -> Result<Listener> {
        let address = match &self.host {
            Some(host) => self.addresses(ctx, host)?.first().copied(),
            None => self.family.map(any),
        };
        let port = self.ports.0;
        let at = |ip| SocketAddr::new(ip, port);
        // Without a wish: everywhere.
        let result = match (self.udp, address) {
            (false, None) => everywhere(port).map(Listener::Tcp),
            (false, Some(ip)) => TcpListener::bind(at(ip)).map(Listener::Tcp),
            (true, Some(ip)) => UdpSocket::bind(at(ip)).map(Listener::Udp),
            (true, None) => UdpSocket::bind(at(any(true)))
                .or_else(|_| UdpSocket::bind(at(any(false))))
                .map(Listener::Udp),
        };
        let listener =
            result.map_err(|error| Error::message(format!("bind: {}", reason(&error))))?;
        if self.verbose {
            let local = match &listener {
                Listener::Tcp(socket) => socket.local_addr(),
                Listener::Udp(socket) => socket.local_addr(),
            }
            .at("use", "the socket")?;
            ctx.tell(format!("Listening on {} {}\n", local.ip(), local.port()));
        }
        Ok(listener)
    }
}

/// std refuses a time of zero.
const MOMENT: Duration = Duration::from_millis(1);

impl Listener {
    /// Waits for the next peer.
    pub fn accept(&self, ctx: &mut Ctx, want: &Want) -> Result<Peer> {
        let fd = match self {
            Listener::Tcp(socket) => socket.as_fd(),
            Listener::Udp(socket) => socket.as_fd(),
        };
        let came = wait(fd, PollFlags::IN, want.limit).at("wait for", "a connection")?;
        if !came {
            return Err(Error::message("timed out"));
        }
        let (peer, address) = match self {
            Listener::Tcp(socket) => {
                let (stream, address) = socket.accept().at("accept", "a connection")?;
                (Peer::Tcp(stream), address)
            }
            Listener::Udp(socket) => {
                let (_, address) = socket.peek_from(&mut [0]).at("receive", "a packet")?;
                socket
                    .connect(address)
                    .at("connect to", address.to_string())?;
                let socket = socket.try_clone().at("use", "the socket")?;
                (Peer::Udp(socket), address)
            }
        };
        if want.verbose {
            let (ip, port) = (address.ip().to_canonical(), address.port());
            ctx.tell(format!("Connection received on {ip} {port}\n"));
        }
        Ok(peer)
    }
}

impl Peer {
    /// Datagrams have no end and no order.
    pub fn is_udp(&self) -> bool {
        matches!(self, Peer::Udp(_))
    }

    /// Says that no more will be sent.
    pub fn close_sending(&self) -> io::Result<()> {
        match self {
            Peer::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Peer::Udp(_) => Ok(()),
        }
    }

    /// Makes the connection standard input, output and error.
    pub fn become_standard_streams(&self) -> Result<()> {
        rustix::stdio::dup2_stdin(self).at("use", "the connection")?;
        rustix::stdio::dup2_stdout(self).at("use", "the connection")?;
        rustix::stdio::dup2_stderr(self).at("use", "the connection")
    }
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Peer::Tcp(stream) => stream.as_fd(),
            Peer::Udp(socket) => socket.as_fd(),
        }
    }
}

fn wait(fd: BorrowedFd<'_>, flags: PollFlags, limit: Option<Duration>) -> io::Result<bool> {
    let limit = limit.map(timespec);
    loop {
        match poll(&mut [PollFd::from_borrowed_fd(fd, flags)], limit.as_ref()) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A duration as poll(2) wants it.
pub fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos() as _,
    }
}
