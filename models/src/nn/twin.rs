//! The fixed-point twin: deterministic integer arithmetic that the private protocol follows within a proven bound.
//!
//! For an image, stage by stage, with `q` the modulus, `2^k` the shares' ring, `u = 2^(k-l)` the unit of a comparison:
//!
//! ```text
//! m  = W y + b                                  exact; then centred modulo q, so that a ReLU's overflow wraps as in the protocol
//! x  = round(m 2^k / q)                         half up, centred modulo 2^k
//! y' = round(x / 2^h) if x >= u, else 0         times the stage's multiplier
//! class = the lowest index of the largest round(x / u)      (last stage, u of the argmax)
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
//! The protocol passes every `x >= 2u` and no `x < 0`, and truncates within one ([`halfmask_bridge::mpc::relu`]). So a ReLU's output differs by at most
//!
//! ```text
//! 0                          where x + X < 0        both are zero
//! X / 2^h + 3/2              where x - X >= 2u      both pass
//! (X + 2u) / 2^h + 2         elsewhere
//! ```
//!
//! times the multiplier, as long as nothing wraps, which is checked. At the argmax every value is within `X + u` of the twin's, so the class `c`
//! is the same if `x_c - x_j > X_c + X_j + 2u` for every other `j`: then the label is *certified* ([`Twin::certify`]). The bound is worst case
//! over signs, so it certifies less than what in fact agrees.
//!
//! **Replay.** [`replay`] takes the shares of both parties at the entry of every non-linear layer, that is, masks and noise, and
//! reproduces the protocol's outputs bit for bit; a test does so with a recorded run.

use crate::Error;
use crate::nn::plan::{Activation, Plan, Stage};
use crate::nn::planner::StageReport;
use crate::nn::quantised::QuantisedNetwork;
use halfmask_bridge::mpc::argmax::argmax_reference;
use halfmask_bridge::mpc::relu::relu_reference;

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

/// What a pass through the network finds.
struct Pass {
    output: TwinOutput,
    certified: bool,
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
    fn stages(
        &self,
    ) -> impl Iterator<Item = (&'a Stage, &'a halfmask_bridge::linear::IntegerLinear)> {
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

    fn pass(&self, image: &[i64], report: Option<&[StageReport]>) -> Result<Pass, Error> {
        let plan = self.plan();
        let q = f64::from(plan.modulus());
        let mut y = plan.encode(image);
        let mut d = vec![0.0; plan.inputs()];
        let mut certified = report.is_some();
        let mut scores = Vec::new();
        let mut class = 0;
        for (i, (stage, linear)) in self.stages().enumerate() {
            let x: Vec<i64> = linear
                .plain(&y)?
                .into_iter()
                .map(|m| switch(m, plan.modulus(), stage.share_bits))
                .collect();
            let ring = f64::from(stage.share_bits).exp2();
            let reach: Vec<f64> = match report {
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
            match stage.then {
                Activation::Relu {
                    width,
                    shift,
                    multiplier,
                    ..
                } => {
                    let unit = 1i64 << (stage.share_bits - width);
                    let limit = ring / 2.0 - 3.0 * unit as f64;
                    certified &= x
                        .iter()
                        .zip(&reach)
                        .all(|(x, r)| x.abs() as f64 + r < limit);
                    d = x
                        .iter()
                        .zip(&reach)
                        .map(|(x, reach)| {
                            relu_reach(*x as f64, *reach, unit as f64, shift)
                                * f64::from(multiplier)
                        })
                        .collect();
                    let relu = |x: &i64| {
                        if *x >= unit {
                            round_shift(*x, shift)
                        } else {
                            0
                        }
                    };
                    y = x
                        .iter()
                        .map(|x| centre(relu(x) * i64::from(multiplier), i64::from(plan.modulus())))
                        .collect();
                }
                Activation::Argmax { width, .. } => {
                    let unit = f64::from(stage.share_bits - width).exp2();
                    let rounded: Vec<i64> = x
                        .iter()
                        .map(|x| round_shift(*x, stage.share_bits - width))
                        .collect();
                    class = first_largest(&rounded);
                    certified &= wins(class, &x, &reach, unit, ring);
                    scores = x;
                }
            }
        }
        let mut sorted = scores.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        let margin = match sorted.as_slice() {
            [first, second, ..] => first - second,
            _ => i64::MAX,
        };
        Ok(Pass {
            output: TwinOutput {
                class,
                scores,
                margin,
            },
            certified,
        })
    }
}

/// How far a ReLU's output may differ if its input `x` differs by at most `reach`; see the module's documentation.
fn relu_reach(x: f64, reach: f64, unit: f64, shift: u32) -> f64 {
    let scale = f64::from(shift).exp2();
    if x + reach < 0.0 {
        0.0
    } else if x - reach >= 2.0 * unit {
        reach / scale + 1.5
    } else {
        (reach + 2.0 * unit) / scale + 2.0
    }
}

/// Whether the class wins whatever the differences within `reach` and the rounding to units are.
fn wins(class: usize, x: &[i64], reach: &[f64], unit: f64, ring: f64) -> bool {
    let value = |i: usize| Some((*x.get(i)? as f64, *reach.get(i)?));
    let Some((largest, own)) = value(class) else {
        return false;
    };
    (0..x.len()).all(|j| {
        value(j).is_some_and(|(x, r)| {
            let inside = x.abs() + r < ring / 4.0 - unit;
            inside && (j == class || largest - x > own + r + 2.0 * unit)
        })
    })
}

/// Both parties' shares at the entry of one non-linear layer, `[element][image]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageShares {
    /// The client's: message, noise and mask.
    pub client: Vec<u32>,
    /// The server's: the negative mask.
    pub server: Vec<u32>,
}

/// What a replay finds for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The class the protocol opens.
    pub class: usize,
    /// For each stage the distance of `x` from `m 2^k / q`, largest over its elements, in units of the shares.
    pub noise: Vec<f64>,
    /// For each ReLU the reconstructed outputs, as residues.
    pub outputs: Vec<Vec<u32>>,
}

/// Recomputes a protocol run for image `image` of `images` from masks and noise alone.
///
/// # Errors
/// If shares are missing.
pub fn replay(
    network: &QuantisedNetwork,
    input: &[i64],
    shares: &[StageShares],
    image: usize,
    images: usize,
) -> Result<Replay, Error> {
    let twin = Twin::new(network);
    let plan = twin.plan();
    let q = i64::from(plan.modulus());
    let mut y = plan.encode(input);
    let mut found = Replay {
        class: 0,
        noise: Vec::new(),
        outputs: Vec::new(),
    };
    for ((stage, linear), shares) in twin.stages().zip(shares) {
        let column =
            |x: &[u32]| -> Vec<u32> { x.iter().skip(image).step_by(images).copied().collect() };
        let (client, server) = (column(&shares.client), column(&shares.server));
        if client.len() != linear.outputs() || server.len() != linear.outputs() {
            return Err(Error::Plan(format!(
                "layer {}: shares of another shape",
                stage.name
            )));
        }
        let ring = 1i64 << stage.share_bits;
        let mut worst = 0f64;
        for (m, (c, s)) in linear
            .plain(&y)?
            .into_iter()
            .zip(client.iter().zip(&server))
        {
            let x = (i64::from(*c) + i64::from(*s)).rem_euclid(ring) as f64;
            let exact = m.rem_euclid(q) as f64 * ring as f64 / q as f64;
            let distance = (x - exact).rem_euclid(ring as f64);
            worst = worst.max(distance.min(ring as f64 - distance));
        }
        found.noise.push(worst);
        if let (Some(spec), Activation::Relu { multiplier, .. }) = (plan.relu(stage), &stage.then) {
            let out: Vec<u32> = client
                .iter()
                .zip(&server)
                .map(|(c, s)| {
                    let t = i64::from(relu_reference(&spec, *c, *s));
                    (t * i64::from(*multiplier)).rem_euclid(q) as u32
                })
                .collect();
            // As integers: what the next layer's ciphertexts carry, centred.
            y = out.iter().map(|v| centre(i64::from(*v), q)).collect();
            found.outputs.push(out);
        } else if let Some(spec) = plan.argmax(stage) {
            found.class = argmax_reference(&spec, &client, &server);
        }
    }
    Ok(found)
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
