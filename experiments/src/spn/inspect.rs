//! `halfmask inspect` of a sum-product network: its sizes, and what its private evaluation takes.

use std::path::{Path, PathBuf};

use halfmask_models::spn::graph::{Counts, Spn};
use halfmask_models::spn::import::{Format, Imported};
use halfmask_models::spn::support::Support;
use serde::Serialize;

use super::cost::Cost;
use super::model;
use crate::bench::table::table;
use crate::exit::Error;
use crate::output;

/// A network's sizes.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Its file.
    pub model: String,
    /// The file's format.
    pub format: Format,
    /// What was changed in reading it.
    pub notes: Vec<String>,
    /// Number of variables.
    pub variables: usize,
    /// Variables by what values they take.
    pub variables_by_kind: VariableCounts,
    /// Nodes and edges.
    pub counts: Counts,
    /// Number of classes, if there are any.
    pub classes: Option<usize>,
    /// The class variable's name, where classes are values of a variable.
    pub class_variable: Option<String>,
    /// What its private evaluation takes.
    pub private: Cost,
}

/// How many variables take which values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VariableCounts {
    /// 0 or 1.
    pub binary: usize,
    /// More categories.
    pub categorical: usize,
    /// Counts.
    pub count: usize,
    /// Real numbers.
    pub real: usize,
    /// Buckets of a histogram.
    pub histogram: usize,
    /// No leaf has them.
    pub unused: usize,
}

impl Inspection {
    /// Looks at a network.
    ///
    /// # Errors
    /// If it cannot be evaluated privately.
    pub fn new(path: &Path, imported: &Imported) -> Result<Self, Error> {
        let spn = &imported.spn;
        let class = spn.class().and_then(|class| spn.variables().get(class));
        let name = path.display().to_string();
        Ok(Self {
            private: Cost::of(spn, &name)?,
            model: name,
            format: imported.format,
            notes: imported.notes.clone(),
            variables: spn.variables().len(),
            variables_by_kind: by_kind(spn),
            counts: spn.counts(),
            classes: spn.classes(),
            class_variable: class.map(|class| class.name.clone()),
        })
    }
}

fn by_kind(spn: &Spn) -> VariableCounts {
    let mut counts = VariableCounts::default();
    for support in spn.supports() {
        let count = match support {
            Support::Unused => &mut counts.unused,
            Support::Categorical { values: 0..=2 } => &mut counts.binary,
            Support::Categorical { .. } => &mut counts.categorical,
            Support::Count => &mut counts.count,
            Support::Real => &mut counts.real,
            Support::Interval { .. } => &mut counts.histogram,
        };
        *count += 1;
    }
    counts
}

/// Inspects a network.
///
/// # Errors
/// An unusable network, or a file that cannot be written.
pub fn run(path: &Path, json: Option<&PathBuf>) -> Result<(), Error> {
    let inspection = Inspection::new(path, &model::load(path, None)?)?;
    output::print(&render(&inspection))?;
    if let Some(json) = json {
        let text = serde_json::to_vec_pretty(&inspection)
            .map_err(|error| Error::Failed(format!("cannot write JSON: {error}")))?;
        output::write_whole(json, &text)?;
    }
    Ok(())
}

/// The parts of the report, each a function.
fn render(inspection: &Inspection) -> String {
    [
        heading(inspection),
        sizes(inspection),
        inspection.private.render(),
    ]
    .join("\n")
}

fn heading(inspection: &Inspection) -> String {
    let classes = match (inspection.classes, &inspection.class_variable) {
        (None, _) => "no classes".into(),
        (Some(classes), None) => format!("{classes} classes, a root each"),
        (Some(classes), Some(name)) => format!("{classes} classes, values of {name}"),
    };
    format!(
        "sum-product network {}, {} variables, {classes}",
        inspection.model, inspection.variables
    )
}

/// Counts of variables, nodes and edges.
fn sizes(inspection: &Inspection) -> String {
    let (variables, counts) = (&inspection.variables_by_kind, &inspection.counts);
    let leaves = &counts.leaves_by_kind;
    let rows = [
        ("variables", inspection.variables, true),
        ("  binary", variables.binary, false),
        ("  categorical", variables.categorical, false),
        ("  counts", variables.count, false),
        ("  real", variables.real, false),
        ("  histogram", variables.histogram, false),
        ("  without a leaf", variables.unused, false),
        ("sums", counts.sums, true),
        ("products", counts.products, true),
        ("leaves", counts.leaves, true),
        ("  Bernoulli", leaves.bernoulli, false),
        ("  categorical", leaves.categorical, false),
        ("  Gaussian", leaves.gaussian, false),
        ("  Poisson", leaves.poisson, false),
        ("  histogram", leaves.histogram, false),
        ("edges", counts.edges, true),
        ("depth", counts.depth, true),
        ("nodes with more than one parent", counts.shared, true),
    ];
    let shown = rows
        .into_iter()
        .filter(|&(_, count, always)| always || count > 0);
    let rows = shown.map(|(name, count, _)| vec![name.to_owned(), count.to_string()]);
    format!("{}\n", table(&["", "number"], rows.collect(), 1))
}
