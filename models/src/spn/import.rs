//! Networks from files, whatever wrote them.
//!
//! | format | module |
//! |---|---|
//! | the project's own JSON | [`super::json`] |
//! | JSON lists of nodes, `"format": "nodes-v1"` | [`node_list`] |
//! | SPFlow 0.0.4x, `spn_to_str_equation` | [`equation`] |
//! | SPFlow 0.0.4x, `spn_to_str_ref_graph` | [`reference_graph`] |
//! | SPFlow 0.0.4x, `to_JSON` | [`legacy_json`] |
//!
//! Text of SPFlow's rounds: histograms to four decimals, numpy arrays to eight digits. Weights and probabilities that miss one by up to
//! 1e-3 are divided by their sum, and so are histograms whatever their integral: SPFlow smooths densities as if all buckets were one
//! wide. A note says how many and by how much. SPFlow also takes a density below 2.2e-16, and one outside a histogram, for 2.2e-16;
//! here the first is what it is, the second no possible value. The exporter in `models/spn-export` writes full precision.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::ImportError;
use super::graph::Spn;
use super::json;
use scan::Scanner;

mod draft;
pub mod equation;
mod leaf;
pub mod legacy_json;
pub mod node_list;
pub mod reference_graph;
mod scan;

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
    /// A text equation of SPFlow 0.0.4x.
    Equation,
    /// A reference graph of SPFlow 0.0.4x.
    ReferenceGraph,
    /// JSON of SPFlow 0.0.4x.
    LegacyJson,
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
    let text = text.trim_start_matches('\u{feff}');
    let format = detect(text).ok_or_else(|| {
        let start: String = text.chars().take(20).collect();
        ImportError::Unknown(format!("it begins with {start:?}"))
    })?;
    let (spn, notes) = match format {
        Format::Halfmask => (json::read(text)?, Vec::new()),
        Format::NodeList => (node_list::read(text)?, Vec::new()),
        Format::Equation => equation::read(text)?,
        Format::ReferenceGraph => reference_graph::read(text)?,
        Format::LegacyJson => legacy_json::read(text)?,
    };
    Ok(Imported { spn, format, notes })
}

/// The format, by how the text begins; `None` for nothing known.
#[must_use]
pub fn detect(text: &str) -> Option<Format> {
    let mut scanner = Scanner::new(text);
    match scanner.peek()? {
        '{' => Some(detect_json(text)),
        '(' => Some(Format::Equation),
        'A'..='Z' => {
            scanner.word();
            // `Bernoulli(V0|p=0.5)` alone, or `SumNode_0 SumNode(…`.
            match scanner.rest().chars().next()? {
                '(' => Some(Format::Equation),
                ' ' => Some(Format::ReferenceGraph),
                _ => None,
            }
        }
        _ => None,
    }
}

/// JSON of SPFlow's has one field, an object; the others name their format.
fn detect_json(text: &str) -> Format {
    let mut scanner = Scanner::new(text);
    let legacy = scanner.eat('{')
        && scanner.eat('"')
        && !scanner.word().is_empty()
        && scanner.eat('"')
        && scanner.eat(':')
        && scanner.peek() == Some('{');
    let own = json::FORMAT;
    if legacy {
        Format::LegacyJson
    } else if text.contains(&format!("\"{}\"", node_list::FORMAT)) && !text.contains(own) {
        Format::NodeList
    } else {
        Format::Halfmask
    }
}
