//! Addresses for PCs that come to rescue the device: busybox's client and server at the other
//! end of a cable, in network namespaces of the test's own.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/tempdir.rs"]
mod tempdir;

use std::path::Path;
use std::process::Command;

/// The device at one end of a cable (`lan`), a PC at the other (`pc`, by `$PC command`). Ends
/// everything that was started when the script ends.
const CABLE: &str = r#"
    set -e
    unshare -n sleep 600 & other=$!
    trap 'kill $other $(jobs -p) 2>/dev/null' EXIT
    while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do :; done
    PC="nsenter -t $other -n"
    ip link add lan address 02:00:00:00:00:01 type veth peer name pc address 02:00:00:00:00:09
    ip link set pc netns $other
    ip address add 192.168.1.1/24 dev lan
    ip link set lan up
    $PC ip link set pc up
    printf '#!/bin/sh\n[ "$1" != bound ] || env | grep -E "^(ip|mask|subnet|router|dns|lease|serverid)=" | sort\n' >$DIR/show
    chmod +x $DIR/show
    ASK="$PC busybox udhcpc -i pc -f -q -n -t 8 -T 1 -s $DIR/show"
"#;

/// What the script says. None, and a word about it, where the machine cannot do this.
fn with_cable(script: &str) -> Option<String> {
    let has = |name: &str| {
        let bins = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];
        bins.iter().any(|bin| Path::new(bin).join(name).exists())
    };
    let tools = ["ip", "unshare", "nsenter", "busybox"];
    if !rustix::process::geteuid().is_root() || !tools.into_iter().all(has) {
        eprintln!("skipped: needs root and {tools:?}");
        return None;
    }
    let folder = tempdir::TempDir::new();
    let script = format!("{CABLE}\n{script}");
    let output = Command::new("unshare")
        .args(["-n", "-m", "-p", "-f", "--mount-proc", "/bin/sh", "-c"])
        .arg(&script)
        .env("DIR", folder.path())
        .env("BOX", env!("CARGO_BIN_EXE_safebox"))
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{errors}");
    Some(text)
}

#[test]
fn a_pc_gets_an_address_and_gets_the_same_again() {
    let Some(text) = with_cable("$BOX failsafe_dhcp -f & $ASK 2>/dev/null; $ASK 2>/dev/null")
    else {
        return;
    };
    let one = "ip=192.168.1.100\nlease=300\nmask=24\nserverid=192.168.1.1\nsubnet=255.255.255.0\n";
    assert_eq!(text, one.repeat(2));
}

#[test]
fn where_somebody_else_gives_addresses_it_gives_none() {
    let script = r#"
        $PC ip address add 192.168.1.254/24 dev pc
        printf "interface pc\nstart 192.168.1.20\nend 192.168.1.30\npidfile $DIR/rival.pid\nlease_file $DIR/leases\n" >$DIR/rival
        : >$DIR/leases
        $PC busybox udhcpd -f $DIR/rival 2>$DIR/rival.log & rival=$!
        until grep -q started $DIR/rival.log; do :; done
        $BOX failsafe_dhcp -f &
        # It asks before it does anything.
        until grep -q OFFER $DIR/rival.log; do :; done
        kill $rival
        # Until it asks again, whoever asks hears nothing.
        if $ASK 2>/dev/null; then :; else echo silent; fi
    "#;
    if let Some(text) = with_cable(script) {
        assert_eq!(text, "silent\n");
    }
}
