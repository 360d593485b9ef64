//! What is compared, and SEAL's figures on a machine with AVX-512.

use super::set::HOISTED;
use halfmask_ckks::ckks::Preset;

/// One operation: its name here, its name in a file of SEAL's figures, and how many are done at once.
pub struct Operation {
    pub name: &'static str,
    pub peer: &'static str,
    pub times: f64,
}

const fn one(name: &'static str, peer: &'static str) -> Operation {
    Operation {
        name,
        peer,
        times: 1.0,
    }
}

pub const OPERATIONS: [Operation; 20] = [
    one("NTT forward", "ntt_forward_limb0"),
    one("NTT inverse", "ntt_inverse_limb0"),
    one("tfhe-ntt forward", ""),
    one("tfhe-ntt inverse", ""),
    one("encode", "encode_complex"),
    one("decode", "decode_complex"),
    one("encrypt symmetric", "encrypt_symmetric"),
    one("encrypt symmetric, expanded", "encrypt_symmetric"),
    one("encrypt public", "encrypt_public"),
    one("decrypt", "decrypt"),
    one("add", "add"),
    one("add in place", "add"),
    one("multiply plain", "multiply_plain"),
    one("multiply", "multiply"),
    one("square", "square"),
    one("relinearise", "relinearize"),
    one("multiply, relinearise", "multiply_relin"),
    one("rescale", "rescale"),
    one("rotate", "rotate_1"),
    Operation {
        name: "rotate, 8 hoisted",
        peer: "rotate_1",
        times: HOISTED as f64,
    },
];

/// A parameter set and SEAL's figures at it.
pub struct Yardstick {
    pub name: &'static str,
    pub preset: Preset,
    /// The set's name in a file of SEAL's figures.
    pub peer: &'static str,
    /// Microseconds by SEAL's name of the operation.
    figures: &'static [(&'static str, f64)],
}

/// One forward transform of `tfhe-ntt` at N = 8192 with a 50-bit prime on the machine of the figures,
/// in microseconds.
pub const REFERENCE_TRANSFORM: f64 = 6.46;

/// SEAL 4.4.3, clang, -march=native, HEXL. At N = 8192 with four 50-bit primes, and with 218 bits
/// (60, 49, 49 + 60) for encryption, decryption, decoding and addition.
pub const ALL: [Yardstick; 2] = [
    Yardstick {
        name: "N = 8192, 3 x 50 + 50 bits",
        preset: Preset::N8192Wide,
        peer: "n8192_50x4",
        figures: &[
            ("ntt_forward_limb0", 8.0),
            ("ntt_inverse_limb0", 9.1),
            ("encode_complex", 117.0),
            ("decode_complex", 425.0),
            ("encrypt_symmetric", 652.0),
            ("encrypt_public", 838.0),
            ("decrypt", 22.6),
            ("add", 4.1),
            ("multiply_plain", 16.0),
            ("multiply", 29.0),
            ("multiply_relin", 462.0),
            ("rescale", 73.0),
            ("rotate_1", 452.0),
        ],
    },
    Yardstick {
        name: "N = 16384, 4 x 48, 4 x 47 + 50 bits",
        preset: Preset::N16384Wide,
        peer: "n16384_48x8_50",
        figures: &[
            ("encode_complex", 486.0),
            ("decode_complex", 3162.0),
            ("encrypt_symmetric", 2953.0),
            ("encrypt_public", 2404.0),
            ("decrypt", 120.0),
            ("add", 45.0),
            ("multiply_plain", 106.0),
            ("multiply", 179.0),
            ("relinearize", 5680.0),
            ("multiply_relin", 5923.0),
            ("rescale", 449.0),
            ("rotate_1", 5859.0),
        ],
    },
];

impl Yardstick {
    pub fn figure(&self, peer: &str) -> Option<f64> {
        let found = self.figures.iter().find(|(name, _)| *name == peer);
        found.map(|(_, microseconds)| *microseconds)
    }
}
