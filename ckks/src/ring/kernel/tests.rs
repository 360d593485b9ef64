//! Every level against 128-bit remainders, at the edges of the residues.

use super::*;
use concrete_ntt::prime::largest_prime_in_arithmetic_progression64;

/// Ends in an odd tail for every register width.
const LENGTHS: [usize; 4] = [1, 32, 100, 103];

fn moduli() -> Vec<Modulus<u64>> {
    let largest = |bits: u32| {
        largest_prime_in_arithmetic_progression64(64, 1, 1 << (bits - 1), 1 << bits).unwrap()
    };
    let primes = [8, 19, 20, 31, 40, 49, 50, 51, 61].map(largest);
    primes.map(|q| Modulus::new(q).unwrap()).to_vec()
}

/// Edges first, then pseudo-random residues.
fn residues(q: u64, length: usize, seed: u64) -> Vec<u64> {
    let edges = [0, 1, 2, q / 2, q / 2 + 1, q - 2, q - 1];
    let mut state = seed;
    (0..length)
        .map(|i| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            match i.checked_sub(49) {
                // The first 49 places of seeds 0 and 1 hold all pairs of edges.
                None if seed == 0 => edges[i % 7],
                None if seed == 1 => edges[i / 7],
                _ => ((u128::from(state) * u128::from(q)) >> 64) as u64,
            }
        })
        .collect()
}

/// Runs `check` for every level, modulus and length, on four operands.
fn everywhere(check: impl Fn(Supported, &Modulus<u64>, [&[u64]; 4])) {
    for simd in Simd::supported_levels().map(|level| level.verify().unwrap()) {
        for modulus in moduli() {
            for length in LENGTHS {
                let operands: [Vec<u64>; 4] =
                    std::array::from_fn(|seed| residues(modulus.value(), length, seed as u64));
                check(simd, &modulus, [0, 1, 2, 3].map(|i| operands[i].as_slice()));
            }
        }
    }
}

/// What `f` gives modulo q, place by place.
fn expect(modulus: &Modulus<u64>, length: usize, f: impl Fn(usize) -> u128) -> Vec<u64> {
    let q = u128::from(modulus.value());
    (0..length).map(|i| (f(i) % q) as u64).collect()
}

fn wide(x: &[u64], i: usize) -> u128 {
    u128::from(x[i])
}

#[test]
fn sums() {
    everywhere(|simd, modulus, [x, y, ..]| {
        let q = u128::from(modulus.value());
        let run = |kernel: fn(Supported, &Modulus<u64>, &mut [u64], &[u64])| {
            let mut out = x.to_vec();
            kernel(simd, modulus, &mut out, y);
            out
        };
        let n = x.len();
        assert_eq!(
            run(add_assign),
            expect(modulus, n, |i| wide(x, i) + wide(y, i))
        );
        assert_eq!(
            run(sub_assign),
            expect(modulus, n, |i| wide(x, i) + q - wide(y, i))
        );
        let mut negated = x.to_vec();
        negate(simd, modulus, &mut negated);
        assert_eq!(negated, expect(modulus, n, |i| q - wide(x, i)));
    });
}

#[test]
fn products() {
    everywhere(|simd, modulus, [x, y, z, _]| {
        let n = x.len();
        let product = expect(modulus, n, |i| wide(x, i) * wide(y, i));
        let mut out = vec![7; n];
        mul(simd, modulus, &mut out, x, y);
        assert_eq!(out, product);
        let mut out = x.to_vec();
        mul_assign(simd, modulus, &mut out, y);
        assert_eq!(out, product);
        for start in [x, z, y] {
            let mut out = start.to_vec();
            mul_add(simd, modulus, &mut out, x, y);
            let sum = |i| wide(start, i) + wide(x, i) * wide(y, i);
            assert_eq!(out, expect(modulus, n, sum));
        }
    });
}

#[test]
fn products_by_a_constant() {
    everywhere(|simd, modulus, [x, y, ..]| {
        let q = u128::from(modulus.value());
        for &w in y {
            let factor = Factor::new(modulus, w);
            let w = u128::from(w);
            let mut out = x.to_vec();
            scale(simd, modulus, &mut out, factor);
            assert_eq!(out, expect(modulus, x.len(), |i| w * wide(x, i)));
            let mut out = x.to_vec();
            sub_scale(simd, modulus, &mut out, y, factor);
            let difference = |i| w * (wide(x, i) + q - wide(y, i));
            assert_eq!(out, expect(modulus, x.len(), difference));
        }
    });
}

#[test]
fn sums_of_any_number_of_products() {
    everywhere(|simd, modulus, [x, y, z, w]| {
        let q = u128::from(modulus.value());
        let top = vec![modulus.value() - 1; x.len()];
        let all: Vec<(&[u64], &[u64])> = [(x, y), (z, w), (&top, &top), (y, y)]
            .into_iter()
            .cycle()
            .take(23)
            .collect();
        for terms in [0, 1, 2, 6, 7, 8, 14, 15, 23] {
            let pairs = &all[..terms];
            let mut out = vec![5; x.len()];
            inner_product(simd, modulus, &mut out, pairs);
            let sum = |i| {
                let product = |(a, b): &(&[u64], &[u64])| wide(a, i) * wide(b, i) % q;
                pairs.iter().map(product).sum()
            };
            assert_eq!(out, expect(modulus, x.len(), sum), "{terms} terms");
        }
        let maximal = [(&top[..], &top[..]); 15];
        let mut out = vec![5; x.len()];
        inner_product(simd, modulus, &mut out, &maximal);
        assert_eq!(out, vec![15 % modulus.value(); x.len()]); // (-1)^2, 15 times
    });
}

#[test]
fn tensor_products() {
    everywhere(|simd, modulus, [x0, x1, y0, y1]| {
        let n = x0.len();
        let mut out = [vec![1; n], vec![2; n], vec![3; n]];
        tensor(
            simd,
            modulus,
            out.each_mut().map(Vec::as_mut_slice),
            [x0, x1],
            [y0, y1],
        );
        assert_eq!(out[0], expect(modulus, n, |i| wide(x0, i) * wide(y0, i)));
        let cross = |i| wide(x0, i) * wide(y1, i) + wide(x1, i) * wide(y0, i);
        assert_eq!(out[1], expect(modulus, n, cross));
        assert_eq!(out[2], expect(modulus, n, |i| wide(x1, i) * wide(y1, i)));
    });
}

#[test]
fn centred_residues_of_other_moduli() {
    everywhere(|simd, modulus, [x, ..]| {
        let q = modulus.value();
        for from in moduli() {
            let x = residues(from.value(), x.len(), 0);
            let mut out = vec![9; x.len()];
            reduce_centred(simd, modulus, &from, &mut out, &x);
            let centred = |&x: &u64| i128::from(from.centre(x)).rem_euclid(i128::from(q)) as u64;
            assert_eq!(out, x.iter().map(centred).collect::<Vec<_>>());
        }
    });
}

#[test]
fn longer_slices_are_left_alone() {
    everywhere(|simd, modulus, [x, y, ..]| {
        let short = &y[..y.len() / 2];
        let mut out = x.to_vec();
        mul_assign(simd, modulus, &mut out, short);
        assert_eq!(out[short.len()..], x[short.len()..]);
        let mut out = x.to_vec();
        inner_product(simd, modulus, &mut out, &[(x, y), (short, y)]);
        assert_eq!(out[short.len()..], x[short.len()..]);
    });
}

#[test]
fn combinations_of_residues_of_other_moduli() {
    everywhere(|simd, modulus, [_, weights, ..]| {
        let n = weights.len();
        let q = u128::from(modulus.value());
        for from in moduli() {
            let rows: Vec<Vec<u64>> = (0..15).map(|k| residues(from.value(), n, k % 3)).collect();
            for terms in [0, 1, 2, 6, 7, 13, 15] {
                let weight = |k: usize| weights[(5 * k + 6) % n];
                let all: Vec<(&[u64], u64)> = (0..terms)
                    .map(|k| (rows[k].as_slice(), weight(k)))
                    .collect();
                let mut out = vec![3; n];
                combine(simd, modulus, from.bits(), &mut out, &all);
                let sum = |i| {
                    all.iter()
                        .map(|(x, w)| wide(x, i) * u128::from(*w) % q)
                        .sum()
                };
                assert_eq!(out, expect(modulus, n, sum), "{terms} terms");
            }
        }
    });
}

#[test]
fn rounded_sums_are_the_same_at_every_level() {
    everywhere(|simd, modulus, [x, y, ..]| {
        let reciprocal = 1.0 / modulus.value() as f64;
        let mut out = vec![9; x.len()];
        round_sum(simd, &mut out, &[(x, reciprocal), (y, reciprocal)]);
        let sum = |(&x, &y): (&u64, &u64)| x as f64 * reciprocal + y as f64 * reciprocal;
        let expected: Vec<u64> = x
            .iter()
            .zip(y)
            .map(sum)
            .map(|s| s.round_ties_even() as u64)
            .collect();
        assert_eq!(out, expected);
    });
}
