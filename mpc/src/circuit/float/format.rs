//! The layout of a floating-point word.

use crate::circuit::{Builder, Wire};

/// A binary interchange format: `1 + exponent + mantissa` bits.
///
/// Circuits are meant for `2 <= exponent <= 15` and `2 <= mantissa <= 112`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// Bits of the biased exponent, `e`.
    pub exponent: usize,
    /// Stored bits of the significand, `m`; the leading one of normal numbers is implied.
    pub mantissa: usize,
}

/// The parts of a word.
#[derive(Clone, Debug)]
pub struct Fields {
    /// Stored mantissa bits, least significant first.
    pub mantissa: Vec<Wire>,
    /// Biased exponent, least significant bit first.
    pub exponent: Vec<Wire>,
    /// Set for negative numbers.
    pub sign: Wire,
}

impl Format {
    /// IEEE binary32, `f32`.
    pub const F32: Self = Self {
        exponent: 8,
        mantissa: 23,
    };

    /// IEEE binary64, `f64`.
    pub const F64: Self = Self {
        exponent: 11,
        mantissa: 52,
    };

    /// Wires of a word.
    #[must_use]
    pub const fn bits(self) -> usize {
        1 + self.exponent + self.mantissa
    }

    /// What is subtracted from the biased exponent of a normal number, `2^(e-1) - 1`.
    #[must_use]
    pub const fn bias(self) -> u64 {
        (1 << (self.exponent - 1)) - 1
    }

    /// Cuts a word into its parts; a shorter word counts as extended by zeros.
    #[must_use]
    pub fn fields(self, b: &mut Builder, x: &[Wire]) -> Fields {
        let zero = b.constant(false);
        let mut bits = x.iter().copied().chain(std::iter::repeat(zero));
        let mantissa = bits.by_ref().take(self.mantissa).collect();
        let exponent = bits.by_ref().take(self.exponent).collect();
        let sign = bits.next().unwrap_or(zero);
        Fields {
            mantissa,
            exponent,
            sign,
        }
    }

    /// The word of the given parts.
    #[must_use]
    pub fn word(self, fields: &Fields) -> Vec<Wire> {
        let parts = fields.mantissa.iter().chain(&fields.exponent);
        parts.chain([&fields.sign]).copied().collect()
    }

    /// The word of positive or negative zero.
    #[must_use]
    pub fn zero(self, b: &mut Builder, negative: bool) -> Vec<Wire> {
        self.constant(b, negative, false, false)
    }

    /// The word of positive or negative infinity.
    #[must_use]
    pub fn infinity(self, b: &mut Builder, negative: bool) -> Vec<Wire> {
        self.constant(b, negative, true, false)
    }

    /// The quiet NaN that every operation returns: positive sign, exponent all ones, only the mantissa's top bit set.
    #[must_use]
    pub fn nan(self, b: &mut Builder) -> Vec<Wire> {
        self.constant(b, false, true, true)
    }

    fn constant(self, b: &mut Builder, sign: bool, exponent: bool, quiet: bool) -> Vec<Wire> {
        (0..self.bits())
            .map(|i| {
                b.constant(match i {
                    _ if i + 1 == self.bits() => sign,
                    _ if i >= self.mantissa => exponent,
                    _ => i + 1 == self.mantissa && quiet,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_have_the_native_patterns() {
        let mut b = Builder::new();
        let f = Format::F32;
        let mut words = f.infinity(&mut b, true);
        words.extend(f.nan(&mut b));
        words.extend(f.zero(&mut b, true));
        let out = b.build(&words).unwrap().evaluate(&[], &[]);
        let word = |i: usize| (0..32).fold(0, |w, j| w | (out[32 * i + j] as u32 & 1) << j);
        assert_eq!(word(0), f32::NEG_INFINITY.to_bits());
        assert!(f32::from_bits(word(1)).is_nan());
        assert_eq!(word(1), 0x7fc0_0000);
        assert_eq!(word(2), (-0.0f32).to_bits());
        assert_eq!((f.bits(), f.bias()), (32, 127));
        assert_eq!((Format::F64.bits(), Format::F64.bias()), (64, 1023));
    }

    #[test]
    fn fields_and_word_are_inverse() {
        let mut b = Builder::new();
        let x = b.inputs(Format::F64.bits());
        let fields = Format::F64.fields(&mut b, &x);
        assert_eq!(Format::F64.word(&fields), x);
    }
}
