//! Argmax of shared values, opened to the evaluator alone.
//!
//! For every instance `classes` values are shared modulo `2^k`. Both parties switch to the top `l` bits ([`crate::share`]);
//! one circuit ([`crate::circuit::argmax`]) adds and compares; the garbler sends the decode bits of the index, so the
//! evaluator learns the index and nothing else, the garbler nothing. Every value needs `|x| < 2^(k-2) - 2^(k-l)`, so that
//! differences fit.
//!
//! Rounding may move each value by one unit `2^(k-l)`: the index is a true maximum of values each within one unit.
//!
//! **Flow.** `e -> g` extension and corrections; `g -> e` tables and decode bits. **Simulator.** As for the ReLU; the decode
//! bits are computed from the index and the simulated active labels.

mod parties;

pub use parties::ArgmaxSpec;

use crate::circuit;
use crate::share;

/// The index that the protocol opens, given both parties' shares: its plaintext twin.
#[must_use]
pub fn argmax_reference(spec: &ArgmaxSpec, evaluator: &[u32], garbler: &[u32]) -> usize {
    let values: Vec<u32> = evaluator
        .iter()
        .zip(garbler)
        .map(|(e, g)| {
            let e = share::switch(*e, spec.share_bits, spec.width);
            let g = share::switch(*g, spec.share_bits, spec.width);
            e.wrapping_add(g) & share::low_mask(spec.width)
        })
        .collect();
    circuit::argmax_reference(spec.width as usize, &values)
}
