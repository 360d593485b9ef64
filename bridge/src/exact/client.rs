//! The party that holds the inputs.

use super::layout::Layout;
use super::spec::{DEGREE, ExactSpec, Packing};
use super::{MESSAGE, public_key_seed, wire};
use crate::Error;
use crate::session::Kernels;
use halfmask_ckks::wide::{Scaling, WideDecryptor, Widths};
use halfmask_ckks::{PublicKey, PublicSeed, RingContext, RngStreams, SecretKey, SecureRng};
use halfmask_mpc::channel::{Channel, Part, Phase};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Sends inputs and receives its shares of their images.
pub struct ExactClient {
    spec: ExactSpec,
    context: Arc<RingContext<u32>>,
    secret: SecretKey<u32>,
    seed: PublicSeed,
    random: SecureRng,
    scaling: Scaling,
    decryptor: WideDecryptor,
    widths: Widths,
}

impl std::fmt::Debug for ExactClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ExactClient {{ spec: {:?}, .. }}", self.spec)
    }
}

impl ExactClient {
    /// Draws a key for matrices of shape `spec` and sends its public half. `session_seed` is the two parties' joint seed.
    ///
    /// # Errors
    /// A shape out of range, or the channel's.
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
        let secret = SecretKey::generate(&context, &mut random);
        let joint = public_key_seed(spec, session_seed)?;
        let key = PublicKey::generate(&secret, &joint, &mut random)?;
        let seed = PublicSeed::generate(&mut random);
        ch.enter(Phase::Setup, "", Part::Keys);
        ch.send(&super::spec_bytes(spec))?;
        ch.send(seed.bytes())?;
        let mut bytes = vec![0; wire::bytes(&context, DEGREE)];
        wire::pack(&context, key.b()?.words(), DEGREE, &mut bytes)?;
        ch.send(&bytes)?;
        ch.flush()?;
        Ok(Self {
            scaling: Scaling::new(&context, spec.share_bits)?,
            decryptor: WideDecryptor::new(&secret, kernels.he)?,
            widths: spec.widths()?,
            spec: *spec,
            context,
            secret,
            seed,
            random,
        })
    }

    /// Encrypts and sends `x`, `[row][input]`.
    ///
    /// # Errors
    /// Another number of inputs, one above its bound, no rows or too many, or the channel's: then nothing is sent.
    pub fn send(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        x: &[u32],
        rows: usize,
    ) -> Result<(), Error> {
        let packing = self.spec.packing(rows)?;
        let inputs = self.spec.inputs;
        if x.len() != rows * inputs {
            return Err(Error::Shape {
                what: "inputs",
                got: x.len(),
                rows,
                images: inputs,
            });
        }
        let bound = self.spec.input_bound;
        if let Some((at, &value)) = x.iter().enumerate().find(|(_, x)| **x > bound) {
            return Err(Error::Input {
                row: at / inputs,
                input: at % inputs,
                value,
                bound,
            });
        }
        ch.enter(Phase::Online, layer, Part::Ciphertext);
        match packing {
            Packing::Coefficient { rows: each } => {
                let layout = Layout::new(&self.spec, each);
                let groups = x.chunks(layout.rows() * inputs);
                let all: Vec<(&[u32], usize)> = groups
                    .flat_map(|rows| (0..layout.pieces()).map(move |piece| (rows, piece)))
                    .collect();
                for part in all.chunks(MESSAGE) {
                    self.encrypt(ch, part, DEGREE, |(rows, piece), out| {
                        layout.inputs(rows, *piece, out);
                    })?;
                }
            }
            Packing::Batch => {
                let all: Vec<usize> = (0..inputs).collect();
                for part in all.chunks(MESSAGE) {
                    self.encrypt(ch, part, rows, |input, out| {
                        let column = x.iter().skip(*input).step_by(inputs);
                        for (to, x) in out.iter_mut().zip(column) {
                            *to = *x;
                        }
                    })?;
                }
            }
        }
        Ok(ch.flush()?)
    }

    /// Encrypts an element an item, whose first `values` coefficients `fill` writes, and sends as many of each.
    fn encrypt<T>(
        &mut self,
        ch: &mut Channel,
        items: &[T],
        values: usize,
        fill: impl Fn(&T, &mut [u32]),
    ) -> Result<(), Error> {
        let element = self.context.element_words();
        let limbs = self.context.limbs().len();
        let mut small = Zeroizing::new(vec![0u32; values]);
        let mut scaled = Zeroizing::new(vec![0u32; limbs * values]);
        // Becomes the ciphertexts in place; overwritten by the encryption if that fails.
        let mut plain = vec![0u32; items.len() * element];
        for (item, plain) in items.iter().zip(plain.chunks_mut(element)) {
            fill(item, &mut small);
            self.scaling.encode(&small, &mut scaled)?;
            for (limb, scaled) in plain.chunks_mut(DEGREE).zip(scaled.chunks(values)) {
                for (to, from) in limb.iter_mut().zip(scaled) {
                    *to = *from;
                }
            }
        }
        let sent = self
            .secret
            .encrypt_batch(plain, &mut self.seed, &mut self.random)?;
        let length = wire::bytes(&self.context, values);
        for c0 in sent.c0().chunks(element) {
            ch.send_with(length, |out| wire::pack(&self.context, c0, values, out))??;
        }
        Ok(())
    }

    /// Receives this party's shares of W x + b, `[row][output]`, modulo 2^(L+2).
    ///
    /// # Errors
    /// No rows or too many, malformed answers, or the channel's.
    pub fn receive(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        rows: usize,
    ) -> Result<Vec<u64>, Error> {
        let packing = self.spec.packing(rows)?;
        ch.enter(Phase::Online, layer, Part::Ciphertext);
        let outputs = self.spec.outputs;
        let mut all = vec![0; rows * outputs];
        match packing {
            Packing::Coefficient { rows: each } => {
                let layout = Layout::new(&self.spec, each);
                for group in all.chunks_mut(layout.rows() * outputs) {
                    let mut answer = 0;
                    while answer < layout.answers() {
                        let carried = layout.outputs(answer).len();
                        let run = (answer..layout.answers())
                            .take(MESSAGE)
                            .take_while(|a| layout.outputs(*a).len() == carried)
                            .count();
                        let positions = layout.positions(group.len() / outputs, carried);
                        let shares = self.open(ch, run, &positions)?;
                        for shares in shares.chunks_exact(positions.len()) {
                            let rows = group.chunks_exact_mut(outputs);
                            for (row, shares) in rows.zip(shares.chunks_exact(carried)) {
                                let places = row.get_mut(layout.outputs(answer));
                                places.unwrap_or_default().copy_from_slice(shares);
                            }
                            answer += 1;
                        }
                    }
                }
            }
            Packing::Batch => {
                let positions: Vec<u32> = (0..rows as u32).collect();
                let mut first = 0;
                while first < outputs {
                    let run = MESSAGE.min(outputs - first);
                    let shares = self.open(ch, run, &positions)?;
                    for shares in shares.chunks_exact(rows) {
                        let places = all.iter_mut().skip(first).step_by(outputs);
                        for (place, share) in places.zip(shares) {
                            *place = *share;
                        }
                        first += 1;
                    }
                }
            }
        }
        Ok(all)
    }

    /// Receives and opens `answers` answers.
    fn open(&self, ch: &mut Channel, answers: usize, positions: &[u32]) -> Result<Vec<u64>, Error> {
        let answer = self.widths.answer_bytes(DEGREE, positions.len())?;
        let mut shares = vec![0; answers * positions.len()];
        ch.recv_with(answers * answer, |bytes| {
            self.decryptor
                .open(bytes, self.widths, positions, &mut shares)
        })??;
        Ok(shares)
    }
}
