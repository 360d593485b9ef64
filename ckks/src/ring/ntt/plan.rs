//! The transform of 64-bit residues: ours in doubles where it is the fastest, the library's elsewhere.
//! Both have the same root and order, so the same words come out on every machine.

use super::doubles::Tables;
use crate::Modulus;
use crate::ring::kernel::{self, Factor};
use crate::simd::{Simd, Supported};
use concrete_ntt::prime64;

/// The transform of one limb of 64-bit residues.
#[derive(Clone, Debug)]
pub struct WidePlan(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Library(prime64::Plan),
    Doubles {
        simd: Supported,
        modulus: Modulus<u64>,
        tables: Tables,
        /// 1/N
        inverse_degree: Factor,
    },
}

impl WidePlan {
    /// A transform, where the prime has one.
    pub(crate) fn new(simd: Supported, degree: usize, modulus: u64) -> Option<Self> {
        let library = prime64::Plan::try_new(degree, modulus)?;
        let Some(simd) = level(simd, &library) else {
            return Some(Self(Kind::Library(library)));
        };
        // The first evaluation of X is the root itself.
        let mut x = vec![0; degree];
        *x.get_mut(1)? = 1;
        library.fwd(&mut x);
        let modulus = Modulus::new(modulus).ok()?;
        Some(Self(
            match Tables::new(simd, &modulus, degree, *x.first()?) {
                None => Kind::Library(library),
                Some(tables) => Kind::Doubles {
                    simd,
                    modulus,
                    tables,
                    inverse_degree: Factor::inverse(&modulus, degree as u64),
                },
            },
        ))
    }

    /// In-place transform to evaluations.
    pub(crate) fn forward(&self, values: &mut [u64]) {
        match &self.0 {
            Kind::Library(plan) => plan.fwd(values),
            Kind::Doubles { tables, .. } => tables.forward(values),
        }
    }

    /// In-place inverse, N times too large.
    pub(crate) fn inverse_unscaled(&self, values: &mut [u64]) {
        match &self.0 {
            Kind::Library(plan) => plan.inv(values),
            Kind::Doubles { tables, .. } => tables.inverse_unscaled(values),
        }
    }

    /// In-place inverse.
    pub(crate) fn inverse(&self, values: &mut [u64]) {
        match &self.0 {
            Kind::Library(plan) => {
                plan.inv(values);
                plan.normalize(values);
            }
            Kind::Doubles { tables, .. } => tables.inverse(values),
        }
    }

    /// Division by N.
    pub(crate) fn normalize(&self, values: &mut [u64]) {
        match &self.0 {
            Kind::Library(plan) => plan.normalize(values),
            Kind::Doubles {
                simd,
                modulus,
                inverse_degree,
                ..
            } => kernel::scale(*simd, modulus, values, *inverse_degree),
        }
    }

    /// Element-wise product divided by N.
    pub(crate) fn mul_assign_normalize(&self, left: &mut [u64], right: &[u64]) {
        match &self.0 {
            Kind::Library(plan) => plan.mul_assign_normalize(left, right),
            Kind::Doubles { simd, modulus, .. } => {
                kernel::mul_assign(*simd, modulus, left, right);
                self.normalize(left);
            }
        }
    }

    /// Element-wise multiply and add.
    pub(crate) fn mul_accumulate(&self, sum: &mut [u64], left: &[u64], right: &[u64]) {
        match &self.0 {
            Kind::Library(plan) => plan.mul_accumulate(sum, left, right),
            Kind::Doubles { simd, modulus, .. } => {
                kernel::mul_add(*simd, modulus, sum, left, right);
            }
        }
    }
}

/// The level of our transform: none where the library multiplies 52 bits at a time.
fn level(simd: Supported, library: &prime64::Plan) -> Option<Supported> {
    if simd.level() == Simd::Avx512 && !library.use_ifma() {
        return Simd::Avx2.verify().ok();
    }
    Some(simd)
}
