//! `halfmask bench cryptonets`: the CryptoNets-ReLU network on the MNIST test set, server and client as two processes.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use halfmask_models::bridge::mpc::relu::ReluProtocol;
use halfmask_models::bridge::session::Kernels;
use halfmask_models::nn::plan::Plan;
use halfmask_models::nn::planner::Output;

use super::labels::{Agreement, Classes, parse_classes};
use super::record::{Beside, PeakMemory, Record};
use super::{processes, summary, table};
use crate::data::{Dataset, mnist_test};
use crate::engine::{Chosen, EngineOptions};
use crate::exit::Error;
use crate::infer::{check_count, progress_bar};
use crate::machine::{self, Machine};
use crate::model::{Model, ModelSource};
use crate::net::Network;
use crate::output;
use crate::random::Source;
use crate::report::{self, ClientReport, ServerReport, images_per_second};

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// The model.
    pub model: ModelSource,
    /// Take only so many images.
    pub images: Option<NonZeroUsize>,
    /// The most images a batch.
    pub batch: usize,
    /// Threads of each process.
    pub threads: usize,
    /// The data folder that the user names.
    pub data: Option<PathBuf>,
    /// The longest silence between the processes.
    pub timeout: Duration,
    /// Instruction set, by its name on the command line.
    pub simd: &'static str,
    /// Where to write the record.
    pub json: Option<PathBuf>,
    /// What connects the processes.
    pub network: Network,
    /// The same, as kernels.
    pub kernels: Kernels,
    /// How the engine is chosen.
    pub engine: EngineOptions,
    /// What to run.
    pub profile: Profile,
    /// Make ahead of each batch what needs no input.
    pub preprocess: bool,
    /// More arguments for both processes.
    pub pass_on: Vec<String>,
}

/// Whose protocol runs.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// This project's.
    #[default]
    Halfmask,
    /// This project's, and then the published ReLU circuit in its place.
    Mp2ml,
}

/// Runs the benchmark and prints its table.
///
/// # Errors
/// Unusable model, data or options, a failed process, or a record that cannot be written.
pub fn run(options: &Options) -> Result<(), Error> {
    let (model, chosen) = prepare(options, &options.engine)?;
    let data = load_data(options, &model)?;
    if let Some(note) = &data.note {
        // Before anything takes time; the table repeats it.
        let _ = writeln!(io::stderr(), "halfmask: {note}");
    }
    let mut record = one(options, &model, &chosen, &data)?;
    if options.profile == Profile::Mp2ml {
        let baseline = EngineOptions {
            relu: Some(ReluProtocol::Mp2ml),
            ..options.engine.clone()
        };
        let (model, chosen) = prepare(options, &baseline)?;
        let ours = Beside::of(&record);
        record = one(options, &model, &chosen, &data)?;
        record.beside = Some(ours);
    }
    if let Some(json) = &options.json {
        report::write_json(&record, json)?;
    }
    output::print(&table::render(&record))
}

/// Plans the model with an engine for the benchmark's batches.
fn prepare(options: &Options, engine: &EngineOptions) -> Result<(Model, Chosen), Error> {
    // A batch is no larger than what there is.
    let asked = options.images.map_or(usize::MAX, NonZeroUsize::get);
    let images = options.batch.min(asked);
    options
        .model
        .load_for(Output::Class, engine, images, options.kernels.mpc)
}

/// One run with one engine.
fn one(options: &Options, model: &Model, chosen: &Chosen, data: &Dataset) -> Result<Record, Error> {
    let folder = temporary("a folder for the processes' files")?;
    let measured = measure(options, chosen, data, folder.path())?;
    let classes = Classes::compute(model, &data.images, measured.classes.clone())?;
    let agreement = classes.agreement(&data.labels);
    if let Some(image) = agreement.broken_proofs.first() {
        return Err(Error::Failed(format!(
            "image {image} has another class than the twin's bound proves: the protocol or the bound is wrong"
        )));
    }
    Ok(record(options, model, chosen, data, &measured, agreement))
}

/// The test images of a benchmark, the first `wanted` of them, for a model that takes `input`.
pub(super) fn test_images(
    folder: Option<&Path>,
    wanted: Option<NonZeroUsize>,
    input: [usize; 3],
) -> Result<Dataset, Error> {
    let mut data = mnist_test(folder)?;
    let [channels, rows, columns] = input;
    let images = &mut data.images;
    if [1, images.rows, images.cols] != input {
        return Err(Error::Usage(format!(
            "the images of {} are 1x{}x{}, the model takes {channels}x{rows}x{columns}",
            data.name, images.rows, images.cols
        )));
    }
    if let Some(wanted) = wanted.map(NonZeroUsize::get) {
        check_count(wanted, images.count, data.name)?;
        images.truncate(wanted);
        data.labels.truncate(wanted);
    }
    if images.count == 0 {
        return Err(Error::Usage(format!("{}: no images", data.name)));
    }
    Ok(data)
}

fn load_data(options: &Options, model: &Model) -> Result<Dataset, Error> {
    let input = model.network.input;
    let data = test_images(options.data.as_deref(), options.images, input)?;
    let most = model.planned.plan.max_batch();
    if options.batch > most {
        return Err(Error::Usage(format!(
            "--batch {}: the plan takes at most {most} images a batch",
            options.batch
        )));
    }
    Ok(data)
}

/// What the two processes did.
struct Measured {
    classes: Vec<usize>,
    client: ClientReport,
    server: ServerReport,
}

fn measure(
    options: &Options,
    chosen: &Chosen,
    data: &Dataset,
    folder: &Path,
) -> Result<Measured, Error> {
    let [images, classes, client_report, server_report] =
        ["images.idx", "classes.txt", "client.json", "server.json"].map(|name| folder.join(name));
    let content = data
        .images
        .encode()
        .ok_or_else(|| Error::Usage(format!("{}: too many images", data.name)))?;
    output::write_whole(&images, &content)?;
    let program = env::current_exe().map_err(|source| Error::System {
        what: "find this program's file".into(),
        source,
    })?;
    let serve = Arguments::default()
        .value(options.model.argument())
        .option("--listen", "127.0.0.1:0")
        .option("--report", &server_report)
        .option("--relu", chosen.engine.relu.to_string())
        .option("--ot", chosen.engine.cot.to_string())
        .option("--plan-for", options.engine.network.to_string())
        .option("--segment", chosen.segment.to_string())
        .shared(options);
    let infer = |address: &str| {
        Arguments::default()
            .option("--connect", address)
            .option("--input", &images)
            .option("--output", &classes)
            .option("--report", &client_report)
            .option("--batch", options.batch.to_string())
            .value("--progress-lines".into())
            .flag("--preprocess", options.preprocess)
            .shared(options)
            .0
    };
    let bar = progress_bar(data.images.count, "images");
    let (shown, total) = (bar.clone(), data.images.count);
    let plain = !io::stderr().is_terminal();
    processes::run(&program, &serve.0, infer, move |done| {
        shown.set_position(done);
        if plain && done > 0 {
            let _ = writeln!(io::stderr(), "halfmask: {done} of {total} images");
        }
    })
    .inspect_err(|_| bar.finish_and_clear())?;
    bar.finish_and_clear();
    let text = output::read_text(&classes).map_err(|error| Error::Failed(error.to_string()))?;
    let measured = Measured {
        classes: parse_classes(&text, data.images.count).map_err(Error::Failed)?,
        client: report::read(&client_report)?,
        server: report::read(&server_report)?,
    };
    summary::reconcile(&measured.client, &measured.server)?;
    Ok(measured)
}

/// Arguments of a process.
#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn value(mut self, value: OsString) -> Self {
        self.0.push(value);
        self
    }

    fn option(self, name: &str, value: impl Into<OsString>) -> Self {
        self.value(name.into()).value(value.into())
    }

    fn flag(self, name: &str, set: bool) -> Self {
        if set { self.value(name.into()) } else { self }
    }

    /// What both processes are told.
    fn shared(self, options: &Options) -> Self {
        let mut arguments = self
            .option("--threads", options.threads.to_string())
            .option("--simd", options.simd)
            .option("--network", options.network.to_string())
            .option("--timeout", options.timeout.as_secs_f64().to_string());
        arguments
            .0
            .extend(options.pass_on.iter().map(OsString::from));
        arguments
    }
}

fn temporary(what: &str) -> Result<tempfile::TempDir, Error> {
    tempfile::Builder::new()
        .prefix("halfmask-")
        .tempdir()
        .map_err(|source| Error::System {
            what: format!("make {what}"),
            source,
        })
}

fn record(
    options: &Options,
    model: &Model,
    chosen: &Chosen,
    data: &Dataset,
    measured: &Measured,
    agreement: Agreement,
) -> Record {
    let (client, server) = (&measured.client, &measured.server);
    let plan: &Plan = &model.planned.plan;
    let commit = machine::commit();
    let images = client.images;
    Record {
        name: "cryptonets".into(),
        protocol: "hybrid".into(),
        profile: match chosen.engine.relu {
            ReluProtocol::Mp2ml => "mp2ml".into(),
            ReluProtocol::Garbled | ReluProtocol::Ot => "halfmask".into(),
        },
        relu: chosen.engine.relu.to_string(),
        engine: Some(chosen.engine),
        engine_reason: chosen.why.clone(),
        segment: chosen.segment,
        preprocess: options.preprocess,
        network: options.network,
        model: plan.model.clone(),
        data: data.name.into(),
        data_note: data.note.clone(),
        images,
        batch: options.batch,
        batches: client.batches,
        images_per_second: images_per_second(images, client.seconds_total),
        seconds_total: client.seconds_total,
        images_per_second_online: images_per_second(
            images,
            client.seconds_total - summary::seconds_offline(client),
        ),
        seconds_offline: summary::seconds_offline(client),
        seconds_setup: client.seconds_setup,
        accuracy: agreement.accuracy,
        plain_accuracy: agreement.plain_accuracy,
        twin_agreement: agreement.twin,
        float_agreement: agreement.float,
        twin_disagreements: agreement.twin_disagreements,
        certified: agreement.certified,
        bytes_per_image: summary::bytes_per_image(client),
        bytes_setup: summary::bytes_setup(client),
        bytes_offline_per_image: summary::bytes_offline_per_image(client),
        bytes_per_relu: summary::bytes_per_relu(client, plan),
        bytes_per_relu_online: summary::bytes_per_relu_online(client, plan),
        and_gates_per_relu: plan.relu_and_gates() as f64 / plan.relus().max(1) as f64,
        relus_per_image: plan.relus(),
        seconds_per_relu: summary::seconds_per_relu(client, plan),
        rounds: summary::rounds(client),
        layers: summary::layers(client, server, plan, &model.network),
        phases: summary::phases(client, server),
        bytes_by_part: summary::bytes_by_part(client),
        peak_rss_bytes: PeakMemory {
            client: client.process.peak_rss_bytes,
            server: server.process.peak_rss_bytes,
        },
        security_bits: plan
            .check()
            .map_or(0, |parameters| parameters.security_bits()),
        parameters: summary::parameters(plan),
        plan_digest: client.process.plan_digest.clone(),
        threads: options.threads,
        machine: Machine::here(client.process.simd.clone()),
        commit: commit.hash,
        dirty: commit.dirty,
        rustc: machine::compiler().into(),
        debug_assertions: cfg!(debug_assertions),
        deterministic: Source::default().deterministic(),
        timestamp: machine::timestamp(),
        beside: None,
    }
}
