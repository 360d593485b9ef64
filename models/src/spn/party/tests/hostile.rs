//! Strangers, plans and requests that must be refused.

use super::*;
use crate::hello::PublicPlan;
use crate::spn::plan::{Classes, PlanNode};
use crate::spn::statistics::Encoding;

fn small() -> Planned {
    let recipe = Recipe {
        kinds: &[Kind::Bernoulli; 4],
        shared: true,
        roots: 1,
        class: None,
        seed: 6,
    };
    planned(&recipe.build(), PackingChoice::Auto)
}

/// Runs a real client against a peer that does as `peer` says; returns the error.
fn against_client(peer: impl FnOnce(&mut Channel) + Send) -> Error {
    let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
    std::thread::scope(|s| {
        s.spawn(move || peer(&mut a));
        let client = Client::connect(
            &mut b,
            None,
            Randomness::from_seed([1; 32]),
            Kernels::detect(),
        );
        client.err().expect("must be refused")
    })
}

#[test]
fn the_other_kind_of_server_is_named() {
    let server = server(&small());
    let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
    std::thread::scope(|s| {
        let serving = s.spawn(|| {
            let error = server
                .accept(&mut a, Randomness::from_seed([1; 32]))
                .err()
                .unwrap();
            drop(a);
            error
        });
        let random = Randomness::from_seed([1; 32]);
        let error = crate::nn::party::Client::connect(&mut b, None, random, Kernels::detect())
            .err()
            .unwrap();
        let want =
            "the server evaluates a sum-product network, this client asks for a neural network";
        assert!(error.to_string().contains(want), "{error}");
        let error = serving.join().unwrap().to_string();
        let want =
            "the client asks for a neural network, this server evaluates a sum-product network";
        assert!(error.contains(want), "{error}");
    });
}

#[test]
fn a_pinned_plan_must_match() {
    let server = server(&small());
    let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
    std::thread::scope(|s| {
        s.spawn(|| {
            assert!(
                server
                    .accept(&mut a, Randomness::from_seed([1; 32]))
                    .is_err()
            );
        });
        let random = Randomness::from_seed([1; 32]);
        let error = Client::connect(&mut b, Some([5; 32]), random, Kernels::detect())
            .err()
            .unwrap();
        assert!(error.to_string().contains("expects plan 0505"), "{error}");
    });
}

#[test]
fn strangers_are_refused() {
    let error = against_client(|ch| {
        ch.recv(&mut [0; HELLO_BYTES]).unwrap();
        ch.send(b"GET / HTTP/1.1\r\n").unwrap();
        ch.flush().unwrap();
    });
    assert!(error.to_string().contains("GET / HT"), "{error}");
}

#[test]
fn bad_plans_are_refused() {
    let good = small().plan;
    assert!(good.check().is_ok());
    let bernoulli = good.variables[0].clone();
    let sum = |children: Vec<u32>| PlanNode::Sum { children };
    type Spoil = Box<dyn Fn(&mut Plan)>;
    let cases: Vec<(&str, Spoil)> = vec![
        ("version 99", Box::new(|p| p.version = 99)),
        ("unprintable", Box::new(|p| p.model = "a\u{7}".into())),
        ("fixed point", Box::new(|p| p.scale.fraction = 40)),
        ("fixed point", Box::new(|p| p.scale.guard = 9)),
        ("fixed point", Box::new(|p| p.scale.floor = u32::MAX)),
        ("0 nodes", Box::new(|p| p.nodes.clear())),
        ("no statistics", Box::new(|p| p.variables.clear())),
        (
            "which does not come before it",
            Box::new(move |p| p.nodes.push(sum(vec![0, u32::MAX]))),
        ),
        (
            "which does not come before it",
            Box::new(|p| {
                p.nodes[0] = PlanNode::Sum {
                    children: vec![0, 0],
                }
            }),
        ),
        (
            "operands",
            Box::new(|p| p.nodes.push(PlanNode::Sum { children: vec![0] })),
        ),
        (
            "operands",
            Box::new(|p| {
                p.nodes.push(PlanNode::Product {
                    children: vec![],
                    leaves: true,
                })
            }),
        ),
        ("nobody reads", Box::new(|p| p.nodes.push(PlanNode::Leaves))),
        (
            "classes",
            Box::new(|p| p.classes = Some(Classes::Variable(9))),
        ),
        (
            "4294967295 values",
            Box::new(|p| p.variables[0].encoding = Encoding::Categorical { values: u32::MAX }),
        ),
        (
            "borders",
            Box::new(|p| {
                p.variables[0].encoding = Encoding::Histogram {
                    borders: vec![1.0, 1.0],
                }
            }),
        ),
        (
            "cannot be divided",
            Box::new(|p| {
                p.variables[0].encoding = Encoding::Gaussian {
                    low: 1e300,
                    high: 1e300,
                }
            }),
        ),
        (
            "counts up to",
            Box::new(|p| p.variables[0].encoding = Encoding::Poisson { max: u32::MAX }),
        ),
        (
            "more than 65536 statistics",
            Box::new(move |p| p.variables = vec![bernoulli.clone(); 1 << 15]),
        ),
        (
            "values of",
            Box::new(|p| {
                // A product of a product of itself: as many leaf groups in a tree as 2^40.
                let last = p.nodes.len() as u32 - 1;
                p.nodes
                    .extend((last..last + 40).map(|last| PlanNode::Product {
                        children: vec![last, last],
                        leaves: false,
                    }));
            }),
        ),
    ];
    for (want, spoil) in cases {
        let mut bad = good.clone();
        spoil(&mut bad);
        let error = bad.check().unwrap_err().to_string();
        assert!(error.contains(want), "{want}: {error}");
        let bytes = bad.to_bytes().unwrap();
        assert!(Plan::from_bytes(&bytes).is_err(), "{want}");
    }
    let text = String::from_utf8(good.to_bytes().unwrap()).unwrap();
    assert!(Plan::from_bytes(text.replacen('{', "{\"more\":1,", 1).as_bytes()).is_err());
    assert_eq!(Plan::from_bytes(text.as_bytes()).unwrap(), good);
}

#[test]
fn evaluations_do_not_multiply_beyond_memory() {
    let mut plan = small().plan;
    plan.variables[0].encoding = Encoding::Categorical { values: 4096 };
    plan.classes = Some(Classes::Variable(0));
    plan.nodes = vec![PlanNode::Leaves; 2100];
    plan.nodes.push(PlanNode::Sum {
        children: (0..2100).collect(),
    });
    let shape = plan.check().unwrap();
    let error = crate::spn::circuits::program(&plan, &shape, QueryKind::Class).unwrap_err();
    let want = "class query takes 17207296 operations";
    assert!(error.to_string().contains(want), "{error}");
    plan.nodes.truncate(2);
    plan.nodes.push(PlanNode::Sum {
        children: vec![0, 1],
    });
    let shape = plan.check().unwrap();
    let error = crate::spn::circuits::program(&plan, &shape, QueryKind::Class).unwrap_err();
    assert!(error.to_string().contains("statistics"), "{error}");
    assert!(crate::spn::circuits::program(&plan, &shape, QueryKind::Conditional).is_ok());
}

#[test]
fn impossible_requests_are_refused() {
    let planned = small();
    let server = server(&planned);
    let most = rows_at_once(&planned.plan, &planned.shape, QueryKind::Likelihood) as u32;
    for (request, want) in [
        ([2, 0, 0], "0 rows"),
        ([2, 0, most + 1], "rows, 1 to"),
        ([2, 2, 1], "no classes"),
        ([2, 9, 1], "query 9"),
        ([7, 0, 1], "request 7"),
    ] {
        let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
        std::thread::scope(|s| {
            let serving = s.spawn(|| {
                let mut connection = server
                    .accept(&mut a, Randomness::from_seed([1; 32]))
                    .unwrap();
                let error = connection.serve(&mut a).err().unwrap();
                let again = connection.serve(&mut a).err().unwrap().to_string();
                assert!(again.contains("out of step"), "{again}");
                error
            });
            let _client = Client::connect(
                &mut b,
                None,
                Randomness::from_seed([2; 32]),
                Kernels::detect(),
            )
            .unwrap();
            for number in request {
                b.send_u32(number).unwrap();
            }
            b.flush().unwrap();
            let error = serving.join().unwrap().to_string();
            assert!(error.contains(want), "{error}");
        });
    }
}

#[test]
fn bad_rows_send_nothing() {
    let server = server(&small());
    let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
    std::thread::scope(|s| {
        let serving = s.spawn(|| {
            let mut connection = server
                .accept(&mut a, Randomness::from_seed([1; 32]))
                .unwrap();
            connection.serve(&mut a).unwrap()
        });
        let mut client = Client::connect(
            &mut b,
            None,
            Randomness::from_seed([2; 32]),
            Kernels::detect(),
        )
        .unwrap();
        b.take_meter();
        let good = vec![Evidence::Missing; 4];
        let mut bad = good.clone();
        bad[2] = Evidence::Observed(0.5);
        for (rows, query, want) in [
            (
                vec![good.clone(), bad],
                Query::Likelihood,
                "row 2, column 3 (V2): 0.5 is not an integer from 0 to 1",
            ),
            (vec![good[..3].to_vec()], Query::Mpe, "row 1 has 3 fields"),
            (
                vec![good.clone()],
                Query::Class,
                "neither class roots nor a class variable",
            ),
            (
                vec![good],
                Query::Conditional { given: vec![4] },
                "column 5 does not exist",
            ),
        ] {
            let error = client.infer(&mut b, &rows, &query).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
        assert_eq!(b.meter().total().bytes(), 0);
        client.finish(&mut b).unwrap();
        assert_eq!(serving.join().unwrap(), None);
    });
}
