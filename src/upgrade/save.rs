//! Settings into an archive: gzip around tar, names without the leading slash.
//!
//! A setting that cannot be read makes the whole archive useless: better no upgrade than one
//! that comes back without the password.

use super::Error;
use super::settings::Source;
use crate::archive::gzip::Gzip;
use crate::archive::{Create, Writer};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Writes the archive of these files of a source.
pub fn save(source: &Source, files: &[PathBuf], output: &mut dyn Write) -> Result<(), Error> {
    let mut gzip = Gzip::new(output, 9);
    let mut writer = Writer::new(&mut gzip);
    let mut create = Create::default();
    for file in files {
        let path = source.root.join(file);
        let name = file.as_os_str().as_bytes();
        let troubles = create.add(&mut writer, &path, name, &mut |_, _| true)?;
        if let Some(trouble) = troubles.into_iter().next() {
            return Err(trouble.into());
        }
    }
    writer.finish()?;
    let write_error = |error| Error::Archive(crate::archive::Error::Write(error));
    gzip.finish()
        .map_err(write_error)?
        .flush()
        .map_err(write_error)
}
