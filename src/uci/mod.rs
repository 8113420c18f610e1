//! The configuration of an OpenWrt system: files in a small language, and pending changes.
//!
//! ```text
//! words      quoting, comments, continuations: shared by files, changes, batches
//! parse      statements -> package
//! package    sections, options, values (ordered: found by name without walking)
//! reference  PKG.SECTION.OPTION=VALUE
//! edit       command -> changes
//! delta      a change as a line, and its effect
//! text       package and changes -> text
//! store      directories, locks, loading, recording
//! commit     changes -> file, whole or not at all (replace)
//! validate   every fault of a file, with its place
//! config     all of it behind `get("network.lan.ipaddr")`
//! ```
//!
//! A package in memory is always its file plus changes, applied by the same code whether
//! they come from a command or were read back. **Nothing here prints.**

mod commit;
mod config;
mod delta;
pub mod edit;
mod error;
mod names;
mod ordered;
mod package;
mod parse;
mod reference;
mod replace;
mod store;
pub mod text;
mod validate;
mod words;

pub use config::Config;
pub use delta::{Change, Delta, Line, lines as parse_changes};
pub use error::{Error, Fault, IoFailure, Reason, Result};
pub use ordered::Ordered;
pub use package::{Package, Section, Setting, Value};
pub use parse::{Parsed, Reading, package as parse_package, packages as parse_packages};
pub use reference::Reference;
pub use store::{LARGEST, Stamp, Store};
pub use validate::{Finding, findings};
pub use words::Words;

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"package p\n# c\nconfig t 'a'\n\toption x 'it'\\''s'\n\tlist l \"q\\\"\\\nz\"\n\
        \nconfig u\r\n option y a\\\nb # c\n list l '' ; option z 1; x\nconfig t a\n list l 'x\ny'\n";
    const CHANGES: &[u8] = b"p.a.x='it'\\''s'\n+p.cfg03b61a='u'\n-p.a.l='0'\n-p.a\n@p.a='b'\n\
        @p.a.x='w'\n^p.a='9'\n|p.a.x='1'\n~p.a.l='q'\np.b='t'\np.cfg02b61a.y=\n# c\n";

    /// A fixed sequence of numbers that look like chance.
    struct Dice(u32);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 8) as usize % sides
        }

        /// Replaces, inserts, removes or repeats a few bytes.
        fn mutate(&mut self, text: &[u8]) -> Vec<u8> {
            let odd = b"'\"\\#;\n\r\0 \t.=@[]+-^|~\xff09azoclp_";
            let mut text = text.to_vec();
            for _ in 0..=self.roll(6) {
                let at = self.roll(text.len() + 1);
                let end = (at + self.roll(9)).min(text.len());
                match self.roll(4) {
                    0 => text.insert(at, odd[self.roll(odd.len())]),
                    1 => text.splice(at..end, []).for_each(drop),
                    2 => {
                        let piece = text[at..end].to_vec();
                        text.splice(at..at, piece).for_each(drop);
                    }
                    _ if at < text.len() => text[at] = odd[self.roll(odd.len())],
                    _ => {}
                }
            }
            text
        }
    }

    fn normal_form(package: &Package) -> Vec<u8> {
        let mut form = Vec::new();
        text::body(&mut form, package, false);
        form
    }

    #[test]
    fn no_text_is_too_broken_to_read_and_what_is_written_reads_the_same() {
        let mut dice = Dice(1);
        for _ in 0..2_000 {
            let text = dice.mutate(FILE);
            for reading in [Reading::Strict, Reading::Lenient, Reading::Check] {
                let Ok((package, _)) = parse_package(b"p", &text, reading) else {
                    continue;
                };
                let form = normal_form(&package);
                let again = parse_package(b"p", &form, Reading::Strict);
                let again = normal_form(&again.unwrap().0);
                assert_eq!(
                    form.escape_ascii().to_string(),
                    again.escape_ascii().to_string()
                );
            }
            // Only the absence of panics counts here.
            let _ = parse_packages(&text, Reading::Lenient);
            validate::findings(&text).unwrap();
        }
    }

    #[test]
    fn no_changes_are_too_broken_to_apply_and_they_read_back_as_written() {
        let mut dice = Dice(2);
        let (package, _) = parse_package(b"p", FILE, Reading::Strict).unwrap();
        for _ in 0..2_000 {
            let text = dice.mutate(CHANGES);
            let mut changed = package.clone();
            for line in delta::lines(b"p", &text) {
                let Some(delta) = line.delta else { continue };
                let mut written = Vec::new();
                text::delta(&mut written, b"p", &delta);
                let read = delta::lines(b"p", &written)
                    .pop()
                    .and_then(|line| line.delta);
                assert_eq!(read.as_ref(), Some(&delta));
                delta.apply(&mut changed);
            }
            let form = normal_form(&changed);
            parse_package(b"p", &form, Reading::Lenient).unwrap();
        }
    }
}
