//! Values that are made from files or keys, and made again when those change.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use aws_lc_rs::digest;
use zeroize::Zeroizing;

use crate::files::{self, FileError};

/// The present value. A reader keeps what it loaded for as long as it needs it.
pub type Live<T> = Arc<ArcSwap<T>>;

/// The bytes of one file. It may be a key.
pub(crate) type Content = Zeroizing<Vec<u8>>;

/// The bytes of each file, in the order given.
pub(crate) type Contents = [Content];

type Load<T, E> = Box<dyn Fn(&Contents) -> Result<T, E> + Send + Sync>;

/// Reads the contents, and a digest that changes when a new value must be made.
type Read<E> = Box<dyn Fn() -> Result<(Vec<Content>, Vec<u8>), E> + Send + Sync>;

/// A value, and what it is made from.
pub struct Watch<T, E> {
    name: String,
    read: Read<E>,
    load: Load<T, E>,
    live: Live<T>,
    /// The digest of what the value was made from.
    loaded: Mutex<Vec<u8>>,
}

impl<T, E> Watch<T, E>
where
    T: Send + Sync + 'static,
    E: 'static,
{
    /// Makes the first value from files. It reads them, and blocks.
    pub(crate) fn start(
        name: impl Into<String>,
        paths: Vec<PathBuf>,
        load: impl Fn(&Contents) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E>
    where
        E: From<FileError>,
    {
        Self::of(name, move || Ok(read_all(&paths)?), load)
    }

    /// Makes the first value from whatever `read` gives. It reads, and blocks.
    pub(crate) fn of(
        name: impl Into<String>,
        read: impl Fn() -> Result<(Vec<Content>, Vec<u8>), E> + Send + Sync + 'static,
        load: impl Fn(&Contents) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        let (contents, loaded) = read()?;
        let live = Arc::new(ArcSwap::from_pointee(load(&contents)?));
        Ok(Self { name: name.into(), read: Box::new(read), load: Box::new(load), live, loaded: Mutex::new(loaded) })
    }

    /// The name of the value, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value. Each [`Watch::look`] brings it up to date.
    pub fn live(&self) -> Live<T> {
        self.live.clone()
    }

    /// Checks whether the source of the value has changed, makes the value again if so, and returns whether it did. It
    /// blocks. If the value cannot be made, the present one stays in force. Each look tries again, because the fault may
    /// pass with time: a list may not be in force yet.
    pub fn look(&self) -> Result<bool, E> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let (contents, digest) = (self.read)()?;
        if digest == *loaded {
            return Ok(false);
        }
        self.live.store(Arc::new((self.load)(&contents)?));
        *loaded = digest;
        Ok(true)
    }
}

fn read_all(paths: &[PathBuf]) -> Result<(Vec<Content>, Vec<u8>), FileError> {
    let contents = paths.iter().map(|path| files::read_file(path).map(Zeroizing::new)).collect::<Result<Vec<_>, _>>()?;
    let mut whole = digest::Context::new(&digest::SHA256);
    for content in &contents {
        whole.update(digest::digest(&digest::SHA256, content).as_ref());
    }
    Ok((contents, whole.finish().as_ref().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_leaves_the_present_value() {
        #[derive(Debug, thiserror::Error)]
        enum Wrong {
            #[error(transparent)]
            File(#[from] FileError),
            #[error("not a number")]
            Number,
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        std::fs::write(&path, "1").unwrap();
        let load = |contents: &Contents| String::from_utf8_lossy(&contents[0]).parse::<u32>().map_err(|_| Wrong::Number);
        let watch = Watch::start("number", vec![path.clone()], load).unwrap();
        let live = watch.live();

        for (content, expected) in [("2", 2), ("two", 2), ("3", 3)] {
            std::fs::write(&path, content).unwrap();
            watch.look().ok();
            assert_eq!(**live.load(), expected);
        }
        std::fs::remove_file(&path).unwrap();
        watch.look().ok();
        assert_eq!(**live.load(), 3);
    }
}
