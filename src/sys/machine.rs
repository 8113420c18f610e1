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
        let kib = text
            .lines()
            .find_map(|line| line.strip_prefix("MemAvailable:"))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kib.map(|kib| kib * 1024)
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}
