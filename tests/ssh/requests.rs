//! Requests that the usual clients do not make: by the library's own client.

use crate::server::Server;
use russh::client::{self, AuthResult, Handle};
use russh::keys::PublicKeyOrCertificate;
use russh::{ChannelMsg, Sig};
use std::sync::Arc;

struct Client;

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let limit = std::time::Duration::from_secs(30);
    runtime.block_on(async { tokio::time::timeout(limit, future).await.unwrap() })
}

async fn stranger(server: &Server) -> Handle<Client> {
    let config = Arc::new(client::Config::default());
    client::connect(config, server.address, Client)
        .await
        .unwrap()
}

async fn root(server: &Server) -> Handle<Client> {
    let mut handle = stranger(server).await;
    let entered = handle.authenticate_none("root").await.unwrap();
    assert!(matches!(entered, AuthResult::Success));
    handle
}

#[test]
fn a_signal_reaches_the_command_and_unknown_requests_harm_nobody() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    block_on(async {
        let handle = root(&server).await;
        let mut channel = handle.channel_open_session().await.unwrap();
        let script = "trap 'echo caught; exit 3' USR1; echo ready; while :; do sleep 1; done";
        channel.exec(true, script).await.unwrap();
        // Refused, and the session goes on.
        channel.set_env(true, "LD_PRELOAD", "x").await.unwrap();
        channel.request_subsystem(true, "nosuch").await.unwrap();
        channel.exec(true, "echo second").await.unwrap();
        let (mut said, mut refused, mut status) = (Vec::new(), 0, None);
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => {
                    said.extend_from_slice(&data);
                    if data.ends_with(b"ready\n") {
                        channel.signal(Sig::USR1).await.unwrap();
                    }
                }
                ChannelMsg::Failure => refused += 1,
                ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
                _ => {}
            }
        }
        assert_eq!(said, b"ready\ncaught\n");
        assert_eq!((refused, status), (3, Some(3)));
    });
    server.is_alone();
}

#[test]
fn a_second_terminal_and_another_name_end_the_connection() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    block_on(async {
        let handle = root(&server).await;
        let mut channel = handle.channel_open_session().await.unwrap();
        for _ in 0..2 {
            channel
                .request_pty(true, "vt100", 80, 24, 0, 0, &[])
                .await
                .unwrap();
        }
        while channel.wait().await.is_some() {}
        assert!(handle.is_closed());
        let mut handle = stranger(&server).await;
        let first = handle.authenticate_password("ann", "wrong").await.unwrap();
        assert!(matches!(first, AuthResult::Failure { .. }));
        let second = handle.authenticate_none("root").await;
        assert!(!matches!(second, Ok(AuthResult::Success)));
        while !handle.is_closed() {
            tokio::task::yield_now().await;
        }
    });
    server.is_alone();
}

#[test]
fn many_channels_share_a_connection() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    block_on(async {
        let handle = root(&server).await;
        let mut channels = Vec::new();
        for number in 0..40 {
            let channel = handle.channel_open_session().await.unwrap();
            channel
                .exec(true, format!("read x; echo {number} $x"))
                .await
                .unwrap();
            channels.push(channel);
        }
        for (number, channel) in channels.iter_mut().enumerate().rev() {
            channel.data(&b"word\n"[..]).await.unwrap();
            let mut said = Vec::new();
            while let Some(message) = channel.wait().await {
                if let ChannelMsg::Data { data } = message {
                    said.extend_from_slice(&data);
                }
            }
            assert_eq!(said, format!("{number} word\n").as_bytes());
        }
    });
    server.is_alone();
}

#[test]
fn processes_bear_the_name_that_the_server_was_called_by() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    block_on(async {
        let _handle = root(&server).await;
        let mut pids: Vec<u32> = server.processes().iter().map(|(pid, _)| *pid).collect();
        pids.push(server.pid());
        assert_eq!(pids.len(), 2);
        for pid in pids {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
            assert_eq!(name, "dropbear\n");
        }
    });
}
