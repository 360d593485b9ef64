//! TCP: connecting with patience, and accepting with a deadline for the handshake.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use halfmask_models::bridge::mpc::channel::Channel;

use crate::exit::Error;

/// How long a client tries to reach a server that may not listen yet.
pub const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// The most that hello, keys and base OTs may take a client.
pub const HANDSHAKE: Duration = Duration::from_secs(10);

const RETRY: Duration = Duration::from_millis(50);

/// Connects to the first of `addresses` that answers, again and again until [`CONNECT_PATIENCE`] is over.
///
/// # Errors
/// [`Error::System`] with the last attempt's reason.
pub fn connect(name: &str, addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
    let deadline = Instant::now() + CONNECT_PATIENCE;
    loop {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            let left = deadline
                .saturating_duration_since(Instant::now())
                .max(RETRY);
            match TcpStream::connect_timeout(address, left) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        if Instant::now() + RETRY > deadline {
            return Err(Error::System {
                what: format!("connect to {name} within {} s", CONNECT_PATIENCE.as_secs()),
                source: last,
            });
        }
        thread::sleep(RETRY);
    }
}

/// Listens on the first of `addresses` that is free.
///
/// # Errors
/// [`Error::System`].
pub fn listen(name: &str, addresses: &[SocketAddr]) -> Result<TcpListener, Error> {
    TcpListener::bind(addresses).map_err(|source| Error::System {
        what: format!("listen on {name}"),
        source,
    })
}

/// An accepted connection that must complete its handshake by a deadline, however slowly its bytes drip.
pub struct Accepted {
    /// The channel.
    pub channel: Channel,
    /// When the handshake must be over.
    deadline: Instant,
    handshaken: Arc<AtomicBool>,
}

impl Accepted {
    /// A channel whose peer may be silent for `timeout`, and must complete the handshake within that time and
    /// [`HANDSHAKE`].
    ///
    /// # Errors
    /// If the socket refuses an option.
    pub fn new(stream: TcpStream, timeout: Duration) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        let deadline = Instant::now() + Self::limit(timeout);
        let handshaken = Arc::new(AtomicBool::new(false));
        let timed = Timed {
            stream,
            timeout,
            deadline: Some(deadline),
            handshaken: Arc::clone(&handshaken),
        };
        let channel = Channel::new(Box::new(timed), timeout);
        Ok(Self {
            channel,
            deadline,
            handshaken,
        })
    }

    /// What a handshake may take.
    #[must_use]
    pub fn limit(timeout: Duration) -> Duration {
        timeout.min(HANDSHAKE)
    }

    /// The handshake is over: from now on only silence counts.
    pub fn handshake_done(&self) {
        self.handshaken.store(true, Ordering::Relaxed);
    }

    /// Whether the handshake's time is over.
    #[must_use]
    pub fn too_late(&self) -> bool {
        Instant::now() >= self.deadline
    }
}

/// A stream with a deadline until the handshake is done.
struct Timed {
    stream: TcpStream,
    timeout: Duration,
    /// `None` once it no longer counts.
    deadline: Option<Instant>,
    handshaken: Arc<AtomicBool>,
}

impl Timed {
    /// Sets the socket's time limits to what is left; an error once nothing is.
    fn limit(&mut self) -> io::Result<()> {
        let Some(deadline) = self.deadline else {
            return Ok(());
        };
        let left = if self.handshaken.load(Ordering::Relaxed) {
            self.deadline = None;
            self.timeout
        } else {
            deadline.saturating_duration_since(Instant::now())
        };
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.set_write_timeout(Some(left))
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.limit()?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.limit()?;
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dripping_bytes_do_not_extend_the_handshake() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let drip = thread::spawn(move || {
            while client.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        });
        let mut accepted = Accepted::new(stream, Duration::from_millis(300)).unwrap();
        let start = Instant::now();
        let error = accepted.channel.recv(&mut [0; 1 << 20]).unwrap_err();
        assert!(accepted.too_late(), "{error}");
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(accepted);
        drip.join().unwrap();
    }

    #[test]
    fn after_the_handshake_only_silence_counts() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let mut accepted = Accepted::new(stream, Duration::from_millis(400)).unwrap();
        accepted.handshake_done();
        let drip = thread::spawn(move || {
            for _ in 0..40 {
                client.write_all(b"x").unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        });
        accepted.channel.recv(&mut [0; 40]).unwrap();
        assert!(accepted.too_late());
        drip.join().unwrap();
    }
}
