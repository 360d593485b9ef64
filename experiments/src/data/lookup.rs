//! Where the MNIST test set is.
//!
//! 1. The folder on the command line, or else the one in `$HALFMASK_DATA`: it must be there.
//! 2. `data/`, then `../shared/data`.
//! 3. A public mirror, if it answers within seconds.
//! 4. The digits that ship with the program, with a note.
//!
//! A folder has the files in `mnist/` or directly. A file that is there but damaged is an error, never
//! a reason to look further.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::fetch::{Fetch, hexadecimal};
use super::{DataError, Images, Labels, digits};

/// The variable that names the data folder.
const VARIABLE: &str = "HALFMASK_DATA";
/// All that looking for a mirror may take.
const PATIENCE: Duration = Duration::from_secs(4);

const IMAGES: &str = "t10k-images-idx3-ubyte";
const LABELS: &str = "t10k-labels-idx1-ubyte";
/// SHA-256 of the published files, decompressed.
const IMAGES_SHA256: &str = "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7";
const LABELS_SHA256: &str = "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2";

/// Labelled images and where they are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// `mnist-test`; `uci-digits` for the shipped digits; `custom` for files in MNIST's place that are
    /// not the published ones.
    pub name: &'static str,
    /// The image file; `None` if the images came with the program.
    pub source: Option<PathBuf>,
    /// The images.
    pub images: Images,
    /// The labels, as many as images.
    pub labels: Labels,
    /// What the user must be told about the choice, if anything: one line.
    pub note: Option<String>,
}

/// The MNIST test set, or what stands in for it.
///
/// # Errors
/// If `explicit` or `$HALFMASK_DATA` is given without the files, or a file is unusable.
pub fn mnist_test(explicit: Option<&Path>) -> Result<Dataset, DataError> {
    Lookup::standard(explicit).run()
}

/// The places to look in, first to last.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// A folder that must have the files, and what named it.
    pub named: Option<(PathBuf, &'static str)>,
    /// Folders that may have them.
    pub places: Vec<PathBuf>,
    /// What to fetch where otherwise, and for how long to try.
    pub download: Option<(Fetch, PathBuf, Duration)>,
}

impl Lookup {
    /// The order of the command.
    #[must_use]
    pub fn standard(explicit: Option<&Path>) -> Self {
        let variable = env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let named = explicit
            .map(|folder| (folder.to_owned(), "--data"))
            .or_else(|| variable.map(|folder| (PathBuf::from(folder), "$HALFMASK_DATA")));
        Self {
            named,
            places: vec![PathBuf::from("data"), PathBuf::from("../shared/data")],
            download: Some((Fetch::mnist_test(), PathBuf::from("data/mnist"), PATIENCE)),
        }
    }

    /// Looks.
    ///
    /// # Errors
    /// If the named folder lacks the files, or a file is unusable.
    pub fn run(&self) -> Result<Dataset, DataError> {
        if let Some((folder, origin)) = &self.named {
            let files = find(folder).map_err(|missing| {
                let folder = folder.clone();
                DataError::Missing {
                    folder,
                    origin,
                    missing,
                }
            })?;
            return files.read();
        }
        for place in &self.places {
            match find(place) {
                Ok(files) => return files.read(),
                Err(missing) => tracing::debug!(place = %place.display(), missing, "no MNIST here"),
            }
        }
        let reason = match &self.download {
            None => "none was looked for on the network".to_owned(),
            Some((fetch, into, patience)) => match fetch.within(*patience, into) {
                Ok(()) => {
                    let files = find(into).map_err(|missing| {
                        let folder = into.clone();
                        DataError::Missing {
                            folder,
                            origin: "the download",
                            missing,
                        }
                    })?;
                    let note = Some(format!(
                        "fetched the MNIST test set into {}",
                        into.display()
                    ));
                    return Ok(Dataset {
                        note,
                        ..files.read()?
                    });
                }
                Err(error) => {
                    tracing::info!(%error, "MNIST could not be fetched");
                    format!("none could be fetched ({})", error.brief())
                }
            },
        };
        shipped(&reason)
    }
}

/// The digits that ship with the program.
fn shipped(reason: &str) -> Result<Dataset, DataError> {
    let (images, labels) = digits::read().map_err(|source| DataError::Idx {
        path: PathBuf::from("shipped digits"),
        source,
    })?;
    let note = format!(
        "NOT MNIST: no MNIST test set was found and {reason}, so these are the {} UCI handwritten digits that ship \
         with halfmask (8x8, enlarged to 28x28; CC BY 4.0); for MNIST run `halfmask data fetch mnist` or give --data",
        images.count
    );
    Ok(Dataset {
        name: "uci-digits",
        source: None,
        images,
        labels,
        note: Some(note),
    })
}

/// The two files of a test set.
struct Files {
    folder: PathBuf,
    images: PathBuf,
    labels: PathBuf,
}

impl Files {
    fn read(self) -> Result<Dataset, DataError> {
        let (images, labels) = (Images::open(&self.images)?, Labels::open(&self.labels)?);
        if images.count != labels.values.len() {
            return Err(DataError::Counts {
                folder: self.folder,
                images: images.count,
                labels: labels.values.len(),
            });
        }
        let published =
            digest(images.encode()) == IMAGES_SHA256 && digest(labels.encode()) == LABELS_SHA256;
        let note = (!published).then(|| {
            format!(
                "{} is not the published MNIST test set",
                self.images.display()
            )
        });
        let name = if published { "mnist-test" } else { "custom" };
        Ok(Dataset {
            name,
            source: Some(self.images),
            images,
            labels,
            note,
        })
    }
}

/// The files in `mnist/` under a folder, or in the folder itself, or what is missing.
fn find(folder: &Path) -> Result<Files, String> {
    let mut missing = Vec::new();
    for folder in [folder.join("mnist"), folder.to_owned()] {
        match (file(&folder, IMAGES), file(&folder, LABELS)) {
            (Some(images), Some(labels)) => {
                return Ok(Files {
                    folder,
                    images,
                    labels,
                });
            }
            (Some(_), None) => missing.push(format!("{LABELS}[.gz] in {}", folder.display())),
            (None, Some(_)) => missing.push(format!("{IMAGES}[.gz] in {}", folder.display())),
            (None, None) => {}
        }
    }
    if missing.is_empty() {
        missing.push(format!(
            "{IMAGES}[.gz] and {LABELS}[.gz], in mnist/ or directly"
        ));
    }
    Err(format!("missing {}", missing.join(", ")))
}

/// A file under its name, compressed or not, or the same name with a dot, as some archives have it.
fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    let dotted = name.replacen("-idx", ".idx", 1);
    [
        format!("{name}.gz"),
        name.to_owned(),
        format!("{dotted}.gz"),
        dotted,
    ]
    .into_iter()
    .map(|name| folder.join(name))
    .find(|path| path.is_file())
}

fn digest(content: Option<Vec<u8>>) -> String {
    content.map_or_else(String::new, |content| hexadecimal(&Sha256::digest(content)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(folder: &Path, images: usize, labels: usize) {
        fs::create_dir_all(folder).unwrap();
        let pixels = (0..images * 4).map(|i| i as u8).collect();
        let images = Images {
            count: images,
            rows: 2,
            cols: 2,
            pixels,
        };
        fs::write(folder.join(IMAGES), images.encode().unwrap()).unwrap();
        fs::write(
            folder.join(LABELS),
            Labels {
                values: vec![3; labels],
            }
            .encode()
            .unwrap(),
        )
        .unwrap();
    }

    fn lookup(named: Option<&Path>, places: &[&Path]) -> Lookup {
        Lookup {
            named: named.map(|folder| (folder.to_owned(), "--data")),
            places: places.iter().map(|&place| place.to_owned()).collect(),
            download: None,
        }
    }

    #[test]
    fn the_order_of_places() {
        let root = tempfile::tempdir().unwrap();
        let [first, second, third] =
            ["first", "second", "third"].map(|name| root.path().join(name));
        write(&second, 2, 2);
        write(&second.join("mnist"), 3, 3);
        write(&third, 4, 4);
        let count = |lookup: Lookup| lookup.run().unwrap().images.count;
        assert_eq!(count(lookup(None, &[&first, &second, &third])), 3);
        assert_eq!(count(lookup(None, &[&first, &third, &second])), 4);
        assert_eq!(count(lookup(Some(&third), &[&second])), 4);
        fs::remove_dir_all(second.join("mnist")).unwrap();
        assert_eq!(count(lookup(Some(&second), &[])), 2);

        let found = lookup(None, &[&third]).run().unwrap();
        assert_eq!(
            (found.name, found.source),
            ("custom", Some(third.join(IMAGES)))
        );
        assert!(
            found
                .note
                .unwrap()
                .contains("not the published MNIST test set")
        );
    }

    #[test]
    fn a_named_folder_without_the_files_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let [empty, full] = ["empty", "full"].map(|name| root.path().join(name));
        write(&full, 2, 2);
        let error = lookup(Some(&empty), &[&full]).run().unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        assert!(
            text.contains("empty (from --data): missing t10k-images-idx3-ubyte[.gz] and"),
            "{text}"
        );
        fs::remove_file(full.join(LABELS)).unwrap();
        let text = lookup(Some(&full), &[]).run().unwrap_err().to_string();
        assert!(
            text.contains("missing t10k-labels-idx1-ubyte[.gz] in"),
            "{text}"
        );
    }

    #[test]
    fn damaged_files_are_errors_not_reasons_to_look_further() {
        let root = tempfile::tempdir().unwrap();
        let [bad, good] = ["bad", "good"].map(|name| root.path().join(name));
        write(&good, 2, 2);
        write(&bad, 3, 2);
        let error = lookup(None, &[&bad, &good]).run().unwrap_err();
        assert!(
            matches!(
                error,
                DataError::Counts {
                    images: 3,
                    labels: 2,
                    ..
                }
            ) && error.exit_code() == 2,
            "{error}"
        );
        fs::write(bad.join(IMAGES), b"\0\0\x08\x03").unwrap();
        let error = lookup(None, &[&bad, &good]).run().unwrap_err();
        assert!(
            error
                .to_string()
                .contains("t10k-images-idx3-ubyte: not an IDX file"),
            "{error}"
        );
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn the_shipped_digits_come_last_and_say_so() {
        let root = tempfile::tempdir().unwrap();
        let found = lookup(None, &[root.path()]).run().unwrap();
        assert_eq!(
            (found.name, found.source, found.images.count),
            ("uci-digits", None, 1797)
        );
        let note = found.note.unwrap();
        assert!(
            note.starts_with("NOT MNIST: ") && !note.contains('\n') && note.contains("CC BY 4.0"),
            "{note}"
        );
    }

    #[test]
    fn names_with_a_dot() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), 2, 2);
        fs::rename(
            root.path().join(IMAGES),
            root.path().join("t10k-images.idx3-ubyte"),
        )
        .unwrap();
        assert_eq!(
            lookup(Some(root.path()), &[]).run().unwrap().images.count,
            2
        );
    }
}
