//! Server and client as two processes, watched: when one fails, the other is ended at once.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::exit::{Error, PREFIX, one_line};
use crate::infer::PROGRESS_LINE;

/// Between two looks at the processes.
const LOOK: Duration = Duration::from_millis(5);
/// After the first failure, for the other process to say what it saw.
const GRACE: Duration = Duration::from_millis(300);
/// For the server to end once the client is done.
const GOODBYE: Duration = Duration::from_secs(10);
/// What the server prints before its address.
const LISTENING: &str = "listening on ";

/// Runs `program serve …` and then, with the address it prints, `program infer …`; both must succeed.
///
/// `progress` is told the number of images done, from another thread.
///
/// # Errors
/// [`Error::System`] if a process cannot be started, [`Error::Failed`] names the one that failed and carries its last line.
pub fn run(
    program: &Path,
    serve: &[OsString],
    infer: impl FnOnce(&str) -> Vec<OsString>,
    progress: impl Fn(u64) + Send + 'static,
) -> Result<(), Error> {
    let mut server = Process::start("server", program, "serve".as_ref(), serve, |_| {})?;
    let address = server.address()?;
    let mut client = Process::start(
        "client",
        program,
        "infer".as_ref(),
        &infer(&address),
        progress,
    )?;
    let mut goodbye = None;
    loop {
        let statuses = [server.poll()?, client.poll()?];
        if statuses.iter().flatten().any(|status| !status.success()) {
            return Err(blame(server, client));
        }
        match statuses {
            [Some(_), Some(_)] => return Ok(()),
            [None, Some(_)] => {
                let deadline = *goodbye.get_or_insert_with(|| Instant::now() + GOODBYE);
                if Instant::now() > deadline {
                    return Err(Error::Failed(format!(
                        "the server process did not end within {} s of the client's end",
                        GOODBYE.as_secs()
                    )));
                }
            }
            _ => {}
        }
        thread::sleep(LOOK);
    }
}

/// The error of a run in which a process failed. A process ended by a signal comes first: the other only saw its end.
fn blame(mut server: Process, mut client: Process) -> Error {
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline
        && (matches!(server.poll(), Ok(None)) || matches!(client.poll(), Ok(None)))
    {
        thread::sleep(LOOK);
    }
    let mut failed: Vec<(bool, String)> = [server, client]
        .into_iter()
        .filter_map(Process::failure)
        .collect();
    failed.sort_by_key(|(signalled, _)| !signalled);
    let lines: Vec<String> = failed.into_iter().map(|(_, line)| line).collect();
    Error::Failed(lines.join("; "))
}

/// A process of this program; killed when dropped.
struct Process {
    name: &'static str,
    child: Child,
    /// Held open: its end tells the process that nobody watches it any more.
    _stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    last_line: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    fn start(
        name: &'static str,
        program: &Path,
        command: &OsStr,
        arguments: &[OsString],
        progress: impl Fn(u64) + Send + 'static,
    ) -> Result<Self, Error> {
        let mut child = Command::new(program)
            .arg(command)
            .args(arguments)
            .arg("--supervised")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| Error::System {
                what: format!("start the {name} process"),
                source,
            })?;
        let last_line = Arc::new(Mutex::new(String::new()));
        let (sender, lines) = mpsc::channel();
        let out = child.stdout.take();
        // Ends with the pipe; nobody may be interested any more.
        thread::spawn(move || each_line(out, |line| drop(sender.send(line))));
        let (err, last) = (child.stderr.take(), Arc::clone(&last_line));
        let reader = thread::spawn(move || {
            each_line(err, |line| {
                if let Some(done) = line.strip_prefix(PROGRESS_LINE) {
                    let count = done.split(' ').next().and_then(|n| n.parse().ok());
                    count.into_iter().for_each(&progress);
                } else if !line.trim().is_empty() {
                    tracing::info!("{name}: {line}");
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = line;
                }
            });
        });
        Ok(Self {
            name,
            _stdin: child.stdin.take(),
            child,
            lines,
            last_line,
            reader: Some(reader),
        })
    }

    /// The address that the process prints once it listens.
    fn address(&mut self) -> Result<String, Error> {
        loop {
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => match line.strip_prefix(LISTENING) {
                    Some(address) => return Ok(address.to_owned()),
                    None => tracing::info!("{}: {line}", self.name),
                },
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait();
                    let line = self.last_line();
                    let status = status.map_or_else(|e| e.to_string(), |status| status.to_string());
                    return Err(Error::Failed(format!(
                        "the {} process ended before it listened ({status}): {line}",
                        self.name
                    )));
                }
            }
        }
    }

    fn poll(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.child.try_wait().map_err(|source| Error::System {
            what: format!("watch the {} process", self.name),
            source,
        })
    }

    /// Whether the process was ended by a signal, and its line of the error; `None` if it did not fail by itself.
    fn failure(mut self) -> Option<(bool, String)> {
        let status = self.poll().ok().flatten()?;
        if status.success() {
            return None;
        }
        let line = self.last_line();
        let line = line.strip_prefix(PREFIX).unwrap_or(&line);
        let said = if line.is_empty() {
            "it said nothing"
        } else {
            line
        };
        let text = format!("the {} process failed ({status}): {said}", self.name);
        Some((status.code().is_none(), one_line(&text)))
    }

    /// The last line of its standard error, once it has ended.
    fn last_line(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            // A panic of the reader would only lose the line.
            let _ = reader.join();
        }
        self.last_line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands on every line of a pipe until it ends.
fn each_line(pipe: Option<impl Read>, mut line: impl FnMut(String)) {
    let Some(pipe) = pipe else { return };
    let mut reader = BufReader::new(pipe);
    let mut bytes = Vec::new();
    while matches!(reader.read_until(b'\n', &mut bytes), Ok(1..)) {
        line(String::from_utf8_lossy(&bytes).trim_end().to_owned());
        bytes.clear();
    }
}
