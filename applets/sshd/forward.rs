//! Ports and sockets on which connections are taken for the client.

use super::relay::Bridge;
use russh::server::Handle;
use safebox::net::listen;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::AbortHandle;

/// Forwards at a time.
const FORWARDS: usize = 100;

/// What is listened for.
#[derive(Default)]
pub struct Forwards {
    ports: HashMap<(String, u32), Vec<AbortHandle>>,
    sockets: HashMap<String, AbortHandle>,
}

impl Forwards {
    fn has_room(&self) -> bool {
        self.ports.len() + self.sockets.len() < FORWARDS
    }

    /// Listens on a port, 0 for any, which is then told; for others than this device only
    /// where `open`.
    pub fn listen(
        &mut self,
        address: &str,
        port: &mut u32,
        open: bool,
        bridge: &Bridge,
        handle: Handle,
    ) -> bool {
        if !self.has_room() {
            return false;
        }
        let Some(listeners) = u16::try_from(*port)
            .ok()
            .and_then(|port| bind(address, port, open).ok())
        else {
            return false;
        };
        let mut tasks = Vec::new();
        for listener in listeners {
            let Ok(listener) = TcpListener::from_std(listener) else {
                continue;
            };
            if let Ok(own) = listener.local_addr() {
                *port = u32::from(own.port());
            }
            let (bridge, handle) = (bridge.clone(), handle.clone());
            let (address, port) = (address.to_owned(), *port);
            let task = tokio::spawn(async move {
                while let Ok((socket, peer)) = listener.accept().await {
                    let (bridge, handle) = (bridge.clone(), handle.clone());
                    let address = address.clone();
                    tokio::spawn(async move {
                        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                        let channel = handle
                            .channel_open_forwarded_tcpip(
                                address,
                                port,
                                peer.ip().to_string(),
                                peer.port().into(),
                            )
                            .await;
                        // Whoever speaks through it wants to be heard at once.
                        let _ = socket.set_nodelay(true);
                        if let (Ok(channel), Ok(socket)) = (channel, socket.into_std()) {
                            bridge.run(channel, OwnedFd::from(socket)).await;
                        }
                    });
                }
            });
            tasks.push(task.abort_handle());
        }
        let listens = !tasks.is_empty();
        self.ports.insert((address.to_owned(), *port), tasks);
        listens
    }

    /// Listens no more; false: it did not.
    pub fn cancel(&mut self, address: &str, port: u32) -> bool {
        let tasks = self.ports.remove(&(address.to_owned(), port));
        tasks.iter().flatten().for_each(AbortHandle::abort);
        tasks.is_some()
    }

    /// Listens at a place in the file system.
    pub fn listen_at(&mut self, path: &str, bridge: &Bridge, handle: Handle) -> bool {
        if !self.has_room() {
            return false;
        }
        let Ok(listener) = private_socket(&PathBuf::from(path)) else {
            return false;
        };
        bridge.leave(path.into());
        let (bridge, address) = (bridge.clone(), path.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (bridge, handle) = (bridge.clone(), handle.clone());
                let address = address.clone();
                tokio::spawn(async move {
                    let channel = handle.channel_open_forwarded_streamlocal(address).await;
                    if let (Ok(channel), Ok(socket)) = (channel, socket.into_std()) {
                        bridge.run(channel, OwnedFd::from(socket)).await;
                    }
                });
            }
        });
        self.sockets.insert(path.to_owned(), task.abort_handle());
        true
    }

    /// Listens there no more; false: it did not.
    pub fn cancel_at(&mut self, path: &str) -> bool {
        let task = self.sockets.remove(path);
        if let Some(task) = &task {
            task.abort();
            // Somebody may have removed it.
            let _ = std::fs::remove_file(path);
        }
        task.is_some()
    }
}

/// A socket that only its owner can use.
pub fn private_socket(path: &std::path::Path) -> io::Result<UnixListener> {
    let old = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(path);
    rustix::process::umask(old);
    listener
}

/// Binds to the address that the client names, or to this device alone.
fn bind(address: &str, port: u16, open: bool) -> io::Result<Vec<StdListener>> {
    let mut listeners = match (open, address.parse::<IpAddr>()) {
        (true, Ok(address)) => vec![StdListener::bind((address, port))?],
        (true, Err(_)) if matches!(address, "" | "*") => vec![listen::everywhere(port)?],
        // Whatever else is a name for this device.
        _ => {
            let first = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
            let port = first.local_addr()?.port();
            // A kernel may have no IPv6, and the port may be taken there.
            let second = StdListener::bind((Ipv6Addr::LOCALHOST, port));
            std::iter::once(first).chain(second).collect()
        }
    };
    for listener in &mut listeners {
        listener.set_nonblocking(true)?;
    }
    Ok(listeners)
}
