//! A program under construction: templates by name, gates counted by purpose, the order of the server's words.

use super::cost::Cost;
use crate::Error;
use halfmask_bridge::mpc;
use mpc::circuit::{Builder, Template, Wire};
use mpc::program::{Constant, KnownWord, Program, ProgramBuilder, TemplateId, Value};
use std::collections::BTreeMap;

/// What gates are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Selection,
    Leaves,
    Products,
    Sums,
    Shift,
}

/// What a template is called: its name and up to two sizes.
pub(super) type Key = (&'static str, usize, usize);

/// Whose words come next among the garbler's constants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Those of a node: a leaf's parameters, a sum's weights.
    Node(usize),
    /// The controls of a selection.
    Controls(usize),
}

#[derive(Debug, Default)]
pub(super) struct Assembly {
    pub(super) builder: ProgramBuilder,
    templates: BTreeMap<Key, (TemplateId, usize)>,
    pub(super) cost: Cost,
    pub(super) slots: Vec<Slot>,
}

impl Assembly {
    /// Applies the template of this name, made when first used.
    pub(super) fn apply(
        &mut self,
        part: Part,
        key: Key,
        make: impl FnOnce() -> Result<Template, Error>,
        inputs: &[Value],
        known: &[KnownWord],
        outputs: &[usize],
    ) -> Result<Vec<Value>, Error> {
        let (id, gates) = match self.templates.get(&key) {
            Some(known) => *known,
            None => {
                let template = make()?;
                let gates = template.and_gates();
                let made = (self.builder.template(template), gates);
                self.templates.insert(key, made);
                made
            }
        };
        let cost = &mut self.cost;
        *match part {
            Part::Selection => &mut cost.selection,
            Part::Leaves => &mut cost.leaves,
            Part::Products => &mut cost.products,
            Part::Sums => &mut cost.sums,
            Part::Shift => &mut cost.shift,
        } += gates;
        Ok(self.builder.apply(id, inputs, known, outputs)?)
    }

    /// [`Assembly::apply`] with one word of output.
    pub(super) fn word(
        &mut self,
        part: Part,
        key: Key,
        make: impl FnOnce() -> Result<Template, Error>,
        inputs: &[Value],
        known: &[KnownWord],
        bits: usize,
    ) -> Result<Value, Error> {
        let words = self.apply(part, key, make, inputs, known, &[bits])?;
        let word = words.first().copied();
        word.ok_or_else(|| Error::Plan("an operation without a result".into()))
    }

    /// Words of the garbler of these lengths.
    pub(super) fn constants(&mut self, slot: Slot, bits: &[usize]) -> Vec<KnownWord> {
        self.slots.push(slot);
        let words = bits.iter().map(|bits| self.builder.constant(*bits));
        words.map(|word: Constant| word.into()).collect()
    }

    /// The program that opens `root`, what it costs, and whose words it takes in which order.
    pub(super) fn finish(self, root: Value) -> Result<(Program, Cost, Vec<Slot>), Error> {
        let program = self.builder.build(&[root])?;
        let mut cost = self.cost;
        cost.total = program.and_gates();
        cost.without_shift = cost.total - cost.shift.min(cost.total);
        Ok((program, cost, self.slots))
    }
}

/// A template of words of these lengths, the evaluator's and the garbler's.
pub(super) fn template(
    inputs: &[usize],
    known: &[usize],
    make: impl FnOnce(&mut Builder, &[Vec<Wire>], &[Vec<Wire>]) -> Result<Vec<Wire>, Error>,
) -> Result<Template, Error> {
    let mut b = Builder::new();
    let inputs: Vec<_> = inputs.iter().map(|bits| b.inputs(*bits)).collect();
    let known: Vec<_> = known
        .iter()
        .map(|bits| {
            let known = b.knowns(*bits);
            b.known_word(&known)
        })
        .collect();
    let out = make(&mut b, &inputs, &known)?;
    Ok(b.build(&out)?)
}
