//! Correlated OT over real sockets: it works, and it ends when the peer does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::{
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use halfmask_mpc::{
    Error,
    block::Block,
    channel::{Channel, Meter, Part, Phase, Step},
    ot::{CHUNK, CotProtocol, CotReceiver, CotSender, Role, setup_both, silent::LpnParameters},
    rng::SecureRng,
    simd::Simd,
};

fn tcp(timeout: Duration) -> (Channel, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap().0;
    (
        Channel::tcp(client, timeout).unwrap(),
        Channel::tcp(server, timeout).unwrap(),
    )
}

const SOFT_SPOKEN: CotProtocol = CotProtocol::SoftSpoken { k: 4 };

fn rng() -> SecureRng {
    SecureRng::from_os().unwrap()
}

const COTS: usize = 50 * CHUNK + 16;

/// Runs both directions over sockets, checks the correlation, and gives the parties' meters.
fn both_directions(protocol: CotProtocol) -> [Meter; 2] {
    let (mut a, mut b) = tcp(Duration::from_secs(30));
    let run = |channel: &mut Channel, role: Role| {
        let (mut sender, mut receiver) =
            setup_both(channel, role, protocol, &mut rng(), Simd::detect()).unwrap();
        channel.enter(Phase::Online, "relu", Part::Relu(Step::Ot));
        let (mut keys, mut macs) = (vec![Block::ZERO; COTS], vec![Block::ZERO; COTS]);
        let mut choices = vec![0_u16; COTS / 16];
        if role == Role::First {
            sender.extend(channel, &mut keys).unwrap();
            receiver.extend(channel, &mut choices, &mut macs).unwrap();
        } else {
            receiver.extend(channel, &mut choices, &mut macs).unwrap();
            sender.extend(channel, &mut keys).unwrap();
        }
        (
            sender.delta().block(),
            keys,
            choices,
            macs,
            channel.take_meter(),
        )
    };
    let (one, two) = thread::scope(|scope| {
        let one = scope.spawn(|| run(&mut a, Role::First));
        let two = run(&mut b, Role::Second);
        (one.join().unwrap(), two)
    });
    for (sender, receiver) in [(&one, &two), (&two, &one)] {
        let mut ones = 0;
        for t in 0..COTS {
            let choice = u64::from(receiver.2[t / 16] >> (t % 16) & 1);
            ones += choice;
            assert!(
                receiver.3[t] == sender.1[t] ^ sender.0.and_mask(choice),
                "COT {t}"
            );
        }
        let deviation = (ones as f64 - COTS as f64 / 2.0).abs();
        assert!(
            deviation < 7.0 * (COTS as f64 / 4.0).sqrt(),
            "{ones} ones of {COTS} choices"
        );
    }
    for (mine, theirs) in [(&one.4, &two.4), (&two.4, &one.4)] {
        assert_eq!(mine.total().bytes_sent, theirs.total().bytes_received);
    }
    [one.4, two.4]
}

#[test]
fn a_session_of_both_directions_over_tcp() {
    // 51 chunks were begun in each direction, 3.875 bytes a COT.
    for meter in both_directions(SOFT_SPOKEN) {
        let ot = meter.sum(|scope| scope.part.is_relu());
        assert_eq!(ot.bytes_sent, 51 * 31 * CHUNK as u64 / 8);
        assert_eq!(ot.bytes_received, ot.bytes_sent);
    }
}

#[test]
fn a_silent_session_of_both_directions_over_tcp() {
    // One iteration in each direction.
    for meter in both_directions(CotProtocol::Silent) {
        let ot = meter.sum(|scope| scope.part.is_relu());
        assert_eq!(
            ot.bytes_sent,
            LpnParameters::STANDARD.message_bytes() as u64
        );
        assert_eq!(ot.bytes_received, ot.bytes_sent);
    }
}

#[test]
fn a_peer_that_vanishes_ends_both_parties() {
    let (mut a, mut b) = tcp(Duration::from_secs(30));
    let vanishing = thread::spawn(move || {
        let mut ot = CotReceiver::setup(&mut b, SOFT_SPOKEN, &mut rng(), Simd::detect()).unwrap();
        ot.extend(&mut b, &mut [0; CHUNK / 16], &mut vec![Block::ZERO; CHUNK])
            .unwrap();
    });
    let mut ot = CotSender::setup(&mut a, SOFT_SPOKEN, &mut rng(), Simd::detect()).unwrap();
    let error = ot
        .extend(&mut a, &mut vec![Block::ZERO; 3 * CHUNK])
        .unwrap_err();
    assert!(
        matches!(error, Error::Closed { .. } | Error::Reset { .. }),
        "{error}"
    );
    vanishing.join().unwrap();

    let (mut a, mut b) = tcp(Duration::from_secs(30));
    let vanishing = thread::spawn(move || {
        CotSender::setup(&mut b, SOFT_SPOKEN, &mut rng(), Simd::detect()).unwrap();
    });
    let mut ot = CotReceiver::setup(&mut a, SOFT_SPOKEN, &mut rng(), Simd::detect()).unwrap();
    vanishing.join().unwrap();
    let (mut choices, mut macs) = (vec![0; 64 * CHUNK / 16], vec![Block::ZERO; 64 * CHUNK]);
    let error = (0..100)
        .find_map(|_| ot.extend(&mut a, &mut choices, &mut macs).err())
        .unwrap();
    assert!(
        matches!(error, Error::Closed { .. } | Error::Reset { .. }),
        "{error}"
    );
}

#[test]
fn a_silent_peer_ends_the_setup_in_time() {
    let (mut a, _b) = tcp(Duration::from_millis(200));
    let start = Instant::now();
    let error = CotSender::setup(&mut a, SOFT_SPOKEN, &mut rng(), Simd::detect())
        .err()
        .unwrap();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
}
