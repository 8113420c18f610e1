//! awk: a program, a NUL, and the text that it works on. Whatever it does, it comes to an end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::awk::{Settings, Wait, World};
use std::io::{self, Read, Write};

/// A text for everybody who reads.
struct Nowhere<'a> {
    text: &'a [u8],
    written: usize,
}

impl World for Nowhere<'_> {
    fn read(&mut self, name: &[u8]) -> io::Result<Box<dyn Read>> {
        match name {
            b"" => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(Box::new(io::Cursor::new(self.text.to_vec()))),
        }
    }
    fn write(&mut self, _name: &[u8], _append: bool) -> io::Result<Box<dyn Write>> {
        Ok(Box::new(io::sink()))
    }
    fn read_command(&mut self, _command: &[u8]) -> io::Result<(Box<dyn Read>, Wait)> {
        Ok((Box::new(&b"c x\n"[..]), Box::new(|| 0.0)))
    }
    fn write_command(&mut self, _command: &[u8]) -> io::Result<(Box<dyn Write>, Wait)> {
        Ok((Box::new(io::sink()), Box::new(|| 1.0)))
    }
    fn system(&mut self, _command: &[u8]) -> f64 {
        0.0
    }
    fn put(&mut self, bytes: &[u8]) -> bool {
        self.written += bytes.len();
        self.written < 1 << 24
    }
    fn flush(&mut self) -> bool {
        true
    }
    fn complain(&mut self, _name: &[u8], _error: io::Error) {}
    fn now(&mut self) -> i64 {
        1_700_000_000
    }
}

fuzz_target!(|data: &[u8]| {
    let Some(end) = data.iter().position(|&byte| byte == 0) else {
        return;
    };
    let Ok(program) = safebox::awk::parse(&data[..end]) else {
        return;
    };
    let settings = Settings {
        arguments: vec![b"awk"],
        environment: vec![(b"HOME", b"/")],
        variables: vec![(b"v", b"1".to_vec())],
        limit: 20_000,
    };
    let mut world = Nowhere {
        text: &data[end + 1..],
        written: 0,
    };
    let _ = safebox::awk::run(program, &settings, &mut world);
});
