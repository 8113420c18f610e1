//! The subsystem `sftp`, within the process of the connection.

use super::relay::{Bridge, Intake, Outlet};
use russh::Channel;
use russh::server::Msg;
use safebox::accounts::files::User;
use safebox::ssh::sftp;
use safebox::sys::signal;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use tokio::sync::oneshot;

/// Serves files on a channel, within this process, which has the rights of the user.
pub fn transfer(channel: Channel<Msg>, user: &User, bridge: &Bridge) -> oneshot::Sender<()> {
    // A file that reaches a limit is an error, not the end.
    signal::ignore(signal::numbers::XFSZ);
    let (running, closed) = oneshot::channel();
    let id = channel.id().number();
    let (read, write) = channel.split();
    let mut intake = Intake::new(read, bridge.flow.clone(), id);
    let outlet = Outlet::new(write, bridge.flow.clone());
    let home = PathBuf::from(OsStr::from_bytes(&user.home));
    let serve = async move {
        let mut server = sftp::Server::new(home, false);
        let mut status = 0;
        while let (0, Some(data)) = (status, intake.next().await) {
            let mut fed = data.as_ref();
            loop {
                let mut answers = Vec::new();
                status = server.feed(fed, &mut answers).is_err().into();
                fed = &[];
                if !answers.is_empty() && outlet.send(answers, false).await.is_err() {
                    return;
                }
                if status != 0 || !server.is_behind() {
                    break;
                }
            }
            intake.used(data.as_ref().len());
        }
        // The client may have closed it, or be gone.
        let _ = outlet.write.exit_status(status).await;
        let _ = outlet.write.eof().await;
        let _ = outlet.write.close().await;
    };
    tokio::spawn(async move {
        tokio::select! {
            () = serve => {}
            _ = closed => {}
        }
    });
    running
}
