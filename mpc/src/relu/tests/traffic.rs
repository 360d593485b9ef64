//! The formulas of what a value costs against what the channel and the OTs count.

use super::*;
use crate::channel::{Meter, Part, Phase, Step};
use crate::garble::Scheme;
use crate::ot::CotProtocol;
use crate::relu::Traffic;

/// Whole chunks of the OTs and whole segments: no padding.
const VALUES: usize = 4 * ReluSpec::CHUNK as usize;

/// Correlated OTs used, one direction and the other, and what this party's channel counted.
type Counted = ([u64; 2], Meter);

/// What both parties count of one layer, of what is left if it is prepared.
fn count(
    protocol: ReluProtocol,
    spec: &ReluSpec,
    scheme: Scheme,
    prepared: bool,
) -> (Counted, Counted) {
    let prepare = |relu: &mut dyn SharedRelu, ch: &mut Channel| {
        if prepared {
            relu.prepare(ch, Phase::Offline, "relu", spec, VALUES)
                .unwrap();
        }
        ch.flush().unwrap();
        ch.take_meter();
    };
    let (mut a, mut b) = Channel::pair();
    let cot = CotProtocol::default();
    let values = values(spec, VALUES, &mut SecureRng::from_seed([8; 32]));
    let Shares { evaluator, garbler } = share(&values, spec.share_bits, 9);
    let mut y = [vec![0; VALUES], vec![0; VALUES]];
    let [ye, yg] = &mut y;
    let counted = std::thread::scope(|s| {
        let theirs = s.spawn(|| {
            let mut rng = SecureRng::from_seed([1; 32]);
            let mut session =
                GarblerSession::setup_with(&mut a, cot, scheme, &mut rng, Simd::detect()).unwrap();
            let mut relu = session.relu_by(protocol);
            prepare(&mut *relu, &mut a);
            relu.relu(&mut a, "relu", spec, &garbler, yg).unwrap();
            drop(relu);
            a.flush().unwrap();
            (session.cots(), a.take_meter())
        });
        let mut rng = SecureRng::from_seed([2; 32]);
        let mut session =
            EvaluatorSession::setup_with(&mut b, cot, scheme, &mut rng, Simd::detect()).unwrap();
        let mut relu = session.relu_by(protocol);
        prepare(&mut *relu, &mut b);
        relu.relu(&mut b, "relu", spec, &evaluator, ye).unwrap();
        drop(relu);
        b.flush().unwrap();
        (theirs.join().unwrap(), (session.cots(), b.take_meter()))
    });
    for (i, (e, g)) in evaluator.iter().zip(&garbler).enumerate() {
        let want = protocol.reference(spec, *e, *g);
        let got = add_mod(y[0][i], y[1][i], spec.modulus());
        assert_eq!(got, want, "{protocol} {spec:?} value {i}");
    }
    counted
}

/// Widths, rings and targets; with and without truncation; short and long residues.
fn specs() -> Vec<ReluSpec> {
    let spec = |share_bits, width, shift, target| ReluSpec {
        share_bits,
        width,
        shift,
        target,
        segment: 1024,
    };
    vec![
        GOOD,
        spec(22, 12, 0, GOOD.target),
        spec(20, 3, 4, GOOD.target),
        spec(30, 17, 9, Target::Modulus((1 << 31) - 1)),
        spec(12, 8, 4, Target::Modulus(65_537)),
        spec(12, 8, 4, Target::Modulus(65_521)),
        spec(16, 16, 0, Target::SameRing),
        spec(32, 32, 0, Target::SameRing),
    ]
}

#[test]
fn a_value_costs_what_the_formula_says() {
    let protocols = [ReluProtocol::Garbled, ReluProtocol::Ot, ReluProtocol::Mp2ml];
    let mut checked = 0;
    for protocol in protocols {
        for spec in specs() {
            // The published protocol takes other rings to a modulus alone.
            let published = matches!(spec.target, Target::Modulus(q) if q >> 16 > 0);
            if protocol == ReluProtocol::Mp2ml && !published {
                continue;
            }
            for scheme in Scheme::ALL {
                let name = format!("{protocol} {scheme} {spec:?}");
                assert_traffic(&name, protocol, &spec, scheme);
                checked += 1;
            }
        }
    }
    assert!(checked >= 2 * (8 + 8 + 4), "{checked}");
}

fn assert_traffic(name: &str, protocol: ReluProtocol, spec: &ReluSpec, scheme: Scheme) {
    let Traffic {
        to_garbler,
        to_evaluator,
        garbler_chooses,
        evaluator_chooses,
    } = protocol.traffic(spec, scheme);
    let n = VALUES as f64;
    let ((garbler_cots, garbler), (evaluator_cots, evaluator)) =
        count(protocol, spec, scheme, false);
    let cots = [garbler_chooses, evaluator_chooses].map(|each| (each * n) as u64);
    assert_eq!((garbler_cots, evaluator_cots), (cots, cots), "{name}: COTs");

    let ot = Part::Relu(Step::Ot);
    for (meter, to_peer, from_peer) in [
        (&garbler, to_evaluator, to_garbler),
        (&evaluator, to_garbler, to_evaluator),
    ] {
        let tally = meter.sum(|scope| scope.part != ot);
        let bytes = (tally.bytes_sent as f64 / n, tally.bytes_received as f64 / n);
        assert_eq!(bytes, (to_peer, from_peer), "{name}: bytes");
    }
    // Extensions are made in whole chunks of 2^10 and more: what is made may exceed what is used.
    let [to_sender, _] = CotProtocol::default().bytes_per_cot();
    let made = evaluator.sum(|scope| scope.part == ot);
    for (bytes, chosen) in [
        (made.bytes_sent, evaluator_chooses),
        (made.bytes_received, garbler_chooses),
    ] {
        let ratio = bytes as f64 / (n * chosen * to_sender);
        let bound = if chosen == 0.0 {
            bytes == 0
        } else {
            (0.999..2.1).contains(&ratio)
        };
        assert!(bound, "{name}: {bytes} bytes of OT, {ratio} of the formula");
    }
}

#[test]
fn as_many_flights_as_stated() {
    for spec in specs() {
        for protocol in [ReluProtocol::Garbled, ReluProtocol::Ot] {
            // A single segment, so that messages wait for each other.
            let spec = ReluSpec {
                segment: 1 << 18,
                ..spec
            };
            let ((_, garbler), (_, evaluator)) = count(protocol, &spec, Scheme::default(), true);
            let flights = u64::from(protocol.flights(&spec));
            for meter in [garbler, evaluator] {
                // The first may turn from what was sent before, or not.
                let turns = meter.total().direction_changes;
                assert!(
                    (flights - 1..=flights).contains(&turns),
                    "{protocol} {spec:?}: {turns} turns, {flights} flights"
                );
            }
        }
    }
}
