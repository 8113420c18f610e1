//! The applet table and `fn main`; nothing else.
//!
//! A command is found by the name in `argv[0]`, or by the first argument when the binary is
//! called by its own name (`safebox ls`, `busybox ls`).

#![forbid(unsafe_code)]
#![cfg_attr(not(test), no_main)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")
)]

use safebox::applet::{Applet, Applets};
use std::ffi::OsString;

macro_rules! applets {
    ($($name:ident)*) => {
        $(mod $name;)*
        static TABLE: &[&Applet] = &[$(&$name::APPLET),*];
    };
}

applets! {
    awk
    basename
    boot_count
    cat
    chmod
    chown
    chpasswd
    chroot
    cmp
    console_shell
    cp
    cut
    date
    dd
    df
    diff
    dmesg
    dropbearkey
    du
    echo
    env
    expr
    failsafe_dhcp
    failsafe_net
    failsafe_wait
    r#false
    find
    firstboot
    free
    fwtool
    grep
    gzip
    head
    hexdump
    hostname
    ifconfig
    init
    insmod
    ip
    jffs2
    kill
    killall
    kmodloader
    less
    ln
    lock
    login
    ls
    lsmod
    mkdir
    mknod
    mkpasswd
    mktemp
    mount
    mount_root
    mtd
    multicall
    mv
    nc
    netmsg
    passwd
    patch
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
    scp
    sed
    seq
    set_state
    setsid
    sftp_server
    sh
    sha256sum
    sleep
    sort
    sshd
    start_stop_daemon
    stat
    su
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
    ubi
    uci
    umount
    uname
    uniq
    uptime
    usign
    wc
    which
    xargs
    yes
}

static APPLETS: Applets = Applets {
    table: TABLE,
    quick: &["basename", "dirname", "readlink", "uname"],
    quick_on_files: &["cat", "cut", "egrep", "fgrep", "grep", "head", "wc"],
};

#[cfg(not(test))]
safebox::start!(run);

#[cfg_attr(
    test,
    allow(dead_code, reason = "the test harness has a main of its own")
)]
fn run(argv: &[OsString]) -> u8 {
    safebox::applet::main(APPLETS, argv).0
}
