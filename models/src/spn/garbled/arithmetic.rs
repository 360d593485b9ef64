//! Number formats: words, and circuits of products and sums.

use super::assembly::{Assembly, Part, template};
use super::plan::{GarbledPlan, Profile};
use crate::Error;
use crate::spn::evaluate::tournament;
use crate::spn::plan::Precision;
use crate::spn::statistics::Scale;
use halfmask_bridge::mpc;
use mpc::circuit::Wire;
use mpc::circuit::float::{self, Format};
use mpc::circuit::log_sum::LogSum;
use mpc::program::{KnownWord, Value};

/// A number format for log2-likelihoods, with the circuits of inner nodes.
pub(super) trait Arithmetic {
    /// Bits of a word.
    fn bits(&self) -> usize;
    /// A number as a word, rounded.
    fn encode(&self, log2: f64) -> u64;
    /// A word as a number.
    fn decode(&self, word: u64) -> f64;
    /// A product of two.
    fn add(&self, to: &mut Assembly, x: Value, y: Value) -> Result<Value, Error>;
    /// A sum of children with known log2-weights.
    fn sum(
        &self,
        to: &mut Assembly,
        children: &[Value],
        weights: &[KnownWord],
    ) -> Result<Value, Error>;
}

/// Fixed point.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    pub(super) scale: Scale,
    log_sum: LogSum,
}

/// IEEE floating point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Float(pub(super) Format);

/// The format of a plan.
#[derive(Clone, Debug)]
pub(super) enum Numbers {
    Fixed(Box<Fixed>),
    Float(Float),
}

impl Numbers {
    /// The format of a plan.
    ///
    /// # Errors
    /// If its words would be too long.
    pub(super) fn new(plan: &GarbledPlan) -> Result<Self, Error> {
        Ok(match plan.profile {
            Profile::Fixed => {
                let bits = plan.fixed_bits()?;
                let (scale, design) = (plan.scale, Precision::default().design());
                let log_sum = LogSum::with(bits, scale.fraction, design)?;
                Self::Fixed(Box::new(Fixed { scale, log_sum }))
            }
            Profile::Cryptospn32 => Self::Float(Float(Format::F32)),
            Profile::Cryptospn64 => Self::Float(Float(Format::F64)),
        })
    }

    pub(super) fn arithmetic(&self) -> &dyn Arithmetic {
        match self {
            Self::Fixed(fixed) => fixed.as_ref(),
            Self::Float(float) => float,
        }
    }
}

fn missing_operand() -> Error {
    Error::Plan("a sum without operands".into())
}

impl Arithmetic for Fixed {
    fn bits(&self) -> usize {
        self.log_sum.width() as usize
    }

    fn encode(&self, log2: f64) -> u64 {
        let mask = u64::MAX >> (u64::BITS - self.log_sum.width());
        self.scale.fixed(log2) as u64 & mask
    }

    fn decode(&self, word: u64) -> f64 {
        let unused = u64::BITS - self.log_sum.width();
        let signed = (word << unused) as i64 >> unused;
        signed as f64 * (-f64::from(self.scale.fraction)).exp2()
    }

    fn add(&self, to: &mut Assembly, x: Value, y: Value) -> Result<Value, Error> {
        let bits = self.bits();
        let make = || template(&[bits; 2], &[], |b, x, _| Ok(b.add(word(x, 0), word(x, 1))));
        to.word(Part::Products, ("add", 0, 0), make, &[x, y], &[], bits)
    }

    /// Log-sums of pairs, level by level.
    fn sum(
        &self,
        to: &mut Assembly,
        children: &[Value],
        weights: &[KnownWord],
    ) -> Result<Value, Error> {
        let bits = self.bits();
        let mut terms = Vec::with_capacity(2 * children.len());
        for (child, weight) in children.iter().zip(weights) {
            let make = || {
                template(
                    &[bits],
                    &[bits],
                    |b, x, k| Ok(b.add(word(x, 0), word(k, 0))),
                )
            };
            terms.push(to.word(
                Part::Sums,
                ("weigh", 0, 0),
                make,
                &[*child],
                &[*weight],
                bits,
            )?);
        }
        for (x, y) in tournament(terms.len()) {
            let (Some(x), Some(y)) = (terms.get(x).copied(), terms.get(y).copied()) else {
                return Err(missing_operand());
            };
            let make = || {
                template(&[bits; 2], &[], |b, x, _| {
                    Ok(self.log_sum.circuit(b, word(x, 0), word(x, 1)))
                })
            };
            terms.push(to.word(Part::Sums, ("log-sum", 0, 0), make, &[x, y], &[], bits)?);
        }
        terms.pop().ok_or_else(missing_operand)
    }
}

impl Float {
    fn binary(
        self,
        to: &mut Assembly,
        part: Part,
        name: &'static str,
        [x, y]: [Value; 2],
        make: impl FnOnce(&mut mpc::circuit::Builder, Format, &[Wire], &[Wire]) -> Vec<Wire>,
    ) -> Result<Value, Error> {
        let bits = self.0.bits();
        let make = || {
            template(&[bits; 2], &[], |b, x, _| {
                Ok(make(b, self.0, word(x, 0), word(x, 1)))
            })
        };
        to.word(part, (name, 0, 0), make, &[x, y], &[], bits)
    }

    fn unary(
        self,
        to: &mut Assembly,
        part: Part,
        name: &'static str,
        x: Value,
        make: impl FnOnce(&mut mpc::circuit::Builder, Format, &[Wire]) -> Result<Vec<Wire>, Error>,
    ) -> Result<Value, Error> {
        let bits = self.0.bits();
        let make = || template(&[bits], &[], |b, x, _| make(b, self.0, word(x, 0)));
        to.word(part, (name, 0, 0), make, &[x], &[], bits)
    }

    /// Term by term with weights, from left to right.
    fn weighted(
        self,
        to: &mut Assembly,
        children: &[Value],
        weights: &[KnownWord],
    ) -> Result<Vec<Value>, Error> {
        let bits = self.0.bits();
        let pairs = children.iter().zip(weights);
        pairs
            .map(|(child, weight)| {
                let make = || {
                    template(&[bits], &[bits], |b, x, k| {
                        Ok(float::add(b, self.0, word(x, 0), word(k, 0)))
                    })
                };
                let key = ("weigh", 0, 0);
                to.word(Part::Sums, key, make, &[*child], &[*weight], bits)
            })
            .collect()
    }

    /// The greatest term, or zero where that is infinite: infinity less itself is not a number.
    fn greatest(self, to: &mut Assembly, terms: &[Value]) -> Result<Value, Error> {
        let mut terms = terms.to_vec();
        for (x, y) in tournament(terms.len()) {
            let (Some(x), Some(y)) = (terms.get(x).copied(), terms.get(y).copied()) else {
                return Err(missing_operand());
            };
            terms.push(self.binary(to, Part::Shift, "max", [x, y], float::max)?);
        }
        let greatest = terms.pop().ok_or_else(missing_operand)?;
        self.unary(to, Part::Shift, "finite", greatest, |b, format, x| {
            let exponent = format.fields(b, x).exponent;
            let infinite = b.all(&exponent);
            let finite = b.not(infinite);
            Ok(b.and_word(finite, x))
        })
    }
}

impl Arithmetic for Float {
    fn bits(&self) -> usize {
        self.0.bits()
    }

    fn encode(&self, log2: f64) -> u64 {
        if self.0 == Format::F32 {
            u64::from((log2 as f32).to_bits())
        } else {
            log2.to_bits()
        }
    }

    fn decode(&self, word: u64) -> f64 {
        if self.0 == Format::F32 {
            f64::from(f32::from_bits(word as u32))
        } else {
            f64::from_bits(word)
        }
    }

    fn add(&self, to: &mut Assembly, x: Value, y: Value) -> Result<Value, Error> {
        self.binary(to, Part::Products, "add", [x, y], float::add)
    }

    /// As published, but for the shift: the greatest term `M` comes off every term before the power and is added to the logarithm.
    fn sum(
        &self,
        to: &mut Assembly,
        children: &[Value],
        weights: &[KnownWord],
    ) -> Result<Value, Error> {
        let terms = self.weighted(to, children, weights)?;
        if let [term] = *terms {
            return Ok(term);
        }
        let greatest = self.greatest(to, &terms)?;
        let mut sum = None;
        for term in terms {
            let term = self.binary(to, Part::Shift, "sub", [term, greatest], float::sub)?;
            let power = self.unary(to, Part::Sums, "exp2", term, |b, format, x| {
                Ok(float::exp2(b, format, x)?)
            })?;
            sum = Some(match sum {
                None => power,
                Some(sum) => self.binary(to, Part::Sums, "add", [sum, power], float::add)?,
            });
        }
        let sum = sum.ok_or_else(missing_operand)?;
        let log = self.unary(to, Part::Sums, "log2", sum, |b, format, x| {
            Ok(float::log2(b, format, x)?)
        })?;
        self.binary(to, Part::Shift, "add", [greatest, log], float::add)
    }
}

/// The word of this number; of a template's own words, so that it is there.
pub(super) fn word(words: &[Vec<Wire>], i: usize) -> &[Wire] {
    words.get(i).map_or(&[], Vec::as_slice)
}
