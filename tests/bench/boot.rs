//! The way into failsafe mode against the same by busybox, shell scripts and dropbear: in the
//! lab, from the start of /sbin/init to the prompt on the console, and to the first telnet and ssh.
//!
//! Both boards are told to go to failsafe mode on the kernel's command line, so that no time
//! passes in which a person could press a button.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run says why")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]
#![allow(clippy::print_stderr, reason = "the log of a board that does not boot")]
#![allow(dead_code, reason = "the lab has more than is needed here")]

#[path = "../vm/lab/mod.rs"]
mod lab;
#[path = "../support/tempdir.rs"]
mod tempdir;

use lab::Bench;
use lab::router::{FAILSAFE_ADDRESS, Setup};
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Rounds that count; one before them warms up.
const ROUNDS: usize = 7;
/// The ratio to reach.
const GOAL: f64 = 0.5;
/// What the boot stage of the lab says last.
const START: &str = "lab: starting /sbin/init";

fn main() {
    let ours = Bench::with("target/image");
    // The network of this bench is the one that both boards are on, by turns.
    let peer = Bench::with("target/bench/peer");
    let mut times = [const { Vec::new() }; 6];
    println!(
        "{:<34} {:>8} {:>8}  {:>5}",
        "seconds in the lab", "ours", "peer", "ratio"
    );
    for round in 0..=ROUNDS {
        let all = [boot(&ours), boot(&peer)].concat();
        if round > 0 {
            times
                .iter_mut()
                .zip(all)
                .for_each(|(times, time)| times.push(time));
        }
    }
    show("boot: to the prompt in failsafe", &times[0], &times[3]);
    show("boot: to telnet in failsafe", &times[1], &times[4]);
    show("boot: to ssh in failsafe", &times[2], &times[5]);
}

/// Seconds until the prompt, and until telnet and ssh answer.
fn boot(bench: &Bench) -> [f64; 3] {
    let mut router = bench.power_on_with(&Setup {
        append: "failsafe=true",
        ..Setup::default()
    });
    router.console.expect(START);
    let start = Instant::now();
    // A thread is on the same network as the one that starts it.
    let [telnet, ssh] = [23, 22].map(|port| std::thread::spawn(move || answers(start, port)));
    router.console.expect("FAILSAFE MODE active");
    router.console.expect("# ");
    let prompt = start.elapsed().as_secs_f64();
    let [telnet, ssh] = [telnet, ssh].map(|thread| thread.join().unwrap());
    router.cut_power();
    [prompt, telnet, ssh]
}

/// Seconds until somebody says something at this port.
fn answers(start: Instant, port: u16) -> f64 {
    let limit = Duration::from_millis(100);
    loop {
        if let Ok(mut peer) = TcpStream::connect_timeout(&(FAILSAFE_ADDRESS, port).into(), limit) {
            // What is there may only just be starting.
            peer.set_read_timeout(Some(lab::talk::PATIENCE)).unwrap();
            if peer.read(&mut [0]).is_ok_and(|count| count > 0) {
                return start.elapsed().as_secs_f64();
            }
        }
        assert!(start.elapsed() < lab::talk::PATIENCE, "nobody answers");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn show(name: &str, ours: &[f64], peer: &[f64]) {
    let mut ratios: Vec<f64> = ours.iter().zip(peer).map(|(a, b)| a / b).collect();
    ratios.sort_by(f64::total_cmp);
    let (own, theirs) = (median(ours), median(peer));
    let ratio = own / theirs;
    let verdict = if ratio <= GOAL { "" } else { "  missed" };
    println!(
        "{name:<34} {own:>8.2} {theirs:>8.2}  {ratio:>5.2} ({:.2}..{:.2}) of busybox to reach {GOAL}{verdict}",
        ratios[0],
        ratios[ratios.len() - 1],
    );
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
