//! `halfmask experiment doctor`: what this machine can run, and what to install for the rest.

mod data;
mod machine;
mod tools;

use std::path::PathBuf;

use serde::Serialize;

use super::catalogue;
use super::definition::Experiment;
use super::list::fits;
use super::provenance::memory;
use crate::bench::table::table;
use crate::exit::Error;
use crate::output;

/// What to look at.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder with data sets that the user names.
    pub data: Option<PathBuf>,
    /// JSON instead of tables.
    pub json: bool,
}

/// How good something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Good,
    /// Something runs slower, on less, or not at all.
    Limited,
    /// No experiment can run.
    Missing,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    /// What is there.
    found: String,
    /// What to do about it; null if all is well.
    advice: Option<String>,
}

impl Finding {
    fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            what,
            state: State::Good,
            found: found.into(),
            advice: None,
        }
    }

    fn limited(what: &'static str, found: impl Into<String>, advice: &str) -> Self {
        Self {
            state: State::Limited,
            advice: Some(advice.to_owned()),
            ..Self::good(what, found)
        }
    }

    fn missing(what: &'static str, found: impl Into<String>, advice: &str) -> Self {
        Self {
            state: State::Missing,
            ..Self::limited(what, found, advice)
        }
    }
}

/// An experiment on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Ability {
    id: &'static str,
    /// Why `--quick` cannot run here; null if it can.
    quick: Option<String>,
    /// Why `--full` cannot.
    full: Option<String>,
}

impl Ability {
    fn of(experiment: &Experiment, memory: Option<u64>) -> Self {
        let reason = |estimate| match (experiment.available)() {
            Err(why) => Some(why),
            Ok(()) if fits(estimate, memory) => None,
            Ok(()) => Some(format!("takes {} MB of memory", estimate.memory_mb)),
        };
        Self {
            id: experiment.id,
            quick: reason(experiment.quick),
            full: reason(experiment.full),
        }
    }
}

/// All that was found.
#[derive(Clone, Debug, Serialize)]
struct Diagnosis {
    findings: Vec<Finding>,
    experiments: Vec<Ability>,
}

/// Prints what this machine has and can run.
///
/// # Errors
/// [`Error::Failed`] if something is missing without which no experiment runs.
pub fn run(options: &Options) -> Result<(), Error> {
    let diagnosis = Diagnosis {
        findings: [
            machine::findings(),
            data::findings(options.data.as_deref()),
            tools::findings(),
        ]
        .concat(),
        experiments: catalogue::ALL
            .iter()
            .map(|experiment| Ability::of(experiment, memory()))
            .collect(),
    };
    output::print(&if options.json {
        let text = serde_json::to_string_pretty(&diagnosis)
            .map_err(|error| Error::Failed(error.to_string()))?;
        format!("{text}\n")
    } else {
        diagnosis.text()
    })?;
    diagnosis.conclude()
}

impl Diagnosis {
    fn text(&self) -> String {
        let findings = self.findings.iter().map(|finding| {
            let state = match finding.state {
                State::Good => "",
                State::Limited => "limited",
                State::Missing => "MISSING",
            };
            vec![
                finding.what.to_owned(),
                state.to_owned(),
                finding.found.clone(),
                finding.advice.clone().unwrap_or_default(),
            ]
        });
        let answer = |reason: &Option<String>| match reason {
            None => "yes".to_owned(),
            Some(why) => format!("no: {why}"),
        };
        let experiments = self.experiments.iter().map(|ability| {
            let answers = [&ability.quick, &ability.full].map(answer);
            [vec![ability.id.to_owned()], answers.to_vec()].concat()
        });
        format!(
            "{}\n{}\n",
            table(&["what", "", "found", "to do"], findings.collect(), 4),
            table(
                &["experiment", "--quick runs", "--full runs"],
                experiments.collect(),
                3
            )
        )
    }

    fn conclude(&self) -> Result<(), Error> {
        let missing = self.findings.iter().filter(|f| f.state == State::Missing);
        let missing: Vec<&str> = missing.map(|finding| finding.what).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join(", ");
        Err(Error::Failed(format!(
            "no experiment can run here: {missing}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::definition::{Estimate, everywhere};
    use crate::experiment::selection::Selection;

    #[test]
    fn only_what_is_essential_fails() {
        let with = |finding| Diagnosis {
            findings: vec![Finding::good("cores", "2"), finding],
            experiments: Vec::new(),
        };
        with(Finding::limited("LaTeX", "none", "install it"))
            .conclude()
            .unwrap();
        let error = with(Finding::missing("TCP", "none", "allow it"))
            .conclude()
            .unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().ends_with(": TCP"), "{error}");
    }

    #[test]
    fn memory_decides_by_scale() {
        let experiment = Experiment {
            id: "x",
            shows: "",
            quick: Estimate::new(1, 100),
            full: Estimate::new(1, 1_000),
            available: everywhere,
            jobs: |_| Vec::new(),
            report: |_: &Selection| Vec::new(),
        };
        let ability = Ability::of(&experiment, Some(500_000_000));
        assert_eq!(ability.quick, None);
        assert_eq!(ability.full.unwrap(), "takes 1000 MB of memory");
        let unavailable = Experiment {
            available: || Err("no such thing".into()),
            ..experiment
        };
        assert_eq!(
            Ability::of(&unavailable, None).quick.unwrap(),
            "no such thing"
        );
    }
}
