//! The actions: each says what it is about to do in the words of the command line.

use super::report;
use safebox::applet::Ctx;
use safebox::error::{At, Error, Exit, Result};
use safebox::health::address::{self, PACKAGE, Wanted};
use safebox::health::{self, crash, difference, network, printable, restore};
use safebox::overlay::{self, Root};
use safebox::proc::launch;
use safebox::sys::process::{self, Fork};
use safebox::sys::signal::numbers;
use safebox::sys::trap::{self, Disposition};
use safebox::uci::{CHANGES, Store, text};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::net::Ipv4Addr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Bytes of an answer that count.
const ANSWER: usize = 256;
/// Lines of the last boot's log.
const LOG_LINES: usize = 18;

/// Somebody's session.
pub struct Guide<'a, 'b> {
    pub ctx: &'a mut Ctx<'b>,
    /// Show only.
    pub dry_run: bool,
    /// Do not ask before something is destroyed.
    pub yes: bool,
    /// It is about the running system.
    pub live: bool,
    /// Somebody is there to be asked.
    pub interactive: bool,
}

impl Guide<'_, '_> {
    /// The report.
    pub fn status(&mut self) -> Exit {
        let found = health::look(self.ctx.sys, &self.ctx.root, self.live);
        self.ctx.out.put(report::text(&found).as_bytes());
        match found.attention() {
            0 => Exit::OK,
            _ => Exit::FAILED,
        }
    }

    /// A question and its answer without the line end; None at the end of the input.
    pub fn ask(&mut self, question: &str) -> Result<Option<String>> {
        self.ctx.tell(question);
        let mut stdin = self.ctx.stdin();
        let (mut line, mut byte) = (Vec::new(), [0]);
        // One byte at a time: what follows the line may be for a program that is run.
        while byte != [b'\n'] {
            if stdin.read(&mut byte).at("read", "answer")? == 0 {
                if line.is_empty() {
                    self.ctx.tell("\n");
                    return Ok(None);
                }
                break;
            }
            if line.len() < ANSWER {
                line.push(byte[0]);
            }
        }
        Ok(Some(String::from_utf8_lossy(&line).trim().to_owned()))
    }

    /// Yes only for an answer that begins with `y`; without it nothing is changed.
    fn confirm(&mut self, question: &str) -> Result<bool> {
        if self.yes {
            return Ok(true);
        }
        self.ctx.tell(question);
        let answer = self.ask(" [y/N] ")?.unwrap_or_default();
        let agreed = answer.starts_with(['y', 'Y']);
        if !agreed {
            self.ctx.say("nothing was changed");
        }
        Ok(agreed)
    }

    fn line(&mut self, text: impl AsRef<[u8]>) {
        self.ctx.out.line(text);
    }

    /// Shows a command line and runs it, unless everything is only to be shown.
    fn runs(&mut self, line: impl AsRef<OsStr>) -> Result<Exit> {
        let line = line.as_ref();
        let shown = printable(line.as_bytes(), 500);
        self.ctx.tell(format!("# {shown}\n"));
        match self.dry_run {
            true => Ok(Exit::OK),
            false => self.shell(line),
        }
    }

    /// Runs a command line. Ctrl-C ends the command, and we go on.
    fn shell(&mut self, line: &OsStr) -> Result<Exit> {
        // What was printed before must be seen before; a failure is reported at the end.
        let _ = std::io::Write::flush(&mut self.ctx.out);
        let argv: [OsString; 3] = ["sh".into(), "-c".into(), line.into()];
        // Before the fork, or the first key might end us, too.
        signals(Disposition::Ignore);
        let status = match process::fork().at("start", "sh")? {
            Fork::Parent(child) => process::wait_for(child).at("wait for", "sh"),
            Fork::Child => {
                signals(Disposition::Default);
                let error = launch::become_program(self.ctx.applets, &argv, self.ctx.sys);
                self.ctx.say(&error);
                process::exit_now(error.exit().0)
            }
        };
        signals(Disposition::Default);
        Ok(Exit(status?))
    }

    fn needs_the_running_system(&self) -> Result<()> {
        match self.live {
            true => Ok(()),
            false => Err(Error::message("this is for the running system, not for -R")),
        }
    }

    /// Sees to it that settings can be changed.
    fn ready(&mut self) -> Result<()> {
        if !self.live {
            return Ok(());
        }
        let view = overlay::look::look(self.ctx.sys, &self.ctx.root)?;
        let read_only = view.mounted.is_some_and(|mounted| mounted.read_only);
        match view.root {
            Root::Rom => {
                let question = "The settings are not mounted. Mount them now (mount_root)?";
                if self.interactive
                    && !self.dry_run
                    && self.confirm(question)?
                    && self.shell(OsStr::new("mount_root"))? == Exit::OK
                {
                    return Ok(());
                }
                Err(restore::Error::NotMounted.into())
            }
            Root::Memory => {
                self.ctx.say(overlay::Error::InMemory);
                Ok(())
            }
            _ if read_only => Err(overlay::Error::ReadOnly("/overlay".into()).into()),
            _ => Ok(()),
        }
    }

    pub fn mount(&mut self) -> Result<Exit> {
        self.needs_the_running_system()?;
        let exit = self.runs(if self.dry_run {
            "mount_root -n"
        } else {
            "mount_root"
        })?;
        if exit == Exit::OK && self.interactive && !self.dry_run {
            self.line("");
            self.status();
        }
        Ok(exit)
    }

    pub fn password(&mut self) -> Result<Exit> {
        self.ready()?;
        let root = self.ctx.root.clone();
        match self.live {
            true => self.runs("passwd root"),
            false => self.runs(with_file("passwd -R ", root.as_os_str(), " root")),
        }
    }

    pub fn address(&mut self, argument: Option<&OsStr>) -> Result<Exit> {
        let mut typed = argument.map(|text| text.to_string_lossy().into_owned());
        if let Some(typed) = &typed {
            Wanted::parse(typed)?;
        }
        if self.live
            && let Ok(tables) = network::Tables::read()
        {
            for (device, prefix) in tables.addresses() {
                let line = format!("now:       {prefix} on {device}");
                self.ctx.out.line(line);
            }
        }
        self.ready()?;
        let store = Store::at(self.ctx.path("/etc/config"));
        let (mut package, _) = store.load(PACKAGE).map_err(address::Error::from)?;
        self.line(format!("next boot: {}", address::shown(&package)?));
        let mut staged = store.clone();
        staged.set_save_dir(self.ctx.path(CHANGES));
        if staged.has_pending(PACKAGE) {
            self.ctx.say(
                "network: 'uci changes network' shows changes that are not committed; \
                 they are not part of this, and stay",
            );
        }
        if typed.is_none() && self.interactive && !self.dry_run {
            typed = self.ask("New address (Enter: none): ")?;
        }
        let Some(typed) = typed.filter(|typed| !typed.is_empty()) else {
            return Ok(Exit::OK);
        };
        let (mut before, mut after) = (Vec::new(), Vec::new());
        text::body(&mut before, &package, false);
        address::set(&mut package, Wanted::parse(&typed)?)?;
        text::body(&mut after, &package, false);
        let changes = difference::lines(&before, &after, usize::MAX);
        self.ctx.out.put(changes.as_bytes());
        if self.dry_run || changes.is_empty() {
            // Shown, or so already.
            return Ok(Exit::OK);
        }
        store
            .write(PACKAGE, &package)
            .map_err(address::Error::from)?;
        let next = address::shown(&package)?;
        self.line(format!(
            "next boot: {next}\n\
             This session keeps its address. The PC then needs one of the new network."
        ));
        Ok(Exit::OK)
    }

    pub fn restore(&mut self, argument: Option<&OsStr>) -> Result<Exit> {
        self.ready()?;
        let mut name = argument.map(OsStr::to_owned);
        if name.is_none() {
            let overview = restore::overview(&self.ctx.root)?;
            self.ctx.out.put(overview.as_bytes());
            if self.interactive && !self.dry_run {
                name = self
                    .ask("File to restore (Enter: none): ")?
                    .map(OsString::from);
            }
        }
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Ok(Exit::OK);
        };
        let plan = restore::plan(&self.ctx.root, &name)?;
        if plan.is_default {
            self.line("It is the firmware's already.");
            return Ok(Exit::OK);
        }
        self.ctx.out.put(plan.to_string().as_bytes());
        if self.dry_run {
            return Ok(Exit::OK);
        }
        if !self.confirm("Restore it?")? {
            return Ok(Exit::FAILED);
        }
        restore::perform(&plan)?;
        self.line("Done; it counts from the next normal boot.");
        Ok(Exit::OK)
    }

    pub fn log(&mut self) -> Result<Exit> {
        let place = "/sys/fs/pstore";
        if self.live && !self.dry_run {
            crash::mount(self.ctx.sys).at("mount", place)?;
        }
        let logs = crash::logs(&self.ctx.root);
        if logs.is_empty() {
            self.line("No log was kept.");
        }
        for path in logs {
            let end = crash::last_lines(&path, LOG_LINES).at("read", &path)?;
            let path = printable(path.as_os_str().as_bytes(), 200);
            self.line(format!("==> less {path} <=={end}"));
        }
        Ok(Exit::OK)
    }

    /// The address that a PC can use now.
    fn own_address(&self) -> String {
        let own = network::Tables::read().ok().and_then(|t| t.own());
        own.map_or_else(|| "192.168.1.1".into(), |own| own.to_string())
    }

    pub fn backup(&mut self) -> Result<Exit> {
        self.needs_the_running_system()?;
        if !rustix::termios::isatty(rustix::stdio::stdout()) && !self.dry_run {
            return self.shell(OsStr::new("sysupgrade -b -"));
        }
        let file = "/tmp/settings.tgz";
        for line in ["sysupgrade -b", "sha256sum"] {
            let exit = self.runs(format!("{line} {file}"))?;
            if exit != Exit::OK {
                return Ok(exit);
            }
        }
        let own = self.own_address();
        self.line(format!(
            "Now on the PC (here, Ctrl-C gives up):\n    nc {own} 3333 </dev/null >settings.tgz\n\
             or, where ssh runs:\n    ssh root@{own} 'sysupgrade -b -' >settings.tgz"
        ));
        let exit = self.runs(format!("nc -l -p 3333 <{file}"))?;
        if exit == Exit::OK && !self.dry_run {
            self.line("Sent. On the PC 'sha256sum settings.tgz' must show the digest above.");
        }
        self.runs(format!("rm {file}"))?;
        Ok(exit)
    }

    pub fn flash(&mut self, argument: Option<&OsStr>) -> Result<Exit> {
        self.needs_the_running_system()?;
        let from = match argument {
            Some(from) => from.to_owned(),
            None if self.interactive => {
                self.line(
                    "Where is the firmware?\n\
                     \x20 /tmp/nxtfw.bin   a file that is here\n\
                     \x20 192.168.1.2      the address of a PC that offers it\n\
                     \x20 wait             the PC will send it",
                );
                match self.ask("Firmware (Enter: none): ")? {
                    None => return Ok(Exit::OK),
                    Some(text) if text.is_empty() => return Ok(Exit::OK),
                    Some(text) => text.into(),
                }
            }
            None => {
                return Err(Error::message(
                    "flash needs a file or the address of the PC",
                ));
            }
        };
        let fetched = OsString::from("/tmp/nxtfw.bin");
        let exit = match from.to_str() {
            Some("wait") => self.wait_for_image()?,
            Some(text) if text.parse::<Ipv4Addr>().is_ok() => self.fetch_image(text)?,
            _ => return self.install(&from),
        };
        match exit {
            Exit::OK => self.install(&fetched),
            failed => {
                self.ctx
                    .say("the firmware did not come; nothing was changed");
                Ok(failed)
            }
        }
    }

    fn fetch_image(&mut self, pc: &str) -> Result<Exit> {
        self.line("On the PC, before:\n    nc -l -p 3333 <nxtfw.bin");
        if self.interactive && !self.dry_run {
            self.ask("Enter when it waits there: ")?;
        }
        self.runs(format!("nc {pc} 3333 >/tmp/nxtfw.bin"))
    }

    fn wait_for_image(&mut self) -> Result<Exit> {
        let own = self.own_address();
        self.line(format!(
            "Now on the PC (here, Ctrl-C gives up; where nc knows no -N, leave it out):\n    \
             nc -N {own} 3333 <nxtfw.bin"
        ));
        self.runs("nc -l -p 3333 >/tmp/nxtfw.bin")
    }

    /// Size, digest and check of an image; then the question, then the installation.
    fn install(&mut self, image: &OsStr) -> Result<Exit> {
        if !self.dry_run {
            let size = Path::new(image).metadata().at("open", image)?.len();
            self.line(format!(
                "{size} bytes; the digest must be that of the PC's file:"
            ));
        }
        for line in ["sha256sum ", "sysupgrade -T "] {
            let exit = self.runs(with_file(line, image, ""))?;
            if exit != Exit::OK {
                self.ctx.say("nothing was changed");
                return Ok(exit);
            }
        }
        let command = with_file("sysupgrade ", image, "");
        if self.dry_run {
            return self.runs(command);
        }
        if !self.confirm("Install it now? Do not switch off until it has started again.")? {
            return Ok(Exit::FAILED);
        }
        self.runs(command)
    }

    pub fn reset(&mut self) -> Result<Exit> {
        self.needs_the_running_system()?;
        self.line("Settings that are still needed: rescue backup. This is what a reset does:");
        let dry_run = std::mem::replace(&mut self.dry_run, false);
        let exit = self.runs("firstboot -n")?;
        self.dry_run = dry_run;
        if exit != Exit::OK || dry_run {
            return Ok(exit);
        }
        // It asks by itself.
        self.runs(if self.yes {
            "firstboot -y"
        } else {
            "firstboot"
        })
    }

    pub fn reboot(&mut self) -> Result<Exit> {
        self.needs_the_running_system()?;
        if !self.dry_run && !self.confirm("Reboot now?")? {
            return Ok(Exit::FAILED);
        }
        self.runs("reboot")
    }
}

/// What Ctrl-C and Ctrl-\\ do to us.
fn signals(how: Disposition) {
    for number in [numbers::INT, numbers::QUIT] {
        // Both can be set, so that it cannot fail.
        let _ = trap::set(number, how);
    }
}

/// A command line with the name of a file, in quotes where the shell needs them.
fn with_file(before: &str, file: &OsStr, after: &str) -> OsString {
    let mut line = before.as_bytes().to_vec();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    match file.as_bytes().iter().all(is_plain) {
        true => line.extend(file.as_bytes()),
        false => text::quoted(&mut line, file.as_bytes()),
    }
    line.extend(after.as_bytes());
    OsString::from_vec(line)
}

#[test]
fn names_of_files_are_quoted_for_the_shell() {
    let check = |file: &str, expected: &str| {
        assert_eq!(with_file("x ", OsStr::new(file), " y"), expected);
    };
    check("/tmp/a-1.bin", "x /tmp/a-1.bin y");
    check("a b;'c", "x 'a b;'\\''c' y");
}
