//! The secure way in: failsafe mode by ssh, and new firmware through it.

use crate::lab::router::FAILSAFE_ADDRESS;
use crate::lab::talk::PATIENCE;
use crate::lab::{Bench, SETTLED_ADDRESS};
use crate::upgrade::next_image;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// A client on the PC that asks nobody anything.
fn ssh(bench: &Bench, password: &str, address: Ipv4Addr) -> Command {
    let helper = bench.file("askpass", b"#!/bin/sh\necho \"$PASSWORD\"\n");
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new("ssh");
    command.args([
        "-F",
        "none",
        "-o",
        "LogLevel=ERROR",
        "-o",
        "IdentityFile=none",
    ]);
    command.args([
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "StrictHostKeyChecking=no",
    ]);
    command.args(["-o", "NumberOfPasswordPrompts=1", "-o", "ConnectTimeout=10"]);
    command.env("SSH_ASKPASS", helper).env("PASSWORD", password);
    command.env("SSH_ASKPASS_REQUIRE", "force");
    command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
    command.arg(format!("root@{address}"));
    command
}

/// Runs a command on the router, as soon as it answers.
#[track_caller]
fn run(bench: &Bench, password: &str, command: &str) -> Output {
    run_at(FAILSAFE_ADDRESS, bench, password, command)
}

#[track_caller]
fn run_at(address: Ipv4Addr, bench: &Bench, password: &str, command: &str) -> Output {
    let limit = Instant::now() + PATIENCE;
    loop {
        let output = ssh(bench, password, address).arg(command).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        // Nothing tells when the server is up.
        if !complaint.contains("refused") && !complaint.contains("timed out") {
            return output;
        }
        assert!(Instant::now() < limit, "{complaint}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
#[ignore = "boots the lab: make vm"]
fn ssh_opens_a_shell_in_failsafe_until_there_is_a_password() {
    let bench = Bench::settled();
    let router = bench.power_on_failsafe();
    let output = run(
        &bench,
        "",
        "echo $USER; cat /proc/1/comm; cat /tmp/ssh_fingerprints",
    );
    let said = text(&output.stdout);
    let fingerprints = said
        .strip_prefix("root\ninit\n")
        .unwrap_or_else(|| panic!("{}", text(&output.stderr)));
    // What the console and telnet show is what a client sees.
    assert_eq!(fingerprints.lines().count(), 2);
    let scan = Command::new("sh")
        .args([
            "-c",
            "ssh-keyscan $0 2>/dev/null | ssh-keygen -l -f - | cut -d' ' -f2",
        ])
        .arg(FAILSAFE_ADDRESS.to_string())
        .output()
        .unwrap();
    let console = router.console.log();
    let mut telnet = router.telnet(FAILSAFE_ADDRESS);
    let banner = telnet.expect("# ");
    let seen = text(&scan.stdout);
    assert_eq!(seen.lines().count(), 2, "{seen}");
    for fingerprint in seen.lines() {
        for (place, shown) in [("console", &console), ("telnet", &banner)] {
            assert!(shown.contains(fingerprint), "{place}: {shown}");
        }
    }
    let change = "mount_root && cd / && printf 'correct horse\\ncorrect horse\\n' | passwd";
    let output = run(&bench, "", change);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for (password, status) in [("", 255), ("wrong", 255), ("correct horse", 0)] {
        let output = run(&bench, password, "true");
        assert_eq!(
            output.status.code(),
            Some(status),
            "{password}: {}",
            text(&output.stderr)
        );
    }
    // Whoever is already there stays.
    telnet.run("true").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn sysupgrade_takes_new_firmware_from_the_pipe_of_an_ssh_session() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    // The server is up when this one is through.
    assert!(run(&bench, "", "true").status.success());
    let image = bench.file("sysupgrade.bin", &next_image());
    let output = ssh(&bench, "", FAILSAFE_ADDRESS)
        // The router restarts without taking leave.
        .args(["-o", "ServerAliveInterval=5", "sysupgrade -"])
        .stdin(File::open(image).unwrap())
        .output()
        .unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.contains("Upgrade completed"), "{said}");
    router.boot_normally();
    let release = router.console.run("cat /etc/os-release").ok();
    assert!(release.contains("next"), "{release}");
    let address = router.console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), SETTLED_ADDRESS.to_string());
}

#[test]
#[ignore = "boots the lab: make vm"]
fn the_normal_system_answers_by_ssh_with_keys_that_last() {
    let bench = Bench::settled();
    let mut router = bench.power_on();
    router.boot_normally();
    let show = "cat /tmp/ssh_fingerprints";
    let fingerprints = |bench: &Bench| text(&run_at(SETTLED_ADDRESS, bench, "", show).stdout);
    let before = fingerprints(&bench);
    assert!(before.contains("(ED25519)"), "{before}");
    router.console.line("reboot");
    router.boot_normally();
    assert_eq!(fingerprints(&bench), before);
}
