//! How much stack is left: recursion in a script must end in a message, not in a crash.

/// The depth that a recursion may reach, as an address.
#[derive(Clone, Copy, Debug)]
pub struct StackGuard {
    floor: usize,
}

impl StackGuard {
    /// Allows `bytes` more of stack than are in use here.
    pub fn with_room(bytes: usize) -> StackGuard {
        StackGuard {
            floor: here().saturating_sub(bytes),
        }
    }

    /// Allows what the main thread of this process has, with a reserve for leaf calls.
    pub fn of_main_thread() -> StackGuard {
        const USUAL: u64 = 8 << 20;
        const RESERVE: u64 = 512 << 10;
        let limit = rustix::process::getrlimit(rustix::process::Resource::Stack).current;
        let room = limit.unwrap_or(USUAL).min(USUAL).saturating_sub(RESERVE);
        StackGuard::with_room(room as usize)
    }

    /// Whether there is still room to go deeper.
    pub fn has_room(&self) -> bool {
        here() > self.floor
    }
}

/// The stack pointer, nearly. Stacks grow downwards on all that Linux runs on and we build for.
#[inline(never)]
fn here() -> usize {
    let local = 0u8;
    std::ptr::from_ref(std::hint::black_box(&local)).addr()
}

#[test]
fn a_deep_recursion_is_noticed() {
    fn dive(guard: StackGuard, depth: u32) -> u32 {
        if guard.has_room() {
            std::hint::black_box(dive(guard, depth + 1))
        } else {
            depth
        }
    }
    assert!(dive(StackGuard::with_room(64 << 10), 0) > 10);
}
