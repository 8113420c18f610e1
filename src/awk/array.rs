//! Arrays by name, which keep the order in which their elements came.

use super::value::{Text, Value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

pub type ArrayRef = Rc<RefCell<Array>>;

/// FNV-1a: short keys, and nobody attacks his own script.
#[derive(Clone, Copy)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn write_usize(&mut self, _length: usize) {
        // Keys are whole strings; their length tells nothing more.
    }
}

#[derive(Default)]
pub struct Array {
    places: HashMap<Text, usize, BuildHasherDefault<Fnv>>,
    /// In order; None: deleted.
    elements: Vec<Option<(Text, Value)>>,
}

impl Array {
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn has(&self, key: &Text) -> bool {
        self.places.contains_key(key)
    }

    /// The element, which comes into being if it was not there.
    pub fn element(&mut self, key: Text) -> &mut Value {
        let at = match self.places.get(&key) {
            Some(at) => *at,
            None => {
                let at = self.elements.len();
                self.places.insert(Rc::clone(&key), at);
                self.elements.push(Some((Rc::clone(&key), Value::Nothing)));
                at
            }
        };
        &mut self.elements[at].get_or_insert((key, Value::Nothing)).1
    }

    pub fn delete(&mut self, key: &Text) {
        if let Some(at) = self.places.remove(key) {
            self.elements[at] = None;
        }
        if self.elements.len() > 32 && self.places.len() < self.elements.len() / 2 {
            self.elements.retain(Option::is_some);
            for (at, element) in self.elements.iter().enumerate() {
                if let Some((key, _)) = element {
                    self.places.insert(Rc::clone(key), at);
                }
            }
        }
    }

    pub fn clear(&mut self) {
        self.places.clear();
        self.elements.clear();
    }

    pub fn keys(&self) -> Vec<Text> {
        let keys = self.elements.iter().flatten();
        keys.map(|(key, _)| Rc::clone(key)).collect()
    }
}

#[test]
fn elements_keep_their_order_and_come_again_at_the_end() {
    let mut array = Array::default();
    let key = |number: u32| Rc::new(number.to_string().into_bytes());
    (0..100).for_each(|number| *array.element(key(number)) = Value::Number(f64::from(number)));
    (0..90).for_each(|number| array.delete(&key(number)));
    array.element(key(5));
    assert_eq!(array.len(), 11);
    assert_eq!(array.keys().last(), Some(&key(5)));
    assert_eq!(array.element(key(95)).number(), 95.0);
    assert!(!array.has(&key(6)));
}
