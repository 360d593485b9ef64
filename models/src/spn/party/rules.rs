//! What both parties derive from the plan alike.

use crate::Error;
use crate::spn::circuits;
use crate::spn::plan::{Plan, Shape};
use crate::spn::query::QueryKind;
use halfmask_bridge::exact::MAX_ROWS;
use halfmask_bridge::mpc::program::Program;
use std::sync::OnceLock;

/// Shares of leaf groups that a party holds at once.
const SHARES: usize = 1 << 24;

/// Rows that one request may have; a client splits what is more.
#[must_use]
pub fn rows_at_once(plan: &Plan, shape: &Shape, kind: QueryKind) -> usize {
    let copies = plan.copies(kind).max(1);
    let by_memory = SHARES / (copies * shape.groups.max(shape.statistics).max(1));
    by_memory.min(MAX_ROWS / copies).max(1)
}

/// [`rows_at_once`] of a query that a client asks for.
///
/// # Errors
/// [`Error::Peer`] if the network has no classes to ask for.
pub(super) fn limit(plan: &Plan, shape: &Shape, kind: QueryKind) -> Result<usize, Error> {
    if kind == QueryKind::Class && plan.classes.is_none() {
        return Err(Error::Peer(
            "a class query, but the network has no classes".into(),
        ));
    }
    Ok(rows_at_once(plan, shape, kind))
}

/// The programs of a plan's queries, built when first asked for.
#[derive(Debug, Default)]
pub(super) struct Programs([OnceLock<Program>; QueryKind::ALL.len()]);

impl Programs {
    pub(super) fn get(
        &self,
        plan: &Plan,
        shape: &Shape,
        kind: QueryKind,
    ) -> Result<&Program, Error> {
        let slot = self.0.iter().zip(QueryKind::ALL).find(|(_, k)| *k == kind);
        let Some((slot, _)) = slot else {
            return Err(Error::Plan(format!("no {} query", kind.name())));
        };
        if slot.get().is_none() {
            // Whoever comes second drops an equal program.
            let _ = slot.set(circuits::program(plan, shape, kind)?);
        }
        slot.get()
            .ok_or_else(|| Error::Plan("a program was not kept".into()))
    }
}
