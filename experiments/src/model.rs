//! The model: a file, or the one that is built in.

use std::path::PathBuf;

use halfmask_models::bridge::mpc::simd::Simd;
use halfmask_models::nn::graph::Network;
use halfmask_models::nn::planner::{Output, PlanOptions, Planned, plan};
use halfmask_models::onnx;

use crate::engine::{Chosen, EngineOptions};
use crate::exit::Error;

/// The name of the built-in model.
pub const BUILT_IN: &str = "cryptonets-relu";

/// The name of the built-in model with squares.
pub const BUILT_IN_SQUARE: &str = "cryptonets-square";

const BUILT_IN_SQUARE_ONNX: &[u8] = include_bytes!("../../models/cryptonets-square/model.onnx");
const BUILT_IN_ONNX: &[u8] = include_bytes!("../../models/cryptonets-relu/model.onnx");

/// Which model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// The CryptoNets-ReLU network that comes with the program.
    BuiltIn,
    /// The CryptoNets network with squares that comes with the program.
    BuiltInSquare,
    /// An ONNX file.
    File(PathBuf),
}

/// A model in both its forms.
#[derive(Debug)]
pub struct Model {
    /// As imported.
    pub network: Network,
    /// As planned for private evaluation.
    pub planned: Planned,
}

impl ModelSource {
    /// What an argument names. A file of the built-in model's name is reached as `./cryptonets-relu`.
    #[must_use]
    pub fn parse(argument: &std::ffi::OsStr) -> Self {
        if argument == BUILT_IN {
            Self::BuiltIn
        } else if argument == BUILT_IN_SQUARE {
            Self::BuiltInSquare
        } else {
            Self::File(argument.into())
        }
    }

    /// The argument that names it.
    #[must_use]
    pub fn argument(&self) -> std::ffi::OsString {
        match self {
            Self::BuiltIn => BUILT_IN.into(),
            Self::BuiltInSquare => BUILT_IN_SQUARE.into(),
            Self::File(path) => path.into(),
        }
    }

    /// Imports and plans the model with the planner's defaults.
    ///
    /// # Errors
    /// [`Error::Onnx`] for a file that is no usable model, [`Error::Model`] for one that cannot be planned.
    pub fn load(&self) -> Result<Model, Error> {
        let network = self.network()?;
        let planned = self.plan(&network, &PlanOptions::default())?;
        Ok(Model { network, planned })
    }

    /// Imports and plans the model to open `output`, for an engine that suits batches of `images` images; says which and why.
    ///
    /// # Errors
    /// As [`ModelSource::load`], and those of [`EngineOptions::choose`].
    pub fn load_for(
        &self,
        output: Output,
        engine: &EngineOptions,
        images: usize,
        simd: Simd,
    ) -> Result<(Model, Chosen), Error> {
        let options = PlanOptions {
            output,
            ..PlanOptions::default()
        };
        let network = self.network()?;
        let plan = self.plan(&network, &options)?.plan;
        let chosen = engine.choose(&plan, images.min(plan.max_batch()), simd)?;
        tracing::info!(engine = %chosen.engine, segment = chosen.segment, "{}", chosen.why);
        let options = PlanOptions {
            engine: chosen.engine,
            segment: chosen.segment,
            ..options
        };
        let planned = self.plan(&network, &options)?;
        Ok((Model { network, planned }, chosen))
    }

    /// Imports the model.
    ///
    /// # Errors
    /// [`Error::Onnx`] for a file that is no usable model.
    pub fn network(&self) -> Result<Network, Error> {
        Ok(match self {
            Self::BuiltInSquare => onnx::import(BUILT_IN_SQUARE_ONNX)?,
            Self::BuiltIn => onnx::import(BUILT_IN_ONNX)?,
            Self::File(path) => onnx::import_file(path)?,
        })
    }

    fn plan(&self, network: &Network, options: &PlanOptions) -> Result<Planned, Error> {
        plan(network, options).map_err(|source| Error::Model {
            model: self.argument().to_string_lossy().into_owned(),
            source,
        })
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_model_is_the_benchmark_network() {
        let model = ModelSource::parse(BUILT_IN.as_ref()).load().unwrap();
        assert_eq!(model.network.input, [1, 28, 28]);
        assert_eq!(model.network.classes(), 10);
        assert_eq!(model.planned.plan.relus(), 945);
    }

    #[test]
    fn the_built_in_model_with_squares_is_for_ciphertexts_alone() {
        let source = ModelSource::parse(BUILT_IN_SQUARE.as_ref());
        let network = source.network().unwrap();
        assert_eq!((network.inputs(), network.classes()), (784, 10));
        let error = source.load().unwrap_err().to_string();
        assert!(error.contains("--protocol he"), "{error}");
    }
}
