//! Choices on a made-up model, where the right one is plain.

use super::*;
use std::time::Duration;

const SOFT: CotProtocol = CotProtocol::SoftSpoken { k: 4 };

fn model() -> CostModel {
    let relu = |seconds, to_evaluator, chooses: [f64; 2], flights| ReluCost {
        seconds,
        to_garbler: 10.0,
        to_evaluator,
        and_gates: 0.0,
        garbler_chooses: chooses[0],
        evaluator_chooses: chooses[1],
        flights,
    };
    let cot = |seconds, bytes, refill| CotCost {
        seconds,
        bytes: [bytes, 0.0],
        refill,
        refill_seconds: 0.1,
    };
    CostModel {
        width: 12,
        relus: vec![
            (ReluProtocol::Garbled, relu(180e-9, 330.0, [2.0, 12.0], 4)),
            (ReluProtocol::Ot, relu(250e-9, 12.0, [14.0, 1.0], 8)),
        ],
        cots: vec![
            (SOFT, cot(5e-9, 3.9, 0)),
            (CotProtocol::Silent, cot(30e-9, 0.03, 10_000_000)),
        ],
    }
}

fn network(megabits: f64, milliseconds: f64) -> Setting {
    let round_trip = Duration::from_secs_f64(milliseconds * 1e-3);
    Setting {
        network: Some(NetworkModel::new(megabits * 1e6, round_trip).unwrap()),
        threads: 1,
    }
}

#[test]
fn the_link_decides() {
    let choose = |setting: &Setting, layers: &[u64]| {
        let choice = model().choose(setting, layers, (None, None)).unwrap();
        let Engine { relu, cot, .. } = choice.engine;
        ((relu, cot), choice.ranking[0].2)
    };
    let engine = |relu, cot| (relu, cot);
    let layers = [10_000_000, 1_000_000];
    let loopback = Setting {
        network: None,
        threads: 1,
    };
    assert_eq!(
        choose(&loopback, &layers),
        (engine(ReluProtocol::Garbled, SOFT), Limit::Processor)
    );
    assert_eq!(
        choose(&network(1000.0, 0.2), &layers),
        (engine(ReluProtocol::Ot, SOFT), Limit::ToEvaluator)
    );
    assert_eq!(
        choose(&network(100.0, 40.0), &layers),
        (
            engine(ReluProtocol::Ot, CotProtocol::Silent),
            Limit::ToEvaluator
        )
    );
    // A single image over a slow link: only the flights count, and a refill does not pay.
    assert_eq!(
        choose(&network(1000.0, 40.0), &[100]),
        (engine(ReluProtocol::Garbled, SOFT), Limit::Delay)
    );
    // More threads help where the processors are the limit.
    let seconds = |threads| {
        let setting = Setting {
            network: None,
            threads,
        };
        model()
            .choose(&setting, &layers, (None, Some(SOFT)))
            .unwrap()
            .ranking[0]
            .1
    };
    assert!((seconds(1) / seconds(2) - 2.0).abs() < 1e-9);
}

#[test]
fn restrictions_hold_and_are_told() {
    let setting = network(1000.0, 0.2);
    let silent = Some(CotProtocol::Silent);
    let choice = model().choose(&setting, &[1000], (None, silent)).unwrap();
    assert!(choice.ranking.iter().all(|(e, ..)| Some(e.cot) == silent));
    assert_eq!(choice.ranking.len(), 2);
    assert!(choice.to_string().contains("instead of"), "{choice}");
    let none = CotProtocol::SoftSpoken { k: 1 };
    assert!(
        model()
            .choose(&setting, &[1000], (None, Some(none)))
            .is_err()
    );
}
