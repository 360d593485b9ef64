//! Coefficient packing: where inputs, weights and results stand.
//!
//! A row's n inputs are cut into `pieces` of `stride` = n' (the last one may be shorter). For R rows and O outputs with R O n' <= N
//!
//! ```text
//! x(X) = sum_r sum_i x_{r,i} X^(r O n' + i)          w(X) = sum_o sum_i W_{o,i} X^(o n' + n' - 1 - i)
//! ```
//!
//! and coefficient r O n' + o n' + n' - 1 of x w modulo X^N + 1 is sum_i W_{o,i} x_{r,i}: an exponent (r' O + o') n' + (i' - i) +
//! n' - 1 with |i' - i| < n' and o' < O equals it only for r' = r, o' = o and i' = i; and what wraps around, of exponents
//! up to R O n' + n' - 2, lands at n' - 2 at most, below the first result. Pieces add up (Cheetah, USENIX Security
//! 2022, section 3.2, packs a matrix-vector product in this way for one row).

use super::spec::ExactSpec;

/// The layout of one matrix for R rows a polynomial.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    inputs: usize,
    outputs: usize,
    pieces: usize,
    stride: usize,
    /// R.
    rows: usize,
    /// O.
    each: usize,
}

impl Layout {
    /// For `rows` rows a polynomial, at least 1 and at most [`ExactSpec::slots`].
    pub(super) fn new(spec: &ExactSpec, rows: usize) -> Self {
        let rows = rows.clamp(1, spec.slots());
        Self {
            inputs: spec.inputs,
            outputs: spec.outputs,
            pieces: spec.pieces(),
            stride: spec.stride(),
            rows,
            each: (spec.slots() / rows).min(spec.outputs),
        }
    }

    /// R.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Ciphertexts of R rows.
    pub(super) fn pieces(&self) -> usize {
        self.pieces
    }

    /// Answers of R rows.
    pub(super) fn answers(&self) -> usize {
        self.outputs.div_ceil(self.each)
    }

    /// The outputs that an answer carries.
    pub(super) fn outputs(&self, answer: usize) -> std::ops::Range<usize> {
        let end = ((answer + 1) * self.each).min(self.outputs);
        (answer * self.each).min(end)..end
    }

    /// Where the results of `outputs` outputs for the first `rows` rows stand, row by row.
    pub(super) fn positions(&self, rows: usize, outputs: usize) -> Vec<u32> {
        let place = |r, o| ((r * self.each + o + 1) * self.stride - 1) as u32;
        (0..rows)
            .flat_map(|r| (0..outputs).map(move |o| place(r, o)))
            .collect()
    }

    /// The inputs of a piece.
    fn piece(&self, piece: usize) -> std::ops::Range<usize> {
        let end = ((piece + 1) * self.stride).min(self.inputs);
        (piece * self.stride).min(end)..end
    }

    /// Writes a piece of `rows` (`[row][input]`, at most R of them) into the first coefficients of `out`.
    pub(super) fn inputs(&self, rows: &[u32], piece: usize, out: &mut [u32]) {
        out.fill(0);
        let pitch = self.each * self.stride;
        for (row, out) in rows.chunks_exact(self.inputs).zip(out.chunks_mut(pitch)) {
            let from = row.get(self.piece(piece)).unwrap_or_default();
            for (to, x) in out.iter_mut().zip(from) {
                *to = *x;
            }
        }
    }

    /// Writes the weights of one answer and piece.
    pub(super) fn weights(
        &self,
        coefficients: &[i32],
        answer: usize,
        piece: usize,
        out: &mut [i64],
    ) {
        out.fill(0);
        let rows = coefficients
            .chunks_exact(self.inputs)
            .skip(self.outputs(answer).start)
            .take(self.each);
        for (row, out) in rows.zip(out.chunks_exact_mut(self.stride)) {
            let from = row.get(self.piece(piece)).unwrap_or_default();
            for (to, w) in out.iter_mut().rev().zip(from) {
                *to = i64::from(*w);
            }
        }
    }
}
