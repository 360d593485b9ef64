//! Networks with squares, evaluated under CKKS without interaction (CryptoNets: Dowlin et al., ICML 2016).
//!
//! The client encrypts, the server evaluates, the client decrypts the class scores:
//!
//! ```text
//! once     S -> C  plan          C -> S  public key, relinearisation key, conjugation key
//! a batch  C -> S  one seeded ciphertext a pixel     S -> C  one ciphertext a class
//! ```
//!
//! **Packing.** A ciphertext holds one pixel of all images of a batch, an image a slot; in complex packing
//! two images a slot, z = a + i b. Linear layers are real integer matrices, so they act on a and b alike.
//!
//! **Squares of complex slots.** Split all elements into their parts under conjugation: c = c_a + I c_b with
//! I = X^(N/2), likewise s. Then a and b are each a polynomial in (s_a, s_b), over the subring that
//! conjugation fixes, where an element has half as many evaluations:
//!
//! ```text
//! a = a0 + a1 s_a - b1 s_b       b = b0 + b1 s_a + a1 s_b
//! ```
//!
//! Their squares need nine products (of half the length) for two images, where two ciphertexts of real
//! slots need six of full length.
//!
//! **No division by the scale.** Two squares are as deep as it gets, and the input noise needs few bits: a modulus of three
//! primes below 2^49 holds the whole product of scales. Nothing is rounded on the way, so the server's arithmetic is
//! exact and point by point: ciphertexts stay in evaluations, sixteen points at a time go through all layers in the
//! cache ([`halfmask_bridge::ckks::linear::centred`]), and keys are switched at the class scores alone
//! ([`halfmask_bridge::ckks::ckks::SecretPolynomial`], of degree 4).
//!
//! **What the client decrypts** is the integer network at its pixels plus encryption noise, plus flooding.
//! [`Twin`] evaluates that network and bounds the rest.
//!
//! **Security**, semi-honest. The server sees ciphertexts and public keys: IND-CPA under RLWE, with circular security for
//! the switching keys as always. The client, who alone decrypts, publishes nothing it decrypted, so CPA-D attacks have
//! nobody to serve. Its view: scores of its own inputs, as in CryptoNets itself, and a fresh encryption with flooding
//! 2^40 times the noise of the key switches. What remains is a function of the scores: the integer network at the
//! noisy pixels, whose noise is the client's own.

mod client;
mod layer;
mod pass;
mod plan;
mod planner;
mod server;
#[cfg(test)]
mod tests;
mod twin;

pub use client::Client;
pub use layer::Layer;
pub use plan::{Packing, Plan};
pub use planner::{Planned, Report, plan};
pub use server::{Server, ServerConnection};
pub use twin::Twin;
