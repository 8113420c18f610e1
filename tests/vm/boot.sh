#!/bin/sh
# Packs the lab's boot stage: target/lab/vmlinux, target/lab/boot.cpio.gz, and volumes.cpio.gz with
# more modules for boards whose settings lie elsewhere.
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
volumes=$lab/volumes.cpio.gz

# What a router's kernel has built in. Each is loaded with what it depends on.
modules="virtio_pci virtio_blk virtio_net block2mtd mtdblock squashfs jffs2 overlay
    loop evdev ledtrig-timer i6300esb bridge 8021q"
# Where lab.data= says that the settings lie elsewhere. UBIFS needs zstd without saying so.
more="zstd ubifs ext4 crc32c_generic f2fs crc32_generic"
# Loaded with words of their own.
alone="nandsim mtdram"
# Memory that survives a restart, where the command line says which.
surviving="ramoops"

newer() {
    [ -e "$archive" ] && [ -e "$volumes" ] && [ -z "$(find "$kernel/complete" tests/vm/boot.sh tests/vm/boot-init -newer "$archive")" ]
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
copy_program "$(command -v ubiattach)"
copy_program "$(command -v ubidetach)"
copy_program "$(command -v ubimkvol)"

image=$(find "$kernel" -name 'vmlinuz-*')
version=${image##*/vmlinuz-}
base=$kernel
[ -d "$kernel/lib/modules" ] || base=$kernel/usr
[ -e "$base/lib/modules/$version/modules.dep.bin" ] || depmod -b "$base" "$version"

# unpacked FILE: the kernel in a bzImage, which the emulator starts as well (by PVH). Unpacking
# would take an emulated processor longer than all the rest of the way to /sbin/init.
unpacked() {
    field() {
        od -An -tu4 -j "$2" -N 4 "$1" | tr -d ' '
    }
    # Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length. The setup has
    # one sector more than it says. Its last four bytes are the unpacked length, which gzip has
    # anyway.
    sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1" | tr -d ' ')
    offset=$(((sectors + 1) * 512 + $(field "$1" $((0x248)))))
    length=$(field "$1" $((0x24c)))
    payload() {
        tail -c +$((offset + 1)) "$image" | head -c "$1"
    }
    case $(payload 4 | od -An -tx1 | tr -d ' ') in
    fd377a58) payload $((length - 4)) | xz -dc ;;
    28b52ffd) payload $((length - 4)) | zstd -dc ;;
    1f8b*) payload "$length" | gzip -dc ;;
    *) return 1 ;;
    esac
}

# needed MODULE...: the files of modules and of what they need, each once, in an order that works.
needed() {
    for module; do
        modprobe -d "$base" -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# unpack DIRECTORY ORDER: the files named on standard input, and their names in ORDER.
unpack() {
    while read -r file; do
        name=${file##*/}
        case $name in
        *.xz) xz -dc "$file" >"$1/${name%.xz}" ;;
        *.zst) zstd -qdc "$file" >"$1/${name%.zst}" ;;
        *) cp "$file" "$1/$name" ;;
        esac
        echo "${name%%.ko*}" >>"$1/$2"
    done
}

# pack DIRECTORY: an archive for the kernel, on standard output.
pack() {
    (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet | gzip -1)
}

# shellcheck disable=SC2086 # lists of words
{
    needed $modules >"$lab/modules"
    needed $modules $more | grep -vxFf "$lab/modules" >"$lab/modules.more"
    needed $modules $more $alone | grep -vxFf "$lab/modules" | grep -vxFf "$lab/modules.more" \
        >"$lab/modules.alone"
}
unpack "$tree/modules" order <"$lab/modules"
# shellcheck disable=SC2086 # a list of words
needed $surviving >"$lab/modules.surviving"
unpack "$tree/modules" surviving <"$lab/modules.surviving"
rm -rf "$lab/boot.more"
mkdir -p "$lab/boot.more/modules"
unpack "$lab/boot.more/modules" more <"$lab/modules.more"
unpack "$lab/boot.more/modules" alone <"$lab/modules.alone"

pack "$tree" >"$archive.new"
# The kernel unpacks one archive behind the other.
{ cat "$archive.new"; pack "$lab/boot.more"; } >"$volumes"
unpacked "$image" >"$lab/vmlinux" || cp "$image" "$lab/vmlinux"
mv "$archive.new" "$archive"
