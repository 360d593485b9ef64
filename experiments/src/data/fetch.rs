//! Downloads: size and SHA-256 are pinned, so a plain HTTP mirror cannot change a byte unseen.
//!
//! A file is held in memory until it has proved to be the right one, then written under a temporary
//! name in its folder and renamed: nothing half-written, and no wrong file, ever has the final name.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

/// Mirrors of the four MNIST files, first to last.
pub const MNIST_MIRRORS: [&str; 2] = [
    "http://ossci-datasets.s3.amazonaws.com/mnist/",
    "http://storage.googleapis.com/cvdf-datasets/mnist/",
];

/// Name, bytes and SHA-256 of the four MNIST files as published (compressed), test set first.
const MNIST: [(&str, u64, &str); 4] = [
    (
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
    (
        "train-images-idx3-ubyte.gz",
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    (
        "train-labels-idx1-ubyte.gz",
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
];

/// For each phase of a request: connecting, the answer's head, a single read.
const PATIENCE: Duration = Duration::from_secs(15);
/// For one file from one mirror.
const FILE_PATIENCE: Duration = Duration::from_secs(300);

/// A download failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A mirror's address cannot be used.
    #[error("mirror `{url}`: {reason}")]
    Mirror {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No mirror had the file.
    #[error("cannot fetch {file}: {}", attempts.join("; "))]
    AllMirrors {
        /// The file.
        file: String,
        /// What each mirror did.
        attempts: Vec<String>,
    },
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs_f32())]
    TooSlow(Duration),
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl FetchError {
    /// A few words, for where the whole message is too long.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::AllMirrors { file, .. } => format!("no mirror gave {file}"),
            other => other.to_string(),
        }
    }
}

/// A file to fetch, and how to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its name on every mirror and on disk.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: String,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was there already, and right.
    Kept,
    /// It was fetched.
    Fetched,
}

/// Files and the mirrors that have them.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// The files.
    pub files: Vec<RemoteFile>,
    /// Addresses ending in `/`, tried in order for each file.
    pub mirrors: Vec<String>,
    /// For one file from one mirror.
    pub patience: Duration,
    /// Whether to show progress, where standard error is a terminal.
    pub progress: bool,
    /// Whether to leave the environment's HTTP proxy (`http_proxy` and its like) aside.
    pub direct: bool,
}

impl Fetch {
    /// All four MNIST files.
    #[must_use]
    pub fn mnist() -> Self {
        let file = |(name, bytes, sha256): (&str, u64, &str)| RemoteFile {
            name: name.to_owned(),
            bytes,
            sha256: sha256.to_owned(),
        };
        Self {
            files: MNIST.map(file).to_vec(),
            mirrors: MNIST_MIRRORS.map(str::to_owned).to_vec(),
            patience: FILE_PATIENCE,
            progress: true,
            direct: false,
        }
    }

    /// The two MNIST test files, without a progress bar.
    #[must_use]
    pub fn mnist_test() -> Self {
        let mut fetch = Self {
            progress: false,
            ..Self::mnist()
        };
        fetch.files.truncate(2);
        fetch
    }

    /// Uses one mirror instead of the usual ones.
    ///
    /// # Errors
    /// [`FetchError::Mirror`] if it is not an `http://` address: the program has no TLS, and needs none
    /// with pinned hashes.
    pub fn with_mirror(mut self, url: &str) -> Result<Self, FetchError> {
        if !url.starts_with("http://") {
            let reason = "must begin with http:// (files are checked against pinned SHA-256 sums)";
            return Err(FetchError::Mirror {
                url: url.to_owned(),
                reason,
            });
        }
        self.mirrors = vec![format!("{}/", url.trim_end_matches('/'))];
        Ok(self)
    }

    /// Makes sure that the folder has every file, and says what happened to each.
    ///
    /// # Errors
    /// At the first file that no mirror has or that cannot be written; the files before it stay.
    pub fn to_folder(&self, folder: &Path) -> Result<Vec<Outcome>, FetchError> {
        self.files
            .iter()
            .map(|file| {
                if file.is_in(folder) {
                    return Ok(Outcome::Kept);
                }
                let bytes = self.download(file, self.patience)?;
                store(folder, &file.name, &bytes)?;
                Ok(Outcome::Fetched)
            })
            .collect()
    }

    /// The same in at most `limit`, whatever the network does (name resolution too). The network is
    /// left to a thread that never writes, so giving it up leaves nothing behind.
    ///
    /// # Errors
    /// [`FetchError::TooSlow`], and as [`Fetch::to_folder`].
    pub fn within(&self, limit: Duration, folder: &Path) -> Result<(), FetchError> {
        let deadline = Instant::now() + limit;
        let (sender, receiver) = mpsc::channel();
        let (fetch, wanted) = (self.clone(), folder.to_owned());
        let work = move || {
            // A mirror that says nothing must leave time for the next.
            let share = u32::try_from(fetch.mirrors.len())
                .unwrap_or(u32::MAX)
                .max(1);
            for file in fetch.files.iter().filter(|file| !file.is_in(&wanted)) {
                let downloaded = fetch
                    .download(file, limit / share)
                    .map(|bytes| (file.name.clone(), bytes));
                let failed = downloaded.is_err();
                if sender.send(downloaded).is_err() || failed {
                    return;
                }
            }
        };
        thread::Builder::new()
            .name("fetch".to_owned())
            .spawn(work)
            .map_err(|source| FetchError::Write {
                path: folder.to_owned(),
                source,
            })?;
        let mut downloaded = Vec::new();
        loop {
            match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(file) => downloaded.push(file?),
                Err(mpsc::RecvTimeoutError::Timeout) => return Err(FetchError::TooSlow(limit)),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        downloaded
            .iter()
            .try_for_each(|(name, bytes)| store(folder, name, bytes))
    }

    /// One file, checked, from the first mirror that has it; each may take `patience`.
    fn download(&self, file: &RemoteFile, patience: Duration) -> Result<Vec<u8>, FetchError> {
        let mut attempts = Vec::new();
        for mirror in &self.mirrors {
            let url = format!("{mirror}{}", file.name);
            match self.request(file, &url, patience) {
                Ok(bytes) => return Ok(bytes),
                Err(reason) => {
                    tracing::debug!(url, reason, "a mirror failed");
                    attempts.push(format!("{url}: {reason}"));
                }
            }
        }
        Err(FetchError::AllMirrors {
            file: file.name.clone(),
            attempts,
        })
    }

    fn request(&self, file: &RemoteFile, url: &str, patience: Duration) -> Result<Vec<u8>, String> {
        let phase = Some(patience.min(PATIENCE));
        let mut config = ureq::Agent::config_builder();
        if self.direct {
            config = config.proxy(None);
        }
        let agent = config
            .timeout_global(Some(patience))
            .timeout_resolve(phase)
            .timeout_connect(phase)
            .timeout_recv_response(phase)
            .timeout_per_read(phase)
            .build()
            .new_agent();
        let response = agent.get(url).call().map_err(|error| error.to_string())?;
        let bar = self.bar(file);
        let mut bytes = Vec::new();
        // One byte more than expected is enough to know that there is too much.
        let mut body = bar
            .wrap_read(response.into_body().into_reader())
            .take(file.bytes + 1);
        let read = body.read_to_end(&mut bytes);
        bar.finish_and_clear();
        let got = bytes.len() as u64;
        match read {
            _ if got > file.bytes => {
                return Err(format!("larger than the expected {} bytes", file.bytes));
            }
            Err(error) => {
                return Err(format!(
                    "stopped after {got} of {} bytes: {error}",
                    file.bytes
                ));
            }
            Ok(_) if got < file.bytes => {
                return Err(format!("truncated: {got} of {} bytes", file.bytes));
            }
            Ok(_) => {}
        }
        let sha256 = hexadecimal(&Sha256::digest(&bytes));
        if sha256 != file.sha256 {
            return Err(format!("SHA-256 is {sha256}, expected {}", file.sha256));
        }
        Ok(bytes)
    }

    /// Hidden by `indicatif` itself where standard error is no terminal.
    fn bar(&self, file: &RemoteFile) -> ProgressBar {
        let bar = if self.progress {
            ProgressBar::new(file.bytes)
        } else {
            ProgressBar::hidden()
        };
        let template = "{msg:27} {bar:30} {bytes:>10} of {total_bytes} {bytes_per_sec}";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.with_style(style).with_message(file.name.clone())
    }
}

impl RemoteFile {
    /// Whether the folder has this very file.
    fn is_in(&self, folder: &Path) -> bool {
        let path = folder.join(&self.name);
        let digest = || -> io::Result<String> {
            let mut file = File::open(&path)?;
            if file.metadata()?.len() != self.bytes {
                return Ok(String::new());
            }
            let mut hash = Sha256::new();
            let mut buffer = [0; 1 << 14];
            loop {
                match file.read(&mut buffer)? {
                    0 => break,
                    length => hash.update(buffer.get(..length).unwrap_or_default()),
                }
            }
            Ok(hexadecimal(&hash.finalize()))
        };
        digest().is_ok_and(|digest| digest == self.sha256)
    }
}

/// Writes a file under a temporary name in its folder, then renames it.
fn store(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), FetchError> {
    let error = |path: &Path, source| FetchError::Write {
        path: path.to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(|source| error(folder, source))?;
    let mut builder = tempfile::Builder::new();
    // A temporary file is private by default, which data for everyone need not be; the umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut temporary = builder
        .prefix(".fetch-")
        .tempfile_in(folder)
        .map_err(|source| error(folder, source))?;
    let path = folder.join(name);
    temporary
        .write_all(bytes)
        .and_then(|()| temporary.as_file().sync_all())
        .map_err(|source| error(&path, source))?;
    temporary
        .persist(&path)
        .map_err(|failed| error(&path, failed.error))?;
    Ok(())
}

/// Lower-case hexadecimal.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
