//! Random networks of any size, for costs that depend on the size alone.

use std::path::Path;

use halfmask_models::spn::graph::Spn;
use halfmask_models::spn::learn::{
    Kind, LearnError, Learner, RatShape, Rows, Settings, Smoothing, Table, learn,
};

use crate::exit::Error;

/// How the name of a random network begins; the number of its root's splits follows.
const PREFIX: &str = "random-";
/// Variables, all of them yes or no.
const VARIABLES: usize = 64;
/// Halvings from the root to the lowest regions.
const DEPTH: usize = 3;
/// Sums a region, and products of leaves a lowest region.
const WIDTH: usize = 8;

/// The splits of the random network that an argument names.
pub(super) fn named(argument: &Path) -> Option<usize> {
    argument.to_str()?.strip_prefix(PREFIX)?.parse().ok()
}

/// A random region graph over 64 Bernoulli variables whose root is split so often; each split adds about 4,500 edges.
///
/// # Errors
/// [`Error::Usage`] for no splits or far too many.
pub(super) fn network(splits: usize, seed: u64) -> Result<Spn, Error> {
    let refused = |error: LearnError| Error::Usage(format!("{PREFIX}{splits}: {error}"));
    // Every value as often as the other: nothing to learn, and nothing is learned in no iterations.
    let rows = Table::from_rows(&[vec![0.0; VARIABLES], vec![1.0; VARIABLES]]).map_err(refused)?;
    let names: Vec<String> = (0..VARIABLES).map(|index| format!("v{index}")).collect();
    let settings = Settings {
        learner: Learner::Rat(RatShape {
            depth: DEPTH,
            repetitions: splits,
            sums: WIDTH,
            inputs: WIDTH,
        }),
        smoothing: Smoothing {
            leaves: 1.0,
            weights: 1.0,
        },
        iterations: 0,
        patience: 0,
        seed,
    };
    let rows = Rows {
        train: &rows,
        valid: None,
        kinds: &[Kind::Bernoulli; VARIABLES],
        names: &names,
        class: None,
    };
    let learned = learn(rows, &settings, &mut |_| {}).map_err(refused)?;
    Ok(learned.spn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_named_by_their_splits() {
        assert_eq!(named(Path::new("random-8")), Some(8));
        for other in ["random-", "random-x", "x/random-8", "nltcs"] {
            assert_eq!(named(Path::new(other)), None);
        }
    }

    #[test]
    fn networks_grow_with_their_splits() {
        let edges = |splits| network(splits, 1).unwrap().counts().edges;
        let one = edges(1);
        assert!((4_000..5_000).contains(&one), "{one}");
        assert!((3 * one..=4 * one).contains(&edges(4)));
        assert_eq!(network(1, 1).unwrap(), network(1, 1).unwrap());
        assert_ne!(network(1, 1).unwrap(), network(1, 2).unwrap());
    }

    #[test]
    fn impossible_sizes_are_refused() {
        for splits in [0, usize::MAX] {
            let error = network(splits, 1).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().starts_with("random-"), "{error}");
        }
    }
}
