//! Encryptions of large noise, for whoever hands a computed ciphertext to the holder of the key.
//!
//! A computed ciphertext's noise tells of what was computed. Adding an encryption of zero under the
//! public key hides the ciphertext's two elements; adding coefficients uniform in [-2^f, 2^f) hides
//! noise of up to B a coefficient but for a statistical distance of N B / 2^(f+1) (noise flooding;
//! Gentry, STOC 2009; eprint 2020/1533, section 4, for what it has to do with CKKS).

use super::encoder::check_scale;
use super::{Ciphertext, Error, Plaintext, PublicKey};
use crate::{Poly, SecureRng};
use rand_core::Rng;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The widest noise: it is made from 128 bits a coefficient.
const MAX_BITS: u32 = 120;

impl PublicKey {
    /// An encryption of zero with additional noise, uniform in [-2^`bits`, 2^`bits`) in every coefficient.
    ///
    /// # Errors
    /// [`Error::Flood`] if that is more than 2^120 or half of Q_l, [`Error::OutOfLevels`],
    /// [`Error::BadScale`] below 1.
    pub fn encrypt_flood(
        &self,
        level: usize,
        scale: f64,
        bits: u32,
        rng: &mut SecureRng,
    ) -> Result<Ciphertext, Error> {
        let context = self.context();
        let ring = context.level_ring(level)?;
        check_scale("flood", scale)?;
        let log2_modulus: f64 = ring.moduli().map(|q| (q.value() as f64).log2()).sum();
        if bits > MAX_BITS || f64::from(bits) + 1.0 > log2_modulus {
            return Err(Error::Flood {
                bits,
                log2_modulus,
                level,
            });
        }
        let mut noise = Zeroizing::new(vec![0u128; ring.degree()]);
        for x in noise.iter_mut() {
            let wide = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
            *x = wide >> (127 - bits);
        }
        let mut words = Vec::with_capacity(ring.element_words());
        for q in ring.moduli() {
            // 2^64 = (2^32)^2, without a reduction of a 65-bit number.
            let high = q.mul(q.reduce(1 << 32), q.reduce(1 << 32));
            let residue =
                |x: u128| q.add(q.mul(q.reduce((x >> 64) as u64), high), q.reduce(x as u64));
            let offset = residue(1 << bits);
            words.extend(noise.iter().map(|&x| q.sub(residue(x), offset)));
        }
        let plain = Plaintext {
            context: Arc::clone(context),
            poly: Poly::<crate::Coefficient, u64>::from_trusted(ring, words).into_evaluation()?,
            scale,
        };
        self.encrypt(&plain, rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::{Context, Encoder, Parameters, ParametersLiteral, SecretKey};

    #[test]
    fn noise_fills_its_interval_and_no_more() {
        let mut literal = ParametersLiteral::from_bits(1024, &[45; 3], &[50], 30).unwrap();
        literal.allow_insecure = true;
        let context = Context::new(&Parameters::new(&literal).unwrap()).unwrap();
        let mut rng = SecureRng::from_seed([9; 32]);
        let secret = SecretKey::generate(&context, &mut rng);
        let public = PublicKey::generate(&secret, &mut rng).unwrap();
        let encoder = Encoder::new(&context).unwrap();
        for bits in [40, 70, 100] {
            let flood = public.encrypt_flood(2, 1.0, bits, &mut rng).unwrap();
            let plain = secret.decrypt(&flood).unwrap();
            let values = encoder.decode_coefficients(&plain).unwrap();
            let bound = f64::from(bits).exp2();
            let largest = values.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            // 2^20 is far above the noise of the encryption itself.
            assert!(
                largest > 0.98 * bound && largest <= bound + 20f64.exp2(),
                "2^{bits}: {largest}"
            );
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            assert!(mean.abs() < 0.15 * bound, "2^{bits}: mean {mean}");
        }
        assert!(matches!(
            public.encrypt_flood(0, 1.0, 45, &mut rng),
            Err(Error::Flood {
                bits: 45,
                level: 0,
                ..
            })
        ));
        assert!(public.encrypt_flood(2, 1.0, 121, &mut rng).is_err());
        let nowhere = public.encrypt_flood(2, f64::NAN, 40, &mut rng);
        assert!(matches!(nowhere, Err(Error::BadScale { .. })));
    }
}
