//! Many circuits wired together and garbled in one pass: a directed acyclic graph of templates, the same for every *row*.
//!
//! **Algebra.** An *operation* applies a template to words; an *instance* is an operation in a row. The output labels of one instance
//! are the input labels of others, unchanged: to both parties the whole is one garbled circuit, merely computed in blocks of
//! [`LANES`] instances of equal template. Instances of a block are operations, or rows, or both. The evaluator's words get labels
//! as in [`crate::evaluate`]: `K xor d Delta` from a correlated OT with key `K` and correction `d = r xor x`. The garbler's
//! words ([`Secret`], one a row; [`Constant`], the same in every row) rename labels ([`crate::circuit`]). Of the words that are opened the
//! garbler sends the permute bits.
//!
//! **Schedule.** Both parties compute the same one from the program and the number of rows, which are public: a *wave* is one
//! template and operations whose inputs are ready. The lanes that the last block of a wave leaves over are computed, on zero labels, but
//! their tables are not sent ([`crate::garble::Scheme::live_gate_bytes`]): a single row pays for one.
//!
//! **Flow.** Rows go in segments, so that labels fit a budget. Of a segment: `e -> g` OT extension and corrections;
//! `g -> e` the tables, wave after wave, then the permute bits. The evaluator sends the first message of the next segment
//! before it evaluates this one, so that both compute at the same time: two flights in all, however deep the program and however many the segments.
//! Hence the evaluator may send while the garbler sends; over sockets one of them needs a channel whose writes do not block
//! ([`crate::channel::Channel::tcp_unblocked`]). Silent OT's refills are made between the tables of two segments, where both know of them.
//!
//! **Simulator.** The garbler sees extension messages and corrections masked by uniform `r`: random strings. The evaluator sees one garbled circuit
//! ([`crate::garble`]): one active label a wire and the tables, simulated gate by gate in the order of the schedule, which
//! depends on nothing secret; and permute bits of the opened words alone, which are the colours of the simulated labels, exclusive-or outputs that it
//! may learn. A label may be input of any number of instances, and of several lanes of one block: the hash's tweak is (gate number, lane,
//! half), gate numbers of waves are never reused, so no tweak meets two labels of a wire, and equal labels under different tweaks have
//! independent pads. That is the property that the fan-out within one template needs, too. A lane that carries nothing has constants
//! (active label zero) for inputs, and nobody reads its outputs.

mod builder;
mod evaluator;
mod garbler;
mod labels;
mod plain;
mod regions;
mod schedule;
mod segments;
#[cfg(test)]
mod tests;

pub use builder::ProgramBuilder;

use crate::Error;
use crate::circuit::Template;
use crate::garble::{LANES, Scheme};
use schedule::Schedule;
use segments::Budget;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Longest word, in bits.
pub const MAX_WORD_BITS: usize = 64;

/// Most rows of one run.
pub const MAX_ROWS: usize = 1 << 32;

/// OTs made ahead at most: silent OT keeps about a byte for each.
const MOST_AHEAD: u64 = 1 << 27;

/// Schedules kept: of a whole segment, of the last one, of a single row, and of the probe that sizes segments.
const SCHEDULES_KEPT: usize = 4;

/// A template of one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(usize);

/// A word on wires: an input of the evaluator or an output of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(usize);

/// A word of the garbler, one a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret(usize);

/// A word of the garbler, the same in every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Constant(usize);

/// A word of the garbler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownWord {
    /// One a row.
    Secret(Secret),
    /// The same in every row.
    Constant(Constant),
}

impl From<Secret> for KnownWord {
    fn from(word: Secret) -> Self {
        Self::Secret(word)
    }
}

impl From<Constant> for KnownWord {
    fn from(word: Constant) -> Self {
        Self::Constant(word)
    }
}

/// Where a word on wires comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// The evaluator; its first bit among all input bits of a row.
    Input { first: usize },
    /// Outputs of an operation, from this one on.
    Operation { operation: usize, first: usize },
}

/// A word on wires.
#[derive(Clone, Copy, Debug)]
struct Word {
    source: Source,
    bits: usize,
    /// Its first bit among all wires of a row.
    wire: usize,
}

/// A template applied to words.
#[derive(Clone, Debug)]
struct Operation {
    template: usize,
    /// Its words on wires, in [`Program::operands`].
    operands: Range<usize>,
    /// Its words of the garbler, in [`Program::known`].
    known: Range<usize>,
    /// Its first output among all wires of a row.
    wire: usize,
    /// Whether something that is opened depends on it; others are not computed.
    live: bool,
}

/// Circuits wired together, ready to be garbled: see the module. Made by [`ProgramBuilder`].
#[derive(Debug)]
pub struct Program {
    templates: Vec<Template>,
    words: Vec<Word>,
    /// In the order in which they were applied, which is a topological one.
    operations: Vec<Operation>,
    operands: Vec<usize>,
    known: Vec<KnownWord>,
    inputs: Vec<usize>,
    secrets: Vec<usize>,
    constants: Vec<usize>,
    opened: Vec<usize>,
    opened_bits: Vec<usize>,
    input_bits: usize,
    wires: usize,
    budget: Budget,
    schedules: Mutex<Vec<Arc<Schedule>>>,
}

impl Program {
    /// Bits of the evaluator's words, in order.
    #[must_use]
    pub fn input_bits(&self) -> &[usize] {
        &self.inputs
    }

    /// Bits of the garbler's words of a row, in order.
    #[must_use]
    pub fn secret_bits(&self) -> &[usize] {
        &self.secrets
    }

    /// Bits of the garbler's words that are the same in every row, in order.
    #[must_use]
    pub fn constant_bits(&self) -> &[usize] {
        &self.constants
    }

    /// Bits of the opened words, in order.
    #[must_use]
    pub fn opened_bits(&self) -> &[usize] {
        &self.opened_bits
    }

    /// The circuits, by [`TemplateId`].
    #[must_use]
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// Instances of a template in a row; those alone on which something opened depends.
    #[must_use]
    pub fn instances(&self, template: TemplateId) -> usize {
        let ids = self.live().map(|operation| operation.template);
        ids.filter(|id| *id == template.0).count()
    }

    /// AND gates of a row.
    #[must_use]
    pub fn and_gates(&self) -> usize {
        let gates = self.live().map(|o| self.template_of(o).and_gates());
        gates.fold(0, usize::saturating_add)
    }

    /// Operations on which something opened depends.
    fn live(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| operation.live)
    }

    #[expect(clippy::indexing_slicing, reason = "checked when it was applied")]
    fn template_of(&self, operation: &Operation) -> &Template {
        &self.templates[operation.template]
    }

    #[expect(clippy::indexing_slicing, reason = "indices made by the builder")]
    fn word(&self, index: usize) -> &Word {
        &self.words[index]
    }

    #[expect(clippy::indexing_slicing, reason = "ranges made by the builder")]
    fn operands_of(&self, operation: &Operation) -> impl Iterator<Item = &Word> {
        let operands = self.operands[operation.operands.clone()].iter();
        operands.map(|index| self.word(*index))
    }

    #[expect(clippy::indexing_slicing, reason = "ranges made by the builder")]
    fn known_of(&self, operation: &Operation) -> impl Iterator<Item = (KnownWord, usize)> {
        let known = self.known[operation.known.clone()].iter();
        known.map(|word| match *word {
            KnownWord::Secret(Secret(i)) => (*word, self.secrets[i]),
            KnownWord::Constant(Constant(i)) => (*word, self.constants[i]),
        })
    }

    /// Bits that are opened a row.
    fn opened_wires(&self) -> usize {
        self.opened_bits.iter().sum()
    }

    /// The order of work for `rows` rows at once. Kept for the next time.
    fn schedule(&self, rows: usize) -> Arc<Schedule> {
        let lock = || {
            self.schedules
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(kept) = lock().iter().find(|schedule| schedule.rows() == rows) {
            return Arc::clone(kept);
        }
        let schedule = Arc::new(Schedule::new(self, rows));
        let mut kept = lock();
        kept.truncate(SCHEDULES_KEPT - 1);
        kept.insert(0, Arc::clone(&schedule));
        schedule
    }

    /// Bytes of the garbled tables of `rows` rows.
    #[must_use]
    pub fn table_bytes(&self, rows: usize, scheme: Scheme) -> usize {
        let segments = self.segments(rows).map(|segment| {
            let schedule = self.schedule(segment.len());
            let waves = schedule.waves().iter();
            waves.map(|wave| wave.table_bytes(scheme)).sum::<usize>()
        });
        segments.sum()
    }

    /// Correlated OTs of `rows` rows.
    #[must_use]
    pub fn ots(&self, rows: usize) -> usize {
        let segments = self.segments(rows);
        segments
            .map(|segment| self.segment_ots(segment.len()))
            .sum()
    }

    /// Correlated OTs to make ahead for `rows` rows.
    fn ots_ahead(&self, rows: usize) -> u64 {
        (self.ots(rows) as u64).min(MOST_AHEAD)
    }

    /// Bytes of the other messages of `rows` rows, OT extension apart: corrections from the evaluator, permute bits to it.
    #[must_use]
    pub fn bit_bytes(&self, rows: usize) -> [usize; 2] {
        let opened = self
            .segments(rows)
            .map(|segment| 2 * (self.opened_wires() * segment.len()).div_ceil(LANES));
        [self.ots(rows) / 8, opened.sum()]
    }

    /// Correlated OTs of a segment: one an input bit and row, and what fills the last word of sixteen.
    const fn segment_ots(&self, rows: usize) -> usize {
        (self.input_bits * rows).next_multiple_of(LANES)
    }

    /// Checks one party's words of all rows.
    fn check(what: &'static str, words: usize, each: usize, rows: usize) -> Result<(), Error> {
        if rows > MAX_ROWS {
            return Err(Error::TooLong {
                what: "rows of a program".into(),
                length: rows as u64,
                limit: MAX_ROWS as u64,
            });
        }
        if each.checked_mul(rows) == Some(words) {
            return Ok(());
        }
        Err(Error::Length {
            what,
            length: words,
            expected: format!("{rows} times {each}"),
        })
    }
}
