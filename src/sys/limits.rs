//! What a process may use, and giving it back to the programs that it starts.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limits as they were.
#[derive(Clone, Debug)]
pub struct Saved([(Resource, Rlimit); 3]);

/// A process that talks to strangers needs no more.
const NARROW: [(Resource, u64); 3] = [
    // Memory with secrets is not written to a disk.
    (Resource::Core, 0),
    (Resource::Nofile, 4096),
    // Far more than a connection takes; an endless loop ends here, not with the device's memory.
    (Resource::Data, 256 * 1024 * 1024),
];

impl Saved {
    /// Narrows the limits of this process; what they were.
    pub fn confine() -> Saved {
        Saved(NARROW.map(|(resource, wish)| {
            let old = getrlimit(resource);
            let least = |limit: Option<u64>| limit.map_or(wish, |limit| limit.min(wish));
            let narrow = Rlimit {
                current: Some(least(old.current)),
                maximum: old.maximum,
            };
            // Cannot fail: it is below what is allowed.
            let _ = setrlimit(resource, narrow);
            (resource, old)
        }))
    }

    /// Widens them again, for a child just after fork.
    pub fn restore(&self) {
        for (resource, old) in &self.0 {
            // Cannot fail: the upper bound was never touched.
            let _ = setrlimit(*resource, *old);
        }
    }
}
