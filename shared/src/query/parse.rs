//! Reads a query from its start to its end, each character a bounded number of times.

use std::{ops::Range, str::FromStr};

use super::{
    DependencyQuery, DirectQuery, MAX_QUERY_BYTES, Name, NodeQuery, Problem, Query, QueryError, Spanned, SpecQuery,
    VariantQuery, Wanted, print::is_bare,
};
use crate::{
    name::is_dag_hash_prefix,
    spec::{DependencyKind, FLAGS},
    version::VersionList,
};

type Result<T> = std::result::Result<T, QueryError>;

impl FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self> {
        if text.len() > MAX_QUERY_BYTES {
            let end =
                text.char_indices().map(|(at, _)| at).find(|&at| at >= MAX_QUERY_BYTES).unwrap_or(MAX_QUERY_BYTES);
            return Err(QueryError { span: end..text.len(), problem: Problem::TooLong });
        }
        let control = text.char_indices().find(|(_, c)| c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
        if let Some((at, c)) = control {
            return Err(QueryError { span: at..at + c.len_utf8(), problem: Problem::Control(c) });
        }
        let mut parser = Parser { text, at: 0 };
        let mut specs = Vec::new();
        while !parser.is_at_end() {
            specs.push(parser.spec()?);
        }
        Ok(Self { specs })
    }
}

struct Parser<'q> {
    text: &'q str,
    /// Where the next character begins.
    at: usize,
}

/// What stands in front of a value.
struct KeyEnd {
    /// The key's length in bytes.
    key: usize,
    /// Length of key and sign.
    whole: usize,
    /// `:=`
    is_exact: bool,
    /// `==`
    is_propagated: bool,
}

/// `[virtuals=mpi deptypes=link]`
#[derive(Default)]
struct Attributes {
    virtuals: Vec<String>,
    kinds: Vec<DependencyKind>,
}

/// Whether a name or a word can begin with a byte.
pub(super) const fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a byte goes on a package's name.
const fn is_in_name(byte: u8) -> bool {
    begins_name(byte) || byte == b'-'
}

/// Whether a byte goes on the name of a variant, a compiler, a version or a key.
pub(super) const fn is_in_word(byte: u8) -> bool {
    is_in_name(byte) || byte == b'.'
}

impl<'q> Parser<'q> {
    fn rest(&self) -> &'q str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.rest().bytes().next()
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.at == self.text.len()
    }

    /// Takes `prefix` if it comes next.
    fn takes(&mut self, prefix: &str) -> bool {
        let is_next = self.rest().starts_with(prefix);
        self.at += if is_next { prefix.len() } else { 0 };
        is_next
    }

    /// How many of the next bytes belong to a word that has to begin like a name.
    fn length(&self, belongs: impl Fn(u8) -> bool) -> usize {
        if !self.peek().is_some_and(begins_name) {
            return 0;
        }
        self.rest().bytes().take_while(|&byte| belongs(byte)).count()
    }

    /// The next `length` bytes.
    fn take(&mut self, length: usize) -> &'q str {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }

    /// A fault at the next character, or, at the end, at the last one.
    fn fault_here<T>(&self, problem: impl FnOnce(char) -> Problem) -> Result<T> {
        let (at, c) = match self.rest().chars().next() {
            Some(c) => (self.at, c),
            None => self.text.char_indices().next_back().unwrap_or((0, ' ')),
        };
        fault(at..at + c.len_utf8(), problem(c))
    }

    /// A spec and its dependencies, up to the next name.
    fn spec(&mut self) -> Result<SpecQuery> {
        let start = self.at;
        let node = self.node()?;
        let mut dependencies = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                Some(b'^') => dependencies.push(self.dependency()?),
                _ if self.at == start => return self.fault_here(Problem::Unexpected),
                _ => return Ok(SpecQuery { node, dependencies }),
            }
        }
    }

    /// `^openmpi@4`, `^[virtuals=mpi] openmpi`, `^mpi=openmpi`
    fn dependency(&mut self) -> Result<DependencyQuery> {
        let start = self.at;
        self.at += 1;
        let Attributes { mut virtuals, kinds } = self.attributes()?;
        self.skip_space();
        if !self.key_end().is_some_and(|end| is_known_key(&self.rest()[..end.key])) {
            virtuals.extend(self.virtual_assignment());
        }
        let node_start = self.at;
        let node = self.node()?;
        if self.at == node_start {
            return fault(start..start + 1, Problem::MissingDependency);
        }
        Ok(DependencyQuery { kinds: kinds.into_iter().collect(), virtuals, node })
    }

    /// `%gcc@12`, `%[virtuals=c] gcc`, `%c,cxx=gcc`
    fn direct(&mut self) -> Result<DirectQuery> {
        let start = self.at;
        // Spack 1.1 passes `%%gcc` on, which asks the same of a concrete spec.
        self.at += if self.rest().starts_with("%%") { 2 } else { 1 };
        let mut virtuals = self.attributes()?.virtuals;
        self.skip_space();
        virtuals.extend(self.virtual_assignment());
        let length = self.length(is_in_word);
        if length == 0 {
            return fault(start..start + 1, Problem::MissingDirect);
        }
        let name = self.take(length).to_owned();
        let end = self.at;
        self.skip_space();
        let versions = match self.peek() {
            Some(b'@') => Some(self.versions(false)?),
            _ => {
                self.at = end;
                None
            }
        };
        Ok(DirectQuery { virtuals, name, versions })
    }

    /// `mpi,blas=` in front of the name of their provider.
    fn virtual_assignment(&mut self) -> Vec<String> {
        let length = self.length(|byte| is_in_word(byte) || byte == b',');
        let (names, rest) = self.rest().split_at(length);
        let provider = rest.strip_prefix('=').unwrap_or_default();
        let bare = provider.bytes().take_while(|&byte| is_bare(byte));
        let is_name = provider.bytes().next().is_some_and(begins_name) && bare.clone().all(is_in_word);
        let begins = |name: &str| name.bytes().next().is_some_and(begins_name);
        if !is_name || !names.split(',').all(begins) {
            return Vec::new();
        }
        self.at += length + 1;
        names.split(',').map(str::to_owned).collect()
    }

    /// `[virtuals=mpi deptypes=link]`, if it comes next.
    fn attributes(&mut self) -> Result<Attributes> {
        let start = self.at;
        let mut attributes = Attributes::default();
        if !self.takes("[") {
            return Ok(attributes);
        }
        loop {
            self.skip_space();
            if self.takes("]") {
                return Ok(attributes);
            }
            let Some(end) = self.key_end().filter(|end| !end.is_exact && !end.is_propagated) else {
                return fault(start..start + 1, Problem::Attributes);
            };
            let (key, list) = self.key_and_value(&end)?;
            match &*key.value {
                "virtuals" => {
                    let names = items(&list)?;
                    let is_name =
                        |name: &String| name.bytes().all(is_in_word) && name.bytes().next().is_some_and(begins_name);
                    if !names.iter().all(is_name) {
                        return fault(list.span, Problem::Attributes);
                    }
                    attributes.virtuals.extend(names);
                }
                "deptypes" => {
                    for name in items(&list)? {
                        match DependencyKind::ALL.into_iter().find(|kind| kind.name() == name) {
                            Some(kind) => attributes.kinds.push(kind),
                            None => return fault(list.span, Problem::Kind(name)),
                        }
                    }
                }
                _ => return fault(key.span, Problem::Attributes),
            }
        }
    }

    /// A name and what is asked of it, up to the next `^`, name, or second hash.
    fn node(&mut self) -> Result<NodeQuery> {
        let mut node = NodeQuery::default();
        self.skip_space();
        self.name(&mut node)?;
        loop {
            let end = self.at;
            self.skip_space();
            match self.peek() {
                Some(b'@') => {
                    let start = self.at;
                    let versions = self.versions(true)?;
                    once(&mut node.versions, versions, start..self.at, "A version")?;
                }
                Some(b'%') => node.direct.push(self.direct()?),
                Some(b'+' | b'~' | b'-') => {
                    let variant = self.flag()?;
                    add_variant(&mut node, variant)?;
                }
                Some(b'/') if node.hash.is_none() => node.hash = Some(self.hash()?),
                Some(byte) if begins_name(byte) => match self.key_end() {
                    Some(key_end) => self.key_value(&mut node, &key_end)?,
                    None => {
                        self.at = end;
                        return Ok(node);
                    }
                },
                Some(b'^' | b'/' | b'\'' | b'"' | b'*') | None => {
                    self.at = end;
                    return Ok(node);
                }
                Some(_) => return self.fault_here(Problem::Unexpected),
            }
        }
    }

    /// `hdf5`, `builtin.hdf5`, `"hdf"`, or `*` for any, if one comes next.
    fn name(&mut self, node: &mut NodeQuery) -> Result<()> {
        let start = self.at;
        match self.peek() {
            Some(b'\'' | b'"') => {
                let text = self.quoted()?;
                if text.trim().is_empty() {
                    return fault(start..self.at, Problem::EmptyText);
                }
                node.name = Some(Spanned { value: Name::Holds(text), span: start..self.at });
            }
            Some(b'*') => {
                // Only alone it is any package: parts of names are no patterns.
                self.at += 1;
                let before = self.text[..start].bytes().next_back();
                let is_part =
                    before.is_some_and(is_bare) || self.peek().is_some_and(|next| is_in_word(next) || next == b'*');
                if is_part {
                    return fault(start..start + 1, Problem::Unexpected('*'));
                }
            }
            Some(byte) if begins_name(byte) && self.key_end().is_none() => {
                self.refuse_file()?;
                let mut parts = vec![self.part()];
                while self.rest().strip_prefix('.').is_some_and(|rest| rest.bytes().next().is_some_and(begins_name)) {
                    self.at += 1;
                    parts.push(self.part());
                }
                let name = parts.pop().unwrap_or_default();
                node.namespace = (!parts.is_empty()).then(|| parts.join("."));
                let span = self.at - name.len()..self.at;
                node.name = Some(Spanned { value: Name::Is(name.to_owned()), span });
            }
            Some(b'.' | b'/') => self.refuse_file()?,
            _ => {}
        }
        Ok(())
    }

    /// A part of a dotted name.
    fn part(&mut self) -> &'q str {
        self.take(self.length(is_in_name))
    }

    /// `./spec.json`, which Spack opens.
    fn refuse_file(&self) -> Result<()> {
        let length = self.rest().bytes().take_while(|&byte| is_in_word(byte) || byte == b'/').count();
        let path = &self.rest()[..length];
        let is_file = path.ends_with(".json") || path.ends_with(".yaml");
        match is_file && (path.starts_with('.') || path.contains('/')) {
            true => fault(self.at..self.at + length, Problem::File),
            false => Ok(()),
        }
    }

    /// `@1.2:1.4,=1.6`; `may_be_git` lets `@git.main` and `@<commit>=1.2` in.
    fn versions(&mut self, may_be_git: bool) -> Result<VersionList> {
        let start = self.at;
        self.at += 1;
        if may_be_git && let Some(length) = self.git_length() {
            let text = self.take(length);
            return text
                .parse()
                .map_err(|error| QueryError { span: start..self.at, problem: Problem::Versions(error) });
        }
        self.skip_space();
        let mut ranges: Vec<&str> = Vec::new();
        loop {
            let range_start = self.at;
            self.version();
            if self.takes(":") {
                self.upper_version();
            }
            if self.at == range_start {
                let problem = if ranges.is_empty() { Problem::MissingVersion } else { Problem::MissingItem };
                let at = if ranges.is_empty() { start } else { self.text[..range_start].rfind(',').unwrap_or(start) };
                return fault(at..at + 1, problem);
            }
            ranges.push(&self.text[range_start..self.at]);
            let end = self.at;
            self.skip_space();
            if !self.takes(",") {
                self.at = end;
                let versions = ranges.join(",").parse();
                return versions
                    .map_err(|error| QueryError { span: start..self.at, problem: Problem::Versions(error) });
            }
            self.skip_space();
        }
    }

    /// Takes `1.2` or `=1.2`, if it comes next.
    fn version(&mut self) {
        let start = self.at;
        self.takes("=");
        let length = self.length(is_in_word);
        let version = &self.rest()[..length];
        // `-` and `.` at the end are no part of it.
        self.at = if length == 0 { start } else { self.at + version.trim_end_matches(['-', '.']).len() };
    }

    /// Takes the version behind `:`, unless it is the key in `@1.2:target=zen2`.
    fn upper_version(&mut self) {
        let start = self.at;
        self.version();
        if self.rest().trim_start().starts_with('=') {
            self.at = start;
        }
    }

    /// The length of `git.main`, a commit's 40 digits, or one of them with `=1.2`.
    fn git_length(&self) -> Option<usize> {
        let rest = self.rest();
        let reference = match rest.strip_prefix("git.") {
            Some(name) if name.bytes().next().is_some_and(begins_name) => {
                4 + name.bytes().take_while(|&byte| is_in_word(byte) || byte == b'/').count()
            }
            _ => rest.bytes().take_while(u8::is_ascii_hexdigit).count(),
        };
        let is_git = rest.starts_with("git.") && reference > 4
            || reference == 40 && !rest[40..].bytes().next().is_some_and(is_in_word);
        let assigned = rest[reference..].strip_prefix('=').map_or(0, |version| {
            let length = version.bytes().take_while(|&byte| is_in_word(byte)).count();
            let is_version = version.bytes().next().is_some_and(begins_name);
            if is_version { 1 + version[..length].trim_end_matches(['-', '.']).len() } else { 0 }
        });
        is_git.then_some(reference + assigned)
    }

    /// `+shared`, `~shared`, `-shared`, `++shared`
    fn flag(&mut self) -> Result<Spanned<VariantQuery>> {
        let start = self.at;
        let sigil = self.take(1);
        let is_propagated = self.takes(sigil);
        let sigil_end = self.at;
        self.skip_space();
        let length = self.length(is_in_word);
        if length == 0 {
            return fault(start..sigil_end, Problem::MissingVariant(self.text[start..sigil_end].to_owned()));
        }
        let name = self.take(length).to_owned();
        let value = VariantQuery { name, value: Wanted::Flag(sigil == "+"), is_propagated };
        Ok(Spanned { value, span: start..self.at })
    }

    /// `/slmgyj5`
    fn hash(&mut self) -> Result<String> {
        self.refuse_file()?;
        let start = self.at;
        self.at += 1;
        let length = self.length(begins_name);
        let hash = self.take(length);
        match hash {
            "" => fault(start..start + 1, Problem::MissingHash),
            _ if is_dag_hash_prefix(hash) => Ok(hash.to_owned()),
            _ => fault(start..self.at, Problem::Hash(hash.to_owned())),
        }
    }

    /// Where the key ends, if `key=`, `key==`, `key:=` or `key:==` comes next.
    fn key_end(&self) -> Option<KeyEnd> {
        let key = self.length(is_in_word);
        let sign = self.rest()[key..].bytes().take_while(|byte| b":=".contains(byte)).count().min(3);
        let sign = &self.rest()[key..key + sign];
        let (length, is_exact, is_propagated) = match sign.as_bytes() {
            _ if key == 0 => return None,
            [b':', b'=', b'=', ..] => (3, true, true),
            [b':', b'=', ..] => (2, true, false),
            [b'=', b'=', ..] => (2, false, true),
            [b'=', ..] => (1, false, false),
            _ => return None,
        };
        Some(KeyEnd { key, whole: key + length, is_exact, is_propagated })
    }

    /// The key that comes next and its value, without white space around it.
    fn key_and_value(&mut self, end: &KeyEnd) -> Result<(Spanned<String>, Spanned<String>)> {
        let start = self.at;
        let key = Spanned { value: self.rest()[..end.key].to_owned(), span: start..start + end.key };
        let key_and_sign = self.take(end.whole);
        let value_start = self.at;
        let value = match self.peek() {
            Some(b'\'' | b'"') => self.quoted()?,
            _ => {
                let length = self.rest().bytes().take_while(|&byte| is_bare(byte)).count();
                self.take(length).to_owned()
            }
        };
        let value = value.trim();
        if value.is_empty() {
            return fault(start..value_start, Problem::MissingValue(key_and_sign.to_owned()));
        }
        if value.ends_with('\\') {
            // In quotes, it would be the quote's.
            return fault(value_start..self.at, Problem::Backslash);
        }
        Ok((key, Spanned { value: value.to_owned(), span: value_start..self.at }))
    }

    /// A text in quotes, without them; `\'` is a quote in it.
    fn quoted(&mut self) -> Result<String> {
        let start = self.at;
        let quote = self.take(1);
        let mut end = None;
        let mut before = ' ';
        for (at, c) in self.rest().char_indices() {
            if quote.starts_with(c) && before != '\\' {
                end = Some(at);
                break;
            }
            before = c;
        }
        let Some(end) = end else { return fault(start..start + 1, Problem::OpenQuote) };
        let text = self.take(end).replace(&format!("\\{quote}"), quote);
        self.at += 1;
        Ok(text)
    }

    /// `api=default`, `cflags="-O2 -g"`, `target=zen2:`
    fn key_value(&mut self, node: &mut NodeQuery, end: &KeyEnd) -> Result<()> {
        let start = self.at;
        let written = &self.rest()[..end.whole];
        let (Spanned { value: key, .. }, value) = self.key_and_value(end)?;
        let span = start..self.at;
        let is_flag = FLAGS.contains(&key.as_str());
        if end.is_exact && is_known_key(&key) || end.is_propagated && is_known_key(&key) && !is_flag {
            return fault(start..start + end.whole, Problem::Sign { written: written.to_owned(), key });
        }
        match &*key {
            "namespace" => once(&mut node.namespace, value.value, span, "A namespace"),
            "platform" => once(&mut node.platform, value.value, span, "A platform"),
            "os" | "operating_system" => set_os(node, value.value, span),
            "target" => set_target(node, &value),
            "arch" | "architecture" => set_architecture(node, &value),
            _ if is_flag => {
                let words = flag_words(&value.value);
                match node.flags.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, known)) => known.extend(words),
                    None => node.flags.push((key, words)),
                }
                Ok(())
            }
            _ => {
                let value = wanted(&value, end.is_exact)?;
                let variant = VariantQuery { name: key, value, is_propagated: end.is_propagated };
                add_variant(node, Spanned { value: variant, span })
            }
        }
    }
}

/// The values of a list, each without white space around it.
fn items(list: &Spanned<String>) -> Result<Vec<String>> {
    let items: Vec<String> = list.value.split(',').map(|item| item.trim().to_owned()).collect();
    if items.iter().any(String::is_empty) {
        return fault(list.span.clone(), Problem::MissingItem);
    }
    Ok(items)
}

/// What a value asks of a variant.
fn wanted(value: &Spanned<String>, is_exact: bool) -> Result<Wanted> {
    let is = |word: &str| value.value.eq_ignore_ascii_case(word);
    if is("true") || is("false") {
        return Ok(Wanted::Flag(is("true")));
    }
    let items = items(value)?;
    Ok(match is_exact {
        _ if items.iter().any(|item| item == "*") => Wanted::Any,
        true => Wanted::Exactly(items),
        false => Wanted::Values(items),
    })
}

fn fault<T>(span: Range<usize>, problem: Problem) -> Result<T> {
    Err(QueryError { span, problem })
}

/// Sets what may be asked for once.
fn once<T>(place: &mut Option<T>, value: T, span: Range<usize>, what: &str) -> Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => fault(span, Problem::Twice(what.to_owned())),
    }
}

fn add_variant(node: &mut NodeQuery, variant: Spanned<VariantQuery>) -> Result<()> {
    let name = &variant.value.name;
    if node.variants.iter().any(|known| known.value.name == *name) {
        return fault(variant.span, Problem::Twice(format!("The variant `{name}`")));
    }
    node.variants.push(variant);
    Ok(())
}

/// Keys that are neither variants nor flags.
fn is_key_of_package(key: &str) -> bool {
    ["namespace", "platform", "os", "operating_system", "target", "arch", "architecture"].contains(&key)
}

/// Keys that no virtual package is called.
fn is_known_key(key: &str) -> bool {
    is_key_of_package(key) || FLAGS.contains(&key)
}

/// Words for the machine that Spack runs on. Source: `reserved_oss` and `reserved_targets` in
/// Spack's `platforms/_platform.py`.
const RELATIVE: [&str; 8] =
    ["default_os", "frontend_os", "backend_os", "default_target", "frontend", "backend", "fe", "be"];

fn refuse_relative(text: &str, span: &Range<usize>) -> Result<()> {
    match RELATIVE.contains(&text) {
        true => fault(span.clone(), Problem::Relative(text.to_owned())),
        false => Ok(()),
    }
}

fn set_os(node: &mut NodeQuery, os: String, span: Range<usize>) -> Result<()> {
    refuse_relative(&os, &span)?;
    once(&mut node.os, os, span, "An operating system")
}

fn set_target(node: &mut NodeQuery, text: &Spanned<String>) -> Result<()> {
    let span = text.span.clone();
    refuse_relative(&text.value, &span)?;
    match text.value.parse() {
        Ok(value) => once(&mut node.target, Spanned { value, span: span.clone() }, span, "A target"),
        Err(error) => fault(span, Problem::Targets(error)),
    }
}

/// `linux-debian12-zen2`, of which `None` stands for any; a value of another form is a target.
fn set_architecture(node: &mut NodeQuery, text: &Spanned<String>) -> Result<()> {
    let span = || text.span.clone();
    let parts: Vec<&str> = text.value.split('-').collect();
    let [platform, os, target] = parts[..] else { return set_target(node, text) };
    let is_asked = |part: &str| part != "None" && !part.is_empty();
    if ![platform, os, target].into_iter().any(is_asked) {
        return fault(span(), Problem::MissingValue("arch=".to_owned()));
    }
    if is_asked(platform) {
        once(&mut node.platform, platform.to_owned(), span(), "A platform")?;
    }
    if is_asked(os) {
        set_os(node, os.to_owned(), span())?;
    }
    if is_asked(target) {
        set_target(node, &Spanned { value: target.to_owned(), span: span() })?;
    }
    Ok(())
}

/// The words of a flag's value as Spack keeps them: one that does not begin with `-` belongs to the
/// word in front of it, as in `-I include`.
fn flag_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if !word.starts_with('-') => *last = format!("{last} {word}"),
            _ => words.push(word.to_owned()),
        }
    }
    words
}
