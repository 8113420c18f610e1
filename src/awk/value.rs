//! Values: numbers, strings, and strings from outside that count as numbers if they look so.

use std::cmp::Ordering;
use std::rc::Rc;

/// Bytes that are shared until one of the owners changes them.
pub type Text = Rc<Vec<u8>>;

#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Never assigned: an empty string and zero.
    #[default]
    Nothing,
    Number(f64),
    Text(Text),
    /// A field, a line, an argument: a number if it looks like one.
    Input(Text),
}

impl Value {
    pub fn text(bytes: impl Into<Vec<u8>>) -> Value {
        Value::Text(Rc::new(bytes.into()))
    }

    pub fn input(bytes: impl Into<Vec<u8>>) -> Value {
        Value::Input(Rc::new(bytes.into()))
    }

    pub fn truth(&self) -> bool {
        match self {
            Value::Nothing => false,
            Value::Number(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Input(text) => match looks_numeric(text) {
                Some(number) => number != 0.0,
                None => !text.is_empty(),
            },
        }
    }

    pub fn number(&self) -> f64 {
        match self {
            Value::Nothing => 0.0,
            Value::Number(number) => *number,
            Value::Text(text) | Value::Input(text) => number_of(text),
        }
    }

    /// The value as a number where comparisons take it for one.
    fn numeric(&self) -> Option<f64> {
        match self {
            Value::Nothing => Some(0.0),
            Value::Number(number) => Some(*number),
            Value::Input(text) => looks_numeric(text),
            Value::Text(_) => None,
        }
    }

    /// Whether `%c` prints the byte of this number.
    pub fn as_byte(&self) -> Option<f64> {
        match self {
            Value::Nothing => None,
            value => value.numeric(),
        }
    }
}

/// Compares as numbers where both are, else as strings; None: one of them is no number (NaN).
pub fn compare(a: &Value, b: &Value, format: &[u8]) -> Option<Ordering> {
    if let (Some(a), Some(b)) = (a.numeric(), b.numeric()) {
        return a.partial_cmp(&b);
    }
    Some(to_text(a, format).cmp(&to_text(b, format)))
}

/// The string of a value; `format` is CONVFMT or OFMT.
pub fn to_text(value: &Value, format: &[u8]) -> Text {
    match value {
        Value::Nothing => Rc::default(),
        Value::Text(text) | Value::Input(text) => Rc::clone(text),
        Value::Number(number) => {
            let mut out = Vec::new();
            put_number(*number, format, &mut out);
            Rc::new(out)
        }
    }
}

/// Appends the string of a number: whole ones without a point.
pub fn put_number(number: f64, format: &[u8], out: &mut Vec<u8>) {
    /// Whole numbers beyond have no digits of their own any more.
    const WHOLE: f64 = 1e16;
    if number.abs() < WHOLE && number == number.trunc() {
        let whole = number as i64;
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = whole.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if whole < 0 {
            out.push(b'-');
        }
        return out.extend_from_slice(&digits[at..]);
    }
    super::format::number(format, number, out);
}

/// The number at the beginning of a text after blanks, 0 if there is none.
pub fn number_of(text: &[u8]) -> f64 {
    number_prefix(text.trim_ascii_start()).0
}

/// The number, where the text is one and nothing else but blanks.
pub fn looks_numeric(text: &[u8]) -> Option<f64> {
    let text = text.trim_ascii();
    let (number, length) = number_prefix(text);
    (length == text.len() && length > 0).then_some(number)
}

/// A number at the very beginning, and its length; 0: there is none.
pub fn number_prefix(text: &[u8]) -> (f64, usize) {
    let mut at = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let negative = text.first() == Some(&b'-');
    let sign = if negative { -1.0 } else { 1.0 };
    let start = at;
    if let [b'0', b'x' | b'X', rest @ ..] = &text[at..] {
        let digits = rest.iter().map_while(|byte| char::from(*byte).to_digit(16));
        let (value, count) = digits.fold((0.0, 0), |(value, count), digit| {
            (value * 16.0 + f64::from(digit), count + 1)
        });
        if count > 0 {
            return (sign * value, at + 2 + count);
        }
    }
    let digits = |at: usize| text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(at);
    at += whole;
    // Numbers of up to 15 digits are exact without further ado.
    let mut exact = whole <= 15;
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        fraction = digits(at + 1);
        if whole + fraction > 0 {
            at += 1 + fraction;
            exact = exact && fraction == 0;
        }
    }
    if whole + fraction == 0 {
        return (0.0, 0);
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let signed = at + 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(signed.min(text.len()));
        if exponent > 0 {
            at = signed + exponent;
            exact = false;
        }
    }
    if exact {
        let digits = &text[start..start + whole];
        let value = digits
            .iter()
            .fold(0u64, |value, byte| value * 10 + u64::from(byte - b'0'));
        return (sign * value as f64, at);
    }
    let parsed = std::str::from_utf8(&text[start..at]).ok();
    let value: f64 = parsed.and_then(|text| text.parse().ok()).unwrap_or(0.0);
    (sign * value, at)
}

#[test]
fn numbers_are_read_as_far_as_they_go() {
    let cases: [(&str, f64, usize); 11] = [
        ("12abc", 12.0, 2),
        ("-3.5e2x", -350.0, 6),
        (".5", 0.5, 2),
        ("5.", 5.0, 2),
        (".", 0.0, 0),
        ("1e", 1.0, 1),
        ("1e+", 1.0, 1),
        ("0x1F", 31.0, 4),
        ("0x", 0.0, 1),
        ("inf", 0.0, 0),
        ("123456789012345678", 123456789012345680.0, 18),
    ];
    for (text, value, length) in cases {
        assert_eq!(number_prefix(text.as_bytes()), (value, length), "{text}");
    }
    assert_eq!(looks_numeric(b" 10 \n"), Some(10.0));
    assert_eq!(looks_numeric(b"10x"), None);
    assert_eq!(looks_numeric(b""), None);
}
