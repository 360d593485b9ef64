//! What both parties do alike: make sure of correlations, then run their side of the layer.

use super::BATCH;
use super::layer::Layer;
use super::stock::Kind;
use crate::Error;
use crate::channel::{Channel, Phase};
use crate::garble::LANES;
use crate::relu::ReluSpec;
use crate::session::{EvaluatorSession, GarblerSession};

macro_rules! parties {
    ($($session:ty),*) => {$(
        impl $session {
            /// See [`crate::relu::SharedRelu::prepare`].
            pub(crate) fn prepare_ot_relu(
                &mut self,
                ch: &mut Channel,
                phase: Phase,
                layer: &str,
                spec: &ReluSpec,
                count: usize,
            ) -> Result<(), Error> {
                spec.validate()?;
                let count = self.ot_relu.stock.room(count);
                self.make_ot_relu(ch, phase, layer, spec, count)
            }

            /// Makes correlations for `count` values.
            fn make_ot_relu(
                &mut self,
                ch: &mut Channel,
                phase: Phase,
                layer: &str,
                spec: &ReluSpec,
                count: usize,
            ) -> Result<(), Error> {
                let ots = (&mut self.choices, &mut self.labels);
                self.ot_relu
                    .prepare(ch, (phase, layer), Kind::of(spec), count, ots)
            }

            /// ReLU by OT, see [`crate::relu::SharedRelu::relu`]. The garbler ends by sending, the evaluator by receiving.
            pub(crate) fn ot_relu(
                &mut self,
                ch: &mut Channel,
                layer: &str,
                spec: &ReluSpec,
                x: &[u32],
                y: &mut [u32],
            ) -> Result<(), Error> {
                spec.check_lengths(x, y)?;
                let layer = Layer::new(layer, spec);
                for (x, y) in x.chunks(BATCH).zip(y.chunks_mut(BATCH)) {
                    let count = x.len().next_multiple_of(LANES);
                    let missing = count.saturating_sub(self.ot_relu.stock.ready(layer.kind));
                    self.make_ot_relu(ch, Phase::Online, layer.name, spec, missing)?;
                    self.ot_relu.stock.begin()?;
                    self.run(ch, &layer, x, y)?;
                    self.ot_relu.stock.finish();
                }
                ch.flush()
            }
        }
    )*};
}

parties!(GarblerSession, EvaluatorSession);
