//! Ciphertexts to shares.
//!
//! The server holds `(c_0, c_1)` with `c_0 + c_1 s = m + e mod q`, computed with its secret weights from ciphertexts the client
//! knows in full. It
//! 1. adds a fresh encryption of zero under the client's public key, `(b u + e_0, a u + e_1)`;
//! 2. rounds both halves to `2^k`: `z -> round(z 2^k / q)`;
//! 3. adds `r` uniform modulo `2^k` to every coefficient of `c_0` and sends both halves. Its share is `-r`.
//!
//! The client decrypts to `x_c = m 2^k / q + eps + r mod 2^k`. Exact: nothing is masked over the reals, no statistical slack,
//! and coefficients that carry no image are masked like the others. `eps` is bounded in [`halfmask_ckks::noise`].
//!
//! **Why step 1.** Without it the client, who knows `s` and every `c_1` it sent, reads `sum w_i c_{1,i}` off the answer and solves for
//! the weights. With it the `c_1` it receives is masked by an RLWE sample under the server's fresh `u`.
//!
//! What steps 1 and 3 add depends on no input and may be made ahead ([`ServerSession::prepare`]).
//!
//! **Simulator for the client.** `x_c` is uniform because `r` is; `c_1` is pseudorandom under RLWE with the secret `u` (rounding is a
//! public function of it); `c_0 = x_c - c_1 s`. So: draw `x_c` and `c_1` at random, compute `c_0`. Nothing about `m`, the weights, or `e`
//! is in the view. What is later *opened* from the shares still depends on `e`: see the argmax, and the flooding of its
//! input here ([`ErrorTerm::Uniform`]).
//!
//! **Simulator for the server.** It receives nothing.

use crate::Error;
use crate::packing::{ROWS_A_MESSAGE, check_images};
use crate::session::{ClientSession, ServerSession};
use halfmask_ckks::{CiphertextBatch, ErrorTerm};
use halfmask_mpc::channel::{Channel, Part, Phase};

impl ServerSession {
    /// Sends a batch as shares modulo `2^bits`; returns this party's share `[element][image]`.
    ///
    /// # Errors
    /// Sizes that do not fit, or the channel's.
    pub fn send_as_shares(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        batch: &CiphertextBatch<u32>,
        bits: u32,
        error0: ErrorTerm,
        images: usize,
    ) -> Result<Vec<u32>, Error> {
        let degree = self.context.degree();
        check_images(images, degree)?;
        self.masker.check(batch, bits, error0)?;
        ch.enter(Phase::Online, layer, Part::Ciphertext);
        let mut share = Vec::with_capacity(batch.rows() * images);
        for start in (0..batch.rows()).step_by(ROWS_A_MESSAGE) {
            let rows = start..(start + ROWS_A_MESSAGE).min(batch.rows());
            let bytes = rows.len() * 2 * degree / 8 * bits as usize;
            ch.send_with(bytes, |out| {
                self.masker
                    .mask_into(batch, rows, bits, error0, images, out, &mut share)
            })??;
        }
        Ok(share)
    }
}

impl ClientSession {
    /// Receives `elements` values as shares modulo `2^bits`; returns this party's share `[element][image]`.
    ///
    /// # Errors
    /// Sizes that do not fit, a malformed ciphertext, or the channel's.
    pub fn receive_shares(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        elements: usize,
        bits: u32,
        images: usize,
    ) -> Result<Vec<u32>, Error> {
        let degree = self.context.degree();
        check_images(images, degree)?;
        ch.enter(Phase::Online, layer, Part::Ciphertext);
        let mut share = Vec::new();
        for start in (0..elements).step_by(ROWS_A_MESSAGE) {
            let rows = ROWS_A_MESSAGE.min(elements - start);
            ch.recv_with(rows * 2 * degree / 8 * bits as usize, |bytes| {
                let simd = self.kernels.he;
                self.decryptor
                    .decrypt_packed(bytes, bits, rows, images, simd, &mut share)
            })??;
        }
        Ok(share)
    }
}
