//! What a network's private evaluation takes, predicted from its plan.

use halfmask_models::bridge::mpc::planner::Engine;
use halfmask_models::hello::PublicPlan;
use halfmask_models::spn::graph::Spn;
use halfmask_models::spn::party;
use halfmask_models::spn::query::QueryKind;
use halfmask_models::spn::statistics::Floors;
use serde::Serialize;

use super::plan;
use crate::bench::table::{bytes, table};
use crate::exit::Error;
use crate::model::hexadecimal;

/// Bytes of an AND gate's table, by half gates.
const TABLE_BYTES: usize = 32;

/// What a private evaluation takes.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
    /// Digest of the public plan, with the default engine.
    pub plan_digest: String,
    /// Rows of the secret matrix.
    pub leaf_groups: usize,
    /// Its columns.
    pub statistics: usize,
    /// Bits of a log2-likelihood, and how many of them are after the point.
    pub word_bits: u32,
    /// Fraction bits.
    pub fraction_bits: u32,
    /// Bits of a leaf group's share.
    pub share_bits: u32,
    /// Two-input sums that the network comes to.
    pub two_child_sums: usize,
    /// AND gates of one.
    pub two_child_sum_ands: usize,
    /// Constants that circuits add.
    pub baked_constants: usize,
    /// What planning changed.
    pub floors: Floors,
    /// A row of every query.
    pub queries: Vec<QueryCost>,
}

/// A row of a query.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct QueryCost {
    /// Which.
    pub query: QueryKind,
    /// AND gates.
    pub and_gates: usize,
    /// Bytes of garbled tables: most of what is sent in a batch.
    pub table_bytes: usize,
}

impl Cost {
    /// Plans a network; `name` is its file.
    ///
    /// # Errors
    /// [`Error::Model`] if it cannot be evaluated privately.
    pub fn of(spn: &Spn, name: &str) -> Result<Self, Error> {
        let planned = plan::plan(spn, name, Engine::default())?;
        let failed = |source| Error::Model {
            model: name.to_owned(),
            source,
        };
        let (plan, shape) = (&planned.plan, &planned.shape);
        let log_sum = plan.log_sum(shape.widths).map_err(failed)?;
        let kinds = QueryKind::ALL.into_iter();
        let kinds = kinds.filter(|kind| *kind != QueryKind::Class || plan.classes.is_some());
        let queries = kinds.map(|query| {
            let and_gates = party::cost(plan, shape, query, 1)?.and_gates;
            Ok(QueryCost {
                query,
                and_gates,
                table_bytes: and_gates * TABLE_BYTES,
            })
        });
        Ok(Self {
            plan_digest: hexadecimal(&plan.digest().map_err(failed)?),
            leaf_groups: shape.groups,
            statistics: shape.statistics,
            word_bits: shape.widths.word,
            fraction_bits: plan.scale.fraction,
            share_bits: shape.widths.share,
            two_child_sums: shape.log_sums,
            two_child_sum_ands: plan::two_child_sum_ands(&log_sum).map_err(failed)?,
            baked_constants: shape.baked,
            floors: planned.floors,
            queries: queries
                .collect::<Result<_, halfmask_models::Error>>()
                .map_err(failed)?,
        })
    }

    /// As a table.
    #[must_use]
    pub fn render(&self) -> String {
        let mut rows = Vec::new();
        let mut row = |what: String, value: String| rows.push(vec![what, value]);
        let (word, fraction) = (self.word_bits, self.fraction_bits);
        let (sums, ands) = (self.two_child_sums, self.two_child_sum_ands);
        row("leaf groups".into(), self.leaf_groups.to_string());
        row("statistics of a row".into(), self.statistics.to_string());
        row(
            "bits of a log2-likelihood".into(),
            format!("{word} ({fraction} after the point)"),
        );
        row("bits of a share".into(), self.share_bits.to_string());
        row("two-input sums".into(), format!("{sums} of {ands} AND"));
        row("constants added".into(), self.baked_constants.to_string());
        for query in &self.queries {
            let tables = bytes(query.table_bytes as f64);
            row(
                format!("a row, {}", query.query.name()),
                format!("{} AND, {tables} of tables", query.and_gates),
            );
        }
        let floors = [
            (
                "leaves with floored probabilities",
                self.floors.probabilities,
            ),
            ("Gaussian leaves made wider", self.floors.deviations),
            ("Poisson leaves made faster", self.floors.rates),
            ("floored weights", self.floors.weights),
        ];
        for (what, count) in floors.into_iter().filter(|(_, count)| *count > 0) {
            row(what.into(), count.to_string());
        }
        format!(
            "private evaluation, plan {}\n{}\n",
            self.plan_digest,
            table(&["", "predicted"], rows, 1)
        )
    }
}
