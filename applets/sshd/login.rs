//! Who wants in, and what they may do once they are.

use super::Options;
use russh::keys::PublicKey;
use russh::server::Auth;
use safebox::accounts::files::{self, User};
use safebox::applet::Ctx;
use safebox::net::resolve;
use safebox::proc::log::Log;
use safebox::ssh::authorized::{self, Allowance};
use safebox::ssh::keys::fingerprint;
use safebox::ssh::server::algorithms::{can_prove, methods};
use safebox::ssh::server::entry::{Books, Policy};
use safebox::sys::limits::Saved;
use safebox::sys::process;
use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Keys that a client may offer without proving that it has them.
const OFFERS: u32 = 15;
/// Tries for a login where `-T` says nothing.
const TRIES: u32 = 10;
/// A longer banner is cut off, in bytes.
const BANNER: usize = 2050;
/// Where the keys of root are.
const KEYS_OF_ROOT: &str = "/etc/dropbear";

/// What is the same for the whole connection.
pub struct Settings {
    /// Where messages go.
    pub log: Log,
    /// The client.
    pub peer: SocketAddr,
    /// What it has connected to.
    pub local: SocketAddr,
    /// Shown before the login.
    pub banner: Option<String>,
    /// Runs in place of whatever is asked for.
    pub command: Option<Vec<u8>>,
    /// Sessions get the environment of the server.
    pub environment: bool,
    /// Others than this device may use ports that are forwarded from here.
    pub open_forwards: bool,
    /// What programs may use.
    pub limits: Saved,
    root: PathBuf,
    policy: Policy,
    keys_dir: Option<PathBuf>,
    tries: u32,
    two_factors: bool,
    local_forwards: bool,
    remote_forwards: bool,
    /// Standard output is the listener's ear.
    reports: bool,
    inside: AtomicBool,
    refused: AtomicBool,
    who: Mutex<String>,
}

impl Settings {
    /// From the command line; `limits` as they were before.
    pub fn new(
        ctx: &Ctx,
        options: &Options,
        peer: SocketAddr,
        local: SocketAddr,
        limits: Saved,
    ) -> Settings {
        let banner = options.banner.as_ref().map(|file| {
            let mut text = std::fs::read(&file.0).unwrap_or_default();
            text.truncate(BANNER);
            String::from_utf8_lossy(&text).into_owned()
        });
        Settings {
            log: options.log(ctx),
            peer,
            local,
            banner: banner.filter(|text| !text.is_empty()),
            command: options.command.as_ref().map(|c| c.0.as_bytes().to_vec()),
            environment: options.environment,
            open_forwards: options.open_forwards,
            limits,
            root: ctx.root.clone(),
            policy: options.policy(),
            keys_dir: options.keys_dir.as_ref().map(|dir| PathBuf::from(&dir.0)),
            tries: options.tries.unwrap_or(TRIES).max(1),
            two_factors: options.two_factors,
            local_forwards: !options.no_local_forwards,
            remote_forwards: !options.no_remote_forwards,
            reports: options.connection,
            inside: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            who: Mutex::new("nobody".into()),
        }
    }

    /// Whether somebody has logged in.
    pub fn is_inside(&self) -> bool {
        self.inside.load(Relaxed)
    }

    /// Whether somebody tried and nobody succeeded.
    pub fn was_refused(&self) -> bool {
        self.refused.load(Relaxed) && !self.is_inside()
    }

    /// Who is logged in, for messages.
    pub fn who(&self) -> String {
        let who = self.who.lock();
        who.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the listener that somebody wants to log in.
    pub fn tell_asked(&self) {
        if self.reports {
            // It may have ended; this connection goes on.
            let _ = rustix::io::write(rustix::stdio::stdout(), &[super::listener::ASKED]);
        }
    }

    /// Tells the listener that somebody is inside.
    fn tell_inside(&self) -> io::Result<()> {
        self.inside.store(true, Relaxed);
        if self.reports {
            let null = std::fs::File::options().write(true).open("/dev/null")?;
            rustix::stdio::dup2_stdout(&null)?;
        }
        Ok(())
    }

    /// The address of a host and a port; names only those of the hosts file.
    pub fn resolve(&self, host: &str, port: u32) -> Option<SocketAddr> {
        let port = u16::try_from(port).ok()?;
        let found = resolve::host(host, &self.root.join("etc/hosts"));
        found.first().map(|address| SocketAddr::new(*address, port))
    }

    /// The account files as they are now: a password that has just been set counts.
    fn books(&self) -> Books {
        let read = |name: &str| std::fs::read(self.root.join("etc").join(name)).unwrap_or_default();
        Books {
            passwd: read("passwd"),
            shadow: read("shadow"),
            group: read("group"),
            shells: read("shells"),
        }
    }

    /// What the files of keys allow to this key.
    fn allowance(&self, user: &User, key: &PublicKey) -> Option<Allowance> {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec;
        let home = self.below_root(OsStr::from_bytes(&user.home));
        let mut files = Vec::new();
        match &self.keys_dir {
            Some(dir) => {
                let dir = match dir.strip_prefix("~") {
                    Ok(rest) => home.join(rest),
                    Err(_) => dir.clone(),
                };
                files.push((dir.clone(), dir));
            }
            None => {
                if user.uid == 0 {
                    let dir = self.below_root(OsStr::new(KEYS_OF_ROOT));
                    files.push((dir.clone(), dir));
                }
                files.push((home.join(".ssh"), home));
            }
        }
        files.into_iter().find_map(|(dir, top)| {
            let path = dir.join("authorized_keys");
            let content = match authorized::load(&path, &top, user.uid) {
                Ok(content) => content,
                Err(error) => {
                    if error.kind() == io::ErrorKind::PermissionDenied {
                        self.log.write(format_args!(
                            "{}: others may write to it or to its folder: chmod go-w",
                            path.display()
                        ));
                    }
                    return None;
                }
            };
            authorized::find(&content, key, self.peer.ip(), now)
        })
    }

    fn below_root(&self, path: &OsStr) -> PathBuf {
        let path = Path::new(path);
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// The way of a client from the door to the inside.
pub struct Login {
    settings: std::sync::Arc<Settings>,
    /// The name that was given first; another one is never asked for honestly.
    name: Option<String>,
    failures: u32,
    offers: u32,
    /// What has been proven, where two things must be.
    has_key: Option<Allowance>,
    has_password: bool,
    user: Option<User>,
    allowance: Allowance,
}

impl Login {
    /// Somebody at the door.
    pub fn new(settings: std::sync::Arc<Settings>) -> Login {
        Login {
            settings,
            name: None,
            failures: 0,
            offers: 0,
            has_key: None,
            has_password: false,
            user: None,
            allowance: Allowance::default(),
        }
    }

    /// Who is inside.
    pub fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// What they may do.
    pub fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// Whether a connection to this place may be forwarded.
    pub fn may_open(&self, host: &str, port: u32) -> bool {
        let port = u16::try_from(port);
        let may = |port| self.allowance.may_open(host.as_bytes(), port);
        self.settings.local_forwards && port.is_ok_and(may)
    }

    /// The same of sockets in the file system, which a list of ports does not name.
    pub fn may_open_sockets(&self) -> bool {
        let allowed = self.allowance.port_forwarding && self.allowance.open.is_empty();
        self.settings.local_forwards && allowed
    }

    /// Whether connections to this place may be listened for.
    pub fn may_listen(&self, host: &str, port: u32) -> bool {
        let port = u16::try_from(port);
        let may = |port| self.allowance.may_listen(host.as_bytes(), port);
        self.settings.remote_forwards && port.is_ok_and(may)
    }

    /// The same of sockets in the file system.
    pub fn may_listen_at_sockets(&self) -> bool {
        let allowed = self.allowance.port_forwarding && self.allowance.listen.is_empty();
        self.settings.remote_forwards && allowed
    }

    /// A client that comes with another name than before is sent away.
    fn same_name(&mut self, name: &str) -> Result<(), russh::Error> {
        match &self.name {
            Some(first) if first != name => Err(russh::Error::Disconnect),
            Some(_) => Ok(()),
            None => {
                self.name = Some(name.to_owned());
                Ok(())
            }
        }
    }

    /// No; where half of what is needed has been shown, only the other half is asked for.
    fn refuse(&self, half: bool) -> Auth {
        let (key, password) = match half {
            true => (self.has_password, !self.has_password),
            false => (true, !self.settings.policy.no_passwords),
        };
        Auth::Reject {
            proceed_with_methods: Some(methods(key, password)),
            partial_success: half,
        }
    }

    /// Whether another try is granted.
    fn may_try(&mut self, name: &str) -> Result<(), russh::Error> {
        if self.failures >= self.settings.tries {
            self.settings.log.write("Max auth tries reached");
            return Err(russh::Error::Disconnect);
        }
        self.same_name(name)
    }

    /// A try that failed.
    fn count(&mut self) -> Result<Auth, russh::Error> {
        self.settings.refused.store(true, Relaxed);
        self.failures += 1;
        Ok(self.refuse(false))
    }

    /// The name as it may stand in a log.
    fn shown(name: &str) -> String {
        name.chars()
            .take(100)
            .collect::<String>()
            .escape_debug()
            .to_string()
    }

    fn log(&self, what: &str, name: &str) {
        let (name, peer) = (Login::shown(name), self.settings.peer);
        self.settings
            .log
            .write(format_args!("{what} '{name}' from {peer}"));
    }

    /// Nothing is shown at all; clients begin with this.
    pub fn without_password(&mut self, name: &str) -> Result<Auth, russh::Error> {
        self.same_name(name)?;
        let books = self.settings.books();
        match books.without_password(&self.settings.policy, name) {
            Some(user) if !self.settings.two_factors => {
                self.log("Auth succeeded with blank password for", name);
                self.user = Some(user);
                Ok(Auth::Accept)
            }
            // It costs nothing and does not count, but no honest client asks twice.
            _ => {
                self.offers += 1;
                match self.offers > OFFERS {
                    true => Err(russh::Error::Disconnect),
                    false => Ok(self.refuse(false)),
                }
            }
        }
    }

    /// A password.
    pub fn with_password(&mut self, name: &str, password: &str) -> Result<Auth, russh::Error> {
        self.may_try(name)?;
        let books = self.settings.books();
        let Some(user) = books.with_password(&self.settings.policy, name, password) else {
            self.log("Bad password attempt for", name);
            return self.count();
        };
        if self.settings.two_factors && self.has_key.is_none() {
            if std::mem::replace(&mut self.has_password, true) {
                return self.count();
            }
            return Ok(self.refuse(true));
        }
        self.log("Password auth succeeded for", name);
        self.allowance = self.has_key.take().unwrap_or_default();
        self.user = Some(user);
        Ok(Auth::Accept)
    }

    fn entitled(&self, name: &str, key: &PublicKey) -> Option<(User, Allowance)> {
        if !can_prove(&key.algorithm()) {
            return None;
        }
        let user = self
            .settings
            .books()
            .entitled(&self.settings.policy, name)?;
        let allowance = self.settings.allowance(&user, key)?;
        Some((user, allowance))
    }

    /// Would this key be taken?
    pub fn offered(&mut self, name: &str, key: &PublicKey) -> Result<Auth, russh::Error> {
        self.same_name(name)?;
        if self.entitled(name, key).is_some() {
            return Ok(Auth::Accept);
        }
        self.offers += 1;
        match self.offers > OFFERS {
            true => Err(russh::Error::Disconnect),
            false => Ok(self.refuse(false)),
        }
    }

    /// A key that the client has proven to have.
    pub fn with_key(&mut self, name: &str, key: &PublicKey) -> Result<Auth, russh::Error> {
        self.may_try(name)?;
        let Some((user, allowance)) = self.entitled(name, key) else {
            return self.count();
        };
        if self.settings.two_factors && !self.has_password {
            if self.has_key.replace(allowance).is_some() {
                return self.count();
            }
            return Ok(self.refuse(true));
        }
        let (shown, algorithm) = (Login::shown(name), key.algorithm());
        self.settings.log.write(format_args!(
            "Pubkey auth succeeded for '{shown}' with {algorithm} key {} from {}",
            fingerprint(key),
            self.settings.peer
        ));
        self.allowance = allowance;
        self.user = Some(user);
        Ok(Auth::Accept)
    }

    /// Goes inside: from here on the whole process has the rights of the user.
    pub fn enter(&mut self) -> io::Result<()> {
        let Some(user) = &self.user else {
            return Err(io::ErrorKind::PermissionDenied.into());
        };
        if rustix::process::geteuid().is_root() && (user.uid != 0 || user.gid != 0) {
            let mut groups = files::groups_of(&self.settings.books().group, &user.name);
            groups.push(user.gid);
            process::become_user(user.uid, user.gid, &groups)?;
        }
        let name = String::from_utf8_lossy(&user.name);
        let who = self.settings.who.lock();
        *who.unwrap_or_else(PoisonError::into_inner) = Login::shown(&name);
        self.settings.tell_inside()
    }
}
