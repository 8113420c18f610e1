//! The commands: look up, stage, print. Each gives its exit status or an error.

use super::{Session, WRONG_COUNT, complain};
use safebox::uci::edit::{self, Changes};
use safebox::uci::text::{self, Style};
use safebox::uci::{self, Error, Package, Reference};
use std::io::Read;

/// A command's work; its status if it did not fail.
type Work = fn(&mut Session, &[Vec<u8>]) -> uci::Result<u8>;

/// Name, fewest and most arguments, work.
const COMMANDS: &[(&str, usize, usize, Work)] = &[
    ("add", 2, 2, |s, args| s.add(args)),
    ("add_list", 1, 1, |s, args| s.stage(args, edit::add_item)),
    ("changes", 0, 1, |s, args| s.each(args, Session::changes)),
    ("commit", 0, 1, |s, args| s.commit(args)),
    ("del", 1, 1, |s, args| s.delete(args)),
    ("del_list", 1, 1, |s, args| s.stage(args, edit::delete_item)),
    ("delete", 1, 1, |s, args| s.delete(args)),
    ("diff", 0, 2, |s, args| s.diff(args)),
    ("export", 0, 1, |s, args| s.each(args, Session::export)),
    ("get", 1, 1, |s, args| s.get(args)),
    ("import", 0, 1, |s, args| s.import(args)),
    ("ren", 1, 1, |s, args| s.stage(args, edit::rename)),
    ("rename", 1, 1, |s, args| s.stage(args, edit::rename)),
    ("repair", 1, usize::MAX, |s, args| s.repair(args)),
    ("reorder", 1, 1, |s, args| s.stage(args, edit::reorder)),
    ("revert", 1, 1, |s, args| s.revert(args)),
    ("set", 1, 1, |s, args| s.stage(args, edit::set)),
    ("show", 0, 1, |s, args| s.each(args, Session::show)),
    ("validate", 0, usize::MAX, |s, args| s.validate(args)),
];

impl Session<'_, '_> {
    /// Runs a command by name; none if there is no such command with so many arguments.
    pub fn command(&mut self, name: &[u8], arguments: &[Vec<u8>]) -> Option<u8> {
        let name = name.to_ascii_lowercase();
        let command = COMMANDS.iter().find(|(known, ..)| known.as_bytes() == name);
        let (_, least, most, work) = command?;
        if !(*least..=*most).contains(&arguments.len()) {
            return None;
        }
        let status = work(self, arguments);
        self.report_faults();
        Some(status.unwrap_or_else(|error| {
            self.complain(None, &error);
            if name == b"add" { error.code() } else { 1 }
        }))
    }

    pub fn complain(&mut self, object: Option<&[u8]>, error: &Error) {
        if !self.options.quiet {
            complain(self.ctx, object, &error.to_string());
        }
    }

    /// What reading without strictness has passed over.
    fn report_faults(&mut self) {
        for fault in self.config.take_faults() {
            if !self.options.quiet {
                self.ctx.tell(format!("{fault}\n"));
            }
        }
    }

    /// Does the work for the one argument, or for every package there is: then a failure
    /// does not stop the rest and leaves the status 0.
    fn each(
        &mut self,
        arguments: &[Vec<u8>],
        work: fn(&mut Self, &Reference) -> uci::Result<u8>,
    ) -> uci::Result<u8> {
        if let Some(argument) = arguments.first() {
            return work(self, &Reference::parse(argument)?);
        }
        for package in self.config.store.names()? {
            let at = Reference {
                package,
                ..Reference::default()
            };
            if let Err(error) = work(self, &at) {
                self.complain(Some(&at.package), &error);
            }
        }
        Ok(0)
    }

    fn get(&mut self, arguments: &[Vec<u8>]) -> uci::Result<u8> {
        let [argument] = arguments else {
            return Ok(WRONG_COUNT);
        };
        let at = Reference::parse(argument)?;
        if at.value.is_some() {
            return Ok(1);
        }
        let package = self.config.package(&at.package)?;
        let Some(section) = &at.section else {
            return Ok(0);
        };
        let number = package.resolve(section)?.ok_or(Error::NotFound)?;
        let section = package.sections.get(number).ok_or(Error::NotFound)?;
        let mut line = Vec::new();
        match &at.option {
            None => line.extend_from_slice(&section.kind),
            Some(option) => {
                let value = section.value(option).ok_or(Error::NotFound)?;
                text::plain(&mut line, value, &self.options.delimiter);
            }
        }
        self.ctx.out.line(line);
        Ok(0)
    }

    fn show(&mut self, at: &Reference) -> uci::Result<u8> {
        if at.value.is_some() {
            return Ok(1);
        }
        let style = Style {
            delimiter: &self.options.delimiter,
            extended: self.options.extended,
        };
        let package = self.config.package(&at.package)?;
        let mut shown = Vec::new();
        match &at.section {
            None => text::show_package(&mut shown, package, style),
            Some(reference) => {
                let number = package.resolve(reference)?.ok_or(Error::NotFound)?;
                let section = package.sections.get(number).ok_or(Error::NotFound)?;
                match &at.option {
                    None => text::show_section(&mut shown, package, section, style),
                    Some(option) => {
                        let number = section.options.find(option).ok_or(Error::NotFound)?;
                        let setting = section.options.get(number).ok_or(Error::NotFound)?;
                        text::show_option(&mut shown, package, &section.name, setting, style);
                    }
                }
            }
        }
        self.ctx.out.put(&shown);
        Ok(0)
    }

    fn export(&mut self, at: &Reference) -> uci::Result<u8> {
        let mut shown = Vec::new();
        let package = self.config.package(&at.package)?;
        text::export(&mut shown, package, self.options.name_all);
        self.ctx.out.put(&shown);
        Ok(0)
    }

    fn changes(&mut self, at: &Reference) -> uci::Result<u8> {
        self.config.package(&at.package)?;
        let mut shown = Vec::new();
        for delta in self.config.store.pending(&at.package)? {
            text::change(&mut shown, &at.package, &delta);
        }
        self.ctx.out.put(&shown);
        Ok(0)
    }

    /// Unlike with the others a failure counts even when it is one of many.
    fn commit(&mut self, arguments: &[Vec<u8>]) -> uci::Result<u8> {
        if let Some(argument) = arguments.first() {
            let at = Reference::parse(argument)?;
            self.config.commit(&at.package)?;
            return Ok(0);
        }
        let mut status = 0;
        for name in self.config.store.names_to_commit()? {
            if let Err(error) = self.config.commit(&name) {
                self.complain(Some(&name), &error);
                status = 1;
            }
        }
        Ok(status)
    }

    fn stage(
        &mut self,
        arguments: &[Vec<u8>],
        edit: fn(&Package, &Reference) -> uci::Result<Changes>,
    ) -> uci::Result<u8> {
        let [argument] = arguments else {
            return Ok(WRONG_COUNT);
        };
        let at = Reference::parse(argument)?;
        self.config
            .stage(&at.package, |package| edit(package, &at))?;
        Ok(0)
    }

    fn delete(&mut self, arguments: &[Vec<u8>]) -> uci::Result<u8> {
        let [argument] = arguments else {
            return Ok(WRONG_COUNT);
        };
        let at = Reference::parse(argument)?;
        let mut status = 0;
        self.config.stage(&at.package, |package| {
            let changes = edit::delete(package, &at)?;
            // An index that is no number fails without a word.
            status = u8::from(changes.is_none());
            Ok(changes.unwrap_or_default())
        })?;
        Ok(status)
    }

    fn add(&mut self, arguments: &[Vec<u8>]) -> uci::Result<u8> {
        let [argument, kind] = arguments else {
            return Ok(WRONG_COUNT);
        };
        let at = Reference::parse(argument)?;
        if at.section.is_some() || at.value.is_some() {
            return Err(Error::InvalidArgument);
        }
        let mut id = Vec::new();
        self.config.stage(&at.package, |package| {
            let (new, changes) = edit::add(package, kind);
            id = new;
            Ok(changes)
        })?;
        self.ctx.out.line(id);
        Ok(0)
    }

    fn revert(&mut self, arguments: &[Vec<u8>]) -> uci::Result<u8> {
        let [argument] = arguments else {
            return Ok(WRONG_COUNT);
        };
        let at = Reference::parse(argument)?;
        let package = self.config.package(&at.package)?;
        let mut section = at.section.clone();
        if let Some(reference) = &at.section
            && let Some(number) = package.resolve(reference)?
        {
            section = package.sections.get(number).map(|found| found.name.clone());
        }
        let store = &self.config.store;
        store.revert(&at.package, section.as_deref(), at.option.as_deref())?;
        Ok(0)
    }

    fn import(&mut self, arguments: &[Vec<u8>]) -> uci::Result<u8> {
        let name = match arguments.first() {
            Some(argument) => Some(Reference::parse(argument)?.package),
            None if self.options.merge => return Ok(WRONG_COUNT),
            None => None,
        };
        let mut content = Vec::new();
        let limited = (&mut self.input).take(uci::LARGEST);
        let read = { limited }.read_to_end(&mut content);
        if read.is_err() || content.len() as u64 == uci::LARGEST {
            return Err(Error::Io(None));
        }
        if self.options.merge {
            self.config.merge(&name.unwrap_or_default(), &content)?;
        } else {
            self.config.import(name.as_deref(), &content)?;
        }
        Ok(0)
    }
}
