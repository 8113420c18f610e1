//! What holds for every sequence of commands and every value: made-up ones, the same each time.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

#[path = "support/transcript.rs"]
#[allow(dead_code, reason = "only its directories are used here")]
mod transcript;
#[path = "support/uci.rs"]
#[allow(dead_code, reason = "others use more of it")]
mod uci;

use safebox::uci::{
    Package, Reading, Reference, Section, Value, edit, parse_package, parse_packages, text,
};
use std::fs;
use uci::{Subject, with_package};

/// Numbers that come out the same every time.
struct Dice(u32);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % sides
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len())]
    }

    /// A command of the command line; whether it makes sense is left to uci.
    fn command(&mut self) -> (&'static str, String) {
        const SECTIONS: &[&str] = &[
            "a", "b", "c", "@t[0]", "@t[-1]", "@u[1]", "@u[-2]", "@[0]", "@[-1]",
        ];
        let section = self.pick(SECTIONS);
        let option = self.pick(&["x", "y", "l"]);
        let value = self.pick(&["1", "2", "it's", "two words", "", "#", "a\nb", "\\"]);
        let name = self.pick(&["d", "e", "f", "no-name"]);
        let number = self.roll(7) as i32 - 1;
        match self.roll(12) {
            0 => ("add", self.pick(&["t", "u", "bad type"]).into()),
            1 => ("set", format!("p.{section}={}", self.pick(&["t", "u"]))),
            2..=4 => ("set", format!("p.{section}.{option}={value}")),
            5..=6 => ("add_list", format!("p.{section}.{option}={value}")),
            7 => ("del_list", format!("p.{section}.{option}={value}")),
            8 => ("delete", format!("p.{section}.{option}={number}")),
            9 => match self.roll(2) {
                0 => ("delete", format!("p.{section}")),
                _ => ("delete", format!("p.{section}.{option}")),
            },
            10 => ("reorder", format!("p.{section}={number}")),
            _ => match self.roll(2) {
                0 => ("rename", format!("p.{section}={name}")),
                _ => ("rename", format!("p.{section}.{option}={name}")),
            },
        }
    }
}

/// Carries a command out as the applet would.
fn carry_out(package: &mut Package, command: &str, argument: &str) {
    if command == "add" {
        let (_, changes) = edit::add(package, argument.as_bytes());
        for change in &changes {
            change.apply(package);
        }
        return;
    }
    let at = Reference::parse(argument.as_bytes()).unwrap();
    let changes = match command {
        "set" => edit::set(package, &at),
        "add_list" => edit::add_item(package, &at),
        "del_list" => edit::delete_item(package, &at),
        "delete" => edit::delete(package, &at).map(Option::unwrap_or_default),
        "reorder" => edit::reorder(package, &at),
        _ => {
            // Two of one name are one when the file is read again: that may differ.
            let section = at.section.as_deref().unwrap_or_default();
            let number = package.resolve(section).ok().flatten();
            let section = number.and_then(|number| package.sections.get(number));
            let new = at.value.as_deref().unwrap_or_default();
            let taken = match &at.option {
                Some(_) => section.is_some_and(|section| section.value(new).is_some()),
                None => package.section(new).is_some(),
            };
            if taken {
                return;
            }
            edit::rename(package, &at)
        }
    };
    for change in changes.unwrap_or_default() {
        change.apply(package);
    }
}

fn read_again(package: &Package) -> (Package, Vec<u8>) {
    let mut file = Vec::new();
    text::body(&mut file, package, false);
    let (again, _) = parse_package(b"p", &file, Reading::Strict).unwrap();
    (again, file)
}

#[test]
fn one_commit_of_many_commands_equals_a_commit_of_each() {
    let mut dice = Dice(1);
    let start =
        b"config t a\n\toption x 1\nconfig u\nconfig t\n\tlist l 1\n\tlist l 2\nconfig u b\n";
    for _ in 0..4_000 {
        let (mut once, _) = parse_package(b"p", start, Reading::Strict).unwrap();
        let mut each = once.clone();
        let mut history = String::new();
        for _ in 0..1 + dice.roll(25) {
            let (command, argument) = dice.command();
            history += &format!("{command} {argument:?}\n");
            carry_out(&mut once, command, &argument);
            carry_out(&mut each, command, &argument);
            each = read_again(&each).0;
        }
        let (once, each) = (read_again(&once).1, read_again(&each).1);
        let text = |file| String::from_utf8(file).unwrap();
        assert_eq!(text(once), text(each), "{history}");
    }
}

#[test]
fn one_commit_of_a_batch_equals_a_commit_behind_each_command() {
    let subject = Subject::new();
    let mut dice = Dice(2);
    for _ in 0..12 {
        let (mut once, mut each) = (String::new(), String::new());
        for _ in 0..15 {
            let (command, argument) = dice.command();
            if command == "rename" {
                continue;
            }
            let package = if command == "add" { "p " } else { "" };
            let quoted = argument.replace('\'', "'\\''");
            let line = format!("{command} {package}'{quoted}'\n");
            once += &line;
            each += &format!("{line}commit p\n");
        }
        let file = |commands: &str| {
            let dir = with_package("config t a\n\toption x 1\nconfig u\n\tlist l 1\nconfig t\n");
            subject.uci(dir.path(), &["-q", "batch"], commands);
            assert_eq!(subject.uci(dir.path(), &["commit"], "").0, 0);
            fs::read_to_string(dir.path().join("conf/p")).unwrap()
        };
        let tidy = |text: String| {
            // A file that no change has touched is not in normal form yet.
            let (package, _) = parse_package(b"p", text.as_bytes(), Reading::Strict).unwrap();
            String::from_utf8(read_again(&package).1).unwrap()
        };
        assert_eq!(tidy(file(&once)), tidy(file(&each)), "{once}");
    }
}

#[test]
fn what_is_exported_is_imported_the_same() {
    let mut dice = Dice(3);
    const PIECES: &[&[u8]] = &[
        b"'",
        b"\"",
        b"\\",
        b"\n",
        b"\r",
        b"\t",
        b" ",
        b"#",
        b";",
        b"$(x)",
        b"`",
        b"a",
        b"\xff",
        b"\x01",
        b"\nconfig t s\n",
        b"\\\n",
    ];
    let word = |dice: &mut Dice| -> Vec<u8> {
        (0..dice.roll(6))
            .flat_map(|_| PIECES[dice.roll(PIECES.len())])
            .copied()
            .collect()
    };
    for _ in 0..4_000 {
        let mut package = Package::new(b"p");
        for number in 0..dice.roll(6) {
            let name = format!("s{number}");
            let name = (dice.roll(2) == 0).then_some(name.as_bytes());
            let kind = dice.pick(&["t", "wifi-iface", "it's", "$(x)", "a;b", "#"]);
            let section = package.add(name, kind.as_bytes());
            let section = package.sections.get_mut(section).unwrap();
            for number in 0..dice.roll(5) {
                let option = format!("o{number}");
                match dice.roll(2) {
                    0 => {
                        let value = [b"x".to_vec(), word(&mut dice)].concat();
                        section.set(option.as_bytes(), Value::Text(value));
                    }
                    _ => {
                        for _ in 0..1 + dice.roll(3) {
                            section.append(option.as_bytes(), &word(&mut dice));
                        }
                    }
                }
            }
        }
        let mut exported = Vec::new();
        text::export(&mut exported, &package, false);
        let shown = String::from_utf8_lossy(&exported).into_owned();
        let again = parse_packages(&exported, Reading::Strict).unwrap().packages;
        let [again] = &again[..] else {
            panic!("{shown}");
        };
        // Names are generated from position and type, so they are the same too.
        let all = |package: &Package| -> Vec<_> {
            let options = |section: &Section| -> Vec<_> {
                let options = section.options.iter();
                options.map(|o| (o.name.clone(), o.value.clone())).collect()
            };
            let sections = package.sections.iter();
            sections
                .map(|s| (s.name.clone(), s.kind.clone(), s.anonymous, options(s)))
                .collect()
        };
        assert_eq!(all(again), all(&package), "{shown}");
    }
}
