//! What the metadata of an image say: for which boards it is, and which version.

use super::json::{Fault, Value};
use std::fmt;

/// Compatibility of an image's settings and partitions: `1.0`. Another first number means
/// that nothing fits, another second that settings of the old one do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compat {
    /// Before the dot.
    pub major: u32,
    /// Behind it.
    pub minor: u32,
}

impl Compat {
    /// Where nothing else is written.
    pub const FIRST: Compat = Compat { major: 1, minor: 0 };

    /// Reads `1.0`.
    pub fn parse(text: &str) -> Option<Compat> {
        let (major, minor) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        Some(Compat {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        })
    }
}

impl fmt::Display for Compat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The metadata of an image, as far as they matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Names of the boards that the image is for.
    pub boards: Vec<String>,
    /// 1.0 where nothing else is said.
    pub compat: Compat,
    /// What the maker has to say about an incompatible change.
    pub compat_message: Option<String>,
    /// Distribution, version and revision, for people.
    pub version: String,
}

impl Metadata {
    /// Reads the JSON of a metadata chunk.
    ///
    /// # Errors
    /// Where it is no JSON; 0 when it is, but no metadata.
    pub fn parse(json: &[u8]) -> Result<Metadata, Fault> {
        // Some builders end the text with a NUL.
        let end = json.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
        let value = Value::parse(json.get(..end).unwrap_or_default())?;
        let Value::Object(_) = value else {
            return Err(Fault(0));
        };
        let text = |key: &str| value.get(key).and_then(Value::text);
        let compat = match text("compat_version") {
            Some(text) => Compat::parse(text).ok_or(Fault(0))?,
            None => Compat::FIRST,
        };
        // With another compat_version the old key holds a message for old systems.
        let boards = value
            .get("new_supported_devices")
            .filter(|_| compat != Compat::FIRST)
            .or(value.get("supported_devices"))
            .map(Value::texts)
            .unwrap_or_default();
        let version = |key: &str| value.get("version")?.get(key)?.text();
        let parts = ["dist", "version", "revision"].map(version);
        Ok(Metadata {
            boards,
            compat,
            compat_message: text("compat_message").map(str::to_owned),
            version: parts.into_iter().flatten().collect::<Vec<_>>().join(" "),
        })
    }

    /// Whether the image is for this board.
    pub fn supports(&self, board: &str) -> bool {
        self.boards.iter().any(|name| name == board)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_list_counts_only_with_a_new_compat_version() {
        let check = |json: &str, compat: &str, boards: &[&str]| {
            let metadata = Metadata::parse(json.as_bytes()).unwrap();
            assert_eq!(metadata.compat.to_string(), compat);
            assert_eq!(metadata.boards, boards);
        };
        check(r#"{"supported_devices":["a,b","c"]}"#, "1.0", &["a,b", "c"]);
        let both = r#""supported_devices":["hint"],"new_supported_devices":["a"]"#;
        check(&format!(r#"{{{both}}}"#), "1.0", &["hint"]);
        check(
            &format!(r#"{{{both},"compat_version":"2.1"}}"#),
            "2.1",
            &["a"],
        );
    }

    #[test]
    fn what_is_no_metadata_is_refused() {
        assert!(Metadata::parse(b"[]").is_err());
        assert!(Metadata::parse(b"{\"compat_version\":\"x\"}").is_err());
        assert!(Metadata::parse(b"{}\0").is_ok());
    }
}
