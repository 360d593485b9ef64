//! All experiments, one a file: what each runs, and the tables and plots made of it.

mod ckks_ops;
mod cryptonets;
mod cryptonets_accuracy;
mod cryptonets_latency;
mod cryptonets_throughput;
mod garbling;
mod linear_layers;
mod maxpool_cost;
mod ot;
mod relu_cost;
mod scaling;
mod series;
mod spn;
mod spn_accuracy;
mod spn_cost;
#[cfg(test)]
mod testing;
mod zoo;

use super::definition::Experiment;
use crate::exit::Error;

/// The experiments, in the order in which they are listed and run.
pub const ALL: &[&Experiment] = &[
    &cryptonets_throughput::EXPERIMENT,
    &cryptonets_latency::EXPERIMENT,
    &cryptonets_accuracy::EXPERIMENT,
    &relu_cost::EXPERIMENT,
    &maxpool_cost::EXPERIMENT,
    &garbling::EXPERIMENT,
    &ot::EXPERIMENT,
    &ckks_ops::EXPERIMENT,
    &linear_layers::EXPERIMENT,
    &spn_cost::EXPERIMENT,
    &spn_accuracy::EXPERIMENT,
    &zoo::EXPERIMENT,
    &scaling::EXPERIMENT,
];

/// The word for all experiments.
const EVERY: &str = "all";

/// The experiments of these ids, each once, in the catalogue's order; `all` means every one.
///
/// # Errors
/// [`Error::Usage`] for an id that there is not.
pub fn find(ids: &[String]) -> Result<Vec<&'static Experiment>, Error> {
    for id in ids {
        if id != EVERY && ALL.iter().all(|experiment| experiment.id != id) {
            let known: Vec<&str> = ALL.iter().map(|experiment| experiment.id).collect();
            return Err(Error::Usage(format!(
                "no experiment is named {id:?}: there are {EVERY}, {}",
                known.join(", ")
            )));
        }
    }
    Ok(ALL
        .iter()
        .copied()
        .filter(|experiment| ids.iter().any(|id| id == EVERY || id == experiment.id))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::definition::{Artefact, Scale, Settings};
    use crate::experiment::selection::Selection;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_found_in_order_or_refused() {
        let ids = |names: &[&str]| -> Result<Vec<&str>, Error> {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            Ok(find(&names)?.iter().map(|e| e.id).collect())
        };
        let found = ids(&["cryptonets-latency", "cryptonets-throughput"]).unwrap();
        assert_eq!(found, ["cryptonets-throughput", "cryptonets-latency"]);
        assert_eq!(ids(&["all"]).unwrap().len(), ALL.len());
        let error = ids(&["cryptonet"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("cryptonets-latency"), "{error}");
    }

    #[test]
    fn every_experiment_is_well_defined() {
        let ids: BTreeSet<&str> = ALL.iter().map(|experiment| experiment.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for experiment in ALL {
            assert!(experiment.quick.seconds <= 120, "{}", experiment.id);
            for scale in [Scale::Quick, Scale::Full] {
                let settings = Settings {
                    scale,
                    ..Settings::default()
                };
                let jobs = (experiment.jobs)(&settings);
                assert!(!jobs.is_empty(), "{}", experiment.id);
                for job in jobs {
                    assert!(job.repetitions > 0);
                    assert_eq!(job.arguments.first().map(String::as_str), Some("bench"));
                }
            }
            // Nothing measured: nothing shown, and no failure.
            for artefact in (experiment.report)(&Selection::default()) {
                match artefact {
                    Artefact::Table(table) => assert!(table.rows.is_empty(), "{}", table.name),
                    Artefact::Plot(plot) => panic!("{} of nothing", plot.name),
                }
            }
        }
        let full: u32 = ALL.iter().map(|experiment| experiment.full.seconds).sum();
        assert!(full <= 7200, "{full} s");
    }
}
