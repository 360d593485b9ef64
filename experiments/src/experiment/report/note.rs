//! What a table or plot is of: the sentence that ends its caption.

use std::collections::BTreeSet;

use crate::experiment::selection::Selection;

/// Scale, commit and machine of runs, in a sentence each time that one of them differs.
#[must_use]
pub fn note(runs: &[&Selection]) -> String {
    let records = runs.iter().flat_map(|run| run.records());
    let lines: BTreeSet<String> = records
        .map(|record| {
            let mut scale = record.scale.name().to_owned();
            if let Some(first) = scale.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            let from = &record.provenance;
            format!(
                "{scale} run of commit {} on {}.",
                from.short_commit(),
                from.machine()
            )
        })
        .collect();
    Vec::from_iter(lines).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::definition::{Parameters, Scale};
    use crate::experiment::store::tests::record;

    #[test]
    fn runs_that_are_alike_are_told_once() {
        let run = "2026-01-01T00:00:00Z";
        let mut records = [Scale::Full, Scale::Full, Scale::Quick]
            .map(|scale| record(run, scale, Parameters::new(), &[1.0]));
        for record in &mut records {
            record.provenance.commit = "0123456789abcdef".into();
            record.provenance.dirty = Some(false);
        }
        let full = Selection::newest(&records, Some(Scale::Full));
        let once = note(&[&full, &full]);
        assert!(
            once.starts_with("Full run of commit 0123456789 on "),
            "{once}"
        );
        assert_eq!(once.matches(" run of ").count(), 1);
        let quick = Selection::newest(&records, Some(Scale::Quick));
        assert_eq!(note(&[&full, &quick]).matches(" run of ").count(), 2);
        assert_eq!(note(&[]), "");
    }
}
