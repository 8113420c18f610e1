//! Expands `/etc/issue.net`, the text before the login.
//!
//! The escapes are those of getty(8) and telnetd(8): a backslash or a percent sign and a
//! letter. Lines end in CR LF, because no terminal stands between this text and the wire.

/// What the escapes stand for.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// `\s`: name of the system.
    pub system: String,
    /// `\n`, `%h`: name of the host.
    pub host: String,
    /// `\r`: release of the kernel.
    pub release: String,
    /// `\v`: version of the kernel.
    pub version: String,
    /// `\m`: kind of machine.
    pub machine: String,
    /// `\l`, `%t`: the terminal, without `/dev/`.
    pub terminal: String,
    /// `\d`: date.
    pub date: String,
    /// `\t`: time of day.
    pub time: String,
    /// `\k`: fingerprints of the ssh server's keys, each a line of its own.
    pub keys: String,
}

/// The text as it goes onto the wire; `IAC` is not doubled here.
pub fn expand(text: &[u8], facts: &Facts) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\n' => out.extend_from_slice(b"\r\n"),
            b'\\' | b'%' => match bytes.next() {
                Some(letter) => match meaning(letter, facts) {
                    Some(fact) => out.extend_from_slice(fact.as_bytes()),
                    None if letter == byte => out.push(byte),
                    None => out.extend_from_slice(&[byte, letter]),
                },
                None => out.push(byte),
            },
            other => out.push(other),
        }
    }
    out
}

fn meaning(letter: u8, facts: &Facts) -> Option<&str> {
    Some(match letter {
        b's' => &facts.system,
        b'n' | b'h' => &facts.host,
        b'r' => &facts.release,
        b'v' => &facts.version,
        b'm' => &facts.machine,
        b'l' => &facts.terminal,
        b'd' => &facts.date,
        b't' => &facts.time,
        b'k' => &facts.keys,
        _ => return None,
    })
}

#[test]
fn escapes_are_replaced_and_lines_end_for_the_wire() {
    let facts = Facts {
        host: "router".into(),
        terminal: "pts/3".into(),
        ..Facts::default()
    };
    let check = |text: &[u8], expected: &[u8]| assert_eq!(expand(text, &facts), expected);
    check(b"\\n on \\l\n", b"router on pts/3\r\n");
    check(b"%h 100%% \\x \\\\ \\", b"router 100% \\x \\ \\");
}
