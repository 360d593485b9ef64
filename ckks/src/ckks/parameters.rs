//! CKKS parameters: plain as [`ParametersLiteral`], checked and immutable as [`Parameters`].
//!
//! Ciphertexts at level l live over Q_l = q_0 .. q_l, the first l + 1 data primes; keys live over Q P
//! with P the product of the special primes. Security is that of the largest modulus ever used, Q P.

use super::Error;
use crate::params::{self, SecurityTable};
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Data and special primes stay below 2^50: products of two residues then fit the 52-bit multipliers
/// and the significand of a double, and transforms are twice as fast as above.
pub const MAX_PRIME_BITS: u32 = 50;
/// More primes, data and special ones together, than any security table has room for.
pub const MAX_PRIMES: usize = 64;
/// The smallest prime that is 1 modulo 2N for the smallest N has seven bits.
pub(super) const MIN_PRIME_BITS: u32 = 7;

/// An unchecked parameter set, as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParametersLiteral {
    /// Ring degree N; N/2 slots.
    pub degree: usize,
    /// Data primes q_0, q_1, ..: a fresh ciphertext has them all, a rescale drops the last.
    pub data_moduli: Vec<u64>,
    /// Special primes, whose product P key switching divides by. As many as data primes in a digit.
    /// None for a scheme without key switching: no relinearisation, no rotation.
    pub special_moduli: Vec<u64>,
    /// log2 of the scale that encoding takes unless told otherwise.
    pub log2_scale: u32,
    /// The table that Q P is checked against.
    #[serde(default)]
    pub table: SecurityTable,
    /// Accept parameters below 128 bits.
    #[serde(default)]
    pub allow_insecure: bool,
}

/// A checked, immutable parameter set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ParametersLiteral", into = "ParametersLiteral")]
pub struct Parameters {
    chain: params::Parameters,
    data: usize,
    log2_scale: u32,
}

impl Parameters {
    /// Checks a literal.
    ///
    /// # Errors
    /// Degree, primes or scale out of range, or fewer than 128 bits of security where the literal
    /// does not allow that.
    pub fn new(literal: &ParametersLiteral) -> Result<Self, Error> {
        params::check_degree(literal.degree)?;
        let moduli = [&literal.data_moduli[..], &literal.special_moduli[..]].concat();
        if moduli.len() > MAX_PRIMES {
            return Err(Error::TooManyPrimes {
                count: moduli.len(),
                max: MAX_PRIMES,
            });
        }
        for &modulus in &moduli {
            params::check_modulus(modulus, literal.degree, MAX_PRIME_BITS)?;
        }
        if literal.data_moduli.is_empty() {
            return Err(crate::Error::NoModulus.into());
        }
        check_scale(literal)?;
        check_digits(literal)?;
        let chain = params::Parameters::new(&params::ParametersLiteral {
            degree: literal.degree,
            moduli,
            table: literal.table,
            allow_insecure: literal.allow_insecure,
        })?;
        Ok(Self {
            chain,
            data: literal.data_moduli.len(),
            log2_scale: literal.log2_scale,
        })
    }

    /// Ring degree N.
    pub fn degree(&self) -> usize {
        self.chain.degree()
    }

    /// N/2.
    pub fn slots(&self) -> usize {
        self.chain.degree() / 2
    }

    /// The data primes, q_0 first.
    pub fn data_moduli(&self) -> &[u64] {
        self.chain.moduli().get(..self.data).unwrap_or_default()
    }

    /// The special primes.
    pub fn special_moduli(&self) -> &[u64] {
        self.chain.moduli().get(self.data..).unwrap_or_default()
    }

    /// The level of a fresh ciphertext: the number of data primes less one, which is also the number
    /// of rescales it can take.
    pub fn max_level(&self) -> usize {
        self.data - 1
    }

    /// The scale that encoding takes unless told otherwise.
    pub fn scale(&self) -> f64 {
        f64::from(self.log2_scale).exp2()
    }

    /// Data primes in a digit of key switching: as many as special primes.
    pub fn digit_size(&self) -> usize {
        self.special_moduli().len()
    }

    /// Digits of Q_l; none without special primes.
    pub fn digits(&self, level: usize) -> usize {
        match self.digit_size() {
            0 => 0,
            size => (level + 1).min(self.data).div_ceil(size),
        }
    }

    /// The data primes of digit `digit` of Q_l, by index. The last digit may have fewer.
    pub fn digit(&self, digit: usize, level: usize) -> Range<usize> {
        let (size, primes) = (self.digit_size(), self.data.min(level + 1));
        let start = digit.saturating_mul(size).min(primes);
        start..start.saturating_add(size).min(primes)
    }

    /// Degree and all moduli, data primes first.
    pub fn chain(&self) -> &params::Parameters {
        &self.chain
    }
}

/// At level 0 a value of 1 at the scale, and its sign, must fit the first prime.
fn check_scale(literal: &ParametersLiteral) -> Result<(), Error> {
    let first = literal.data_moduli.first().map_or(0, |q| q.ilog2());
    let largest = first.saturating_sub(1);
    if (1..=largest).contains(&literal.log2_scale) {
        return Ok(());
    }
    Err(Error::Scale {
        log2_scale: literal.log2_scale,
        largest,
    })
}

/// Key switching divides its error, of the size of a digit, by P: P must not be smaller.
fn check_digits(literal: &ParametersLiteral) -> Result<(), Error> {
    let bits = |primes: &[u64]| -> u64 {
        let product: BigUint = primes.iter().map(|&q| BigUint::from(q)).product();
        product.bits()
    };
    let special = bits(&literal.special_moduli);
    let digits = literal
        .data_moduli
        .chunks(literal.special_moduli.len().max(1));
    for (digit, primes) in digits.enumerate() {
        if !literal.special_moduli.is_empty() && bits(primes) > special {
            return Err(Error::SpecialPrimes {
                digit,
                digit_bits: bits(primes),
                special_bits: special,
            });
        }
    }
    Ok(())
}

impl TryFrom<ParametersLiteral> for Parameters {
    type Error = Error;

    /// Refuses less than 128 bits whatever the literal allows: who reads foreign parameters must ask for
    /// that with [`Parameters::new`].
    fn try_from(mut literal: ParametersLiteral) -> Result<Self, Error> {
        literal.allow_insecure = false;
        Self::new(&literal)
    }
}

impl From<Parameters> for ParametersLiteral {
    fn from(p: Parameters) -> Self {
        let (data, special) = (p.data_moduli().to_vec(), p.special_moduli().to_vec());
        let chain = params::ParametersLiteral::from(p.chain);
        Self {
            degree: chain.degree,
            data_moduli: data,
            special_moduli: special,
            log2_scale: p.log2_scale,
            table: chain.table,
            allow_insecure: chain.allow_insecure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::Preset;

    #[test]
    fn literals_travel_as_json() {
        for preset in Preset::ALL {
            let parameters = Parameters::preset(preset).unwrap();
            let json = serde_json::to_string(&parameters).unwrap();
            let literal: ParametersLiteral = serde_json::from_str(&json).unwrap();
            assert_eq!(literal, preset.literal().unwrap());
            assert_eq!(Parameters::new(&literal).unwrap(), parameters);
        }
        let short = r#"{"degree":8192,"data_moduli":[],"special_moduli":[],"log2_scale":40}"#;
        let literal: ParametersLiteral = serde_json::from_str(short).unwrap();
        assert!(!literal.allow_insecure);
        assert!(matches!(
            Parameters::new(&literal),
            Err(Error::Ring(crate::Error::NoModulus))
        ));
        let unknown = short.replace("degree", "n");
        assert!(serde_json::from_str::<ParametersLiteral>(&unknown).is_err());
    }

    #[test]
    fn security_below_128_bits_is_refused_unless_allowed() {
        let mut literal = ParametersLiteral::from_bits(4096, &[40, 30], &[40], 30).unwrap();
        let refused = Parameters::new(&literal);
        assert!(matches!(
            refused,
            Err(Error::Ring(crate::Error::Insecure {
                log2_q: 110,
                allowed: 106,
                ..
            }))
        ));
        literal.table = SecurityTable::Standard2018;
        assert!(Parameters::new(&literal).is_err());
        literal.allow_insecure = true;
        let parameters = Parameters::new(&literal).unwrap();
        assert!(parameters.chain().security_bits() < 128);
        assert_eq!(ParametersLiteral::from(parameters), literal);
        // 108 bits lie between the two tables.
        let mut between = ParametersLiteral::from_bits(4096, &[39, 30], &[39], 30).unwrap();
        assert!(Parameters::new(&between).is_err());
        between.table = SecurityTable::Standard2018;
        assert!(Parameters::new(&between).is_ok());
    }

    #[test]
    fn scales_and_special_primes_out_of_range_are_refused() {
        let literal = Preset::N8192.literal().unwrap();
        for log2_scale in [0, 49, 50, u32::MAX] {
            let bad = ParametersLiteral {
                log2_scale,
                ..literal.clone()
            };
            let refused = Parameters::new(&bad);
            assert!(
                matches!(refused, Err(Error::Scale { log2_scale: s, largest: 48 }) if s == log2_scale)
            );
        }
        let small = ParametersLiteral::from_bits(8192, &[50, 40], &[45], 40).unwrap();
        assert!(matches!(
            Parameters::new(&small),
            Err(Error::SpecialPrimes {
                digit: 0,
                digit_bits: 50,
                special_bits: 45
            })
        ));
        let none = ParametersLiteral::from_bits(8192, &[50, 40], &[], 40).unwrap();
        assert!(Parameters::new(&none).is_ok());
        let wide = ParametersLiteral {
            data_moduli: vec![(1 << 60) - (1 << 14) + 1],
            ..literal
        };
        assert!(matches!(
            Parameters::new(&wide),
            Err(Error::Ring(crate::Error::ModulusSize { .. }))
        ));
    }
}
