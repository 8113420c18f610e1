//! What scripts of packages and hooks of boards find in the root file system: the cases of
//! `tests/rootfs`, and that reading a configuration is work in proportion to its length.
//!
//! Each case runs in a copy of `rootfs/` of its own, by our shell with our applets, by dash with
//! the programs of the machine, and by busybox with its applets, where those are installed:
//! whoever builds an image may mix. `uci` is ours each time.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stdout, reason = "figures of a test")]

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

/// A package with that many sections.
fn package(sections: usize) -> String {
    let section =
        |number| format!("config rule 'r{number}'\n\toption port '{number}'\n\tlist proto 'tcp'\n");
    (0..sections).map(section).collect()
}

#[test]
fn ten_times_as_many_sections_are_ten_times_the_work() {
    // What the shell traces is every command that it carries out with all bytes of its words,
    // assignments of long lists included: that is the work, without the noise of a clock.
    let script = r#"
visit() { config_get port "$1" port; config_list_foreach "$1" proto :; sum=$((sum + port)); }
load() { sum=0; set -x; config_load "$1"; config_foreach visit rule; set +x; }
exec 3>&2 2>few.trace; load few; exec 2>&3; echo "$sum"
exec 3>&2 2>many.trace; load many; exec 2>&3; echo "$sum"
wc -c <few.trace; wc -c <many.trace
"#;
    let all = [
        ("ours", Some(Userland::ours())),
        ("dash", Userland::of_dash()),
        ("busybox", Userland::of_busybox()),
    ];
    for (name, userland) in all {
        let Some(userland) = userland else { continue };
        let root = device();
        fs::write(root.path().join("etc/config/few"), package(200)).unwrap();
        fs::write(root.path().join("etc/config/many"), package(2000)).unwrap();
        let (output, status) = userland.run(&root, script);
        assert_eq!(status, 0, "{output}");
        let numbers: Vec<u64> = output
            .lines()
            .map(|line| line.trim().parse().unwrap())
            .collect();
        let [19_900, 1_999_000, few, many] = numbers[..] else {
            panic!("{name}: {output}");
        };
        println!("{name}: bytes of trace: 200 sections {few}, 2000 sections {many}");
        // Names are a little longer, and the list of them is copied now and then; what grows
        // with the square would be a hundred times as much.
        assert!(few > 100_000 && many < 13 * few, "{name}: {few} {many}");
    }
}
