//! Pages that stay in memory whatever happens to the flash they came from.

use rustix::mm::{MapFlags, MlockAllFlags, ProtFlags};
use std::fs::File;
use std::io;

/// Holds all pages of this process, those to come as well (mlockall(2)).
pub fn lock_all() -> io::Result<()> {
    Ok(rustix::mm::mlockall(
        MlockAllFlags::CURRENT | MlockAllFlags::FUTURE,
    )?)
}

/// Reads a whole file into the page cache and holds it there until this process ends, so
/// that others who run it never have to read it again.
pub fn hold(file: &File) -> io::Result<()> {
    let length = usize::try_from(file.metadata()?.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
    if length == 0 {
        return Ok(());
    }
    // SAFETY: the kernel chooses a free address, and nobody ever looks at the mapping.
    unsafe {
        let flags = MapFlags::SHARED | MapFlags::POPULATE;
        let start = rustix::mm::mmap(
            std::ptr::null_mut(),
            length,
            ProtFlags::READ,
            flags,
            file,
            0,
        )?;
        rustix::mm::mlock(start, length)?;
    }
    Ok(())
}

/// An empty file that is nowhere but in memory, and gone when it is closed. Kernels without
/// such files refuse; and a limit on the size of files is one on these, with a signal at its
/// end, so under one there are none.
pub fn file() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    use rustix::process::{Resource, getrlimit};
    if getrlimit(Resource::Fsize).current.is_some() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let create = |flags| memfd_create(c"sh", MemfdFlags::CLOEXEC | flags);
    // Newer kernels complain in their log where this is missing, older ones do not know it.
    let made = create(MemfdFlags::NOEXEC_SEAL).or_else(|error| match error {
        rustix::io::Errno::INVAL => create(MemfdFlags::empty()),
        other => Err(other),
    });
    Ok(made?.into())
}
