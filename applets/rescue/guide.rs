//! The actions: each says what it is about to do in the words of the command line.

use super::report;
use safebox::applet::Ctx;
use safebox::error::{At, Error, Exit, Result};
use safebox::health::address::{self, Wanted};
use safebox::health::restore::{self, State};
use safebox::health::{self, Level, crash, network, printable};
use safebox::overlay::{self, Root};
use safebox::proc::launch;
use safebox::sys::process::{self, Fork};
use safebox::sys::signal::numbers;
use safebox::sys::trap::{self, Disposition};
use safebox::uci::{Config, text};
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
        match found.iter().any(|f| f.level == Level::Attention) {
            true => Exit::FAILED,
            false => Exit::OK,
        }
    }

    /// A question and its answer without the line end; None at the end of the input.
    pub fn ask(&mut self, question: &str) -> Result<Option<String>> {
        self.ctx.tell(question);
        let mut stdin = self.ctx.stdin();
        let (mut line, mut byte) = (Vec::new(), [0]);
        // One byte at a time: what follows the line may be for a program that is run.
        loop {
            match stdin.read(&mut byte) {
                Ok(0) if line.is_empty() => {
                    self.ctx.tell("\n");
                    return Ok(None);
                }
                Ok(0) => break,
                Ok(_) if byte == [b'\n'] => break,
                Ok(_) if line.len() < ANSWER => line.push(byte[0]),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).at("read", "answer"),
            }
        }
        Ok(Some(String::from_utf8_lossy(&line).trim().to_owned()))
    }

    /// Yes only for an answer that begins with `y`.
    fn confirm(&mut self, question: &str) -> Result<bool> {
        if self.yes {
            return Ok(true);
        }
        let answer = self.ask(&format!("{question} [y/N] "))?;
        Ok(answer.is_some_and(|answer| answer.starts_with(['y', 'Y'])))
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
        let keys = [numbers::INT, numbers::QUIT].map(|key| (key, trap::is_ignored(key)));
        // Before the fork, or the first key might end us. Both signals can be set.
        for (key, _) in keys {
            let _ = trap::set(key, Disposition::Ignore);
        }
        let as_before = || {
            for (key, _) in keys.iter().filter(|(_, was_ignored)| !was_ignored) {
                let _ = trap::set(*key, Disposition::Default);
            }
        };
        let status = match process::fork().at("start", "sh")? {
            Fork::Parent(child) => process::wait_for(child).at("wait for", "sh"),
            Fork::Child => {
                as_before();
                let error = launch::become_program(self.ctx.applets, &argv, self.ctx.sys);
                self.ctx.say(&error);
                process::exit_now(error.exit().0)
            }
        };
        as_before();
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
        let mut view = overlay::look::look(self.ctx.sys, &self.ctx.root)?;
        if view.root == Root::Rom
            && self.interactive
            && self.confirm("The settings are not mounted. Mount them now (mount_root)?")?
        {
            self.runs("mount_root")?;
            view = overlay::look::look(self.ctx.sys, &self.ctx.root)?;
        }
        match (view.root, view.mounted) {
            (Root::Rom, _) => Err(restore::Error::NotMounted.into()),
            (Root::Memory, _) => {
                self.ctx.say(overlay::Error::InMemory);
                Ok(())
            }
            (_, Some(data)) if data.read_only => Err(overlay::Error::ReadOnly(data.target).into()),
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
        let given = argument.map(|text| text.to_string_lossy().into_owned());
        let wanted = given.as_deref().map(Wanted::parse).transpose()?;
        let mut lines = Vec::new();
        if self.live
            && let Ok(tables) = network::Tables::read()
        {
            let now = |(device, prefix)| format!("now:       {prefix} on {device}");
            lines.extend(tables.addresses().map(now));
        }
        lines.into_iter().for_each(|line| self.line(line));
        self.ready()?;
        let mut config = Config::at(self.ctx.path("/etc/config"));
        let next = address::shown(&mut config)?;
        self.line(format!("next boot: {next}"));
        let wanted = match wanted {
            Some(wanted) => wanted,
            None if !self.interactive || self.dry_run => return Ok(Exit::OK),
            None => match self.ask("New address (Enter: none): ")?.as_deref() {
                None | Some("") => return Ok(Exit::OK),
                Some(text) => Wanted::parse(text)?,
            },
        };
        self.set_address(&mut config, wanted)
    }

    fn set_address(&mut self, config: &mut Config, wanted: Wanted) -> Result<Exit> {
        let changes = address::changes(config, wanted)?;
        if changes.is_empty() {
            self.line("This is the address already.");
            return Ok(Exit::OK);
        }
        self.ctx.out.put(&changes);
        if self.dry_run {
            return Ok(Exit::OK);
        }
        address::set(config, wanted)?;
        let next = address::shown(config)?;
        self.line(format!("next boot: {next}"));
        self.line("This session keeps its address. The PC then needs one of the new network.");
        let changes = self.ctx.path("/tmp/.uci");
        let pending = config.store.clone();
        if Config::new(pending)
            .with_changes(changes)
            .store
            .has_pending(b"network")
        {
            self.line("Older changes still wait for a 'uci commit network': see 'uci changes'.");
        }
        Ok(Exit::OK)
    }

    pub fn restore(&mut self, argument: Option<&OsStr>) -> Result<Exit> {
        self.ready()?;
        if let Some(name) = argument {
            return self.restore_file(name);
        }
        for (name, state) in restore::list(&self.ctx.root)? {
            let words = match state {
                State::Broken(text) => format!("does not parse: {text}"),
                State::Changed => "changed".into(),
                State::Default => "as the firmware has it".into(),
                State::Missing => "missing".into(),
                State::Own => "not in the firmware".into(),
            };
            self.line(format!("{:<16} {words}", printable(&name, 40)));
        }
        if !self.interactive || self.dry_run {
            return Ok(Exit::OK);
        }
        match self.ask("File to restore (Enter: none): ")?.as_deref() {
            None | Some("") => Ok(Exit::OK),
            Some(name) => self.restore_file(OsStr::new(name)),
        }
    }

    fn restore_file(&mut self, name: &OsStr) -> Result<Exit> {
        let plan = restore::plan(&self.ctx.root, name)?;
        if plan.is_default {
            self.line(format!(
                "{} is the firmware's already.",
                plan.path.display()
            ));
            return Ok(Exit::OK);
        }
        for line in &plan.difference {
            self.line(line);
        }
        self.ctx.out.put(plan.to_string().as_bytes());
        if self.dry_run {
            return Ok(Exit::OK);
        }
        if !self.confirm("Restore it?")? {
            self.ctx.say("nothing was changed");
            return Ok(Exit::FAILED);
        }
        restore::perform(&plan)?;
        self.line("Done; it counts from the next normal boot.");
        Ok(Exit::OK)
    }

    pub fn log(&mut self) -> Result<Exit> {
        let none = "no log was kept";
        if self.live && !self.dry_run {
            let place = "/sys/fs/pstore";
            if !crash::mount(self.ctx.sys).at("mount", place)? {
                self.line("this kernel keeps no log of a crash");
                return Ok(Exit::OK);
            }
        }
        let logs = crash::logs(&self.ctx.root);
        if logs.is_empty() {
            self.line(none);
        }
        for path in &logs {
            let shown = printable(path.as_os_str().as_bytes(), 200);
            self.line(format!("==> less {shown} <=="));
            match crash::last_lines(path, LOG_LINES).at("read", path) {
                Ok(lines) => lines.iter().for_each(|line| self.line(line)),
                Err(error) => self.ctx.complain(error),
            }
        }
        Ok(self.ctx.status())
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
            "Now on the PC (here, Ctrl-C gives up):\n    nc {own} 3333 </dev/null >settings.tgz"
        ));
        if self.has_ssh() {
            self.line(format!(
                "or\n    ssh root@{own} 'sysupgrade -b -' >settings.tgz"
            ));
        }
        let exit = self.runs(format!("nc -l -p 3333 <{file}"))?;
        if exit == Exit::OK && !self.dry_run {
            self.line("Sent. On the PC 'sha256sum settings.tgz' must show the digest above.");
        }
        self.runs(format!("rm {file}"))?;
        Ok(exit)
    }

    fn has_ssh(&self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let servers = ["sshd", "dropbear"].map(OsStr::new);
        servers
            .iter()
            .any(|server| launch::search(server, &path).is_some())
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
            self.ctx.say("nothing was changed");
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
