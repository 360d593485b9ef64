//! Noise bounds for one linear layer: what a planner proves before it chooses scales and moduli.
//!
//! Two bounds on the absolute value of one coefficient, both over the whole integers:
//!
//! * **worst case**: holds always, since errors are bounded (|e| <= 21, |s|, |u| <= 1);
//! * **tail**: holds except with probability 2^-lambda for each coefficient.
//!
//! For the tail, a CBD(21) error is a sum of 42 independent coins +-1/2, each sub-Gaussian with variance
//! proxy 1/4 (Hoeffding's lemma), so its proxy *equals* its variance 10.5. Proxies of independent sums
//! add, weighted by the squares of their coefficients, and P(|X| > t) <= 2 exp(-t^2 / (2 v)), which is
//! 2^-lambda at t = sqrt(2 ln 2 (lambda + 1) v).
//!
//! | term | worst case | variance proxy v |
//! |---|---|---|
//! | sum w_i e_i | 21 l1 | 10.5 l2^2 |
//! | e u + e1 s (given u and s) | 21 * 2N | 10.5 * 2N |
//! | e0, CBD | 21 | 10.5 |
//! | e0, flooding of width w | w/2 | w/2 is added to t as it is |
//! | eps0 + eps1 s of the switch, in units of the target | (N + 1)/2 | (N + 1)/4 |
//!
//! The last proxy treats the rounding errors of c1 as independent and uniform, which they are for uniform
//! c1: re-randomisation makes c1 pseudorandom, so this is a computational statement (RLWE). The worst
//! case needs no such assumption.

use crate::ErrorTerm;
use crate::sample::{ERROR_BOUND, ERROR_VARIANCE};

/// The norms of the weight row with the largest noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearLayer {
    /// max over outputs of sum |w_i|.
    pub l1_norm: u64,
    /// max over outputs of sum w_i^2.
    pub l2_norm_squared: u64,
}

impl LinearLayer {
    /// The norms of a matrix of `terms` columns, row-major.
    pub fn from_weights(weights: &[i16], terms: usize) -> Self {
        let mut norms = Self {
            l1_norm: 0,
            l2_norm_squared: 0,
        };
        for row in weights.chunks(terms.max(1)) {
            let absolute = |&w: &i16| u64::from(w.unsigned_abs());
            norms.l1_norm = norms.l1_norm.max(row.iter().map(absolute).sum());
            let square = |w: &i16| absolute(w) * absolute(w);
            norms.l2_norm_squared = norms.l2_norm_squared.max(row.iter().map(square).sum());
        }
        norms
    }

    /// The norms that any `terms` weights of absolute value at most `max_weight` stay within: a bound
    /// that is public where shapes and weight widths are.
    pub fn from_shape(terms: usize, max_weight: u32) -> Self {
        let (n, w) = (terms as u64, u64::from(max_weight));
        Self {
            l1_norm: n.saturating_mul(w),
            l2_norm_squared: n.saturating_mul(w.saturating_mul(w)),
        }
    }
}

/// Bounds on one coefficient's noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseBound {
    /// Never exceeded.
    pub worst_case: f64,
    /// Exceeded with probability at most 2^-lambda a coefficient.
    pub tail: f64,
}

/// The sources of noise of a layer, and the wished certainty.
#[derive(Clone, Copy, Debug)]
pub struct NoiseModel {
    /// Ring degree N.
    pub degree: usize,
    /// Distribution of e0 in the re-randomisation.
    pub error0: ErrorTerm,
    /// lambda: the tail bound fails with probability at most 2^-lambda a coefficient. For 2^-40 over n
    /// coefficients take 40 + log2 n.
    pub failure_bits: f64,
}

impl NoiseModel {
    fn tail(&self, proxy: f64) -> f64 {
        (2.0 * std::f64::consts::LN_2 * (self.failure_bits + 1.0) * proxy).sqrt()
    }

    /// Proxy of the switch, in units of the target modulus.
    fn switch_proxy(&self) -> f64 {
        (self.degree as f64 + 1.0) / 4.0
    }

    /// (worst case, proxy, addition to the tail) modulo q.
    fn before_switch(&self, layer: LinearLayer) -> (f64, f64, f64) {
        let n = self.degree as f64;
        let bound = f64::from(ERROR_BOUND);
        let mut worst = bound * (layer.l1_norm as f64 + 2.0 * n);
        let mut proxy = ERROR_VARIANCE * (layer.l2_norm_squared as f64 + 2.0 * n);
        let mut flood = 0.0;
        match self.error0 {
            ErrorTerm::CentredBinomial => {
                worst += bound;
                proxy += ERROR_VARIANCE;
            }
            ErrorTerm::Uniform { width } => {
                flood = width as f64 / 2.0;
                worst += flood;
            }
        }
        (worst, proxy, flood)
    }

    /// Noise of a linear layer over fresh ciphertexts after re-randomisation, modulo q.
    pub fn layer(&self, layer: LinearLayer) -> NoiseBound {
        let (worst_case, proxy, flood) = self.before_switch(layer);
        NoiseBound {
            worst_case,
            tail: (self.tail(proxy) + flood).min(worst_case),
        }
    }

    /// The same after switching from `modulus` to 2^`bits`, in units of the target: the distance of
    /// the decrypted value from the exact rational m 2^bits / modulus.
    pub fn switched_layer(&self, layer: LinearLayer, modulus: u64, bits: u32) -> NoiseBound {
        let (worst, proxy, flood) = self.before_switch(layer);
        let scale = f64::from(bits).exp2() / modulus as f64;
        let worst_case = worst * scale + (self.degree as f64 + 1.0) / 2.0;
        let proxy = proxy * scale * scale + self.switch_proxy();
        NoiseBound {
            worst_case,
            tail: (self.tail(proxy) + flood * scale).min(worst_case),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_and_bounds_of_a_small_layer_by_hand() {
        let layer = LinearLayer::from_weights(&[3, -4, 0, 1, 1, 1], 3);
        assert_eq!(
            layer,
            LinearLayer {
                l1_norm: 7,
                l2_norm_squared: 25
            }
        );
        let shape = LinearLayer::from_shape(3, 4);
        assert_eq!(
            shape,
            LinearLayer {
                l1_norm: 12,
                l2_norm_squared: 48
            }
        );
        let mut model = NoiseModel {
            degree: 2048,
            error0: ErrorTerm::CentredBinomial,
            failure_bits: 40.0,
        };
        let bound = model.layer(layer);
        assert_eq!(bound.worst_case, 21.0 * (7.0 + 4096.0 + 1.0));
        let v = 10.5 * (25.0 + 4096.0 + 1.0);
        assert!((bound.tail - (2.0 * 41.0 * std::f64::consts::LN_2 * v).sqrt()).abs() < 1e-9);
        assert!(
            (2.0 * (-bound.tail * bound.tail / (2.0 * v)).exp() - (-40f64).exp2()).abs() < 1e-20
        );

        model.error0 = ErrorTerm::Uniform { width: 1 << 20 };
        let flooded = model.layer(layer);
        assert_eq!(
            flooded.worst_case,
            21.0 * (7.0 + 4096.0) + f64::from(1 << 19)
        );
        assert!(flooded.tail > f64::from(1 << 19) && flooded.tail < flooded.worst_case);

        model.error0 = ErrorTerm::CentredBinomial;
        let switched = model.switched_layer(layer, 998_244_353, 22);
        let scale = f64::from(1 << 22) / 998_244_353.0;
        assert!((switched.worst_case - (bound.worst_case * scale + 1024.5)).abs() < 1e-9);
        assert!(switched.tail < 200.0);
    }
}
