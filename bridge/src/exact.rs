//! A secret integer matrix of the server on the client's small integers, *exactly*, as additive shares modulo a power of two.
//!
//! The client has rows x of integers in [0, bound], the server W and b of integers. Both end with shares modulo 2^(L+2) and
//!
//! ```text
//! (client + server + 2) >> 2 = W x + b   (mod 2^L),
//! ```
//!
//! for every row and output, unless noise passes its bound: probability 2^-40 for 2^25 values.
//!
//! # Algebra
//! R_Q = Z_Q[X] / (X^N + 1), N = 4096, Q the product of three primes below 2^30. An integer m modulo 2^L stands in R_Q as
//! round(m Q / 2^L), so that a wrap of m is a wrap of Q and vanishes; integer linear maps act on it as on m. The client
//! encrypts symmetrically, c0 = round(x Q / 2^L) + e - a s with a expanded from a public seed; the server multiplies with W, adds a
//! fresh encryption of zero (b u + e0, a u + e1), switches c1 to 2^(L+10) and c0 to 2^(L+2), and adds r uniform
//! modulo 2^(L+2) to the coefficients of c0 that carry a result: those, and c1, are sent. The client's share is the
//! phase rounded to L + 2 bits, 4 (W x) + r + d with d in {-1, 0, 1}; the server's is -r + 4 b. The +2 and the shift remove d.
//! The bound that makes it so, and its proof, stand in [`halfmask_ckks::wide::noise`]; [`ExactSpec::check`] refuses a
//! shape that does not meet it.
//!
//! # Packings
//! *Coefficient packing*, for few rows: R rows in one polynomial (or one row in several), weights in another such that results
//! stand at known coefficients of the product, about N / n rows times outputs in one answer. *Batch packing*, for many: one ciphertext
//! an input, a row a coefficient, scalars as weights; one answer an output. Both are dense: a weight that is zero is
//! multiplied like any other, so neither time nor traffic tells which inputs an output reads. [`ExactSpec::packing`] chooses from
//! public numbers.
//!
//! # Flow
//! set-up: the client's public key, under an a from the parties' joint seed (a client that chose it could take a = 0 and undo
//! the re-randomisation). A call: [`ExactClient::send`], [`ExactServer::apply`], [`ExactClient::receive`]; one round.
//!
//! # Simulators
//! *Client.* It receives c1 and the carried coefficients of c0. c1 is a public function (the switch) of a u + e1 plus what the weights
//! make of the client's own a: pseudorandom under RLWE with the secret u and the public a. c0 is uniform modulo 2^(L+2), and
//! independent of all else, because r is. So: draw both uniformly; the client's share is a function of them and s.
//! *Server.* Its view is RLWE ciphertexts under the client's key, as many as public shapes say, and that key: uniform under RLWE. Its
//! share is its own r.
//! *Together.* The shares' sum holds d, which depends on both parties' noise: the ideal functionality gives shares of 4 (W x + b) + d.
//! Neither party sees the other's share; the circuit that takes both must begin with (client + server + 2) >> 2, and what it
//! computes is a function of W x + b alone. Shares must not be opened otherwise.

mod client;
mod layout;
mod matrix;
mod server;
mod spec;
#[cfg(test)]
mod tests;
mod wire;

pub use client::ExactClient;
pub use matrix::ExactMatrix;
pub use server::ExactServer;
pub use spec::{ExactSpec, MAX_ROWS, Packing, PackingChoice};

use crate::Error;
use halfmask_ckks::PublicKey;
use halfmask_ckks::linear::digits::CHUNK;

/// Ciphertexts of a message, at most.
const MESSAGE: usize = 16;

// Chunks of the matrix end where messages end.
const _: () = assert!(CHUNK.is_multiple_of(MESSAGE));

/// Bytes of the shape that the parties compare.
const SPEC_BYTES: usize = 48;

fn spec_bytes(spec: &ExactSpec) -> [u8; SPEC_BYTES] {
    let mut bytes = [0; SPEC_BYTES];
    for (to, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(spec.numbers()) {
        *to = number.to_le_bytes();
    }
    bytes
}

/// Refuses another shape.
fn compare(spec: &ExactSpec, theirs: &[u8; SPEC_BYTES]) -> Result<(), Error> {
    let names = [
        "share bits",
        "inputs",
        "outputs",
        "input bound",
        "coefficient bits",
        "packing",
    ];
    let numbers = names.into_iter().zip(spec.numbers());
    for ((what, here), there) in numbers.zip(theirs.as_chunks::<8>().0) {
        let there = u64::from_le_bytes(*there);
        if here != there {
            return Err(Error::Disagree { what, here, there });
        }
    }
    Ok(())
}

/// The joint seed of this ring's public key: another one than that of the session's other rings, for one seed serves one key.
fn public_key_seed(spec: &ExactSpec, session_seed: &[u8; 32]) -> Result<[u8; 32], Error> {
    let ring = spec.parameters()?.digest();
    Ok(PublicKey::<u32>::joint_seed(session_seed, &ring))
}
