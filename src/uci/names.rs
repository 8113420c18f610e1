//! Which names are allowed, and the generated ids of anonymous sections.

/// Section and option names: letters, digits, `_`.
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The name in a `package` statement: like a section's, and `-`.
pub fn is_package_word(name: &[u8]) -> bool {
    !name.is_empty()
        && name
            .iter()
            .all(|&b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Section types and packages named on the command line: printable ASCII without blanks.
pub fn is_type(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|b| matches!(b, 33..=126))
}

/// A value as the command line may give it.
pub fn is_value(value: &[u8]) -> bool {
    value
        .iter()
        .all(|b| matches!(b, b'\t' | b'\n' | b'\r' | 32..))
}

/// The id of an anonymous section: the how-manieth section of this load it is (from 1,
/// named ones counted), and a hash of its type.
pub fn generated(count: u32, kind: &[u8]) -> Vec<u8> {
    let step = |hash: u32, &byte: &u8| hash.wrapping_mul(33).wrapping_add(u32::from(byte));
    // The sign bit is cleared in between; the low half does not notice.
    let hash = kind.iter().fold(5381, step) & 0xffff;
    format!("cfg{count:02x}{hash:04x}").into_bytes()
}

#[test]
fn generated_ids_hash_the_type() {
    let vectors = "dnsmasq 411c, defaults e63d, zone dc81, rule 92bd, forwarding ad58, \
        device 0f15, dhcp ad04, host fe63, wifi-device 9e91, wifi-iface 3579, system e48a, \
        dropbear 4dd4, switch_vlan 1ec7";
    for vector in vectors.split(", ") {
        let (kind, hash) = vector.split_once(' ').unwrap();
        let id = generated(6, kind.as_bytes());
        assert_eq!(String::from_utf8(id).unwrap(), format!("cfg06{hash}"));
    }
    assert_eq!(generated(256, b"rule"), b"cfg10092bd");
}
