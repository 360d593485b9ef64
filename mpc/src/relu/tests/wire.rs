//! What travels, byte for byte, and what becomes of a peer's bad messages.

use super::*;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to the bytes of one direction.
#[derive(Copy, Clone, Debug)]
enum Fate {
    Whole,
    /// The byte there is inverted.
    Flipped(usize),
    /// Everything from there on is lost, and the connection closed.
    Cut(usize),
    /// Everything from there on is ones.
    Ones(usize),
}

/// One end of a pipe that keeps what was written.
struct Tap {
    to: Option<Sender<Vec<u8>>>,
    from: Receiver<Vec<u8>>,
    unread: Vec<u8>,
    sent: Arc<Mutex<Vec<u8>>>,
    fate: Fate,
}

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = self.sent.lock().unwrap();
        let start = sent.len();
        sent.extend_from_slice(bytes);
        let mut bytes = bytes.to_vec();
        match self.fate {
            Fate::Flipped(at) if (start..start + bytes.len()).contains(&at) => {
                bytes[at - start] ^= 0xff;
            }
            Fate::Cut(at) if start + bytes.len() > at => {
                bytes.truncate(at.saturating_sub(start));
                if let Some(to) = self.to.take() {
                    let _ = to.send(bytes);
                }
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            Fate::Ones(at) if start + bytes.len() > at => {
                bytes[at.saturating_sub(start)..].fill(0xff);
            }
            _ => {}
        }
        let whole = bytes.len();
        match &self.to {
            Some(to) if to.send(bytes).is_ok() => Ok(whole),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Tap {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            match self.from.recv_timeout(Duration::from_secs(5)) {
                Ok(bytes) => self.unread = bytes,
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return Ok(0),
                Err(_) => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
        let count = out.len().min(self.unread.len());
        out[..count].copy_from_slice(&self.unread[..count]);
        self.unread.drain(..count);
        Ok(count)
    }
}

type Log = Arc<Mutex<Vec<u8>>>;

/// Garbler's and evaluator's ends, and what each sends, before its fate.
fn taps(garbler: Fate, evaluator: Fate) -> ((Channel, Channel), Log, Log) {
    let (to_b, from_a) = channel();
    let (to_a, from_b) = channel();
    let tap = |to, from, fate| {
        let sent = Log::default();
        let tap = Tap {
            to: Some(to),
            from,
            unread: Vec::new(),
            sent: Arc::clone(&sent),
            fate,
        };
        (Channel::new(Box::new(tap), Duration::from_secs(5)), sent)
    };
    let (a, sent_a) = tap(to_b, from_b, garbler);
    let (b, sent_b) = tap(to_a, from_a, evaluator);
    ((a, b), sent_a, sent_b)
}

fn layers() -> Vec<(ReluSpec, Shares)> {
    let mut rng = SecureRng::from_seed([5; 32]);
    let same = ReluSpec {
        share_bits: 16,
        width: 16,
        shift: 0,
        target: Target::SameRing,
        segment: 1024,
    };
    [(GOOD, 300), (same, 100)]
        .into_iter()
        .map(|(spec, n)| (spec, share(&values(&spec, n, &mut rng), spec.share_bits, 6)))
        .collect()
}

fn digest(log: &Log) -> String {
    let hash = Sha256::digest(&*log.lock().unwrap());
    hash.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

#[test]
fn the_transcript_is_fixed() {
    let known = [
        (
            ReluProtocol::Garbled,
            "54e4ce7967434d27",
            "e1043ced1e74f217",
        ),
        (ReluProtocol::Ot, "8c3bf8073f195636", "9016da6957fe6961"),
    ];
    for (protocol, garbler, evaluator) in known {
        for simd in Simd::all_supported() {
            let (channels, sent_a, sent_b) = taps(Fate::Whole, Fate::Whole);
            let (e, g) = run_over(channels, protocol, &layers(), simd);
            assert!(e.is_ok() && g.is_ok());
            assert_eq!(
                (digest(&sent_a).as_str(), digest(&sent_b).as_str()),
                (garbler, evaluator),
                "{protocol} {simd}"
            );
        }
    }
}

/// The lengths of what the parties send, set-up alone and in all.
fn lengths(protocol: ReluProtocol) -> [(usize, usize); 2] {
    let length = |log: &Log| log.lock().unwrap().len();
    let (channels, a, b) = taps(Fate::Whole, Fate::Whole);
    let _ = run_over(channels, protocol, &[], Simd::detect());
    let setup = (length(&a), length(&b));
    let (channels, a, b) = taps(Fate::Whole, Fate::Whole);
    let _ = run_over(channels, protocol, &layers(), Simd::detect());
    [(setup.0, length(&a)), (setup.1, length(&b))]
}

#[test]
fn cut_messages_end_in_an_error() {
    for protocol in ReluProtocol::ALL {
        for (party, (first, end)) in lengths(protocol).into_iter().enumerate() {
            let step = (end - first) / 7;
            let mut cuts: Vec<usize> = (first..end).step_by(step.max(1)).collect();
            cuts.push(end - 1);
            for at in cuts {
                let (mut fates, cut) = ([Fate::Whole; 2], Fate::Cut(at));
                fates[party] = cut;
                let (channels, ..) = taps(fates[0], fates[1]);
                let (e, g) = run_over(channels, protocol, &layers(), Simd::detect());
                assert!(
                    e.is_err() && g.is_err(),
                    "{protocol} party {party}: {cut:?}"
                );
            }
        }
    }
}

#[test]
fn changed_messages_end_in_an_error_or_in_other_values() {
    for protocol in ReluProtocol::ALL {
        let want = run(protocol, &layers(), Simd::detect());
        for (party, (first, end)) in lengths(protocol).into_iter().enumerate() {
            // Towards the end, where no OT extension is: most of its last chunk is not used.
            let mut fates: Vec<Fate> = (1..6)
                .map(|i| Fate::Flipped(end - (end - first) * i / 25))
                .collect();
            fates.push(Fate::Ones(first));
            fates.push(Fate::Ones((first + end) / 2));
            // No authentication at this level: both parties come to an end, with an error or with other values, unless
            // the change hit padding, or a row of a garbled table that is not used.
            let mut noticed = 0;
            for fate in &fates {
                let mut both = [Fate::Whole; 2];
                both[party] = *fate;
                let (channels, ..) = taps(both[0], both[1]);
                let (e, g) = run_over(channels, protocol, &layers(), Simd::detect());
                let unchanged = e.is_ok_and(|e| {
                    g.is_ok_and(|g| e.into_iter().zip(g).collect::<Vec<_>>() == want)
                });
                noticed += usize::from(!unchanged);
            }
            assert!(
                noticed >= 4,
                "{protocol} party {party}: {noticed} of {fates:?}"
            );
        }
    }
}

#[test]
fn residues_out_of_range_are_refused() {
    for protocol in ReluProtocol::ALL {
        let [_, (first, _)] = lengths(protocol);
        let (channels, ..) = taps(Fate::Whole, Fate::Ones(first));
        let (_, garbler) = run_over(channels, protocol, &layers(), Simd::detect());
        let error = garbler.unwrap_err().to_string();
        assert!(error.contains("is not below"), "{protocol}: {error}");
    }
}

#[test]
fn lengths_must_agree() {
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        s.spawn(move || {
            let mut rng = SecureRng::from_seed([1; 32]);
            GarblerSession::setup(&mut a, &mut rng, Simd::detect()).unwrap();
        });
        let mut rng = SecureRng::from_seed([2; 32]);
        let mut session = EvaluatorSession::setup(&mut b, &mut rng, Simd::detect()).unwrap();
        for protocol in ReluProtocol::ALL {
            let err = session
                .relu_by(protocol)
                .relu(&mut b, "relu", &GOOD, &[1, 2], &mut [0])
                .unwrap_err();
            assert!(err.to_string().contains("ReLU outputs"), "{err}");
        }
    });
}
