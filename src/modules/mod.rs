//! Kernel modules: found by name, loaded after what they depend on.
//!
//! A module list (`/etc/modules-boot.d`, `/etc/modules.d`) names one module per line with its
//! parameters. [`tree::Tree`] knows the files, [`plan::Plan`] the order.

pub mod plan;
pub mod tree;

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::path::Path;

/// MODULE_INIT_COMPRESSED_FILE of linux/module.h.
const COMPRESSED: i32 = 4;

/// A line of a module list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The module's name as written.
    pub name: String,
    /// Its parameters, separated by blanks.
    pub parameters: String,
}

/// Reads a list: a module per line, `name parameters`; `#` begins a comment.
pub fn parse_list(text: &[u8]) -> Vec<Wanted> {
    let line = |line: &[u8]| {
        let line = std::str::from_utf8(line).ok()?;
        let line = line.split('#').next()?.trim();
        let (name, parameters) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        (!name.is_empty()).then(|| Wanted {
            name: name.to_owned(),
            parameters: parameters.trim().to_owned(),
        })
    };
    text.split(|&b| b == b'\n').filter_map(line).collect()
}

/// The form in which the kernel compares names: `-` and `_` are the same, no `.ko`.
pub fn plain_name(name: &str) -> String {
    let bare = name.split(".ko").next().unwrap_or(name);
    bare.replace('-', "_")
}

/// Loads a file into the kernel (EEXIST: it is there already). Compressed files are left to
/// the kernel, which knows the formats it was built for.
pub fn insert(file: &Path, parameters: &[u8]) -> io::Result<()> {
    let parameters = CString::new(parameters)?;
    let extension = file.extension().unwrap_or_default();
    let flags = if extension == "ko" { 0 } else { COMPRESSED };
    Ok(rustix::system::finit_module(
        File::open(file)?,
        &parameters,
        flags,
    )?)
}

#[test]
fn a_list_has_a_module_per_line_with_its_parameters() {
    let lines = parse_list(b"# boot\n\n  usb-storage\nloop max_loop=8  max_part=2 # two\r\n\xff\n");
    let shown: Vec<_> = lines
        .iter()
        .map(|w| format!("{}[{}]", w.name, w.parameters))
        .collect();
    assert_eq!(shown, ["usb-storage[]", "loop[max_loop=8  max_part=2]"]);
}

#[test]
fn names_are_compared_as_the_kernel_does() {
    assert_eq!(plain_name("ledtrig-timer.ko.xz"), "ledtrig_timer");
    assert_eq!(plain_name("vfat"), "vfat");
}
