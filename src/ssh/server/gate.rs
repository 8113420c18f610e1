//! Which connections the listener serves now, which wait and which give way.
//!
//! Only those that have not logged in are counted. What a connection costs before that is a
//! process; one that waits costs a descriptor.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Connections of one address that are being served without having logged in.
const PER_ADDRESS: usize = 5;
/// The same of all addresses.
const IN_TOTAL: usize = 30;
/// Connections that wait for their turn.
const WAITING: usize = 64;
/// So long a connection has to get as far as asking for a login before it may have to go.
const MAKE_WAY: Duration = Duration::from_secs(1);
/// Failures of an address before its connections have to wait, and how fast they are forgotten.
const FAILURES: u32 = 10;
const FORGET: Duration = Duration::from_secs(10);
/// Addresses whose failures are remembered.
const REMEMBERED: usize = 32;

/// A connection that is served but has not logged in.
struct Guest {
    id: u32,
    from: IpAddr,
    since: Instant,
    /// It has asked for a login: a person may be typing.
    asked: bool,
}

/// Somebody who failed to log in.
struct Failures {
    from: IpAddr,
    count: u32,
    last: Instant,
}

/// The state of the listener; `T` is a connection that waits.
pub struct Gate<T> {
    guests: Vec<Guest>,
    waiting: VecDeque<(IpAddr, T)>,
    failures: Vec<Failures>,
}

/// What is to be done now.
pub enum Act<T> {
    /// Serve this one.
    Serve(IpAddr, T),
    /// End the process with this id; its place is free when [`Gate::left`] is called.
    End(u32),
    /// Nothing before this time; None: nothing before something happens.
    Wait(Option<Duration>),
}

impl<T> Default for Gate<T> {
    fn default() -> Gate<T> {
        Gate {
            guests: Vec::new(),
            waiting: VecDeque::new(),
            failures: Vec::new(),
        }
    }
}

impl<T> Gate<T> {
    /// A new connection waits. Gives back the one that has to go because too many do.
    #[must_use]
    pub fn arrive(&mut self, from: IpAddr, connection: T) -> Option<T> {
        self.waiting.push_back((from, connection));
        // The oldest: whoever came last is the likeliest to be still there.
        (self.waiting.len() > WAITING)
            .then(|| self.waiting.pop_front().map(|(_, connection)| connection))?
    }

    /// A connection is served by this process now.
    pub fn entered(&mut self, id: u32, from: IpAddr, now: Instant) {
        self.guests.push(Guest {
            id,
            from,
            since: now,
            asked: false,
        });
    }

    /// It has come as far as asking for a login.
    pub fn asked(&mut self, id: u32) {
        if let Some(guest) = self.guests.iter_mut().find(|guest| guest.id == id) {
            guest.asked = true;
        }
    }

    /// It has logged in or ended.
    pub fn left(&mut self, id: u32) {
        self.guests.retain(|guest| guest.id != id);
    }

    /// Somebody at this address has not found the password.
    pub fn failed(&mut self, from: IpAddr, now: Instant) {
        self.forget(now);
        if let Some(failures) = self.failures.iter_mut().find(|f| f.from == from) {
            failures.count = failures.count.saturating_add(1);
            return;
        }
        if self.failures.len() == REMEMBERED {
            self.failures.remove(0);
        }
        self.failures.push(Failures {
            from,
            count: 1,
            last: now,
        });
    }

    fn forget(&mut self, now: Instant) {
        for failures in &mut self.failures {
            while failures.count > 0 && now.saturating_duration_since(failures.last) >= FORGET {
                failures.count -= 1;
                failures.last += FORGET;
            }
        }
        self.failures.retain(|failures| failures.count > 0);
    }

    /// What is to be done now; asked again until it is to wait.
    pub fn next(&mut self, now: Instant) -> Act<T> {
        self.forget(now);
        let mut soonest = None;
        let mut at_least = |time: Duration| {
            soonest = Some(soonest.map_or(time, |other: Duration| other.min(time)));
        };
        for at in (0..self.waiting.len()).rev() {
            let Some(from) = self.waiting.get(at).map(|(from, _)| *from) else {
                break;
            };
            let failures = self.failures.iter().find(|f| f.from == from);
            if let Some(failures) = failures.filter(|f| f.count >= FAILURES) {
                at_least(FORGET.saturating_sub(now.saturating_duration_since(failures.last)));
                continue;
            }
            let of_address = self.guests.iter().filter(|guest| guest.from == from);
            if of_address.count() < PER_ADDRESS && self.guests.len() < IN_TOTAL {
                if let Some((from, connection)) = self.waiting.remove(at) {
                    return Act::Serve(from, connection);
                }
                break;
            }
            let crowd = self
                .guests
                .iter()
                .filter(|guest| guest.from == from)
                .count();
            let in_the_way =
                |guest: &&Guest| !guest.asked && (crowd < PER_ADDRESS || guest.from == from);
            // They are in the order of their arrival.
            if let Some(oldest) = self.guests.iter().find(in_the_way) {
                let age = now.saturating_duration_since(oldest.since);
                if age >= MAKE_WAY {
                    return Act::End(oldest.id);
                }
                at_least(MAKE_WAY - age);
            }
        }
        Act::Wait(soonest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PC: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 2));

    /// Acts until it is to wait: who was served and who ended.
    fn settle(gate: &mut Gate<u32>, now: Instant) -> (Vec<u32>, Vec<u32>) {
        let (mut served, mut ended) = (Vec::new(), Vec::new());
        loop {
            match gate.next(now) {
                Act::Serve(from, id) => {
                    gate.entered(id, from, now);
                    served.push(id);
                }
                Act::End(id) => {
                    gate.left(id);
                    ended.push(id);
                }
                Act::Wait(_) => return (served, ended),
            }
        }
    }

    #[test]
    fn half_open_connections_make_way_and_logins_do_not() {
        let mut gate = Gate::default();
        let start = Instant::now();
        for id in 0..7 {
            assert_eq!(gate.arrive(PC, id), None);
            settle(&mut gate, start);
        }
        gate.asked(0);
        let later = start + MAKE_WAY;
        // The newest of the two that wait comes first.
        assert_eq!(settle(&mut gate, later), (vec![6, 5], vec![1, 2]));
        for id in [3, 4, 5, 6] {
            gate.asked(id);
        }
        assert_eq!(gate.arrive(PC, 7), None);
        assert_eq!(settle(&mut gate, later + MAKE_WAY * 9), (vec![], vec![]));
        gate.left(0);
        assert_eq!(settle(&mut gate, later), (vec![7], vec![]));
    }

    #[test]
    fn a_flood_from_one_address_leaves_room_for_another() {
        let mut gate = Gate::default();
        let now = Instant::now();
        for id in 0..200 {
            let _ = gate.arrive(PC, id);
            settle(&mut gate, now);
        }
        assert_eq!(
            gate.arrive(IpAddr::from([10, 0, 0, 1]), 999),
            Some(200 - WAITING as u32)
        );
        assert_eq!(settle(&mut gate, now), (vec![999], vec![]));
    }

    #[test]
    fn an_address_that_guesses_passwords_is_slowed_down_and_forgiven() {
        let mut gate = Gate::default();
        let now = Instant::now();
        for _ in 0..FAILURES {
            gate.failed(PC, now);
        }
        assert_eq!(gate.arrive(PC, 1), None);
        assert!(matches!(gate.next(now), Act::Wait(Some(FORGET))));
        assert_eq!(settle(&mut gate, now + FORGET), (vec![1], vec![]));
    }
}
