//! The party that holds the matrix.

use super::layout::Layout;
use super::matrix::ExactMatrix;
use super::spec::{DEGREE, ExactSpec, Packing};
use super::{MESSAGE, SPEC_BYTES, public_key_seed, wire};
use crate::Error;
use crate::session::Kernels;
use halfmask_ckks::wide::{Responder, Term};
use halfmask_ckks::{Poly, PublicKey, RingContext, RngStreams, SecureRng, sample};
use halfmask_mpc::channel::{Channel, Part, Phase};
use std::sync::Arc;

/// Answers with a secret matrix on the client's ciphertexts.
pub struct ExactServer {
    spec: ExactSpec,
    context: Arc<RingContext<u32>>,
    responder: Responder,
    /// Of the client's ciphertexts, and the index of the next.
    seed: [u8; 32],
    next: u64,
    kernels: Kernels,
}

impl std::fmt::Debug for ExactServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ExactServer {{ spec: {:?}, .. }}", self.spec)
    }
}

impl ExactServer {
    /// Receives the client's key for matrices of shape `spec`. `session_seed` is the two parties' joint seed.
    ///
    /// # Errors
    /// A shape out of range or other than the client's, a malformed key, or the channel's.
    pub fn setup(
        ch: &mut Channel,
        spec: &ExactSpec,
        session_seed: &[u8; 32],
        random: &mut SecureRng,
        kernels: Kernels,
    ) -> Result<Self, Error> {
        spec.check()?;
        let context = spec.context()?;
        let mut random = RngStreams::new(random).stream(0).with_simd(kernels.he)?;
        ch.enter(Phase::Setup, "", Part::Keys);
        let mut theirs = [0u8; SPEC_BYTES];
        ch.recv(&mut theirs)?;
        super::compare(spec, &theirs)?;
        let mut seed = [0u8; 32];
        ch.recv(&mut seed)?;
        let mut bytes = vec![0u8; wire::bytes(&context, DEGREE)];
        ch.recv(&mut bytes)?;
        let mut b = vec![0; context.element_words()];
        wire::unpack(&context, &bytes, DEGREE, b.chunks_mut(DEGREE))?;
        let b = Poly::from_words(&context, b)?;
        let key = PublicKey::from_received(&public_key_seed(spec, session_seed)?, b)?;
        Ok(Self {
            responder: Responder::new(&key, spec.widths()?, &mut random)?,
            spec: *spec,
            context,
            seed,
            next: 0,
            kernels,
        })
    }

    /// Multiplies what the client has sent: returns this party's shares of W x + b, `[row][output]`, modulo 2^(L+2).
    ///
    /// # Errors
    /// A matrix of another shape, no rows or too many, a malformed ciphertext, or the channel's.
    pub fn apply(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        matrix: &ExactMatrix,
        rows: usize,
    ) -> Result<Vec<u64>, Error> {
        super::compare(&self.spec, &super::spec_bytes(matrix.spec()))?;
        let packing = self.spec.packing(rows)?;
        ch.enter(Phase::Online, layer, Part::Ciphertext);
        let shares = match packing {
            Packing::Coefficient { rows: each } => {
                self.coefficient(ch, matrix, &Layout::new(&self.spec, each), rows)?
            }
            Packing::Batch => self.batch(ch, matrix, rows)?,
        };
        ch.flush()?;
        Ok(shares)
    }

    /// Shares that hold 4 b so far.
    fn constants(&self, matrix: &ExactMatrix, rows: usize) -> Vec<u64> {
        let quarters = |b: &i64| (*b as u64).wrapping_mul(4) & self.mask();
        let once: Vec<u64> = matrix.constants().iter().map(quarters).collect();
        once.repeat(rows)
    }

    fn mask(&self) -> u64 {
        (1 << (self.spec.share_bits + 2)) - 1
    }

    /// Adds the shares of `outputs` for consecutive rows from `first_row` on, `[row][output]`.
    fn scatter(
        &self,
        all: &mut [u64],
        first_row: usize,
        outputs: &std::ops::Range<usize>,
        shares: &[u64],
    ) {
        let rows = all.chunks_exact_mut(self.spec.outputs).skip(first_row);
        for (row, shares) in rows.zip(shares.chunks_exact(outputs.len().max(1))) {
            let places = row.get_mut(outputs.clone()).unwrap_or_default();
            for (place, share) in places.iter_mut().zip(shares) {
                *place = place.wrapping_add(*share) & self.mask();
            }
        }
    }

    fn take_index(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// One ciphertext's c1, uniform and public.
    fn expand(&mut self, out: &mut [u32]) -> Result<(), Error> {
        let index = self.take_index();
        Ok(sample::expand_uniform(
            &self.seed,
            index,
            &self.context,
            out,
        )?)
    }

    fn coefficient(
        &mut self,
        ch: &mut Channel,
        matrix: &ExactMatrix,
        layout: &Layout,
        rows: usize,
    ) -> Result<Vec<u64>, Error> {
        let context = Arc::clone(&self.context);
        let element = context.element_words();
        let (groups, pieces) = (rows.div_ceil(layout.rows()), layout.pieces());
        let length = wire::bytes(&context, DEGREE);
        // Everything is read before anything is sent: two parties that only send would wait for each other.
        let mut ciphertexts = Vec::new();
        for _ in 0..groups * pieces {
            let start = ciphertexts.len();
            ciphertexts.resize(start + 2 * element, 0);
            let row = ciphertexts.get_mut(start..).unwrap_or_default();
            let (c0, c1) = row.split_at_mut_checked(element).unwrap_or_default();
            ch.recv_with(length, |bytes| {
                wire::unpack(&context, bytes, DEGREE, c0.chunks_mut(DEGREE))
            })??;
            self.expand(c1)?;
            self.responder.transform(row)?;
        }
        let mut all = self.constants(matrix, rows);
        for (group, ciphertexts) in ciphertexts.chunks(2 * element * pieces).enumerate() {
            let first_row = group * layout.rows();
            let rows = layout.rows().min(rows - first_row);
            let mut answer = 0;
            while answer < layout.answers() {
                let outputs = layout.outputs(answer).len();
                let run = (answer..layout.answers())
                    .take(MESSAGE)
                    .take_while(|a| layout.outputs(*a).len() == outputs)
                    .count();
                let (weights, start) = matrix.polynomials(layout, answer..answer + run)?;
                let weights = weights.get(start..).unwrap_or_default();
                let terms: Vec<Term<'_>> = weights
                    .chunks(pieces * element)
                    .take(run)
                    .map(|weights| Term::Products {
                        weights,
                        ciphertexts,
                    })
                    .collect();
                let positions = layout.positions(rows, outputs);
                let shares = self.respond(ch, &terms, &positions)?;
                for shares in shares.chunks_exact(positions.len()) {
                    self.scatter(&mut all, first_row, &layout.outputs(answer), shares);
                    answer += 1;
                }
            }
        }
        Ok(all)
    }

    fn batch(
        &mut self,
        ch: &mut Channel,
        matrix: &ExactMatrix,
        rows: usize,
    ) -> Result<Vec<u64>, Error> {
        let context = Arc::clone(&self.context);
        let columns = rows + DEGREE;
        let length = wire::bytes(&context, rows);
        // Of each limb, [input][the rows of c0, then c1].
        let mut inputs: Vec<Vec<u32>> = context.limbs().iter().map(|_| Vec::new()).collect();
        let mut second = vec![0u32; context.element_words()];
        for _ in 0..self.spec.inputs {
            let mut slices = Vec::with_capacity(inputs.len());
            for limb in &mut inputs {
                let start = limb.len();
                limb.resize(start + columns, 0);
                slices.push(limb.get_mut(start..).unwrap_or_default());
            }
            self.expand(&mut second)?;
            for (slice, second) in slices.iter_mut().zip(second.chunks(DEGREE)) {
                let to = slice.iter_mut().skip(rows);
                for (to, from) in to.zip(second) {
                    *to = *from;
                }
            }
            ch.recv_with(length, |bytes| {
                wire::unpack(&context, bytes, rows, slices.into_iter())
            })??;
        }
        let digits = matrix.digits()?;
        let positions: Vec<u32> = (0..rows as u32).collect();
        let mut all = self.constants(matrix, rows);
        let mut buffers: Vec<Vec<u32>> = inputs.iter().map(|_| Vec::new()).collect();
        let mut first = 0;
        for (chunk, outputs) in digits.chunks().enumerate() {
            for (limb, (inputs, out)) in inputs.iter().zip(&mut buffers).enumerate() {
                digits.apply(chunk, limb, inputs, columns, out, self.kernels.he)?;
            }
            let products = &buffers;
            let rows_of = |o: usize| -> Vec<&[u32]> {
                let rows = products.iter().map(|limb| limb.get(o * columns..));
                rows.map(|row| row.and_then(|r| r.get(..columns)).unwrap_or_default())
                    .collect()
            };
            let sums: Vec<Vec<&[u32]>> = (0..outputs).map(rows_of).collect();
            for sums in sums.chunks(MESSAGE) {
                let terms: Vec<Term<'_>> = sums.iter().map(|s| Term::Sum(s)).collect();
                let shares = self.respond(ch, &terms, &positions)?;
                for shares in shares.chunks_exact(rows) {
                    self.scatter(&mut all, 0, &(first..first + 1), shares);
                    first += 1;
                }
            }
        }
        Ok(all)
    }

    /// Sends answers; returns this party's shares, `positions.len()` an answer.
    fn respond(
        &mut self,
        ch: &mut Channel,
        terms: &[Term<'_>],
        positions: &[u32],
    ) -> Result<Vec<u64>, Error> {
        let answer = self
            .responder
            .widths()
            .answer_bytes(DEGREE, positions.len())?;
        let mut shares = vec![0; terms.len() * positions.len()];
        ch.send_with(terms.len() * answer, |out| {
            self.responder.answer(terms, positions, out, &mut shares)
        })??;
        Ok(shares)
    }
}
