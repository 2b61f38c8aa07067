//! The Merkle tree of RFC 9162, section 2.1, as arithmetic: which subtrees there are, which of them a proof uses, and
//! how they are hashed. Nothing is stored here.

use aws_lc_rs::digest::{Context, SHA256};
use domain::LogHash;

/// A complete subtree: the `index`th of those with 2^`level` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Node {
    pub(crate) level: u32,
    pub(crate) index: u64,
}

/// The leaves from `start` up to, but not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u64,
    end: u64,
}

/// The hash of a leaf. It starts with a zero byte, so that it cannot be taken for the hash of a subtree.
pub(crate) fn leaf_hash(parts: &[&[u8]]) -> LogHash {
    sha256(&[0], parts)
}

/// The hash of the subtree over two others.
pub(crate) fn join(left: &LogHash, right: &LogHash) -> LogHash {
    sha256(&[1], &[left, right])
}

/// SHA-256 of a start and the parts after it.
pub(crate) fn sha256(start: &[u8], parts: &[&[u8]]) -> LogHash {
    let mut context = Context::new(&SHA256);
    context.update(start);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

impl Span {
    pub(crate) fn whole(size: u64) -> Self {
        Self { start: 0, end: size }
    }

    /// The complete subtrees that it consists of, the largest first.
    pub(crate) fn nodes(self) -> Vec<Node> {
        let (mut at, mut nodes) = (self.start, Vec::new());
        while at < self.end {
            let level = (self.end - at).ilog2().min(at.trailing_zeros());
            nodes.push(Node { level, index: at >> level });
            at += 1 << level;
        }
        nodes
    }

    /// Splits the span as the RFC does: at the largest power of two below its length.
    fn split(self) -> (Self, Self) {
        let middle = self.start + (1 << (self.end - self.start - 1).ilog2());
        (Self { start: self.start, end: middle }, Self { start: middle, end: self.end })
    }

    fn length(self) -> u64 {
        self.end - self.start
    }
}

/// The hash over neighbouring subtrees, the largest first; for none, the hash of the empty tree.
pub(crate) fn fold(hashes: &[LogHash]) -> LogHash {
    hashes.iter().rev().copied().reduce(|right, left| join(&left, &right)).unwrap_or_else(|| sha256(&[], &[]))
}

/// The subtrees that prove that a leaf is in the tree of a size, from the leaf to the root (2.1.3.1). Empty where it is
/// not in the tree.
pub(crate) fn inclusion(leaf: u64, size: u64) -> Vec<Span> {
    if leaf >= size {
        return Vec::new();
    }
    let (mut span, mut path) = (Span::whole(size), Vec::new());
    while span.length() > 1 {
        let (left, right) = span.split();
        let (inside, beside) = if leaf < right.start { (left, right) } else { (right, left) };
        path.push(beside);
        span = inside;
    }
    path.reverse();
    path
}

/// The subtrees that prove that the tree of a size begins with the tree of a smaller one (2.1.4.1). Empty where
/// `smaller` is 0, or not smaller than `size`.
pub(crate) fn consistency(smaller: u64, size: u64) -> Vec<Span> {
    if smaller == 0 || smaller >= size {
        return Vec::new();
    }
    let (mut span, mut path) = (Span::whole(size), Vec::new());
    while span.end != smaller {
        let (left, right) = span.split();
        let (inside, beside) = if smaller <= left.end { (left, right) } else { (right, left) };
        path.push(beside);
        span = inside;
    }
    // The reader already has the smaller tree's own hash.
    if span.start != 0 {
        path.push(span);
    }
    path.reverse();
    path
}

/// A tree that grows at its end. It keeps only the hashes of the complete subtrees at its edge.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frontier {
    size: u64,
    hashes: Vec<LogHash>,
}

impl Frontier {
    /// The tree of a size, from the hashes of its [`Span::nodes`].
    pub(crate) fn resume(size: u64, hashes: Vec<LogHash>) -> Self {
        Self { size, hashes }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn root(&self) -> LogHash {
        fold(&self.hashes)
    }

    /// Adds a leaf, and calls `completed` for each subtree above the leaves that it completes.
    pub(crate) fn push(&mut self, leaf: LogHash, mut completed: impl FnMut(Node, LogHash)) {
        let (mut hash, mut level) = (leaf, 0);
        // One join for each 1 bit at the end of the old size.
        while self.size >> level & 1 == 1 {
            let Some(left) = self.hashes.pop() else { break };
            hash = join(&left, &hash);
            level += 1;
            completed(Node { level, index: self.size >> level }, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn hex(hash: &LogHash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// MTH, as defined in 2.1.1.
    fn naive_root(leaves: &[LogHash]) -> LogHash {
        match leaves {
            [] => sha256(&[], &[]),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                join(&naive_root(left), &naive_root(right))
            }
        }
    }

    /// PATH, as defined in 2.1.3.1.
    fn naive_path(leaf: usize, leaves: &[LogHash]) -> Vec<LogHash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut path, beside) = match leaf.checked_sub(left.len()) {
            None => (naive_path(leaf, left), right),
            Some(leaf) => (naive_path(leaf, right), left),
        };
        path.push(naive_root(beside));
        path
    }

    /// SUBPROOF, as defined in 2.1.4.1.
    fn naive_proof(smaller: usize, leaves: &[LogHash], whole: bool) -> Vec<LogHash> {
        if smaller == leaves.len() {
            return if whole { Vec::new() } else { vec![naive_root(leaves)] };
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut proof, beside) = match smaller.checked_sub(left.len()) {
            None | Some(0) => (naive_proof(smaller, left, whole), right),
            Some(smaller) => (naive_proof(smaller, right, false), left),
        };
        proof.push(naive_root(beside));
        proof
    }

    struct Grown {
        leaves: Vec<LogHash>,
        nodes: BTreeMap<Node, LogHash>,
        tree: Frontier,
    }

    fn grow(size: usize) -> Grown {
        let leaves: Vec<LogHash> = (0..size).map(|leaf| leaf_hash(&[&leaf.to_be_bytes()])).collect();
        let (mut nodes, mut tree) = (BTreeMap::new(), Frontier::default());
        for (index, leaf) in (0..).zip(&leaves) {
            nodes.insert(Node { level: 0, index }, *leaf);
            tree.push(*leaf, |node, hash| assert_eq!(nodes.insert(node, hash), None, "completed once"));
        }
        Grown { leaves, nodes, tree }
    }

    impl Grown {
        fn hash(&self, span: Span) -> LogHash {
            fold(&span.nodes().iter().map(|node| self.nodes[node]).collect::<Vec<_>>())
        }

        fn hashes(&self, spans: &[Span]) -> Vec<LogHash> {
            spans.iter().map(|span| self.hash(*span)).collect()
        }
    }

    /// The leaves and roots that the implementations of Certificate Transparency test each other with.
    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        let leaves: [&[u8]; 8] = [b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
        let mut tree = Frontier::default();
        let mut roots = vec![hex(&tree.root())];
        for leaf in leaves {
            tree.push(leaf_hash(&[leaf]), |_, _| {});
            roots.push(hex(&tree.root()));
        }
        assert_eq!(
            roots,
            [
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
            ]
        );
    }

    #[test]
    fn a_leaf_outside_the_tree_has_no_proof_and_the_search_ends() {
        assert!(inclusion(3, 3).is_empty() && inclusion(u64::MAX, 3).is_empty());
        assert!(consistency(0, 3).is_empty() && consistency(3, 3).is_empty() && consistency(4, 3).is_empty());
        assert_eq!(inclusion(0, u64::MAX).len(), 64);
    }

    proptest! {
        #[test]
        fn roots_and_proofs_are_what_the_rfc_defines(size in 1_usize..200, one in 0_usize..200, other in 0_usize..200) {
            let grown = grow(size);
            let (leaf, smaller) = (one % size, other % size + 1);
            let long = |number: usize| u64::try_from(number).unwrap();
            prop_assert_eq!(grown.tree.size(), long(size));
            prop_assert_eq!(grown.tree.root(), naive_root(&grown.leaves));
            prop_assert_eq!(grown.hash(Span::whole(long(smaller))), naive_root(&grown.leaves[..smaller]));
            prop_assert_eq!(grown.hashes(&inclusion(long(leaf), long(size))), naive_path(leaf, &grown.leaves));
            prop_assert_eq!(grown.hashes(&consistency(long(smaller), long(size))), naive_proof(smaller, &grown.leaves, true));
            // A tree resumed from its edge grows like one that never stopped.
            let edge = Span::whole(long(smaller)).nodes().iter().map(|node| grown.nodes[node]).collect();
            let mut resumed = Frontier::resume(long(smaller), edge);
            for leaf in &grown.leaves[smaller..] {
                resumed.push(*leaf, |node, hash| assert_eq!(grown.nodes[&node], hash));
            }
            prop_assert_eq!(resumed.root(), grown.tree.root());
        }
    }
}
