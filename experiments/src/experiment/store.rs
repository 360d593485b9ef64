//! The folder of results: `raw/ID.jsonl`, a record a line, to which runs only append.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::record::Record;
use crate::exit::Error;

/// The folder of a source tree.
const FOLDER: &str = "results";

/// A folder of results.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The folder given, or else `results` of this folder or one above it, or else `results` here.
    #[must_use]
    pub fn find(given: Option<PathBuf>) -> Self {
        let folder = given.unwrap_or_else(|| {
            let here = std::env::current_dir().unwrap_or_default();
            here.ancestors()
                .map(|folder| folder.join(FOLDER))
                .find(|folder| folder.is_dir())
                .unwrap_or_else(|| PathBuf::from(FOLDER))
        });
        Self { folder }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of an experiment's records.
    #[must_use]
    pub fn file(&self, experiment: &str) -> PathBuf {
        self.folder.join("raw").join(format!("{experiment}.jsonl"))
    }

    /// Appends a record: the whole line or, as far as the system can promise it, nothing.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn append(&self, record: &Record) -> Result<(), Error> {
        let path = self.file(&record.experiment);
        let failed = |source| Error::Write {
            path: path.clone(),
            source,
        };
        let mut line = serde_json::to_vec(record).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(failed)?;
        end_torn_line(&mut file).map_err(failed)?;
        file.write_all(&line)
            .and_then(|()| file.sync_all())
            .map_err(failed)
    }

    /// All records of an experiment, oldest first; none if there is no file.
    ///
    /// # Errors
    /// [`Error::Usage`] with file and line of what is no record.
    pub fn read(&self, experiment: &str) -> Result<Vec<Record>, Error> {
        let path = self.file(experiment);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(Error::Usage(format!(
                    "cannot read {}: {error}",
                    path.display()
                )));
            }
        };
        let mut records = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{}:{}", path.display(), number + 1);
            let record =
                Record::parse(line).map_err(|why| Error::Usage(format!("{}: {why}", place())))?;
            if record.experiment != experiment {
                return Err(Error::Usage(format!(
                    "{}: a record of {:?}",
                    place(),
                    record.experiment
                )));
            }
            records.push(record);
        }
        Ok(records)
    }
}

/// A line that an earlier run could not finish must not swallow the next one; reading still complains of it.
fn end_torn_line(file: &mut File) -> io::Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(());
    }
    file.write_all(b"\n")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::experiment::definition::{Parameters, Scale, parameters};
    use crate::experiment::provenance::Provenance;
    use crate::experiment::record::{Statistic, VERSION};

    /// A record of one figure, `seconds`.
    pub(in crate::experiment) fn record(
        run: &str,
        scale: Scale,
        at: Parameters,
        seconds: &[f64],
    ) -> Record {
        let figures = [(
            "seconds".to_owned(),
            Statistic::of("s", seconds.to_vec()).unwrap(),
        )];
        Record {
            version: VERSION,
            experiment: "test".into(),
            run: run.into(),
            scale,
            timestamp: run.into(),
            provenance: Provenance::here(),
            command: vec!["bench".into(), "relu".into()],
            seed: 1,
            parameters: at,
            repetitions: seconds.len(),
            figures: figures.into(),
        }
    }

    #[test]
    fn records_are_appended_and_read_in_order() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::find(Some(root.path().join("new")));
        assert_eq!(store.read("test").unwrap(), []);
        let records: Vec<Record> = (1..=3)
            .map(|n| {
                let at = parameters([("n", n.into())]);
                record("2026-01-01T00:00:00Z", Scale::Quick, at, &[0.1, 0.2])
            })
            .collect();
        for record in &records {
            store.append(record).unwrap();
        }
        assert_eq!(store.read("test").unwrap(), records);
    }

    #[test]
    fn torn_and_foreign_lines_are_refused_by_place_and_lose_nothing() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::find(Some(root.path().to_owned()));
        let whole = record(
            "2026-01-01T00:00:00Z",
            Scale::Quick,
            Parameters::new(),
            &[1.0],
        );
        store.append(&whole).unwrap();
        let path = store.file("test");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}{{\"version\":")).unwrap();
        store.append(&whole).unwrap();
        let error = store.read("test").unwrap_err();
        assert!(error.to_string().contains("test.jsonl:2: "), "{error}");
        assert_eq!(error.exit_code(), 2);
        let lines = fs::read_to_string(&path).unwrap();
        assert_eq!(lines.lines().nth(2), text.lines().next());

        fs::copy(&path, store.file("other")).unwrap();
        let error = store.read("other").unwrap_err().to_string();
        assert!(
            error.contains("other.jsonl:1: a record of \"test\""),
            "{error}"
        );
    }
}
