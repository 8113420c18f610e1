//! The process in the background: goes on with what could not be done at once, and keeps
//! people informed by consoles, LED and announcements.

use rustix::event::{PollFd, PollFlags, poll};
use safebox::applet::Ctx;
use safebox::boot::{FAILSAFE_MARK, PREINIT_MARK, announce, led, tell};
use safebox::error::{At, Exit, Result};
use safebox::net::kernel::LinkEvents;
use safebox::net::rescue::{Report, Rescue, STATUS};
use safebox::proc::background::{self, Place};
use safebox::sys::process::{self, Fork};
use safebox::sys::signal;

/// A look at everything even if nothing is said to have changed.
const LOOK_EVERY_MS: u64 = 1000;
/// How often failsafe mode is announced after it has been entered, and after a cable got its
/// link: a PC's first packets on a fresh link are often lost.
const ANNOUNCEMENTS: u32 = 5;

pub struct Keeper {
    rescue: Rescue,
    events: Option<LinkEvents>,
    last: Report,
    /// Problems that people have been told of.
    told: Vec<String>,
    in_failsafe: bool,
    announcements_left: u32,
    /// Whether preinit ran at all: somebody may call us by hand.
    during_preinit: bool,
}

impl Keeper {
    pub fn new(ctx: &Ctx, rescue: Rescue) -> Keeper {
        Keeper {
            rescue,
            // Before the first look, so that nothing falls between.
            events: LinkEvents::listen().ok(),
            last: Report::default(),
            told: Vec::new(),
            in_failsafe: false,
            announcements_left: 0,
            during_preinit: ctx.path(PREINIT_MARK).exists(),
        }
    }

    /// Looks at everything once, does what can be done, and tells what is new.
    pub fn turn(&mut self, ctx: &Ctx) -> Report {
        let report = self.rescue.settle().unwrap_or_else(|error| Report {
            problems: vec![safebox::error::reason(&error)],
            ..Report::default()
        });
        let new_link = report
            .linked
            .iter()
            .any(|port| !self.last.linked.contains(port));
        if let Some(device) = &report.device
            && (new_link || report.device != self.last.device)
        {
            // Whoever does not hear it asks by ARP, sooner or later.
            let _ = self.rescue.tell_neighbours(device);
        }
        if report != self.last {
            // Without it the LED says less, and nothing else is lost.
            let _ = std::fs::write(ctx.path(STATUS), format!("{report}\n"));
        }
        self.tell_problems(ctx, &report);
        self.failsafe(ctx, &report, new_link);
        self.last = report.clone();
        report
    }

    /// What went wrong is told once, on every console.
    fn tell_problems(&mut self, ctx: &Ctx, report: &Report) {
        for problem in &report.problems {
            if !self.told.contains(problem) {
                tell::on_consoles(&ctx.root, &format!("failsafe: network: {problem}"));
                self.told.push(problem.clone());
            }
        }
    }

    /// In failsafe mode the LED shows whether a cable leads to us, and whoever comes is told.
    fn failsafe(&mut self, ctx: &Ctx, report: &Report, new_link: bool) {
        let entered = !self.in_failsafe && ctx.path(FAILSAFE_MARK).exists();
        self.in_failsafe |= entered;
        if !self.in_failsafe {
            return;
        }
        if entered || new_link {
            self.announcements_left = ANNOUNCEMENTS;
        }
        if entered || report.is_reachable() != self.last.is_reachable() {
            // It chooses between the two lights of failsafe mode.
            led::ask_set_state("failsafe");
            if !report.is_reachable() {
                tell::on_consoles(&ctx.root, &format!("failsafe: network: {report}"));
            }
        }
        if self.announcements_left > 0 && report.is_reachable() {
            self.announcements_left -= 1;
            // The next one comes in a second.
            let _ = announce::send(self.rescue.broadcast(), announce::ENTERING);
        }
    }

    /// Goes on for ever in a process of its own, or until preinit ends.
    pub fn stay(mut self, ctx: &Ctx, place: Place) -> Result<Exit> {
        if let Fork::Parent(_) = process::fork().at("start", "a process")? {
            return Ok(Exit::OK);
        }
        signal::set_defaults();
        place.settle().at("write", super::KEEPER)?;
        background::detach().at("leave", "the terminal")?;
        loop {
            let events = self.events.as_ref();
            let mut fds: Vec<PollFd<'_>> = events
                .map(|events| PollFd::new(events, PollFlags::IN))
                .into_iter()
                .collect();
            // Interrupted: we look, and come again.
            let _ = poll(&mut fds, Some(&signal::timespec(LOOK_EVERY_MS)));
            self.events.as_ref().map(LinkEvents::drain);
            let is_there = |mark: &str| ctx.path(mark).exists();
            if self.during_preinit && !is_there(PREINIT_MARK) && !is_there(FAILSAFE_MARK) {
                // Preinit ended without a word to us. The normal system must not be reachable
                // at this address.
                self.rescue.undo().at("take down", "the network")?;
                return Ok(Exit::OK);
            }
            self.turn(ctx);
        }
    }
}
