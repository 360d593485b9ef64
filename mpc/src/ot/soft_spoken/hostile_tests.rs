//! What happens to a peer's bad messages.

use rand_core::Rng;

use super::*;
use crate::{channel::Channel, rng::SecureRng, simd::Simd};

const SEED: [u8; 32] = [42; 32];

#[test]
fn different_k_is_refused() {
    let (mut a, mut b) = Channel::pair();
    let receiver = std::thread::spawn(move || {
        // Ends by the peer's hanging up.
        Receiver::setup(&mut b, 8, &mut SecureRng::from_seed(SEED), Simd::Scalar)
            .err()
            .unwrap()
    });
    let error = Sender::setup(&mut a, 4, &mut SecureRng::from_seed(SEED), Simd::Scalar)
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("the peer uses softspoken-8, this side softspoken-4"),
        "{error}"
    );
    drop(a);
    let theirs = receiver.join().unwrap();
    assert!(
        matches!(theirs, Error::Closed { .. } | Error::Reset { .. }),
        "{theirs}"
    );
}

/// Cuts the receiver's part of a run off after every so many bytes: the sender ends with an error, and stays ended.
#[test]
fn truncated_messages_end_the_sender() {
    let whole = recorded_receiver();
    for cut in [
        0,
        3,
        4,
        20,
        36,
        100,
        36 + 32 * 96 - 1,
        36 + 32 * 96,
        10_000,
        whole.len() - 1,
    ] {
        let (mut a, mut b) = Channel::pair();
        b.send(&whole[..cut]).unwrap();
        b.flush().unwrap();
        drop(b);
        let outcome = Sender::setup(&mut a, 4, &mut SecureRng::from_seed(SEED), Simd::detect())
            .and_then(|mut ot| {
                let mut keys = vec![Block::ZERO; CHUNK];
                let error = ot.extend(&mut a, &mut keys).unwrap_err();
                let again = ot.extend(&mut a, &mut keys).unwrap_err();
                assert!(matches!(again, Error::Poisoned { .. }), "{again}");
                Err::<(), _>(error)
            });
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, Error::Closed { .. } | Error::Reset { .. }),
            "cut at {cut}: {error}"
        );
    }
}

/// What a receiver sends in a set-up with a sender of seed `SEED`, and one chunk.
fn recorded_receiver() -> Vec<u8> {
    let (mut a, mut b) = Channel::pair();
    let (mut record, mut peer) = Channel::pair();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut ot = Receiver::setup(
                &mut b,
                4,
                &mut SecureRng::from_seed([1; 32]),
                Simd::detect(),
            )
            .unwrap();
            ot.extend(&mut b, &mut [0; CHUNK / GRAIN], &mut [Block::ZERO; CHUNK])
                .unwrap();
        });
        // A relay between the two, keeping what the receiver says.
        scope.spawn(move || {
            let mut ot = Sender::setup(
                &mut peer,
                4,
                &mut SecureRng::from_seed(SEED),
                Simd::detect(),
            )
            .unwrap();
            ot.extend(&mut peer, &mut [Block::ZERO; CHUNK]).unwrap();
        });
        let mut kept = Vec::new();
        let mut pass = |from: &mut Channel, to: &mut Channel, length: usize, keep: bool| {
            let mut bytes = vec![0; length];
            from.recv(&mut bytes).unwrap();
            to.send(&bytes).unwrap();
            to.flush().unwrap();
            if keep {
                kept.extend(bytes);
            }
        };
        pass(&mut a, &mut record, 36, true);
        pass(&mut record, &mut a, 128 * 32, false);
        pass(&mut a, &mut record, 96 * 32 + 31 * CHUNK / 8, true);
        kept
    })
}

#[test]
fn garbage_ends_both_sides() {
    let mut garbage = vec![0_u8; 1 << 20];
    SecureRng::from_seed([3; 32]).fill_bytes(&mut garbage);
    let (mut a, mut b) = Channel::pair();
    b.send(&garbage).unwrap();
    b.flush().unwrap();
    let error = Sender::setup(&mut a, 4, &mut SecureRng::from_seed(SEED), Simd::detect())
        .err()
        .unwrap();
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
    a.send(&garbage).unwrap();
    a.flush().unwrap();
    let error = Receiver::setup(&mut b, 4, &mut SecureRng::from_seed(SEED), Simd::detect())
        .err()
        .unwrap();
    assert!(error.to_string().contains("base OT point B[0]"), "{error}");
}
