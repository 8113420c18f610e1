//! Lists of kernel modules, the indexes below `/lib/modules`, and what modules say they need.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::modules::plan::Plan;
use safebox::modules::tree::{self, Tree};
use safebox::modules::{parse_list, plain_name};
use std::collections::BTreeSet;
use std::path::PathBuf;

fuzz_target!(|data: &[u8]| {
    // A list, then an index of dependencies, then one of aliases.
    let mut parts = data.split(|&byte| byte == 0xff);
    let mut part = || parts.next().unwrap_or_default();
    let (list, index, aliases) = (part(), part(), part());
    let wanted = parse_list(list);
    for want in &wanted {
        assert!(!want.name.is_empty() && !want.name.contains(char::is_whitespace));
        let plain = plain_name(&want.name);
        assert_eq!(plain_name(&plain), plain);
        tree::by_alias(aliases, &want.name);
    }
    for name in tree::depends_of(data) {
        assert!(!name.contains([',', '\0', '-']));
    }
    let tree = Tree::from_index(PathBuf::from("/nosuch"), index);
    load(Plan::new(&wanted, &BTreeSet::new(), &tree), data);
});

/// Every wanted module is handed out or given up, once, and the plan comes to its end.
fn load(mut plan: Plan, data: &[u8]) {
    let mut fates = data.iter().cycle();
    let mut running = Vec::new();
    let mut seen = BTreeSet::new();
    loop {
        while let Some(job) = plan.next_job() {
            assert!(seen.insert(job.name.clone()), "{} twice", job.name);
            running.push(job);
        }
        let Some(job) = running.pop() else {
            break;
        };
        let fails = fates.next().is_some_and(|fate| fate & 7 == 7);
        plan.done(&job.name, if fails { Err("broken".into()) } else { Ok(()) });
    }
    let mut given_up = BTreeSet::new();
    for failure in plan.failures() {
        assert!(given_up.insert(&failure.name), "{} twice", failure.name);
    }
}
