#!/bin/sh
# Provides what the longer make targets need, and is done at once when everything is there.
#
# usage: setup.sh [image] [lab] [peers] [small]
#
#   image   what packs the firmware image
#   lab     the emulated router: emulator, network tools, kernel
#   peers   the programs that tests and sizes are compared with
#   small   the small builds: linker and sources of the standard library
#
# As root on a machine with apt it installs what is missing. Otherwise it says what is missing
# and how to get it. Where the small builds cannot be had it fails only if asked for them by name;
# without a word the rest goes on without them. What only the lab needs is unpacked below target/, never installed.
set -eu
cd "$(dirname "$0")/../.."
lab=$PWD/target/lab
words=${*:-image lab peers small}
missing= packages=

have() {
    command -v "$1" >/dev/null 2>&1
}

# need PACKAGE COMMAND...: one of the commands must exist.
need() {
    package=$1
    shift
    for command; do
        have "$command" && return
    done
    want "$package" "$1"
}

# want PACKAGE NAME: it is missing.
want() {
    missing="$missing $2"
    packages="$packages $1"
}

can_install() {
    have apt-get && [ "$(id -u)" = 0 ]
}

# The package lists of a fresh machine are empty.
refresh() {
    [ -e "$lab/apt-refreshed" ] || ! can_install || apt-get -q update || return 1
    mkdir -p "$lab"
    : >"$lab/apt-refreshed"
}

install_missing() {
    [ -n "$packages" ] || return 0
    if ! can_install; then
        echo "setup: missing:$missing" >&2
        echo "setup: as root on Debian: apt-get install --no-install-recommends$packages" >&2
        exit 1
    fi
    echo "setup: installing$packages" >&2
    refresh
    # Recommendations would pull in a newer qemu-utils than some machines can take.
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $packages >&2
}

# The stock kernel, unpacked and never installed. Which package it is, apt knows.
kernel() {
    [ -e "$lab/kernel/complete" ] && return
    if ! have apt-get; then
        echo "setup: missing: the kernel of Debian's linux-image-amd64" >&2
        echo "setup: unpack it with dpkg -x to target/lab/kernel, then touch target/lab/kernel/complete" >&2
        exit 1
    fi
    package=$(kernel_package)
    [ -n "$package" ] || { refresh; package=$(kernel_package); }
    [ -n "$package" ] || { echo "setup: apt knows no linux-image-amd64: run apt-get update" >&2; exit 1; }
    echo "setup: fetching $package" >&2
    rm -rf "$lab/kernel"
    mkdir -p "$lab/kernel"
    fetch "$package" || { refresh; fetch "$package"; }
    dpkg -x "$lab"/kernel/*.deb "$lab/kernel"
    rm "$lab"/kernel/*.deb
    : >"$lab/kernel/complete"
}

fetch() {
    # Quiet about the sandbox user, who may not write below a home directory.
    (cd "$lab/kernel" && apt-get -q -o APT::Sandbox::User=root download "$1" >&2)
}

kernel_package() {
    apt-cache depends linux-image-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1
}

# The cable of the lab ends in a tap device.
tun() {
    [ -e /dev/net/tun ] || [ "$(id -u)" != 0 ] || {
        mkdir -p /dev/net && mknod /dev/net/tun c 10 200
    } 2>/dev/null || echo "setup: no /dev/net/tun: the lab will have no network" >&2
}

for word in $words; do
    case $word in
    image)
        need squashfs-tools mksquashfs
        need u-boot-tools mkimage
        ;;
    lab)
        need qemu-system-x86 qemu-system-x86_64
        need iproute2 ip
        need busybox-static busybox
        need cpio cpio
        need kmod depmod
        need mtd-utils mtdpart
        need e2fsprogs mkfs.ext4
        need f2fs-tools mkfs.f2fs
        need xz-utils xz
        need netcat-openbsd nc.openbsd
        need inetutils-telnet inetutils-telnet telnet
        ;;
    peers)
        need busybox-static busybox
        need dash dash
        need netcat-openbsd nc.openbsd
        need dropbear-bin dropbear
        need openssh-client ssh-keygen
        need squashfs-tools mksquashfs
        need mtd-utils mkfs.jffs2
        need signify-openbsd signify-openbsd
        ;;
    small)
        need qemu-user-static qemu-mips-static qemu-mips
        [ -x "$lab/venv/bin/cargo-zigbuild" ] || have cargo-zigbuild ||
            python3 -c 'import ensurepip' 2>/dev/null || want python3-venv "python's venv"
        ;;
    *)
        echo "setup: unknown word '$word'" >&2
        exit 2
        ;;
    esac
done
install_missing
for word in $words; do
    case $word in
    lab)
        kernel
        tun
        ;;
    small)
        tests/small/toolchain.sh || {
            [ $# = 0 ] || exit 1
            echo "setup: skipped: the small builds" >&2
        }
        ;;
    esac
done
