//! Elements as rows of limbs: the first l + 1 limbs of an element are the element at level l.

use crate::ckks::Ciphertext;
use crate::ring::{Ntt, parallel};
use crate::{Evaluation, Poly, RingContext};
use std::sync::Arc;

pub(super) use crate::ckks::divide::limb;

/// Limb `index` of one component; empty past the last.
pub(super) fn of_part(ciphertext: &Ciphertext, part: usize, index: usize) -> &[u64] {
    let words = ciphertext
        .parts
        .get(part)
        .map_or(&[][..], |part| part.words());
    limb(words, ciphertext.context.degree(), index)
}

/// Calls `pass` on limb after limb of `ring` in each of `elements`, on as many threads as there are.
pub(super) fn each<const K: usize>(
    ring: &RingContext<u64>,
    elements: [&mut [u64]; K],
    pass: impl Fn(usize, &Ntt<u64>, [&mut [u64]; K]) + Send + Sync,
) {
    let mut elements = elements.map(|words| words.chunks_exact_mut(ring.degree()));
    let rows = ring.limbs().iter().enumerate().map(|(i, ntt)| {
        let row = elements
            .each_mut()
            .map(|limbs| limbs.next().unwrap_or_default());
        (i, ntt, row)
    });
    parallel::for_each(rows, |(i, ntt, row)| pass(i, ntt, row));
}

/// A copy of the limbs that `ring` has.
pub(super) fn prefix(
    ring: &Arc<RingContext<u64>>,
    part: &Poly<Evaluation, u64>,
) -> Poly<Evaluation, u64> {
    let words = part.words().get(..ring.element_words()).unwrap_or_default();
    let mut prefix = Poly::unspecified(ring);
    prefix.words_mut().copy_from_slice(words);
    prefix
}

/// Cuts a ciphertext down to `level`, whose ring is `ring`, in place.
pub(super) fn truncate(ciphertext: &mut Ciphertext, ring: &Arc<RingContext<u64>>, level: usize) {
    if ciphertext.level == level {
        return;
    }
    let cut = |part: Poly<Evaluation, u64>| {
        let mut words = part.into_words();
        words.truncate(ring.element_words());
        Poly::from_trusted(ring, words)
    };
    let parts = std::mem::take(&mut ciphertext.parts);
    ciphertext.parts = parts.into_iter().map(cut).collect();
    ciphertext.level = level;
}
