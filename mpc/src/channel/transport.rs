//! What carries the bytes: a TCP stream, a pipe in memory, or an emulated network.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

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
