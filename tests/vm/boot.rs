//! From power on to a prompt: the three ways into failsafe mode, and the way past it.

use crate::lab::router::{FAILSAFE_ADDRESS, Setup};
use crate::lab::{Bench, SETTLED_ADDRESS};
use std::time::{Duration, Instant};

#[test]
#[ignore = "boots the lab: make vm"]
fn the_f_key_leads_to_a_shell_on_the_console() {
    let bench = Bench::settled();
    let mut router = bench.power_on();
    let console = &mut router.console;
    console.expect("Press the [f] key and hit [enter] to enter failsafe mode");
    console.line("f");
    console.expect("FAILSAFE MODE active");
    console.expect("root@failsafe:/# ");
    let mounts = console.run("cat /proc/mounts").ok();
    assert!(mounts.contains(" / squashfs ro"), "{mounts}");
    assert!(!mounts.contains("overlay"), "{mounts}");
    // Ctrl-C reaches the command and not the shell.
    console.line("echo wai''ting; sleep 1000");
    console.expect("waiting");
    console.type_text("\x03");
    console.expect("root@failsafe:/# ");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_button_leads_to_failsafe_and_a_telnet_without_password() {
    let bench = Bench::settled();
    let mut router = bench.power_on();
    router.console.expect("to enter failsafe mode");
    router.press("a");
    router
        .console
        .expect("- failsafe button key-30 was pressed -");
    let mut telnet = router.telnet(FAILSAFE_ADDRESS);
    telnet.expect("FAILSAFE MODE active");
    telnet.expect("# ");
    telnet.run("[ -e /tmp/.failsafe ]").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn without_a_key_the_normal_system_comes_and_the_failsafe_address_goes() {
    let bench = Bench::settled();
    let mut router = bench.power_on();
    router.boot_normally();
    let console = &mut router.console;
    let mounts = console.run("cat /proc/mounts").ok();
    assert!(mounts.contains(" / overlay rw"), "{mounts}");
    assert_eq!(console.run("cat /etc/note").ok().trim(), "mine");
    // Root has no password: the normal system offers telnet.
    let mut telnet = router.telnet(SETTLED_ADDRESS);
    telnet.expect("# ");
    telnet.run("[ ! -e /tmp/.failsafe ]").ok();
    assert!(
        router.try_telnet(FAILSAFE_ADDRESS).is_none(),
        "{FAILSAFE_ADDRESS} still answers"
    );
}

#[test]
#[ignore = "boots the lab: make vm"]
fn the_wait_is_announced_once_per_second_and_the_success_afterwards() {
    let bench = Bench::new();
    let socket = bench.listen();
    let setup = Setup {
        // Time enough, however slow the machine is.
        append: "failsafe.wait=600",
        ..Setup::default()
    };
    let mut router = bench.power_on_with(&setup);
    let mut invitations = Vec::new();
    let mut packet = [0; 2000];
    loop {
        let (length, sender) = socket.recv_from(&mut packet).unwrap();
        assert_eq!(sender.ip(), FAILSAFE_ADDRESS);
        assert_eq!(length, 1001, "the length of an announcement");
        assert_eq!(packet[..2], [0xde, 0xad]);
        let text = packet[2..length].split(|byte| *byte == 0).next().unwrap();
        let filler = &packet[2 + text.len()..length];
        assert!(filler.iter().all(|byte| *byte == 0), "zeros to the end");
        match text {
            b"Please press button now to enter failsafe" => invitations.push(Instant::now()),
            b"Entering Failsafe!\\n" => break,
            other => panic!("announced {:?}", String::from_utf8_lossy(other)),
        }
        if invitations.len() == 4 {
            router.console.line("f");
        }
    }
    // Once per second for the router, and once more when the link comes up; its clock and ours
    // may drift apart on a busy machine.
    let pause = invitations[3] - invitations[0];
    assert!(pause > Duration::from_millis(1200), "{pause:?} for four");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn an_image_may_do_without_the_wait_and_announce_every_step() {
    let bench = Bench::with_image(|tree| {
        let file = tree.join("lib/preinit/00_preinit.conf");
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text
            .replace("fs_failsafe_wait_timeout=2", "fs_failsafe_wait_timeout=0")
            .replace("pi_preinit_net_messages=\n", "pi_preinit_net_messages=y\n");
        std::fs::write(file, text).unwrap();
    });
    let socket = bench.listen();
    let mut router = bench.power_on();
    let mut packet = [0; 2000];
    loop {
        let (length, _) = socket.recv_from(&mut packet).unwrap();
        let text = packet[2..length].split(|byte| *byte == 0).next().unwrap();
        match text {
            b"Doing safebox Preinit\\n" => {}
            b"Continuing with Regular Preinit\\n" => break,
            other => panic!("announced {:?}", String::from_utf8_lossy(other)),
        }
    }
    router.boot_normally();
    assert!(!router.console.log().contains("to enter failsafe mode"));
}
