#!/bin/sh
# Starts the lab's board; becomes the emulator, so that killing this process cuts its power.
#
# usage: qemu.sh FLASH [EMULATOR-ARGUMENT...]
#
# TAP names the end of the cable on this side (none: no network), APPEND words for the
# kernel's command line. Never `-accel kvm`: it hangs on some hosts.
set -eu
here=$(dirname "$0")
lab=$here/../../target/lab
flash=$1
shift
exec qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -m 128 \
    -nodefaults -no-user-config -display none -device i6300esb -device qemu-xhci \
    -kernel "$lab/vmlinuz" -initrd "$lab/boot.cpio.gz" \
    -append "console=ttyS0 board=safebox,lab quiet ${APPEND:-}" \
    -drive "file=$flash,format=raw,if=virtio" \
    ${TAP:+-netdev "tap,id=lan,ifname=$TAP,script=no,downscript=no"} \
    ${TAP:+-device virtio-net-pci,netdev=lan,romfile=,mac=52:54:00:00:00:01} \
    "$@"
