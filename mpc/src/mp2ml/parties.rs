//! Both sides of the layer.

use super::circuit::{Word, relu};
use super::spec::Mp2mlSpec;
use crate::Error;
use crate::channel::{Channel, Part};
use crate::circuit::Template;
use crate::evaluate::{Function, words};
use crate::garble::LANES;
use crate::rng::SecureRng;
use crate::session::{EvaluatorSession, GarblerSession};
use crate::share::sub_mod;
use rand_core::Rng;
use zeroize::Zeroizing;

/// Checks the parameters and one party's slices, and builds the circuit.
fn prepare(spec: &Mp2mlSpec, x: &[u32], y: &[u32]) -> Result<Template, Error> {
    spec.validate()?;
    if x.len() != y.len() {
        return Err(Error::Length {
            what: "ReLU outputs",
            length: y.len(),
            expected: x.len().to_string(),
        });
    }
    if let Some(i) = x.iter().position(|x| u64::from(*x) >= spec.input_modulus) {
        return Err(Error::Malformed {
            what: format!("ReLU share {i}"),
            detail: format!("not below the modulus {}", spec.input_modulus),
        });
    }
    relu(spec.word_bits as usize, spec.shift as usize)
}

pub(super) fn function<'a>(template: &'a Template, layer: &'a str) -> Function<'a> {
    Function {
        template,
        layer,
        part: Part::Relu,
    }
}

fn wide(x: &[u32]) -> Zeroizing<Vec<u64>> {
    Zeroizing::new(x.iter().map(|x| u64::from(*x)).collect())
}

/// A uniform residue, by rejection.
fn uniform_below(rng: &mut SecureRng, modulus: u32) -> u32 {
    let bits = u32::MAX >> (modulus - 1).leading_zeros().min(31);
    loop {
        let candidate = rng.next_u32() & bits;
        if candidate < modulus {
            return candidate;
        }
    }
}

impl GarblerSession {
    /// Runs the published ReLU on shares: `y` receives this party's share of the outputs, modulo [`Mp2mlSpec::modulus`].
    ///
    /// Starts by receiving and ends by sending. `layer` tags what the channel counts.
    ///
    /// # Errors
    /// Of the channel; [`Error::Malformed`] for a bad parameter or share; [`Error::Length`] if `x` and `y` differ in length.
    pub fn relu_mp2ml(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &Mp2mlSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        let template = prepare(spec, x, y)?;
        let segment = spec.segment as usize;
        for (x, y) in x.chunks(segment).zip(y.chunks_mut(segment)) {
            for y in y.iter_mut() {
                *y = uniform_below(&mut self.masks, spec.modulus);
            }
            let known = garbler_bits(spec, x, y);
            self.garble_opened(ch, &function(&template, layer), x.len(), &known)?;
            for y in y.iter_mut() {
                *y = sub_mod(0, *y, spec.modulus);
            }
        }
        Ok(())
    }
}

/// The known bits of a segment, given shares and masks.
pub(super) fn garbler_bits(spec: &Mp2mlSpec, x: &[u32], masks: &[u32]) -> Zeroizing<Vec<u16>> {
    let (w, m, q) = (
        spec.word_bits as usize,
        spec.input_modulus,
        spec.modulus.into(),
    );
    let wires = Word::COUNT * w;
    let mut bits = Zeroizing::new(vec![0u16; x.len().div_ceil(LANES) * wires]);
    words::write(&wide(x), w, &mut bits, wires, Word::Share as usize * w);
    words::write(&wide(masks), w, &mut bits, wires, Word::Mask as usize * w);
    for (word, value) in [
        (Word::LastInput, m - 1),
        (Word::InputModulus, m),
        (Word::Largest, spec.largest()),
        (Word::LastOutput, q - 1),
        (Word::Modulus, q),
    ] {
        words::write_constant(value, w, &mut bits, wires, word as usize * w);
    }
    bits
}

impl EvaluatorSession {
    /// Runs the published ReLU on shares: `y` receives this party's share of the outputs, modulo [`Mp2mlSpec::modulus`].
    ///
    /// Starts by sending and ends by receiving. `layer` tags what the channel counts.
    ///
    /// # Errors
    /// Of the channel; [`Error::Malformed`] for a bad parameter or share, or if an output is no residue; [`Error::Length`] if `x` and `y`
    /// differ in length.
    pub fn relu_mp2ml(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &Mp2mlSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        let template = prepare(spec, x, y)?;
        let (segment, w) = (spec.segment as usize, spec.word_bits as usize);
        for (i, (x, y)) in x.chunks(segment).zip(y.chunks_mut(segment)).enumerate() {
            let mut bits = Zeroizing::new(vec![0u16; x.len().div_ceil(LANES) * w]);
            words::write(&wide(x), w, &mut bits, w, 0);
            let opened = self.evaluate_opened(ch, &function(&template, layer), x.len(), &bits)?;
            let values = words::read(&opened, w, 0, w, x.len());
            for (j, (y, value)) in y.iter_mut().zip(values).enumerate() {
                *y = match u32::try_from(value) {
                    Ok(value) if value < spec.modulus => value,
                    _ => {
                        return Err(Error::Malformed {
                            what: format!("ReLU output {}", i * segment + j),
                            detail: format!(
                                "{value} is not below {}: the garbled tables are corrupt",
                                spec.modulus
                            ),
                        });
                    }
                };
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_uniform_below_any_modulus() {
        let mut rng = SecureRng::from_seed([6; 32]);
        for modulus in [1u32, 2, 5, 7, 8] {
            let mut counts = vec![0u32; modulus as usize];
            for _ in 0..7000 {
                counts[uniform_below(&mut rng, modulus) as usize] += 1;
            }
            let want = 7000 / modulus;
            assert!(
                counts.iter().all(|c| c.abs_diff(want) < 200),
                "{modulus}: {counts:?}"
            );
        }
        assert!((0..100).all(|_| uniform_below(&mut rng, (1 << 31) - 1) < (1 << 31) - 1));
    }
}
