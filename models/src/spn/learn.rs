//! Learning networks from complete data: structure, parameters, and random structures.
//!
//! * [`Learner::LearnSpn`]: structure from data, by tests of independence and clustering ([`Growth`]);
//! * [`Learner::Rat`]: a random region graph ([`RatShape`]);
//! * both end with expectation-maximisation on all parameters, stopped early by the log-likelihood of validation rows.
//!
//! Learning is the model owner's business and happens in the clear; what it makes is a [`Spn`] like an imported one. It is reproducible: the
//! same rows, settings and seed give the same network bit for bit, whatever the number of threads.

mod cluster;
mod em;
mod family;
mod grow;
mod network;
mod plan;
mod random;
mod rat;
mod table;
#[cfg(test)]
mod tests;

use super::error::SpnError;
use super::graph::Spn;
pub use em::Smoothing;
pub use grow::Growth;
use network::Network;
pub use rat::RatShape;
pub use table::{Kind, Table};

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
    /// There is nothing to learn from.
    #[error("no rows, or rows without values")]
    Empty,
    /// A row of another width.
    #[error("row {row} has {got} values, the first has {expected}")]
    Width {
        /// From 0.
        row: usize,
        /// Its width.
        got: usize,
        /// The first row's.
        expected: usize,
    },
    /// Tables, or names or kinds, that do not go together.
    #[error("{got} variables where there are {expected}")]
    Variables {
        /// Those given.
        got: usize,
        /// Those of the training rows.
        expected: usize,
    },
    /// A value that its variable cannot take.
    #[error("row {row}, variable {variable}: {value} is not a value of this kind of variable")]
    Value {
        /// From 0.
        row: usize,
        /// From 0.
        variable: usize,
        /// The value.
        value: f64,
    },
    /// Settings that make no sense.
    #[error("{0}")]
    Settings(String),
    /// The network is no valid one: a fault of the learner.
    #[error("the learned network is not valid: {0}")]
    Graph(SpnError),
}

/// The result of a step of learning.
pub type Result<T> = std::result::Result<T, LearnError>;

/// How the structure is found.
#[derive(Clone, Debug, PartialEq)]
pub enum Learner {
    /// From data.
    LearnSpn(Growth),
    /// At random.
    Rat(RatShape),
}

/// What to learn and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How the structure is found.
    pub learner: Learner,
    /// Smoothing of all estimates.
    pub smoothing: Smoothing,
    /// Most iterations of EM at the end.
    pub iterations: usize,
    /// Iterations without a better validation log-likelihood after which EM stops.
    pub patience: usize,
    /// All randomness comes from it.
    pub seed: u64,
}

/// The rows.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// To learn from.
    pub train: &'a Table,
    /// To choose sizes and to stop by; without them the training rows serve, and nothing guards against learning them by heart.
    pub valid: Option<&'a Table>,
    /// What the leaves of each variable are.
    pub kinds: &'a [Kind],
    /// Name of each variable.
    pub names: &'a [String],
    /// The variable that `class` queries ask for.
    pub class: Option<usize>,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The structure grows, a round at a time.
    Growing,
    /// EM on a fixed structure.
    Fitting,
}

/// A step that was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Of what.
    pub stage: Stage,
    /// From 0.
    pub iteration: usize,
    /// Two-input sums so far.
    pub sums: usize,
    /// Mean log-likelihood (natural) of the training rows before the step.
    pub train: Option<f64>,
    /// Of the validation rows, or the training rows where there are none, after it.
    pub valid: Option<f64>,
}

/// A learned network.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// The network, its parameters rounded to six digits.
    pub spn: Spn,
    /// Two-input log-sums in its evaluation.
    pub binary_sums: usize,
    /// Mean log-likelihood (natural) of the training rows.
    pub train: f64,
    /// Of the validation rows.
    pub valid: Option<f64>,
}

/// Learns a network.
///
/// # Errors
/// If tables, kinds and names do not go together, a value is outside its kind, or the settings make no sense.
pub fn learn(
    rows: Rows<'_>,
    settings: &Settings,
    report: &mut dyn FnMut(Progress),
) -> Result<Learned> {
    let families = rows.train.families(rows.kinds)?;
    if let Some(valid) = rows.valid {
        valid.check(rows.kinds)?;
    }
    if rows.names.len() != families.len() {
        return Err(LearnError::Variables {
            got: rows.names.len(),
            expected: families.len(),
        });
    }
    let mut network = match &settings.learner {
        Learner::LearnSpn(growth) => {
            let ground = grow::Ground {
                families: &families,
                train: rows.train,
                valid: rows.valid,
            };
            grow::grow(&ground, growth, settings.smoothing, settings.seed, report).simplified()
        }
        Learner::Rat(shape) => shape.network(&families, settings.seed)?,
    };
    fit(&mut network, &families, rows, settings, report);
    let network = network.rounded();
    let mean = |table: &Table| em::mean_log_likelihood(&network, &families, table, None);
    Ok(Learned {
        train: mean(rows.train),
        valid: rows.valid.map(mean),
        binary_sums: network.binary_sums(),
        spn: network.to_spn(rows.names, vec![1.0], rows.class)?,
    })
}

/// EM until the validation rows gain no more; the best iteration stays.
fn fit(
    network: &mut Network,
    families: &[family::Family],
    rows: Rows<'_>,
    settings: &Settings,
    report: &mut dyn FnMut(Progress),
) {
    let judged = rows.valid.unwrap_or(rows.train);
    let value = |network: &Network| em::mean_log_likelihood(network, families, judged, None);
    let mut best = (value(network), network.clone());
    let mut since = 0;
    for iteration in 0..settings.iterations {
        let pass = em::expect(network, families, rows.train, None);
        em::maximise(network, families, &pass, settings.smoothing);
        let valid = value(network);
        report(Progress {
            stage: Stage::Fitting,
            iteration,
            sums: network.binary_sums(),
            train: Some(pass.mean),
            valid: Some(valid),
        });
        // Less than this is no improvement.
        let slight = 1e-6 * valid.abs();
        since = if valid > best.0 + slight {
            0
        } else {
            since + 1
        };
        if valid > best.0 {
            best = (valid, network.clone());
        }
        if since >= settings.patience {
            break;
        }
    }
    *network = best.1;
}
