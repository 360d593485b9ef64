//! Base oblivious transfer: "the simplest OT" of Chou and Orlandi (eprint 2015/267), figure 1, as random OT.
//!
//! Group ristretto255 (prime order, generator G), hash SHA-256 truncated to 128 bits. For n transfers at once:
//!
//! ```text
//! sender:    a random,            sends A = aG
//! receiver:  b_i random,          sends B_i = b_i G + c_i A,      keeps k_i,c = H(i, A, B_i, b_i A)
//! sender:                         keeps k_i,0 = H(i, A, B_i, a B_i),  k_i,1 = H(i, A, B_i, a (B_i - A))
//! ```
//!
//! since a(b G + c A - c A) = b A. The other key needs a(b G ± A) = b A ± a²G, that is the square Diffie–Hellman problem,
//! equivalent to CDH here.
//!
//! **Simulator (semi-honest, random oracle).** The receiver's view is A, uniform; its other key is the oracle at a point
//! it cannot compute (CDH), hence uniform: draw A = aG and be done. The sender's view is B_i, which is uniform whatever
//! c_i is, since b_i G is: draw n uniform points. The choice is hidden perfectly.
//!
//! Points are decoded canonically, and the identity refused: with A = 0 both keys would be equal. The hash binds the
//! session's label, the index and the transcript, so equal points elsewhere give unrelated keys. This is the semi-honest
//! protocol: it makes no claim of UC security against malicious parties (the original proof of that had gaps).

use curve25519_dalek::{
    RistrettoPoint, Scalar,
    ristretto::{CompressedRistretto, RistrettoBasepointTable},
    traits::{Identity, IsIdentity},
};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    Error,
    block::{BLOCK_BYTES, Block},
    channel::Channel,
};

/// Bytes of an encoded group element.
pub const POINT_BYTES: usize = 32;

const KEY_DOMAIN: &[u8] = b"halfmask base OT key v1";
const TRANSCRIPT_DOMAIN: &[u8] = b"halfmask base OT transcript v1";

/// What a party holds after n transfers.
pub struct Outcome<K>
where
    Vec<K>: Zeroize,
{
    /// The sender's pairs (k_0, k_1), or the receiver's chosen keys.
    pub keys: Zeroizing<Vec<K>>,
    /// A digest of the label and all points, equal on both sides and fresh in every session.
    pub transcript: [u8; 32],
}

/// Sends `count` random OTs. Sends 32 bytes, receives 32 bytes a transfer.
///
/// `label` names the use; both parties give the same.
///
/// # Errors
/// Those of the channel, or [`Error::Malformed`] naming the index of a point that is no group element or the identity.
pub fn send(
    channel: &mut Channel,
    label: &[u8],
    count: usize,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Outcome<[Block; 2]>, Error> {
    let secret = Zeroizing::new(Scalar::random(rng));
    let a_point = RistrettoPoint::mul_base(&secret);
    let a_bytes = a_point.compress();
    channel.send(a_bytes.as_bytes())?;

    let mut transcript = Transcript::new(label, &a_bytes);
    let shift = Zeroizing::new(*secret * a_point);
    let mut keys = Zeroizing::new(Vec::with_capacity(count));
    for index in 0..count {
        let (b_point, b_bytes) = receive_point(channel, "base OT point B", index)?;
        transcript.absorb(&b_bytes);
        let shared = Zeroizing::new(*secret * b_point);
        let other = Zeroizing::new(*shared - *shift);
        keys.push([
            key(label, index, &a_bytes, &b_bytes, &shared),
            key(label, index, &a_bytes, &b_bytes, &other),
        ]);
    }
    Ok(Outcome {
        keys,
        transcript: transcript.finish(),
    })
}

/// Receives one of the two keys of each random OT: the first where the choice is 0, the second where it is 1. Only the
/// lowest bit of each choice counts.
///
/// # Errors
/// As [`send`].
pub fn receive(
    channel: &mut Channel,
    label: &[u8],
    choices: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Outcome<Block>, Error> {
    let (a_point, a_bytes) = receive_point(channel, "base OT point A", 0)?;
    let mut transcript = Transcript::new(label, &a_bytes);
    // One table serves all products b A.
    let table = RistrettoBasepointTable::create(&a_point);
    let mut keys = Zeroizing::new(Vec::with_capacity(choices.len()));
    for (index, &choice) in choices.iter().enumerate() {
        let secret = Zeroizing::new(Scalar::random(rng));
        let offset = RistrettoPoint::conditional_select(
            &RistrettoPoint::identity(),
            &a_point,
            Choice::from(choice & 1),
        );
        let b_bytes = (RistrettoPoint::mul_base(&secret) + offset).compress();
        channel.send(b_bytes.as_bytes())?;
        transcript.absorb(&b_bytes);
        let shared = Zeroizing::new(&table * &*secret);
        keys.push(key(label, index, &a_bytes, &b_bytes, &shared));
    }
    channel.flush()?;
    Ok(Outcome {
        keys,
        transcript: transcript.finish(),
    })
}

fn receive_point(
    channel: &mut Channel,
    name: &str,
    index: usize,
) -> Result<(RistrettoPoint, CompressedRistretto), Error> {
    let mut bytes = [0; POINT_BYTES];
    channel.recv(&mut bytes)?;
    let encoded = CompressedRistretto(bytes);
    let refuse = |detail: &str| Error::Malformed {
        what: format!("{name}[{index}]"),
        detail: detail.into(),
    };
    let point = encoded
        .decompress()
        .ok_or_else(|| refuse("not the encoding of a ristretto255 element"))?;
    if point.is_identity() {
        return Err(refuse("the identity element"));
    }
    Ok((point, encoded))
}

/// H(label, index, A, B, shared point), the first 128 bits. The label is preceded by its length.
fn key(
    label: &[u8],
    index: usize,
    a: &CompressedRistretto,
    b: &CompressedRistretto,
    shared: &RistrettoPoint,
) -> Block {
    let shared = Zeroizing::new(shared.compress().to_bytes());
    let digest = Zeroizing::new(<[u8; 32]>::from(
        Sha256::new()
            .chain_update(KEY_DOMAIN)
            .chain_update((label.len() as u64).to_le_bytes())
            .chain_update(label)
            .chain_update((index as u64).to_le_bytes())
            .chain_update(a.as_bytes())
            .chain_update(b.as_bytes())
            .chain_update(shared.as_ref())
            .finalize(),
    ));
    let mut block = [0; BLOCK_BYTES];
    for (to, from) in block.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    let key = Block::from_bytes(block);
    block.zeroize();
    key
}

struct Transcript(Sha256);

impl Transcript {
    fn new(label: &[u8], a: &CompressedRistretto) -> Self {
        Self(
            Sha256::new()
                .chain_update(TRANSCRIPT_DOMAIN)
                .chain_update((label.len() as u64).to_le_bytes())
                .chain_update(label)
                .chain_update(a.as_bytes()),
        )
    }

    fn absorb(&mut self, b: &CompressedRistretto) {
        self.0.update(b.as_bytes());
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SecureRng;

    fn run(label: [&'static [u8]; 2], bits: &[u8]) -> (Outcome<[Block; 2]>, Outcome<Block>) {
        let (mut a, mut b) = Channel::pair();
        let count = bits.len();
        std::thread::scope(|scope| {
            let sender = scope.spawn(move || {
                send(&mut a, label[0], count, &mut SecureRng::from_os().unwrap()).unwrap()
            });
            let received =
                receive(&mut b, label[1], bits, &mut SecureRng::from_os().unwrap()).unwrap();
            assert_eq!(b.meter().total().bytes_sent, (count * POINT_BYTES) as u64);
            assert_eq!(b.meter().total().bytes_received, POINT_BYTES as u64);
            (sender.join().unwrap(), received)
        })
    }

    #[test]
    fn the_receiver_gets_the_chosen_key_alone() {
        let bits: Vec<u8> = (0..40).map(|i| (i * i / 3 % 2) as u8).collect();
        let (sent, received) = run([b"x", b"x"], &bits);
        assert_eq!(sent.transcript, received.transcript);
        for ((pair, key), &bit) in sent.keys.iter().zip(received.keys.iter()).zip(&bits) {
            assert!(*key == pair[usize::from(bit)]);
            assert!(*key != pair[usize::from(1 - bit)]);
        }
    }

    #[test]
    fn labels_separate_uses() {
        let (sent, received) = run([b"x", b"y"], &[0, 1]);
        assert_ne!(sent.transcript, received.transcript);
        for (pair, key) in sent.keys.iter().zip(received.keys.iter()) {
            assert!(*key != pair[0] && *key != pair[1]);
        }
    }

    #[test]
    fn bad_points_are_refused_by_index() {
        for (bytes, word) in [([0xff; 32], "not the encoding"), ([0; 32], "identity")] {
            let (mut a, mut b) = Channel::pair();
            b.send(
                RistrettoPoint::mul_base(&Scalar::from(5_u8))
                    .compress()
                    .as_bytes(),
            )
            .unwrap();
            b.send(&bytes).unwrap();
            b.flush().unwrap();
            let error = send(&mut a, b"x", 2, &mut SecureRng::from_os().unwrap())
                .err()
                .unwrap()
                .to_string();
            assert!(error.contains("B[1]") && error.contains(word), "{error}");

            let (mut a, mut b) = Channel::pair();
            a.send(&bytes).unwrap();
            a.flush().unwrap();
            let error = receive(&mut b, b"x", &[1], &mut SecureRng::from_os().unwrap());
            let error = error.err().unwrap().to_string();
            assert!(error.contains("point A") && error.contains(word), "{error}");
        }
    }
}
