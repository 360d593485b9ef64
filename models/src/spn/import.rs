//! Networks from files, whatever wrote them.
//!
//! * the project's own JSON ([`super::json`]);
//! * [`node_list`]: JSON lists of nodes, `"format": "nodes-v1"`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::ImportError;
use super::graph::Spn;
use super::json;

pub mod node_list;

/// The largest file read, in bytes.
pub const MAX_BYTES: u64 = 1 << 28;

/// What wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Format {
    /// The project's own JSON.
    Halfmask,
    /// A JSON list of nodes.
    NodeList,
}

/// A network from a file.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The network.
    pub spn: Spn,
    /// The file's format.
    pub format: Format,
    /// What was changed in reading it, for the user to know; empty for most.
    pub notes: Vec<String>,
}

/// Reads a file of any known format.
///
/// # Errors
/// [`ImportError`].
pub fn import_file(path: &Path) -> Result<Imported, ImportError> {
    let file = File::open(path)?;
    let mut text = Vec::new();
    // One byte more, to tell a file of the limit from a larger one; a pipe's length is not known before.
    file.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(ImportError::Size {
            bytes: text.len() as u64,
            limit: MAX_BYTES,
        });
    }
    let text = String::from_utf8(text)
        .map_err(|error| ImportError::Unknown(format!("not text: {}", error.utf8_error())))?;
    import(&text)
}

/// Reads text of any known format.
///
/// # Errors
/// [`ImportError`].
pub fn import(text: &str) -> Result<Imported, ImportError> {
    let format = detect(text).ok_or_else(|| {
        let start: String = text.chars().take(20).collect();
        ImportError::Unknown(format!("it begins with {start:?}"))
    })?;
    let (spn, notes) = match format {
        Format::Halfmask => (json::read(text)?, Vec::new()),
        Format::NodeList => (node_list::read(text)?, Vec::new()),
    };
    Ok(Imported { spn, format, notes })
}

/// The format, by how the text begins; `None` for nothing known.
#[must_use]
pub fn detect(text: &str) -> Option<Format> {
    let text = text.trim_start();
    if text.starts_with('{') {
        let node_list = text.contains(node_list::FORMAT);
        return Some(if node_list && !text.contains(json::FORMAT) {
            Format::NodeList
        } else {
            Format::Halfmask
        });
    }
    None
}
