//! Leaves: the client's words of a variable, the server's of a leaf, and the circuits between them.
//!
//! * *Tables*: the client's word is the value or bucket, or one more if the variable is missing; a tree of multiplexers, a bit of the word a level,
//!   chooses among known constants. `v - 1` multiplexers for `v` codes.
//! * *Gaussian and Poisson in floating point*: the published formulas on the client's number; the flag "observed" gates the result.
//! * *Gaussian in fixed point*: with the position `u` and mean `m` in units of `2^-24` of the range, `m` with four bits more,
//!   `k = log2(e) / (2 s^2)` and `K = 2^64 k` of 31 bits,
//!
//!   ```text
//!   c - ((d^2 >> 24) K >> 32) 2^-16 ,   d = 16 (u - m) ,
//!   ```
//!
//!   which is off by at most two units, the rounding of `c` included: `d^2 <= 2^56` loses less than `2^24`, worth `2^16 k < 2^-18`, `K` half a unit, the last shift
//!   one. The rounding of `u` and `m` comes to as much in the far tail;
//! * *Poisson in fixed point*: `(x R >> 12) - log2 x! - C` with `R = 2^28 log2 rate`.

use super::arithmetic::{Arithmetic, Numbers, word};
use super::assembly::{Assembly, Key, Part, template};
use super::plan::{LeafKind, MOST_COUNT_BITS};
use crate::Error;
use crate::spn::float::log_factorial;
use crate::spn::graph::Distribution;
use crate::spn::statistics::{Encoding, Floors, HALF, POSITION_BITS, RATE_FLOOR, Scale};
use halfmask_bridge::mpc;
use mpc::circuit::float::{self, Format};
use mpc::circuit::{Builder, Signedness, Template, Wire};
use mpc::program::{KnownWord, Value};
use std::f64::consts::{LN_2, LOG2_E, PI};

/// Bits of a mean below a position's unit.
const MEAN_GUARD: u32 = 4;
/// Bits of `16 (u - m)` and of `16 m`.
const DISTANCE_BITS: usize = (POSITION_BITS + MEAN_GUARD) as usize + 1;
/// Bits of `K`.
const FACTOR_BITS: usize = 31;
/// Fraction bits of `R` beyond those of the result.
const RATE_GUARD: u32 = 12;
/// Bits of `R`.
const RATE_BITS: usize = 34;
/// Bits of `log2 x!` in fixed point.
const FACTORIAL_BITS: usize = 32;

/// Bits that tell `n` codes apart.
const fn index_bits(n: usize) -> usize {
    let bits = usize::BITS - n.saturating_sub(1).leading_zeros();
    if bits == 0 { 1 } else { bits as usize }
}

/// How leaves of one kind look: a variable's own, or those of its kind alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) kind: LeafKind,
    /// Values, buckets, or the largest count.
    pub(super) values: usize,
    pub(super) missing: bool,
}

impl Leaf {
    /// Bits of the client's words.
    pub(super) fn input_bits(self, numbers: &Numbers) -> Vec<usize> {
        if self.kind.is_table() {
            return vec![index_bits(self.values + usize::from(self.missing))];
        }
        let mut bits = match (self.kind, numbers) {
            (LeafKind::Poisson, Numbers::Float(f)) => vec![f.0.bits(); 2],
            (LeafKind::Poisson, Numbers::Fixed(_)) => {
                vec![MOST_COUNT_BITS as usize, FACTORIAL_BITS]
            }
            (_, Numbers::Float(f)) => vec![f.0.bits()],
            (_, Numbers::Fixed(_)) => vec![POSITION_BITS as usize],
        };
        if self.missing {
            bits.push(1);
        }
        bits
    }

    /// Bits of the server's words.
    pub(super) fn known_bits(self, numbers: &Numbers) -> Vec<usize> {
        let bits = numbers.arithmetic().bits();
        match (self.kind, numbers) {
            (LeafKind::Categories | LeafKind::Histogram, _) => vec![bits; self.values],
            (LeafKind::Gaussian, Numbers::Float(_)) => vec![bits; 3],
            (LeafKind::Gaussian, Numbers::Fixed(_)) => vec![DISTANCE_BITS, FACTOR_BITS, bits],
            (LeafKind::Poisson, Numbers::Float(_)) => vec![bits; 2],
            (LeafKind::Poisson, Numbers::Fixed(_)) => vec![RATE_BITS, bits],
        }
    }

    /// Applies its circuit.
    pub(super) fn apply(
        self,
        to: &mut Assembly,
        numbers: &Numbers,
        inputs: &[Value],
        known: &[KnownWord],
    ) -> Result<Value, Error> {
        let key: Key = match self.kind {
            LeafKind::Categories | LeafKind::Histogram => ("table", self.values, 0),
            LeafKind::Gaussian => ("gaussian", 0, 0),
            LeafKind::Poisson => ("poisson", 0, 0),
        };
        let bits = numbers.arithmetic().bits();
        let make = || self.template(numbers);
        to.word(Part::Leaves, key, make, inputs, known, bits)
    }

    fn template(self, numbers: &Numbers) -> Result<Template, Error> {
        let bits = numbers.arithmetic().bits();
        template(
            &self.input_bits(numbers),
            &self.known_bits(numbers),
            |b, x, k| {
                if self.kind.is_table() {
                    let mut codes = k.to_vec();
                    if self.missing {
                        codes.push(b.constant_word(0, bits));
                    }
                    return Ok(choose(b, word(x, 0), codes));
                }
                let value = match (self.kind, numbers) {
                    (LeafKind::Poisson, Numbers::Float(f)) => poisson_float(b, f.0, x, k),
                    (LeafKind::Poisson, Numbers::Fixed(_)) => poisson_fixed(b, bits, x, k),
                    (_, Numbers::Float(f)) => gaussian_float(b, f.0, x, k),
                    (_, Numbers::Fixed(_)) => gaussian_fixed(b, bits, x, k),
                };
                Ok(match x.last().map(Vec::as_slice) {
                    Some(&[observed]) if self.missing => b.and_word(observed, &value),
                    _ => value,
                })
            },
        )
    }

    /// The server's words of a leaf.
    pub(super) fn words(
        self,
        numbers: &Numbers,
        encoding: &Encoding,
        distribution: &Distribution,
        floors: &mut Floors,
    ) -> Vec<u64> {
        let encode = |log2: f64| numbers.arithmetic().encode(log2);
        match (numbers, distribution, encoding) {
            (Numbers::Float(_), Distribution::Gaussian { mean, stdev }, _) => vec![
                encode(*mean),
                encode(LOG2_E / (2.0 * stdev * stdev)),
                encode(-(stdev * (2.0 * PI).sqrt()).log2()),
            ],
            (Numbers::Float(_), Distribution::Poisson { rate }, _) => {
                vec![encode(rate.log2()), encode(rate * LOG2_E)]
            }
            (
                Numbers::Fixed(fixed),
                Distribution::Gaussian { mean, stdev },
                Encoding::Gaussian { low, high },
            ) => {
                let unit = (high - low) * (-f64::from(POSITION_BITS)).exp2();
                let least = f64::from(POSITION_BITS - fixed.scale.ratio_bits).exp2();
                floors.deviations += usize::from(stdev / unit < least);
                let s = (stdev / unit).max(least);
                let m = (mean - low) / unit - HALF as f64;
                let m = (m * f64::from(MEAN_GUARD).exp2()).round() as i64;
                let factor = (LOG2_E / (2.0 * s * s) * 64f64.exp2()).round();
                vec![
                    m as u64 & (u64::MAX >> (u64::BITS - DISTANCE_BITS as u32)),
                    factor as u64,
                    encode(-(s / least).log2()),
                ]
            }
            (Numbers::Fixed(fixed), Distribution::Poisson { rate }, _) => {
                floors.rates += usize::from(*rate < RATE_FLOOR);
                let rate = rate.max(RATE_FLOOR);
                let one = f64::from(fixed.scale.fraction + RATE_GUARD).exp2();
                let r = (rate.log2() * one).round() as i64;
                vec![
                    r as u64 & (u64::MAX >> (u64::BITS - RATE_BITS as u32)),
                    encode(rate * LOG2_E),
                ]
            }
            (Numbers::Fixed(fixed), ..) => {
                let mut block = vec![0i64; encoding.entries(fixed.scale)];
                encoding.coefficients(fixed.scale, distribution, &mut block, floors);
                // The last entry is what a maximised variable takes.
                block.pop();
                let mask = u64::MAX >> (u64::BITS - self.bits_of(numbers));
                let mut words: Vec<u64> = block.iter().map(|c| *c as u64 & mask).collect();
                words.resize(self.values, 0);
                words
            }
            (Numbers::Float(_), ..) => {
                let mut words: Vec<u64> = densities(encoding, distribution)
                    .into_iter()
                    .map(|density| encode(density.log2()))
                    .collect();
                words.resize(self.values, 0);
                words
            }
        }
    }

    fn bits_of(self, numbers: &Numbers) -> u32 {
        numbers.arithmetic().bits() as u32
    }
}

/// The client's words of a variable that is observed: what `place` has found to be value or bucket `index` for tables, else `value`.
pub(super) fn observed(
    leaf: Leaf,
    numbers: &Numbers,
    encoding: &Encoding,
    value: f64,
    index: usize,
) -> Vec<u64> {
    let mut words = match (numbers, encoding) {
        (Numbers::Float(f), Encoding::Gaussian { .. }) => vec![f.encode(value)],
        (Numbers::Float(f), Encoding::Poisson { .. }) => {
            vec![f.encode(value), f.encode(log_factorial(value) / LN_2)]
        }
        (Numbers::Fixed(_), Encoding::Gaussian { .. }) => {
            let u = encoding.position(value) - HALF;
            vec![u as u64 & ((1 << POSITION_BITS) - 1)]
        }
        (Numbers::Fixed(fixed), Encoding::Poisson { max }) => {
            let k = value.min(f64::from(*max));
            vec![k as u64, factorial(fixed.scale, k)]
        }
        _ => return vec![index as u64],
    };
    if leaf.missing {
        words.push(1);
    }
    words
}

/// Its words where it is missing.
pub(super) fn unobserved(leaf: Leaf, numbers: &Numbers) -> Vec<u64> {
    if leaf.kind.is_table() {
        return vec![leaf.values as u64];
    }
    vec![0; leaf.input_bits(numbers).len()]
}

fn factorial(scale: Scale, k: f64) -> u64 {
    scale.fixed(log_factorial(k) / LN_2) as u64
}

/// Densities of a leaf at all values or buckets of its variable.
fn densities(encoding: &Encoding, distribution: &Distribution) -> Vec<f64> {
    match (encoding, distribution) {
        (_, Distribution::Bernoulli { p }) => vec![1.0 - p, *p],
        (_, Distribution::Categorical { p }) => p.clone(),
        (Encoding::Histogram { borders }, Distribution::Histogram { breaks, densities }) => {
            let lower = borders.iter().take(borders.len().saturating_sub(1));
            let density = |from: &f64| {
                let above = breaks.partition_point(|b| b <= from);
                let bucket = above.checked_sub(1).and_then(|i| densities.get(i));
                bucket.copied().unwrap_or(0.0)
            };
            lower.map(density).collect()
        }
        _ => Vec::new(),
    }
}

/// The word of number `index`; the last one where that is too large.
fn choose(b: &mut Builder, index: &[Wire], mut words: Vec<Vec<Wire>>) -> Vec<Wire> {
    for &bit in index {
        words = words
            .chunks(2)
            .map(|pair| match pair {
                [x, y] => b.multiplex(bit, x, y),
                _ => pair.concat(),
            })
            .collect();
    }
    words.into_iter().next().unwrap_or_default()
}

fn gaussian_float(b: &mut Builder, format: Format, x: &[Vec<Wire>], k: &[Vec<Wire>]) -> Vec<Wire> {
    let distance = float::sub(b, format, word(x, 0), word(k, 0));
    let square = float::square(b, format, &distance);
    let exponent = float::mul(b, format, &square, word(k, 1));
    float::sub(b, format, word(k, 2), &exponent)
}

fn poisson_float(b: &mut Builder, format: Format, x: &[Vec<Wire>], k: &[Vec<Wire>]) -> Vec<Wire> {
    let power = float::mul(b, format, word(x, 0), word(k, 0));
    let ways = float::sub(b, format, &power, word(x, 1));
    float::sub(b, format, &ways, word(k, 1))
}

fn gaussian_fixed(b: &mut Builder, bits: usize, x: &[Vec<Wire>], k: &[Vec<Wire>]) -> Vec<Wire> {
    let mut position = b.constant_word(0, MEAN_GUARD as usize);
    position.extend_from_slice(word(x, 0));
    let position = b.resize(&position, DISTANCE_BITS, Signedness::Signed);
    let distance = b.sub(&position, word(k, 0));
    let square = b.multiply_signed(&distance, &distance, 2 * DISTANCE_BITS - 1);
    let square = square.get(24..).unwrap_or_default();
    let exponent = b.multiply(square, word(k, 1), square.len() + FACTOR_BITS);
    let exponent = exponent.get(32..).unwrap_or_default().to_vec();
    let exponent = b.resize(&exponent, bits, Signedness::Unsigned);
    b.sub(word(k, 2), &exponent)
}

fn poisson_fixed(b: &mut Builder, bits: usize, x: &[Vec<Wire>], k: &[Vec<Wire>]) -> Vec<Wire> {
    let count = b.resize(
        word(x, 0),
        MOST_COUNT_BITS as usize + 1,
        Signedness::Unsigned,
    );
    let power = b.multiply_signed(&count, word(k, 0), count.len() + RATE_BITS);
    let power = power
        .get(RATE_GUARD as usize..)
        .unwrap_or_default()
        .to_vec();
    let power = b.resize(&power, bits, Signedness::Signed);
    let factorial = b.resize(word(x, 1), bits, Signedness::Unsigned);
    let ways = b.sub(&power, &factorial);
    b.sub(&ways, word(k, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spn::garbled::{GarbledOptions, Planned, Profile, plan};
    use crate::spn::graph::{Node, Spn, Variable};
    use crate::spn::testing::Noise;

    /// A network of this leaf alone, in fixed point.
    fn alone(distribution: Distribution) -> Planned {
        let variable = Variable { name: "V".into() };
        let leaf = Node::Leaf {
            variable: 0,
            distribution,
        };
        let spn = Spn::new(vec![variable], vec![leaf], vec![0], vec![1.0], None).unwrap();
        plan(&spn, &GarbledOptions::new(Profile::Fixed)).unwrap()
    }

    /// The circuit's value in units, on words of the program.
    fn units(planned: &Planned, inputs: &[u64]) -> f64 {
        let opened = planned
            .program()
            .evaluate(&planned.constants, &[], inputs)
            .remove(0);
        planned.circuits.numbers.arithmetic().decode(opened) * 65_536.0
    }

    #[test]
    fn fixed_gaussians_are_within_two_units() {
        let mut r = Noise::new(5);
        for _ in 0..4 {
            let (mean, stdev) = (20.0 * r.unit() - 10.0, 0.1 + 3.0 * r.unit());
            let planned = alone(Distribution::Gaussian { mean, stdev });
            let Encoding::Gaussian { low, high } = planned.plan().variables[0].encoding else {
                panic!()
            };
            let unit = (high - low) * (-24f64).exp2();
            let (m, s) = (((mean - low) / unit - 8_388_608.0), stdev / unit);
            // As rounded in the word.
            let m = (m * 16.0).round() / 16.0;
            let least = (24.0 - f64::from(planned.plan().scale.ratio_bits)).exp2();
            for i in 0..200 {
                let u = match i {
                    0 => -8_388_607,
                    1 => 8_388_607,
                    _ => (r.unit() * 16_777_214.0) as i64 - 8_388_607,
                };
                let want = -(s / least).log2() - LOG2_E / 2.0 * ((u as f64 - m) / s).powi(2);
                let got = units(&planned, &[u as u64 & 0xff_ffff, 1]);
                assert!(
                    (got - want * 65_536.0).abs() <= 2.0,
                    "{u} {m} {s}: {got} {want}"
                );
                assert_eq!(units(&planned, &[u as u64 & 0xff_ffff, 0]), 0.0);
            }
        }
    }

    #[test]
    fn fixed_counts_are_within_three_units() {
        for rate in [1e-9, 0.3, 1.0, 17.5, 2_900.0] {
            let planned = alone(Distribution::Poisson { rate });
            let Encoding::Poisson { max } = planned.plan().variables[0].encoding else {
                panic!()
            };
            let rate = rate.max(RATE_FLOOR);
            for k in (0..=max).step_by(1 + max as usize / 100).chain([max]) {
                let k = f64::from(k);
                let factorial_units = factorial(planned.plan().scale, k);
                let want = k * rate.log2() - rate * LOG2_E - log_factorial(k) / LN_2;
                let got = units(&planned, &[k as u64, factorial_units, 1]);
                assert!(
                    (got - want * 65_536.0).abs() <= 3.0,
                    "{k} {rate}: {got} {want}"
                );
            }
        }
    }
}
