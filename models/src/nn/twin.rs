//! The fixed-point twin: deterministic integer arithmetic that the private protocol follows within a proven bound.
//!
//! For an image, stage by stage, with `q` the modulus, `2^k` the shares' ring, `u = 2^(k-l)` the unit of a comparison:
//!
//! ```text
//! m  = W y + b                                  exact; then centred modulo q, so that a ReLU's overflow wraps as in the protocol
//! x  = round(m 2^k / q)                         half up, centred modulo 2^k
//! x  = the largest x of every window            where maxima follow
//! y' = round(x / 2^h) if x >= u, else 0         times the stage's multiplier; without a ReLU round(x / 2^h)
//! class = the lowest index of the largest round(x / u)      (last stage, u of the argmax)
//! score = round(x / 2^(k-l)) 2^step             (last stage, if scores of l bits are opened instead)
//! ```
//!
//! **Bound.** Element by element. Let `E` bound the noise of a stage's conversion ([`StageReport::noise`], its tail: exceeded by no value
//! of a full batch but with probability `2^-40`). If the protocol's inputs differ from the twin's by at most `d_i`, then output `o` differs before
//! the non-linear layer by at most
//!
//! ```text
//! X_o = (sum_i |w_{o,i}| d_i) 2^k / q + E + 1
//! ```
//!
//! **Maxima.** A comparison of the protocol returns one of its two values exactly, never the smaller where they differ by `2u` or more. So a
//! tournament of `L` levels returns one of its window's values `x'_i`, at least `max x'_i - 2uL`; with `x_i - X_i <= x'_i <= x_i + X_i` the result lies between
//! `max(x_i - X_i) - 2uL` and `max(x_i + X_i)`. Its distance from the twin's `max x_i` is at most the larger of the two ends'; in short
//! `|max a - max b| <= max X_i`, plus `2u` a level. This needs every `|x_i| + X_i < 2^(k-2) - 2u`, so that differences fit.
//!
//! **Activations.** The protocol passes every `x >= 2u` and no `x < 0`, and truncates within one ([`halfmask_bridge::mpc::relu`]). So a ReLU's output differs by at most
//!
//! ```text
//! 0                          where x + X < 0        both are zero
//! X / 2^h + 3/2              where x - X >= 2u      both pass
//! (X + 2u) / 2^h + 2         elsewhere
//! ```
//!
//! times the multiplier, as long as nothing wraps, which is checked; without a ReLU it is `X / 2^h + 3/2`. At the argmax every value is within `X + u` of the twin's, so the class `c`
//! is the same if `x_c - x_j > X_c + X_j + 2u` for every other `j`: then the label is *certified* ([`Twin::certify`]). A score is the protocol's value
//! rounded, so it differs from the twin's unrounded `x 2^(l-k+step)` by at most `(1/2 + X / 2^(k-l)) 2^step` ([`Twin::scores`]). The bound is worst case
//! over signs, so it certifies less than what in fact agrees.
//!
//! **Replay.** [`replay()`] takes the shares of both parties at the entry of every non-linear layer, that is, masks and noise, and
//! reproduces the protocol's outputs bit for bit; a test does so with a recorded run.

use crate::Error;
use crate::nn::plan::{Activation, Plan, Stage};
use crate::nn::planner::StageReport;
use crate::nn::quantised::QuantisedNetwork;
use halfmask_bridge::linear::IntegerLinear;

mod bound;
mod replay;

pub use replay::{Replay, Shares, StageShares, replay};

/// The deterministic evaluator of a quantised network.
#[derive(Clone, Copy, Debug)]
pub struct Twin<'a> {
    network: &'a QuantisedNetwork,
}

/// What the twin computes for one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwinOutput {
    /// The class.
    pub class: usize,
    /// `x` of the last stage, in units of the shares.
    pub scores: Vec<i64>,
    /// Difference of the largest and the second largest score.
    pub margin: i64,
}

/// The scores of one image as the twin has them, in the model's units.
#[derive(Clone, Debug, PartialEq)]
pub struct TwinScores {
    /// Before rounding.
    pub values: Vec<f64>,
    /// For each the largest distance of the protocol's score; infinite if a value may have wrapped.
    pub bounds: Vec<f64>,
}

/// What a pass through the network finds.
struct Pass {
    output: TwinOutput,
    certified: bool,
    /// How far the protocol's last values may differ, and whether nothing wraps.
    reach: Vec<f64>,
    inside: bool,
}

impl<'a> Twin<'a> {
    /// The twin of a network.
    #[must_use]
    pub fn new(network: &'a QuantisedNetwork) -> Self {
        Self { network }
    }

    fn plan(&self) -> &'a Plan {
        self.network.plan()
    }

    /// The stages with their integer layers.
    fn stages(&self) -> impl Iterator<Item = (&'a Stage, &'a IntegerLinear)> {
        self.plan()
            .stages
            .iter()
            .zip(self.network.layers().iter().map(|l| &l.linear))
    }

    /// Evaluates one image, given as quantised integers before the input multiplier.
    ///
    /// # Errors
    /// If the image has another size.
    pub fn evaluate(&self, image: &[i64]) -> Result<TwinOutput, Error> {
        Ok(self.pass(image, None)?.output)
    }

    /// Evaluates one image, and tells whether the bound proves that the protocol opens the same class.
    ///
    /// # Errors
    /// If the image has another size.
    pub fn certify(
        &self,
        image: &[i64],
        report: &[StageReport],
    ) -> Result<(TwinOutput, bool), Error> {
        let pass = self.pass(image, Some(report))?;
        Ok((pass.output, pass.certified))
    }

    /// The scores of one image and their bounds.
    ///
    /// # Errors
    /// If the image has another size, or the plan does not open scores.
    pub fn scores(&self, image: &[i64], report: &[StageReport]) -> Result<TwinScores, Error> {
        let Some((spec, step)) = self.plan().scores() else {
            return Err(Error::Plan("the plan opens a class, not scores".into()));
        };
        let pass = self.pass(image, Some(report))?;
        let scale = f64::from(spec.dropped_bits).exp2();
        let bound = |reach: &f64| match pass.inside {
            true => (0.5 + reach / scale) * step,
            false => f64::INFINITY,
        };
        Ok(TwinScores {
            values: pass
                .output
                .scores
                .iter()
                .map(|x| *x as f64 / scale * step)
                .collect(),
            bounds: pass.reach.iter().map(bound).collect(),
        })
    }

    fn pass(&self, image: &[i64], report: Option<&[StageReport]>) -> Result<Pass, Error> {
        let plan = self.plan();
        let q = f64::from(plan.modulus());
        let mut y = plan.encode(image);
        let mut d = vec![0.0; plan.inputs()];
        let mut inside = report.is_some();
        let mut pass = Pass {
            output: TwinOutput {
                class: 0,
                scores: Vec::new(),
                margin: i64::MAX,
            },
            certified: false,
            reach: Vec::new(),
            inside: false,
        };
        for (i, (stage, linear)) in self.stages().enumerate() {
            let k = stage.share_bits;
            let mut x: Vec<i64> = linear
                .plain(&y)?
                .into_iter()
                .map(|m| switch(m, plan.modulus(), k))
                .collect();
            let ring = f64::from(k).exp2();
            let mut reach: Vec<f64> = match report {
                None => Vec::new(),
                Some(report) => {
                    let noise = report.get(i).map_or(f64::INFINITY, |r| r.noise.tail);
                    linear
                        .spread(&d)?
                        .into_iter()
                        .map(|s| s * ring / q + noise + 1.0)
                        .collect()
                }
            };
            inside = inside && bound::inside(&x, &reach, stage.limit());
            for pool in &stage.pool {
                let unit = f64::from(k - pool.width).exp2();
                (x, reach) = bound::pooled(&pool.geometry()?, &x, &reach, unit);
            }
            match stage.then {
                Activation::Relu {
                    width,
                    shift,
                    multiplier,
                    ..
                } => {
                    let unit = 1i64 << (k - width);
                    let differs = |(x, reach): (&i64, &f64)| {
                        bound::relu(*x as f64, *reach, unit as f64, shift) * f64::from(multiplier)
                    };
                    d = x.iter().zip(&reach).map(differs).collect();
                    let relu = |x: &i64| {
                        if *x >= unit {
                            round_shift(*x, shift)
                        } else {
                            0
                        }
                    };
                    y = self.multiplied(x.iter().map(relu), multiplier);
                }
                Activation::Rescale { shift, multiplier } => {
                    d = reach
                        .iter()
                        .map(|r| bound::rescale(*r, shift) * f64::from(multiplier))
                        .collect();
                    y = self.multiplied(x.iter().map(|x| round_shift(*x, shift)), multiplier);
                }
                Activation::Argmax { width, .. } | Activation::Logits { width, .. } => {
                    let unit = f64::from(k - width).exp2();
                    let rounded: Vec<i64> = x.iter().map(|x| round_shift(*x, k - width)).collect();
                    let class = first_largest(&rounded);
                    pass.certified = inside && bound::wins(class, &x, &reach, unit);
                    pass.output.class = class;
                    pass.output.scores = x;
                    (pass.reach, pass.inside) = (reach, inside);
                    break;
                }
            }
        }
        let mut sorted = pass.output.scores.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        if let [first, second, ..] = sorted.as_slice() {
            pass.output.margin = first - second;
        }
        Ok(pass)
    }

    /// Integers times the public factor, centred modulo `q`.
    fn multiplied(&self, values: impl Iterator<Item = i64>, factor: u32) -> Vec<i64> {
        let q = i64::from(self.plan().modulus());
        values.map(|v| centre(v * i64::from(factor), q)).collect()
    }
}

/// The representative in `(-n/2, n/2]` or `[-n/2, n/2)` for even `n`.
fn centre(x: i64, n: i64) -> i64 {
    let r = x.rem_euclid(n);
    if r >= n - n / 2 { r - n } else { r }
}

/// `round(m 2^k / q)` half up, centred modulo `2^k`, for `m` centred modulo `q`.
fn switch(m: i64, q: u32, k: u32) -> i64 {
    let q = i64::from(q);
    let m = i128::from(centre(m, q));
    let rounded = (2 * (m << k) + i128::from(q)).div_euclid(2 * i128::from(q));
    centre(rounded as i64, 1 << k)
}

fn round_shift(x: i64, shift: u32) -> i64 {
    if shift == 0 {
        x
    } else {
        (x + (1 << (shift - 1))) >> shift
    }
}

fn first_largest(values: &[i64]) -> usize {
    let mut best = 0;
    let mut largest = i64::MIN;
    for (i, v) in values.iter().enumerate() {
        if *v > largest {
            best = i;
            largest = *v;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switching_rounds_half_up_and_wraps() {
        assert_eq!(centre(8, 16), -8);
        assert_eq!(centre(7, 16), 7);
        assert_eq!(centre(9, 17), -8);
        assert_eq!(centre(8, 17), 8);
        for m in -20..20i64 {
            let exact = centre(m, 17) as f64 * 8.0 / 17.0;
            let got = switch(m, 17, 3) as f64;
            let distance = (got - exact).rem_euclid(8.0);
            assert!(distance.min(8.0 - distance) <= 0.5, "{m}: {got} {exact}");
        }
        assert_eq!(
            [round_shift(3, 1), round_shift(-3, 1), round_shift(5, 0)],
            [2, -1, 5]
        );
        assert_eq!(first_largest(&[1, 5, 5, 2]), 1);
    }
}
