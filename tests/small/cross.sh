#!/bin/sh
# Runs the transcripts on the build for mips: 32 bits, big endian, no 64-bit atomics.
#
# usage: cross.sh
#
# Says that it skips, and why, where the toolchain cannot be had; then nothing has been tested.
set -eu
cd "$(dirname "$0")/../.."
target=mips-unknown-linux-musl
if ! tests/vm/setup.sh small; then
    echo "cross: skipped: no toolchain for $target on this machine" >&2
    exit 0
fi
tests/small/dist.sh "$target"
runner=$(command -v qemu-mips-static || command -v qemu-mips)
SAFEBOX=$PWD/target/dist/$target/safebox SAFEBOX_RUNNER=$runner \
    cargo test --locked --target "$(rustc -vV | sed -n 's/^host: //p')" --test cli -- --nocapture
