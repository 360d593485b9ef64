//! `halfmask experiment list`: what can be run, what it shows, and what it takes.

use serde::Serialize;

use super::definition::{Estimate, Experiment};
use crate::bench::table::table;
use crate::exit::Error;
use crate::output;

/// An experiment, as `list --json` has it.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    id: &'static str,
    shows: &'static str,
    quick_seconds: u32,
    full_seconds: u32,
    memory_mb: u32,
    /// Why it cannot be run here; null if it can.
    unavailable: Option<String>,
}

impl Entry {
    fn of(experiment: &Experiment) -> Self {
        Self {
            id: experiment.id,
            shows: experiment.shows,
            quick_seconds: experiment.quick.seconds,
            full_seconds: experiment.full.seconds,
            memory_mb: experiment.full.memory_mb.max(experiment.quick.memory_mb),
            unavailable: (experiment.available)().err(),
        }
    }
}

/// Prints the catalogue, as a table or as JSON.
///
/// # Errors
/// If standard output cannot be written.
pub fn list(experiments: &[&Experiment], json: bool) -> Result<(), Error> {
    let entries: Vec<Entry> = experiments.iter().map(|e| Entry::of(e)).collect();
    if json {
        let text = serde_json::to_string_pretty(&entries)
            .map_err(|error| Error::Failed(error.to_string()))?;
        return output::print(&format!("{text}\n"));
    }
    let rows = entries
        .iter()
        .map(|entry| {
            let state = entry.unavailable.as_deref().unwrap_or("yes");
            vec![
                entry.id.to_owned(),
                entry.shows.to_owned(),
                state.to_owned(),
                duration(entry.quick_seconds),
                duration(entry.full_seconds),
                format!("{} MB", entry.memory_mb),
            ]
        })
        .collect();
    let header = ["id", "shows", "runs here", "quick", "full", "memory"];
    let total: u32 = entries.iter().map(|entry| entry.full_seconds).sum();
    output::print(&format!(
        "{}\nestimates for two cores; all of them with --full: {}\n",
        table(&header, rows, 3),
        duration(total)
    ))
}

/// Seconds for people.
pub(super) fn duration(seconds: u32) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        _ => format!("{} min", seconds.div_ceil(60)),
    }
}

/// All memory estimates fit in this many megabytes.
#[must_use]
pub fn fits(estimate: Estimate, memory: Option<u64>) -> bool {
    memory.is_none_or(|bytes| u64::from(estimate.memory_mb) * 1_000_000 <= bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!(duration(90), "90 s");
        assert_eq!(duration(121), "3 min");
    }

    #[test]
    fn what_needs_more_memory_does_not_fit() {
        let estimate = Estimate::new(1, 1_000);
        assert!(fits(estimate, None) && fits(estimate, Some(1_000_000_000)));
        assert!(!fits(estimate, Some(999_999_999)));
    }
}
