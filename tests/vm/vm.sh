#!/bin/sh
# Runs the lab's tests, three routers at a time (they wait more than they compute); says so when this machine cannot.
#
# usage: vm.sh [TEST-NAME...]
#        vm.sh --bench     its benchmarks instead, one router at a time
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
    echo "vm: skipped: the router's cable needs root" >&2
    exit 0
fi
if [ ! -c /dev/net/tun ]; then
    echo "vm: skipped: this machine has no /dev/net/tun" >&2
    exit 0
fi
tests/vm/boot.sh
# The firmware that the tests upgrade to.
tests/vm/image.sh next target/lab/next
host=$(rustc -vV | sed -n 's/^host: //p')
# What runs on the router for a test alone.
cargo build --locked --target "$host" --example uevents --example nodev
# The image with what a board might add.
tree=target/lab/hooked.tree
mkdir -p "$tree/bin"
cp -a rootfs/. tests/vm/hooked/. "$tree"
for name in uevents nodev; do
    program=${CARGO_TARGET_DIR:-target}/$host/debug/examples/$name
    [ -n "$(find "$tree/bin/$name" -newer "$program" 2>/dev/null)" ] ||
        strip -o "$tree/bin/$name" "$program"
done
TREE=$tree tests/vm/image.sh hooked target/lab/hooked
lab="cargo test --locked --target $host --test vm -- --ignored"
# shellcheck disable=SC2086 # a list of words
case ${1:-} in
--bench) exec $lab --test-threads=1 --nocapture bench_ ;;
*) exec $lab --test-threads=3 --skip bench_ "$@" ;;
esac
