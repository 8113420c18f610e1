//! How much of what the client sends is held before it has to wait.
//!
//! See the README of this folder for why this is not simply the window of a channel.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// Past this many bytes the client has to wait, unless output waits for it.
const MUCH: usize = 512 * 1024;
/// Past this many it has to wait in any case.
const TOO_MUCH: usize = 8 * 1024 * 1024;
/// A window for as long as much is held: enough that the client comes back and asks for more.
const TRICKLE: u32 = 64;
/// What a message costs beside its bytes.
const MESSAGE: usize = 128;

/// Counts what a connection holds, and knows when the client was heard.
pub struct Flow(Mutex<State>, Notify);

struct State {
    /// In bytes, of all channels.
    held: usize,
    /// The same of each channel that somebody reads.
    channels: HashMap<u32, usize>,
    /// Pieces of output that wait for the client to widen a window.
    starving: usize,
    /// Set while the reader waits for us.
    reader: Option<Waker>,
    heard: Instant,
    used: Instant,
}

impl State {
    fn must_wait(&self) -> bool {
        self.held > TOO_MUCH || self.held > MUCH && self.starving == 0
    }

    fn forget(&mut self, bytes: usize) {
        self.held = self.held.saturating_sub(bytes);
        self.wake();
    }

    fn wake(&mut self) {
        if !self.must_wait()
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
    }
}

impl Default for Flow {
    fn default() -> Flow {
        let now = Instant::now();
        let state = State {
            held: 0,
            channels: HashMap::new(),
            starving: 0,
            reader: None,
            heard: now,
            used: now,
        };
        Flow(Mutex::new(state), Notify::new())
    }
}

impl Flow {
    /// There is one thread; nobody holds this for long.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody reads this channel from now on.
    pub fn open(&self, channel: u32) {
        self.state().channels.insert(channel, 0);
    }

    /// Nobody reads it any more; what it held is gone.
    pub fn close(&self, channel: u32) {
        let mut state = self.state();
        let held = state.channels.remove(&channel).unwrap_or(0);
        state.forget(held);
    }

    /// So many bytes have come for a channel; without a reader they are gone already.
    pub fn take(&self, channel: u32, bytes: usize) {
        let mut state = self.state();
        if let Some(held) = state.channels.get_mut(&channel) {
            *held += bytes + MESSAGE;
            state.held += bytes + MESSAGE;
        }
        state.used = Instant::now();
    }

    /// They have been passed on or thrown away.
    pub fn release(&self, channel: u32, bytes: usize) {
        let mut state = self.state();
        if let Some(held) = state.channels.get_mut(&channel) {
            *held = held.saturating_sub(bytes + MESSAGE);
            state.forget(bytes + MESSAGE);
        }
    }

    /// How far to widen the windows of channels from now on, where `usual` is how far they
    /// are widened otherwise.
    pub fn window(&self, usual: u32) -> u32 {
        match self.state().held > MUCH {
            true => TRICKLE,
            false => usual,
        }
    }

    /// Waits until the client has to wait.
    pub async fn paused(&self) {
        self.1.notified().await;
    }

    /// Whether the client has to wait, so that we would not hear it leave.
    pub fn is_deaf(&self) -> bool {
        self.state().reader.is_some()
    }

    /// Output waits for the client until the returned value is dropped.
    pub fn starve(&self) -> Starving<'_> {
        let mut state = self.state();
        state.starving += 1;
        state.wake();
        Starving(self)
    }

    /// Something was sent.
    pub fn sent(&self) {
        self.state().used = Instant::now();
    }

    /// For how long nothing has been heard of a client that we listen to.
    pub fn silence(&self) -> Duration {
        let mut state = self.state();
        if state.reader.is_some() {
            state.heard = Instant::now();
        }
        state.heard.elapsed()
    }

    /// For how long no channel has carried anything.
    pub fn idle(&self) -> Duration {
        self.state().used.elapsed()
    }
}

/// While this lives, output waits for the client.
pub struct Starving<'a>(&'a Flow);

impl Drop for Starving<'_> {
    fn drop(&mut self) {
        self.0.state().starving -= 1;
    }
}

/// A stream that is not read while too much is held.
pub struct Measured<S> {
    stream: S,
    flow: Arc<Flow>,
}

impl<S> Measured<S> {
    /// The stream of a connection.
    pub fn new(stream: S, flow: Arc<Flow>) -> Measured<S> {
        Measured { stream, flow }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Measured<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.flow.state();
        if state.must_wait() {
            state.reader = Some(cx.waker().clone());
            self.flow.1.notify_one();
            return Poll::Pending;
        }
        state.reader = None;
        drop(state);
        let answer = Pin::new(&mut self.stream).poll_read(cx, buf);
        if answer.is_ready() {
            self.flow.state().heard = Instant::now();
        }
        answer
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Measured<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[test]
fn a_client_waits_when_much_is_held_unless_output_waits_for_it() {
    let flow = Flow::default();
    let must_wait = || flow.state().must_wait();
    flow.take(1, TOO_MUCH);
    assert!(!must_wait(), "nobody reads it");
    flow.open(1);
    flow.take(1, MUCH);
    assert!(must_wait());
    assert_eq!(flow.window(1000), TRICKLE);
    let starving = flow.starve();
    assert!(!must_wait());
    flow.take(1, TOO_MUCH);
    assert!(must_wait());
    flow.release(1, TOO_MUCH);
    assert!(!must_wait());
    drop(starving);
    assert!(must_wait());
    flow.close(1);
    assert!(!must_wait());
    assert_eq!(flow.window(1000), 1000);
    assert_eq!(flow.state().held, 0);
}
