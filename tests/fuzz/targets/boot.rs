//! What the boot reads: inittab, the kernel's command line, mount tables and options,
//! announcements, the notes of preinit, the process table. Events are in `events.rs`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::boot::mount_options::Options;
use safebox::boot::preinit::Progress;
use safebox::boot::{announce, console, early, inittab, knock, trigger, words};
use safebox::proc::list;
use safebox::signature::usign::{KeyId, SecretKey};
use safebox::sys::mount::parse_table;
use std::path::{Component, Path};

fuzz_target!(|data: &[u8]| {
    for entry in inittab::parse(data) {
        assert!(!entry.words.is_empty());
    }
    let text = String::from_utf8_lossy(data);
    for name in ["console", "board"] {
        if let Some(value) = words::value(&text, name) {
            assert!(!value.contains(|byte: char| byte.is_ascii_whitespace()));
        }
    }
    words::asks_for_failsafe(&text);
    console::term(&text);
    trigger::line(data);
    words::number(&text, "failsafe.wait");
    for name in words::list(&text) {
        assert!(!name.is_empty() && !name.contains([',', ' ']));
    }
    let progress = Progress::read(data);
    for is_failsafe in [false, true] {
        if let Some(skipped) = progress.to_skip(&[], is_failsafe) {
            // Another try that gets no further is the last.
            let again = progress.to_skip(&skipped, is_failsafe);
            assert!(skipped.is_empty() || again != Some(skipped));
        }
    }
    if let Some(node) = early::node(&text) {
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        assert!(Path::new(&node.name).components().all(inside));
        assert!(node.mode <= 0o777);
    }
    if let Some(name) = early::board_name(data, &text) {
        assert!(!name.contains('/') && !name.contains(char::is_whitespace));
    }
    if let Some(model) = early::model(data) {
        assert!(!model.contains(char::is_control));
    }
    Options::default().add(&text);
    parse_table(data);
    announce::text(data);
    let key = SecretKey {
        id: KeyId([1; 8]),
        seed: [2; 32],
    };
    knock::answer(data, &key);
    let sent = announce::packet(data);
    let told = announce::text(&sent).expect("it is one of ours");
    assert!(data.starts_with(told));
    if let Some(process) = list::parse_stat(data) {
        process.shown();
        process.stat();
        process.is_called(data);
    }
});
