//! How soon a program that has ended is started again.
//!
//! One that ends at once would take the whole processor and fill the log. So after a few
//! quick ends the pause grows, up to a minute; a program that ran for a while starts anew
//! with a clean slate.

/// The shortest pause.
const PAUSE_MS: u64 = 1000;
/// The longest.
const LONGEST_PAUSE_MS: u64 = 60_000;
/// Who ran this long did not end quickly.
const QUICK_MS: u64 = 10_000;
/// So many quick ends are nobody's business.
const FORGIVEN: u32 = 3;

/// The starts and ends of one program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    started_ms: u64,
    quick_ends: u32,
    pause_ms: u64,
}

/// When it may start again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Milliseconds from its end.
    pub ms: u64,
    /// It has grown, which people should be told.
    pub has_grown: bool,
}

impl Pace {
    /// It was started; milliseconds of any steady clock.
    pub fn started(&mut self, now_ms: u64) {
        self.started_ms = now_ms;
    }

    /// It has ended.
    pub fn ended(&mut self, now_ms: u64) -> Pause {
        if now_ms.saturating_sub(self.started_ms) >= QUICK_MS {
            self.quick_ends = 0;
        } else {
            self.quick_ends = self.quick_ends.saturating_add(1);
        }
        let doublings = self.quick_ends.saturating_sub(FORGIVEN).min(16);
        let ms = (PAUSE_MS << doublings).min(LONGEST_PAUSE_MS);
        let before = std::mem::replace(&mut self.pause_ms, ms);
        Pause {
            ms,
            has_grown: ms > before.max(PAUSE_MS),
        }
    }
}

#[test]
fn quick_ends_slow_a_program_down_and_a_long_run_is_forgiven() {
    let mut pace = Pace::default();
    let mut now = 0;
    let mut run = |duration: u64| {
        pace.started(now);
        now += duration;
        let pause = pace.ended(now);
        now += pause.ms;
        (pause.ms, pause.has_grown)
    };
    let pauses: Vec<_> = (0..12).map(|_| run(10).0).collect();
    assert_eq!(
        pauses,
        [
            1000, 1000, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000
        ]
    );
    // The longest is told once.
    assert_eq!(run(10), (60_000, false));
    assert_eq!(run(10_000), (1000, false));
    for _ in 0..3 {
        assert_eq!(run(9999), (1000, false));
    }
    assert_eq!(run(9999), (2000, true));
}
