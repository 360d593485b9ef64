//! Against transforms and products that share no code with the tested ones.

use super::*;

/// Schoolbook negacyclic product, reduced by plain remainders.
fn schoolbook(a: &[u64], b: &[u64], q: u64) -> Vec<u64> {
    let n = a.len();
    let q = u128::from(q);
    let mut out = vec![0u128; n];
    for (i, &x) in a.iter().enumerate() {
        for (j, &y) in b.iter().enumerate() {
            let product = u128::from(x) * u128::from(y) % q;
            let k = (i + j) % n;
            let signed = if i + j < n {
                product
            } else {
                (q - product) % q
            };
            out[k] = (out[k] + signed) % q;
        }
    }
    out.iter().map(|&x| x as u64).collect()
}

fn check<W: Word>(n: usize, q: u64) {
    let ntt = Ntt::<W>::new(n, W::truncate(q)).unwrap();
    let mut x = q ^ 0x5851_f42d_4c95_7f2d;
    let mut random = || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
        (x >> 3) % q
    };
    let mut monomial = vec![0; n];
    monomial[n - 1] = q - 1;
    let cases: Vec<Vec<u64>> = vec![
        vec![q - 1; n],
        vec![0; n],
        vec![1; n],
        monomial,
        (0..n).map(|i| if i % 2 == 0 { q - 1 } else { 1 }).collect(),
        (0..n).map(|_| random()).collect(),
        (0..n).map(|_| random()).collect(),
    ];
    let words = |v: &[u64]| v.iter().map(|&x| W::truncate(x)).collect::<Vec<W>>();
    for a in cases
        .iter()
        .filter(|a| n < 512 || *a == &cases[0] || *a == &cases[5])
    {
        let mut round = words(a);
        ntt.forward(&mut round).unwrap();
        assert!(round.iter().all(|v| v.widen() < q), "unreduced evaluation");
        ntt.inverse_unscaled(&mut round).unwrap();
        ntt.normalize(&mut round).unwrap();
        assert_eq!(round, words(a));
        // The long schoolbook products: the all-(q-1) and the random case are enough.
        for b in cases
            .iter()
            .filter(|b| n < 512 || *b == &cases[0] || *b == &cases[6])
        {
            let expected = words(&schoolbook(a, b, q));
            let mut factor = words(b);
            ntt.forward(&mut factor).unwrap();
            let mut product = words(a);
            ntt.mul_transformed(&mut product, &factor).unwrap();
            assert_eq!(product, expected, "n {n} q {q}");

            let mut left = words(a);
            ntt.forward(&mut left).unwrap();
            let mut sum = vec![W::default(); n];
            ntt.mul_accumulate(&mut sum, &left, &factor).unwrap();
            ntt.inverse_unscaled(&mut sum).unwrap();
            ntt.normalize(&mut sum).unwrap();
            assert_eq!(sum, expected, "accumulated, n {n} q {q}");
        }
    }
}

fn power(mut a: u64, mut e: u64, q: u64) -> u64 {
    let mut product = 1;
    while e > 0 {
        if e & 1 == 1 {
            product = (u128::from(product) * u128::from(a) % u128::from(q)) as u64;
        }
        a = (u128::from(a) * u128::from(a) % u128::from(q)) as u64;
        e >>= 1;
    }
    product
}

/// A scalar transform of our own: the values at all odd powers of a primitive 2N-th root, by the textbook recursion.
fn scalar_ntt(a: &[u64], q: u64) -> Vec<u64> {
    fn dft(a: &[u64], root: u64, q: u64) -> Vec<u64> {
        if a.len() == 1 {
            return a.to_vec();
        }
        let half = |from: usize| a.iter().skip(from).step_by(2).copied().collect::<Vec<_>>();
        let square = power(root, 2, q);
        let (even, odd) = (dft(&half(0), square, q), dft(&half(1), square, q));
        (0..a.len())
            .map(|i| {
                let twisted = u128::from(power(root, i as u64, q)) * u128::from(odd[i % odd.len()]);
                ((u128::from(even[i % even.len()]) + twisted) % u128::from(q)) as u64
            })
            .collect()
    }
    let n = a.len() as u64;
    let psi = (2..)
        .map(|g| power(g, (q - 1) / (2 * n), q))
        .find(|psi| power(*psi, n, q) == q - 1)
        .unwrap();
    let twisted: Vec<u64> = a
        .iter()
        .enumerate()
        .map(|(i, &x)| (u128::from(x) * u128::from(power(psi, i as u64, q)) % u128::from(q)) as u64)
        .collect();
    dft(&twisted, power(psi, 2, q), q)
}

#[test]
fn transforms_match_a_scalar_one_at_the_edges() {
    fn check<W: Word>(n: usize, q: u64) {
        let ntt = Ntt::<W>::new(n, W::truncate(q)).unwrap();
        let edges = |i: usize| [0, 1, q - 1, q / 2, q / 2 + 1][i * i % 5];
        for a in [vec![q - 1; n], (0..n).map(edges).collect()] {
            let mut words: Vec<W> = a.iter().map(|&x| W::truncate(x)).collect();
            ntt.forward(&mut words).unwrap();
            // Order and choice of the root are the library's own: the values are the same as a set.
            let mut got: Vec<u64> = words.iter().map(|w| w.widen()).collect();
            let mut want = scalar_ntt(&a, q);
            got.sort_unstable();
            want.sort_unstable();
            assert_eq!(got, want, "n {n} q {q}");
        }
    }
    for n in [64, 2048] {
        check::<u32>(n, 998_244_353);
        check::<u32>(n, prime(n, 30));
        for bits in [30, 49, 50, 51, 60] {
            check::<u64>(n, prime(n, bits));
        }
    }
}

fn prime(n: usize, bits: u32) -> u64 {
    concrete_ntt::prime::largest_prime_in_arithmetic_progression64(
        2 * n as u64,
        1,
        1 << (bits - 1),
        1 << bits,
    )
    .unwrap()
}

#[test]
fn products_match_schoolbook_at_the_edges_u32() {
    for n in [32, 64, 256] {
        for q in [prime(n, 20), 998_244_353, prime(n, 30), prime(n, 31)] {
            check::<u32>(n, q);
        }
    }
    check::<u32>(2048, 998_244_353);
}

#[test]
fn products_match_schoolbook_at_the_edges_u64() {
    for n in [32, 256] {
        for bits in [20, 30, 40, 49, 50, 51, 52, 60, 61] {
            check::<u64>(n, prime(n, bits));
        }
    }
    check::<u64>(4096, prime(4096, 50));
}

#[test]
fn wrong_lengths_and_moduli_are_refused() {
    let ntt = Ntt::<u32>::new(64, 998_244_353).unwrap();
    assert!(matches!(
        ntt.forward(&mut [0; 63]),
        Err(Error::Length {
            expected: 64,
            got: 63,
            ..
        })
    ));
    assert!(ntt.mul_assign_normalize(&mut [0; 64], &[0; 65]).is_err());
    assert!(Ntt::<u32>::new(64, 998_244_351).is_err());
    assert!(Ntt::<u32>::new(63, 998_244_353).is_err());
}

/// Residues at the edges, constant, alternating and pseudo-random.
fn hard_cases(n: usize, q: u64) -> Vec<Vec<u64>> {
    let edges = [0, 1, q - 1, q / 2, q / 2 + 1, q - 2];
    let mut state = q;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((u128::from(state) * u128::from(q)) >> 64) as u64
    };
    let mut cases: Vec<Vec<u64>> = edges.iter().map(|&x| vec![x; n]).collect();
    cases.push((0..n).map(|i| if i % 2 == 0 { q - 1 } else { 0 }).collect());
    cases.push((0..n).map(|i| if i < n / 2 { q - 1 } else { 1 }).collect());
    cases.push((0..n).map(|i| edges[(i * i + i / 7) % 6]).collect());
    cases.extend((0..4).map(|_| (0..n).map(|_| random()).collect()));
    cases
}

#[test]
fn every_level_gives_the_same_words() {
    let library = Simd::Scalar;
    for log_n in 5..=15 {
        let n = 1 << log_n;
        for bits in [20, 25, 31, 40, 49, 50, 51, 60] {
            if bits <= log_n + 1 {
                continue;
            }
            let q = prime(n, bits);
            let reference = Ntt::<u64>::with_simd(library, n, q).unwrap();
            for level in Simd::supported_levels() {
                let ntt = Ntt::<u64>::with_simd(level, n, q).unwrap();
                for case in hard_cases(n, q) {
                    let (mut got, mut want) = (case.clone(), case.clone());
                    ntt.forward(&mut got).unwrap();
                    reference.forward(&mut want).unwrap();
                    assert_eq!(got, want, "{level} n {n} q {q}");
                    ntt.inverse(&mut got).unwrap();
                    assert_eq!(got, case, "{level} n {n} q {q}");

                    let (mut got, mut want) = (case.clone(), case.clone());
                    ntt.inverse_unscaled(&mut got).unwrap();
                    reference.inverse_unscaled(&mut want).unwrap();
                    assert_eq!(got, want, "{level} n {n} q {q}");
                    ntt.normalize(&mut got).unwrap();
                    ntt.forward(&mut got).unwrap();
                    assert_eq!(got, case, "{level} n {n} q {q}");
                }
            }
        }
    }
}
