//! Correlated OT behind one interface: the protocol is chosen at set-up, consumers see keys and MACs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    silent::{self, LpnParameters},
    soft_spoken,
};
use crate::{
    Error,
    block::{Block, Delta},
    channel::Channel,
    rng::SecureRng,
    simd::Simd,
};

/// How correlated OTs are made. Written `softspoken-4`, `silent`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum CotProtocol {
    /// SoftSpoken extension, see [`soft_spoken`]: (128 / k - 1) / 8 bytes a COT, from the receiver to the sender.
    SoftSpoken {
        /// Bits of Δ a piece: 1, 2, 4 or 8.
        k: usize,
    },
    /// Silent extension, see [`silent`], with [`LpnParameters::STANDARD`]: 0.27 bytes a COT, from the sender to the
    /// receiver, for two million COTs at a time.
    Silent,
}

/// Set in the code of a silent protocol, above the sizes of its parameters.
const SILENT_CODE: u32 = 0x511E_0000;

impl CotProtocol {
    /// All protocols, SoftSpoken with every `k`.
    pub const ALL: [Self; 5] = [
        Self::SoftSpoken { k: 1 },
        Self::SoftSpoken { k: 2 },
        Self::SoftSpoken { k: 4 },
        Self::SoftSpoken { k: 8 },
        Self::Silent,
    ];

    /// Bytes a COT, on average: from the receiver to the sender, and from the sender to the receiver.
    #[must_use]
    pub fn bytes_per_cot(self) -> [f64; 2] {
        match self {
            Self::SoftSpoken { k } => [(128.0 / k.max(1) as f64 - 1.0) / 8.0, 0.0],
            Self::Silent => {
                let set = LpnParameters::STANDARD;
                [0.0, set.message_bytes() as f64 / set.usable() as f64]
            }
        }
    }

    /// COTs of a refill, if the protocol makes them many at a time.
    #[must_use]
    pub fn refill(self) -> Option<u64> {
        match self {
            Self::SoftSpoken { .. } => None,
            Self::Silent => Some(LpnParameters::STANDARD.usable() as u64),
        }
    }

    /// The number by which a receiver announces the protocol.
    const fn code(self) -> u32 {
        match self {
            Self::SoftSpoken { k } => k as u32,
            Self::Silent => {
                let set = LpnParameters::STANDARD;
                let sizes = (set.dimension as u32 >> 10) << 8 | set.bins.ilog2() << 4 | set.log_bin;
                SILENT_CODE | sizes & 0xffff
            }
        }
    }

    /// The receiver's first message.
    pub(super) fn announce(self, channel: &mut Channel) -> Result<(), Error> {
        channel.send_u32(self.code())
    }

    /// Receives the announcement and refuses a protocol other than this.
    pub(super) fn expect_from_peer(self, channel: &mut Channel) -> Result<(), Error> {
        let theirs = channel.recv_u32()?;
        if theirs == self.code() {
            return Ok(());
        }
        let theirs = match theirs {
            1 | 2 | 4 | 8 => Self::SoftSpoken { k: theirs as usize }.to_string(),
            code if code == Self::Silent.code() => Self::Silent.to_string(),
            other => format!("an unknown one ({other:#x})"),
        };
        Err(Error::Malformed {
            what: "correlated OT protocol".into(),
            detail: format!("the peer uses {theirs}, this side {self}"),
        })
    }
}

impl Default for CotProtocol {
    /// SoftSpoken with `k = 4`: the least computing that does not send much.
    fn default() -> Self {
        Self::SoftSpoken { k: 4 }
    }
}

impl From<CotProtocol> for String {
    fn from(protocol: CotProtocol) -> Self {
        protocol.to_string()
    }
}

impl TryFrom<String> for CotProtocol {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl fmt::Display for CotProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SoftSpoken { k } => f.pad(&format!("softspoken-{k}")),
            Self::Silent => f.pad("silent"),
        }
    }
}

impl FromStr for CotProtocol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "softspoken-1" => Ok(Self::SoftSpoken { k: 1 }),
            "softspoken-2" => Ok(Self::SoftSpoken { k: 2 }),
            "softspoken-4" => Ok(Self::SoftSpoken { k: 4 }),
            "softspoken-8" => Ok(Self::SoftSpoken { k: 8 }),
            "silent" => Ok(Self::Silent),
            other => Err(Error::Malformed {
                what: "correlated OT protocol".into(),
                detail: format!("{other:?}; expected softspoken-1, -2, -4, -8 or silent"),
            }),
        }
    }
}

/// Who sets up which direction first. The parties of a session take one role each.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sets up its sender first.
    First,
    /// Sets up its receiver first.
    Second,
}

/// Sets up both directions of a session. See [`CotSender::setup`].
///
/// # Errors
/// As [`CotSender::setup`] and [`CotReceiver::setup`].
pub fn setup_both(
    channel: &mut Channel,
    role: Role,
    protocol: CotProtocol,
    rng: &mut SecureRng,
    simd: Simd,
) -> Result<(CotSender, CotReceiver), Error> {
    match role {
        Role::First => {
            let sender = CotSender::setup(channel, protocol, rng, simd)?;
            Ok((sender, CotReceiver::setup(channel, protocol, rng, simd)?))
        }
        Role::Second => {
            let receiver = CotReceiver::setup(channel, protocol, rng, simd)?;
            Ok((CotSender::setup(channel, protocol, rng, simd)?, receiver))
        }
    }
}

/// The party that holds Δ and gets the keys K. One a session and direction.
pub struct CotSender(Sender);

enum Sender {
    SoftSpoken(Box<soft_spoken::Sender>),
    Silent(Box<silent::Sender>),
}

impl CotSender {
    /// Draws Δ and sets up with a peer that calls [`CotReceiver::setup`] with the same protocol.
    ///
    /// # Errors
    /// Bad parameters, or another protocol at the peer; an unsupported `simd`; those of the channel; a malformed point of
    /// the peer.
    pub fn setup(
        channel: &mut Channel,
        protocol: CotProtocol,
        rng: &mut SecureRng,
        simd: Simd,
    ) -> Result<Self, Error> {
        Ok(Self(match protocol {
            CotProtocol::SoftSpoken { k } => {
                Sender::SoftSpoken(Box::new(soft_spoken::Sender::setup(channel, k, rng, simd)?))
            }
            CotProtocol::Silent => {
                protocol.expect_from_peer(channel)?;
                let lpn = &LpnParameters::STANDARD;
                Sender::Silent(Box::new(silent::Sender::setup(channel, lpn, rng, simd)?))
            }
        }))
    }

    /// The correlation. Its lowest bit is 1.
    #[must_use]
    pub const fn delta(&self) -> &Delta {
        match &self.0 {
            Sender::SoftSpoken(ot) => ot.delta(),
            Sender::Silent(ot) => ot.delta(),
        }
    }

    /// COTs handed out so far: the index of the next one, equal on both sides.
    #[must_use]
    pub const fn position(&self) -> u64 {
        match &self.0 {
            Sender::SoftSpoken(ot) => ot.position(),
            Sender::Silent(ot) => ot.position(),
        }
    }

    /// Makes `keys.len()` COTs, a multiple of 16. The peer asks for the same numbers of COTs in the same order.
    ///
    /// # Errors
    /// [`Error::Length`] before anything is done; those of the channel, after which this object refuses to go on;
    /// [`Error::Exhausted`] after at least 2^47 COTs.
    pub fn extend(&mut self, channel: &mut Channel, keys: &mut [Block]) -> Result<(), Error> {
        match &mut self.0 {
            Sender::SoftSpoken(ot) => ot.extend(channel, keys),
            Sender::Silent(ot) => ot.extend(channel, keys),
        }
    }

    /// Sees to it that the next `count` COTs move no bytes from this party to the peer. Both parties call it with the same
    /// `count` at the same place of the protocol.
    ///
    /// Silent extension then sends all it needs for `count` COTs at once, in one flight; without it, [`CotSender::extend`]
    /// does so when it runs out, among whatever else is in flight. A no-op for SoftSpoken, whose messages go the other way.
    ///
    /// # Errors
    /// As [`CotSender::extend`].
    pub fn reserve(&mut self, channel: &mut Channel, count: u64) -> Result<(), Error> {
        match &mut self.0 {
            Sender::SoftSpoken(_) => Ok(()),
            Sender::Silent(ot) => ot.reserve(channel, count),
        }
    }
}

/// The party that gets random bits r and M = K + r Δ. One a session and direction.
pub struct CotReceiver(Receiver);

enum Receiver {
    SoftSpoken(Box<soft_spoken::Receiver>),
    Silent(Box<silent::Receiver>),
}

impl CotReceiver {
    /// Sets up with a peer that calls [`CotSender::setup`] with the same protocol.
    ///
    /// # Errors
    /// As [`CotSender::setup`]; another protocol at the peer shows as a closed connection.
    pub fn setup(
        channel: &mut Channel,
        protocol: CotProtocol,
        rng: &mut SecureRng,
        simd: Simd,
    ) -> Result<Self, Error> {
        Ok(Self(match protocol {
            CotProtocol::SoftSpoken { k } => Receiver::SoftSpoken(Box::new(
                soft_spoken::Receiver::setup(channel, k, rng, simd)?,
            )),
            CotProtocol::Silent => {
                protocol.announce(channel)?;
                let lpn = &LpnParameters::STANDARD;
                Receiver::Silent(Box::new(silent::Receiver::setup(channel, lpn, rng, simd)?))
            }
        }))
    }

    /// COTs handed out so far: the index of the next one, equal on both sides.
    #[must_use]
    pub const fn position(&self) -> u64 {
        match &self.0 {
            Receiver::SoftSpoken(ot) => ot.position(),
            Receiver::Silent(ot) => ot.position(),
        }
    }

    /// Makes `macs.len()` COTs, a multiple of 16. Bit i of `choices[w]` is the choice of COT 16 w + i of this request.
    ///
    /// The peer asks for the same numbers of COTs in the same order.
    ///
    /// # Errors
    /// As [`CotSender::extend`].
    pub fn extend(
        &mut self,
        channel: &mut Channel,
        choices: &mut [u16],
        macs: &mut [Block],
    ) -> Result<(), Error> {
        match &mut self.0 {
            Receiver::SoftSpoken(ot) => ot.extend(channel, choices, macs),
            Receiver::Silent(ot) => ot.extend(channel, choices, macs),
        }
    }

    /// The counterpart of [`CotSender::reserve`]: receives, for silent extension, all that the next `count` COTs need.
    ///
    /// # Errors
    /// As [`CotSender::extend`].
    pub fn reserve(&mut self, channel: &mut Channel, count: u64) -> Result<(), Error> {
        match &mut self.0 {
            Receiver::SoftSpoken(_) => Ok(()),
            Receiver::Silent(ot) => ot.reserve(channel, count),
        }
    }
}

#[cfg(test)]
mod tests;
