//! `halfmask serve`: the party that holds the model, a neural network or a sum-product network.

pub(crate) mod service;

use halfmask_models::hello::PublicPlan;
use std::fmt::Display;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use halfmask_models::bridge::mpc::channel::Meter;
use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::session::Kernels;
use halfmask_models::nn::planner::Output;
use halfmask_models::{nn, spn};

use crate::engine::EngineOptions;
use crate::exit::{Error, complain};
use crate::machine;
use crate::model::{ModelSource, hexadecimal};
use crate::net::{self, Accepted, Network};
use crate::output;
use crate::random::Source;
use crate::report::{self, Process, ServerReport};
use crate::spn::{model, plan};
use service::Service;

/// A model, and how to plan it.
#[derive(Clone, Debug)]
pub enum Model {
    /// A neural network, for images.
    Network {
        /// Which.
        source: ModelSource,
        /// What clients learn of an image.
        output: Output,
        /// How the engine is chosen.
        engine: EngineOptions,
        /// Images a batch that it is chosen for.
        batch: usize,
    },
    /// A sum-product network, for rows of evidence.
    Spn {
        /// Its file.
        path: PathBuf,
        /// The class variable, by name or number; that of the file if none.
        class: Option<String>,
        /// Where correlated OTs come from; `None`: the default.
        cot: Option<CotProtocol>,
        /// The link that circuits are garbled for.
        plan_for: Network,
    },
}

/// What to serve, where and for how long.
#[derive(Clone, Debug)]
pub struct Options {
    /// The model.
    pub model: Model,
    /// Where to listen, as the user named it.
    pub listen: String,
    /// The same, resolved.
    pub addresses: Vec<SocketAddr>,
    /// The longest silence of a client.
    pub timeout: Duration,
    /// The network that what this party sends travels over.
    pub network: Network,
    /// Sessions to serve; `None` until stopped.
    pub sessions: Option<NonZeroU64>,
    /// Instruction sets.
    pub kernels: Kernels,
    /// Randomness.
    pub random: Source,
    /// Where to write a [`ServerReport`].
    pub report: Option<PathBuf>,
}

/// A session served to its end.
struct Served {
    /// Images or rows.
    inputs: usize,
    batches: usize,
    meter: Meter,
}

/// Serves clients one after another.
///
/// # Errors
/// An unusable model or address; the first failed session, where a number of sessions was asked for. Otherwise a failed
/// session is reported on standard error and the next client is served.
pub fn run(options: &Options) -> Result<(), Error> {
    match &options.model {
        Model::Network {
            source,
            output,
            engine,
            batch,
        } => {
            let simd = options.kernels.mpc;
            let (model, _) = source.load_for(*output, engine, *batch, simd)?;
            let digest = model.planned.plan.digest();
            let digest = digest.map_err(|error| unfit(source.argument().display(), error))?;
            let server = nn::party::Server::new(model.planned, options.kernels);
            accept_clients(&server, options, &digest)
        }
        Model::Spn {
            path,
            class,
            cot,
            plan_for,
        } => {
            let name = path.display().to_string();
            let imported = model::load(path, class.as_deref())?;
            let engine = plan::engine(*cot, *plan_for, rayon::current_num_threads());
            let planned = plan::plan(&imported.spn, &name, engine)?;
            let failed = |error| unfit(path.display(), error);
            let digest = planned.plan.digest().map_err(failed)?;
            let server = spn::party::Server::new(planned, options.kernels).map_err(failed)?;
            accept_clients(&server, options, &digest)
        }
    }
}

/// A model that cannot be served.
fn unfit(model: impl Display, source: halfmask_models::Error) -> Error {
    Error::Model {
        model: model.to_string(),
        source,
    }
}

/// Listens, and serves clients one after another.
fn accept_clients<S: Service>(
    server: &S,
    options: &Options,
    plan_digest: &[u8; 32],
) -> Result<(), Error> {
    let listener = net::listen(&options.listen, &options.addresses)?;
    let address = listener.local_addr().map_err(system("listen"))?;
    output::print(&format!("listening on {address}\n"))?;
    tracing::info!(%address, plan = hexadecimal(plan_digest), "listening");

    let mut report = ServerReport {
        process: Process {
            threads: rayon::current_num_threads(),
            simd: machine::kernels_name(options.kernels),
            plan_digest: hexadecimal(plan_digest),
            network: options.network,
            ..Process::default()
        },
        ..ServerReport::default()
    };
    while options
        .sessions
        .is_none_or(|wanted| report.sessions < wanted.get())
    {
        let (stream, peer) = accept(&listener)?;
        tracing::info!(%peer, "session");
        match session(server, options, stream, peer, report.sessions) {
            Ok(served) => {
                tracing::info!(%peer, inputs = served.inputs, "session done");
                report.sessions += 1;
                report.images += served.inputs;
                report.batches += served.batches;
                report.meter.merge(&served.meter);
                report.process.peak_rss_bytes = machine::peak_memory();
                report::write(&report, options.report.as_deref())?;
            }
            Err(error) if options.sessions.is_none() => complain(&error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The next connection; one that its client gave up before it was accepted is no failure.
fn accept(listener: &TcpListener) -> Result<(TcpStream, SocketAddr), Error> {
    loop {
        match listener.accept() {
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome.map_err(system("accept a connection")),
        }
    }
}

fn session<S: Service>(
    server: &S,
    options: &Options,
    stream: TcpStream,
    peer: SocketAddr,
    number: u64,
) -> Result<Served, Error> {
    let failed = |source| Error::Session {
        with: format!("client {peer}"),
        source,
    };
    let random = options.random.session("server", number)?;
    let mut accepted = Accepted::new(stream, options.timeout, options.network)
        .map_err(system("set up the connection"))?;
    let mut connection = match server.open(&mut accepted.channel, random) {
        Err(error) if accepted.too_late() => {
            return Err(Error::Failed(format!(
                "client {peer}: the handshake was not complete within {} s ({error})",
                Accepted::limit(options.timeout).as_secs_f64()
            )));
        }
        outcome => outcome.map_err(failed)?,
    };
    accepted.handshake_done();
    let ch = &mut accepted.channel;
    let (mut inputs, mut batches) = (0, 0);
    while let Some(count) = S::serve(&mut connection, ch).map_err(failed)? {
        inputs += count;
        batches += 1;
        tracing::info!(%peer, batch = batches, inputs = count, "batch done");
    }
    Ok(Served {
        inputs,
        batches,
        meter: ch.take_meter(),
    })
}

fn system(what: &str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::System {
        what: what.to_owned(),
        source,
    }
}
