//! `halfmask experiment report`: CSV, plots and tables of the newest runs.
//!
//! | file | what |
//! |---|---|
//! | `ID.csv` | all points of an experiment's run, in long form |
//! | `plots/NAME.svg`, `.png` | its plots |
//! | `tex/NAME.tex` | a float for each plot and table, to be `\input` |
//! | `tex/values.tex` | measured and published value of every claim, as macros |
//!
//! Everything is made before anything is written, and every file is whole or as it was.

mod csv;
mod latex;
mod markdown;
mod note;
mod tables;
mod values;

use std::fs;
use std::path::{Path, PathBuf};

use self::note::note;
use super::claims::{Assessment, Records};
use super::definition::{Artefact, Experiment, Plot, Scale, Table};
use super::selection::Selection;
use super::store::Store;
use crate::bench::table::table;
use crate::exit::Error;
use crate::output;
use crate::plot;

/// What to report.
#[derive(Clone, Debug)]
pub struct Options {
    /// The experiments, of which those with records are reported.
    pub experiments: Vec<&'static Experiment>,
    /// The newest runs of this scale, instead of the newest of all.
    pub scale: Option<Scale>,
    /// Where records are, and files go.
    pub store: Store,
    /// Pages whose generated tables are to be replaced.
    pub pages: Vec<PathBuf>,
}

/// Writes the report, and prints what was written.
///
/// # Errors
/// [`Error::Usage`] if there is no record to report, or a page has no place for a table; [`Error::Failed`] if something cannot be drawn;
/// [`Error::Write`].
pub fn run(options: &Options) -> Result<(), Error> {
    let report = Report::of(options)?;
    let pages: Vec<(&Path, String)> = options
        .pages
        .iter()
        .map(|path| {
            Ok((
                path.as_path(),
                report.page(path, &output::read_text(path)?)?,
            ))
        })
        .collect::<Result<_, Error>>()?;
    let folder = options.store.folder();
    for file in &report.files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|source| Error::Write {
                path: parent.to_owned(),
                source,
            })?;
        }
        output::write_whole(&path, &file.content)?;
    }
    for (path, text) in &pages {
        output::write_whole(path, text.as_bytes())?;
    }
    let mut rows: Vec<Vec<String>> = report.files.iter().map(|file| file.row(folder)).collect();
    rows.extend(pages.iter().map(|(path, _)| {
        let path = path.display().to_string();
        vec![path, "generated tables".into(), String::new()]
    }));
    output::print(&format!("{}\n", table(&["written", "what", "of"], rows, 3)))
}

/// A file of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// In the folder of results.
    pub path: PathBuf,
    /// Its bytes.
    pub content: Vec<u8>,
    /// What it shows.
    pub what: &'static str,
    /// The run that it is of.
    pub of: String,
}

impl File {
    fn row(&self, folder: &Path) -> Vec<String> {
        let path = folder.join(&self.path).display().to_string();
        vec![path, self.what.to_owned(), self.of.clone()]
    }
}

/// All files of a report, and its tables for pages.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order in which they are written.
    pub files: Vec<File>,
    /// Every table with the note that ends its caption.
    tables: Vec<(Table, String)>,
}

impl Report {
    /// Makes a report of the newest runs.
    ///
    /// # Errors
    /// As [`run`], but nothing is written.
    pub fn of(options: &Options) -> Result<Self, Error> {
        let records = Records::read(&options.store)?;
        let mut report = Self::default();
        let mut reported = Vec::new();
        for &experiment in &options.experiments {
            let run = records.newest(experiment.id, options.scale);
            let artefacts = (experiment.report)(&run);
            reported.push((experiment, artefacts.iter().map(Artefact::name).collect()));
            if !run.is_empty() {
                report.experiment(experiment, &run, artefacts)?;
            }
        }
        if report.files.is_empty() {
            return Err(Error::Usage(format!(
                "no records to report in {}: begin with `halfmask experiment run`",
                options.store.folder().join("raw").display()
            )));
        }
        let experiments = tables::experiments(&reported);
        report.tables.push((experiments, String::new()));
        report.claims(&records.assess(options.scale));
        Ok(report)
    }

    /// A page with the tables of this report in place of those between its markers.
    ///
    /// # Errors
    /// [`Error::Usage`] if the page has none, or one of them is not in this report.
    pub fn page(&self, path: &Path, text: &str) -> Result<String, Error> {
        markdown::rewrite(text, path, &self.tables)
    }

    fn experiment(
        &mut self,
        experiment: &Experiment,
        run: &Selection,
        artefacts: Vec<Artefact>,
    ) -> Result<(), Error> {
        let note = note(&[run]);
        let of = run.records().first().map_or_else(String::new, |record| {
            format!("{}, {}, {}", experiment.id, record.scale.name(), record.run)
        });
        let csv = csv::render(run.records());
        self.add(format!("{}.csv", experiment.id), csv, "points", &of);
        for artefact in artefacts {
            match artefact {
                Artefact::Plot(plot) => self.plot(&plot, &note, &of)?,
                Artefact::Table(table) => self.table(table, note.clone(), &of),
            }
        }
        Ok(())
    }

    fn claims(&mut self, assessments: &[Assessment]) {
        let runs: Vec<&Selection> = assessments.iter().map(|a| &a.run).collect();
        let note = note(&runs);
        let of = "claims";
        self.table(tables::headline(assessments), note.clone(), of);
        self.table(tables::claims(assessments), note, of);
        self.add(
            "tex/values.tex".into(),
            values::render(assessments),
            "values",
            of,
        );
    }

    fn plot(&mut self, plot: &Plot, note: &str, of: &str) -> Result<(), Error> {
        let name = plot.name;
        let failed = |error: plot::PlotError| Error::Failed(format!("plot {name}: {error}"));
        let svg = plot::svg(&plot.figure).map_err(failed)?;
        let png = plot::png(&svg).map_err(failed)?;
        self.add(format!("plots/{name}.svg"), svg, "plot", of);
        self.add(format!("plots/{name}.png"), png, "plot", of);
        self.add(
            format!("tex/{name}.tex"),
            latex::figure(plot, note),
            "figure",
            of,
        );
        Ok(())
    }

    fn table(&mut self, table: Table, note: String, of: &str) {
        let tex = latex::table(&table, &note);
        self.add(format!("tex/{}.tex", table.name), tex, "table", of);
        self.tables.push((table, note));
    }

    fn add(&mut self, path: String, content: impl Into<Vec<u8>>, what: &'static str, of: &str) {
        self.files.push(File {
            path: path.into(),
            content: content.into(),
            what,
            of: of.to_owned(),
        });
    }
}
