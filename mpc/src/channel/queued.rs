//! A stream whose writes only queue: a thread carries them out, at once or at the pace of an emulated link.
//!
//! *At once*, without a bound: two parties that both write before they read wait for each other for ever once the socket buffers
//! are full. If the writes of *one* of them only queue, it always comes to read, so both go on. The protocol bounds what can be in the queue
//! (one segment of a layer).
//!
//! *At the pace of a link* ([`NetworkModel`]): each end shapes what it sends, so the directions are independent and the ends need no common
//! clock. The thread is the link. What was written at `t` starts at `max(t, link free)`, occupies it for its bytes and headers, and
//! is handed to the stream below one way's delay later, in pieces short enough that the receiver sees the bytes come. The stream below
//! should be much faster than the link. An end whose writes may block has a *bound*, as a socket has a send buffer.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::network::{NetworkModel, SEGMENT_BYTES};
use super::pause;

/// How long a dropped stream waits for a peer that does not read.
const LINGER: Duration = Duration::from_secs(1);

/// Spare buffers kept for reuse.
const SPARES: usize = 8;

/// Largest send buffer of a Linux socket by default.
const SOCKET_BYTES: usize = 4 << 20;

/// Pieces of a link last about this long, within the two bounds below.
const PIECE: Duration = Duration::from_micros(250);

/// The largest piece, in full segments: just under 64 KiB.
const MOST_SEGMENTS: u64 = 45;

/// How far a link may lag behind and catch up: more than a scheduler's delay, little against a buffer. A link that is held up for
/// longer, by a receiver that does not read, has lost the time.
const CATCH_UP: Duration = Duration::from_millis(10);

/// How the writing is done.
#[derive(Copy, Clone, Debug)]
pub(super) struct Manner {
    /// The emulated link; `None` writes at once.
    pub link: Option<NetworkModel>,
    /// Whether a write waits while more is queued than a socket holds.
    pub blocking: bool,
    /// How long it waits while nothing moves.
    pub timeout: Duration,
}

impl Manner {
    /// Bytes queued beyond which a write waits. A real connection's window would limit a link with a larger product of rate
    /// and delay; the model has no window.
    fn bound(&self) -> usize {
        let flight = self.link.map_or(0.0, |link| {
            2.0 * link.payload_bytes_per_second() * link.round_trip().as_secs_f64()
        });
        if self.blocking {
            SOCKET_BYTES.max(flight as usize)
        } else {
            usize::MAX
        }
    }
}

#[derive(Default)]
struct State {
    /// The writer's failure, until somebody asks.
    failure: Option<io::Error>,
    /// Whether the writer has ended, failed or not.
    ended: bool,
    /// Bytes taken over and not yet handed to the stream below.
    queued: usize,
    /// Since when the stream below has not taken what it was handed.
    stuck_since: Option<Instant>,
    spares: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    moved: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid at any moment: a panic elsewhere cannot have torn it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message, and when it was written.
type Message = (Vec<u8>, Instant);

/// Ends both directions of the stream below, from any thread.
pub(super) type HangUp = Arc<dyn Fn() + Send + Sync>;

/// The stream and its writing thread. Dropping it waits until the queue is written, unless the peer does not read.
pub(super) struct Queued<R> {
    input: R,
    hang_up: HangUp,
    queue: Option<Sender<Message>>,
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    manner: Manner,
}

impl<R> Queued<R> {
    pub(super) fn new(
        input: R,
        output: impl Write + Send + 'static,
        hang_up: HangUp,
        manner: Manner,
    ) -> io::Result<Self> {
        let (queue, messages) = channel();
        let shared = Arc::new(Shared::default());
        let mut writer = Writer {
            output,
            shared: Arc::clone(&shared),
            link: manner.link,
            free: Instant::now(),
        };
        let ends = Arc::clone(&hang_up);
        let writer = std::thread::Builder::new()
            .name("channel writer".into())
            .spawn(move || {
                let failure = writer.run(&messages).err();
                // Whoever reads should not wait for an answer to what never left.
                let failed = failure.is_some();
                let mut state = writer.shared.lock();
                (state.failure, state.ended) = (failure, true);
                drop(state);
                writer.shared.moved.notify_all();
                if failed {
                    ends();
                }
            })?;
        Ok(Self {
            input,
            hang_up,
            queue: Some(queue),
            shared,
            writer: Some(writer),
            manner,
        })
    }

    /// Waits until there is room, and takes a buffer.
    fn room(&self) -> io::Result<Vec<u8>> {
        let bound = self.manner.bound();
        let mut state = self.shared.lock();
        let mut least = state.queued;
        let mut deadline = Instant::now() + self.manner.timeout;
        while state.queued >= bound && !state.ended {
            let now = Instant::now();
            if state.queued < least {
                least = state.queued;
                deadline = now + self.manner.timeout;
            }
            let left = deadline.saturating_duration_since(now);
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            state = self
                .shared
                .moved
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        match state.failure.take() {
            Some(error) => Err(error),
            None if state.ended => Err(io::ErrorKind::BrokenPipe.into()),
            None => Ok(state.spares.pop().unwrap_or_default()),
        }
    }
}

/// The writing thread's side.
struct Writer<W> {
    output: W,
    shared: Arc<Shared>,
    link: Option<NetworkModel>,
    /// When the link has sent all before.
    free: Instant,
}

impl<W: Write> Writer<W> {
    /// Writes what comes until nobody can send more.
    fn run(&mut self, messages: &Receiver<Message>) -> io::Result<()> {
        if self.link.is_some() {
            pause::sharpen();
        }
        for (message, written) in messages {
            match self.link {
                None => self.deliver(&message)?,
                Some(link) => {
                    self.free = self.free.max(written);
                    let mut left = message.len();
                    for piece in message.chunks(piece_bytes(link)) {
                        self.free += link.occupies(piece.len() as u64);
                        left -= piece.len();
                        // Somebody may wait for the last one. Those before may be late: the next makes up for it.
                        let due = self.free + link.one_way();
                        if left == 0 {
                            pause::until_exactly(due);
                        } else {
                            pause::until(due);
                        }
                        self.deliver(piece)?;
                        // Held up, the link cannot make up for more than a little.
                        let sent = Instant::now().checked_sub(link.one_way() + CATCH_UP);
                        self.free = sent.map_or(self.free, |sent| sent.max(self.free));
                    }
                }
            }
            let mut state = self.shared.lock();
            if state.spares.len() < SPARES {
                state.spares.push(message);
            }
        }
        Ok(())
    }

    fn deliver(&mut self, piece: &[u8]) -> io::Result<()> {
        self.shared.lock().stuck_since = Some(Instant::now());
        let outcome = self
            .output
            .write_all(piece)
            .and_then(|()| self.output.flush());
        let mut state = self.shared.lock();
        state.stuck_since = None;
        state.queued = state.queued.saturating_sub(piece.len());
        drop(state);
        self.shared.moved.notify_all();
        outcome
    }
}

/// Full segments that last about [`PIECE`].
fn piece_bytes(link: NetworkModel) -> usize {
    let segment = link.occupies(SEGMENT_BYTES).as_secs_f64();
    let segments = (PIECE.as_secs_f64() / segment).clamp(1.0, MOST_SEGMENTS as f64);
    segments as usize * SEGMENT_BYTES as usize
}

impl<R: Read> Read for Queued<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.input.read(bytes) {
            // An end of the stream that the writer's failure caused is that failure.
            Ok(0) => self.shared.lock().failure.take().map_or(Ok(0), Err),
            other => other,
        }
    }
}

impl<R> Write for Queued<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut message = self.room()?;
        message.clear();
        message.extend_from_slice(bytes);
        self.shared.lock().queued += bytes.len();
        match &self.queue {
            Some(queue) if queue.send((message, Instant::now())).is_ok() => Ok(bytes.len()),
            _ => Err(self
                .shared
                .lock()
                .failure
                .take()
                .unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<R> Drop for Queued<R> {
    fn drop(&mut self) {
        self.queue = None;
        let Some(writer) = self.writer.take() else {
            return;
        };
        // What is queued still leaves, however long the link needs; but a peer that does not read must not hold this side back,
        // nor be left waiting for it.
        let start = Instant::now();
        let stuck = |state: &State| {
            let since = state.stuck_since.map(|since| since.max(start));
            since.is_some_and(|since| since.elapsed() >= LINGER)
        };
        // Without a link nothing but the peer takes time.
        let late = || self.manner.link.is_none() && start.elapsed() >= LINGER;
        while !writer.is_finished() {
            if stuck(&self.shared.lock()) || late() {
                (self.hang_up)();
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        // A panic of the writer has nothing left to tell.
        drop(writer.join());
    }
}
