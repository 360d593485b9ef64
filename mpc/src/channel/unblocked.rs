//! A TCP stream whose writes never wait for the peer.
//!
//! Two parties that both write before they read wait for each other for ever once the socket buffers are full. If the
//! writes of *one* of them only queue, it always comes to read, so both go on. A thread writes the queue; the protocol bounds
//! what can be in it (one segment of a layer).

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a dropped stream goes on writing its queue.
const LINGER: Duration = Duration::from_secs(1);

/// Spare buffers kept for reuse.
const SPARES: usize = 8;

#[derive(Default)]
struct Shared {
    /// The writer's failure, until somebody asks.
    failure: Option<io::Error>,
    spares: Vec<Vec<u8>>,
}

/// The stream and its writing thread. Dropping it waits until the queue is written, but not for long.
pub(super) struct Unblocked {
    stream: TcpStream,
    queue: Option<Sender<Vec<u8>>>,
    shared: Arc<Mutex<Shared>>,
    writer: Option<JoinHandle<()>>,
}

impl Unblocked {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        let (queue, pieces) = channel();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (output, theirs) = (stream.try_clone()?, Arc::clone(&shared));
        let writer = std::thread::Builder::new()
            .name("channel writer".into())
            .spawn(move || write_all(output, &pieces, &theirs))?;
        Ok(Self {
            stream,
            queue: Some(queue),
            shared,
            writer: Some(writer),
        })
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    // Both fields are valid at any moment: a panic elsewhere cannot have torn them.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write_all(mut output: TcpStream, pieces: &Receiver<Vec<u8>>, shared: &Mutex<Shared>) {
    for piece in pieces {
        if let Err(error) = output.write_all(&piece) {
            lock(shared).failure = Some(error);
            // Whoever reads should not wait for an answer to what never left.
            drop(output.shutdown(std::net::Shutdown::Both));
            return;
        }
        let mut shared = lock(shared);
        if shared.spares.len() < SPARES {
            shared.spares.push(piece);
        }
    }
}

impl Read for Unblocked {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.stream.read(bytes) {
            // An end of the stream that the writer's failure caused is that failure.
            Ok(0) => lock(&self.shared).failure.take().map_or(Ok(0), Err),
            other => other,
        }
    }
}

impl Write for Unblocked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut piece = {
            let mut shared = lock(&self.shared);
            if let Some(error) = shared.failure.take() {
                return Err(error);
            }
            shared.spares.pop().unwrap_or_default()
        };
        piece.clear();
        piece.extend_from_slice(bytes);
        match &self.queue {
            Some(queue) if queue.send(piece).is_ok() => Ok(bytes.len()),
            _ => Err(lock(&self.shared)
                .failure
                .take()
                .unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Unblocked {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // What is queued may still leave; but a peer that does not read must not hold this side back, nor be left
            // waiting for it.
            let deadline = Instant::now() + LINGER;
            while !writer.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
            }
            if !writer.is_finished() {
                drop(self.stream.shutdown(std::net::Shutdown::Both));
            }
            // A panic of the writer has nothing left to tell.
            drop(writer.join());
        }
    }
}
