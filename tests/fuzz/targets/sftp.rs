//! Requests to the sftp server: each a length and its bytes; behind a first byte of 255 the
//! stream itself. It works on real files, in a cage.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::ssh::sftp::{FULL, LONGEST, PIECE, Server};
use safebox::ssh::wire::{Reader, put_string};
use safebox_fuzz::cage;
use std::fs;

const INIT: &[u8] = b"\0\0\0\x05\x01\0\0\0\x03";

fuzz_target!(|data: &[u8]| {
    // Devices do things when they are opened.
    if data.windows(3).any(|at| at == b"dev") {
        return;
    }
    let base = cage::modest_scratch();
    let (inside, outside) = (base.join("in"), base.join("out"));
    fs::create_dir_all(inside.join("d")).expect("the scratch directory is ours");
    fs::write(inside.join("f"), b"content").expect("the scratch directory is ours");
    if !outside.exists() {
        fs::write(&outside, b"untouched").expect("the scratch directory is ours");
    }
    let mut server = Server::new(&inside, data.len() % 7 == 0);
    match data.split_first() {
        Some((255, stream)) => {
            let mut output = Vec::new();
            if server.feed(stream, &mut output).is_ok() {
                assert!(output.len() < FULL + LONGEST);
            }
        }
        _ => requests(&mut server, data),
    }
    let _ = fs::remove_dir_all(&inside);
});

/// Every request has one answer, with its number.
fn requests(server: &mut Server, mut data: &[u8]) {
    let mut output = Vec::new();
    server.feed(INIT, &mut output).expect("a version");
    while let Some((&length, rest)) = data.split_first() {
        let (body, rest) = rest.split_at(usize::from(length).min(rest.len()));
        data = rest;
        let mut request = Vec::new();
        put_string(&mut request, body);
        output.clear();
        if server.feed(&request, &mut output).is_err() {
            return;
        }
        assert!(output.len() < PIECE + LONGEST);
        let mut reader = Reader(&output);
        let mut answer = Reader(reader.string().expect("an answer"));
        assert!(reader.0.is_empty() && !server.is_behind());
        assert!(answer.byte().is_some_and(|kind| kind > 100));
        assert_eq!(answer.u32(), Reader(&body[1..]).u32());
    }
}
