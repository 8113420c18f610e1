//! `mtd` on chips of their own beside that of the board.

use crate::lab::Bench;
use crate::lab::router::{Router, Setup};

/// Bytes of each chip.
const SIZE: usize = 1 << 20;

/// A router in failsafe mode with blank chips of these names.
fn router(bench: &Bench, names: &[&str]) -> Router {
    let mut arguments = Vec::new();
    for name in names {
        let file = bench.file(name, &vec![0xff; SIZE]);
        let drive = format!("file={},format=raw,if=virtio", file.display());
        arguments.extend(["-drive".to_owned(), drive]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut router = bench.power_on_with(&Setup {
        append: "failsafe=true",
        arguments: &arguments,
        ..Setup::default()
    });
    let console = &mut router.console;
    console.expect("FAILSAFE MODE active");
    console.expect("# ");
    for (disk, name) in ('b'..).zip(names) {
        let attach = format!("echo /dev/vd{disk},64KiB,{name}");
        console
            .run(&format!(
                "{attach} >/sys/module/block2mtd/parameters/block2mtd"
            ))
            .ok();
    }
    console.run("head -c 1500000 /bin/safebox >/tmp/image").ok();
    console.run("head -c 100000 /dev/urandom >/tmp/small").ok();
    router
}

/// Four zeros.
const ZERO: &str = "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119";

#[test]
#[ignore = "boots the lab: make vm"]
fn an_image_goes_on_in_the_next_partition_and_no_flag_for_recovery_stays() {
    let bench = Bench::new();
    let mut router = router(&bench, &["a", "b", "flag"]);
    let console = &mut router.console;
    console.run("mtd write /tmp/image a").refused("do not fit");
    console.run("mtd -t flag write /tmp/image a:b").ok();
    console.run("mtd verify /tmp/image a:b").ok();
    console
        .run("mtd dump a:b | head -c 1500000 | cmp - /tmp/image")
        .ok();
    console
        .run("tail -c 451424 /tmp/image >/tmp/b && mtd verify /tmp/b b")
        .ok();
    let said = console.run("mtd -l 4 dump flag | sha256sum").ok();
    assert!(said.starts_with(ZERO), "{said}");
    console
        .run("mtd erase a:b && mtd dump a:b | tr -d '\\377' | wc -c | grep '^0$'")
        .ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn every_option_of_mtd_does_what_the_help_says() {
    let bench = Bench::new();
    let mut router = router(&bench, &["a", "b"]);
    let console = &mut router.console;
    // Progress is for a terminal.
    let said = console.run("mtd erase a").ok();
    assert!(said.contains("erased: 100%"), "{said}");
    let said = console.run("mtd -q erase a").ok();
    assert!(said.contains("Erasing a") && !said.contains('%'), "{said}");
    let piped = console.run("mtd write /tmp/small a 2>&1 | cat").ok();
    assert!(
        piped.contains("Writing from") && !piped.contains('%'),
        "{piped}"
    );
    for line in [
        "[ $(mtd -qq write /tmp/small a 2>&1 | wc -c) = 0 ]",
        "mtd unlock a",
        "mtd write /tmp/small b && mtd -e a -e b write /tmp/small a",
        "mtd dump b | tr -d '\\377' | wc -c | grep '^0$'",
        "cat /tmp/small | mtd -p 128k write - b && mtd -p 0x20000 verify /tmp/small /dev/mtd7",
        "mtd -o 131072 -l 100000 dump mtd7 | cmp - /tmp/small",
        "mtd -n -p 320k write /tmp/small b && mtd -p 320k verify - b </tmp/small",
        // Settings go into an image that is a TRX; its checksum is right without them.
        "{ printf 'HDR0\\0\\0\\4\\0\\0\\0\\0\\0'; head -c 131060 /bin/safebox; } >/tmp/trx",
        "{ printf '\\336\\255\\300\\336'; head -c 131068 /dev/zero; } >>/tmp/trx",
        "mtd -j /tmp/small -s 128k write /tmp/trx a",
        "mtd -l 12 dump a >/tmp/head",
        "mtd -c 131060 fixtrx a 2>&1 | grep 'nothing to mend'",
        "mtd -l 12 dump a | cmp - /tmp/head",
        "mtd -c 1000 fixtrx a 2>&1 | grep 'mended'",
        // magic, count 1, their sum
        "printf '\\21\\10\\21\\40\\1\\0\\0\\0\\22\\10\\21\\40' | mtd write - b",
        "mtd resetbc b 2>&1 | grep mended",
        "mtd resetbc b 2>&1 | grep 'nothing to mend'",
        "mkdir /tmp/m && mtd erase a && mount -t jffs2 /dev/mtdblock6 /tmp/m",
    ] {
        console.run(line).ok();
    }
    console
        .run("mtd erase a")
        .refused("in use: mounted as /tmp/m");
    console
        .run("mtd write /tmp/small b:a")
        .refused("in use: mounted as /tmp/m");
    console.run("mtd -f erase a && umount /tmp/m").ok();
    console
        .run("mtd -s 129k -j /tmp/small write /tmp/trx a")
        .refused("no end marker");
    console.run("mtd -M 1 fixtrx a").refused("no such header");
    console
        .run("mtd write /tmp/small nosuch:a")
        .refused("nosuch");
}
