//! What can go wrong in the command, and the exit code it means.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | the run failed: a peer, the network, the other process, the disk |
//! | 2 | wrong usage or bad input: arguments, data or model files |

use std::io::{self, Write};
use std::path::PathBuf;

use halfmask_models::onnx::OnnxError;

use crate::data::DataError;
use crate::spn::rows::RowsError;

/// Why the command ends early. Shown as one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Arguments that make no sense, alone or together with the files they name.
    #[error("{0}")]
    Usage(String),
    /// Images or labels are unusable.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Rows of evidence are unusable.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The model file is unusable.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The model cannot be evaluated privately.
    #[error("model {model}: {source}")]
    Model {
        /// Its name or file.
        model: String,
        /// Why.
        source: halfmask_models::Error,
    },
    /// A session with a peer failed.
    #[error("{with}: {source}")]
    Session {
        /// The peer.
        with: String,
        /// Why.
        source: halfmask_models::Error,
    },
    /// The operating system refused something.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A run that failed otherwise.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Data(error) => error.exit_code(),
            Self::Usage(_) | Self::Rows(_) | Self::Onnx(_) | Self::Model { .. } => 2,
            Self::Session { .. } | Self::System { .. } | Self::Write { .. } | Self::Failed(_) => 1,
        }
    }
}

/// What every error line begins with.
pub const PREFIX: &str = "halfmask: error: ";

/// Writes the error line to standard error. Nobody may be reading it.
pub fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "{PREFIX}{}", one_line(message));
}

/// One line without control characters: parts of a message may come from a file or a peer.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.trim().chars() {
        if c == '\n' {
            line.push(' ');
        } else if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_one_harmless_line() {
        assert_eq!(one_line(" a\nb\u{1b}[2Jc\r\n"), "a b\\u{1b}[2Jc");
    }

    #[test]
    fn input_is_told_from_failure() {
        let timeout = io::Error::from(io::ErrorKind::TimedOut);
        let failed = Error::System {
            what: "connect".into(),
            source: timeout,
        };
        assert_eq!(failed.exit_code(), 1);
        assert_eq!(Error::Usage("x".into()).exit_code(), 2);
        assert_eq!(Error::Onnx(OnnxError::NotOnnx("x".into())).exit_code(), 2);
    }
}
