//! What the boot reads: inittab, the kernel's command line, uevents, input events, mount
//! tables and options, announcements, the process table.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::boot::mount_options::Options;
use safebox::boot::trigger::{self, Uevent};
use safebox::boot::{announce, console, early, inittab, words};
use safebox::proc::list;
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
    trigger::input_events(data);
    if let Uevent::Button(name) = trigger::uevent(data) {
        assert!(!name.contains('/') && name.len() <= 40);
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
    let sent = announce::packet(data);
    let told = announce::text(&sent).expect("it is one of ours");
    assert!(data.starts_with(told));
    if let Some(process) = list::parse_stat(data) {
        process.shown();
        process.stat();
        process.is_called(data);
    }
});
