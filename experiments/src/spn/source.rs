//! Models and rows to measure with: a network's file, and the rows that go with it.

use std::env;
use std::path::{Path, PathBuf};

use halfmask_models::spn::graph::{Evidence, Spn};

use super::{model, rows, sample};
use crate::exit::Error;

/// The variable that names the data folder.
const VARIABLE: &str = "HALFMASK_DATA";
/// The folder of models of a source tree.
const MODELS: &str = "models/spn";
/// A model's file there.
const FILE: &str = "model.spn.json";

/// Where rows come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The rows of every model; without, a data set's test split or samples.
    pub input: Option<PathBuf>,
    /// The data folder that the user names.
    pub data: Option<PathBuf>,
    /// Seed of samples.
    pub seed: u64,
    /// The most rows to take.
    pub rows: usize,
}

/// A network and its rows.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// By which tables name it.
    pub name: String,
    /// The network.
    pub spn: Spn,
    /// The rows.
    pub rows: Vec<Vec<Evidence>>,
    /// Where the rows are from.
    pub source: String,
}

impl Loaded {
    /// Reads a network, and finds rows for it: as many as are wanted, or all there are.
    ///
    /// # Errors
    /// If a file is unusable.
    pub fn read(path: &Path, wanted: &Source) -> Result<Self, Error> {
        let spn = model::load(path, None)?.spn;
        let name = name(path);
        let found = match &wanted.input {
            Some(input) => Some(input.clone()),
            None => test_split(&name, wanted.data.as_deref())?,
        };
        let (mut rows, source) = match found {
            Some(file) => (
                rows::read(&file, spn.variables())?,
                file.display().to_string(),
            ),
            None => (
                sample::rows(&spn, wanted.rows, wanted.seed),
                format!("sampled from the model, seed {}", wanted.seed),
            ),
        };
        rows.truncate(wanted.rows);
        Ok(Self {
            name,
            spn,
            rows,
            source,
        })
    }

    /// The first rows.
    #[must_use]
    pub fn first(&self, count: usize) -> &[Vec<Evidence>] {
        self.rows.get(..count).unwrap_or(&self.rows)
    }
}

/// A model's name: its file's, or where that says nothing its folder's.
fn name(path: &Path) -> String {
    let file = path.file_name().unwrap_or(path.as_os_str());
    let file = file.to_string_lossy();
    let stem = file.split('.').next().unwrap_or(&file);
    let folder = path.parent().and_then(Path::file_name);
    match folder {
        Some(folder) if stem == "model" => folder.to_string_lossy().into_owned(),
        _ => stem.to_owned(),
    }
}

/// The networks of these files, or without any those of the source tree, with rows.
///
/// # Errors
/// If there are none, or a file is unusable.
pub fn load(models: &[PathBuf], wanted: &Source) -> Result<Vec<Loaded>, Error> {
    let found = match models {
        [] => default_models()?,
        models => models.to_vec(),
    };
    let read = |path: &PathBuf| Loaded::read(path, wanted);
    found.iter().map(read).collect()
}

/// The models of the source tree that this folder, or one above it, has.
///
/// # Errors
/// [`Error::Usage`] if there is none.
fn default_models() -> Result<Vec<PathBuf>, Error> {
    let here = env::current_dir().map_err(|source| Error::System {
        what: "tell the current folder".into(),
        source,
    })?;
    let found = here
        .ancestors()
        .map(|folder| models_in(&folder.join(MODELS)));
    let found = found.into_iter().find(|models| !models.is_empty());
    found.ok_or_else(|| {
        Error::Usage(format!(
            "no {MODELS}/*/{FILE} in this folder or above it: name a model's file"
        ))
    })
}

fn models_in(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut models: Vec<PathBuf> = entries
        .map(|entry| entry.path().join(FILE))
        .filter(|file| file.is_file())
        .collect();
    models.sort();
    models
}

/// The test split of a data set by its name: in the folder given or else in `$HALFMASK_DATA`, which must be there; then in `data/` and
/// `../shared/data`; in `debd/` or directly.
fn test_split(name: &str, data: Option<&Path>) -> Result<Option<PathBuf>, Error> {
    let variable = env::var_os(VARIABLE).filter(|value| !value.is_empty());
    let named = match (data, variable) {
        (Some(folder), _) => Some((folder.to_owned(), "--data")),
        (None, Some(folder)) => Some((PathBuf::from(folder), "$HALFMASK_DATA")),
        (None, None) => None,
    };
    let places = match named {
        Some((folder, _)) if folder.is_dir() => vec![folder],
        Some((folder, origin)) => {
            return Err(Error::Usage(format!(
                "{origin} {}: no such folder",
                folder.display()
            )));
        }
        None => vec![PathBuf::from("data"), PathBuf::from("../shared/data")],
    };
    let files = places.iter().flat_map(|place| {
        let folders = [place.join("debd"), place.clone()];
        folders.into_iter().flat_map(|folder| {
            ["test.csv.gz", "test.csv"].map(|end| folder.join(format!("{name}.{end}")))
        })
    });
    Ok(files.into_iter().find(|file| file.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_named_by_file_or_folder() {
        for (path, expected) in [
            ("models/spn/nltcs/model.spn.json", "nltcs"),
            ("../nltcs.spn.json", "nltcs"),
            ("msnbc.eq.txt", "msnbc"),
            ("model.spn.json", "model"),
        ] {
            assert_eq!(name(Path::new(path)), expected);
        }
    }

    #[test]
    fn splits_are_found_by_name() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("debd");
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("abc.test.csv.gz");
        std::fs::write(&file, "").unwrap();
        let found = |name| test_split(name, Some(root.path())).unwrap();
        assert_eq!(found("abc"), Some(file));
        assert_eq!(found("ab"), None);
        assert!(test_split("abc", Some(&root.path().join("none"))).is_err());
    }
}
