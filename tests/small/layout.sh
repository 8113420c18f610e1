#!/bin/sh
# Writes applets/layout.ld: what code a boot into failsafe mode runs, for the linker to put
# together. Needs what the lab needs.
#
# usage: layout.sh
#
# A board reads its program from squashfs, and each block of it that is touched anywhere is
# unpacked whole. Strewn over the program, what a boot runs touches nearly all of them.
set -eu
cd "$(dirname "$0")/../.."
host=$(rustc -vV | sed -n 's/^host: //p')
work=$PWD/target/layout
binary=$work/$host/release/safebox
out=applets/layout.ld
mkdir -p "$work"
trap 'kill $emulator 2>/dev/null || true' EXIT
emulator=

# The same program with a map of where each piece lies, its code in the usual order.
CARGO_TARGET_DIR=$work make build FLAGS_MORE="-C link-arg=-Wl,-Map=$work/map" LAYOUT=
SAFEBOX=$binary tests/vm/image.sh layout "$work/image"
rm -f "$work/input" "$work/log"
cp "$work/image/flash.bin" "$work/flash.bin"
mkfifo "$work/input"

# The emulator notes the code that it translates, in the program's part of the addresses.
CARDS=loose APPEND='failsafe=true' tests/vm/qemu.sh "$work/flash.bin" -serial stdio \
    -d in_asm -dfilter 0x200000+0x800000 -D "$work/ran" <"$work/input" >"$work/console" &
emulator=$!
exec 3>"$work/input"
# say COMMAND: at the next prompt.
prompts=0
say() {
    prompts=$((prompts + 1))
    tries=0
    until [ "$(tr '\r' '\n' <"$work/console" | grep -c '^root@failsafe:.*# ')" -ge $prompts ]; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { echo "layout: the board does not come up: see $work/console" >&2; exit 1; }
        sleep 0.1
    done
    [ -z "$1" ] || printf '%s\n' "$1" >&3
}
say 'mount_root'
say 'ls -l /etc/config && cat /etc/config/system && uci show system'
say ''
kill $emulator

{
    cat <<'END'
/*
 * How the everyday binary is laid out; a linker script that adds to the linker's own.
 * `make layout` writes it anew from a boot of the lab's board; names that are no longer
 * there do no harm.
 *
 * Code that a boot into failsafe mode runs lies together, so that few blocks of the squashfs
 * have to be unpacked for it. Nothing unwinds, so there are no tables for that; those of the
 * start files have symbols that refer to them.
 */
SECTIONS {
    /DISCARD/ : { *(EXCLUDE_FILE(*crt*.o) .eh_frame) *(.gcc_except_table .gcc_except_table.*) }
    .text.boot : {
END
    start=$(readelf -h "$binary" | sed -n 's/.*Entry point address: *//p')
    awk -v begin=$((start)) -f tests/small/layout.awk "$work/map" "$work/ran" | LC_ALL=C sort -u
    cat <<'END'
    }
} INSERT AFTER .text;
END
} >"$work/layout.ld"
mv "$work/layout.ld" $out
echo "layout: $out: $(grep -c '(\.text\.' $out) pieces of code"
