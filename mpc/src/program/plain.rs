//! The program in the clear: what the protocol must open, bit for bit.
#![expect(
    clippy::indexing_slicing,
    reason = "wires are the program's own, numbered by its builder; row lengths are checked"
)]

use super::{KnownWord, Program, Source};
use crate::Error;

/// Rows evaluated at once, a bit each.
const SLICES: usize = 64;

/// A bit of a word in up to 64 rows; what is missing counts as zero.
fn slice<'a>(rows: impl Iterator<Item = &'a [u64]>, word: usize, bit: usize) -> u64 {
    let bits = rows.map(|row| row.get(word).copied().unwrap_or(0) >> bit & 1);
    bits.enumerate().fold(0, |slice, (i, bit)| slice | bit << i)
}

/// Row `row` of words `[row][word]`, `each` in a row.
fn row_of(words: &[u64], each: usize, row: usize) -> &[u64] {
    &words[row * each..(row + 1) * each]
}

impl Program {
    /// The opened words of one row. Words that are missing count as zero; of each the low bits count.
    #[must_use]
    pub fn evaluate(&self, constants: &[u64], secrets: &[u64], inputs: &[u64]) -> Vec<u64> {
        self.evaluate_slices(constants, &[secrets], &[inputs])
    }

    /// The opened words of `rows` rows, `[row][word]`, from words in the same order.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not as many words as the program and the rows need.
    pub fn evaluate_rows(
        &self,
        constants: &[u64],
        secrets: &[u64],
        inputs: &[u64],
        rows: usize,
    ) -> Result<Vec<u64>, Error> {
        let [of_all, secret, input] = [&self.constants, &self.secrets, &self.inputs].map(Vec::len);
        Self::check("constants of a program", constants.len(), of_all, 1)?;
        Self::check("secret words of a program", secrets.len(), secret, rows)?;
        Self::check("input words of a program", inputs.len(), input, rows)?;
        let mut opened = Vec::with_capacity(rows.saturating_mul(self.opened.len()));
        for first in (0..rows).step_by(SLICES) {
            let rows = first..rows.min(first + SLICES);
            let secrets: Vec<_> = rows.clone().map(|r| row_of(secrets, secret, r)).collect();
            let inputs: Vec<_> = rows.map(|r| row_of(inputs, input, r)).collect();
            opened.extend(self.evaluate_slices(constants, &secrets, &inputs));
        }
        Ok(opened)
    }

    /// Up to 64 rows: their secrets and inputs.
    fn evaluate_slices(
        &self,
        constants: &[u64],
        secrets: &[&[u64]],
        inputs: &[&[u64]],
    ) -> Vec<u64> {
        let mut wires = vec![0u64; self.wires];
        let given = self.words.iter();
        let given = given.filter(|word| matches!(word.source, Source::Input { .. }));
        for (i, word) in given.enumerate() {
            for bit in 0..word.bits {
                wires[word.wire + bit] = slice(inputs.iter().copied(), i, bit);
            }
        }
        for operation in self.live() {
            let mut read = Vec::new();
            for word in self.operands_of(operation) {
                read.extend_from_slice(&wires[word.wire..word.wire + word.bits]);
            }
            let mut known = Vec::new();
            for (word, bits) in self.known_of(operation) {
                known.extend((0..bits).map(|bit| match word {
                    KnownWord::Secret(s) => slice(secrets.iter().copied(), s.0, bit),
                    KnownWord::Constant(c) => {
                        (constants.get(c.0).copied().unwrap_or(0) >> bit & 1).wrapping_neg()
                    }
                }));
            }
            let out = self.template_of(operation).evaluate(&read, &known);
            wires[operation.wire..operation.wire + out.len()].copy_from_slice(&out);
        }
        let rows = 0..inputs.len();
        let value = |row: usize, word: &usize| {
            let word = self.word(*word);
            let bits = wires[word.wire..word.wire + word.bits].iter().enumerate();
            bits.fold(0, |value, (bit, slice)| value | (slice >> row & 1) << bit)
        };
        rows.flat_map(|row| self.opened.iter().map(move |word| value(row, word)))
            .collect()
    }
}
