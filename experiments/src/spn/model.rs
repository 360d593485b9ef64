//! A network from a file, and how to tell such a file from an ONNX model.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use halfmask_models::spn::graph::Variable;
use halfmask_models::spn::import::{self, Imported};

use crate::exit::Error;

/// How much of a file tells its format.
const BEGINNING: u64 = 4096;

/// Whether a file is to be read as a sum-product network: by how it begins, or where that says nothing by its name.
///
/// A file that cannot be read is not: whoever opens it next says why.
#[must_use]
pub fn is_spn(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(path).map(|file| file.take(BEGINNING).read_to_end(&mut beginning));
    if !matches!(read, Ok(Ok(_))) {
        return false;
    }
    let name = path.to_string_lossy();
    import::detect(&String::from_utf8_lossy(&beginning)).is_some() || name.ends_with(".spn.json")
}

/// Reads a network; notes on what was changed go to the log as warnings.
///
/// # Errors
/// [`Error::Model`] with the file's name.
pub fn load(path: &Path, class: Option<&str>) -> Result<Imported, Error> {
    let failed = |source: halfmask_models::Error| Error::Model {
        model: path.display().to_string(),
        source,
    };
    let mut imported = import::import_file(path).map_err(|error| failed(error.into()))?;
    for note in &imported.notes {
        tracing::warn!("{}: {note}", path.display());
    }
    if let Some(class) = class {
        let column = column(class, imported.spn.variables())?;
        let with_class = imported.spn.with_class(Some(column));
        imported.spn = with_class.map_err(|error| failed(error.into()))?;
    }
    Ok(imported)
}

/// The index of a variable, given by its name or by its column's number from 1.
///
/// # Errors
/// [`Error::Usage`] if there is none.
pub fn column(text: &str, variables: &[Variable]) -> Result<usize, Error> {
    let text = text.trim();
    if let Some(named) = variables.iter().position(|v| v.name == text) {
        return Ok(named);
    }
    match text.parse::<usize>() {
        Ok(number) if (1..=variables.len()).contains(&number) => Ok(number - 1),
        _ => Err(Error::Usage(format!(
            "no variable `{text}`: give a name or a column from 1 to {}",
            variables.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_by_name_or_number() {
        let variables = ["age", "2"].map(|name| Variable { name: name.into() });
        assert_eq!(column(" age", &variables).unwrap(), 0);
        // A name goes first.
        assert_eq!(column("2", &variables).unwrap(), 1);
        assert_eq!(column("1", &variables).unwrap(), 0);
        for wrong in ["0", "3", "V0", ""] {
            assert_eq!(column(wrong, &variables).unwrap_err().exit_code(), 2);
        }
    }

    #[test]
    fn formats_are_told_apart_by_content() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        assert!(is_spn(&write("a", b"(Bernoulli(V0|p=0.5))")));
        assert!(is_spn(&write(
            "b.json",
            b" {\"format\": \"halfmask-spn-1\""
        )));
        assert!(is_spn(&write("c.spn.json", b"")));
        let onnx = include_bytes!("../../../models/cryptonets-relu/model.onnx");
        assert!(!is_spn(&write("d", onnx)));
        assert!(!is_spn(&folder.path().join("none.spn.json")));
    }
}
