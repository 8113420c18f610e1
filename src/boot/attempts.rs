//! Counting boots that did not come to a good end.
//!
//! Where the count is kept was chosen for the least harm. Memory that survives a reset (pstore)
//! forgets when the power goes, which is what people try first. Raw flash has no place that is
//! certainly nobody's. What is left is a file beside the settings, on the data partition,
//! outside of what is laid over the root; it costs two small writes per boot, and so nothing
//! is counted unless somebody asks for it. A partition that cannot even be mounted has no
//! count, and needs none: the boot goes on without it.
//!
//! Reading it before anything is mounted takes mounts of one's own that vanish afterwards;
//! `applets/boot_count.rs` does that.

use std::io;
use std::path::Path;

/// The file, once the data partition is mounted.
pub const FILE: &str = "/overlay/.boot_attempts";

/// How many boots were begun since the last good one; 0 for a file that says nothing.
pub fn read(file: &Path) -> u16 {
    let text = std::fs::read(file).unwrap_or_default();
    let text = std::str::from_utf8(&text).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

/// One more boot has been begun.
pub fn add(file: &Path) -> io::Result<()> {
    let count = read(file).saturating_add(1);
    let written = std::fs::File::create(file)?;
    io::Write::write_all(&mut &written, format!("{count}\n").as_bytes())?;
    // The next thing that happens may be a crash.
    written.sync_all()
}

/// The boot has come to a good end. Where nothing was counted, nothing is written.
pub fn clear(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[test]
fn boots_are_counted_until_a_good_one() {
    let name = format!("safebox-attempts-{}", std::process::id());
    let file = std::env::temp_dir().join(name);
    assert_eq!(read(&file), 0);
    add(&file).unwrap();
    add(&file).unwrap();
    assert_eq!(read(&file), 2);
    std::fs::write(&file, b"\xff\xffnonsense").unwrap();
    assert_eq!(read(&file), 0);
    clear(&file).unwrap();
    clear(&file).unwrap();
    assert!(!file.exists());
}
