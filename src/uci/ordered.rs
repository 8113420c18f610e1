//! A list in order that finds its members by name without walking.
//!
//! Members keep their number for life; a removed one leaves a hole. The hash table behind
//! holds numbers only and never forgets one: an entry whose member is gone or has another
//! name by now is passed over. Two members may bear one name (after a rename); the one
//! that comes first in order is found.

/// What has a name.
pub trait Named {
    /// The name.
    fn name(&self) -> &[u8];
    /// Gives it another.
    fn set_name(&mut self, name: Vec<u8>);
}

/// Members found by walking; more get a table.
const FEW: usize = 8;
/// An empty place of the table.
const FREE: u32 = u32::MAX;

/// Members in order.
#[derive(Clone, Debug)]
pub struct Ordered<T> {
    members: Vec<Option<T>>,
    order: Vec<u32>,
    /// Numbers of members at the place of their hash or behind; a power of two long.
    table: Vec<u32>,
    /// Places of the table in use.
    used: usize,
}

impl<T> Default for Ordered<T> {
    fn default() -> Ordered<T> {
        Ordered {
            members: Vec::new(),
            order: Vec::new(),
            table: Vec::new(),
            used: 0,
        }
    }
}

impl<T: Named> Ordered<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.order.iter().filter_map(|&number| self.get(number))
    }

    /// The member's number by its position in order.
    pub fn at(&self, position: usize) -> Option<u32> {
        self.order.get(position).copied()
    }

    /// The numbers of the members in order.
    pub fn numbers(&self) -> &[u32] {
        &self.order
    }

    /// The position of a member in order.
    pub fn position(&self, number: u32) -> Option<usize> {
        self.order.iter().position(|&other| other == number)
    }

    /// A member by its number.
    pub fn get(&self, number: u32) -> Option<&T> {
        self.members.get(number as usize)?.as_ref()
    }

    /// A member by its number, to change it; its name is changed by [`Ordered::rename`].
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.members.get_mut(number as usize)?.as_mut()
    }

    /// The number of the first member with this name.
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        let is_it = |&number: &u32| self.get(number).is_some_and(|m| m.name() == name);
        if self.table.is_empty() {
            return self.order.iter().copied().find(is_it);
        }
        let mut found = self.candidates(name).filter(is_it);
        let first = found.next()?;
        match found.any(|other| other != first) {
            false => Some(first),
            true => self.order.iter().copied().find(is_it),
        }
    }

    /// Adds a member at the end; gives its number.
    pub fn push(&mut self, member: T) -> u32 {
        let number = self.members.len() as u32;
        self.members.push(Some(member));
        self.order.push(number);
        self.enter(number);
        number
    }

    /// Takes a member out.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        let position = self.position(number)?;
        self.order.remove(position);
        self.members.get_mut(number as usize)?.take()
    }

    /// Gives a member another name.
    pub fn rename(&mut self, number: u32, name: Vec<u8>) {
        if let Some(member) = self.get_mut(number) {
            member.set_name(name);
            self.enter(number);
        }
    }

    /// Moves a member to this position; past the end means to the end.
    pub fn move_to(&mut self, number: u32, position: usize) {
        if let Some(old) = self.position(number) {
            self.order.remove(old);
            self.order.insert(position.min(self.order.len()), number);
        }
    }

    /// Numbers at the places where a member of this name may stand.
    fn candidates(&self, name: &[u8]) -> impl Iterator<Item = u32> {
        let mask = self.table.len().wrapping_sub(1);
        let first = hash(name) as usize;
        (0..self.table.len())
            .map_while(move |step| self.table.get(first.wrapping_add(step) & mask))
            .copied()
            .take_while(|&number| number != FREE)
    }

    /// Notes a member under its name.
    fn enter(&mut self, number: u32) {
        if self.table.is_empty() && self.order.len() <= FEW {
            return;
        }
        if (self.used + 1) * 2 > self.table.len() {
            self.rebuild();
        } else {
            self.note(number);
        }
    }

    fn rebuild(&mut self) {
        let size = (self.order.len().max(FEW) * 4).next_power_of_two();
        self.table = vec![FREE; size];
        self.used = 0;
        for position in 0..self.order.len() {
            if let Some(number) = self.at(position) {
                self.note(number);
            }
        }
    }

    fn note(&mut self, number: u32) {
        let Some(first) = self.get(number).map(|m| hash(m.name()) as usize) else {
            return;
        };
        let mask = self.table.len().wrapping_sub(1);
        // At least half of the places are free: the search ends.
        for step in 0..self.table.len() {
            match self.table.get_mut(first.wrapping_add(step) & mask) {
                Some(place) if *place == FREE => {
                    *place = number;
                    self.used += 1;
                    return;
                }
                _ => {}
            }
        }
    }
}

/// FNV-1a, 32 bits.
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Named for String {
        fn name(&self) -> &[u8] {
            self.as_bytes()
        }

        fn set_name(&mut self, name: Vec<u8>) {
            *self = String::from_utf8(name).unwrap();
        }
    }

    #[test]
    fn finds_what_a_plain_list_would_find() {
        // The same operations on a Vec, chosen by a fixed generator.
        let (mut list, mut plain) = (Ordered::default(), Vec::<String>::new());
        let mut state = 7_u32;
        let mut dice = |sides: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % sides
        };
        for _ in 0..20_000 {
            let name = format!("n{}", dice(300));
            let old = plain.iter().position(|other| *other == name);
            assert_eq!(
                list.find(name.as_bytes())
                    .map(|n| list.position(n).unwrap()),
                old
            );
            match (old, dice(6)) {
                (None, _) if plain.len() < 250 => {
                    list.push(name.clone());
                    plain.push(name);
                }
                (Some(position), 0..=2) => {
                    list.remove(list.at(position).unwrap());
                    plain.remove(position);
                }
                (Some(position), 3) => {
                    let to = format!("n{}", dice(300));
                    list.rename(list.at(position).unwrap(), to.clone().into_bytes());
                    plain[position] = to;
                }
                (Some(position), 4) => {
                    let to = dice(plain.len() + 5);
                    list.move_to(list.at(position).unwrap(), to);
                    let member = plain.remove(position);
                    plain.insert(to.min(plain.len()), member);
                }
                _ => {}
            }
            assert_eq!(list.len(), plain.len());
        }
        assert!(list.iter().eq(plain.iter()));
    }
}
