//! Passes over residues and 64-bit integers compiled for each instruction set.

use crate::simd::versions;

versions! {
    /// sum += floor((x D mod 2^94) / 2^30) modulo 2^64, D in three 32-bit words.
    fn add_fraction(fraction: [u32; 3], sum: &mut [u64], residues: &[u32]) {
        let [low, middle, high] = fraction.map(u64::from);
        for (sum, &x) in sum.iter_mut().zip(residues) {
            let x = u64::from(x);
            let value = ((x * low) >> 30)
                .wrapping_add((x * middle) << 2)
                .wrapping_add((x * high) << 34);
            *sum = sum.wrapping_add(value);
        }
    }

    /// The top `bits` bits, rounded half up, modulo 2^bits.
    fn round_top(bits: u32, values: &mut [u64]) {
        let (half, shift) = (1u64 << (63 - bits), 64 - bits);
        for value in values {
            *value = value.wrapping_add(half) >> shift;
        }
    }

    /// Cuts values into their low `bits` bits and the rest.
    fn split(bits: u32, values: &[u64], low: &mut [u64], high: &mut [u64]) {
        let mask = (1u64 << bits) - 1;
        for ((&value, low), high) in values.iter().zip(low).zip(high) {
            *low = value & mask;
            *high = value >> bits;
        }
    }

    /// high = low + 2^bits high modulo 2^64, both being centred residues modulo the prime p.
    fn join(bits: u32, p: u64, low: &[u64], high: &mut [u64]) {
        let centre = |x: u64| {
            let negative = (p / 2).wrapping_sub(x) >> 63; // 1 when x > p/2
            x.wrapping_sub(negative.wrapping_neg() & p)
        };
        for (&low, high) in low.iter().zip(high) {
            *high = centre(low).wrapping_add(centre(*high) << bits);
        }
    }

    /// sum = 2^15 sum + digit (mod q): Shoup's product with `ratio` = floor(2^47 / q), which falls short of the quotient by
    /// less than 1 + sum / 2^32 < 2, so that the rest is below 2q.
    fn shift_add(modulus: u32, ratio: u64, sum: &mut [u32], digits: &[u32]) {
        for (sum, &digit) in sum.iter_mut().zip(digits) {
            let quotient = ((u64::from(*sum) * ratio) >> 32) as u32;
            let rest = (*sum << 15).wrapping_sub(quotient.wrapping_mul(modulus));
            let rest = rest.min(rest.wrapping_sub(modulus));
            let next = rest + digit;
            *sum = next.min(next.wrapping_sub(modulus));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simd;

    #[test]
    fn every_level_agrees_with_the_definition_at_the_edges() {
        let q = 1_073_692_673u32;
        let edges = [0u32, 1, 2, q / 2, q / 2 + 1, q - 2, q - 1];
        let values: Vec<u32> = (0..1003u32)
            .map(|i| match i % 3 {
                0 => edges[i as usize / 3 % 7],
                _ => i.wrapping_mul(2_654_435_761) % q,
            })
            .collect();
        let digits: Vec<u32> = values.iter().rev().copied().collect();
        let fraction = [u32::MAX, 0x8000_0001, 0x3fff_ffff];
        let wide = fraction
            .iter()
            .rev()
            .fold(0u128, |d, w| (d << 32) | u128::from(*w));
        for level in Simd::supported_levels() {
            let simd = level.verify().unwrap();
            let mut sums = values.clone();
            shift_add(simd, q, (1u64 << 47) / u64::from(q), &mut sums, &digits);
            for ((sum, x), d) in sums.iter().zip(&values).zip(&digits) {
                let want = (u64::from(*x) * 32768 + u64::from(*d)) % u64::from(q);
                assert_eq!(u64::from(*sum), want, "{level} {x} {d}");
            }
            let mut fractions = vec![u64::MAX; values.len()];
            add_fraction(simd, fraction, &mut fractions, &values);
            for (f, x) in fractions.iter().zip(&values) {
                let product = wide.wrapping_mul(u128::from(*x)) % (1 << 94);
                assert_eq!(*f, u64::MAX.wrapping_add((product >> 30) as u64), "{level}");
            }
            let mut rounded = fractions.clone();
            round_top(simd, 40, &mut rounded);
            for (r, f) in rounded.iter().zip(&fractions) {
                let want = ((u128::from(*f) + (1 << 23)) >> 24) % (1 << 40);
                assert_eq!(u128::from(*r), want, "{level}");
            }
            let (mut low, mut high) = (vec![0; fractions.len()], vec![0; fractions.len()]);
            split(simd, 20, &fractions, &mut low, &mut high);
            let p = (1 << 50) - 27;
            let residue = |x: i64| x.rem_euclid(p as i64) as u64;
            for (low, high) in low.iter_mut().zip(&mut high) {
                assert!(*low < 1 << 20 && *high < 1 << 44);
                *low = residue(-(*low as i64));
                *high = residue(*high as i64);
            }
            join(simd, 20, p, &low, &mut high);
            for (joined, f) in high.iter().zip(&fractions) {
                let (low, high) = (f & 0xf_ffff, f >> 20 << 20);
                assert_eq!(*joined, high.wrapping_sub(low), "{level}");
            }
        }
    }
}
