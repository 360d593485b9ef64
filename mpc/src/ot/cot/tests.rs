//! Both protocols through the one interface.

use super::*;
use crate::garble::Scheme;
use crate::session::{EvaluatorSession, GarblerSession};

const SEED: [u8; 32] = [42; 32];

const PROTOCOLS: [CotProtocol; 5] = [
    CotProtocol::SoftSpoken { k: 1 },
    CotProtocol::SoftSpoken { k: 2 },
    CotProtocol::SoftSpoken { k: 4 },
    CotProtocol::SoftSpoken { k: 8 },
    CotProtocol::Silent,
];

#[test]
fn names_and_codes_round_trip() {
    for protocol in PROTOCOLS {
        assert_eq!(
            protocol.to_string().parse::<CotProtocol>().unwrap(),
            protocol
        );
        assert_eq!(
            PROTOCOLS
                .iter()
                .filter(|p| p.code() == protocol.code())
                .count(),
            1
        );
    }
    assert_eq!(format!("{:>8}", CotProtocol::Silent), "  silent");
    let error = "softspoken-3"
        .parse::<CotProtocol>()
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("softspoken-3") && error.contains("silent"),
        "{error}"
    );
}

#[test]
fn another_protocol_at_the_peer_is_refused() {
    let [.., four, eight, silent] = PROTOCOLS;
    for (mine, theirs) in [
        (four, silent),
        (silent, eight),
        (silent, four),
        (eight, four),
    ] {
        let (mut a, mut b) = Channel::pair();
        let receiver = std::thread::spawn(move || {
            CotReceiver::setup(
                &mut b,
                theirs,
                &mut SecureRng::from_seed(SEED),
                Simd::detect(),
            )
            .err()
            .unwrap()
        });
        let error = CotSender::setup(
            &mut a,
            mine,
            &mut SecureRng::from_seed(SEED),
            Simd::detect(),
        )
        .err()
        .unwrap()
        .to_string();
        let expected = format!("the peer uses {theirs}, this side {mine}");
        assert!(error.contains(&expected), "{error}");
        drop(a);
        let error = receiver.join().unwrap();
        assert!(
            matches!(error, Error::Closed { .. } | Error::Reset { .. }),
            "{error}"
        );
    }
    let (mut a, mut b) = Channel::pair();
    b.send_u32(12345).unwrap();
    b.flush().unwrap();
    let error = CotSender::setup(
        &mut a,
        silent,
        &mut SecureRng::from_seed(SEED),
        Simd::detect(),
    )
    .err()
    .unwrap()
    .to_string();
    assert!(error.contains("an unknown one (0x3039)"), "{error}");
}

#[test]
fn both_directions_live_in_one_session() {
    for protocol in [CotProtocol::SoftSpoken { k: 4 }, CotProtocol::Silent] {
        const COTS: usize = 5008;
        let (mut a, mut b) = Channel::pair();
        let run = |channel: &mut Channel, role: Role| {
            let mut rng = SecureRng::from_os().unwrap();
            let (mut sender, mut receiver) =
                setup_both(channel, role, protocol, &mut rng, Simd::detect()).unwrap();
            let (mut keys, mut macs, mut choices) = (
                vec![Block::ZERO; COTS],
                vec![Block::ZERO; COTS],
                vec![0; COTS / 16],
            );
            for round in 0..3 {
                // Alternately, in an order both know.
                if (role == Role::First) == (round % 2 == 0) {
                    sender.reserve(channel, 2 * COTS as u64).unwrap();
                    sender.extend(channel, &mut keys).unwrap();
                    receiver.extend(channel, &mut choices, &mut macs).unwrap();
                } else {
                    receiver.reserve(channel, 2 * COTS as u64).unwrap();
                    receiver.extend(channel, &mut choices, &mut macs).unwrap();
                    sender.extend(channel, &mut keys).unwrap();
                }
            }
            assert_eq!(
                [sender.position(), receiver.position()],
                [3 * COTS as u64; 2]
            );
            (sender.delta().block(), keys, choices, macs)
        };
        let (one, two) = std::thread::scope(|scope| {
            let one = scope.spawn(|| run(&mut a, Role::First));
            let two = run(&mut b, Role::Second);
            (one.join().unwrap(), two)
        });
        assert!(one.0 != two.0);
        for (sender, receiver) in [(&one, &two), (&two, &one)] {
            for t in 0..COTS {
                let choice = u64::from(receiver.2[t / 16] >> (t % 16));
                assert!(
                    receiver.3[t] == sender.1[t] ^ sender.0.and_mask(choice),
                    "{protocol}: COT {t}"
                );
            }
        }
    }
}

#[test]
fn sessions_take_either_protocol() {
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|scope| {
        let garbler = scope.spawn(|| {
            let mut rng = SecureRng::from_os().unwrap();
            let session = GarblerSession::setup_with(
                &mut a,
                CotProtocol::Silent,
                Scheme::default(),
                &mut rng,
                Simd::detect(),
            )
            .unwrap();
            (session.delta(), *session.seed())
        });
        let mut rng = SecureRng::from_os().unwrap();
        let session = EvaluatorSession::setup_with(
            &mut b,
            CotProtocol::Silent,
            Scheme::default(),
            &mut rng,
            Simd::detect(),
        )
        .unwrap();
        let (delta, seed) = garbler.join().unwrap();
        assert_eq!(seed, *session.seed());
        assert!(delta != session.delta().block());
    });
}
