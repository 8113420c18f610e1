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

/// An emulator with the board in it. Dropping it cuts the power.
pub struct Router {
    emulator: Child,
    monitor: PathBuf,
    /// The serial console.
    pub console: Talk,
}

impl Router {
    /// Powers the board on, with the network of the calling thread on its cable.
    /// `append` are words for the kernel's command line.
    pub fn start(chip: &Path, dir: &Path, append: &str) -> Router {
        let monitor = dir.join("monitor");
        // An emulator must not outlive the test, whatever ends that.
        let mut emulator = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "sh"])
            .arg(project("tests/vm/qemu.sh"))
            .arg(chip)
            .args(["-serial", "stdio", "-monitor"])
            .arg(format!("unix:{},server=on,wait=off", monitor.display()))
            .env("TAP", super::TAP)
            .env("APPEND", append)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = emulator.stdout.take().unwrap();
        let typed = emulator.stdin.take().unwrap();
        Router {
            emulator,
            monitor,
            console: Talk::new("console", input, typed, b"\r"),
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

    /// Presses and releases a button: a key by the emulator's name of it.
    pub fn press(&self, key: &str) {
        self.monitor(&format!("sendkey {key}"));
    }

    /// Presses a button, to be released after so many milliseconds of the router's time.
    pub fn hold(&self, key: &str, duration_ms: u32) {
        self.monitor(&format!("sendkey {key} {duration_ms}"));
    }

    /// Puts a USB stick with this content into the board.
    pub fn plug_in(&self, stick: &Path) {
        let file = stick.display();
        self.monitor(&format!(
            "drive_add 0 if=none,id=stick,format=raw,readonly=on,file={file}"
        ));
        self.monitor("device_add usb-storage,drive=stick,id=stick");
    }

    /// Pulls the stick.
    pub fn pull_out(&self) {
        self.monitor("device_del stick");
    }

    /// A command to the emulator.
    fn monitor(&self, command: &str) {
        let mut monitor = UnixStream::connect(&self.monitor).unwrap();
        writeln!(monitor, "{command}").unwrap();
        // A prompt before the command and one after it; hanging up earlier loses the command.
        let mut heard = Vec::new();
        while memchr::memmem::find_iter(&heard, b"(qemu) ").count() < 2 {
            let mut buf = [0; 256];
            let count = monitor.read(&mut buf).unwrap();
            assert!(count > 0, "the emulator's monitor hung up");
            heard.extend_from_slice(&buf[..count]);
        }
    }

    /// Enters failsafe mode by the key, as the prompt on the console says.
    #[track_caller]
    pub fn enter_failsafe(&mut self) {
        self.console
            .expect("Press the [f] key and hit [enter] to enter failsafe mode");
        self.console.line("f");
        self.console.expect("FAILSAFE MODE active");
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
