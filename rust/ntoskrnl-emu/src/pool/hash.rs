//! Tables of small keys, which callers cannot choose at will: one multiplication is their hash.
//!
//! Not the standard library's: the only pointer that it has to a table leads into the middle, and
//! Valgrind takes memory that no pointer to its start is left to for lost.

/// A key.
pub(super) trait Key: Copy + Eq {
    /// A number that differs for different keys.
    fn number(self) -> u64;
}

impl Key for (u32, u16) {
    fn number(self) -> u64 {
        u64::from(self.0) << 16 | u64::from(self.1)
    }
}

impl Key for (u32, bool) {
    fn number(self) -> u64 {
        u64::from(self.0) << 1 | u64::from(self.1)
    }
}

/// A table from which nothing is ever removed. Its length is a power of two, or zero, and more than
/// the number of its keys: a row of neighbours ends with a free place.
pub(super) struct Table<K, V> {
    places: Vec<Option<(K, V)>>,
    count: usize,
    /// The place that was asked for last: the next call mostly asks for it again.
    last: usize,
}

/// An empty table.
pub(super) const fn table<K, V>() -> Table<K, V> {
    Table {
        places: Vec::new(),
        count: 0,
        last: 0,
    }
}

impl<K: Key, V: Copy> Table<K, V> {
    /// The place of a key, or a free one for it; meaningless in an empty table.
    fn place(&self, key: K) -> usize {
        let last = self.places.len().wrapping_sub(1);
        let product = key.number().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut place = (product >> 32) as usize & last;
        while matches!(self.places.get(place), Some(Some((other, _))) if *other != key) {
            place = (place + 1) & last;
        }
        place
    }

    /// What stands under a key.
    #[inline]
    pub(super) fn get(&mut self, key: K) -> Option<V> {
        match self.places.get(self.last) {
            Some(&Some((last, value))) if last == key => Some(value),
            _ => self.look_up(key),
        }
    }

    #[inline(never)]
    fn look_up(&mut self, key: K) -> Option<V> {
        self.last = self.place(key);
        let place = self.places.get(self.last)?;
        place.map(|(_, value)| value)
    }

    /// What stands under a key, after it was made if nothing did.
    pub(super) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if self.count * 2 >= self.places.len() {
            self.grow();
        }
        let place = self.place(key);
        self.last = place;
        let count = &mut self.count;
        let (_, value) = self.places[place].get_or_insert_with(|| {
            *count += 1;
            (key, make())
        });
        value
    }

    /// The keys under which something stands.
    pub(super) fn keys(&self) -> impl Iterator<Item = K> {
        self.places.iter().flatten().map(|&(key, _)| key)
    }

    fn grow(&mut self) {
        let length = (self.places.len() * 2).max(16);
        let old = std::mem::replace(&mut self.places, vec![None; length]);
        for (key, value) in old.into_iter().flatten() {
            let place = self.place(key);
            self.places[place] = Some((key, value));
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_table_holds_each_key_once_with_what_was_made_for_it_first() {
        let mut table = table();
        assert_eq!(table.get((1_u32, true)), None);
        for round in 0..2 {
            for key in 0..1000_u32 {
                let made = *table.get_or_insert_with((key, true), || (key, round));
                assert_eq!(made, (key, 0));
            }
        }
        assert_eq!(table.get((999, true)), Some((999, 0)));
        assert_eq!(table.get((1000, true)), None);
        assert_eq!(table.get((1, false)), None);
        assert_eq!(table.keys().count(), 1000);
        table.get_or_insert_with((7, true), || unreachable!()).1 = 5;
        assert_eq!(table.get((7, true)), Some((7, 5)));
    }
}
