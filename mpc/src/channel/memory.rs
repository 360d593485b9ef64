//! A duplex pipe in memory, between two threads of one process.
//!
//! It behaves as a socket does: a bounded amount of bytes in flight, end of stream when the peer is dropped, time limits.
//! A protocol that would deadlock on full socket buffers therefore fails here too, with a time-out instead of a hang.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Spare buffers kept for reuse, so that a streaming run does not allocate.
const SPARES: usize = 8;

/// One direction.
#[derive(Default)]
struct Pipe {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Vec<u8>>,
    queued_bytes: usize,
    spares: Vec<Vec<u8>>,
    closed: bool,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid between any two statements, so a panic of the other thread cannot have torn it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `ready`, or until `timeout` is over.
    fn wait(
        &self,
        timeout: Duration,
        ready: impl Fn(&State) -> bool,
    ) -> io::Result<MutexGuard<'_, State>> {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        while !ready(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        Ok(state)
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

/// The sending half of an end; dropping it ends that direction.
pub(super) struct Sink {
    pipe: Arc<Pipe>,
    capacity: usize,
    timeout: Duration,
}

/// The receiving half of an end; dropping it lets the peer's writes fail.
pub(super) struct Source {
    pipe: Arc<Pipe>,
    timeout: Duration,
    current: Vec<u8>,
    consumed: usize,
}

/// One end of the pair.
pub(super) struct Memory {
    sink: Sink,
    source: Source,
}

impl Memory {
    /// The two halves, and what ends both directions at once.
    pub(super) fn split(self) -> (Source, Sink, impl Fn() + Send + Sync) {
        let (forth, back) = (Arc::clone(&self.sink.pipe), Arc::clone(&self.source.pipe));
        let end = move || {
            forth.close();
            back.close();
        };
        (self.source, self.sink, end)
    }
}

/// Two connected ends, each with at most about `capacity` bytes in flight towards the other.
pub(super) fn pair(capacity: usize, timeout: Duration) -> (Memory, Memory) {
    let (forth, back) = (Arc::new(Pipe::default()), Arc::new(Pipe::default()));
    let end = |outgoing: &Arc<Pipe>, incoming: &Arc<Pipe>| Memory {
        sink: Sink {
            pipe: Arc::clone(outgoing),
            capacity,
            timeout,
        },
        source: Source {
            pipe: Arc::clone(incoming),
            timeout,
            current: Vec::new(),
            consumed: 0,
        },
    };
    (end(&forth, &back), end(&back, &forth))
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let capacity = self.capacity;
        let mut state = self
            .pipe
            .wait(self.timeout, |s| s.closed || s.queued_bytes < capacity)?;
        if state.closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut buffer = state.spares.pop().unwrap_or_default();
        drop(state);
        buffer.clear();
        buffer.extend_from_slice(bytes);
        let mut state = self.pipe.lock();
        state.queued_bytes += buffer.len();
        state.queue.push_back(buffer);
        drop(state);
        self.pipe.changed.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Source {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.consumed == self.current.len() {
            let mut state = self
                .pipe
                .wait(self.timeout, |s| s.closed || !s.queue.is_empty())?;
            let Some(next) = state.queue.pop_front() else {
                return Ok(0);
            };
            state.queued_bytes -= next.len();
            let spare = std::mem::replace(&mut self.current, next);
            if state.spares.len() < SPARES {
                state.spares.push(spare);
            }
            drop(state);
            self.consumed = 0;
            self.pipe.changed.notify_all();
        }
        let available = self.current.get(self.consumed..).unwrap_or_default();
        let count = available.len().min(bytes.len());
        if let (Some(to), Some(from)) = (bytes.get_mut(..count), available.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consumed += count;
        Ok(count)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Memory {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.source.read(bytes)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.pipe.close();
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.pipe.close();
    }
}
