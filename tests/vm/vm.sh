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
# The image with what a board might add.
tree=target/lab/hooked.tree
mkdir -p "$tree"
cp -a rootfs/. tests/vm/hooked/. "$tree"
if [ -z "$(find "$tree/bin/press" -newer tests/vm/press.rs 2>/dev/null)" ]; then
    rustc --edition 2024 -O -C target-feature=+crt-static -C strip=symbols \
        --target "$(rustc -vV | sed -n 's/^host: //p')" -o "$tree/bin/press" tests/vm/press.rs
fi
TREE=$tree tests/vm/image.sh hooked target/lab/hooked
exec cargo test --locked --target "$(rustc -vV | sed -n 's/^host: //p')" --test vm -- \
    --ignored --test-threads=2 "$@"
