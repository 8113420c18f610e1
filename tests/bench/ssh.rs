//! The ssh server against dropbear, with OpenSSH's client: the processor time of the server and
//! of what it starts, and its memory. Both see a file of accounts of the benchmark's own, in a
//! mount namespace (which takes root), so no account of this machine is changed.

use super::measure::Contestant;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What is measured.
#[derive(Clone, Copy)]
pub enum Ssh {
    /// So many logins that run `true`.
    Logins(u32),
    /// 512 MiB to the server.
    Up,
    /// 512 MiB from the server.
    Down,
    /// Resident KiB of the listener.
    Listener,
    /// Resident KiB of the process of a session.
    Session,
}

const BYTES: usize = 512 << 20;
const CIPHER: &str = "chacha20-poly1305@openssh.com";

struct Server {
    child: Child,
    port: u16,
    dir: PathBuf,
}

/// Seconds of one run; for memory KiB in thousands, since the table shows thousandths.
pub fn measure(what: Ssh, contestant: Contestant) -> f64 {
    let server = Server::start(contestant);
    let before = server.seconds();
    match what {
        Ssh::Logins(count) => (0..count).for_each(|_| server.run("true", Stdio::null())),
        Ssh::Up => {
            let zeros = format!("head -c {BYTES} /dev/zero");
            let mut source = Command::new("sh")
                .args(["-c", &zeros])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            server.run("cat >/dev/null", source.stdout.take().unwrap().into());
            source.wait().unwrap();
        }
        Ssh::Down => server.run(&format!("head -c {BYTES} /dev/zero"), Stdio::null()),
        Ssh::Listener => return resident(server.child.id()) / 1e3,
        Ssh::Session => {
            let mut client = server.client("cat", Stdio::piped());
            let session = loop {
                let sessions = children(server.child.id());
                if let Some(session) = sessions.iter().find(|pid| !children(**pid).is_empty()) {
                    break *session;
                }
                std::thread::sleep(Duration::from_millis(10));
            };
            let found = resident(session);
            drop(client.stdin.take());
            client.wait().unwrap();
            return found / 1e3;
        }
    }
    server.seconds() - before
}

impl Server {
    fn start(contestant: Contestant) -> Server {
        let dir = std::env::current_dir().unwrap().join("ssh");
        let home = dir.join("home");
        if !dir.join("passwd").exists() {
            fs::create_dir_all(home.join(".ssh")).unwrap();
            let programs = [
                ("ssh-keygen", "-N", "client"),
                ("dropbearkey", "-C", "host"),
            ];
            for (program, option, name) in programs {
                let made = Command::new(program)
                    .args(["-t", "ed25519", option, "", "-f"])
                    .arg(dir.join(name))
                    .output();
                assert!(made.unwrap().status.success(), "{program}");
            }
            fs::copy(dir.join("client.pub"), home.join(".ssh/authorized_keys")).unwrap();
            let account = format!("root:x:0:0:root:{}:/bin/sh\n", home.display());
            fs::write(dir.join("passwd"), account).unwrap();
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let program = match contestant.0 {
            "ours" => Path::new("ours/dropbear").to_owned(),
            _ => "/usr/sbin/dropbear".into(),
        };
        let script = "mount --bind \"$0\" /etc/passwd && exec \"$@\"";
        let child = Command::new("unshare")
            .args(["-m", "--propagation", "private", "sh", "-c", script])
            .arg(dir.join("passwd"))
            .arg(program)
            .args(["-F", "-E", "-p", &format!("127.0.0.1:{port}"), "-r"])
            .arg(dir.join("host"))
            .arg("-P")
            .arg(dir.join("pid"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let server = Server { child, port, dir };
        server.settle();
        server
    }

    fn client(&self, command: &str, input: Stdio) -> Child {
        Command::new("ssh")
            .args(["-F", "none", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes"])
            .args([
                "-o",
                "UserKnownHostsFile=/dev/null",
                "-o",
                "StrictHostKeyChecking=no",
            ])
            .args(["-c", CIPHER, "-p", &self.port.to_string(), "-i"])
            .arg(self.dir.join("client"))
            .args(["root@127.0.0.1", command])
            .env_remove("SSH_AUTH_SOCK")
            .stdin(input)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn run(&self, command: &str, input: Stdio) {
        let status = self.client(command, input).wait().unwrap();
        assert!(status.success(), "{command}: {status}");
        self.settle();
    }

    /// Waits until the listener has taken note of every connection's end.
    fn settle(&self) {
        while !children(self.child.id()).is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// User and system time of the listener and of all that has ended below it.
    fn seconds(&self) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields = text.rsplit(')').next().unwrap().split_whitespace();
        let ticks: f64 = fields
            .skip(11)
            .take(4)
            .map(|t| t.parse::<f64>().unwrap())
            .sum();
        ticks / rustix::param::clock_ticks_per_second() as f64
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}
