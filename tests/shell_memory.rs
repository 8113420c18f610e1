//! A script that runs for weeks must not grow: what the shell needs at most, by its own
//! account in `/proc`, before and after a loop.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Sets `peak` to the most memory that the shell has had so far, in kB.
const PEAK: &str = "
    peak() {
        while read -r name value unit; do
            case $name in VmHWM:) peak=$value;; esac
        done </proc/$$/status
    }
";

/// By how many kB a script grows from its 1,000th round to its last; `i` counts.
fn growth(rounds: u32, body: &str) -> i64 {
    let script = format!(
        "{PEAK}
        i=0
        while [ $i -lt {rounds} ]; do
            {body}
            i=$((i+1))
            if [ $i = 1000 ]; then peak; before=$peak; fi
        done
        peak
        echo $((peak-before))"
    );
    let output = Command::new(env!("CARGO_BIN_EXE_safebox"))
        .arg0("sh")
        .args(["-c", &script])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap();
    last.parse().unwrap_or_else(|_| panic!("{output:?}"))
}

/// A page more or less is no leak; one word per round would be 800 kB.
fn check_steady(rounds: u32, body: &str) {
    let growth = growth(rounds, body);
    assert!(growth < 256, "{growth} kB in {rounds} rounds of: {body}");
}

#[test]
fn a_loop_of_assignments_and_choices_does_not_grow() {
    check_steady(
        100_000,
        "x=$i; y=${x#1}$((x*2)); case $x in *9) y=;; esac; [ \"$x\" -lt 5 ] && z=$y",
    );
}

#[test]
fn function_calls_with_locals_do_not_grow() {
    check_steady(100_000, "f() { local a b=$1; a=$b; set -- x y; }; f $i 2");
}

#[test]
fn names_that_a_script_makes_up_and_forgets_do_not_stay() {
    check_steady(
        100_000,
        "f() { local v$i=1; }; f; eval \"w$i=1\"; unset w$i",
    );
}

#[test]
fn substitutions_and_here_documents_do_not_grow() {
    check_steady(
        20_000,
        "x=$(echo $i); read -r y <<E\n$x\nE\nwhile read -r y; do :; done <<E\n$x\nE\n",
    );
}

#[test]
fn a_large_value_is_given_back() {
    // Ten times ten million bytes, each forgotten before the next.
    let body = "
        if [ $((i%200)) = 0 ]; then
            x=0123456789
            for n in 1 2 3 4 5 6; do x=$x$x$x$x$x$x$x$x$x$x; done
            [ ${#x} = 10000000 ] || exit 1
            case $((i%3)) in 0) x=;; 1) unset x;; *) x=small;; esac
        fi";
    let growth = growth(2000, body);
    assert!(growth < 12_000, "{growth} kB");
}

#[test]
fn a_line_that_does_not_fit_into_memory_is_an_error_that_names_it() {
    let script = "
        i=0; x=0123456789abcdef; while [ $i -lt 20 ]; do x=$x$x; i=$((i+1)); done
        printf 'echo before\\nx=%s\\necho behind\\n' $x >$0.sh; x=
        (ulimit -v 60000; \"$BOX\" sh $0.sh) 2>&1; echo $?; \"$BOX\" sh $0.sh; rm $0.sh";
    let name = std::env::temp_dir().join(format!("safebox-line-{}", std::process::id()));
    let output = Command::new(env!("CARGO_BIN_EXE_safebox"))
        .args(["sh", "-c", script])
        .arg(&name)
        .env("BOX", env!("CARGO_BIN_EXE_safebox"))
        .output()
        .unwrap();
    let expected = format!(
        "before\n{}.sh: line 2: can't read: out of memory\n2\nbefore\nbehind\n",
        name.display()
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}
