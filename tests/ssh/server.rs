//! A server in a root of its own, and the clients that come to it.

use crate::tempdir::TempDir;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// `secret`, hashed.
pub const SECRET: &str = "$5$saltstri$AcFF27v62S0zwgTU0yv0eKFexEp411.69eNIGyiG0L5";
/// The password of [`SECRET`].
pub const PASSWORD: &str = "Hello world!";
/// A bound for a test that hangs, far above what any step takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub struct Server {
    listener: Child,
    pub address: SocketAddr,
    pub dir: TempDir,
    pub root: PathBuf,
    log: Arc<Mutex<String>>,
}

/// A root that a server can live in. None where these tests cannot run.
fn make_root(dir: &TempDir) -> Option<PathBuf> {
    let probe = Command::new("unshare").args(["-m", "true"]).output();
    if !rustix::process::geteuid().is_root() || !probe.is_ok_and(|out| out.status.success()) {
        eprintln!("skipped: needs root and unshare -m");
        return None;
    }
    let root = fs::canonicalize(dir.path()).unwrap().join("root");
    for folder in [
        "bin",
        "sbin",
        "usr/bin",
        "usr/sbin",
        "dev",
        "proc",
        "etc/dropbear",
        "root",
        "var/run",
        "tmp",
        "home/ann",
    ] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let own = Path::new(env!("CARGO_BIN_EXE_safebox"));
    let binary = root.join("bin/safebox");
    if fs::hard_link(own, &binary).is_err() {
        fs::copy(own, &binary).unwrap();
    }
    let installed = Command::new(&binary).arg("--install").arg(&root).output();
    assert!(installed.unwrap().status.success());
    let file = |name: &str, text: &str| fs::write(root.join("etc").join(name), text).unwrap();
    file(
        "passwd",
        "root:x:0:0:root:/root:/bin/ash\nann:x:1000:1000:Ann:/home/ann:/bin/ash\n",
    );
    file("group", "root:x:0:\nwheel:x:10:root\nann:x:1000:\n");
    file("shells", "/bin/ash\n/bin/sh\n");
    file("hosts", "127.0.0.1 localhost\n");
    file("shadow", &format!("root::1::::::\nann:{SECRET}:1::::::\n"));
    std::os::unix::fs::chown(root.join("home/ann"), Some(1000), Some(1000)).unwrap();
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    Some(root)
}

impl Server {
    /// Starts one on a port of the kernel's choice. None where these tests cannot run.
    pub fn start(options: &[&str]) -> Option<Server> {
        Server::start_after(|_| {}, options)
    }

    /// The same in a root that `prepare` has seen.
    pub fn start_after(prepare: impl FnOnce(&Path), options: &[&str]) -> Option<Server> {
        let dir = TempDir::new();
        let root = make_root(&dir)?;
        prepare(&root);
        let script = "mount --rbind /dev $0/dev && mount --rbind /proc $0/proc && exec chroot $0 \
                      /usr/sbin/dropbear -F -E -R -p 127.0.0.1:0 \"$@\"";
        let mut listener = Command::new("unshare")
            .args(["-m", "--propagation", "private", "sh", "-c", script])
            .arg(&root)
            .args(options)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(listener.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let address = loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "{log:?}");
            if let Some(address) = line.trim().strip_prefix("dropbear: Listening on ") {
                break address.parse().unwrap();
            }
            *log.lock().unwrap() += &line;
        };
        let kept = log.clone();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                *kept.lock().unwrap() += &(line + "\n");
            }
        });
        Some(Server {
            listener,
            address,
            dir,
            root,
            log,
        })
    }

    /// What the server has said.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn pid(&self) -> u32 {
        self.listener.id()
    }

    /// Replaces the hashes.
    pub fn set_shadow(&self, text: &str) {
        fs::write(self.root.join("etc/shadow"), text).unwrap();
    }

    /// OpenSSH's client, that asks nobody anything.
    pub fn ssh(&self, user: &str) -> Command {
        self.ssh_telling("ERROR", user)
    }

    /// The same that says more.
    pub fn ssh_telling(&self, level: &str, user: &str) -> Command {
        self.client(user, &[&format!("LogLevel={level}"), "BatchMode=yes"])
    }

    /// The same with a password.
    pub fn ssh_with(&self, user: &str, password: &str) -> Command {
        let helper = self.dir.path().join("askpass");
        if !helper.exists() {
            fs::write(&helper, "#!/bin/sh\necho \"$PASSWORD\"\n").unwrap();
            fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut command = self.client(user, &["LogLevel=ERROR"]);
        command.env("SSH_ASKPASS", helper);
        command.env("SSH_ASKPASS_REQUIRE", "force");
        command.env("PASSWORD", password);
        command
    }

    /// Of several values of an option the first counts.
    fn client(&self, user: &str, options: &[&str]) -> Command {
        let mut command = self.of_openssh("ssh", options);
        command.args(["-l", user, "127.0.0.1"]);
        command
    }

    /// A client of OpenSSH with options; where it goes is still to be said.
    pub fn of_openssh(&self, program: &str, options: &[&str]) -> Command {
        let mut command = Command::new(program);
        let port = format!("Port={}", self.address.port());
        let own = ["UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no"];
        command.args(["-F", "none", "-o", "IdentityFile=none", "-o", &port]);
        for option in own.iter().chain(options) {
            command.args(["-o", option]);
        }
        command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
        command
    }

    /// dropbear's client.
    pub fn dbclient(&self, user: &str, password: &str) -> Command {
        let mut command = Command::new("dbclient");
        command.args(["-y", "-y", "-p", &self.address.port().to_string()]);
        command.arg(format!("{user}@127.0.0.1"));
        command.env("DROPBEAR_PASSWORD", password);
        command.env("HOME", self.dir.path()).stdin(Stdio::null());
        command
    }

    /// A new key: its private file, and its public line.
    pub fn key(&self, name: &str) -> (PathBuf, String) {
        let path = self.dir.path().join(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(&path)
            .status();
        assert!(made.unwrap().success());
        let public = fs::read_to_string(path.with_extension("pub")).unwrap();
        (path, public)
    }

    /// Lets keys in, as lines of the file of root or of somebody else.
    pub fn authorize(&self, user: &str, lines: &str) {
        let (folder, uid) = match user {
            "root" => (self.root.join("etc/dropbear"), 0),
            user => (self.root.join("home").join(user).join(".ssh"), 1000),
        };
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("authorized_keys");
        fs::write(&file, lines).unwrap();
        for path in [folder, file] {
            std::os::unix::fs::chown(path, Some(uid), Some(uid)).unwrap();
        }
    }

    /// A raw connection.
    pub fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    /// A good client gets in.
    pub fn lets_root_in(&self) {
        let output = run(self.ssh("root").arg("echo in"));
        assert_eq!(
            text(&output.stdout),
            "in\n",
            "{} {}",
            text(&output.stderr),
            self.log()
        );
    }

    /// The processes that live in this root, the listener not counted.
    pub fn processes(&self) -> Vec<(u32, String)> {
        let numbers = fs::read_dir("/proc").unwrap().flatten();
        let numbers = numbers.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
        let ours = numbers.filter_map(|pid| {
            let root = fs::read_link(format!("/proc/{pid}/root")).ok()?;
            if root != self.root || pid == self.pid() {
                return None;
            }
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            Some((pid, String::from_utf8_lossy(&words).replace('\0', " ")))
        });
        ours.collect()
    }

    /// Waits until nothing but the listener is left.
    pub fn is_alone(&self) {
        until("nothing is left", || self.processes().is_empty());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listener.kill().unwrap();
        self.listener.wait().unwrap();
        for (pid, _) in self.processes() {
            if let Some(pid) = rustix::process::Pid::from_raw(pid as i32) {
                // It may have ended meanwhile.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

/// Whether this client can be run; says so if not.
pub fn has(client: &str) -> bool {
    let found = Command::new(client).arg("-V").output().is_ok();
    if !found {
        eprintln!("skipped: no {client}: make setup");
    }
    found
}

/// Runs a client to its end.
pub fn run(command: &mut Command) -> Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let errors = std::thread::spawn(move || {
        let mut text = Vec::new();
        err.read_to_end(&mut text).unwrap();
        text
    });
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        out.read_to_end(&mut text).unwrap();
        text
    });
    let status = ended(&mut child);
    Output {
        status,
        stdout: reader.join().unwrap(),
        stderr: errors.join().unwrap(),
    }
}

/// Waits for a child's end, but not for ever.
pub fn ended(child: &mut Child) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("a client hangs: {:?}", child.wait());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits for something to become true, but not for ever.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "not so: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
