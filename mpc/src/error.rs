//! What can go wrong in a two-party run, with the numbers.

use crate::simd::Simd;

/// An error of the two-party layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer closed the connection in order (end of stream).
    #[error("the peer closed the connection during {what} ({done} of {expected} bytes)")]
    Closed {
        /// Phase, layer and part, and whether sending or receiving.
        what: String,
        /// Bytes of this message already moved.
        done: usize,
        /// Bytes of the whole message.
        expected: usize,
    },

    /// The connection broke: the peer reset or aborted it, or writes no longer reach it.
    #[error(
        "the connection to the peer broke during {what} ({done} of {expected} bytes): {source}"
    )]
    Reset {
        /// Phase, layer and part, and whether sending or receiving.
        what: String,
        /// Bytes of this message already moved.
        done: usize,
        /// Bytes of the whole message.
        expected: usize,
        /// The system's error.
        source: std::io::Error,
    },

    /// Nothing moved for as long as the channel's time limit.
    #[error("the peer was silent for {seconds} s during {what} ({done} of {expected} bytes)")]
    Timeout {
        /// Phase, layer and part, and whether sending or receiving.
        what: String,
        /// The time limit in seconds.
        seconds: f64,
        /// Bytes of this message already moved.
        done: usize,
        /// Bytes of the whole message.
        expected: usize,
    },

    /// Another failure of the operating system's transport.
    #[error("input/output failed during {what}: {source}")]
    Io {
        /// Phase, layer and part, and whether sending or receiving.
        what: String,
        /// The system's error.
        source: std::io::Error,
    },

    /// A value from the wire, or a parameter, is not what it must be.
    #[error("malformed {what}: {detail}")]
    Malformed {
        /// The value's name and, where it is one of many, its index.
        what: String,
        /// What was found and what was expected.
        detail: String,
    },

    /// A length announced by the peer is above what the protocol allows here.
    #[error("{what}: length {length} is above the limit of {limit}")]
    TooLong {
        /// What was announced.
        what: String,
        /// The announced length.
        length: u64,
        /// The largest permitted length.
        limit: u64,
    },

    /// A caller's slice has the wrong length.
    #[error("{what}: length {length}, expected {expected}")]
    Length {
        /// The slice.
        what: &'static str,
        /// Its length.
        length: usize,
        /// The rule it breaks.
        expected: String,
    },

    /// A circuit cannot be built as asked.
    #[error("circuit: {what}")]
    Circuit {
        /// The rule it breaks.
        what: &'static str,
    },

    /// An earlier error left this object out of step with the peer's; the session must end.
    #[error("{what} is out of step with the peer after an earlier error")]
    Poisoned {
        /// The object.
        what: &'static str,
    },

    /// A counter that must never repeat is used up.
    #[error("{what} is exhausted after {used} uses; start a new session")]
    Exhausted {
        /// The counter.
        what: &'static str,
        /// How often it was used.
        used: u64,
    },

    /// This CPU lacks the asked-for instruction set.
    #[error("this CPU does not support the SIMD level {level}")]
    Simd {
        /// The level.
        level: Simd,
    },

    /// The operating system gave no randomness.
    #[error("the operating system's random generator failed: {0}")]
    Entropy(#[from] getrandom::Error),
}
