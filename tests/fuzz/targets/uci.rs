//! uci: a file, a file of changes, references with values; divided by NUL bytes. Whatever
//! is written reads back the same, and a change means the same once it was recorded. What is
//! repaired loads, and the difference of two files is what makes one of the other. The commands
//! are read as those of a batch too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::diff::{self, Manner};
use safebox::uci::{
    Fault, Package, Reading, Reason, Reference, command_words, edit, findings, parse_changes,
    parse_package, parse_packages, repaired, text,
};

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |&byte| byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (file, changes, commands) = (part(), part(), part());
    for reading in [Reading::Strict, Reading::Lenient, Reading::Check] {
        if let Ok((package, _)) = parse_package(b"p", file, reading) {
            check_form(&package);
        }
        if let Ok(parsed) = parse_packages(file, reading) {
            check_export(&parsed.packages);
        }
    }
    let found = findings(file).unwrap();
    let (faulty, good) = repaired(file).unwrap();
    assert_eq!(found.is_empty(), faulty.is_empty());
    parse_package(b"p", &good, Reading::Strict).unwrap();
    check_difference(file, &good);
    check_batch(commands);
    let Ok((mut package, _)) = parse_package(b"p", file, Reading::Lenient) else {
        return;
    };
    for line in parse_changes(b"p", changes) {
        if let Some(delta) = line.delta {
            let mut written = Vec::new();
            text::delta(&mut written, b"p", &delta);
            let read = parse_changes(b"p", &written).pop();
            assert_eq!(read.and_then(|line| line.delta), Some(delta.clone()));
            delta.apply(&mut package);
        }
    }
    parse_package(b"p", &form(&package), Reading::Lenient).unwrap();
    for command in commands.split(|&byte| byte == b'\n') {
        run(&mut package, command);
    }
});

fn check_difference(old: &[u8], new: &[u8]) {
    let mut shown = Vec::new();
    diff::of_files(&mut shown, [b"old", b"new"], old, new);
    assert_eq!(shown.is_empty(), old == new);
    let (old, new) = (diff::lines(old), diff::lines(new));
    let (mut made, mut at) = (Vec::new(), 0);
    for change in diff::changes(&old, &new, Manner::default()) {
        made.extend_from_slice(&old[at..change.old.start]);
        made.extend_from_slice(&new[change.new]);
        at = change.old.end;
    }
    made.extend_from_slice(&old[at..]);
    assert!(made == new);
}

/// Commands line by line: as soon as one is complete, more text does not change it, unless it
/// is another line of it.
fn check_batch(commands: &[u8]) {
    let mut text = Vec::new();
    for line in diff::lines(commands) {
        text.extend_from_slice(line);
        match command_words(&text) {
            Ok(None)
            | Err(Fault {
                reason: Reason::OpenQuote(_),
                ..
            }) => continue,
            Ok(Some(words)) if line.ends_with(b"\n") => {
                let longer = [&text[..], b"get p.s\n"].concat();
                let again = command_words(&longer).unwrap().unwrap_or_default();
                assert!(words.is_empty() || again == words);
                for word in words {
                    let _ = Reference::parse(&word);
                }
            }
            _ => {}
        }
        text.clear();
    }
}

fn form(package: &Package) -> Vec<u8> {
    let mut form = Vec::new();
    text::body(&mut form, package, false);
    form
}

fn check_form(package: &Package) {
    let form = form(package);
    let (again, _) = parse_package(b"p", &form, Reading::Strict).unwrap();
    assert_eq!(form, self::form(&again));
}

fn check_export(packages: &[Package]) {
    let export = |packages: &[Package]| {
        let mut out = Vec::new();
        for package in packages {
            text::export(&mut out, package, false);
        }
        out
    };
    let out = export(packages);
    let again = parse_packages(&out, Reading::Strict).unwrap();
    assert_eq!(out, export(&again.packages));
}

/// A command of one letter: its changes have the same effect at once and after they were
/// recorded, and what they leave is a file that reads strictly.
fn run(package: &mut Package, command: &[u8]) {
    let Some((&letter, argument)) = command.split_first() else {
        return;
    };
    let Ok(at) = Reference::parse(argument) else {
        return;
    };
    let strict = parse_package(b"p", &form(package), Reading::Strict).is_ok();
    let staged = match letter {
        b's' => edit::set(package, &at),
        b'+' => edit::add_item(package, &at),
        b'-' => edit::delete_item(package, &at),
        b'd' => edit::delete(package, &at).map(Option::unwrap_or_default),
        b'@' => edit::rename(package, &at),
        b'^' => edit::reorder(package, &at),
        _ => return,
    };
    let Ok(staged) = staged else { return };
    let (mut recorded, mut written) = (package.clone(), Vec::new());
    for delta in &staged {
        text::delta(&mut written, b"p", delta);
        delta.apply(package);
    }
    for line in parse_changes(b"p", &written) {
        line.delta.unwrap().apply(&mut recorded);
    }
    assert_eq!(form(package), form(&recorded));
    if strict {
        parse_package(b"p", &form(package), Reading::Strict).unwrap();
    }
}
