//! `halfmask experiment check`: every claim beside the newest records.

use serde::Serialize;

use super::claims::{Assessment, Bound, Records, Verdict};
use super::definition::Scale;
use super::published::Origin;
use super::quantity::quantity;
use super::store::Store;
use crate::bench::table::table;
use crate::exit::Error;
use crate::output;

/// What to check.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the records are.
    pub store: Store,
    /// The newest runs of this scale, instead of the newest of all. With full runs, a claim without a record fails.
    pub scale: Option<Scale>,
    /// JSON instead of a table.
    pub json: bool,
}

/// Prints the verdict on every claim.
///
/// # Errors
/// [`Error::Failed`] if a claim does not hold, or full runs were asked for and one has no record.
pub fn run(options: &Options) -> Result<(), Error> {
    let records = Records::read(&options.store)?;
    let assessments = records.assess(options.scale);
    output::print(&if options.json {
        json(&assessments)?
    } else {
        text(&assessments)
    })?;
    conclude(&assessments, options.scale == Some(Scale::Full))
}

fn count(assessments: &[Assessment], verdict: Verdict) -> usize {
    let same = |assessment: &&Assessment| assessment.verdict() == verdict;
    assessments.iter().filter(same).count()
}

fn conclude(assessments: &[Assessment], all: bool) -> Result<(), Error> {
    let outside = count(assessments, Verdict::Outside);
    let missing = count(assessments, Verdict::NoRecord);
    if outside == 0 && !(all && missing > 0) {
        return Ok(());
    }
    let total = assessments.len();
    Err(Error::Failed(format!(
        "of {total} claims, {outside} do not hold and {missing} have no record"
    )))
}

fn text(assessments: &[Assessment]) -> String {
    let rows = assessments.iter().map(|assessment| {
        let claim = assessment.claim;
        let published = claim.published.map_or_else(String::new, |published| {
            let value = quantity(published.value, published.unit);
            format!("{value} ({})", published.system)
        });
        vec![
            claim.id.to_owned(),
            assessment.verdict().name().to_owned(),
            assessment.shown().unwrap_or_default(),
            claim.claimed(),
            quantity(claim.limit(), claim.unit),
            published,
        ]
    });
    let header = [
        "claim",
        "verdict",
        "measured",
        "claimed",
        "tolerated",
        "others",
    ];
    format!(
        "{}\n{} hold, {} do not, {} have no record\n",
        table(&header, rows.collect(), 2),
        count(assessments, Verdict::Holds),
        count(assessments, Verdict::Outside),
        count(assessments, Verdict::NoRecord)
    )
}

/// A claim as `--json` has it. Values are in `unit`; a share is between 0 and 1 although its unit is `%`.
#[derive(Debug, Serialize)]
struct Entry {
    id: &'static str,
    statement: &'static str,
    verdict: Verdict,
    experiment: &'static str,
    run: Option<String>,
    scale: Option<Scale>,
    measured: Option<f64>,
    unit: &'static str,
    at_least: Option<f64>,
    at_most: Option<f64>,
    tolerance: f64,
    reason: &'static str,
    published: Option<Reference>,
}

/// A figure of another system.
#[derive(Debug, Serialize)]
struct Reference {
    system: &'static str,
    what: &'static str,
    value: f64,
    unit: &'static str,
    place: &'static str,
    source: &'static str,
    hardware: &'static str,
    origin: Origin,
}

fn json(assessments: &[Assessment]) -> Result<String, Error> {
    let entries: Vec<Entry> = assessments.iter().map(entry).collect();
    let text =
        serde_json::to_string_pretty(&entries).map_err(|error| Error::Failed(error.to_string()))?;
    Ok(format!("{text}\n"))
}

fn entry(assessment: &Assessment) -> Entry {
    let claim = assessment.claim;
    let record = assessment.run.records().first();
    let (at_least, at_most) = match claim.bound {
        Bound::AtLeast(value) => (Some(value), None),
        Bound::AtMost(value) => (None, Some(value)),
    };
    Entry {
        id: claim.id,
        statement: claim.statement,
        verdict: assessment.verdict(),
        experiment: claim.experiment,
        run: record.map(|record| record.run.clone()),
        scale: record.map(|record| record.scale),
        measured: assessment.measured,
        unit: claim.unit,
        at_least,
        at_most,
        tolerance: claim.tolerance.0,
        reason: claim.tolerance.1,
        published: claim.published.map(|published| Reference {
            system: published.system,
            what: published.what,
            value: published.value,
            unit: published.unit,
            place: published.place,
            source: published.source.citation,
            hardware: published.source.hardware,
            origin: published.source.origin,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::claims::{self, Claim};
    use crate::experiment::selection::Selection;

    fn assessments(measured: impl Fn(usize) -> Option<f64>) -> Vec<Assessment<'static>> {
        let one = |(i, claim)| Assessment {
            claim,
            run: Selection::default(),
            measured: measured(i),
        };
        claims::all().enumerate().map(one).collect()
    }

    #[test]
    fn claims_without_records_fail_full_runs_alone() {
        let none = assessments(|_| None);
        conclude(&none, false).unwrap();
        let error = conclude(&none, true).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(
            error
                .to_string()
                .contains(&format!("{} have no record", none.len()))
        );
        assert!(text(&none).contains("no record"));
    }

    #[test]
    fn one_claim_outside_fails() {
        let claims: Vec<&Claim> = claims::all().collect();
        let limit = |i: usize| claims[i].limit();
        let all = assessments(|i| Some(limit(i)));
        conclude(&all, true).unwrap();
        let worse = |i: usize| match claims[i].bound {
            Bound::AtLeast(_) => 0.99 * limit(i),
            Bound::AtMost(_) => 1.01 * limit(i),
        };
        let one = assessments(|i| Some(if i == 3 { worse(i) } else { limit(i) }));
        let error = conclude(&one, false).unwrap_err();
        assert!(error.to_string().contains(" 1 do not hold"), "{error}");
        let value: serde_json::Value = serde_json::from_str(&json(&one).unwrap()).unwrap();
        assert_eq!(value[3]["verdict"], "outside");
        assert_eq!(value[3]["id"], claims[3].id);
    }
}
