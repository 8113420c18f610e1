//! recvudp - show what routers announce while they boot: the other end of netmsg.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::announce;
use safebox::error::{At, Exit, Result};
use std::io::Write;
use std::net::{Ipv4Addr, UdpSocket};

pub static APPLET: Applet = Applet {
    names: &["recvudp"],
    dir: Dir::UsrBin,
    run,
};

/// Show the announcements of booting routers, one line each: address and message.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "recvudp -c 1 && echo press the button")]
struct Options {
    /// end after this many messages
    #[argh(option, short = 'c')]
    count: Option<u32>,
    /// listen on this port (4919 if not given)
    #[argh(option, short = 'p', default = "announce::PORT")]
    port: u16,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let at = format!("port {}", options.port);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, options.port)).at("", &at)?;
    let mut buf = [0; 2048];
    let mut seen = 0;
    while options.count.is_none_or(|count| seen < count) && !ctx.out.failed() {
        let (count, from) = socket.recv_from(&mut buf).at("", &at)?;
        let Some(text) = buf.get(..count).and_then(announce::text) else {
            continue;
        };
        seen += 1;
        // Bytes from the network reach a terminal: nothing that could command it.
        let shown: String = String::from_utf8_lossy(text)
            .chars()
            .map(|c| if c.is_control() { '?' } else { c })
            .collect();
        ctx.out.line(format!("{}: {shown}", from.ip()));
        // Whoever waits for the message wants it now; a failure is kept by `out`.
        let _ = ctx.out.flush();
    }
    Ok(Exit::OK)
}
