//! Values that are made from files, or keys, and made again when these change.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::digest;
use zeroize::Zeroizing;

use crate::files::{self, FileError};

/// How often the files are looked at: a change is in force within 2 seconds.
const PERIOD: Duration = Duration::from_secs(1);

/// The present value. A reader keeps what it loaded for as long as it needs it.
pub type Live<T> = Arc<ArcSwap<T>>;

/// The bytes of one file. It may be a key.
pub(crate) type Content = Zeroizing<Vec<u8>>;

/// The bytes of each file, in the order they were named.
pub(crate) type Contents = [Content];

type Load<T, E> = Box<dyn Fn(&Contents) -> Result<T, E> + Send + Sync>;

/// Gives the contents, and a digest that differs where a new value is to be made.
type Read<E> = Box<dyn Fn() -> Result<(Vec<Content>, Vec<u8>), E> + Send + Sync>;

/// A value and what it is made from.
pub struct Watch<T, E> {
    name: String,
    read: Read<E>,
    load: Load<T, E>,
    live: Live<T>,
    loaded: Vec<u8>,
    told: Option<String>,
}

impl<T, E> Watch<T, E>
where
    T: Send + Sync + 'static,
    E: Display + 'static,
{
    /// Makes the first value of files. It reads them: call it where blocking is allowed.
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

    /// Makes the first value of whatever is read. It reads: call it where blocking is allowed.
    pub(crate) fn of(
        name: impl Into<String>,
        read: impl Fn() -> Result<(Vec<Content>, Vec<u8>), E> + Send + Sync + 'static,
        load: impl Fn(&Contents) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        let (contents, loaded) = read()?;
        let live = Arc::new(ArcSwap::from_pointee(load(&contents)?));
        Ok(Self { name: name.into(), read: Box::new(read), load: Box::new(load), live, loaded, told: None })
    }

    /// The value, which follows what it is made from while [`Watch::run`] runs.
    pub fn live(&self) -> Live<T> {
        self.live.clone()
    }

    /// Looks at the files, for ever. A value that cannot be made leaves the present one in force.
    pub async fn run(mut self) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let checked = tokio::task::spawn_blocking(move || {
                self.check();
                self
            });
            match checked.await {
                Ok(watch) => self = watch,
                Err(error) => {
                    tracing::error!(%error, "files are no longer watched");
                    return;
                }
            }
        }
    }

    // A fault is told once; the files are tried again at each look, because what was wrong may be
    // the hour: a list that is not in force yet.
    fn check(&mut self) {
        let made = (self.read)().and_then(|(contents, digest)| {
            if digest == self.loaded { Ok(None) } else { (self.load)(&contents).map(|value| Some((value, digest))) }
        });
        match made {
            Ok(None) => self.told = None,
            Ok(Some((value, digest))) => {
                self.live.store(Arc::new(value));
                self.loaded = digest;
                self.told = None;
                tracing::info!(name = self.name, "reloaded");
            }
            Err(error) => {
                let error = error.to_string();
                if self.told.as_ref() != Some(&error) {
                    tracing::error!(name = self.name, error, "not reloaded; what was in force stays");
                    self.told = Some(error);
                }
            }
        }
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
        let mut watch = Watch::start("number", vec![path.clone()], load).unwrap();
        let live = watch.live();

        for (content, expected) in [("2", 2), ("two", 2), ("3", 3)] {
            std::fs::write(&path, content).unwrap();
            watch.check();
            assert_eq!(**live.load(), expected);
        }
        std::fs::remove_file(&path).unwrap();
        watch.check();
        assert_eq!(**live.load(), 3);
    }
}
