//! The walk over the tree of nodes, and the steps over one node.

use super::quarters::{Factors, Quarters, finish};
use super::{BLOCK, CACHED, Tables, Twiddles};
use crate::ring::lanes::{Field, Lanes, avx2::Avx2};

/// Coefficients to evaluations.
///
/// # Safety
/// AVX2 and FMA must be present and `limb` have N words.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn forward(tables: &Tables, limb: &mut [u64]) {
    let n = limb.len();
    let data = limb.as_mut_ptr().cast();
    // SAFETY: the caller's contract.
    unsafe { Transform::new(tables, &tables.forward, n).forward::<true>(data, n, 1) }
}

/// Evaluations to coefficients, times `scale`.
///
/// # Safety
/// AVX2 and FMA must be present and `limb` have N words.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn inverse(tables: &Tables, limb: &mut [u64], scale: f64) {
    let n = limb.len();
    let data = limb.as_mut_ptr().cast();
    // SAFETY: the caller's contract.
    unsafe {
        let mut transform = Transform::new(tables, &tables.inverse, n);
        transform.scale = Avx2::splat(scale);
        transform.inverse::<true>(data, n, 1);
    }
}

/// One transform under way. A node is named by its place m + i in the table of factors, which is what
/// its children's places follow from; "words" are residues as integers, at the transform's ends.
#[derive(Clone, Copy)]
struct Transform<'a> {
    field: Field<Avx2>,
    twiddles: &'a Twiddles,
    /// Size of the smallest nodes of the walk: a block, or two where the layers above blocks are odd in number.
    smallest: usize,
    /// Of the inverse's results.
    scale: Avx2,
}

/// Everywhere: AVX2 and FMA are present, `data` is good for the node's `size` words, and `node` is in its tree.
impl<'a> Transform<'a> {
    #[inline(always)]
    unsafe fn new(tables: &Tables, twiddles: &'a Twiddles, n: usize) -> Self {
        let odd = (n / BLOCK).trailing_zeros() % 2;
        // SAFETY: the caller's contract.
        unsafe {
            Self {
                field: Field::new(tables.modulus.value()),
                twiddles,
                smallest: BLOCK << odd,
                scale: Avx2::splat(1.0),
            }
        }
    }

    /// The factors w1, w2, w3 of a node above the last two layers.
    #[inline(always)]
    unsafe fn factors(&self, node: usize) -> Factors {
        // SAFETY: the children's place is below N/4, the table's length.
        unsafe {
            let w = |k: usize| Avx2::splat(*self.twiddles.upper.get_unchecked(k));
            Factors(w(node), w(2 * node), w(2 * node + 1))
        }
    }

    /// The factors of the four smallest nodes of a block.
    #[inline(always)]
    unsafe fn lane_factors(&self, node: usize) -> Factors {
        // SAFETY: N/16 blocks have the places N/16 .. N/8.
        unsafe {
            let block = node - self.twiddles.lower.len();
            let [w1, w2, w3] = self.twiddles.lower.get_unchecked(block);
            let load = |w: &[f64; 4]| Avx2::load(w.as_ptr());
            Factors(load(w1), load(w2), load(w3))
        }
    }

    #[target_feature(enable = "avx2,fma")]
    unsafe fn forward<const WORDS: bool>(&self, data: *mut f64, size: usize, node: usize) {
        let quarter = size / 4;
        // SAFETY: the caller's contract, for the node and its quarters.
        unsafe {
            if size > CACHED {
                self.split::<WORDS>(data, quarter, node);
                for k in 0..4 {
                    self.forward::<false>(data.add(k * quarter), quarter, 4 * node + k);
                }
                return;
            }
            let (mut width, mut first) = (size, node);
            if WORDS && size > self.smallest {
                self.split::<true>(data, quarter, node);
                (width, first) = (quarter, 4 * node);
            }
            while width > self.smallest {
                for k in 0..size / width {
                    self.split::<false>(data.add(k * width), width / 4, first + k);
                }
                (width, first) = (width / 4, 4 * first);
            }
            for k in 0..size / self.smallest {
                let (data, node) = (data.add(k * self.smallest), first + k);
                if self.smallest == BLOCK {
                    self.forward_block(data, node);
                    continue;
                }
                if WORDS && size == self.smallest {
                    self.split_halves::<true>(data, node);
                } else {
                    self.split_halves::<false>(data, node);
                }
                self.forward_block(data, 2 * node);
                self.forward_block(data.add(BLOCK), 2 * node + 1);
            }
        }
    }

    #[target_feature(enable = "avx2,fma")]
    unsafe fn inverse<const FINISH: bool>(&self, data: *mut f64, size: usize, node: usize) {
        let quarter = size / 4;
        // SAFETY: the caller's contract, for the node and its quarters.
        unsafe {
            if size > CACHED {
                for k in 0..4 {
                    self.inverse::<false>(data.add(k * quarter), quarter, 4 * node + k);
                }
                self.join::<FINISH>(data, quarter, node);
                return;
            }
            let mut first = node * (size / self.smallest);
            for k in 0..size / self.smallest {
                let (data, node) = (data.add(k * self.smallest), first + k);
                if self.smallest == BLOCK {
                    self.inverse_block(data, node);
                    continue;
                }
                self.inverse_block(data, 2 * node);
                self.inverse_block(data.add(BLOCK), 2 * node + 1);
                if FINISH && size == self.smallest {
                    self.join_halves::<true>(data, node);
                } else {
                    self.join_halves::<false>(data, node);
                }
            }
            let mut width = self.smallest;
            while 4 * width < size {
                (width, first) = (4 * width, first / 4);
                for k in 0..size / width {
                    self.join::<false>(data.add(k * width), width / 4, first + k);
                }
            }
            if width < size {
                self.join::<FINISH>(data, quarter, node);
            }
        }
    }

    /// One forward layer alone, over two blocks.
    #[inline(always)]
    unsafe fn split_halves<const WORDS: bool>(&self, data: *mut f64, node: usize) {
        // SAFETY: the caller's contract.
        unsafe {
            let w = self.factors(node).0;
            let mut at = 0;
            while at < BLOCK {
                let low = data.add(at);
                let high = low.add(BLOCK);
                let (x, y) = match WORDS {
                    true => (Avx2::load_words(low.cast()), Avx2::load_words(high.cast())),
                    false => (Avx2::load(low), Avx2::load(high)),
                };
                let y = self.field.mul(y, w);
                x.add(y).store(low);
                x.sub(y).store(high);
                at += Avx2::COUNT;
            }
        }
    }

    /// One inverse layer alone, over two blocks; the last one scales, and writes words.
    #[inline(always)]
    unsafe fn join_halves<const FINISH: bool>(&self, data: *mut f64, node: usize) {
        let field = self.field;
        // SAFETY: the caller's contract.
        unsafe {
            let w = self.factors(node).0;
            let scaled = field.mul(w, self.scale);
            let mut at = 0;
            while at < BLOCK {
                let low = data.add(at);
                let high = low.add(BLOCK);
                let (x, y) = (Avx2::load(low), Avx2::load(high));
                if FINISH {
                    finish(field, x.add(y), self.scale).store_words(low.cast());
                    finish(field, x.sub(y), scaled).store_words(high.cast());
                } else {
                    field.reduce(x.add(y)).store(low);
                    field.mul(x.sub(y), w).store(high);
                }
                at += Avx2::COUNT;
            }
        }
    }

    /// A forward step over a node.
    #[inline(always)]
    unsafe fn split<const WORDS: bool>(&self, data: *mut f64, quarter: usize, node: usize) {
        // SAFETY: the caller's contract; `at` and its lanes are within a quarter.
        unsafe {
            let w = self.factors(node);
            let mut at = 0;
            while at < quarter {
                let place = data.add(at);
                let x = match WORDS {
                    true => Quarters::load_words(place.cast(), quarter),
                    false => Quarters::load(place, quarter),
                };
                x.split(self.field, w).store(place, quarter);
                at += Avx2::COUNT;
            }
        }
    }

    /// An inverse step over a node; the last one scales, and writes words.
    #[inline(always)]
    unsafe fn join<const FINISH: bool>(&self, data: *mut f64, quarter: usize, node: usize) {
        let field = self.field;
        // SAFETY: the caller's contract; `at` and its lanes are within a quarter.
        unsafe {
            let mut w = self.factors(node);
            if FINISH {
                w.0 = field.mul(w.0, self.scale);
            }
            let mut at = 0;
            while at < quarter {
                let place = data.add(at);
                let x = Quarters::load(place, quarter);
                if FINISH {
                    let y = x.join_scaled(field, w, self.scale);
                    y.store_words(place.cast(), quarter);
                } else {
                    x.join(field, w).store(place, quarter);
                }
                at += Avx2::COUNT;
            }
        }
    }

    #[inline(always)]
    unsafe fn forward_block(&self, data: *mut f64, node: usize) {
        let field = self.field;
        // SAFETY: the caller's contract; a block is four registers.
        unsafe {
            let x = Quarters::load(data, Avx2::COUNT).split(field, self.factors(node));
            let y = x.transpose().split(field, self.lane_factors(node));
            let residues = y.canonical(field).transpose();
            residues.store_words(data.cast(), Avx2::COUNT);
        }
    }

    #[inline(always)]
    unsafe fn inverse_block(&self, data: *mut f64, node: usize) {
        let field = self.field;
        // SAFETY: the caller's contract; a block is four registers.
        unsafe {
            let x = Quarters::load_words(data.cast(), Avx2::COUNT).transpose();
            let y = x.join(field, self.lane_factors(node)).transpose();
            y.join(field, self.factors(node)).store(data, Avx2::COUNT);
        }
    }
}
