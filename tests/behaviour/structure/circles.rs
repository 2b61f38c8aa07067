//! Which file of a crate imports from which, and whether the imports make a circle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::sources::{Path, Source};

/// The files of a crate, by module.
pub(super) struct Crate {
    files: BTreeMap<Path, Source>,
}

/// For each file, the files whose names it uses, and which names.
type Arrows = BTreeMap<Path, BTreeMap<Path, BTreeSet<String>>>;

enum Found {
    Module(Path),
    Item(Path),
    /// Outside the crate.
    Elsewhere,
}

/// How many re-exports in a row are followed: more than any crate has.
const DEEPEST: usize = 20;

impl Crate {
    /// Takes files by their paths below the source folder. Code only for tests is left out.
    pub(super) fn read<'a>(texts: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let mut files: BTreeMap<_, _> = texts.into_iter().map(|(path, text)| (module_of(path), Source::read(&text))).collect();
        let named = |(module, source): (&Path, &Source)| {
            let below: Vec<_> = source.tests.iter().map(|test| [module.as_slice(), test].concat()).collect();
            below.into_iter().chain(source.is_test.then(|| module.clone())).collect::<Vec<_>>()
        };
        let tests: Vec<Path> = files.iter().flat_map(named).collect();
        files.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        Self { files }
    }

    /// Imports whose removal would leave no circle, each with a circle that it is part of. A file and its own submodules
    /// are not a circle.
    pub(super) fn circles(&self) -> Vec<String> {
        let mut circles = Vec::new();
        let mut open = vec![self.arrows()];
        while let Some(arrows) = open.pop() {
            for files in tied(&arrows) {
                let mut within = arrows.clone();
                within.retain(|from, _| files.contains(from));
                within.values_mut().for_each(|to| to.retain(|to, _| files.contains(to)));
                // A file and its submodules may use each other, so look for a circle without that file.
                if let Some(top) = files.iter().find(|top| files.iter().all(|file| file.starts_with(top))) {
                    within.remove(top);
                    within.values_mut().for_each(|to| drop(to.remove(top)));
                    open.push(within);
                } else if let Some((from, to)) = best_to_cut(&within) {
                    circles.push(describe(&within, &from, &to));
                    open.push(without(&within, &from, &to));
                }
            }
        }
        circles.sort();
        circles
    }

    fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (file, source) in &self.files {
            let own = arrows.entry(file.clone()).or_default();
            for (below, module) in &source.modules {
                let at = [file.as_slice(), below].concat();
                let mut add = |found: &Found, name: &str| {
                    let (Found::Module(to) | Found::Item(to)) = found else { return };
                    let to = self.file_of(to);
                    if to != *file {
                        own.entry(to).or_default().insert(name.to_owned());
                    }
                };
                for import in &module.imports {
                    let found = self.find(&at, &import.path, 0);
                    match (&import.name, &found) {
                        (None, Found::Module(all)) => {
                            add(&found, "*");
                            // A `*` also brings in what the other module imports.
                            for name in self.imported(all).filter(|name| module.words.contains(*name)) {
                                add(&self.find(all, std::slice::from_ref(name), 0), name);
                            }
                        }
                        // An imported module: the paths say what is used from it.
                        (Some(name), Found::Module(_)) if module.paths.iter().any(|path| path[0] == *name) => {}
                        // A name that is only re-exported is not used.
                        (Some(name), _) if import.is_shown && !module.words.contains(name) => {}
                        (Some(name), _) => add(&found, name),
                        (None, _) => {}
                    }
                }
                for path in &module.paths {
                    add(&self.find(&at, path, 0), &path[1..].join("::"));
                }
            }
        }
        arrows
    }

    fn imported(&self, module: &Path) -> impl Iterator<Item = &String> {
        let file = self.file_of(module);
        let module = self.files.get(&file).and_then(|source| source.modules.get(&module[file.len()..]));
        module.into_iter().flat_map(|module| module.imports.iter().filter_map(|import| import.name.as_ref()))
    }

    fn file_of(&self, module: &Path) -> Path {
        let lengths = (0..=module.len()).rev();
        lengths.map(|length| module[..length].to_vec()).find(|file| self.files.contains_key(file)).unwrap_or_default()
    }

    /// Where a path in a module leads.
    fn find(&self, at: &Path, path: &[String], depth: usize) -> Found {
        let (mut module, mut rest) = (at.clone(), path);
        let begins = match path[0].as_str() {
            "crate" => {
                module.clear();
                1
            }
            "self" => 1,
            "super" => {
                let ups = path.iter().take_while(|word| *word == "super").count();
                module.truncate(module.len().saturating_sub(ups));
                ups
            }
            first if self.knows(&module, first, depth) => 0,
            _ => return Found::Elsewhere,
        };
        rest = &rest[begins..];
        self.descend(module, rest, depth)
    }

    /// Where a path leads that starts in a module.
    fn descend(&self, mut module: Path, path: &[String], depth: usize) -> Found {
        for (nth, name) in path.iter().enumerate() {
            let below = [module.as_slice(), std::slice::from_ref(name)].concat();
            if self.is_module(&below) {
                module = below;
                continue;
            }
            if depth > DEEPEST || self.defines(&module, name) {
                return Found::Item(module);
            }
            let Some(found) = self.through_imports(&module, name, depth) else { return Found::Item(module) };
            return match found {
                Found::Module(other) => self.descend(other, &path[nth + 1..], depth + 1),
                other => other,
            };
        }
        Found::Module(module)
    }

    /// Where a name that a module imports leads.
    fn through_imports(&self, module: &Path, name: &str, depth: usize) -> Option<Found> {
        let (named, all): (Vec<_>, Vec<_>) = self.module(module)?.imports.iter().partition(|import| import.name.is_some());
        // An import of this name says where the name is from; an import of the bare name itself does not.
        let named =
            named.into_iter().find(|import| import.name.as_deref() == Some(name) && (import.path.len() > 1 || import.path[0] != name));
        if let Some(import) = named {
            return Some(self.find(module, &import.path, depth + 1));
        }
        let mut all = all.into_iter().filter_map(|import| match self.find(module, &import.path, depth + 1) {
            Found::Module(other) if other != *module && self.knows(&other, name, depth + 1) => {
                Some(self.descend(other, &[name.to_owned()], depth + 1))
            }
            _ => None,
        });
        all.next()
    }

    /// Whether a name means something in a module.
    fn knows(&self, module: &Path, name: &str, depth: usize) -> bool {
        let below = [module.as_slice(), &[name.to_owned()]].concat();
        depth <= DEEPEST && (self.is_module(&below) || self.defines(module, name) || self.through_imports(module, name, depth).is_some())
    }

    fn module(&self, module: &Path) -> Option<&super::sources::Module> {
        let file = self.file_of(module);
        self.files.get(&file)?.modules.get(&module[file.len()..])
    }

    fn is_module(&self, module: &Path) -> bool {
        self.files.contains_key(module) || self.module(module).is_some()
    }

    fn defines(&self, module: &Path, name: &str) -> bool {
        self.module(module).is_some_and(|module| module.items.contains(name))
    }
}

fn module_of(path: &str) -> Path {
    let mut words: Path = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if words.last().is_some_and(|last| last == "mod") || ["lib", "main"].contains(&path.trim_end_matches(".rs")) {
        words.pop();
    }
    words
}

fn reached(arrows: &Arrows, from: &Path) -> BTreeSet<Path> {
    let (mut met, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(file) = open.pop() {
        for to in arrows.get(file).into_iter().flat_map(BTreeMap::keys) {
            if met.insert(to.clone()) {
                open.push(to);
            }
        }
    }
    met
}

/// The sets of files in which every file leads to every other.
fn tied(arrows: &Arrows) -> Vec<BTreeSet<Path>> {
    let reached: BTreeMap<_, _> = arrows.keys().map(|file| (file, reached(arrows, file))).collect();
    let mut sets: Vec<BTreeSet<Path>> = Vec::new();
    for (file, to) in &reached {
        if to.contains(*file) && !sets.iter().any(|set| set.contains(*file)) {
            sets.push(to.iter().filter(|other| reached.get(other).is_some_and(|to| to.contains(*file))).cloned().collect());
        }
    }
    sets
}

/// The shortest circle that has an arrow in it.
fn describe(arrows: &Arrows, from: &Path, to: &Path) -> String {
    let step = |from: &Path, to: &Path| {
        let names: Vec<_> = arrows[from][to].iter().cloned().collect();
        format!("{} uses {} of {}", shown(from), names.join(", "), shown(to))
    };
    let way = way_back(arrows, to, from);
    let steps: Vec<_> = std::iter::once(step(from, to)).chain(way.windows(2).map(|two| step(two[0], two[1]))).collect();
    format!("{} files: {}", arrows.len(), steps.join("; "))
}

/// The arrow whose removal leaves the fewest files in circles; of several, the one with the fewest names. Arrows
/// between a file and its submodules are left out.
fn best_to_cut(arrows: &Arrows) -> Option<(Path, Path)> {
    let all = arrows.iter().flat_map(|(from, to)| to.iter().map(move |(to, names)| (from, to, names)));
    let all = all.filter(|(from, to, _)| !from.starts_with(to) && !to.starts_with(from));
    let left = |from: &Path, to: &Path| tied(&without(arrows, from, to)).iter().map(BTreeSet::len).sum::<usize>();
    let best = all.min_by_key(|(from, to, names)| (left(from, to), names.len()));
    best.map(|(from, to, _)| (from.clone(), to.clone()))
}

fn without(arrows: &Arrows, from: &Path, to: &Path) -> Arrows {
    let mut left = arrows.clone();
    left.get_mut(from).into_iter().for_each(|arrows| drop(arrows.remove(to)));
    left
}

fn shown(module: &Path) -> String {
    if module.is_empty() { "the root".to_owned() } else { module.join("::") }
}

/// The shortest way from one file to another.
fn way_back<'a>(arrows: &'a Arrows, start: &'a Path, end: &'a Path) -> Vec<&'a Path> {
    let mut from: BTreeMap<&Path, &Path> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front().filter(|file| *file != end) {
        for to in arrows.get(file).into_iter().flat_map(BTreeMap::keys) {
            if to != start && !from.contains_key(to) {
                from.insert(to, file);
                open.push_back(to);
            }
        }
    }
    let mut way: Vec<_> = std::iter::successors(Some(end), |file| from.get(file).copied()).collect();
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        Crate::read(files.iter().map(|(path, text)| (*path, (*text).to_owned()))).circles()
    }

    #[test]
    fn two_files_that_use_each_other_are_a_circle_and_the_names_are_told() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "fn f() -> crate::a::A { super::a::A }"),
        ]);
        assert_eq!(found, ["2 files: a uses B of b; b uses a::A of a"]);
        assert_eq!(circles(&[("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b::B;"), ("b.rs", "pub struct B;")]), [""; 0]);
    }

    #[test]
    fn a_re_export_is_followed_to_where_a_name_is_from() {
        let root = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::inner::*;");
        let found = circles(&[
            root,
            ("a.rs", "use crate::Deep; pub struct A;"),
            ("b/mod.rs", "pub mod inner;"),
            ("b/inner.rs", "use crate::A; pub struct Deep;"),
        ]);
        assert_eq!(found, ["2 files: a uses Deep of b::inner; b::inner uses A of a"]);
        // The root only re-exports names, so it is not part of the circle.
        assert_eq!(
            circles(&[
                ("lib.rs", "mod a; mod b; pub use a::A; use b::B;"),
                ("a.rs", "pub struct A;"),
                ("b.rs", "use crate::A; pub struct B;")
            ]),
            [""; 0]
        );
    }

    #[test]
    fn a_file_and_its_submodules_are_no_circle_and_two_submodules_can_be() {
        let above = ("lib.rs", "mod a;");
        let parent = ("a/mod.rs", "mod b; mod c; use b::B; pub struct A; fn f() { c::g() }");
        assert_eq!(
            circles(&[above, parent, ("a/b.rs", "use super::A; pub struct B;"), ("a/c.rs", "use crate::a::A; pub fn g() {}")]),
            [""; 0]
        );
        let found = circles(&[
            above,
            parent,
            ("a/b.rs", "use super::{A, c}; pub struct B; fn h() { c::g() }"),
            ("a/c.rs", "use super::b::B; pub fn g() {}"),
        ]);
        assert_eq!(found, ["2 files: a::b uses g of a::c; a::c uses B of a::b"]);
    }

    #[test]
    fn a_way_round_through_a_submodule_is_a_circle() {
        let found = circles(&[
            ("lib.rs", "mod a; mod x;"),
            ("a.rs", "mod b; pub struct A; fn f() { b::g() }"),
            ("a/b.rs", "use crate::x::X; pub fn g() {}"),
            ("x.rs", "use crate::a::A; pub struct X;"),
        ]);
        assert_eq!(found, ["3 files: a::b uses X of x; x uses A of a; a uses g of a::b"]);
    }

    #[test]
    fn a_name_taken_through_a_parents_import_is_from_where_the_parent_has_it() {
        let files = [
            ("lib.rs", "mod a; mod x;"),
            ("a.rs", "mod b; use crate::x::X; use std::fmt::Write; fn f(_: X) {}"),
            ("a/b.rs", "use super::{Write, X}; pub struct B;"),
            ("x.rs", "use crate::a::b::B; pub struct X;"),
        ];
        assert_eq!(circles(&files), ["2 files: a::b uses X of x; x uses B of a::b"]);
        let files = [files[0], files[1], ("a/b.rs", "use super::*; pub struct B(X);"), files[3]];
        assert_eq!(circles(&files).len(), 1);
    }

    #[test]
    fn tests_are_left_out() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; pub struct A; #[cfg(test)] mod tests;"),
            ("a/tests.rs", "use crate::b::B;"),
            ("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
        ];
        assert_eq!(circles(&files), [""; 0]);
    }
}
