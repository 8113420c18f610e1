//! Measures safebox against its peers: `make bench`, `make bench ONLY=grep`. See README.md.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run says why")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

mod cases;
mod data;
mod measure;
mod ssh;

use cases::{CASES, Case};
use measure::{Contestant, measure};
use std::fmt::Write;
use std::path::Path;

/// Rounds that count; one before them warms up.
const ROUNDS: usize = 7;

fn main() {
    // What cargo itself passes is of no interest.
    let only = std::env::args()
        .skip(1)
        .find(|word| !word.starts_with("--"));
    let only = only.unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = root.join("target/bench");
    std::fs::create_dir_all(&dir).unwrap();
    std::env::set_current_dir(&dir).unwrap();
    data::contestants(&root.join("target/safebox"));
    measure::stay_on_one_core();

    let mut json = String::new();
    println!(
        "{:<34} {:>8} {:>8}  {:>5}",
        "user+sys milliseconds", "ours", "peer", "ratio"
    );
    for case in CASES.iter().filter(|case| case.name.contains(&only)) {
        if !Path::new("ours").join(case.words[0]).exists() {
            println!("{:<34} no such applet yet", case.name);
            continue;
        }
        let row = run(case);
        println!("{row}");
        let comma = if json.is_empty() { "" } else { ",\n" };
        write!(json, "{comma}{}", row.json()).unwrap();
    }
    std::fs::write(root.join("target/bench.json"), format!("[\n{json}\n]\n")).unwrap();
}

/// One line of the table.
struct Row {
    case: &'static Case,
    peer: &'static str,
    /// Medians in seconds.
    ours: f64,
    theirs: f64,
    /// Of the medians, and the extremes over the rounds.
    ratio: f64,
    least: f64,
    most: f64,
}

/// Runs all contestants of a case in turn, and compares ours with the best of the others.
fn run(case: &'static Case) -> Row {
    for need in case.needs {
        data::provide(need);
    }
    let ours = Contestant("ours");
    let mut own_times = Vec::new();
    let mut peer_times = vec![Vec::new(); case.peers.len()];
    for round in 0..=ROUNDS {
        let own = measure(case, ours);
        let peers: Vec<f64> = case
            .peers
            .iter()
            .map(|peer| measure(case, Contestant(peer)))
            .collect();
        if round > 0 {
            own_times.push(own);
            for (times, time) in peer_times.iter_mut().zip(peers) {
                times.push(time);
            }
        }
    }
    let best = (0..case.peers.len())
        .min_by(|a, b| median(&peer_times[*a]).total_cmp(&median(&peer_times[*b])))
        .unwrap();
    let mut ratios: Vec<f64> = own_times
        .iter()
        .zip(&peer_times[best])
        .map(|(own, peer)| own / peer)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (ours, theirs) = (median(&own_times), median(&peer_times[best]));
    Row {
        case,
        peer: case.peers[best],
        ours,
        theirs,
        ratio: ours / theirs,
        least: ratios[0],
        most: ratios[ROUNDS - 1],
    }
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = if self.ratio <= self.case.goal {
            ""
        } else {
            "  missed"
        };
        write!(
            f,
            "{:<34} {:>8.1} {:>8.1}  {:>5.2} ({:.2}..{:.2}) of {} to reach {:.1}{verdict}",
            self.case.name,
            self.ours * 1e3,
            self.theirs * 1e3,
            self.ratio,
            self.least,
            self.most,
            self.peer,
            self.case.goal
        )
    }
}

impl Row {
    fn json(&self) -> String {
        format!(
            "{{\"case\": \"{}\", \"peer\": \"{}\", \"ours_s\": {:.6}, \"peer_s\": {:.6}, \
             \"ratio\": {:.3}, \"least\": {:.3}, \"most\": {:.3}, \"goal\": {:.1}}}",
            self.case.name,
            self.peer,
            self.ours,
            self.theirs,
            self.ratio,
            self.least,
            self.most,
            self.case.goal
        )
    }
}
