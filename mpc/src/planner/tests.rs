//! Costs from messages and from measuring, checked against what they must be.

use super::*;
use crate::Error;
use crate::channel::NetworkModel;
use crate::garble::Scheme;
use crate::ot::CotProtocol;
use crate::relu::{ReluProtocol, ReluSpec, Target};
use crate::simd::Simd;
use std::time::Duration;

const SOFT: CotProtocol = CotProtocol::SoftSpoken { k: 4 };

const SPEC: ReluSpec = ReluSpec {
    share_bits: 22,
    width: 12,
    shift: 6,
    target: Target::Modulus(998_244_353),
    segment: 1 << 14,
};

fn engine(relu: ReluProtocol, cot: CotProtocol, scheme: Scheme) -> Engine {
    Engine { relu, cot, scheme }
}

fn link(megabits: f64, round_trip: Duration) -> Setting {
    Setting {
        network: Some(NetworkModel::new(megabits * 1e6, round_trip).unwrap()),
        threads: 1,
    }
}

#[test]
fn messages_add_up_with_their_ots() {
    let of = |relu, cot, scheme| EngineCost::of_messages(engine(relu, cot, scheme), &SPEC);
    let garbled = of(ReluProtocol::Garbled, SOFT, Scheme::HalfGates);
    // Ten gates, two decode bits and a residue back; twelve labels, each 31 bits of OT, two residues and corrections there.
    assert_eq!(garbled.to_evaluator, 320.0 + 0.25 + 4.0 + 2.0 * 3.875);
    assert_eq!(garbled.to_garbler, 12.0 * (3.875 + 0.125) + 8.0);
    assert_eq!((garbled.cots, garbled.seconds), ([2.0, 12.0], 0.0));
    // Fewer bytes a gate, and all else as it was.
    let shorter = of(ReluProtocol::Garbled, SOFT, Scheme::ThreeHalves);
    let a_gate = (garbled.to_evaluator - shorter.to_evaluator) / 10.0;
    assert!((6.9..8.1).contains(&a_gate), "{a_gate}");
    assert_eq!(shorter.to_garbler, garbled.to_garbler);
    // Look-ups send a tenth of the bytes, and silent OT next to nothing.
    let ot = of(ReluProtocol::Ot, SOFT, Scheme::HalfGates);
    let silent = of(ReluProtocol::Ot, CotProtocol::Silent, Scheme::HalfGates);
    let both = |cost: &EngineCost| cost.to_garbler + cost.to_evaluator;
    assert!((both(&ot) - (19.75 + 15.0 * 3.875)).abs() < 1e-9, "{ot:?}");
    assert!(both(&silent) < 19.75 + 15.0 * 0.3, "{silent:?}");
    assert_eq!((ot.flights, garbled.flights), (7, 4));
}

#[test]
fn a_prediction_is_the_slowest_resource_and_the_delay() {
    let cost = EngineCost {
        seconds: 1e-6,
        to_garbler: 10.0,
        to_evaluator: 100.0,
        flights: 4,
        cots: [2.0, 0.0],
        cot: CotCost {
            refill: 1000,
            refill_seconds: 0.5,
            ..CotCost::default()
        },
    };
    let layers = [1_000_000, 0];
    let loopback = |threads| Setting {
        network: None,
        threads,
    };
    // Two thousand refills of half a second.
    assert_eq!(
        cost.predict(&loopback(1), &layers),
        (1001.0, Limit::Processor)
    );
    let plain = EngineCost {
        cots: [0.0; 2],
        ..cost
    };
    assert_eq!(
        plain.predict(&loopback(4), &layers),
        (0.25, Limit::Processor)
    );
    assert_eq!(plain.predict(&loopback(0), &layers).0, 1.0);
    // 100 MB at 100 Mbit/s, and two round trips a layer, an empty one too.
    let setting = link(100.0, Duration::from_millis(40));
    let rate = setting.network.unwrap().payload_bytes_per_second();
    let (seconds, limit) = plain.predict(&setting, &layers);
    assert_eq!(limit, Limit::ToEvaluator);
    assert!(
        (seconds - (1e8 / rate + 2.0 * 0.08)).abs() < 1e-9,
        "{seconds}"
    );
    let turned = EngineCost {
        to_garbler: 100.0,
        to_evaluator: 10.0,
        ..plain
    };
    assert_eq!(
        turned.predict(&setting, &layers),
        (seconds, Limit::ToGarbler)
    );
    assert_eq!(plain.predict(&setting, &[1]).1, Limit::Delay);
    assert_eq!(plain.predict(&setting, &[]).0, 0.0);
}

#[test]
fn segments_fill_the_link_within_bounds() {
    let cost = EngineCost::of_messages(
        engine(ReluProtocol::Ot, CotProtocol::Silent, Scheme::HalfGates),
        &SPEC,
    );
    let of = |megabits, round_trip| link(megabits, round_trip).segment(&cost);
    let [short, long] = [Duration::from_micros(200), Duration::from_millis(40)];
    let loopback = Setting {
        network: None,
        threads: 1,
    };
    assert_eq!(
        (loopback.segment(&cost), of(1000.0, short)),
        (1 << 14, 1 << 14)
    );
    let wide = of(1000.0, long);
    assert!(wide > 1 << 14 && wide.is_power_of_two(), "{wide}");
    // What is under way while a segment's messages wait for each other.
    let carried = 1e9 / 8.0 * 0.02 * f64::from(cost.flights) / cost.to_garbler;
    assert!(
        (0.4..=2.1).contains(&(f64::from(2 * wide) / carried)),
        "{wide} {carried}"
    );
    assert_eq!(of(1e5, long), 1 << 19);
    assert!(of(1e5, long) <= 1 << 20 && of(1e5, long) % ReluSpec::CHUNK == 0);
}

#[test]
fn shorter_tables_where_a_link_is_slower_than_the_hashes() {
    let loopback = Setting {
        network: None,
        threads: 1,
    };
    assert_eq!(loopback.scheme(), Scheme::HalfGates);
    let short = Duration::from_micros(10);
    assert_eq!(link(1000.0, short).scheme(), Scheme::ThreeHalves);
    assert_eq!(link(100_000.0, short).scheme(), Scheme::HalfGates);
}

#[test]
fn a_measured_model_is_usable() {
    let model = CostModel::measure(&SPEC, Simd::detect()).unwrap();
    model.check().unwrap();
    assert_eq!(model.width, 12);
    let relus: Vec<ReluProtocol> = model.relus.iter().map(|(protocol, _)| *protocol).collect();
    assert_eq!(relus, ReluProtocol::ALL);
    let cots: Vec<CotProtocol> = model.cots.iter().map(|(protocol, _)| *protocol).collect();
    assert_eq!(cots, CostModel::COTS);
    for (protocol, cost) in &model.relus {
        let traffic = protocol.traffic(&SPEC, Scheme::default());
        let bytes = (cost.to_garbler, cost.to_evaluator);
        assert_eq!(bytes, (traffic.to_garbler, traffic.to_evaluator));
        assert!((1e-9..1e-3).contains(&cost.seconds), "{protocol}: {cost:?}");
    }
    for (protocol, cost) in &model.cots {
        assert!(cost.seconds < 1e-4, "{protocol}: {cost:?}");
        let refills = cost.refill > 0 && cost.refill_seconds > 0.0;
        assert_eq!(
            refills,
            *protocol == CotProtocol::Silent,
            "{protocol}: {cost:?}"
        );
    }
    let choice = model
        .choose(
            &link(100.0, Duration::from_millis(40)),
            &[1 << 20],
            (None, None),
        )
        .unwrap();
    assert_eq!(choice.ranking.len(), 2 * CostModel::COTS.len());
    assert!(choice.ranking.is_sorted_by(|a, b| a.1 <= b.1));
    assert_eq!(choice.ranking[0].0, choice.engine);
}

#[test]
fn impossible_figures_are_refused() {
    let good = || CostModel {
        width: 12,
        relus: vec![(
            ReluProtocol::Ot,
            ReluCost {
                seconds: 1e-6,
                to_garbler: 1.0,
                to_evaluator: 1.0,
                and_gates: 0.0,
                garbler_chooses: 1.0,
                evaluator_chooses: 1.0,
                flights: 7,
            },
        )],
        cots: vec![(CotProtocol::Silent, CotCost::default())],
    };
    good().check().unwrap();
    let places: [fn(&mut CostModel) -> &mut f64; 9] = [
        |m| &mut m.relus[0].1.seconds,
        |m| &mut m.relus[0].1.to_garbler,
        |m| &mut m.relus[0].1.to_evaluator,
        |m| &mut m.relus[0].1.garbler_chooses,
        |m| &mut m.relus[0].1.evaluator_chooses,
        |m| &mut m.cots[0].1.seconds,
        |m| &mut m.cots[0].1.bytes[0],
        |m| &mut m.cots[0].1.bytes[1],
        |m| &mut m.cots[0].1.refill_seconds,
    ];
    for (i, place) in places.iter().enumerate() {
        for bad in [f64::NAN, f64::INFINITY, -1e-12, 1e10] {
            let mut model = good();
            *place(&mut model) = bad;
            let error = model.check().unwrap_err();
            assert!(matches!(error, Error::Malformed { .. }), "{i}");
            let name = if i < 5 { "ot costs" } else { "silent costs" };
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
