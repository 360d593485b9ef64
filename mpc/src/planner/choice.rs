//! From measured costs to a choice.

use crate::Error;
use crate::channel::NetworkModel;
use crate::garble::{LANES, Scheme};
use crate::ot::CotProtocol;
use crate::relu::{ReluProtocol, ReluSpec};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A way to evaluate ReLUs: how signs are found, and where correlated OTs come from.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// How signs are found.
    pub relu: ReluProtocol,
    /// Where correlated OTs come from.
    pub cot: CotProtocol,
    /// How circuits are garbled, the other layers' among them.
    pub scheme: Scheme,
}

impl Default for Engine {
    /// What is quickest where the link is no limit.
    fn default() -> Self {
        Self {
            relu: ReluProtocol::Garbled,
            cot: CotProtocol::default(),
            scheme: Scheme::default(),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.relu, self.cot)
    }
}

/// What a value costs by one protocol, its correlated OTs apart.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReluCost {
    /// Seconds a value, both parties at work on one thread each over loopback.
    pub seconds: f64,
    /// Bytes a value from the evaluator to the garbler.
    pub to_garbler: f64,
    /// Bytes a value from the garbler to the evaluator, circuits garbled by half-gates.
    pub to_evaluator: f64,
    /// AND gates a value: a scheme with shorter tables saves at each of them.
    pub and_gates: f64,
    /// Correlated OTs a value in which the garbler chooses.
    pub garbler_chooses: f64,
    /// Correlated OTs a value in which the evaluator chooses.
    pub evaluator_chooses: f64,
    /// Messages of a layer that wait for each other.
    pub flights: u32,
}

/// What a correlated OT costs.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CotCost {
    /// Seconds, both parties at work on one thread each.
    pub seconds: f64,
    /// Bytes from the party that chooses to the other, and back.
    pub bytes: [f64; 2],
    /// OTs that one refill makes; 0 if there are no refills.
    pub refill: u64,
    /// Seconds of a refill, however few of its OTs are used.
    pub refill_seconds: f64,
}

/// What a value costs with an engine, OTs included.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct EngineCost {
    /// Seconds a value, both parties at work on one thread each over loopback.
    pub seconds: f64,
    /// Bytes a value from the evaluator to the garbler.
    pub to_garbler: f64,
    /// Bytes a value from the garbler to the evaluator.
    pub to_evaluator: f64,
    /// Messages of a layer that wait for each other.
    pub flights: u32,
    /// Correlated OTs a value, one way and the other.
    pub cots: [f64; 2],
    /// Of one of them.
    pub cot: CotCost,
}

/// Between whom.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Setting {
    /// The link; `None` where it is no limit (loopback).
    pub network: Option<NetworkModel>,
    /// Threads of the party with fewer of them.
    pub threads: usize,
}

/// Costs of all engines that may be chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostModel {
    /// Bits compared when this was measured.
    pub width: u32,
    /// Each protocol once.
    pub relus: Vec<(ReluProtocol, ReluCost)>,
    /// Each source of correlated OTs once.
    pub cots: Vec<(CotProtocol, CotCost)>,
}

/// What decides how long a layer takes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Computing.
    Processor,
    /// Bytes to the garbler.
    ToGarbler,
    /// Bytes to the evaluator.
    ToEvaluator,
    /// Messages that wait for each other.
    Delay,
}

impl Limit {
    /// All, in their order.
    const ALL: [Self; 4] = [
        Self::Processor,
        Self::ToGarbler,
        Self::ToEvaluator,
        Self::Delay,
    ];
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Processor => "the processors",
            Self::ToGarbler => "the link to the garbler",
            Self::ToEvaluator => "the link to the evaluator",
            Self::Delay => "the link's delay",
        })
    }
}

/// The engine chosen, and the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The one chosen.
    pub engine: Engine,
    /// Values of a segment for it.
    pub segment: u32,
    /// Every engine that was allowed, quickest first: predicted seconds, and what limits it.
    pub ranking: Vec<(Engine, f64, Limit)>,
}

/// Over a slower link the three-halves scheme's shorter tables are worth its hashes: garbling W bits a second of tables at g
/// gates a second, three-halves wins for `W < 256 g` ([`crate::garble`]), here with `g` as low as 80 M.
const THREE_HALVES_BELOW: f64 = 20e9;

/// Segments of a layer under way at once, whatever the protocol: at least so many.
const UNDER_WAY: f64 = 2.0;

/// The smallest and the largest segment: cache-sized where nothing is gained by more, and a bound on memory.
const SEGMENTS: std::ops::RangeInclusive<u32> = 1 << 14..=1 << 19;

impl Setting {
    /// Values of a segment that keep the link full: those that it carries while a segment's messages wait for each other.
    #[must_use]
    pub fn segment(&self, cost: &EngineCost) -> u32 {
        let values = self.network.map_or(0.0, |network| {
            let waiting = f64::from(cost.flights) * network.one_way().as_secs_f64();
            let bytes = cost.to_garbler.max(cost.to_evaluator).max(1.0);
            network.payload_bytes_per_second() * waiting / bytes / UNDER_WAY
        });
        // The cast saturates.
        (values as u32)
            .checked_next_power_of_two()
            .unwrap_or(*SEGMENTS.end())
            .clamp(*SEGMENTS.start(), *SEGMENTS.end())
    }

    /// How to garble.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        match self.network {
            Some(network) if network.bits_per_second() < THREE_HALVES_BELOW => Scheme::ThreeHalves,
            _ => Scheme::HalfGates,
        }
    }
}

impl EngineCost {
    /// An engine's costs on the wire; nothing is measured, so computing counts for nothing.
    #[must_use]
    pub fn of_messages(engine: Engine, spec: &ReluSpec) -> Self {
        let traffic = engine.relu.traffic(spec, Scheme::HalfGates);
        let relu = ReluCost {
            seconds: 0.0,
            to_garbler: traffic.to_garbler,
            to_evaluator: traffic.to_evaluator,
            and_gates: f64::from(engine.relu.and_gates(spec)),
            garbler_chooses: traffic.garbler_chooses,
            evaluator_chooses: traffic.evaluator_chooses,
            flights: engine.relu.flights(spec),
        };
        let cot = CotCost {
            bytes: engine.cot.bytes_per_cot(),
            ..CotCost::default()
        };
        Self::of(&relu, &cot, engine.scheme)
    }

    fn of(relu: &ReluCost, cot: &CotCost, scheme: Scheme) -> Self {
        let cots = [relu.garbler_chooses, relu.evaluator_chooses];
        let table = |scheme: Scheme| scheme.gate_bytes() as f64 / LANES as f64;
        let saved = table(Scheme::HalfGates) - table(scheme);
        Self {
            seconds: relu.seconds + (cots[0] + cots[1]) * cot.seconds,
            to_garbler: relu.to_garbler + cots[1] * cot.bytes[0] + cots[0] * cot.bytes[1],
            to_evaluator: relu.to_evaluator - relu.and_gates * saved
                + cots[0] * cot.bytes[0]
                + cots[1] * cot.bytes[1],
            flights: relu.flights,
            cots,
            cot: *cot,
        }
    }

    /// Seconds for layers of these numbers of values, and what takes most of them.
    #[must_use]
    pub fn predict(&self, setting: &Setting, layers: &[u64]) -> (f64, Limit) {
        let threads = setting.threads.max(1) as f64;
        let rate = setting
            .network
            .map_or(f64::INFINITY, |n| n.payload_bytes_per_second());
        let half_trip = setting.network.map_or(0.0, |n| n.one_way().as_secs_f64());
        let mut times = Limit::ALL.map(|limit| (limit, 0.0));
        let mut add = |limit: Limit, seconds: f64| {
            for (_, sum) in times.iter_mut().filter(|(l, _)| *l == limit) {
                *sum += seconds;
            }
        };
        for values in layers {
            let n = *values as f64;
            let delay = f64::from(self.flights) * half_trip;
            let busy = [
                (Limit::Processor, n * self.seconds / threads),
                (Limit::ToGarbler, n * self.to_garbler / rate),
                (Limit::ToEvaluator, n * self.to_evaluator / rate),
            ];
            let slowest = busy
                .iter()
                .fold(busy[0], |a, b| if b.1 > a.1 { *b } else { a });
            // Only what decides a layer counts.
            add(slowest.0, slowest.1);
            add(Limit::Delay, delay);
        }
        let values: u64 = layers.iter().sum();
        for cots in self.cots {
            if self.cot.refill > 0 && cots > 0.0 {
                let refills = (values as f64 * cots / self.cot.refill as f64).ceil();
                add(Limit::Processor, refills * self.cot.refill_seconds);
            }
        }
        let largest = times.iter().fold(
            (Limit::Processor, 0.0),
            |a, b| if b.1 > a.1 { *b } else { a },
        );
        (times.iter().map(|(_, seconds)| seconds).sum(), largest.0)
    }
}

impl CostModel {
    /// Checks a model from a file: every figure finite and not negative.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the first that is not.
    pub fn check(&self) -> Result<(), Error> {
        let relus = self.relus.iter().flat_map(|(protocol, c)| {
            let figures = [
                c.seconds,
                c.to_garbler,
                c.to_evaluator,
                c.and_gates,
                c.garbler_chooses,
                c.evaluator_chooses,
            ];
            figures.map(|figure| (protocol.to_string(), figure))
        });
        let cots = self.cots.iter().flat_map(|(protocol, c)| {
            let figures = [c.seconds, c.bytes[0], c.bytes[1], c.refill_seconds];
            figures.map(|figure| (protocol.to_string(), figure))
        });
        match relus.chain(cots).find(|(_, x)| !(0.0..=1e9).contains(x)) {
            None => Ok(()),
            Some((name, figure)) => Err(Error::Malformed {
                what: "cost model".into(),
                detail: format!("{name} costs {figure}"),
            }),
        }
    }

    /// The quickest engine for layers of these numbers of values; `only` restricts how signs are found, or where OTs come from.
    ///
    /// # Errors
    /// [`Error::Malformed`] if no engine is left.
    pub fn choose(
        &self,
        setting: &Setting,
        layers: &[u64],
        only: (Option<ReluProtocol>, Option<CotProtocol>),
    ) -> Result<Choice, Error> {
        let scheme = setting.scheme();
        let relus = self
            .relus
            .iter()
            .filter(|(relu, _)| only.0.is_none_or(|wanted| wanted == *relu));
        let mut ranked: Vec<(EngineCost, (Engine, f64, Limit))> = relus
            .flat_map(|relu| self.cots.iter().map(move |cot| (relu, cot)))
            .filter(|(_, (cot, _))| only.1.is_none_or(|wanted| wanted == *cot))
            .map(|((relu, cost), (cot, each))| {
                let cost = EngineCost::of(cost, each, scheme);
                let (seconds, limit) = cost.predict(setting, layers);
                let engine = Engine {
                    relu: *relu,
                    cot: *cot,
                    scheme,
                };
                (cost, (engine, seconds, limit))
            })
            .collect();
        ranked.sort_by(|(_, a), (_, b)| a.1.total_cmp(&b.1));
        match ranked.first() {
            Some(&(cost, (engine, ..))) => Ok(Choice {
                engine,
                segment: setting.segment(&cost),
                ranking: ranked.into_iter().map(|(_, ranking)| ranking).collect(),
            }),
            None => Err(Error::Malformed {
                what: "cost model".into(),
                detail: "no engine that is allowed".into(),
            }),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ranking = self.ranking.iter();
        if let Some((engine, seconds, limit)) = ranking.next() {
            write!(
                f,
                "ReLU by {engine}: {seconds:.3} s predicted, limited by {limit}"
            )?;
        }
        for (i, (engine, seconds, limit)) in ranking.enumerate() {
            let lead = if i == 0 { "; instead of " } else { ", " };
            write!(f, "{lead}{engine} {seconds:.3} s ({limit})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
