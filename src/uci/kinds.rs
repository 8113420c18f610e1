//! The sections of each type in order, so that `@type[n]` is found without walking.
//!
//! Made when somebody asks for the first time, and kept up to date from then on.

use super::ordered::Ordered;
use super::package::Section;
use std::cell::OnceCell;
use std::collections::BTreeMap;

type Table = BTreeMap<Vec<u8>, Vec<u32>>;

/// Numbers of sections by type.
#[derive(Clone, Debug, Default)]
pub struct Kinds(OnceCell<Table>);

impl Kinds {
    /// The sections of a type, in order.
    pub fn members(&self, sections: &Ordered<Section>, kind: &[u8]) -> &[u32] {
        let table = self.0.get_or_init(|| {
            let mut table = Table::new();
            for &number in sections.numbers() {
                if let Some(section) = sections.get(number) {
                    list(&mut table, &section.kind).push(number);
                }
            }
            table
        });
        table.get(kind).map_or(&[], Vec::as_slice)
    }

    /// A section has come to where it stands now, with the type that it has now.
    pub fn enter(&mut self, sections: &Ordered<Section>, number: u32) {
        let (Some(table), Some(section)) = (self.0.get_mut(), sections.get(number)) else {
            return;
        };
        let members = list(table, &section.kind);
        let place = match sections.numbers().last() == Some(&number) {
            // Most come at the end.
            true => members.len(),
            false => {
                let before = sections.numbers().iter().take_while(|&&n| n != number);
                let same = |n: &&u32| sections.get(**n).is_some_and(|s| s.kind == section.kind);
                before.filter(same).count()
            }
        };
        members.insert(place.min(members.len()), number);
    }

    /// A section of this type is about to go, to move or to get another type.
    pub fn leave(&mut self, kind: &[u8], number: u32) {
        if let Some(members) = self.0.get_mut().and_then(|table| table.get_mut(kind)) {
            members.retain(|&other| other != number);
        }
    }
}

fn list<'t>(table: &'t mut Table, kind: &[u8]) -> &'t mut Vec<u32> {
    table.entry(kind.to_vec()).or_default()
}
