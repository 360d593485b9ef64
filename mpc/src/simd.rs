//! Which instruction set the kernels run on.
//!
//! The CPU is asked once ([`Simd::detect`]); the answer is a value that callers pass down to every batch. There is no
//! global, so one process can compare the levels.
//!
//! | level | needs | used for |
//! |---|---|---|
//! | [`Simd::Avx512`] | AVX-512 F, BW, VL, DQ; VAES; GFNI | AES four blocks an instruction, 512-bit XOR and transposition |
//! | [`Simd::Vaes`] | AVX2, AES-NI, VAES | AES two blocks an instruction, the rest as below |
//! | [`Simd::Avx2`] | AVX2, AES-NI | AES one block an instruction, 256-bit XOR and transposition |
//! | [`Simd::Scalar`] | nothing | portable code, the oracle of the others |

use std::{fmt, str::FromStr};

use crate::Error;

/// An instruction-set level; every level computes the same bits.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Simd {
    /// AVX-512 (F, BW, VL, DQ) with VAES and GFNI: Intel since Ice Lake, AMD since Zen 4.
    Avx512,
    /// AVX2 with VAES on 256 bits: AMD Zen 3, Intel since Alder Lake.
    Vaes,
    /// AVX2 with AES-NI.
    Avx2,
    /// Portable code.
    Scalar,
}

impl Simd {
    /// All levels, best first.
    pub const ALL: [Self; 4] = [Self::Avx512, Self::Vaes, Self::Avx2, Self::Scalar];

    /// The best level of this CPU.
    #[must_use]
    pub fn detect() -> Self {
        Self::ALL
            .into_iter()
            .find(|level| level.supported())
            .unwrap_or(Self::Scalar)
    }

    /// Whether this CPU can run the level.
    #[must_use]
    pub fn supported(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Vaes.supported()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("gfni")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Vaes => Self::Avx2.supported() && is_x86_feature_detected!("vaes"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("aes")
                    && is_x86_feature_detected!("sse4.1")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Vaes | Self::Avx2 => false,
            Self::Scalar => true,
        }
    }

    /// The levels this CPU can run, best first; at least [`Simd::Scalar`].
    #[must_use]
    pub fn all_supported() -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|level| level.supported())
            .collect()
    }

    /// `self`, or an error if this CPU cannot run it.
    ///
    /// # Errors
    /// [`Error::Simd`] names the level.
    pub fn checked(self) -> Result<Self, Error> {
        if self.supported() {
            Ok(self)
        } else {
            Err(Error::Simd { level: self })
        }
    }
}

impl fmt::Display for Simd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Avx512 => "avx512",
            Self::Vaes => "vaes",
            Self::Avx2 => "avx2",
            Self::Scalar => "scalar",
        })
    }
}

impl FromStr for Simd {
    type Err = Error;

    /// Parses `auto`, `avx512`, `vaes`, `avx2` or `scalar`; refuses a level this CPU lacks.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "auto" => Ok(Self::detect()),
            "avx512" => Self::Avx512.checked(),
            "vaes" => Self::Vaes.checked(),
            "avx2" => Self::Avx2.checked(),
            "scalar" => Ok(Self::Scalar),
            other => Err(Error::Malformed {
                what: "SIMD level".into(),
                detail: format!("{other:?}; expected auto, avx512, vaes, avx2 or scalar"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for level in Simd::all_supported() {
            assert_eq!(level.to_string().parse::<Simd>().unwrap(), level);
        }
        assert_eq!("auto".parse::<Simd>().unwrap(), Simd::detect());
        assert!(
            "mmx"
                .parse::<Simd>()
                .unwrap_err()
                .to_string()
                .contains("mmx")
        );
    }

    #[test]
    fn scalar_always_works() {
        assert!(Simd::all_supported().contains(&Simd::Scalar));
        assert!(Simd::detect().supported());
    }
}
