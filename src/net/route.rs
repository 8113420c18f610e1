//! Routes: RTM_NEWROUTE and what `ip route` asks for.

use super::interface::family;
use super::netlink::{Request, attributes, flag, u32_at};
use super::prefix::{Prefix, address_bytes, address_of};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTM_GETROUTE: u16 = 26;

/// Attributes of `linux/rtnetlink.h`.
mod rta {
    pub const DST: u16 = 1;
    pub const OIF: u16 = 4;
    pub const GATEWAY: u16 = 5;
    pub const PRIORITY: u16 = 6;
    pub const PREFSRC: u16 = 7;
    pub const TABLE: u16 = 15;
}

/// The table of ordinary routes.
pub const TABLE_MAIN: u32 = 254;
/// The table of the machine's own addresses.
pub const TABLE_LOCAL: u32 = 255;

/// Kinds of route (RTN_).
pub mod kind {
    /// To a gateway or a neighbour.
    pub const UNICAST: u8 = 1;
    /// To the machine itself.
    pub const LOCAL: u8 = 2;
    /// Answers that there is no way.
    pub const UNREACHABLE: u8 = 7;
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where to; length 0 is the default route.
    pub destination: Prefix,
    /// By whom.
    pub gateway: Option<IpAddr>,
    /// By which interface.
    pub index: Option<u32>,
    /// The address that our packets bear.
    pub source: Option<IpAddr>,
    /// The smaller wins.
    pub metric: Option<u32>,
    /// The table that it is in.
    pub table: u32,
    /// Who made it: 2 kernel, 3 boot, 4 static, 9 router advertisement.
    pub protocol: u8,
    /// 0 global, 253 link, 254 host.
    pub scope: u8,
    /// See [`kind`].
    pub kind: u8,
    /// RTNH_F_: 16 is linkdown.
    pub flags: u32,
}

impl Route {
    /// An ordinary route to `destination`.
    pub fn to(destination: Prefix) -> Route {
        Route {
            destination,
            gateway: None,
            index: None,
            source: None,
            metric: None,
            table: TABLE_MAIN,
            protocol: 3,
            scope: 0,
            kind: kind::UNICAST,
            flags: 0,
        }
    }
}

/// The destination of a default route.
pub fn default_destination(v6: bool) -> Prefix {
    let address = if v6 {
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    Prefix { address, length: 0 }
}

/// Asks for every route of a family; 0 is all.
pub fn dump(family: u8) -> Request {
    let mut body = [0; 12];
    body[0] = family;
    Request::new(RTM_GETROUTE, flag::DUMP, &body)
}

/// Adds a route; `how` is EXCL, REPLACE or APPEND.
pub fn add(route: &Route, how: u16) -> Request {
    request(RTM_NEWROUTE, super::kernel::adding(how), route)
}

/// Removes the route that matches.
pub fn delete(route: &Route) -> Request {
    let any = Route {
        // Whoever made it, wherever it reaches.
        protocol: 0,
        scope: 255,
        kind: 0,
        ..route.clone()
    };
    request(RTM_DELROUTE, flag::ACK, &any)
}

/// `struct rtmsg`: family, dst_len, src_len, tos, table, protocol, scope, type, flags.
fn request(message: u16, flags: u16, route: &Route) -> Request {
    let body = [
        family(route.destination.address),
        route.destination.length,
        0,
        0,
        u8::try_from(route.table).unwrap_or(0),
        route.protocol,
        route.scope,
        route.kind,
        0,
        0,
        0,
        0,
    ];
    let mut request = Request::new(message, flags, &body);
    if route.destination.length > 0 {
        request.attribute(rta::DST, &address_bytes(route.destination.address));
    }
    if let Some(gateway) = route.gateway {
        request.attribute(rta::GATEWAY, &address_bytes(gateway));
    }
    if let Some(index) = route.index {
        request.number(rta::OIF, index);
    }
    if let Some(source) = route.source {
        request.attribute(rta::PREFSRC, &address_bytes(source));
    }
    if let Some(metric) = route.metric {
        request.number(rta::PRIORITY, metric);
    }
    request.number(rta::TABLE, route.table);
    request
}

/// Reads the payload of RTM_NEWROUTE.
pub fn parse(payload: &[u8]) -> Option<Route> {
    let &[family, length, _, _, table, protocol, scope, kind, ..] = payload else {
        return None;
    };
    let unspecified = default_destination(family == super::netlink::family::INET6);
    let mut route = Route {
        table: table.into(),
        protocol,
        scope,
        kind,
        flags: u32_at(payload, 8)?,
        ..Route::to(Prefix {
            length,
            ..unspecified
        })
    };
    for (kind, value) in attributes(payload.get(12..)?) {
        match kind {
            rta::DST => route.destination.address = address_of(value)?,
            rta::GATEWAY => route.gateway = address_of(value),
            rta::OIF => route.index = u32_at(value, 0),
            rta::PREFSRC => route.source = address_of(value),
            rta::PRIORITY => route.metric = u32_at(value, 0),
            rta::TABLE => route.table = u32_at(value, 0)?,
            _ => {}
        }
    }
    Some(route)
}

#[test]
fn a_route_comes_back_as_it_was_added() {
    let route = Route {
        gateway: "192.168.1.2".parse().ok(),
        index: Some(4),
        metric: Some(10),
        ..Route::to(default_destination(false))
    };
    let bytes = add(&route, flag::EXCL).finish(1);
    assert_eq!(parse(&bytes[16..]), Some(route));
}
