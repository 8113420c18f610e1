//! Bytes: many of them, both ways, through changes of keys.

use crate::server::{Server, has, run, text};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const SIZE: usize = 64 << 20;

/// A file of bytes that do not repeat, and its digest.
fn file(server: &Server) -> (PathBuf, String) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(SIZE);
    while bytes.len() < SIZE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    let path = server.root.join("tmp/data");
    fs::write(&path, &bytes).unwrap();
    (path, digest(&bytes))
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends the file up, fetches it, and has it echoed.
fn check(server: &Server, client: &dyn Fn() -> Command) {
    let (path, sum) = file(server);
    let input = || Stdio::from(File::open(&path).unwrap());
    let output = run(client().arg("sha256sum").stdin(input()));
    assert_eq!(
        text(&output.stdout),
        format!("{sum}  -\n"),
        "{}",
        text(&output.stderr)
    );
    let output = run(client().arg("cat /tmp/data"));
    assert_eq!(
        (output.stdout.len(), digest(&output.stdout)),
        (SIZE, sum.clone())
    );
    let output = run(client().arg("cat").stdin(input()));
    assert_eq!((output.stdout.len(), digest(&output.stdout)), (SIZE, sum));
}

#[test]
fn many_bytes_each_way_and_both_ways_through_changes_of_keys() {
    let Some(server) = Server::start(&["--rekey", "7000000"]) else {
        return;
    };
    check(&server, &|| server.ssh("root"));
    check(&server, &|| {
        let mut ssh = server.ssh("root");
        ssh.args([
            "-o",
            "RekeyLimit=11M",
            "-c",
            "aes128-ctr",
            "-m",
            "hmac-sha2-256",
        ]);
        ssh
    });
    server.is_alone();
}

#[test]
fn the_small_windows_of_dropbear_carry_as_much() {
    if !has("dbclient") {
        return;
    }
    let Some(server) = Server::start(&[]) else {
        return;
    };
    check(&server, &|| server.dbclient("root", ""));
    server.is_alone();
}

#[test]
fn a_slow_reader_makes_the_client_wait_and_not_the_memory_grow() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (path, sum) = file(&server);
    let gate = server.root.join("tmp/gate");
    assert!(
        Command::new("mkfifo")
            .arg(&gate)
            .status()
            .unwrap()
            .success()
    );
    let mut ssh = server.ssh("root");
    let child = ssh
        .arg("read x </tmp/gate; sha256sum")
        .stdin(File::open(&path).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let connection = || {
        let processes = server.processes();
        let found = processes
            .iter()
            .find(|(_, words)| words.contains("--connection"));
        found.map(|(pid, _)| *pid)
    };
    crate::server::until("a connection", || {
        connection().is_some_and(|pid| resident_kib(pid) > 0)
            && server
                .processes()
                .iter()
                .any(|(_, words)| words.contains("gate"))
    });
    // What is sent is as much as the client can get rid of.
    let mut before = 0;
    crate::server::until("nothing moves", || {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let now = resident_kib(connection().unwrap());
        std::mem::replace(&mut before, now) == now
    });
    assert!(before < 40 * 1024, "{before} KiB");
    fs::write(&gate, "go\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), format!("{sum}  -\n"));
}

#[test]
fn scp_copies_by_either_protocol_and_says_when_it_cannot() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (path, sum) = file(&server);
    let fetched = server.dir.path().join("fetched");
    for protocol in ["-O", "-s"] {
        let scp = |from: &str, to: &str| {
            let mut scp = server.of_openssh("scp", &["LogLevel=ERROR", "BatchMode=yes"]);
            run(scp.args([protocol, "-p", from, to]))
        };
        let local = path.display().to_string();
        let output = scp(&local, "root@127.0.0.1:/root/sent");
        assert!(
            output.status.success(),
            "{protocol} {}",
            text(&output.stderr)
        );
        let output = scp("root@127.0.0.1:sent", &fetched.display().to_string());
        assert!(
            output.status.success(),
            "{protocol} {}",
            text(&output.stderr)
        );
        assert_eq!(digest(&fs::read(&fetched).unwrap()), sum, "{protocol}");
        let output = scp(&local, "root@127.0.0.1:/nosuch/place");
        assert_ne!(output.status.code(), Some(0), "{protocol}");
    }
    server.is_alone();
}

#[test]
fn sftp_has_the_rights_of_the_user() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (private, public) = server.key("key");
    server.authorize("ann", &public);
    let batch = server.dir.path().join("batch");
    fs::write(
        &batch,
        "pwd\nmkdir own\n-put /dev/null /etc/passwd\nls -1\n",
    )
    .unwrap();
    let mut sftp = server.of_openssh("sftp", &["LogLevel=ERROR"]);
    sftp.arg("-i").arg(&private).arg("-b").arg(&batch);
    let output = run(sftp.arg("ann@127.0.0.1"));
    let said = text(&output.stdout);
    assert!(
        said.contains("/home/ann") && said.contains("own"),
        "{said} {}",
        text(&output.stderr)
    );
    let passwd = fs::read_to_string(server.root.join("etc/passwd")).unwrap();
    assert!(passwd.contains("root"), "{passwd}");
    server.is_alone();
}

/// Resident memory of a process.
pub fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or(0, |line| {
        line.trim().trim_end_matches(" kB").parse().unwrap()
    })
}
