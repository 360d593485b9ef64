//! Complete data in columns, and the families their leaves are of.

use super::family::Family;
use super::{LearnError, Result};

/// What the leaves of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 0 or 1.
    Bernoulli,
    /// Integers from 0.
    Categorical,
    /// Real numbers.
    Gaussian,
    /// Counts.
    Poisson,
    /// Real numbers or counts, in buckets.
    Histogram,
}

/// Complete rows, kept as columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) rows: usize,
}

impl Table {
    /// From rows of one width.
    ///
    /// # Errors
    /// If there is no row or no column, the rows differ in width, or a value is not finite.
    pub fn from_rows(rows: &[Vec<f64>]) -> Result<Self> {
        let width = rows.first().map_or(0, Vec::len);
        if width == 0 {
            return Err(LearnError::Empty);
        }
        let mut columns = vec![Vec::with_capacity(rows.len()); width];
        for (number, row) in rows.iter().enumerate() {
            if row.len() != width {
                return Err(LearnError::Width {
                    row: number,
                    got: row.len(),
                    expected: width,
                });
            }
            for (variable, (column, &value)) in columns.iter_mut().zip(row).enumerate() {
                if !value.is_finite() {
                    return Err(LearnError::Value {
                        row: number,
                        variable,
                        value,
                    });
                }
                column.push(value);
            }
        }
        Ok(Self {
            columns,
            rows: rows.len(),
        })
    }

    /// How many rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// How many variables.
    #[must_use]
    pub const fn variables(&self) -> usize {
        self.columns.len()
    }

    /// Whether every value is 0 or 1.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        let binary = |&value: &f64| value == 0.0 || value == 1.0;
        self.columns.iter().flatten().all(binary)
    }

    /// The families of leaves that suit the columns, with their backgrounds from this table.
    ///
    /// # Errors
    /// If the kinds are not as many as columns, or a value is outside its kind.
    pub(super) fn families(&self, kinds: &[Kind]) -> Result<Vec<Family>> {
        if kinds.len() != self.columns.len() {
            return Err(LearnError::Variables {
                got: kinds.len(),
                expected: self.columns.len(),
            });
        }
        self.check(kinds)?;
        Ok(self
            .columns
            .iter()
            .zip(kinds)
            .map(|(column, &kind)| Family::of(kind, column))
            .collect())
    }

    /// Whether the values are of the kinds.
    ///
    /// # Errors
    /// The first value that is not.
    pub(super) fn check(&self, kinds: &[Kind]) -> Result<()> {
        if kinds.len() != self.columns.len() {
            return Err(LearnError::Variables {
                got: self.columns.len(),
                expected: kinds.len(),
            });
        }
        for (variable, (column, kind)) in self.columns.iter().zip(kinds).enumerate() {
            let fits = |value: f64| match kind {
                Kind::Bernoulli => value == 0.0 || value == 1.0,
                Kind::Categorical => value.fract() == 0.0 && (0.0..4096.0).contains(&value),
                Kind::Poisson => value.fract() == 0.0 && value >= 0.0,
                Kind::Gaussian | Kind::Histogram => value.is_finite(),
            };
            if let Some(row) = column.iter().position(|&value| !fits(value)) {
                let value = column.get(row).copied().unwrap_or(f64::NAN);
                return Err(LearnError::Value {
                    row,
                    variable,
                    value,
                });
            }
        }
        Ok(())
    }
}
