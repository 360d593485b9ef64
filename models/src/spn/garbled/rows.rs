//! A client's rows as words of the program, and opened words as answers.

use super::circuits::Circuits;
use super::leaves::{observed, unobserved};
use super::plan::{GarbledPlan, Profile};
use crate::spn::RowError;
use crate::spn::graph::Evidence;
use crate::spn::query::{Answer, Results};
use std::f64::consts::LN_2;
use zeroize::Zeroizing;

/// A row, encoded.
pub(super) struct Row {
    pub(super) words: Zeroizing<Vec<u64>>,
    /// What the client adds to the log2-likelihood.
    offset: f64,
    clamped: bool,
}

/// Encodes row number `r`.
///
/// # Errors
/// If it does not fit the plan: its number of fields, a value, something to be maximised, or missing where rows are complete.
pub(super) fn encode(
    plan: &GarbledPlan,
    circuits: &Circuits,
    r: usize,
    row: &[Evidence],
) -> Result<Row, RowError> {
    let expected = plan.variables.len();
    if row.len() != expected {
        return Err(RowError::Fields {
            row: r + 1,
            got: row.len(),
            expected,
        });
    }
    let fixed = plan.profile == Profile::Fixed;
    let mut encoded = Row {
        words: Zeroizing::new(Vec::with_capacity(circuits.program.input_bits().len())),
        offset: 0.0,
        clamped: false,
    };
    let mut block = Zeroizing::new(Vec::new());
    let columns = row.iter().zip(&plan.variables).zip(&circuits.inputs);
    for (v, ((evidence, variable), leaf)) in columns.enumerate() {
        let fail = |value: f64, must: String| RowError::Value {
            row: r + 1,
            column: v + 1,
            name: variable.name.clone(),
            value,
            must,
        };
        let value = match *evidence {
            Evidence::Observed(value) => value,
            Evidence::Missing if plan.missing || leaf.is_none() => {
                let words = leaf.map(|leaf| unobserved(leaf, &circuits.numbers));
                encoded.words.extend(words.unwrap_or_default());
                continue;
            }
            Evidence::Missing => {
                return Err(fail(
                    f64::NAN,
                    "a value; this plan takes complete rows".into(),
                ));
            }
            Evidence::Maximised => {
                return Err(fail(
                    f64::NAN,
                    "a value or missing; this profile maximises nothing".into(),
                ));
            }
        };
        block.clear();
        block.resize(variable.encoding.entries(plan.scale), 0);
        let placed = variable.encoding.place(plan.scale, *evidence, &mut block);
        let placed = placed.map_err(|must| fail(value, must))?;
        if fixed {
            encoded.offset += placed.offset;
            encoded.clamped |= placed.clamped;
        }
        if let Some(leaf) = leaf {
            let index = block.iter().position(|hot| *hot != 0).unwrap_or(0);
            let own = observed(*leaf, &circuits.numbers, &variable.encoding, value, index);
            encoded.words.extend(own);
        }
    }
    Ok(encoded)
}

/// Opened words as an answer.
pub(super) fn answer(circuits: &Circuits, rows: &[Row], opened: &[u64]) -> Answer {
    let arithmetic = circuits.numbers.arithmetic();
    let values = opened.iter().zip(rows);
    let values = values.map(|(word, row)| (arithmetic.decode(*word) + row.offset) * LN_2);
    Answer {
        results: Results::LogLikelihoods(values.collect()),
        clamped: rows.iter().map(|row| row.clamped).collect(),
    }
}
