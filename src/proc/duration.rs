//! Durations as people type them: `5`, `0.5`, `2m`, `1h`, `1d`.

use std::time::Duration;

/// Reads a number of seconds, with a fraction and one of the letters `s m h d`.
pub fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = match text.char_indices().last()? {
        (at, 's') => (&text[..at], 1.0),
        (at, 'm') => (&text[..at], 60.0),
        (at, 'h') => (&text[..at], 3600.0),
        (at, 'd') => (&text[..at], 86400.0),
        _ => (text, 1.0),
    };
    let is_number = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds: f64 = number.parse().ok().filter(|_| is_number)?;
    Duration::try_from_secs_f64(seconds * unit).ok()
}

#[test]
fn durations_have_fractions_and_units() {
    let ms = |text| parse(text).map(|duration| duration.as_millis());
    assert_eq!(ms("2"), Some(2000));
    assert_eq!(ms("0.25"), Some(250));
    assert_eq!(ms("1.5m"), Some(90_000));
    assert_eq!(ms("1d"), Some(86_400_000));
    for bad in [
        "",
        "s",
        "-1",
        "1x",
        "inf",
        "1e3",
        "nan",
        "9999999999999999999999",
    ] {
        assert_eq!(ms(bad), None, "{bad}");
    }
}
