//! What `bench spn --json` writes.

use serde::{Deserialize, Serialize};

use super::{LABEL_MARGIN, Profile};
use crate::machine::Machine;
use crate::net::Network;

/// A record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `spn`.
    pub name: String,
    /// Every model by every profile over every network.
    pub models: Vec<Figures>,
    /// This project's profile against each other one.
    pub ratios: Vec<Ratio>,
    /// Threads of each party.
    pub threads: usize,
    /// What it ran on.
    pub machine: Machine,
    /// Largest resident memory of both parties together, over all runs; null where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// Whether the build was one to debug.
    pub debug_assertions: bool,
    /// When, in UTC.
    pub timestamp: String,
    /// The source's commit, or `unknown`.
    pub commit: String,
    /// Whether tracked files differ from it.
    pub dirty: Option<bool>,
}

/// One model by one profile over one network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The model's name.
    pub model: String,
    /// By what.
    pub profile: Profile,
    /// Over what.
    #[serde(with = "network_name")]
    pub network: Network,
    /// Where the rows are from.
    pub data: String,
    /// Columns of a row.
    pub variables: usize,
    /// Sum nodes.
    pub sums: usize,
    /// Product nodes.
    pub products: usize,
    /// Leaves.
    pub leaves: usize,
    /// Edges.
    pub edges: usize,
    /// The longest path from a root.
    pub depth: usize,
    /// What the circuits are made of.
    #[serde(flatten)]
    pub circuit: Circuit,
    /// Both ways, once.
    pub bytes_setup: u64,
    /// Both ways, in the batch.
    pub bytes_per_row: f64,
    /// Both ways, in a request of a single row.
    pub bytes_per_row_single: u64,
    /// Changes of direction of such a request, as the client counts.
    pub rounds: u64,
    /// From the open connection to the first request.
    pub seconds_setup: f64,
    /// A request of a single row for which everything that needs no input was made ahead; the median.
    pub seconds_row_online: f64,
    /// A request of a single row with everything after set-up; the median.
    pub seconds_row_total: f64,
    /// In the batch, with everything after set-up.
    pub rows_per_second: f64,
    /// Of the batch.
    pub rows: usize,
    /// Requests that the medians are of.
    pub single_requests: usize,
    /// Rows with values outside their public ranges.
    pub clamped_rows: usize,
    /// Leaves and weights that planning raised to its floors: errors are of the network with them as they were.
    pub floored: usize,
    /// Rows that float64 gives likelihood 0.
    pub impossible_rows: usize,
    /// Largest difference from float64 over all other rows; null if there are none.
    pub max_abs_error_nats: Option<f64>,
    /// Root of the mean square of the differences.
    pub rmse_nats: Option<f64>,
    /// Mean of the differences.
    pub mean_error_nats: Option<f64>,
    /// Whether every answer is, bit for bit, what the profile's evaluation in the clear gives. A run where one differs fails.
    pub twin_equal: bool,
    /// Share of rows with the class of float64; null without classes.
    pub label_agreement: Option<f64>,
    /// The other rows.
    pub labels_apart: Vec<Apart>,
}

/// What a profile's circuits are made of; null where it has no such thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circuit {
    /// AND gates of a row's likelihood.
    pub and_gates: usize,
    /// Of the AND gates of a row, those that shift sums by their maximum, which the published formula does not count.
    pub and_gates_shift: Option<usize>,
    /// AND gates of a row by the published circuits' counts, leaves selected by whole words.
    pub and_gates_published: Option<usize>,
    /// AND gates of a sum of two children.
    pub two_child_sum_ands: Option<usize>,
    /// Two-input sums that the network comes to.
    pub two_child_sums: Option<usize>,
    /// Bits of a log-likelihood.
    pub word_bits: Option<u32>,
    /// Bits of a leaf group's share.
    pub share_bits: Option<u32>,
    /// Rows of the secret matrix.
    pub leaf_groups: Option<usize>,
    /// Its columns.
    pub statistics: Option<usize>,
    /// Constants that circuits add.
    pub baked_constants: Option<usize>,
}

/// A row whose class differs from that of float64.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Apart {
    /// The row, from 1.
    pub row: usize,
    /// Its class.
    pub class: u32,
    /// Its class in float64.
    pub float_class: usize,
    /// By how much that leads in float64, in nats.
    pub margin: f64,
}

/// This project's profile against another one, on the same model and network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The model.
    pub model: String,
    /// The network.
    #[serde(with = "network_name")]
    pub network: Network,
    /// The other profile.
    pub against: Profile,
    /// Its AND gates over ours, those of its shift by the maximum left out.
    pub and_gates: f64,
    /// Its AND gates by the published circuits' counts over ours; null where nothing was published.
    pub and_gates_published: Option<f64>,
    /// Our rows a second over its.
    pub rows_per_second: f64,
    /// Its bytes a row over ours.
    pub bytes_per_row: f64,
}

/// Networks by the names that the command line takes.
mod network_name {
    use super::Network;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(network: &Network, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(network)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(d: D) -> Result<Network, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

/// This project's profile against all others of the same run.
pub(super) fn ratios(figures: &[Figures]) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for ours in figures.iter().filter(|f| f.profile == Profile::Halfmask) {
        let others = figures.iter().filter(|other| {
            other.profile != Profile::Halfmask
                && (&other.model, other.network) == (&ours.model, ours.network)
        });
        for other in others {
            let own = ours.circuit.and_gates as f64;
            let formula = other.circuit.and_gates - other.circuit.and_gates_shift.unwrap_or(0);
            let published = other.circuit.and_gates_published;
            ratios.push(Ratio {
                model: ours.model.clone(),
                network: ours.network,
                against: other.profile,
                and_gates: formula as f64 / own,
                and_gates_published: published.map(|gates| gates as f64 / own),
                rows_per_second: ours.rows_per_second / other.rows_per_second,
                bytes_per_row: other.bytes_per_row / ours.bytes_per_row,
            });
        }
    }
    ratios
}

impl Record {
    /// Whether the figures are possible, and as good as they must be; says what the record is of.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<String, String> {
        let rule = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
        rule(!self.models.is_empty(), "no models".into())?;
        for figures in &self.models {
            figures.check().map_err(|why| {
                let Figures {
                    model,
                    profile,
                    network,
                    ..
                } = figures;
                format!("{model} by {profile}, {network}: {why}")
            })?;
        }
        rule(
            self.ratios == ratios(&self.models),
            "ratios are not those of the figures".into(),
        )?;
        Ok(format!(
            "{} runs of sum-product networks",
            self.models.len()
        ))
    }
}

impl Figures {
    fn check(&self) -> Result<(), String> {
        let rule = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
        for (what, count) in [
            ("variables", self.variables),
            ("leaves", self.leaves),
            ("rows", self.rows),
            ("single requests", self.single_requests),
        ] {
            rule(count > 0, format!("no {what}"))?;
        }
        for (what, figure) in [
            ("bytes a row", self.bytes_per_row),
            ("bytes of a single row", self.bytes_per_row_single as f64),
            ("rounds", self.rounds as f64),
            ("seconds of set-up", self.seconds_setup),
            ("seconds of a row, online", self.seconds_row_online),
            ("seconds of a row", self.seconds_row_total),
            ("rows a second", self.rows_per_second),
        ] {
            rule(
                figure.is_finite() && figure > 0.0,
                format!("{what}: {figure}"),
            )?;
        }
        rule(
            self.clamped_rows + self.impossible_rows <= self.rows,
            "more rows left out than there are".into(),
        )?;
        // Sums of one child need no gates; others do.
        rule(
            self.circuit.and_gates > 0 || self.circuit.two_child_sums == Some(0),
            "sums without gates".into(),
        )?;
        rule(
            self.twin_equal,
            "an answer is not what the evaluation in the clear gives".into(),
        )?;
        if let Some(error) = self.max_abs_error_nats {
            let most = self.profile.largest_error();
            rule(
                error <= most || self.floored > 0,
                format!("off by {error} nats, more than {most}"),
            )?;
            rule(
                self.rmse_nats.is_some_and(|rmse| rmse <= error),
                "the root mean square exceeds the largest error".into(),
            )?;
        }
        rule(
            self.label_agreement
                .is_none_or(|a| (0.0..=1.0).contains(&a)),
            "an impossible agreement of labels".into(),
        )?;
        let apart = self.labels_apart.iter().find(|a| a.margin > LABEL_MARGIN);
        rule(
            apart.is_none(),
            format!("another class than in float64: {apart:?}"),
        )
    }
}
