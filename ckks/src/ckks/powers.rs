//! Polynomials in the secret and its conjugate: relinearisation at the end of a circuit.
//!
//! A product of ciphertexts is a polynomial in s, and in s* = conj(s) if one factor was conjugated. Sums
//! of such products with integer weights need no key, so a circuit that sums many products down to few
//! values does best to switch keys once, at those few:
//!
//! ```text
//! sum_{i + k <= d} c_{ik} s^i s*^k  ->  c_0 + c_1 s
//! ```
//!
//! The conjugate of (0, conj(c)) has the phase c s*: a conjugation takes c s* to k_0 + k_1 s, and
//! c s^i s*^k to k_0 s^i s*^(k-1) + k_1 s^(i+1) s*^(k-1). Without s* the relinearisation key takes s^i to
//! s^(i-2) and s^(i-1). That is d (d + 1) / 2 conjugations and d - 1 relinearisations, with no key but
//! those two. A switch's noise is multiplied by the powers it was switched beside: for ternary s at most
//! about N^((d-1)/2) times, which a scale that was never divided leaves far below (eprint 2016/421,
//! section 3.3, for the product).

use super::encoder::check_scale;
use super::key_switch::{apply_galois, switch};
use super::{Ciphertext, Context, Error, EvaluationKeys};
use crate::{Evaluation, Poly};
use std::sync::Arc;

/// A polynomial in s and conj(s) of total degree d.
#[derive(Clone, Debug)]
pub struct SecretPolynomial {
    context: Arc<Context>,
    /// `rows[k][i]` is the coefficient of s^i conj(s)^k; row k has d - k + 1.
    rows: Vec<Vec<Poly<Evaluation, u64>>>,
    level: usize,
    scale: f64,
}

impl SecretPolynomial {
    /// Takes the coefficients of s^i conj(s)^k in `rows[k][i]`: d + 1 rows, the first of d + 1
    /// coefficients, every other of one less than the row before.
    ///
    /// # Errors
    /// [`Error::Coefficients`] for rows of another shape; [`crate::Error::RingMismatch`] unless all
    /// coefficients are of `level`; [`Error::BadScale`] below 1.
    pub fn new(
        context: &Arc<Context>,
        level: usize,
        scale: f64,
        rows: Vec<Vec<Poly<Evaluation, u64>>>,
    ) -> Result<Self, Error> {
        let ring = context.level_ring(level)?;
        check_scale("powers of the secret", scale)?;
        let count = rows.len().max(2);
        let lengths = rows.iter().map(Vec::len).chain([0, 0]);
        for (power, got) in lengths.take(count).enumerate() {
            let expected = count - power;
            if got != expected {
                return Err(Error::Coefficients {
                    power,
                    expected,
                    got,
                });
            }
        }
        for row in &rows {
            for part in row {
                ring.check_same(part.context())?;
            }
        }
        Ok(Self {
            context: Arc::clone(context),
            rows,
            level,
            scale,
        })
    }

    /// The ciphertext with this phase, up to the noise of the key switches.
    ///
    /// # Errors
    /// A missing relinearisation or conjugation key.
    pub fn into_ciphertext(mut self, keys: &EvaluationKeys) -> Result<Ciphertext, Error> {
        let zero = Poly::zero(self.context.level_ring(self.level)?);
        while self.rows.len() > 1 {
            let conjugation = keys.conjugation()?;
            let row = self.rows.pop().unwrap_or_default();
            let Some(below) = self.rows.last_mut() else {
                break;
            };
            for (i, part) in row.iter().enumerate() {
                let part = conjugation.automorphism().apply(part)?;
                add_pair(below, i, apply_galois([&zero, &part], conjugation)?)?;
            }
        }
        let mut parts = self.rows.pop().unwrap_or_default();
        while parts.len() > 2 {
            let Some(highest) = parts.pop() else { break };
            let at = parts.len() - 2;
            add_pair(&mut parts, at, switch(&highest, keys.relinearization()?)?)?;
        }
        Ok(Ciphertext {
            context: self.context,
            parts,
            level: self.level,
            scale: self.scale,
        })
    }
}

/// Adds to the coefficients `at` and `at` + 1.
fn add_pair(
    row: &mut [Poly<Evaluation, u64>],
    at: usize,
    pair: [Poly<Evaluation, u64>; 2],
) -> Result<(), Error> {
    for (part, added) in row.iter_mut().skip(at).zip(&pair) {
        part.add_assign(added)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::{Complex64, Encoder, Parameters, ParametersLiteral, SecretKey};
    use crate::{PublicSeed, SecureRng};

    /// z^2 conj(z) of a fresh ciphertext: (c0 + c1 s)^2 (c0* + c1* s*), reduced by keys.
    #[test]
    fn a_product_with_a_conjugate_is_reduced() {
        let mut literal = ParametersLiteral::from_bits(1024, &[45; 3], &[50], 30).unwrap();
        literal.allow_insecure = true;
        let context = Context::new(&Parameters::new(&literal).unwrap()).unwrap();
        let mut rng = SecureRng::from_seed([7; 32]);
        let secret = SecretKey::generate(&context, &mut rng);
        let keys = EvaluationKeys::builder(&secret)
            .relinearization()
            .conjugation()
            .build(&mut rng)
            .unwrap();
        let encoder = Encoder::new(&context).unwrap();
        let z: Vec<Complex64> = (0..512)
            .map(|j| Complex64::from_polar(1.0 + f64::from(j) / 512.0, f64::from(j)))
            .collect();
        let plain = encoder.encode_at(&z, 2, 30f64.exp2()).unwrap();
        let mut seed = PublicSeed::generate(&mut rng);
        let sent = secret.encrypt(&plain, &mut seed, &mut rng).unwrap();
        let c = sent.expand();
        let conjugate = keys.conjugation().unwrap().automorphism();
        let parts = c.parts();
        let mul = |x: &Poly<Evaluation, u64>, y: &Poly<Evaluation, u64>| x.mul(y).unwrap();
        let mut cross = mul(&parts[0], &parts[1]);
        cross.scale(2);
        let square = [mul(&parts[0], &parts[0]), cross, mul(&parts[1], &parts[1])];
        let [d0, d1] = [0, 1].map(|i| conjugate.apply(&parts[i]).unwrap());
        let zero = Poly::zero(context.level_ring(2).unwrap());
        let rows = vec![
            vec![
                mul(&square[0], &d0),
                mul(&square[1], &d0),
                mul(&square[2], &d0),
                zero.clone(),
            ],
            [0, 1, 2].map(|i| mul(&square[i], &d1)).to_vec(),
            vec![zero.clone(), zero.clone()],
            vec![zero],
        ];
        let cube = SecretPolynomial::new(&context, 2, 90f64.exp2(), rows.clone()).unwrap();
        let plain = secret
            .decrypt(&cube.into_ciphertext(&keys).unwrap())
            .unwrap();
        for (got, z) in encoder.decode_complex(&plain).unwrap().iter().zip(&z) {
            let want = z * z * z.conj();
            assert!((got - want).norm() < 1e-3, "{got} for {want}");
        }
        // Without the key that a part needs, and in another shape.
        let none = EvaluationKeys::none(&context);
        let cube = SecretPolynomial::new(&context, 2, 90f64.exp2(), rows.clone()).unwrap();
        assert!(matches!(
            cube.into_ciphertext(&none),
            Err(Error::MissingConjugationKey)
        ));
        let short = SecretPolynomial::new(&context, 2, 1.0, rows[1..].to_vec());
        assert!(short.is_ok());
        let wrong = SecretPolynomial::new(&context, 2, 1.0, vec![rows[0].clone()]);
        assert!(matches!(wrong, Err(Error::Coefficients { power: 0, .. })));
        let empty = SecretPolynomial::new(&context, 2, 1.0, Vec::new());
        assert!(matches!(
            empty,
            Err(Error::Coefficients {
                power: 0,
                expected: 2,
                got: 0
            })
        ));
        for scale in [0.0, 0.5, f64::NAN, f64::INFINITY] {
            let bad = SecretPolynomial::new(&context, 2, scale, rows.clone());
            assert!(matches!(bad, Err(Error::BadScale { .. })), "{scale}");
        }
    }
}
