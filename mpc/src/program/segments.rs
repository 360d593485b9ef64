//! How many rows are worked on at once.

use super::Program;
use crate::block::BLOCK_BYTES;
use crate::garble::LANES;
use std::ops::Range;

/// Rows of the schedule by which the labels of a row are counted: whole blocks.
const PROBE_ROWS: usize = LANES;

/// Bounds on a segment, in labels. A segment has at least one row, whatever that takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Labels of all kinds in memory.
    pub(super) labels: usize,
    /// Labels of the evaluator's inputs, of segments of several rows: while those of one segment are made, the other party has nothing to do at first.
    pub(super) inputs: usize,
    /// Labels of inputs that the evaluator asks for ahead of time: what asks for them is under way while tables come.
    pub(super) ahead: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            labels: (256 << 20) / BLOCK_BYTES,
            inputs: 1 << 18,
            ahead: 1 << 20,
        }
    }
}

impl Program {
    /// The rows of each segment: all but the last have equally many.
    pub(super) fn segments(&self, rows: usize) -> impl Iterator<Item = Range<usize>> {
        let segment = self.segment_rows(rows);
        (0..rows)
            .step_by(segment)
            .map(move |first| first..rows.min(first + segment))
    }

    /// Whether the evaluator asks for the labels of the next segment, of so many rows, before it evaluates one.
    pub(super) const fn ahead(&self, rows: usize) -> bool {
        self.segment_ots(rows) <= self.budget.ahead
    }

    fn segment_rows(&self, rows: usize) -> usize {
        if rows <= 1 {
            return 1;
        }
        let Budget { labels, inputs, .. } = self.budget;
        let by_inputs = inputs.checked_div(self.input_bits).unwrap_or(rows);
        let mut segment = rows.min(by_inputs).max(1);
        // A bound that needs no schedule: as if no label were ever given up.
        let most = self.wires.saturating_add(self.input_bits);
        if most.saturating_mul(segment.next_multiple_of(LANES)) > labels {
            let probe = self.schedule(PROBE_ROWS);
            // Of the inputs two segments are in memory.
            let each = (probe.labels() + 2 * self.segment_ots(PROBE_ROWS)).div_ceil(PROBE_ROWS);
            segment = segment.min(labels / each.max(1)).max(1);
        }
        if segment < rows && segment > LANES {
            segment -= segment % LANES;
        }
        segment
    }
}
