//! Rows, plans, queries and clients that must be refused.

use super::*;
use crate::Error;
use crate::hello::PublicPlan;
use crate::spn::statistics::Encoding;
use std::time::Duration;

#[test]
fn rows_that_do_not_fit_are_refused() {
    let spn = two_products([[0, 1, 2, 3]; 2]);
    let planned = planned(&spn, Profile::Cryptospn32, Scopes::Hidden);
    let refuse = |planned: &Planned, row: Vec<Evidence>, want: &str| {
        let error = planned.evaluate(&[row]).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    };
    let one = Evidence::Observed(1.0);
    refuse(&planned, vec![one; 3], "row 1 has 3 fields, the network 4");
    let two = Evidence::Observed(2.0);
    refuse(
        &planned,
        vec![one, two, one, one],
        "column 2 (V1): 2 is not an integer from 0 to 1",
    );
    refuse(&planned, vec![Evidence::Maximised; 4], "maximises nothing");
    let options = GarbledOptions {
        missing: false,
        ..GarbledOptions::new(Profile::Fixed)
    };
    refuse(
        &plan(&spn, &options).unwrap(),
        vec![Evidence::Missing; 4],
        "complete rows",
    );
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let good = planned(
        &two_products([[0, 1, 2, 3]; 2]),
        Profile::Fixed,
        Scopes::Hidden,
    );
    let good = good.plan();
    let bytes = good.to_bytes().unwrap();
    assert_eq!(GarbledPlan::from_bytes(&bytes).unwrap(), *good);
    let refuse = |change: &dyn Fn(&mut GarbledPlan), want: &str| {
        let mut plan = good.clone();
        change(&mut plan);
        let error = GarbledPlan::from_bytes(&plan.to_bytes().unwrap()).unwrap_err();
        assert!(error.to_string().contains(want), "{error}");
    };
    refuse(&|p| p.version += 1, "version");
    refuse(&|p| p.model = "a\n".into(), "unprintable");
    refuse(&|p| p.scale.floor = 5000, "floor");
    refuse(&|p| p.scopes = Scopes::Public, "variable is shown");
    refuse(&|p| p.nodes.clear(), "0 nodes");
    refuse(
        &|p| p.nodes[4] = Node::Product { children: vec![] },
        "no operands",
    );
    refuse(
        &|p| p.nodes[4] = Node::Product { children: vec![7] },
        "does not come before",
    );
    refuse(
        &|p| p.nodes[4] = Node::Product { children: vec![0] },
        "nobody reads node 1",
    );
    let leaf = |kind| Node::Leaf {
        kind,
        variable: None,
    };
    refuse(
        &|p| p.nodes[0] = leaf(LeafKind::Gaussian),
        "no variable for a leaf",
    );
    refuse(
        &|p| p.variables[0].encoding = Encoding::Categorical { values: 0 },
        "variable V0",
    );
    // Words may not be longer than is taken.
    refuse(
        &|p| {
            p.scale.floor = 1024;
            let name = |i: usize| format!("W{i}");
            for i in 0..12_000 {
                p.variables.push(crate::spn::plan::VariablePlan {
                    name: name(i),
                    encoding: Encoding::Categorical { values: 2 },
                });
            }
        },
        "at most 40",
    );
    // Nor may programs be larger than memory.
    let wide = |p: &mut GarbledPlan| {
        p.variables[0].encoding = Encoding::Categorical { values: 4096 };
        let leaves = 10_000;
        p.nodes = vec![leaf(LeafKind::Categories); leaves];
        p.nodes.push(Node::Sum {
            children: (0..leaves as u32).collect(),
        });
    };
    refuse(&wide, "parts");
}

#[test]
fn other_queries_and_other_clients_are_refused() {
    let spn = two_products([[0, 1, 2, 3]; 2]);
    let server = Server::new(
        planned(&spn, Profile::Fixed, Scopes::Hidden),
        Kernels::detect(),
    );
    let against = |client: &(dyn Fn(&mut Channel) + Sync)| -> Error {
        let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
        std::thread::scope(|s| {
            s.spawn(move || client(&mut b));
            let random = Randomness::from_seed([1; 32]);
            match server.accept(&mut a, random) {
                Ok(mut connection) => connection.serve(&mut a).unwrap_err(),
                Err(error) => error,
            }
        })
    };
    let random = || Randomness::from_seed([2; 32]);
    let error = against(&|ch| {
        let client = crate::spn::party::Client::connect(ch, None, random(), Kernels::detect());
        let error = client.err().unwrap().to_string();
        assert!(error.contains("all-garbled"), "{error}");
    });
    assert!(
        error
            .to_string()
            .contains("this server evaluates an all-garbled"),
        "{error}"
    );
    for (kind, rows, want) in [
        (QueryKind::Mpe, 1, "answers likelihoods"),
        (QueryKind::Likelihood, 0, "0 rows"),
        (QueryKind::Likelihood, 1 << 17, "131072 rows"),
    ] {
        let error = against(&|ch| {
            let _client = Client::connect(ch, None, random(), Kernels::detect()).unwrap();
            crate::spn::party::Request::Infer(kind, rows)
                .send(ch)
                .unwrap();
            ch.flush().unwrap();
        });
        assert!(error.to_string().contains(want), "{error}");
    }
}
