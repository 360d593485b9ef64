//! What a client asks for next.

use crate::Error;
use crate::spn::query::QueryKind;
use halfmask_bridge::mpc::channel::{Channel, Part, Phase};

/// A client's request: a kind and a number of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::spn) enum Request {
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
    pub(in crate::spn) fn send(self, ch: &mut Channel) -> Result<(), Error> {
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

    /// Receives a request; `limit` says how many rows of a kind may be answered at once, or why none are.
    pub(in crate::spn) fn receive(
        ch: &mut Channel,
        limit: impl FnOnce(QueryKind) -> Result<usize, Error>,
    ) -> Result<Self, Error> {
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
        let most = limit(kind)?;
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
