//! Which engine evaluates the non-linear layers of a plan: chosen from measured costs, or as the user says.

use std::path::PathBuf;

use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::mpc::planner::{CostModel, Engine, EngineCost, Setting};
use halfmask_models::bridge::mpc::relu::{ReluProtocol, ReluSpec};
use halfmask_models::bridge::mpc::simd::Simd;
use halfmask_models::nn::plan::Plan;

use crate::exit::Error;
use crate::net::Network;
use crate::output::read_text;

/// Values of a segment where nothing else is known.
const SEGMENT: u32 = 1 << 14;

/// What the user says of it.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// How signs are found; `None`: the planner chooses.
    pub relu: Option<ReluProtocol>,
    /// Where correlated OTs come from; `None`: the planner chooses.
    pub cot: Option<CotProtocol>,
    /// A file with a cost model, instead of measuring one.
    pub costs: Option<PathBuf>,
    /// The link between the parties.
    pub network: Network,
    /// Threads of each party.
    pub threads: usize,
    /// Values of a segment; `None`: as the link wants it.
    pub segment: Option<u32>,
}

/// An engine and why it was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The engine.
    pub engine: Engine,
    /// Values of a segment.
    pub segment: u32,
    /// The reason in words.
    pub why: String,
}

impl EngineOptions {
    /// Chooses for batches of `images` images of a plan.
    ///
    /// # Errors
    /// [`Error::Usage`] for an unusable cost model, [`Error::Failed`] if measuring one failed.
    pub fn choose(&self, plan: &Plan, images: usize, simd: Simd) -> Result<Chosen, Error> {
        let setting = Setting {
            network: self.network.model(),
            threads: self.threads,
        };
        let specs = plan.stages.iter().filter_map(|stage| {
            let values = u64::from(stage.values()) * images as u64;
            Some((plan.relu(stage)?, values))
        });
        let (specs, layers): (Vec<_>, Vec<u64>) = specs.unzip();
        let widths = specs.iter().map(|spec| spec.width);
        let most = ReluSpec::largest_segment(widths.max().unwrap_or(1));
        let fixed = match (self.relu, self.cot) {
            (Some(relu), Some(cot)) => Some((relu, cot, "as asked for")),
            // The baseline is what was published: no choice to make.
            (Some(relu @ ReluProtocol::Mp2ml), None) => {
                Some((relu, CotProtocol::default(), "the published protocol"))
            }
            (relu, cot) if specs.is_empty() => Some((
                relu.unwrap_or(ReluProtocol::Garbled),
                cot.unwrap_or_default(),
                "the model has no ReLU",
            )),
            _ => None,
        };
        if let Some((relu, cot, why)) = fixed {
            let scheme = setting.scheme();
            let engine = Engine { relu, cot, scheme };
            let segment = specs.first().map_or(SEGMENT, |spec| {
                setting.segment(&EngineCost::of_messages(engine, spec))
            });
            return Ok(Chosen {
                engine,
                segment: self.segment.unwrap_or(segment).min(most),
                why: why.into(),
            });
        }
        let Some(spec) = specs.first() else {
            return Err(Error::Failed("a model without ReLUs has no costs".into()));
        };
        let costs = match &self.costs {
            Some(path) => {
                let text = read_text(path)?;
                parse(&text)
                    .map_err(|why| Error::Usage(format!("--costs {}: {why}", path.display())))?
            }
            None => CostModel::measure(spec, simd)
                .map_err(|error| Error::Failed(format!("cannot measure costs: {error}")))?,
        };
        let choice = costs
            .choose(&setting, &layers, (self.relu, self.cot))
            .map_err(|error| Error::Usage(error.to_string()))?;
        Ok(Chosen {
            engine: choice.engine,
            segment: self.segment.unwrap_or(choice.segment).min(most),
            why: choice.to_string(),
        })
    }
}

/// A cost model as it is, or as the key `costs` of a record of `bench relu`.
fn parse(text: &str) -> Result<CostModel, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let costs = value.get("costs").cloned().unwrap_or(value);
    let costs: CostModel = serde_json::from_value(costs).map_err(|e| e.to_string())?;
    costs.check().map_err(|e| e.to_string())?;
    Ok(costs)
}
