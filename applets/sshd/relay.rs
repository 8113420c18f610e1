//! Moves bytes between channels and descriptors.
//!
//! What a channel sends never waits for what it receives: a program that echoes must not wait
//! for its own output to be fetched.

use russh::server::{ChannelOpenHandle, Msg};
use russh::{Channel, ChannelMsg, ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf};
use rustix::buffer::spare_capacity;
use safebox::ssh::server::flow::Flow;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpStream, UnixStream};

/// Output is read in pieces of this size: what fits into one packet of most clients.
pub const PIECE: usize = 32 * 1024;
/// With less room than this at the client, output waits for more.
const LITTLE: usize = 1024;
/// How long a forwarded connection may take to come about.
const CONNECT: Duration = Duration::from_secs(30);

/// Has the runtime watch a descriptor.
#[allow(
    deprecated,
    reason = "an OwnedFd keeps what the other way asks us to promise"
)]
pub fn watched(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(fd)
}

/// A descriptor that never blocks the others.
pub struct Fd(AsyncFd<OwnedFd>);

impl Fd {
    /// Takes a descriptor over.
    pub fn new(fd: OwnedFd) -> io::Result<Fd> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        Ok(Fd(watched(fd)?))
    }

    /// Appends what there is, at most `limit` bytes; nothing at the end.
    pub async fn read(&self, buf: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
        buf.reserve_exact(limit);
        loop {
            let mut ready = self.0.ready(Interest::READABLE).await?;
            match ready.try_io(|fd| Ok(rustix::io::read(fd, spare_capacity(buf))?)) {
                Err(_) => {}
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return result,
            }
        }
    }

    /// The same of what is there at this moment.
    pub fn read_now(&self, buf: &mut Vec<u8>) -> usize {
        buf.reserve_exact(PIECE);
        // Nothing there, nobody there: it is the end in any case.
        rustix::io::read(self.0.get_ref(), spare_capacity(buf)).unwrap_or(0)
    }

    /// Writes all of it.
    pub async fn write_all(&self, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() {
            let mut ready = self.0.ready(Interest::WRITABLE).await?;
            match ready.try_io(|fd| Ok(rustix::io::write(fd, data)?)) {
                Err(_) => {}
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => data = data.get(result?..).unwrap_or_default(),
            }
        }
        Ok(())
    }
}

impl AsFd for Fd {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

/// What a channel receives, counted until it is used.
pub struct Intake {
    read: ChannelReadHalf,
    flow: Arc<Flow>,
    id: u32,
}

/// How a channel's receiving side ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fed {
    /// Whoever was fed takes no more, or got all.
    All,
    /// The client has closed the channel.
    Closed,
}

/// Who is fed.
pub enum Target {
    /// A pipe, which is closed behind the last byte.
    Pipe(Fd),
    /// A terminal, which has no end.
    Terminal(Arc<Fd>),
    /// A socket, of which one direction is closed behind the last byte.
    Socket(Arc<Fd>),
}

impl Target {
    fn fd(&self) -> &Fd {
        match self {
            Target::Pipe(fd) => fd,
            Target::Terminal(fd) | Target::Socket(fd) => fd,
        }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.flow.close(self.id);
    }
}

impl Intake {
    /// The receiving side of a channel that [`Flow::open`] knows of.
    pub fn new(read: ChannelReadHalf, flow: Arc<Flow>, id: u32) -> Intake {
        Intake { read, flow, id }
    }

    /// The next bytes; None at their end. [`Intake::used`] says that they are done with.
    pub async fn next(&mut self) -> Option<impl AsRef<[u8]> + use<>> {
        loop {
            match self.read.wait().await {
                Some(ChannelMsg::Data { data }) => return Some(data),
                Some(ChannelMsg::Eof | ChannelMsg::Close) | None => return None,
                Some(_) => {}
            }
        }
    }

    /// So many bytes have been used.
    pub fn used(&self, bytes: usize) {
        self.flow.release(self.id, bytes);
    }

    /// Passes everything on, until the client closes the channel.
    pub async fn feed(mut self, target: Target) -> Fed {
        let mut target = Some(target);
        loop {
            match self.read.wait().await {
                Some(ChannelMsg::Data { data }) => {
                    let fits = match &target {
                        Some(target) => target.fd().write_all(&data).await.is_ok(),
                        None => true,
                    };
                    if !fits {
                        // The rest is thrown away, as if nobody had typed it.
                        target = None;
                    }
                    self.used(data.len());
                }
                Some(ChannelMsg::ExtendedData { data, .. }) => self.used(data.len()),
                Some(ChannelMsg::Eof) => match target.take() {
                    Some(Target::Socket(fd)) => {
                        let how = rustix::net::Shutdown::Write;
                        // It may be closed already.
                        let _ = rustix::net::shutdown(&*fd, how);
                        return Fed::All;
                    }
                    Some(terminal @ Target::Terminal(_)) => target = Some(terminal),
                    other => drop(other),
                },
                Some(ChannelMsg::Close) | None => return Fed::Closed,
                Some(_) => {}
            }
        }
    }
}

/// The sending side of a channel.
pub struct Outlet {
    /// The channel itself.
    pub write: ChannelWriteHalf<Msg>,
    flow: Arc<Flow>,
}

impl Outlet {
    /// The sending side of a channel.
    pub fn new(write: ChannelWriteHalf<Msg>, flow: Arc<Flow>) -> Outlet {
        Outlet { write, flow }
    }

    /// How much to fetch next: what the client has room for, else a piece that will wait.
    pub async fn room(&self) -> usize {
        match self.write.writable_packet_size().await {
            ..LITTLE => PIECE,
            room => room.min(PIECE),
        }
    }

    /// Sends bytes, as standard error where `errors`.
    pub async fn send(&self, data: Vec<u8>, errors: bool) -> Result<(), russh::Error> {
        let room = self.write.writable_packet_size().await;
        let _starving = (room < data.len()).then(|| self.flow.starve());
        let data = compact(data);
        match errors {
            false => self.write.data_bytes(data).await?,
            true => self.write.extended_data_bytes(1, data).await?,
        }
        self.flow.sent();
        Ok(())
    }

    /// Sends all that can be read.
    async fn pour(&self, fd: &Fd) -> io::Result<()> {
        loop {
            let mut piece = Vec::new();
            if fd.read(&mut piece, self.room().await).await? == 0 {
                return Ok(());
            }
            self.send(piece, false).await.map_err(io::Error::other)?;
        }
    }
}

/// A few bytes do not keep the room of many.
fn compact(data: Vec<u8>) -> Vec<u8> {
    match data.len() < data.capacity() / 4 {
        true => data.as_slice().to_vec(),
        false => data,
    }
}

/// What connects channels with the rest.
#[derive(Clone, Default)]
pub struct Bridge {
    /// Counts what is held.
    pub flow: Arc<Flow>,
    /// Files that go when the connection ends.
    pub leftovers: Arc<Mutex<Vec<PathBuf>>>,
}

impl Bridge {
    /// Notes a file that goes at the end, the last one first.
    pub fn leave(&self, path: PathBuf) {
        if let Ok(mut leftovers) = self.leftovers.lock() {
            leftovers.push(path);
        }
    }

    /// Removes them.
    pub fn clean_up(&self) {
        let leftovers = self
            .leftovers
            .lock()
            .map(|mut left| std::mem::take(&mut *left));
        for path in leftovers.unwrap_or_default().iter().rev() {
            // Gone already, then.
            let _ = std::fs::remove_file(path).or_else(|_| std::fs::remove_dir(path));
        }
    }

    /// Connects a channel that the client opens with a port; None: there is no such place.
    pub fn to_port(
        &self,
        channel: Channel<Msg>,
        target: Option<SocketAddr>,
        may: bool,
        reply: ChannelOpenHandle,
    ) {
        let connect = async move {
            let socket = TcpStream::connect(target?).await.ok()?;
            // Whoever types through it wants to see it at once.
            let _ = socket.set_nodelay(true);
            Some(OwnedFd::from(socket.into_std().ok()?))
        };
        self.to(channel, may, connect, reply);
    }

    /// The same with a socket in the file system; None: it may not.
    pub fn to_socket(&self, channel: Channel<Msg>, path: Option<&str>, reply: ChannelOpenHandle) {
        let may = path.is_some();
        let path = path.map(PathBuf::from);
        let connect = async move {
            let socket = UnixStream::connect(path?).await.ok()?;
            Some(OwnedFd::from(socket.into_std().ok()?))
        };
        self.to(channel, may, connect, reply);
    }

    fn to(
        &self,
        channel: Channel<Msg>,
        may: bool,
        connect: impl Future<Output = Option<OwnedFd>> + Send + 'static,
        reply: ChannelOpenHandle,
    ) {
        let bridge = self.clone();
        tokio::spawn(async move {
            if !may {
                let why = ChannelOpenFailure::AdministrativelyProhibited;
                return reply.reject(why).await;
            }
            match tokio::time::timeout(CONNECT, connect).await {
                Ok(Some(fd)) => {
                    bridge.flow.open(channel.id().number());
                    reply.accept().await;
                    bridge.run(channel, fd).await;
                }
                _ => reply.reject(ChannelOpenFailure::ConnectFailed).await,
            }
        });
    }

    /// Moves bytes both ways until both have ended, or one end is gone.
    pub async fn run(&self, channel: Channel<Msg>, fd: OwnedFd) {
        let id = channel.id().number();
        let (read, write) = channel.split();
        let outlet = Outlet::new(write, self.flow.clone());
        let intake = Intake::new(read, self.flow.clone(), id);
        let Ok(fd) = Fd::new(fd).map(Arc::new) else {
            // Nothing can be sent any more if this fails.
            let _ = outlet.write.close().await;
            return;
        };
        let feeding = tokio::spawn(intake.feed(Target::Socket(fd.clone())));
        let stop = feeding.abort_handle();
        tokio::pin!(feeding);
        let pouring = outlet.pour(&fd);
        tokio::pin!(pouring);
        let (mut feeds, mut pours) = (true, true);
        while feeds || pours {
            tokio::select! {
                fed = &mut feeding, if feeds => {
                    feeds = false;
                    if !matches!(fed, Ok(Fed::All)) {
                        break;
                    }
                }
                poured = &mut pouring, if pours => {
                    pours = false;
                    if poured.is_err() || outlet.write.eof().await.is_err() {
                        break;
                    }
                }
            }
        }
        stop.abort();
        // The client may have closed it, or be gone.
        let _ = outlet.write.close().await;
    }
}
