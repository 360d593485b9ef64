//! A blocking two-party byte channel that counts what it carries.
//!
//! * Output is buffered and written in pieces of up to [`SEND_BUFFER_BYTES`]; every receive flushes pending output first,
//!   so a forgotten [`Channel::flush`] cannot deadlock a request and its answer. A party whose last act is a send flushes
//!   itself: dropping a channel sends nothing.
//! * Everything is counted under the current [`Scope`] (phase, layer, part), set by [`Channel::enter`]. If both parties
//!   enter the same scopes at the same points, what one counts as sent the other counts as received, exactly.
//! * A direction change is counted whenever this endpoint receives after it sent or sends after it received, in program
//!   order; empty messages count for nothing. Between strictly alternating parties both ends count the same.
//! * Any failure of the transport names the scope, and how much of the message had been moved. After it the channel
//!   refuses further use: the streams are out of step.
//!
//! Both parties may not send more than the transport holds (socket buffers; [`PAIR_BYTES`] in memory) before either
//! receives, unless one of them is [`Channel::tcp_unblocked`]. [`Channel::tcp_emulated`] and [`Channel::pair_emulated`] behave as over a
//! slower network ([`NetworkModel`]). Contents are neither encrypted nor authenticated here.

mod memory;
mod meter;
mod network;
mod open;
mod pause;
mod queued;
mod transport;
mod typed;

use std::{
    fmt, io,
    time::{Duration, Instant},
};

pub use meter::{Entry, Meter, Part, Phase, Scope, Step, Tally};
pub use network::{BadNetwork, NetworkModel, OVERHEAD_BYTES, SEGMENT_BYTES};
pub use transport::{Transport, emulate_tcp};

use crate::Error;

/// Output is written once this much is pending.
pub const SEND_BUFFER_BYTES: usize = 512 << 10;

/// Input is read ahead by up to this much.
pub const RECV_BUFFER_BYTES: usize = 256 << 10;

/// Bytes each way that an in-memory pair holds before sending blocks.
pub const PAIR_BYTES: usize = 16 << 20;

/// Time limit of [`Channel::pair`].
pub const PAIR_TIMEOUT: Duration = Duration::from_secs(60);

/// Memory is committed in steps of this size while a message of announced length arrives.
const GROW_BYTES: usize = 1 << 20;

/// One end of a two-party connection.
pub struct Channel {
    transport: Box<dyn Transport>,
    timeout: Duration,
    /// Pending output is `output[..pending]`; the rest is old output, overwritten before it is sent.
    output: Vec<u8>,
    pending: usize,
    /// Input read ahead is `input[taken..filled]`.
    input: Vec<u8>,
    taken: usize,
    filled: usize,
    meter: Meter,
    /// What was counted since the current scope was entered, or the meter last read.
    tally: Tally,
    current: usize,
    since: Instant,
    direction: Option<Direction>,
    broken: bool,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Direction {
    Sending,
    Receiving,
}

impl Channel {
    /// A channel over any transport, whose own time limit is `timeout` (used in messages alone).
    #[must_use]
    pub fn new(transport: Box<dyn Transport>, timeout: Duration) -> Self {
        let mut meter = Meter::default();
        let current = meter.slot(Phase::Setup, "", Part::Control);
        Self {
            transport,
            timeout,
            output: vec![0; SEND_BUFFER_BYTES],
            pending: 0,
            input: vec![0; RECV_BUFFER_BYTES],
            taken: 0,
            filled: 0,
            meter,
            tally: Tally::default(),
            current,
            since: Instant::now(),
            direction: None,
            broken: false,
        }
    }

    /// Counts what follows under this scope. Pending output keeps the scope in which it was sent.
    pub fn enter(&mut self, phase: Phase, layer: &str, part: Part) {
        self.settle();
        self.current = self.meter.slot(phase, layer, part);
    }

    /// What was counted so far, up to this moment.
    pub fn meter(&mut self) -> &Meter {
        self.settle();
        &self.meter
    }

    /// Returns what was counted so far and starts again from zero, in the same scope.
    pub fn take_meter(&mut self) -> Meter {
        self.settle();
        let taken = std::mem::take(&mut self.meter);
        if let Some(Scope { phase, layer, part }) = taken.scope(self.current) {
            self.current = self.meter.slot(*phase, layer, *part);
        }
        taken
    }

    /// Changes between sending and receiving over all scopes, in this endpoint's program order.
    pub fn direction_changes(&mut self) -> u64 {
        self.meter().total().direction_changes
    }

    /// Sends bytes (buffered).
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Reset`], [`Error::Timeout`] or [`Error::Io`].
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.send_with(bytes.len(), |buffer| buffer.copy_from_slice(bytes))
    }

    /// Sends `len` bytes that `write` puts straight into the outgoing buffer. `write` must fill the whole slice: what it
    /// leaves is older output. The buffer grows to hold one message larger than [`SEND_BUFFER_BYTES`].
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn send_with<R>(
        &mut self,
        len: usize,
        write: impl FnOnce(&mut [u8]) -> R,
    ) -> Result<R, Error> {
        self.usable()?;
        if self.pending + len > self.output.len() {
            self.flush()?;
            if len > self.output.len() {
                self.output.resize(len, 0);
            }
        }
        let end = self.pending + len;
        let result = write(self.output.get_mut(self.pending..end).unwrap_or_default());
        self.pending = end;
        self.turn(Direction::Sending, len);
        self.tally.bytes_sent += len as u64;
        if self.pending >= SEND_BUFFER_BYTES {
            self.flush()?;
        }
        Ok(result)
    }

    /// Writes pending output to the transport.
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.usable()?;
        let expected = std::mem::take(&mut self.pending);
        if expected == 0 {
            return Ok(());
        }
        let start = Instant::now();
        let mut done = 0;
        while done < expected {
            match self
                .transport
                .write(self.output.get(done..expected).unwrap_or_default())
            {
                Ok(0) => {
                    return Err(self.fail(
                        io::ErrorKind::WriteZero.into(),
                        "sending",
                        done,
                        expected,
                    ));
                }
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fail(error, "sending", done, expected)),
            }
        }
        if let Err(error) = self.transport.flush() {
            return Err(self.fail(error, "sending", done, expected));
        }
        self.tally.messages += 1;
        self.tally.seconds_blocked += start.elapsed().as_secs_f64();
        Ok(())
    }

    /// Receives exactly `bytes.len()` bytes, after flushing pending output.
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn recv(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.flush()?;
        let expected = bytes.len();
        let buffered = self.input.get(self.taken..self.filled).unwrap_or_default();
        let mut done = buffered.len().min(expected);
        if let (Some(to), Some(from)) = (bytes.get_mut(..done), buffered.get(..done)) {
            to.copy_from_slice(from);
        }
        self.taken += done;
        // Long remainders go straight to their place, short ones through the buffer.
        while expected - done >= RECV_BUFFER_BYTES {
            let rest = bytes.get_mut(done..).unwrap_or_default();
            let start = Instant::now();
            let outcome = self.transport.read(rest);
            self.tally.seconds_blocked += start.elapsed().as_secs_f64();
            done += self.moved(outcome, done, expected)?;
        }
        if done < expected {
            let missing = expected - done;
            self.fill(missing, done, expected)?;
            let from = self
                .input
                .get(self.taken..self.taken + missing)
                .unwrap_or_default();
            bytes
                .get_mut(done..)
                .unwrap_or_default()
                .copy_from_slice(from);
            self.taken += missing;
        }
        self.turn(Direction::Receiving, expected);
        self.tally.bytes_received += expected as u64;
        Ok(())
    }

    /// Receives `len` bytes and hands them to `read` inside the incoming buffer, without a copy. The buffer grows to hold
    /// `len`, which must therefore be the program's own number or checked before.
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn recv_with<R>(&mut self, len: usize, read: impl FnOnce(&[u8]) -> R) -> Result<R, Error> {
        self.flush()?;
        self.fill(len, 0, len)?;
        self.turn(Direction::Receiving, len);
        self.tally.bytes_received += len as u64;
        let result = read(
            self.input
                .get(self.taken..self.taken + len)
                .unwrap_or_default(),
        );
        self.taken += len;
        Ok(result)
    }

    /// Receives `len` bytes into a new vector, refusing a `len` above `limit`; memory grows as the bytes arrive.
    ///
    /// # Errors
    /// [`Error::TooLong`], or as [`Channel::send`].
    pub fn recv_vec(&mut self, len: u64, limit: usize) -> Result<Vec<u8>, Error> {
        let length = usize::try_from(len).ok().filter(|&length| length <= limit);
        let Some(length) = length else {
            return Err(Error::TooLong {
                what: self.place("receiving"),
                length: len,
                limit: limit as u64,
            });
        };
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let start = bytes.len();
            bytes.resize(length.min(start + GROW_BYTES), 0);
            self.recv(bytes.get_mut(start..).unwrap_or_default())?;
        }
        Ok(bytes)
    }

    /// Reads until `wanted` bytes lie in `input[taken..filled]`. `done` and `expected` are for the message of an error.
    fn fill(&mut self, wanted: usize, done: usize, expected: usize) -> Result<(), Error> {
        if self.filled - self.taken >= wanted {
            return Ok(());
        }
        if self.taken + wanted > self.input.len() {
            self.input.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.taken = 0;
            // Room for two messages of this size: then what is read ahead need not be moved for every one.
            if 2 * wanted > self.input.len() {
                self.input.resize(2 * wanted, 0);
            }
        }
        let start = Instant::now();
        while self.filled - self.taken < wanted {
            let outcome = self
                .transport
                .read(self.input.get_mut(self.filled..).unwrap_or_default());
            let moved = done + (self.filled - self.taken).min(wanted);
            self.filled += self.moved(outcome, moved, expected)?;
        }
        self.tally.seconds_blocked += start.elapsed().as_secs_f64();
        Ok(())
    }

    /// The count of a read; end of stream and failures become errors.
    fn moved(
        &mut self,
        outcome: io::Result<usize>,
        done: usize,
        expected: usize,
    ) -> Result<usize, Error> {
        match outcome {
            Ok(0) => {
                self.broken = true;
                Err(Error::Closed {
                    what: self.place("receiving"),
                    done,
                    expected,
                })
            }
            Ok(count) => Ok(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
            Err(error) => Err(self.fail(error, "receiving", done, expected)),
        }
    }

    /// Marks the channel unusable and names the failure.
    fn fail(&mut self, source: io::Error, act: &str, done: usize, expected: usize) -> Error {
        use io::ErrorKind as Kind;
        self.broken = true;
        let what = self.place(act);
        match source.kind() {
            Kind::TimedOut | Kind::WouldBlock => Error::Timeout {
                what,
                seconds: self.timeout.as_secs_f64(),
                done,
                expected,
            },
            Kind::UnexpectedEof => Error::Closed {
                what,
                done,
                expected,
            },
            Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::NotConnected => Error::Reset {
                what,
                done,
                expected,
                source,
            },
            _ => Error::Io { what, source },
        }
    }

    fn place(&self, act: &str) -> String {
        match self.meter.scope(self.current) {
            Some(scope) => format!("{scope} ({act})"),
            None => act.to_owned(),
        }
    }

    const fn usable(&self) -> Result<(), Error> {
        if self.broken {
            Err(Error::Poisoned {
                what: "the channel",
            })
        } else {
            Ok(())
        }
    }

    fn turn(&mut self, direction: Direction, len: usize) {
        if len > 0 {
            let turned = self.direction.is_some_and(|last| last != direction);
            self.tally.direction_changes += u64::from(turned);
            self.direction = Some(direction);
        }
    }

    /// Books the running tally under the current scope.
    fn settle(&mut self) {
        let now = Instant::now();
        self.tally.seconds = now.duration_since(self.since).as_secs_f64();
        self.since = now;
        self.meter
            .add(self.current, std::mem::take(&mut self.tally));
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("scope", &self.meter.scope(self.current))
            .field("pending", &self.pending)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}
