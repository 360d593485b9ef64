//! Large buffers, kept for the next that needs one.
//!
//! Fresh memory comes from the kernel page by page, and a page fault costs several times the arithmetic
//! done on its 512 words. What a pool hands out has *unspecified* words, left by whoever had it before;
//! secrets are overwritten by their owners before they come back.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Smaller buffers are left to the allocator, which reuses them by itself.
const SMALLEST: usize = 1 << 13;
/// Words kept at most: 64 MB.
const MOST: usize = 1 << 23;
/// Buffers kept at most, so that the search stays short.
const COUNT: usize = 64;

static FREE: Mutex<Vec<Vec<u64>>> = Mutex::new(Vec::new());

/// `length` words of unspecified value.
pub(crate) fn take(length: usize) -> Vec<u64> {
    if length >= SMALLEST {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        // No more than twice what is asked for, or large buffers would be spent on small needs.
        let fits = |buffer: &Vec<u64>| (length..=2 * length).contains(&buffer.capacity());
        if let Some(index) = free.iter().rposition(fits) {
            let mut buffer = free.remove(index);
            drop(free);
            buffer.resize(length, 0);
            return buffer;
        }
    }
    vec![0; length]
}

/// Takes a buffer back; the oldest make room for it.
pub(crate) fn give(buffer: Vec<u64>) {
    if buffer.capacity() < SMALLEST {
        return;
    }
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    free.push(buffer);
    while free.len() > COUNT || free.iter().map(Vec::capacity).sum::<usize>() > MOST {
        free.remove(0);
    }
}

/// A buffer that goes back when dropped.
#[derive(Debug)]
pub(crate) struct Scratch(Vec<u64>);

impl Scratch {
    /// `length` words of unspecified value.
    pub(crate) fn new(length: usize) -> Self {
        Self(take(length))
    }

    /// A copy.
    pub(crate) fn copy_of(words: &[u64]) -> Self {
        let mut scratch = Self::new(words.len());
        scratch.copy_from_slice(words);
        scratch
    }
}

impl Clone for Scratch {
    fn clone(&self) -> Self {
        Self::copy_of(self)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.0));
    }
}

impl Deref for Scratch {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.0
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [u64] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_have_the_length_asked_for() {
        for length in [0, 1, SMALLEST - 1, SMALLEST, 3 * SMALLEST, 2 * SMALLEST] {
            let mut buffer = take(length);
            assert_eq!(buffer.len(), length);
            buffer.fill(7);
            give(buffer);
        }
        let copy = Scratch::copy_of(&[5; 2 * SMALLEST]);
        assert!(copy.iter().all(|&word| word == 5));
    }

    #[test]
    fn the_pool_stays_within_its_bounds() {
        for _ in 0..2 * COUNT {
            give(vec![1; MOST / 16]);
        }
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(free.len() <= COUNT);
        assert!(free.iter().map(Vec::capacity).sum::<usize>() <= MOST);
    }
}
