//! Shares to ciphertexts.
//!
//! For `y = y_c + y_s mod q` the client encrypts `y_c` (symmetrically, the uniform half expanded from a public seed) and the
//! server adds `y_s` in the clear: `c_0 + c_1 s = y_c + y_s + e = y + e mod q`. Exact but for the fresh error `e`, `|e| <= 21`; the level
//! and the noise are those of a fresh ciphertext, whatever came before. The share *is* the plaintext in `Z_q`, unscaled.
//!
//! All but the sum `y_c + z` with an encryption of zero `z` may be made ahead ([`ClientSession::prepare`]).
//!
//! **Simulator.** The server's view is a batch of fresh RLWE ciphertexts under the client's key: uniform under RLWE. The
//! client receives nothing.

use crate::Error;
use crate::packing::{ROWS_A_MESSAGE, check_images};
use crate::session::{ClientSession, ServerSession};
use halfmask_ckks::CiphertextBatch;
use halfmask_mpc::channel::{Channel, Part, Phase};

impl ClientSession {
    /// Encrypts values `[element][image]` modulo `q`, an element a ciphertext, and sends them.
    ///
    /// # Errors
    /// Sizes that do not fit, a value that is no residue, or the channel's.
    pub fn send_encrypted(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        values: &[u32],
        images: usize,
    ) -> Result<(), Error> {
        let degree = self.context.degree();
        check_images(images, degree)?;
        if !values.len().is_multiple_of(images) {
            let rows = values.len() / images;
            return Err(Error::Shape {
                what: "values to encrypt",
                got: values.len(),
                rows,
                images,
            });
        }
        self.encryptor.check(values)?;
        ch.enter(Phase::Online, layer, Part::Ciphertext);
        for rows in values.chunks(ROWS_A_MESSAGE * images) {
            let bytes = self.encryptor.packed_bytes(rows.len() / images)?;
            ch.send_with(bytes, |out| self.encryptor.encrypt_into(rows, images, out))??;
        }
        Ok(())
    }
}

impl ServerSession {
    /// Receives `elements` ciphertexts and adds this party's share `[element][image]`, if there is one.
    ///
    /// # Errors
    /// Sizes that do not fit, a malformed ciphertext, or the channel's.
    pub fn receive_encrypted(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        elements: usize,
        share: Option<&[u32]>,
        images: usize,
    ) -> Result<CiphertextBatch<u32>, Error> {
        let degree = self.context.degree();
        check_images(images, degree)?;
        if let Some(share) = share
            && share.len() != elements * images
        {
            return Err(Error::Shape {
                what: "own share",
                got: share.len(),
                rows: elements,
                images,
            });
        }
        ch.enter(Phase::Online, layer, Part::Ciphertext);
        let row_bytes = self.expander.row_bytes()?;
        let mut batch = CiphertextBatch::zeros(&self.context, elements)?;
        let mut shares = share.map(|share| share.chunks(ROWS_A_MESSAGE * images));
        for start in (0..elements).step_by(ROWS_A_MESSAGE) {
            let rows = ROWS_A_MESSAGE.min(elements - start);
            let share = shares.as_mut().and_then(Iterator::next);
            ch.recv_with(rows * row_bytes, |bytes| {
                self.expander
                    .receive_into(bytes, share, images, &mut batch, start)
            })??;
        }
        Ok(batch)
    }
}
