//! What the cases work on: made once below target/bench, and used again.
//!
//! All of it comes out the same every time.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

/// Folders of links: one per contestant, with every name that it answers to.
pub fn contestants(safebox: &Path) {
    let list = |program: &Path| {
        let output = Command::new(program).arg("--list").output();
        let output = output.unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        String::from_utf8(output.stdout).unwrap()
    };
    let busybox = Path::new("/usr/bin/busybox");
    link("ours", safebox, &list(safebox));
    link("busybox", busybox, &list(busybox));
    link("tenth", safebox, "uci");
    link("dash", Path::new("/usr/bin/dash"), "sh");
    link("openbsd", Path::new("/usr/bin/nc.openbsd"), "nc");
}

fn link(folder: &str, program: &Path, names: &str) {
    // Applets come and go between builds.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir(folder).unwrap();
    // Copies: how the pages of a file lie in memory depends on how it was written, and the
    // kernel shall follow paths of the same length to all of them.
    let copy = Path::new(folder).join(".program");
    fs::copy(program, &copy).unwrap();
    for name in names.split_whitespace() {
        std::os::unix::fs::symlink(".program", Path::new(folder).join(name)).unwrap();
    }
}

/// Makes a file or tree by its name, unless it is there.
pub fn provide(name: &str) {
    if Path::new(name).exists() {
        return;
    }
    // Under another name until it is whole.
    let part = format!("{name}.part");
    match name {
        "lines" => text(&part, 100_000 * 40),
        "small" => text(&part, 4096),
        "text20m" => text(&part, 20 << 20),
        "text100m" => text(&part, 100 << 20),
        "text200m" => text(&part, 200 << 20),
        "text512m" => text(&part, 512 << 20),
        "numbers" => numbers(&part),
        "text200m.gz" => {
            provide("text200m");
            busybox(&format!("gzip -c text200m >{part}"));
        }
        "uci20k" => settings(&part, 10_000),
        "uci2k" => settings(&part, 1_000),
        "uci20" => settings(&part, 10),
        "batch20k" => commands(&part, 10_000),
        "batch2k" => commands(&part, 1_000),
        "commits" => {
            let commit = |value| format!("set p.@rule[0].a={value}\ncommit p\n");
            fs::write(&part, commit(1) + &commit(2)).unwrap();
        }
        "tree20k" => tree(&part, 20, 20, 50),
        "tree100k" => tree(&part, 50, 40, 50),
        "tree20k.tar" => {
            provide("tree20k");
            busybox(&format!("tar -cf {part} tree20k"));
        }
        _ => panic!("no data of the name {name}"),
    }
    fs::rename(part, name).unwrap();
}

/// A folder with a configuration of so many sections, two options each.
fn settings(folder: &str, sections: u32) {
    // One of an earlier run that was stopped.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir(folder).unwrap();
    let section = |n| format!("config rule\n\toption a '{n}'\n\toption b 'value of {n}'\n\n");
    let all: String = (0..sections).map(section).collect();
    fs::write(Path::new(folder).join("p"), all).unwrap();
}

/// For each section a change and a question; in the end all changes are dropped.
fn commands(file: &str, sections: u32) {
    let pair = |n| format!("set p.@rule[{n}].a=x{n}\nget p.@rule[-{}].b\n", n + 1);
    let all: String = (0..sections).map(pair).collect();
    fs::write(file, all + "revert p\n").unwrap();
}

/// Removes the result of the run before.
pub fn clear_result() {
    if Path::new("result").exists() {
        fs::remove_dir_all("result").unwrap();
    }
}

/// An empty folder for the result.
pub fn empty_result() {
    clear_result();
    fs::create_dir("result").unwrap();
}

/// The result is a copy of the large tree, made of links.
pub fn linked_result() {
    clear_result();
    busybox("cp -al tree100k result");
}

fn busybox(script: &str) {
    let status = Command::new("busybox/sh")
        .args(["-c", script])
        .env("PATH", "busybox")
        .status();
    assert!(status.unwrap().success(), "{script}");
}

/// The generator of Numerical Recipes: the same words every time.
struct Random(u32);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % end
    }
}

/// Lines of words as in a log, some 40 bytes each.
fn text(path: &str, size: usize) {
    const WORDS: [&str; 16] = [
        "kernel",
        "eth0",
        "link",
        "up",
        "down",
        "error",
        "the",
        "of",
        "daemon",
        "wlan1",
        "address",
        "lease",
        "0x1f40",
        "10.0.0.17",
        "packet",
        "dropped",
    ];
    let mut out = BufWriter::new(fs::File::create(path).unwrap());
    let mut random = Random(1);
    let mut written = 0;
    while written < size {
        let mut line = format!("{:06}", random.below(1_000_000));
        for _ in 0..3 + random.below(5) {
            line += " ";
            line += WORDS[random.below(16) as usize];
        }
        line += "\n";
        written += line.len();
        out.write_all(line.as_bytes()).unwrap();
    }
    out.into_inner().unwrap();
}

/// A million lines in no order.
fn numbers(path: &str) {
    let mut out = BufWriter::new(fs::File::create(path).unwrap());
    let mut random = Random(1);
    for _ in 0..1_000_000 {
        let (a, b) = (random.below(1 << 24), random.below(1 << 24));
        writeln!(out, "{a:07}{b:07} line").unwrap();
    }
    out.into_inner().unwrap();
}

/// Folders in folders, with small files.
fn tree(path: &str, outer: u32, inner: u32, files: u32) {
    for (a, b) in (0..outer).flat_map(|a| (0..inner).map(move |b| (a, b))) {
        let folder = Path::new(path).join(format!("d{a}/e{b}"));
        fs::create_dir_all(&folder).unwrap();
        for file in 0..files {
            fs::write(folder.join(format!("file{file}.txt")), "some bytes\n").unwrap();
        }
    }
}
