//! recvudp - show what routers announce while they boot: the other end of netmsg.
//!
//! Made for the PC of whoever holds the paper clip: it says when to press, and what next.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::announce;
use safebox::error::{At, Exit, Result};
use safebox::sys::clock;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

pub static APPLET: Applet = Applet {
    names: &["recvudp"],
    dir: Dir::UsrBin,
    run,
};

/// Show the announcements of booting routers: when, who, what, and what to do now.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "recvudp")]
struct Options {
    /// end after this many announcements
    #[argh(option, short = 'c')]
    count: Option<u32>,
    /// end after the first
    #[argh(switch, short = '1')]
    one: bool,
    /// listen on this port (4919 if not given)
    #[argh(option, short = 'p', default = "announce::PORT")]
    port: u16,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let limit = if options.one { Some(1) } else { options.count };
    let at = format!("port {}", options.port);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, options.port)).at("", &at)?;
    let port = socket.local_addr().at("", &at)?.port();
    ctx.say(format_args!(
        "waiting for announcements on UDP port {port}; now switch the router on"
    ));
    let mut buf = [0; 2048];
    let mut seen = 0;
    while limit.is_none_or(|limit| seen < limit) && !ctx.out.failed() {
        let (count, from) = socket.recv_from(&mut buf).at("", &at)?;
        let Some(text) = buf.get(..count).and_then(announce::text) else {
            continue;
        };
        seen += 1;
        show(ctx, from.ip(), text);
    }
    Ok(Exit::OK)
}

fn show(ctx: &mut Ctx, from: IpAddr, text: &[u8]) {
    // Bytes from the network reach a terminal: nothing that could command it.
    let shown: String = String::from_utf8_lossy(text)
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    let time = match clock::local(ctx.sys.machine().now()) {
        Ok(now) => format!("{:02}:{:02}:{:02}", now.hour, now.minute, now.second),
        Err(_) => "--:--:--".to_owned(),
    };
    ctx.out.line(format!("{time} {from}: {shown}"));
    if announce::asks_to_press(text) {
        ctx.out.line(">>> press a button of the router now");
    } else if text.starts_with(announce::ENTERING_START) {
        ctx.out
            .line(format!(">>> it is in failsafe mode: telnet {from}"));
    }
    // Whoever waits for the message wants it now; a failure is kept by `out`.
    let _ = ctx.out.flush();
}
