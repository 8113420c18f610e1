//! `/etc/inittab`: which programs run on which terminal, and when.
//!
//! Lines are `id::action:process`, as procd and busybox have them; `id` names a terminal.
//! A line that makes no sense is left out: a broken inittab must not cost the console.

/// The longest line that is looked at, in bytes.
const LONGEST_LINE: usize = 512;

/// When a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// At start, one after the other, each waited for. Also `wait`, after those.
    Sysinit,
    /// The same, after all `sysinit` lines.
    Wait,
    /// Once, not waited for.
    Once,
    /// Always: started again when it ends.
    Respawn,
    /// Like `respawn`, but not before `sysinit` is done.
    RespawnLate,
    /// Like `respawn`, each time after Enter on its terminal.
    Ask,
    /// Like `askfirst`, but not before `sysinit` is done.
    AskLate,
    /// Before the system goes down, waited for.
    Shutdown,
    /// At Ctrl-Alt-Del, instead of a restart.
    CtrlAltDel,
}

/// Where a program's session lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// No terminal of its own: the console, not controlling.
    None,
    /// This terminal of `/dev`.
    Terminal(String),
    /// Every console of the kernel.
    Consoles,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub action: Action,
    /// Where.
    pub place: Place,
    /// Program and arguments, at least one word.
    pub words: Vec<String>,
}

/// Reads the whole file.
pub fn parse(text: &[u8]) -> Vec<Entry> {
    text.split(|&b| b == b'\n')
        .filter(|line| line.len() <= LONGEST_LINE)
        .filter_map(|line| entry(std::str::from_utf8(line).ok()?))
        .collect()
}

fn entry(line: &str) -> Option<Entry> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let mut fields = line.splitn(4, ':');
    let (id, _runlevels) = (fields.next()?.trim(), fields.next()?);
    let (action, process) = (fields.next()?.trim(), fields.next()?);
    let on_console = action.starts_with("askconsole");
    let action = match action {
        "sysinit" => Action::Sysinit,
        "wait" => Action::Wait,
        "once" => Action::Once,
        "respawn" => Action::Respawn,
        "respawnlate" => Action::RespawnLate,
        "askfirst" | "askconsole" => Action::Ask,
        "askconsolelate" => Action::AskLate,
        "shutdown" => Action::Shutdown,
        "ctrlaltdel" => Action::CtrlAltDel,
        _ => return None,
    };
    let place = match id.strip_prefix("/dev/").unwrap_or(id) {
        "" if on_console => Place::Consoles,
        "" => Place::None,
        name if name.contains("..") => return None,
        name => Place::Terminal(name.to_owned()),
    };
    let words: Vec<String> = process.split_whitespace().map(str::to_owned).collect();
    (!words.is_empty()).then_some(Entry {
        action,
        place,
        words,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let shown: Vec<_> = parse(line.as_bytes())
            .iter()
            .map(|e| format!("{:?} {:?} {}", e.action, e.place, e.words.join(" ")))
            .collect();
        assert_eq!(shown.join("; "), expected, "{line}");
    }

    #[test]
    fn lines_of_both_originals_are_read() {
        check(
            "::sysinit:/etc/init.d/rcS S boot",
            "Sysinit None /etc/init.d/rcS S boot",
        );
        check(
            "::shutdown:/etc/init.d/rcS K shutdown",
            "Shutdown None /etc/init.d/rcS K shutdown",
        );
        check(
            "::askconsole:/bin/ash --login",
            "Ask Consoles /bin/ash --login",
        );
        check(
            "ttyS0::askfirst:/bin/ash",
            "Ask Terminal(\"ttyS0\") /bin/ash",
        );
        check(
            "tty1::askconsolelate:/bin/ash",
            "AskLate Terminal(\"tty1\") /bin/ash",
        );
        check("::ctrlaltdel:/sbin/reboot", "CtrlAltDel None /sbin/reboot");
        check("/dev/tty1::respawn:x:y", "Respawn Terminal(\"tty1\") x:y");
    }

    #[test]
    fn nonsense_is_left_out() {
        check("# ::sysinit:x", "");
        check("::sysinit:", "");
        check("::nosuch:x", "");
        check("../sda::respawn:x", "");
        check("one\n::once:ok\n:\n::::", "Once None ok");
        check(&format!("::once:{}", "x".repeat(600)), "");
    }
}
