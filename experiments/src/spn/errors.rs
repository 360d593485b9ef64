//! How far answers in fixed point are from float64.

use halfmask_models::spn::query::Answer;

/// Differences from float64, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    /// Rows compared: not clamped, and possible.
    pub compared: usize,
    /// Rows with values outside their public ranges.
    pub clamped: usize,
    /// Rows of likelihood 0.
    pub impossible: usize,
    /// The largest, without its sign.
    pub max: f64,
    squares: f64,
    sum: f64,
}

impl Errors {
    /// Of an answer from float64's.
    #[must_use]
    pub fn of(answer: &Answer, float: &[f64]) -> Self {
        let mut errors = Self::default();
        let values = answer.log_likelihoods().unwrap_or_default();
        for ((value, clamped), float) in values.iter().zip(&answer.clamped).zip(float) {
            if *clamped {
                errors.clamped += 1;
            } else if *float == f64::NEG_INFINITY {
                errors.impossible += 1;
            } else {
                let error = value - float;
                errors.compared += 1;
                errors.max = errors.max.max(error.abs());
                errors.squares += error * error;
                errors.sum += error;
            }
        }
        errors
    }

    /// The largest; `None` if no row was compared.
    #[must_use]
    pub fn largest(&self) -> Option<f64> {
        (self.compared > 0).then_some(self.max)
    }

    /// Root of the mean square.
    #[must_use]
    pub fn root_mean_square(&self) -> Option<f64> {
        self.each(self.squares).map(f64::sqrt)
    }

    /// Mean.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        self.each(self.sum)
    }

    fn each(&self, total: f64) -> Option<f64> {
        (self.compared > 0).then(|| total / self.compared as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halfmask_models::spn::query::Results;

    fn likelihoods(values: &[f64], clamped: &[bool]) -> Answer {
        Answer {
            results: Results::LogLikelihoods(values.to_vec()),
            clamped: clamped.to_vec(),
        }
    }

    #[test]
    fn errors_leave_out_clamped_and_impossible_rows() {
        let answer = likelihoods(&[-1.0, -2.0, -3.0, -4.5], &[false, true, false, false]);
        let errors = Errors::of(&answer, &[-1.25, -100.0, f64::NEG_INFINITY, -4.0]);
        assert_eq!(
            (errors.compared, errors.clamped, errors.impossible),
            (2, 1, 1)
        );
        assert_eq!(errors.largest(), Some(0.5));
        assert_eq!(errors.mean(), Some(-0.125));
        assert_eq!(errors.root_mean_square(), Some(0.15625f64.sqrt()));
        let none = Errors::default();
        assert_eq!((none.largest(), none.mean()), (None, None));
    }
}
