//! By what a network is evaluated privately.

use std::fmt;
use std::str::FromStr;

use halfmask_models::bridge::mpc::planner::Engine;
use halfmask_models::spn::garbled::{self, GarbledOptions};
use halfmask_models::spn::lower::Planned;
use halfmask_models::spn::party;
use halfmask_models::spn::query::{Answer, Query, QueryKind};
use halfmask_models::spn::twin::Twin;
use serde::{Deserialize, Serialize};

use super::Options;
use super::record::Circuit;
use super::session::{self, Session, Task};
use crate::exit::Error;
use crate::net::Network;
use crate::spn::plan;
use crate::spn::source::Loaded;

/// A private evaluator of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    /// This project's: leaves by homomorphic encryption, fixed-point circuits above.
    #[serde(rename = "halfmask")]
    Halfmask,
    /// The same fixed point, all of it garbled.
    #[serde(rename = "garbled")]
    Garbled,
    /// CryptoSPN in binary32.
    #[serde(rename = "cryptospn-32")]
    Cryptospn32,
    /// CryptoSPN in binary64.
    #[serde(rename = "cryptospn-64")]
    Cryptospn64,
}

/// What the parties did, and what they should have answered.
pub(super) struct Measured {
    pub session: Session,
    /// In the clear, bit for bit.
    pub expected: Answer,
    pub expected_classes: Option<Answer>,
    pub circuit: Circuit,
    /// Leaves and weights that planning raised to its floors.
    pub floored: usize,
}

impl Profile {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::Halfmask,
        Self::Garbled,
        Self::Cryptospn32,
        Self::Cryptospn64,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Halfmask => "halfmask",
            Self::Garbled => garbled::Profile::Fixed.name(),
            Self::Cryptospn32 => garbled::Profile::Cryptospn32.name(),
            Self::Cryptospn64 => garbled::Profile::Cryptospn64.name(),
        }
    }

    /// The most that it may be off float64, in nats, in a record that is accepted.
    #[must_use]
    pub const fn largest_error(self) -> f64 {
        match self {
            Self::Halfmask | Self::Garbled => 1e-3,
            Self::Cryptospn32 => 1e-2,
            Self::Cryptospn64 => 1e-9,
        }
    }

    /// Runs both parties.
    ///
    /// # Errors
    /// If the model cannot be planned, or a party failed.
    pub(super) fn measure(
        self,
        options: &Options,
        model: &Loaded,
        network: Network,
    ) -> Result<Measured, Error> {
        let task = Task {
            name: format!("{} by {self}, {network}", model.name),
            network,
            threads: options.threads,
            kernels: options.kernels,
            rows: &model.rows,
            warm: true,
            requests: options.single,
            class: model.spn.classes().is_some(),
        };
        // What is slow gets fewer rows, and asks for likelihoods alone.
        let few = Task {
            rows: model.first(options.baseline_rows),
            warm: false,
            requests: options.single.min(options.baseline_rows),
            class: false,
            ..task.clone()
        };
        let engine = plan::engine(options.cot, network, options.threads);
        match self {
            Self::Halfmask => halfmask(model, &task, engine),
            Self::Garbled => garbled(model, &few, engine, garbled::Profile::Fixed),
            Self::Cryptospn32 => garbled(model, &few, engine, garbled::Profile::Cryptospn32),
            Self::Cryptospn64 => garbled(model, &few, engine, garbled::Profile::Cryptospn64),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|profile| profile.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("no profile {text:?}: there are {names}")
        })
    }
}

fn halfmask(model: &Loaded, task: &Task, engine: Engine) -> Result<Measured, Error> {
    let planned = plan::plan(&model.spn, &model.name, engine)?;
    let failed = model.failed();
    let twin = Twin::new(&planned).map_err(failed)?;
    let answer = |query| twin.answer(task.rows, &query).map_err(failed);
    let expected = answer(Query::Likelihood)?;
    let expected_classes = task.class.then(|| answer(Query::Class)).transpose()?;
    let circuit = circuit(&planned).map_err(failed)?;
    let floored = planned.floors.count();
    let server = party::Server::new(planned, task.kernels).map_err(failed)?;
    Ok(Measured {
        session: session::run::<_, party::Client>(&server, task)?,
        expected,
        expected_classes,
        circuit,
        floored,
    })
}

/// Everything garbled.
fn garbled(
    model: &Loaded,
    task: &Task,
    engine: Engine,
    profile: garbled::Profile,
) -> Result<Measured, Error> {
    let options = GarbledOptions {
        model: model.name.clone(),
        engine,
        ..GarbledOptions::new(profile)
    };
    let failed = model.failed();
    let planned = garbled::plan(&model.spn, &options).map_err(failed)?;
    let (cost, floored) = (planned.cost(), planned.floors().count());
    let (word_bits, published) = match profile {
        garbled::Profile::Fixed => (None, None),
        garbled::Profile::Cryptospn32 => (Some(32), Some(cost.published32)),
        garbled::Profile::Cryptospn64 => (Some(64), Some(cost.published64)),
    };
    let circuit = Circuit {
        and_gates: cost.total,
        and_gates_shift: Some(cost.shift),
        and_gates_published: published,
        word_bits,
        ..Circuit::default()
    };
    let expected = planned.evaluate(task.rows).map_err(failed)?;
    let server = garbled::Server::new(planned, task.kernels);
    Ok(Measured {
        session: session::run::<_, garbled::Client>(&server, task)?,
        expected,
        expected_classes: None,
        circuit,
        floored,
    })
}

/// What a plan's circuits are made of.
fn circuit(planned: &Planned) -> Result<Circuit, halfmask_models::Error> {
    let widths = planned.shape.widths;
    let log_sum = planned.plan.log_sum(widths)?;
    Ok(Circuit {
        and_gates: party::cost(&planned.plan, &planned.shape, QueryKind::Likelihood, 1)?.and_gates,
        and_gates_shift: None,
        two_child_sum_ands: Some(plan::two_child_sum_ands(&log_sum)?),
        and_gates_published: None,
        two_child_sums: Some(planned.shape.log_sums),
        word_bits: Some(widths.word),
        share_bits: Some(widths.share),
        leaf_groups: Some(planned.shape.groups),
        statistics: Some(planned.shape.statistics),
        baked_constants: Some(planned.shape.baked),
    })
}
