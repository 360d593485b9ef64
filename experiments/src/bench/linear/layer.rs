//! The layers, their inputs, and their products in the clear.

use halfmask_models::Error as ModelError;
use halfmask_models::nn::float;
use halfmask_models::nn::graph::{self, Linear, LinearKind, Network};

use crate::exit::Error;

/// Weights become integers of at most this absolute value where a packing takes integers, as the planner does.
pub(super) const MAX_WEIGHT: u16 = 255;

/// A linear layer without its bias.
pub(super) struct Layer {
    linear: Linear,
}

/// The linear layers of a network, or those of them that are named.
pub(super) fn select(model: &Network, names: &[String]) -> Result<Vec<Layer>, Error> {
    let all = model.layers.iter().filter_map(|layer| match layer {
        graph::Layer::Linear(linear) => Some(linear),
        _ => None,
    });
    let known: Vec<&str> = all.clone().map(|linear| linear.name.as_str()).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::Usage(format!(
            "--layer {name}: the linear layers of {} are {}",
            model.name,
            known.join(", ")
        )));
    }
    let wanted = |linear: &&Linear| names.is_empty() || names.contains(&linear.name);
    Ok(all.filter(wanted).map(Layer::new).collect())
}

impl Layer {
    fn new(linear: &Linear) -> Self {
        let mut linear = linear.clone();
        match &mut linear.kind {
            LinearKind::Conv2d(conv) => conv.bias.fill(0.0),
            LinearKind::Dense(dense) => dense.bias.fill(0.0),
        }
        Self { linear }
    }

    pub(super) fn name(&self) -> &str {
        &self.linear.name
    }

    pub(super) fn linear(&self) -> &Linear {
        &self.linear
    }

    /// So many inputs, equidistributed in [0, 1).
    pub(super) fn images(&self, count: usize) -> Vec<Vec<f64>> {
        // Multiples of the golden ratio.
        let step = (5f64.sqrt() - 1.0) / 2.0;
        let inputs = self.linear.inputs();
        let value = |i: usize| (i as f64 * step).fract();
        (0..count)
            .map(|t| (t * inputs..(t + 1) * inputs).map(value).collect())
            .collect()
    }

    /// The product with every image, in double precision.
    pub(super) fn products(&self, images: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, ModelError> {
        let network = Network {
            name: self.name().to_owned(),
            input: [1, 1, self.linear.inputs()],
            input_max: 1.0,
            layers: vec![graph::Layer::Linear(self.linear.clone())],
        };
        let evaluate = |image: &Vec<f64>| Ok(float::evaluate(&network, image)?);
        images.iter().map(evaluate).collect()
    }

    /// A bound on the outputs of inputs in [0, 1]: the largest sum of absolute weights.
    pub(super) fn bound(&self) -> Result<f64, ModelError> {
        let mut absolute = Self {
            linear: self.linear.clone(),
        };
        match &mut absolute.linear.kind {
            LinearKind::Conv2d(conv) => conv.weights.mapv_inplace(f64::abs),
            LinearKind::Dense(dense) => dense.weights.mapv_inplace(f64::abs),
        }
        let sums = absolute.products(&[vec![1.0; self.linear.inputs()]])?;
        Ok(sums.iter().flatten().copied().fold(0.0, f64::max))
    }
}

/// The largest error, and the largest absolute value that was expected.
pub(super) fn compare(outputs: &[Vec<f64>], expected: &[Vec<f64>]) -> (f64, f64) {
    let pairs = outputs.iter().zip(expected);
    pairs.fold((0.0, 0.0), |(error, largest), (got, want)| {
        // Missing outputs, and NaN, are as wrong as can be.
        if got.len() != want.len() {
            return (f64::INFINITY, largest);
        }
        let distances = got.iter().zip(want).map(|(g, w)| (g - w).abs());
        let largest = want.iter().fold(largest, |max: f64, w| max.max(w.abs()));
        let worse = |max: f64, d: f64| if max.is_nan() || d <= max { max } else { d };
        (distances.fold(error, worse), largest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUILT_IN, ModelSource};

    fn layers(names: &[&str]) -> Result<Vec<Layer>, Error> {
        let model = ModelSource::parse(BUILT_IN.as_ref()).network()?;
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        select(&model, &names)
    }

    #[test]
    fn layers_are_those_of_the_built_in_network() {
        let all = layers(&[]).unwrap();
        let shapes = all
            .iter()
            .map(|layer| (layer.linear().inputs(), layer.linear().outputs()));
        assert_eq!(
            shapes.collect::<Vec<_>>(),
            [(784, 845), (845, 100), (100, 10)]
        );
        assert_eq!(layers(&[all[1].name()]).unwrap().len(), 1);
        let error = layers(&["fc9"]).err().unwrap();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(all[2].name()), "{error}");
    }

    #[test]
    fn outputs_stay_within_the_bound_and_have_no_bias() {
        for layer in layers(&[]).unwrap() {
            let mut images = layer.images(3);
            assert!(images.iter().flatten().all(|x| (0.0..1.0).contains(x)));
            images.push(vec![0.0; layer.linear().inputs()]);
            let products = layer.products(&images).unwrap();
            let bound = layer.bound().unwrap();
            assert!(products.iter().flatten().all(|y| y.abs() <= bound));
            assert!(products[3].iter().all(|y| *y == 0.0));
        }
    }

    #[test]
    fn whatever_is_wrong_counts() {
        let want = vec![vec![1.0, -4.0], vec![2.0, 0.0]];
        assert_eq!(compare(&want, &want), (0.0, 4.0));
        assert_eq!(
            compare(&[vec![1.0, -4.5], vec![2.0, 0.1]], &want),
            (0.5, 4.0)
        );
        assert_eq!(compare(&[vec![1.0]], &want).0, f64::INFINITY);
        assert!(compare(&[vec![f64::NAN, -4.0]], &want).0.is_nan());
    }
}
