//! The options of uci: getopt's manners, and the first word that is none ends them.

use safebox::applet::Ctx;
use safebox::uci::{CHANGES, Store};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// What the options say.
pub struct Options {
    pub store: Store,
    pub delimiter: Vec<u8>,
    pub input: Option<OsString>,
    pub merge: bool,
    pub name_all: bool,
    pub extended: bool,
    pub quiet: bool,
}

impl Options {
    /// Options up to the first word that is none, as getopt reads them; then the words.
    pub fn parse(ctx: &Ctx) -> std::result::Result<(Options, Vec<Vec<u8>>), String> {
        let mut store = Store::at(ctx.path("/etc/config"));
        store.override_dir = Some(ctx.path("/var/run/uci"));
        store.set_save_dir(ctx.path(CHANGES));
        let mut options = Options {
            store,
            delimiter: b" ".to_vec(),
            input: None,
            merge: false,
            name_all: false,
            extended: true,
            quiet: false,
        };
        let mut args = ctx.args.iter().map(|arg| arg.as_bytes());
        let mut words = Vec::new();
        while let Some(arg) = args.next() {
            let letters = match arg.strip_prefix(b"-") {
                Some(b"-") => break,
                Some(letters) if !letters.is_empty() => letters,
                _ => {
                    words.push(arg.to_vec());
                    break;
                }
            };
            for (at, &letter) in letters.iter().enumerate() {
                if !b"cCdfpPt".contains(&letter) {
                    options.flag(letter)?;
                    continue;
                }
                let attached = letters.get(at + 1..).filter(|rest| !rest.is_empty());
                let value = attached.or_else(|| args.next()).ok_or_else(|| {
                    format!("option requires an argument: {}", char::from(letter))
                })?;
                options.valued(letter, value);
                break;
            }
        }
        words.extend(args.map(<[u8]>::to_vec));
        Ok((options, words))
    }

    fn flag(&mut self, letter: u8) -> std::result::Result<(), String> {
        match letter {
            b'm' => self.merge = true,
            b'n' => self.name_all = true,
            b'N' => self.name_all = false,
            b'q' => self.quiet = true,
            b's' => self.store.strict = true,
            b'S' => self.store.strict = false,
            b'X' => self.extended = false,
            _ => return Err(format!("unrecognized option: {}", char::from(letter))),
        }
        Ok(())
    }

    fn valued(&mut self, letter: u8, value: &[u8]) {
        let path = OsStr::from_bytes(value);
        match letter {
            b'c' => self.store.conf_dir = path.into(),
            b'C' => self.store.override_dir = (!value.is_empty()).then(|| path.into()),
            b'd' => self.delimiter = value.to_vec(),
            b'f' => self.input = Some(path.into()),
            b'p' => self.store.add_delta_dir(path),
            b'P' => {
                self.store.set_save_dir(path);
                self.store.transient = true;
            }
            _ => self.store.set_save_dir(path),
        }
    }
}
