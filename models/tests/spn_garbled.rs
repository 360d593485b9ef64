#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]
//! The all-garbled profiles on a network learned by SPFlow: error, gates, and two parties.
//!
//! The network and the rows are not part of the repository: without them the tests say so and pass.

use std::io::Read;
use std::path::PathBuf;

use halfmask_bridge::mpc::channel::Channel;
use halfmask_bridge::session::{Kernels, Randomness};
use halfmask_models::spn::float::Evaluator;
use halfmask_models::spn::garbled::{Client, GarbledOptions, Profile, Scopes, Server, plan};
use halfmask_models::spn::graph::Evidence;
use halfmask_models::spn::import;

#[test]
fn nltcs_in_every_profile() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if !root.join("spn/nltcs.json").is_file() {
        println!("skipped: no reference networks in {}", root.display());
        return;
    }
    let spn = import::import_file(&root.join("spn/nltcs.json"))
        .unwrap()
        .spn;
    let mut text = String::new();
    let file = std::fs::File::open(root.join("debd/nltcs.test.csv.gz")).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    let rows: Vec<Vec<Evidence>> = text
        .lines()
        .take(64)
        .enumerate()
        .map(|(r, line)| {
            let fields = line.split(',').enumerate();
            let evidence = |(v, field): (usize, &str)| match (r + v) % 7 {
                0 if r % 2 == 1 => Evidence::Missing,
                _ => Evidence::Observed(field.parse().unwrap()),
            };
            fields.map(evidence).collect()
        })
        .collect();
    let float = Evaluator::new(&spn).log_likelihood(&rows).unwrap();
    for (profile, tolerance) in [
        (Profile::Fixed, 1e-3),
        (Profile::Cryptospn32, 1e-4),
        (Profile::Cryptospn64, 1e-9),
    ] {
        for scopes in [Scopes::Hidden, Scopes::Public] {
            let options = GarbledOptions {
                scopes,
                ..GarbledOptions::new(profile)
            };
            let planned = plan(&spn, &options).unwrap();
            let answer = planned.evaluate(&rows).unwrap();
            let values = answer.log_likelihoods().unwrap();
            let errors = values
                .iter()
                .zip(&float)
                .map(|(got, want)| (got - want).abs());
            let worst = errors.fold(0.0, f64::max);
            println!(
                "{} {scopes:?}: error {worst:e} nats, {:?}",
                profile.name(),
                planned.cost()
            );
            assert!(worst < tolerance, "{profile:?} {worst}");
            if scopes == Scopes::Public || profile == Profile::Cryptospn64 {
                continue;
            }
            let server = Server::new(planned, Kernels::detect());
            let (mut a, mut b) = Channel::pair();
            std::thread::scope(|s| {
                s.spawn(|| {
                    let random = Randomness::from_os().unwrap();
                    let mut connection = server.accept(&mut a, random).unwrap();
                    while connection.serve(&mut a).unwrap().is_some() {}
                });
                let random = Randomness::from_os().unwrap();
                let mut client = Client::connect(&mut b, None, random, Kernels::detect()).unwrap();
                for asked in [&rows[..1], &rows[..16]] {
                    client.prepare(&mut b, asked.len()).unwrap();
                    let start = std::time::Instant::now();
                    let private = client.infer(&mut b, asked).unwrap();
                    println!("{} rows in {:?}", asked.len(), start.elapsed());
                    assert_eq!(private.log_likelihoods().unwrap(), &values[..asked.len()]);
                }
                client.finish(&mut b).unwrap();
            });
        }
    }
}
