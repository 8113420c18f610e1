//! failsafe_net - the network on which the device can be rescued.
//!
//! `up` does what can be done at once and leaves the rest to a process in the background: a
//! boot must not wait for a port that may never come, and a port that comes late must answer
//! all the same. `down` ends it and takes the address away before the normal system sets its
//! own.

mod keep;

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::{tell, words};
use safebox::error::{At, Error, Exit, Result};
use safebox::net::board::{self, Board};
use safebox::net::ports::Port;
use safebox::net::prefix::{Prefix, mac_text};
use safebox::net::rescue::{Rescue, STATUS, Settings};
use safebox::proc::background::{self, Place};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub static APPLET: Applet = Applet {
    names: &["failsafe_net"],
    dir: Dir::Sbin,
    run,
};

/// Let the device answer at one address on all LAN ports, for a rescue.
///
/// The ports are those of -i, else of /etc/board.json, else every Ethernet port but the WAN;
/// a name that no port has is overlooked. Several ports are joined by a bridge.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "failsafe_net up -a 192.168.1.1/24")]
struct Options {
    /// ports to use: "lan1 lan2", "eth0.1"
    #[argh(option, short = 'i', default = "String::new()")]
    ports: String,
    /// address and netmask (192.168.1.1/255.255.255.0 if not given)
    #[argh(option, short = 'a', default = "String::from(\"192.168.1.1/24\")")]
    address: String,
    /// broadcast address (the network's if not given)
    #[argh(option, short = 'b')]
    broadcast: Option<Ipv4Addr>,
    /// do not stay in the background
    #[argh(switch, short = '1')]
    once: bool,
    /// up, down, status (what a person with a cable would find), tell (the same, on every
    /// console), ports (their names) or board (what the board says of its network)
    #[argh(positional)]
    command: String,
}

/// Kept locked by the process in the background.
const KEEPER: &str = "/tmp/run/failsafe_net";
/// What the board says: of the image, or made by its scripts.
const BOARD: [&str; 2] = ["/etc/board.json", "/tmp/board.json"];
const DETECT: &str = "/bin/board_detect";
const SWCONFIG: &str = "/sbin/swconfig";
/// A script of the board that hangs must not keep the device from being rescued.
const LONGEST_SCRIPT: Duration = Duration::from_secs(10);

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    match options.command.as_str() {
        "status" => {
            let text = std::fs::read_to_string(ctx.path(STATUS)).at("open", STATUS)?;
            ctx.out.put(text.as_bytes());
            Ok(Exit::OK)
        }
        "tell" => {
            tell::on_consoles(&ctx.root, "- failsafe -");
            let text = std::fs::read_to_string(ctx.path(STATUS)).at("open", STATUS)?;
            tell::on_consoles(
                &ctx.root,
                &format!("failsafe: network: {}", text.trim_end()),
            );
            Ok(Exit::OK)
        }
        "ports" => {
            for port in open(ctx, &options)?.ports().at("", "ports")? {
                ctx.out.line(port.to_string());
            }
            Ok(Exit::OK)
        }
        "board" => {
            ask_board(ctx);
            let board = read_board(ctx).unwrap_or_default();
            for (name, devices) in [("lan", board.lan), ("wan", board.wan)] {
                if !devices.is_empty() {
                    ctx.out.line(format!("{name} {}", devices.join(" ")));
                }
            }
            if let Some(mac) = board.lan_mac {
                ctx.out.line(format!("mac {}", mac_text(&mac)));
            }
            Ok(Exit::OK)
        }
        "up" => up(ctx, &options),
        "down" => {
            background::end(&ctx.path(KEEPER)).at("end", KEEPER)?;
            let undone = open(ctx, &options)?.undo();
            // Nobody reported anything: see `is_reachable`.
            let _ = std::fs::remove_file(ctx.path(STATUS));
            undone.at("take down", "the network")?;
            Ok(Exit::OK)
        }
        other => Err(Error::message(format!("no command '{other}'; see --help"))),
    }
}

fn open(ctx: &Ctx, options: &Options) -> Result<Rescue> {
    let local = Prefix::parse(&options.address);
    let local = local.filter(|local| local.address.is_ipv4() && !local.is_host());
    let local = local.ok_or_else(|| {
        let text = format!("'{}' is no address with a netmask", options.address);
        Error::message(text)
    })?;
    let broadcast = options.broadcast.or(local.broadcast());
    let settings = Settings {
        named: words::list(&options.ports).map(Port::parse).collect(),
        board: read_board(ctx).unwrap_or_default(),
        has_swconfig: ctx.path(SWCONFIG).exists(),
        local,
        broadcast: broadcast.unwrap_or(Ipv4Addr::BROADCAST),
    };
    Rescue::open(&ctx.root, settings).at("reach", "the kernel")
}

fn read_board(ctx: &Ctx) -> Option<Board> {
    let texts = BOARD.iter().map(|path| std::fs::read(ctx.path(path)));
    let mut boards = texts.flatten().filter_map(|text| board::parse(&text));
    boards.next()
}

fn up(ctx: &mut Ctx, options: &Options) -> Result<Exit> {
    let place = match options.once {
        true => None,
        false => match Place::take(&ctx.path(KEEPER)).at("take", KEEPER)? {
            // It is up, and somebody takes care of it.
            None => return Ok(Exit::OK),
            place => place,
        },
    };
    ask_board(ctx);
    let mut rescue = open(ctx, options)?;
    set_up_switches(ctx, &rescue_words(&mut rescue)?);
    for problem in rescue.rename().at("rename", "ports")? {
        tell::on_consoles(&ctx.root, &format!("failsafe: {problem}"));
    }
    let mut keeper = keep::Keeper::new(ctx, rescue);
    let report = keeper.turn(ctx);
    match place {
        Some(place) => keeper.stay(ctx, place),
        None => {
            ctx.out.line(report.to_string());
            Ok(if report.device.is_some() {
                Exit::OK
            } else {
                Exit::FAILED
            })
        }
    }
}

/// The names of the ports as boards and switches write them.
fn rescue_words(rescue: &mut Rescue) -> Result<Vec<String>> {
    let ports = rescue.ports().at("", "ports")?;
    Ok(ports.iter().map(Port::to_string).collect())
}

/// Lets the board's scripts say what it has, unless somebody has said it already.
fn ask_board(ctx: &Ctx) {
    let is_said = BOARD.iter().any(|path| ctx.path(path).exists());
    if is_said || !ctx.path("/etc/board.d").is_dir() || !ctx.path(DETECT).exists() {
        return;
    }
    let mut command = Command::new(ctx.path(DETECT));
    command.arg(ctx.path(BOARD[1])).stdin(Stdio::null());
    // That it has nothing to say is no failure: the ports are found by looking.
    let ended = command.spawn().map(|child| wait(child, LONGEST_SCRIPT));
    if matches!(ended, Ok(false)) {
        tell::on_consoles(&ctx.root, "failsafe: /etc/board.d hangs");
    }
}

/// Waits for a child, and no longer than this; whether it has ended by itself.
fn wait(mut child: Child, limit: Duration) -> bool {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(_)) => return true,
            Ok(None) if start.elapsed() < limit => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                // What it left undone is left undone.
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

/// Sets the switches up that need `swconfig`.
fn set_up_switches(ctx: &Ctx, lan: &[String]) {
    if !ctx.path(SWCONFIG).exists() {
        return;
    }
    let switches = read_board(ctx).unwrap_or_default().switches;
    for words in switches.iter().flat_map(|switch| switch.commands(lan)) {
        let mut command = Command::new(Path::new(SWCONFIG));
        command
            .args(&words)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        // It complains itself; what else could be done goes on.
        let _ = command.spawn().map(|child| wait(child, LONGEST_SCRIPT));
    }
}
