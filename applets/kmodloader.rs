//! kmodloader, modprobe - load kernel modules, each after those that it needs.
//!
//! Each module is loaded by a process of its own, several at a time: one whose hardware
//! keeps it waiting keeps nobody else, and one that crashes in the kernel ends its loader
//! and not the boot.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::modules::plan::{Job, Plan};
use safebox::modules::tree::Tree;
use safebox::modules::{self, Wanted};
use safebox::sys::console_log;
use safebox::sys::process::{self, Fork, Pid};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub static APPLET: Applet = Applet {
    names: &["kmodloader", "modprobe"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: kmodloader [-n] [DIRECTORY|FILE]...

Load the kernel modules that lists name, one per line: NAME PARAMETER=VALUE... Without an
operand the lists are those in /etc/modules.d. Modules that need others come after them;
others come in at the same time.

  -n                only print what would be loaded, in an order that works

Example: kmodloader /etc/modules-boot.d
";

const MODPROBE_USAGE: &str = "\
Usage: modprobe [-aqn] NAME [PARAMETER=VALUE]...

Load a kernel module and what it needs. NAME may be an alias of modules.alias.

  -a                all operands are names of modules
  -q                a name that nobody knows is no reason for a message
  -n                only print what would be loaded, in an order that works

Example: modprobe vfat
";

/// Most modules that are loaded at the same time.
const AT_ONCE: usize = 4;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    if ctx.name() == "modprobe" {
        return modprobe(ctx);
    }
    let opts = ctx.getopt(USAGE)?;
    let mut lists = opts.operands.clone();
    if lists.is_empty() {
        lists.push(ctx.path("/etc/modules.d").into());
    }
    let mut wanted = Vec::new();
    for list in &lists {
        read_lists(ctx, Path::new(list), &mut wanted);
    }
    if wanted.is_empty() {
        return Ok(ctx.status());
    }
    let tree = Tree::of_running_kernel(&ctx.root);
    let mut plan = Plan::new(&wanted, &loaded(ctx), &tree);
    if opts.has("n") {
        return show(ctx, &mut plan);
    }
    let start = Instant::now();
    let count = load(&mut plan);
    report(ctx, &plan);
    let (ms, failed) = (start.elapsed().as_millis(), plan.failures().len());
    console_log(&format!(
        "kmodloader: {count} modules loaded, {failed} failed, in {ms} ms"
    ));
    Ok(ctx.status())
}

fn modprobe(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt_leading(MODPROBE_USAGE)?;
    let Some((first, rest)) = opts.operands.split_first() else {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: MODPROBE_USAGE.into(),
            exit: Exit::FAILED,
        });
    };
    let text = |word: &OsString| word.to_string_lossy().into_owned();
    let (names, parameters): (Vec<String>, String) = if opts.has("a") {
        (opts.operands.iter().map(text).collect(), String::new())
    } else {
        let words: Vec<String> = rest.iter().map(text).collect();
        (vec![text(first)], words.join(" "))
    };
    let tree = Tree::of_running_kernel(&ctx.root);
    let mut wanted = Vec::new();
    for name in &names {
        let found = tree.resolve(name);
        if found.is_empty() && !tree.is_built_in(name) {
            if opts.has("q") {
                return Ok(Exit::FAILED);
            }
            ctx.complain(Error::message(format!("{name}: there is no such module")));
        }
        let want = |name| Wanted {
            name,
            parameters: parameters.clone(),
        };
        wanted.extend(found.into_iter().map(want));
    }
    let mut plan = Plan::new(&wanted, &loaded(ctx), &tree);
    if opts.has("n") {
        return show(ctx, &mut plan);
    }
    load(&mut plan);
    report(ctx, &plan);
    Ok(ctx.status())
}

/// What a list names, or all lists of a folder in the order of their names. A folder that
/// is missing has none.
fn read_lists(ctx: &mut Ctx, path: &Path, wanted: &mut Vec<Wanted>) {
    let mut files: Vec<PathBuf> = match std::fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(_) => vec![path.into()],
    };
    files.sort();
    for file in files.iter().filter(|file| !file.is_dir()) {
        match std::fs::read(file).at("read", file) {
            Ok(text) => wanted.extend(modules::parse_list(&text)),
            Err(error) => ctx.complain(error),
        }
    }
}

/// Plain names of what the kernel has loaded.
fn loaded(ctx: &Ctx) -> BTreeSet<String> {
    let table = std::fs::read_to_string(ctx.path("/proc/modules")).unwrap_or_default();
    let name = |line: &str| line.split(' ').next().map(str::to_owned);
    table.lines().filter_map(name).collect()
}

/// Prints the plan as if all went well.
fn show(ctx: &mut Ctx, plan: &mut Plan) -> Result<Exit> {
    while let Some(job) = plan.next_job() {
        plan.done(&job.name, Ok(()));
        let line = format!("insmod {} {}", job.file.display(), job.parameters);
        ctx.out.line(line.trim_end());
    }
    report(ctx, plan);
    Ok(ctx.status())
}

fn report(ctx: &mut Ctx, plan: &Plan) {
    for failure in plan.failures() {
        let (name, reason) = (&failure.name, &failure.reason);
        ctx.complain(Error::message(format!("{name}: {reason}")));
    }
}

/// Loads what can be loaded; how many came in.
fn load(plan: &mut Plan) -> usize {
    let mut running: Vec<(Pid, Job)> = Vec::new();
    let mut count = 0;
    loop {
        while running.len() < AT_ONCE
            && let Some(job) = plan.next_job()
        {
            match process::fork() {
                Ok(Fork::Child) => process::exit_now(insert(&job)),
                Ok(Fork::Parent(child)) => running.push((child, job)),
                Err(error) => plan.done(&job.name, Err(safebox::error::reason(&error))),
            }
        }
        let Some((child, status)) = process::wait_for_any() else {
            return count;
        };
        if let Some(at) = running.iter().position(|(pid, _)| *pid == child) {
            let (_, job) = running.swap_remove(at);
            count += usize::from(status == 0);
            plan.done(&job.name, outcome(status));
        }
    }
}

/// Loads one module; the status is the number of the error, which fits. One that somebody
/// else has loaded meanwhile is there.
fn insert(job: &Job) -> u8 {
    match modules::insert(&job.file, job.parameters.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            let number = error.raw_os_error().unwrap_or(255);
            u8::try_from(number).unwrap_or(255)
        }
        _ => 0,
    }
}

/// What the status of a loader says. The kernel's errors end at 133.
fn outcome(status: u8) -> std::result::Result<(), String> {
    match status {
        0 => Ok(()),
        1..=133 => {
            let error = std::io::Error::from_raw_os_error(status.into());
            Err(safebox::error::reason(&error))
        }
        _ => Err("the kernel ended its loading".into()),
    }
}
