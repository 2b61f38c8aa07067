//! What a source file's modules declare, import and name by a path. Comments, strings, and code that is built only for
//! tests are left out.

use std::collections::{BTreeMap, BTreeSet};

/// A module's path below its crate's root.
pub(super) type Path = Vec<String>;

/// One import. Braces give several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// The path as written, without the `*`.
    pub(super) path: Path,
    /// The name that it has here; `None` for a `*`.
    pub(super) name: Option<String>,
    /// Whether it is a re-export, so that other modules find the name here.
    pub(super) is_shown: bool,
}

/// One module of a file: the file's own, or one that is written inside it.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) children: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    /// Paths of two words or more, outside the imports.
    pub(super) paths: Vec<Path>,
    /// Every word outside the imports.
    pub(super) words: BTreeSet<String>,
    pub(super) items: BTreeSet<String>,
}

/// A file: its modules, by their paths below the file's own module, whose path is empty.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) modules: BTreeMap<Path, Module>,
    /// Modules in other files that are built only for tests.
    pub(super) tests: BTreeSet<Path>,
    pub(super) is_test: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `::`
    Of,
    Sign(char),
}

impl Token {
    fn word(&self) -> Option<&str> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }

    fn is(&self, sign: char) -> bool {
        *self == Self::Sign(sign)
    }
}

impl Source {
    pub(super) fn read(text: &str) -> Self {
        let mut source = Self::default();
        let tokens = tokens(text);
        source.modules.insert(Path::new(), Module::default());
        source.is_test = is_test_file(&tokens);
        if !source.is_test {
            Reader { tokens: &tokens, at: 0, source: &mut source }.read(&mut Path::new());
        }
        source
    }
}

/// Whether the file begins with `#![cfg(test)]`.
fn is_test_file(tokens: &[Token]) -> bool {
    tokens.windows(5).take_while(|five| !five[0].is(';')).any(|five| {
        let words: Vec<_> = five.iter().map(Token::word).collect();
        five[0].is('!') && five[1].is('[') && words[2] == Some("cfg") && five[3].is('(') && words[4] == Some("test")
    })
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    source: &'a mut Source,
}

impl Reader<'_> {
    fn next(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    fn word(&self, ahead: usize) -> Option<&str> {
        self.next(ahead)?.word()
    }

    fn is(&self, ahead: usize, sign: char) -> bool {
        self.next(ahead).is_some_and(|token| token.is(sign))
    }

    fn module(&mut self, path: &Path) -> &mut Module {
        self.source.modules.entry(path.clone()).or_default()
    }

    /// Reads a module to its closing brace, or to the end of the file.
    fn read(&mut self, path: &mut Path) {
        self.module(path);
        let (mut depth, mut is_shown) = (0_usize, false);
        while let Some(token) = self.next(0) {
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') if depth == 0 => return,
                Token::Sign('}') => depth -= 1,
                Token::Sign('#') if self.is(1, '[') => {
                    if self.is_for_tests() {
                        self.skip_item(path);
                    }
                    continue;
                }
                Token::Word(word) if word == "pub" => {
                    self.at += 1;
                    if self.is(0, '(') {
                        self.skip_brackets();
                    }
                    is_shown = true;
                    continue;
                }
                Token::Word(word) if word == "use" && !self.is(1, '<') => {
                    self.at += 1;
                    let mut imports = Vec::new();
                    self.read_imports(&mut Path::new(), is_shown, &mut imports);
                    self.module(path).imports.extend(imports);
                }
                Token::Word(word) if word == "mod" && self.word(1).is_some() => {
                    let name = self.word(1).unwrap_or_default().to_owned();
                    self.module(path).children.insert(name.clone());
                    self.at += 2;
                    if self.is(0, '{') {
                        self.at += 1;
                        path.push(name);
                        self.read(path);
                        path.pop();
                    }
                }
                Token::Word(_) => {
                    self.read_path(path, depth == 0);
                    is_shown = false;
                    continue;
                }
                _ => {}
            }
            is_shown = false;
            self.at += 1;
        }
    }

    /// A word, or a path of words.
    fn read_path(&mut self, path: &Path, outermost: bool) {
        const ITEMS: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "const", "static", "macro_rules"];
        let is_external = self.at > 0 && self.tokens[self.at - 1] == Token::Of;
        let mut words = vec![self.word(0).unwrap_or_default().to_owned()];
        self.at += 1;
        while self.next(0) == Some(&Token::Of) && self.word(1).is_some() {
            words.push(self.word(1).unwrap_or_default().to_owned());
            self.at += 2;
        }
        let defines = outermost && ITEMS.contains(&words[0].as_str());
        let named = self.word(usize::from(self.is(0, '!'))).filter(|_| defines).map(str::to_owned);
        let module = self.module(path);
        module.items.extend(named);
        if is_external {
            return;
        }
        module.words.extend(words.iter().cloned());
        if words.len() > 1 {
            module.paths.push(words);
        }
    }

    /// Reads an import's tree up to the `;`, or to the `,` or `}` that ends a part of it.
    fn read_imports(&mut self, before: &mut Path, is_shown: bool, imports: &mut Vec<Import>) {
        let length = before.len();
        loop {
            match self.next(0) {
                Some(Token::Word(word)) if word == "as" => {
                    let name = self.word(1).map(str::to_owned);
                    self.at += 2;
                    imports.push(Import { path: before.clone(), name, is_shown });
                    break;
                }
                Some(Token::Word(word)) => {
                    before.push(word.clone());
                    self.at += 1;
                }
                Some(Token::Of) => self.at += 1,
                Some(Token::Sign('*')) => {
                    self.at += 1;
                    imports.push(Import { path: before.clone(), name: None, is_shown });
                    break;
                }
                Some(Token::Sign('{')) => {
                    self.at += 1;
                    while !self.is(0, '}') && self.next(0).is_some() {
                        self.read_imports(before, is_shown, imports);
                        self.at += usize::from(self.is(0, ','));
                    }
                    self.at += 1;
                    break;
                }
                _ => {
                    let mut path = before.clone();
                    if path.len() > 1 && path.last().is_some_and(|word| word == "self") {
                        path.pop();
                    }
                    let name = path.last().cloned();
                    imports.push(Import { path, name, is_shown });
                    break;
                }
            }
        }
        before.truncate(length);
    }

    /// Skips an attribute, and says whether it limits the next item to tests.
    fn is_for_tests(&mut self) -> bool {
        let start = self.at;
        self.at += 1;
        self.skip_brackets();
        let words: Vec<_> = self.tokens[start..self.at].iter().filter_map(Token::word).collect();
        words.first() == Some(&"cfg") && words.contains(&"test") && !words.contains(&"not")
    }

    /// Skips from an opening bracket to just after the one that closes it.
    fn skip_brackets(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.next(0) {
            depth += usize::from("([{".chars().any(|sign| token.is(sign)));
            depth -= usize::from(")]}".chars().any(|sign| token.is(sign)));
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// Skips an item that is only for tests, and notes a module in another file.
    fn skip_item(&mut self, path: &Path) {
        while self.is(0, '#') && self.is(1, '[') {
            self.at += 1;
            self.skip_brackets();
        }
        let start = self.at;
        while let Some(token) = self.next(0) {
            if token.is(';') || token.is(',') {
                self.at += 1;
                break;
            }
            if token.is('}') {
                break;
            }
            let ends = token.is('{');
            let is_import = self.tokens[start..self.at].iter().any(|token| token.word() == Some("use"));
            if "([{".chars().any(|sign| token.is(sign)) {
                self.skip_brackets()
            } else {
                self.at += 1
            }
            if ends && !is_import {
                break;
            }
        }
        let words: Vec<_> = self.tokens[start..self.at].iter().filter_map(Token::word).skip_while(|word| *word != "mod").collect();
        if let ["mod", name] = words.as_slice() {
            let mut path = path.clone();
            path.push((*name).to_owned());
            self.source.tests.insert(path);
        }
    }
}

/// The words and signs of a text, without comments, strings and lifetimes.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(nth, sign)| chars.get(at + nth) == Some(&sign));
    let is_word = |sign: char| sign == '_' || sign.is_alphanumeric();
    while let Some(&sign) = chars.get(at) {
        if starts(at, "//") {
            while chars.get(at).is_some_and(|sign| *sign != '\n') {
                at += 1;
            }
        } else if starts(at, "/*") {
            let mut depth = 0_usize;
            while at < chars.len() {
                if starts(at, "/*") {
                    (depth, at) = (depth + 1, at + 2);
                } else if starts(at, "*/") {
                    (depth, at) = (depth - 1, at + 2);
                    if depth == 0 {
                        break;
                    }
                } else {
                    at += 1;
                }
            }
        } else if sign == '"' {
            at = behind_string(&chars, at);
        } else if sign == '\'' {
            at = behind_quote(&chars, at);
        } else if is_word(sign) {
            let start = at;
            while chars.get(at).is_some_and(|sign| is_word(*sign)) {
                at += 1;
            }
            let word: String = chars[start..at].iter().collect();
            let hashes = chars[at..].iter().take_while(|sign| **sign == '#').count();
            if word.ends_with('r') && word.len() <= 2 && chars.get(at + hashes) == Some(&'"') {
                at = behind_raw_string(&chars, at + hashes + 1, hashes);
            } else if word == "r" && hashes == 1 {
                // A raw name, such as `r#type`: the word follows.
                at += 1;
            } else {
                tokens.push(Token::Word(word));
            }
        } else if starts(at, "::") {
            tokens.push(Token::Of);
            at += 2;
        } else {
            if !sign.is_whitespace() {
                tokens.push(Token::Sign(sign));
            }
            at += 1;
        }
    }
    tokens
}

fn behind_string(chars: &[char], quote: usize) -> usize {
    let mut at = quote + 1;
    while let Some(sign) = chars.get(at) {
        match sign {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

fn behind_raw_string(chars: &[char], start: usize, hashes: usize) -> usize {
    let ends = |at: usize| chars[at] == '"' && chars[at + 1..].iter().take_while(|sign| **sign == '#').count() >= hashes;
    (start..chars.len()).find(|at| ends(*at)).map_or(chars.len(), |at| at + 1 + hashes)
}

/// The position after a quoted character, or after a lifetime's quote.
fn behind_quote(chars: &[char], quote: usize) -> usize {
    match (chars.get(quote + 1), chars.get(quote + 2)) {
        (Some('\\'), _) => (quote + 3..chars.len()).find(|at| chars[*at] == '\'').map_or(chars.len(), |at| at + 1),
        (Some(_), Some('\'')) => quote + 3,
        _ => quote + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(text: &str) -> Vec<String> {
        let source = Source::read(text);
        let imports = source.modules[&Path::new()].imports.iter();
        imports.map(|import| format!("{} as {}", import.path.join("::"), import.name.as_deref().unwrap_or("*"))).collect()
    }

    fn paths(text: &str) -> Vec<String> {
        Source::read(text).modules[&Path::new()].paths.iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn groups_of_imports_are_taken_apart() {
        assert_eq!(imports("use crate::{a, b::C};"), ["crate::a as a", "crate::b::C as C"]);
        assert_eq!(
            imports("pub(crate) use crate::a::{self, b::{C as D, e::*}, F,};\nuse super::super::g::H;"),
            ["crate::a as a", "crate::a::b::C as D", "crate::a::b::e as *", "crate::a::F as F", "super::super::g::H as H"]
        );
        assert_eq!(imports("use ::std::fmt; fn f() { use crate::x as y; }"), ["std::fmt as fmt", "crate::x as y"]);
    }

    #[test]
    fn paths_are_found_outside_comments_and_strings() {
        let text = r##"
            // crate::no::comment
            /* crate::no /* crate::nested */ crate::no */
            fn f<'a>(x: &'a str) -> crate::a::B { let c = '"'; crate::c::d("crate::no::string", r#"crate::no::"raw"#, '\'', x); super::e::f::<u8>() }
        "##;
        assert_eq!(paths(text), ["crate::a::B", "crate::c::d", "super::e::f"]);
        assert_eq!(paths("fn f() { ::std::mem::drop($crate::x::Y) }"), ["crate::x::Y"]);
    }

    #[test]
    fn what_is_for_tests_is_left_out() {
        let text = "
            #[cfg(test)]
            use crate::no::{A, B};
            #[cfg(test)]
            #[path = \"x.rs\"]
            mod tests;
            #[cfg(test)]
            mod inside { use crate::no::C; fn f() { crate::no::d(); } }
            #[cfg(all(test, unix))]
            pub(super) fn only(x: [u8; 2]) -> u8 { crate::no::e() }
            #[cfg(not(test))]
            use crate::yes::F;
            struct S { #[cfg(test)] a: crate::no::G, b: crate::yes::H }
        ";
        assert_eq!((imports(text), paths(text)), (vec!["crate::yes::F as F".to_owned()], vec!["crate::yes::H".to_owned()]));
        assert_eq!(Source::read(text).tests, BTreeSet::from([vec!["tests".to_owned()]]));
        assert!(Source::read("//! All of it.\n\n#![cfg(test)]\nuse crate::no::A;").is_test);
        assert!(!Source::read("#![allow(x)]\nuse crate::a::A;").is_test);
    }

    #[test]
    fn modules_inside_a_file_are_kept_apart_and_items_are_known() {
        let source =
            Source::read("mod a; pub mod b { use super::x::Y; struct Z; } fn g() {} macro_rules! h { () => {} } pub(crate) use h;");
        let outer = &source.modules[&Path::new()];
        assert_eq!(outer.children, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        assert_eq!(outer.items, BTreeSet::from(["g".to_owned(), "h".to_owned()]));
        assert!(outer.imports[0].is_shown);
        let inner = &source.modules[&vec!["b".to_owned()]];
        assert_eq!((inner.imports.len(), inner.items.len()), (1, 1));
    }
}
