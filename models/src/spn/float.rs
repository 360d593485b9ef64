//! Float64 evaluation in the log domain, natural logarithms.
//!
//! A product adds; a sum is `log sum_k w_k exp(c_k) = m + log sum_k exp(c_k + log w_k - m)` with `m` the largest term, so that nothing
//! underflows; `log 0` is `-inf`, and a sum of such terms is `-inf`. No NaN arises: leaves are at most finite.
//!
//! Evidence means the same in every query: an observed variable enters its leaves' densities, a missing one makes them 1 (it is summed
//! out), a maximised one makes each its maximum. Queries differ in what sums do: in [`Evaluator::mpe`] they take the largest weighted
//! child (max-product), otherwise they add. SPFlow 0.0.4x adds on the way up even for most probable explanations and takes the largest
//! on the way down only, which can miss the largest; and its mode of a histogram is the bucket of the largest mass, here that of the
//! largest density, which maximises what is evaluated.
//!
//! Many roots are the children of one more sum, whose weights are the prior.

use rayon::prelude::*;

use super::error::RowError;
use super::graph::{Distribution, Evidence, Node, NodeId, Spn};
use super::support::Support;
use leaf::Leaf;

mod leaf;

pub use leaf::log_factorial;

/// A network prepared for evaluation: logarithms taken once.
#[derive(Clone, Debug)]
pub struct Evaluator<'a> {
    spn: &'a Spn,
    supports: Vec<Support>,
    steps: Vec<Step<'a>>,
    log_prior: Vec<f64>,
}

/// A node with its logarithms.
#[derive(Clone, Debug)]
enum Step<'a> {
    Sum {
        children: &'a [NodeId],
        log_weights: Vec<f64>,
    },
    Product(&'a [NodeId]),
    Leaf {
        variable: usize,
        leaf: Leaf<'a>,
    },
}

/// What a sum does with its weighted children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Add,
    Largest,
}

/// A most probable explanation.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The row with maximised variables observed; missing ones stay missing.
    pub row: Vec<Evidence>,
    /// The network's value there by max-product, a natural logarithm.
    pub value: f64,
}

/// The answer to a class query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Classification {
    /// The most probable class, the lowest among equals.
    pub class: usize,
    /// Its log joint probability with the evidence.
    pub value: f64,
    /// By how much it exceeds the second; 0 where all have probability 0, infinite where only one class is possible.
    pub margin: f64,
}

impl<'a> Evaluator<'a> {
    /// Takes the logarithms.
    #[must_use]
    pub fn new(spn: &'a Spn) -> Self {
        let logs = |values: &[f64]| values.iter().map(|value| value.ln()).collect();
        let steps = spn.nodes.iter().map(|node| match node {
            Node::Sum { children, weights } => Step::Sum {
                children,
                log_weights: logs(weights),
            },
            Node::Product { children } => Step::Product(children),
            Node::Leaf {
                variable,
                distribution,
            } => Step::Leaf {
                variable: *variable,
                leaf: Leaf::new(distribution),
            },
        });
        Self {
            spn,
            supports: spn.supports(),
            steps: steps.collect(),
            log_prior: logs(&spn.prior),
        }
    }

    /// Checks that rows fit the network: their number of fields, and each value within its variable's support.
    ///
    /// # Errors
    /// [`RowError`] for the first row that does not.
    pub fn check<R: AsRef<[Evidence]>>(&self, rows: &[R]) -> Result<(), RowError> {
        for (r, row) in rows.iter().enumerate() {
            self.check_row(r, row.as_ref())?;
        }
        Ok(())
    }

    fn check_row(&self, r: usize, row: &[Evidence]) -> Result<(), RowError> {
        if row.len() != self.supports.len() {
            return Err(RowError::Fields {
                row: r + 1,
                got: row.len(),
                expected: self.supports.len(),
            });
        }
        for (column, (evidence, support)) in row.iter().zip(&self.supports).enumerate() {
            if let Evidence::Observed(value) = *evidence
                && !support.contains(value)
            {
                let variable = self.spn.variables.get(column);
                return Err(RowError::Value {
                    row: r + 1,
                    column: column + 1,
                    name: variable.map(|v| v.name.clone()).unwrap_or_default(),
                    value,
                    must: support.describe(),
                });
            }
        }
        Ok(())
    }

    /// The log-likelihood of each row, which is a log marginal where variables are missing.
    ///
    /// # Errors
    /// [`RowError`] for the first row that does not fit.
    pub fn log_likelihood<R: AsRef<[Evidence]> + Sync>(
        &self,
        rows: &[R],
    ) -> Result<Vec<f64>, RowError> {
        self.each(rows, |_, row, values| Ok(self.value(row, values)))
    }

    /// The log probability of each row's evidence given that in the columns `given` (from 0).
    ///
    /// # Errors
    /// [`RowError`] for the first row that does not fit or whose condition is impossible, or a column that does not exist.
    pub fn conditional<R: AsRef<[Evidence]> + Sync>(
        &self,
        rows: &[R],
        given: &[usize],
    ) -> Result<Vec<f64>, RowError> {
        let expected = self.supports.len();
        if let Some(&column) = given.iter().find(|&&column| column >= expected) {
            let column = column + 1;
            return Err(RowError::Column { column, expected });
        }
        self.each(rows, |r, row, values| {
            let joint = self.value(row, values);
            let mut condition = vec![Evidence::Missing; row.len()];
            for &column in given {
                if let (Some(to), Some(&from)) = (condition.get_mut(column), row.get(column)) {
                    *to = from;
                }
            }
            let condition = self.value(&condition, values);
            if condition == f64::NEG_INFINITY {
                return Err(RowError::Impossible { row: r + 1 });
            }
            Ok(joint - condition)
        })
    }

    /// The most probable explanation of each row by max-product.
    ///
    /// Going down from the root (from that of the largest weighted value), each sum goes on to its largest weighted child, the first
    /// among equals; a leaf reached completes its variable by its mode if that is maximised. Where even the largest value is 0, the path goes
    /// through first children.
    ///
    /// # Errors
    /// [`RowError`] for the first row that does not fit.
    pub fn mpe<R: AsRef<[Evidence]> + Sync>(
        &self,
        rows: &[R],
    ) -> Result<Vec<Explanation>, RowError> {
        self.each(rows, |_, row, values| Ok(self.explain(row, values)))
    }

    /// The most probable class of each row: over class roots, or over the values of the class variable, whose own field is ignored.
    ///
    /// # Errors
    /// [`RowError`] for the first row that does not fit; [`RowError::NoClass`].
    pub fn classify<R: AsRef<[Evidence]> + Sync>(
        &self,
        rows: &[R],
    ) -> Result<Vec<Classification>, RowError> {
        let classes = self.spn.classes().ok_or(RowError::NoClass)?;
        self.each(rows, |_, row, values| {
            Ok(largest(&self.class_values(row, classes, values)))
        })
    }

    /// The log joint probability of a row and each class, into `values` as scratch.
    fn class_values(&self, row: &[Evidence], classes: usize, values: &mut Vec<f64>) -> Vec<f64> {
        let Some(class) = self.spn.class else {
            self.evaluate(row, Rule::Add, values);
            let roots = self.spn.roots.iter().zip(&self.log_prior);
            return roots
                .map(|(&root, prior)| at(values, root) + prior)
                .collect();
        };
        let mut row = row.to_vec();
        let of_class = |k: usize| {
            if let Some(field) = row.get_mut(class) {
                *field = Evidence::Observed(k as f64);
            }
            self.value(&row, values)
        };
        (0..classes).map(of_class).collect()
    }

    /// Checks every row, then applies `f` in parallel, each thread with a buffer of its own.
    fn each<R, T, F>(&self, rows: &[R], f: F) -> Result<Vec<T>, RowError>
    where
        R: AsRef<[Evidence]> + Sync,
        T: Send,
        F: Fn(usize, &[Evidence], &mut Vec<f64>) -> Result<T, RowError> + Sync,
    {
        self.check(rows)?;
        // Small networks are evaluated in microseconds: threads take many rows at once.
        rows.par_iter()
            .enumerate()
            .with_min_len(16)
            .map_init(Vec::new, |values, (r, row)| f(r, row.as_ref(), values))
            .collect()
    }

    fn value(&self, row: &[Evidence], values: &mut Vec<f64>) -> f64 {
        self.evaluate(row, Rule::Add, values);
        combine(&self.spn.roots, &self.log_prior, values, Rule::Add)
    }

    /// The value of every node, children before parents.
    fn evaluate(&self, row: &[Evidence], rule: Rule, values: &mut Vec<f64>) {
        values.clear();
        for step in &self.steps {
            let value = match step {
                Step::Sum {
                    children,
                    log_weights,
                } => combine(children, log_weights, values, rule),
                Step::Product(children) => children.iter().map(|&c| at(values, c)).sum(),
                Step::Leaf { variable, leaf } => match row.get(*variable) {
                    Some(Evidence::Observed(value)) => leaf.log(*value),
                    Some(Evidence::Maximised) => leaf.log_mode(),
                    Some(Evidence::Missing) | None => 0.0,
                },
            };
            values.push(value);
        }
    }

    fn explain(&self, row: &[Evidence], values: &mut Vec<f64>) -> Explanation {
        self.evaluate(row, Rule::Largest, values);
        let value = combine(&self.spn.roots, &self.log_prior, values, Rule::Largest);
        let mut row = row.to_vec();
        let mut open: Vec<NodeId> = heaviest(&self.spn.roots, &self.log_prior, values)
            .into_iter()
            .collect();
        // The children of a product have disjoint scopes, so no node is reached twice.
        while let Some(id) = open.pop() {
            match self.steps.get(id) {
                Some(Step::Sum {
                    children,
                    log_weights,
                }) => open.extend(heaviest(children, log_weights, values)),
                Some(Step::Product(children)) => open.extend_from_slice(children),
                Some(Step::Leaf { variable, leaf }) => {
                    if let Some(field @ Evidence::Maximised) = row.get_mut(*variable) {
                        *field = Evidence::Observed(leaf.mode());
                    }
                }
                None => {}
            }
        }
        Explanation { row, value }
    }
}

/// Children come before their parents, so the value is there.
fn at(values: &[f64], id: NodeId) -> f64 {
    values.get(id).copied().unwrap_or(f64::NEG_INFINITY)
}

/// The value of a sum.
fn combine(children: &[NodeId], log_weights: &[f64], values: &[f64], rule: Rule) -> f64 {
    let terms = || {
        let terms = children.iter().zip(log_weights);
        terms.map(|(&child, weight)| at(values, child) + weight)
    };
    let largest = terms().fold(f64::NEG_INFINITY, f64::max);
    if rule == Rule::Largest || largest == f64::NEG_INFINITY {
        return largest;
    }
    let sum: f64 = terms().map(|term| (term - largest).exp()).sum();
    largest + sum.ln()
}

/// The child of the largest weighted value, the first among equals.
fn heaviest(children: &[NodeId], log_weights: &[f64], values: &[f64]) -> Option<NodeId> {
    let mut best: Option<(NodeId, f64)> = None;
    for (&child, weight) in children.iter().zip(log_weights) {
        let value = at(values, child) + weight;
        if best.is_none_or(|(_, before)| value > before) {
            best = Some((child, value));
        }
    }
    best.map(|(child, _)| child)
}

fn largest(values: &[f64]) -> Classification {
    let mut best = (0, f64::NEG_INFINITY);
    let mut second = f64::NEG_INFINITY;
    for (class, &value) in values.iter().enumerate() {
        if value > best.1 {
            second = best.1;
            best = (class, value);
        } else {
            second = second.max(value);
        }
    }
    let (class, value) = best;
    let margin = if value == second { 0.0 } else { value - second };
    Classification {
        class,
        value,
        margin,
    }
}

/// The row with missing variables maximised: what other libraries take an explanation query to mean.
#[must_use]
pub fn maximise_missing(row: &[Evidence]) -> Vec<Evidence> {
    let fields = row.iter().map(|evidence| match evidence {
        Evidence::Missing => Evidence::Maximised,
        other => *other,
    });
    fields.collect()
}

/// The log density or log probability of one value, `-inf` outside the distribution's range.
#[must_use]
pub fn log_density(distribution: &Distribution, value: f64) -> f64 {
    Leaf::new(distribution).log(value)
}
