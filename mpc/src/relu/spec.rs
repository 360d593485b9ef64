//! What a ReLU layer computes, exactly, given the shares.

use crate::Error;
use crate::circuit::drelu_reference;
use crate::share::{self, MAX_SHARE_BITS};

/// The garbler subtracts this many units, so that no negative value passes.
pub(crate) const OFFSET: u32 = 2;

/// The ring of the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `Z_q`, `q` below `2^31`, after a truncation.
    Modulus(u32),
    /// The ring `2^k` of the inputs. There is no truncation: `h = 0`.
    SameRing,
}

/// Public parameters of a ReLU layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReluSpec {
    /// `k`: inputs are shared modulo `2^k`, `k <= 32`.
    pub share_bits: u32,
    /// `l`: bits of the comparison, `3 <= l <= k`.
    pub width: u32,
    /// `h`: outputs are inputs over `2^h`.
    pub shift: u32,
    /// Where outputs are shared.
    pub target: Target,
    /// Values of a segment: what is in memory at once, twice, and what is sent before the direction changes. A positive
    /// multiple of [`ReluSpec::CHUNK`].
    pub segment: u32,
}

impl ReluSpec {
    /// Values of one cache-sized chunk.
    pub const CHUNK: u32 = 1024;

    /// The largest segment of comparisons of `width` bits: its labels take 128 MiB in the garbled protocol, and a segment comes
    /// from the peer's plan.
    #[must_use]
    pub const fn largest_segment(width: u32) -> u32 {
        let labels = (1 << 27) / (16 * if width > 0 { width } else { 1 });
        let most = if labels < 1 << 20 { labels } else { 1 << 20 };
        most / Self::CHUNK * Self::CHUNK
    }

    /// Checks the parameters against each other.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the first rule that is broken.
    pub fn validate(&self) -> Result<(), Error> {
        let Self {
            share_bits: k,
            width: l,
            shift: h,
            target,
            segment,
        } = *self;
        let fail = |detail: String| {
            Err(Error::Malformed {
                what: "ReLU parameters".into(),
                detail,
            })
        };
        if !(3..=MAX_SHARE_BITS).contains(&k) {
            return fail(format!("{k} share bits, expected 3 to {MAX_SHARE_BITS}"));
        }
        if !(3..=k).contains(&l) {
            return fail(format!("{l} compared bits, expected 3 to {k}"));
        }
        if h >= k {
            return fail(format!("shift {h}, expected below {k}"));
        }
        match target {
            // T lies in (-2, 2^(k-h) + 2), and its terms must be residues.
            Target::Modulus(q) if q >> 31 != 0 || u64::from(q) <= (1u64 << (k - h)) + 2 => {
                return fail(format!(
                    "modulus {q}, expected above 2^{} + 2 and below 2^31",
                    k - h
                ));
            }
            Target::SameRing if h != 0 => {
                return fail(format!("shift {h}, expected 0 in the ring of the inputs"));
            }
            Target::Modulus(_) | Target::SameRing => {}
        }
        let most = Self::largest_segment(l);
        if segment == 0 || !segment.is_multiple_of(Self::CHUNK) || segment > most {
            return fail(format!(
                "segment {segment}, expected a multiple of {} up to {most}",
                Self::CHUNK
            ));
        }
        Ok(())
    }

    /// One unit of the comparison, in units of the input.
    #[must_use]
    pub fn unit(&self) -> u32 {
        1 << (self.share_bits - self.width)
    }

    /// The largest absolute input for which the sign is right as documented.
    #[must_use]
    pub fn range(&self) -> u32 {
        (1 << (self.share_bits - 1)) - 3 * self.unit()
    }

    /// The bound on the difference from `max(x, 0) / 2^h`, in units of the output: one for the truncation, two units of the
    /// comparison for what is dropped (without truncation nothing else is lost).
    #[must_use]
    pub fn error_bound(&self) -> f64 {
        let dropped = f64::from(2 * self.unit() - 1) / f64::from(1u32 << self.shift);
        if self.truncates() {
            dropped.max(1.0)
        } else {
            dropped
        }
    }

    /// The garbler's share as the circuit takes it.
    #[inline(always)]
    pub(crate) fn garbler_bits(&self, x: u32) -> u32 {
        share::switch(x, self.share_bits, self.width).wrapping_sub(OFFSET)
            & share::low_mask(self.width)
    }

    /// The evaluator's share as the circuit takes it.
    #[inline(always)]
    pub(crate) fn evaluator_bits(&self, x: u32) -> u32 {
        share::switch(x, self.share_bits, self.width)
    }

    /// `2^(k-h)`, what a wrap is worth after the truncation.
    #[inline(always)]
    pub(crate) fn wrap(&self) -> u32 {
        share::power_of_two(self.share_bits - self.shift)
    }

    /// The modulus of the outputs; `2^32` is written 0 ([`crate::share`]).
    #[inline(always)]
    pub(crate) fn modulus(&self) -> u32 {
        match self.target {
            Target::Modulus(q) => q,
            Target::SameRing => share::power_of_two(self.share_bits),
        }
    }

    /// Whether the protocol truncates.
    #[inline(always)]
    pub(crate) fn truncates(&self) -> bool {
        matches!(self.target, Target::Modulus(_))
    }

    /// A share's top bit: the factor of the truncation's product.
    #[inline(always)]
    pub(crate) fn top(&self, x: u32) -> u32 {
        x >> (self.share_bits - 1)
    }

    /// What a party adds to `T` alone: `round(x / 2^h)` less the wrap if its top bit is set; without truncation `x`.
    #[inline(always)]
    pub(crate) fn own_term(&self, x: u32) -> u32 {
        match self.target {
            Target::SameRing => x,
            Target::Modulus(q) => {
                let wrap = share::select(self.top(x), self.wrap());
                share::sub_mod(share::round_shift(x, self.shift), wrap, q)
            }
        }
    }

    /// Checks a layer's lengths.
    pub(crate) fn check_lengths(&self, x: &[u32], y: &[u32]) -> Result<(), Error> {
        self.validate()?;
        if x.len() == y.len() {
            return Ok(());
        }
        Err(Error::Length {
            what: "ReLU outputs",
            length: y.len(),
            expected: x.len().to_string(),
        })
    }
}

/// The value `y` in `[0, q)`, or in `[0, 2^k)`, that the protocol shares, given both input shares: the protocol's plaintext twin.
///
/// Deterministic: masks and noise enter through the shares alone.
#[must_use]
pub fn relu_reference(spec: &ReluSpec, evaluator: u32, garbler: u32) -> u32 {
    let sign = drelu_reference(
        spec.width as usize,
        spec.evaluator_bits(evaluator),
        spec.garbler_bits(garbler),
    );
    if !sign {
        return 0;
    }
    let Target::Modulus(q) = spec.target else {
        return evaluator.wrapping_add(garbler) & share::low_mask(spec.share_bits);
    };
    let wrap = (evaluator | garbler) >> (spec.share_bits - 1);
    let t = i64::from(share::round_shift(evaluator, spec.shift))
        + i64::from(share::round_shift(garbler, spec.shift))
        - i64::from(wrap) * i64::from(spec.wrap());
    t.rem_euclid(i64::from(q)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_holds_exhaustively_on_small_rings() {
        for (k, l, h) in [(8, 4, 0), (8, 5, 3), (8, 8, 2), (9, 6, 6)] {
            let spec = ReluSpec {
                share_bits: k,
                width: l,
                shift: h,
                target: Target::Modulus(65537),
                segment: 1024,
            };
            spec.validate().unwrap();
            let range = spec.range() as i32;
            let mut worst = 0f64;
            for x in -range..=range {
                for e in 0..1u32 << k {
                    let g = (x as u32).wrapping_sub(e) & share::low_mask(k);
                    let y = relu_reference(&spec, e, g);
                    let y = if y > 32768 {
                        f64::from(y) - 65537.0
                    } else {
                        f64::from(y)
                    };
                    if x < 0 {
                        assert_eq!(y, 0.0, "k {k} l {l} x {x} e {e}");
                    }
                    let want = f64::from(x.max(0)) / f64::from(1u32 << h);
                    if x >= 2 * spec.unit() as i32 {
                        assert!(
                            (y - want).abs() <= 1.0,
                            "k {k} l {l} h {h} x {x} e {e}: {y}"
                        );
                    }
                    worst = worst.max((y - want).abs());
                }
            }
            assert!(
                worst <= spec.error_bound(),
                "{worst} > {}",
                spec.error_bound()
            );
        }
    }

    #[test]
    fn impossible_parameters_are_refused() {
        let good = ReluSpec {
            share_bits: 22,
            width: 12,
            shift: 6,
            target: Target::Modulus(998_244_353),
            segment: 65536,
        };
        good.validate().unwrap();
        for bad in [
            ReluSpec {
                share_bits: 33,
                ..good
            },
            ReluSpec {
                target: Target::SameRing,
                ..good
            },
            ReluSpec { width: 2, ..good },
            ReluSpec { width: 23, ..good },
            ReluSpec { shift: 22, ..good },
            ReluSpec {
                target: Target::Modulus(65537),
                ..good
            },
            ReluSpec {
                segment: 1000,
                ..good
            },
            ReluSpec { segment: 0, ..good },
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
    }
}
