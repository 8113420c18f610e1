//! The applet table and `fn main`; nothing else.
//!
//! A command is found by the name in `argv[0]`, or by the first argument when the binary is
//! called by its own name (`safebox ls`, `busybox ls`).

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")
)]

use safebox::applet::{Applet, Applets};
use std::process::ExitCode;

macro_rules! applets {
    ($($name:ident)*) => {
        $(mod $name;)*
        static TABLE: &[&Applet] = &[$(&$name::APPLET),*];
    };
}

applets! {
    basename
    cat
    chmod
    chown
    chroot
    cmp
    console_shell
    cp
    cut
    date
    dd
    df
    dmesg
    du
    echo
    env
    failsafe_wait
    r#false
    find
    firstboot
    free
    fwtool
    grep
    gzip
    head
    hostname
    ifconfig
    init
    insmod
    ip
    kill
    killall
    less
    ln
    lock
    login
    ls
    lsmod
    mkdir
    mknod
    mktemp
    mount
    mount_root
    mtd
    multicall
    mv
    nc
    netmsg
    passwd
    pgrep
    pidof
    pivot_root
    printf
    ps
    readlink
    reboot
    recvudp
    rescue
    rm
    rmdir
    seq
    set_state
    setsid
    sh
    sha256sum
    sleep
    sort
    start_stop_daemon
    stat
    switch_root
    sync
    sysupgrade
    tail
    tar
    tee
    telnet
    telnetd
    test
    touch
    tr
    r#true
    truncate
    uci
    umount
    uname
    uniq
    uptime
    wc
    which
    xargs
    yes
}

fn main() -> ExitCode {
    let argv: Vec<_> = std::env::args_os().collect();
    ExitCode::from(safebox::applet::main(Applets(TABLE), &argv).0)
}
