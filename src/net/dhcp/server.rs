//! Who gets which address, for how long (RFC 2131 section 4.3).

use super::message::{Kind, Message, option};
use crate::net::prefix::{Prefix, netmask};
use std::net::{IpAddr, Ipv4Addr};

/// Seconds of a lease. The normal system must not find a PC with an address of ours.
pub const LEASE: u32 = 300;
/// Seconds that an offer is good for.
const OFFER: u64 = 30;
/// Seconds that nobody gets an address which somebody was found to use.
const SHUNNED: u64 = 600;
/// In a network that has room, the addresses from here on; people give themselves low ones.
const FIRST: u32 = 100;
/// How many there are to lend.
const MOST: u32 = 100;

/// One address that is not free.
struct Lease {
    address: Ipv4Addr,
    /// None: nobody of ours has it.
    mac: Option<[u8; 6]>,
    /// In seconds of the caller's clock.
    until: u64,
}

/// The server of a network.
pub struct Server {
    own: Ipv4Addr,
    length: u8,
    leases: Vec<Lease>,
}

impl Server {
    /// For the network that has the server's own address; None if it has no room for others.
    pub fn new(local: Prefix) -> Option<Server> {
        let IpAddr::V4(own) = local.address else {
            return None;
        };
        (1..=30).contains(&local.length).then_some(Server {
            own,
            length: local.length,
            leases: Vec::new(),
        })
    }

    /// Takes a message at a time in seconds; the answer, which must be broadcast.
    pub fn take(&mut self, message: &Message, now: u64) -> Option<Message> {
        // Whoever relays serves a network that is not ours.
        if !message.relay.is_unspecified() {
            return None;
        }
        self.leases.retain(|lease| lease.until > now);
        match message.kind {
            Kind::Discover => {
                let wanted = message.address(option::WANTED);
                let address = self.choose(message.mac, wanted)?;
                self.lend(address, Some(message.mac), now + OFFER);
                Some(self.answer(message, Kind::Offer, address))
            }
            Kind::Request => self.request(message, now),
            Kind::Decline => {
                let address = message.address(option::WANTED)?;
                if self.is_free_for(address, message.mac) {
                    self.lend(address, None, now + SHUNNED);
                }
                None
            }
            Kind::Release => {
                let is_theirs = |lease: &Lease| lease.mac == Some(message.mac);
                self.leases.retain(|lease| !is_theirs(lease));
                None
            }
            Kind::Inform => {
                let mut answer = self.answer(message, Kind::Ack, Ipv4Addr::UNSPECIFIED);
                answer
                    .options
                    .retain(|(number, _)| *number != option::LEASE);
                Some(answer)
            }
            Kind::Offer | Kind::Ack | Kind::Nak => None,
        }
    }

    fn request(&mut self, message: &Message, now: u64) -> Option<Message> {
        let server = message.address(option::SERVER);
        if server.is_some_and(|server| server != self.own) {
            // The offer of somebody else was taken.
            self.leases.retain(|lease| lease.mac != Some(message.mac));
            return None;
        }
        let wanted = message.address(option::WANTED);
        let wanted = wanted.or(Some(message.current).filter(|address| !address.is_unspecified()))?;
        if self.is_free_for(wanted, message.mac) {
            self.lend(wanted, Some(message.mac), now + u64::from(LEASE));
            return Some(self.answer(message, Kind::Ack, wanted));
        }
        // It comes from another network, or somebody has it: it asks anew at once.
        Some(self.answer(message, Kind::Nak, Ipv4Addr::UNSPECIFIED))
    }

    fn answer(&self, to: &Message, kind: Kind, yours: Ipv4Addr) -> Message {
        let mut answer = Message::ask(kind, to.exchange, to.mac);
        (answer.broadcast, answer.yours) = (true, yours);
        answer.put(option::SERVER, &self.own.octets());
        if kind != Kind::Nak {
            let mask = netmask(self.length);
            let all = self.own.to_bits() | !mask.to_bits();
            answer.put(option::LEASE, &LEASE.to_be_bytes());
            answer.put(option::NETMASK, &mask.octets());
            answer.put(option::BROADCAST, &all.to_be_bytes());
        }
        answer
    }

    /// The address that a client has, that it wants, or that is free.
    fn choose(&self, mac: [u8; 6], wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        let has = self.leases.iter().find(|lease| lease.mac == Some(mac));
        let has = has.map(|lease| lease.address);
        let wanted = has
            .or(wanted)
            .filter(|address| self.is_free_for(*address, mac));
        wanted.or_else(|| self.pool().find(|address| self.is_free_for(*address, mac)))
    }

    /// The addresses that are lent.
    fn pool(&self) -> impl Iterator<Item = Ipv4Addr> {
        let hosts = !netmask(self.length).to_bits();
        let network = self.own.to_bits() & !hosts;
        let first = if hosts > FIRST + MOST { FIRST } else { 1 };
        (first..hosts.min(first + MOST)).map(move |host| Ipv4Addr::from_bits(network | host))
    }

    fn is_free_for(&self, address: Ipv4Addr, mac: [u8; 6]) -> bool {
        let is_lent = |lease: &Lease| lease.address == address && lease.mac != Some(mac);
        address != self.own
            && self.pool().any(|other| other == address)
            && !self.leases.iter().any(is_lent)
    }

    /// One lease per client and per address, so there are never more than addresses.
    fn lend(&mut self, address: Ipv4Addr, mac: Option<[u8; 6]>, until: u64) {
        let stays = |lease: &Lease| lease.address != address && (mac.is_none() || lease.mac != mac);
        self.leases.retain(stays);
        self.leases.push(Lease {
            address,
            mac,
            until,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PC: [u8; 6] = [2, 0, 0, 0, 0, 9];

    fn server(local: &str) -> Server {
        Server::new(Prefix::parse(local).unwrap()).unwrap()
    }

    fn discover(mac: [u8; 6]) -> Message {
        Message::ask(Kind::Discover, 7, mac)
    }

    fn request(mac: [u8; 6], address: Ipv4Addr) -> Message {
        let mut message = Message::ask(Kind::Request, 7, mac);
        message.put(option::WANTED, &address.octets());
        message
    }

    #[test]
    fn a_pc_gets_an_address_and_keeps_it_but_neither_gateway_nor_names() {
        let mut server = server("192.168.1.1/24");
        let offer = server.take(&discover(PC), 0).unwrap();
        assert_eq!(
            (offer.kind, offer.exchange, offer.mac),
            (Kind::Offer, 7, PC)
        );
        assert_eq!(offer.yours, Ipv4Addr::new(192, 168, 1, 100));
        let ack = server.take(&request(PC, offer.yours), 1).unwrap();
        assert_eq!((ack.kind, ack.yours), (Kind::Ack, offer.yours));
        let numbers: Vec<u8> = ack.options.iter().map(|(number, _)| *number).collect();
        let (lease, mask, all) = (option::LEASE, option::NETMASK, option::BROADCAST);
        assert_eq!(numbers, [option::SERVER, lease, mask, all]);
        assert_eq!(ack.option(option::LEASE), Some(&300u32.to_be_bytes()[..]));
        assert_eq!(ack.option(option::NETMASK), Some(&[255, 255, 255, 0][..]));
        // The same again, also by who renews.
        assert_eq!(server.take(&discover(PC), 200).unwrap().yours, offer.yours);
        let mut renewal = Message::ask(Kind::Request, 8, PC);
        renewal.current = offer.yours;
        assert_eq!(server.take(&renewal, 250).unwrap().kind, Kind::Ack);
        // Another PC gets another one, until the first one has run out.
        let other = server.take(&discover([2, 0, 0, 0, 0, 8]), 260).unwrap();
        assert_ne!(other.yours, offer.yours);
        let third = request([2, 0, 0, 0, 0, 7], offer.yours);
        assert_eq!(server.take(&third, 549).unwrap().kind, Kind::Nak);
        assert_eq!(server.take(&third, 550).unwrap().kind, Kind::Ack);
    }

    #[test]
    fn what_another_server_or_network_gave_is_not_confirmed() {
        let mut server = server("192.168.1.1/24");
        let foreign = request(PC, Ipv4Addr::new(10, 0, 0, 5));
        assert_eq!(server.take(&foreign, 0).unwrap().kind, Kind::Nak);
        let own = request(PC, Ipv4Addr::new(192, 168, 1, 1));
        assert_eq!(server.take(&own, 0).unwrap().kind, Kind::Nak);
        let mut elsewhere = request(PC, Ipv4Addr::new(192, 168, 1, 150));
        elsewhere.put(option::SERVER, &[192, 168, 1, 254]);
        assert_eq!(server.take(&elsewhere, 0), None);
        let mut relayed = discover(PC);
        relayed.relay = Ipv4Addr::new(10, 0, 0, 1);
        assert_eq!(server.take(&relayed, 0), None);
    }

    #[test]
    fn an_address_in_use_is_avoided_and_one_given_back_is_free() {
        let mut server = server("192.168.1.1/24");
        let first = server.take(&discover(PC), 0).unwrap().yours;
        let mut decline = request(PC, first);
        decline.kind = Kind::Decline;
        assert_eq!(server.take(&decline, 1), None);
        let second = server.take(&discover(PC), 2).unwrap().yours;
        assert_ne!(first, second);
        assert_eq!(server.take(&Message::ask(Kind::Release, 1, PC), 3), None);
        let other = server.take(&discover([2, 0, 0, 0, 0, 8]), 4).unwrap();
        assert_eq!(other.yours, second);
    }

    #[test]
    fn a_small_network_lends_what_it_has_and_no_more() {
        let mut server = server("10.0.0.2/29");
        let mut given = Vec::new();
        for number in 0..20 {
            let mac = [2, 0, 0, 0, 1, number];
            given.extend(
                server
                    .take(&discover(mac), 0)
                    .map(|offer| offer.yours.octets()[3]),
            );
        }
        assert_eq!(given, [1, 3, 4, 5, 6]);
        assert!(Server::new(Prefix::parse("10.0.0.1/31").unwrap()).is_none());
        assert!(Server::new(Prefix::parse("10.0.0.1").unwrap()).is_none());
        assert!(Server::new(Prefix::parse("fe80::1/64").unwrap()).is_none());
    }

    #[test]
    fn who_only_asks_for_the_rest_gets_no_lease() {
        let mut server = server("192.168.1.1/24");
        let answer = server.take(&Message::ask(Kind::Inform, 5, PC), 0).unwrap();
        assert_eq!((answer.kind, answer.yours.to_bits()), (Kind::Ack, 0));
        assert_eq!(answer.option(option::LEASE), None);
        assert!(server.leases.is_empty());
    }
}
