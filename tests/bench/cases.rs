//! The table of cases: what runs, against whom, and the ratio to reach.

use super::data;
use super::ssh::Ssh;

/// How a case is run.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Once.
    Command,
    /// Started so many times.
    Starts(u32),
    /// Ours alone: once with `20k` of everything, against ten times with `2k`.
    Growth,
    /// Netcat: from its standard input to us.
    Send,
    /// Netcat: from us to its standard output.
    Receive,
    /// The ssh server.
    Ssh(Ssh),
}

/// One line of the table.
pub struct Case {
    pub name: &'static str,
    pub goal: f64,
    pub peers: &'static [&'static str],
    pub words: &'static [&'static str],
    pub kind: Kind,
    /// Standard input.
    pub input: &'static str,
    /// Files to be made before.
    pub needs: &'static [&'static str],
    /// Done before each run, and not measured.
    pub before: fn(),
}

const CASE: Case = Case {
    name: "",
    goal: 1.0,
    peers: &["busybox"],
    words: &[],
    kind: Kind::Command,
    input: "",
    needs: &[],
    before: || {},
};

const fn shell(name: &'static str, words: &'static [&'static str; 3]) -> Case {
    let (goal, peers): (f64, &'static [&'static str]) = (0.8, &["dash", "busybox"]);
    Case {
        name,
        goal,
        peers,
        words,
        ..CASE
    }
}

const fn with_programs(name: &'static str, words: &'static [&'static str; 3]) -> Case {
    Case {
        name,
        peers: &["dash"],
        words,
        ..CASE
    }
}

const fn with_applets(name: &'static str, words: &'static [&'static str; 3]) -> Case {
    Case {
        name,
        goal: 0.8,
        words,
        needs: &["small"],
        ..CASE
    }
}

const fn text(
    name: &'static str,
    goal: f64,
    words: &'static [&'static str],
    needs: &'static [&'static str; 1],
) -> Case {
    Case {
        name,
        goal,
        words,
        needs,
        input: needs[0],
        ..CASE
    }
}

const fn files(
    name: &'static str,
    goal: f64,
    words: &'static [&'static str],
    needs: &'static [&'static str; 1],
    before: fn(),
) -> Case {
    Case {
        name,
        goal,
        words,
        needs,
        before,
        ..CASE
    }
}

const fn netcat(name: &'static str, words: &'static [&'static str], kind: Kind) -> Case {
    Case {
        name,
        goal: 0.8,
        words,
        kind,
        peers: &["busybox", "openbsd"],
        ..CASE
    }
}

const fn ssh(name: &'static str, goal: f64, what: Ssh) -> Case {
    Case {
        name,
        goal,
        peers: &["dropbear"],
        words: &["dropbear"],
        kind: Kind::Ssh(what),
        ..CASE
    }
}

/// The ratio is below 1 where ten starts cost more than one, and 10 where work is quadratic.
const fn settings(
    name: &'static str,
    words: &'static [&'static str],
    input: &'static str,
    needs: &'static [&'static str],
) -> Case {
    Case {
        name,
        goal: 1.2,
        words,
        input,
        needs,
        kind: Kind::Growth,
        peers: &["tenth"],
        ..CASE
    }
}

pub static CASES: &[Case] = &[
    Case {
        name: "start: true",
        words: &["true"],
        kind: Kind::Starts(1000),
        ..CASE
    },
    Case {
        name: "start: sh -c :",
        words: &["sh", "-c", ":"],
        kind: Kind::Starts(1000),
        peers: &["dash"],
        ..CASE
    },
    shell(
        "shell: counting loop",
        &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done",
        ],
    ),
    shell(
        "shell: string cutting",
        &[
            "sh",
            "-c",
            "i=0; s=/usr/lib/opkg/info.tar.gz
             while [ $i -lt 100000 ]; do
                 a=${s#*/}; b=${s##*/}; c=${s%.*}; d=${s%%.*}; e=${#a}; i=$((i+1))
             done",
        ],
    ),
    Case {
        peers: &["busybox"],
        ..shell(
            "shell: string replacing",
            &[
                "sh",
                "-c",
                "i=0; s=/usr/lib/opkg/info.tar.gz
                 while [ $i -lt 100000 ]; do a=${s//\\//-}; b=${s/opkg/x}; i=$((i+1)); done",
            ],
        )
    },
    shell(
        "shell: case in a loop",
        &[
            "sh",
            "-c",
            "for i in 1 2 3 4 5 6 7 8 9 10; do for j in 1 2 3 4 5 6 7 8 9 10; do
             k=0; while [ $k -lt 1000 ]; do
                 case $k in 1|2|3) a=1;; [4-9]?) a=2;; *99) a=3;; *) a=4;; esac
                 k=$((k+1))
             done; done; done",
        ],
    ),
    shell(
        "shell: function with local",
        &[
            "sh",
            "-c",
            "f() { local a b; a=$1; b=$2; r=$a$b; }
             i=0; while [ $i -lt 100000 ]; do f x $i; i=$((i+1)); done",
        ],
    ),
    Case {
        input: "lines",
        needs: &["lines"],
        ..shell(
            "shell: read a line",
            &[
                "sh",
                "-c",
                "n=0; while IFS= read -r line; do n=$((n+1)); done; [ $n -gt 90000 ]",
            ],
        )
    },
    shell(
        "shell: here-documents",
        &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 30000 ]; do read -r a <<EOF\nline $i\nEOF\ni=$((i+1)); done",
        ],
    ),
    shell(
        "shell: substitution of a builtin",
        &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 3000 ]; do a=$(echo x$i); i=$((i+1)); done",
        ],
    ),
    with_programs(
        "shell: 1000 external commands",
        &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done",
        ],
    ),
    with_programs(
        "shell: pipelines of three",
        &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 300 ]; do
                 echo hello | /bin/cat | /bin/cat >/dev/null; i=$((i+1))
             done",
        ],
    ),
    with_applets(
        "shell: 1000 times basename",
        &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 1000 ]; do basename /a/b/c; i=$((i+1)); done",
        ],
    ),
    with_applets(
        "shell: 1000 times cut",
        &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 1000 ]; do cut -d' ' -f2 small; i=$((i+1)); done",
        ],
    ),
    with_applets(
        "shell: 1000 times grep -q",
        &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 1000 ]; do grep -q daemon small; i=$((i+1)); done",
        ],
    ),
    with_applets(
        "shell: 1000 times $(basename)",
        &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 1000 ]; do a=$(basename /a/b/c); i=$((i+1)); done",
        ],
    ),
    text(
        "grep: fixed string",
        0.3,
        &["grep", "-c", "wlan1 dropped"],
        &["text200m"],
    ),
    text(
        "grep: BRE with class",
        0.3,
        &["grep", "-c", "eth[0-9] up lease"],
        &["text200m"],
    ),
    text(
        "grep: ERE alternation",
        0.3,
        &["grep", "-cE", "(lease error|daemon of)"],
        &["text200m"],
    ),
    text("sort: 1,000,000 lines", 0.6, &["sort"], &["numbers"]),
    text("uniq", 0.6, &["uniq"], &["text100m"]),
    text("wc", 0.6, &["wc"], &["text100m"]),
    text("cut", 0.6, &["cut", "-d", " ", "-f", "2"], &["text100m"]),
    text("tr", 0.6, &["tr", "a-z", "A-Z"], &["text100m"]),
    text("sed: s///g", 0.6, &["sed", "s/eth0/lan/g"], &["text100m"]),
    text("md5sum", 0.7, &["md5sum"], &["text512m"]),
    text("sha256sum", 0.7, &["sha256sum"], &["text512m"]),
    text("gzip -d", 0.7, &["gzip", "-dc"], &["text200m.gz"]),
    files(
        "tar -x",
        0.7,
        &["tar", "-xf", "tree20k.tar", "-C", "result"],
        &["tree20k.tar"],
        data::empty_result,
    ),
    files(
        "find",
        0.9,
        &["find", "tree100k", "-name", "*9.txt"],
        &["tree100k"],
        || {},
    ),
    files(
        "rm -r",
        0.9,
        &["rm", "-r", "result"],
        &["tree100k"],
        data::linked_result,
    ),
    files(
        "cp -a",
        0.9,
        &["cp", "-a", "tree100k", "result"],
        &["tree100k"],
        data::clear_result,
    ),
    files(
        "ls -lR",
        0.9,
        &["ls", "-lR", "tree100k"],
        &["tree100k"],
        || {},
    ),
    files("du", 0.9, &["du", "tree100k"], &["tree100k"], || {}),
    settings(
        "uci: show 20,000 options",
        &["uci", "-c", "uci20k", "show", "p"],
        "",
        &["uci20k", "uci2k"],
    ),
    settings(
        "uci: commit 20,000 options twice",
        &["uci", "-c", "uci20k", "-t", "save20k", "batch"],
        "commits",
        &["uci20k", "uci2k", "commits"],
    ),
    settings(
        "uci: batch of set and get by number",
        &["uci", "-c", "uci20k", "-t", "save20k", "batch"],
        "batch20k",
        &["uci20k", "uci2k", "batch20k", "batch2k"],
    ),
    settings(
        "uci: get one of 20,000 options",
        &["uci", "-c", "uci20k", "get", "p.@rule[-1].b"],
        "",
        &["uci20k", "uci2k"],
    ),
    Case {
        name: "uci: 1000 times get (peer: true)",
        goal: 2.0,
        words: &["uci", "-c", "uci20", "get", "p.@rule[-1].b"],
        needs: &["uci20"],
        kind: Kind::Starts(1000),
        ..CASE
    },
    netcat("nc: 2 GiB out", &["nc"], Kind::Send),
    netcat("nc: 2 GiB in", &["nc"], Kind::Receive),
    ssh("ssh: 20 logins and true", 1.0, Ssh::Logins(20)),
    ssh("ssh: 512 MiB to the server", 0.7, Ssh::Up),
    ssh("ssh: 512 MiB from the server", 0.7, Ssh::Down),
    ssh("ssh: KiB of the listener", 1.5, Ssh::Listener),
    ssh("ssh: KiB of a session", 1.5, Ssh::Session),
];
