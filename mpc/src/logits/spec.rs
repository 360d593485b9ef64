//! What is opened, exactly, given the shares.

use crate::Error;
use crate::circuit::{Builder, Template};
use crate::evaluate::words;
use crate::garble::LANES;
use crate::share::{self, MAX_SHARE_BITS};
use zeroize::Zeroizing;

/// Public parameters of an opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogitsSpec {
    /// `k`: values are shared modulo `2^k`.
    pub share_bits: u32,
    /// `d`: low bits that are rounded away; the opened values are in units of `2^d`.
    pub dropped_bits: u32,
}

impl LogitsSpec {
    /// The circuit of one value.
    ///
    /// # Errors
    /// [`Error::Malformed`] unless `2 <= k <= 32` and `d < k`.
    pub fn template(&self) -> Result<Template, Error> {
        let Self {
            share_bits: k,
            dropped_bits: d,
        } = *self;
        if !(2..=MAX_SHARE_BITS).contains(&k) || d >= k {
            return Err(Error::Malformed {
                what: "logits parameters".into(),
                detail: format!(
                    "{d} of {k} bits dropped, expected fewer than all of 2 to {MAX_SHARE_BITS}"
                ),
            });
        }
        let mut b = Builder::new();
        let (x, k) = (b.inputs(k as usize), b.knowns(k as usize));
        let sum = b.add_known(&x, &k);
        b.build(sum.get(d as usize..).unwrap_or_default())
    }

    /// The largest absolute value whose rounding does not wrap.
    #[must_use]
    pub fn range(&self) -> u32 {
        (1 << (self.share_bits - 1)) - 1 - self.half()
    }

    /// `2^(d-1)`, or nothing where nothing is dropped.
    const fn half(&self) -> u32 {
        (1 << self.dropped_bits) >> 1
    }

    /// The garbler's share as the circuit takes it.
    pub(super) const fn garbler_bits(&self, x: u32) -> u32 {
        x.wrapping_add(self.half())
    }

    /// Bits of an opened value.
    pub(super) const fn opened_bits(&self) -> u32 {
        self.share_bits - self.dropped_bits
    }

    /// One party's bits `[block][bit]`.
    pub(super) fn bits(&self, x: impl ExactSizeIterator<Item = u32>) -> Zeroizing<Vec<u16>> {
        let wires = self.share_bits as usize;
        let x = Zeroizing::new(x.map(u64::from).collect::<Vec<_>>());
        let mut bits = Zeroizing::new(vec![0u16; x.len().div_ceil(LANES) * wires]);
        words::write(&x, wires, &mut bits, wires, 0);
        bits
    }
}

/// The value that the protocol opens, given both parties' shares: its plaintext twin.
#[must_use]
pub fn logits_reference(spec: &LogitsSpec, evaluator: u32, garbler: u32) -> i32 {
    let sum = evaluator.wrapping_add(spec.garbler_bits(garbler)) & share::low_mask(spec.share_bits);
    share::signed(sum >> spec.dropped_bits, spec.opened_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_halves_up_exhaustively() {
        let k = 8;
        for d in 0..k {
            let spec = LogitsSpec {
                share_bits: k,
                dropped_bits: d,
            };
            let template = spec.template().unwrap();
            assert_eq!(template.and_gates(), k as usize - 1);
            for e in 0..1u32 << k {
                for g in 0..1u32 << k {
                    let bits = |v: u32| (0..k).map(|i| u64::from(v >> i & 1)).collect::<Vec<_>>();
                    let out = template.evaluate(&bits(e), &bits(spec.garbler_bits(g)));
                    let got = out
                        .iter()
                        .enumerate()
                        .fold(0u32, |v, (i, b)| v | ((b & 1) as u32) << i);
                    let reference = logits_reference(&spec, e, g);
                    assert_eq!(share::signed(got, k - d), reference);
                    let x = share::signed(e.wrapping_add(g) & 0xff, k);
                    if x.unsigned_abs() <= spec.range() {
                        let want = (f64::from(x) / f64::from(1 << d) + 0.5).floor();
                        assert_eq!(f64::from(reference), want, "d {d} e {e} g {g}");
                    }
                }
            }
        }
    }

    #[test]
    fn impossible_parameters_are_refused() {
        for (share_bits, dropped_bits) in [(1, 0), (33, 4), (8, 8), (8, 40)] {
            let spec = LogitsSpec {
                share_bits,
                dropped_bits,
            };
            assert!(spec.template().is_err(), "{spec:?}");
        }
    }
}
