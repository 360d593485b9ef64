//! Which parts make up which bar.

use super::super::model::{Bars, Stack};

/// Bars at one place of every category.
pub struct Slot<'a> {
    /// Its number within a category.
    pub number: usize,
    /// What its bars have in common, written beside them.
    pub group: Option<&'a str>,
    stacks: Vec<&'a Stack>,
}

/// A part of a bar, on the axis of values.
pub struct Part<'a> {
    /// What it stands for.
    pub label: &'a str,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// The lower quartile of its end; the end where there is none.
    pub low: f64,
    /// The upper quartile of its end; the end where there is none.
    pub high: f64,
}

/// The slots of a category: a stack each, or a group of stacks each where bars are stacked.
pub fn of(bars: &Bars) -> Vec<Slot<'_>> {
    let mut slots: Vec<Slot> = Vec::new();
    for stack in &bars.stacks {
        let group = stack.group.as_deref().filter(|_| bars.stacked);
        let shared = slots
            .iter_mut()
            .find(|slot| bars.stacked && slot.group == group);
        match shared {
            Some(slot) => slot.stacks.push(stack),
            None => slots.push(Slot {
                number: slots.len(),
                group,
                stacks: vec![stack],
            }),
        }
    }
    slots
}

impl<'a> Slot<'a> {
    /// The parts of a category's bar, from its base to its end; without those that are zero.
    pub fn parts(&self, category: usize) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        let mut from = 0.0;
        for stack in &self.stacks {
            let value = stack.values.get(category).copied().unwrap_or(0.0);
            if value == 0.0 {
                continue;
            }
            let spread = stack
                .spread
                .as_ref()
                .and_then(|spread| spread.get(category));
            let (low, high) = spread.copied().unwrap_or((value, value));
            parts.push(Part {
                label: &stack.label,
                from,
                to: from + value,
                low: from + low,
                high: from + high,
            });
            from += value;
        }
        parts
    }
}
