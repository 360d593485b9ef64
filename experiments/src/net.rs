//! TCP: connecting with patience, accepting with a deadline for the handshake, and the network that either emulates.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use halfmask_models::bridge::mpc;
use halfmask_models::bridge::mpc::channel::{
    BadNetwork, Channel, NetworkModel, Transport, emulate_tcp,
};
use serde::{Deserialize, Serialize};

use crate::exit::Error;

/// How long a client tries to reach a server that may not listen yet.
pub const CONNECT_PATIENCE: Duration = Duration::from_secs(15);
/// The most that hello, keys and base OTs may take a client.
pub const HANDSHAKE: Duration = Duration::from_secs(10);

const RETRY: Duration = Duration::from_millis(50);

/// What connects the parties, as far as this program adds to it.
///
/// In JSON `"loopback"`, or `{"name", "bits_per_second", "round_trip_seconds", "emulated": true}`.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Json", into = "Json")]
pub enum Network {
    /// TCP as it is.
    #[default]
    Loopback,
    /// TCP, and what this party sends travels as over this network.
    Emulated(NetworkModel),
}

/// A [`Network`] in JSON.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Json {
    Name(String),
    Emulated {
        name: String,
        #[serde(flatten)]
        model: NetworkModel,
        emulated: bool,
    },
}

const LOOPBACK: &str = "loopback";

impl Network {
    /// The emulated network, if there is one.
    #[must_use]
    pub const fn model(self) -> Option<NetworkModel> {
        match self {
            Self::Loopback => None,
            Self::Emulated(model) => Some(model),
        }
    }

    /// A channel for the party whose writes may wait for the peer.
    ///
    /// # Errors
    /// As [`Channel::tcp_unblocked`].
    pub fn channel(self, stream: TcpStream, timeout: Duration) -> Result<Channel, mpc::Error> {
        match self {
            Self::Loopback => Channel::tcp(stream, timeout),
            Self::Emulated(model) => Channel::tcp_emulated(stream, timeout, model, false),
        }
    }

    /// A channel for the party whose writes only queue.
    ///
    /// # Errors
    /// As [`Channel::tcp_unblocked`].
    pub fn channel_unblocked(
        self,
        stream: TcpStream,
        timeout: Duration,
    ) -> Result<Channel, mpc::Error> {
        match self {
            Self::Loopback => Channel::tcp_unblocked(stream, timeout),
            Self::Emulated(model) => Channel::tcp_emulated(stream, timeout, model, true),
        }
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        if text == LOOPBACK {
            return Ok(Self::Loopback);
        }
        text.parse().map(Self::Emulated)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback => f.write_str(LOOPBACK),
            Self::Emulated(model) => model.fmt(f),
        }
    }
}

impl TryFrom<Json> for Network {
    type Error = String;

    fn try_from(json: Json) -> Result<Self, String> {
        match json {
            Json::Name(name) if name == LOOPBACK => Ok(Self::Loopback),
            Json::Emulated {
                name,
                model,
                emulated: true,
            } if name == model.to_string() => Ok(Self::Emulated(model)),
            Json::Name(name) | Json::Emulated { name, .. } => {
                Err(format!("network {name:?} is not what its figures say"))
            }
        }
    }
}

impl From<Network> for Json {
    fn from(network: Network) -> Self {
        match network {
            Network::Loopback => Self::Name(LOOPBACK.into()),
            Network::Emulated(model) => Self::Emulated {
                name: model.to_string(),
                model,
                emulated: true,
            },
        }
    }
}

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
    pub fn new(stream: TcpStream, timeout: Duration, network: Network) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        let control = stream.try_clone()?;
        let carrier: Box<dyn Transport> = match network {
            Network::Loopback => Box::new(stream),
            Network::Emulated(model) => emulate_tcp(stream, timeout, model, false)?,
        };
        let deadline = Instant::now() + Self::limit(timeout);
        let handshaken = Arc::new(AtomicBool::new(false));
        let timed = Timed {
            carrier,
            control,
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
    carrier: Box<dyn Transport>,
    /// The socket below, for its time limits.
    control: TcpStream,
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
        self.control.set_read_timeout(Some(left))?;
        self.control.set_write_timeout(Some(left))
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.limit()?;
        self.carrier.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.limit()?;
        self.carrier.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.carrier.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without and with a network in between.
    fn networks() -> [Network; 2] {
        [Network::Loopback, "1gbit,1ms".parse().unwrap()]
    }

    fn accepted(timeout: u64, network: Network) -> (TcpStream, Accepted) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let timeout = Duration::from_millis(timeout);
        (client, Accepted::new(stream, timeout, network).unwrap())
    }

    #[test]
    fn dripping_bytes_do_not_extend_the_handshake() {
        for network in networks() {
            let (mut client, mut accepted) = accepted(300, network);
            let drip = thread::spawn(move || {
                while client.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
            });
            let start = Instant::now();
            let error = accepted.channel.recv(&mut [0; 1 << 20]).unwrap_err();
            assert!(accepted.too_late(), "{error}");
            assert!(start.elapsed() < Duration::from_secs(5));
            drop(accepted);
            drip.join().unwrap();
        }
    }

    #[test]
    fn after_the_handshake_only_silence_counts() {
        for network in networks() {
            let (mut client, mut accepted) = accepted(400, network);
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

    #[test]
    fn networks_are_written_and_read() {
        let json = |network: Network| serde_json::to_value(network).unwrap();
        assert_eq!(json(Network::Loopback), "loopback");
        let lan = json("lan".parse().unwrap());
        let figures = serde_json::json!({
            "name": "lan", "bits_per_second": 1e9, "round_trip_seconds": 0.0002, "emulated": true
        });
        assert_eq!(lan, figures);
        for text in [
            "loopback",
            "lan",
            "lan10",
            "wan",
            "50mbit,80ms",
            "9.6kbit,0.3ms",
        ] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.to_string(), text);
            let back: Network = serde_json::from_value(json(network)).unwrap();
            assert_eq!(back, network);
        }
        for (key, lie) in [
            ("name", serde_json::json!("wan")),
            ("bits_per_second", serde_json::json!(2e9)),
            ("bits_per_second", serde_json::json!(-1)),
            ("emulated", serde_json::json!(false)),
        ] {
            let mut value = lan.clone();
            value[key] = lie;
            assert!(serde_json::from_value::<Network>(value).is_err(), "{key}");
        }
        assert!(serde_json::from_value::<Network>("lan".into()).is_err());
    }
}
