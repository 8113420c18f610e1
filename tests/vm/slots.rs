//! A board with two slots: the one that runs is never written.

use crate::lab::Bench;
use crate::lab::flash::{ALL, BLOCK};
use crate::lab::router::Setup;
use crate::upgrade::next_image;
use std::fs;

#[test]
#[ignore = "boots the lab: make vm"]
fn a_board_with_two_slots_gets_the_image_into_the_other_one_and_then_switches() {
    let bench = Bench::hooked();
    let spare = bench.file("spare", &vec![0x55; 12 << 20]);
    let drive = format!("file={},format=raw,if=virtio", spare.display());
    let mut router = bench.power_on_with(&Setup {
        append: "failsafe=true lab.slots",
        arguments: &["-drive", &drive],
        ..Setup::default()
    });
    let console = &mut router.console;
    console.expect("FAILSAFE MODE active");
    console.expect("# ");
    let before = bench.chip.read(ALL);
    let add = "echo /dev/vdb,64KiB,spare >/sys/module/block2mtd/parameters/block2mtd";
    console.run(add).ok();
    let image = next_image();
    let mut offered = bench.offer(&bench.file("nxtfw.bin", &image));
    console.run("nc 192.168.1.2 3333 >/tmp/nxtfw.bin").ok();
    assert!(offered.wait().unwrap().success());
    let link = "ln /tmp/nxtfw.bin /tmp/refused.bin && sysupgrade -n -F -T /tmp/refused.bin";
    let refused = console.run(link);
    assert_eq!(refused.status, 2, "{}", refused.text);
    for words in ["such names are refused", "platform_check_image"] {
        assert!(refused.text.contains(words), "{}", refused.text);
    }
    let plan = console.run("sysupgrade -n -T /tmp/nxtfw.bin").ok();
    assert!(plan.contains("\"spare\", 12582912 bytes"), "{plan}");
    console.line("sysupgrade -n /tmp/nxtfw.bin");
    console.expect("Switching to the slot spare");
    console.expect("lab: the boot loader starts spare now");
    console.expect("Rebooting system...");
    router.cut_power();
    assert!(bench.chip.read(ALL) == before, "the slot that runs changed");
    // All but what is behind the root file system, where the first boot makes its own.
    let kernel = 2 << 20;
    let used = image[kernel + 40..]
        .first_chunk()
        .map(|b| u64::from_le_bytes(*b))
        .unwrap();
    let end = kernel + usize::try_from(used.next_multiple_of(BLOCK)).unwrap();
    assert!(
        fs::read(&spare).unwrap()[..end] == image[..end],
        "the other slot is not whole"
    );
}
