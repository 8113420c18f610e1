//! free - memory: how much there is, used, free, and can still be had.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};

pub static APPLET: Applet = Applet {
    names: &["free"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: free [-bkmgh]

Show how much memory is in use, in KiB.

  -b                in bytes
  -k                in KiB
  -m                in MiB
  -g                in GiB
  -h                with units

Example: free -m
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let path = ctx.path("/proc/meminfo");
    let text = std::fs::read_to_string(&path).at("read", &path)?;
    let kib = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let number = line.and_then(|rest| rest.split_ascii_whitespace().next());
        number.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0)
    };
    let shown = |kib: u64| match opts.last_of(&["b", "k", "m", "g", "h"]) {
        Some("b") => (kib * 1024).to_string(),
        Some("m") => (kib / 1024).to_string(),
        Some("g") => (kib / 1024 / 1024).to_string(),
        Some("h") => with_unit(kib),
        _ => kib.to_string(),
    };
    let cached = kib("Cached") + kib("Buffers") + kib("SReclaimable");
    let (total, available) = (kib("MemTotal"), kib("MemAvailable"));
    let used = total.saturating_sub(kib("MemFree") + cached);
    let row = |name: &str, numbers: &[u64]| {
        let cells = numbers.iter().map(|kib| format!("{:>12}", shown(*kib)));
        format!("{name:<7}{}", cells.collect::<String>())
    };
    let memory = [total, used, kib("MemFree"), kib("Shmem"), cached, available];
    let swap = [
        kib("SwapTotal"),
        kib("SwapTotal").saturating_sub(kib("SwapFree")),
        kib("SwapFree"),
    ];
    let heading = ["total", "used", "free", "shared", "buff/cache", "available"];
    let heading: String = heading.iter().map(|word| format!("{word:>12}")).collect();
    ctx.out.line(format!("       {heading}"));
    ctx.out.line(row("Mem:", &memory));
    ctx.out.line(row("Swap:", &swap));
    Ok(Exit::OK)
}

/// Three digits or so and a unit.
fn with_unit(kib: u64) -> String {
    let (mut tenths, mut unit) = (kib * 10, 0);
    while tenths >= 10 * 1024 && unit < 3 {
        tenths /= 1024;
        unit += 1;
    }
    let letter = ["K", "M", "G", "T"].get(unit).unwrap_or(&"");
    format!("{}.{}{letter}", tenths / 10, tenths % 10)
}

#[test]
fn units_grow_with_the_number() {
    assert_eq!(with_unit(0), "0.0K");
    assert_eq!(with_unit(1023), "1023.0K");
    assert_eq!(with_unit(1536), "1.5M");
    assert_eq!(with_unit(5 * 1024 * 1024), "5.0G");
}
