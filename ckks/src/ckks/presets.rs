//! Parameter sets with reasons, and the search for primes.
//!
//! A rescale divides the scale by its prime, so primes of the scale's size are taken next to 2^s,
//! below and above in turn: consecutive quotients cancel and the scale stays within a few parts in
//! 2^(s - log2 N) of 2^s (eprint 2018/931, section 3). The first prime is wider: what it has above
//! the scale is the room for values at level 0. Special primes are the widest, and there are as many
//! as data primes in a digit, so that P is not below any digit and key switching adds noise of the
//! size of a rescale's (eprint 2019/688, section 3).
//!
//! | preset | data | special | log2 QP, allowed | scale | meant for |
//! |---|---|---|---|---|---|
//! | [`Preset::N4096`] | 38, 30 | 38 | 106 of 106 | 2^30 | one product, the smallest ciphertexts |
//! | [`Preset::N8192`] | 50, 40, 40 | 50 | 180 of 214 | 2^40 | two products |
//! | [`Preset::N8192Wide`] | 3 x 50 | 50 | 200 of 214 | 2^40 | wide primes: integers, few products, benchmarks |
//! | [`Preset::N16384`] | 50, 7 x 45 | 50 | 415 of 430 | 2^45 | seven products, the most precise |
//! | [`Preset::N16384Grouped`] | 50, 7 x 40 | 2 x 50 | 430 of 430 | 2^40 | seven products, two thirds of the transforms a switch |
//! | [`Preset::N16384Wide`] | 4 x 48, 4 x 47 | 50 | 430 of 430 | 2^45 | the whole modulus, benchmarks |
//! | [`Preset::N32768`] | 50, 14 x 45 | 3 x 50 | 830 of 868 | 2^45 | fourteen products |
//!
//! At N = 16384 one special prime needs eight digits and 90 transforms a switch from the top; two need
//! four digits, 60 transforms and half the key, and cost five bits of every scale.

use super::parameters::{MAX_PRIME_BITS, Parameters, ParametersLiteral};
use super::{Error, parameters};
use crate::params::{self, SecurityTable};
use concrete_ntt::prime::is_prime64;

/// A parameter set of this module's table. All reach 128 bits by both tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// One product at 30 bits.
    N4096,
    /// Two products at 40 bits.
    N8192,
    /// Three 50-bit data primes.
    N8192Wide,
    /// Seven products at 45 bits, one special prime.
    N16384,
    /// Seven products at 40 bits, two special primes.
    N16384Grouped,
    /// Eight data primes of 47 and 48 bits.
    N16384Wide,
    /// Fourteen products at 45 bits, three special primes.
    N32768,
}

impl Preset {
    /// Every preset, by degree.
    pub const ALL: [Self; 7] = [
        Self::N4096,
        Self::N8192,
        Self::N8192Wide,
        Self::N16384,
        Self::N16384Grouped,
        Self::N16384Wide,
        Self::N32768,
    ];

    /// Degree, bits of the data primes, bits of the special primes, log2 of the scale.
    fn shape(self) -> (usize, Vec<u32>, Vec<u32>, u32) {
        let first = |bits, count| [vec![50], vec![bits; count]].concat();
        match self {
            Self::N4096 => (4096, vec![38, 30], vec![38], 30),
            Self::N8192 => (8192, first(40, 2), vec![50], 40),
            Self::N8192Wide => (8192, vec![50; 3], vec![50], 40),
            Self::N16384 => (16_384, first(45, 7), vec![50], 45),
            Self::N16384Grouped => (16_384, first(40, 7), vec![50; 2], 40),
            Self::N16384Wide => (16_384, [[48; 4], [47; 4]].concat(), vec![50], 45),
            Self::N32768 => (32_768, first(45, 14), vec![50; 3], 45),
        }
    }

    /// The set as it would stand in a file.
    ///
    /// # Errors
    /// None: every preset's primes exist.
    pub fn literal(self) -> Result<ParametersLiteral, Error> {
        let (degree, data, special, log2_scale) = self.shape();
        ParametersLiteral::from_bits(degree, &data, &special, log2_scale)
    }
}

impl Parameters {
    /// A set of the table.
    ///
    /// # Errors
    /// None: every preset passes the checks.
    pub fn preset(preset: Preset) -> Result<Self, Error> {
        Self::new(&preset.literal()?)
    }
}

impl ParametersLiteral {
    /// Finds primes of the given sizes: of `log2_scale` bits next to 2^log2_scale, below and above in
    /// turn; of any other number of bits the largest. The result is to be checked by
    /// [`Parameters::new`].
    ///
    /// # Errors
    /// A degree out of range, or no (further) prime of a size.
    pub fn from_bits(
        degree: usize,
        data_bits: &[u32],
        special_bits: &[u32],
        log2_scale: u32,
    ) -> Result<Self, Error> {
        params::check_degree(degree)?;
        let mut taken = Vec::with_capacity(data_bits.len() + special_bits.len());
        // Special primes first: they are to be the largest of their size.
        let mut find = |bits: &[u32]| -> Result<Vec<u64>, Error> {
            let from = taken.len();
            for &bits in bits {
                let around = bits == log2_scale && bits < MAX_PRIME_BITS;
                let prime = next_prime(degree, bits, around, &taken)?;
                taken.push(prime);
            }
            Ok(taken.get(from..).unwrap_or_default().to_vec())
        };
        let special_moduli = find(special_bits)?;
        let data_moduli = find(data_bits)?;
        Ok(Self {
            degree,
            data_moduli,
            special_moduli,
            log2_scale,
            table: SecurityTable::default(),
            allow_insecure: false,
        })
    }
}

/// The prime = 1 (mod 2N) nearest to 2^bits that is not taken: below it, or, if `around` and more are
/// taken below than above, above it.
fn next_prime(degree: usize, bits: u32, around: bool, taken: &[u64]) -> Result<u64, Error> {
    let none = Error::NoPrime { bits, degree };
    if !(parameters::MIN_PRIME_BITS..=MAX_PRIME_BITS).contains(&bits) {
        return Err(none);
    }
    let (step, power) = (2 * degree as u64, 1u64 << bits);
    let near = |range: std::ops::Range<u64>| taken.iter().filter(|q| range.contains(q)).count();
    let (below, above) = (near(power / 2..power), near(power..2 * power));
    let free = |q: &u64| is_prime64(*q) && !taken.contains(q);
    // 2^bits is a multiple of 2N: one more is the first candidate above, 2N less the first below.
    let upwards = (power + 1..2 * power).step_by(2 * degree);
    let mut downwards = (1..)
        .map_while(|k| (power + 1).checked_sub(k * step))
        .take_while(|&q| q > power / 2);
    let found = if around && below > above {
        { upwards }.find(free)
    } else {
        downwards.find(free)
    };
    found.ok_or(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_reach_128_bits_by_both_tables_and_keep_their_scale() {
        for preset in Preset::ALL {
            let mut literal = preset.literal().unwrap();
            let parameters = Parameters::new(&literal).unwrap();
            assert_eq!(parameters.chain().security_bits(), 128, "{preset:?}");
            literal.table = SecurityTable::Standard2018;
            assert!(Parameters::new(&literal).is_ok(), "{preset:?}");
            // A chain of squarings and rescales: the scale stays within 2^-4 bits where primes are of its size.
            let log2_scale = parameters.scale().log2();
            let mut log2 = log2_scale;
            let scaled: Vec<f64> = parameters.data_moduli()[1..]
                .iter()
                .map(|&q| (q as f64).log2())
                .filter(|q| (q - log2_scale).abs() < 0.5)
                .collect();
            for q in scaled.iter().rev().take(4) {
                log2 = 2.0 * log2 - q;
                assert!((log2 - log2_scale).abs() < 1.0 / 16.0, "{preset:?} {log2}");
            }
        }
    }

    #[test]
    fn primes_are_of_the_sizes_asked_for() {
        let literal = ParametersLiteral::from_bits(1024, &[45, 30, 30, 30, 30], &[50], 30).unwrap();
        let sizes = literal.data_moduli.iter().map(|q| q.ilog2() + 1);
        assert_eq!(sizes.collect::<Vec<_>>(), [45, 30, 31, 30, 31]);
        assert!(literal.data_moduli.iter().all(|q| q % 2048 == 1));
        assert_eq!(literal.special_moduli[0].ilog2(), 49);
    }

    #[test]
    fn sizes_without_a_prime_are_refused() {
        for bits in [0, 1, 12, 51, 64, u32::MAX] {
            let refused = ParametersLiteral::from_bits(8192, &[bits], &[], 40);
            assert!(
                matches!(refused, Err(Error::NoPrime { bits: b, degree: 8192 }) if b == bits),
                "{bits}"
            );
        }
        // 12289 = 1 + 12288 and 13313 are the 14-bit primes that are 1 modulo 2048; there is no end of asking.
        assert!(matches!(
            ParametersLiteral::from_bits(1024, &[14; 9], &[], 40),
            Err(Error::NoPrime { bits: 14, .. })
        ));
        assert!(ParametersLiteral::from_bits(1000, &[40], &[], 40).is_err());
    }
}
