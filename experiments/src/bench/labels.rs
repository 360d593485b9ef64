//! What the model says without cryptography, and how the private classes compare.

use halfmask_models::nn::float;
use halfmask_models::nn::twin::Twin;
use rayon::prelude::*;

use crate::data::{Images, Labels};
use crate::exit::Error;
use crate::infer::Quantise;
use crate::model::Model;

/// The classes of all images, three ways.
#[derive(Clone, Debug)]
pub struct Classes {
    /// By the protocol.
    pub private: Vec<usize>,
    /// By the deterministic fixed-point twin.
    pub twin: Vec<usize>,
    /// By the float model.
    pub float: Vec<usize>,
    /// Whether the twin's bound proves that the protocol opens the twin's class.
    pub certified: Vec<bool>,
}

/// Shares of all images, 0 to 1, and where protocol and twin differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// Private classes equal to the true labels.
    pub accuracy: f64,
    /// The float model's classes equal to the true labels.
    pub plain_accuracy: f64,
    /// Private classes equal to the twin's.
    pub twin: f64,
    /// Private classes equal to the float model's.
    pub float: f64,
    /// Images whose private class is not the twin's.
    pub twin_disagreements: Vec<usize>,
    /// Classes that the twin's bound proves beforehand.
    pub certified: f64,
    /// Images for which it proved the wrong class: must be none.
    pub broken_proofs: Vec<usize>,
}

impl Classes {
    /// Evaluates twin and float model on the images that the protocol classified.
    ///
    /// # Errors
    /// If the images do not fit the model.
    pub fn compute(model: &Model, images: &Images, private: Vec<usize>) -> Result<Self, Error> {
        let failed = |source| Error::Model {
            model: model.network.name.clone(),
            source,
        };
        let quantise = Quantise::new(&model.planned.plan.input);
        let twin = Twin::new(&model.planned.network);
        let pairs = (0..images.count)
            .into_par_iter()
            .map(|index| {
                let pixels = images.image(index).unwrap_or_default();
                let values: Vec<f64> = pixels.iter().map(|p| f64::from(*p) / 255.0).collect();
                let float = float::classify(&model.network, &values)?;
                let (output, certified) =
                    twin.certify(&quantise.image(pixels), &model.planned.report)?;
                Ok(((output.class, float), certified))
            })
            .collect::<Result<Vec<_>, halfmask_models::Error>>()
            .map_err(failed)?;
        let ((twin, float), certified) = pairs.into_iter().unzip();
        Ok(Self {
            private,
            twin,
            float,
            certified,
        })
    }

    /// Compares.
    #[must_use]
    pub fn agreement(&self, labels: &Labels) -> Agreement {
        let truth: Vec<usize> = labels
            .values
            .iter()
            .map(|label| usize::from(*label))
            .collect();
        let pairs = self.private.iter().zip(&self.twin).enumerate();
        let twin_disagreements: Vec<usize> =
            pairs.filter(|(_, (a, b))| a != b).map(|(i, _)| i).collect();
        let proven = |i: &usize| self.certified.get(*i).copied().unwrap_or(false);
        let certified = self.certified.iter().filter(|c| **c).count();
        Agreement {
            accuracy: equal(&self.private, &truth),
            plain_accuracy: equal(&self.float, &truth),
            twin: equal(&self.private, &self.twin),
            float: equal(&self.private, &self.float),
            certified: certified as f64 / self.certified.len().max(1) as f64,
            broken_proofs: twin_disagreements.iter().copied().filter(proven).collect(),
            twin_disagreements,
        }
    }
}

/// The share of equal entries.
fn equal(a: &[usize], b: &[usize]) -> f64 {
    let count = a.iter().zip(b).filter(|(a, b)| a == b).count();
    count as f64 / a.len().max(1) as f64
}

/// Reads classes, one a line.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_classes(text: &str, images: usize) -> Result<Vec<usize>, String> {
    let classes = text
        .lines()
        .enumerate()
        .map(|(i, line)| {
            line.parse()
                .map_err(|_| format!("line {}: {line:?} is no class", i + 1))
        })
        .collect::<Result<Vec<usize>, String>>()?;
    if classes.len() == images {
        Ok(classes)
    } else {
        Err(format!("{} classes for {images} images", classes.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_disagreements() {
        let classes = Classes {
            private: vec![1, 2, 3, 4],
            twin: vec![1, 2, 0, 4],
            float: vec![1, 2, 3, 3],
            certified: vec![true, false, true, false],
        };
        let labels = Labels {
            values: vec![1, 0, 0, 3],
        };
        let agreement = classes.agreement(&labels);
        let expected = Agreement {
            accuracy: 0.25,
            plain_accuracy: 0.5,
            twin: 0.75,
            float: 0.75,
            twin_disagreements: vec![2],
            certified: 0.5,
            broken_proofs: vec![2],
        };
        assert_eq!(agreement, expected);
    }

    #[test]
    fn class_files_are_checked() {
        assert_eq!(parse_classes("3\n0\n", 2), Ok(vec![3, 0]));
        assert!(parse_classes("3\n", 2).unwrap_err().contains("1 classes"));
        assert!(parse_classes("3\nx\n", 2).unwrap_err().contains("line 2"));
    }
}
