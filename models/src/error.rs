//! The crate's error: one variant for each part, each part's own enum inside.

use crate::nn::graph::NetworkError;
use crate::onnx::OnnxError;
use crate::spn::{ImportError, RowError, SpnError};
use halfmask_bridge::{ckks, mpc};

/// Anything that can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be imported.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// A network is inconsistent, or was given an input of the wrong shape.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A sum-product network is not valid.
    #[error(transparent)]
    Spn(#[from] SpnError),
    /// A file is no valid sum-product network.
    #[error(transparent)]
    SpnImport(#[from] ImportError),
    /// A row of evidence does not fit its network.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A network cannot be planned, or a plan is not acceptable.
    #[error("plan: {0}")]
    Plan(String),
    /// The peer's opening does not fit this side.
    #[error("handshake: {0}")]
    Handshake(String),
    /// The peer broke the protocol.
    #[error("peer: {0}")]
    Peer(String),
    /// From the conversions.
    #[error(transparent)]
    Bridge(#[from] halfmask_bridge::Error),
    /// From the ring and encryption layer.
    #[error(transparent)]
    Ckks(#[from] ckks::Error),
    /// From the scheme of approximate arithmetic.
    #[error(transparent)]
    Scheme(#[from] ckks::ckks::Error),
    /// From the two-party layer.
    #[error(transparent)]
    Mpc(#[from] mpc::Error),
}
