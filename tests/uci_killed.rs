//! uci among others: a process that is killed after any call of the system loses no change and
//! carries none out twice, and processes that write at once lose nothing.
//!
//! `SAFEBOX` and `SAFEBOX_RUNNER` as for `uci.rs`; what runs in an emulator cannot be stopped
//! call by call.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "the report of a test")]

#[path = "support/transcript.rs"]
#[allow(dead_code, reason = "only its directories are used here")]
mod transcript;
#[path = "support/uci.rs"]
mod uci;

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use transcript::tempdir::TempDir;
use uci::{Subject, hidden, with_package};

/// None of these may be carried out twice.
const CHANGES: &str = "+p.cfg04b619='t'\np.cfg04b619.x='new'\n|p.s.l='c'\n-p.s.l='0'\n\
    ^p.s='2'\n@p.s.x='y'\n@p.s='r'\n~p.r.l='c'\n|p.r.l='d'\n";
const FILE: &str =
    "config t s\n\toption x 1\n\tlist l a\n\tlist l b\n\tlist l c\nconfig t\nconfig u n\n";
const COMMITTED: &str = "\nconfig t\n\nconfig u 'n'\n\nconfig t 'r'\n\toption y '1'\n\
    \tlist l 'b'\n\tlist l 'd'\n\nconfig t\n\toption x 'new'\n\n";

fn staged() -> TempDir {
    let dir = with_package(FILE);
    fs::create_dir(dir.path().join("save")).unwrap();
    fs::write(dir.path().join("save/p"), CHANGES).unwrap();
    dir
}

fn wait(pid: i32) -> i32 {
    let mut status = 0;
    #[allow(unsafe_code, reason = "waiting for a stop: nothing safe offers it")]
    // SAFETY: the place is valid for writing.
    let waited = unsafe { libc::waitpid(pid, &mut status, libc::__WALL) };
    assert_eq!(waited, pid);
    status
}

fn trace(request: libc::c_uint, pid: i32, data: usize) {
    #[allow(unsafe_code, reason = "tracing: nothing safe offers it")]
    // SAFETY: these requests touch no memory of ours.
    let done = unsafe { libc::ptrace(request as _, pid, 0_usize, data) };
    assert_eq!(done, 0, "ptrace {request}");
}

/// Starts a command and kills it behind its call number `calls`; false if it had ended before.
fn kill_behind(mut command: Command, calls: usize) -> bool {
    #[allow(unsafe_code, reason = "the child asks to be traced before it is uci")]
    // SAFETY: a single call of the system, which touches no memory.
    unsafe {
        command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = quiet.stderr(Stdio::null()).spawn().unwrap();
    let pid = child.id() as i32;
    assert!(libc::WIFSTOPPED(wait(pid)));
    // Two stops for each call: before and behind it.
    for _ in 0..2 * calls {
        trace(libc::PTRACE_SYSCALL, pid, 0);
        if !libc::WIFSTOPPED(wait(pid)) {
            // It has been waited for, so there is nothing left to fail.
            let _ = child.wait();
            return false;
        }
    }
    child.kill().unwrap();
    assert!(libc::WIFSIGNALED(wait(pid)));
    let _ = child.wait();
    true
}

/// Kills `uci ARGS...` behind each of its calls, each time in a new directory, and has a look.
fn killed_everywhere(subject: &Subject, args: &[&str], check: impl Fn(&Path, &str)) {
    if subject.runner.is_some() {
        eprintln!("skipped: an emulator is not stopped call by call");
        return;
    }
    let mut calls = 0;
    loop {
        let dir = staged();
        let mut command = subject.command(dir.path());
        command.args(["-c", "conf", "-t", "save"]).args(args);
        let was_killed = kill_behind(command, calls);
        check(dir.path(), &format!("{args:?} killed behind call {calls}"));
        if !was_killed {
            break;
        }
        calls += 1;
    }
    // Fewer are not enough for what a commit does: then nothing was traced.
    assert!(calls > 10, "{calls}");
}

#[test]
fn a_commit_killed_anywhere_neither_loses_nor_repeats_a_change() {
    let subject = Subject::new();
    killed_everywhere(&subject, &["commit", "p"], |dir, at| {
        let file = fs::read_to_string(dir.join("conf/p")).unwrap();
        assert!(file == FILE || file == COMMITTED, "{at}: {file}");
        let run = |args: &[&str]| {
            let (status, text) = subject.uci(dir, args, "");
            assert_eq!(status, 0, "{at}: {args:?}: {text}");
            text
        };
        let exported = format!("package p\n{COMMITTED}");
        assert_eq!(run(&["export", "p"]), exported, "{at}");
        let pending = if file == FILE { 9 } else { 0 };
        assert_eq!(run(&["changes", "p"]).lines().count(), pending, "{at}");
        // What comes then is a change like any other.
        run(&["add_list", "p.r.l=e"]);
        assert_eq!(run(&["changes", "p"]).lines().count(), pending + 1, "{at}");
        run(&["commit"]);
        let more = COMMITTED.replace("'d'\n", "'d'\n\tlist l 'e'\n");
        assert_eq!(
            fs::read_to_string(dir.join("conf/p")).unwrap(),
            more,
            "{at}"
        );
        assert_eq!(fs::read_to_string(dir.join("save/p")).unwrap(), "", "{at}");
        assert_eq!(hidden(&dir.join("conf")), "", "{at}");
    });
}

#[test]
fn a_second_commit_after_a_killed_one_leaves_nothing_behind() {
    let subject = Subject::new();
    killed_everywhere(&subject, &["commit", "p"], |dir, at| {
        assert_eq!(
            subject.uci(dir, &["commit"], ""),
            (0, String::new()),
            "{at}"
        );
        assert_eq!(
            fs::read_to_string(dir.join("conf/p")).unwrap(),
            COMMITTED,
            "{at}"
        );
        assert_eq!(fs::read_to_string(dir.join("save/p")).unwrap(), "", "{at}");
        assert_eq!(
            subject.uci(dir, &["changes"], ""),
            (0, String::new()),
            "{at}"
        );
    });
}

#[test]
fn a_revert_killed_anywhere_repeats_no_change() {
    let subject = Subject::new();
    let rest = CHANGES.replace("@p.s.x='y'\n", "");
    killed_everywhere(&subject, &["revert", "p.s.x"], |dir, at| {
        let left = fs::read_to_string(dir.join("save/p")).unwrap();
        let left = left.trim_end().to_owned() + "\n";
        assert!(left == CHANGES || left == rest, "{at}: {left}");
        assert_eq!(
            fs::read_to_string(dir.join("conf/p")).unwrap(),
            FILE,
            "{at}"
        );
    });
    killed_everywhere(&subject, &["revert", "p"], |dir, at| {
        let left = fs::read_to_string(dir.join("save/p")).unwrap();
        let left = left.trim_end();
        assert!(
            left == CHANGES.trim_end() || left.is_empty(),
            "{at}: {left}"
        );
    });
}

#[test]
fn a_set_killed_anywhere_is_staged_whole_or_not_at_all() {
    let subject = Subject::new();
    killed_everywhere(&subject, &["set", "p.n.z=it's"], |dir, at| {
        let left = fs::read_to_string(dir.join("save/p")).unwrap();
        let set = format!("{CHANGES}p.n.z='it'\\''s'\n");
        assert!(left == CHANGES || left == set, "{at}: {left}");
    });
}

#[test]
fn an_import_killed_anywhere_leaves_the_old_file_or_the_new_one() {
    let subject = Subject::new();
    let input = TempDir::new();
    let input = input.path().join("new");
    fs::write(&input, "config t other\n").unwrap();
    let args = ["-f", input.to_str().unwrap(), "import", "p"];
    killed_everywhere(&subject, &args, |dir, at| {
        let file = fs::read_to_string(dir.join("conf/p")).unwrap();
        assert!(
            file == FILE || file == "\nconfig t 'other'\n\n",
            "{at}: {file}"
        );
        assert_eq!(
            fs::read_to_string(dir.join("save/p")).unwrap(),
            CHANGES,
            "{at}"
        );
    });
}

#[test]
fn a_mark_of_another_file_means_nothing() {
    let subject = Subject::new();
    let check = |changes: &str, expected: &str| {
        let dir = with_package("config t s\n");
        let (conf, save) = (dir.path().join("conf/p"), dir.path().join("save"));
        use std::os::unix::fs::MetadataExt;
        let inode = fs::metadata(conf).unwrap().ino();
        fs::create_dir(&save).unwrap();
        fs::write(save.join("p"), changes.replace("INODE", &inode.to_string())).unwrap();
        let shown = subject.uci(dir.path(), &["get", "p.s.x"], "").1;
        let expected = expected.replace("INODE", &inode.to_string());
        assert_eq!(shown, expected, "{changes:?}");
    };
    let none = "uci: Entry not found\n";
    check("p.s.x='1'\n", "1\n");
    check("p.s.x='1'\n#committed 0\n", "1\n");
    check("p.s.x='1'\n#committed INODE", "1\n");
    check("p.s.x='1' #committed INODE\n", "1\n");
    check("p.s.x='\n#committed INODE\n'\n", "\n#committed INODE\n\n");
    check("p.s.x='1'\n\n#committed INODE\n", none);
    check("p.s.x='1'\n#committed INODE\np.s.x='2'\n", "2\n");
    check(
        "p.s.x='1'\n#committed INODE\n#committed 0\np.s.y='2'\n",
        none,
    );
    check("#committed INODE\np.s.x='1'\n", "1\n");
}

/// A batch process with these commands.
fn batch(subject: &Subject, dir: &Path, commands: &str) -> Child {
    let mut command = subject.command(dir);
    command.args(["-c", "conf", "-t", "save", "batch"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let commands = commands.to_owned();
    std::thread::spawn(move || stdin.write_all(commands.as_bytes()).unwrap());
    child
}

#[test]
fn two_processes_with_a_hundred_commits_each_lose_nothing() {
    let subject = Subject::new();
    let dir = with_package("config t s\n");
    let commands = |name: &str| -> String {
        let command =
            |number| format!("set p.s.{name}{number}=1\nadd_list p.s.l={name}{number}\ncommit p\n");
        (0..100).map(command).collect()
    };
    let mut children = ["a", "b"].map(|name| batch(&subject, dir.path(), &commands(name)));
    // Nobody may ever see less than before.
    let mut most = 0;
    while children
        .iter_mut()
        .any(|child| child.try_wait().unwrap().is_none())
    {
        let (status, shown) = subject.uci(dir.path(), &["show", "p.s"], "");
        let lines = shown.lines().count();
        assert!(
            status == 0 && lines >= most,
            "{lines} after {most}: {shown}"
        );
        most = lines;
    }
    assert!(
        children
            .iter_mut()
            .all(|child| child.wait().unwrap().success())
    );
    let shown = subject.uci(dir.path(), &["show", "p.s"], "").1;
    assert_eq!(shown.lines().count(), 202, "{shown}");
    let items = subject.uci(dir.path(), &["get", "p.s.l"], "").1;
    let mut items: Vec<_> = items.split_whitespace().collect();
    items.sort();
    items.dedup();
    assert_eq!(items.len(), 200);
    assert_eq!(subject.uci(dir.path(), &["changes"], "").1, "");
    assert_eq!(hidden(&dir.path().join("conf")), "");
}
