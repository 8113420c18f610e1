//! sed: a script, a NUL, and the text that it edits. Whatever it does, it comes to an end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::sed::{Outside, Settings};
use std::io::Read;

/// One operand, and files that are all alike.
struct Files<'a> {
    text: Option<&'a [u8]>,
    written: usize,
}

impl Outside for Files<'_> {
    fn next_file(&mut self) -> Option<(Vec<u8>, Box<dyn Read>)> {
        let text = self.text.take()?.to_vec();
        Some((b"f".to_vec(), Box::new(std::io::Cursor::new(text))))
    }
    fn complain(&mut self, _name: &[u8], _error: std::io::Error) {}
    fn end_of_file(&mut self) {}
    fn read(&mut self, _name: &[u8]) -> Option<Box<dyn Read>> {
        Some(Box::new(&b"r\ns"[..]))
    }
    fn put(&mut self, _target: usize, bytes: &[u8]) {
        self.written += bytes.len();
    }
    fn flush(&mut self) -> bool {
        self.written < 1 << 24
    }
}

fuzz_target!(|data: &[u8]| {
    let (Some(&manner), Some(end)) = (data.first(), data.iter().position(|&byte| byte == 0)) else {
        return;
    };
    let text = &data[end + 1..];
    let Ok(mut script) = safebox::sed::parse(&data[..end], manner & 1 != 0) else {
        return;
    };
    let settings = Settings {
        limit: 20_000,
        ..Settings::default()
    };
    let mut files = Files {
        text: Some(text),
        written: 0,
    };
    let _ = safebox::sed::run(&mut script, settings, &mut files);
});
