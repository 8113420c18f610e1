#!/bin/sh
# Builds safebox small, for another machine: target/dist/TARGET/safebox.
#
# usage: dist.sh TARGET
#
# The standard library is compiled along, for size and without the code of panics; that needs
# its sources and a switch that stable compilers keep for themselves (RUSTC_BOOTSTRAP).
set -eu
cd "$(dirname "$0")/../.."
target=${1:-}
# Where words have 32 bits, the libc crate still counts seconds in 32 on musl, and rustix has
# to be told to convert: it believes that musl's 64 are in use.
narrow=--cfg=fix_y2038
case $target in
# As static-pie these crash at start.
mips-unknown-linux-musl | mipsel-unknown-linux-musl)
    flags="-C relocation-model=static $narrow"
    ;;
# The start files are the linker's, not the toolchain's.
armv7-unknown-linux-musleabi)
    flags="-C link-self-contained=no $narrow"
    ;;
x86_64-unknown-linux-musl | aarch64-unknown-linux-musl)
    flags="-C link-self-contained=no"
    ;;
*)
    echo "dist: unknown target '$target'; known: mips-, mipsel-, x86_64- and" >&2
    echo "dist: aarch64-unknown-linux-musl, armv7-unknown-linux-musleabi" >&2
    exit 2
    ;;
esac
# Nothing unwinds: a panic ends the process. The tables for it are a tenth of the program.
flags="$flags -C force-unwind-tables=no"
lab=$PWD/target/lab
[ ! -x "$lab/venv/bin/cargo-zigbuild" ] || PATH=$lab/venv/bin:$PATH

# For the target alone: the procedural macros run here.
variable=CARGO_TARGET_$(echo "$target" | tr a-z- A-Z_)_RUSTFLAGS
env "$variable=$flags" RUSTC_BOOTSTRAP=1 cargo-zigbuild zigbuild --release --locked \
    -Z build-std=std,panic_abort -Z build-std-features=optimize_for_size --target "$target"
out=target/dist/$target
mkdir -p "$out"
cp "${CARGO_TARGET_DIR:-target}/$target/release/safebox" "$out/safebox.new"
mv "$out/safebox.new" "$out/safebox"
echo "dist: $out/safebox $(wc -c <"$out/safebox") bytes"
