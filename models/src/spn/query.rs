//! What a client may ask, and what it gets.

use serde::{Deserialize, Serialize};

/// A question about rows of evidence. Its kind is public; everything in it is the client's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// The log-likelihood of what is observed; whatever is missing is marginalised, so this is the marginal too.
    Likelihood,
    /// The log-likelihood of what is observed, given that part of it which lies in these columns.
    Conditional {
        /// Columns of the condition, from 0.
        given: Vec<usize>,
    },
    /// The most probable class: of the roots, or of the class variable, whose own field is ignored.
    Class,
    /// The values of the maximised variables in the most probable completion.
    Mpe,
}

/// The public part of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryKind {
    /// [`Query::Likelihood`].
    Likelihood,
    /// [`Query::Conditional`].
    Conditional,
    /// [`Query::Class`].
    Class,
    /// [`Query::Mpe`].
    Mpe,
}

impl QueryKind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Likelihood, Self::Conditional, Self::Class, Self::Mpe];

    /// Its name, as in a plan.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Likelihood => "likelihood",
            Self::Conditional => "conditional",
            Self::Class => "class",
            Self::Mpe => "mpe",
        }
    }
}

impl Query {
    /// What the server gets to know of it.
    #[must_use]
    pub const fn kind(&self) -> QueryKind {
        match self {
            Self::Likelihood => QueryKind::Likelihood,
            Self::Conditional { .. } => QueryKind::Conditional,
            Self::Class => QueryKind::Class,
            Self::Mpe => QueryKind::Mpe,
        }
    }
}

/// What a query opens to the client, a row an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Results {
    /// Natural logarithms of likelihoods or conditional likelihoods.
    LogLikelihoods(Vec<f64>),
    /// Classes.
    Classes(Vec<u32>),
    /// Of every variable its most probable value where it was to be maximised, else `None`.
    Completions(Vec<Vec<Option<f64>>>),
}

/// Results, with what the client should know of its own rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was asked for.
    pub results: Results,
    /// Rows in which a value lay outside its variable's public range and was moved to its end.
    pub clamped: Vec<bool>,
}

impl Results {
    /// None yet.
    pub(super) const fn empty(kind: QueryKind) -> Self {
        match kind {
            QueryKind::Likelihood | QueryKind::Conditional => Self::LogLikelihoods(Vec::new()),
            QueryKind::Class => Self::Classes(Vec::new()),
            QueryKind::Mpe => Self::Completions(Vec::new()),
        }
    }
}

impl Answer {
    /// Adds those of later rows, of the same query.
    pub(super) fn append(&mut self, later: Self) {
        match (&mut self.results, later.results) {
            (Results::LogLikelihoods(all), Results::LogLikelihoods(later)) => all.extend(later),
            (Results::Classes(all), Results::Classes(later)) => all.extend(later),
            (Results::Completions(all), Results::Completions(later)) => all.extend(later),
            (all, later) => *all = later,
        }
        self.clamped.extend(later.clamped);
    }

    /// Log-likelihoods in nats, if that was the question.
    #[must_use]
    pub fn log_likelihoods(&self) -> Option<&[f64]> {
        match &self.results {
            Results::LogLikelihoods(values) => Some(values),
            _ => None,
        }
    }
}
