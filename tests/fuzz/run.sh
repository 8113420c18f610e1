#!/bin/sh
# Runs fuzz targets, each for a bounded time.
#
# usage: run.sh [TARGET [SECONDS]]
#
# Without a target all of them, one after the other; a minute each. Corpus and crashes lie
# below target/fuzz; a crash ends the target, the others still run, and the status is 1.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
out=$root/target/fuzz
seconds=${2:-60}
host=$(rustc -vV | sed -n 's/^host: //p')

command -v c++ >/dev/null || {
    echo "fuzz: a C++ compiler is missing: apt-get install g++" >&2
    exit 1
}

# What `cargo fuzz` passes, without a sanitizer: the library has no unsafe code worth one.
coverage="-Cpasses=sancov-module -Ccodegen-units=1"
for word in level=4 inline-8bit-counters pc-table trace-compares; do
    coverage="$coverage -Cllvm-args=-sanitizer-coverage-$word"
done
# `fuzzing` opens src/shell/fuzz.rs.
RUSTFLAGS="--cfg fuzzing $coverage" CARGO_TARGET_DIR=$out cargo build \
    --manifest-path tests/fuzz/Cargo.toml --release --locked --target "$host"

targets=${1:-$(sed -n 's/^name = "\(.*\)"$/\1/p' tests/fuzz/Cargo.toml | grep -v '^safebox')}
# Directories that earlier extractions have left.
rm -rf "$out/work"
mkdir -p "$out/crashes" "$out/work"
# Where a script that changes files would do no harm, should the cage leak.
cd "$out/work"

# target NAME: runs it; its log says how it went.
target() {
    seeds=$root/tests/fuzz/seeds/$1
    longest=1024 dictionary=
    case $1 in
    shell_*)
        seeds="$seeds $root/tests/shell/posix $root/tests/shell/ash"
        dictionary=-dict=$root/tests/fuzz/shell.dict
        ;;
    image | image_formats | archive | upgrade | flash | jffs2 | disk) longest=12000 ;;
    esac
    mkdir -p "$out/corpus/$1"
    # The corpus is not read again during the run: a caged process cannot.
    # shellcheck disable=SC2086 # lists of words
    RUST_BACKTRACE=0 "$out/$host/release/$1" -close_fd_mask=3 -reload=0 -timeout=10 \
        -rss_limit_mb=1024 -max_len=$longest -max_total_time="$seconds" $dictionary \
        -print_final_stats=1 -artifact_prefix="$out/crashes/$1-" \
        "$out/corpus/$1" $seeds >"$out/$1.log" 2>&1
}

status=0
for name in $targets; do
    if target "$name"; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log")
        echo "fuzz: $name: $runs inputs, nothing found"
    else
        echo "fuzz: $name: see $out/$name.log and $out/crashes" >&2
        status=1
    fi
done
exit $status
