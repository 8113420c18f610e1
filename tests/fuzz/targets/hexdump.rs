//! hexdump: a line that is a format, and the bytes that it shows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::text::hexdump::Formats;

fuzz_target!(|data: &[u8]| {
    let (format, bytes) = safebox_fuzz::two_parts(data);
    let Ok(formats) = Formats::parse(&[format, b"1/1 \"%02x\""]) else {
        return;
    };
    let block = formats.block();
    assert!(block > 0, "the second format shows a byte");
    let mut out = Vec::new();
    // A block may be long though the input is short; some are enough.
    for (number, data) in bytes.chunks(block).take(4).enumerate() {
        formats.put(data, (number * block) as u64, &mut out);
    }
    formats.put_end(bytes.len() as u64, &mut out);
});
