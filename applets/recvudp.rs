//! recvudp - show what routers announce while they boot: the other end of netmsg.
//!
//! Made for the PC of whoever holds the paper clip: it says when to press, and what next.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::{announce, knock};
use safebox::error::{At, Error, Exit, Result};
use safebox::signature::usign::{LONGEST, SecretKey};
use safebox::sys::clock;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};

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
    /// ask routers that wait to enter failsafe mode, with this secret key of usign; its public
    /// half must be in their image, in /etc/failsafe.keys
    #[argh(option, short = 'k')]
    key: Option<PathBuf>,
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
    let key = options.key.as_deref().map(secret).transpose()?;
    ctx.say(format_args!(
        "waiting for announcements on UDP port {port}; now switch the router on"
    ));
    let mut buf = [0; 2048];
    let mut seen = 0;
    while limit.is_none_or(|limit| seen < limit) && !ctx.out.failed() {
        let (count, from) = socket.recv_from(&mut buf).at("", &at)?;
        let packet = buf.get(..count).unwrap_or_default();
        let Some(text) = announce::text(packet) else {
            if let Some(answer) = key.as_ref().and_then(|key| knock::answer(packet, key)) {
                socket
                    .send_to(&answer, from)
                    .at("answer", from.to_string())?;
                ctx.out
                    .line(format!(">>> {} was asked with the key", from.ip()));
            }
            continue;
        };
        seen += 1;
        if key.is_some() && announce::asks_to_press(text) {
            let to = (from.ip(), announce::PORT);
            socket
                .send_to(&knock::knock(), to)
                .at("ask", from.ip().to_string())?;
        }
        show(ctx, from.ip(), text);
    }
    Ok(Exit::OK)
}

/// Reads a secret key.
fn secret(path: &Path) -> Result<SecretKey> {
    let mut text = Vec::new();
    let file = std::fs::File::open(path).at("open", path)?;
    file.take(LONGEST).read_to_end(&mut text).at("read", path)?;
    SecretKey::parse(&text).ok_or_else(|| {
        let text = "not a secret key of usign, or one with a password";
        Error::message(format!("{}: {text}", path.display()))
    })
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
