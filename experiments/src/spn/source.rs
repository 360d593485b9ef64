//! Models and rows to measure with: a network's file, and the rows that go with it.

use std::env;
use std::path::{Path, PathBuf};

use halfmask_models::spn::graph::{Evidence, Spn};
use halfmask_models::spn::import;

use super::{model, region_graph, rows, sample};
use crate::exit::Error;

/// The variable that names the data folder.
const VARIABLE: &str = "HALFMASK_DATA";
/// The folder of models of a source tree.
const MODELS: &str = "models/spn";
/// A model's file there.
const FILE: &str = "model.spn.json";
/// What there is elsewhere.
const BUILT_IN: (&str, &str) = (
    "nltcs",
    include_str!("../../../models/spn/nltcs/model.spn.json"),
);

/// How the source of rows drawn from a model begins.
pub const SAMPLED: &str = "sampled from the model";

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
        Self::with_rows(name(path), model::load(path, None)?.spn, wanted)
    }

    /// The network that comes with the program.
    fn built_in(wanted: &Source) -> Result<Self, Error> {
        let (name, text) = BUILT_IN;
        let imported = import::import(text).map_err(|error| Error::Model {
            model: name.to_owned(),
            source: error.into(),
        })?;
        Self::with_rows(name.to_owned(), imported.spn, wanted)
    }

    fn with_rows(name: String, spn: Spn, wanted: &Source) -> Result<Self, Error> {
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
                format!("{SAMPLED}, seed {}", wanted.seed),
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

    /// Names the network in an error.
    pub(crate) fn failed(&self) -> impl Fn(halfmask_models::Error) -> Error + Copy {
        |source| Error::Model {
            model: self.name.clone(),
            source,
        }
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

/// The networks of these files or, by their names, of the source tree that this folder is in; without any all of that, or else the
/// one that comes with the program; with rows. `random-N` is a random network whose root has N splits.
///
/// # Errors
/// If a file is unusable.
pub fn load(models: &[PathBuf], wanted: &Source) -> Result<Vec<Loaded>, Error> {
    let tree = source_tree()?;
    let found = match models {
        [] => tree,
        models => models.iter().map(|model| named(model, &tree)).collect(),
    };
    if found.is_empty() {
        return Ok(vec![Loaded::built_in(wanted)?]);
    }
    let read = |path: &PathBuf| match (path.to_str(), region_graph::named(path)) {
        _ if path.exists() => Loaded::read(path, wanted),
        (Some(name), _) if name == BUILT_IN.0 => Loaded::built_in(wanted),
        (_, Some(splits)) => {
            let spn = region_graph::network(splits, wanted.seed)?;
            Loaded::with_rows(name(path), spn, wanted)
        }
        _ => Loaded::read(path, wanted),
    };
    let mut loaded: Vec<Loaded> = found.iter().map(read).collect::<Result<_, _>>()?;
    // Figures go by name: two of one name have their paths instead.
    let names: Vec<String> = loaded.iter().map(|model| model.name.clone()).collect();
    for (model, path) in loaded.iter_mut().zip(&found) {
        if names.iter().filter(|name| **name == model.name).count() > 1 {
            model.name = path.display().to_string();
        }
    }
    Ok(loaded)
}

/// The file of the model of the source tree that an argument names; else the argument.
fn named(argument: &Path, tree: &[PathBuf]) -> PathBuf {
    let of_tree = tree.iter().find(|file| Path::new(&name(file)) == argument);
    match of_tree {
        Some(file) if !argument.exists() => file.clone(),
        _ => argument.to_owned(),
    }
}

/// Names of the models of the source tree that this folder is in, or else of the one that comes with the program.
#[must_use]
pub fn names() -> Vec<String> {
    match source_tree().unwrap_or_default().as_slice() {
        [] => vec![BUILT_IN.0.to_owned()],
        files => files.iter().map(|file| name(file)).collect(),
    }
}

/// The models of the source tree that this folder is in, none elsewhere.
fn source_tree() -> Result<Vec<PathBuf>, Error> {
    let here = env::current_dir().map_err(|source| Error::System {
        what: "tell the current folder".into(),
        source,
    })?;
    let mut found = here
        .ancestors()
        .map(|folder| models_in(&folder.join(MODELS)));
    Ok(found.find(|models| !models.is_empty()).unwrap_or_default())
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
///
/// # Errors
/// If the folder that is named is not there.
pub fn test_split(name: &str, data: Option<&Path>) -> Result<Option<PathBuf>, Error> {
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
    fn models_of_the_tree_go_by_their_names() {
        // Tests run inside the tree.
        let tree = source_tree().unwrap();
        let nltcs = named(Path::new("nltcs"), &tree);
        assert!(nltcs.ends_with("models/spn/nltcs/model.spn.json"));
        assert!(names().iter().any(|name| name == "nltcs"));
        for file in ["nltcs.spn.json", "none"].map(Path::new) {
            assert_eq!(named(file, &tree), file);
        }
        assert_eq!(named(Path::new("nltcs"), &[]), Path::new("nltcs"));
    }

    #[test]
    fn two_of_one_name_go_by_their_paths() {
        let root = tempfile::tempdir().unwrap();
        let files = ["a.spn.json", "x/a.spn.json", "b.spn.json"].map(|file| root.path().join(file));
        std::fs::create_dir(root.path().join("x")).unwrap();
        for file in &files {
            std::fs::write(file, BUILT_IN.1).unwrap();
        }
        let wanted = Source {
            input: None,
            data: Some(root.path().to_owned()),
            seed: 1,
            rows: 1,
        };
        let names = load(&files, &wanted).unwrap();
        let names: Vec<String> = names.into_iter().map(|model| model.name).collect();
        let [first, second, _] = files.map(|file| file.display().to_string());
        assert_eq!(names, [first, second, "b".into()]);
    }

    #[test]
    fn the_built_in_network_is_there() {
        let wanted = Source {
            input: None,
            data: Some(tempfile::tempdir().unwrap().path().to_owned()),
            seed: 7,
            rows: 3,
        };
        // The folder is gone: an error, not other rows.
        assert_eq!(Loaded::built_in(&wanted).unwrap_err().exit_code(), 2);
        let here = Source {
            data: Some(env::temp_dir()),
            ..wanted
        };
        let loaded = Loaded::built_in(&here).unwrap();
        assert_eq!((loaded.spn.variables().len(), loaded.rows.len()), (16, 3));
        assert!(loaded.source.contains("seed 7"), "{}", loaded.source);
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
