#!/bin/sh
# Boots the lab's router in this terminal (make run) or talks to it from another (make telnet).
#
# usage: run.sh [telnet | shell COMMAND...]
#
# The flash is target/run/flash.bin and keeps what is written to it; FRESH=1 starts over from
# the factory's. ROUTER=NAME is another router, target/run/NAME/flash.bin, beside the first. The
# cable ends in a network namespace, so nothing leaves this machine.
set -eu
cd "$(dirname "$0")/../.."
name=safebox-run${ROUTER:+-$ROUTER}
run=target/run${ROUTER:+/$ROUTER}

case ${1:-} in
telnet | shell)
    ip netns list 2>/dev/null | grep -q "^$name\b" || { echo "$1: no router is running with a network (make run, as root)" >&2; exit 1; }
    [ "$1" = telnet ] || { shift; exec ip netns exec "$name" "$@"; }
    exec ip netns exec "$name" telnet "${ADDRESS:-192.168.1.1}"
    ;;
esac

mkdir -p "$run"
exec 9>"$run/lock"
flock -n 9 || { echo "run: a router is running already in another terminal" >&2; exit 1; }
if [ -n "${FRESH:-}" ] || [ ! -e "$run/flash.bin" ]; then
    cp target/image/flash.bin "$run/flash.bin"
elif [ target/image/flash.bin -nt "$run/flash.bin" ]; then
    echo "run: the flash of an earlier run is used; make run FRESH=1 takes the new image"
fi

TAP=
# One that a killed run has left behind is nobody's: the lock is ours.
[ ! -e "/run/netns/$name" ] || ip netns del "$name" 2>/dev/null || true
if [ "$(id -u)" = 0 ] && [ -e /dev/net/tun ] && ip netns add "$name" 2>/dev/null; then
    trap 'ip netns del "$name"' EXIT
    ip netns exec "$name" sh -c 'ip link set lo up && ip tuntap add tap0 mode tap &&
        ip addr add 192.168.1.2/24 dev tap0 && ip link set tap0 up' && TAP=tap0
fi
echo "run: Ctrl-A X leaves. Press f and Enter when asked to enter failsafe mode."
if [ -n "$TAP" ]; then
    echo "run: from another terminal:"
    echo "  make telnet${ROUTER:+ ROUTER=$ROUTER}                                            (the router, 192.168.1.1)"
    echo "  ip netns exec $name nc.openbsd -N -l -p 3333 < target/image/sysupgrade.bin"
    echo "                                                         (the PC, 192.168.1.2, sends an image)"
else
    echo "run: serial console only: the network needs root and /dev/net/tun"
fi
export TAP
${TAP:+ip netns exec "$name"} sh tests/vm/qemu.sh "$run/flash.bin" -serial mon:stdio
