//! set_state - show on the status LED what the device is doing.
//!
//! A device without LEDs is no failure: this runs in every boot. A board that has a way of
//! its own (`/etc/diag.sh` with a function of this name) keeps it, whoever calls this.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::led::{self, Shown, State, Toggler};
use safebox::error::{At, Error, Exit, Result};
use safebox::net::rescue;
use safebox::proc::background::{self, Place};
use safebox::sys::process::{self, Fork};
use safebox::sys::signal;

pub static APPLET: Applet = Applet {
    names: &["set_state"],
    dir: Dir::Sbin,
    run,
};

/// Let the status LED tell what the device is doing.
///
/// preinit blinks 5 times a second (press the button now); failsafe 10 times, or in short
/// flashes twice a second as long as no cable leads to it; preinit_regular and upgrade 2.5
/// times; reset once (let go of the button now); done is steady.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "set_state failsafe")]
struct Options {
    /// preinit, failsafe, preinit_regular, done, upgrade or reset
    #[argh(positional)]
    state: String,
}

/// Kept locked by the process that blinks where the kernel cannot.
const BLINKER: &str = "/tmp/run/set_state";
/// The board's own way.
const BOARD: &str = "/etc/diag.sh";
/// In the environment of the board's script: it may call us for what it does not know.
const ASKED_BOARD: &str = "SET_STATE_ASKED_BOARD";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let Some(state) = State::named(&options.state) else {
        let text = format!("there is no state '{}'; see --help", options.state);
        return Err(Error::message(text));
    };
    if ctx.path(BOARD).exists() && std::env::var_os(ASKED_BOARD).is_none() {
        return ask_board(&options.state);
    }
    let state = match state {
        State::Failsafe if !rescue::is_reachable(&ctx.root) => State::Unreachable,
        other => other,
    };
    // The LED belongs to nobody else while it changes.
    background::end(&ctx.path(BLINKER)).at("end", BLINKER)?;
    let leds = led::find(&ctx.root);
    let mut togglers = Vec::new();
    for (led, light) in state.lights(&leds) {
        match led::show(&ctx.root, led, &light).at("switch", led) {
            Ok(Shown::ByKernel) => {}
            Ok(Shown::NotBlinking) => togglers.extend(Toggler::new(&ctx.root, led, &light)),
            Err(error) => ctx.complain(error),
        }
    }
    // No state lets more than one LED blink.
    match togglers.pop() {
        Some(toggler) => blink(ctx, &toggler),
        None => Ok(ctx.status()),
    }
}

/// Blinks in a process that lives until the next state.
fn blink(ctx: &Ctx, toggler: &Toggler) -> Result<Exit> {
    let Some(place) = Place::take(&ctx.path(BLINKER)).at("take", BLINKER)? else {
        // Another set_state was faster; the LED is its.
        return Ok(ctx.status());
    };
    if let Fork::Parent(_) = process::fork().at("start", "a process")? {
        return Ok(ctx.status());
    }
    signal::set_defaults();
    place.settle().at("write", BLINKER)?;
    background::detach().at("leave", "the terminal")?;
    let gone = toggler.run();
    Err(gone).at("switch", "the LED")
}

/// Becomes a shell that has read the board's script and calls the function or, if there is
/// none in it, us again.
fn ask_board(state: &str) -> Result<Exit> {
    let script = format!(". {BOARD}; set_state {state}");
    let status = std::process::Command::new("/bin/sh")
        .args(["-c", &script])
        .env(ASKED_BOARD, "1")
        .status()
        .at("run", "/bin/sh")?;
    Ok(Exit(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1),
    ))
}
