use super::*;

/// Primes of several widths, the largest near the bound.
const PRIMES: [u64; 4] = [
    12_289,
    1_099_510_054_913,
    2_199_023_190_017,
    562_949_952_421_889,
];

const POSITIONS: [u32; STRIP] = [0, 1, 2, 3, 4, 5, 6, 7, 15, 14, 13, 12, 11, 10, 9, 8];

fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut x = seed;
    move || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        x >> 11
    }
}

/// Rows of residues: extremes first, as `edge` orders them, then pseudo-random ones.
fn rows(q: u64, count: usize, seed: u64, edge: fn(usize) -> usize) -> Vec<[u64; STRIP]> {
    let mut next = random(seed);
    let edges = [0, 1, q - 1, q / 2, q / 2 + 1];
    (0..count)
        .map(|i| match edges.get(edge(i)) {
            Some(&edge) => [edge; STRIP],
            None => std::array::from_fn(|_| next() % q),
        })
        .collect()
}

fn load(field: &Centred, rows: &[[u64; STRIP]]) -> Vec<Strip> {
    rows.iter().map(|row| field.load(row, &POSITIONS)).collect()
}

fn store(field: &Centred, strips: &[Strip]) -> Vec<[u64; STRIP]> {
    strips
        .iter()
        .map(|strip| {
            let mut words = [0; STRIP];
            field.store(strip, &POSITIONS, &mut words);
            words
        })
        .collect()
}

fn fields(q: u64) -> Vec<Centred> {
    let modulus = Modulus::new(q).unwrap();
    Simd::supported_levels()
        .map(|level| Centred::new(&modulus, level).unwrap())
        .collect()
}

#[test]
fn products_and_combinations_match_wide_integers() {
    for q in PRIMES.into_iter().take(3).chain([281_474_976_546_817]) {
        // Every pair of extremes meets in the first 25 rows.
        let x = rows(q, 40, 1, |i| if i < 25 { i % 5 } else { 5 });
        let y = rows(q, 40, 2, |i| i / 5);
        let z = rows(q, 40, 3, |i| i);
        for field in fields(q) {
            let (a, b, c) = (load(&field, &x), load(&field, &y), load(&field, &z));
            let mut product = c.clone();
            field.multiply(&mut product, &a, &b);
            let mut sum = c.clone();
            field.multiply_add(&mut sum, &a, &b);
            let mut combined = c;
            field.combine(&mut combined, (MAX_COMBINATION, &a), (-3.0, &b));
            let got = [product, sum, combined].map(|strips| store(&field, &strips));
            let wide = i128::from(q);
            for i in 0..40 {
                for j in 0..STRIP {
                    let [x, y, z] = [x[i][j], y[i][j], z[i][j]].map(i128::from);
                    let want = [x * y, z + x * y, 8 * x - 3 * y];
                    for (got, want) in got.iter().zip(want) {
                        assert_eq!(
                            i128::from(got[i][j]),
                            want.rem_euclid(wide),
                            "q {q}, {field:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn matrices_match_wide_integers_at_every_block_size_and_across_chunks() {
    for (q, bits) in [(PRIMES[1], 40), (PRIMES[2], 41)] {
        for (outputs, terms, max_weight) in
            [(1, 1, 127), (5, 25, 127), (13, 300, 127), (7, 90, 1023)]
        {
            let mut next = random(7);
            let bound = i64::from(max_weight);
            let values: Vec<i16> = (0..outputs * terms)
                .map(|i| match i % 3 {
                    0 => bound as i16,
                    1 => -bound as i16,
                    _ => ((next() as i64) % (2 * bound + 1) - bound) as i16,
                })
                .collect();
            let weights = CentredWeights::new(outputs, terms, max_weight, bits, &values).unwrap();
            let (x, start) = (rows(q, terms, 4, |i| i), rows(q, outputs, 5, |i| i));
            for field in fields(q) {
                let strips = load(&field, &x);
                let mut sums = load(&field, &start);
                for (c, chunk) in strips.chunks(weights.chunk_terms()).enumerate() {
                    field.accumulate(&weights, c, chunk, &mut sums).unwrap();
                }
                for (o, row) in store(&field, &sums).iter().enumerate() {
                    for (j, &got) in row.iter().enumerate() {
                        let sum: i128 = (0..terms)
                            .map(|t| i128::from(values[o * terms + t]) * i128::from(x[t][j]))
                            .sum();
                        let want = (sum + i128::from(start[o][j])).rem_euclid(i128::from(q));
                        assert_eq!(i128::from(got), want, "q {q}, output {o}, {field:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_largest_sums_of_a_chunk_are_exact() {
    for (q, bits) in [(PRIMES[1], 40), (PRIMES[2], 41)] {
        let terms = chunk(127, bits);
        let weights = CentredWeights::new(6, terms, 127, bits, &vec![127; 6 * terms]).unwrap();
        for field in fields(q) {
            let x = vec![[(q / 2) as f64; STRIP]; terms];
            let mut sums = [[(q / 2) as f64; STRIP]; 6];
            field.accumulate(&weights, 0, &x, &mut sums).unwrap();
            let want = (127 * terms as u128 + 1) * u128::from(q / 2) % u128::from(q);
            let got = store(&field, &sums);
            assert!(got.iter().flatten().all(|&r| u128::from(r) == want));
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let wide = Modulus::new((1 << 50) - 27).unwrap();
    assert!(matches!(
        Centred::new(&wide, Simd::Scalar),
        Err(Error::ModulusSize { max_bits: 49, .. })
    ));
    assert!(matches!(
        CentredWeights::new(2, 2, 9, 40, &[1, 2, 3]),
        Err(Error::WeightShape { got: 3, .. })
    ));
    assert!(matches!(
        CentredWeights::new(1, 2, 9, 40, &[1, -10]),
        Err(Error::Weight {
            index: 1,
            max_weight: 9
        })
    ));
    // 9/16 2^49 (1 + 40) is above 2^53.
    assert!(CentredWeights::new(1, 1, 40, 49, &[1]).is_err());
    let weights = CentredWeights::new(1, 1, 127, 40, &[1]).unwrap();
    let field = Centred::new(&Modulus::new(281_474_976_546_817).unwrap(), Simd::Scalar).unwrap();
    let result = field.accumulate(&weights, 0, &[[0.0; STRIP]], &mut [[0.0; STRIP]]);
    assert!(matches!(result, Err(Error::Accumulator { .. })));
    assert_eq!(format!("{weights:?}"), "CentredWeights { 1 x 1 }");
}
