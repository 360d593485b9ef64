//! Downloads against a server of the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use halfmask::data::fetch::{Fetch, FetchError, Outcome, RemoteFile};
use halfmask::data::{DataError, Images, Labels, Lookup};
use sha2::{Digest, Sha256};

/// What the server does with a request.
#[derive(Debug, Clone)]
enum Answer {
    /// The content, with its length.
    Whole(Vec<u8>),
    /// The content without a length, to the end of the connection.
    Unmeasured(Vec<u8>),
    /// A head that promises more than comes.
    Cut { promised: usize, content: Vec<u8> },
    /// An endless body.
    Endless,
    /// A status without content.
    Status(&'static str),
    /// Nothing at all, for long.
    Silence,
}

/// A mirror on the loopback interface; counts its requests.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Answers by file name; anything else is a 404.
    fn start(answers: Vec<(&'static str, Answer)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mnist/", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (answers, counter) = (answers.clone(), Arc::clone(&counter));
                // The client may hang up at any time.
                thread::spawn(move || drop(serve(connection.unwrap(), &answers, &counter)));
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &[(&str, Answer)],
    counter: &AtomicUsize,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap()?;
    while !lines.next().unwrap()?.is_empty() {}
    counter.fetch_add(1, Ordering::SeqCst);
    let path = request.split(' ').nth(1).unwrap();
    let answer = answers
        .iter()
        .find(|(name, _)| path == format!("/mnist/{name}"));
    let head = |length: usize| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
    };
    let open = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    match answer.map(|(_, answer)| answer) {
        Some(Answer::Whole(content)) => {
            stream.write_all(head(content.len()).as_bytes())?;
            stream.write_all(content)
        }
        Some(Answer::Unmeasured(content)) => {
            stream.write_all(open.as_bytes())?;
            stream.write_all(content)
        }
        Some(Answer::Cut { promised, content }) => {
            stream.write_all(head(*promised).as_bytes())?;
            stream.write_all(content)
        }
        Some(Answer::Endless) => {
            stream.write_all(open.as_bytes())?;
            loop {
                stream.write_all(&[7; 4096])?;
            }
        }
        Some(Answer::Status(status)) => {
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        }
        Some(Answer::Silence) => {
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        None => stream
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    }
}

const FILE: &str = "t10k-images-idx3-ubyte";

fn content() -> Vec<u8> {
    let pixels = (0..50_000u32).map(|i| (i * i % 253) as u8).collect();
    Images {
        count: 500,
        rows: 10,
        cols: 10,
        pixels,
    }
    .encode()
    .unwrap()
}

fn labels() -> Vec<u8> {
    Labels {
        values: vec![5; 500],
    }
    .encode()
    .unwrap()
}

fn remote(name: &str, content: &[u8]) -> RemoteFile {
    let sha256 = Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    RemoteFile {
        name: name.to_owned(),
        bytes: content.len() as u64,
        sha256,
    }
}

fn fetch(mirrors: &[&Server]) -> Fetch {
    Fetch {
        files: vec![remote(FILE, &content())],
        mirrors: mirrors.iter().map(|server| server.url.clone()).collect(),
        patience: Duration::from_secs(20),
        progress: true,
        direct: true,
    }
}

/// The folder's file names: all of them, temporary ones too.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| {
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

/// Fetching fails with these words and leaves nothing.
#[track_caller]
fn refused(answer: Answer, words: &str) {
    let server = Server::start(vec![(FILE, answer)]);
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("mnist");
    let error = fetch(&[&server]).to_folder(&folder).unwrap_err();
    assert!(matches!(error, FetchError::AllMirrors { .. }));
    let text = error.to_string();
    assert!(text.contains(words) && text.contains(&server.url), "{text}");
    assert_eq!(DataError::from(error).exit_code(), 1);
    assert_eq!(names(&folder), [""; 0]);
}

#[test]
fn a_good_file_is_written_and_kept() {
    for answer in [Answer::Whole(content()), Answer::Unmeasured(content())] {
        let server = Server::start(vec![(FILE, answer)]);
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        assert_eq!(
            fetch(&[&server]).to_folder(&folder).unwrap(),
            [Outcome::Fetched]
        );
        assert_eq!(fs::read(folder.join(FILE)).unwrap(), content());
        assert_eq!(names(&folder), [FILE]);
        assert_eq!(
            fetch(&[&server]).to_folder(&folder).unwrap(),
            [Outcome::Kept]
        );
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn a_wrong_file_on_disk_is_replaced() {
    let server = Server::start(vec![(FILE, Answer::Whole(content()))]);
    let root = tempfile::tempdir().unwrap();
    let mut damaged = content();
    damaged[100] ^= 1;
    for wrong in [damaged, b"short".to_vec()] {
        fs::write(root.path().join(FILE), wrong).unwrap();
        assert_eq!(
            fetch(&[&server]).to_folder(root.path()).unwrap(),
            [Outcome::Fetched]
        );
        assert_eq!(fs::read(root.path().join(FILE)).unwrap(), content());
    }
}

#[test]
fn a_failed_download_leaves_the_old_file() {
    let server = Server::start(vec![]);
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(FILE), b"old").unwrap();
    fetch(&[&server]).to_folder(root.path()).unwrap_err();
    assert_eq!(fs::read(root.path().join(FILE)).unwrap(), b"old");
}

#[test]
fn a_changed_byte_is_seen() {
    let mut changed = content();
    changed[30_000] ^= 0x40;
    refused(Answer::Whole(changed), "SHA-256 is");
}

#[test]
fn a_body_cut_short_is_seen() {
    let half = content()[..20_000].to_vec();
    refused(
        Answer::Cut {
            promised: 50_016,
            content: half.clone(),
        },
        "stopped after 20000 of 50016 bytes",
    );
    refused(
        Answer::Unmeasured(half.clone()),
        "truncated: 20000 of 50016 bytes",
    );
    refused(Answer::Whole(half), "truncated: 20000 of 50016 bytes");
}

#[test]
fn too_much_is_not_read_to_its_end() {
    let mut more = content();
    more.push(0);
    refused(Answer::Whole(more), "larger than the expected 50016 bytes");
    refused(Answer::Endless, "larger than the expected 50016 bytes");
}

#[test]
fn statuses_are_errors() {
    refused(Answer::Status("404 Not Found"), "404");
    refused(Answer::Status("503 Service Unavailable"), "503");
}

#[test]
fn the_next_mirror_is_tried() {
    let mut changed = content();
    changed[3] ^= 1;
    let bad = [
        Server::start(vec![]),
        Server::start(vec![(FILE, Answer::Whole(changed))]),
        Server::start(vec![(FILE, Answer::Endless)]),
    ];
    let good = Server::start(vec![(FILE, Answer::Whole(content()))]);
    let root = tempfile::tempdir().unwrap();
    let mirrors = [&bad[0], &bad[1], &bad[2], &good];
    assert_eq!(
        fetch(&mirrors).to_folder(root.path()).unwrap(),
        [Outcome::Fetched]
    );
    assert_eq!(fs::read(root.path().join(FILE)).unwrap(), content());
    assert!(mirrors.iter().all(|server| server.requests() == 1));

    let error = fetch(&[&bad[0], &bad[1]])
        .to_folder(&root.path().join("other"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("404") && error.contains("SHA-256"),
        "{error}"
    );
}

#[test]
fn a_mirror_nobody_listens_on() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let root = tempfile::tempdir().unwrap();
    let fetch = fetch(&[])
        .with_mirror(&format!("http://{address}"))
        .unwrap();
    let error = fetch.to_folder(root.path()).unwrap_err().to_string();
    assert!(
        error.contains(&format!("http://{address}/{FILE}")),
        "{error}"
    );
}

#[test]
fn mirrors_have_plain_addresses() {
    let error = Fetch::mnist()
        .with_mirror("https://example.org/mnist")
        .unwrap_err();
    assert!(error.to_string().contains("must begin with http://"));
    assert_eq!(DataError::from(error).exit_code(), 2);
    let fetch = Fetch::mnist()
        .with_mirror("http://example.org/mnist//")
        .unwrap();
    assert_eq!(fetch.mirrors, ["http://example.org/mnist/"]);
    assert_eq!((fetch.files.len(), Fetch::mnist_test().files.len()), (4, 2));
}

/// A lookup that finds nothing on disk and asks these mirrors.
fn lookup(root: &Path, mirrors: &[&Server], patience: Duration) -> Lookup {
    let mut fetch = fetch(mirrors);
    fetch
        .files
        .push(remote("t10k-labels-idx1-ubyte", &labels()));
    Lookup {
        named: None,
        places: vec![root.join("data"), root.join("nowhere")],
        download: Some((fetch, root.join("data/mnist"), patience)),
    }
}

#[test]
fn a_lookup_fetches_and_then_finds() {
    let files = vec![
        (FILE, Answer::Whole(content())),
        ("t10k-labels-idx1-ubyte", Answer::Whole(labels())),
    ];
    let server = Server::start(files);
    let root = tempfile::tempdir().unwrap();
    let lookup = lookup(root.path(), &[&server], Duration::from_secs(20));
    let found = lookup.run().unwrap();
    assert_eq!((found.images.count, found.labels.values.len()), (500, 500));
    assert!(
        found
            .note
            .unwrap()
            .starts_with("fetched the MNIST test set into")
    );
    let again = lookup.run().unwrap();
    assert_eq!(
        again.source,
        Some(root.path().join("data/mnist").join(FILE))
    );
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_lookup_gives_up_on_a_silent_mirror() {
    let server = Server::start(vec![(FILE, Answer::Silence)]);
    let root = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let found = lookup(root.path(), &[&server, &server], Duration::from_millis(300))
        .run()
        .unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(found.name, "uci-digits");
    let note = found.note.unwrap();
    assert!(
        note.starts_with("NOT MNIST") && note.contains("none could be fetched"),
        "{note}"
    );
    assert_eq!(names(root.path()), [""; 0]);
}

#[test]
fn a_lookup_takes_half_a_set_for_none() {
    let server = Server::start(vec![(FILE, Answer::Whole(content()))]);
    let root = tempfile::tempdir().unwrap();
    let found = lookup(root.path(), &[&server], Duration::from_secs(20))
        .run()
        .unwrap();
    assert_eq!(found.name, "uci-digits");
    assert!(found.note.unwrap().contains("t10k-labels-idx1-ubyte"));
    assert_eq!(names(root.path()), [""; 0]);
}
