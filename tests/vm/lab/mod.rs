//! A bench with a router on it and a cable to it; see README.md.

pub mod flash;
pub mod recorder;
pub mod router;
pub mod talk;
mod telnet;
pub mod watched;

use crate::tempdir::TempDir;
use flash::Chip;
use router::{Router, Setup};
use rustix::thread::UnshareFlags;
use std::fs::File;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The end of the cable on the PC's side.
pub const TAP: &str = "tap0";

/// The LAN address of a board that has settings.
pub const SETTLED_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);

/// The flash of a board that has settings: one boot serves all tests.
static SETTLED: OnceLock<Vec<u8>> = OnceLock::new();

/// A path of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A chip in a board, and a PC at 192.168.1.2 on the other end of the cable. The calling
/// thread is the PC: what it opens and starts has only this network.
pub struct Bench {
    dir: TempDir,
    /// The board's flash.
    pub chip: Chip,
}

impl Bench {
    /// A board as it leaves the factory.
    pub fn new() -> Bench {
        Bench::with("target/image")
    }

    /// A board with an image that has hooks: `hooked/README.md` has the words they obey.
    pub fn hooked() -> Bench {
        Bench::with("target/lab/hooked")
    }

    /// A board with the image in this folder of the project.
    pub fn with(image: &str) -> Bench {
        Bench::from_factory(TempDir::new(), &project(image))
    }

    fn from_factory(dir: TempDir, image: &Path) -> Bench {
        own_network();
        let chip = Chip::copy(&image.join("flash.bin"), dir.path().join("flash"));
        Bench { dir, chip }
    }

    /// A board with another image: `change` gets the folder of its root file system.
    pub fn with_image(change: impl FnOnce(&Path)) -> Bench {
        let dir = TempDir::new();
        let (tree, image) = (dir.path().join("tree"), dir.path().join("image"));
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        run("cp", &["-a", &text(&project("rootfs")), &text(&tree)]);
        change(&tree);
        let status = Command::new(project("tests/vm/image.sh"))
            .args(["variant", &text(&image)])
            .env("TREE", &tree)
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "image.sh failed");
        Bench::from_factory(dir, &image)
    }

    /// The same board after its first boot, with settings: the LAN address is
    /// [`SETTLED_ADDRESS`] and `/etc/note` says `mine`.
    pub fn settled() -> Bench {
        let bench = Bench::new();
        let flash = SETTLED.get_or_init(|| settle(&bench));
        bench.chip.damage(0, flash);
        bench
    }

    /// Switches the power on.
    pub fn power_on(&self) -> Router {
        self.power_on_with(&Setup::default())
    }

    /// The same with more words on the kernel's command line.
    pub fn power_on_saying(&self, words: &str) -> Router {
        self.power_on_with(&Setup {
            append: words,
            ..Setup::default()
        })
    }

    /// The same with words on the command line, or with other hardware.
    pub fn power_on_with(&self, setup: &Setup) -> Router {
        Router::start(self.chip.path(), self.dir.path(), setup)
    }

    /// The same with another chip in the board.
    pub fn power_on_chip(&self, chip: &Path, setup: &Setup) -> Router {
        Router::start(chip, self.dir.path(), setup)
    }

    /// Switches the power on and goes into failsafe mode.
    #[track_caller]
    pub fn power_on_failsafe(&self) -> Router {
        let mut router = self.power_on();
        router.enter_failsafe();
        router
    }

    /// A file that belongs to the bench; [`Bench::with_image`] has its image in `image`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file on the PC with this content.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// What `nc -l -p 3333 < FILE` does on the PC, as soon as it listens. It ends when the file
    /// has been fetched.
    pub fn offer(&self, file: &Path) -> Child {
        let child = Command::new("nc.openbsd")
            .args(["-N", "-l", "-p", "3333"])
            .stdin(File::open(file).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The kernel's table of this network: port 3333 in state LISTEN (0A).
        let listens = || {
            let table = std::fs::read_to_string("/proc/thread-self/net/tcp").unwrap();
            table.contains(":0D05 00000000:0000 0A")
        };
        let limit = Instant::now() + talk::PATIENCE;
        while !listens() {
            assert!(Instant::now() < limit, "nobody listens on port 3333");
            std::thread::sleep(Duration::from_millis(10));
        }
        child
    }

    /// Listens for what routers announce.
    pub fn listen(&self) -> UdpSocket {
        let socket = UdpSocket::bind("0.0.0.0:4919").unwrap();
        socket.set_read_timeout(Some(talk::PATIENCE)).unwrap();
        socket
    }
}

/// Boots a new board, changes its settings and switches it off properly.
fn settle(bench: &Bench) -> Vec<u8> {
    let mut router = bench.power_on();
    router.boot_normally();
    let console = &mut router.console;
    // The last of the boot's scripts says that the data partition is in use from now on.
    console
        .run("until [ \"$(readlink /overlay/.fs_state)\" = 2 ]; do sleep 1; done")
        .ok();
    console
        .run(&format!("uci set network.lan.ipaddr={SETTLED_ADDRESS}"))
        .ok();
    console.run("uci commit network").ok();
    console.run("echo mine >/etc/note").ok();
    console.line("poweroff");
    router.expect_power_off();
    bench.chip.read(flash::ALL)
}

/// Gives the calling thread a network with nothing in it but the cable.
fn own_network() {
    assert!(
        rustix::process::geteuid().is_root(),
        "the lab needs root: make vm"
    );
    #[allow(unsafe_code, reason = "the system call has no safe wrapper")]
    // SAFETY: only the network changes, which no descriptor or memory of ours refers to.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }.unwrap();
    run("ip", &["link", "set", "lo", "up"]);
    run("ip", &["tuntap", "add", TAP, "mode", "tap"]);
    run("ip", &["addr", "add", "192.168.1.2/24", "dev", TAP]);
    run("ip", &["link", "set", TAP, "up"]);
}

#[track_caller]
fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}: {status}");
}
