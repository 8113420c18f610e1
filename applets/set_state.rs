//! set_state - show on the status LED what the device is doing.
//!
//! A device without LEDs is no failure: this runs in every boot.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::led::{self, State};
use safebox::error::{At, Error, Exit, Result};

pub static APPLET: Applet = Applet {
    names: &["set_state"],
    dir: Dir::Sbin,
    run,
};

/// Let the status LED tell what the device is doing.
///
/// preinit blinks 5 times a second (press the button now), failsafe 10 times,
/// preinit_regular and upgrade 2.5 times, reset once; done is steady.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "set_state failsafe")]
struct Options {
    /// preinit, failsafe, preinit_regular, done, upgrade or reset
    #[argh(positional)]
    state: String,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let Some(state) = State::named(&options.state) else {
        let text = format!("there is no state '{}'; see --help", options.state);
        return Err(Error::message(text));
    };
    let leds = led::find(&ctx.root);
    for (led, light) in state.lights(&leds) {
        if let Err(error) = led::show(&ctx.root, led, light).at("switch", led) {
            ctx.complain(error);
        }
    }
    Ok(ctx.status())
}
