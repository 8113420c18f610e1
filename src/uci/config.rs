//! Packages by name, loaded once and kept as long as their files stay the same.

use super::delta::Delta;
use super::edit::{self, Changes};
use super::error::{Error, Fault, Result};
use super::package::{Package, Value};
use super::parse;
use super::reference::Reference;
use super::store::{self, Stamp, Store};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The configuration of a system.
///
/// ```no_run
/// # fn main() -> Result<(), safebox::uci::Error> {
/// use safebox::uci::Config;
/// let mut config = Config::at("/overlay/upper/etc/config").with_changes("/tmp/.uci");
/// let address = config.get("network.lan.ipaddr")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Config {
    /// Where it lies.
    pub store: Store,
    loaded: BTreeMap<Vec<u8>, Loaded>,
    /// Faults that were passed over since they were last taken.
    faults: Vec<Fault>,
}

#[derive(Debug)]
struct Loaded {
    package: Package,
    stamps: Vec<Stamp>,
}

impl Config {
    /// The configuration of a store.
    pub fn new(store: Store) -> Config {
        Config {
            store,
            loaded: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// The files of a directory, wherever it is mounted.
    pub fn at(conf_dir: impl Into<PathBuf>) -> Config {
        Config::new(Store::at(conf_dir))
    }

    /// The same with the pending changes of this directory.
    pub fn with_changes(mut self, dir: impl Into<PathBuf>) -> Config {
        self.store.set_save_dir(dir);
        self
    }

    /// The value of `package.section.option`, the type of `package.section`; none if there
    /// is no such thing. The items of a list are joined by blanks.
    pub fn get(&mut self, reference: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.items(reference)?.map(|items| items.join(&b' ')))
    }

    /// The items of a list, or the one value of a plain option.
    pub fn items(&mut self, reference: &str) -> Result<Option<Vec<Vec<u8>>>> {
        let at = Reference::parse(reference.as_bytes())?;
        match self.find(&at) {
            Ok(Some(Found::Value(value))) => Ok(Some(value.items().to_vec())),
            Ok(Some(Found::Section(kind))) => Ok(Some(vec![kind.to_vec()])),
            Ok(None) | Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn find(&mut self, at: &Reference) -> Result<Option<Found<'_>>> {
        let package = self.package(&at.package)?;
        let section = at.section.as_ref().ok_or(Error::InvalidArgument)?;
        let number = package.resolve(section)?.ok_or(Error::NotFound)?;
        let section = package.sections.get(number).ok_or(Error::NotFound)?;
        Ok(match &at.option {
            None => Some(Found::Section(&section.kind)),
            Some(option) => section.value(option).map(Found::Value),
        })
    }

    /// A package with its pending changes.
    pub fn package(&mut self, name: &[u8]) -> Result<&Package> {
        let stamps = self.store.stamps(name);
        if self.loaded.get(name).is_none_or(|old| old.stamps != stamps) {
            let (package, faults) = self.store.load(name)?;
            self.faults.extend(faults);
            self.loaded
                .insert(name.to_vec(), Loaded { package, stamps });
        }
        self.loaded
            .get(name)
            .map(|loaded| &loaded.package)
            .ok_or(Error::NotFound)
    }

    /// The faults that were passed over since the last call.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }

    /// Stages what `edit` makes of a package; one named by its path is written at once.
    pub fn stage(
        &mut self,
        name: &[u8],
        edit: impl FnOnce(&Package) -> Result<Changes>,
    ) -> Result<()> {
        let changes = edit(self.package(name)?)?;
        if changes.is_empty() {
            return Ok(());
        }
        if store::is_path(name) {
            return self.write_path(name, &changes);
        }
        let (size_before, stamp) = match self.store.record(name, &changes) {
            Err(error) => {
                self.loaded.remove(name);
                return Err(error);
            }
            Ok(recorded) => recorded,
        };
        let Some(loaded) = self.loaded.get_mut(name) else {
            return Ok(());
        };
        match loaded.stamps.last_mut() {
            // Nobody else has written in between: what is loaded needs only our change.
            Some(last) if last.map_or(0, |(_, _, size, ..)| size) == size_before => {
                *last = stamp;
                for change in &changes {
                    change.apply(&mut loaded.package);
                }
            }
            _ => {
                self.loaded.remove(name);
            }
        }
        Ok(())
    }

    /// Writes the pending changes of a package into its file.
    pub fn commit(&mut self, name: &[u8]) -> Result<()> {
        self.loaded.remove(name);
        self.faults.extend(self.store.commit(name)?);
        Ok(())
    }

    /// Replaces a package by this text, or all those that its `package` statements name.
    ///
    /// Nothing is written before all of it is read.
    pub fn import(&mut self, name: Option<&[u8]>, content: &[u8]) -> Result<()> {
        let parsed = match name {
            Some(name) => {
                let (package, faults) = self.store.parse(name, content)?;
                self.faults.extend(faults);
                return self.store.write(name, &package);
            }
            None => parse::packages(content, self.store.reading())?,
        };
        self.faults.extend(parsed.faults);
        for package in &parsed.packages {
            self.store.write(&package.name, package)?;
        }
        Ok(())
    }

    /// Stages what makes a package hold all of this text; anonymous sections are added.
    pub fn merge(&mut self, name: &[u8], content: &[u8]) -> Result<()> {
        let (other, faults) = self.store.parse(name, content)?;
        self.faults.extend(faults);
        self.stage(name, |package| Ok(edit::merge(package, &other)))
    }

    fn write_path(&mut self, name: &[u8], changes: &[Delta]) -> Result<()> {
        if let Some(mut loaded) = self.loaded.remove(name) {
            for change in changes {
                change.apply(&mut loaded.package);
            }
            self.store.write(name, &loaded.package)?;
        }
        Ok(())
    }
}

enum Found<'a> {
    Section(&'a [u8]),
    Value(&'a Value),
}
