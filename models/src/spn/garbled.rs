//! A network evaluated by one garbled program, leaves and all: CryptoSPN's route, and the same route in fixed point.
//!
//! CryptoSPN (Treiber, Molina, Weinert, Schneider, Kersting, ECAI 2020, section 4) evaluates a network in the log2 domain by Yao's protocol. The server's
//! logarithms of weights and leaf parameters are known bits of the circuit, the client's row its input:
//!
//! ```text
//! product       x_1 + x_2 + ...                                   additions from left to right
//! sum           log2 sum_i 2^(x_i + w_i)                          c additions, c powers, c - 1 additions, a logarithm
//! Bernoulli     one multiplexer between log2 p and log2(1 - p); categories and histograms: a tree of them
//! Gaussian      c - (x - mean)^2 k ,  k = log2(e) / (2 s^2),  c = -log2(s sqrt(2 pi))
//! Poisson       x log2 rate - log2 x! - rate log2 e ,             log2 x! from the client
//! ```
//!
//! [`Profile::Cryptospn32`] and [`Profile::Cryptospn64`] do this in IEEE arithmetic ([`halfmask_bridge::mpc::circuit::float`]) in the published order of
//! operations, with two differences: `c` has the factor 1/2 that the published code lacks (it uses `-log2(2 pi s^2)`),
//! and powers are taken of `x_i + w_i - M` with the greatest term `M`, without which they underflow. The gates of this shift
//! are counted apart ([`Cost::shift`]). [`Profile::Fixed`] has words of 16 fraction bits and the protocol's own log-sums, and
//! leaves in the fixed point of [`super::statistics`].
//!
//! **Scopes.** With [`Scopes::Hidden`] which variable a leaf has is the server's secret: a selection network
//! ([`halfmask_bridge::mpc::circuit::selection`]) for each kind of leaves moves variables' words to leaves. A Bernoulli variable is two bits (two, for it may be
//! missing), where CryptoSPN moves whole floating-point words. We take the smaller ones in all profiles, in favour of this
//! baseline; [`Cost::published32`] has what the published choice costs.
//!
//! **Missing** variables have a code or a flag, by which their leaves are zero. CryptoSPN has complete rows alone; [`GarbledOptions::missing`]
//! leaves the gates for it out.
//!
//! **Security**, semi-honest: this is one run of [`halfmask_bridge::mpc::program`], whose simulators need the program, which follows from the public
//! plan, and the opened word. *Server corrupted*: it sees OT messages and numbers of rows. *Client corrupted*: one garbled circuit and the root's
//! log2-likelihood; the server's known bits only rename labels.
//! **What the client learns**: the plan ([`GarbledPlan`]): the graph with the kind of each leaf, encodings of variables, precision; with [`Scopes::Public`]
//! each leaf's variable; and log-likelihoods. In CryptoSPN's code the root is opened to both parties, here to the client alone.

mod arithmetic;
mod assembly;
mod circuits;
mod cost;
mod leaves;
mod lower;
mod party;
mod plan;
mod rows;
#[cfg(test)]
mod tests;

pub use cost::{Cost, PublishedCounts};
pub use lower::{GarbledOptions, Planned, plan};
pub use party::{Client, LAYER, Server, ServerConnection};
pub use plan::{GarbledPlan, LeafKind, Node, Profile, Scopes};
