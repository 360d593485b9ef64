//! One connection between two threads, each with a thread pool of its own, and what it took.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use halfmask_models::bridge::mpc::channel::Channel;
use halfmask_models::bridge::session::{Kernels, Randomness};
use halfmask_models::spn::graph::Evidence;
use halfmask_models::spn::query::{Answer, Query, QueryKind};
use halfmask_models::spn::{garbled, party};

use crate::exit::Error;
use crate::net::Network;
use crate::serve::service::Service;

/// The longest silence between the parties: baselines compute for long.
const TIMEOUT: Duration = Duration::from_secs(600);

/// A client of a profile.
pub(super) trait Asker: Sized {
    /// Connects and sets up.
    fn connect(
        ch: &mut Channel,
        random: Randomness,
        kernels: Kernels,
    ) -> Result<Self, halfmask_models::Error>;

    /// Makes ahead what a request for the likelihoods of so many rows needs.
    fn prepare(&mut self, ch: &mut Channel, rows: usize) -> Result<(), halfmask_models::Error>;

    /// Asks.
    fn infer(
        &mut self,
        ch: &mut Channel,
        rows: &[Vec<Evidence>],
        query: &Query,
    ) -> Result<Answer, halfmask_models::Error>;

    /// Says goodbye.
    fn finish(self, ch: &mut Channel) -> Result<(), halfmask_models::Error>;
}

impl Asker for party::Client {
    fn connect(
        ch: &mut Channel,
        random: Randomness,
        kernels: Kernels,
    ) -> Result<Self, halfmask_models::Error> {
        Self::connect(ch, None, random, kernels)
    }

    fn prepare(&mut self, ch: &mut Channel, rows: usize) -> Result<(), halfmask_models::Error> {
        self.prepare(ch, QueryKind::Likelihood, rows)
    }

    fn infer(
        &mut self,
        ch: &mut Channel,
        rows: &[Vec<Evidence>],
        query: &Query,
    ) -> Result<Answer, halfmask_models::Error> {
        self.infer(ch, rows, query)
    }

    fn finish(self, ch: &mut Channel) -> Result<(), halfmask_models::Error> {
        self.finish(ch)
    }
}

impl Asker for garbled::Client {
    fn connect(
        ch: &mut Channel,
        random: Randomness,
        kernels: Kernels,
    ) -> Result<Self, halfmask_models::Error> {
        Self::connect(ch, None, random, kernels)
    }

    fn prepare(&mut self, ch: &mut Channel, rows: usize) -> Result<(), halfmask_models::Error> {
        self.prepare(ch, rows)
    }

    fn infer(
        &mut self,
        ch: &mut Channel,
        rows: &[Vec<Evidence>],
        query: &Query,
    ) -> Result<Answer, halfmask_models::Error> {
        match query {
            Query::Likelihood => self.infer(ch, rows),
            other => Err(halfmask_models::Error::Plan(format!(
                "no {} query",
                other.kind().name()
            ))),
        }
    }

    fn finish(self, ch: &mut Channel) -> Result<(), halfmask_models::Error> {
        self.finish(ch)
    }
}

/// What a client does in a session.
#[derive(Clone)]
pub(super) struct Task<'a> {
    /// For errors.
    pub name: String,
    pub network: Network,
    /// Of each party.
    pub threads: usize,
    pub kernels: Kernels,
    /// Of the batch.
    pub rows: &'a [Vec<Evidence>],
    /// Whether to ask for all rows, and not for one alone, before anything is counted: caches, buffers and clocks settle, and the server
    /// derives once what it needs of its model.
    pub warm: bool,
    /// Requests of a single row.
    pub requests: usize,
    /// Also ask for classes.
    pub class: bool,
}

/// What the client saw.
pub(super) struct Session {
    /// Requests of a single row, of each kind.
    pub requests: usize,
    pub seconds_setup: f64,
    pub bytes_setup: u64,
    /// All rows in one go.
    pub batch: Taken,
    /// The median of requests of one row.
    pub single: Taken,
    /// The same, what needs no input made ahead.
    pub online: Taken,
    pub answer: Answer,
    pub classes: Option<Answer>,
}

/// What an exchange took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taken {
    pub seconds: f64,
    /// Both ways.
    pub bytes: u64,
    /// Changes of direction, as the client counts.
    pub rounds: u64,
}

/// Runs a session.
pub(super) fn run<S, C>(server: &S, task: &Task) -> Result<Session, Error>
where
    S: Service + Sync,
    C: Asker,
{
    let joining = |source| Error::System {
        what: "join two threads on loopback".into(),
        source,
    };
    let listener = TcpListener::bind("127.0.0.1:0").map_err(joining)?;
    let theirs = TcpStream::connect(listener.local_addr().map_err(joining)?).map_err(joining)?;
    let (ours, _) = listener.accept().map_err(joining)?;
    let (served, asked) = thread::scope(|scope| {
        let client = scope.spawn(|| in_pool(task.threads, || ask::<C>(theirs, task)));
        let served = in_pool(task.threads, || serve(server, ours, task));
        (served, client.join())
    });
    let asked = asked.unwrap_or_else(|_| {
        Err(joining(io::Error::other("the client ended abnormally")).to_string())
    });
    let failed = |what: String| Error::Failed(format!("{}: {what}", task.name));
    match (served, asked) {
        (Ok(()), Ok(session)) => Ok(session),
        (Ok(()), Err(client)) => Err(failed(format!("client: {client}"))),
        (Err(server), Ok(_)) => Err(failed(format!("server: {server}"))),
        // One of them only saw the other's end.
        (Err(server), Err(client)) => Err(failed(format!("client: {client}; server: {server}"))),
    }
}

fn in_pool<T: Send>(
    threads: usize,
    party: impl FnOnce() -> Result<T, halfmask_models::Error> + Send,
) -> Result<T, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| format!("no thread pool: {error}"))?;
    pool.install(party).map_err(|error| error.to_string())
}

fn serve<S: Service>(
    server: &S,
    stream: TcpStream,
    task: &Task,
) -> Result<(), halfmask_models::Error> {
    let mut ch = task.network.channel(stream, TIMEOUT)?;
    let mut connection = server.open(&mut ch, Randomness::from_os()?)?;
    while S::serve(&mut connection, &mut ch)?.is_some() {}
    Ok(())
}

fn ask<C: Asker>(stream: TcpStream, task: &Task) -> Result<Session, halfmask_models::Error> {
    let likelihood = Query::Likelihood;
    let mut ch = task.network.channel_unblocked(stream, TIMEOUT)?;
    let ch = &mut ch;
    let random = Randomness::from_os()?;
    let (setup, mut client) = taken(ch, |ch| C::connect(ch, random, task.kernels))?;
    let all = task.warm.then_some(task.rows);
    for rows in [task.rows.get(..1), all].into_iter().flatten() {
        client.infer(ch, rows, &likelihood)?;
    }
    let (batch, answer) = taken(ch, |ch| client.infer(ch, task.rows, &likelihood))?;
    let classes = match task.class {
        true => Some(client.infer(ch, task.rows, &Query::Class)?),
        false => None,
    };
    let (mut single, mut online) = (Vec::new(), Vec::new());
    for row in task.rows.chunks(1).cycle().take(task.requests) {
        single.push(taken(ch, |ch| client.infer(ch, row, &likelihood))?.0);
    }
    for row in task.rows.chunks(1).cycle().take(task.requests) {
        client.prepare(ch, 1)?;
        online.push(taken(ch, |ch| client.infer(ch, row, &likelihood))?.0);
    }
    client.finish(ch)?;
    Ok(Session {
        requests: task.requests,
        seconds_setup: setup.seconds,
        bytes_setup: setup.bytes,
        batch,
        single: median(single),
        online: median(online),
        answer,
        classes,
    })
}

/// Runs `work` and counts it.
fn taken<T>(
    ch: &mut Channel,
    work: impl FnOnce(&mut Channel) -> Result<T, halfmask_models::Error>,
) -> Result<(Taken, T), halfmask_models::Error> {
    ch.take_meter();
    let start = Instant::now();
    let result = work(ch)?;
    let seconds = start.elapsed().as_secs_f64();
    let total = ch.take_meter().total();
    let taken = Taken {
        seconds,
        bytes: total.bytes_sent + total.bytes_received,
        rounds: total.direction_changes,
    };
    Ok((taken, result))
}

/// By time.
fn median(mut all: Vec<Taken>) -> Taken {
    all.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    all.get(all.len() / 2).copied().unwrap_or_default()
}
