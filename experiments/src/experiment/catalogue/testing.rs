//! What an experiment reports of a record that a test makes up.

use serde_json::Value;

use crate::experiment::definition::{
    Artefact, Experiment, Plot, Scale, Settings, Table, parameters,
};
use crate::experiment::record::{Record, Statistic};
use crate::experiment::selection::Selection;
use crate::experiment::store::tests::record;

/// The records of a quick run of one of the experiment's jobs that wrote `json`.
pub(super) fn records(experiment: &Experiment, job: usize, json: &Value) -> Vec<Record> {
    let jobs = (experiment.jobs)(&Settings::default());
    let job = &jobs[job];
    let points = (job.points)(json).unwrap();
    points
        .into_iter()
        .map(|point| {
            let mut at = job.parameters.clone();
            at.extend(point.parameters);
            let figures = point.figures.into_iter().map(|figure| {
                let statistic = Statistic::of(figure.unit, vec![figure.value]).unwrap();
                (figure.name.to_owned(), statistic)
            });
            Record {
                parameters: at,
                figures: figures.collect(),
                ..record("2026-01-01T00:00:00Z", Scale::Quick, parameters([]), &[1.0])
            }
        })
        .collect()
}

/// The tables and the plots of these records.
pub(super) fn artefacts(experiment: &Experiment, records: &[Record]) -> (Vec<Table>, Vec<Plot>) {
    let (mut tables, mut plots) = (Vec::new(), Vec::new());
    for artefact in (experiment.report)(&Selection::newest(records, None)) {
        match artefact {
            Artefact::Table(table) => tables.push(table),
            Artefact::Plot(plot) => plots.push(plot),
        }
    }
    for table in &tables {
        for row in &table.rows {
            assert_eq!(row.len(), table.columns.len(), "{row:?}");
        }
    }
    (tables, plots)
}

/// The table and the plots of a quick run of the experiment's first job that wrote `json`.
pub(super) fn reported(experiment: &Experiment, json: &Value) -> (Table, Vec<Plot>) {
    let (mut tables, plots) = artefacts(experiment, &records(experiment, 0, json));
    assert_eq!(tables.len(), 1);
    (tables.remove(0), plots)
}
