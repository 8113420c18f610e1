#!/bin/sh
# Packed sizes: safebox against busybox-static plus dropbear with its libraries.
#
# usage: size.sh
#
# Everything is packed in this run by the same mksquashfs with the options of the image.
# Fails when a build is larger than its line in tests/size.txt allows. The small build is made
# for that; where it cannot be, this says that it is skipped, and why.
set -eu
cd "$(dirname "$0")/../.."
work=target/lab/size
small=x86_64-unknown-linux-musl
rm -rf "$work"
mkdir -p "$work/peers"

# packed DIRECTORY: its size as the image would hold it.
packed() {
    mksquashfs "$1" "$1.squashfs" -comp xz -b 256K -all-root -noappend -no-xattrs -no-progress -quiet >/dev/null
    # The file is padded; the superblock has the bytes used.
    od -An -j 40 -N 8 -tu8 "$1.squashfs" | tr -d ' '
}

for program in busybox dropbear; do
    file=$(command -v "$program") || { echo "size: missing: $program (make setup)" >&2; exit 1; }
    cp "$file" "$work/peers/"
    ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
        cp -L "$library" "$work/peers/"
    done
done
peers=$(packed "$work/peers")
echo "peers: busybox-static, dropbear and its libraries: $peers bytes packed"

status=0
# measure NAME FILE
measure() {
    mkdir "$work/$1"
    cp -L "$2" "$work/$1/safebox"
    size=$(packed "$work/$1")
    budget=$(sed -n "s/^$1 \([0-9]*\)$/\1/p" tests/size.txt)
    echo "$1 build: $size bytes packed, $((size * 100 / peers))% of the peers, budget ${budget:-none}"
    if [ "$size" -gt "${budget:-0}" ]; then
        echo "size: the $1 build is above its budget in tests/size.txt" >&2
        status=1
    fi
}
measure everyday target/safebox
if tests/vm/setup.sh small; then
    tests/small/dist.sh "$small"
    measure small "target/dist/$small/safebox"
else
    echo "size: skipped: the small build: no toolchain for it on this machine" >&2
fi
rm -rf "$work"
exit $status
