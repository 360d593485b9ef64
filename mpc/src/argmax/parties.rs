//! Both sides of the argmax.
#![expect(
    clippy::indexing_slicing,
    reason = "all slices of a batch are sized from one block count at its start"
)]

use crate::Error;
use crate::block::Block;
use crate::channel::{Channel, Part, Phase, Step};
use crate::circuit::{self, Template};
use crate::garble::{LANES, TABLE_BYTES};
use crate::session::{EvaluatorSession, GarblerSession};
use crate::share::{MAX_SHARE_BITS, read_words, slice_bits, switch, write_words};
use rayon::prelude::*;
use zeroize::Zeroizing;

/// Blocks a thread takes at once: the labels of larger circuits still fit the second-level cache.
const CHUNK_BLOCKS: usize = 4;

/// Public parameters of an argmax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgmaxSpec {
    /// Values an instance compares.
    pub classes: u32,
    /// `k`: values are shared modulo `2^k`.
    pub share_bits: u32,
    /// `l`: bits of the comparison.
    pub width: u32,
}

impl ArgmaxSpec {
    /// The circuit.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Circuit`] for parameters out of range.
    pub fn template(&self) -> Result<Template, Error> {
        let Self {
            share_bits: k,
            width: l,
            classes,
        } = *self;
        if !(3..=MAX_SHARE_BITS).contains(&k) || !(3..=k).contains(&l) {
            let detail = format!("{l} of {k} bits, expected 3 to {k} of at most {MAX_SHARE_BITS}");
            return Err(Error::Malformed {
                what: "argmax parameters".into(),
                detail,
            });
        }
        circuit::argmax(classes as usize, l as usize)
    }

    /// Instances in `values` values, or an error if they are no whole number.
    fn instances(&self, values: usize) -> Result<usize, Error> {
        let classes = self.classes as usize;
        if !values.is_multiple_of(classes) {
            let expected = format!("a multiple of {classes}");
            return Err(Error::Length {
                what: "argmax inputs",
                length: values,
                expected,
            });
        }
        Ok(values / classes)
    }

    /// This party's bits, `[block][class][bit]`, from shares `[class][instance]`.
    fn bits(&self, x: &[u32], instances: usize, words: &mut [u16]) {
        let (classes, l) = (self.classes as usize, self.width as usize);
        for (block, words) in words.chunks_exact_mut(classes * l).enumerate() {
            for (class, words) in words.chunks_exact_mut(l).enumerate() {
                let mut bits = [0u32; LANES];
                let row = &x[class * instances..][..instances];
                for (b, x) in bits.iter_mut().zip(&row[block * LANES..]) {
                    *b = switch(*x, self.share_bits, self.width);
                }
                slice_bits(&bits, words);
            }
        }
    }
}

impl GarblerSession {
    /// Runs an argmax on shares `[class][instance]`; this party learns nothing.
    ///
    /// Starts by receiving and ends by sending.
    ///
    /// # Errors
    /// Of the channel; [`Error::Length`] if the shares are no whole number of instances.
    pub fn argmax(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ArgmaxSpec,
        x: &[u32],
    ) -> Result<(), Error> {
        let template = spec.template()?;
        let instances = spec.instances(x.len())?;
        let blocks = instances.div_ceil(LANES);
        let (wires, outputs) = (template.inputs(), template.outputs());
        ch.enter(Phase::Online, layer, Part::Argmax(Step::Ot));
        let mut keys = Zeroizing::new(vec![Block::ZERO; blocks * wires * LANES]);
        self.labels.extend(ch, &mut keys)?;
        ch.enter(Phase::Online, layer, Part::Argmax(Step::Corrections));
        let mut corrections = vec![0u16; blocks * wires];
        ch.recv_with(2 * corrections.len(), |b| read_words(b, &mut corrections))?;
        let mut known = Zeroizing::new(vec![0u16; blocks * wires]);
        spec.bits(x, instances, &mut known);

        ch.enter(Phase::Online, layer, Part::Argmax(Step::Tables));
        let first_gate = self.garbler.reserve(&template, blocks)?;
        let block_bytes = template.and_gates() * LANES * TABLE_BYTES;
        let mut decode = vec![0u16; blocks * outputs];
        let stride = CHUNK_BLOCKS * rayon::current_num_threads();
        for start in (0..blocks).step_by(stride) {
            let end = blocks.min(start + stride);
            ch.send_with((end - start) * block_bytes, |tables| {
                decode[start * outputs..end * outputs]
                    .par_chunks_mut(CHUNK_BLOCKS * outputs)
                    .zip(tables.par_chunks_mut(CHUNK_BLOCKS * block_bytes))
                    .enumerate()
                    .try_for_each(|(i, (decode, tables))| {
                        let (first, count) = (start + i * CHUNK_BLOCKS, decode.len() / outputs);
                        let mut out = Zeroizing::new(vec![Block::ZERO; decode.len() * LANES]);
                        let gate = first_gate + (first * template.and_gates()) as u64;
                        let keys = &keys[first * wires * LANES..][..count * wires * LANES];
                        let known = &known[first * wires..][..count * wires];
                        let corrections = &corrections[first * wires..][..count * wires];
                        self.garbler.garble_at(
                            gate,
                            &template,
                            count,
                            keys,
                            corrections,
                            known,
                            tables,
                            &mut out,
                        )?;
                        colours(&out, decode);
                        Ok::<(), Error>(())
                    })
            })??;
        }
        ch.send_with(2 * decode.len(), |b| write_words(&decode, b))?;
        ch.flush()
    }
}

impl EvaluatorSession {
    /// Runs an argmax on shares `[class][instance]`; returns the index of every instance.
    ///
    /// Starts by sending and ends by receiving.
    ///
    /// # Errors
    /// Of the channel; [`Error::Length`] if the shares are no whole number of instances; [`Error::Malformed`] if an index
    /// is no class.
    pub fn argmax(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ArgmaxSpec,
        x: &[u32],
    ) -> Result<Vec<u32>, Error> {
        let template = spec.template()?;
        let instances = spec.instances(x.len())?;
        let blocks = instances.div_ceil(LANES);
        let (wires, outputs) = (template.inputs(), template.outputs());
        ch.enter(Phase::Online, layer, Part::Argmax(Step::Ot));
        let mut corrections = vec![0u16; blocks * wires];
        let mut labels = Zeroizing::new(vec![Block::ZERO; blocks * wires * LANES]);
        self.labels.extend(ch, &mut corrections, &mut labels)?;
        ch.enter(Phase::Online, layer, Part::Argmax(Step::Corrections));
        let mut bits = Zeroizing::new(vec![0u16; blocks * wires]);
        spec.bits(x, instances, &mut bits);
        for (r, b) in corrections.iter_mut().zip(bits.iter()) {
            *r ^= b;
        }
        ch.send_with(2 * corrections.len(), |b| write_words(&corrections, b))?;

        ch.enter(Phase::Online, layer, Part::Argmax(Step::Tables));
        let first_gate = self.evaluator.reserve(&template, blocks)?;
        let block_bytes = template.and_gates() * LANES * TABLE_BYTES;
        let mut colour = vec![0u16; blocks * outputs];
        let stride = CHUNK_BLOCKS * rayon::current_num_threads();
        for start in (0..blocks).step_by(stride) {
            let end = blocks.min(start + stride);
            ch.recv_with((end - start) * block_bytes, |tables| {
                colour[start * outputs..end * outputs]
                    .par_chunks_mut(CHUNK_BLOCKS * outputs)
                    .zip(tables.par_chunks(CHUNK_BLOCKS * block_bytes))
                    .enumerate()
                    .try_for_each(|(i, (colour, tables))| {
                        let (first, count) = (start + i * CHUNK_BLOCKS, colour.len() / outputs);
                        let mut out = Zeroizing::new(vec![Block::ZERO; colour.len() * LANES]);
                        let gate = first_gate + (first * template.and_gates()) as u64;
                        let labels = &labels[first * wires * LANES..][..count * wires * LANES];
                        self.evaluator
                            .evaluate_at(gate, &template, count, labels, tables, &mut out)?;
                        colours(&out, colour);
                        Ok::<(), Error>(())
                    })
            })??;
        }
        let mut decode = vec![0u16; colour.len()];
        ch.recv_with(2 * decode.len(), |b| read_words(b, &mut decode))?;
        let index = |i: usize| -> u32 {
            (0..outputs)
                .map(|wire| {
                    let word = i / LANES * outputs + wire;
                    u32::from((colour[word] ^ decode[word]) >> (i % LANES) & 1) << wire
                })
                .sum()
        };
        let classes: Vec<u32> = (0..instances).map(index).collect();
        match classes.iter().position(|c| *c >= spec.classes) {
            None => Ok(classes),
            Some(i) => Err(Error::Malformed {
                what: format!("class of instance {i}"),
                detail: format!(
                    "index above {}: the garbled tables are corrupt",
                    spec.classes - 1
                ),
            }),
        }
    }
}

/// The low bits of labels `[block][wire][lane]` as words.
fn colours(labels: &[Block], words: &mut [u16]) {
    for (word, labels) in words.iter_mut().zip(labels.chunks_exact(LANES)) {
        for (lane, label) in labels.iter().enumerate() {
            *word |= (label.lsb() as u16) << lane;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argmax::argmax_reference;
    use crate::rng::SecureRng;
    use crate::share::low_mask;
    use crate::simd::Simd;
    use rand_core::Rng;

    #[test]
    fn opens_the_reference_to_the_evaluator() {
        let spec = ArgmaxSpec {
            classes: 10,
            share_bits: 22,
            width: 14,
        };
        for instances in [1usize, 16, 33, 150] {
            let mut rng = SecureRng::from_seed([4; 32]);
            let n = instances * 10;
            // Few distinct values, so that ties and near ties occur.
            let values: Vec<u32> = (0..n)
                .map(|_| (rng.next_u32() % 7).wrapping_sub(3).wrapping_mul(200) & low_mask(22))
                .collect();
            let garbler: Vec<u32> = (0..n).map(|_| rng.next_u32() & low_mask(22)).collect();
            let evaluator: Vec<u32> = values
                .iter()
                .zip(&garbler)
                .map(|(v, g)| v.wrapping_sub(*g) & low_mask(22))
                .collect();
            let (mut a, mut b) = Channel::pair();
            let simd = Simd::detect();
            let got = std::thread::scope(|s| {
                let garbler = &garbler;
                let handle = s.spawn(move || {
                    let mut rng = SecureRng::from_seed([1; 32]);
                    let mut session = GarblerSession::setup(&mut a, &mut rng, simd).unwrap();
                    session.argmax(&mut a, "argmax", &spec, garbler).unwrap();
                });
                let mut rng = SecureRng::from_seed([2; 32]);
                let mut session = EvaluatorSession::setup(&mut b, &mut rng, simd).unwrap();
                let got = session.argmax(&mut b, "argmax", &spec, &evaluator).unwrap();
                handle.join().unwrap();
                got
            });
            for (i, class) in got.iter().enumerate() {
                let column = |x: &[u32]| (0..10).map(|c| x[c * instances + i]).collect::<Vec<_>>();
                let want = argmax_reference(&spec, &column(&evaluator), &column(&garbler));
                assert_eq!(*class as usize, want, "instance {i}");
            }
        }
    }
}
