//! Runs the transcripts of `tests/cli/*.test`; see `tests/README.md` for their form.
//!
//! Each case runs in a fresh directory with the applets' links first in `PATH` and the
//! shell of the binary under test, so that what is tested is what a user would type.
//! Environment: `SAFEBOX` is the binary (default: the one cargo built), `SAFEBOX_RUNNER` a
//! program to run it by (`qemu-mips-static`), `SAFEBOX_CLI` a list of file names to run.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "the report of a test")]

#[path = "support/transcript.rs"]
mod transcript;

use transcript::Subject;

#[test]
fn transcripts() {
    let subject = Subject::from_environment(env!("CARGO_BIN_EXE_safebox"));
    let report = transcript::run_folder(&subject, "tests/cli");
    eprint!("{}", report.text);
    assert!(report.run > 0, "no case ran");
    assert_eq!(
        report.failed, 0,
        "{} of {} cases failed",
        report.failed, report.run
    );
}
