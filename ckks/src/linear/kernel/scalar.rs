//! The portable kernel, and the oracle of the others.
#![expect(
    clippy::indexing_slicing,
    reason = "input rows are checked against the number of tiles when the GEMM is built"
)]

use super::{Product, TILE};

#[inline]
pub(super) fn block<const M: usize>(product: &Product<'_, [[i32; M]]>, out: &mut [[u32; TILE]; M]) {
    let mut sums = [[0i64; TILE]; M];
    for (&input, weights) in product.inputs.iter().zip(product.weights) {
        let x = &product.tiles[input as usize];
        for (sum, &w) in sums.iter_mut().zip(weights) {
            for (sum, &x) in sum.iter_mut().zip(x) {
                *sum += i64::from(w) * i64::from(x);
            }
        }
    }
    for (out, sum) in out.iter_mut().zip(&sums) {
        for (out, &sum) in out.iter_mut().zip(sum) {
            *out = product.reduction.reduce(sum);
        }
    }
}
