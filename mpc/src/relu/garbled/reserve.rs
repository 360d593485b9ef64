//! Correlated OTs for a layer, before its segments overlap: a refill of silent OT talks, and must not meet other messages.

use crate::Error;
use crate::channel::{Channel, Part, Phase, Step};
use crate::garble::LANES;
use crate::relu::ReluSpec;
use crate::session::{EvaluatorSession, GarblerSession};

/// OTs reserved for layers to come, each way, at most: silent OT keeps about a byte for each. What is missing is made in time.
const MOST_AHEAD: u64 = 1 << 27;

/// OTs of `count` values in which the garbler chooses, and those in which the evaluator does.
fn ots(spec: &ReluSpec, count: usize) -> [u64; 2] {
    let values = count.next_multiple_of(LANES) as u64;
    let chosen_by_garbler = 1 + u64::from(spec.truncates());
    [values * chosen_by_garbler, values * u64::from(spec.width)]
}

macro_rules! reserve {
    ($($session:ty),*) => {$(
        impl $session {
            /// Reserves OTs for `count` more values than were reserved so far.
            pub(crate) fn prepare_garbled(
                &mut self,
                ch: &mut Channel,
                phase: Phase,
                layer: &str,
                spec: &ReluSpec,
                count: usize,
            ) -> Result<(), Error> {
                spec.validate()?;
                for (ahead, ots) in self.ahead.iter_mut().zip(ots(spec, count)) {
                    *ahead = ahead.saturating_add(ots).min(MOST_AHEAD);
                }
                ch.enter(phase, layer, Part::Relu(Step::Ot));
                let [choices, labels] = self.ahead;
                self.choices.reserve(ch, choices)?;
                self.labels.reserve(ch, labels)?;
                ch.flush()
            }

            /// Makes sure that `count` values need no refill, and takes them off what was reserved.
            pub(super) fn begin_garbled(
                &mut self,
                ch: &mut Channel,
                layer: &str,
                spec: &ReluSpec,
                count: usize,
            ) -> Result<(), Error> {
                let ots = ots(spec, count);
                ch.enter(Phase::Online, layer, Part::Relu(Step::Ot));
                let [choices, labels] = ots;
                self.choices.reserve(ch, choices)?;
                self.labels.reserve(ch, labels)?;
                for (ahead, ots) in self.ahead.iter_mut().zip(ots) {
                    *ahead = ahead.saturating_sub(ots);
                }
                Ok(())
            }
        }
    )*};
}

reserve!(GarblerSession, EvaluatorSession);
