//! The channel over TCP and in memory: contents, exact counts, ends, time limits, hostile lengths.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::{
    net::{Shutdown, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use halfmask_mpc::{
    Error,
    block::Block,
    channel::{Channel, NetworkModel, Part, Phase, RECV_BUFFER_BYTES, SEND_BUFFER_BYTES, Step},
};

const SHORT: Duration = Duration::from_millis(150);

fn tcp_streams() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

fn tcp(timeout: Duration) -> (Channel, Channel) {
    let (a, b) = tcp_streams();
    (
        Channel::tcp(a, timeout).unwrap(),
        Channel::tcp(b, timeout).unwrap(),
    )
}

/// A network that delays, but holds up no test.
fn emulated(timeout: Duration) -> (Channel, Channel) {
    let (a, b) = tcp_streams();
    let model: NetworkModel = "40gbit,0.3ms".parse().unwrap();
    let open = |stream| Channel::tcp_emulated(stream, timeout, model, false).unwrap();
    (open(a), open(b))
}

/// All kinds, with the same time limit.
fn channels(timeout: Duration) -> [(&'static str, (Channel, Channel)); 3] {
    [
        ("tcp", tcp(timeout)),
        ("memory", Channel::pair_with(1 << 20, timeout)),
        ("emulated", emulated(timeout)),
    ]
}

fn pattern(length: usize, salt: usize) -> Vec<u8> {
    (0..length)
        .map(|i| ((i * 31 + salt * 7 + (i >> 8)) % 251) as u8)
        .collect()
}

#[test]
fn everything_arrives_whatever_the_sizes() {
    let sizes = [
        0,
        1,
        3,
        1000,
        RECV_BUFFER_BYTES - 1,
        RECV_BUFFER_BYTES,
        RECV_BUFFER_BYTES + 1,
        SEND_BUFFER_BYTES,
        SEND_BUFFER_BYTES + 1,
        3 * SEND_BUFFER_BYTES + 17,
        5,
    ];
    for (kind, (mut a, mut b)) in channels(Duration::from_secs(20)) {
        let sender = thread::spawn(move || {
            for (salt, &size) in sizes.iter().enumerate() {
                a.send(&pattern(size, salt)).unwrap();
            }
            a.send_u32(0xdead_beef).unwrap();
            a.send_u64(1 << 63 | 5).unwrap();
            let blocks: Vec<Block> = (0..100_000).map(|i| Block([i, !i])).collect();
            a.send_blocks(&blocks).unwrap();
            a.flush().unwrap();
            a
        });
        for (salt, &size) in sizes.iter().enumerate() {
            let expected = pattern(size, salt);
            if salt % 2 == 0 {
                let mut bytes = vec![0; size];
                b.recv(&mut bytes).unwrap();
                assert!(bytes == expected, "{kind}: size {size}");
            } else {
                assert!(
                    b.recv_with(size, |bytes| bytes == expected).unwrap(),
                    "{kind}: size {size}"
                );
            }
        }
        assert_eq!(b.recv_u32().unwrap(), 0xdead_beef);
        assert_eq!(b.recv_u64().unwrap(), 1 << 63 | 5);
        let mut blocks = vec![Block::ZERO; 100_000];
        b.recv_blocks(&mut blocks).unwrap();
        assert!(
            blocks
                .iter()
                .enumerate()
                .all(|(i, block)| *block == Block([i as u64, !(i as u64)])),
            "{kind}"
        );

        let total = sizes.iter().sum::<usize>() as u64 + 12 + 1_600_000;
        let mut a = sender.join().unwrap();
        assert_eq!(a.meter().total().bytes_sent, total, "{kind}");
        assert_eq!(b.meter().total().bytes_received, total, "{kind}");
        assert_eq!(
            a.meter().total().bytes_received + b.meter().total().bytes_sent,
            0,
            "{kind}"
        );
    }
}

#[test]
fn counts_agree_scope_by_scope() {
    let scopes = [
        (Phase::Setup, "", Part::BaseOt, 100),
        (Phase::Online, "conv", Part::Ciphertext, 70_000),
        (Phase::Online, "relu", Part::Relu(Step::Tables), 900_000),
        (Phase::Online, "relu", Part::Relu(Step::Corrections), 33),
        (Phase::Online, "conv", Part::Ciphertext, 1),
    ];
    for (kind, (mut a, mut b)) in channels(Duration::from_secs(20)) {
        let run = |channel: &mut Channel, first: bool| {
            for (i, &(phase, layer, part, length)) in scopes.iter().enumerate() {
                channel.enter(phase, layer, part);
                // Forth, then half of it back.
                for (sends, length) in [(first, length), (!first, length / 2)] {
                    if sends {
                        channel.send(&pattern(length, i)).unwrap();
                    } else {
                        assert!(
                            channel.recv_vec(length as u64, 1 << 20).unwrap() == pattern(length, i)
                        );
                    }
                }
            }
            channel.flush().unwrap();
        };
        thread::scope(|scope| {
            scope.spawn(|| run(&mut a, true));
            run(&mut b, false);
        });
        let (a, b) = (a.take_meter(), b.take_meter());
        let pairs: Vec<_> = a.entries().iter().zip(b.entries()).collect();
        assert_eq!(pairs.len(), 5, "{kind}: the initial scope and four more");
        for (one, two) in pairs {
            assert_eq!(one.scope, two.scope);
            assert_eq!(
                one.tally.bytes_sent, two.tally.bytes_received,
                "{kind}: {}",
                one.scope
            );
            assert_eq!(
                one.tally.bytes_received, two.tally.bytes_sent,
                "{kind}: {}",
                one.scope
            );
        }
        let conv = a.sum(|s| s.layer == "conv");
        assert_eq!((conv.bytes_sent, conv.bytes_received), (70_001, 35_000));
        let relu = a.sum(|s| s.part.is_relu());
        assert_eq!((relu.bytes_sent, relu.bytes_received), (900_033, 450_016));
        // Five exchanges, of which the last answers with nothing: S R S R S R S R S.
        assert_eq!(a.total().direction_changes, 8, "{kind}");
        assert_eq!(b.total().direction_changes, 8, "{kind}");
        assert!(a.total().seconds >= a.total().seconds_blocked && a.total().messages >= 5);
    }
}

#[test]
fn taking_the_meter_keeps_the_scope() {
    let (mut a, _b) = Channel::pair();
    a.enter(Phase::Online, "x", Part::Ciphertext);
    a.send(&[0; 5]).unwrap();
    assert_eq!(a.take_meter().total().bytes_sent, 5);
    a.send(&[0; 7]).unwrap();
    let meter = a.take_meter();
    assert_eq!(meter.entries().len(), 1);
    assert_eq!(meter.sum(|s| s.layer == "x").bytes_sent, 7);
}

#[test]
fn time_is_booked_where_it_is_spent() {
    let (mut a, mut b) = Channel::pair();
    let slow = thread::spawn(move || {
        b.recv(&mut [0]).unwrap();
        thread::sleep(Duration::from_millis(60));
        b.send(&[1]).unwrap();
        b.flush().unwrap();
    });
    a.enter(Phase::Online, "waiting", Part::Control);
    a.send(&[0]).unwrap();
    a.recv(&mut [0]).unwrap();
    a.enter(Phase::Online, "working", Part::Control);
    thread::sleep(Duration::from_millis(60));
    let meter = a.take_meter();
    let (waiting, working) = (
        meter.sum(|s| s.layer == "waiting"),
        meter.sum(|s| s.layer == "working"),
    );
    assert!(
        waiting.seconds >= 0.06 && waiting.seconds >= waiting.seconds_blocked,
        "{waiting:?}"
    );
    assert!(waiting.seconds_blocked > 0.0, "{waiting:?}");
    assert!(
        working.seconds >= 0.06 && working.seconds_blocked == 0.0,
        "{working:?}"
    );
    slow.join().unwrap();
}

#[test]
fn a_closed_peer_is_named_with_the_place_and_the_numbers() {
    for (kind, (mut a, mut b)) in channels(Duration::from_secs(20)) {
        a.send(&[1; 10]).unwrap();
        a.flush().unwrap();
        drop(a);
        b.enter(Phase::Online, "relu1", Part::Relu(Step::Tables));
        let error = b.recv(&mut [0; 100]).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Closed {
                    done: 10,
                    expected: 100,
                    ..
                }
            ),
            "{kind}: {error}"
        );
        let text = error.to_string();
        assert!(
            text.contains("relu1") && text.contains("tables") && text.contains("10 of 100"),
            "{kind}: {text}"
        );
        // Afterwards it refuses everything, at once.
        assert!(
            matches!(b.recv(&mut [0; 1]), Err(Error::Poisoned { .. })),
            "{kind}"
        );
        assert!(
            matches!(b.send(&[0; 1]), Err(Error::Poisoned { .. })),
            "{kind}"
        );
        assert!(matches!(b.flush(), Err(Error::Poisoned { .. })), "{kind}");
    }
}

#[test]
fn writing_to_a_dead_peer_ends() {
    for (kind, (mut a, b)) in channels(Duration::from_secs(20)) {
        drop(b);
        let error = (0..1000)
            .find_map(|_| a.send(&vec![0; SEND_BUFFER_BYTES]).err())
            .unwrap();
        assert!(matches!(error, Error::Reset { .. }), "{kind}: {error}");
    }
}

#[test]
fn a_reset_connection_is_told_from_a_closed_one() {
    let (mut a, b) = tcp_streams();
    let mut b = Channel::tcp(b, Duration::from_secs(20)).unwrap();
    // Closing a socket with unread input resets the connection.
    b.send(&[0; 1000]).unwrap();
    b.flush().unwrap();
    let mut byte = [0];
    std::io::Read::read_exact(&mut a, &mut byte).unwrap();
    drop(a);
    let error = b.recv(&mut [0; 4]).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Reset {
                done: 0,
                expected: 4,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_half_closed_peer_still_reads() {
    let (a, b) = tcp_streams();
    let mut b = Channel::tcp(b, Duration::from_secs(20)).unwrap();
    a.shutdown(Shutdown::Write).unwrap();
    b.send(&[7; 3]).unwrap();
    b.flush().unwrap();
    let mut bytes = [0; 3];
    std::io::Read::read_exact(&mut &a, &mut bytes).unwrap();
    assert_eq!(bytes, [7; 3]);
    assert!(matches!(b.recv(&mut [0]), Err(Error::Closed { .. })));
}

#[test]
fn a_silent_peer_times_out() {
    for (kind, (mut a, mut b)) in channels(SHORT) {
        a.send(&[1, 2, 3]).unwrap();
        a.flush().unwrap();
        let start = Instant::now();
        let error = b.recv(&mut [0; 5]).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Timeout {
                    done: 3,
                    expected: 5,
                    ..
                }
            ),
            "{kind}: {error}"
        );
        assert!(error.to_string().contains("0.15 s"), "{kind}: {error}");
        let waited = start.elapsed();
        assert!(
            waited >= SHORT - Duration::from_millis(20) && waited < Duration::from_secs(10),
            "{kind}: {waited:?}"
        );
    }
}

#[test]
fn a_peer_that_does_not_read_times_out() {
    for (kind, (mut a, _b)) in channels(SHORT) {
        let error = (0..1000)
            .find_map(|_| a.send(&vec![0; SEND_BUFFER_BYTES]).err())
            .unwrap();
        assert!(matches!(error, Error::Timeout { .. }), "{kind}: {error}");
    }
}

#[test]
fn receiving_flushes_what_was_sent() {
    for (kind, (mut a, mut b)) in channels(Duration::from_secs(20)) {
        let echo = thread::spawn(move || {
            let question = b.recv_u32().unwrap();
            b.send_u32(question + 1).unwrap();
            b.flush().unwrap();
        });
        a.send_u32(41).unwrap();
        assert_eq!(a.recv_u32().unwrap(), 42, "{kind}");
        echo.join().unwrap();
    }
}

#[test]
fn hostile_lengths_are_refused_before_memory_is_taken() {
    let (mut a, mut b) = Channel::pair();
    a.send_u64(u64::MAX).unwrap();
    a.send_prefixed(b"hello").unwrap();
    a.flush().unwrap();
    let error = b.recv_prefixed(1000).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLong {
                length: u64::MAX,
                limit: 1000,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(b.recv_prefixed(5).unwrap(), b"hello");
    // Announced within the limit, but not there: an end, not a gigabyte.
    a.send_u64(1 << 30).unwrap();
    a.flush().unwrap();
    drop(a);
    assert!(matches!(
        b.recv_prefixed(1 << 30),
        Err(Error::Closed { .. })
    ));
}

#[test]
fn bad_socket_options_are_errors() {
    let (a, _b) = tcp_streams();
    assert!(matches!(
        Channel::tcp(a, Duration::ZERO),
        Err(Error::Io { .. })
    ));
}

#[test]
fn messages_written_in_place_arrive() {
    let (mut a, mut b) = Channel::pair();
    let sum = a.send_with(300_000, |buffer| {
        for (i, byte) in buffer.iter_mut().enumerate() {
            *byte = i as u8;
        }
        buffer.len()
    });
    assert_eq!(sum.unwrap(), 300_000);
    a.flush().unwrap();
    let bytes = b.recv_vec(300_000, 300_000).unwrap();
    assert!(bytes.iter().enumerate().all(|(i, &byte)| byte == i as u8));
}

#[test]
fn one_unblocked_end_is_enough_for_both_to_send_first() {
    // Far more than socket buffers hold: two blocking ends would wait for each other until the time limit.
    let bytes = pattern(64 << 20, 3);
    let (a, b) = tcp_streams();
    let mut a = Channel::tcp_unblocked(a, Duration::from_secs(20)).unwrap();
    let mut b = Channel::tcp(b, Duration::from_secs(20)).unwrap();
    let theirs = bytes.clone();
    let handle = thread::spawn(move || {
        b.send(&theirs).unwrap();
        let mut got = vec![0; theirs.len()];
        b.recv(&mut got).unwrap();
        assert!(got == theirs);
        // What the other end queued before it was dropped still arrives, then the end.
        let mut last = [0; 4];
        b.recv(&mut last).unwrap();
        assert_eq!(last, *b"last");
        assert!(matches!(b.recv(&mut last), Err(Error::Closed { .. })));
    });
    a.send(&bytes).unwrap();
    let mut got = vec![0; bytes.len()];
    a.recv(&mut got).unwrap();
    assert!(got == bytes);
    a.send(b"last").unwrap();
    a.flush().unwrap();
    drop(a);
    handle.join().unwrap();
}

#[test]
fn an_unblocked_end_learns_that_nobody_reads() {
    // The peer goes away: sending or receiving must fail soon.
    let (a, b) = tcp_streams();
    let mut a = Channel::tcp_unblocked(a, Duration::from_secs(20)).unwrap();
    drop(b);
    let start = Instant::now();
    let failed = (0..1000).any(|_| {
        a.send(&[0; 1 << 16])
            .and_then(|()| a.recv(&mut [0; 1]))
            .is_err()
    });
    assert!(failed && start.elapsed() < Duration::from_secs(5));

    // The peer stays and is silent: the time limit ends both directions.
    let (a, b) = tcp_streams();
    let mut a = Channel::tcp_unblocked(a, SHORT).unwrap();
    a.send(&vec![0; 64 << 20]).unwrap();
    let err = a.recv(&mut [0; 1]).unwrap_err();
    assert!(matches!(err, Error::Timeout { .. }), "{err}");
    drop((a, b));

    // An end that gives up while both are writing frees the other at once, however long the time limit.
    let (a, b) = tcp_streams();
    let mut a = Channel::tcp_unblocked(a, Duration::from_secs(60)).unwrap();
    let mut b = Channel::tcp(b, Duration::from_secs(60)).unwrap();
    let start = Instant::now();
    let peer = thread::spawn(move || {
        b.send(&vec![0; 256 << 20])
            .and_then(|()| b.flush())
            .is_err()
    });
    a.send(&vec![0; 64 << 20]).unwrap();
    drop(a);
    assert!(peer.join().unwrap(), "the peer must see the end");
    assert!(start.elapsed() < Duration::from_secs(10));
}
