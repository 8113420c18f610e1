//! Names of hosts and services, from the files that a router in failsafe has.
//!
//! There is no name server then, and the C library's resolver cannot live in a static
//! binary: what is neither a number nor in `/etc/hosts` is an unknown name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Addresses of a host: a literal, `localhost`, or the lines of the hosts file.
pub fn host(name: &str, hosts_file: &Path) -> Vec<IpAddr> {
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    if let Ok(address) = bare.parse() {
        return vec![address];
    }
    let text = std::fs::read(hosts_file).unwrap_or_default();
    let mut found = in_hosts(name, &String::from_utf8_lossy(&text));
    if found.is_empty() && name.eq_ignore_ascii_case("localhost") {
        found = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    found
}

fn in_hosts(name: &str, text: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let address = words.next().and_then(|word| word.parse().ok());
        if let Some(address) = address
            && words.any(|word| word.eq_ignore_ascii_case(name))
        {
            found.push(address);
        }
    }
    found
}

/// The number of a port given by number or by its name in the services file.
pub fn port(name: &str, protocol: &str, services_file: &Path) -> Option<u16> {
    if let Ok(number) = name.parse() {
        return Some(number);
    }
    let text = std::fs::read(services_file).unwrap_or_default();
    in_services(name, protocol, &String::from_utf8_lossy(&text))
}

fn in_services(name: &str, protocol: &str, text: &str) -> Option<u16> {
    text.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let (first, number) = (words.next()?, words.next()?);
        let (number, kind) = number.split_once('/')?;
        let named = first == name || words.any(|word| word == name);
        (named && kind == protocol).then(|| number.parse().ok())?
    })
}

#[test]
fn names_are_found_in_the_files() {
    let hosts = "127.0.0.1 localhost\n# 1.2.3.4 pc\n192.168.1.2\tpc.lan PC # here\nfe80::1 pc\nx y";
    let expected: Vec<IpAddr> = ["192.168.1.2", "fe80::1"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    assert_eq!(in_hosts("pc", hosts), expected);
    let services = "telnet 23/tcp\ndomain 53/udp\ndomain 53/tcp dns\n";
    assert_eq!(in_services("dns", "tcp", services), Some(53));
    assert_eq!(in_services("telnet", "udp", services), None);
}
