//! scp against OpenSSH's, either of them on either end, without a network: what stands for
//! the ssh client runs the command on this machine.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "support/peer.rs"]
mod peer;
#[path = "support/tempdir.rs"]
mod tempdir;
#[path = "support/tree.rs"]
mod tree;

use peer::peer;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempdir::TempDir;

/// Whose program.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Whose {
    Ours,
    /// With the old protocol.
    Theirs,
    /// By way of sftp; of the other end always ours.
    TheirsBySftp,
}
use Whose::{Ours, Theirs, TheirsBySftp};

/// Client and server.
const PAIRS: [(Whose, Whose); 4] = [
    (Ours, Ours),
    (Ours, Theirs),
    (Theirs, Ours),
    (TheirsBySftp, Ours),
];

/// Two folders: `here`, where the client runs, and `there`.
struct Place {
    dir: TempDir,
    client: Whose,
    wrapper: PathBuf,
}

impl Place {
    fn new(pair: (Whose, Whose)) -> Place {
        Place::with(pair, "exec")
    }

    /// Words of a shell before the command that runs over there.
    fn with((client, server): (Whose, Whose), words: &str) -> Place {
        let dir = TempDir::new();
        let path = |name: &str| dir.path().join(name);
        for name in ["here", "there", "bin"] {
            fs::create_dir(path(name)).unwrap();
        }
        for name in ["scp", "sftp-server"] {
            symlink(env!("CARGO_BIN_EXE_safebox"), path("bin").join(name)).unwrap();
        }
        let first = match server {
            Ours => path("bin"),
            _ => peer("scp").parent().unwrap().to_owned(),
        };
        let script = format!(
            "#!/bin/sh
            for last; do :; done
            cd {there} || exit 9
            PATH={first}:/usr/bin:/bin
            [ \"$last\" = sftp ] && last=sftp-server
            {words} sh -c \"$last\"\n",
            there = path("there").display(),
            first = first.display(),
        );
        let wrapper = path("wrapper");
        fs::write(&wrapper, script).unwrap();
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
        Place {
            dir,
            client,
            wrapper,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn scp(&self, words: &[&str]) -> Output {
        let mut command = match self.client {
            Ours => Command::new(env!("CARGO_BIN_EXE_safebox")),
            Theirs | TheirsBySftp => Command::new(peer("scp")),
        };
        command.arg0("scp").arg("-S").arg(&self.wrapper);
        if self.client == Theirs {
            command.arg("-O");
        }
        let here = self.path("here");
        command.args(words).current_dir(here).output().unwrap()
    }

    fn well(&self, words: &[&str]) {
        let output = self.scp(words);
        let said = String::from_utf8_lossy(&output.stderr);
        let done = output.status.success() && said.is_empty();
        assert!(done, "{:?} {words:?}: {said}", self.client);
    }

    fn badly(&self, words: &[&str]) -> String {
        let output = self.scp(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let failed = !output.status.success() && !said.is_empty();
        assert!(failed, "{:?} {words:?}: {said}", self.client);
        said
    }
}

/// A tree without the name of two lines, which the old protocol cannot tell.
fn plant(root: &Path) {
    tree::plant(root);
    fs::remove_file(root.join("new\nline")).unwrap();
    // The folder has changed by that.
    fs::remove_dir(root.join("empty folder")).unwrap();
}

#[test]
fn trees_come_and_go_with_modes_and_times() {
    for pair in PAIRS {
        let place = Place::new(pair);
        plant(&place.path("here/tree"));
        let expected = tree::describe(&place.path("here/tree"));
        place.well(&["-rp", "tree", "host:"]);
        assert_eq!(
            tree::describe(&place.path("there/tree")),
            expected,
            "{pair:?}"
        );
        place.well(&["-rp", "host:tree", "back"]);
        assert_eq!(
            tree::describe(&place.path("here/back")),
            expected,
            "{pair:?}"
        );
        // Into a folder that is there.
        place.well(&["-rp", "host:tree", "back"]);
        let inside = tree::describe(&place.path("here/back/tree"));
        assert_eq!(inside, expected, "{pair:?}");
    }
}

#[test]
fn large_files_come_and_go_whole() {
    let content = tree::noise(64 << 20);
    let expected = tree::digest(&content);
    for pair in PAIRS {
        let place = Place::new(pair);
        fs::write(place.path("here/a"), &content).unwrap();
        place.well(&["a", "me@host:b"]);
        place.well(&["host:b", "c"]);
        for name in ["there/b", "here/c"] {
            let got = fs::read(place.path(name)).unwrap();
            assert_eq!(tree::digest(&got), expected, "{pair:?} {name}");
        }
    }
}

#[test]
fn several_files_and_patterns_go_into_a_folder() {
    for pair in PAIRS {
        let place = Place::new(pair);
        for name in ["a.txt", "b.txt", "c d.txt"] {
            fs::write(place.path("here").join(name), name).unwrap();
            fs::write(place.path("there").join(name), name).unwrap();
        }
        fs::create_dir(place.path("here/to")).unwrap();
        fs::create_dir(place.path("there/to")).unwrap();
        place.well(&["a.txt", "b.txt", "c d.txt", "host:to"]);
        place.well(&["host:*.txt", "to"]);
        for name in ["here/to", "there/to"] {
            let count = fs::read_dir(place.path(name)).unwrap().count();
            assert_eq!(count, 3, "{pair:?} {name}");
        }
        place.badly(&["a.txt", "b.txt", "host:a.txt"]);
        // OpenSSH's old protocol writes one over the other.
        if pair.0 != Theirs {
            place.badly(&["host:*.txt", "a.txt"]);
        }
    }
}

#[test]
fn what_is_missing_or_refused_is_said_and_the_rest_comes() {
    for pair in PAIRS {
        let place = Place::new(pair);
        fs::write(place.path("here/a"), "a").unwrap();
        fs::create_dir(place.path("here/d")).unwrap();
        fs::create_dir(place.path("there/to")).unwrap();
        let said = place.badly(&["nosuch", "a", "host:to"]);
        assert!(said.contains("nosuch"), "{pair:?}: {said}");
        let said = place.badly(&["host:nosuch", "x"]);
        assert!(said.contains("nosuch"), "{pair:?}: {said}");
        let said = place.badly(&["d", "host:to"]);
        assert!(said.contains('d'), "{pair:?}: {said}");
        place.badly(&["a", "host:no/where/a"]);
    }
    // OpenSSH stops at a file that is missing; we do not.
    let place = Place::new((Ours, Theirs));
    fs::write(place.path("here/a"), "a").unwrap();
    fs::create_dir(place.path("there/to")).unwrap();
    place.badly(&["nosuch", "a", "host:to"]);
    assert_eq!(fs::read(place.path("there/to/a")).unwrap(), b"a");
}

#[test]
fn a_file_that_does_not_fit_is_an_error_at_the_client() {
    for pair in PAIRS {
        if pair.1 == Theirs {
            continue;
        }
        let place = Place::with(pair, "ulimit -f 512; exec");
        fs::write(place.path("here/big"), tree::noise(2 << 20)).unwrap();
        fs::write(place.path("here/small"), "x").unwrap();
        let said = place.badly(&["big", "host:big"]);
        assert!(said.contains("big"), "{pair:?}: {said}");
        place.well(&["small", "host:small"]);
        assert_eq!(fs::read(place.path("there/small")).unwrap(), b"x");
    }
}

#[test]
fn a_full_disk_is_an_error_at_the_client_and_its_memory_is_given_back() {
    if !tree::may_mount() {
        return;
    }
    for pair in PAIRS {
        if pair.1 == Theirs {
            continue;
        }
        // A disk of its own, in a namespace of its own; what is left on it is told.
        let full = "mount -t tmpfs -o size=1m none /mnt || exit 9; there=$PWD; cd /mnt; \
                    sh -c \"$0\"; status=$?; du -sk . >$there/left; exit $status";
        let words = format!("exec unshare -m sh -c '{full}' \"$last\";");
        let place = Place::with(pair, &words);
        fs::write(place.path("here/big"), tree::noise(2 << 20)).unwrap();
        let said = place.badly(&["big", "host:big"]);
        let told = said.contains("No space left on device") || pair.0 == TheirsBySftp;
        assert!(told, "{pair:?}: {said}");
        if pair.0 != TheirsBySftp {
            let left = fs::read_to_string(place.path("there/left")).unwrap();
            let kilobytes: u32 = left.split_whitespace().next().unwrap().parse().unwrap();
            assert!(kilobytes < 100, "{left}");
        }
    }
}

#[test]
fn a_server_that_sends_something_else_is_not_believed() {
    for (name, sent) in [
        ("wanted", "C0644 2 .profile\\nx\\n\\000"),
        ("wanted", "C0644 2 ../wanted\\nx\\n\\000"),
        ("wanted", "D0755 0 wanted\\nC0644 2 x\\nx\\n\\000E\\n"),
        ("*.txt", "C0644 2 .profile\\nx\\n\\000"),
        ("wanted", "SSH says hello\\n"),
        ("wanted", "C0644 100 wanted\\nx\\n\\000"),
    ] {
        let mut place = Place::new((Ours, Ours));
        let liar = place.path("liar");
        fs::write(&liar, format!("#!/bin/sh\nprintf '{sent}'\n")).unwrap();
        fs::set_permissions(&liar, fs::Permissions::from_mode(0o755)).unwrap();
        place.wrapper = liar;
        place.badly(&[&format!("host:{name}"), "."]);
        let left: Vec<_> = fs::read_dir(place.path("here")).unwrap().collect();
        assert!(left.len() <= 1, "{left:?}");
        assert!(!place.path("here/.profile").exists() && !place.path("wanted").exists());
    }
}

#[test]
fn a_client_that_cannot_connect_is_a_failure() {
    let mut place = Place::new((Ours, Ours));
    fs::write(place.path("here/a"), "a").unwrap();
    place.wrapper = "false".into();
    for words in [["a", "host:a"], ["host:a", "b"]] {
        assert!(!place.scp(&words).status.success());
    }
    place.wrapper = "/nosuch/ssh".into();
    let said = place.badly(&["a", "host:a"]);
    assert!(said.contains("can't execute '/nosuch/ssh'"), "{said}");
}
