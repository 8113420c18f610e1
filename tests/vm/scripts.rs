//! What scripts stand on, where only a real kernel will do: flash, network, locks, services.

use crate::lab::Bench;
use crate::lab::SETTLED_ADDRESS;

#[test]
#[ignore = "boots the lab: make vm"]
fn scripts_find_flash_network_accounts_and_state() {
    let bench = Bench::settled();
    let mut router = bench.power_on();
    router.boot_normally();
    let console = &mut router.console;
    let mut says = |command: &str, answer: &str| {
        let said = console.run(command).ok();
        assert_eq!(said.trim(), answer, "{command}");
    };
    for file in [
        "functions.sh",
        "functions/system.sh",
        "functions/network.sh",
    ] {
        says(&format!(". /lib/{file}"), "");
    }
    says("board_name", "safebox,lab");
    says("mtd_get_part_size art", "65536");
    says("[ -b \"$(find_mtd_part art)\" ] && echo block", "block");
    // The last block of the flash holds text.
    says(
        "get_hex \"$(find_mtd_chardev art)\" 0 11",
        "63616c6962726174696f6e",
    );
    says("mtd_get_mac_binary art 0xb", "20:64:61:74:61:20");
    says(
        "mtd_get_mac_binary nothing 0 2>/dev/null || echo none",
        "none",
    );
    says(
        "network_get_ipaddr address lan && echo $address",
        &SETTLED_ADDRESS.to_string(),
    );
    says("network_get_device device lan && echo $device", "eth0");
    says("network_is_up lan && echo up", "up");
    says("group_add_next web && user_add web 65536", "65536");
    says(
        "tail -n 1 /etc/passwd",
        "web:x:65536:65536:web:/var/run/web:/bin/false",
    );
    says(
        "uci_set_state network lan up 1; uci_get_state network lan up",
        "1",
    );
    says("uci -q get network.lan.up || echo none", "none");
    says(
        "/etc/init.d/telnet enabled && /etc/init.d/telnet disable",
        "",
    );
    says("ls /etc/rc.d | grep -c telnet || true", "0");
    says(
        "/etc/init.d/telnet enable && ls /etc/rc.d | grep -c telnet",
        "2",
    );
}

#[test]
#[ignore = "boots the lab: make vm"]
fn the_console_asks_who_is_there_where_ttylogin_says_so() {
    let bench = Bench::settled();
    let mut router = bench.power_on();
    router.boot_normally();
    let console = &mut router.console;
    let ask = "uci set system.@system[0].ttylogin=1 && uci commit system";
    console.run(ask).ok();
    console
        .run("echo 'root:*:0:0:99999:7:::' >/etc/shadow")
        .ok();
    console.line("exit");
    console.expect("Please press Enter to activate this console.");
    console.line("");
    console.expect("login: ");
    console.line("root");
    console.expect("Password: ");
    console.line("anything");
    console.expect("Login incorrect");
}
