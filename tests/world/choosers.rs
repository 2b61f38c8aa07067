//! Choices that are the same in each run with the same seed.

/// SplitMix64: good enough to make choices with.
#[derive(Debug)]
pub struct Chooser(u64);

impl Chooser {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a small number");
        usize::try_from(self.next() % end).expect("a number below a small one")
    }

    pub fn whether(&mut self) -> bool {
        self.below(2) == 1
    }

    /// One of some things, if there is any.
    pub fn one_of<T: Clone>(&mut self, of: impl IntoIterator<Item = T>) -> Option<T> {
        let of: Vec<T> = of.into_iter().collect();
        if of.is_empty() { None } else { of.get(self.below(of.len())).cloned() }
    }
}
