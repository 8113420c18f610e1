//! `ip route`: where packets go.

use super::{Ip, Words, invalid, name_of, scope_name, scope_number, usage};
use safebox::error::Result;
use safebox::net::interface::family;
use safebox::net::netlink::flag;
use safebox::net::prefix::Prefix;
use safebox::net::route::{self, Route, TABLE_LOCAL, TABLE_MAIN, kind};
use std::fmt::Write as _;
use std::net::IpAddr;

pub fn run(ip: &mut Ip, mut words: Words) -> Result<()> {
    let commands = [
        "show", "list", "lst", "add", "replace", "change", "append", "delete", "flush", "get",
    ];
    match words.command(&commands)? {
        "add" => change(ip, words, Some(flag::EXCL)),
        "replace" | "change" => change(ip, words, Some(flag::REPLACE)),
        "append" => change(ip, words, Some(flag::APPEND)),
        "delete" => change(ip, words, None),
        "flush" => flush(ip, words),
        "get" => get(ip, words),
        _ => show(ip, words),
    }
}

/// Which routes `show` and `flush` mean.
struct Filter {
    table: Option<u32>,
    device: Option<u32>,
    destination: Option<Prefix>,
}

impl Filter {
    fn read(ip: &mut Ip, words: &mut Words) -> Result<Filter> {
        let mut filter = Filter {
            table: Some(TABLE_MAIN),
            device: None,
            destination: None,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "table" => {
                    let table = words.value("table")?;
                    filter.table = (table != "all")
                        .then_some(table_number(&table))
                        .transpose()?;
                }
                "dev" => {
                    let device = words.value("dev")?;
                    filter.device = Some(ip.link(&device)?.index);
                }
                "to" | "exact" | "root" => {}
                _ => filter.destination = Some(destination(ip, &word)?),
            }
        }
        Ok(filter)
    }

    fn wants(&self, route: &Route) -> bool {
        self.table.is_none_or(|table| table == route.table)
            && self.device.is_none_or(|index| route.index == Some(index))
            && self.destination.is_none_or(|d| d == route.destination)
    }
}

fn table_number(word: &str) -> Result<u32> {
    Ok(match word {
        "main" => TABLE_MAIN,
        "local" => TABLE_LOCAL,
        "default" => 253,
        number => number.parse().map_err(|_| invalid("table", word))?,
    })
}

fn destination(ip: &Ip, word: &str) -> Result<Prefix> {
    if word == "default" || word == "any" {
        let v6 = ip.view.family == safebox::net::netlink::family::INET6;
        return Ok(route::default_destination(v6));
    }
    Prefix::parse(word).ok_or_else(|| invalid("prefix", word))
}

fn show(ip: &mut Ip, mut words: Words) -> Result<()> {
    let filter = Filter::read(ip, &mut words)?;
    let links = ip.links()?;
    for route in selected(ip, &filter)? {
        // A device that was asked for goes without saying.
        let index = route.index.filter(|_| filter.device.is_none());
        let device = index.map(|index| name_of(&links, index));
        ip.ctx
            .out
            .line(line(&route, device.as_deref(), filter.table.is_none()));
    }
    Ok(())
}

/// The wanted routes; IPv4 alone unless IPv6 is asked for, as `ip route` has it.
fn selected(ip: &mut Ip, filter: &Filter) -> Result<Vec<Route>> {
    use safebox::net::netlink::family;
    let v6 = ip.view.family == family::INET6;
    let asked = if v6 { family::INET6 } else { family::INET };
    let mut routes = ip.kernel.routes(asked).map_err(super::refused)?;
    routes.retain(|route| route.destination.address.is_ipv6() == v6 && filter.wants(route));
    Ok(routes)
}

fn line(route: &Route, device: Option<&str>, with_table: bool) -> String {
    let mut text = match route.kind {
        kind::UNICAST => String::new(),
        kind::LOCAL => "local ".into(),
        3 => "broadcast ".into(),
        4 => "anycast ".into(),
        5 => "multicast ".into(),
        6 => "blackhole ".into(),
        kind::UNREACHABLE => "unreachable ".into(),
        8 => "prohibit ".into(),
        other => format!("{other} "),
    };
    if route.destination.length == 0 {
        text.push_str("default");
    } else if route.destination.is_host() {
        write!(text, "{}", route.destination.address).unwrap_or_default();
    } else {
        write!(text, "{}", route.destination).unwrap_or_default();
    }
    if let Some(gateway) = route.gateway {
        write!(text, " via {gateway}").unwrap_or_default();
    }
    if let Some(device) = device {
        write!(text, " dev {device}").unwrap_or_default();
    }
    if with_table && route.table != TABLE_MAIN {
        match route.table {
            TABLE_LOCAL => text.push_str(" table local"),
            number => write!(text, " table {number}").unwrap_or_default(),
        }
    }
    match route.protocol {
        // Added by hand: not worth a word.
        3 => {}
        1 => text.push_str(" proto redirect"),
        2 => text.push_str(" proto kernel"),
        4 => text.push_str(" proto static"),
        9 => text.push_str(" proto ra"),
        16 => text.push_str(" proto dhcp"),
        number => write!(text, " proto {number}").unwrap_or_default(),
    }
    if route.scope != 0 {
        write!(text, " scope {}", scope_name(route.scope)).unwrap_or_default();
    }
    if let Some(source) = route.source {
        write!(text, " src {source}").unwrap_or_default();
    }
    if let Some(metric) = route.metric {
        write!(text, " metric {metric}").unwrap_or_default();
    }
    if route.destination.address.is_ipv6() {
        text.push_str(" pref medium");
    }
    if route.flags & 16 != 0 {
        text.push_str(" linkdown");
    }
    // iproute2 ends the line of a route with a blank, and scripts compare whole lines.
    if !route.destination.address.is_ipv6() {
        text.push(' ');
    }
    text
}

fn change(ip: &mut Ip, mut words: Words, how: Option<u16>) -> Result<()> {
    let mut first = words.next();
    let mut kind_of = kind::UNICAST;
    if matches!(
        first.as_deref(),
        Some("unreachable" | "blackhole" | "prohibit")
    ) {
        kind_of = match first.as_deref() {
            Some("blackhole") => 6,
            Some("prohibit") => 8,
            _ => kind::UNREACHABLE,
        };
        first = words.next();
    }
    if first.as_deref() == Some("to") {
        first = words.next();
    }
    let target = first.ok_or_else(|| usage("which route?"))?;
    let mut route = Route {
        kind: kind_of,
        ..Route::to(destination(ip, &target)?)
    };
    let mut scope = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "via" => route.gateway = Some(address(&words.value("via")?)?),
            "dev" => {
                let device = words.value("dev")?;
                route.index = Some(ip.link(&device)?.index);
            }
            "src" => route.source = Some(address(&words.value("src")?)?),
            "metric" | "preference" | "priority" => route.metric = Some(words.number("metric")?),
            "table" => route.table = table_number(&words.value("table")?)?,
            "scope" => scope = Some(scope_number(&words.value("scope")?)?),
            "proto" | "protocol" => {
                let word = words.value("proto")?;
                route.protocol = match word.as_str() {
                    "kernel" => 2,
                    "boot" => 3,
                    "static" => 4,
                    number => number.parse().map_err(|_| invalid("protocol", &word))?,
                };
            }
            _ => return Err(usage(&format!("unknown word '{word}'"))),
        }
    }
    // `default via fe80::1` means the IPv6 default without being told.
    if route.destination.length == 0 && route.gateway.is_some_and(|g| g.is_ipv6()) {
        route.destination = route::default_destination(true);
    }
    let Some(how) = how else {
        return ip.change(&route::delete(&route));
    };
    let direct = route.gateway.is_none() && route.destination.address.is_ipv4();
    let near = if direct && route.kind == kind::UNICAST {
        253
    } else {
        0
    };
    route.scope = scope.unwrap_or(near);
    ip.change(&route::add(&route, how))
}

fn address(word: &str) -> Result<IpAddr> {
    word.parse().map_err(|_| invalid("address", word))
}

fn flush(ip: &mut Ip, mut words: Words) -> Result<()> {
    let filter = Filter::read(ip, &mut words)?;
    if filter.device.is_none() && filter.destination.is_none() {
        return Err(usage("flush needs a device or a destination"));
    }
    for route in selected(ip, &filter)? {
        ip.change(&route::delete(&route))?;
    }
    Ok(())
}

/// The route that the kernel would take to an address.
fn get(ip: &mut Ip, mut words: Words) -> Result<()> {
    let target = address(&words.value("get")?)?;
    let links = ip.links()?;
    let mut routes = ip.kernel.routes(family(target)).map_err(super::refused)?;
    let covers = |route: &Route| {
        let wanted = Prefix {
            address: target,
            length: route.destination.length,
        };
        route.destination.address.is_ipv4() == target.is_ipv4()
            && wanted.network() == route.destination.network()
    };
    routes.retain(covers);
    // The longest prefix wins, then the smaller metric.
    let best = routes
        .iter()
        .min_by_key(|route| (128 - route.destination.length, route.metric.unwrap_or(0)));
    let Some(route) = best else {
        let unreachable = std::io::Error::from(std::io::ErrorKind::NetworkUnreachable);
        return Err(super::refused(unreachable));
    };
    let mut text = target.to_string();
    if let Some(gateway) = route.gateway {
        write!(text, " via {gateway}").unwrap_or_default();
    }
    if let Some(index) = route.index {
        write!(text, " dev {}", name_of(&links, index)).unwrap_or_default();
    }
    if let Some(source) = route.source {
        write!(text, " src {source}").unwrap_or_default();
    }
    ip.ctx.out.line(text);
    Ok(())
}
