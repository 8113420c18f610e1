#!/bin/sh
# Packs the lab's boot stage: target/lab/vmlinuz and target/lab/boot.cpio.gz.
#
# usage: boot.sh
#
# The boot stage plays boot loader and kernel; boot-init beside this file is its program. Its
# userland is busybox and mtdpart, not safebox: it must not depend on what is being tested.
set -eu
cd "$(dirname "$0")/../.."
lab=$PWD/target/lab
kernel=$lab/kernel
archive=$lab/boot.cpio.gz

# What a router's kernel has built in. Each is loaded with what it depends on.
modules="virtio_pci virtio_blk virtio_net block2mtd mtdblock squashfs jffs2 overlay
    loop evdev ledtrig-timer i6300esb bridge 8021q"

newer() {
    [ -e "$archive" ] && [ -z "$(find "$kernel/complete" tests/vm/boot.sh tests/vm/boot-init -newer "$archive")" ]
}
newer && exit 0

tree=$lab/boot
rm -rf "$tree"
mkdir -p "$tree/bin" "$tree/dev" "$tree/modules" "$tree/new" "$tree/proc" "$tree/sys"
install -m 755 tests/vm/boot-init "$tree/init"
install -m 755 "$(command -v busybox)" "$tree/bin/busybox"

# With its libraries, at the places that it looks for them.
copy_program() {
    install -D -m 755 "$1" "$tree/bin/$(basename "$1")"
    ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
        install -D -m 755 "$library" "$tree$library"
    done
}
copy_program "$(command -v mtdpart)"

image=$(find "$kernel" -name 'vmlinuz-*')
version=${image##*/vmlinuz-}
base=$kernel
[ -d "$kernel/lib/modules" ] || base=$kernel/usr
[ -e "$base/lib/modules/$version/modules.dep.bin" ] || depmod -b "$base" "$version"

# One "insmod FILE" per line, each module once, in an order that works.
for module in $modules; do
    modprobe -d "$base" -S "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$lab/modules"
while read -r file; do
    name=${file##*/}
    case $name in
    *.xz) xz -dc "$file" >"$tree/modules/${name%.xz}" ;;
    *.zst) zstd -qdc "$file" >"$tree/modules/${name%.zst}" ;;
    *) cp "$file" "$tree/modules/$name" ;;
    esac
    echo "${name%%.ko*}" >>"$tree/modules/order"
done <"$lab/modules"

(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$archive.new"
cp "$image" "$lab/vmlinuz"
mv "$archive.new" "$archive"
