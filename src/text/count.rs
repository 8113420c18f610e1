//! Numbers of lines and bytes, with the units of `head`, `tail`, `split` and `dd`.

/// Reads decimal digits and an optional unit: `b` 512, `k` or `K` 1024, `m` or `M` 1024
/// times that. None: anything else, or more than 64 bits hold.
pub fn parse(text: &[u8]) -> Option<u64> {
    let (digits, unit) = match text.split_last()? {
        (b'b', digits) => (digits, 512),
        (b'k' | b'K', digits) => (digits, 1024),
        (b'm' | b'M', digits) => (digits, 1024 * 1024),
        _ => (text, 1),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits)
        .ok()?
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
}

#[test]
fn units_multiply() {
    let cases: [(&[u8], Option<u64>); 6] = [
        (b"10", Some(10)),
        (b"2k", Some(2048)),
        (b"1M", Some(1 << 20)),
        (b"x", None),
        (b"", None),
        (b"99999999999999999999", None),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text), expected);
    }
}
