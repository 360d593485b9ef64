//! Channels over TCP and in memory, direct or as over a network.

use std::{io, net::TcpStream, sync::Arc, time::Duration};

use super::{
    Channel, NetworkModel, PAIR_BYTES, PAIR_TIMEOUT, emulate_tcp, memory, queued, transport,
};
use crate::Error;

impl Channel {
    /// A channel over a connected TCP stream: `TCP_NODELAY`, and `timeout` as the longest silence of the peer.
    ///
    /// # Errors
    /// [`Error::Io`] if the socket refuses an option (a zero `timeout` is refused).
    pub fn tcp(stream: TcpStream, timeout: Duration) -> Result<Self, Error> {
        transport::prepare_tcp(&stream, timeout).map_err(|source| Error::Io {
            what: "setting socket options".into(),
            source,
        })?;
        Ok(Self::new(Box::new(stream), timeout))
    }

    /// As [`Channel::tcp`], but sending never waits for the peer: a thread writes what is queued. For the party that sends
    /// while the other may be sending too; one such end is enough against a deadlock.
    ///
    /// # Errors
    /// As [`Channel::tcp`], or if there is no thread to be had.
    pub fn tcp_unblocked(stream: TcpStream, timeout: Duration) -> Result<Self, Error> {
        let manner = queued::Manner {
            link: None,
            blocking: false,
            timeout,
        };
        let transport = transport::queued_tcp(stream, manner).map_err(setting_up)?;
        Ok(Self::new(Box::new(transport), timeout))
    }

    /// As [`Channel::tcp`], or [`Channel::tcp_unblocked`] if `unblocked`, but what this end sends travels as over the network `model`.
    /// Both ends should be emulated, each shaping what it sends, over a connection that is much faster than the model.
    ///
    /// A blocking end holds as much as a socket before its writes wait. Dropping the channel waits until everything is sent, unless the
    /// peer does not read for a second.
    ///
    /// # Errors
    /// As [`Channel::tcp_unblocked`].
    pub fn tcp_emulated(
        stream: TcpStream,
        timeout: Duration,
        model: NetworkModel,
        unblocked: bool,
    ) -> Result<Self, Error> {
        let transport = emulate_tcp(stream, timeout, model, unblocked).map_err(setting_up)?;
        Ok(Self::new(transport, timeout))
    }

    /// As [`Channel::pair`], with a network between the two.
    ///
    /// # Errors
    /// If there are no threads to be had.
    pub fn pair_emulated(model: NetworkModel) -> Result<(Self, Self), Error> {
        let timeout = PAIR_TIMEOUT;
        let manner = queued::Manner {
            link: Some(model),
            blocking: true,
            timeout,
        };
        let emulated = |end: memory::Memory| -> Result<Self, Error> {
            let (source, sink, hang_up) = end.split();
            let transport =
                queued::Queued::new(source, sink, Arc::new(hang_up), manner).map_err(setting_up)?;
            Ok(Self::new(Box::new(transport), timeout))
        };
        let (a, b) = memory::pair(PAIR_BYTES, timeout);
        Ok((emulated(a)?, emulated(b)?))
    }

    /// Two connected channels in memory, for two threads of one process.
    #[must_use]
    pub fn pair() -> (Self, Self) {
        Self::pair_with(PAIR_BYTES, PAIR_TIMEOUT)
    }

    /// As [`Channel::pair`], with a chosen bound on bytes in flight each way (exceeded by at most one write) and time limit.
    #[must_use]
    pub fn pair_with(capacity: usize, timeout: Duration) -> (Self, Self) {
        let (a, b) = memory::pair(capacity.max(1), timeout);
        (
            Self::new(Box::new(a), timeout),
            Self::new(Box::new(b), timeout),
        )
    }
}

fn setting_up(source: io::Error) -> Error {
    Error::Io {
        what: "setting up the connection".into(),
        source,
    }
}
