//! Settings into an archive: gzip around tar, names without the leading slash.
//!
//! A setting that cannot be read makes the whole archive useless: better no upgrade than one
//! that comes back without the password.

use super::Error;
use super::list::{self, Which};
use super::settings::Source;
use crate::archive::gzip::Gzip;
use crate::archive::{Create, Header, Kind, Writer};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Writes the archive of these files of a source. Before them: what the next image does once,
/// and, if it is wanted, the names of the packages.
pub fn save(
    source: &Source,
    files: &[PathBuf],
    which: Which,
    output: &mut dyn Write,
) -> Result<(), Error> {
    let mut gzip = Gzip::new(output, 9);
    let mut writer = Writer::new(&mut gzip);
    let mut made = |name: &str, content: &[u8], mtime| {
        let mut header = Header::new(Kind::File, name.as_bytes());
        (header.size, header.mtime) = (content.len() as u64, mtime);
        writer.file(&header, &mut &*content)
    };
    // As old as what it says.
    let links = source.root.join("etc/rc.d").metadata();
    let mtime = links.map_or(0, |meta| meta.mtime());
    if let Some(script) = list::disabled_services(&source.root) {
        made("etc/uci-defaults/10_disable_services", &script, mtime)?;
    }
    if which.packages {
        let packages = list::packages(source);
        made("etc/backup/installed_packages.txt", &packages, mtime)?;
    }
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
