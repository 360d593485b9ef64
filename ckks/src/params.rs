//! Parameters: plain and unchecked as [`ParametersLiteral`], immutable and checked as [`Parameters`].
//!
//! A parameter set is a power-of-two degree N and distinct primes q_i = 1 (mod 2N); secrets are
//! uniform ternary, errors centred binomial with k = 21 (standard deviation sqrt(21/2) = 3.24, not
//! below the tables' 3.19). The product of all moduli must stay within a published table of the
//! largest modulus for 128 bits of classical security ([`security`]).

pub mod security;

use crate::Error;
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use security::SecurityTable;

/// Smallest ring degree, the least the transforms support.
pub const MIN_DEGREE: usize = 32;
/// Largest ring degree in the security tables.
pub const MAX_DEGREE: usize = 32_768;
/// The largest modulus in bits: products of two residues stay within the 128-bit Barrett reduction.
pub const MAX_MODULUS_BITS: u32 = 61;

/// An unchecked parameter set, as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParametersLiteral {
    /// Ring degree N.
    pub degree: usize,
    /// Prime moduli, largest level first.
    pub moduli: Vec<u64>,
    /// The table the modulus is checked against.
    #[serde(default)]
    pub table: SecurityTable,
    /// Accept parameters below 128 bits.
    #[serde(default)]
    pub allow_insecure: bool,
}

/// A checked, immutable parameter set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "ParametersLiteral")]
pub struct Parameters {
    degree: usize,
    moduli: Vec<u64>,
    table: SecurityTable,
    log2_modulus: u64,
}

impl Parameters {
    /// The throughput preset: N = 2048 and q = 998244353 = 119 * 2^23 + 1. 30 bits where 53 are
    /// allowed; residues fit 32-bit words, and q = 1 (mod 2^23) makes truncation of shares unbiased.
    pub fn throughput() -> Self {
        Self {
            degree: 2048,
            moduli: vec![998_244_353],
            table: SecurityTable::Guidelines2024,
            log2_modulus: 30,
        }
    }

    /// Checks a literal.
    ///
    /// # Errors
    /// Degree or moduli out of range, a modulus that is no NTT prime or given twice, or fewer than
    /// 128 bits of security where the literal does not allow that.
    pub fn new(literal: &ParametersLiteral) -> Result<Self, Error> {
        let degree = literal.degree;
        check_degree(degree)?;
        if literal.moduli.is_empty() {
            return Err(Error::NoModulus);
        }
        for (i, &modulus) in literal.moduli.iter().enumerate() {
            check_modulus(modulus, degree, MAX_MODULUS_BITS)?;
            if literal.moduli.iter().take(i).any(|&m| m == modulus) {
                return Err(Error::RepeatedModulus(modulus));
            }
        }
        let product: BigUint = literal.moduli.iter().map(|&q| BigUint::from(q)).product();
        let parameters = Self {
            degree,
            moduli: literal.moduli.clone(),
            table: literal.table,
            log2_modulus: product.bits(),
        };
        let allowed = literal.table.max_log2_modulus(degree);
        if parameters.log2_modulus > allowed && !literal.allow_insecure {
            return Err(Error::Insecure {
                degree,
                log2_q: parameters.log2_modulus,
                allowed,
                table: literal.table.name(),
            });
        }
        Ok(parameters)
    }

    /// Ring degree N.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// The prime moduli.
    pub fn moduli(&self) -> &[u64] {
        &self.moduli
    }

    /// Bits of the product of all moduli.
    pub fn log2_modulus(&self) -> u64 {
        self.log2_modulus
    }

    /// Bits of classical security, as far as the table vouches: 128 when the modulus is within it
    /// (the table's level, a lower bound), else a rule of thumb below 128, from the security being
    /// about proportional to N / log2 q: good enough to warn, not to rely on.
    pub fn security_bits(&self) -> u32 {
        let allowed = self.table.max_log2_modulus(self.degree);
        if self.log2_modulus <= allowed {
            return 128;
        }
        u32::try_from(128 * allowed / self.log2_modulus).unwrap_or(0)
    }

    /// A digest that two parties compare before anything else: SHA-256 over a domain string, the
    /// degree and the moduli in order, as little-endian 64-bit words.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(b"halfmask/ckks/parameters/1");
        hash.update((self.degree as u64).to_le_bytes());
        for modulus in &self.moduli {
            hash.update(modulus.to_le_bytes());
        }
        hash.finalize().into()
    }
}

impl From<Parameters> for ParametersLiteral {
    fn from(p: Parameters) -> Self {
        let allow_insecure = p.security_bits() < 128;
        Self {
            degree: p.degree,
            moduli: p.moduli,
            table: p.table,
            allow_insecure,
        }
    }
}

/// Refuses degrees that are no power of two or out of range.
pub(crate) fn check_degree(degree: usize) -> Result<(), Error> {
    if degree.is_power_of_two() && (MIN_DEGREE..=MAX_DEGREE).contains(&degree) {
        return Ok(());
    }
    Err(Error::Degree {
        degree,
        min: MIN_DEGREE,
        max: MAX_DEGREE,
    })
}

/// Refuses moduli that are no prime of at most `max_bits` bits with q = 1 (mod 2N).
pub(crate) fn check_modulus(modulus: u64, degree: usize, max_bits: u32) -> Result<(), Error> {
    if modulus.is_multiple_of(2) || modulus < 3 || modulus >> max_bits != 0 {
        return Err(Error::ModulusSize { modulus, max_bits });
    }
    let twice_degree = 2 * degree as u64;
    if modulus % twice_degree != 1 || !concrete_ntt::prime::is_prime64(modulus) {
        return Err(Error::NotNttPrime {
            modulus,
            twice_degree,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(degree: usize, moduli: &[u64]) -> ParametersLiteral {
        ParametersLiteral {
            degree,
            moduli: moduli.to_vec(),
            table: SecurityTable::default(),
            allow_insecure: false,
        }
    }

    const Q: u64 = 998_244_353;

    #[test]
    fn the_preset_passes_its_own_check() {
        let preset = Parameters::throughput();
        assert_eq!(Parameters::new(&literal(2048, &[Q])).unwrap(), preset);
        assert_eq!(preset.security_bits(), 128);
        assert_eq!(preset.log2_modulus(), 30);
    }

    #[test]
    fn bad_parameters_are_refused_with_their_numbers() {
        let check = |degree, moduli: &[u64]| Parameters::new(&literal(degree, moduli));
        assert!(matches!(
            check(2000, &[Q]),
            Err(Error::Degree { degree: 2000, .. })
        ));
        assert!(matches!(check(65_536, &[Q]), Err(Error::Degree { .. })));
        assert!(matches!(check(2048, &[]), Err(Error::NoModulus)));
        assert!(matches!(check(2048, &[0]), Err(Error::ModulusSize { .. })));
        assert!(matches!(check(2048, &[1]), Err(Error::ModulusSize { .. })));
        assert!(matches!(
            check(2048, &[1 << 20]),
            Err(Error::ModulusSize { .. })
        ));
        assert!(matches!(
            check(2048, &[u64::MAX]),
            Err(Error::ModulusSize { .. })
        ));
        // 4097 = 17 * 241 = 1 mod 4096, not prime; 65_539 is prime, not 1 mod 4096.
        assert!(matches!(
            check(2048, &[4097]),
            Err(Error::NotNttPrime { .. })
        ));
        assert!(matches!(
            check(2048, &[65_539]),
            Err(Error::NotNttPrime { .. })
        ));
        assert!(matches!(
            check(4096, &[Q, Q]),
            Err(Error::RepeatedModulus(Q))
        ));
    }

    #[test]
    fn security_is_enforced_at_the_table_edge() {
        // N = 2048 allows 53 bits (54 in the 2018 standard): take a prime of 54 bits.
        let q54 = concrete_ntt::prime::largest_prime_in_arithmetic_progression64(
            4096,
            1,
            1 << 53,
            1 << 54,
        )
        .unwrap();
        let mut l = literal(2048, &[q54]);
        assert!(matches!(
            Parameters::new(&l),
            Err(Error::Insecure {
                log2_q: 54,
                allowed: 53,
                ..
            })
        ));
        l.table = SecurityTable::Standard2018;
        assert_eq!(Parameters::new(&l).unwrap().security_bits(), 128);
        l.table = SecurityTable::Guidelines2024;
        l.allow_insecure = true;
        let insecure = Parameters::new(&l).unwrap();
        assert_eq!(insecure.security_bits(), 125);
        assert_eq!(ParametersLiteral::from(insecure), l);
    }

    #[test]
    fn literals_travel_as_json_and_digests_tell_them_apart() {
        let text = r#"{"degree": 2048, "moduli": [998244353]}"#;
        let parsed: ParametersLiteral = serde_json::from_str(text).unwrap();
        let p = Parameters::new(&parsed).unwrap();
        assert_eq!(p, Parameters::throughput());
        let json = serde_json::to_string(&p).unwrap();
        assert_eq!(
            serde_json::from_str::<ParametersLiteral>(&json).unwrap(),
            parsed
        );
        let other = Parameters::new(&literal(4096, &[Q])).unwrap();
        assert_ne!(p.digest(), other.digest());
        assert!(
            serde_json::from_str::<ParametersLiteral>(r#"{"degree":2048,"modul":[]}"#).is_err()
        );
    }
}
