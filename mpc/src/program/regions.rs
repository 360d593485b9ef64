//! Which part of one large buffer is free: places for labels, known before the first one is made.

use std::collections::BTreeMap;

/// Free parts of a buffer that grows as needed.
#[derive(Debug, Default)]
pub(super) struct Regions {
    /// First place and length of each, none adjacent to the next.
    free: BTreeMap<usize, usize>,
    /// Places in all.
    size: usize,
}

impl Regions {
    /// Takes the first free part of this length.
    pub(super) fn take(&mut self, length: usize) -> usize {
        if let Some((&at, &found)) = self.free.iter().find(|(_, free)| **free >= length) {
            self.free.remove(&at);
            if found > length {
                self.free.insert(at + length, found - length);
            }
            return at;
        }
        // The last part, if it is free, grows.
        let at = match self.free.last_key_value() {
            Some((&at, &found)) if at + found == self.size => {
                self.free.remove(&at);
                at
            }
            _ => self.size,
        };
        self.size = at + length;
        at
    }

    /// Gives a part back.
    pub(super) fn give(&mut self, at: usize, length: usize) {
        let (mut at, mut length) = (at, length);
        if let Some(after) = self.free.remove(&(at + length)) {
            length += after;
        }
        if let Some((&before, &found)) = self.free.range(..at).next_back()
            && before + found == at
        {
            (at, length) = (before, found + length);
        }
        self.free.insert(at, length);
    }

    /// Places that were ever in use.
    pub(super) const fn size(&self) -> usize {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_reused_and_joined() {
        let mut regions = Regions::default();
        assert_eq!([4, 6, 2].map(|n| regions.take(n)), [0, 4, 10]);
        regions.give(4, 6);
        assert_eq!(regions.take(5), 4);
        regions.give(0, 4);
        // 9 is free, 10 and 11 are not.
        assert_eq!(regions.take(3), 0);
        regions.give(10, 2);
        assert_eq!(regions.take(7), 9);
        assert_eq!(regions.size(), 16);
        regions.give(9, 7);
        regions.give(4, 5);
        regions.give(0, 3);
        assert_eq!((regions.take(16), regions.size()), (0, 16));
    }

    #[test]
    fn no_two_parts_overlap() {
        let mut regions = Regions::default();
        let mut taken: Vec<(usize, usize)> = Vec::new();
        let mut state = 1u32;
        for _ in 0..2000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let draw = (state >> 16) as usize;
            if draw.is_multiple_of(3) && !taken.is_empty() {
                let (at, length) = taken.swap_remove(draw % taken.len());
                regions.give(at, length);
            } else if taken.len() < 40 {
                let length = 1 + draw % 9;
                let at = regions.take(length);
                assert!(taken.iter().all(|(a, l)| at + length <= *a || a + l <= at));
                assert!(at + length <= regions.size());
                taken.push((at, length));
            }
        }
        assert!(regions.size() < 1000);
    }
}
