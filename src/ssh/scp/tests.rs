//! Both ends against each other, and against an end that means no good.

use super::*;
use crate::fsops::scratch::Scratch;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

const RECURSIVE: Options = Options {
    recursive: true,
    preserve: false,
    to_folder: false,
};

/// Everything that a sink answers to these bytes, and what it complains of.
fn sink(target: &Path, options: Options, input: &[u8]) -> (Vec<u8>, Vec<String>) {
    let mut sink = Sink::new(target.to_owned(), options, None);
    let mut output = Vec::new();
    sink.feed(b"", &mut output);
    sink.feed(input, &mut output);
    sink.ended();
    let report = sink.report();
    assert_eq!(report.failed, !report.complaints.is_empty());
    (output, std::mem::take(&mut report.complaints))
}

/// Lets two ends talk, so many bytes at a time.
fn carry(source: &mut Source, sink: &mut Sink, at_once: usize) {
    let (mut there, mut back) = (Vec::new(), Vec::new());
    sink.feed(b"", &mut back);
    while !source.is_over() {
        let answers = std::mem::take(&mut back);
        if answers.is_empty() {
            source.feed(b"", &mut there);
        }
        for piece in answers.chunks(at_once) {
            source.feed(piece, &mut there);
        }
        for piece in there.chunks(at_once) {
            sink.feed(piece, &mut back);
        }
        assert!(there.len() < 2 * PIECE);
        let silent = there.is_empty() && back.is_empty();
        assert!(!silent || source.is_over(), "both wait");
        there.clear();
    }
    sink.ended();
}

#[test]
fn a_tree_arrives_however_the_bytes_are_cut() {
    for at_once in [1, 7, 1000, 1 << 20] {
        let scratch = Scratch::new();
        let path = |name: &str| scratch.path().join(name);
        fs::create_dir_all(path("a/b/empty")).unwrap();
        let large: Vec<u8> = (0..70_000_u32).map(|n| (n % 251) as u8).collect();
        for (name, content) in [("a/none", &b""[..]), ("a/b/x y", b"12"), ("a/b/z", &large)] {
            fs::write(path(name), content).unwrap();
        }
        fs::set_permissions(path("a/b/x y"), fs::Permissions::from_mode(0o4751)).unwrap();
        let options = Options {
            preserve: true,
            ..RECURSIVE
        };
        let mut source = Source::new(vec![path("a"), path("a/b/z")], options);
        fs::create_dir(path("to")).unwrap();
        let mut sink = Sink::new(path("to"), options, None);
        carry(&mut source, &mut sink, at_once);
        assert_eq!(source.report().complaints, [""; 0]);
        assert_eq!(sink.report().complaints, [""; 0]);
        assert_eq!(fs::read(path("to/a/b/z")).unwrap(), large);
        assert_eq!(fs::read(path("to/z")).unwrap(), large);
        assert_eq!(fs::read(path("to/a/b/x y")).unwrap(), b"12");
        assert_eq!(fs::read(path("to/a/none")).unwrap(), b"");
        assert!(path("to/a/b/empty").is_dir());
        let mode = path("to/a/b/x y").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o4751);
    }
}

#[test]
fn names_of_the_other_end_stay_below_the_target() {
    let scratch = Scratch::new();
    let to = scratch.path().join("to");
    fs::create_dir(&to).unwrap();
    for name in ["", ".", "..", "../x", "/tmp/x", "a/b", "x\0y"] {
        for kind in ["C0644 1", "D0755 0"] {
            let (output, said) = sink(&to, RECURSIVE, format!("{kind} {name}\nx\0").as_bytes());
            assert!(output.starts_with(b"\0\x01scp: "), "{name}");
            assert!(said[0].contains("was not asked for"), "{said:?}");
        }
    }
    assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
}

#[test]
fn only_what_was_asked_for_is_taken() {
    let scratch = Scratch::new();
    let receive = |expected: &str, name: &str| {
        let target = scratch.path().to_owned();
        let expected = Some(expected.as_bytes().to_vec());
        let mut sink = Sink::new(target, RECURSIVE, expected);
        let mut output = Vec::new();
        sink.feed(format!("C0644 1 {name}\nx\0").as_bytes(), &mut output);
        !sink.report().failed
    };
    assert!(receive("firmware.bin", "firmware.bin"));
    assert!(receive("*.bin", "firmware.bin"));
    assert!(!receive("firmware.bin", ".profile"));
    assert!(!receive("*.bin", "authorized_keys"));
    // Inside of a folder that was asked for names are free.
    let mut sink = Sink::new(scratch.path().to_owned(), RECURSIVE, Some(b"d".to_vec()));
    let mut output = Vec::new();
    sink.feed(b"D0755 0 d\nC0644 1 x\nx\0E\n", &mut output);
    assert_eq!(output, b"\0\0\0\0\0");
}

#[test]
fn lines_that_make_no_sense_end_the_transfer() {
    let scratch = Scratch::new();
    for line in [
        "",
        "X",
        "C",
        "C0644",
        "C0644 1",
        "C0644 -1 x",
        "C0644 +1 x",
        "C0644 99999999999999999999 x",
        "C0648 1 x",
        "C064 1 x",
        "C+644 1 x",
        "T",
        "T1 0",
        "T1 0 1 0 1",
        "Ta 0 1 0",
        "E",
        "Ex",
        "\x03",
    ] {
        let (output, said) = sink(scratch.path(), RECURSIVE, format!("{line}\n").as_bytes());
        assert!(output.starts_with(b"\0\x01scp: "), "{line}");
        assert!(said[0].contains("protocol error"), "{line}: {said:?}");
    }
    let (_, said) = sink(scratch.path(), RECURSIVE, &[b'C'; 10_000]);
    assert!(said[0].contains("a line without an end"), "{said:?}");
    let (_, said) = sink(scratch.path(), Options::default(), b"D0755 0 d\n");
    assert!(said[0].contains("a folder without -r"), "{said:?}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn a_transfer_that_ends_in_the_middle_is_a_failure() {
    let scratch = Scratch::new();
    let whole = b"D0755 0 d\nC0644 5 x\n12345\0E\n";
    for cut in 1..whole.len() {
        let (_, said) = sink(scratch.path(), RECURSIVE, &whole[..cut]);
        assert!(!said.is_empty(), "{cut}");
    }
    let (output, said) = sink(scratch.path(), RECURSIVE, whole);
    assert_eq!((&output[..], said.len()), (&b"\0\0\0\0\0"[..], 0));
}

#[test]
fn what_cannot_be_written_is_told_and_the_next_file_still_comes() {
    let scratch = Scratch::new();
    let (output, said) = sink(Path::new("/dev/full"), RECURSIVE, b"C0644 3 x\nabc\0");
    assert_eq!(said, ["/dev/full: No space left on device"]);
    assert_eq!(output, b"\0\0\x01scp: /dev/full: No space left on device\n");
    fs::create_dir(scratch.path().join("x")).unwrap();
    let (output, _) = sink(scratch.path(), RECURSIVE, b"C0644 3 x\nC0644 3 y\nabc\0");
    assert!(output.starts_with(b"\0\x01scp: ") && output.ends_with(b"\n\0\0"));
    assert_eq!(fs::read(scratch.path().join("y")).unwrap(), b"abc");
    let nowhere = scratch.path().join("no/where");
    let (output, _) = sink(&nowhere, RECURSIVE, b"C0644 3 x\n");
    assert!(output.starts_with(b"\0\x01scp: "));
    let options = Options {
        to_folder: true,
        ..RECURSIVE
    };
    let (output, _) = sink(&scratch.path().join("y"), options, b"");
    assert!(output.starts_with(b"\x01scp: ") && output.ends_with(b"Not a directory\n"));
}

#[test]
fn one_name_takes_one_file() {
    let scratch = Scratch::new();
    let name = scratch.path().join("name");
    let (_, said) = sink(&name, RECURSIVE, b"C0644 1 a\na\0C0644 1 b\nb\0");
    assert!(said[0].contains("several files for one name"), "{said:?}");
    assert_eq!(fs::read(name).unwrap(), b"a");
}

#[test]
fn a_failure_of_the_other_end_is_heard() {
    let scratch = Scratch::new();
    let input = b"\x01scp: x: gone\nC0644 2 y\nab\x01scp: y: \x1b[31mshorter\n";
    let (output, said) = sink(scratch.path(), RECURSIVE, input);
    // Escapes for terminals are taken out.
    assert_eq!(said, ["scp: x: gone", "scp: y: [31mshorter"]);
    assert_eq!(output, b"\0\0\0");
    let (_, said) = sink(
        scratch.path(),
        RECURSIVE,
        b"\x02scp: no more\nC0644 2 z\nab\0",
    );
    assert_eq!(said, ["scp: no more"]);
    assert!(!scratch.path().join("z").exists());
}

/// What a source sends to somebody who agrees to everything.
fn agreeable(mut source: Source) -> (String, Vec<String>) {
    let mut output = Vec::new();
    source.feed(&[0; 100], &mut output);
    while !source.is_over() {
        source.feed(b"", &mut output);
    }
    let said = std::mem::take(&mut source.report().complaints);
    (String::from_utf8_lossy(&output).into_owned(), said)
}

#[test]
fn what_cannot_be_sent_is_told_to_the_other_end() {
    let scratch = Scratch::new();
    let path = |name: &str| scratch.path().join(name);
    fs::write(path("f"), "x").unwrap();
    fs::write(path("new\nline"), "x").unwrap();
    fs::create_dir(path("d")).unwrap();
    symlink("..", path("d/loop")).unwrap();
    let send = |name: &str, options| agreeable(Source::new(vec![path(name), path("f")], options));
    let (sent, said) = send("nosuch", RECURSIVE);
    assert!(said[0].ends_with("nosuch: No such file or directory"));
    assert!(sent.starts_with("\x01scp: ") && sent.ends_with("C0644 1 f\nx\0"));
    let (_, said) = send("d", Options::default());
    assert!(said[0].ends_with("d: is a directory: -r takes it along"));
    let (_, said) = send("new\nline", RECURSIVE);
    assert!(said[0].contains("a name of two lines cannot be told"));
    let root = scratch.path().to_owned();
    let (_, said) = agreeable(Source::new(vec![root], RECURSIVE));
    assert!(
        said.iter()
            .any(|said| said.contains("leads back to a folder"))
    );
    let (_, said) = agreeable(Source::new(vec![PathBuf::from("/")], Options::default()));
    assert_eq!(said.len(), 1);
}

#[test]
fn a_path_of_dots_is_sent_by_the_name_of_its_folder() {
    let scratch = Scratch::new();
    let folder = scratch.path().join("name");
    fs::create_dir(&folder).unwrap();
    let dots = folder.join(".");
    let (sent, _) = agreeable(Source::new(vec![dots], RECURSIVE));
    assert!(sent.ends_with(" 0 name\nE\n"), "{sent}");
}

#[test]
fn files_of_the_kernel_are_sent_whole() {
    let version = PathBuf::from("/proc/version");
    let expected = fs::read_to_string(&version).unwrap();
    let (sent, said) = agreeable(Source::new(vec![version], RECURSIVE));
    assert!(sent.contains(&expected) && said.is_empty());
}

#[test]
fn a_source_ends_when_the_other_end_does() {
    let scratch = Scratch::new();
    let file = scratch.path().join("f");
    fs::write(&file, "x").unwrap();
    let answers: [&[u8]; 5] = [b"", b"\0", b"\0\0", b"\0\x02no\n", b"\0?what\n"];
    for answers in answers {
        let mut source = Source::new(vec![file.clone()], Options::default());
        let mut output = Vec::new();
        source.feed(answers, &mut output);
        source.ended();
        assert!(source.is_over() && source.report().failed);
    }
    let mut source = Source::new(vec![file.clone()], Options::default());
    source.feed(b"\x01scp: Not a directory\n", &mut Vec::new());
    assert!(source.is_over());
    assert_eq!(source.report().complaints, ["scp: Not a directory"]);
}
