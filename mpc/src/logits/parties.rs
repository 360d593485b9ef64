//! Both sides of the opening.

use super::LogitsSpec;
use crate::Error;
use crate::channel::{Channel, Part};
use crate::circuit::Template;
use crate::evaluate::{Function, words};
use crate::session::{EvaluatorSession, GarblerSession};
use crate::share::signed;

fn function<'a>(template: &'a Template, layer: &'a str) -> Function<'a> {
    Function {
        template,
        layer,
        part: Part::Function,
    }
}

impl GarblerSession {
    /// Opens rounded values to the evaluator; this party learns nothing.
    ///
    /// Starts by receiving and ends by sending.
    ///
    /// # Errors
    /// Of the channel; [`Error::Malformed`] for bad parameters.
    pub fn logits(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &LogitsSpec,
        x: &[u32],
    ) -> Result<(), Error> {
        let template = spec.template()?;
        let known = spec.bits(x.iter().map(|x| spec.garbler_bits(*x)));
        self.garble_opened(ch, &function(&template, layer), x.len(), &known)
    }
}

impl EvaluatorSession {
    /// Returns the rounded values, in units of `2^d`, in the order of the shares.
    ///
    /// Starts by sending and ends by receiving.
    ///
    /// # Errors
    /// Of the channel; [`Error::Malformed`] for bad parameters.
    pub fn logits(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &LogitsSpec,
        x: &[u32],
    ) -> Result<Vec<i32>, Error> {
        let template = spec.template()?;
        let bits = spec.bits(x.iter().copied());
        let opened = self.evaluate_opened(ch, &function(&template, layer), x.len(), &bits)?;
        let width = spec.opened_bits();
        let values = words::read(&opened, width as usize, 0, width as usize, x.len());
        Ok(values
            .into_iter()
            .map(|v| signed(v as u32, width))
            .collect())
    }
}
