//! The network as a chain of layers over flat tensors.
//!
//! Every tensor is a flat vector in C,H,W order (channel, row, column), so flattening and
//! reshaping are the identity and do not appear. A layer is either *linear*,
//!
//! ```text
//! y[p] = bias(p) + sum over (i, j) in taps(p) of w[j] x[i]
//! ```
//!
//! or a ReLU, `y[p] = max(x[p], 0)`, or a square, `y[p] = x[p]^2`, or a maximum over windows, `y[p] = max over i in taps(p) of x[i]`. The
//! weights are the server's secret. The float evaluation, the fixed-point twin and the private layer all
//! read the same taps, so they cannot disagree about padding or strides.

use std::collections::HashSet;

pub use linear::{Conv2d, Dense, Linear, LinearKind};
pub use pool::MaxPool;

mod linear;
mod pool;

/// The most elements any tensor between two layers may have, for one image.
///
/// A few bytes of geometry (a pad of 10^9) can ask for any amount of memory; this bounds it.
pub const MAX_TENSOR: usize = 1 << 24;

/// What is wrong with a network or with an input to it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// There is no layer at all.
    #[error("the network has no layers")]
    Empty,
    /// Two layers share a name, so reports and ranges could not tell them apart.
    #[error("two layers are named `{0}`")]
    DuplicateName(String),
    /// A layer's input is not the output of the one before.
    #[error("layer `{layer}` takes {expected} values, but the layer before gives {got}")]
    Chain {
        /// The layer's name.
        layer: String,
        /// Values the layer takes.
        expected: usize,
        /// Values it is given.
        got: usize,
    },
    /// A layer is inconsistent in itself.
    #[error("layer `{layer}`: {reason}")]
    Layer {
        /// The layer's name.
        layer: String,
        /// What is wrong.
        reason: String,
    },
    /// The network's own fields are unusable.
    #[error("network `{network}`: {reason}")]
    Field {
        /// The network's name.
        network: String,
        /// What is wrong.
        reason: String,
    },
    /// An input vector has the wrong length.
    #[error("the network takes {expected} values, got {got}")]
    Input {
        /// Values the network takes.
        expected: usize,
        /// Values given.
        got: usize,
    },
}

/// A feed-forward network: a chain of layers from one image to the class scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// The graph's name.
    pub name: String,
    /// Channels, rows, columns of one image.
    pub input: [usize; 3],
    /// The largest absolute value of an input element (1.0 for pixels divided by 255).
    pub input_max: f64,
    /// The layers, first to last.
    pub layers: Vec<Layer>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// Weights and biases.
    Linear(Linear),
    /// `max(x, 0)`, element by element.
    Relu {
        /// The layer's name.
        name: String,
    },
    /// `x^2`, element by element.
    Square {
        /// The layer's name.
        name: String,
    },
    /// The largest value of every window.
    MaxPool(MaxPool),
}

impl Network {
    /// Elements of one input image.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.input.iter().product()
    }

    /// Number of class scores: what the last layer gives.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.layers
            .iter()
            .rev()
            .find_map(Layer::shape)
            .map_or_else(|| self.inputs(), |(_, outputs)| outputs)
    }

    /// The linear layers, first to last.
    pub fn linears(&self) -> impl Iterator<Item = &Linear> {
        self.layers.iter().filter_map(Layer::linear)
    }

    /// Number of ReLU evaluations an image, as the network is written; a plan may need fewer
    /// ([`crate::nn::plan::Plan::relus`]).
    #[must_use]
    pub fn relu_count(&self) -> usize {
        let mut width = self.inputs();
        let mut count: usize = 0;
        for layer in &self.layers {
            match layer.shape() {
                Some((_, outputs)) => width = outputs,
                None if matches!(layer, Layer::Relu { .. }) => count = count.saturating_add(width),
                None => {}
            }
        }
        count
    }

    /// Checks every layer and that each takes what the one before gives.
    ///
    /// # Errors
    /// The first inconsistency, with the layer's name and the numbers.
    pub fn validate(&self) -> Result<(), NetworkError> {
        let field = |reason: String| NetworkError::Field {
            network: self.name.clone(),
            reason,
        };
        let mut width = elements(&self.input).ok_or_else(|| {
            field(format!(
                "input {:?} is empty or exceeds {MAX_TENSOR} elements",
                self.input
            ))
        })?;
        if !(self.input_max.is_finite() && self.input_max > 0.0) {
            return Err(field(format!(
                "input_max is {}, must be positive and finite",
                self.input_max
            )));
        }
        if self.layers.is_empty() {
            return Err(NetworkError::Empty);
        }
        let mut names = HashSet::new();
        for layer in &self.layers {
            if !names.insert(layer.name()) {
                return Err(NetworkError::DuplicateName(layer.name().to_owned()));
            }
            match layer {
                Layer::Linear(linear) => linear.validate()?,
                Layer::MaxPool(pool) => pool.validate()?,
                Layer::Relu { .. } | Layer::Square { .. } => {}
            }
            if let Some((inputs, outputs)) = layer.shape() {
                if inputs != width {
                    return Err(NetworkError::Chain {
                        layer: layer.name().to_owned(),
                        expected: inputs,
                        got: width,
                    });
                }
                width = outputs;
            }
        }
        Ok(())
    }
}

impl Layer {
    /// The layer's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Linear(linear) => &linear.name,
            Self::Relu { name } | Self::Square { name } => name,
            Self::MaxPool(pool) => &pool.name,
        }
    }

    /// Elements in and out, where the layer has a shape of its own; a ReLU takes any.
    fn shape(&self) -> Option<(usize, usize)> {
        match self {
            Self::Linear(linear) => Some((linear.inputs(), linear.outputs())),
            Self::MaxPool(pool) => Some((pool.inputs(), pool.outputs())),
            Self::Relu { .. } | Self::Square { .. } => None,
        }
    }

    /// The linear layer, if it is one.
    #[must_use]
    pub const fn linear(&self) -> Option<&Linear> {
        match self {
            Self::Linear(linear) => Some(linear),
            Self::Relu { .. } | Self::Square { .. } | Self::MaxPool(_) => None,
        }
    }
}

/// The product of a shape, if it lies in `1..=MAX_TENSOR`.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    let product = shape
        .iter()
        .try_fold(1usize, |product, &side| product.checked_mul(side))?;
    (1..=MAX_TENSOR).contains(&product).then_some(product)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};

    use super::*;

    fn dense(outputs: usize, inputs: usize) -> LinearKind {
        LinearKind::Dense(Dense {
            weights: Array2::ones([outputs, inputs]),
            bias: Array1::zeros(outputs),
        })
    }

    fn linear(name: &str, kind: LinearKind) -> Layer {
        Layer::Linear(Linear {
            name: name.to_owned(),
            kind,
            range: None,
        })
    }

    fn network(layers: Vec<Layer>) -> Network {
        Network {
            name: "test".to_owned(),
            input: [1, 2, 3],
            input_max: 1.0,
            layers,
        }
    }

    #[test]
    fn counts_classes_and_relus() {
        let relu = |name: &str| Layer::Relu {
            name: name.to_owned(),
        };
        let net = network(vec![
            relu("r0"),
            linear("a", dense(4, 6)),
            relu("r1"),
            relu("r2"),
            linear("b", dense(3, 4)),
        ]);
        net.validate().unwrap();
        assert_eq!(
            (
                net.inputs(),
                net.classes(),
                net.relu_count(),
                net.linears().count()
            ),
            (6, 3, 6 + 4 + 4, 2)
        );
    }

    #[test]
    fn pooling_changes_the_width() {
        let relu = |name: &str| Layer::Relu {
            name: name.to_owned(),
        };
        let pool = MaxPool::new("p", [1, 2, 3], [2, 2], [1, 1], [0; 4]).unwrap();
        let net = network(vec![
            relu("r0"),
            Layer::MaxPool(pool.clone()),
            relu("r1"),
            linear("a", dense(4, 2)),
        ]);
        net.validate().unwrap();
        assert_eq!((net.classes(), net.relu_count()), (4, 6 + 2));
        let last = network(vec![Layer::MaxPool(pool.clone())]);
        assert_eq!(last.classes(), 2);
        let broken = network(vec![linear("a", dense(4, 6)), Layer::MaxPool(pool)]);
        assert_eq!(
            broken.validate(),
            Err(NetworkError::Chain {
                layer: "p".to_owned(),
                expected: 6,
                got: 4
            })
        );
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(network(vec![]).validate(), Err(NetworkError::Empty));
        let twice = network(vec![linear("a", dense(6, 6)), linear("a", dense(6, 6))]);
        assert_eq!(
            twice.validate(),
            Err(NetworkError::DuplicateName("a".to_owned()))
        );
        let broken = network(vec![linear("a", dense(4, 6)), linear("b", dense(2, 5))]);
        assert_eq!(
            broken.validate(),
            Err(NetworkError::Chain {
                layer: "b".to_owned(),
                expected: 5,
                got: 4
            })
        );

        let mut empty = network(vec![linear("a", dense(4, 6))]);
        empty.input = [1, 0, 3];
        assert!(
            empty
                .validate()
                .unwrap_err()
                .to_string()
                .contains("[1, 0, 3] is empty")
        );
        empty.input = [usize::MAX, 2, 3];
        assert!(
            empty
                .validate()
                .unwrap_err()
                .to_string()
                .contains("exceeds")
        );
        for input_max in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut net = network(vec![linear("a", dense(4, 6))]);
            net.input_max = input_max;
            assert!(
                net.validate()
                    .unwrap_err()
                    .to_string()
                    .contains("input_max")
            );
        }
    }
}
