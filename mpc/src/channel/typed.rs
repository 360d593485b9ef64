//! Numbers, blocks and length-prefixed bytes over a channel, little-endian.

use super::{Channel, RECV_BUFFER_BYTES, SEND_BUFFER_BYTES};
use crate::{
    Error,
    block::{BLOCK_BYTES, Block, blocks_from_bytes, blocks_to_bytes},
};

impl Channel {
    /// Sends a length as `u64` and that many bytes; the peer calls [`Channel::recv_prefixed`].
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn send_prefixed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.send_u64(bytes.len() as u64)?;
        self.send(bytes)
    }

    /// Receives what [`Channel::send_prefixed`] sent, refusing more than `limit` bytes.
    ///
    /// # Errors
    /// As [`Channel::recv_vec`].
    pub fn recv_prefixed(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        let length = self.recv_u64()?;
        self.recv_vec(length, limit)
    }

    /// Sends four bytes, little-endian.
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn send_u32(&mut self, value: u32) -> Result<(), Error> {
        self.send(&value.to_le_bytes())
    }

    /// Receives four bytes, little-endian.
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn recv_u32(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.recv(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Sends eight bytes, little-endian.
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn send_u64(&mut self, value: u64) -> Result<(), Error> {
        self.send(&value.to_le_bytes())
    }

    /// Receives eight bytes, little-endian.
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn recv_u64(&mut self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.recv(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Sends blocks, 16 bytes each.
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn send_blocks(&mut self, blocks: &[Block]) -> Result<(), Error> {
        for piece in blocks.chunks(SEND_BUFFER_BYTES / BLOCK_BYTES) {
            self.send_with(piece.len() * BLOCK_BYTES, |bytes| {
                blocks_to_bytes(piece, bytes)
            })?;
        }
        Ok(())
    }

    /// Receives exactly `blocks.len()` blocks.
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn recv_blocks(&mut self, blocks: &mut [Block]) -> Result<(), Error> {
        for piece in blocks.chunks_mut(RECV_BUFFER_BYTES / BLOCK_BYTES) {
            self.recv_with(piece.len() * BLOCK_BYTES, |bytes| {
                blocks_from_bytes(bytes, piece)
            })?;
        }
        Ok(())
    }
}
