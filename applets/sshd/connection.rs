//! The process of one connection: from the first byte to the last.

use super::forward::Forwards;
use super::listener::REFUSED;
use super::login::{Login, Settings};
use super::program::{Programs, Waiting};
use super::relay::Bridge;
use super::{Options, host_keys, own_stdin};
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey, run_stream,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, Disconnect, Pty, Sig};
use safebox::applet::Ctx;
use safebox::error::{At, Exit, Result};
use safebox::ssh::server::algorithms::{self, Wishes};
use safebox::ssh::server::flow::Measured;
use safebox::sys::process;
use safebox::sys::signal::{Signals, numbers};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long somebody has to log in.
const GRACE: Duration = Duration::from_secs(300);
/// Channels at a time.
const CHANNELS: usize = 1000;
/// How often it is looked whether the client is idle or gone.
const LOOK: Duration = Duration::from_secs(1);
/// Unanswered questions before a client counts as gone.
const UNANSWERED: u32 = 3;

/// Serves the connection on standard input to its end.
pub fn serve(ctx: &mut Ctx, options: &Options) -> Result<Exit> {
    process::ignore_sigpipe();
    let socket = TcpStream::from(own_stdin(ctx)?);
    set_up(&socket);
    // Only so many descriptors as a connection can use; programs get the old limit back.
    let limits = safebox::sys::limits::Saved::confine();
    let keys = host_keys::load(ctx, options)?;
    let mut chance = [0; 2];
    ctx.sys
        .machine()
        .random(&mut chance)
        .at("read", "random numbers")?;
    let seconds = |given: Option<u64>| given.filter(|&s| s > 0).map(Duration::from_secs);
    let config = algorithms::config(Wishes {
        keys,
        passwords: !options.no_passwords,
        window: options.window.unwrap_or(algorithms::WINDOW),
        refusal: Duration::from_millis(250 + u64::from(u16::from_ne_bytes(chance) % 100)),
        keepalive: seconds(options.keepalive),
        rekey_bytes: options.rekey,
    });
    let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let settings = Arc::new(Settings::new(
        ctx,
        options,
        socket.peer_addr().map_or(nowhere, plain),
        socket.local_addr().map_or(nowhere, plain),
        limits,
    ));
    let times = Times {
        keepalive: seconds(options.keepalive),
        idle: seconds(options.idle),
        longest: seconds(options.longest),
    };
    settings
        .log
        .write(format_args!("Child connection from {}", settings.peer));
    let children = Signals::take(&[numbers::CHLD]).at("watch", "children")?;
    let programs = Programs::new(children);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .at("start", "the runtime")?;
    let bridge = Bridge::default();
    let outcome = runtime.block_on(talk(config, socket, &settings, &programs, &bridge, &times));
    programs.hang_up();
    bridge.clean_up();
    settings.log.write(format_args!(
        "Exit ({}): {}",
        settings.who(),
        outcome.map_or_else(|error| error.to_string(), str::to_owned)
    ));
    let refused = settings.was_refused();
    // Descriptors close with the process; waiting for tasks would wait for programs.
    process::exit_now(if refused { REFUSED } else { 0 });
}

/// A vanished client is noticed even where nothing is sent.
fn set_up(socket: &TcpStream) {
    use rustix::net::sockopt;
    // None of these exists on a socket that is not TCP.
    let _ = socket.set_nodelay(true);
    let _ = sockopt::set_socket_keepalive(socket, true);
    let _ = sockopt::set_tcp_keepidle(socket, Duration::from_secs(60));
    let _ = sockopt::set_tcp_keepintvl(socket, Duration::from_secs(10));
    let _ = sockopt::set_tcp_keepcnt(socket, 6);
}

/// What the command line says about time.
struct Times {
    keepalive: Option<Duration>,
    idle: Option<Duration>,
    longest: Option<Duration>,
}

/// Runs the protocol until somebody has enough of it; why it ended.
async fn talk(
    config: russh::server::Config,
    socket: TcpStream,
    settings: &Arc<Settings>,
    programs: &Arc<Programs>,
    bridge: &Bridge,
    times: &Times,
) -> std::result::Result<&'static str, russh::Error> {
    socket.set_nonblocking(true)?;
    let own = socket.try_clone()?;
    let usual_window = config.window_size;
    let socket = tokio::net::TcpStream::from_std(socket)?;
    let flow = bridge.flow.clone();
    let start = Instant::now();
    programs.watch()?;
    let door = Door {
        login: Login::new(settings.clone()),
        bridge: bridge.clone(),
        programs: programs.clone(),
        waiting: HashMap::new(),
        forwards: Forwards::default(),
        settings: settings.clone(),
        usual_window,
    };
    let stream = Measured::new(socket, flow.clone());
    let session = tokio::select! {
        session = run_stream(Arc::new(config), stream, door) => session?,
        () = sleep(GRACE) => return Ok("Timeout before auth"),
    };
    tokio::pin!(session);
    let mut deaf = false;
    loop {
        let inside = settings.is_inside();
        let nothing_to_watch = inside && times.keepalive.or(times.idle).or(times.longest).is_none();
        let look = match nothing_to_watch && !deaf {
            true => GRACE,
            false => LOOK,
        };
        tokio::select! {
            result = &mut session => return result.map(|()| "Disconnect received"),
            () = sleep(look) => {}
            () = flow.paused(), if !deaf => {}
        }
        // Who does not read does not see the end.
        deaf = flow.is_deaf();
        if deaf && has_hung_up(&own) {
            return Ok("Connection lost");
        }
        if !settings.is_inside() && start.elapsed() > GRACE {
            return Ok("Timeout before auth");
        }
        if times.longest.is_some_and(|limit| start.elapsed() > limit) {
            return Ok("Longest time reached");
        }
        if times.idle.is_some_and(|limit| flow.idle() > limit) {
            return Ok("Idle timeout");
        }
        let patience = times.keepalive.map(|time| time * (UNANSWERED + 1));
        if patience.is_some_and(|limit| flow.silence() > limit) {
            return Ok("Keepalive timeout");
        }
    }
}

/// Whether the other end will send nothing more.
fn has_hung_up(socket: &TcpStream) -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut fds = [PollFd::new(socket, PollFlags::RDHUP)];
    let now = safebox::sys::signal::timespec(0);
    poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
}

/// What the protocol asks of us.
struct Door {
    settings: Arc<Settings>,
    login: Login,
    bridge: Bridge,
    programs: Arc<Programs>,
    /// Channels of sessions.
    waiting: HashMap<ChannelId, Waiting>,
    forwards: Forwards,
    usual_window: u32,
}

type Outcome<T = ()> = std::result::Result<T, russh::Error>;

impl Door {
    /// A request of a session before it runs anything.
    fn start(
        &mut self,
        id: ChannelId,
        command: Option<&[u8]>,
        sftp: bool,
        session: &mut Session,
    ) -> Outcome {
        let started = self.waiting.get_mut(&id).is_some_and(|waiting| {
            let inside = (&self.settings, &self.login);
            self.programs.start(
                waiting,
                inside,
                command,
                sftp,
                &self.bridge,
                session.handle(),
            )
        });
        answer(id, started, session)
    }
}

fn answer(id: ChannelId, good: bool, session: &mut Session) -> Outcome {
    match good {
        true => session.channel_success(id),
        false => session.channel_failure(id),
    }
}

impl Handler for Door {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Outcome<Option<String>> {
        self.settings.tell_asked();
        Ok(self.settings.banner.clone())
    }

    async fn auth_none(&mut self, user: &str) -> Outcome<Auth> {
        self.login.without_password(user)
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Outcome<Auth> {
        self.login.with_password(user, password)
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Outcome<Auth> {
        self.login.offered(user, offer.public_key)
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Outcome<Auth> {
        self.login.with_key(user, key.public_key)
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Outcome {
        Ok(self.login.enter()?)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Outcome {
        self.waiting.retain(|_, waiting| !waiting.is_over());
        if self.waiting.len() >= CHANNELS {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        self.bridge.flow.open(channel.id().number());
        self.waiting.insert(channel.id(), Waiting::new(channel));
        reply.accept().await;
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Outcome {
        let may = self.login.may_open(host, port);
        let target = may.then(|| self.settings.resolve(host, port)).flatten();
        self.bridge.to_port(channel, target, may, reply);
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Outcome {
        let may = self.login.may_open_sockets();
        self.bridge.to_socket(channel, may.then_some(path), reply);
        Ok(())
    }

    async fn channel_open_confirmation(
        &mut self,
        id: ChannelId,
        _: u32,
        _: u32,
        _: &mut Session,
    ) -> Outcome {
        self.bridge.flow.open(id.number());
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Outcome {
        self.waiting.remove(&id);
        Ok(())
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], _: &mut Session) -> Outcome {
        self.bridge.flow.take(id.number(), data.len());
        Ok(())
    }

    async fn extended_data(
        &mut self,
        id: ChannelId,
        _: u32,
        data: &[u8],
        _: &mut Session,
    ) -> Outcome {
        self.bridge.flow.take(id.number(), data.len());
        Ok(())
    }

    fn adjust_window(&mut self, _: ChannelId, _: u32) -> u32 {
        self.bridge.flow.window(self.usual_window)
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Outcome {
        let Some(waiting) = self.waiting.get_mut(&id) else {
            return session.channel_failure(id);
        };
        if waiting.has_terminal() {
            return session.disconnect(Disconnect::ProtocolError, "a second terminal", "");
        }
        let good = self.login.allowance().pty && waiting.open_terminal(term, columns, rows, modes);
        answer(id, good, session)
    }

    async fn window_change_request(
        &mut self,
        id: ChannelId,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        session: &mut Session,
    ) -> Outcome {
        let waiting = self.waiting.get(&id);
        let good = waiting.is_some_and(|waiting| waiting.resize(columns, rows));
        answer(id, good, session)
    }

    /// Programs get the environment that we make, whatever the client wishes.
    async fn env_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: &str,
        session: &mut Session,
    ) -> Outcome {
        session.channel_failure(id)
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Outcome {
        session.channel_failure(id)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Outcome {
        self.start(id, None, false, session)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Outcome {
        self.start(id, Some(command), false, session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Outcome {
        match name {
            "sftp" => self.start(id, None, true, session),
            _ => session.channel_failure(id),
        }
    }

    async fn agent_request(&mut self, id: ChannelId, session: &mut Session) -> Outcome<bool> {
        let may = self.login.allowance().agent_forwarding;
        let waiting = self.waiting.get_mut(&id).filter(|_| may);
        Ok(waiting.is_some_and(|waiting| waiting.listen_for_agent(&self.bridge, session.handle())))
    }

    async fn signal(&mut self, id: ChannelId, signal: Sig, session: &mut Session) -> Outcome {
        let free = self.settings.command.is_none() && self.login.allowance().command.is_none();
        let waiting = self.waiting.get(&id).filter(|_| free);
        let good = waiting.is_some_and(|waiting| self.programs.signal(waiting, &signal));
        answer(id, good, session)
    }

    async fn tcpip_forward(
        &mut self,
        address: &str,
        port: &mut u32,
        session: &mut Session,
    ) -> Outcome<bool> {
        let may = self.login.may_listen(address, *port);
        let open = self.settings.open_forwards;
        Ok(may
            && self
                .forwards
                .listen(address, port, open, &self.bridge, session.handle()))
    }

    async fn cancel_tcpip_forward(
        &mut self,
        address: &str,
        port: u32,
        _: &mut Session,
    ) -> Outcome<bool> {
        Ok(self.forwards.cancel(address, port))
    }

    async fn streamlocal_forward(&mut self, path: &str, session: &mut Session) -> Outcome<bool> {
        let may = self.login.may_listen_at_sockets();
        Ok(may
            && self
                .forwards
                .listen_at(path, &self.bridge, session.handle()))
    }

    async fn cancel_streamlocal_forward(&mut self, path: &str, _: &mut Session) -> Outcome<bool> {
        Ok(self.forwards.cancel_at(path))
    }
}
