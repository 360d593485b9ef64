//! The two parties of half-gates garbling, over batches.

use super::{LANES, TABLE_BYTES, hash::LabelHash, kernel};
use crate::Error;
use crate::block::{Block, Delta};
use crate::circuit::Template;
use crate::simd::Simd;

/// The garbler of one direction: owns `Delta` and the gate counter.
pub struct Garbler {
    delta: Delta,
    hash_key: Block,
    next_gate: u64,
    simd: Simd,
}

/// The evaluator of one direction.
pub struct Evaluator {
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
fn reserve(next: &mut u64, template: &Template, blocks: usize) -> Result<u64, Error> {
    let first = *next;
    *next = blocks
        .checked_mul(template.and_gates())
        .and_then(|count| first.checked_add(count as u64))
        .ok_or(Error::Exhausted {
            what: "the gate counter",
            used: first,
        })?;
    Ok(first)
}

/// The domain of the gates' hash keys.
const DOMAIN: &str = "half-gates";

impl Garbler {
    /// A garbler with the offset `delta` in the session with the public seed `session`.
    ///
    /// `session` must be drawn after `delta` and be fresh: the gate counter starts at zero.
    #[must_use]
    pub fn new(delta: Delta, session: &[u8; 32], simd: Simd) -> Self {
        Self {
            delta,
            hash_key: LabelHash::new(session, DOMAIN, simd).key(),
            next_gate: 0,
            simd,
        }
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
    /// bit go in as they are. `known` holds the garbler's bits, `[block][bit]`, likewise; `tables` receives `[block][gate]` of [`LANES`] times [`TABLE_BYTES`] bytes,
    /// `outputs` the zero labels `[block][wire][lane]`.
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
    /// [`Error::Exhausted`] after 2^64 gates.
    pub(crate) fn reserve(&mut self, template: &Template, blocks: usize) -> Result<u64, Error> {
        reserve(&mut self.next_gate, template, blocks)
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
                    template.and_gates() * LANES * TABLE_BYTES,
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
        kernel::garble(self.simd, &job, &secrets, tables, outputs);
        Ok(())
    }
}

impl Evaluator {
    /// The evaluator that belongs to a [`Garbler`] of the same session.
    #[must_use]
    pub fn new(session: &[u8; 32], simd: Simd) -> Self {
        Self {
            hash_key: LabelHash::new(session, DOMAIN, simd).key(),
            next_gate: 0,
            simd,
        }
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
        reserve(&mut self.next_gate, template, blocks)
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
                    template.and_gates() * LANES * TABLE_BYTES,
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
        kernel::evaluate(self.simd, &job, inputs, tables, outputs);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
