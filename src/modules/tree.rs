//! What lies below `/lib/modules/RELEASE`: files, dependencies, aliases.
//!
//! With `modules.dep` the index is believed. Without one the folder is walked and each
//! module tells its dependencies itself, in the text of its `.modinfo` section.

use super::plain_name;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Folders in folders that are walked; Debian's deepest module lies nine levels down.
const DEPTH: u32 = 16;
/// A larger file is no module.
const LARGEST_MODULE: u64 = 64 << 20;

/// The modules of a kernel.
#[derive(Debug, Default)]
pub struct Tree {
    dir: PathBuf,
    /// By plain name.
    modules: BTreeMap<String, Module>,
}

#[derive(Debug)]
struct Module {
    file: PathBuf,
    /// As the index has them; None where there is no index.
    depends: Option<Vec<String>>,
}

impl Tree {
    /// The modules of the running kernel, below `root`; none where the folder is missing.
    pub fn of_running_kernel(root: &Path) -> Tree {
        let name = rustix::system::uname();
        let release = OsStr::from_bytes(name.release().to_bytes());
        Tree::read(root.join("lib/modules").join(release))
    }

    /// The modules in a folder.
    pub fn read(dir: PathBuf) -> Tree {
        if let Ok(index) = std::fs::read(dir.join("modules.dep")) {
            return Tree::from_index(dir, &index);
        }
        let mut modules = BTreeMap::new();
        walk(&dir, DEPTH, &mut modules);
        Tree { dir, modules }
    }

    /// The modules that the text of a `modules.dep` names: `FILE: FILE...`, each below `dir`.
    pub fn from_index(dir: PathBuf, index: &[u8]) -> Tree {
        let name_of = |path: &str| plain_name(path.rsplit('/').next().unwrap_or(path));
        let line = |line: &[u8]| {
            let (file, depends) = std::str::from_utf8(line).ok()?.split_once(':')?;
            let module = Module {
                file: dir.join(file),
                depends: Some(depends.split_whitespace().map(name_of).collect()),
            };
            Some((name_of(file), module))
        };
        let modules = index.split(|&b| b == b'\n').filter_map(line).collect();
        Tree { dir, modules }
    }

    /// The file of a module.
    pub fn file(&self, name: &str) -> Option<&Path> {
        let module = self.modules.get(&plain_name(name))?;
        Some(&module.file)
    }

    /// The plain names of the modules that one needs.
    ///
    /// # Errors
    /// When the module has to be asked and cannot be read.
    pub fn depends(&self, name: &str) -> io::Result<Vec<String>> {
        match self.modules.get(&plain_name(name)) {
            None => Ok(Vec::new()),
            Some(Module {
                depends: Some(depends),
                ..
            }) => Ok(depends.clone()),
            Some(Module { file, .. }) => {
                if std::fs::metadata(file)?.len() > LARGEST_MODULE {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                Ok(depends_of(&std::fs::read(file)?))
            }
        }
    }

    /// The plain names of the modules behind a name that may be an alias: a module's own
    /// name, what `modules.alias` has for it, and for `fs-TYPE`, which the kernel asks for at
    /// a mount, the module TYPE.
    pub fn resolve(&self, name: &str) -> Vec<String> {
        let plain = plain_name(name);
        if self.modules.contains_key(&plain) {
            return vec![plain];
        }
        let index = std::fs::read(self.dir.join("modules.alias")).unwrap_or_default();
        let found = by_alias(&index, name);
        let known = |name: &String| self.modules.contains_key(name);
        let file_system = name.strip_prefix("fs-").map(plain_name).filter(known);
        if found.is_empty() {
            return file_system.into_iter().collect();
        }
        found
    }

    /// Whether the kernel has this module built in, as far as the index tells.
    pub fn is_built_in(&self, name: &str) -> bool {
        let index = std::fs::read(self.dir.join("modules.builtin")).unwrap_or_default();
        let is_it = |line: &[u8]| {
            let file = line.rsplit(|&b| b == b'/').next().unwrap_or_default();
            plain_name(&String::from_utf8_lossy(file)) == plain_name(name)
        };
        index.split(|&b| b == b'\n').any(is_it)
    }
}

/// Whether a file name is a module's, compressed or not.
fn is_module(name: &str) -> bool {
    name.ends_with(".ko") || name.contains(".ko.")
}

fn walk(dir: &Path, depth: u32, modules: &mut BTreeMap<String, Module>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), depth, modules);
        } else if is_module(&name) {
            let module = Module {
                file: entry.path(),
                depends: None,
            };
            modules.insert(plain_name(&name), module);
        }
    }
}

/// What a module says it needs: the entry `depends=` of its `.modinfo`, where each entry ends
/// with NUL. It is never the first entry, and no code is asked what section it lies in.
pub fn depends_of(module: &[u8]) -> Vec<String> {
    let mark = b"\0depends=";
    let Some(start) = memchr::memmem::find(module, mark) else {
        return Vec::new();
    };
    let rest = module.get(start + mark.len()..).unwrap_or_default();
    let value = rest.split(|&b| b == 0).next().unwrap_or_default();
    String::from_utf8_lossy(value)
        .split(',')
        .filter(|name| !name.is_empty())
        .map(plain_name)
        .collect()
}

/// The modules whose `alias PATTERN MODULE` line matches, each once.
pub fn by_alias(index: &[u8], alias: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in index.split(|&b| b == b'\n') {
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|w| !w.is_empty());
        let (Some(b"alias"), Some(pattern), Some(module)) =
            (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let module = plain_name(&String::from_utf8_lossy(module));
        if !found.contains(&module) && crate::shell::pattern::matches(pattern, alias.as_bytes()) {
            found.push(module);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder below the temporary one that goes when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn with(name: &str, files: &[(&str, &[u8])]) -> Folder {
            let dir = std::env::temp_dir().join(format!("safebox-{name}-{}", std::process::id()));
            for (name, content) in files {
                let path = dir.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, content).unwrap();
            }
            Folder(dir)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // What is left lies in the temporary folder.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn in_a_flat_folder_each_module_tells_what_it_needs() {
        let vfat = b"\x7fELF..\0license=GPL\0depends=fat,nls-base\0name=vfat\0";
        let folder = Folder::with(
            "flat",
            &[
                ("vfat.ko", vfat),
                ("fat.ko", b"\x7fELF\0depends=\0"),
                ("modules.txt", b""),
            ],
        );
        let tree = Tree::read(folder.0.clone());
        assert_eq!(tree.file("vfat"), Some(&*folder.0.join("vfat.ko")));
        assert_eq!(tree.depends("vfat").unwrap(), ["fat", "nls_base"]);
        assert!(tree.depends("fat").unwrap().is_empty());
        assert_eq!(tree.file("modules"), None);
        assert_eq!(tree.resolve("fs-vfat"), ["vfat"]);
        assert!(tree.resolve("fs-ext4").is_empty());
    }

    #[test]
    fn an_index_is_believed() {
        let folder = Folder::with(
            "index",
            &[
                (
                    "modules.dep",
                    b"kernel/usb/usb-storage.ko.xz: kernel/usb/usbcore.ko.xz kernel/usb/usb-common.ko.xz\n\
                      kernel/usb/usbcore.ko.xz:\nnonsense\n",
                ),
                (
                    "modules.alias",
                    b"# Aliases\nalias usb:v*p*d*dc*dsc*dp*ic08isc06ip50in* usb_storage\n\
                      alias fs-vfat usbcore\nalias\n",
                ),
                ("modules.builtin", b"kernel/fs/fuse/virtio-fs.ko\n"),
            ],
        );
        let tree = Tree::read(folder.0.clone());
        assert_eq!(
            tree.depends("usb-storage").unwrap(),
            ["usbcore", "usb_common"]
        );
        let file = folder.0.join("kernel/usb/usb-storage.ko.xz");
        assert_eq!(tree.file("usb_storage"), Some(&*file));
        let stick = "usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00";
        assert_eq!(tree.resolve(stick), ["usb_storage"]);
        assert_eq!(tree.resolve("fs-vfat"), ["usbcore"]);
        assert!(tree.resolve("usb:v1").is_empty());
        assert!(tree.is_built_in("virtio_fs"));
        assert!(!tree.is_built_in("usbcore"));
    }

    #[test]
    fn what_is_no_module_needs_nothing() {
        assert!(depends_of(b"").is_empty());
        assert!(depends_of(b"\0depends=").is_empty());
        assert!(depends_of(b"depends=x\0").is_empty());
        assert_eq!(depends_of(b"\0depends=a,,b"), ["a", "b"]);
    }
}
