//! What an argmax computes, exactly, given the shares.

use crate::Error;
use crate::circuit::{self, Template};
use crate::evaluate::words;
use crate::garble::LANES;
use crate::share::{self, MAX_SHARE_BITS};

/// Public parameters of an argmax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgmaxSpec {
    /// Values an instance compares, 1 to [`circuit::MAX_CLASSES`].
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
    pub(super) fn instances(&self, values: usize) -> Result<usize, Error> {
        let classes = self.classes as usize;
        if classes == 0 || !values.is_multiple_of(classes) {
            return Err(Error::Length {
                what: "argmax inputs",
                length: values,
                expected: format!("a multiple of {classes}"),
            });
        }
        Ok(values / classes)
    }

    /// One party's bits, `[block][class][bit]`, from shares `[class][instance]`.
    pub(super) fn bits(&self, x: &[u32], instances: usize) -> Vec<u16> {
        let (classes, l) = (self.classes as usize, self.width as usize);
        let wires = classes * l;
        let mut bits = vec![0u16; instances.div_ceil(LANES) * wires];
        for (class, x) in x.chunks_exact(instances.max(1)).enumerate() {
            let x: Vec<u64> = x
                .iter()
                .map(|x| share::switch(*x, self.share_bits, self.width).into())
                .collect();
            words::write(&x, l, &mut bits, wires, class * l);
        }
        bits
    }
}

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
