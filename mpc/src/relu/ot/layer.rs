//! What both parties know of a layer, and how its messages are cut.

use super::lookup::Lookup;
use super::stock::Kind;
use super::{AHEAD, LEAST_SEGMENT};
use crate::relu::ReluSpec;

/// Public parameters of a layer.
pub(super) struct Layer<'a> {
    pub(super) name: &'a str,
    pub(super) spec: &'a ReluSpec,
    pub(super) kind: Kind,
    pub(super) chain: Vec<Lookup>,
}

impl<'a> Layer<'a> {
    pub(super) fn new(name: &'a str, spec: &'a ReluSpec) -> Self {
        Self {
            name,
            spec,
            kind: Kind::of(spec),
            chain: Lookup::chain(spec.width),
        }
    }

    /// Values of a segment among `count`.
    pub(super) fn segment(&self, count: usize) -> usize {
        let even = count
            .div_ceil(AHEAD)
            .next_multiple_of(ReluSpec::CHUNK as usize);
        even.clamp(LEAST_SEGMENT, LEAST_SEGMENT.max(self.spec.segment as usize))
    }
}

/// Cuts a message into parts of these lengths, one for each chunk.
pub(super) fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    lengths
        .iter()
        .map(|length| {
            let (part, rest) = bytes.split_at_checked(*length).unwrap_or((bytes, &[]));
            bytes = rest;
            part
        })
        .collect()
}

/// As [`cut`], for what is to be written; the last parts are shorter where there is less.
pub(super) fn cut_mut<'a, T>(mut values: &'a mut [T], lengths: &[usize]) -> Vec<&'a mut [T]> {
    lengths
        .iter()
        .map(|length| {
            let whole = std::mem::take(&mut values);
            let (part, rest) = whole.split_at_mut((*length).min(whole.len()));
            values = rest;
            part
        })
        .collect()
}
