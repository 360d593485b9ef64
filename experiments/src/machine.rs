//! What a run ran on: processor, memory, source version, time.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use halfmask_models::bridge::session::Kernels;
use serde::{Deserialize, Serialize};

/// The machine of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Logical processors that this process may use.
    pub cores: usize,
    /// The instruction set of the kernels.
    pub simd: String,
}

impl Machine {
    /// This machine, with kernels of the instruction set `simd`.
    #[must_use]
    pub fn here(simd: String) -> Self {
        Self {
            cpu: cpu(),
            cores: cores(),
            simd,
        }
    }
}

/// The version of the source that a run belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The commit's hash, or `unknown`.
    pub hash: String,
    /// Whether tracked files differ from it; `None` if unknown.
    pub dirty: Option<bool>,
}

/// Logical processors that this process may use.
#[must_use]
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// The processor's name, or its architecture where the system does not tell.
#[must_use]
pub fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    field(&info, "model name").map_or_else(|| std::env::consts::ARCH.to_owned(), str::to_owned)
}

/// The largest resident memory of this process so far, in bytes; `None` where the system does not tell.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = field(&status, "VmHWM")?.strip_suffix("kB")?;
    Some(kilobytes.trim().parse::<u64>().ok()? * 1024)
}

/// The value of a line `name : value`.
pub(crate) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

/// The kernels' instruction set: one name, or both if they differ.
#[must_use]
pub fn kernels_name(kernels: Kernels) -> String {
    let (he, mpc) = (kernels.he.to_string(), kernels.mpc.to_string());
    if he == mpc {
        he
    } else {
        format!("{he} (ckks), {mpc} (mpc)")
    }
}

/// What git says, now, about the folder the program was built from. Results do not count: a run of several records would find the
/// tree changed by its own first one.
#[must_use]
pub fn commit() -> Commit {
    let git = |arguments: &[&str]| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    Commit {
        hash: git(&["rev-parse", "HEAD"]).unwrap_or_else(|| "unknown".into()),
        dirty: git(&[
            "status",
            "--porcelain",
            "--untracked-files=no",
            "--",
            ":/",
            ":(top,exclude)results",
        ])
        .map(|text| !text.is_empty()),
    }
}

/// The compiler that built this program.
#[must_use]
pub const fn compiler() -> &'static str {
    env!("HALFMASK_RUSTC")
}

/// Now, in UTC, as `2026-01-31T23:59:59Z`.
#[must_use]
pub fn timestamp() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    format_time(seconds)
}

/// Seconds since 1970 as date and time; the date by Hinnant's `civil_from_days`, from years that begin in March.
fn format_time(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_at_the_edges_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_704_067_199, "2023-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(format_time(seconds), text);
        }
    }

    #[test]
    fn fields_of_proc_files() {
        let text = "Name:\tx\nVmHWM:\t  1234 kB\nmodel name\t: A: B\n";
        assert_eq!(field(text, "VmHWM"), Some("1234 kB"));
        assert_eq!(field(text, "model name"), Some("A: B"));
        assert_eq!(field(text, "VmRSS"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_the_peak() {
        assert!(peak_memory().unwrap() > 1 << 20);
    }
}
