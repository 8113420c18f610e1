//! A person looks around on the device: every utility that finding one's way needs.

use crate::lab::Bench;

#[test]
#[ignore = "boots the lab: make vm"]
fn a_person_finds_the_way_around_with_the_utilities() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    let mut yields = |command: &str, words: &str| {
        let text = console.run(command).ok();
        assert!(text.contains(words), "{command}: {text}");
    };
    // Files, in the one place that can be written to.
    yields("mkdir -p /tmp/t/sub && cd /tmp/t", "");
    yields(
        "echo one >a && cp a b && mv b c && ln -s a link && ls -l | cat",
        "link -> a",
    );
    yields("cat a c link", "one\none\none");
    yields("find . -name 'c' -o -type l | sort", "./c\n./link");
    yields(
        "for i in 1 2 3 4 5; do echo line $i; done >five; head -n 1 five",
        "line 1",
    );
    yields("tail -n 1 five", "line 5");
    yields("grep -c line five", "5");
    yields(
        "sha256sum a",
        "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806",
    );
    yields("rm -r sub a && ls", "c");
    // The machine.
    yields("ps", "init");
    yields("mount", "on / type squashfs (ro");
    yields("mkdir m && mount -t tmpfs -o size=64k tmpfs m && df m", "m");
    yields("umount m && grep -c /tmp/t/m /proc/mounts; true", "0");
    yields("df /tmp", "tmpfs");
    yields("free", "Mem:");
    yields("dmesg | grep -c squashfs", "");
    yields(
        "ip addr show br-lan 2>/dev/null || ip addr",
        "192.168.1.1/24",
    );
    yields("ifconfig lo", "127.0.0.1");
    yields("ifconfig | grep -c 'inet addr:192.168.1.1 '", "1");
    yields("uname -s; hostname", "Linux\n");
    // Processes, by number and by name.
    yields(
        "sleep 1000 & kill $! && wait $!; echo ended $?",
        "ended 143",
    );
    yields(
        "sleep 1001 & killall sleep; wait $!; echo ended $?",
        "ended 143",
    );
    yields("killall telnetd; pidof telnetd || echo none", "none");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_pager_shows_the_kernel_log_on_the_serial_console() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    console.line("dmesg | less");
    console.expect("Linux version");
    console.type_text("/squashfs\r");
    console.expect("squashfs");
    console.type_text("G");
    console.expect("(END)");
    console.type_text("q");
    console.expect("# ");
    console.run("true").ok();
}
