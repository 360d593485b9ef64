//! The evaluator's answers: re-randomised, switched, masked.

use super::PREPARED_BYTES;
use crate::ring::parallel::try_for_each_with;
use crate::rlwe::{ModulusSwitch, kernel};
use crate::rows::{Wiped, check_length, count_rows, only_limb};
use crate::{CiphertextBatch, Error, ErrorTerm, PublicKey, RngStreams, SecureRng, sample, wire};
use std::collections::VecDeque;

/// A fresh encryption of zero under the public key, and a mask: z0 | z1 | r, N words each. r is uniform in 32 bits, of which
/// the low ones count.
struct Zero(Wiped<u32>);

/// The elements of one distribution of e0.
struct Queue {
    error0: ErrorTerm,
    streams: RngStreams,
    next: u64,
    ready: VecDeque<Zero>,
}

/// Turns ciphertexts into masked ciphertexts modulo a power of two.
pub struct Masker {
    key: PublicKey<u32>,
    streams: RngStreams,
    queues: Vec<Queue>,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ready: usize = self.queues.iter().map(|q| q.ready.len()).sum();
        write!(f, "Masker {{ ready: {ready}, .. }}")
    }
}

impl Masker {
    /// For ciphertexts under `key`.
    ///
    /// # Errors
    /// A ring of more than one limb.
    pub fn new(key: PublicKey<u32>, rng: &mut SecureRng) -> Result<Self, Error> {
        only_limb(key.context())?;
        Ok(Self {
            key,
            streams: RngStreams::new(rng),
            queues: Vec::new(),
        })
    }

    /// Elements ready for `error0`.
    pub fn ready(&self, error0: ErrorTerm) -> usize {
        let queue = self.queues.iter().find(|q| q.error0 == error0);
        queue.map_or(0, |q| q.ready.len())
    }

    /// Takes the queue of `error0` out, to be put back. There are as many queues as layers have distributions: one or two.
    fn take_queue(&mut self, error0: ErrorTerm) -> Result<Queue, Error> {
        if let Some(at) = self.queues.iter().position(|q| q.error0 == error0) {
            return Ok(self.queues.swap_remove(at));
        }
        let width = match error0 {
            ErrorTerm::CentredBinomial => 0,
            ErrorTerm::Uniform { width } => {
                sample::check_width(width)?;
                width
            }
        };
        Ok(Queue {
            error0,
            streams: self.streams.family(&width.to_le_bytes()),
            next: 0,
            ready: VecDeque::new(),
        })
    }

    fn scratch(&self, queue: &Queue) -> Scratch {
        let degree = self.key.context().degree();
        let flood = match queue.error0 {
            ErrorTerm::CentredBinomial => 0,
            ErrorTerm::Uniform { .. } => degree,
        };
        Scratch {
            rng: queue.streams.stream(0), // entered anew for every row
            small: Wiped::new(degree),
            flood: Wiped::new(flood),
            zero: Wiped::new(3 * degree),
            row: Wiped::new(2 * degree),
        }
    }

    /// Element `index` of a queue, drawn from stream `index`: u, e0, e1, r in this order.
    fn fill(
        &self,
        queue: &Queue,
        index: u64,
        scratch: &mut Scratch,
        zero: &mut [u32],
    ) -> Result<(), Error> {
        let limb = only_limb(self.key.context())?;
        let (modulus, degree) = (limb.modulus(), limb.degree());
        let Scratch {
            rng, small, flood, ..
        } = scratch;
        queue.streams.enter(rng, index);
        let simd = rng.simd();
        let (z0, rest) = zero.split_at_mut_checked(degree).unwrap_or_default();
        let (z1, r) = rest.split_at_mut_checked(degree).unwrap_or_default();
        sample::ternary(rng, &mut small.0);
        kernel::lift(simd, modulus, z1, &small.0);
        limb.forward(z1)?;
        z0.copy_from_slice(z1);
        let (b, a) = self.key.halves();
        for (z, key) in [(&mut *z0, b), (&mut *z1, a)] {
            limb.mul_assign_normalize(z, key)?;
            limb.inverse_unscaled(z)?;
        }
        match queue.error0 {
            ErrorTerm::CentredBinomial => {
                sample::centred_binomial(rng, &mut small.0);
                kernel::add_small(simd, modulus, z0, &small.0);
            }
            ErrorTerm::Uniform { width } => {
                sample::uniform_width(rng, width, &mut flood.0)?;
                kernel::add_signed(simd, modulus, z0, &flood.0);
            }
        }
        sample::centred_binomial(rng, &mut small.0);
        kernel::add_small(simd, modulus, z1, &small.0);
        sample::uniform_bits(rng, 32, r)
    }

    /// Makes elements for `error0` until `rows` are ready, or as many as [`PREPARED_BYTES`] hold beside those for other
    /// distributions; returns how many are.
    ///
    /// # Errors
    /// A flooding width out of range.
    pub fn prepare(&mut self, error0: ErrorTerm, rows: usize) -> Result<usize, Error> {
        let mut queue = self.take_queue(error0)?;
        let words = 3 * self.key.context().degree();
        let others: usize = self.queues.iter().map(|q| q.ready.len()).sum();
        let room = (PREPARED_BYTES / (4 * words)).saturating_sub(others);
        let missing = rows.min(room).saturating_sub(queue.ready.len());
        let mut made: Vec<Zero> = Vec::new();
        made.resize_with(missing, || Zero(Wiped::new(words)));
        let result = try_for_each_with(
            (queue.next..).zip(made.iter_mut()),
            || self.scratch(&queue),
            |scratch, (index, zero)| self.fill(&queue, index, scratch, &mut zero.0.0),
        );
        queue.next += missing as u64;
        queue.ready.extend(made);
        let ready = queue.ready.len();
        self.queues.push(queue);
        result.map(|()| ready)
    }

    /// Refuses what [`Masker::mask_into`] could not mask, whatever the rows.
    ///
    /// # Errors
    /// Another ring, a modulus 2^`bits` or a width of `error0` out of range.
    pub fn check(
        &self,
        batch: &CiphertextBatch<u32>,
        bits: u32,
        error0: ErrorTerm,
    ) -> Result<(), Error> {
        self.key.context().check_same(batch.context())?;
        ModulusSwitch::new(only_limb(batch.context())?.modulus(), bits)?;
        match error0 {
            ErrorTerm::CentredBinomial => Ok(()),
            ErrorTerm::Uniform { width } => sample::check_width(width),
        }
    }

    /// Re-randomises the rows `rows` of a batch, switches them to 2^`bits`, adds a mask r to every coefficient of c0, and packs both
    /// halves into `out`. Appends -r mod 2^`bits` of the first `columns` coefficients to `share`.
    ///
    /// # Errors
    /// Another ring, rows that are not there, a width out of range, or lengths that do not fit.
    #[expect(
        clippy::too_many_arguments,
        reason = "a pass: what it reads, how, and its two outputs"
    )]
    pub fn mask_into(
        &mut self,
        batch: &CiphertextBatch<u32>,
        rows: std::ops::Range<usize>,
        bits: u32,
        error0: ErrorTerm,
        columns: usize,
        out: &mut [u8],
        share: &mut Vec<u32>,
    ) -> Result<(), Error> {
        self.check(batch, bits, error0)?;
        let limb = only_limb(batch.context())?;
        let (modulus, degree) = (*limb.modulus(), limb.degree());
        let switch = ModulusSwitch::new(&modulus, bits)?;
        count_rows("columns of a share", columns, columns, degree)?;
        let row_bytes = 2 * degree / 8 * bits as usize;
        check_length("masked ciphertexts", rows.len(), row_bytes, out.len())?;
        let words = rows.start * 2 * degree..rows.end * 2 * degree;
        let ciphertexts = batch.words().get(words).ok_or(Error::Length {
            what: "ciphertexts to mask",
            expected: rows.end,
            got: batch.rows(),
        })?;
        let mut queue = self.take_queue(error0)?;
        let missing = rows.len().saturating_sub(queue.ready.len());
        let ready: Vec<Zero> = queue.ready.drain(..rows.len() - missing).collect();
        let first = queue.next;
        queue.next += missing as u64;
        let zeros = ready
            .into_iter()
            .map(Ok)
            .chain((0..missing as u64).map(|i| Err(first + i)));
        let start = share.len();
        share.resize(start + rows.len() * columns, 0);
        let shares = share.get_mut(start..).unwrap_or_default();
        let items = ciphertexts
            .chunks_exact(2 * degree)
            .zip(out.chunks_exact_mut(row_bytes))
            .zip(shares.chunks_exact_mut(columns))
            .zip(zeros);
        let keep = u32::MAX >> (32 - bits);
        let result = try_for_each_with(
            items,
            || self.scratch(&queue),
            |scratch, (((ciphertext, out), share), zero)| {
                let simd = scratch.rng.simd();
                let mut row = std::mem::replace(&mut scratch.row, Wiped::new(0));
                let mut mask = |zero: &[u32]| {
                    let (zero, r) = zero.split_at_checked(2 * degree).unwrap_or_default();
                    kernel::sum(simd, &modulus, &mut row.0, ciphertext, zero);
                    kernel::switch(simd, &switch, &mut row.0);
                    kernel::add_masked(simd, keep, &mut row.0, r); // the first N words: c0
                    wire::pack_reduced(simd, &row.0, bits, out);
                    kernel::negate_masked(simd, keep, share, r);
                };
                match zero {
                    Ok(zero) => mask(&zero.0.0),
                    Err(index) => {
                        let mut zero = std::mem::replace(&mut scratch.zero, Wiped::new(0));
                        self.fill(&queue, index, scratch, &mut zero.0)?;
                        mask(&zero.0);
                        scratch.zero = zero;
                    }
                }
                scratch.row = row;
                Ok(())
            },
        );
        self.queues.push(queue);
        result
    }
}

/// Memory of one element, reused from row to row and overwritten at the end.
struct Scratch {
    rng: SecureRng,
    small: Wiped<i8>,
    flood: Wiped<i64>,
    zero: Wiped<u32>,
    row: Wiped<u32>,
}
