//! One image a ciphertext, in CKKS slots: matrices by diagonals, convolutions by kernel positions.
//!
//! A convolution whose outputs do not fit the slots is cut into groups of channels, each with an answer of its own.

use std::sync::Arc;

use halfmask_models::Error;
use halfmask_models::bridge::ckks::ckks::circuits::{
    Convolution, ConvolutionShape, Layout, LinearTransform, Schedule,
};
use halfmask_models::bridge::ckks::ckks::{
    Ciphertext, Context, Encoder, EvaluationKeys, Evaluator, Parameters, Plaintext, Preset,
    PublicKey, SecretKey, SeededCiphertext,
};
use halfmask_models::bridge::ckks::{PublicSeed, SecureRng};
use halfmask_models::nn::graph::{Conv2d, Dense, LinearKind};

use super::Setting;
use super::layer::Layer;
use super::packing::{Answer, Packed, Packing, size, timed};

/// The smallest with a level and room for 1,024 elements.
const PRESET: Preset = Preset::N4096;

/// The layer and both parties' keys.
pub(super) struct ImageSlots {
    name: String,
    shape: [usize; 2],
    context: Arc<Context>,
    plan: Plan,
    /// What the server applies, an answer each.
    schedules: Vec<Schedule>,
    encoder: Encoder,
    evaluator: Evaluator,
    keys: Arc<EvaluationKeys>,
    secret: SecretKey,
    public: PublicKey,
    zero: Plaintext,
    rng: SecureRng,
}

/// How values lie in slots.
enum Plan {
    Matrix(LinearTransform),
    Convolution {
        padded: Padded,
        groups: Vec<Convolution>,
    },
}

impl ImageSlots {
    pub(super) fn new(layer: &Layer) -> Result<Self, Error> {
        let context = Context::new(&Parameters::preset(PRESET)?)?;
        let plan = match &layer.linear().kind {
            LinearKind::Dense(dense) => Plan::matrix(&context, dense)?,
            LinearKind::Conv2d(conv) => Plan::convolution(&context, conv)?,
        };
        let mut rng = SecureRng::from_os()?;
        let secret = SecretKey::generate(&context, &mut rng);
        let keys = EvaluationKeys::builder(&secret)
            .rotations(&plan.rotations())
            .build(&mut rng)?;
        let keys = Arc::new(keys);
        let encoder = Encoder::new(&context)?;
        let (level, scale) = {
            let parameters = context.parameters();
            (parameters.max_level(), parameters.scale())
        };
        Ok(Self {
            name: layer.name().to_owned(),
            shape: [layer.linear().inputs(), layer.linear().outputs()],
            schedules: plan.encode(&encoder, level)?,
            plan,
            evaluator: Evaluator::new(&context, Arc::clone(&keys))?,
            keys,
            public: PublicKey::generate(&secret, &mut rng)?,
            zero: encoder.encode_real_at(&[], level - 1, scale)?,
            encoder,
            secret,
            context,
            rng,
        })
    }

    fn encrypt(&mut self, image: &[f64]) -> Result<Vec<u8>, Error> {
        let values = self.plan.pack(image, self.context.slots())?;
        let plain = self.encoder.encode(&values)?;
        let mut seed = PublicSeed::generate(&mut self.rng);
        let sent = self.secret.encrypt(&plain, &mut seed, &mut self.rng)?;
        Ok(sent.to_bytes())
    }

    fn evaluate(&mut self, message: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        let input = SeededCiphertext::from_bytes(&self.context, message)?.expand();
        let mut answers = Vec::with_capacity(self.schedules.len());
        for schedule in &self.schedules {
            let mut output = schedule.apply(&self.evaluator, &input)?;
            let zero = self.public.encrypt(&self.zero, &mut self.rng)?;
            self.evaluator.add_assign(&mut output, &zero)?;
            answers.push(output.to_bytes());
        }
        Ok(answers)
    }

    fn decrypt(&self, messages: &[Vec<u8>]) -> Result<Vec<f64>, Error> {
        let decode = |bytes: &Vec<u8>| -> Result<Vec<f64>, Error> {
            let answer = Ciphertext::from_bytes(&self.context, bytes)?;
            Ok(self.encoder.decode(&self.secret.decrypt(&answer)?)?)
        };
        let slots: Vec<Vec<f64>> = messages.iter().map(decode).collect::<Result<_, _>>()?;
        self.plan.unpack(&slots)
    }
}

impl Packed for ImageSlots {
    fn setting(&self) -> Setting {
        let chain = self.context.parameters().chain();
        let [inputs, outputs] = self.shape;
        Setting {
            layer: self.name.clone(),
            inputs,
            outputs,
            packing: Packing::ImageSlots,
            degree: chain.degree(),
            log2_modulus: chain.log2_modulus(),
            security_bits: chain.security_bits(),
            images: 1,
            bytes_keys: self.public.to_bytes().len() + self.keys.to_bytes().len(),
        }
    }

    fn run(&mut self, images: &[Vec<f64>]) -> Result<Answer, Error> {
        let mut answer = Answer::default();
        for image in images {
            let up = timed(&mut answer.client, || self.encrypt(image))?;
            let down = timed(&mut answer.server, || self.evaluate(&up))?;
            let outputs = timed(&mut answer.client, || self.decrypt(&down))?;
            answer.outputs.push(outputs);
            answer.bytes_up += up.len();
            answer.bytes_down += size(&down);
        }
        Ok(answer)
    }
}

impl Plan {
    fn matrix(context: &Context, dense: &Dense) -> Result<Self, Error> {
        let weights: Vec<f64> = dense.weights.iter().copied().collect();
        let shape = [dense.outputs(), dense.inputs()];
        Ok(Self::Matrix(LinearTransform::plan(
            context, &weights, shape,
        )?))
    }

    fn convolution(context: &Context, conv: &Conv2d) -> Result<Self, Error> {
        let ([kernel, columns], [stride, right]) = (conv.kernel, conv.strides);
        if kernel != columns || stride != right {
            return Err(Error::Plan(format!(
                "a kernel of {kernel} x {columns} in steps of {stride} and {right} is not square"
            )));
        }
        let padded = Padded::new(conv);
        let [channels, height, width] = padded.output;
        let layout = Layout::packed(channels, height, width)?;
        let weights: Vec<f64> = conv.weights.iter().copied().collect();
        let channel_weights = channels * kernel * kernel;
        let together = (context.slots() / layout.block()).max(1);
        let groups = weights
            .chunks(together * channel_weights.max(1))
            .map(|weights| {
                let shape = ConvolutionShape {
                    channels: weights.len() / channel_weights.max(1),
                    kernel,
                    stride,
                    padding: 0,
                };
                Convolution::plan(context, layout, shape, weights)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self::Convolution { padded, groups })
    }

    fn rotations(&self) -> Vec<i64> {
        match self {
            Self::Matrix(matrix) => matrix.rotations(),
            Self::Convolution { groups, .. } => {
                groups.iter().flat_map(Convolution::rotations).collect()
            }
        }
    }

    fn encode(&self, encoder: &Encoder, level: usize) -> Result<Vec<Schedule>, Error> {
        Ok(match self {
            Self::Matrix(matrix) => vec![matrix.encode(encoder, level)?],
            Self::Convolution { groups, .. } => groups
                .iter()
                .map(|group| group.encode(encoder, level))
                .collect::<Result<_, _>>()?,
        })
    }

    fn pack(&self, image: &[f64], slots: usize) -> Result<Vec<f64>, Error> {
        Ok(match self {
            Self::Matrix(matrix) => matrix.pack(image)?,
            Self::Convolution { padded, groups } => match groups.first() {
                Some(group) => group.input().pack(&padded.apply(image), slots)?,
                None => Vec::new(),
            },
        })
    }

    fn unpack(&self, answers: &[Vec<f64>]) -> Result<Vec<f64>, Error> {
        let mut outputs = Vec::new();
        match self {
            Self::Matrix(matrix) => {
                for slots in answers {
                    outputs.extend(matrix.unpack(slots)?);
                }
            }
            Self::Convolution { groups, .. } => {
                for (group, slots) in groups.iter().zip(answers) {
                    outputs.extend(group.output().unpack(slots)?);
                }
            }
        }
        Ok(outputs)
    }
}

/// An image with its zeros around it.
struct Padded {
    input: [usize; 3],
    output: [usize; 3],
    top: usize,
    left: usize,
}

impl Padded {
    fn new(conv: &Conv2d) -> Self {
        let [channels, height, width] = conv.input;
        let [top, left, bottom, right] = conv.pads;
        Self {
            input: conv.input,
            output: [channels, height + top + bottom, width + left + right],
            top,
            left,
        }
    }

    fn apply(&self, image: &[f64]) -> Vec<f64> {
        let [_, height, width] = self.input;
        let [channels, rows, columns] = self.output;
        let mut padded = vec![0.0; channels * rows * columns];
        for (row, values) in image.chunks(width.max(1)).enumerate() {
            let (channel, y) = (row / height.max(1), row % height.max(1));
            let start = (channel * rows + y + self.top) * columns + self.left;
            let slots = padded.iter_mut().skip(start);
            slots.zip(values).for_each(|(slot, &value)| *slot = value);
        }
        padded
    }
}
