//! The evaluator's answers: re-randomised, switched, masked.
//!
//! In evaluations a product with a polynomial of weights is as cheap as the key's with u, so both are added before one inverse
//! transform: (b u + sum w x_0, a u + sum w x_1), then + (e0, e1). Factors 1/N are inside the key and the weights. Answer
//! i draws u, e0, e1, r from stream i, in this order: what is sent does not depend on the number of threads.

use super::{RnsSwitch, Widths, bits};
use crate::ring::Ntt;
use crate::ring::parallel::try_for_each_with;
use crate::rlwe::kernel as residues;
use crate::rows::{Wiped, check_length};
use crate::{Error, PublicKey, RingContext, RngStreams, SecureRng, sample};
use std::sync::Arc;

/// What an answer carries, computed by the evaluator from the key owner's ciphertexts.
#[derive(Clone, Copy, Debug)]
pub enum Term<'a> {
    /// The sum of products of `weights` (a polynomial a ciphertext, in evaluations as [`Responder::transform_weights`] leaves
    /// them) with `ciphertexts` (c0 | c1 each, in evaluations as [`Responder::transform`] leaves them).
    Products {
        /// One element a ciphertext.
        weights: &'a [u32],
        /// Two elements a ciphertext.
        ciphertexts: &'a [u32],
    },
    /// A ciphertext in coefficients: of each limb, the coefficients of c0 that the answer carries, which are the first ones, then all
    /// of c1.
    Sum(&'a [&'a [u32]]),
}

/// Turns ciphertexts of several limbs into answers modulo powers of two.
pub struct Responder {
    context: Arc<RingContext<u32>>,
    /// b | a in evaluations, divided by N.
    key: Vec<u32>,
    streams: RngStreams,
    next: u64,
    widths: Widths,
    share: RnsSwitch,
    second: RnsSwitch,
}

impl std::fmt::Debug for Responder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Responder {{ answered: {}, .. }}", self.next)
    }
}

/// Memory of one answer, reused and overwritten at the end.
struct Scratch {
    rng: SecureRng,
    small: Wiped<i8>,
    u: Wiped<u32>,
    /// c0 | c1.
    row: Wiped<u32>,
    /// Carried coefficients of c0, limb by limb.
    carried: Wiped<u32>,
    first: Wiped<u64>,
    second: Wiped<u64>,
    masks: Wiped<u32>,
}

/// Refuses positions that are no coefficients.
pub(super) fn check_positions(positions: &[u32], degree: usize) -> Result<(), Error> {
    match positions.iter().find(|p| **p as usize >= degree) {
        None => Ok(()),
        Some(p) => Err(Error::Length {
            what: "position of a coefficient",
            expected: degree,
            got: *p as usize,
        }),
    }
}

impl Responder {
    /// For ciphertexts under `key`.
    ///
    /// # Errors
    /// A modulus of more than 30 bits.
    pub fn new(key: &PublicKey<u32>, widths: Widths, rng: &mut SecureRng) -> Result<Self, Error> {
        let context = Arc::clone(key.context());
        let (b, a) = key.halves();
        let mut key = [b, a].concat();
        for element in key.chunks_mut(context.element_words()) {
            normalize(&context, element)?;
        }
        Ok(Self {
            share: RnsSwitch::new(&context, widths.share)?,
            second: RnsSwitch::new(&context, widths.second)?,
            widths,
            key,
            streams: RngStreams::new(rng),
            next: 0,
            context,
        })
    }

    /// The widths of its answers.
    pub fn widths(&self) -> Widths {
        self.widths
    }

    /// Ciphertext elements in place to the evaluations that [`Term::Products`] reads.
    ///
    /// # Errors
    /// Not a whole number of elements.
    pub fn transform(&self, elements: &mut [u32]) -> Result<(), Error> {
        transform(&self.context, elements)
    }

    /// Weights in place to the evaluations that [`Term::Products`] reads.
    ///
    /// # Errors
    /// Not a whole number of elements.
    pub fn transform_weights(
        context: &RingContext<u32>,
        elements: &mut [u32],
    ) -> Result<(), Error> {
        transform(context, elements)?;
        for element in elements.chunks_mut(context.element_words()) {
            normalize(context, element)?;
        }
        Ok(())
    }

    /// Answers every term: packs c1 and the coefficients `positions` of c0, masked, into `out`, and writes the negated masks, this
    /// party's shares, to `shares`, `positions.len()` an answer.
    ///
    /// # Errors
    /// Lengths that do not fit, or positions not below N (not the first ones for a [`Term::Sum`]).
    pub fn answer(
        &mut self,
        terms: &[Term<'_>],
        positions: &[u32],
        out: &mut [u8],
        shares: &mut [u64],
    ) -> Result<(), Error> {
        let (degree, count) = (self.context.degree(), positions.len());
        check_positions(positions, degree)?;
        let answer = self.widths.answer_bytes(degree, count)?;
        check_length("answers", terms.len(), answer, out.len())?;
        check_length("shares", terms.len(), count, shares.len())?;
        for term in terms {
            self.check_term(term, positions)?;
        }
        let first = self.next;
        self.next += terms.len() as u64;
        let this = &*self;
        try_for_each_with(
            (first..)
                .zip(terms)
                .zip(out.chunks_exact_mut(answer))
                .zip(shares.chunks_mut(count.max(1))),
            || this.scratch(count),
            |scratch, (((index, term), out), shares)| {
                this.streams.enter(&mut scratch.rng, index);
                this.one(term, positions, out, shares, scratch)
            },
        )
    }

    fn check_term(&self, term: &Term<'_>, positions: &[u32]) -> Result<(), Error> {
        let element = self.context.element_words();
        match term {
            Term::Products {
                weights,
                ciphertexts,
            } => {
                let count = weights.len() / element;
                check_length("weights", count, element, weights.len())?;
                check_length("ciphertexts", count, 2 * element, ciphertexts.len())
            }
            Term::Sum(limbs) => {
                let (limbs_here, degree) = (self.context.limbs().len(), self.context.degree());
                check_length("limbs of a sum", limbs_here, 1, limbs.len())?;
                if !positions.iter().copied().eq(0..positions.len() as u32) {
                    return Err(Error::Length {
                        what: "leading positions of a sum",
                        expected: positions.len(),
                        got: positions.last().map_or(0, |p| *p as usize + 1),
                    });
                }
                for (limb, ntt) in limbs.iter().zip(self.context.limbs()) {
                    check_length("residues of a sum", 1, positions.len() + degree, limb.len())?;
                    crate::ring::check_below("residues of a sum", limb, ntt.modulus().value(), 0)?;
                }
                Ok(())
            }
        }
    }

    fn scratch(&self, carried: usize) -> Scratch {
        let (degree, element) = (self.context.degree(), self.context.element_words());
        Scratch {
            rng: self.streams.stream(0), // entered anew for every answer
            small: Wiped::new(degree),
            u: Wiped::new(element),
            row: Wiped::new(2 * element),
            carried: Wiped::new(carried * self.context.limbs().len()),
            first: Wiped::new(carried),
            second: Wiped::new(degree),
            masks: Wiped::new(2 * carried),
        }
    }

    /// row = (b u + e0, a u + e1) + the products that it holds in evaluations.
    fn add_zero(&self, scratch: &mut Scratch) -> Result<(), Error> {
        let Scratch {
            rng, small, u, row, ..
        } = scratch;
        let (degree, element) = (self.context.degree(), self.context.element_words());
        let simd = rng.simd();
        sample::ternary(rng, &mut small.0);
        for (ntt, u) in self.context.limbs().iter().zip(u.0.chunks_mut(degree)) {
            residues::lift(simd, ntt.modulus(), u, &small.0);
            ntt.forward(u)?;
        }
        for (half, key) in row.0.chunks_mut(element).zip(self.key.chunks(element)) {
            sample::centred_binomial(rng, &mut small.0);
            let limbs = half.chunks_mut(degree).zip(key.chunks(degree));
            for ((ntt, (half, key)), u) in self
                .context
                .limbs()
                .iter()
                .zip(limbs)
                .zip(u.0.chunks(degree))
            {
                ntt.mul_accumulate(half, key, u)?;
                ntt.inverse_unscaled(half)?;
                residues::add_small(simd, ntt.modulus(), half, &small.0);
            }
        }
        Ok(())
    }

    fn one(
        &self,
        term: &Term<'_>,
        positions: &[u32],
        out: &mut [u8],
        shares: &mut [u64],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let context = &self.context;
        let (degree, element) = (context.degree(), context.element_words());
        let (simd, count) = (scratch.rng.simd(), positions.len());
        let row = &mut scratch.row.0;
        row.fill(0);
        if let Term::Products {
            weights,
            ciphertexts,
        } = term
        {
            let pairs = weights.chunks(element).zip(ciphertexts.chunks(2 * element));
            for (weights, ciphertext) in pairs {
                for (half, x) in row.chunks_mut(element).zip(ciphertext.chunks(element)) {
                    let limbs = half.chunks_mut(degree).zip(x.chunks(degree));
                    for ((ntt, (half, x)), w) in context
                        .limbs()
                        .iter()
                        .zip(limbs)
                        .zip(weights.chunks(degree))
                    {
                        ntt.mul_accumulate(half, x, w)?;
                    }
                }
            }
        }
        self.add_zero(scratch)?;
        let (c0, c1) = scratch
            .row
            .0
            .split_at_mut_checked(element)
            .unwrap_or_default();
        let carried = &mut scratch.carried.0;
        for (limb, carried) in c0.chunks(degree).zip(carried.chunks_mut(count.max(1))) {
            for (to, at) in carried.iter_mut().zip(positions) {
                *to = limb.get(*at as usize).copied().unwrap_or_default();
            }
        }
        if let Term::Sum(limbs) = term {
            for ((limb, ntt), c1) in limbs.iter().zip(context.limbs()).zip(c1.chunks_mut(degree)) {
                let second = limb.get(count..).unwrap_or_default();
                residues::add(simd, ntt.modulus(), c1, second);
            }
            for ((limb, ntt), carried) in limbs
                .iter()
                .zip(context.limbs())
                .zip(carried.chunks_mut(count.max(1)))
            {
                residues::add(simd, ntt.modulus(), carried, limb);
            }
        }
        self.second.switch(simd, c1, &mut scratch.second.0);
        self.share.switch(simd, carried, &mut scratch.first.0);
        let masks = &mut scratch.masks.0;
        sample::uniform_bits(&mut scratch.rng, 32, masks)?;
        let keep = (1u64 << self.widths.share) - 1;
        let first = scratch.first.0.iter_mut().zip(shares);
        for ((first, share), [low, high]) in first.zip(masks.as_chunks::<2>().0) {
            let mask = u64::from(*low) | (u64::from(*high) << 32);
            *first = first.wrapping_add(mask) & keep;
            *share = mask.wrapping_neg() & keep;
        }
        let second = bits::packed_bytes(degree, self.widths.second)?;
        let (second, first) = out.split_at_mut_checked(second).unwrap_or_default();
        bits::pack(&scratch.second.0, self.widths.second, second)?;
        bits::pack(&scratch.first.0, self.widths.share, first)
    }
}

/// Every limb of every element.
fn for_limbs(
    context: &RingContext<u32>,
    elements: &mut [u32],
    each: impl Fn(&Ntt<u32>, &mut [u32]) -> Result<(), Error>,
) -> Result<(), Error> {
    let element = context.element_words();
    if !elements.len().is_multiple_of(element) {
        return Err(Error::PartialRow {
            what: "ring elements",
            row: element,
            got: elements.len(),
        });
    }
    for element in elements.chunks_mut(element) {
        for (ntt, limb) in context
            .limbs()
            .iter()
            .zip(element.chunks_mut(context.degree()))
        {
            each(ntt, limb)?;
        }
    }
    Ok(())
}

fn transform(context: &RingContext<u32>, elements: &mut [u32]) -> Result<(), Error> {
    for_limbs(context, elements, |ntt, limb| {
        crate::ring::check_below("ring elements", limb, ntt.modulus().value(), 0)?;
        ntt.forward(limb)
    })
}

fn normalize(context: &RingContext<u32>, element: &mut [u32]) -> Result<(), Error> {
    for_limbs(context, element, Ntt::normalize)
}
