//! Networks planned for private evaluation.

use halfmask_models::bridge::mpc::circuit::Builder;
use halfmask_models::bridge::mpc::circuit::log_sum::LogSum;
use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::mpc::planner::{Engine, Setting};
use halfmask_models::spn::graph::Spn;
use halfmask_models::spn::lower::{self, PlanOptions, Planned};

use crate::exit::Error;
use crate::net::Network;

/// Where correlated OTs come from, and how circuits are garbled for a link between parties with `threads` threads each.
#[must_use]
pub fn engine(cot: Option<CotProtocol>, network: Network, threads: usize) -> Engine {
    let setting = Setting {
        network: network.model(),
        threads,
    };
    Engine {
        cot: cot.unwrap_or_default(),
        scheme: setting.scheme(),
        ..Engine::default()
    }
}

/// Plans a network with the default precision; `name` is its file.
///
/// # Errors
/// [`Error::Model`] if it cannot be evaluated privately.
pub fn plan(spn: &Spn, name: &str, engine: Engine) -> Result<Planned, Error> {
    let options = PlanOptions {
        engine,
        ..PlanOptions::default()
    };
    lower::plan(spn, &options).map_err(|source| Error::Model {
        model: name.to_owned(),
        source,
    })
}

/// AND gates of a sum of two children.
///
/// # Errors
/// If the circuit cannot be built.
pub fn two_child_sum_ands(log_sum: &LogSum) -> Result<usize, halfmask_models::Error> {
    let mut b = Builder::new();
    let [left, right] = [(); 2].map(|()| b.inputs(log_sum.width() as usize));
    let sum = log_sum.circuit(&mut b, &left, &right);
    Ok(b.build(&sum)?.and_gates())
}
