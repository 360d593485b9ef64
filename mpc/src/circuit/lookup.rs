//! Public tables by one-hot decoding.

use super::builder::{Builder, Wire};
use crate::Error;

/// Bits an index into a table may have.
pub const MAX_INDEX_BITS: usize = 16;

impl Builder {
    /// The one-hot decoding of `k` index bits: wire `i` of `2^k` is set where the index is `i`.
    ///
    /// Bit by bit, every wire `h` splits into `h and x` and `h xor (h and x)`; of the former one is `x` without the sum of the others.
    /// So `2^k - k - 1` gates, as many as there are products of two and more of the bits; depth `k - 1`.
    ///
    /// # Errors
    /// [`Error::Circuit`] above [`MAX_INDEX_BITS`] bits.
    pub fn one_hot(&mut self, index: &[Wire]) -> Result<Vec<Wire>, Error> {
        if index.len() > MAX_INDEX_BITS {
            return Err(Error::Circuit {
                what: "a table's index has at most 16 bits",
            });
        }
        let mut hot = vec![self.constant(true)];
        for &x in index {
            let others: Vec<Wire> = hot.iter().skip(1).map(|&h| self.and(h, x)).collect();
            let sum = self.parity(&others);
            let first = self.xor(x, sum);
            let high: Vec<Wire> = std::iter::once(first).chain(others).collect();
            for (low, &high) in hot.iter_mut().zip(&high) {
                *low = self.xor(*low, high);
            }
            hot.extend(high);
        }
        Ok(hot)
    }

    /// `table[index]`, `bits` bits (at most 64); entries beyond the table are zero. At most `2^k - k - 1` gates, whatever `bits` is:
    /// every output is a sum of one-hot wires.
    ///
    /// # Errors
    /// [`Error::Circuit`] if the index is too long, the table longer than the index can tell, or `bits` above 64.
    pub fn lookup(
        &mut self,
        index: &[Wire],
        table: &[u64],
        bits: usize,
    ) -> Result<Vec<Wire>, Error> {
        let hot = self.one_hot(index)?;
        if table.len() > hot.len() || bits > 64 {
            return Err(Error::Circuit {
                what: "a table has at most 2^k entries of at most 64 bits",
            });
        }
        Ok((0..bits).map(|bit| self.column(&hot, table, bit)).collect())
    }

    /// One output bit: the sum over the entries where it is set, or, where that is shorter, over the others.
    fn column(&mut self, hot: &[Wire], table: &[u64], bit: usize) -> Wire {
        let entry = |i: usize| table.get(i).is_some_and(|v| v >> bit & 1 == 1);
        let ones = (0..hot.len()).filter(|&i| entry(i)).count();
        let wanted = 2 * ones <= hot.len();
        let summed: Vec<Wire> = hot
            .iter()
            .enumerate()
            .filter_map(|(i, &hot)| (entry(i) == wanted).then_some(hot))
            .collect();
        let sum = self.parity(&summed);
        if wanted { sum } else { self.not(sum) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::testing::assert_computes;
    use crate::rng::SecureRng;
    use rand_core::Rng;

    #[test]
    fn decoder() {
        for k in 0..=6usize {
            let mut b = Builder::new();
            let x = b.inputs(k);
            let hot = b.one_hot(&x).unwrap();
            let t = b.build(&hot).unwrap();
            assert_eq!(t.and_gates(), (1 << k) - k - 1);
            assert_eq!(t.and_depth(), k.saturating_sub(1));
            assert_computes(&t, &[k], &[], |e, _| 1 << e[0]);
        }
        let mut b = Builder::new();
        let x = b.inputs(17);
        assert!(b.one_hot(&x).is_err());
    }

    #[test]
    fn tables() {
        let mut rng = SecureRng::from_seed([8; 32]);
        for (k, n, bits) in [(0, 1, 5), (1, 2, 64), (3, 8, 9), (5, 21, 33), (8, 256, 8)] {
            let table: Vec<u64> = (0..n)
                .map(|_| rng.next_u64() >> (64 - bits as u32))
                .collect();
            let mut b = Builder::new();
            let x = b.inputs(k);
            let out = b.lookup(&x, &table, bits).unwrap();
            let t = b.build(&out).unwrap();
            let bound = (1 << k) - k - 1;
            assert!(t.and_gates() <= bound);
            assert_computes(&t, &[k], &[], |e, _| {
                table.get(e[0] as usize).copied().unwrap_or(0)
            });
        }
        let mut b = Builder::new();
        let x = b.inputs(2);
        assert!(b.lookup(&x, &[0; 5], 1).is_err());
        assert!(b.lookup(&x, &[0; 4], 65).is_err());
    }
}
