#!/bin/sh
# Makes the firmware of the lab's board; no root needed.
#
# usage: image.sh [VERSION [DIRECTORY]]
#
# In DIRECTORY (target/image): rootfs.squashfs, sysupgrade.bin (what a person flashes) and
# flash.bin (the whole flash as it leaves the factory). tests/vm/README.md has the layout.
# SAFEBOX names the binary (target/safebox), TREE another root file system than rootfs/.
# USERLAND=peer packs busybox and dropbear in its place, to be measured against.
# Done at once when nothing has changed since the last time.
set -eu
cd "$(dirname "$0")/../.."
umask 022
version=${1:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)}
out=${2:-target/image}
binary=${SAFEBOX:-target/safebox}

mib=1048576
block=65536
kernel=$((2 * mib))
art=$((255 * block))

made="$version $binary ${TREE:-rootfs} ${USERLAND:-safebox}"
if [ "$made" = "$(cat "$out/made" 2>/dev/null)" ] &&
    [ -z "$(find -L "$binary" "${TREE:-rootfs}" Cargo.toml tests/vm/image.sh -newer "$out/made" 2>/dev/null)" ]; then
    echo "image: $out/sysupgrade.bin is up to date"
    exit 0
fi
mkdir -p "$out"
rm -f "$out/made"

root=$out/root
rm -rf "$root"
mkdir -p "$root"

# The tree as it lies on the device.
(cd "${TREE:-rootfs}" && find . ! -name README.md ! -name . ! -type d) |
    while read -r file; do
        mkdir -p "$root/$(dirname "$file")"
        cp -P "${TREE:-rootfs}/$file" "$root/$file"
    done
for directory in bin sbin usr/bin usr/sbin etc lib dev mnt overlay proc rom root sys tmp; do
    mkdir -p "$root/$directory"
done
[ -e "$root/var" ] || ln -s tmp "$root/var"
install_safebox() {
    cp -L "$binary" "$root/bin/safebox"
    chmod 755 "$root/bin/safebox"
    "$binary" --install "$root"
}
install_peer() {
    cp "$(command -v busybox)" "$root/bin/busybox"
    busybox --list-full | while read -r name; do
        mkdir -p "$root/$(dirname "$name")"
        [ -e "$root/$name" ] || ln -s /bin/busybox "$root/$name"
    done
    for program in dropbear dropbearkey; do
        cp "$(command -v $program)" "$root/usr/sbin/$program"
        ldd "$(command -v $program)" | grep -o '/[^ ]*' | while read -r library; do
            install -D -m 755 "$library" "$root$library"
        done
    done
}
"install_${USERLAND:-safebox}"
[ ! -e "$root/etc/shadow" ] || chmod 600 "$root/etc/shadow"

# Placeholders, in the few files that know the version.
grep -rlI '@VERSION@' "$root/etc" 2>/dev/null | while read -r file; do
    sed "s/@VERSION@/$version/g" "$file" >"$out/text"
    cat "$out/text" >"$file"
    rm "$out/text"
done

# Owned by root, and with the console that the kernel opens before anything is mounted.
mksquashfs "$root" "$out/rootfs.squashfs" -comp xz -b 256K -all-root -noappend -no-xattrs \
    -no-progress -quiet -all-time 0 -mkfs-time 0 -p '/dev/console c 600 0 0 5 1'
rm -rf "$root"

# fill TEXT COUNT: that many bytes of repeated text.
fill() {
    yes "$1" | head -c "$2"
}

# A valid header around filler: a boot loader would start nothing else.
fill "safebox,lab kernel stand-in $version" $((kernel - 64)) >"$out/filler"
SOURCE_DATE_EPOCH=0 mkimage -A mips -O linux -T kernel -C none -a 0x80060000 -e 0x80060000 \
    -n "safebox,lab $version" -d "$out/filler" "$out/kernel" >/dev/null
rm "$out/filler"

# Erased flash to the next erase block, where the marker says that the data may begin.
size=$(wc -c <"$out/rootfs.squashfs")
padding=$(((block - size % block) % block))
{
    cat "$out/kernel" "$out/rootfs.squashfs"
    head -c $padding /dev/zero | tr '\0' '\377'
    printf '\336\255\300\336'
} >"$out/firmware"
rm "$out/kernel"
[ "$(wc -c <"$out/firmware")" -le "$art" ] || { echo "image: too big for the flash" >&2; exit 1; }

# The factory's flash: the firmware, erased space, and calibration data nobody may touch.
{
    cat "$out/firmware"
    head -c $((art - $(wc -c <"$out/firmware"))) /dev/zero | tr '\0' '\377'
    fill "calibration data of this very device; no copy exists" $block
} >"$out/flash.bin"

cat >"$out/metadata.json" <<END
{ "metadata_version": "1.1", "compat_version": "1.0", "supported_devices": ["safebox,lab"], "version": { "dist": "safebox", "version": "$version", "revision": "$version", "target": "lab", "board": "safebox,lab" } }
END
mv "$out/firmware" "$out/sysupgrade.bin"
"$binary" fwtool -I "$out/metadata.json" "$out/sysupgrade.bin"
rm "$out/metadata.json"
echo "$made" >"$out/made"
echo "image: $out/sysupgrade.bin $(wc -c <"$out/sysupgrade.bin") bytes, root file system $size bytes, version $version"
