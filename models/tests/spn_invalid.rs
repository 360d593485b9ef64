#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]
//! What is no network, no row, or no file: each the right error, which names the node, the row, or the place.

mod networks;

use halfmask_models::spn::error::{Problem, RowError, SpnError};
use halfmask_models::spn::float::Evaluator;
use halfmask_models::spn::graph::{Distribution, Evidence, MAX_NODES, Node, NodeId, Spn};
use halfmask_models::spn::import;
use networks::{bernoulli, leaf, product, sum, variables};

fn new(nodes: Vec<Node>) -> Result<Spn, SpnError> {
    Spn::new(variables(2), nodes, vec![0], vec![1.0], None)
}

/// The problem at node 0.
fn problem(nodes: Vec<Node>) -> Problem {
    match new(nodes).unwrap_err() {
        SpnError::Node {
            node: 0, problem, ..
        } => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn structure() {
    let half = [0.5, 0.5];
    assert_eq!(problem(vec![sum(&[], &[])]), Problem::NoChildren);
    assert_eq!(problem(vec![product(&[])]), Problem::NoChildren);
    assert_eq!(problem(vec![product(&[7])]), Problem::MissingChild(7, 1));
    assert_eq!(problem(vec![product(&[0])]), Problem::Cycle);
    let long = vec![product(&[1]), product(&[2]), product(&[0])];
    assert_eq!(problem(long), Problem::Cycle);
    let one = |weights: &[f64]| vec![sum(&[1, 1], weights), bernoulli(0, 0.5)];
    assert_eq!(problem(one(&[1.0])), Problem::WeightCount(1, 2));
    assert_eq!(problem(one(&[0.5, 0.4])), Problem::Unnormalised(0.9));
    assert_eq!(problem(one(&[1.5, -0.5])), Problem::Weight(1, -0.5));
    assert!(matches!(problem(one(&[0.5, f64::NAN])), Problem::Weight(1, w) if w.is_nan()));
    let incomplete = vec![sum(&[1, 2], &half), bernoulli(0, 0.5), bernoulli(1, 0.5)];
    assert_eq!(
        problem(incomplete),
        Problem::Incomplete {
            first: 1,
            other: 2,
            variable: 0
        }
    );
    let overlap = vec![product(&[1, 2]), bernoulli(1, 0.5), bernoulli(1, 0.25)];
    assert_eq!(problem(overlap), Problem::Overlap { variable: 1 });
    assert_eq!(problem(vec![bernoulli(2, 0.5)]), Problem::Variable(2, 2));
    assert_eq!(
        Spn::new(variables(1), vec![], vec![], vec![], None),
        Err(SpnError::NoRoot)
    );
    let missing = Spn::new(variables(1), vec![bernoulli(0, 0.5)], vec![3], vec![], None);
    assert_eq!(missing, Err(SpnError::MissingRoot { root: 3, nodes: 1 }));
    let nodes = vec![product(&[]); MAX_NODES + 1];
    assert!(matches!(
        new(nodes),
        Err(SpnError::TooLarge { what: "nodes", .. })
    ));
}

#[test]
fn parameters() {
    let of = |distribution| problem(vec![leaf(0, distribution)]);
    let parameter = |distribution| matches!(of(distribution), Problem::Parameter { .. });
    for p in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(parameter(Distribution::Bernoulli { p }));
        assert!(parameter(Distribution::Categorical { p: vec![p, 1.0] }));
    }
    for stdev in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(parameter(Distribution::Gaussian { mean: 0.0, stdev }));
        assert!(parameter(Distribution::Poisson { rate: stdev }));
    }
    let mean = f64::NAN;
    assert!(parameter(Distribution::Gaussian { mean, stdev: 1.0 }));
    let histogram = |breaks: &[f64], densities: &[f64]| {
        of(Distribution::Histogram {
            breaks: breaks.to_vec(),
            densities: densities.to_vec(),
        })
    };
    assert_eq!(
        histogram(&[0.0, 1.0], &[0.5, 0.5]),
        Problem::BreakCount(2, 2)
    );
    assert_eq!(
        histogram(&[0.0, 1.0, 1.0], &[0.5, 0.5]),
        Problem::Breaks(2, 1.0)
    );
    let mass = histogram(&[0.0, 1.0, 3.0], &[0.5, 0.5]);
    assert!(matches!(mass, Problem::Mass { sum: 1.5, .. }));
    let p = vec![0.25, 0.5];
    assert!(matches!(
        of(Distribution::Categorical { p }),
        Problem::Mass { sum: 0.75, .. }
    ));
    assert!(matches!(
        of(Distribution::Categorical { p: vec![] }),
        Problem::Values(0, _)
    ));
    let mixed = vec![
        sum(&[1, 2], &[0.5, 0.5]),
        bernoulli(0, 0.5),
        leaf(0, Distribution::Poisson { rate: 1.0 }),
    ];
    let error = new(mixed).unwrap_err().to_string();
    assert_eq!(
        error,
        "node 2: variable 0 takes counts here and categories in a leaf before"
    );
}

#[test]
fn roots_and_classes() {
    let nodes = || {
        vec![
            bernoulli(0, 0.5),
            bernoulli(1, 0.5),
            bernoulli(0, 0.25),
            leaf(1, Distribution::Poisson { rate: 2.0 }),
        ]
    };
    let new = |roots: &[NodeId], prior: &[f64], class| {
        Spn::new(variables(3), nodes(), roots.to_vec(), prior.to_vec(), class)
    };
    assert!(matches!(
        new(&[0, 1], &[], None),
        Err(SpnError::RootScopes { root: 1, .. })
    ));
    assert!(matches!(
        new(&[0, 2], &[0.5, 0.6], None),
        Err(SpnError::Prior { .. })
    ));
    assert!(matches!(
        new(&[0, 2], &[1.0], None),
        Err(SpnError::Prior { .. })
    ));
    assert!(matches!(
        new(&[0, 2], &[1.5, -0.5], None),
        Err(SpnError::Prior { .. })
    ));
    for (roots, class) in [(vec![0], 9), (vec![0], 2), (vec![3], 1), (vec![0, 2], 0)] {
        assert!(matches!(
            new(&roots, &[], Some(class)),
            Err(SpnError::Class { .. })
        ));
    }
    let spn = new(&[0, 2], &[], None).unwrap();
    assert_eq!((spn.prior(), spn.classes()), (&[0.5, 0.5][..], Some(2)));
    // What no root reaches is dropped, even a leaf of another kind.
    assert_eq!(spn.nodes().len(), 2);
    let same = new(&[2, 2], &[], None).unwrap();
    assert_eq!((same.nodes().len(), same.roots()), (1, &[0, 0][..]));
}

#[test]
fn nearly_normalised_weights_are_divided_by_their_sum() {
    let weights = |given: [f64; 2]| {
        let spn = new(vec![sum(&[1, 1], &given), bernoulli(0, 0.5)]).unwrap();
        match spn.nodes().last() {
            Some(Node::Sum { weights, .. }) => weights.clone(),
            other => panic!("{other:?}"),
        }
    };
    let exact = [0.3, 0.7 + 1e-12];
    assert_eq!(weights(exact), exact);
    let divided: f64 = weights([0.3, 0.7 + 5e-7]).iter().sum();
    assert!((divided - 1.0).abs() < 1e-15);
}

/// As deep as it has nodes: nothing recurses.
#[test]
fn rows() {
    let nodes = vec![
        product(&[1, 2]),
        leaf(0, Distribution::Categorical { p: vec![0.0, 1.0] }),
        leaf(
            1,
            Distribution::Histogram {
                breaks: vec![0.0, 0.5, 1.5],
                densities: vec![1.0, 0.5],
            },
        ),
    ];
    let spn = new(nodes).unwrap();
    let evaluator = Evaluator::new(&spn);
    let row = |a: f64, b: f64| vec![Evidence::Observed(a), Evidence::Observed(b)];
    let error = |row: Vec<Evidence>| {
        let rows = [vec![Evidence::Missing; 2], row];
        evaluator.log_likelihood(&rows).unwrap_err()
    };
    assert_eq!(
        error(vec![Evidence::Missing]),
        RowError::Fields {
            row: 2,
            got: 1,
            expected: 2
        }
    );
    assert_eq!(
        error(row(2.0, 1.0)).to_string(),
        "row 2, column 1 (V0): 2 is not an integer from 0 to 1"
    );
    assert_eq!(
        error(row(1.0, 1.5)).to_string(),
        "row 2, column 2 (V1): 1.5 is not a number from 0 to below 1.5"
    );
    for (a, b) in [
        (0.5, 1.0),
        (-1.0, 1.0),
        (f64::NAN, 1.0),
        (1.0, f64::INFINITY),
        (1.0, -0.1),
    ] {
        assert!(matches!(error(row(a, b)), RowError::Value { row: 2, .. }));
    }
    // Probability zero is a value, not an error; given it, nothing is defined.
    let impossible = [row(0.0, 1.0)];
    assert_eq!(
        evaluator.log_likelihood(&impossible).unwrap(),
        [f64::NEG_INFINITY]
    );
    let given = evaluator.conditional(&impossible, &[0]).unwrap_err();
    assert_eq!(given, RowError::Impossible { row: 1 });
    assert_eq!(
        evaluator.conditional(&impossible, &[1]).unwrap(),
        [f64::NEG_INFINITY]
    );
    let column = evaluator.conditional(&impossible, &[2]).unwrap_err();
    assert!(matches!(
        column,
        RowError::Column {
            column: 3,
            expected: 2
        }
    ));
    assert_eq!(evaluator.classify(&impossible), Err(RowError::NoClass));
}

#[test]
fn text() {
    let error = |text: &str| import::import(text).unwrap_err().to_string();
    for (text, expected) in [
        (
            "",
            "not a sum-product network in a known format: it begins with \"\"",
        ),
        ("0,1,0", "it begins with \"0,1,0\""),
        (
            "(Bernoulli(V0|p=0.5) * Bernoulli(V0|p=0.5))",
            "node 2 (line 1, column 1): variable 0 is below more than one child",
        ),
        (
            "(0.5*(Bernoulli(V0|p=0.5))\n + 0.4*(Bernoulli(V0|p=0.5)))",
            "weights add up to 0.9, not 1",
        ),
        (
            "(0.5*(Bernoulli(V0|p=0.5)) * 0.5*(Bernoulli(V0|p=0.5)))",
            "line 1, column 28: expected `+` or `)`, found \"* 0.5*(Berno\"",
        ),
        (
            "(Bernoulli(V0|p=0.5) + Bernoulli(V1|p=0.5))",
            "expected `*` or `)`",
        ),
        (
            "(0.5*(Bernoulli(V0|p=0.5)) + Bernoulli(V0|p=0.5))",
            "column 30: expected a weight",
        ),
        (
            "(Uniform(V0|start=0;end=1))",
            "column 2: a leaf of unknown kind `Uniform`",
        ),
        ("(Gaussian(V0|mean=0))", "Gaussian without a number `stdev`"),
        (
            "(Bernoulli(V0|p=nan))",
            "expected a finite number, found \"nan))\"",
        ),
        ("(Bernoulli(V0|p=0.5)", "expected `*` or `)`, found the end"),
        ("()", "expected a node"),
        ("(Bernoulli(V0|p=0.5)))", "expected the end"),
        (
            "(Bernoulli(V99999999999999999999|p=0.5))",
            "the file names variables but not their order",
        ),
        (
            "(Bernoulli(V70000|p=0.5))",
            "65537 variables, more than 65536",
        ),
        (
            "(Histogram(V0|[0 1 ... 9];[1];[0]))",
            "numbers are left out",
        ),
        (
            "SumNode_0 SumNode(1.0*A_1){\n}",
            "node `A_1` is used but not defined",
        ),
        (
            "SumNode_0 SumNode(0.5*A, 0.5*A){\n\tA Bernoulli(V0|p=0.5)\n\tA Bernoulli(V0|p=0.6)\n}",
            "line 3, column 2: `A` is defined in two ways",
        ),
        ("S ProductNode(S){\n}", "node 0 (S): is below itself"),
        (
            "S ProductNode(A){\n\tA Bernoulli(V0|p=0.5)",
            "expected `}`, found the end",
        ),
        (
            "{\"Sum\": {\"children\": [], \"weights\": []}}",
            "node 0 (line 1, column 2): has no children",
        ),
        (
            "{\"Gamma\": {\"alpha\": 1, \"scope\": [0]}}",
            "a node of unknown kind `Gamma`",
        ),
        (
            "{\"Bernoulli\": {\"p\": 0.5, \"scope\": [0, 1]}}",
            "a leaf of scope [0.0, 1.0]",
        ),
        (
            "{\"format\": \"nodes-v1\", \"root\": 0, \"nodes\": []}",
            "root 0 does not exist",
        ),
        (
            "{\"format\": \"nodes-v1\", \"root\": 5, \"nodes\": [{\"id\": 5, \"type\": \"product\", \"children\": [6]}]}",
            "node 5: child 6 does not exist",
        ),
        (
            "{\"format\": \"nodes-v1\", \"root\": 5, \"nodes\": [{\"id\": 5, \"type\": \"product\", \"children\": [5]}]}",
            "node 0 (id 5): is below itself",
        ),
        (
            "{\"format\": \"nodes-v1\", \"root\": 5, \"nodes\": [{\"id\": 5, \"type\": \"Bernoulli\", \"var\": 18446744073709551615, \"p\": 0.5}]}",
            "variables, more than 65536",
        ),
        (
            "{\"format\": \"nodes-v1\", \"root\": 5, \"nodes\": [{\"id\": 5, \"type\": \"Gamma\", \"var\": 0}]}",
            "unknown variant `Gamma`",
        ),
        (
            "{\"something\": 3}",
            "halfmask-spn-1: unknown field `something`",
        ),
    ] {
        let got = match import::import(text) {
            Ok(imported) => imported.notes.join(" "),
            Err(_) => error(text),
        };
        assert!(got.contains(expected), "{text}\n{got}\n{expected}");
    }
}

#[test]
fn numpy_and_named_variables() {
    let text = "(0.25*(Categorical(kind of (tea)|p=[0.25 0.75])) + 0.75*(Categorical(kind of (tea)|p=[np.float64(0.5), 0.5])))";
    let imported = import::import(text).unwrap();
    assert_eq!(imported.spn.variables()[0].name, "kind of (tea)");
    assert!(imported.notes[0].contains("kind of (tea)"));
    let json = "{\"Product\": {\"children\": [{\"Categorical\": {\"id\": 1, \"p\": \"[0.25\\n 0.75]\", \"scope\": [1]}}, \
        {\"Histogram\": {\"bin_repr_points\": [0], \"breaks\": [0, 2], \"densities\": [1.0], \"id\": 2, \"meta_type\": \"REAL\", \
        \"scope\": [0], \"type\": null}}], \"id\": 0, \"scope\": [0, 1]}}";
    let imported = import::import(json).unwrap();
    assert_eq!(imported.spn.counts().leaves, 2);
    assert!(
        imported.notes[0].contains("(the furthest to 2)"),
        "{:?}",
        imported.notes
    );
}
