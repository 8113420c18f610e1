//! The router while its power is on.

use super::talk::{PATIENCE, Talk};
use super::{project, telnet};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The address of every router in failsafe mode and of a new one.
pub const FAILSAFE_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

/// How a board is powered on.
#[derive(Default)]
pub struct Setup<'a> {
    /// Words for the kernel's command line.
    pub append: &'a str,
    /// Ethernet ports, see `qemu.sh`; None: one, with the cable in it.
    pub cards: Option<&'a str>,
    /// A second disk, for settings that do not lie in the flash.
    pub disk: Option<&'a Path>,
    /// Whether there is a second serial line.
    pub second: bool,
    /// More arguments for the emulator.
    pub arguments: &'a [&'a str],
    /// A saved state to go on from, instead of a boot.
    pub state: Option<&'a Path>,
    /// What is done by the emulator's monitor before the power comes.
    pub before: &'a [&'a str],
}

/// An emulator with the board in it. Dropping it cuts the power.
pub struct Router {
    emulator: Child,
    monitor: PathBuf,
    /// The serial console.
    pub console: Talk,
    /// The second serial line.
    pub second: Option<Talk>,
}

impl Router {
    /// Powers the board on, with the network of the calling thread on its cable.
    pub fn start(chip: &Path, dir: &Path, setup: &Setup) -> Router {
        let monitor = dir.join("monitor");
        let second = dir.join("second");
        // An emulator must not outlive the test, whatever ends that.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "sh"])
            .arg(project("tests/vm/qemu.sh"))
            .arg(chip)
            .args(["-S", "-serial", "stdio", "-monitor"])
            .arg(format!("unix:{},server=on,wait=off", monitor.display()))
            .args(setup.arguments)
            .env("TAP", super::TAP)
            .env("APPEND", setup.append);
        if let Some(state) = setup.state {
            let state = format!("exec:cat {}", state.display());
            command.args(["-incoming", &state]);
        }
        if let Some(cards) = setup.cards {
            command.env("CARDS", cards);
        }
        if let Some(disk) = setup.disk {
            command.env("DISK", disk);
        }
        if setup.second {
            command.env("SECOND", &second);
        }
        let mut emulator = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = emulator.stdout.take().unwrap();
        let typed = emulator.stdin.take().unwrap();
        let mut router = Router {
            emulator,
            monitor,
            console: Talk::new("console", input, typed, b"\r"),
            second: None,
        };
        if setup.second {
            let line = router.connect(&second);
            let typed = line.try_clone().unwrap();
            router.second = Some(Talk::new("second console", line, typed, b"\r"));
        }
        // The cables are as they shall be before the power comes.
        for line in setup.before {
            router.operate(line);
        }
        router.operate("cont");
        if setup.state.is_some() {
            router.wait_until_running();
        }
        router
    }

    /// Connects to a socket of the emulator, which may only just be making it.
    fn connect(&self, socket: &Path) -> UnixStream {
        let limit = Instant::now() + PATIENCE;
        loop {
            match UnixStream::connect(socket) {
                Ok(stream) => return stream,
                Err(error) => assert!(Instant::now() < limit, "{}: {error}", socket.display()),
            }
            // Nothing tells when it will be there.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Cuts the power, now.
    pub fn cut_power(mut self) {
        self.emulator.kill().unwrap();
        self.emulator.wait().unwrap();
    }

    /// Waits until the router has switched itself off.
    #[track_caller]
    pub fn expect_power_off(&mut self) -> String {
        let said = self.console.expect_end();
        self.emulator.wait().unwrap();
        said
    }

    /// Saves the state of the machine and cuts the power. [`Setup::state`] goes on from there.
    pub fn save(self, state: &Path) {
        self.operate("stop");
        self.operate(&format!("migrate \"exec:cat >{}\"", state.display()));
        self.cut_power();
    }

    /// Presses and releases a button: a key by the emulator's name of it.
    pub fn press(&self, key: &str) {
        self.operate(&format!("sendkey {key}"));
    }

    /// Presses a button, to be released after so many milliseconds of the router's time.
    pub fn hold(&self, key: &str, duration_ms: u32) {
        self.operate(&format!("sendkey {key} {duration_ms}"));
    }

    /// Puts a USB stick with this content into the board.
    pub fn plug_in(&self, stick: &Path) {
        let file = stick.display();
        self.operate(&format!(
            "drive_add 0 if=none,id=stick,format=raw,readonly=on,file={file}"
        ));
        self.operate("device_add usb-storage,drive=stick,id=stick");
    }

    /// Pulls the stick.
    pub fn pull_out(&self) {
        self.operate("device_del stick");
    }

    /// A connection to the emulator's monitor, which serves one at a time.
    pub fn monitor(&self) -> UnixStream {
        self.connect(&self.monitor)
    }

    /// Does something to the machine by the emulator's monitor.
    pub fn operate(&self, line: &str) -> String {
        let mut monitor = self.connect(&self.monitor);
        writeln!(monitor, "{line}").unwrap();
        // A prompt before the command and one after it; hanging up earlier loses the command.
        let mut heard = Vec::new();
        while memchr::memmem::find_iter(&heard, b"(qemu) ").count() < 2 {
            let mut buf = [0; 256];
            let count = monitor.read(&mut buf).unwrap();
            assert!(count > 0, "the emulator's monitor hung up");
            heard.extend_from_slice(&buf[..count]);
        }
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// Waits until a saved state has been read, and goes on from it: what is typed earlier is
    /// lost, and a state that was saved standing still comes back so.
    fn wait_until_running(&self) {
        let limit = Instant::now() + PATIENCE;
        while !self.operate("info status").contains("VM status: running") {
            assert!(Instant::now() < limit, "the saved state does not start");
            std::thread::sleep(Duration::from_millis(20));
            self.operate("cont");
        }
    }

    /// Enters failsafe mode by the key, as the prompt on the console says.
    #[track_caller]
    pub fn enter_failsafe(&mut self) {
        self.console
            .expect("Press the [f] key and hit [enter] to enter failsafe mode");
        self.console.line("f");
        // The shell and the ssh server come up side by side; after the server's last line
        // nothing appears on the console unasked.
        let signs = ["FAILSAFE MODE active", "(ECDSA)"];
        let (first, _) = self.console.expect_one(&signs);
        self.console.expect(signs[1 - first]);
        self.console.line("");
        self.console.expect("# ");
    }

    /// Lets a normal boot happen and opens the shell on the console.
    #[track_caller]
    pub fn boot_normally(&mut self) {
        self.console
            .expect("Please press Enter to activate this console.");
        self.console.line("");
        self.console.expect("# ");
    }

    /// A telnet session, as soon as the router answers.
    #[track_caller]
    pub fn telnet(&self, address: Ipv4Addr) -> Talk {
        let limit = Instant::now() + PATIENCE;
        loop {
            if let Some(talk) = self.try_telnet(address) {
                return talk;
            }
            assert!(Instant::now() < limit, "nobody answers at {address}");
            // Refused: the server is not up yet. Nothing tells us when it will be.
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// A telnet session if the server takes the connection at once.
    pub fn try_telnet(&self, address: Ipv4Addr) -> Option<Talk> {
        let wait = Duration::from_secs(5);
        let stream = TcpStream::connect_timeout(&(address, 23).into(), wait).ok()?;
        Some(telnet::talk(stream))
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.emulator.kill();
        // Reaped or not, the test is over.
        let _ = self.emulator.wait();
    }
}
