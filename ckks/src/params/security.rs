//! Published tables: the largest log2 of the ciphertext modulus for 128 bits of classical security,
//! by ring degree, for uniform ternary secrets and errors of standard deviation 3.19.

use serde::{Deserialize, Serialize};

/// Which table a modulus is checked against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityTable {
    /// "Security Guidelines for Implementing Homomorphic Encryption" (eprint 2024/463): the
    /// stricter one, and the default.
    #[default]
    #[serde(rename = "guidelines-2024")]
    Guidelines2024,
    /// "Homomorphic Encryption Security Standard" (homomorphicencryption.org, 2018).
    #[serde(rename = "standard-2018")]
    Standard2018,
}

impl SecurityTable {
    /// A name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Guidelines2024 => "the 2024 guidelines table",
            Self::Standard2018 => "the HE standard 2018 table",
        }
    }

    /// The largest number of bits of the whole modulus at degree `degree`; 0 for a degree that is
    /// not in the table (below 1024 nothing reaches 128 bits).
    pub fn max_log2_modulus(self, degree: usize) -> u64 {
        let (guidelines, standard) = match degree {
            1024 => (26, 27),
            2048 => (53, 54),
            4096 => (106, 109),
            8192 => (214, 218),
            16_384 => (430, 438),
            32_768 => (868, 881),
            _ => (0, 0),
        };
        match self {
            Self::Guidelines2024 => guidelines,
            Self::Standard2018 => standard,
        }
    }
}
