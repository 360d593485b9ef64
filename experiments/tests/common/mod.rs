//! The program under test, run as a user runs it, on the digits that ship with it.
#![allow(dead_code, reason = "every test file uses its part")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use halfmask::data::{Images, Labels};
use halfmask::model::{BUILT_IN, ModelSource};
use halfmask_models::nn::twin::Twin;
use serde_json::Value;

/// The longest that anything in these tests may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The program.
pub fn halfmask(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_halfmask"));
    command
        .args(arguments)
        .env_remove("HALFMASK_DATA")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    halfmask(arguments).output().unwrap()
}

/// The single error line of a failed run.
#[track_caller]
pub fn error_line(output: &Output, code: i32) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("progress "))
        .collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0].starts_with("halfmask: error: "), "{text}");
    lines[0].to_owned()
}

/// Asserts that a run fails with this code and one line with all these words.
#[track_caller]
pub fn fails(arguments: &[&str], code: i32, words: &[&str]) {
    let line = error_line(&run(arguments), code);
    for word in words {
        assert!(line.contains(word), "no {word:?} in: {line}");
    }
}

/// Classifies the first shipped digits into a file of a folder.
pub fn infer(address: &str, output: &str, more: &[&str]) -> Output {
    let images = images();
    let fixed = [
        "infer",
        "--connect",
        address,
        "--input",
        &images,
        "--output",
        output,
        "--threads",
        "1",
    ];
    run(&[&fixed, more].concat())
}

/// What a run printed that must succeed.
#[track_caller]
pub fn succeeded(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A running program; killed when dropped.
pub struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Running {
    pub fn start(arguments: &[&str]) -> Self {
        Self::spawn(&mut halfmask(arguments))
    }

    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let err = BufReader::new(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// A server on a free port, and its address.
    pub fn server(more: &[&str]) -> (Self, String) {
        let arguments = [
            &[
                "serve",
                BUILT_IN,
                "--listen",
                "127.0.0.1:0",
                "--threads",
                "1",
            ],
            more,
        ];
        Self::listening(&arguments.concat())
    }

    /// A program that prints the address on which it listens, and the address.
    pub fn listening(arguments: &[&str]) -> (Self, String) {
        let mut server = Self::start(arguments);
        let mut line = String::new();
        server.out.read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on ").expect("an address");
        (server, address.trim_end().to_owned())
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Reads standard error up to a line that begins so.
    pub fn wait_for_line(&mut self, start: &str) {
        let mut line = String::new();
        while !line.starts_with(start) {
            line.clear();
            assert_ne!(self.err.read_line(&mut line).unwrap(), 0, "no {start}");
        }
    }

    /// Its output, once it has ended; it must do so within `limit`.
    #[track_caller]
    pub fn output_within(mut self, limit: Duration) -> Output {
        let deadline = Instant::now() + limit;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "still running after {limit:?}");
            thread::sleep(Duration::from_millis(5));
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        self.out.read_to_end(&mut stdout).unwrap();
        self.err.read_to_end(&mut stderr).unwrap();
        Output {
            status,
            stdout,
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder of the shipped digits.
pub fn digits() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("digits")
}

/// The shipped images, as an argument.
pub fn images() -> String {
    text(&digits().join("t10k-images-idx3-ubyte.gz"))
}

/// The shipped labels, as an argument.
pub fn labels() -> String {
    text(&digits().join("t10k-labels-idx1-ubyte.gz"))
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A data folder with the first `count` of the shipped digits.
pub fn write_data(folder: &Path, count: usize) {
    let mut images = Images::open(Path::new(&images())).unwrap();
    let mut labels = Labels::open(Path::new(&labels())).unwrap();
    images.truncate(count);
    labels.truncate(count);
    fs::write(
        folder.join("t10k-images-idx3-ubyte"),
        images.encode().unwrap(),
    )
    .unwrap();
    fs::write(
        folder.join("t10k-labels-idx1-ubyte"),
        labels.encode().unwrap(),
    )
    .unwrap();
}

/// The twin's classes of the first shipped digits, one a line.
pub fn twin_classes(count: usize) -> String {
    let model = ModelSource::BuiltIn.load().unwrap();
    let images = Images::open(Path::new(&images())).unwrap();
    let twin = Twin::new(&model.planned.network);
    let input = &model.planned.plan.input;
    let class = |index: usize| {
        let pixels = images.image(index).unwrap().iter();
        let values: Vec<i64> = pixels
            .map(|p| input.quantise(f64::from(*p) / 255.0))
            .collect();
        twin.evaluate(&values).unwrap().class
    };
    (0..count)
        .map(|index| format!("{}\n", class(index)))
        .collect()
}

/// All file names of a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A command's record, its file, and what it printed.
pub fn record_of(folder: &Path, name: &str, arguments: &[&str]) -> (Value, String, String) {
    let path = text(&folder.join(name));
    let printed = succeeded(&run(&[arguments, &["--json", &path]].concat()));
    let record = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    (record, path, printed)
}

/// Figures of one entry, all positive but for those named.
#[track_caller]
pub fn figures(entry: &Value, keys: &[&str], maybe_zero: &[&str]) {
    for key in keys {
        let figure = entry[key].as_f64();
        let good = figure.is_some_and(|x| x > 0.0 || (x == 0.0 && maybe_zero.contains(key)));
        assert!(good, "{key}: {} in {entry}", entry[key]);
    }
}

/// What every record says of where it was made.
#[track_caller]
pub fn run_on_something(record: &Value, name: &str) {
    assert_eq!(record["name"], name);
    assert!(
        record["commit"]
            .as_str()
            .is_some_and(|hash| !hash.is_empty())
    );
    for key in ["cpu", "simd"] {
        let said = record["machine"][key].as_str();
        assert!(said.is_some_and(|said| !said.is_empty()), "{key}");
    }
    figures(&record["machine"], &["cores"], &[]);
}
