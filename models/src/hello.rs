//! The opening of a connection: who speaks, in which version, about which plan.
//!
//! Both send a fixed number of bytes, the client first: magic, version, role, kind of plan, digest of the ring parameters, digest and length
//! of the public plan. The server answers as soon as it has seen the magic, so that both sides can name what does not match. A client that does not know the plan yet sends zeros there; one that expects a certain plan sends its digest. Then
//! the server sends the plan, the client checks it against the hello and against its own rules, and confirms the digest
//! of what it read. Whatever does not match ends both sides with an error. Nothing here is authenticated: a plain
//! TCP peer can claim anything; see SECURITY.md.

use crate::Error;
use crate::nn::plan::PROTOCOL_VERSION;
use halfmask_bridge::mpc::channel::{Channel, Part, Phase};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// Bytes of a hello.
pub const HELLO_BYTES: usize = 96;

const MAGIC: [u8; 8] = *b"HALFMASK";

/// What a server's plan is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanKind {
    /// A neural network.
    Network,
    /// A sum-product network.
    Spn,
    /// A sum-product network, evaluated by a garbled program alone.
    GarbledSpn,
    /// A neural network, evaluated on ciphertexts alone.
    Encrypted,
}

impl PlanKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Network => 0,
            Self::Spn => 1,
            Self::GarbledSpn => 2,
            Self::Encrypted => 3,
        }
    }

    /// A kind for people.
    const fn name(byte: u8) -> &'static str {
        match byte {
            0 => "a neural network",
            1 => "a sum-product network",
            2 => "an all-garbled sum-product network",
            3 => "a neural network on ciphertexts alone",
            _ => "something unknown",
        }
    }
}

/// A public plan, as a hello presents it: JSON.
pub trait PublicPlan: Serialize + DeserializeOwned {
    /// Of what.
    const KIND: PlanKind;
    /// The longest one that a client reads.
    const MAX_BYTES: u32;

    /// Checks what this side relies on.
    ///
    /// # Errors
    /// [`Error::Plan`] with what is wrong.
    fn accept(&self) -> Result<(), Error>;

    /// Digest of its ring's parameters, checked.
    ///
    /// # Errors
    /// As [`PublicPlan::accept`].
    fn ring_digest(&self) -> Result<[u8; 32], Error>;

    /// Canonical bytes, as they travel.
    ///
    /// # Errors
    /// If the plan cannot be written as JSON.
    fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|e| Error::Plan(e.to_string()))
    }

    /// Reads and checks a plan.
    ///
    /// # Errors
    /// [`Error::Plan`] with what is wrong.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let plan: Self = serde_json::from_slice(bytes).map_err(|e| Error::Plan(e.to_string()))?;
        plan.accept()?;
        Ok(plan)
    }

    /// SHA-256 of the canonical bytes.
    ///
    /// # Errors
    /// As [`PublicPlan::to_bytes`].
    fn digest(&self) -> Result<[u8; 32], Error> {
        Ok(Sha256::digest(self.to_bytes()?).into())
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Holds the model.
    Server,
    /// Holds the inputs.
    Client,
}

impl Role {
    const fn byte(self) -> u8 {
        match self {
            Self::Server => 1,
            Self::Client => 2,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Hello {
    parameters: [u8; 32],
    plan: [u8; 32],
    plan_bytes: u32,
}

impl Hello {
    fn encode(&self, role: Role, kind: PlanKind) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HELLO_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&PROTOCOL_VERSION.to_le_bytes());
        bytes.extend_from_slice(&[role.byte(), kind.byte(), 0, 0]);
        bytes.extend_from_slice(&self.parameters);
        bytes.extend_from_slice(&self.plan);
        bytes.extend_from_slice(&self.plan_bytes.to_le_bytes());
        bytes.resize(HELLO_BYTES, 0);
        bytes
    }

    /// Receives the first bytes of a hello.
    fn receive_magic(ch: &mut Channel, from: Role) -> Result<(), Error> {
        let mut magic = [0u8; 8];
        ch.recv(&mut magic)?;
        if magic == MAGIC {
            return Ok(());
        }
        let (shown, from) = (magic.escape_ascii(), from.name());
        Err(Error::Handshake(format!(
            "the peer is no halfmask {from}: it opened with \"{shown}\""
        )))
    }

    /// Receives the rest.
    fn receive_rest(ch: &mut Channel, from: Role, kind: PlanKind) -> Result<Self, Error> {
        let (mut version, mut role) = ([0u8; 4], [0u8; 4]);
        ch.recv(&mut version)?;
        let version = u32::from_le_bytes(version);
        if version != PROTOCOL_VERSION {
            return Err(Error::Handshake(format!(
                "the peer speaks protocol version {version}, this program {PROTOCOL_VERSION}"
            )));
        }
        ch.recv(&mut role)?;
        let [_, what, ..] = role;
        if role != [from.byte(), what, 0, 0] {
            return Err(Error::Handshake(format!(
                "the peer is not a {}: role {role:?}",
                from.name()
            )));
        }
        if what != kind.byte() {
            let (has, wants) = match from {
                Role::Server => ("evaluates", "this client asks for"),
                Role::Client => ("asks for", "this server evaluates"),
            };
            return Err(Error::Handshake(format!(
                "the {} {has} {}, {wants} {}",
                from.name(),
                PlanKind::name(what),
                PlanKind::name(kind.byte())
            )));
        }
        let (mut parameters, mut plan, mut plan_bytes) = ([0u8; 32], [0u8; 32], [0u8; 4]);
        ch.recv(&mut parameters)?;
        ch.recv(&mut plan)?;
        ch.recv(&mut plan_bytes)?;
        let mut padding = [0u8; HELLO_BYTES - 84];
        ch.recv(&mut padding)?;
        Ok(Self {
            parameters,
            plan,
            plan_bytes: u32::from_le_bytes(plan_bytes),
        })
    }
}

fn hex(digest: &[u8; 32]) -> String {
    digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// The server's part: presents `plan` and waits for the client to confirm it.
///
/// # Errors
/// [`Error::Handshake`] with what does not match, or the channel's.
pub(crate) fn present<P: PublicPlan>(ch: &mut Channel, plan: &P) -> Result<(), Error> {
    ch.enter(Phase::Setup, "", Part::Control);
    let bytes = plan.to_bytes()?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let mine = Hello {
        parameters: plan.ring_digest()?,
        plan: digest,
        plan_bytes: bytes.len() as u32,
    };
    Hello::receive_magic(ch, Role::Client)?;
    ch.send(&mine.encode(Role::Server, P::KIND))?;
    ch.flush()?;
    let theirs = Hello::receive_rest(ch, Role::Client, P::KIND)?;
    for (what, ours, theirs) in [
        ("parameters", &mine.parameters, &theirs.parameters),
        ("plan", &mine.plan, &theirs.plan),
    ] {
        if *theirs != [0; 32] && ours != theirs {
            return Err(Error::Handshake(format!(
                "the client expects {what} {}, this server has {}",
                hex(theirs),
                hex(ours)
            )));
        }
    }
    ch.send(&bytes)?;
    let mut confirmed = [0u8; 32];
    ch.recv(&mut confirmed)?;
    if confirmed != digest {
        return Err(Error::Handshake(format!(
            "the client read the plan as {}, this server sent {}",
            hex(&confirmed),
            hex(&digest)
        )));
    }
    Ok(())
}

/// The client's part: learns the plan, checks it, and confirms it. `expected` pins the plan's digest.
///
/// # Errors
/// [`Error::Handshake`] with what does not match, [`Error::Plan`] for a plan that is not acceptable, or the channel's.
pub(crate) fn learn<P: PublicPlan>(
    ch: &mut Channel,
    expected: Option<[u8; 32]>,
) -> Result<P, Error> {
    ch.enter(Phase::Setup, "", Part::Control);
    let mine = Hello {
        parameters: [0; 32],
        plan: expected.unwrap_or([0; 32]),
        plan_bytes: 0,
    };
    ch.send(&mine.encode(Role::Client, P::KIND))?;
    Hello::receive_magic(ch, Role::Server)?;
    let theirs = Hello::receive_rest(ch, Role::Server, P::KIND)?;
    if let Some(expected) = expected
        && expected != theirs.plan
    {
        return Err(Error::Handshake(format!(
            "this client expects plan {}, the server has {}",
            hex(&expected),
            hex(&theirs.plan)
        )));
    }
    if theirs.plan_bytes > P::MAX_BYTES {
        return Err(Error::Handshake(format!(
            "the server announces a plan of {} bytes, at most {} are taken",
            theirs.plan_bytes,
            P::MAX_BYTES
        )));
    }
    let bytes = ch.recv_vec(u64::from(theirs.plan_bytes), P::MAX_BYTES as usize)?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    if digest != theirs.plan {
        return Err(Error::Handshake(format!(
            "the plan's digest is {}, the server announced {}",
            hex(&digest),
            hex(&theirs.plan)
        )));
    }
    let plan = P::from_bytes(&bytes)?;
    let parameters = plan.ring_digest()?;
    if parameters != theirs.parameters {
        return Err(Error::Handshake(format!(
            "the plan's parameters are {}, the server announced {}",
            hex(&parameters),
            hex(&theirs.parameters)
        )));
    }
    ch.send(&digest)?;
    ch.flush()?;
    Ok(plan)
}
