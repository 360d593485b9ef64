//! A leaf as SPFlow 0.0.4x writes it in text: `Kind(name|parameters)`.
//!
//! `Bernoulli(V0|p=0.25)`, `Gaussian(V1|mean=0.5;stdev=2.0)`, `Poisson(V2|mean=3.5)`, `Categorical(V3|p=[0.25, 0.75])`,
//! `Histogram(V4|[0.,1.,2.];[0.25,0.75];[0.,1.])`: borders, densities, and points that stand for the buckets, which are not used.

use super::draft::Draft;
use super::scan::Scanner;
use crate::spn::error::ImportError;
use crate::spn::graph::{Distribution, Node};

/// A parameter's value.
enum Value {
    Number(f64),
    List(Vec<f64>),
}

/// Parameters by name, as text or JSON has them.
#[derive(Default)]
pub(super) struct Parameters {
    values: Vec<(String, Value)>,
}

impl Parameters {
    pub(super) fn number(&mut self, name: &str, value: f64) {
        self.values.push((name.into(), Value::Number(value)));
    }

    pub(super) fn list(&mut self, name: &str, values: Vec<f64>) {
        self.values.push((name.into(), Value::List(values)));
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let found = self.values.iter().position(|(n, _)| n == name)?;
        Some(self.values.swap_remove(found).1)
    }

    /// The distribution of a kind, by SPFlow's names. `None` for a kind that is not known.
    ///
    /// # Errors
    /// The name of what is missing.
    pub(super) fn distribution(mut self, kind: &str) -> Option<Result<Distribution, String>> {
        if !matches!(
            kind,
            "Bernoulli" | "Categorical" | "Gaussian" | "Poisson" | "Histogram"
        ) {
            return None;
        }
        let mut number = |name: &str| match self.take(name) {
            Some(Value::Number(value)) => Ok(value),
            _ => Err(format!("{kind} without a number `{name}`")),
        };
        let distribution = match kind {
            "Bernoulli" => number("p").map(|p| Distribution::Bernoulli { p }),
            "Gaussian" => number("mean").and_then(|mean| {
                let stdev = number("stdev")?;
                Ok(Distribution::Gaussian { mean, stdev })
            }),
            "Poisson" => number("mean").map(|rate| Distribution::Poisson { rate }),
            _ => {
                let mut list = |name: &str| match self.take(name) {
                    Some(Value::List(values)) => Ok(values),
                    _ => Err(format!("{kind} without a list `{name}`")),
                };
                match kind {
                    "Categorical" => list("p").map(|p| Distribution::Categorical { p }),
                    _ => list("breaks").and_then(|breaks| {
                        let densities = list("densities")?;
                        Ok(Distribution::Histogram { breaks, densities })
                    }),
                }
            }
        };
        Some(distribution)
    }
}

/// Reads a leaf and names its variable in `draft`.
pub(super) fn read(scanner: &mut Scanner<'_>, draft: &mut Draft) -> Result<Node, ImportError> {
    scanner.peek();
    let start = scanner.clone();
    let kind = scanner.word();
    if kind.is_empty() {
        return Err(start.expected("a node"));
    }
    scanner.expect('(')?;
    let name = scanner.until(|c| c == '|' || c == '\n')?.trim();
    scanner.expect('|')?;
    if name.is_empty() {
        return Err(start.error("a leaf without a variable"));
    }
    let mut parameters = Parameters::default();
    if kind == "Histogram" {
        parameters.list("breaks", scanner.list()?);
        scanner.expect(';')?;
        parameters.list("densities", scanner.list()?);
        scanner.expect(';')?;
        scanner.list()?;
    } else {
        loop {
            let parameter = scanner.word();
            scanner.expect('=')?;
            match scanner.peek() {
                Some('[') => parameters.list(parameter, scanner.list()?),
                _ => parameters.number(parameter, scanner.number()?),
            }
            if !scanner.eat(';') {
                break;
            }
        }
    }
    scanner.expect(')')?;
    let distribution = parameters
        .distribution(kind)
        .ok_or_else(|| start.error(&format!("a leaf of unknown kind `{kind}`")))?
        .map_err(|problem| start.error(&problem))?;
    Ok(Node::Leaf {
        variable: draft.variable(name),
        distribution,
    })
}
