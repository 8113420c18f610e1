#!/bin/sh
# Runs the lab's tests, two routers at a time; says so when this machine cannot.
#
# usage: vm.sh [TEST-NAME...]
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
# What the tests send to the router to run there.
cargo build --locked --target "$host" --example uevents
ln -sf "$(realpath "${CARGO_TARGET_DIR:-target}")/$host/debug/examples/uevents" target/lab/uevents
exec cargo test --locked --target "$host" --test vm -- \
    --ignored --test-threads=2 "$@"
