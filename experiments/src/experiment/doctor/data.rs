//! Data sets: what experiments measure on, and what stands in for it.

use std::path::Path;

use super::Finding;
use crate::data::Lookup;
use crate::spn::source;

pub(super) fn findings(data: Option<&Path>) -> Vec<Finding> {
    vec![mnist(data), rows(data)]
}

/// Looked for as experiments do, but not fetched.
fn mnist(data: Option<&Path>) -> Finding {
    let what = "MNIST test set";
    let advice = "halfmask data fetch mnist, or --data DIR; the digits that come with the program stand in for it";
    let lookup = Lookup {
        download: None,
        ..Lookup::standard(data)
    };
    match lookup.run() {
        Err(error) => Finding::limited(what, error.to_string(), advice),
        Ok(set) => match (set.name, set.source) {
            ("mnist-test", Some(file)) => Finding::good(what, file.display().to_string()),
            (name, Some(file)) => {
                Finding::limited(what, format!("{name}: {}", file.display()), advice)
            }
            (name, None) => Finding::limited(what, format!("none: {name}"), advice),
        },
    }
}

/// Test splits that the committed sum-product networks have by name.
fn rows(data: Option<&Path>) -> Finding {
    let what = "rows of sum-product networks";
    let advice = "put NAME.test.csv.gz into DIR/debd and give --data DIR; rows drawn from the models stand in for them";
    let names = source::names();
    let splits: Result<Vec<_>, _> = names
        .iter()
        .map(|name| source::test_split(name, data))
        .collect();
    let all = names.len();
    match splits.map(|splits| splits.iter().flatten().count()) {
        Err(error) => Finding::limited(what, error.to_string(), advice),
        Ok(0) => Finding::limited(what, format!("none for {all} networks"), advice),
        Ok(some) => Finding::good(what, format!("test splits for {some} of {all} networks")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::doctor::State;

    #[test]
    fn what_stands_in_is_said() {
        let empty = tempfile::tempdir().unwrap();
        let mnist = mnist(Some(empty.path()));
        assert_eq!(mnist.state, State::Limited);
        assert!(mnist.advice.unwrap().contains("data fetch mnist"));
        let rows = rows(Some(&empty.path().join("none")));
        assert_eq!(rows.state, State::Limited);
        assert!(rows.found.contains("--data"), "{}", rows.found);
    }
}
