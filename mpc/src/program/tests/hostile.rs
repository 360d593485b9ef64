//! Wrong lengths, and peers that stop.

use super::*;

#[test]
fn wrong_lengths_are_refused() {
    let program = random_program(0);
    let [constants, secrets, inputs] = words_for(&program, 2, 1);
    let (garbler, evaluator) = pair(
        Scheme::HalfGates,
        CotProtocol::default(),
        1,
        |s, ch| {
            [
                s.garble_program(ch, "test", &program, &constants[1..], &secrets, 2),
                s.garble_program(ch, "test", &program, &constants, &secrets[1..], 2),
                s.garble_program(ch, "test", &program, &constants, &secrets, usize::MAX),
            ]
        },
        |s, ch| {
            [
                s.evaluate_program(ch, "test", &program, &inputs, 1),
                s.evaluate_program(ch, "test", &program, &inputs, usize::MAX),
            ]
        },
    );
    let is_length = |e: &Error| matches!(e, Error::Length { .. } | Error::TooLong { .. });
    assert!(garbler.iter().all(|r| r.as_ref().is_err_and(is_length)));
    assert!(evaluator.iter().all(|r| r.as_ref().is_err_and(is_length)));
    assert!(
        program
            .evaluate_rows(&constants, &secrets, &inputs, 3)
            .is_err()
    );
}

/// After a peer that stops in the middle, the session refuses to go on.
#[test]
fn a_peer_that_stops_is_an_error() {
    let program = random_program(0);
    let [constants, secrets, inputs] = words_for(&program, 40, 1);
    let torn = |result: Result<(), Error>, again: Result<(), Error>| {
        assert!(
            matches!(result, Err(Error::Closed { .. } | Error::Reset { .. })),
            "{result:?}"
        );
        assert!(
            matches!(
                again,
                Err(Error::Poisoned {
                    what: "the session"
                })
            ),
            "{again:?}"
        );
    };
    pair(
        Scheme::HalfGates,
        CotProtocol::default(),
        1,
        |s, ch| {
            let mut garble = || s.garble_program(ch, "test", &program, &constants, &secrets, 40);
            let (first, second) = (garble(), garble());
            torn(first, second);
        },
        |_, _| (),
    );
    for bytes in [0, program.table_bytes(40, Scheme::HalfGates) / 2] {
        pair(
            Scheme::HalfGates,
            CotProtocol::default(),
            1,
            |s, ch| {
                // Takes the corrections, sends a part of the tables, and goes.
                let mut keys = vec![crate::block::Block::ZERO; program.segment_ots(40)];
                s.labels.extend(ch, &mut keys).unwrap();
                ch.recv(&mut vec![0; keys.len() / 8]).unwrap();
                ch.send(&vec![7; bytes]).unwrap();
                ch.flush().unwrap();
            },
            |s, ch| {
                let mut evaluate = || s.evaluate_program(ch, "test", &program, &inputs, 40);
                let (first, second) = (evaluate(), evaluate());
                torn(first.map(drop), second.map(drop));
            },
        );
    }
}
