//! What must hold for a shared value to be exact.
//!
//! In quarter units (m counts four), the key owner's share plus the evaluator's is 4 m + d modulo 2^(L+2), with
//! d = nu + rho_0 + rho_1: nu the noise below, rho_0 the rounding of c0 and rho_1 that of the key owner's share, each in
//! [-1/2, 1/2]. d is an integer. If |nu| < 1, then -2 < d < 2, so d + 2 is in [1, 3] and (4 m + d + 2) >> 2 = m. nu adds up
//!
//! | term, in units of Q | variance proxy | bound |
//! |---|---|---|
//! | sum w_i e_i over the terms T of one coefficient | 10.5 T w^2 | |
//! | sum w_i eta_i, eta the rounding of the encoding | | T w / 2 |
//! | e u + e1 s + e0 (given u and s) | 10.5 (2N + 1) | |
//!
//! times 2^(L+2) / Q, and in units of 2^k, times 2^(L+2-k),
//!
//! | term | variance proxy | bound |
//! |---|---|---|
//! | eps s, eps the rounding of c1 (given s) | N / 12 | |
//! | fixed point of the switch (c1 s, and c0) | | (N + 1) 2n 2^(k-64) |
//!
//! A CBD(21) error has proxy 10.5 (see [`crate::noise`]). A rounding error of the uniform c1 is uniform on [-1/2, 1/2] up to the
//! grid 2^k / Q, and E exp(t eps) = sinh(t/2) / (t/2) <= exp(t^2 / 24), as (2j+1)! >= 6^j j! term by term: proxy 1/12.
//! That c1 is uniform is computational (RLWE with the evaluator's u). Errors weigh w each at most: T counts all
//! coefficients of the weight polynomial, for other outputs' weights bring their noise into this one's coefficient.
//! P(|X| > t) <= 2 exp(-t^2 / (2 v)) is 2^-lambda at t = sqrt(2 ln 2 (lambda + 1) v).

use super::{RnsSwitch, Widths};
use crate::RingContext;
use crate::sample::ERROR_VARIANCE;

/// lambda a coefficient: 2^-40 over 2^25 coefficients, such as 8,192 outputs of 4,096 rows.
pub const FAILURE_BITS: f64 = 65.0;

/// The public shape of an integer linear map.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// T: weights that bring noise into one coefficient.
    pub terms: usize,
    /// Bound on the weights' absolute values.
    pub max_weight: f64,
}

/// Bound on |nu| in quarter units that holds but with probability 2^-[`FAILURE_BITS`] a coefficient; values are exact below 1.
pub fn quarter_units(context: &RingContext<u32>, widths: Widths, shape: Shape) -> f64 {
    let n = context.degree() as f64;
    let (terms, weight) = (shape.terms as f64, shape.max_weight);
    let log_q: f64 = context.moduli().map(|m| f64::from(m.value()).log2()).sum();
    let share = f64::from(widths.share);
    let of_q = (share - log_q).exp2();
    let of_second = (share - f64::from(widths.second)).exp2();
    let before = ERROR_VARIANCE * (terms * weight * weight + 2.0 * n + 1.0);
    let proxy = before * of_q * of_q + n / 12.0 * of_second * of_second;
    let limbs = context.limbs().len();
    let fixed = terms * weight / 2.0 * of_q
        + n * RnsSwitch::excess(limbs, widths.second) * of_second
        + RnsSwitch::excess(limbs, widths.share);
    (2.0 * std::f64::consts::LN_2 * (FAILURE_BITS + 1.0) * proxy).sqrt() + fixed
}
