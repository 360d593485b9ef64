//! The network as linear layers, each with what follows it.

use crate::Error;
use crate::nn::graph::{Layer, Linear, MaxPool, Network};

/// A linear layer, the maxima after it, and whether a ReLU ends it.
pub(super) struct Link<'a> {
    pub(super) linear: &'a Linear,
    pub(super) pools: Vec<MaxPool>,
    pub(super) relu: Option<&'a str>,
}

impl Link<'_> {
    fn is_bare(&self) -> bool {
        self.pools.is_empty() && self.relu.is_none()
    }
}

/// Sorts the layers after every linear layer into maxima and at most one ReLU.
///
/// `max(x, 0)` does not decrease in `x`, so it commutes with a maximum over a window: maxima come first, and the ReLU is left with
/// as many values as there are windows. ReLUs in a row are one. A maximum whose windows overlap is taken apart into rows
/// and columns where that saves comparisons.
///
/// # Errors
/// [`Error::Plan`] if the shape is another.
pub(super) fn links(network: &Network) -> Result<Vec<Link<'_>>, Error> {
    let mut links: Vec<Link<'_>> = Vec::new();
    for layer in &network.layers {
        match (layer, links.last_mut()) {
            (Layer::Linear(linear), Some(before)) if before.is_bare() => {
                return Err(Error::Plan(format!(
                    "layers {} and {} follow each other without an activation; fuse them before export",
                    before.linear.name, linear.name
                )));
            }
            (Layer::Linear(linear), _) => links.push(Link {
                linear,
                pools: Vec::new(),
                relu: None,
            }),
            (Layer::Relu { name }, Some(link)) => {
                link.relu.get_or_insert(name);
            }
            (Layer::MaxPool(pool), Some(link)) => {
                if let Some(relu) = link.relu {
                    let (relus, saved) =
                        (pool.outputs(), pool.inputs().saturating_sub(pool.outputs()));
                    tracing::info!(
                        relu,
                        pool = pool.name,
                        relus,
                        saved,
                        "the maximum is taken before the ReLU, which commutes with it"
                    );
                }
                link.pools.extend(pool.clone().separated());
            }
            (Layer::Square { name }, _) => {
                return Err(Error::Plan(format!(
                    "{name} is a square, which this protocol does not evaluate: networks with squares run on ciphertexts alone (`--protocol he`)"
                )));
            }
            (layer, None) => {
                let kind = match layer {
                    Layer::MaxPool(_) => "MaxPool",
                    _ => "ReLU",
                };
                return Err(Error::Plan(format!(
                    "{kind} {} does not follow a linear layer",
                    layer.name()
                )));
            }
        }
    }
    match links.last() {
        Some(Link { relu: None, .. }) => Ok(links),
        _ => Err(Error::Plan(
            "the network must end in a linear layer, or a maximum over one, whose outputs are the classes"
                .into(),
        )),
    }
}
