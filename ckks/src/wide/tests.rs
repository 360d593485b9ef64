//! Against big integers, and the measured noise against its bound.

use super::noise::{Shape, quarter_units};
use super::*;
use crate::ring::rns::RnsBasis;
use crate::{PublicKey, PublicSeed, RingContext, SecretKey, SecureRng, SeededBatch, Simd};
use num_bigint::{BigInt, BigUint};
use rand_core::Rng;

const MODULI: [u32; 3] = [1_073_692_673, 1_073_668_097, 1_073_651_713];

fn basis(moduli: &[u32]) -> RnsBasis {
    let wide: Vec<u64> = moduli.iter().map(|q| u64::from(*q)).collect();
    RnsBasis::new(&wide).unwrap()
}

/// The residue of each limb's segment at place `at`.
fn column(residues: &[u32], count: usize, at: usize) -> Vec<u64> {
    let limbs = residues.chunks(count);
    limbs.map(|limb| u64::from(limb[at])).collect()
}

#[test]
fn scaled_values_are_the_nearest_integers() {
    for limbs in 1..=3 {
        let moduli = &MODULI[..limbs];
        let (context, basis) = (RingContext::new(4096, moduli).unwrap(), basis(moduli));
        for bits in [1, 26, 38, 44, 54] {
            let values = [0, 1, 2, 3, 255, 256, 65_535, u32::MAX - 1, u32::MAX];
            let scaling = Scaling::new(&context, bits).unwrap();
            let mut out = vec![0; limbs * values.len()];
            scaling.encode(&values, &mut out).unwrap();
            for (i, x) in values.iter().enumerate() {
                // floor((2 x Q + 2^L) / 2^(L+1)): ties cannot occur but for x Q = 2^(L-1) mod 2^L, Q odd.
                let doubled = BigUint::from(2 * u64::from(*x)) * basis.product();
                let nearest = (doubled + (BigUint::from(1u32) << bits)) >> (bits + 1);
                let got = basis.compose(&column(&out, values.len(), i)).unwrap();
                let distance = BigInt::from(got) - BigInt::from(nearest % basis.product());
                let tie = u64::from(*x).trailing_zeros() + 1 == bits;
                assert!(
                    distance == BigInt::ZERO || tie,
                    "{limbs} limbs, {bits} bits, {x}"
                );
            }
            assert!(scaling.encode(&values, &mut out[1..]).is_err());
        }
        assert!(Scaling::new(&context, 55).is_err() && Scaling::new(&context, 0).is_err());
    }
}

#[test]
fn switches_stay_within_half_a_unit_and_the_excess_of_big_integers() {
    for limbs in 1..=3 {
        let moduli = &MODULI[..limbs];
        let (context, basis) = (RingContext::new(4096, moduli).unwrap(), basis(moduli));
        let mut rng = SecureRng::from_seed([limbs as u8; 32]);
        let count = 400;
        let residues: Vec<u32> = moduli
            .iter()
            .flat_map(|&q| (0..count).map(move |i| (i, q)))
            .map(|(i, q)| match i {
                0 => 0,
                1 => q - 1,
                2 => 1,
                3 => q / 2,
                _ => rng.next_u32() % q,
            })
            .collect();
        for bits in [1, 8, 30, 40, 48, 56] {
            let switch = RnsSwitch::new(&context, bits).unwrap();
            let mut expected = None;
            for simd in Simd::supported_levels() {
                let mut out = vec![7; count];
                switch.apply(&residues, &mut out, simd).unwrap();
                assert_eq!(expected.get_or_insert_with(|| out.clone()), &out, "{simd}");
                // |out Q - x 2^k| <= (1/2 + excess) Q modulo 2^k Q, in units of 2^-20.
                let excess = RnsSwitch::excess(limbs, bits);
                let allowed = ((0.5 + excess) * f64::from(1 << 20)).ceil() as u64;
                for (i, got) in out.iter().enumerate() {
                    assert!(got >> bits == 0);
                    let x = basis.compose(&column(&residues, count, i)).unwrap();
                    let ring = BigInt::from(basis.product().clone()) << bits;
                    let left = BigInt::from(*got) * BigInt::from(basis.product().clone());
                    let mut rest = (left - (BigInt::from(x) << bits)) % &ring;
                    if rest.sign() == num_bigint::Sign::Minus {
                        rest += &ring;
                    }
                    let distance = (&ring - &rest).min(rest) << 20;
                    let bound = BigInt::from(basis.product().clone()) * allowed;
                    assert!(distance <= bound, "{limbs} limbs, {bits} bits, {i}");
                }
            }
        }
        let mut bad = residues.clone();
        bad[count * limbs - 1] = MODULI[limbs - 1];
        let switch = RnsSwitch::new(&context, 40).unwrap();
        assert!(
            switch
                .apply(&bad, &mut vec![0; count], Simd::Scalar)
                .is_err()
        );
        assert!(RnsSwitch::new(&context, 57).is_err());
    }
    let wide = RingContext::<u32>::new(32, &[2_013_265_921]).unwrap();
    assert!(matches!(
        RnsSwitch::new(&wide, 40),
        Err(crate::Error::ModulusSize { max_bits: 30, .. })
    ));
}

/// Products of random polynomials through the whole pipeline, at widths so fine that the noise shows.
#[test]
fn noise_is_there_and_within_its_bound() {
    const LEVEL: u32 = 44;
    let degree = 4096;
    let context = RingContext::new(degree, &MODULI).unwrap();
    let mut rng = SecureRng::from_seed([4; 32]);
    let secret = SecretKey::generate(&context, &mut rng);
    let key = PublicKey::generate(&secret, &[8; 32], &mut rng).unwrap();
    let mut seed = PublicSeed::generate(&mut rng);
    let widths = Widths::new(52, 54).unwrap();
    let mut responder = Responder::new(&key, widths, &mut rng).unwrap();
    let decryptor = WideDecryptor::new(&secret, Simd::detect()).unwrap();

    let x: Vec<u32> = (0..degree).map(|_| rng.next_u32() & 255).collect();
    let max = (1i64 << 31) - 1;
    let weights: Vec<i64> = (0..degree)
        .map(|_| if rng.next_u32() & 1 == 1 { max } else { -max })
        .collect();
    let mut plain = vec![0; 3 * degree];
    let scaling = Scaling::new(&context, LEVEL).unwrap();
    scaling.encode(&x, &mut plain).unwrap();
    let sent: SeededBatch<u32> = secret.encrypt_batch(plain, &mut seed, &mut rng).unwrap();
    let mut ciphertext = sent.expand().words().to_vec();
    responder.transform(&mut ciphertext).unwrap();
    let lifted = crate::Poly::from_signed(&context, &weights).unwrap();
    let mut transformed = lifted.into_words();
    Responder::transform_weights(&context, &mut transformed).unwrap();

    let positions: Vec<u32> = (0..degree as u32).step_by(7).collect();
    let term = Term::Products {
        weights: &transformed,
        ciphertexts: &ciphertext,
    };
    let terms = [term; 3];
    let bytes = widths.answer_bytes(degree, positions.len()).unwrap();
    let mut answers = vec![0; 3 * bytes];
    let mut mine = vec![0; 3 * positions.len()];
    responder
        .answer(&terms, &positions, &mut answers, &mut mine)
        .unwrap();
    let mut theirs = vec![0; 3 * positions.len()];
    decryptor
        .open(&answers, widths, &positions, &mut theirs)
        .unwrap();

    let shape = Shape {
        terms: degree,
        max_weight: max as f64,
    };
    let bound = quarter_units(&context, widths, shape) + 1.0;
    let mut squares = 0.0;
    for (i, (a, b)) in mine.iter().zip(&theirs).enumerate() {
        let at = positions[i % positions.len()] as usize;
        let product: i128 = (0..degree)
            .map(|j| {
                let sign = if j <= at { 1 } else { -1 };
                let w = weights[(at + degree - j) % degree];
                i128::from(w) * i128::from(x[j]) * sign
            })
            .sum();
        let want = (product << (widths.share - LEVEL)).rem_euclid(1 << widths.share) as i64;
        let sum = (a + b) as i64 - want;
        let distance = (sum << (64 - widths.share)) >> (64 - widths.share);
        assert!(
            distance.unsigned_abs() as f64 <= bound,
            "{distance} above {bound}"
        );
        squares += (distance as f64).powi(2);
    }
    let rms = (squares / mine.len() as f64).sqrt();
    assert!(
        rms > bound / 100.0 && rms < bound / 4.0,
        "rms {rms}, bound {bound}"
    );

    // Shapes that do not fit.
    let first = positions.len();
    let mut call = |terms: &[Term<'_>], positions: &[u32]| {
        responder.answer(terms, positions, &mut answers[..bytes], &mut mine[..first])
    };
    assert!(call(&terms, &positions).is_err());
    assert!(call(&terms[..1], &vec![4096; first]).is_err());
    let limbs: Vec<&[u32]> = ciphertext.chunks(degree).take(3).collect();
    assert!(call(&[Term::Sum(&limbs)], &positions).is_err());
    assert!(call(&terms[..1], &positions).is_ok());
    assert!(
        decryptor
            .open(
                &answers[..bytes - 1],
                widths,
                &positions,
                &mut theirs[..first]
            )
            .is_err()
    );
    assert!(Widths::new(40, 40).is_err() && Widths::new(40, 57).is_err());
}
