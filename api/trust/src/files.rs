//! Reads and replaces files whole, and keeps secret files for their owner alone.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: cannot be written: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{}: open to others than its owner; set its mode to 0600", path.display())]
    NotPrivate { path: PathBuf },
}

/// Reads a file. It blocks, like everything here.
pub fn read_file(path: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(path).map_err(|source| FileError::Unreadable { path: path.into(), source })
}

/// Reads a file, and refuses it if anybody but its owner may open it.
pub(crate) fn read_secret_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    check_private(path)?;
    read_file(path).map(Zeroizing::new)
}

/// Replaces a file (mode 0644). Somebody who reads it at that moment sees the old or the new file, never a part. The new
/// file is still there after a power cut.
pub fn replace_file(path: &Path, content: &[u8]) -> Result<(), FileError> {
    put(path, content, 0o644, true)
}

/// Replaces a file in the same way, with one that only its owner may open (mode 0600).
pub fn replace_secret_file(path: &Path, content: &[u8]) -> Result<(), FileError> {
    put(path, content, 0o600, true)
}

/// The same without waiting for the disk: for files that can be made again after a power cut.
pub fn write_secret_file(path: &Path, content: &[u8]) -> Result<(), FileError> {
    put(path, content, 0o600, false)
}

/// Makes an empty file (mode 0600), or empties one, for content that is written piece by piece.
pub fn create_secret_file(path: &Path) -> Result<File, FileError> {
    create(path, 0o600).map_err(|source| FileError::Unwritable { path: path.into(), source })
}

/// Makes a folder that only its owner may open (mode 0700), and the missing ones above it.
pub fn create_secret_folder(path: &Path) -> Result<(), FileError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| FileError::Unwritable { path: path.into(), source })
}

fn put(path: &Path, content: &[u8], mode: u32, is_durable: bool) -> Result<(), FileError> {
    let written = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".new");
        let beside = path.with_file_name(name);
        let mut file = create(&beside, mode)?;
        file.write_all(content)?;
        if is_durable {
            file.sync_all()?;
        }
        std::fs::rename(&beside, path)?;
        if is_durable { File::open(folder)?.sync_all() } else { Ok(()) }
    };
    written().map_err(|source| FileError::Unwritable { path: path.into(), source })
}

fn create(path: &Path, mode: u32) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    // A file that was left behind may have had another mode.
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(file)
}

/// Refuses a file that its group or others may open.
pub(crate) fn check_private(path: &Path) -> Result<(), FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.into(), source };
    let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(FileError::NotPrivate { path: path.into() }) }
}

/// Refuses a folder that holds a file which others than its owner may open.
pub fn check_private_files(folder: &Path) -> Result<(), FileError> {
    let unreadable = |source| FileError::Unreadable { path: folder.into(), source };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() {
            check_private(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_others_may_open_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        std::fs::write(&path, "secret").unwrap();
        for (mode, open) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_secret_file(&path).is_err(), open, "{mode:o}");
            assert_eq!(check_private_files(folder.path()).is_err(), open, "{mode:o}");
        }
    }

    #[test]
    fn only_its_owner_may_open_a_written_secret_whatever_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("keys");
        create_secret_folder(&below).unwrap();
        assert_eq!(below.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let path = below.join("key");
        for write in [write_secret_file, replace_secret_file, |path: &Path, content: &[u8]| {
            create_secret_file(path).map(|mut file| file.write_all(content).unwrap())
        }] {
            std::fs::write(&path, "what was there before, and longer").unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
            write(&path, b"secret").unwrap();
            assert_eq!(*read_secret_file(&path).unwrap(), b"secret");
        }
        assert_eq!(below.read_dir().unwrap().count(), 1, "nothing is left beside it");
    }
}
