//! netmsg - announce a message by UDP broadcast, as routers do while they boot.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::announce;
use safebox::error::{At, Exit, Result};
use safebox::opts::declared::Raw;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["netmsg"],
    dir: Dir::Bin,
    run,
};

/// Send a message to everybody on the cable: UDP port 4919, always 1001 bytes.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "netmsg 192.168.1.255 'Entering Failsafe!\\n'")]
struct Options {
    /// send it this many times, one second apart
    #[argh(option, short = 'c', default = "1")]
    count: u16,
    /// broadcast address
    #[argh(positional)]
    address: Ipv4Addr,
    /// at most 998 bytes count
    #[argh(positional)]
    message: Raw,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let text = options.message.0.as_bytes();
    let mut last = Ok(());
    for turn in 0..options.count {
        if turn > 0 {
            std::thread::sleep(Duration::from_secs(1));
        }
        last = announce::send(options.address, text);
    }
    last.at("", options.address.to_string())?;
    Ok(Exit::OK)
}
