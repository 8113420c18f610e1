//! How far a write is, in words.
//!
//! Text that begins with a carriage return is drawn over the one before it, on terminals. It
//! ends with a line feed at every tenth, which is what others are told.

use super::perform::Tell;
use std::time::Instant;

/// What `done` of `total` bytes after so many milliseconds looks like.
fn shown(done: u64, total: u64, elapsed_ms: u64) -> String {
    let rate = done * 1000 / elapsed_ms.max(1);
    let left_s = (total - done).checked_div(rate).unwrap_or(0);
    let percent = done * 100 / total.max(1);
    let rate = rate / 1024;
    let (minutes, seconds) = (left_s / 60, left_s % 60);
    format!("\r {percent:3}%, {rate} kB/s, {minutes}:{seconds:02} left")
}

/// Tells how far a write of `total` bytes is, every percent once.
pub struct Percent {
    total: u64,
    told: u64,
    start: Instant,
}

impl Percent {
    /// Nothing has been written yet.
    pub fn new(total: u64) -> Percent {
        Percent {
            total,
            told: 0,
            start: Instant::now(),
        }
    }

    /// So many bytes are written now.
    pub fn reach(&mut self, done: u64, tell: Tell<'_>) {
        let done = done.min(self.total);
        let percent = done * 100 / self.total.max(1);
        if percent <= self.told {
            return;
        }
        let elapsed_ms = self.start.elapsed().as_millis() as u64;
        let mut text = shown(done, self.total, elapsed_ms);
        if percent / 10 > self.told / 10 {
            text.push('\n');
        }
        self.told = percent;
        tell(&text);
    }
}

/// Tells how much of a stream has come whose length nobody knows, every MiB once.
#[derive(Default)]
pub struct Arrived(u64);

impl Arrived {
    /// So many bytes are there now.
    pub fn reach(&mut self, bytes: u64, tell: Tell<'_>) {
        let whole = bytes >> 20;
        if whole > self.0 {
            self.0 = whole;
            tell(&format!("\r {whole} MiB\n"));
        }
    }
}

#[test]
fn percent_rate_and_time_left_are_those_of_the_write_so_far() {
    const MIB: u64 = 1 << 20;
    let check = |done, total, ms, expected: &str| assert_eq!(shown(done, total, ms), expected);
    check(0, 0, 0, "\r   0%, 0 kB/s, 0:00 left");
    check(MIB, 12 * MIB, 8000, "\r   8%, 128 kB/s, 1:28 left");
    check(12 * MIB, 12 * MIB, 96_000, "\r 100%, 128 kB/s, 0:00 left");
}

#[test]
fn each_percent_is_told_once_and_each_tenth_ends_a_line() {
    let mut percent = Percent::new(250);
    let mut told = Vec::new();
    for done in 0..=250 {
        percent.reach(done, &mut |text| told.push(text.to_owned()));
    }
    assert_eq!(told.len(), 100);
    assert!(told.iter().all(|text| text.starts_with('\r')));
    let lines = told.iter().filter(|text| text.ends_with('\n'));
    assert_eq!(lines.count(), 10);
}
