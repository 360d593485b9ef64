//! Two-party computation for private inference, semi-honest, on blocking channels.
//!
//! * [`channel`]: a metered byte channel (TCP, in-memory) that counts what it carries by phase, layer and part.
//! * [`ot`]: base oblivious transfer on ristretto255, correlated OT by SoftSpoken and by silent extension.
//! * [`aes`]: AES-128 in batches, one kernel per instruction set.
//! * [`circuit`]: Boolean circuit templates with garbler-known bits, and their plaintext evaluation.
//! * [`garble`]: half-gates and three-halves garbling of a template over batches of sixteen instances.
//!
//! * [`share`]: additive shares modulo powers of two; [`session`]: a garbler and an evaluator, set up once;
//! * [`evaluate`]: any circuit between the two, its outputs shared or opened to the evaluator; [`program`]: many circuits, wired together, in one pass;
//! * [`relu`], [`max_pool`], [`rescale`], [`argmax`], [`logits`]: the non-linear layers on shared values; [`mp2ml`]: the
//!   published ReLU, as a baseline.
//! * [`planner`]: which of them is cheapest between two given parties; [`parties`]: both in one process, to measure.
//!
//! Nothing here knows of homomorphic encryption.

pub mod aes;
pub mod argmax;
pub mod block;
pub mod channel;
pub mod circuit;
mod error;
pub mod evaluate;
pub mod garble;
pub mod logits;
pub mod max_pool;
pub mod mp2ml;
pub mod ot;
pub mod parties;
pub mod planner;
pub mod program;
pub mod relu;
pub mod rescale;
pub mod rng;
pub mod session;
pub mod share;
pub mod simd;

pub use error::Error;
