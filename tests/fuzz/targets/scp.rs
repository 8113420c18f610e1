//! Both ends of scp, on real files in a cage: a first byte of options, then what the other
//! end says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::ssh::scp::{End, Options, Sink, Source};
use safebox_fuzz::cage;
use std::fs;
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    let Some((&bits, said)) = data.split_first() else {
        return;
    };
    let base = cage::modest_scratch();
    let (inside, outside) = (base.join("in"), base.join("out"));
    fs::create_dir_all(inside.join("d")).expect("the scratch directory is ours");
    fs::write(inside.join("f"), b"content").expect("the scratch directory is ours");
    if !outside.exists() {
        fs::write(&outside, b"untouched").expect("the scratch directory is ours");
    }
    let options = Options {
        recursive: bits & 1 != 0,
        preserve: bits & 2 != 0,
        to_folder: bits & 4 != 0,
    };
    let expected = (bits & 8 != 0).then(|| b"f*".to_vec());
    if bits & 16 != 0 {
        source(&inside, options, said);
    } else {
        sink(&inside, options, expected, said, usize::from(bits >> 5) + 1);
        let names = fs::read_dir(base).expect("it was there").count();
        assert_eq!(names, 2, "something was made outside");
        assert_eq!(fs::read(&outside).ok().as_deref(), Some(&b"untouched"[..]));
    }
    let _ = fs::remove_dir_all(&inside);
});

fn source(folder: &Path, options: Options, said: &[u8]) {
    let mut source = Source::new(vec![folder.to_owned(), folder.join("nosuch")], options);
    let mut output = Vec::new();
    source.feed(said, &mut output);
    while !output.is_empty() {
        assert!(output.len() < 200_000);
        output.clear();
        source.feed(b"", &mut output);
    }
    source.ended();
    assert!(source.is_over());
}

/// No more is answered than was said, but for complaints; what ends too early has failed.
fn sink(folder: &Path, options: Options, expected: Option<Vec<u8>>, said: &[u8], at_once: usize) {
    let mut sink = Sink::new(folder.to_owned(), options, expected);
    let mut output = Vec::new();
    for piece in said.chunks(at_once) {
        sink.feed(piece, &mut output);
    }
    sink.ended();
    assert!(sink.is_over());
    let zeros = output.iter().filter(|&&byte| byte == 0).count();
    assert!(zeros <= said.len() + 1);
    let report = sink.report();
    assert_eq!(report.failed, !report.complaints.is_empty());
}
