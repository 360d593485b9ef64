//! What carries the bytes: a TCP stream, a pipe in memory, or an emulated network.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    time::Duration,
};

use super::network::NetworkModel;
use super::queued::{Manner, Queued};

/// A duplex byte stream. `read` returns 0 at the end of the stream, and `TimedOut` or `WouldBlock` when the peer stays
/// silent beyond the transport's own time limit.
pub trait Transport: Read + Write + Send {}

impl<T: Read + Write + Send> Transport for T {}

/// Prepares a TCP stream: no Nagle delay, a time limit on each read and write.
pub(super) fn prepare_tcp(stream: &TcpStream, timeout: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))
}

/// A connected TCP stream whose writes queue ([`queued`](super::queued)), prepared as [`prepare_tcp`] does.
pub(super) fn queued_tcp(stream: TcpStream, manner: Manner) -> io::Result<Queued<TcpStream>> {
    prepare_tcp(&stream, manner.timeout)?;
    let (output, control) = (stream.try_clone()?, stream.try_clone()?);
    // Fails only if the connection has ended already.
    let hang_up = move || drop(control.shutdown(Shutdown::Both));
    Queued::new(stream, output, Arc::new(hang_up), manner)
}

/// A TCP stream behind an emulated network, as a transport of its own; see [`Channel::tcp_emulated`](super::Channel::tcp_emulated).
///
/// # Errors
/// If the socket refuses an option, or there is no thread to be had.
pub fn emulate_tcp(
    stream: TcpStream,
    timeout: Duration,
    model: NetworkModel,
    unblocked: bool,
) -> io::Result<Box<dyn Transport>> {
    let manner = Manner {
        link: Some(model),
        blocking: !unblocked,
        timeout,
    };
    Ok(Box::new(queued_tcp(stream, manner)?))
}
