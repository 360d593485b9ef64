//! The two parties of garbling, over batches, in either scheme.

use super::{LANES, Scheme, hash::LabelHash, kernel, three_halves};
use crate::Error;
use crate::aes::{RoundKeys, expand_key};
use crate::block::{Block, Delta};
use crate::circuit::Template;
use crate::rng::SecureRng;
use crate::simd::Simd;

/// What a garbler's AND gates need, by scheme.
enum Gates {
    HalfGates,
    /// The secret key of the coins.
    ThreeHalves(Box<RoundKeys>),
}

/// The garbler of one direction: owns `Delta` and the gate counter.
pub struct Garbler {
    delta: Delta,
    gates: Gates,
    hash_key: Block,
    next_gate: u64,
    simd: Simd,
}

/// The evaluator of one direction.
pub struct Evaluator {
    scheme: Scheme,
    hash_key: Block,
    next_gate: u64,
    simd: Simd,
}

/// The slices of one batch, checked against a template.
fn check(
    template: &Template,
    blocks: usize,
    what: &[(&'static str, usize, usize)],
) -> Result<(), Error> {
    for &(name, width, got) in what {
        if blocks.checked_mul(width) != Some(got) {
            let expected = format!("{blocks} blocks of {width}");
            return Err(Error::Length {
                what: name,
                length: got,
                expected,
            });
        }
    }
    debug_assert!(template.registers() > 0 || template.outputs() == 0);
    Ok(())
}

/// Reserves the numbers of all gates of `blocks` blocks.
fn reserve(
    next: &mut u64,
    scheme: Scheme,
    template: &Template,
    blocks: usize,
) -> Result<u64, Error> {
    let first = *next;
    *next = blocks
        .checked_mul(template.and_gates())
        .and_then(|count| first.checked_add(count as u64))
        .filter(|next| next.checked_mul(scheme.keys()).is_some())
        .ok_or(Error::Exhausted {
            what: "the gate counter",
            used: first,
        })?;
    Ok(first)
}

impl Garbler {
    /// A garbler of half-gates with the offset `delta` in the session with the public seed `session`.
    ///
    /// `session` must be drawn after `delta` and be fresh: the gate counter starts at zero.
    #[must_use]
    pub fn new(delta: Delta, session: &[u8; 32], simd: Simd) -> Self {
        Self::of(Gates::HalfGates, delta, session, simd)
    }

    /// As [`Garbler::new`], in the scheme `scheme`; three-halves draws the key of its coins from `rng`.
    #[must_use]
    pub fn with_scheme(
        scheme: Scheme,
        delta: Delta,
        session: &[u8; 32],
        rng: &mut SecureRng,
        simd: Simd,
    ) -> Self {
        let gates = match scheme {
            Scheme::HalfGates => Gates::HalfGates,
            Scheme::ThreeHalves => {
                Gates::ThreeHalves(Box::new(expand_key(simd, Block::random(rng))))
            }
        };
        Self::of(gates, delta, session, simd)
    }

    fn of(gates: Gates, delta: Delta, session: &[u8; 32], simd: Simd) -> Self {
        let mut garbler = Self {
            delta,
            gates,
            hash_key: Block::ZERO,
            next_gate: 0,
            simd,
        };
        garbler.hash_key = LabelHash::new(session, garbler.scheme().domain(), simd).key();
        garbler
    }

    /// How this garbler garbles.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        match self.gates {
            Gates::HalfGates => Scheme::HalfGates,
            Gates::ThreeHalves(_) => Scheme::ThreeHalves,
        }
    }

    /// Bytes of the tables of `blocks` blocks of `template`.
    #[must_use]
    pub fn table_bytes(&self, template: &Template, blocks: usize) -> usize {
        self.scheme().table_bytes(template.and_gates(), blocks)
    }

    /// The offset of all labels.
    #[must_use]
    pub fn delta(&self) -> &Delta {
        &self.delta
    }

    /// Garbles `blocks` times [`LANES`] instances of `template`.
    ///
    /// Everything is instance-minor. The zero label of an input is `K xor d Delta`, with `K` of `inputs`, `[block][wire][lane]`, and
    /// `d` of `corrections`, `[block][wire]` with lane `i` in bit `i`: so a correlated OT's string and its receiver's correction
    /// bit go in as they are. `known` holds the garbler's bits, `[block][bit]`, likewise; `tables` receives `[block][gate]` of
    /// [`Scheme::gate_bytes`] bytes, `outputs` the zero labels `[block][wire][lane]`.
    ///
    /// # Errors
    /// [`Error::Length`] if a slice has another length.
    #[expect(
        clippy::too_many_arguments,
        reason = "the slices of one batch, each checked"
    )]
    pub fn garble(
        &mut self,
        template: &Template,
        blocks: usize,
        inputs: &[Block],
        corrections: &[u16],
        known: &[u16],
        tables: &mut [u8],
        outputs: &mut [Block],
    ) -> Result<(), Error> {
        let first = self.reserve(template, blocks)?;
        self.garble_at(
            first,
            template,
            blocks,
            inputs,
            corrections,
            known,
            tables,
            outputs,
        )
    }

    /// Reserves the gate numbers of `blocks` blocks for [`Garbler::garble_at`].
    ///
    /// # Errors
    /// [`Error::Exhausted`] after `2^64` hash keys.
    pub(crate) fn reserve(&mut self, template: &Template, blocks: usize) -> Result<u64, Error> {
        let scheme = self.scheme();
        reserve(&mut self.next_gate, scheme, template, blocks)
    }

    /// [`Garbler::garble`] with gate numbers from `first` on, which [`Garbler::reserve`] must have given to this batch
    /// alone: so that several threads can garble parts of one batch.
    #[expect(
        clippy::too_many_arguments,
        reason = "the slices of one batch, each checked"
    )]
    pub(crate) fn garble_at(
        &self,
        first: u64,
        template: &Template,
        blocks: usize,
        inputs: &[Block],
        corrections: &[u16],
        known: &[u16],
        tables: &mut [u8],
        outputs: &mut [Block],
    ) -> Result<(), Error> {
        check(
            template,
            blocks,
            &[
                ("input labels", template.inputs() * LANES, inputs.len()),
                ("corrections", template.inputs(), corrections.len()),
                ("known bits", template.known(), known.len()),
                (
                    "garbled tables",
                    self.table_bytes(template, 1),
                    tables.len(),
                ),
                ("output labels", template.outputs() * LANES, outputs.len()),
            ],
        )?;
        let job = kernel::Job {
            template,
            hash_key: self.hash_key,
            first_gate: first,
            blocks,
        };
        let secrets = kernel::Secrets {
            delta: self.delta.block(),
            inputs,
            corrections,
            known,
        };
        match &self.gates {
            Gates::HalfGates => kernel::garble(self.simd, &job, &secrets, tables, outputs),
            Gates::ThreeHalves(coins) => {
                three_halves::garble(self.simd, &job, &secrets, coins, tables, outputs);
            }
        }
        Ok(())
    }
}

impl Evaluator {
    /// The evaluator that belongs to a [`Garbler`] of half-gates of the same session.
    #[must_use]
    pub fn new(session: &[u8; 32], simd: Simd) -> Self {
        Self::with_scheme(Scheme::HalfGates, session, simd)
    }

    /// As [`Evaluator::new`], in the scheme `scheme`.
    #[must_use]
    pub fn with_scheme(scheme: Scheme, session: &[u8; 32], simd: Simd) -> Self {
        Self {
            scheme,
            hash_key: LabelHash::new(session, scheme.domain(), simd).key(),
            next_gate: 0,
            simd,
        }
    }

    /// How this evaluator's tables are garbled.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Bytes of the tables of `blocks` blocks of `template`.
    #[must_use]
    pub fn table_bytes(&self, template: &Template, blocks: usize) -> usize {
        self.scheme.table_bytes(template.and_gates(), blocks)
    }

    /// Evaluates what [`Garbler::garble`] made, on active labels; shapes as there.
    ///
    /// # Errors
    /// [`Error::Length`] if a slice has another length.
    pub fn evaluate(
        &mut self,
        template: &Template,
        blocks: usize,
        inputs: &[Block],
        tables: &[u8],
        outputs: &mut [Block],
    ) -> Result<(), Error> {
        let first = self.reserve(template, blocks)?;
        self.evaluate_at(first, template, blocks, inputs, tables, outputs)
    }

    /// As [`Garbler::reserve`].
    pub(crate) fn reserve(&mut self, template: &Template, blocks: usize) -> Result<u64, Error> {
        reserve(&mut self.next_gate, self.scheme, template, blocks)
    }

    /// As [`Garbler::garble_at`].
    pub(crate) fn evaluate_at(
        &self,
        first: u64,
        template: &Template,
        blocks: usize,
        inputs: &[Block],
        tables: &[u8],
        outputs: &mut [Block],
    ) -> Result<(), Error> {
        check(
            template,
            blocks,
            &[
                ("input labels", template.inputs() * LANES, inputs.len()),
                (
                    "garbled tables",
                    self.table_bytes(template, 1),
                    tables.len(),
                ),
                ("output labels", template.outputs() * LANES, outputs.len()),
            ],
        )?;
        let job = kernel::Job {
            template,
            hash_key: self.hash_key,
            first_gate: first,
            blocks,
        };
        match self.scheme {
            Scheme::HalfGates => kernel::evaluate(self.simd, &job, inputs, tables, outputs),
            Scheme::ThreeHalves => {
                three_halves::evaluate(self.simd, &job, inputs, tables, outputs);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
