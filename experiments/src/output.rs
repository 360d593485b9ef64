//! Standard output, and files that are whole or not there.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::exit::Error;

/// Writes to standard output. A reader that has gone is no error: there is nobody left to tell.
///
/// # Errors
/// [`Error::System`] for any other failure.
pub fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Error::System {
            what: "write to standard output".into(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Checks early that a file can be written later: its folder exists and it is no folder itself.
///
/// # Errors
/// [`Error::Usage`] with `option`, the option that names the file.
pub fn check_target(option: &str, path: &Path) -> Result<(), Error> {
    let folder = folder(path);
    if !folder.is_dir() {
        return Err(Error::Usage(format!(
            "{option} {}: no folder {}",
            path.display(),
            folder.display()
        )));
    }
    if path.is_dir() {
        return Err(Error::Usage(format!(
            "{option} {}: is a folder",
            path.display()
        )));
    }
    Ok(())
}

/// Writes a file under a temporary name in its folder, then renames it.
///
/// # Errors
/// [`Error::Write`].
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), Error> {
    let error = |source| Error::Write {
        path: path.to_owned(),
        source,
    };
    let mut builder = tempfile::Builder::new();
    // A temporary file is private by default, which a result need not be; the umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder
        .prefix(".halfmask-")
        .tempfile_in(folder(path))
        .map_err(error)?;
    file.write_all(content)
        .and_then(|()| file.as_file().sync_all())
        .map_err(error)?;
    file.persist(path).map_err(|failed| error(failed.error))?;
    Ok(())
}

/// A file's whole text.
///
/// # Errors
/// [`Error::Usage`] if it cannot be read.
pub fn read_text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path)
        .map_err(|source| Error::Usage(format!("cannot read {}: {source}", path.display())))
}

/// The folder a file is in.
fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_whole_and_leave_no_other() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        check_target("--output", &path).unwrap();
        check_target("--output", Path::new("here")).unwrap();
    }

    #[test]
    fn impossible_targets_are_refused_early() {
        let root = tempfile::tempdir().unwrap();
        let missing = root.path().join("no/out");
        for path in [missing.as_path(), root.path()] {
            let error = check_target("--json", path).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().starts_with("--json "), "{error}");
        }
        assert_eq!(write_whole(&missing, b"x").unwrap_err().exit_code(), 1);
    }
}
