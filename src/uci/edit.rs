//! From a command to the changes that it stages.
//!
//! These functions only look at the package; the caller applies and records what they
//! return. Nothing to do is no change.

use super::delta::{Change, Delta, position};
use super::error::{Error, Result};
use super::names;
use super::package::{Package, Section, Value, integer};
use super::reference::Reference;

/// The changes that a command stages.
pub type Changes = Vec<Delta>;

/// The section that a reference means; an unknown plain name gives `otherwise`.
fn section<'p>(package: &'p Package, at: &Reference, otherwise: Error) -> Result<&'p Section> {
    let Some(reference) = &at.section else {
        return Err(Error::InvalidArgument);
    };
    match package.resolve(reference)? {
        Some(number) => package.sections.get(number).ok_or(Error::NotFound),
        None => Err(otherwise),
    }
}

/// `set P.S=TYPE` and `set P.S.O=V`.
pub fn set(package: &Package, at: &Reference) -> Result<Changes> {
    let (Some(reference), Some(value)) = (&at.section, &at.value) else {
        return Err(Error::InvalidArgument);
    };
    let Some(option) = &at.option else {
        return set_type(package, reference, value);
    };
    let section = section(package, at, Error::InvalidArgument)?;
    let change = match section.value(option) {
        None if value.is_empty() => return Ok(Vec::new()),
        Some(_) if value.is_empty() => Delta::new(Change::Delete, &section.name, Some(option), b""),
        Some(Value::Text(old)) if old == value => return Ok(Vec::new()),
        _ => Delta::new(Change::Set, &section.name, Some(option), value),
    };
    Ok(vec![change])
}

fn set_type(package: &Package, reference: &[u8], kind: &[u8]) -> Result<Changes> {
    if !names::is_type(kind) {
        return Err(Error::InvalidArgument);
    }
    let name = match package.resolve(reference)? {
        Some(number) => match package.sections.get(number) {
            Some(section) if section.kind == kind => return Ok(Vec::new()),
            Some(section) => &section.name,
            None => return Err(Error::NotFound),
        },
        None => reference,
    };
    Ok(vec![Delta::new(Change::Set, name, None, kind)])
}

/// `add P TYPE`: the new id and its change. The type is not checked.
pub fn add(package: &Package, kind: &[u8]) -> (Vec<u8>, Changes) {
    let id = package.next_id(kind);
    let change = Delta::new(Change::Add, &id, None, kind);
    (id, vec![change])
}

/// `add_list P.S.O=V`.
pub fn add_item(package: &Package, at: &Reference) -> Result<Changes> {
    let value = at.value.as_ref().ok_or(Error::InvalidArgument)?;
    let section = section(package, at, Error::InvalidArgument)?;
    let Some(option) = &at.option else {
        return Ok(Vec::new());
    };
    Ok(vec![Delta::new(
        Change::AddItem,
        &section.name,
        Some(option),
        value,
    )])
}

/// `del_list P.S.O=V`: an absent value stages a change all the same.
pub fn delete_item(package: &Package, at: &Reference) -> Result<Changes> {
    let value = at.value.as_ref().ok_or(Error::InvalidArgument)?;
    let section = section(package, at, Error::InvalidArgument)?;
    let Some(option) = &at.option else {
        return Ok(Vec::new());
    };
    match section.value(option) {
        Some(Value::List(_)) => {
            let change = Delta::new(Change::DeleteItem, &section.name, Some(option), value);
            Ok(vec![change])
        }
        _ => Ok(Vec::new()),
    }
}

/// `delete P.S`, `delete P.S.O` and `delete P.S.O=i`; no error text for a bad index.
pub fn delete(package: &Package, at: &Reference) -> Result<Option<Changes>> {
    let section = section(package, at, Error::NotFound)?;
    let index = at.value.as_deref().unwrap_or_default();
    let Some(index_number) = integer(index) else {
        return Ok(None);
    };
    let Some(option) = &at.option else {
        return match index {
            b"" => Ok(Some(vec![Delta::new(
                Change::Delete,
                &section.name,
                None,
                b"",
            )])),
            _ => Err(Error::InvalidArgument),
        };
    };
    let value = section.value(option).ok_or(Error::NotFound)?;
    let exists = usize::try_from(index_number).is_ok_and(|n| n < value.items().len());
    let index = match value {
        _ if !exists && !index.is_empty() => return Ok(Some(Vec::new())),
        // The only item of a plain option is the option.
        Value::Text(_) => b"",
        Value::List(_) => index,
    };
    let change = Delta::new(Change::Delete, &section.name, Some(option), index);
    Ok(Some(vec![change]))
}

/// `rename P.S=NEW` and `rename P.S.O=NEW`. A bad new name is staged and has no effect.
pub fn rename(package: &Package, at: &Reference) -> Result<Changes> {
    let new = at.value.as_ref().filter(|new| !new.is_empty());
    let new = new.ok_or(Error::InvalidArgument)?;
    let section = section(package, at, Error::NotFound)?;
    match &at.option {
        Some(option) => {
            section.value(option).ok_or(Error::NotFound)?;
        }
        // Two sections of one name and two types would make a file that does not load.
        None if package
            .section(new)
            .is_some_and(|other| other.kind != section.kind) =>
        {
            return Err(Error::Duplicate);
        }
        None => {}
    }
    let change = Delta::new(Change::Rename, &section.name, at.option.as_deref(), new);
    Ok(vec![change])
}

/// `reorder P.S=N`.
pub fn reorder(package: &Package, at: &Reference) -> Result<Changes> {
    let section = section(package, at, Error::NotFound)?;
    let value = at.value.as_ref().ok_or(Error::NotFound)?;
    let last = package.sections.len().saturating_sub(1);
    let number = package.sections.find(&section.name);
    let old = number.and_then(|number| package.sections.position(number));
    if old == Some(position(value).min(last)) {
        return Ok(Vec::new());
    }
    Ok(vec![Delta::new(
        Change::Reorder,
        &section.name,
        None,
        value,
    )])
}

/// `import -m`: what makes `package` hold all of `other`; anonymous sections are added.
pub fn merge(package: &Package, other: &Package) -> Changes {
    let mut merged = package.clone();
    let mut changes = Vec::new();
    let mut stage = |merged: &mut Package, change: Delta| {
        change.apply(merged);
        changes.push(change);
    };
    for section in other.sections.iter() {
        let name = match section.anonymous {
            true => merged.next_id(&section.kind),
            false => section.name.clone(),
        };
        let change = if section.anonymous {
            Change::Add
        } else {
            Change::Set
        };
        if section.anonymous
            || merged
                .section(&name)
                .is_none_or(|old| old.kind != section.kind)
        {
            stage(&mut merged, Delta::new(change, &name, None, &section.kind));
        }
        for setting in section.options.iter() {
            let option = Some(&setting.name[..]);
            match &setting.value {
                value if merged.value(&name, &setting.name) == Some(value) => {}
                Value::Text(text) => {
                    stage(&mut merged, Delta::new(Change::Set, &name, option, text));
                }
                Value::List(items) => {
                    for item in items {
                        stage(
                            &mut merged,
                            Delta::new(Change::AddItem, &name, option, item),
                        );
                    }
                }
            }
        }
    }
    changes
}
