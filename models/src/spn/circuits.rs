//! The garbled program of a query.
//!
//! The evaluator's words are its shares of leaf groups, `[evaluation][group]`, and for explanations flags of the variables it wants
//! completed; the garbler's are its shares, likewise, one a row, and constants: what is baked, and leaves' modes. A leaf group
//! is `(client + server + 2) >> 2`, the guard bits are dropped, and where it can be too low it is raised ([`super::plan::Shape`]).
//!
//! **Explanations.** Up, sums take maxima and keep the decisions; down, of an active sum one child is active, of an active product all. An
//! active group shows its modes: one gate a group and bit of all variables together, since the client must not learn which
//! variables a group has. They meet in exclusive-ors, for of each variable at most one leaf is active; flags gate what is opened.

use super::evaluate::{Algebra, Ends, evaluate};
use super::plan::{Plan, Shape, Widths};
use super::query::QueryKind;
use crate::Error;
use halfmask_bridge::mpc;
use mpc::circuit::{Builder, Signedness, Template, Wire};
use mpc::program::{
    Constant, KnownWord, MAX_WORD_BITS, Program, ProgramBuilder, Secret, TemplateId, Value,
};
use std::ops::Range;

/// Operations and constants of a program, about, at most.
const MAX_PARTS: usize = 1 << 24;

/// Active bits that one operation gates: sixteen groups at once leave fewer words to add.
const GATED: usize = 16;

/// Variables whose modes share a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModeWord {
    /// Variables.
    pub(super) variables: Range<usize>,
    /// Bits of each.
    pub(super) bits: Vec<usize>,
}

impl ModeWord {
    pub(super) fn width(&self) -> usize {
        self.bits.iter().sum()
    }
}

/// How modes are packed into words.
pub(super) fn mode_words(plan: &Plan) -> Vec<ModeWord> {
    let mut words: Vec<ModeWord> = Vec::new();
    for (v, variable) in plan.variables.iter().enumerate() {
        let bits = variable.encoding.mode_bits();
        match words.last_mut() {
            Some(word)
                if word.width() + bits <= MAX_WORD_BITS && word.bits.len() < MAX_WORD_BITS =>
            {
                word.variables.end = v + 1;
                word.bits.push(bits);
            }
            _ => words.push(ModeWord {
                variables: v..v + 1,
                bits: vec![bits],
            }),
        }
    }
    // Variables without leaves have nothing to show.
    words.retain(|word| word.width() > 0);
    words
}

/// Refuses a program that would not fit memory: plans come from the peer.
fn check_size(plan: &Plan, shape: &Shape, kind: QueryKind) -> Result<(), Error> {
    let edges: usize = plan.nodes.iter().map(|node| node.children().len()).sum();
    let mut parts = (plan.nodes.len() + edges).saturating_mul(plan.copies(kind));
    if kind == QueryKind::Mpe {
        parts = parts.saturating_add(mode_words(plan).len().saturating_mul(shape.groups));
    }
    if parts <= MAX_PARTS {
        return Ok(());
    }
    Err(Error::Plan(format!(
        "a {} query takes a program of {parts} parts, at most {MAX_PARTS} are taken",
        kind.name()
    )))
}

/// The program of a query.
///
/// # Errors
/// [`Error::Plan`] if the network has no classes to ask for.
pub(super) fn program(plan: &Plan, shape: &Shape, kind: QueryKind) -> Result<Program, Error> {
    check_size(plan, shape, kind)?;
    let mut circuits = Circuits::new(plan, shape, plan.copies(kind))?;
    let opened = match evaluate(plan, shape, kind, &mut circuits)? {
        Ends::Roots(roots) => match roots.as_slice() {
            [joint, condition] => {
                let subtract = circuits
                    .builder
                    .template(binary(shape.widths, Builder::sub)?);
                circuits.apply(subtract, &[*joint, *condition], &[])?
            }
            _ => roots,
        },
        Ends::Classes(values) => circuits.argmax(&values)?,
        Ends::Active(groups) => circuits.modes(plan, &groups)?,
    };
    Ok(circuits.builder.build(&opened)?)
}

/// The parts of a program under construction.
struct Circuits {
    builder: ProgramBuilder,
    widths: Widths,
    groups: usize,
    inputs: Vec<Value>,
    secrets: Vec<Secret>,
    baked: Vec<Constant>,
    leaves: TemplateId,
    add: TemplateId,
    bake: TemplateId,
    log_sum: TemplateId,
    max: TemplateId,
    split: TemplateId,
    choose: TemplateId,
    either: TemplateId,
}

fn binary(
    widths: Widths,
    function: impl FnOnce(&mut Builder, &[Wire], &[Wire]) -> Vec<Wire>,
) -> Result<Template, Error> {
    let mut b = Builder::new();
    let (x, y) = (
        b.inputs(widths.word as usize),
        b.inputs(widths.word as usize),
    );
    let out = function(&mut b, &x, &y);
    Ok(b.build(&out)?)
}

/// The value of a leaf group from its shares: `share + 2` bits of each party, the garbler's with 2 added.
fn leaves(widths: Widths, guard: u32) -> Result<Template, Error> {
    let mut b = Builder::new();
    let bits = widths.share as usize + 2;
    let (x, k) = (b.inputs(bits), b.knowns(bits));
    let sum = b.add_known(&x, &k);
    let value = sum.get(2 + guard as usize..).unwrap_or_default().to_vec();
    let word = widths.word as usize;
    let Some(floor) = widths.floor else {
        return Ok(b.build(&value)?);
    };
    let Some((&sign, rest)) = value.split_last() else {
        return Err(Error::Plan("empty shares".into()));
    };
    let (low, high) = rest.split_at((floor as usize).min(rest.len()));
    let near = b.all(high);
    let far = b.not(near);
    let below = b.and(sign, far);
    let keep = b.not(below);
    let mut out = b.and_word(keep, low);
    out.resize(word, sign);
    Ok(b.build(&out)?)
}

/// A template over single bits.
fn bits(
    n: usize,
    function: impl FnOnce(&mut Builder, &[Wire]) -> Vec<Wire>,
) -> Result<Template, Error> {
    let mut b = Builder::new();
    let x = b.inputs(n);
    let out = function(&mut b, &x);
    Ok(b.build(&out)?)
}

/// `[x and not y, x and y]` of `[x, y]`.
fn split(b: &mut Builder, x: &[Wire]) -> Vec<Wire> {
    let &[active, second] = x else {
        return Vec::new();
    };
    let second = b.and(active, second);
    vec![b.xor(active, second), second]
}

impl Circuits {
    fn new(plan: &Plan, shape: &Shape, copies: usize) -> Result<Self, Error> {
        let widths = shape.widths;
        let word = widths.word as usize;
        let log_sum = plan.log_sum(widths)?;
        let mut builder = ProgramBuilder::new();
        let count = copies * shape.groups;
        let share = widths.share as usize + 2;
        let bake = {
            let mut b = Builder::new();
            let (x, k) = (b.inputs(word), b.knowns(word));
            let out = b.add_known(&x, &k);
            b.build(&out)?
        };
        let max = binary(widths, |b, x, y| {
            let second = b.difference_is_negative(x, y);
            let mut out = b.multiplex(second, x, y);
            out.push(second);
            out
        })?;
        Ok(Self {
            inputs: (0..count).map(|_| builder.input(share)).collect(),
            secrets: (0..count).map(|_| builder.secret(share)).collect(),
            baked: (0..shape.baked).map(|_| builder.constant(word)).collect(),
            leaves: builder.template(leaves(widths, plan.scale.guard)?),
            add: builder.template(binary(widths, Builder::add)?),
            bake: builder.template(bake),
            log_sum: builder.template(binary(widths, |b, x, y| log_sum.circuit(b, x, y))?),
            max: builder.template(max),
            split: builder.template(bits(2, split)?),
            choose: builder.template(bits(1, |b, x| {
                let not = x.iter().map(|x| b.not(*x)).collect::<Vec<_>>();
                [not.as_slice(), x].concat()
            })?),
            either: builder.template(bits(2, |b, x| vec![b.parity(x)])?),
            groups: shape.groups,
            widths,
            builder,
        })
    }

    /// Applies a template with one word of output.
    fn apply(
        &mut self,
        template: TemplateId,
        inputs: &[Value],
        known: &[KnownWord],
    ) -> Result<Vec<Value>, Error> {
        let word = self.widths.word as usize;
        Ok(self.builder.apply(template, inputs, known, &[word])?)
    }

    fn word(
        &mut self,
        template: TemplateId,
        inputs: &[Value],
        known: &[KnownWord],
    ) -> Result<Value, Error> {
        one(self.apply(template, inputs, known)?)
    }

    /// The index of the largest value.
    fn argmax(&mut self, values: &[Value]) -> Result<Vec<Value>, Error> {
        let mut b = Builder::new();
        let words = values
            .iter()
            .map(|_| b.inputs(self.widths.word as usize))
            .collect();
        let (_, mut index) = b.argmax(words, Signedness::Signed);
        if index.is_empty() {
            index.push(b.constant(false));
        }
        let template = self.builder.template(b.build(&index)?);
        Ok(self.builder.apply(template, values, &[], &[index.len()])?)
    }

    /// Opened modes: the words of [`mode_words`], from flags in as many words and constants `[word][active group, then what is always active]`.
    fn modes(&mut self, plan: &Plan, groups: &[Option<Value>]) -> Result<Vec<Value>, Error> {
        let active: Vec<Value> = groups.iter().flatten().copied().collect();
        let mut opened = Vec::new();
        for word in mode_words(plan) {
            let width = word.width();
            let flags = self.builder.input(word.bits.len());
            let mut sums = Vec::new();
            for active in active.chunks(GATED) {
                let known: Vec<_> = active
                    .iter()
                    .map(|_| self.builder.constant(width).into())
                    .collect();
                let template = self.builder.template(gated(active.len(), width)?);
                sums.extend(self.builder.apply(template, active, &known, &[width])?);
            }
            let always = self.builder.constant(width).into();
            while sums.len() > 1 {
                let mut next = Vec::new();
                for sums in sums.chunks(GATED) {
                    let template = self.builder.template(parities(sums.len(), width)?);
                    next.extend(self.builder.apply(template, sums, &[], &[width])?);
                }
                sums = next;
            }
            let template = self.builder.template(flagged(&word, !sums.is_empty())?);
            sums.push(flags);
            opened.extend(self.builder.apply(template, &sums, &[always], &[width])?);
        }
        Ok(opened)
    }
}

fn one(words: Vec<Value>) -> Result<Value, Error> {
    let word = words.first().copied();
    word.ok_or_else(|| Error::Plan("an operation without a result".into()))
}

/// The sum over `n` active bits of each one's known word.
fn gated(n: usize, width: usize) -> Result<Template, Error> {
    let mut b = Builder::new();
    let active = b.inputs(n);
    let mut out = b.constant_word(0, width);
    for active in active {
        for bit in &mut out {
            let k = b.known();
            let term = b.and_known(active, k);
            *bit = b.xor(*bit, term);
        }
    }
    Ok(b.build(&out)?)
}

/// The sum of `n` words without carries.
fn parities(n: usize, width: usize) -> Result<Template, Error> {
    let mut b = Builder::new();
    let mut out = b.inputs(width);
    for _ in 1..n {
        let word = b.inputs(width);
        out = b.xor_word(&out, &word);
    }
    Ok(b.build(&out)?)
}

/// Modes, with those that are always active added, where the flags are set.
fn flagged(word: &ModeWord, some: bool) -> Result<Template, Error> {
    let mut b = Builder::new();
    let width = word.width();
    let sum = if some {
        b.inputs(width)
    } else {
        b.constant_word(0, width)
    };
    let flags = b.inputs(word.bits.len());
    let always = b.knowns(width);
    let flag_of_bit = word
        .bits
        .iter()
        .zip(&flags)
        .flat_map(|(bits, flag)| std::iter::repeat_n(*flag, *bits));
    let out: Vec<Wire> = sum
        .iter()
        .zip(always)
        .zip(flag_of_bit)
        .map(|((bit, known), flag)| {
            let bit = b.xor_known(*bit, known);
            b.and(bit, flag)
        })
        .collect();
    Ok(b.build(&out)?)
}

impl Algebra for Circuits {
    type Word = Value;
    type Bit = Value;

    fn leaves(&mut self, copy: usize, group: usize) -> Result<Value, Error> {
        let index = copy * self.groups + group;
        let (Some(input), Some(secret)) = (self.inputs.get(index), self.secrets.get(index)) else {
            return Err(Error::Plan(format!(
                "leaf group {group} of evaluation {copy}"
            )));
        };
        let (input, secret) = (*input, KnownWord::from(*secret));
        self.word(self.leaves, &[input], &[secret])
    }

    fn add(&mut self, a: Value, b: Value) -> Result<Value, Error> {
        self.word(self.add, &[a, b], &[])
    }

    fn bake(&mut self, a: Value, constant: usize) -> Result<Value, Error> {
        let constant = self.baked.get(constant).copied();
        let constant = constant.ok_or_else(|| Error::Plan("a constant too many".into()))?;
        self.word(self.bake, &[a], &[constant.into()])
    }

    fn log_sum(&mut self, a: Value, b: Value) -> Result<Value, Error> {
        self.word(self.log_sum, &[a, b], &[])
    }

    fn max(&mut self, a: Value, b: Value) -> Result<(Value, Value), Error> {
        let word = self.widths.word as usize;
        match *self.builder.apply(self.max, &[a, b], &[], &[word, 1])? {
            [larger, second] => Ok((larger, second)),
            _ => Err(Error::Plan("a maximum without a decision".into())),
        }
    }

    fn split(&mut self, active: Option<Value>, second: Value) -> Result<[Value; 2], Error> {
        let made = match active {
            Some(active) => self
                .builder
                .apply(self.split, &[active, second], &[], &[1, 1])?,
            None => self.builder.apply(self.choose, &[second], &[], &[1, 1])?,
        };
        match *made {
            [a, b] => Ok([a, b]),
            _ => Err(Error::Plan("a decision without two sides".into())),
        }
    }

    fn either(&mut self, a: Value, b: Value) -> Result<Value, Error> {
        one(self.builder.apply(self.either, &[a, b], &[], &[1])?)
    }
}
