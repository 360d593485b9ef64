//! The emulated network against its model: rate, delay, full duplex, order, ends.
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
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use halfmask_mpc::{
    Error,
    channel::{Channel, NetworkModel},
};

const LONG: Duration = Duration::from_secs(20);

/// Tests that measure time run one after another.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn model(text: &str) -> NetworkModel {
    text.parse().unwrap()
}

fn tcp_streams() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Both kinds over a network: the first end unblocked in the case of TCP.
fn channels(model: NetworkModel, timeout: Duration) -> [(&'static str, (Channel, Channel)); 2] {
    let (a, b) = tcp_streams();
    let a = Channel::tcp_emulated(a, timeout, model, true).unwrap();
    let b = Channel::tcp_emulated(b, timeout, model, false).unwrap();
    [
        ("tcp", (a, b)),
        ("memory", Channel::pair_emulated(model).unwrap()),
    ]
}

/// The longest that a sleep of a millisecond overran while something ran, and what that returned.
fn watched<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let done = AtomicBool::new(false);
    let nap = Duration::from_millis(1);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut worst = Duration::ZERO;
            while !done.load(Ordering::Relaxed) {
                let start = Instant::now();
                thread::sleep(nap);
                worst = worst.max(start.elapsed().saturating_sub(nap));
            }
            worst
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        (result, watch.join().unwrap())
    })
}

/// Runs a measurement until it is within `slack` above `expected`. Nothing may make it faster than the model. Other work on the machine may make
/// it slower: attempts during which plain sleeps overran by as much as the slack do not count against it, unless it is slow beyond that.
#[track_caller]
fn takes(expected: Duration, slack: Duration, mut measure: impl FnMut() -> Duration) {
    let mut found = Vec::new();
    let mut undisturbed = 0;
    for _ in 0..8 {
        let (took, overrun) = watched(&mut measure);
        // Half a per cent for readings of the clock in two threads.
        assert!(
            took >= expected.mul_f64(0.995),
            "{took:?}, the model says {expected:?}"
        );
        if took <= expected + slack {
            return;
        }
        undisturbed += u32::from(overrun < slack.min(Duration::from_micros(500)));
        found.push((took, overrun));
    }
    let fastest = found.iter().map(|(took, _)| *took).min().unwrap();
    let limit = expected * 3 + Duration::from_millis(50);
    assert!(
        undisturbed < 2 && fastest < limit,
        "{found:?}, the model says {expected:?}"
    );
    println!("the machine was busy: {found:?}, the model says {expected:?}");
}

/// The time from a start signal until `b` has received `bytes` that `a` sends.
fn transfer(a: &mut Channel, b: &mut Channel, bytes: usize) -> Duration {
    let data = vec![7; bytes];
    let mut got = vec![0; bytes];
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            a.send(&data).unwrap();
            a.flush().unwrap();
        });
        b.recv(&mut got).unwrap();
    });
    let took = start.elapsed();
    assert!(got == data);
    took
}

#[test]
fn a_transfer_takes_its_bytes_over_the_rate_and_half_a_round_trip() {
    let _turn = alone();
    for (text, bytes) in [
        ("100mbit,40ms", 3_000_000),
        ("1gbit,0.2ms", 25_000_000),
        ("2mbit,0ms", 50_000),
    ] {
        let network = model(text);
        let expected = network.occupies(bytes as u64) + network.one_way();
        for (kind, (mut a, mut b)) in channels(network, LONG) {
            println!("{kind} {text}");
            takes(expected, expected.mul_f64(0.05), || {
                transfer(&mut a, &mut b, bytes)
            });
        }
    }
}

#[test]
fn an_answer_takes_the_round_trip() {
    let _turn = alone();
    for text in ["10gbit,165us", "1gbit,0.2ms", "100mbit,10ms"] {
        let network = model(text);
        for (kind, (mut a, mut b)) in channels(network, LONG) {
            const TRIPS: u32 = 20;
            println!("{kind} {text}");
            let slack = network
                .round_trip()
                .mul_f64(0.05)
                .max(Duration::from_micros(200));
            let expected = network.round_trip() + network.occupies(1) * 2;
            takes(expected, slack, || {
                let start = Instant::now();
                thread::scope(|scope| {
                    scope.spawn(|| {
                        for _ in 0..TRIPS {
                            b.recv(&mut [0]).unwrap();
                            b.send(&[1]).unwrap();
                            b.flush().unwrap();
                        }
                    });
                    for _ in 0..TRIPS {
                        a.send(&[1]).unwrap();
                        a.recv(&mut [0]).unwrap();
                    }
                });
                start.elapsed() / TRIPS
            });
        }
    }
}

#[test]
fn both_directions_at_once_take_the_time_of_one() {
    let _turn = alone();
    let network = model("200mbit,2ms");
    let bytes = 3_000_000;
    let expected = network.occupies(bytes as u64) + network.one_way();
    for (_, (mut a, mut b)) in channels(network, LONG) {
        takes(expected, expected.mul_f64(0.05), || {
            let start = Instant::now();
            let both = |channel: &mut Channel| {
                channel.send(&vec![1; bytes]).unwrap();
                channel.recv(&mut vec![0; bytes]).unwrap();
            };
            thread::scope(|scope| {
                scope.spawn(|| both(&mut a));
                both(&mut b);
            });
            start.elapsed()
        });
    }
}

#[test]
fn bytes_come_while_the_rest_is_on_its_way() {
    let _turn = alone();
    let network = model("100mbit,10ms");
    for (_, (mut a, mut b)) in channels(network, LONG) {
        takes(network.one_way(), Duration::from_millis(1), || {
            let start = Instant::now();
            a.send(&vec![1; 1_000_000]).unwrap();
            a.flush().unwrap();
            b.recv(&mut [0; 100]).unwrap();
            let first = start.elapsed();
            b.recv(&mut vec![0; 999_900]).unwrap();
            first
        });
    }
}

#[test]
fn everything_arrives_in_order() {
    for (kind, (mut a, mut b)) in channels(model("10gbit,1ms"), LONG) {
        let sender = thread::spawn(move || {
            for number in 0..200_000_u64 {
                a.send_u64(number).unwrap();
                if number % 977 == 0 {
                    a.flush().unwrap();
                }
            }
            // Dropped with most of it still under way.
            a.flush().unwrap();
        });
        for number in 0..200_000_u64 {
            assert_eq!(b.recv_u64().unwrap(), number, "{kind}");
        }
        sender.join().unwrap();
        assert!(
            matches!(b.recv(&mut [0]), Err(Error::Closed { .. })),
            "{kind}"
        );
    }
}

#[test]
fn a_dropped_end_still_sends_what_the_link_needs_long_for() {
    for (kind, (mut a, mut b)) in channels(model("8mbit,100ms"), LONG) {
        let bytes = 1_300_000;
        let start = Instant::now();
        a.send(&vec![3; bytes]).unwrap();
        a.flush().unwrap();
        let dropped = thread::spawn(move || drop(a));
        let mut got = vec![0; bytes];
        b.recv(&mut got).unwrap();
        // Longer than a closing stream waits for a peer that does not read.
        assert!(start.elapsed() > Duration::from_millis(1300), "{kind}");
        assert!(got.iter().all(|&byte| byte == 3), "{kind}");
        assert!(
            matches!(b.recv(&mut [0]), Err(Error::Closed { .. })),
            "{kind}"
        );
        dropped.join().unwrap();
    }
}

#[test]
fn a_blocking_end_waits_where_a_socket_would() {
    let (a, b) = tcp_streams();
    let mut a = Channel::tcp_emulated(a, LONG, model("160mbit,1ms"), false).unwrap();
    let mut b = Channel::tcp_emulated(b, LONG, model("160mbit,1ms"), true).unwrap();
    let bytes = vec![1; 8 << 20];
    let reader = thread::spawn(move || {
        b.recv(&mut vec![0; 8 << 20]).unwrap();
        // The other kind of end takes as much at once.
        let start = Instant::now();
        b.send(&vec![1; 8 << 20]).unwrap();
        b.flush().unwrap();
        (start.elapsed(), b)
    });
    let start = Instant::now();
    a.send(&bytes).unwrap();
    a.flush().unwrap();
    // One message may exceed the bound, the next write waits for it.
    a.send(&[0; 1]).unwrap();
    a.flush().unwrap();
    let waited = start.elapsed();
    assert!(waited > Duration::from_millis(150), "{waited:?}");
    a.recv(&mut vec![0; 8 << 20]).unwrap();
    let (queued, b) = reader.join().unwrap();
    assert!(queued < Duration::from_millis(150), "{queued:?}");
    drop((a, b));
}

#[test]
fn a_peer_that_is_silent_gone_or_deaf_is_noticed() {
    let short = Duration::from_millis(200);
    let network = model("10gbit,1ms");
    for unblocked in [false, true] {
        let open = |timeout| {
            let (a, b) = tcp_streams();
            (
                Channel::tcp_emulated(a, timeout, network, unblocked).unwrap(),
                b,
            )
        };
        // Silent.
        let (mut a, b) = open(short);
        let error = a.recv(&mut [0]).unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
        drop(b);

        // Gone.
        let (mut a, b) = open(LONG);
        drop(b);
        let start = Instant::now();
        let error = (0..10_000)
            .find_map(|_| {
                a.send(&[0; 1 << 16])
                    .and_then(|()| a.recv(&mut [0; 1]))
                    .err()
            })
            .unwrap();
        assert!(
            matches!(error, Error::Reset { .. } | Error::Closed { .. }),
            "{error}"
        );
        assert!(start.elapsed() < Duration::from_secs(5));

        // Deaf: it never reads.
        let (mut a, b) = open(short);
        let start = Instant::now();
        let error = (0..200)
            .find_map(|_| a.send(&vec![0; 1 << 20]).err())
            .or_else(|| a.recv(&mut [0]).err())
            .unwrap();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
        drop(a);
        assert!(start.elapsed() < Duration::from_secs(8));
        drop(b);
    }
}

#[test]
fn giving_up_does_not_wait_for_a_deaf_peer() {
    let (a, b) = tcp_streams();
    let mut a =
        Channel::tcp_emulated(a, Duration::from_secs(60), NetworkModel::LAN10, true).unwrap();
    a.send(&vec![0; 64 << 20]).unwrap();
    a.flush().unwrap();
    let start = Instant::now();
    drop(a);
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
    drop(b);
}
