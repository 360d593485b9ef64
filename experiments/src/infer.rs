//! `halfmask infer`: the party that holds the images, or the rows of evidence.

mod answers;
mod rows;

use halfmask_models::hello::PublicPlan;
use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use halfmask_models::bridge::mpc::channel::Channel;
use halfmask_models::bridge::session::{Kernels, Randomness};
use halfmask_models::nn::party::Client;
use halfmask_models::nn::plan::{InputPlan, Plan};
use indicatif::{ProgressBar, ProgressStyle};

use answers::Answers;

use crate::data::{Images, Labels};
use crate::exit::Error;
use crate::machine;
use crate::model::hexadecimal;
use crate::net::{self, Network};
use crate::output;
use crate::random::Source;
use crate::report::{self, ClientReport, Process, images_per_second};
use crate::spn::eval::Query;

/// Images a batch where nothing else is said: as many as a ciphertext of the throughput parameters takes.
pub const DEFAULT_BATCH: usize = 2048;

/// What progress lines begin with.
pub const PROGRESS_LINE: &str = "progress ";

/// What is asked of the server.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Classes of images, of a neural network.
    Images {
        /// An IDX file of labels to compare with.
        labels: Option<PathBuf>,
        /// Take only so many images.
        images: Option<NonZeroUsize>,
    },
    /// A query about rows of evidence, of a sum-product network.
    Rows(Query),
}

/// What to ask, about what, whom, and what to do with the answers.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server, as the user named it.
    pub connect: String,
    /// The same, resolved.
    pub addresses: Vec<SocketAddr>,
    /// What is asked.
    pub ask: Ask,
    /// An IDX file of images, or CSV with rows of evidence.
    pub input: PathBuf,
    /// Where the answers go, one a line, or the scores, as CSV.
    pub output: PathBuf,
    /// Images or rows a batch.
    pub batch: Option<NonZeroUsize>,
    /// The longest silence of the server.
    pub timeout: Duration,
    /// The network that what this party sends travels over.
    pub network: Network,
    /// The plan that the server must have.
    pub expect_plan: Option<[u8; 32]>,
    /// Instruction sets.
    pub kernels: Kernels,
    /// Randomness.
    pub random: Source,
    /// Make ahead of each batch what needs no input.
    pub preprocess: bool,
    /// Where to write a [`ClientReport`].
    pub report: Option<PathBuf>,
    /// Progress as lines on standard error, for another program.
    pub progress_lines: bool,
}

/// Asks.
///
/// # Errors
/// Unusable files or options, an unreachable server, or a failed session.
pub fn run(options: &Options) -> Result<(), Error> {
    match &options.ask {
        Ask::Images { labels, images } => classify(options, labels.as_deref(), *images),
        Ask::Rows(query) => rows::run(options, query),
    }
}

/// A client of either kind, connected.
struct Connected<C> {
    client: C,
    channel: Channel,
    seconds_setup: f64,
}

impl Options {
    fn failed(&self, source: halfmask_models::Error) -> Error {
        Error::Session {
            with: format!("server {}", self.connect),
            source,
        }
    }

    /// Connects, and sets up by `setup`.
    fn open<C>(
        &self,
        setup: impl FnOnce(
            &mut Channel,
            Option<[u8; 32]>,
            Randomness,
            Kernels,
        ) -> Result<C, halfmask_models::Error>,
    ) -> Result<Connected<C>, Error> {
        let random = self.random.session("client", 0)?;
        let stream = net::connect(&self.connect, &self.addresses)?;
        let start = Instant::now();
        let mut channel = self
            .network
            .channel_unblocked(stream, self.timeout)
            .map_err(|error| self.failed(error.into()))?;
        let client = setup(&mut channel, self.expect_plan, random, self.kernels)
            .map_err(|error| self.failed(error))?;
        let seconds_setup = start.elapsed().as_secs_f64();
        tracing::info!(seconds = seconds_setup, "connected");
        Ok(Connected {
            client,
            channel,
            seconds_setup,
        })
    }

    /// What this process says of its run.
    fn process(&self, plan_digest: &[u8; 32]) -> Process {
        Process {
            peak_rss_bytes: machine::peak_memory(),
            threads: rayon::current_num_threads(),
            simd: machine::kernels_name(self.kernels),
            plan_digest: hexadecimal(plan_digest),
            network: self.network,
        }
    }
}

/// Classifies images.
fn classify(
    options: &Options,
    labels: Option<&Path>,
    wanted: Option<NonZeroUsize>,
) -> Result<(), Error> {
    let images = read_images(options, wanted)?;
    let labels = read_labels(labels, images.count, wanted)?;
    output::check_target("--output", &options.output)?;

    let failed = |source| options.failed(source);
    let Connected {
        mut client,
        mut channel,
        seconds_setup,
    } = options.open(Client::connect)?;
    let plan = client.plan().clone();
    let batch = match fit(&plan, &images, options.batch) {
        Ok(batch) => batch,
        Err(error) => {
            // The server did nothing wrong: take leave of it before failing.
            client.finish(&mut channel).map_err(failed)?;
            return Err(error);
        }
    };

    let batches = batches(images.count, batch);
    let progress = Progress::new(images.count, "images", options.progress_lines);
    let quantise = Quantise::new(&plan.input);
    let mut answers = Answers::default();
    let start = Instant::now();
    for range in &batches {
        if options.preprocess {
            client.prepare(&mut channel, range.len()).map_err(failed)?;
        }
        let quantised = quantise.images(&images, range.clone());
        let rows: Vec<&[i64]> = quantised.iter().map(Vec::as_slice).collect();
        answers.add(client.infer(&mut channel, &rows).map_err(failed)?);
        progress.reached(answers.classes().len());
    }
    let seconds_total = start.elapsed().as_secs_f64();
    client.finish(&mut channel).map_err(failed)?;
    progress.done();

    output::write_whole(&options.output, answers.text().as_bytes())?;
    let digest = plan.digest().map_err(failed)?;
    let report = ClientReport {
        process: options.process(&digest),
        images: images.count,
        batches: batches.len(),
        seconds_setup,
        seconds_total,
        meter: channel.take_meter(),
    };
    report::write(&report, options.report.as_deref())?;
    output::print(&summary(&report, &answers, labels.as_ref()))
}

fn read_images(options: &Options, wanted: Option<NonZeroUsize>) -> Result<Images, Error> {
    let mut images = Images::open(&options.input)?;
    let found = images.count;
    if let Some(wanted) = wanted.map(NonZeroUsize::get) {
        check_count(wanted, found, &options.input.display().to_string())?;
        images.truncate(wanted);
    }
    if images.count == 0 {
        return Err(Error::Usage(format!(
            "{}: no images",
            options.input.display()
        )));
    }
    Ok(images)
}

/// Refuses to take more images than there are.
pub(crate) fn check_count(wanted: usize, found: usize, place: &str) -> Result<(), Error> {
    if wanted <= found {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--images {wanted}: {place} has {found}"
    )))
}

fn read_labels(
    path: Option<&Path>,
    images: usize,
    wanted: Option<NonZeroUsize>,
) -> Result<Option<Labels>, Error> {
    let Some(path) = path else {
        return Ok(None);
    };
    let mut labels = Labels::open(path)?;
    let found = labels.values.len();
    // Fewer images may have been asked for than there are.
    if found < images || (wanted.is_none() && found != images) {
        return Err(Error::Usage(format!(
            "--labels {}: {found} labels for {images} images",
            path.display()
        )));
    }
    labels.truncate(images);
    Ok(Some(labels))
}

/// Checks images and batch against the plan; returns the batch.
fn fit(plan: &Plan, images: &Images, batch: Option<NonZeroUsize>) -> Result<usize, Error> {
    let expected = plan.input.shape.map(|size| size as usize);
    if expected != [1, images.rows, images.cols] {
        let [channels, rows, columns] = expected;
        return Err(Error::Usage(format!(
            "the images are 1x{}x{}, the model takes {channels}x{rows}x{columns}",
            images.rows, images.cols
        )));
    }
    let most = plan.max_batch();
    match batch.map(NonZeroUsize::get) {
        None => Ok(DEFAULT_BATCH.min(most)),
        Some(batch) if batch <= most => Ok(batch),
        Some(batch) => Err(Error::Usage(format!(
            "--batch {batch}: the plan takes at most {most} images a batch"
        ))),
    }
}

/// Splits `images` evenly into as few ranges of at most `batch` as possible.
pub(crate) fn batches(images: usize, batch: usize) -> Vec<Range<usize>> {
    let count = images.div_ceil(batch.max(1));
    let bound = |i: usize| i * (images / count) + i.min(images % count);
    (0..count).map(|i| bound(i)..bound(i + 1)).collect()
}

/// Grey values as the plan's integers.
pub(crate) struct Quantise([i64; 256]);

impl Quantise {
    /// A pixel is a value from 0 to 1.
    pub(crate) fn new(input: &InputPlan) -> Self {
        let mut table = [0; 256];
        for (pixel, value) in table.iter_mut().enumerate() {
            *value = input.quantise(pixel as f64 / 255.0);
        }
        Self(table)
    }

    /// The images of a range.
    pub(crate) fn images(&self, images: &Images, range: Range<usize>) -> Vec<Vec<i64>> {
        range
            .filter_map(|index| images.image(index))
            .map(|image| self.image(image))
            .collect()
    }

    /// One image.
    pub(crate) fn image(&self, image: &[u8]) -> Vec<i64> {
        let value = |pixel: &u8| self.0.get(usize::from(*pixel)).copied().unwrap_or(0);
        image.iter().map(value).collect()
    }
}

fn summary(report: &ClientReport, answers: &Answers, labels: Option<&Labels>) -> String {
    let classes = answers.classes();
    let mut text = format!(
        "classified {} images in {:.3} s ({:.1} images/s) after {:.3} s of set-up\n",
        report.images,
        report.seconds_total,
        images_per_second(report.images, report.seconds_total),
        report.seconds_setup
    );
    if let Some(step) = answers.step() {
        let _ = writeln!(text, "scores are rounded to multiples of {step}");
    }
    if let Some(labels) = labels {
        let pairs = classes.iter().zip(&labels.values);
        let right = pairs
            .filter(|(class, label)| **class == u32::from(**label))
            .count();
        let _ = writeln!(
            text,
            "accuracy {:.2} % ({right} of {})",
            100.0 * right as f64 / classes.len().max(1) as f64,
            classes.len()
        );
    }
    text
}

/// Progress for a person (a bar, hidden where standard error is no terminal) or for another program (lines).
struct Progress {
    bar: ProgressBar,
    total: usize,
    lines: bool,
}

impl Progress {
    fn new(total: usize, what: &'static str, lines: bool) -> Self {
        let bar = if lines {
            ProgressBar::hidden()
        } else {
            progress_bar(total, what)
        };
        let progress = Self { bar, total, lines };
        progress.reached(0);
        progress
    }

    fn reached(&self, count: usize) {
        self.bar.set_position(count as u64);
        if self.lines {
            use io::Write;
            let _ = writeln!(io::stderr(), "{PROGRESS_LINE}{count} {}", self.total);
        }
    }

    fn done(&self) {
        self.bar.finish_and_clear();
    }
}

/// A spinner with a message on standard error, if that is a terminal.
pub(crate) fn progress_spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let spinner = ProgressBar::new_spinner().with_style(style);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// A bar of inputs on standard error, if that is a terminal.
pub(crate) fn progress_bar(total: usize, what: &'static str) -> ProgressBar {
    let template = "{spinner} {bar:40} {pos} of {len} {msg}, {elapsed}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total as u64)
        .with_style(style)
        .with_message(what);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_few_and_even() {
        assert_eq!(batches(5, 2), [0..2, 2..4, 4..5]);
        let sizes: Vec<usize> = batches(10_000, 2048).iter().map(Range::len).collect();
        assert_eq!(sizes, [2000; 5]);
        for (images, batch) in [(1, 1), (4, 4), (3, 100), (17, 5), (2049, 2048), (1797, 64)] {
            let ranges = batches(images, batch);
            assert_eq!(ranges.len(), images.div_ceil(batch));
            let mut next = 0;
            for range in &ranges {
                assert_eq!(range.start, next);
                assert!((images / ranges.len()..=batch).contains(&range.len()));
                next = range.end;
            }
            assert_eq!(next, images);
        }
    }

    #[test]
    fn pixels_become_levels() {
        let input = InputPlan {
            shape: [1, 1, 3],
            max: 1.0,
            levels: 255,
            multiplier: 4,
        };
        assert_eq!(Quantise::new(&input).image(&[0, 7, 255]), [0, 7, 255]);
    }
}
