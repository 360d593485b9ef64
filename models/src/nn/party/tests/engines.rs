//! Every way to evaluate the non-linear layers, with and without an offline phase.

use super::*;
use crate::Error;
use halfmask_bridge::mpc::channel::{Part, Phase, Step};
use halfmask_bridge::mpc::garble::Scheme;
use halfmask_bridge::mpc::ot::CotProtocol;
use halfmask_bridge::mpc::planner::Engine;
use halfmask_bridge::mpc::relu::ReluProtocol;
use std::time::Duration;

const SOFT: CotProtocol = CotProtocol::SoftSpoken { k: 4 };

fn engine(relu: ReluProtocol, cot: CotProtocol) -> Engine {
    Engine {
        relu,
        cot,
        scheme: Scheme::default(),
    }
}

fn engines() -> Vec<Engine> {
    vec![
        engine(ReluProtocol::Garbled, SOFT),
        engine(ReluProtocol::Garbled, CotProtocol::Silent),
        engine(ReluProtocol::Ot, SOFT),
        engine(ReluProtocol::Ot, CotProtocol::Silent),
        engine(ReluProtocol::Mp2ml, SOFT),
        Engine {
            scheme: Scheme::ThreeHalves,
            ..engine(ReluProtocol::Garbled, SOFT)
        },
    ]
}

fn server(network: &Network, engine: Engine) -> Server {
    let options = PlanOptions {
        engine,
        segment: 1024,
        ..PlanOptions::default()
    };
    Server::new(plan(network, &options).unwrap(), Kernels::detect())
}

/// Bytes both ways of OT for ReLU layers and maxima in a phase.
fn relu_ot(outcome: &Outcome, phase: Phase) -> u64 {
    let ot = Part::Relu(Step::Ot);
    let select =
        |scope: &halfmask_bridge::mpc::channel::Scope| scope.phase == phase && scope.part == ot;
    outcome.meter.sum(select).bytes()
}

#[test]
fn every_engine_follows_the_twin_and_replays() {
    for engine in engines() {
        let server = server(&network(), engine);
        let all = images(60, server.planned());
        let batches: [&[Vec<i64>]; 2] = [&all[..7], &all[7..]];
        let mut found = Agreement::default();
        for (batch, outcome) in batches.iter().zip(run(&server, &batches, 3)) {
            assert_eq!(relu_ot(&outcome, Phase::Offline), 0, "{engine}");
            let part = check(&server, batch, &outcome);
            found.certified += part.certified;
            found.different += part.different;
        }
        assert!(
            found.certified >= 10 && found.different <= 8,
            "{engine}: {} of 60 labels certified, {} differ",
            found.certified,
            found.different
        );
    }
}

#[test]
fn what_is_prepared_is_used_and_changes_no_result() {
    for engine in engines() {
        let server = server(&network(), engine);
        let all = images(60, server.planned());
        let batches: [&[Vec<i64>]; 3] = [&all[..5], &all[5..30], &all[30..]];
        // Ahead of one batch; ahead of two at once; nothing, out of what is left.
        let outcomes = run_prepared(&server, &batches, &[&[5], &[25, 30], &[]], 4);
        let (mut different, mut offline) = (0, 0);
        for (batch, outcome) in batches.iter().zip(&outcomes) {
            different += check(&server, batch, outcome).different;
            offline += relu_ot(outcome, Phase::Offline);
            if engine.relu == ReluProtocol::Ot {
                let online = relu_ot(outcome, Phase::Online);
                assert_eq!(online, 0, "{engine}: OT of what was prepared");
            }
        }
        // Garbling reserves what silent OT makes in refills; SoftSpoken has none.
        let sends = match engine.relu {
            ReluProtocol::Garbled => engine.cot == CotProtocol::Silent,
            ReluProtocol::Ot => true,
            ReluProtocol::Mp2ml => false,
        };
        assert_eq!(offline > 0, sends, "{engine}");
        assert!(different <= 8, "{engine}: {different} of 60 labels differ");
    }
}

#[test]
fn maxima_are_prepared_too() {
    let server = server(&pool::pooled_network(), engine(ReluProtocol::Ot, SOFT));
    let all = images(20, server.planned());
    let outcome = run_prepared(&server, &[&all], &[&[20]], 5).pop().unwrap();
    check(&server, &all, &outcome);
    assert!(relu_ot(&outcome, Phase::Offline) > 0);
    assert_eq!(relu_ot(&outcome, Phase::Online), 0);
}

#[test]
fn the_published_relu_takes_no_maxima() {
    let options = PlanOptions {
        engine: engine(ReluProtocol::Mp2ml, SOFT),
        ..PlanOptions::default()
    };
    let error = plan(&pool::pooled_network(), &options).unwrap_err();
    assert!(error.to_string().contains("takes no maxima"), "{error}");
}

/// A server and a connected client that does as `client` says; the server's error.
fn against(engine: Engine, client: impl FnOnce(&mut Channel, &mut Client)) -> Error {
    let server = server(&network(), engine);
    let (mut a, mut b) = Channel::pair_with(1 << 24, Duration::from_secs(5));
    std::thread::scope(|s| {
        let handle = s.spawn(|| {
            let random = Randomness::from_seed([1; 32]);
            let mut connection = server.accept(&mut a, random).unwrap();
            loop {
                match connection.serve_batch(&mut a) {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("a goodbye"),
                    // Dropped with this thread's end, so that the client is not left waiting.
                    Err(error) => return error,
                }
            }
        });
        let random = Randomness::from_seed([2; 32]);
        let mut connection = Client::connect(&mut b, None, random, Kernels::detect()).unwrap();
        client(&mut b, &mut connection);
        handle.join().unwrap()
    })
}

/// A request as it travels.
fn request(ch: &mut Channel, code: u32, images: u32) {
    ch.send_u32(code).unwrap();
    ch.send_u32(images).unwrap();
    ch.flush().unwrap();
}

#[test]
fn more_than_is_kept_is_prepared_by_neither() {
    // What the published protocol prepares costs nothing but ciphertexts.
    let engine = engine(ReluProtocol::Mp2ml, SOFT);
    let error = against(engine, |ch, client| {
        let full = client.plan().max_batch();
        for _ in 0..super::super::PREPARED_BATCHES {
            client.prepare(ch, full).unwrap();
        }
        let error = client.prepare(ch, 1).unwrap_err().to_string();
        assert!(error.contains("16385 images prepared for"), "{error}");
        // Nothing was sent: a batch of two makes room for two more.
        let image = vec![0; client.plan().inputs()];
        client.infer(ch, &[&image, &image]).unwrap();
        client.prepare(ch, 2).unwrap();
        assert!(client.prepare(ch, full + 1).is_err());
        assert!(client.prepare(ch, 0).is_err());
        // A client that does not count.
        request(ch, 1, 1);
    });
    let error = error.to_string();
    assert!(error.contains("16385 images prepared for"), "{error}");
}

#[test]
fn hostile_requests_are_refused() {
    let cases: [(u32, u32, &str); 6] = [
        (3, 1, "request 3, expected 0 to 2"),
        (u32::MAX, 2, "request 4294967295"),
        (2, 0, "a batch of 0 images"),
        (2, u32::MAX, "a batch of 4294967295 images"),
        (1, 0, "a batch of 0 images"),
        (1, 2049, "a batch of 2049 images, 1 to 2048"),
    ];
    for (code, images, want) in cases {
        let error = against(engine(ReluProtocol::Ot, SOFT), |ch, _| {
            request(ch, code, images);
        });
        assert!(error.to_string().contains(want), "{error}");
    }
}
