//! `halfmask bench precision`: what bits of comparisons, weights and shares do to a network's answers.
//!
//! The test images are evaluated in the clear by the fixed-point twin, which is what the protocol computes but for its bounded noise, and by the
//! float model. One option is varied at a time, the others stay at their defaults. A score of the twin is its last integer over the
//! scale that the planner gave it.

mod record;
mod table;

pub use record::{Point, Precision, Record, Refused};
pub use table::render;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use halfmask_models::nn::float;
use halfmask_models::nn::graph::Network;
use halfmask_models::nn::planner::{Planned, plan};
use halfmask_models::nn::twin::Twin;
use rayon::prelude::*;

use super::cryptonets::test_images;
use crate::data::{Dataset, Images};
use crate::exit::Error;
use crate::infer::{Quantise, progress_bar};
use crate::model::ModelSource;
use crate::output;
use crate::report;

/// What to sweep.
#[derive(Clone, Debug)]
pub struct Options {
    /// The model.
    pub model: ModelSource,
    /// Bits of a ReLU's comparison.
    pub relu_widths: Vec<u32>,
    /// Bits of a weight, sign included.
    pub weight_bits: Vec<u32>,
    /// Bits of shares below a comparison's unit.
    pub guard_bits: Vec<u32>,
    /// The data folder that the user names.
    pub data: Option<PathBuf>,
    /// Take only so many images.
    pub images: Option<NonZeroUsize>,
    /// Where to write the record.
    pub json: Option<PathBuf>,
}

impl Options {
    /// The settings: the default, then every option by itself.
    fn settings(&self) -> Vec<Precision> {
        let default = Precision::default();
        let relu = self.relu_widths.iter().map(|bits| Precision {
            relu_width: *bits,
            ..default
        });
        let weights = self.weight_bits.iter().map(|bits| Precision {
            weight_bits: *bits,
            ..default
        });
        let guard = self.guard_bits.iter().map(|bits| Precision {
            guard_bits: *bits,
            ..default
        });
        let mut settings = vec![default];
        for setting in relu.chain(weights).chain(guard) {
            if !settings.contains(&setting) {
                settings.push(setting);
            }
        }
        settings
    }
}

/// Sweeps, writes the record and prints its table.
///
/// # Errors
/// Unusable model, data or options; a record that cannot be written.
pub fn run(options: &Options) -> Result<(), Error> {
    // The default plan must be possible: its reason is the command's.
    let model = options.model.load()?;
    let data = test_images(options.data.as_deref(), options.images, model.network.input)?;
    let sweep = Sweep::new(&model.network, &data)?;
    let settings = options.settings();
    let bar = progress_bar(settings.len(), "settings");
    let (mut points, mut refused) = (Vec::new(), Vec::new());
    for setting in settings {
        match plan(&model.network, &setting.plan_options()) {
            Ok(planned) => points.push(sweep.point(setting, &planned)?),
            Err(why) => refused.push(Refused {
                options: setting,
                why: why.to_string(),
            }),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let record = sweep.record(points, refused);
    if let Some(json) = &options.json {
        report::write_json(&record, json)?;
    }
    output::print(&render(&record))
}

/// The images with what the float model says of them.
struct Sweep<'a> {
    network: &'a Network,
    data: &'a Dataset,
    scores: Vec<Vec<f64>>,
    classes: Vec<usize>,
}

/// One image by a twin.
#[derive(Clone, Copy, Default)]
struct Outcome {
    right: usize,
    as_float: usize,
    max_error: f64,
    sum_of_errors: f64,
}

impl Outcome {
    fn plus(self, other: Self) -> Self {
        Self {
            right: self.right + other.right,
            as_float: self.as_float + other.as_float,
            max_error: self.max_error.max(other.max_error),
            sum_of_errors: self.sum_of_errors + other.sum_of_errors,
        }
    }
}

impl<'a> Sweep<'a> {
    fn new(network: &'a Network, data: &'a Dataset) -> Result<Self, Error> {
        let scores = each_image(&data.images, |pixels| {
            let values: Vec<f64> = pixels.iter().map(|p| f64::from(*p) / 255.0).collect();
            float::evaluate(network, &values)
        });
        let scores = scores.map_err(|error| failed(network, error.into()))?;
        let class = |scores: &Vec<f64>| float::argmax(scores).unwrap_or_default();
        Ok(Self {
            network,
            data,
            classes: scores.iter().map(class).collect(),
            scores,
        })
    }

    fn point(&self, options: Precision, planned: &Planned) -> Result<Point, Error> {
        let (plan, twin) = (&planned.plan, Twin::new(&planned.network));
        let quantise = Quantise::new(&plan.input);
        let unit = unit(planned);
        let outcome = (0..self.data.images.count)
            .into_par_iter()
            .map(|index| {
                let pixels = self.data.images.image(index).unwrap_or_default();
                let output = twin.evaluate(&quantise.image(pixels))?;
                let exact = self.scores.get(index).map_or(&[][..], Vec::as_slice);
                let errors = output.scores.iter().zip(exact);
                let errors = errors.map(|(x, exact)| (*x as f64 * unit - exact).abs());
                let (largest, sum) = errors.fold((0.0, 0.0), |(largest, sum): (f64, f64), e| {
                    (largest.max(e), sum + e)
                });
                let label = self.data.labels.values.get(index).copied();
                Ok(Outcome {
                    right: usize::from(label.map(usize::from) == Some(output.class)),
                    as_float: usize::from(self.classes.get(index) == Some(&output.class)),
                    max_error: largest,
                    sum_of_errors: sum,
                })
            })
            .try_reduce(Outcome::default, |a, b| Ok(a.plus(b)))
            .map_err(|error| failed(self.network, error))?;
        let images = self.data.images.count as f64;
        Ok(Point {
            options,
            default: options == Precision::default(),
            accuracy: outcome.right as f64 / images,
            float_agreement: outcome.as_float as f64 / images,
            max_error: outcome.max_error,
            mean_error: outcome.sum_of_errors / (images * self.network.classes() as f64),
            and_gates_per_relu: plan.relu_and_gates() as f64 / plan.relus().max(1) as f64,
        })
    }
}

/// One unit of the last layer's shares, in units of a score.
fn unit(planned: &Planned) -> f64 {
    let last = planned.plan.stages.last().zip(planned.report.last());
    last.map_or(0.0, |(stage, report)| {
        report.range / (report.range_of_modulus * f64::from(stage.share_bits).exp2())
    })
}

/// What `evaluate` gives for every image.
fn each_image<T: Send, E: Send>(
    images: &Images,
    evaluate: impl Fn(&[u8]) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    (0..images.count)
        .into_par_iter()
        .map(|index| evaluate(images.image(index).unwrap_or_default()))
        .collect()
}

fn failed(network: &Network, source: halfmask_models::Error) -> Error {
    Error::Model {
        model: network.name.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_vary_one_at_a_time() {
        let options = Options {
            model: ModelSource::BuiltIn,
            relu_widths: vec![4, 12],
            weight_bits: vec![9, 3],
            guard_bits: vec![],
            data: None,
            images: None,
            json: None,
        };
        let bits = |s: &Precision| (s.relu_width, s.weight_bits, s.guard_bits);
        let settings: Vec<_> = options.settings().iter().map(bits).collect();
        assert_eq!(settings, [(12, 9, 10), (4, 9, 10), (12, 3, 10)]);
    }

    #[test]
    fn a_unit_makes_integers_scores() {
        let model = ModelSource::BuiltIn.load().unwrap();
        let unit = unit(&model.planned);
        let network = &model.network;
        let image: Vec<u8> = (0..784).map(|i| (i * 7 % 256) as u8).collect();
        let values: Vec<f64> = image.iter().map(|p| f64::from(*p) / 255.0).collect();
        let exact = float::evaluate(network, &values).unwrap();
        let quantise = Quantise::new(&model.planned.plan.input);
        let twin = Twin::new(&model.planned.network);
        let scores = twin.evaluate(&quantise.image(&image)).unwrap().scores;
        let largest = exact.iter().fold(0f64, |m, x| m.max(x.abs()));
        for (x, exact) in scores.iter().zip(&exact) {
            assert!((*x as f64 * unit - exact).abs() < 0.05 * largest);
        }
    }
}
