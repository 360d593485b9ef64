//! Where a record comes from: source, compiler, machine.

use std::fs;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use halfmask_models::bridge::session::Kernels;
use halfmask_models::bridge::{ckks, mpc};

use crate::machine;
use crate::model::hexadecimal;
use crate::random::Source;

/// The versions of all dependencies, as built.
const LOCK: &[u8] = include_bytes!("../../../Cargo.lock");

/// Source, compiler and machine of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The source's commit, or `unknown`.
    pub commit: String,
    /// Whether tracked files other than results differ from it; null if unknown.
    pub dirty: Option<bool>,
    /// The compiler.
    pub rustc: String,
    /// Its flags, beside those of the workspace's profile.
    pub rustflags: String,
    /// `release` or `debug`: only one of them is a build to measure.
    pub build: String,
    /// Whether randomness came from a seed: nothing in it is private.
    pub deterministic: bool,
    /// SHA-256 of `Cargo.lock`.
    pub lock: String,
    /// The processor's name.
    pub cpu: String,
    /// Logical processors that the program may use.
    pub cores: usize,
    /// Bytes of memory; null where the system does not tell.
    pub memory: Option<u64>,
    /// The best instruction set of the kernels here.
    pub simd: String,
    /// `linux` and the like.
    pub system: String,
}

impl Provenance {
    /// Of this program on this machine.
    #[must_use]
    pub fn here() -> Self {
        let commit = machine::commit();
        Self {
            commit: commit.hash,
            dirty: commit.dirty,
            rustc: machine::compiler().to_owned(),
            rustflags: env!("HALFMASK_RUSTFLAGS").to_owned(),
            build: if cfg!(debug_assertions) {
                "debug".into()
            } else {
                "release".into()
            },
            deterministic: Source::default().deterministic(),
            lock: hexadecimal(&Sha256::digest(LOCK)),
            cpu: machine::cpu(),
            cores: machine::cores(),
            memory: memory(),
            simd: best_simd(),
            system: std::env::consts::OS.to_owned(),
        }
    }

    /// The machine in a few words.
    #[must_use]
    pub fn machine(&self) -> String {
        let cores = self.cores;
        let plural = if cores == 1 { "" } else { "s" };
        format!("{}, {cores} core{plural}, {}", self.cpu, self.simd)
    }

    /// The commit, short, with a mark if files differed from it.
    #[must_use]
    pub fn short_commit(&self) -> String {
        let short: String = self.commit.chars().take(10).collect();
        match self.dirty {
            Some(false) => short,
            _ => format!("{short}+"),
        }
    }
}

/// The machine's memory in bytes.
#[must_use]
pub fn memory() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = machine::field(&info, "MemTotal")?.strip_suffix("kB")?;
    Some(kilobytes.trim().parse::<u64>().ok()? * 1024)
}

fn best_simd() -> String {
    machine::kernels_name(Kernels {
        he: ckks::Simd::detect(),
        mpc: mpc::simd::Simd::detect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_knows_where_it_is_from() {
        let here = Provenance::here();
        assert_eq!(here.lock.len(), 64);
        assert!(here.rustc.starts_with("rustc "), "{}", here.rustc);
        assert_eq!(here.build, "debug");
        assert!(here.machine().contains("core"));
        let marked = Provenance {
            commit: "0123456789abcdef".into(),
            dirty: None,
            ..here
        };
        assert_eq!(marked.short_commit(), "0123456789+");
    }
}
