//! Kernel events, input events and held keys, and what presses and releases come to.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::boot::button::{self, Change};
use safebox::boot::presses::{Buttons, Mode};
use safebox::boot::uevent::Event;
use safebox::boot::{devices, inputs};
use std::path::{Component, Path};

fuzz_target!(|data: &[u8]| {
    if let Some(event) = Event::parse(data) {
        read(&event);
    }
    let whole = data.len() / button::INPUT_EVENT;
    assert!(button::key_changes(data).count() <= whole);
    for (key, change) in button::key_changes(data) {
        assert!(!matches!(change, Change::Switched(_)));
        assert!(!button::name(key).is_empty());
    }
    let held = button::held(data).count() as u32;
    assert!(held <= data.iter().map(|byte| byte.count_ones()).sum());
    press(data);
});

fn read(event: &Event) {
    let environment = event.environment();
    for variable in &environment {
        let text = variable.to_str().expect("it was text");
        let (name, value) = text.split_once('=').expect("a name and a value");
        assert!(!name.is_empty() && !value.contains(['\0', '\n']));
        assert!(name != "PATH" && name != "IFS" && !name.starts_with("LD_"));
    }
    // A field is a line, and reads back as one.
    let lines = event.lines();
    let message = format!("x\0{}", lines.replace('\n', "\0"));
    assert_eq!(Event::parse(message.as_bytes()).as_ref(), Some(event));
    inputs::are_told_by(event);
    if let Some((name, _)) = button::change_of(event) {
        assert!(!name.is_empty() && name.len() <= 40 && !name.contains('/'));
    }
    if let Some(device) = devices::of_event(event) {
        let inside = |part| matches!(part, Component::Normal(_));
        assert!(Path::new(&device.node.name).components().all(inside));
        assert!(!device.node.name.is_empty() && device.node.mode <= 0o777);
    }
}

/// Three bytes are a step: which button, what it does and in which mode, how long afterwards.
fn press(data: &[u8]) {
    let mut buttons = Buttons::default();
    let mut now_ms = 0;
    for step in data.chunks_exact(3) {
        now_ms += u64::from(step[2]) * 97;
        let change = match step[1] & 3 {
            0 => Change::Pressed,
            1 => Change::Released,
            2 => Change::Switched(true),
            _ => Change::Switched(false),
        };
        let mode = match step[1] >> 2 & 3 {
            0 => Mode::Preinit,
            1 => Mode::Failsafe(now_ms),
            _ => Mode::Normal,
        };
        for call in buttons.timeouts(now_ms) {
            assert_eq!(call.action, "timeout");
            assert!(call.seen_s > 0);
        }
        assert!(buttons.next_timer_ms().is_none_or(|due| due > now_ms));
        let name = step[0].to_string();
        if let Some(call) = buttons.change(&name, change, None, mode, now_ms) {
            let is_switch = matches!(change, Change::Switched(_));
            assert_eq!((call.button.as_str(), call.is_switch), (&*name, is_switch));
            // A switch says nothing about anybody's wish.
            assert!(!is_switch || mode == Mode::Normal);
            buttons.arm(&name, call.serial, step[1] >> 4, now_ms);
        }
    }
}
