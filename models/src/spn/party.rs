//! Private inference on a sum-product network by two parties.
//!
//! A [`Server`] holds a planned network, a [`Client`] rows of evidence. One connection: hello and plan ([`crate::hello`]), set-up of OT
//! and keys, then any number of requests. A request, a kind of query and a number of rows, takes two round trips:
//!
//! ```text
//! C -> S   kind, rows; encrypted statistics (one vector a row and evaluation)      bridge::exact
//! S -> C   the secret matrix's products, re-randomised and masked                  bridge::exact
//!          now both hold shares of every leaf group
//! C -> S   OT extension and corrections: labels of the client's shares             mpc::program
//! S -> C   garbled tables of everything above leaf groups; permute bits            mpc::program
//! ```
//!
//! A conditional takes two evaluations of the network in one program, which opens their difference alone; a class query one a value of
//! the class variable, or one evaluation with a value a root, and opens the index of the largest alone; an explanation opens
//! modes of the variables that the client has flagged as maximised, and zeros for all others.
//!
//! **Security**, semi-honest. What is opened is `F(row, model)`, an integer function without noise ([`super::twin`]): shares of
//! a leaf group determine it exactly, but with probability `2^-40`, and no message after them depends on more.
//!
//! *Server corrupted.* It sees the hello, a public key, kinds of queries and numbers of rows, RLWE ciphertexts whose number follows from these and
//! the plan, and OT messages: ciphertexts are simulated as uniform under RLWE, OT messages as by `mpc::program`'s simulator. Nothing is opened
//! to it. Observed, missing and maximised variables, and the condition of a conditional, differ in plaintexts alone. So the simulator needs
//! the plan, kinds and numbers of rows.
//!
//! *Client corrupted.* It sees the plan; masked products, simulated as uniform shares (`bridge::exact`); and one garbled circuit with its output
//! colours, simulated from the output. Its shares are uniform and independent of the model, the circuit is the plan's, and constants
//! baked into it only rename labels. So the simulator needs the plan and `F`'s values. A composition of the two simulators is
//! sound since the shares that pass between them are uniform (Canetti, J. Cryptology 2000, theorem 5).
//!
//! **What the client learns**: the plan: the graph of sums and products, which of them have leaf groups, encodings of variables with the union
//! of histogram borders, Gaussian ranges (which enclose the outermost leaves by four and a half deviations, rounded), the largest counts, the number of classes; and the answers, from as many queries as it may ask:
//! exact log-likelihoods at 16 bits of fraction do tell about parameters, as those of any service that answers queries do. In
//! explanations modes of leaves are opened as they are, Gaussian means among them.
//! **What the server learns**: kinds of queries, numbers of rows, timing.

mod client;
mod request;
mod rules;
mod server;
#[cfg(test)]
mod tests;

pub use client::Client;
pub(in crate::spn) use request::Request;
pub use rules::{Cost, cost, rows_at_once};
pub use server::{Server, ServerConnection};

/// The layers under which channels count: products for leaf groups, and the garbled program.
pub const LAYERS: [&str; 2] = ["leaves", "program"];
