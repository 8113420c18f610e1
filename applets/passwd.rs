//! passwd - change a password.
//!
//! Works from a pipe (two lines) as from a terminal. Setting root's password closes the
//! open door of telnet and ssh, so it must be whole in the file before we say so.

use safebox::accounts::change::{Account, Files};
use safebox::accounts::crypt::{self, Kind};
use safebox::accounts::files;
use safebox::accounts::weak::{self, Owner};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::sys::hidden::{self, Answer};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

pub static APPLET: Applet = Applet {
    names: &["passwd"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: passwd [-a ALG] [-dlu] [-R DIR] [USER]

Change the password of USER, or your own.

  -a ALG            hash by sha256 (as usual), sha512 or md5
  -d                delete the password: USER gets in without one
  -l                lock: no password fits any more
  -u                unlock
  -R DIR            change the files below DIR/etc

In failsafe mode run mount_root first. Example: passwd root
";

/// Whose password it is, where it lies, and who changes it.
struct Case {
    files: Files,
    account: Account,
    is_root: bool,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let usage = || Error::Usage {
        complaint: String::new(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    };
    let kind = match opts.value("a") {
        None => Kind::Sha256,
        Some(name) => Kind::asked(name.as_bytes())?,
    };
    if let Some(root) = opts.value("R") {
        ctx.root = PathBuf::from(root);
    }
    if opts.operands.len() > 1 {
        return Err(usage());
    }
    let case = look(ctx, opts.operands.first().map(|name| name.as_bytes()))?;
    match opts.last_of(&["d", "l", "u"]) {
        Some(_) if !case.is_root || opts.operands.is_empty() => Err(usage()),
        Some(action) => change_state(ctx, &case, action),
        None => change_password(ctx, &case, kind),
    }
}

/// Reads who it is about; no name means whoever calls.
fn look(ctx: &Ctx, name: Option<&[u8]>) -> Result<Case> {
    let files = Files {
        passwd: ctx.path("/etc/passwd"),
        shadow: ctx.path("/etc/shadow"),
    };
    let text = std::fs::read(&files.passwd).at("open", &files.passwd)?;
    let uid = rustix::process::getuid();
    let user = match name {
        Some(name) => files::user(&text, name),
        None => files::user_by_number(&text, uid.as_raw()),
    };
    let user = user.ok_or_else(|| {
        let shown = match name {
            Some(name) => String::from_utf8_lossy(name).into_owned(),
            None => format!("uid {}", uid.as_raw()),
        };
        Error::message(format!("unknown user {shown}"))
    })?;
    if !uid.is_root() && user.uid != uid.as_raw() {
        let shown = String::from_utf8_lossy(&user.name).into_owned();
        return Err(Error::message(format!(
            "only root may change the password of {shown}"
        )));
    }
    let shadow = std::fs::read(&files.shadow).unwrap_or_default();
    Ok(Case {
        files,
        account: Account::new(user, &shadow),
        is_root: uid.is_root(),
    })
}

/// `-d`, `-l`, `-u`.
fn change_state(ctx: &mut Ctx, case: &Case, action: &str) -> Result<Exit> {
    let name = String::from_utf8_lossy(&case.account.user.name).into_owned();
    let locked = case.account.hash.strip_prefix(b"!");
    let hash = match (action, locked) {
        ("d", _) => Vec::new(),
        ("l", None) => [b"!", &case.account.hash[..]].concat(),
        ("u", Some(hash)) => hash.to_vec(),
        (action, _) => {
            let state = if action == "l" { "locked" } else { "unlocked" };
            return Err(Error::message(format!(
                "password for {name} is already {state}"
            )));
        }
    };
    store(ctx, case, &hash)?;
    ctx.say(format_args!(
        "password for {name} changed by {}",
        caller(ctx, case)
    ));
    Ok(Exit::OK)
}

fn change_password(ctx: &mut Ctx, case: &Case, kind: Kind) -> Result<Exit> {
    let name = String::from_utf8_lossy(&case.account.user.name).into_owned();
    ctx.out.line(format!("Changing password for {name}"));
    let old = match check_old(ctx, case)? {
        Some(old) => old,
        None => return unchanged(ctx, &name),
    };
    let Some(new) = ask(ctx, "New password: ")? else {
        return unchanged(ctx, &name);
    };
    if new.len() > crypt::LONGEST || new.contains(&0) {
        ctx.out.line("Password is too long");
        return unchanged(ctx, &name);
    }
    let system = rustix::system::uname();
    let owner = Owner {
        name: &case.account.user.name,
        gecos: &case.account.user.gecos,
        host: system.nodename().to_bytes(),
        old: &old,
    };
    if let Some(complaint) = weak::complaint(&new, &owner) {
        ctx.out.line(format!("Bad password: {complaint}"));
        if !case.is_root {
            return unchanged(ctx, &name);
        }
    }
    let Some(again) = ask(ctx, "Retype password: ")? else {
        return unchanged(ctx, &name);
    };
    if again != new {
        ctx.out.line("Passwords don't match");
        return unchanged(ctx, &name);
    }
    let mut random = [0; 16];
    ctx.sys
        .machine()
        .random(&mut random)
        .at("read", "random bytes")?;
    let hash = crypt::make(&new, kind, &random)
        .ok_or_else(|| Error::message("this password cannot be hashed"))?;
    store(ctx, case, hash.as_bytes())?;
    ctx.say(format_args!(
        "password for {name} changed by {}",
        caller(ctx, case)
    ));
    Ok(Exit::OK)
}

/// Asks everybody but root for the old password; None: it was not given.
fn check_old(ctx: &mut Ctx, case: &Case) -> Result<Option<Vec<u8>>> {
    if case.is_root || case.account.hash.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let Some(old) = ask(ctx, "Old password: ")? else {
        return Ok(None);
    };
    if crypt::verify(&old, &case.account.hash) {
        return Ok(Some(old));
    }
    std::thread::sleep(std::time::Duration::from_secs(3));
    ctx.out.line("Incorrect password");
    Ok(None)
}

/// One question, its unseen answer, and the line end that was not echoed.
fn ask(ctx: &mut Ctx, question: &str) -> Result<Option<Vec<u8>>> {
    let stdin = ctx.stdin();
    let answer = hidden::read_line(&*stdin, None, || {
        ctx.out.put(question.as_bytes());
        // A prompt that cannot be shown is reported at the end, like all lost output.
        let _ = ctx.out.flush();
    })
    .at("read", "standard input")?;
    ctx.out.put(b"\n");
    Ok(match answer {
        Answer::Line(line) => Some(line),
        Answer::Cancelled | Answer::TimedOut => None,
    })
}

fn unchanged(ctx: &mut Ctx, name: &str) -> Result<Exit> {
    ctx.say(format_args!("password for {name} is unchanged"));
    Ok(Exit::FAILED)
}

fn store(ctx: &mut Ctx, case: &Case, hash: &[u8]) -> Result<()> {
    let now = ctx.sys.machine().now();
    Ok(case.files.store(&[(&case.account, hash)], now)?)
}

/// Who runs us, by name where the file knows it.
fn caller(ctx: &Ctx, case: &Case) -> String {
    let uid = rustix::process::getuid().as_raw();
    let text = std::fs::read(&case.files.passwd).unwrap_or_default();
    match files::user_by_number(&text, uid) {
        Some(user) => String::from_utf8_lossy(&user.name).into_owned(),
        // Before the files of the account hold root: the number says enough.
        None if ctx.root.as_os_str() != "/" && uid == 0 => "root".into(),
        None => uid.to_string(),
    }
}
