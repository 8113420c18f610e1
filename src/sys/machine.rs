//! The machine as a whole: reboot, sync, clock, random.

use super::{Machine, Reboot};
use std::io;

/// The running kernel.
#[derive(Default)]
pub struct LinuxMachine;

impl Machine for LinuxMachine {
    fn reboot(&mut self, how: Reboot) -> io::Result<()> {
        let command = match how {
            Reboot::Restart => rustix::system::RebootCommand::Restart,
            Reboot::Halt => rustix::system::RebootCommand::Halt,
            Reboot::PowerOff => rustix::system::RebootCommand::PowerOff,
        };
        Ok(rustix::system::reboot(command)?)
    }

    fn sync(&mut self) {
        rustix::fs::sync();
    }

    fn command_line(&mut self) -> io::Result<String> {
        let bytes = std::fs::read("/proc/cmdline")?;
        Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    fn uptime_ms(&mut self) -> u64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
    }

    fn now(&mut self) -> i64 {
        rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec
    }

    fn random(&mut self, buf: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < buf.len() {
            match rustix::rand::getrandom(&mut buf[filled..], rustix::rand::GetRandomFlags::empty())
            {
                Ok(count) => filled += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn memory_available(&mut self) -> io::Result<u64> {
        let text = std::fs::read_to_string("/proc/meminfo")?;
        let kib = available(&text).ok_or(io::ErrorKind::InvalidData)?;
        Ok(kib * 1024)
    }
}

/// What `/proc/meminfo` says can be had, in KiB. The kernel's own estimate counts half of the
/// slabs, most of which are never given back where memory is little.
fn available(text: &str) -> Option<u64> {
    let value = |name: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
        rest.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    let cache = value("Cached:")?.saturating_sub(value("Shmem:").unwrap_or(0));
    let without_slabs = value("MemFree:")? + value("Buffers:").unwrap_or(0) + cache;
    Some(value("MemAvailable:")?.min(without_slabs))
}

#[test]
fn slabs_do_not_count_as_memory_that_can_be_had() {
    let text = "MemTotal: 43020 kB\nMemFree: 3596 kB\nMemAvailable: 11900 kB\nBuffers: 4 kB\n\
                Cached: 3852 kB\nSwapCached: 0 kB\nShmem: 2068 kB\nSReclaimable: 9596 kB\n";
    assert_eq!(available(text), Some(3596 + 4 + 3852 - 2068));
    let plenty = text.replace("MemFree: 3596", "MemFree: 35960");
    assert_eq!(available(&plenty), Some(11900));
    assert_eq!(available("MemFree: 1 kB\n"), None);
}
