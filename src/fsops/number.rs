//! Numbers with a unit behind them, as `dd`, `truncate` and `find -size` take them.

/// Reads `4096`, `0x1000`, `4k`, `1M`, `3MB`: decimal or hexadecimal and a unit of
/// c (1), w (2), b (512), k K KiB (1024), kB KB (1000), and so on with M, G, T, P.
///
/// None for anything else, and for what does not fit.
pub fn bytes(text: &[u8]) -> Option<u64> {
    let hex = text
        .strip_prefix(b"0x")
        .or_else(|| text.strip_prefix(b"0X"));
    let (digits, radix) = hex.map_or((text, 10), |digits| (digits, 16));
    let is_digit = |b: &&u8| char::from(**b).is_digit(radix);
    let end = digits.iter().take_while(is_digit).count();
    let number = std::str::from_utf8(&digits[..end]).ok()?;
    let number = u64::from_str_radix(number, radix).ok()?;
    number.checked_mul(unit(&digits[end..])?)
}

fn unit(text: &[u8]) -> Option<u64> {
    let letter = match text {
        [] | b"c" => return Some(1),
        b"w" => return Some(2),
        b"b" => return Some(512),
        [letter, ..] => letter.to_ascii_uppercase(),
    };
    let power = b"KMGTP".iter().position(|&b| b == letter)? as u32 + 1;
    match &text[1..] {
        b"" | b"iB" => 1024_u64.checked_pow(power),
        b"B" | b"D" => 1000_u64.checked_pow(power),
        _ => None,
    }
}

#[test]
fn units_multiply() {
    let check = |text: &str, expected| assert_eq!(bytes(text.as_bytes()), expected, "{text}");
    check("0", Some(0));
    check("4096", Some(4096));
    check("0x10", Some(16));
    check("3c", Some(3));
    check("2w", Some(4));
    check("2b", Some(1024));
    check("1k", Some(1024));
    check("1K", Some(1024));
    check("1kB", Some(1000));
    check("2MB", Some(2_000_000));
    check("1MiB", Some(1 << 20));
    check("5G", Some(5 << 30));
    check("16P", Some(16 << 50));
    check("99999P", None);
    check("18446744073709551616", None);
    for text in ["", "k", "x", "-1", "+1", "1x", "1kk", "1 "] {
        check(text, None);
    }
}
