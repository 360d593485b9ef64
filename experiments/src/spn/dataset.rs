//! Complete rows to learn from: files, splits of a named set, text columns as categories.
//!
//! A file is CSV, compressed if its name ends in `.gz`, with a header line if its first line has a field that is no number and the second line has
//! one there. Fields may be quoted. A column with text is a category: 0 for the text that comes first, 1 for the next one.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::exit::Error;

/// The variable that names the data folder.
const VARIABLE: &str = "HALFMASK_DATA";
/// No file of rows is larger, decompressed: 1 GiB.
const MOST_BYTES: u64 = 1 << 30;
/// Every so many rows one is for validation, where no validation split is given.
const EVERY: usize = 10;

/// Rows with the names of their columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// From the header, or `V0`, `V1` …
    pub names: Vec<String>,
    /// Values, one row after the other.
    pub rows: Vec<Vec<f64>>,
}

/// Rows to learn from, to choose by, and to report on.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits {
    /// What the rows are called.
    pub name: String,
    /// To learn from.
    pub train: Sheet,
    /// To choose by.
    pub valid: Sheet,
    /// To report on.
    pub test: Option<Sheet>,
    /// What the user must be told about the splits.
    pub note: Option<String>,
}

/// What to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// A file, or the name of a set.
    pub data: PathBuf,
    /// Where sets are looked up first.
    pub folder: Option<PathBuf>,
    /// Validation rows.
    pub valid: Option<PathBuf>,
    /// Test rows.
    pub test: Option<PathBuf>,
    /// Test rows that are among the data, to be taken out of it.
    pub hold_out: Option<PathBuf>,
    /// Values above this count as this.
    pub clip: Option<u32>,
}

impl Source {
    /// Reads all splits.
    ///
    /// # Errors
    /// If a file is missing or unusable, or the splits differ in their columns.
    pub fn read(&self) -> Result<Splits, Error> {
        let mut splits = if self.data.is_file() {
            let name = self.data.to_string_lossy().into_owned();
            self.file(name, &self.data)?
        } else {
            self.set()?
        };
        let mut sheets = vec![&mut splits.train, &mut splits.valid];
        sheets.extend(&mut splits.test);
        let width = sheets.first().map_or(0, |sheet| sheet.names.len());
        for sheet in sheets {
            if sheet.names.len() != width {
                return Err(Error::Usage(format!(
                    "{}: splits have {width} and {} columns",
                    splits.name,
                    sheet.names.len()
                )));
            }
        }
        Ok(splits)
    }

    fn file(&self, name: String, path: &Path) -> Result<Splits, Error> {
        let mut train = self.sheet(path)?;
        let mut test = self
            .test
            .as_deref()
            .map(|path| self.sheet(path))
            .transpose()?;
        if let Some(path) = &self.hold_out {
            let held = self.sheet(path)?;
            train = without(&train, &held, path)?;
            test = Some(held);
        }
        let (train, valid, note) = match &self.valid {
            Some(path) => (train, self.sheet(path)?, None),
            None => {
                let (train, valid) = tenth(train);
                let note = format!("no validation rows given: every {EVERY}th row is one");
                (train, valid, Some(note))
            }
        };
        Ok(Splits {
            name,
            train,
            valid,
            test,
            note,
        })
    }

    /// A named set, in the folder given or else in `$HALFMASK_DATA`, `data/`, `../shared/data`, there in `debd/` or directly.
    fn set(&self) -> Result<Splits, Error> {
        let name = self.data.to_string_lossy().into_owned();
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let named = self.folder.clone().or_else(|| variable.map(PathBuf::from));
        let places = named.map_or_else(
            || vec![PathBuf::from("data"), PathBuf::from("../shared/data")],
            |folder| vec![folder],
        );
        let find = |split: &str| {
            places
                .iter()
                .flat_map(|place| [place.join("debd"), place.clone()])
                .flat_map(|folder| {
                    ["csv.gz", "csv"].map(|end| folder.join(format!("{name}.{split}.{end}")))
                })
                .find(|path| path.is_file())
        };
        let [train, valid, test] = ["train", "valid", "test"].map(find);
        let given = |own: &Option<PathBuf>, found: Option<PathBuf>| own.clone().or(found);
        let test = given(&self.test, test);
        match (train, given(&self.valid, valid)) {
            (Some(train), valid) => Self {
                valid,
                test,
                ..self.clone()
            }
            .file(name, &train),
            (None, Some(only)) => {
                let source = Self {
                    valid: None,
                    test,
                    ..self.clone()
                };
                let mut splits = source.file(name, &only)?;
                splits.note = Some(format!(
                    "no training split was found: learning from the validation split, of which every {EVERY}th row \
                     is for validation"
                ));
                Ok(splits)
            }
            (None, None) => Err(Error::Usage(format!(
                "{name}: no such file, and no {name}.train.csv[.gz] in {}",
                places
                    .iter()
                    .map(|place| place.join("debd").display().to_string())
                    .collect::<Vec<_>>()
                    .join(" or ")
            ))),
        }
    }

    fn sheet(&self, path: &Path) -> Result<Sheet, Error> {
        let mut sheet = read(path)?;
        if let Some(most) = self.clip {
            for value in sheet.rows.iter_mut().flatten() {
                *value = value.min(f64::from(most));
            }
        }
        Ok(sheet)
    }
}

/// The columns of `held`, found by name, of the rows that are not in it.
fn without(all: &Sheet, held: &Sheet, path: &Path) -> Result<Sheet, Error> {
    let columns = held
        .names
        .iter()
        .map(|name| {
            all.names
                .iter()
                .position(|other| other == name)
                .ok_or_else(|| {
                    Error::Usage(format!(
                        "{}: the data have no column {name}",
                        path.display()
                    ))
                })
        })
        .collect::<Result<Vec<usize>, Error>>()?;
    let key = |row: &[f64]| {
        row.iter()
            .map(|value| value.to_bits())
            .collect::<Vec<u64>>()
    };
    let mut counts: HashMap<Vec<u64>, usize> = HashMap::new();
    for row in &held.rows {
        *counts.entry(key(row)).or_default() += 1;
    }
    let mut rows = Vec::new();
    for row in &all.rows {
        let row: Vec<f64> = columns
            .iter()
            .filter_map(|&c| row.get(c).copied())
            .collect();
        match counts.get_mut(&key(&row)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => rows.push(row),
        }
    }
    let missing: usize = counts.values().sum();
    if missing > 0 {
        return Err(Error::Usage(format!(
            "{}: {missing} of {} rows are not among the data",
            path.display(),
            held.rows.len()
        )));
    }
    Ok(Sheet {
        names: held.names.clone(),
        rows,
    })
}

fn tenth(sheet: Sheet) -> (Sheet, Sheet) {
    let names = sheet.names;
    let (mut train, mut valid) = (Vec::new(), Vec::new());
    for (number, row) in sheet.rows.into_iter().enumerate() {
        if number % EVERY == EVERY - 1 {
            valid.push(row);
        } else {
            train.push(row);
        }
    }
    (
        Sheet {
            names: names.clone(),
            rows: train,
        },
        Sheet { names, rows: valid },
    )
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read, has no rows, a row differs in width, or a field is empty.
pub fn read(path: &Path) -> Result<Sheet, Error> {
    let error = |what: String| Error::Usage(format!("{}: {what}", path.display()));
    let file = File::open(path).map_err(|source| error(source.to_string()))?;
    let mut reader: Box<dyn Read> = Box::new(BufReader::new(file));
    if path.extension().is_some_and(|end| end == "gz") {
        reader = Box::new(flate2::read::MultiGzDecoder::new(reader));
    }
    let mut text = String::new();
    let length = reader
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|source| error(source.to_string()))?;
    if length as u64 > MOST_BYTES {
        return Err(error(format!("more than {MOST_BYTES} bytes")));
    }
    parse(&text).map_err(error)
}

fn parse(text: &str) -> Result<Sheet, String> {
    let lines: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            line.split(',')
                .map(|field| field.trim().trim_matches('"'))
                .collect()
        })
        .collect();
    let number = |field: &str| field.parse::<f64>().ok().filter(|value| value.is_finite());
    let header = match &lines[..] {
        [first, second, ..] => first
            .iter()
            .zip(second)
            .any(|(a, b)| number(a).is_none() && number(b).is_some()),
        _ => false,
    };
    let (head, body) = lines.split_at(usize::from(header));
    let width = body.first().ok_or("no rows")?.len();
    let names = match head.first() {
        Some(names) => names.iter().map(|&name| name.to_owned()).collect(),
        None => (0..width).map(|k| format!("V{k}")).collect::<Vec<_>>(),
    };
    if names.len() != width {
        return Err(format!(
            "the header has {} fields, the first row {width}",
            names.len()
        ));
    }
    let mut texts: Vec<HashMap<&str, f64>> = vec![HashMap::new(); width];
    let mut rows = Vec::with_capacity(body.len());
    for (at, fields) in body.iter().enumerate() {
        if fields.len() != width {
            return Err(format!(
                "row {at} has {} fields, the first has {width}",
                fields.len()
            ));
        }
        let mut row = Vec::with_capacity(width);
        for ((&field, names), known) in fields.iter().zip(&names).zip(&mut texts) {
            row.push(match number(field) {
                Some(value) => value,
                None if field.is_empty() || field.eq_ignore_ascii_case("nan") || field == "?" => {
                    return Err(format!(
                        "row {at}, column {names}: no value; learning needs complete rows"
                    ));
                }
                None => {
                    let next = known.len() as f64;
                    *known.entry(field).or_insert(next)
                }
            });
        }
        rows.push(row);
    }
    Ok(Sheet { names, rows })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn headers_text_and_quotes() {
        let sheet = parse("\"a\",b,kind\n1,2.5,x\n3,4,y\n5,6,x\n").unwrap();
        assert_eq!(sheet.names, ["a", "b", "kind"]);
        assert_eq!(
            sheet.rows,
            [[1.0, 2.5, 0.0], [3.0, 4.0, 1.0], [5.0, 6.0, 0.0]]
        );
        assert_eq!(parse("0,1\n1,1\n").unwrap().names, ["V0", "V1"]);
        assert!(parse("").unwrap_err().contains("no rows"));
        let text = parse("0,1\n1\n").unwrap_err();
        assert!(text.contains("row 1 has 1 fields"), "{text}");
        let text = parse("a,b\n0,1\n1,\n").unwrap_err();
        assert!(text.contains("row 1, column b: no value"), "{text}");
    }

    #[test]
    fn rows_are_held_out_once_each() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let source = Source {
            data: write("all.csv", "a,b,c\n1,2,3\n1,2,4\n5,6,7\n8,9,9\n"),
            hold_out: Some(write("held.csv", "b,a\n2,1\n6,5\n")),
            clip: Some(8),
            ..Source::default()
        };
        let splits = source.read().unwrap();
        assert_eq!(splits.train.names, ["b", "a"]);
        assert_eq!(splits.train.rows, [[2.0, 1.0], [8.0, 8.0]]);
        assert_eq!(splits.test.unwrap().rows.len(), 2);
        let held = write("other.csv", "b,a\n2,2\n3,3\n");
        let error = Source {
            hold_out: Some(held),
            ..source
        }
        .read()
        .unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("2 of 2 rows"), "{error}");
    }

    #[test]
    fn sets_are_looked_up_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let debd = folder.path().join("debd");
        fs::create_dir(&debd).unwrap();
        let rows = "0,1\n1,0\n".repeat(10);
        fs::write(debd.join("toy.valid.csv"), &rows).unwrap();
        let source = Source {
            data: "toy".into(),
            folder: Some(folder.path().to_owned()),
            ..Source::default()
        };
        let splits = source.read().unwrap();
        assert_eq!((splits.train.rows.len(), splits.valid.rows.len()), (18, 2));
        assert!(splits.note.unwrap().contains("no training split"));
        fs::write(debd.join("toy.train.csv"), &rows).unwrap();
        let splits = source.read().unwrap();
        assert_eq!((splits.train.rows.len(), splits.valid.rows.len()), (20, 20));
        assert_eq!((splits.note, splits.test), (None, None));
        let missing = Source {
            data: "tay".into(),
            ..source
        };
        let error = missing.read().unwrap_err();
        assert!(error.to_string().contains("tay.train.csv"), "{error}");
    }
}
