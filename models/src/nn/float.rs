//! Plain evaluation in double precision: the reference for accuracy.
//!
//! Not bit-exact to anything. What the protocol is compared with exactly is the fixed-point twin;
//! this one says what the model would have answered without cryptography or quantisation.

use ndarray::ArrayView1;

use super::graph::{Conv2d, Dense, Layer, LinearKind, MaxPool, Network, NetworkError};

/// The class scores (logits) of one image, given flat in C,H,W order.
///
/// # Errors
/// [`NetworkError::Input`] if the image has the wrong length, [`NetworkError::Chain`] or
/// [`NetworkError::Layer`] if the network would not pass [`Network::validate`].
pub fn evaluate(network: &Network, image: &[f64]) -> Result<Vec<f64>, NetworkError> {
    check_input(network, image)?;
    let mut values = image.to_vec();
    for layer in &network.layers {
        values = apply(layer, values)?;
    }
    Ok(values)
}

/// The output of every layer, first to last; the last entry is what [`evaluate`] returns.
///
/// # Errors
/// As [`evaluate`].
pub fn trace(network: &Network, image: &[f64]) -> Result<Vec<Vec<f64>>, NetworkError> {
    check_input(network, image)?;
    let mut outputs: Vec<Vec<f64>> = Vec::with_capacity(network.layers.len());
    for layer in &network.layers {
        let values = outputs.last().map_or_else(|| image.to_vec(), Clone::clone);
        outputs.push(apply(layer, values)?);
    }
    Ok(outputs)
}

/// The predicted class of one image.
///
/// # Errors
/// As [`evaluate`], and [`NetworkError::Empty`] if there are no scores.
pub fn classify(network: &Network, image: &[f64]) -> Result<usize, NetworkError> {
    argmax(&evaluate(network, image)?).ok_or(NetworkError::Empty)
}

/// The index of the largest value; of equal ones the lowest index, as the private argmax has it.
/// `None` if there are none.
#[must_use]
pub fn argmax(values: &[f64]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (index, &value) in values.iter().enumerate() {
        if best.is_none_or(|(_, largest)| value > largest) {
            best = Some((index, value));
        }
    }
    best.map(|(index, _)| index)
}

fn check_input(network: &Network, image: &[f64]) -> Result<(), NetworkError> {
    if image.len() != network.inputs() {
        return Err(NetworkError::Input {
            expected: network.inputs(),
            got: image.len(),
        });
    }
    Ok(())
}

fn apply(layer: &Layer, mut values: Vec<f64>) -> Result<Vec<f64>, NetworkError> {
    let fits = |expected: usize, got: usize| {
        if got == expected {
            return Ok(());
        }
        Err(NetworkError::Chain {
            layer: layer.name().to_owned(),
            expected,
            got,
        })
    };
    let outputs = match layer {
        Layer::Square { .. } => {
            for value in &mut values {
                *value *= *value;
            }
            return Ok(values);
        }
        Layer::Relu { .. } => {
            for value in &mut values {
                *value = value.max(0.0);
            }
            return Ok(values);
        }
        Layer::MaxPool(pool) => {
            fits(pool.inputs(), values.len())?;
            largest(pool, &values)
        }
        Layer::Linear(linear) => {
            fits(linear.inputs(), values.len())?;
            match &linear.kind {
                LinearKind::Conv2d(conv) => convolve(conv, &values),
                LinearKind::Dense(dense) => multiply(dense, &values),
            }
        }
    };
    outputs.ok_or_else(|| {
        let reason = "weights, bias and geometry disagree".to_owned();
        NetworkError::Layer {
            layer: layer.name().to_owned(),
            reason,
        }
    })
}

fn largest(pool: &MaxPool, values: &[f64]) -> Option<Vec<f64>> {
    (0..pool.outputs())
        .map(|position| {
            let mut window = pool.taps(position);
            let first = *values.get(window.next()?)?;
            window.try_fold(first, |largest, input| {
                Some(largest.max(*values.get(input)?))
            })
        })
        .collect()
}

fn convolve(conv: &Conv2d, values: &[f64]) -> Option<Vec<f64>> {
    let weights = conv.weights.as_slice()?;
    (0..conv.outputs())
        .map(|position| {
            let bias = *conv.bias.get(conv.channel(position))?;
            conv.taps(position).try_fold(bias, |sum, (input, weight)| {
                Some(sum + values.get(input)? * weights.get(weight)?)
            })
        })
        .collect()
}

fn multiply(dense: &Dense, values: &[f64]) -> Option<Vec<f64>> {
    if dense.bias.len() != dense.outputs() {
        return None;
    }
    Some((dense.weights.dot(&ArrayView1::from(values)) + &dense.bias).to_vec())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array4, array};

    use super::*;
    use crate::nn::graph::Linear;

    fn small() -> Network {
        let conv = Conv2d {
            input: [1, 2, 2],
            output: [2, 2, 2],
            kernel: [2, 2],
            strides: [1, 1],
            pads: [0, 0, 1, 1],
            weights: Array4::from_shape_vec(
                [2, 1, 2, 2],
                vec![1.0, 2.0, 3.0, 4.0, -1.0, 0.0, 0.0, 1.0],
            )
            .unwrap(),
            bias: array![0.5, -10.0],
        };
        let dense = Dense {
            weights: Array1::range(0.0, 8.0, 1.0)
                .into_shape_with_order([1, 8])
                .unwrap(),
            bias: array![7.0],
        };
        let linear = |name: &str, kind| {
            Layer::Linear(Linear {
                name: name.to_owned(),
                kind,
                range: None,
            })
        };
        Network {
            name: "small".to_owned(),
            input: [1, 2, 2],
            input_max: 4.0,
            layers: vec![
                linear("conv", LinearKind::Conv2d(conv)),
                Layer::Relu {
                    name: "relu".to_owned(),
                },
                linear("fc", LinearKind::Dense(dense)),
            ],
        }
    }

    #[test]
    fn worked_by_hand() {
        let network = small();
        network.validate().unwrap();
        let image = [1.0, 2.0, 3.0, 4.0];
        // Map 0: [1+4+9+16, 2+12, 3+8, 4] + 0.5; map 1: [-1+4, -2, -3, -4] - 10, all negative.
        let conv = vec![30.5, 14.5, 11.5, 4.5, -7.0, -12.0, -13.0, -14.0];
        let relu = vec![30.5, 14.5, 11.5, 4.5, 0.0, 0.0, 0.0, 0.0];
        let fc = vec![14.5 + 23.0 + 13.5 + 7.0];
        assert_eq!(
            trace(&network, &image).unwrap(),
            vec![conv, relu, fc.clone()]
        );
        assert_eq!(evaluate(&network, &image).unwrap(), fc);
        assert_eq!(classify(&network, &image).unwrap(), 0);
    }

    #[test]
    fn pooling_takes_the_largest_and_padding_never_wins() {
        let mut network = small();
        // Windows of the two 2 x 2 maps with one absent row above: all scores of map 1 are negative.
        let pool = MaxPool::new("pool", [2, 2, 2], [2, 2], [2, 1], [1, 0, 1, 0]).unwrap();
        network.layers.insert(1, Layer::MaxPool(pool));
        network.layers.truncate(2);
        network.validate().unwrap();
        let pooled = evaluate(&network, &[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(pooled, vec![30.5, 11.5, -7.0, -13.0]);
        network.layers.remove(0);
        assert!(matches!(
            evaluate(&network, &[0.0; 4]),
            Err(NetworkError::Chain {
                expected: 8,
                got: 4,
                ..
            })
        ));
    }

    #[test]
    fn refuses_the_wrong_length() {
        let error = evaluate(&small(), &[0.0; 5]).unwrap_err();
        assert_eq!(
            error,
            NetworkError::Input {
                expected: 4,
                got: 5
            }
        );
        assert_eq!(
            trace(&small(), &[]).unwrap_err(),
            NetworkError::Input {
                expected: 4,
                got: 0
            }
        );
    }

    #[test]
    fn an_inconsistent_network_is_an_error_not_a_panic() {
        let mut network = small();
        if let Some(Layer::Linear(Linear {
            kind: LinearKind::Dense(dense),
            ..
        })) = network.layers.last_mut()
        {
            dense.bias = array![1.0, 2.0];
        }
        assert!(matches!(
            evaluate(&network, &[0.0; 4]),
            Err(NetworkError::Layer { .. })
        ));
        network.layers.remove(0);
        assert!(matches!(
            evaluate(&network, &[0.0; 4]),
            Err(NetworkError::Chain { .. })
        ));
    }

    #[test]
    fn ties_go_to_the_lowest_index() {
        assert_eq!(argmax(&[1.0, 3.0, 3.0, 2.0]), Some(1));
        assert_eq!(argmax(&[-0.0, 0.0]), Some(0));
        assert_eq!(argmax(&[]), None);
    }
}
