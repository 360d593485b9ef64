//! Operators, one after the other, to layers.

use super::chain::{Constants, Step};
use super::operator::Operator;
use super::proto::TensorProto;
use super::tensor::{self, Tensor};
use crate::nn::graph::{Layer, Linear, LinearKind, elements};

mod fold;
mod linear;
mod pool;

/// The layers so far and the shape of the value they give.
pub(super) struct Builder<'a> {
    constants: &'a Constants,
    /// The batch size, if the file fixes it.
    batch: Option<usize>,
    /// The shape for one image, without the batch dimension.
    shape: Vec<usize>,
    /// Zeros a `Pad` has added that the next `Conv` has yet to take: top, left, bottom, right.
    pads: Option<[usize; 4]>,
    layers: Vec<Layer>,
    /// Weights the layers may still have. A file may use one tensor in many layers, and each copies it.
    weights_left: usize,
}

/// Weights a network may have however small its file is; a larger file may have one a byte.
const FREE_WEIGHTS: usize = 1 << 22;

impl<'a> Builder<'a> {
    /// For a file of `bytes` bytes whose input has this shape.
    pub(super) fn new(
        constants: &'a Constants,
        batch: Option<usize>,
        shape: Vec<usize>,
        bytes: usize,
    ) -> Self {
        Self {
            constants,
            batch,
            shape,
            pads: None,
            layers: Vec::new(),
            weights_left: bytes.max(FREE_WEIGHTS),
        }
    }

    /// The layers, once every step is applied.
    ///
    /// # Errors
    /// If a `Pad` was last.
    pub(super) fn finish(self) -> Result<Vec<Layer>, String> {
        self.no_pads()?;
        Ok(self.layers)
    }

    /// Applies one node.
    ///
    /// # Errors
    /// One clause that says what about the node is wrong.
    pub(super) fn apply(&mut self, step: &Step) -> Result<(), String> {
        if step.path_input != 0 && step.operator != Operator::Add {
            return Err(format!(
                "the image is its input {}, expected input 0",
                step.path_input
            ));
        }
        match &step.operator {
            Operator::Conv(attributes) => return self.conv(step, attributes),
            Operator::Pad { pads } => return self.pad(step, pads.as_deref()),
            Operator::Identity => return Ok(()),
            Operator::Dropout => return self.dropout(step),
            _ => self.no_pads()?,
        }
        match &step.operator {
            Operator::Gemm {
                alpha,
                beta,
                transposed,
            } => self.gemm(step, *alpha, *beta, *transposed),
            Operator::MatMul => self.gemm(step, 1.0, 0.0, false),
            Operator::Add => self.add(step),
            Operator::BatchNormalization { epsilon } => self.normalise(step, *epsilon),
            Operator::Relu => {
                self.layers.push(Layer::Relu {
                    name: step.name.clone(),
                });
                Ok(())
            }
            Operator::Pow => self.square(step),
            Operator::MaxPool(attributes) => self.max_pool(step, attributes),
            Operator::GlobalMaxPool => self.global_max_pool(step),
            Operator::Flatten { axis } => self.flatten(*axis),
            Operator::Reshape { allow_zero } => self.reshape(step, *allow_zero),
            _ => Err("is not expected on the path".to_owned()),
        }
    }

    fn square(&mut self, step: &Step) -> Result<(), String> {
        let exponent = self.required(step, 1)?;
        if exponent.values != [2.0] {
            let shown = exponent.values.iter().take(4).collect::<Vec<_>>();
            return Err(format!("exponent {shown:?}, only 2 is supported"));
        }
        self.layers.push(Layer::Square {
            name: step.name.clone(),
        });
        Ok(())
    }

    fn flatten(&mut self, axis: i64) -> Result<(), String> {
        let rank = i64::try_from(self.shape.len())
            .unwrap_or(i64::MAX)
            .saturating_add(1);
        let from_front = if axis < 0 {
            axis.saturating_add(rank)
        } else {
            axis
        };
        if from_front != 1 {
            return Err(format!(
                "axis {axis} would merge or split the batch, only axis 1 is supported"
            ));
        }
        self.shape = vec![self.shape.iter().product()];
        Ok(())
    }

    fn reshape(&mut self, step: &Step, allow_zero: bool) -> Result<(), String> {
        let target = self.integers(step, 1)?.ok_or("its shape is left out")?;
        let shape = self.target(&target, allow_zero);
        self.shape = shape.ok_or_else(|| {
            format!(
                "shape {target:?} does not keep the batch and the {:?} values of an image",
                self.shape
            )
        })?;
        Ok(())
    }

    /// The shape of an image after a `Reshape`, if it keeps the batch dimension.
    fn target(&self, target: &[i64], allow_zero: bool) -> Option<Vec<usize>> {
        let total: usize = self.shape.iter().product();
        let (&batch, rest) = target.split_first()?;
        let batch_is_inferred = batch == -1;
        let batch_is_kept = (batch == 0 && !allow_zero)
            || self
                .batch
                .is_some_and(|fixed| usize::try_from(batch).is_ok_and(|batch| batch == fixed));
        if rest.is_empty() || !(batch_is_inferred || batch_is_kept) {
            return None;
        }
        let mut inferred = None;
        let mut shape = Vec::with_capacity(rest.len());
        for (index, &side) in rest.iter().enumerate() {
            shape.push(match side {
                -1 if !batch_is_inferred && inferred.is_none() => {
                    inferred = Some(index);
                    1
                }
                0 if !allow_zero => *self.shape.get(index)?,
                side => usize::try_from(side).ok()?,
            });
        }
        let known = elements(&shape)?;
        if let Some(side) = inferred.and_then(|index| shape.get_mut(index)) {
            *side = total / known;
        }
        (elements(&shape)? == total).then_some(shape)
    }

    fn dropout(&self, step: &Step) -> Result<(), String> {
        // Input 1, the ratio, means nothing at inference; input 2 says whether this is training.
        match self.proto(step, 2)? {
            None => Ok(()),
            Some(training) => {
                match tensor::boolean(training).map_err(|reason| self.about(step, 2, &reason))? {
                    false => Ok(()),
                    true => Err("it is in training mode".to_owned()),
                }
            }
        }
    }

    fn push(&mut self, step: &Step, kind: LinearKind, shape: Vec<usize>) -> Result<(), String> {
        let weights = match &kind {
            LinearKind::Conv2d(conv) => conv.weights.len(),
            LinearKind::Dense(dense) => dense.weights.len(),
        };
        let left = self.weights_left.checked_sub(weights);
        self.weights_left = left.ok_or("the file uses its weights too many times over")?;
        self.layers.push(Layer::Linear(Linear {
            name: step.name.clone(),
            kind,
            range: None,
        }));
        self.shape = shape;
        Ok(())
    }

    /// Channels, rows, columns of the value so far.
    fn image(&self) -> Result<[usize; 3], String> {
        <[usize; 3]>::try_from(self.shape.as_slice()).map_err(|_| {
            format!(
                "its input has shape {:?}, expected channels, rows, columns",
                self.shape
            )
        })
    }

    fn no_pads(&self) -> Result<(), String> {
        match self.pads {
            None => Ok(()),
            Some(pads) => Err(format!(
                "the Pad of {pads:?} before it is not followed by a Conv"
            )),
        }
    }

    /// Input `place` of the node if it is given; it must be a constant.
    fn proto(&self, step: &Step, place: usize) -> Result<Option<&'a TensorProto>, String> {
        match step.inputs.get(place).map(String::as_str) {
            None | Some("") => Ok(None),
            Some(name) => match self.constants.get(name) {
                Some(proto) => Ok(Some(proto.as_ref())),
                None => Err(format!("its input {place} (`{name}`) is not a constant")),
            },
        }
    }

    fn optional(&self, step: &Step, place: usize) -> Result<Option<Tensor>, String> {
        let proto = self.proto(step, place)?;
        proto
            .map(Tensor::read)
            .transpose()
            .map_err(|reason| self.about(step, place, &reason))
    }

    fn required(&self, step: &Step, place: usize) -> Result<Tensor, String> {
        let tensor = self
            .optional(step, place)?
            .ok_or_else(|| format!("its input {place} is missing"))?;
        if tensor.values.is_empty() {
            return Err(self.about(step, place, &format!("is empty: shape {:?}", tensor.dims)));
        }
        Ok(tensor)
    }

    fn integers(&self, step: &Step, place: usize) -> Result<Option<Vec<i64>>, String> {
        let proto = self.proto(step, place)?;
        proto
            .map(tensor::integers)
            .transpose()
            .map_err(|reason| self.about(step, place, &reason))
    }

    fn about(&self, step: &Step, place: usize, reason: &str) -> String {
        format!(
            "its input {place} (`{}`) {reason}",
            step.inputs.get(place).map_or("", String::as_str)
        )
    }
}
