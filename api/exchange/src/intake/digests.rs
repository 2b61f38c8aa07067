//! The digests that a body must have. They cover the bytes as sent, whatever their encoding.

use aws_lc_rs::digest::{Algorithm, Context};

use crate::troubles::{Kind, Trouble};

/// The digests that a body must have; none at first.
#[derive(Default)]
pub struct Digests(Vec<(Vec<u8>, Context)>);

impl Digests {
    /// Adds a digest that the body must have.
    pub fn expect(&mut self, algorithm: &'static Algorithm, value: Vec<u8>) {
        self.0.push((value, Context::new(algorithm)));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the next bytes of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.iter_mut().for_each(|(_, context)| context.update(bytes));
    }

    /// Compares the digests, once the whole body was read.
    pub fn check(self) -> Result<(), Trouble> {
        let differs = |(value, context): (Vec<u8>, Context)| context.finish().as_ref() != value;
        if self.0.into_iter().any(differs) {
            return Err(
                Trouble::new(Kind::DigestMismatch).detail("The body was changed on its way, or another was meant; nothing of it was kept.")
            );
        }
        Ok(())
    }
}
