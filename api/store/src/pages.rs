//! Which part of a list is read.

/// What follows a place in a list, up to a number.
#[derive(Debug, Clone, Copy)]
pub struct PageAfter<T> {
    pub after: T,
    pub limit: usize,
}
