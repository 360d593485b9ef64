#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]
//! What networks mean: probabilities add up, the best class wins, however deep the network.

mod networks;

use halfmask_models::spn::float::Evaluator;
use halfmask_models::spn::graph::{Distribution, Evidence, Node, NodeId, Spn};
use halfmask_models::spn::import;
use networks::{bernoulli, leaf, product, sum, variables};

#[test]
fn a_network_may_be_deep() {
    let depth = 300_000;
    let mut nodes: Vec<Node> = (1..depth).map(|child| sum(&[child], &[1.0])).collect();
    nodes.push(bernoulli(0, 0.25));
    let spn = Spn::new(variables(2), nodes, vec![0], vec![1.0], None).unwrap();
    assert_eq!(spn.counts().depth, depth);
    assert_eq!(spn.scope(depth - 1), [0]);
    let row = [vec![Evidence::Observed(1.0), Evidence::Missing]];
    let value = Evaluator::new(&spn).log_likelihood(&row).unwrap();
    assert_eq!(value, [0.25f64.ln()]);
    let explained = Evaluator::new(&spn)
        .mpe(&[[Evidence::Maximised; 2]])
        .unwrap();
    assert_eq!(
        explained[0].row,
        [Evidence::Observed(0.0), Evidence::Maximised]
    );

    let deep = 100_000;
    let text = |open: &str, close: &str| {
        format!(
            "{}Bernoulli(V0|p=0.5){}",
            open.repeat(deep),
            close.repeat(deep)
        )
    };
    assert_eq!(
        import::import(&text("(", ")")).unwrap().spn.nodes().len(),
        1
    );
    let sums = import::import(&text("(1.0*", ")")).unwrap().spn;
    assert_eq!(sums.nodes().len(), deep + 1);
    assert!(import::import(&text("(", "")).is_err());
    let json = format!(
        "{}{{\"Bernoulli\":{{\"p\":0.5,\"scope\":[0]}}}}{}",
        "{\"Sum\":{\"weights\":[1.0],\"children\":[".repeat(deep),
        "]}}".repeat(deep)
    );
    assert_eq!(import::import(&json).unwrap().spn.nodes().len(), deep + 1);
    // The JSON library's own limit, a refusal.
    let arrays = format!("{{\"format\":{}", "[".repeat(deep));
    assert!(import::import(&arrays).is_err());
}

/// Marginals and masses of small random networks by enumeration.
#[test]
fn probabilities_add_up_to_one() {
    let mut state = 7u64;
    let mut random = move || {
        // A linear congruential generator is random enough to choose weights.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    for _ in 0..20 {
        let mut nodes = Vec::new();
        // Variables 0 to 2 have 2, 3, 3 values; per variable three leaves, then sums of products, some shared.
        let sizes = [2usize, 3, 3];
        let leaves: Vec<Vec<NodeId>> = (0..3)
            .map(|v| {
                let mut make = || {
                    let raw: Vec<f64> = (0..sizes[v]).map(|_| random()).collect();
                    let total: f64 = raw.iter().sum();
                    let p = raw.iter().map(|x| x / total).collect();
                    nodes.push(leaf(v, Distribution::Categorical { p }));
                    nodes.len() - 1
                };
                vec![make(), make(), make()]
            })
            .collect();
        let mut pairs = Vec::new();
        for k in 0..3 {
            nodes.push(product(&[leaves[0][k], leaves[1][(k + 1) % 3]]));
            nodes.push(product(&[leaves[0][k], leaves[1][k]]));
            let w = random();
            nodes.push(sum(&[nodes.len() - 2, nodes.len() - 1], &[w, 1.0 - w]));
            pairs.push(nodes.len() - 1);
        }
        let tops: Vec<NodeId> = (0..3)
            .map(|k| {
                nodes.push(product(&[pairs[k], leaves[2][k]]));
                nodes.len() - 1
            })
            .collect();
        nodes.push(sum(&tops, &[0.25, 0.5, 0.25]));
        let root = nodes.len() - 1;
        let spn = Spn::new(variables(3), nodes, vec![root], vec![1.0], Some(2)).unwrap();
        let evaluator = Evaluator::new(&spn);
        let of = |k: usize| Evidence::Observed(k as f64);
        let mut rows = Vec::new();
        for a in 0..2 {
            for b in 0..3 {
                for c in 0..3 {
                    rows.push(vec![of(a), of(b), of(c)]);
                }
            }
        }
        let values = evaluator.log_likelihood(&rows).unwrap();
        let total: f64 = values.iter().map(|v| v.exp()).sum();
        assert!((total - 1.0).abs() < 1e-12, "{total}");
        // Each marginal is the sum over what is missing.
        for missing in 0..8usize {
            let keep = |row: &[Evidence]| -> Vec<Evidence> {
                let field = |(v, e): (usize, &Evidence)| match missing >> v & 1 {
                    1 => Evidence::Missing,
                    _ => *e,
                };
                row.iter().enumerate().map(field).collect()
            };
            for row in &rows {
                let marginal = keep(row);
                let agree = rows
                    .iter()
                    .zip(&values)
                    .filter(|(r, _)| keep(r) == marginal);
                let expected: f64 = agree.map(|(_, v)| v.exp()).sum();
                let got = evaluator.log_likelihood(&[marginal]).unwrap()[0].exp();
                assert!((got - expected).abs() < 1e-12);
            }
        }
        // The class is the best value of variable 2, whatever its field says.
        for chunk in 0..6 {
            let of_class = &values[chunk * 3..chunk * 3 + 3];
            let got = evaluator.classify(&[rows[chunk * 3 + 1].clone()]).unwrap()[0];
            let best = of_class.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(of_class[got.class], best);
            assert_eq!(got.value, best);
            let second = (0..3).filter(|&c| c != got.class).map(|c| of_class[c]);
            let second = second.fold(f64::NEG_INFINITY, f64::max);
            assert!((got.margin - (best - second)).abs() < 1e-15);
        }
    }
}

#[test]
fn class_roots_and_ties() {
    let nodes = vec![bernoulli(0, 0.25), bernoulli(0, 0.75), bernoulli(0, 0.25)];
    let spn = Spn::new(
        variables(1),
        nodes,
        vec![0, 1, 2],
        vec![0.25, 0.25, 0.5],
        None,
    )
    .unwrap();
    let evaluator = Evaluator::new(&spn);
    let classes = |x: f64| evaluator.classify(&[[Evidence::Observed(x)]]).unwrap()[0];
    let one = classes(1.0);
    assert_eq!((one.class, one.value), (1, (0.25f64 * 0.75).ln()));
    assert!((one.margin - 1.5f64.ln()).abs() < 1e-15);
    assert_eq!(classes(0.0).class, 2);
    let likelihood = evaluator
        .log_likelihood(&[[Evidence::Observed(1.0)]])
        .unwrap()[0];
    assert!((likelihood.exp() - 0.375).abs() < 1e-15);
    // 0.5 of class 2 beats 0.25 of classes 0 and 1 without evidence; explanations take the heaviest root's mode.
    assert_eq!(
        evaluator.classify(&[[Evidence::Missing]]).unwrap()[0].class,
        2
    );
    let explained = evaluator.mpe(&[[Evidence::Maximised]]).unwrap();
    assert_eq!(explained[0].row, [Evidence::Observed(0.0)]);
    // Equal classes: the lowest wins, with margin 0.
    let nodes = vec![bernoulli(0, 0.25), bernoulli(0, 0.25)];
    let spn = Spn::new(variables(1), nodes, vec![0, 1], vec![], None).unwrap();
    let tie = Evaluator::new(&spn)
        .classify(&[[Evidence::Observed(1.0)]])
        .unwrap()[0];
    assert_eq!((tie.class, tie.margin), (0, 0.0));
}
