//! Arguments that several commands share.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::mpc::relu::ReluProtocol;
use halfmask_models::bridge::mpc::simd::Simd;
use halfmask_models::bridge::session::Kernels;
use halfmask_models::bridge::{ckks, mpc};
use halfmask_models::nn::planner;

use crate::engine::EngineOptions;
use crate::exit::Error;
use crate::net::Network;
use crate::random::Source;

/// How to compute.
#[derive(Copy, Clone, Debug, Args)]
pub(super) struct Compute {
    /// Threads of a process [default: all cores; bench: half of them for each process]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Instruction set of the kernels (the number-theoretic transform detects for itself)
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    pub simd: Level,
}

/// An instruction set.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    /// The best of this processor
    #[default]
    Auto,
    /// AVX-512 with VAES and GFNI
    Avx512,
    /// AVX2 with VAES (for ciphertexts the same as avx2)
    Vaes,
    /// AVX2 with AES-NI
    Avx2,
    /// Portable code
    Scalar,
}

impl Level {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Avx512 => "avx512",
            Self::Vaes => "vaes",
            Self::Avx2 => "avx2",
            Self::Scalar => "scalar",
        }
    }
}

impl Level {
    /// The level of the mpc crate's kernels, if this processor has it.
    pub fn mpc(self) -> Result<Simd, Error> {
        let name = self.name();
        name.parse()
            .map_err(|error: mpc::Error| Error::Usage(format!("--simd {name}: {error}")))
    }
}

impl Compute {
    /// The kernels, if this processor has them.
    pub fn kernels(&self) -> Result<Kernels, Error> {
        let refuse = |error: String| Error::Usage(format!("--simd {}: {error}", self.simd.name()));
        // VAES is of use to circuits alone.
        let he = match self.simd {
            Level::Vaes => Level::Avx2,
            level => level,
        };
        let he: ckks::SimdChoice = he
            .name()
            .parse()
            .map_err(|e: ckks::Error| refuse(e.to_string()))?;
        Ok(Kernels {
            he: he.resolve().map_err(|e| refuse(e.to_string()))?,
            mpc: self.simd.mpc()?,
        })
    }

    /// Starts this process's thread pool, and runs a party on one of its threads: from outside, every parallel step would wake
    /// a thread, wait for it, and pull the data into the cache of another core.
    pub fn run_in_pool(
        &self,
        party: impl FnOnce() -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let threads = self.threads.map_or(0, NonZeroUsize::get);
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(|error| Error::Failed(format!("cannot start the thread pool: {error}")))?;
        rayon::scope(|_| party())
    }
}

/// What connects the parties.
#[derive(Debug, Args)]
pub(super) struct Link {
    /// Let what is sent travel as over a network: lan (1 Gbit/s, 0.2 ms there and back), lan10 (10 Gbit/s, 0.165 ms), wan
    /// (100 Mbit/s, 40 ms), or a rate and a round trip such as 50mbit,80ms (kbit, mbit, gbit; us, ms, s)
    #[arg(long, value_name = "NETWORK", default_value_t)]
    pub network: Network,
}

/// What the server opens to clients.
#[derive(Debug, Args)]
pub(super) struct Output {
    /// What clients learn of an image: `class`, or `logits` or `logits:BITS`, all scores, flooded and rounded to BITS bits (12).
    /// Scores tell a client far more of the weights than classes do, enough of them everything: see SECURITY.md
    #[arg(long, value_name = "WHAT", default_value = "class", value_parser = output)]
    pub output: planner::Output,
}

/// Bits of a score where nothing else is said: as many as the argmax compares.
const SCORE_BITS: u32 = 12;

/// Parses what is opened. Which numbers of bits there may be is the planner's business: it depends on the model.
fn output(text: &str) -> Result<planner::Output, String> {
    match text.split_once(':') {
        None if text == "class" => Ok(planner::Output::Class),
        None if text == "logits" => Ok(planner::Output::Logits { bits: SCORE_BITS }),
        Some(("logits", bits)) => match bits.parse() {
            Ok(bits) => Ok(planner::Output::Logits { bits }),
            Err(_) => Err(format!("{bits:?} is no number of bits")),
        },
        _ => Err("expected class, logits or logits:BITS".to_owned()),
    }
}

/// How the server evaluates non-linear layers.
#[derive(Debug, Args)]
pub(super) struct Engine {
    /// How signs are found: gc (garbled circuit, few rounds), ot (look-ups on oblivious transfer, few bytes), mp2ml (the published
    /// circuit), or auto: whatever measured costs say is quickest over the link
    #[arg(long, value_name = "PROTOCOL", default_value = "auto", value_parser = automatic::<ReluProtocol>)]
    pub relu: Auto<ReluProtocol>,
    /// Where correlated oblivious transfers come from: softspoken-1, -2, -4 or -8, silent, or auto
    #[arg(long, value_name = "PROTOCOL", default_value = "auto", value_parser = automatic::<CotProtocol>)]
    pub ot: Auto<CotProtocol>,
    /// Take costs from this file (a record of `bench relu`) instead of measuring them on start
    #[arg(long, value_name = "FILE")]
    pub costs: Option<PathBuf>,
    /// Plan for this link, if it is not the one emulated: the same values as --network
    #[arg(long, value_name = "NETWORK")]
    pub plan_for: Option<Network>,
    /// Values of a segment of a layer, a multiple of 1024 [default: as the link wants it]
    #[arg(long, value_name = "N", hide = true)]
    pub segment: Option<u32>,
}

/// A value, or the program's choice.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Auto<T> {
    /// The program chooses.
    #[default]
    Auto,
    /// As given.
    Fixed(T),
}

impl<T> Auto<T> {
    /// The value, if it was given.
    pub fn fixed(self) -> Option<T> {
        match self {
            Self::Auto => None,
            Self::Fixed(value) => Some(value),
        }
    }
}

pub(super) fn automatic<T: FromStr<Err = mpc::Error>>(text: &str) -> Result<Auto<T>, String> {
    match text {
        "auto" => Ok(Auto::Auto),
        text => match text.parse() {
            Ok(value) => Ok(Auto::Fixed(value)),
            Err(error) => Err(format!("{error}, or auto")),
        },
    }
}

impl Engine {
    /// Resolves the arguments for parties with `threads` threads each.
    pub fn options(self, network: Network, threads: usize) -> EngineOptions {
        EngineOptions {
            relu: self.relu.fixed(),
            cot: self.ot.fixed(),
            costs: self.costs,
            network: self.plan_for.unwrap_or(network),
            threads,
            segment: self.segment,
        }
    }
}

/// A known seed in a build for tests; nothing otherwise.
#[derive(Debug, Args)]
pub(super) struct Seed {
    /// Seed of all randomness: nothing stays secret
    #[cfg(feature = "test-seed")]
    #[arg(long, hide = true, value_name = "HEX", value_parser = digest)]
    seed: Option<[u8; 32]>,
}

impl Seed {
    #[cfg(feature = "test-seed")]
    pub fn source(&self) -> Source {
        Source { seed: self.seed }
    }

    #[cfg(not(feature = "test-seed"))]
    pub fn source(&self) -> Source {
        Source::default()
    }
}

/// Whether another program supervises this one.
#[derive(Debug, Args)]
pub(super) struct Supervised {
    /// End when standard input ends
    #[arg(long, hide = true)]
    supervised: bool,
}

impl Supervised {
    /// Ends this process once the supervisor, who holds the other end of standard input, is gone.
    pub fn watch(&self) {
        if self.supervised {
            std::thread::spawn(|| {
                let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                std::process::exit(1);
            });
        }
    }
}

/// Parses a number of seconds.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    if (0.01..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("expected 0.01 to 86400 seconds".to_owned())
    }
}

/// Parses 32 bytes in hexadecimal.
pub(super) fn digest(text: &str) -> Result<[u8; 32], String> {
    let wrong = || "expected 64 hexadecimal digits".to_owned();
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(wrong());
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
    }
    Ok(bytes)
}

/// Resolves `host:port`.
pub(super) fn addresses(option: &str, text: &str) -> Result<Vec<SocketAddr>, Error> {
    let refuse = |why: String| Error::Usage(format!("{option} {text}: {why}"));
    let found: Vec<SocketAddr> = text
        .to_socket_addrs()
        .map_err(|error| refuse(format!("{error} (expected HOST:PORT)")))?
        .collect();
    if found.is_empty() {
        return Err(refuse("no such host".into()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-1", "nan", "inf", "1e9", "x", ""] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert_eq!(output("class"), Ok(planner::Output::Class));
        assert_eq!(output("logits"), Ok(planner::Output::Logits { bits: 12 }));
        assert_eq!(output("logits:7"), Ok(planner::Output::Logits { bits: 7 }));
        for bad in [
            "",
            "Class",
            "logits:",
            "logits:-1",
            "logits:x",
            "class:7",
            "scores",
        ] {
            assert!(output(bad).is_err(), "{bad}");
        }
        assert_eq!(digest(&"0f".repeat(32)), Ok([15; 32]));
        for bad in ["", "0f", &"+f".repeat(32), &"é".repeat(32)] {
            assert!(digest(bad).is_err(), "{bad}");
        }
        assert!(addresses("--listen", "127.0.0.1:0").is_ok());
        for bad in ["127.0.0.1", "", "127.0.0.1:99999"] {
            let error = addresses("--listen", bad).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{bad}");
        }
    }
}
