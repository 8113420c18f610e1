#!/bin/sh
# Provides what dist.sh builds with: the linker (zig) and the sources of the standard library.
# Done at once when both are there.
#
# usage: toolchain.sh
#
# Nothing is installed outside target/lab but the sources, which have one place where cargo
# looks: lib/rustlib/src/rust below the toolchain's own folder.
set -eu
cd "$(dirname "$0")/../.."
lab=$PWD/target/lab

# In an environment of its own: many systems forbid pip to touch theirs.
linker() {
    [ -x "$lab/venv/bin/cargo-zigbuild" ] && return
    command -v cargo-zigbuild >/dev/null 2>&1 && return
    echo "setup: fetching the linker" >&2
    mkdir -p "$lab"
    rm -rf "$lab/venv"
    if ! { python3 -m venv "$lab/venv" && "$lab/venv/bin/pip" -q install ziglang cargo-zigbuild; } >&2; then
        echo "setup: missing: cargo-zigbuild; pip install ziglang cargo-zigbuild" >&2
        exit 1
    fi
}

sources() {
    sysroot=$(rustc --print sysroot)
    place=$sysroot/lib/rustlib/src/rust
    [ -e "$place/library/Cargo.lock" ] && return
    echo "setup: fetching the sources of the standard library" >&2
    if command -v rustup >/dev/null 2>&1 && timeout 300 rustup component add rust-src >&2 &&
        [ -e "$place/library/Cargo.lock" ]; then
        return
    fi
    if from_debian; then
        mkdir -p "${place%/*}"
        ln -sfn "$(dirname "$(dirname "$lock")")" "$place"
        return
    fi
    echo "setup: missing: the sources of Rust $version: rustup component add rust-src," >&2
    echo "setup: or Debian's package rust-src of the same version, linked as $place" >&2
    exit 1
}

# Debian packages them; the version must be the compiler's, so the suite is rarely the
# machine's own. The mirror is the one that apt is configured with.
from_debian() {
    version=$(rustc -V | cut -d ' ' -f 2)
    command -v apt-get >/dev/null 2>&1 || return 1
    apt=$lab/apt
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -e "$keyring" ] || keyring=
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources.d" "$apt/preferences.d"
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Label: Debian' |
        sort -u | while read -r site; do
            for suite in trixie-backports testing unstable; do
                echo "deb ${keyring:+[signed-by=$keyring]} $site $suite main"
            done
        done >"$apt/sources.list"
    run_apt get -q update >&2 || true
    package=$(run_apt cache madison rust-src | awk -v v="$version" 'index($3, v) == 1 { print $3; exit }')
    [ -n "$package" ] || return 1
    (cd "$apt" && run_apt get -q download "rust-src=$package" >&2) || return 1
    rm -rf "$lab/rust-src"
    dpkg -x "$apt"/rust-src_*.deb "$lab/rust-src"
    rm -f "$apt"/rust-src_*.deb
    lock=$(find "$lab/rust-src" -path '*/library/Cargo.lock' | head -n 1)
    [ -n "$lock" ]
}

# apt with lists of its own, so that the machine's stay as they are.
run_apt() {
    command=$1
    shift
    "apt-$command" -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/sources.d" \
        -o Dir::Etc::PreferencesParts="$apt/preferences.d" -o Dir::State::Lists="$apt/lists" \
        -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root -o APT::Get::List-Cleanup=false "$@"
}

linker
sources
