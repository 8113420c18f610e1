//! failsafe_dhcp - give addresses to PCs that come to rescue the device.
//!
//! Whoever plugs a PC in need not know which address to give it. Before anything is given, and
//! every minute afterwards, it asks whether somebody else does so in this network: two servers
//! would be worse than none. See `src/net/dhcp`.

use argh::{ArgsInfo, FromArgs};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::sockopt;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::tell;
use safebox::error::{At, Error, Exit, Result};
use safebox::net::dhcp::message::{Kind, Message, option};
use safebox::net::dhcp::server::Server;
use safebox::net::dhcp::{CLIENT_PORT, SERVER_PORT};
use safebox::net::kernel::{Kernel, LinkEvents};
use safebox::net::netlink::family;
use safebox::net::prefix::Prefix;
use safebox::proc::background::{self, Place};
use safebox::sys::process::{self, Fork};
use safebox::sys::{packet, signal};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

pub static APPLET: Applet = Applet {
    names: &["failsafe_dhcp"],
    dir: Dir::Sbin,
    run,
};

/// Give addresses to PCs by DHCP, where nobody else does.
///
/// They get nothing but an address, for five minutes at a time: no gateway and no name server, so
/// a PC keeps its other network.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "failsafe_dhcp -a 192.168.1.1/24")]
struct Options {
    /// own address and netmask (192.168.1.1/24 if not given); the interface is the one that has it
    #[argh(option, short = 'a', default = "String::from(\"192.168.1.1/24\")")]
    address: String,
    /// stay in the foreground
    #[argh(switch, short = 'f')]
    foreground: bool,
}

/// Kept locked by the process in the background.
const PLACE: &str = "/tmp/run/failsafe_dhcp";
/// Questions whether somebody else is there, and the time until the next. Servers look for some
/// seconds whether an address is in use before they offer it.
const QUESTIONS: u32 = 3;
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// From one round of questions to the next.
const ASK_EVERY: Duration = Duration::from_secs(60);
/// While no interface has the address.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Packets that are looked at in one go.
const MOST_PACKETS: usize = 32;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let local = Prefix::parse(&options.address);
    let server = local.and_then(|local| Some((local, Server::new(local)?)));
    let Some((local, server)) = server else {
        let text = format!("'{}' is no address in a network", options.address);
        return Err(Error::message(text));
    };
    if !options.foreground {
        let Some(place) = Place::take(&ctx.path(PLACE)).at("take", PLACE)? else {
            return Ok(Exit::OK);
        };
        if let Fork::Parent(_) = process::fork().at("start", "a process")? {
            return Ok(Exit::OK);
        }
        signal::set_defaults();
        place.settle().at("write", PLACE)?;
        background::detach().at("leave", "the terminal")?;
        // For as long as this process lives.
        std::mem::forget(place);
    }
    let mut host = Host {
        local,
        server,
        start: Instant::now(),
        rival: None,
        told: None,
    };
    loop {
        // An interface that vanishes comes again, or another one gets the address.
        let _ = host.serve(ctx);
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Everything that outlives an interface.
struct Host {
    local: Prefix,
    server: Server,
    start: Instant,
    /// Who else gives addresses here.
    rival: Option<Ipv4Addr>,
    /// Whom of them people were told of last.
    told: Option<Ipv4Addr>,
}

/// The interface that has the address.
struct Port {
    mac: [u8; 6],
    server: UdpSocket,
    client: UdpSocket,
}

/// A round of questions.
struct Round {
    /// Nobody answered the last one.
    alone: bool,
    exchange: u32,
    left: u32,
    next: Instant,
    found: Option<Ipv4Addr>,
}

impl Host {
    /// Serves on the interface that has the address now, until something goes wrong.
    fn serve(&mut self, ctx: &Ctx) -> io::Result<()> {
        let events = LinkEvents::listen()?;
        let port = self.open()?;
        let mut round = Round::new();
        loop {
            let now = Instant::now();
            if now >= round.next {
                self.go_on(ctx, &port, &mut round, now)?;
            }
            let wait = round.next.saturating_duration_since(Instant::now());
            let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            let mut fds = [
                PollFd::new(&port.server, PollFlags::IN),
                PollFd::new(&port.client, PollFlags::IN),
                PollFd::new(&events, PollFlags::IN),
            ];
            // Interrupted: we look, and come again.
            let _ = poll(&mut fds, Some(&signal::timespec(wait.saturating_add(1))));
            if events.drain() {
                if self.find()?.is_none() {
                    return Ok(());
                }
                // A cable may lead to somebody now.
                round.restart();
            }
            self.hear_rivals(&port, &mut round)?;
            self.hear_clients(&port, &round)?;
        }
    }

    /// The next question, or what the last ones came to.
    fn go_on(&mut self, ctx: &Ctx, port: &Port, round: &mut Round, now: Instant) -> io::Result<()> {
        if round.left == QUESTIONS {
            round.exchange = Round::new().exchange;
        }
        if round.left > 0 {
            round.left -= 1;
            round.next = now + ANSWER_TIME;
            let question = Message::ask(Kind::Discover, round.exchange, port.mac);
            let question = Message {
                broadcast: true,
                ..question
            };
            let everybody = SocketAddrV4::new(Ipv4Addr::BROADCAST, SERVER_PORT);
            port.client.send_to(&question.bytes(), everybody)?;
            return Ok(());
        }
        self.rival = round.found;
        if self.told != self.rival {
            self.told = self.rival;
            if let Some(rival) = self.rival {
                let line =
                    format!("failsafe: network: {rival} gives addresses, so we do not (DHCP)");
                tell::on_consoles(&ctx.root, &line);
            }
        }
        // An answer to this round that comes late still counts.
        (round.left, round.found, round.next) = (QUESTIONS, None, now + ASK_EVERY);
        round.alone = self.rival.is_none();
        Ok(())
    }

    /// Takes answers to our own questions.
    fn hear_rivals(&self, port: &Port, round: &mut Round) -> io::Result<()> {
        for message in received(&port.client)? {
            let from = message.address(option::SERVER);
            if message.kind == Kind::Offer
                && message.exchange == round.exchange
                && let Some(from) = from.filter(|from| self.local.address != *from)
            {
                round.found = Some(from);
                round.left = 0;
                round.next = Instant::now();
            }
        }
        Ok(())
    }

    fn hear_clients(&mut self, port: &Port, round: &Round) -> io::Result<()> {
        for message in received(&port.server)? {
            // Our own questions come back to us; and nobody is served before we know that
            // nobody else does.
            let is_own = message.mac == port.mac && message.exchange == round.exchange;
            if is_own || !round.alone {
                continue;
            }
            let now = self.start.elapsed().as_secs();
            let Some(answer) = self.server.take(&message, now) else {
                continue;
            };
            let to = match answer.kind {
                Kind::Ack if !message.current.is_unspecified() => message.current,
                _ => Ipv4Addr::BROADCAST,
            };
            // It asks again.
            let to = SocketAddrV4::new(to, CLIENT_PORT);
            let _ = port.server.send_to(&answer.bytes(), to);
        }
        Ok(())
    }

    /// Name and hardware address of the interface that has the address.
    fn find(&self) -> io::Result<Option<(String, [u8; 6])>> {
        let mut kernel = Kernel::open()?;
        let addresses = kernel.addresses(family::INET)?;
        let has = addresses.iter().find(|address| address.local == self.local);
        let Some(index) = has.map(|address| address.index) else {
            return Ok(None);
        };
        let links = kernel.links()?;
        let link = links.into_iter().find(|link| link.index == index);
        Ok(link.and_then(|link| Some((link.name, link.address.try_into().ok()?))))
    }

    fn open(&self) -> io::Result<Port> {
        let (name, mac) = self.find()?.ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Port {
            mac,
            server: bound(&name, SERVER_PORT)?,
            client: bound(&name, CLIENT_PORT)?,
        })
    }
}

impl Round {
    /// Begins at once.
    fn new() -> Round {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Round {
            // Another number than that of whoever else asks now is all that is needed.
            exchange: now.unwrap_or_default().subsec_nanos() ^ process::own_id().cast_unsigned(),
            alone: false,
            left: QUESTIONS,
            next: Instant::now(),
            found: None,
        }
    }

    /// Asks at once, unless it does already, and gives nothing until that is over.
    fn restart(&mut self) {
        if self.left == QUESTIONS {
            (self.alone, self.next) = (false, Instant::now());
        }
    }
}

/// A socket at a port of one interface.
fn bound(interface: &str, port: u16) -> io::Result<UdpSocket> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_broadcast(&socket, true)?;
    packet::bind_to_device(&socket, interface)?;
    rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port))?;
    Ok(socket.into())
}

/// The messages that have come.
fn received(socket: &UdpSocket) -> io::Result<Vec<Message>> {
    let mut messages = Vec::new();
    let mut packet = [0; 1500];
    for _ in 0..MOST_PACKETS {
        match socket.recv(&mut packet) {
            Ok(count) => messages.extend(packet.get(..count).and_then(Message::parse)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(messages)
}
