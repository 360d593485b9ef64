//! Decryption: m + e = c0 + c1 s, and + c2 s^2 before relinearisation.
//!
//! The noise comes with the message. Whoever publishes decrypted values publishes a function of the
//! secret (Li, Micciancio, eprint 2020/1533): round them first.

use super::{Ciphertext, Error, Plaintext, SecretKey};
use crate::ring::{kernel, parallel::for_each};
use std::sync::Arc;

impl SecretKey {
    /// The message with its noise, at the ciphertext's level and scale.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Plaintext, Error> {
        let context = self.context();
        if !ciphertext.context.same(context) {
            return Err(Error::ContextMismatch {
                operation: "decrypt",
            });
        }
        let (simd, ring) = (context.simd(), context.level_ring(ciphertext.level)?);
        let degree = ring.degree();
        // Horner's rule from the highest component down.
        let mut parts = ciphertext.parts.iter().rev();
        let Some(highest) = parts.next() else {
            return Err(Error::Power {
                operation: "decrypt",
                expected: 1,
                power: 0,
                level: ciphertext.level,
            });
        };
        let mut plain = Plaintext {
            context: Arc::clone(context),
            poly: highest.clone(),
            scale: ciphertext.scale,
        };
        for part in parts {
            let limbs = plain.poly.words_mut().chunks_mut(degree);
            let operands = part
                .words()
                .chunks(degree)
                .zip(self.evaluation().chunks(degree));
            for_each(
                ring.moduli().zip(limbs.zip(operands)),
                |(modulus, (sum, (part, s)))| {
                    kernel::mul_assign(simd, modulus, sum, s);
                    kernel::add_assign(simd, modulus, sum, part);
                },
            );
        }
        Ok(plain)
    }
}
