//! Private inference by two parties.
//!
//! A [`Server`] holds a planned network, a [`Client`] images. One connection: hello and plan ([`crate::hello`]), set-up of keys and
//! OT, then any number of batches. For a batch, with arrows in one direction coalescing:
//!
//! ```text
//! C -> S   number of images; encrypted pixels
//! for every stage:
//!   S      linear layer on ciphertexts
//!   S -> C converted to shares modulo 2^k                                    bridge::to_shares
//!   S <-> C  maxima over windows, modulo 2^k                                 mpc::max_pool
//!   S <-> C  ReLU on shares, or the way back to the modulus                  mpc::relu
//!   C -> S   the client's share encrypted, the server's added                bridge::to_ciphertexts
//! last stage: S <-> C  argmax on shares, opened to the client                mpc::argmax
//!             or the scores, rounded, opened to the client                   mpc::logits
//! ```
//!
//! **Security**, semi-honest. The protocol is a sequence of the sub-protocols above; each one's outputs are uniform
//! shares or fresh ciphertexts, so their simulators compose (modular composition, Canetti 2000). The server's view is
//! simulated from the plan and the number of images alone. The client's view is simulated from the plan and the classes, or the rounded scores if the plan says so,
//! `F(x, W; rho)`, `rho` being its own encryption noise and the shares' randomness: near ties depend on `rho`, and the flooding of
//! the last layer dulls that dependence without removing it. SECURITY.md has figures.

mod client;
mod nonlinear;
mod request;
mod server;
#[cfg(test)]
mod tests;

pub use crate::hello::{HELLO_BYTES, Role};
pub use client::{Client, Results};
pub use server::{Server, ServerConnection};

use crate::Error;
use crate::nn::plan::Plan;
use halfmask_bridge::ckks::Modulus;

/// Full batches that may be prepared for at once: what is in stock takes memory at both parties.
pub const PREPARED_BATCHES: usize = 8;

/// Checks the number of images prepared for.
fn check_prepared(images: usize, plan: &Plan) -> Result<(), Error> {
    let most = PREPARED_BATCHES * plan.max_batch();
    if images <= most {
        return Ok(());
    }
    Err(Error::Peer(format!(
        "{images} images prepared for, at most {most} are taken"
    )))
}

/// What tests record of a run: this party's shares before every stage's non-linear layers, and after them.
#[cfg(any(test, feature = "test-seed"))]
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Shares modulo `2^k`, a stage an entry.
    pub entered: Vec<Vec<u32>>,
    /// Shares modulo `2^k`, after every maximum of every stage.
    pub pooled: Vec<Vec<Vec<u32>>>,
    /// Shares modulo `q`, an inner stage an entry.
    pub left: Vec<Vec<u32>>,
}

#[cfg(any(test, feature = "test-seed"))]
impl Recording {
    fn enter(&mut self, x: &[u32]) {
        self.entered.push(x.to_vec());
        self.pooled.push(Vec::new());
    }

    fn pool(&mut self, x: &[u32]) {
        if let Some(stage) = self.pooled.last_mut() {
            stage.push(x.to_vec());
        }
    }
}

/// Multiplies shares by a public constant modulo `q`, without a division: the shares are secret.
fn multiply(shares: &mut [u32], factor: u32, q: u32) -> Result<(), Error> {
    if factor != 1 {
        let modulus = Modulus::new(q)?;
        for s in shares {
            *s = modulus.mul(*s, factor);
        }
    }
    Ok(())
}
