//! Programs of the system that something here starts: git, the tools of a shaped link, LaTeX.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::Finding;
use crate::machine::commit;

pub(super) fn findings() -> Vec<Finding> {
    vec![git(), shaped_link(), paper()]
}

/// Records name the commit.
fn git() -> Finding {
    let commit = commit();
    match commit.dirty {
        Some(false) => Finding::good("source", commit.hash),
        Some(true) => Finding::limited(
            "source",
            format!("{}, with changes", commit.hash),
            "commit before you measure: records say that files differ",
        ),
        None => Finding::limited(
            "source",
            "commit unknown",
            "install git and run inside a clone, or records cannot name their source",
        ),
    }
}

/// The emulated networks need nothing; comparing them with a real link does.
fn shaped_link() -> Finding {
    let what = "shaped link between namespaces";
    let absent = absent(&["ip", "tc", "unshare"]);
    if !absent.is_empty() {
        return Finding::limited(what, lacks(&absent), "apt-get install iproute2 util-linux");
    }
    // A namespace that ends with the command: nothing is left behind.
    if !succeeds("unshare", &["--net", "true"]) {
        return Finding::limited(
            what,
            "no namespaces",
            "run as root; experiments do not need it",
        );
    }
    let delay = "tc qdisc add dev lo root netem delay 1ms";
    let words: Vec<&str> = ["--net"].into_iter().chain(delay.split(' ')).collect();
    if succeeds("unshare", &words) {
        Finding::good(what, "namespaces, tc netem")
    } else {
        Finding::limited(
            what,
            "namespaces, no netem in this kernel",
            "shaped-link.sh uses its own relay instead; experiments do not need either",
        )
    }
}

/// What `paper/build` needs.
fn paper() -> Finding {
    let absent = absent(&["pdflatex", "bibtex", "rsvg-convert"]);
    if absent.is_empty() {
        Finding::good("paper", "LaTeX, rsvg-convert")
    } else {
        let advice = "paper/build --install, as root; experiments do not need it";
        Finding::limited("paper", lacks(&absent), advice)
    }
}

fn lacks(programs: &[&str]) -> String {
    format!("no {}", programs.join(", no "))
}

/// Which of these programs are not there.
fn absent<'a>(programs: &[&'a str]) -> Vec<&'a str> {
    let folders: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    let there = |program: &str| folders.iter().any(|folder| folder.join(program).is_file());
    programs
        .iter()
        .copied()
        .filter(|program| !there(program))
        .collect()
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_programs_are_told() {
        let asked = ["sh", "no-such-program-of-halfmask"];
        assert_eq!(absent(&asked), [asked[1]]);
        assert_eq!(lacks(&["a", "b"]), "no a, no b");
        assert!(!succeeds(asked[1], &[]));
    }
}
