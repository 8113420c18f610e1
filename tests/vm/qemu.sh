#!/bin/sh
# Starts the lab's board; becomes the emulator, so that killing this process cuts its power.
#
# usage: qemu.sh FLASH [EMULATOR-ARGUMENT...]
#
# TAP names the end of the cable on this side (none: no network), APPEND words for the
# kernel's command line. CARDS are the router's Ethernet ports, `lan` with the cable and `loose`
# with none yet (default: lan); the emulator's monitor knows their plugs by `lan` and `loose`.
# DISK is a second disk, /dev/vdb, for the settings; lab.data=KIND in APPEND says how they lie on it.
# SECOND is a socket for a second serial line, ttyS1. Never `-accel kvm`: it hangs on some hosts.
# On a busy host the emulated timer is late, which the kernel's test of it (no_timer_check) takes
# for a fault and panics. Debian's kernel clears each page before it hands it out, which routers'
# kernels do not (init_on_alloc); and the emulator does what erms and fsrm promise to be fast,
# copying by a single instruction, byte by byte. Nor do routers' kernels test their ciphers.
set -eu
here=$(dirname "$0")
lab=$here/../../target/lab
flash=$1
shift

[ -n "${CARDS+x}" ] || CARDS=${TAP:+lan}
# The cable is there even when no card has it yet.
[ -z "${TAP:-}" ] || set -- "$@" -netdev "tap,id=lan,ifname=$TAP,script=no,downscript=no"
boot=boot.cpio.gz
case ${APPEND:-} in *lab.data=*) boot=volumes.cpio.gz ;; esac
[ -z "${DISK:-}" ] || set -- "$@" -drive "file=$DISK,format=raw,if=virtio"
number=0
for card in $CARDS; do
    number=$((number + 1))
    [ "$card" = lan ] || set -- "$@" -netdev "hubport,id=$card,hubid=$number"
    set -- "$@" -device "virtio-net-pci,netdev=$card,romfile=,mac=52:54:00:00:00:0$number"
done
[ -z "${SECOND:-}" ] || set -- "$@" -serial "unix:$SECOND,server=on,wait=off"

exec qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max,-erms,-fsrm -m 128 \
    -nodefaults -no-user-config -display none -device i6300esb -device qemu-xhci \
    -kernel "$lab/vmlinux" -initrd "$lab/$boot" \
    -append "console=ttyS0 board=safebox,lab quiet no_timer_check init_on_alloc=0 cryptomgr.notests ${APPEND:-}" \
    -drive "file=$flash,format=raw,if=virtio" \
    "$@"
