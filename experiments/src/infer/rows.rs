//! Queries about rows of evidence to a server of a sum-product network.

use halfmask_models::hello::PublicPlan;
use std::fs::File;
use std::num::NonZeroUsize;
use std::time::Instant;

use halfmask_models::spn::graph::{Evidence, Variable};
use halfmask_models::spn::party::{Client, rows_at_once};
use halfmask_models::spn::plan::Plan;
use halfmask_models::spn::query::{Answer, Query as Asked};

use super::{Connected, Options, Progress, batches};
use crate::exit::Error;
use crate::output;
use crate::report::{self, ClientReport, images_per_second};
use crate::spn::eval::Query;
use crate::spn::{answers, rows};

/// Rows a request where nothing else is said: as many as a ciphertext has coefficients.
const DEFAULT_ROWS: usize = 4096;

/// Asks about the rows, and writes an answer a line.
pub(super) fn run(options: &Options, query: &Query) -> Result<(), Error> {
    // Rows are read once the server has said what the columns are; that there is a file can be known before.
    File::open(&options.input).map_err(|error| {
        Error::Usage(format!("cannot read {}: {error}", options.input.display()))
    })?;
    output::check_target("--output", &options.output)?;
    let failed = |source| options.failed(source);
    let Connected {
        mut client,
        mut channel,
        seconds_setup,
    } = options.open(Client::connect)?;
    let (rows, asked) = match read(&client, options, query) {
        Ok(read) => read,
        Err(error) => {
            // The server did nothing wrong: take leave of it before failing.
            client.finish(&mut channel).map_err(failed)?;
            return Err(error);
        }
    };
    let kind = asked.kind();
    let most = rows_at_once(client.plan(), client.shape(), kind);
    let batch = options.batch.map_or(DEFAULT_ROWS, NonZeroUsize::get);
    let batch = batch.min(most);
    let batches = batches(rows.len(), batch);
    let progress = Progress::new(rows.len(), "rows", options.progress_lines);
    let mut texts = Vec::with_capacity(batches.len());
    let (mut done, mut clamped) = (0, 0);
    let start = Instant::now();
    for range in &batches {
        if options.preprocess {
            client
                .prepare(&mut channel, kind, range.len())
                .map_err(failed)?;
        }
        let rows = rows.get(range.clone()).unwrap_or_default();
        let answer: Answer = client.infer(&mut channel, rows, &asked).map_err(failed)?;
        clamped += answer.clamped.iter().filter(|c| **c).count();
        texts.push(answers::render(&answer, rows));
        done += rows.len();
        progress.reached(done);
    }
    let seconds_total = start.elapsed().as_secs_f64();
    let digest = client.plan().digest().map_err(failed)?;
    client.finish(&mut channel).map_err(failed)?;
    progress.done();

    output::write_whole(&options.output, texts.concat().as_bytes())?;
    let report = ClientReport {
        process: options.process(&digest),
        images: rows.len(),
        batches: batches.len(),
        seconds_setup,
        seconds_total,
        meter: channel.take_meter(),
    };
    report::write(&report, options.report.as_deref())?;
    output::print(&summary(&report, clamped))
}

/// The rows and the query, checked against the server's plan.
fn read(
    client: &Client,
    options: &Options,
    query: &Query,
) -> Result<(Vec<Vec<Evidence>>, Asked), Error> {
    let variables = variables(client.plan());
    let rows = rows::read(&options.input, &variables)?;
    let rows = answers::prepare(rows, query);
    let asked = answers::asked(query, &variables)?;
    client
        .check(&rows, &asked)
        .map_err(|error| Error::Usage(format!("{}: {error}", options.input.display())))?;
    Ok((rows, asked))
}

/// The columns, as files name them.
fn variables(plan: &Plan) -> Vec<Variable> {
    let names = plan.variables.iter().map(|variable| Variable {
        name: variable.name.clone(),
    });
    names.collect()
}

fn summary(report: &ClientReport, clamped: usize) -> String {
    let mut text = format!(
        "answered {} rows in {:.3} s ({:.1} rows/s) after {:.3} s of set-up\n",
        report.images,
        report.seconds_total,
        images_per_second(report.images, report.seconds_total),
        report.seconds_setup
    );
    if clamped > 0 {
        text.push_str(&format!(
            "{clamped} of them with values outside the model's public ranges, moved to their ends\n"
        ));
    }
    text
}
