//! The one pass over residues that no other rung needs.

use crate::Modulus;
use crate::simd::versions;

versions! {
    /// x = x + c.
    fn add_constant(modulus: &Modulus<u64>, x: &mut [u64], c: u64) {
        let modulus = *modulus;
        for x in x {
            *x = modulus.add(*x, c);
        }
    }
}
