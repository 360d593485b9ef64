//! The instruction sets our kernels are written for, chosen once by the caller and passed down.
//!
//! | level | selected by `auto` when | implements |
//! |---|---|---|
//! | `avx512` | F, BW, DQ, VL present | ring passes, residue GEMM, modulus switch, samplers |
//! | `avx2` | AVX2 and FMA present | the same |
//! | `scalar` | always | the same, and the oracle of the other two |
//!
//! The transforms of `tfhe-ntt` detect for themselves (cargo feature `avx512`).

use crate::Error;
use std::{fmt, str::FromStr};

/// A SIMD level. A value may be unsupported here: [`Simd::supported`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Simd {
    /// AVX-512 F, BW, DQ and VL.
    Avx512,
    /// AVX2 and FMA.
    Avx2,
    /// Portable Rust.
    Scalar,
}

impl Simd {
    /// The best level of this processor.
    pub fn detect() -> Self {
        Self::supported_levels().next().unwrap_or(Self::Scalar)
    }

    /// Whether this processor has the level's instructions.
    pub fn supported(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Scalar => true,
        }
    }

    /// Every level this processor supports, best first.
    pub fn supported_levels() -> impl Iterator<Item = Self> {
        [Self::Avx512, Self::Avx2, Self::Scalar]
            .into_iter()
            .filter(|level| level.supported())
    }
}

/// A level that this processor has been seen to support: what kernels ask for, so that their
/// `unsafe` rests on a type.
#[derive(Clone, Copy, Debug)]
pub struct Supported(Simd);

impl Supported {
    /// The best level of this processor.
    pub fn detect() -> Self {
        Self(Simd::detect())
    }

    /// The level.
    pub fn level(self) -> Simd {
        self.0
    }
}

impl Simd {
    /// Verifies the level.
    pub(crate) fn verify(self) -> Result<Supported, Error> {
        if self.supported() {
            return Ok(Supported(self));
        }
        Err(Error::UnsupportedSimd(self))
    }
}

impl fmt::Display for Simd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Scalar => "scalar",
        })
    }
}

/// What a user asks for: a level, or the best one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SimdChoice {
    /// The best level of this processor.
    #[default]
    Auto,
    /// This level or an error.
    Level(Simd),
}

impl SimdChoice {
    /// Resolves the choice on this processor.
    ///
    /// # Errors
    /// [`Error::UnsupportedSimd`] when a level was asked for that is not there.
    pub fn resolve(self) -> Result<Simd, Error> {
        match self {
            Self::Auto => Ok(Simd::detect()),
            Self::Level(level) if level.supported() => Ok(level),
            Self::Level(level) => Err(Error::UnsupportedSimd(level)),
        }
    }
}

impl FromStr for SimdChoice {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "auto" => Self::Auto,
            "avx512" => Self::Level(Simd::Avx512),
            "avx2" => Self::Level(Simd::Avx2),
            "scalar" => Self::Level(Simd::Scalar),
            other => return Err(Error::UnknownSimd(other.to_owned())),
        })
    }
}

/// A portable loop, its copies for AVX-512 and AVX2 with FMA, and the choice between them.
macro_rules! versions {
    ($(
        $(#[$doc:meta])*
        fn $name:ident $(<$w:ident: $bound:ident>)? ($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block
    )*) => {$(
        $(#[$doc])*
        pub(crate) fn $name $(<$w: $bound>)? (simd: $crate::simd::Supported, $($arg: $type),*) $(-> $result)? {
            #[inline(always)]
            fn portable $(<$w: $bound>)? ($($arg: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            fn avx512 $(<$w: $bound>)? ($($arg: $type),*) $(-> $result)? {
                portable($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2 $(<$w: $bound>)? ($($arg: $type),*) $(-> $result)? {
                portable($($arg),*)
            }

            match simd.level() {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a `Supported` level's features are present.
                $crate::Simd::Avx512 => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a `Supported` level's features are present.
                $crate::Simd::Avx2 => unsafe { avx2($($arg),*) },
                _ => portable($($arg),*),
            }
        }
    )*};
}

pub(crate) use versions;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_unknown_names_are_refused() {
        for level in [Simd::Avx512, Simd::Avx2, Simd::Scalar] {
            let parsed: SimdChoice = level.to_string().parse().unwrap();
            assert_eq!(parsed, SimdChoice::Level(level));
            assert_eq!(parsed.resolve().is_ok(), level.supported());
        }
        assert_eq!("auto".parse::<SimdChoice>().unwrap(), SimdChoice::Auto);
        assert!(matches!(
            "sse9".parse::<SimdChoice>(),
            Err(Error::UnknownSimd(name)) if name == "sse9"
        ));
        assert!(Simd::supported_levels().any(|l| l == Simd::Scalar));
    }
}
