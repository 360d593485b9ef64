//! A client's rows: statistics of every evaluation, what it adds to results itself, and what results mean.

use super::circuits::{ModeWord, mode_words};
use super::error::RowError;
use super::graph::Evidence;
use super::plan::{Classes, Plan, Shape};
use super::query::{Answer, Query, QueryKind, Results};
use super::statistics::Placed;
use crate::Error;
use std::f64::consts::LN_2;
use zeroize::{Zeroize, Zeroizing};

/// Rows, encoded for one query.
pub(super) struct Encoded {
    pub(super) kind: QueryKind,
    pub(super) rows: usize,
    /// Statistics, `[row][evaluation][entry]`.
    pub(super) statistics: Vec<u32>,
    /// For explanations the flags of maximised variables, `[row][word]`.
    pub(super) flags: Vec<u64>,
    /// What the client adds to each row's log2-likelihood.
    offsets: Vec<f64>,
    clamped: Vec<bool>,
    words: Vec<ModeWord>,
}

impl Drop for Encoded {
    fn drop(&mut self) {
        self.statistics.zeroize();
        self.flags.zeroize();
        self.offsets.zeroize();
    }
}

impl Encoded {
    /// Encodes rows.
    ///
    /// # Errors
    /// [`RowError`] for the first row that does not fit the plan; [`Error::Plan`] if the network has no classes to ask for.
    pub(super) fn new<R: AsRef<[Evidence]>>(
        plan: &Plan,
        shape: &Shape,
        query: &Query,
        rows: &[R],
    ) -> Result<Self, Error> {
        check_query(plan, query)?;
        let kind = query.kind();
        let copies = plan.copies(kind);
        let words = if kind == QueryKind::Mpe {
            mode_words(plan)
        } else {
            Vec::new()
        };
        let mut encoded = Self {
            kind,
            rows: rows.len(),
            statistics: vec![0; rows.len() * copies * shape.statistics],
            flags: Vec::with_capacity(rows.len() * words.len()),
            offsets: Vec::with_capacity(rows.len()),
            clamped: Vec::with_capacity(rows.len()),
            words,
        };
        let mut blocks = std::mem::take(&mut encoded.statistics);
        let mut slots = blocks.chunks_exact_mut(shape.statistics.max(1));
        for (r, row) in rows.iter().map(AsRef::as_ref).enumerate() {
            check_fields(plan, r, row)?;
            let (mut offset, mut clamped) = (0.0, false);
            for copy in 0..copies {
                let Some(slots) = slots.next() else {
                    break;
                };
                let evidence = |v: usize, own: Evidence| match query {
                    Query::Conditional { given } if copy == 1 && !given.contains(&v) => {
                        Evidence::Missing
                    }
                    _ if is_asked_for(plan, query, v) => Evidence::Observed(copy as f64),
                    _ => own,
                };
                let (added, moved) = place(plan, shape, r, row, slots, evidence)?;
                offset += if copy == 0 { added } else { -added };
                clamped |= moved;
            }
            encoded.offsets.push(offset);
            encoded.clamped.push(clamped);
            for word in &encoded.words {
                let row = row.iter().skip(word.variables.start).take(word.bits.len());
                let flags = row
                    .enumerate()
                    .map(|(i, e)| u64::from(*e == Evidence::Maximised) << i);
                encoded.flags.push(flags.fold(0, |a, b| a | b));
            }
        }
        encoded.statistics = blocks;
        Ok(encoded)
    }

    /// Checks rows as [`Encoded::new`] does, row by row, and keeps nothing.
    ///
    /// # Errors
    /// As [`Encoded::new`].
    pub(super) fn check<R: AsRef<[Evidence]>>(
        plan: &Plan,
        query: &Query,
        rows: &[R],
    ) -> Result<(), Error> {
        check_query(plan, query)?;
        let mut slots = Vec::new();
        for (r, row) in rows.iter().map(AsRef::as_ref).enumerate() {
            check_fields(plan, r, row)?;
            for (v, (own, variable)) in row.iter().zip(&plan.variables).enumerate() {
                if is_asked_for(plan, query, v) {
                    continue;
                }
                slots.clear();
                slots.resize(variable.encoding.entries(plan.scale), 0);
                place_one(plan, r, v, *own, &mut slots)?;
            }
        }
        slots.zeroize();
        Ok(())
    }

    /// The evaluator's words, `[row][word]`: shares of leaf groups, then flags.
    pub(super) fn inputs(&self, shares: Zeroizing<Vec<u64>>) -> Zeroizing<Vec<u64>> {
        if self.words.is_empty() || self.rows == 0 {
            return shares;
        }
        let mut inputs = Zeroizing::new(Vec::with_capacity(shares.len() + self.flags.len()));
        let rows = shares.chunks(shares.len() / self.rows);
        for (shares, flags) in rows.zip(self.flags.chunks(self.words.len())) {
            inputs.extend_from_slice(shares);
            inputs.extend_from_slice(flags);
        }
        inputs
    }

    /// Opened words, `[row][word]`, as an answer.
    pub(super) fn answer<R: AsRef<[Evidence]>>(
        &self,
        plan: &Plan,
        shape: &Shape,
        rows: &[R],
        opened: &[u64],
    ) -> Answer {
        let results = match self.kind {
            QueryKind::Likelihood | QueryKind::Conditional => {
                let unused = u64::BITS - shape.widths.word;
                let unit = (-f64::from(plan.scale.fraction)).exp2();
                let values = opened.iter().zip(&self.offsets).map(|(word, offset)| {
                    let signed = (word << unused) as i64 >> unused;
                    (signed as f64 * unit + offset) * LN_2
                });
                Results::LogLikelihoods(values.collect())
            }
            QueryKind::Class => {
                Results::Classes(opened.iter().map(|class| *class as u32).collect())
            }
            QueryKind::Mpe => {
                let opened = opened.chunks(self.words.len().max(1));
                let rows = rows.iter().zip(opened);
                Results::Completions(
                    rows.map(|(row, opened)| self.completion(plan, row.as_ref(), opened))
                        .collect(),
                )
            }
        };
        Answer {
            results,
            clamped: self.clamped.clone(),
        }
    }

    fn completion(&self, plan: &Plan, row: &[Evidence], opened: &[u64]) -> Vec<Option<f64>> {
        let mut completion = vec![None; row.len()];
        for (word, opened) in self.words.iter().zip(opened) {
            let mut rest = *opened;
            for (v, bits) in word.variables.clone().zip(&word.bits) {
                let own = rest & 1u64.checked_shl(*bits as u32).unwrap_or(0).wrapping_sub(1);
                rest = rest.checked_shr(*bits as u32).unwrap_or(0);
                if let (Some(Evidence::Maximised), Some(variable), Some(slot)) =
                    (row.get(v), plan.variables.get(v), completion.get_mut(v))
                {
                    *slot = Some(variable.encoding.mode_value(own));
                }
            }
        }
        completion
    }
}

/// Writes one evaluation's statistics; returns what the client adds to its log2-likelihood, and whether a value was clipped.
fn place(
    plan: &Plan,
    shape: &Shape,
    r: usize,
    row: &[Evidence],
    slots: &mut [u32],
    evidence: impl Fn(usize, Evidence) -> Evidence,
) -> Result<(f64, bool), RowError> {
    let (mut offset, mut clamped) = (0.0, false);
    for ((v, own), (variable, first)) in row
        .iter()
        .enumerate()
        .zip(plan.variables.iter().zip(&shape.blocks))
    {
        let entries = variable.encoding.entries(plan.scale);
        let block = slots.get_mut(*first..first + entries).unwrap_or_default();
        let placed = place_one(plan, r, v, evidence(v, *own), block)?;
        offset += placed.offset;
        clamped |= placed.clamped;
    }
    Ok((offset, clamped))
}

/// Writes one variable's statistics.
fn place_one(
    plan: &Plan,
    r: usize,
    v: usize,
    evidence: Evidence,
    block: &mut [u32],
) -> Result<Placed, RowError> {
    let Some(variable) = plan.variables.get(v) else {
        return Err(RowError::Column {
            column: v + 1,
            expected: plan.variables.len(),
        });
    };
    variable
        .encoding
        .place(plan.scale, evidence, block)
        .map_err(|must| RowError::Value {
            row: r + 1,
            column: v + 1,
            name: variable.name.clone(),
            value: if let Evidence::Observed(value) = evidence {
                value
            } else {
                f64::NAN
            },
            must,
        })
}

/// Whether a column is the class variable of a class query: its own field is ignored.
fn is_asked_for(plan: &Plan, query: &Query, v: usize) -> bool {
    let class = match plan.classes {
        Some(Classes::Variable(class)) => Some(class as usize),
        _ => None,
    };
    *query == Query::Class && class == Some(v)
}

fn check_query(plan: &Plan, query: &Query) -> Result<(), RowError> {
    let expected = plan.variables.len();
    match query {
        Query::Conditional { given } => match given.iter().find(|c| **c >= expected) {
            Some(column) => Err(RowError::Column {
                column: column + 1,
                expected,
            }),
            None => Ok(()),
        },
        Query::Class if plan.classes.is_none() => Err(RowError::NoClass),
        _ => Ok(()),
    }
}

fn check_fields(plan: &Plan, r: usize, row: &[Evidence]) -> Result<(), RowError> {
    let expected = plan.variables.len();
    if row.len() == expected {
        return Ok(());
    }
    Err(RowError::Fields {
        row: r + 1,
        got: row.len(),
        expected,
    })
}
