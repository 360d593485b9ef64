//! `halfmask bench cryptonets --protocol he`: the network with squares under CKKS, no interaction.
//!
//! Both parties run in this process, on a thread and a pool each; all that they share is a TCP connection on loopback
//! (or an emulated network over it), whose bytes are counted. The server is never given the secret key.

mod record;
mod table;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use halfmask_models::Error as ModelError;
use halfmask_models::bridge::session::Kernels;
use halfmask_models::hello::PublicPlan;
use halfmask_models::nn::float;
use halfmask_models::nn::graph::Network as Model;
use halfmask_models::nn::he::{Client, Packing, Planned, Server, plan};
use rayon::prelude::*;

use super::cryptonets::test_images;
use super::labels::{Agreement, Classes};
use super::summary;
use crate::data::{Dataset, Images};
use crate::exit::Error;
use crate::infer::batches;
use crate::machine;
use crate::model::{ModelSource, hexadecimal};
use crate::net::Network;
use crate::output;
use crate::random::Source;
use crate::report::{self, ClientReport, Process, ServerReport};

pub use record::Record;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// The model.
    pub model: ModelSource,
    /// Images of a slot.
    pub packing: Packing,
    /// Take only so many images.
    pub images: Option<NonZeroUsize>,
    /// The most images a batch; as many as there are slots for if not given.
    pub batch: Option<NonZeroUsize>,
    /// Threads of each party.
    pub threads: usize,
    /// The data folder that the user names.
    pub data: Option<PathBuf>,
    /// The longest silence between the parties.
    pub timeout: Duration,
    /// What connects them.
    pub network: Network,
    /// Instruction sets.
    pub kernels: Kernels,
    /// Randomness.
    pub random: Source,
    /// Where to write the record.
    pub json: Option<PathBuf>,
}

/// What the parties did.
struct Measured {
    scores: Vec<Vec<f64>>,
    client: ClientReport,
    server: ServerReport,
    seconds_batches: Vec<f64>,
}

/// Runs the benchmark and prints its table.
///
/// # Errors
/// Unusable model, data or options, a failed session, or a record that cannot be written.
pub fn run(options: &Options) -> Result<(), Error> {
    let model = options.model.network()?;
    let failed = |source| Error::Model {
        model: model.name.clone(),
        source,
    };
    let planned = plan(&model, options.packing).map_err(failed)?;
    let most = planned.plan.max_batch();
    let batch = options.batch.map_or(most, NonZeroUsize::get);
    if batch > most {
        return Err(Error::Usage(format!(
            "--batch {batch}: the plan takes at most {most} images a batch"
        )));
    }
    let data = test_images(options.data.as_deref(), options.images, model.input)?;
    let (plan, report) = (planned.plan.clone(), planned.report.clone());
    let expected = classes(&model, &planned, &data.images)?;
    let measured = measure(options, planned, &data.images, batch)?;
    let agreement = compare(expected, &measured, &data)?;
    let record = record::of(options, &plan, &report, batch, &data, &measured, agreement)?;
    if let Some(json) = &options.json {
        report::write_json(&record, json)?;
    }
    output::print(&table::render(&record))
}

/// Pixels as the model takes them.
fn pixels(images: &Images, index: usize) -> Vec<f64> {
    let image = images.image(index).unwrap_or_default();
    image.iter().map(|p| f64::from(*p) / 255.0).collect()
}

/// Classes of the twin and of the float model; those of the protocol are not known yet.
fn classes(model: &Model, planned: &Planned, images: &Images) -> Result<Classes, Error> {
    let twin = planned.twin();
    let one = |index| -> Result<_, ModelError> {
        let values = pixels(images, index);
        Ok((twin.certify(&values)?, float::classify(model, &values)?))
    };
    let all = (0..images.count)
        .into_par_iter()
        .map(one)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| Error::Model {
            model: model.name.clone(),
            source,
        })?;
    Ok(Classes {
        private: Vec::new(),
        twin: all.iter().map(|((class, _), _)| *class).collect(),
        certified: all.iter().map(|((_, certain), _)| *certain).collect(),
        float: all.into_iter().map(|(_, class)| class).collect(),
    })
}

fn compare(mut classes: Classes, measured: &Measured, data: &Dataset) -> Result<Agreement, Error> {
    let class = |scores: &Vec<f64>| float::argmax(scores).unwrap_or_default();
    classes.private = measured.scores.iter().map(class).collect();
    let agreement = classes.agreement(&data.labels);
    match agreement.broken_proofs.first() {
        None => Ok(agreement),
        Some(image) => Err(Error::Failed(format!(
            "image {image} has another class than the twin's bound proves: the protocol or the bound is wrong"
        ))),
    }
}

/// Both parties, until the client has all scores.
fn measure(
    options: &Options,
    planned: Planned,
    images: &Images,
    batch: usize,
) -> Result<Measured, Error> {
    let system = |what: &str| {
        let what = what.to_owned();
        move |source| Error::System { what, source }
    };
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(system("listen on loopback"))?;
    let address = listener
        .local_addr()
        .map_err(system("listen on loopback"))?;
    let pool = || {
        rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .build()
            .map_err(|error| Error::Failed(format!("cannot start a thread pool: {error}")))
    };
    let (serving, asking) = (pool()?, pool()?);
    let served = move || -> Result<ServerReport, Error> {
        let (stream, _) = listener.accept().map_err(system("accept a connection"))?;
        serving.install(|| serve(options, planned, stream))
    };
    thread::scope(|scope| {
        let server = scope.spawn(served);
        let asked = asking.install(|| ask(options, address, images, batch));
        let server = server
            .join()
            .map_err(|_| Error::Failed("the server's thread ended early".into()))?;
        let ((scores, client, seconds_batches), server) = match (asked, server) {
            (Ok(asked), Ok(server)) => (asked, server),
            // The server's reason comes first: the client only saw its end.
            (_, Err(error)) | (Err(error), _) => return Err(error),
        };
        summary::reconcile(&client, &server)?;
        Ok(Measured {
            scores,
            client,
            server,
            seconds_batches,
        })
    })
}

fn session(source: ModelError) -> Error {
    Error::Session {
        with: "the other party".into(),
        source,
    }
}

fn process(options: &Options, plan_digest: &[u8; 32]) -> Process {
    Process {
        // Both parties are in one process: its memory is theirs together.
        peak_rss_bytes: machine::peak_memory(),
        threads: options.threads,
        simd: options.kernels.he.to_string(),
        plan_digest: hexadecimal(plan_digest),
        network: options.network,
    }
}

/// The server's side: one session.
fn serve(options: &Options, planned: Planned, stream: TcpStream) -> Result<ServerReport, Error> {
    let digest = planned.plan.digest().map_err(session)?;
    let server = Server::new(planned, options.kernels).map_err(session)?;
    let mut channel = options
        .network
        .channel(stream, options.timeout)
        .map_err(|error| session(error.into()))?;
    let random = options.random.session("server", 0)?;
    let mut connection = server.accept(&mut channel, random).map_err(session)?;
    let (mut images, mut batches) = (0, 0);
    while let Some(count) = connection.serve_batch(&mut channel).map_err(session)? {
        images += count;
        batches += 1;
    }
    Ok(ServerReport {
        process: process(options, &digest),
        sessions: 1,
        images,
        batches,
        meter: channel.take_meter(),
    })
}

type Asked = (Vec<Vec<f64>>, ClientReport, Vec<f64>);

/// The client's side: all images, batch by batch.
fn ask(
    options: &Options,
    address: SocketAddr,
    images: &Images,
    batch: usize,
) -> Result<Asked, Error> {
    let stream = TcpStream::connect(address).map_err(|source| Error::System {
        what: format!("connect to {address}"),
        source,
    })?;
    let start = Instant::now();
    let mut channel = options
        .network
        .channel_unblocked(stream, options.timeout)
        .map_err(|error| session(error.into()))?;
    let random = options.random.session("client", 0)?;
    let mut client =
        Client::connect(&mut channel, None, random, options.kernels).map_err(session)?;
    let seconds_setup = start.elapsed().as_secs_f64();
    let digest = client.plan().digest().map_err(session)?;

    let ranges = batches(images.count, batch);
    let (mut scores, mut seconds) = (Vec::with_capacity(images.count), Vec::new());
    let start = Instant::now();
    for range in &ranges {
        let begin = Instant::now();
        let values: Vec<Vec<f64>> = range.clone().map(|index| pixels(images, index)).collect();
        let rows: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        scores.extend(client.infer(&mut channel, &rows).map_err(session)?);
        seconds.push(begin.elapsed().as_secs_f64());
    }
    let seconds_total = start.elapsed().as_secs_f64();
    client.finish(&mut channel).map_err(session)?;
    let report = ClientReport {
        process: process(options, &digest),
        images: images.count,
        batches: ranges.len(),
        seconds_setup,
        seconds_total,
        meter: channel.take_meter(),
    };
    Ok((scores, report, seconds))
}
