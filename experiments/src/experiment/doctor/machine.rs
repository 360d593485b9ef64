//! Processor, memory, build, and what two processes need to talk.

use std::fmt::Display;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use halfmask_models::bridge::ckks::Simd as HeSimd;
use halfmask_models::bridge::mpc::simd::Simd as MpcSimd;

use super::Finding;
use crate::bench::table::bytes;
use crate::experiment::provenance::memory;
use crate::machine::{cores, cpu};
use crate::random::Source;

/// Cores that a full run's estimates are for.
const CORES: usize = 2;

pub(super) fn findings() -> Vec<Finding> {
    vec![
        Finding::good("processor", cpu()),
        simd("instructions, ciphertexts", HeSimd::supported_levels()),
        simd("instructions, circuits", MpcSimd::all_supported()),
        match cores() {
            few @ 0..CORES => Finding::limited(
                "cores",
                few.to_string(),
                "the parties take turns: rates are half or less",
            ),
            enough => Finding::good("cores", enough.to_string()),
        },
        Finding::good(
            "memory",
            memory().map_or_else(|| "unknown".into(), |count| bytes(count as f64)),
        ),
        build(),
        tcp(),
        temporary(),
    ]
}

/// The levels that kernels can run at, best first.
fn simd(what: &'static str, levels: impl IntoIterator<Item: Display>) -> Finding {
    let names: Vec<String> = levels.into_iter().map(|level| level.to_string()).collect();
    let found = names.join(", ");
    match names.first().map(String::as_str) {
        Some("avx512") => Finding::good(what, found),
        Some("vaes" | "avx2") => Finding::limited(
            what,
            found,
            "no AVX-512 here: rates are lower, results the same",
        ),
        _ => Finding::limited(what, found, "portable code alone: rates are far lower"),
    }
}

fn build() -> Finding {
    let what = "build";
    if Source::default().deterministic() {
        Finding::limited(
            what,
            "feature test-seed",
            "nothing it computes is private: build without the feature",
        )
    } else if cfg!(debug_assertions) {
        Finding::limited(
            what,
            "debug assertions",
            "not a build to measure: cargo build --release",
        )
    } else {
        Finding::good(what, "release")
    }
}

/// The parties talk over TCP.
fn tcp() -> Finding {
    let connected = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
        let address = listener.local_addr()?;
        TcpStream::connect(address)
    });
    match connected {
        Ok(_) => Finding::good("TCP on loopback", "works"),
        Err(error) => Finding::missing(
            "TCP on loopback",
            error.to_string(),
            "let processes connect to 127.0.0.1",
        ),
    }
}

/// Jobs leave their records there.
fn temporary() -> Finding {
    let what = "temporary files";
    let folder = std::env::temp_dir().display().to_string();
    match tempfile::tempdir() {
        Ok(_) => Finding::good(what, folder),
        Err(error) => Finding::missing(
            what,
            format!("{folder}: {error}"),
            "set TMPDIR to a folder that can be written",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::doctor::State;

    #[test]
    fn lesser_instructions_are_a_limit() {
        assert_eq!(simd("x", ["avx512", "avx2"]).state, State::Good);
        let limited = simd("x", ["vaes", "avx2", "scalar"]);
        assert_eq!(
            (limited.state, limited.found.as_str()),
            (State::Limited, "vaes, avx2, scalar")
        );
        assert_eq!(simd("x", ["scalar"]).state, State::Limited);
    }

    #[test]
    fn a_test_build_is_not_one_to_measure() {
        assert_eq!(build().state, State::Limited);
    }
}
