//! Which engine evaluates the non-linear layers of a plan: chosen from measured costs, or as the user says.

use std::path::{Path, PathBuf};

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
        // Refused even where nothing is left to choose.
        let given = self.costs.as_deref().map(read).transpose()?;
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
        let costs = match given {
            Some(costs) => costs,
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

fn read(path: &Path) -> Result<CostModel, Error> {
    parse(&read_text(path)?)
        .map_err(|why| Error::Usage(format!("--costs {}: {why}", path.display())))
}

/// A cost model as it is, or as the key `costs` of a record of `bench relu`.
fn parse(text: &str) -> Result<CostModel, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let costs = value.get("costs").cloned().unwrap_or(value);
    let costs: CostModel = serde_json::from_value(costs).map_err(|e| e.to_string())?;
    costs.check().map_err(|e| e.to_string())?;
    Ok(costs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halfmask_models::bridge::mpc::planner::{CotCost, ReluCost};

    use crate::model::ModelSource;

    const SOFT: CotProtocol = CotProtocol::SoftSpoken { k: 4 };

    /// Garbling computes less, look-ups send less.
    fn costs() -> CostModel {
        let relu = |seconds, to_evaluator, flights| ReluCost {
            seconds,
            to_garbler: 10.0,
            to_evaluator,
            and_gates: 0.0,
            garbler_chooses: 2.0,
            evaluator_chooses: 2.0,
            flights,
        };
        CostModel {
            width: 12,
            relus: vec![
                (ReluProtocol::Garbled, relu(1e-7, 330.0, 4)),
                (ReluProtocol::Ot, relu(2e-7, 12.0, 7)),
            ],
            cots: vec![(SOFT, CotCost::default())],
        }
    }

    fn choose(options: &EngineOptions) -> Result<Chosen, Error> {
        let plan = ModelSource::BuiltIn.load()?.planned.plan;
        options.choose(&plan, 2048, Simd::detect())
    }

    fn with_costs(folder: &tempfile::TempDir, text: &str) -> EngineOptions {
        let path = folder.path().join("costs.json");
        std::fs::write(&path, text).unwrap();
        EngineOptions {
            costs: Some(path),
            threads: 1,
            ..EngineOptions::default()
        }
    }

    #[test]
    fn given_costs_and_the_link_decide() {
        let folder = tempfile::tempdir().unwrap();
        let model = serde_json::to_string(&costs()).unwrap();
        let record = format!("{{\"name\": \"relu\", \"costs\": {model}}}");
        for text in [model, record] {
            let mut options = with_costs(&folder, &text);
            let chosen = choose(&options).unwrap();
            assert_eq!(chosen.engine.relu, ReluProtocol::Garbled);
            assert!(chosen.why.contains("the processors"), "{}", chosen.why);
            assert_eq!(chosen.segment, 1 << 14);
            options.network = "100mbit,40ms".parse().unwrap();
            let chosen = choose(&options).unwrap();
            assert_eq!(chosen.engine.relu, ReluProtocol::Ot);
            assert!(chosen.why.contains("the link to the"), "{}", chosen.why);
            // What the user says holds, whatever it costs.
            options.relu = Some(ReluProtocol::Garbled);
            options.segment = Some(4096);
            let chosen = choose(&options).unwrap();
            let engine = chosen.engine;
            assert_eq!((engine.relu, engine.cot), (ReluProtocol::Garbled, SOFT));
            assert_eq!(chosen.segment, 4096);
        }
    }

    #[test]
    fn nothing_is_measured_where_nothing_is_left_to_choose() {
        let chosen = choose(&EngineOptions {
            relu: Some(ReluProtocol::Ot),
            cot: Some(CotProtocol::Silent),
            ..EngineOptions::default()
        });
        assert_eq!(chosen.unwrap().why, "as asked for");
        let chosen = choose(&EngineOptions {
            relu: Some(ReluProtocol::Mp2ml),
            ..EngineOptions::default()
        });
        assert_eq!(chosen.unwrap().why, "the published protocol");
    }

    #[test]
    fn unusable_costs_are_the_users_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let mut negative = costs();
        negative.cots[0].1.seconds = -1.0;
        let mut none = costs();
        none.cots.clear();
        let text = |costs| serde_json::to_string(&costs).unwrap();
        let odd = text(costs()).replacen('{', "{\"colour\": 1,", 1);
        let texts = [text(negative), text(none), odd];
        for text in texts.iter().map(String::as_str).chain(["", "{}", "[]"]) {
            let error = choose(&with_costs(&folder, text)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{error}");
        }
        // Also where they would not be looked at.
        let fixed = EngineOptions {
            relu: Some(ReluProtocol::Ot),
            cot: Some(SOFT),
            ..with_costs(&folder, "{}")
        };
        assert_eq!(choose(&fixed).unwrap_err().exit_code(), 2);
    }
}
