//! Two parties as two threads of one process, joined by TCP on loopback: what the engine is measured with.
//!
//! Each party has a thread pool of its own, so that nothing but the channel joins them. The clock runs from the moment both
//! have set up to the moment both are done.

use crate::Error;
use crate::channel::{Channel, NetworkModel};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Barrier;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The longest silence between the parties.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How the two parties run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bench {
    /// What connects them; `None` is bare loopback.
    pub network: Option<NetworkModel>,
    /// Threads of each party.
    pub threads: usize,
}

type Setup<'a, S> = Box<dyn FnOnce(&mut Channel) -> Result<S, Error> + Send + 'a>;
type Work<'a, S, T> = Box<dyn FnOnce(&mut Channel, S) -> Result<T, Error> + Send + 'a>;

/// One party's work: set up on the channel, then measured work on what the set-up gave.
pub struct Party<'a, S, T> {
    /// Not measured.
    setup: Setup<'a, S>,
    /// Measured.
    work: Work<'a, S, T>,
}

impl<'a, S, T> Party<'a, S, T> {
    /// A party.
    pub fn new(
        setup: impl FnOnce(&mut Channel) -> Result<S, Error> + Send + 'a,
        work: impl FnOnce(&mut Channel, S) -> Result<T, Error> + Send + 'a,
    ) -> Self {
        Self {
            setup: Box::new(setup),
            work: Box::new(work),
        }
    }
}

/// What both returned, and the wall clock of their work.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<A, B> {
    /// Of the first party, who listens.
    pub first: A,
    /// Of the second party, who connects.
    pub second: B,
    /// Seconds from both being set up to both being done.
    pub seconds: f64,
}

/// Runs both parties.
///
/// # Errors
/// [`Error::Io`] without a socket or a thread; a party's own error.
pub fn run<S, T, A, B>(
    bench: &Bench,
    first: Party<'_, S, A>,
    second: Party<'_, T, B>,
) -> Result<Outcome<A, B>, Error>
where
    A: Send,
    B: Send,
{
    let io = |source| Error::Io {
        what: "joining two threads on loopback".into(),
        source,
    };
    let listener = TcpListener::bind("127.0.0.1:0").map_err(io)?;
    let theirs = TcpStream::connect(listener.local_addr().map_err(io)?).map_err(io)?;
    let (ours, _) = listener.accept().map_err(io)?;
    let barrier = Barrier::new(2);
    let ((one, after_one), (two, after_two)) = (channel(), channel());
    let (a, b) = thread::scope(|scope| {
        let other = scope.spawn(|| act(bench, theirs, true, second, &barrier, (two, after_one)));
        let this = act(bench, ours, false, first, &barrier, (one, after_two));
        (this, other.join())
    });
    let b = b.unwrap_or_else(|_| Err(io(io::Error::other("a party ended abnormally"))));
    // The first party's error is the cause if both have one: the second sees a closed channel.
    let (first, second) = (a?, b?);
    let seconds = first.end.max(second.end) - first.start.min(second.start);
    Ok(Outcome {
        first: first.result,
        second: second.result,
        seconds: seconds.as_secs_f64(),
    })
}

struct Timed<T> {
    result: T,
    start: Instant,
    end: Instant,
}

/// Nothing is sent: it is dropped by who is done, however that comes about, and the other side's end shows it.
type Done = (Sender<()>, Receiver<()>);

/// One party, in a pool of its own.
fn act<S, T: Send>(
    bench: &Bench,
    stream: TcpStream,
    unblocked: bool,
    party: Party<'_, S, T>,
    barrier: &Barrier,
    (done, other): Done,
) -> Result<Timed<T>, Error> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(bench.threads)
        .build()
        .map_err(|error| Error::Io {
            what: "starting a thread pool".into(),
            source: io::Error::other(error),
        });
    let connect = || match &bench.network {
        Some(model) => Channel::tcp_emulated(stream, TIMEOUT, *model, unblocked),
        None if unblocked => Channel::tcp_unblocked(stream, TIMEOUT),
        None => Channel::tcp(stream, TIMEOUT),
    };
    let run = move || {
        let ready = connect().and_then(|mut ch| {
            let state = (party.setup)(&mut ch)?;
            ch.flush()?;
            Ok((ch, state))
        });
        // Both come here, whatever happened to them.
        barrier.wait();
        let (mut ch, state) = ready?;
        let start = Instant::now();
        let result = (party.work)(&mut ch, state)?;
        ch.flush()?;
        let end = Instant::now();
        // What is queued may keep the peer busy for longer than a dropped channel waits. Who fails does not come here, so that
        // the peer notices at once.
        drop(done);
        let _ended = other.recv();
        Ok(Timed { result, start, end })
    };
    match pool {
        Ok(pool) => pool.install(run),
        Err(error) => {
            barrier.wait();
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BENCH: Bench = Bench {
        network: None,
        threads: 1,
    };
    const BYTES: usize = 32 << 20;

    fn party<'a, T>(
        work: impl FnOnce(&mut Channel) -> Result<T, Error> + Send + 'a,
    ) -> Party<'a, (), T> {
        Party::new(|_| Ok(()), |ch, ()| work(ch))
    }

    #[test]
    fn a_slow_reader_gets_all_of_a_fast_writer() {
        let reader = party(|ch| {
            thread::sleep(Duration::from_millis(1_500));
            let mut bytes = vec![0; BYTES];
            ch.recv(&mut bytes)?;
            Ok(bytes.iter().all(|&byte| byte == 5))
        });
        let outcome = run(&BENCH, reader, party(|ch| ch.send(&vec![5; BYTES]))).unwrap();
        assert!(outcome.first && outcome.seconds > 1.5);
    }

    #[test]
    fn a_party_that_fails_does_not_keep_the_other_waiting() {
        let fail = || Error::Length {
            what: "a test",
            length: 0,
            expected: "1".into(),
        };
        let start = Instant::now();
        let failing = party(|_| Err::<(), _>(fail()));
        let error = run(&BENCH, party(|ch| ch.recv(&mut [0])), failing).unwrap_err();
        assert!(
            matches!(error, Error::Closed { .. } | Error::Reset { .. }),
            "{error}"
        );
        let error = run(&BENCH, party(|_| Err::<(), _>(fail())), party(|_| Ok(()))).unwrap_err();
        assert!(matches!(error, Error::Length { .. }), "{error}");
        let setup = Party::new(|_| Err::<(), _>(fail()), |_, ()| Ok(()));
        let error = run(&BENCH, setup, party(|_| Ok(()))).unwrap_err();
        assert!(matches!(error, Error::Length { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}
