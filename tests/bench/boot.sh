#!/bin/sh
# Measures the way into failsafe mode, where this machine can run the lab.
#
# usage: boot.sh WORD    only if the word is in the name of a case
set -eu
cd "$(dirname "$0")/../.."
case "boot: to the prompt in failsafe, boot: to telnet in failsafe, boot: to ssh in failsafe" in
*"$1"*) ;;
*) exit 0 ;;
esac
if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ]; then
    echo "bench: boot: skipped: the lab needs root and /dev/net/tun" >&2
    exit 0
fi
tests/vm/setup.sh image
tests/vm/setup.sh lab
tests/vm/boot.sh
tests/vm/image.sh
tree=target/bench/peer.tree
rm -rf "$tree"
mkdir -p "$tree"
cp -a rootfs/etc "$tree/"
cp -a tests/bench/peer/. "$tree/"
TREE=$tree USERLAND=peer tests/vm/image.sh peer target/bench/peer
host=$(rustc -vV | sed -n 's/^host: //p')
cargo bench --locked --profile dev --target "$host" --bench boot
