//! Tables of the report itself: the headline, the claims, the experiments.

use crate::experiment::claims::{Assessment, Bound};
use crate::experiment::definition::{Column, Experiment, Table};
use crate::experiment::list::duration;
use crate::experiment::quantity::quantity;

/// The claims with a row in the headline, with their published references and the factor between them.
#[must_use]
pub fn headline(assessments: &[Assessment]) -> Table {
    let rows = assessments.iter().filter_map(|assessment| {
        let claim = assessment.claim;
        let measured = assessment.measured?;
        let published = claim.published;
        let factor = published
            .filter(|p| p.unit == claim.unit && p.unit != "%")
            .map(|p| match claim.bound {
                Bound::AtLeast(_) => measured / p.value,
                Bound::AtMost(_) => p.value / measured,
            });
        Some(vec![
            claim.headline?.to_owned(),
            quantity(measured, claim.unit),
            published.map_or_else(String::new, |p| quantity(p.value, p.unit)),
            factor.map_or_else(String::new, times),
            published.map_or_else(String::new, |p| {
                format!("{}, {}", p.system, p.source.machine)
            }),
        ])
    });
    Table {
        name: "table-headline",
        caption:
            "What was measured, beside what others published or what we measured of their programs."
                .into(),
        columns: vec![
            Column::words("what"),
            Column::numbers("Halfmask"),
            Column::numbers("others"),
            Column::numbers("factor"),
            Column::words("whose, on what"),
        ],
        rows: rows.collect(),
    }
}

/// A factor, to two digits.
fn times(factor: f64) -> String {
    let place = 10f64.powi(factor.log10().floor() as i32 - 1);
    quantity((factor / place).round() * place, "x")
}

/// All claims that the records decide.
#[must_use]
pub fn claims(assessments: &[Assessment]) -> Table {
    let rows = assessments.iter().filter_map(|assessment| {
        let claim = assessment.claim;
        Some(vec![
            claim.statement.to_owned(),
            claim.claimed(),
            assessment.shown()?,
            quantity(claim.limit(), claim.unit),
            claim.experiment.to_owned(),
        ])
    });
    Table {
        name: "table-claims",
        caption: "The project's claims. Values up to the tolerated one may come of other machines and busier hours; \
                  `halfmask experiment check` compares."
            .into(),
        columns: vec![
            Column::words("claim"),
            Column::numbers("claimed"),
            Column::numbers("measured"),
            Column::numbers("tolerated"),
            Column::words("experiment"),
        ],
        rows: rows.collect(),
    }
}

/// The experiments: what each takes, and which tables and figures come of its newest run.
#[must_use]
pub fn experiments(reported: &[(&Experiment, Vec<&'static str>)]) -> Table {
    let rows = reported.iter().map(|(experiment, artefacts)| {
        let Experiment {
            id,
            shows,
            quick,
            full,
            ..
        } = experiment;
        let memory = f64::from(quick.memory_mb.max(full.memory_mb)) * 1e6;
        vec![
            (*id).to_owned(),
            (*shows).to_owned(),
            duration(quick.seconds),
            duration(full.seconds),
            quantity(memory, "B"),
            artefacts.join(", "),
        ]
    });
    Table {
        name: "table-experiments",
        caption: "The experiments, with estimates for two cores.".into(),
        columns: vec![
            Column::words("experiment"),
            Column::words("shows"),
            Column::numbers("quick"),
            Column::numbers("full"),
            Column::numbers("memory"),
            Column::words("tables and figures"),
        ],
        rows: rows.collect(),
    }
}
