//! Rows of evidence from CSV, plain or compressed with gzip.
//!
//! A field is a number, empty or `nan` for missing, or `?` for maximised. If any field of the first line is none of these, it is a header. Columns
//! are found by the header where it has every variable's name; without a header, and for networks whose variables are only numbered
//! (`V0`, `V1` …), they are in the variables' order. Quotes may enclose a field, doubled inside it. Lines that are empty are
//! skipped, so a missing value of a network with one variable is written `nan`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use halfmask_models::spn::graph::{Evidence, Variable};

/// The most text of a file, in bytes (decompressed).
pub const MAX_BYTES: u64 = 1 << 28;
/// The most fields of a file: 16 bytes each in memory.
const MAX_FIELDS: usize = 1 << 27;

/// What is wrong with a file of rows. Rows and columns count from 1, rows without header and empty lines.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct RowsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong in a file of rows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It cannot be read, or is not text.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// More than is read.
    #[error("more than {limit} {what}")]
    Size {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The wrong number of fields.
    #[error("row {row} has {got} fields, the network {expected} variables")]
    Fields {
        /// The row.
        row: usize,
        /// Its fields.
        got: usize,
        /// The network's variables.
        expected: usize,
    },
    /// A field that is neither a number nor a mark.
    #[error("row {row}, column {column}: {field:?} is not a number (nor empty, `nan` or `?`)")]
    Field {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// The field.
        field: String,
    },
    /// A quote that does not end, or text after it.
    #[error("row {row}: a quoted field does not end where it should")]
    Quote {
        /// The row.
        row: usize,
    },
    /// The header has not the variables' names.
    #[error("the header has no column `{name}`, or more than one")]
    Header {
        /// The variable's name.
        name: String,
    },
    /// No row.
    #[error("no rows")]
    Empty,
}

/// Reads a file.
///
/// # Errors
/// [`RowsError`], at the first row that is wrong.
pub fn read(path: &Path, variables: &[Variable]) -> Result<Vec<Vec<Evidence>>, RowsError> {
    let rows = || {
        let mut file = BufReader::new(File::open(path)?);
        // gzip begins with 1f 8b, which no text does.
        if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            parse(MultiGzDecoder::new(file), variables)
        } else {
            parse(file, variables)
        }
    };
    rows().map_err(|problem| RowsError {
        path: path.to_owned(),
        problem,
    })
}

/// Reads text.
///
/// # Errors
/// [`Problem`], at the first row that is wrong.
pub fn parse(text: impl Read, variables: &[Variable]) -> Result<Vec<Vec<Evidence>>, Problem> {
    let mut text = BufReader::new(text.take(MAX_BYTES + 1));
    let (mut bytes, mut line) = (0u64, String::new());
    // The variable of each column, once the first line is known.
    let mut columns: Option<Vec<usize>> = None;
    let mut rows = Vec::new();
    loop {
        line.clear();
        bytes += text.read_line(&mut line)? as u64;
        if bytes > MAX_BYTES {
            let limit = MAX_BYTES;
            return Err(Problem::Size {
                what: "bytes",
                limit,
            });
        }
        if line.is_empty() {
            break;
        }
        let content = line.trim_start_matches('\u{feff}').trim();
        if content.is_empty() {
            continue;
        }
        let row = rows.len() + 1;
        let fields = split(content, row)?;
        if columns.is_none() && fields.iter().any(|field| evidence(field).is_none()) {
            columns = Some(by_name(&fields, variables)?);
            continue;
        }
        let columns = columns.get_or_insert_with(|| (0..variables.len()).collect());
        if fields.len() != columns.len() {
            return Err(Problem::Fields {
                row,
                got: fields.len(),
                expected: variables.len(),
            });
        }
        if (rows.len() + 1).saturating_mul(variables.len()) > MAX_FIELDS {
            let limit = MAX_FIELDS as u64;
            return Err(Problem::Size {
                what: "fields",
                limit,
            });
        }
        let mut values = vec![Evidence::Missing; variables.len()];
        for (column, (field, &variable)) in fields.iter().zip(&*columns).enumerate() {
            let value = evidence(field).ok_or_else(|| Problem::Field {
                row,
                column: column + 1,
                field: field.clone(),
            })?;
            if let Some(slot) = values.get_mut(variable) {
                *slot = value;
            }
        }
        rows.push(values);
    }
    match rows.is_empty() {
        true => Err(Problem::Empty),
        false => Ok(rows),
    }
}

/// What a field says; `None` for text.
fn evidence(field: &str) -> Option<Evidence> {
    match field.trim() {
        "" => Some(Evidence::Missing),
        "?" => Some(Evidence::Maximised),
        text if text.eq_ignore_ascii_case("nan") => Some(Evidence::Missing),
        text => {
            let value: f64 = text.parse().ok()?;
            value.is_finite().then_some(Evidence::Observed(value))
        }
    }
}

/// The fields of a line.
fn split(line: &str, row: usize) -> Result<Vec<String>, Problem> {
    if !line.contains('"') {
        return Ok(line.split(',').map(|field| field.trim().into()).collect());
    }
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let mut field = String::new();
        if let Some(mut inside) = rest.strip_prefix('"') {
            loop {
                let (text, after) = inside.split_once('"').ok_or(Problem::Quote { row })?;
                field.push_str(text);
                match after.strip_prefix('"') {
                    Some(more) => {
                        field.push('"');
                        inside = more;
                    }
                    None => {
                        rest = after.trim_start();
                        break;
                    }
                }
            }
            if !rest.is_empty() && !rest.starts_with(',') {
                return Err(Problem::Quote { row });
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            field.push_str(text.trim());
            rest = after;
        }
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

/// The variable of each column by a header.
fn by_name(header: &[String], variables: &[Variable]) -> Result<Vec<usize>, Problem> {
    let numbered = variables
        .iter()
        .enumerate()
        .all(|(v, variable)| variable.name == format!("V{v}"));
    let mut columns: HashMap<&str, Vec<usize>> = HashMap::new();
    for (column, name) in header.iter().enumerate() {
        columns.entry(name.trim()).or_default().push(column);
    }
    let mut variable_of = vec![usize::MAX; header.len()];
    for (v, variable) in variables.iter().enumerate() {
        match columns.get(variable.name.trim()).map(Vec::as_slice) {
            Some(&[column]) => {
                if let Some(slot) = variable_of.get_mut(column) {
                    *slot = v;
                }
            }
            // Numbers are nobody's names: the columns are in order. But a row with a mistake is no header.
            _ if numbered => {
                return match wrong_row(header) {
                    None => Ok((0..variables.len()).collect()),
                    Some(problem) => Err(problem),
                };
            }
            _ => {
                return Err(Problem::Header {
                    name: variable.name.clone(),
                });
            }
        }
    }
    // A column that is no variable's keeps an index that is none: its rows have too many fields.
    Ok(match variable_of.contains(&usize::MAX) {
        true => (0..variables.len()).collect(),
        false => variable_of,
    })
}

/// The first text in a first line that also has numbers.
fn wrong_row(fields: &[String]) -> Option<Problem> {
    let number = |field: &&String| matches!(evidence(field), Some(Evidence::Observed(_)));
    fields.iter().find(number)?;
    let mut fields = fields.iter().enumerate();
    let (column, field) = fields.find(|(_, field)| evidence(field).is_none())?;
    Some(Problem::Field {
        row: 1,
        column: column + 1,
        field: field.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn variables(names: &[&str]) -> Vec<Variable> {
        let variable = |name: &&str| Variable {
            name: (*name).into(),
        };
        names.iter().map(variable).collect()
    }

    fn error(text: &str, names: &[&str]) -> String {
        parse(text.as_bytes(), &variables(names))
            .unwrap_err()
            .to_string()
    }

    const O: fn(f64) -> Evidence = Evidence::Observed;

    #[test]
    fn numbers_missing_and_maximised() {
        let text = "1,-2.5e3, ,?\n\n,nan,NaN,\" 0.5\"\r\n";
        let rows = parse(text.as_bytes(), &variables(&["a", "b", "c", "d"])).unwrap();
        let (m, x) = (Evidence::Missing, Evidence::Maximised);
        assert_eq!(
            rows,
            [vec![O(1.0), O(-2500.0), m, x], vec![m, m, m, O(0.5)]]
        );
    }

    #[test]
    fn headers_find_columns() {
        let expected = [vec![O(2.0), O(1.0)]];
        let named = variables(&["a", "b,c \"d\""]);
        assert_eq!(
            parse(&b"\"b,c \"\"d\"\"\",a\n1,2"[..], &named).unwrap(),
            expected
        );
        assert_eq!(parse(&b"2,1"[..], &named).unwrap(), expected);
        let numbered = variables(&["V0", "V1"]);
        assert_eq!(parse(&b"x,y\n2,1"[..], &numbered).unwrap(), expected);
        assert_eq!(parse(&b"V1,V0\n1,2"[..], &numbered).unwrap(), expected);
        assert!(error("a,c\n1,2", &["a", "b"]).contains("no column `b`"));
        assert!(error("a,a\n1,2", &["a", "b"]).contains("no column `a`, or more"));
    }

    #[test]
    fn wrong_rows_are_named() {
        assert_eq!(
            error("a,b\n1,2\n1,2,3\n", &["a", "b"]),
            "row 2 has 3 fields, the network 2 variables"
        );
        assert!(error("b,c,a\n1,2,3\n", &["a", "b"]).contains("row 1 has 3 fields"));
        assert!(
            error("1,2\n1,x\n", &["a", "b"]).contains("row 2, column 2: \"x\" is not a number")
        );
        assert!(error("1,2\n1,inf\n", &["a", "b"]).contains("\"inf\" is not a number"));
        assert!(error("1,2\n1,\"2\n", &["a", "b"]).contains("row 2: a quoted field"));
        assert!(error("1,2\n\"1\"3,2\n", &["a", "b"]).contains("row 2: a quoted field"));
        assert!(error("1,x\n", &["V0", "V1"]).contains("row 1, column 2: \"x\""));
        assert_eq!(error("a,b\n\n", &["a", "b"]), "no rows");
        assert_eq!(error("", &["a"]), "no rows");
        assert!(parse(&b"1,\xff\n"[..], &variables(&["a", "b"])).is_err());
    }

    #[test]
    fn compressed_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv.gz");
        let file = File::create(&path).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gzip.write_all(b"1,0\n0,\n").unwrap();
        gzip.finish().unwrap();
        let rows = read(&path, &variables(&["a", "b"])).unwrap();
        assert_eq!(
            rows,
            [vec![O(1.0), O(0.0)], vec![O(0.0), Evidence::Missing]]
        );
        std::fs::write(&path, [0x1f, 0x8b, 8, 0]).unwrap();
        let error = read(&path, &variables(&["a", "b"])).unwrap_err();
        assert!(error.to_string().contains("rows.csv.gz"), "{error}");
    }
}
