//! By what a network is evaluated privately.

use std::fmt;
use std::str::FromStr;

use halfmask_models::spn::lower::Planned;
use halfmask_models::spn::party::{self, Client, Server};
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
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// This project's: leaves by homomorphic encryption, fixed-point circuits above.
    Halfmask,
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
    pub const ALL: [Self; 1] = [Self::Halfmask];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Halfmask => "halfmask",
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
        match self {
            Self::Halfmask => halfmask(options, model, network),
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

fn halfmask(options: &Options, model: &Loaded, network: Network) -> Result<Measured, Error> {
    let failed = |source| Error::Model {
        model: model.name.clone(),
        source,
    };
    let engine = plan::engine(options.cot, network, options.threads);
    let planned = plan::plan(&model.spn, &model.name, engine)?;
    let task = Task {
        name: format!("{} by {}, {network}", model.name, Profile::Halfmask),
        network,
        threads: options.threads,
        kernels: options.kernels,
        rows: &model.rows,
        warm_up: model.rows.len(),
        requests: options.single,
        class: model.spn.classes().is_some(),
    };
    let twin = Twin::new(&planned).map_err(failed)?;
    let answer = |query| twin.answer(task.rows, &query).map_err(failed);
    let expected = answer(Query::Likelihood)?;
    let expected_classes = task.class.then(|| answer(Query::Class)).transpose()?;
    let circuit = circuit(&planned).map_err(failed)?;
    let floored = planned.floors.count();
    let server = Server::new(planned, options.kernels).map_err(failed)?;
    Ok(Measured {
        session: session::run::<Server, Client>(&server, &task)?,
        expected,
        expected_classes,
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
        two_child_sums: planned.shape.log_sums,
        word_bits: widths.word,
        share_bits: Some(widths.share),
        leaf_groups: Some(planned.shape.groups),
        statistics: Some(planned.shape.statistics),
        baked_constants: Some(planned.shape.baked),
    })
}
