//! sysupgrade - install a firmware image and keep the settings.
//!
//! Nothing is erased before everything is checked. In failsafe mode the settings are those
//! of the overlay, mounted or not, never the defaults of the running image. Exit status: 0
//! done, 1 usage, 2 refused and the flash untouched, 3 the flash touched and not good, 4 failed
//! with the old system whole.

mod backup;
mod board;
mod receive;
mod stream;
mod upgrade;

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result};
use safebox::image::Overrides;
use safebox::opts::declared::Raw;
use safebox::upgrade::REFUSED;
use safebox::upgrade::list::Which;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["sysupgrade"],
    dir: Dir::Sbin,
    run,
};

/// Install a firmware image and keep the settings; or save, restore and list the settings.
#[derive(FromArgs, ArgsInfo, Clone)]
#[argh(
    example = "sysupgrade -T /tmp/nxtfw.bin     check an image and show what would be done\n\
               sysupgrade /tmp/nxtfw.bin        install it\n\
               sysupgrade --listen 3333         wait until the PC sends it, install it\n\
               sysupgrade -b - >settings.tgz    save the settings",
    error_code(
        1,
        "the command line made no sense, or the settings could not be saved or restored"
    ),
    error_code(2, "the image was refused; the flash is untouched"),
    error_code(
        3,
        "the flash was touched and is not good; do not switch off, try again"
    ),
    error_code(4, "it failed, but the system that was there is whole")
)]
struct Options {
    /// check the image, print what would be done, change nothing
    #[argh(switch, short = 'T')]
    test: bool,
    /// do not keep the settings
    #[argh(switch, short = 'n')]
    no_settings: bool,
    /// take the settings from this archive (.tar.gz)
    #[argh(option, short = 'f')]
    from: Option<Raw>,
    /// install in spite of what can be forced: another board, no metadata
    #[argh(switch, short = 'F')]
    force: bool,
    /// keep the settings although the image says that they do not fit
    #[argh(switch)]
    ignore_minor_compat_version: bool,
    /// refuse an image whose SHA-256 is another than this
    #[argh(option)]
    sha256: Option<String>,
    /// refuse an image without a good signature by a key in /etc/opkg/keys
    #[argh(switch, short = 's')]
    require_signature: bool,
    /// with -T: print what was found as JSON
    #[argh(switch)]
    json: bool,
    /// keep everything that was changed in /etc
    #[argh(switch, short = 'c')]
    all_etc: bool,
    /// keep everything that was changed
    #[argh(switch, short = 'o')]
    all: bool,
    /// leave out what is the same in the image
    #[argh(switch, short = 'u')]
    changed_only: bool,
    /// the archive also lists the installed packages
    #[argh(switch, short = 'k')]
    packages: bool,
    /// only messages about failures
    #[argh(switch, short = 'q')]
    quiet: bool,
    /// name every file that is kept
    #[argh(switch, short = 'v')]
    verbose: bool,
    /// save the settings to this file (- is standard output)
    #[argh(option, short = 'b')]
    create_backup: Option<Raw>,
    /// restore the settings from this file (- is standard input)
    #[argh(option, short = 'r')]
    restore_backup: Option<Raw>,
    /// list the files that are kept
    #[argh(switch, short = 'l')]
    list_backup: bool,
    /// wait for a connection to this port, which brings the image
    #[argh(option)]
    listen: Option<u16>,
    /// keep no copy of the image in memory: what --listen receives is sent twice, to be checked
    /// first; what comes from - is written as it comes, so a bad one leaves no system
    #[argh(switch)]
    stream: bool,
    /// internal: with -r in a boot, which goes on whatever happens
    #[argh(switch, hidden_help)]
    boot: bool,
    /// internal: the copy in RAM does it; the compat_version of the settings
    #[argh(option, hidden_help)]
    perform: Option<String>,
    /// the image; - is standard input
    #[argh(positional)]
    image: Option<Raw>,
}

impl Options {
    fn which(&self) -> Which {
        Which {
            all_etc: self.all_etc,
            all: self.all,
            changed_only: self.changed_only,
            packages: self.packages,
        }
    }

    fn overrides(&self) -> Overrides {
        Overrides {
            force: self.force,
            no_settings: self.no_settings,
            ignore_minor: self.ignore_minor_compat_version,
            signed_only: self.require_signature,
        }
    }
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    for arg in ctx.args.iter_mut().filter(|arg| *arg == "-h") {
        *arg = "--help".into();
    }
    let options: Options = ctx.options()?;
    let jobs = [
        options.image.is_some(),
        options.listen.is_some(),
        options.create_backup.is_some(),
        options.restore_backup.is_some(),
        options.list_backup,
    ];
    if jobs.iter().filter(|job| **job).count() != 1 {
        return Err(usage("one of IMAGE, --listen, -b, -r and -l is needed"));
    }
    if let Some(Raw(file)) = &options.restore_backup {
        return backup::restore_backup(ctx, &options, Path::new(file));
    }
    let image = options.image.as_ref().map(|Raw(image)| Path::new(image));
    if options.stream && options.listen.is_none() && image != Some(Path::new("-")) {
        return Err(usage("--stream is for - and --listen"));
    }
    if options.stream && options.require_signature {
        return Err(usage("--stream checks no signature"));
    }
    let image = image.or(options.listen.map(|_| Path::new("-")));
    let Some(image) = image else {
        return backup::backup_or_list(ctx, &options);
    };
    let result = match &options.perform {
        Some(compat) => return upgrade::install(ctx, &options, image, compat),
        None if options.stream => stream::upgrade(ctx, &options),
        None => upgrade::upgrade(ctx, &options, image),
    };
    // Whatever went wrong up to here, the flash is untouched, and the status says so.
    result.map_err(|error| match error.exit() {
        Exit::FAILED => Error::Message(error.to_string(), REFUSED),
        _ => error,
    })
}

fn usage(complaint: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: "Try 'sysupgrade --help'.\n".into(),
        exit: Exit::FAILED,
    }
}
