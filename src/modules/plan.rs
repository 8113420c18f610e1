//! Which modules are loaded, each after those that it needs.
//!
//! [`Plan::next_job`] hands out whatever can be loaded now, so that independent modules load at
//! the same time; [`Plan::done`] takes the results. A module whose need failed is not tried.

use super::tree::Tree;
use super::{Wanted, plain_name};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Where modules come from: the real tree, or a test's.
pub trait Source {
    /// The file of a module, if there is one.
    fn file(&self, name: &str) -> Option<PathBuf>;
    /// What it needs, as plain names.
    fn depends(&self, name: &str) -> std::io::Result<Vec<String>>;
    /// Whether it is part of the kernel.
    fn is_built_in(&self, name: &str) -> bool;
}

impl Source for Tree {
    fn file(&self, name: &str) -> Option<PathBuf> {
        Tree::file(self, name).map(PathBuf::from)
    }

    fn depends(&self, name: &str) -> std::io::Result<Vec<String>> {
        Tree::depends(self, name)
    }

    fn is_built_in(&self, name: &str) -> bool {
        Tree::is_built_in(self, name)
    }
}

/// A module to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its plain name.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// Its parameters, separated by blanks.
    pub parameters: String,
    needs: BTreeSet<String>,
}

/// A module that is not loaded, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its plain name.
    pub name: String,
    /// The reason, for people.
    pub reason: String,
}

/// What is to be loaded and what came of it so far.
#[derive(Debug, Default)]
pub struct Plan {
    waiting: Vec<Job>,
    running: BTreeSet<String>,
    finished: BTreeSet<String>,
    failures: Vec<Failure>,
}

impl Plan {
    /// The wanted modules and all that they need, without those in `loaded` (plain names).
    pub fn new(wanted: &[Wanted], loaded: &BTreeSet<String>, source: &dyn Source) -> Plan {
        let mut plan = Plan {
            finished: loaded.clone(),
            ..Plan::default()
        };
        // Parameters hold wherever the module comes in, as a wish or as a need.
        let mut parameters = BTreeMap::new();
        for want in wanted {
            let given: &mut String = parameters.entry(plain_name(&want.name)).or_default();
            given.clone_from(&want.parameters);
        }
        for want in wanted {
            plan.add(&plain_name(&want.name), &parameters, source);
        }
        plan
    }

    /// Adds a module and, before it, what it needs.
    fn add(&mut self, name: &str, parameters: &BTreeMap<String, String>, source: &dyn Source) {
        let mut seen = BTreeSet::new();
        let mut stack = vec![name.to_owned()];
        while let Some(name) = stack.pop() {
            let known = self.finished.contains(&name)
                || self.waiting.iter().any(|job| job.name == name)
                || self.failures.iter().any(|failure| failure.name == name);
            if known || !seen.insert(name.clone()) {
                continue;
            }
            let Some(file) = source.file(&name) else {
                if source.is_built_in(&name) {
                    self.finished.insert(name);
                } else {
                    self.fail(name, "there is no such module".into());
                }
                continue;
            };
            match source.depends(&name) {
                Err(error) => self.fail(name, crate::error::reason(&error)),
                Ok(needs) => {
                    stack.extend(needs.iter().cloned());
                    self.waiting.push(Job {
                        parameters: parameters.get(&name).cloned().unwrap_or_default(),
                        // A module that names itself would wait for ever.
                        needs: needs.into_iter().filter(|need| *need != name).collect(),
                        name,
                        file,
                    });
                }
            }
        }
    }

    /// A module that can be loaded now. None: the rest waits for modules that are being
    /// loaded, or there is no rest.
    pub fn next_job(&mut self) -> Option<Job> {
        self.drop_hopeless();
        let is_ready = |job: &Job| job.needs.is_subset(&self.finished);
        let mut at = self.waiting.iter().position(is_ready);
        if at.is_none() && self.running.is_empty() && !self.waiting.is_empty() {
            // They need each other. The kernel will say what it thinks of that.
            at = Some(0);
        }
        let job = self.waiting.remove(at?);
        self.running.insert(job.name.clone());
        Some(job)
    }

    /// A module that was handed out is loaded, or is not: the reason.
    pub fn done(&mut self, name: &str, result: Result<(), String>) {
        self.running.remove(name);
        match result {
            Ok(()) => drop(self.finished.insert(name.to_owned())),
            Err(reason) => self.fail(name.to_owned(), reason),
        }
    }

    /// What was not loaded, in the order in which that became known.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    fn fail(&mut self, name: String, reason: String) {
        self.failures.push(Failure { name, reason });
    }

    /// Gives up what needs a module that failed, and what needs that.
    fn drop_hopeless(&mut self) {
        loop {
            let lacks = |job: &Job| {
                let mut failed = self.failures.iter().map(|failure| &failure.name);
                failed.find(|name| job.needs.contains(*name)).cloned()
            };
            let hopeless = |(at, job): (usize, &Job)| Some((at, lacks(job)?));
            let Some((at, lacking)) = self.waiting.iter().enumerate().find_map(hopeless) else {
                return;
            };
            let job = self.waiting.remove(at);
            self.fail(job.name, format!("needs {lacking}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Modules and what they need.
    struct Table(&'static [(&'static str, &'static [&'static str])]);

    impl Source for Table {
        fn file(&self, name: &str) -> Option<PathBuf> {
            let found = self.0.iter().find(|(known, _)| *known == name)?;
            Some(found.0.into())
        }

        fn depends(&self, name: &str) -> std::io::Result<Vec<String>> {
            let found = self.0.iter().find(|(known, _)| *known == name);
            let needs = found.map_or(&[][..], |(_, needs)| needs);
            Ok(needs.iter().map(|need| (*need).to_owned()).collect())
        }

        fn is_built_in(&self, name: &str) -> bool {
            name == "builtin"
        }
    }

    fn plan(list: &str, loaded: &[&str], source: &Table) -> Plan {
        let loaded = loaded.iter().map(|name| (*name).to_owned()).collect();
        Plan::new(&super::super::parse_list(list.as_bytes()), &loaded, source)
    }

    /// Takes what can be loaded at the same time, again and again; `broken` fails.
    fn waves(mut plan: Plan, broken: &[&str]) -> String {
        let mut waves = Vec::new();
        loop {
            let mut wave: Vec<_> = std::iter::from_fn(|| plan.next_job()).collect();
            if wave.is_empty() {
                break;
            }
            wave.sort_by(|a, b| a.name.cmp(&b.name));
            for job in &wave {
                let is_broken = broken.contains(&&*job.name);
                let result = if is_broken {
                    Err("broken".into())
                } else {
                    Ok(())
                };
                plan.done(&job.name, result);
            }
            let show = |job: Job| format!("{} {}", job.name, job.parameters).trim().to_owned();
            waves.push(wave.into_iter().map(show).collect::<Vec<_>>().join(","));
        }
        let failed = plan
            .failures()
            .iter()
            .map(|f| format!("; {}: {}", f.name, f.reason));
        waves.join(" ") + &failed.collect::<String>()
    }

    const USB: Table = Table(&[
        ("usb_storage", &["scsi_mod", "usbcore"]),
        ("sd_mod", &["scsi_mod", "builtin"]),
        ("scsi_mod", &["scsi_common"]),
        ("scsi_common", &[]),
        ("usbcore", &[]),
        ("vfat", &["fat"]),
        ("fat", &[]),
        ("a", &["b"]),
        ("b", &["a"]),
        ("self", &["self"]),
    ]);

    #[test]
    fn independent_modules_are_loaded_at_the_same_time_and_needs_first() {
        let list = "usb-storage delay_use=1\nsd-mod\nvfat\nfat quiet=1\nusb_storage delay_use=0\n";
        assert_eq!(
            waves(plan(list, &[], &USB), &[]),
            "fat quiet=1,scsi_common,usbcore scsi_mod,vfat sd_mod,usb_storage delay_use=0"
        );
    }

    #[test]
    fn what_is_loaded_or_built_in_is_not_loaded_again() {
        let list = "sd_mod\nvfat\nbuiltin";
        assert_eq!(
            waves(plan(list, &["scsi_mod", "fat", "vfat"], &USB), &[]),
            "sd_mod"
        );
    }

    #[test]
    fn a_module_that_fails_takes_only_those_that_need_it_with_it() {
        assert_eq!(
            waves(
                plan("usb_storage\nvfat\nnosuch\n", &[], &USB),
                &["scsi_common"]
            ),
            "fat,scsi_common,usbcore vfat; nosuch: there is no such module; \
             scsi_common: broken; scsi_mod: needs scsi_common; usb_storage: needs scsi_mod"
        );
    }

    #[test]
    fn modules_that_need_each_other_do_not_wait_for_ever() {
        assert_eq!(waves(plan("a\nself", &[], &USB), &[]), "self a b");
        assert_eq!(
            waves(plan("a", &[], &USB), &["a"]),
            "a; a: broken; b: needs a"
        );
    }
}
