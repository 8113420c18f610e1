//! What a session runs: a shell, a command or a transfer of files.

use super::forward::private_socket;
use super::login::{Login, Settings};
use super::relay::{Bridge, Fd, Intake, Outlet, PIECE, Target, watched};
use super::transfer::transfer;
use russh::server::{Handle, Msg};
use russh::{Channel, Pty as Mode, Sig};
use rustix::process::{WaitOptions, WaitStatus};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use safebox::accounts::files::User;
use safebox::error::reason;
use safebox::ssh::server::terminal;
use safebox::sys::process::{self, Fork};
use safebox::sys::pty::{self, Pty};
use safebox::sys::signal::{self, Signals};
use safebox::sys::tty;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::oneshot;

/// A longer command is refused, in bytes; so is a longer name of a terminal.
const COMMAND: usize = 9000;
const TERM: usize = 200;
/// What is left in a pipe when its program has ended is sent, but not for ever.
const LAST_WORDS: usize = 1024 * 1024;
/// A terminal that nobody has open may be opened again.
const AGAIN: Duration = Duration::from_millis(20);

/// A session's channel.
pub struct Waiting {
    /// Until something runs.
    channel: Option<Channel<Msg>>,
    terminal: Option<Terminal>,
    /// The terminal of what runs.
    master: Weak<Fd>,
    agent: Option<PathBuf>,
    /// What runs.
    pid: Option<i32>,
    /// Dropped when the client closes the channel.
    running: Option<oneshot::Sender<()>>,
}

struct Terminal {
    pty: Pty,
    term: String,
}

impl Waiting {
    /// A channel that runs nothing yet.
    pub fn new(channel: Channel<Msg>) -> Waiting {
        Waiting {
            channel: Some(channel),
            terminal: None,
            master: Weak::new(),
            agent: None,
            pid: None,
            running: None,
        }
    }

    /// Whether what ran has ended.
    pub fn is_over(&self) -> bool {
        self.running
            .as_ref()
            .is_some_and(oneshot::Sender::is_closed)
    }

    /// Whether a terminal was asked for.
    pub fn has_terminal(&self) -> bool {
        self.terminal.is_some() || self.master.strong_count() > 0
    }

    /// Opens a terminal; false where that is not possible.
    pub fn open_terminal(
        &mut self,
        term: &str,
        columns: u32,
        rows: u32,
        modes: &[(Mode, u32)],
    ) -> bool {
        if term.len() > TERM || term.contains('\0') || self.channel.is_none() {
            return false;
        }
        let Ok(pty) = pty::open() else {
            return false;
        };
        if let Ok(mut termios) = tcgetattr(&pty.slave) {
            for (mode, value) in modes {
                terminal::set(&mut termios, *mode as u8, *value);
            }
            // What the terminal does not take stays as it was.
            let _ = tcsetattr(&pty.slave, OptionalActions::Now, &termios);
        }
        resize(&pty.master, columns, rows);
        let term = term.to_owned();
        self.terminal = Some(Terminal { pty, term });
        true
    }

    /// Tells the terminal how large the client's window is.
    pub fn resize(&self, columns: u32, rows: u32) -> bool {
        if let Some(terminal) = &self.terminal {
            return resize(&terminal.pty.master, columns, rows);
        }
        let master = self.master.upgrade();
        master.is_some_and(|master| resize(&*master, columns, rows))
    }

    /// Makes a socket at which the client's agent answers.
    pub fn listen_for_agent(&mut self, bridge: &Bridge, handle: Handle) -> bool {
        if self.agent.is_some() || self.channel.is_none() {
            return false;
        }
        let Ok((path, listener)) = agent_socket(bridge) else {
            return false;
        };
        self.agent = Some(path);
        let bridge = bridge.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (bridge, handle) = (bridge.clone(), handle.clone());
                tokio::spawn(async move {
                    let channel = handle.channel_open_agent().await;
                    if let (Ok(channel), Ok(socket)) = (channel, socket.into_std()) {
                        bridge.run(channel, OwnedFd::from(socket)).await;
                    }
                });
            }
        });
        true
    }
}

/// 0 stands for unknown.
fn resize(terminal: impl AsFd, columns: u32, rows: u32) -> bool {
    let or = |value: u32, usual| match u16::try_from(value).unwrap_or(u16::MAX) {
        0 => usual,
        value => value,
    };
    pty::set_size(terminal, or(columns, 80), or(rows, 24)).is_ok()
}

fn agent_socket(bridge: &Bridge) -> io::Result<(PathBuf, tokio::net::UnixListener)> {
    use std::os::unix::fs::DirBuilderExt;
    let mut name = [0; 8];
    rustix::rand::getrandom(&mut name, rustix::rand::GetRandomFlags::empty())?;
    let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = PathBuf::from(format!("/tmp/dropbear-{name}"));
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    bridge.leave(folder.clone());
    let path = folder.join("agent");
    let listener = private_socket(&path)?;
    bridge.leave(path.clone());
    Ok((path, listener))
}

/// The programs of a connection.
pub struct Programs {
    signals: Signals,
    running: Mutex<HashMap<i32, oneshot::Sender<WaitStatus>>>,
}

impl Programs {
    /// None yet; `signals` has SIGCHLD.
    pub fn new(signals: Signals) -> Arc<Programs> {
        Arc::new(Programs {
            signals,
            running: Mutex::new(HashMap::new()),
        })
    }

    /// There is one thread; nobody holds this for long.
    fn running(&self) -> MutexGuard<'_, HashMap<i32, oneshot::Sender<WaitStatus>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of whatever ends, from now on.
    pub fn watch(self: &Arc<Programs>) -> io::Result<()> {
        let arrived = watched(self.signals.as_fd().try_clone_to_owned()?)?;
        let programs = self.clone();
        tokio::spawn(async move {
            while let Ok(mut ready) = arrived.readable().await {
                while programs.signals.next().is_some() {}
                ready.clear_ready();
                while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
                    let waiting = programs.running().remove(&pid.as_raw_nonzero().get());
                    if let Some(waiting) = waiting {
                        // Whoever waited may be gone.
                        let _ = waiting.send(status);
                    }
                }
            }
        });
        Ok(())
    }

    /// The client is gone: what runs is hung up, as by a modem.
    pub fn hang_up(&self) {
        self.running().keys().for_each(|pid| hang_up(*pid));
    }

    /// Sends a signal to what runs in a session.
    pub fn signal(&self, waiting: &Waiting, signal: &Sig) -> bool {
        const KNOWN: [&str; 13] = [
            "ABRT", "ALRM", "FPE", "HUP", "ILL", "INT", "KILL", "PIPE", "QUIT", "SEGV", "TERM",
            "USR1", "USR2",
        ];
        let shown = format!("{signal:?}");
        let name = match signal {
            Sig::Custom(name) => name.as_str(),
            _ => shown.as_str(),
        };
        let number = signal::number(name).filter(|_| KNOWN.contains(&name));
        let running = waiting.pid.filter(|pid| self.running().contains_key(pid));
        match (running, number) {
            (Some(pid), Some(number)) => signal::send(-pid, number).is_ok(),
            _ => false,
        }
    }

    /// Starts what a session asks for; false where that is not possible.
    pub fn start(
        self: &Arc<Programs>,
        waiting: &mut Waiting,
        (settings, login): (&Arc<Settings>, &Login),
        command: Option<&[u8]>,
        sftp: bool,
        bridge: &Bridge,
        handle: Handle,
    ) -> bool {
        let too_long = command.is_some_and(|command| command.len() > COMMAND);
        let Some(user) = login.user().filter(|_| !too_long) else {
            return false;
        };
        // One thing per channel.
        let Some(channel) = waiting.channel.take() else {
            return false;
        };
        let forced = [&settings.command, &login.allowance().command];
        let forced = forced.into_iter().flatten().next().map(Vec::as_slice);
        if sftp && forced.is_none() {
            waiting.running = Some(transfer(channel, user, bridge));
            return true;
        }
        let terminal = waiting.terminal.take();
        let (shell, argv) = words(user, forced.or(command));
        let mut env = environment(settings, user);
        let mut set = |name: &str, value: &OsStr| env.push(variable(name, value));
        if let Some(terminal) = &terminal {
            set("TERM", OsStr::new(&terminal.term));
            set("SSH_TTY", terminal.pty.path.as_os_str());
        }
        if let Some(path) = &waiting.agent {
            set("SSH_AUTH_SOCK", path.as_os_str());
        }
        if forced.is_some()
            && let Some(original) = command.or(sftp.then_some(b"internal-sftp"))
        {
            set("SSH_ORIGINAL_COMMAND", OsStr::from_bytes(original));
        }
        let plan = Plan {
            shell,
            argv,
            env,
            home: PathBuf::from(OsStr::from_bytes(&user.home)),
        };
        let (pid, ends) = match launch(settings, plan, terminal.map(|terminal| terminal.pty)) {
            Ok(launched) => launched,
            Err(error) => {
                settings
                    .log
                    .write(format_args!("can't start a program: {}", reason(&error)));
                return false;
            }
        };
        let (tell, ended) = oneshot::channel();
        self.running().insert(pid, tell);
        let (running, closed) = oneshot::channel();
        waiting.running = Some(running);
        waiting.pid = Some(pid);
        if let Target::Terminal(master) = &ends.input {
            waiting.master = Arc::downgrade(master);
        }
        let id = channel.id();
        let (read, write) = channel.split();
        let intake = Intake::new(read, bridge.flow.clone(), id.number());
        let outlet = Outlet::new(write, bridge.flow.clone());
        let Ends {
            input,
            output,
            errors,
        } = ends;
        let feeding = tokio::spawn(intake.feed(input)).abort_handle();
        let programs = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                status = talk(&outlet, output, errors, ended) => {
                    if let Some(status) = status {
                        report(&outlet, &handle, status).await;
                    }
                    // The client may have closed it, or be gone.
                    let _ = outlet.write.eof().await;
                    let _ = outlet.write.close().await;
                }
                _ = closed => {
                    if programs.running().contains_key(&pid) {
                        hang_up(pid);
                    }
                }
            }
            feeding.abort();
        });
        true
    }
}

/// Hangs up a program and what belongs to it.
fn hang_up(pid: i32) {
    let hup = signal::numbers::HUP;
    // It may have ended, or not have come as far as leading a group.
    let _ = signal::send(-pid, hup).or_else(|_| signal::send(pid, hup));
}

/// What to execute: the program, and its words.
fn words(user: &User, command: Option<&[u8]>) -> (PathBuf, Vec<OsString>) {
    let shell = OsStr::from_bytes(&user.shell).to_owned();
    let name = Path::new(&shell).file_name().unwrap_or(&shell).to_owned();
    let argv = match command {
        Some(command) => vec![name, "-c".into(), OsString::from_vec(command.to_vec())],
        None => {
            // A dash before the name makes it a login shell.
            let mut login = OsString::from("-");
            login.push(name);
            vec![login]
        }
    };
    (shell.into(), argv)
}

fn variable(name: &str, value: &OsStr) -> OsString {
    let mut variable = OsString::from(name);
    variable.push("=");
    variable.push(value);
    variable
}

fn environment(settings: &Settings, user: &User) -> Vec<OsString> {
    let path = match user.uid {
        0 => "/usr/sbin:/usr/bin:/sbin:/bin",
        _ => "/usr/bin:/bin",
    };
    let (peer, local) = (settings.peer, settings.local);
    let (ip, port) = (peer.ip(), peer.port());
    let client = format!("{ip} {port} {}", local.port());
    let connection = format!("{ip} {port} {} {}", local.ip(), local.port());
    let bytes = OsStr::from_bytes;
    let own = [
        ("USER", bytes(&user.name)),
        ("LOGNAME", bytes(&user.name)),
        ("HOME", bytes(&user.home)),
        ("SHELL", bytes(&user.shell)),
        ("PATH", OsStr::new(path)),
        ("SSH_CLIENT", OsStr::new(&client)),
        ("SSH_CONNECTION", OsStr::new(&connection)),
    ];
    let is_own = |name: &OsStr| own.iter().any(|(own, _)| name == *own);
    let kept = std::env::vars_os()
        .filter(|(name, _)| name == "LANG" || settings.environment && !is_own(name))
        .map(|(name, value)| variable(&name.to_string_lossy(), &value));
    let made = own.iter().map(|(name, value)| variable(name, value));
    kept.chain(made).collect()
}

struct Plan {
    shell: PathBuf,
    argv: Vec<OsString>,
    env: Vec<OsString>,
    home: PathBuf,
}

/// Our ends of a program.
struct Ends {
    input: Target,
    output: Arc<Fd>,
    errors: Option<Fd>,
}

/// The program's ends.
enum Streams {
    Terminal(OwnedFd),
    Pipes([OwnedFd; 3]),
}

/// Starts a program in a session of its own.
fn launch(settings: &Settings, plan: Plan, pty: Option<Pty>) -> io::Result<(i32, Ends)> {
    let (ends, streams) = match pty {
        Some(Pty { master, slave, .. }) => {
            let master = Arc::new(Fd::new(master)?);
            let ends = Ends {
                input: Target::Terminal(master.clone()),
                output: master,
                errors: None,
            };
            (ends, Streams::Terminal(slave))
        }
        None => {
            let pipe = || rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
            let (input, output, errors) = (pipe()?, pipe()?, pipe()?);
            let ends = Ends {
                input: Target::Pipe(Fd::new(input.1)?),
                output: Arc::new(Fd::new(output.0)?),
                errors: Some(Fd::new(errors.0)?),
            };
            (ends, Streams::Pipes([input.0, output.1, errors.1]))
        }
    };
    match process::fork()? {
        Fork::Parent(child) => Ok((child.as_raw_nonzero().get(), ends)),
        Fork::Child => become_program(settings, &plan, streams),
    }
}

/// The child's side of the fork.
fn become_program(settings: &Settings, plan: &Plan, streams: Streams) -> ! {
    signal::set_defaults();
    settings.limits.restore();
    let placed = match streams {
        Streams::Terminal(slave) => pty::live_on(slave),
        Streams::Pipes([input, output, errors]) => tty::new_session()
            .and_then(|()| Ok(rustix::stdio::dup2_stdin(input)?))
            .and_then(|()| Ok(rustix::stdio::dup2_stdout(output)?))
            .and_then(|()| Ok(rustix::stdio::dup2_stderr(errors)?)),
    };
    if let Err(error) = placed {
        settings
            .log
            .write(format_args!("terminal: {}", reason(&error)));
        process::exit_now(1);
    }
    let complain = |text: String| {
        // If nobody hears it, nobody does.
        let _ = rustix::io::write(rustix::stdio::stderr(), text.as_bytes());
    };
    if let Err(error) = std::env::set_current_dir(&plan.home) {
        complain(format!(
            "Failed chdir '{}': {}\n",
            plan.home.display(),
            reason(&error)
        ));
        // It always exists.
        let _ = std::env::set_current_dir("/");
    }
    let error = process::exec(&plan.shell, &plan.argv, &plan.env);
    complain(format!("{}: {}\n", plan.shell.display(), reason(&error)));
    process::exit_now(127)
}

/// Sends what a program says until it has ended; how it ended.
async fn talk(
    outlet: &Outlet,
    output: Arc<Fd>,
    errors: Option<Fd>,
    mut ended: oneshot::Receiver<WaitStatus>,
) -> Option<WaitStatus> {
    let is_terminal = errors.is_none();
    let (mut output, mut errors) = (Some(output), errors);
    let status = loop {
        let room = outlet.room().await;
        let (mut said, mut complained) = (Vec::new(), Vec::new());
        tokio::select! {
            count = fetch(output.as_deref(), &mut said, room) => match count {
                Ok(1..) => outlet.send(said, false).await.ok()?,
                Err(_) if is_terminal => tokio::time::sleep(AGAIN).await,
                _ => output = None,
            },
            count = fetch(errors.as_ref(), &mut complained, room) => match count {
                Ok(1..) => outlet.send(complained, true).await.ok()?,
                _ => errors = None,
            },
            status = &mut ended => break status.ok()?,
        }
    };
    for (fd, is_error) in [(output.as_deref(), false), (errors.as_ref(), true)] {
        let mut total = 0;
        while let Some(fd) = fd.filter(|_| total < LAST_WORDS) {
            let mut rest = Vec::with_capacity(PIECE);
            match fd.read_now(&mut rest) {
                0 => break,
                count => total += count,
            }
            outlet.send(rest, is_error).await.ok()?;
        }
    }
    Some(status)
}

/// Reads from what is still open.
async fn fetch(fd: Option<&Fd>, buf: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
    match fd {
        Some(fd) => fd.read(buf, limit).await,
        None => std::future::pending().await,
    }
}

/// Tells the client how the program ended.
async fn report(outlet: &Outlet, handle: &Handle, status: WaitStatus) {
    // The client may be gone.
    let _ = match status.terminating_signal() {
        Some(number) => {
            let name = signal::name(number).unwrap_or("KILL");
            let signal = Sig::Custom(name.to_owned());
            // WCOREFLAG of wait(2).
            let core = status.as_raw() & 0x80 != 0;
            let id = outlet.write.id();
            handle
                .exit_signal_request(id, signal, core, String::new(), String::new())
                .await
        }
        None => {
            let code = status.exit_status().unwrap_or(255);
            outlet.write.exit_status(code as u32).await.map_err(drop)
        }
    };
}
