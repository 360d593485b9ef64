//! The protocol's function on integers: bit for bit what is opened.

use super::circuits::mode_words;
use super::evaluate::{Algebra, Ends, evaluate};
use super::graph::Evidence;
use super::lower::Planned;
use super::query::{Answer, Query};
use super::rows::Encoded;
use crate::Error;
use halfmask_bridge::mpc::circuit::log_sum::LogSum;
use rayon::prelude::*;

/// Evaluates a planned network in the clear.
#[derive(Clone, Debug)]
pub struct Twin<'a> {
    planned: &'a Planned,
    log_sum: LogSum,
}

impl<'a> Twin<'a> {
    /// The twin of a planned network.
    ///
    /// # Errors
    /// If the plan's words do not fit the log-sum.
    pub fn new(planned: &'a Planned) -> Result<Self, Error> {
        let log_sum = planned.plan.log_sum(planned.shape.widths)?;
        Ok(Self::with_log_sum(planned, log_sum))
    }

    /// The same with another log-sum, to see what it changes.
    #[must_use]
    pub const fn with_log_sum(planned: &'a Planned, log_sum: LogSum) -> Self {
        Self { planned, log_sum }
    }

    /// Answers a query.
    ///
    /// # Errors
    /// [`crate::spn::RowError`] for the first row that does not fit; [`crate::spn::RowError::NoClass`].
    pub fn answer<R: AsRef<[Evidence]> + Sync>(
        &self,
        rows: &[R],
        query: &Query,
    ) -> Result<Answer, Error> {
        let Planned { plan, shape, .. } = self.planned;
        let encoded = Encoded::new(plan, shape, query, rows)?;
        let opened = self.opened(&encoded)?;
        Ok(encoded.answer(plan, shape, rows, &opened))
    }

    /// What the protocol opens, `[row][word]`, cut to words' widths.
    pub(super) fn opened(&self, encoded: &Encoded) -> Result<Vec<u64>, Error> {
        let Planned { plan, shape, .. } = self.planned;
        let entries = plan.copies(encoded.kind) * shape.statistics;
        let words = mode_words(plan).len().max(1);
        let rows = (0..encoded.rows)
            .into_par_iter()
            .zip(encoded.statistics.par_chunks_exact(entries.max(1)));
        let rows = rows.map(|(r, statistics)| {
            let mut row = Row {
                twin: self,
                statistics,
            };
            let mask = u64::MAX >> (u64::BITS - shape.widths.word);
            Ok::<_, Error>(match evaluate(plan, shape, encoded.kind, &mut row)? {
                Ends::Roots(roots) => {
                    let difference = roots
                        .into_iter()
                        .reduce(|joint, condition| joint - condition);
                    vec![difference.unwrap_or(0) as u64 & mask]
                }
                Ends::Classes(values) => {
                    let best = values
                        .iter()
                        .enumerate()
                        .rev()
                        .max_by_key(|(_, value)| **value);
                    vec![best.map_or(0, |(class, _)| class as u64)]
                }
                Ends::Active(groups) => {
                    let flags = encoded.flags.chunks(words).nth(r).unwrap_or_default();
                    self.modes(&groups, flags)
                }
            })
        });
        let rows: Vec<Vec<u64>> = rows.collect::<Result<_, _>>()?;
        Ok(rows.concat())
    }

    /// Modes of active groups, where flags are set.
    fn modes(&self, groups: &[Option<bool>], flags: &[u64]) -> Vec<u64> {
        let active = self
            .planned
            .groups
            .iter()
            .zip(groups)
            .filter(|(_, active)| active.unwrap_or(true));
        let modes: Vec<(usize, u64)> = active
            .flat_map(|(group, _)| group.modes.iter().copied())
            .collect();
        let words = mode_words(&self.planned.plan);
        let opened = words.iter().zip(flags).map(|(word, flags)| {
            let all = self.planned.pack(word, &modes);
            let mut mask = 0u64;
            let mut first = 0;
            for (i, bits) in word.bits.iter().enumerate() {
                if flags >> i & 1 == 1 && *bits > 0 {
                    mask |= (u64::MAX >> (u64::BITS as usize - bits)) << first;
                }
                first += bits;
            }
            all & mask
        });
        opened.collect()
    }
}

/// One row under evaluation.
struct Row<'a> {
    twin: &'a Twin<'a>,
    statistics: &'a [u32],
}

impl Algebra for Row<'_> {
    type Word = i64;
    type Bit = bool;

    fn leaves(&mut self, copy: usize, group: usize) -> Result<i64, Error> {
        let Planned {
            plan,
            shape,
            groups,
            ..
        } = self.twin.planned;
        let entries = self
            .statistics
            .chunks_exact(shape.statistics.max(1))
            .nth(copy);
        let (Some(entries), Some(group)) = (entries, groups.get(group)) else {
            return Err(Error::Plan(format!(
                "leaf group {group} of evaluation {copy}"
            )));
        };
        let terms = group.coefficients.iter();
        let terms =
            terms.map(|(entry, c)| c * i64::from(entries.get(*entry).copied().unwrap_or(0)));
        let value = (terms.sum::<i64>() + group.constant) >> plan.scale.guard;
        Ok(match shape.widths.floor {
            Some(g) => value.max(-(1i64 << g)),
            None => value,
        })
    }

    fn add(&mut self, a: i64, b: i64) -> Result<i64, Error> {
        Ok(a + b)
    }

    fn bake(&mut self, a: i64, constant: usize) -> Result<i64, Error> {
        let constant = self.twin.planned.baked.get(constant);
        Ok(a + constant.ok_or_else(|| Error::Plan("a constant too many".into()))?)
    }

    fn log_sum(&mut self, a: i64, b: i64) -> Result<i64, Error> {
        Ok(self.twin.log_sum.reference(a, b))
    }

    fn max(&mut self, a: i64, b: i64) -> Result<(i64, bool), Error> {
        Ok((a.max(b), b > a))
    }

    fn split(&mut self, active: Option<bool>, second: bool) -> Result<[bool; 2], Error> {
        let active = active.unwrap_or(true);
        Ok([active && !second, active && second])
    }

    fn either(&mut self, a: bool, b: bool) -> Result<bool, Error> {
        Ok(a ^ b)
    }
}

#[cfg(test)]
pub(super) mod tests;
