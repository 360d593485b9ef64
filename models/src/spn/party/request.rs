//! What a client asks for next.

use super::rules::rows_at_once;
use crate::Error;
use crate::spn::plan::{Plan, Shape};
use crate::spn::query::QueryKind;
use halfmask_bridge::mpc::channel::{Channel, Part, Phase};

/// A client's request: a kind and a number of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Goodbye.
    Finish,
    /// Make ahead what a request needs.
    Prepare(QueryKind, usize),
    /// Answer.
    Infer(QueryKind, usize),
}

const PREPARE: u32 = 1;
const INFER: u32 = 2;

impl Request {
    pub(super) fn send(self, ch: &mut Channel) -> Result<(), Error> {
        let (code, kind, rows) = match self {
            Self::Finish => (0, QueryKind::Likelihood, 0),
            Self::Prepare(kind, rows) => (PREPARE, kind, rows),
            Self::Infer(kind, rows) => (INFER, kind, rows),
        };
        let kind = QueryKind::ALL.iter().position(|k| *k == kind).unwrap_or(0);
        ch.enter(Phase::Online, "", Part::Control);
        ch.send_u32(code)?;
        ch.send_u32(kind as u32)?;
        Ok(ch.send_u32(rows as u32)?)
    }

    /// Receives a request; its number of rows is one that may be answered at once.
    pub(super) fn receive(ch: &mut Channel, plan: &Plan, shape: &Shape) -> Result<Self, Error> {
        ch.enter(Phase::Online, "", Part::Control);
        let (code, kind, rows) = (ch.recv_u32()?, ch.recv_u32()?, ch.recv_u32()? as usize);
        if code == 0 {
            return Ok(Self::Finish);
        }
        let Some(&kind) = QueryKind::ALL.get(kind as usize) else {
            return Err(Error::Peer(format!(
                "query {kind}, expected 0 to {}",
                QueryKind::ALL.len() - 1
            )));
        };
        if kind == QueryKind::Class && plan.classes.is_none() {
            return Err(Error::Peer(
                "a class query, but the network has no classes".into(),
            ));
        }
        let most = rows_at_once(plan, shape, kind);
        if !(1..=most).contains(&rows) {
            return Err(Error::Peer(format!(
                "a {} query of {rows} rows, 1 to {most} are taken",
                kind.name()
            )));
        }
        match code {
            PREPARE => Ok(Self::Prepare(kind, rows)),
            INFER => Ok(Self::Infer(kind, rows)),
            other => Err(Error::Peer(format!(
                "request {other}, expected 0 to {INFER}"
            ))),
        }
    }
}
