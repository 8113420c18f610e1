//! What scripts of packages and hooks of boards find in the root file system: the cases of
//! `tests/rootfs`, and that reading a configuration takes time in proportion to its length.
//!
//! Each case runs in a copy of `rootfs/` of its own, by our shell with our applets, by dash with
//! the programs of the machine, and by busybox with its applets, where those are installed:
//! whoever builds an image may mix. `uci` is ours each time.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

#[path = "support/shell_case.rs"]
mod shell_case;
#[path = "support/tempdir.rs"]
mod tempdir;

use shell_case::{Case, expect_none};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempdir::TempDir;

const SAFEBOX: &str = env!("CARGO_BIN_EXE_safebox");

/// uci with its directories below the other root.
const UCI: &str = "#!/bin/sh
dir=\"$IPKG_INSTROOT/etc/config\"
[ \"$1\" != -c ] || { dir=\"$2\"; shift 2; }
changes=\"$IPKG_INSTROOT/tmp/.uci\"
case \"$1\" in
    -P) shift 2; set -- -p \"$changes\" -P \"$IPKG_INSTROOT/var/state\" \"$@\" ;;
    *) set -- -t \"$changes\" \"$@\" ;;
esac
exec SAFEBOX uci -c \"$dir\" \"$@\"
";

/// A shell, and what it finds in its PATH.
struct Userland {
    shell: PathBuf,
    /// It is busybox: cases where that is known to differ are left out.
    oracle: bool,
    /// Links of applets, and uci.
    tree: TempDir,
    path: String,
}

impl Userland {
    fn with(shell: &Path, dirs: &[&str]) -> Userland {
        let tree = TempDir::new();
        let bin = tree.path().join("first");
        fs::create_dir(&bin).unwrap();
        fs::write(bin.join("uci"), UCI.replace("SAFEBOX", SAFEBOX)).unwrap();
        fs::set_permissions(bin.join("uci"), fs::Permissions::from_mode(0o755)).unwrap();
        let mut path = bin.to_str().unwrap().to_owned();
        for dir in dirs {
            path.push(':');
            path.push_str(tree.path().join(dir).to_str().unwrap());
        }
        Userland {
            shell: shell.to_owned(),
            oracle: false,
            tree,
            path,
        }
    }

    fn ours() -> Userland {
        let ours = Userland::with(Path::new(SAFEBOX), &["bin", "sbin", "usr/bin", "usr/sbin"]);
        let mut install = Command::new(SAFEBOX);
        install
            .arg("--install")
            .arg(ours.tree.path())
            .stdout(Stdio::null());
        assert!(install.status().unwrap().success());
        ours
    }

    fn of_dash() -> Option<Userland> {
        let dash = Path::new("/usr/bin/dash");
        dash.exists()
            .then(|| Userland::with(dash, &["/usr/bin", "/bin", "/usr/sbin", "/sbin"]))
    }

    fn of_busybox() -> Option<Userland> {
        let busybox = ["/usr/bin/busybox", "/bin/busybox"];
        let busybox = busybox
            .map(Path::new)
            .into_iter()
            .find(|path| path.exists())?;
        let mut userland = Userland::with(busybox, &["bin"]);
        let bin = userland.tree.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let mut install = Command::new(busybox);
        install.args(["--install", "-s"]).arg(&bin);
        assert!(install.status().unwrap().success());
        userland.oracle = true;
        Some(userland)
    }

    /// Runs a script on a device.
    fn run(&self, root: &TempDir, script: &str) -> (String, i32) {
        let mut command = Command::new(&self.shell);
        command
            .arg0("sh")
            .arg("-c")
            .arg(format!(". \"$IPKG_INSTROOT/lib/functions.sh\"\n{script}"))
            .current_dir(root.path())
            .env_clear()
            .env("PATH", &self.path)
            .env("IPKG_INSTROOT", root.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        shell_case::result(&mut command)
    }

    fn differences(&self) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rootfs");
        let cases = shell_case::read_folder(&folder);
        assert!(cases.len() > 50, "cases were lost");
        let asked = |case: &&Case| !(self.oracle && case.differs);
        let differs = |case: &Case| case.difference(self.run(&device(), &case.script));
        cases.iter().filter(asked).filter_map(differs).collect()
    }
}

/// A device that has booted, as far as it is made of files.
fn device() -> TempDir {
    let root = TempDir::new();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("rootfs");
    copy(&project, root.path());
    fs::remove_file(root.path().join("var")).unwrap();
    for dir in ["tmp", "var", "proc", "sys", "dev"] {
        fs::create_dir(root.path().join(dir)).unwrap();
    }
    root
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&from).unwrap(), &to).unwrap();
        } else if from.is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

#[test]
fn cases_pass_by_our_shell_and_applets() {
    expect_none(Userland::ours().differences());
}

#[test]
fn cases_pass_by_dash_and_the_programs_of_the_machine() {
    if let Some(userland) = Userland::of_dash() {
        expect_none(userland.differences());
    }
}

#[test]
fn cases_pass_by_busybox_and_its_applets() {
    if let Some(userland) = Userland::of_busybox() {
        expect_none(userland.differences());
    }
}

/// A package with that many sections. What is copied for each of them counts for more when
/// the names are long.
fn package(sections: usize) -> String {
    let section = |number| {
        format!(
            "config rule 'r{number}_{:0200}'\n\toption port '{number}'\n\tlist proto 'tcp'\n",
            0
        )
    };
    (0..sections).map(section).collect()
}

#[test]
fn reading_eight_times_as_many_sections_takes_about_eight_times_as_long() {
    let script = r#"
visit() { config_get port "$1" port; sum=$((sum + port)); }
load() { sum=0; config_load "$1" && config_foreach visit rule; }
for round in 1 2 3 4 5 6 7 8; do load few; done
echo "$sum"
times
load many
echo "$sum"
times
"#;
    let root = device();
    fs::write(root.path().join("etc/config/few"), package(500)).unwrap();
    fs::write(root.path().join("etc/config/many"), package(4000)).unwrap();
    let (output, status) = Userland::ours().run(&root, script);
    assert_eq!(status, 0, "{output}");
    let lines: Vec<&str> = output.lines().collect();
    let [few, first, _, many, second, _] = lines[..] else {
        panic!("{output}");
    };
    assert_eq!((few, many), ("124750", "7998000"));
    let few = user_seconds(first);
    let many = user_seconds(second) - few;
    // As long as eight times a part takes, give or take the noise of a busy machine. What
    // grows with the square would take eight times as long.
    assert!(
        many < 2.0 * few,
        "8 times 500 sections: {few} s, 4000 sections: {many} s"
    );
}

/// The first word of what `times` prints: `1m2.30s`.
fn user_seconds(line: &str) -> f64 {
    let word = line.split(' ').next().unwrap().trim_end_matches('s');
    let (minutes, seconds) = word.split_once('m').unwrap();
    minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
}
