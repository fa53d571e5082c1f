//! Where this dashboard lies, and what is behind it: a Larder, or the files that `larder export` made of one.

use gloo::utils::{document, window};
use larder_frontend::commands;
use larder_shared::{
    api::{File, FileKind},
    name::MirrorName,
    route::{
        API,
        site::{META, META_ORIGIN, file, spec_of, specs_beginning},
    },
};

/// What a page of such a site says of itself.
struct Mark {
    root: String,
    origin: Option<String>,
}

thread_local! {
    /// Looked for once: every link asks.
    static MARK: Option<Mark> = find_mark();
}

fn find_mark() -> Option<Mark> {
    let mark = document().query_selector(&format!("meta[name={META}]")).ok().flatten()?;
    Some(Mark { root: mark.get_attribute("content").unwrap_or_default(), origin: mark.get_attribute(META_ORIGIN) })
}

/// Whether the answers are files.
pub(crate) fn is_static() -> bool {
    MARK.with(Option::is_some)
}

/// The path below which all of this lies: empty at the root of a host, else such as `/cache`.
pub(crate) fn root() -> String {
    MARK.with(|mark| mark.as_ref().map(|mark| mark.root.clone())).unwrap_or_default()
}

/// The path of a page without [`root`]; `None` for what lies elsewhere.
pub(crate) fn below_root(path: &str) -> Option<String> {
    match path.strip_prefix(&root())? {
        "" => Some("/".to_owned()),
        below => below.starts_with('/').then(|| below.to_owned()),
    }
}

/// The URL below which all of this lies: `https://larder.example.org`, `https://example.github.io/cache`.
pub(crate) fn url() -> String {
    window().location().origin().unwrap_or_default() + &root()
}

/// Below which URL Spack gets the packages: here, or where a site without tarballs was exported from.
pub(crate) fn packages_url() -> String {
    MARK.with(|mark| mark.as_ref()?.origin.clone()).unwrap_or_else(url)
}

/// Whether Spack finds a registry beside the mirror.
pub(crate) fn has_registry() -> bool {
    packages_url() != url() || !is_static()
}

/// Where a spec's file is.
pub(crate) fn file_url(mirror: &MirrorName, file: &File) -> String {
    let root = if file.kind == FileKind::Tarball { packages_url() } else { url() };
    commands::file_url(&root, mirror, &file.path)
}

/// The path at which the answer to a `GET` is.
pub(crate) fn path_of(request: &str) -> String {
    if is_static() && request.starts_with(API) {
        return format!("{}/{}", root(), file(request));
    }
    root() + request
}

/// What the API would have answered where a file was found, or was not.
pub(crate) fn answer(request: &str, status: u16, text: String) -> (u16, String) {
    if !is_static() || !request.starts_with(API) {
        return (status, text);
    }
    let path = request.split('?').next().unwrap_or(request);
    if status == 404 {
        let is_mirror = path.strip_prefix(API).is_some_and(|path| path.matches('/').count() == 2);
        return refusal(if is_mirror { "mirror_unknown" } else { "not_found" }, "this site does not have it");
    }
    let Some(hash) = spec_of(path).filter(|_| status == 200) else { return (status, text) };
    match specs_beginning(&text, hash)[..] {
        [] => refusal("not_found", "no spec has a hash that begins so"),
        [spec] => (status, spec.to_owned()),
        _ => refusal("ambiguous", "several hashes begin so"),
    }
}

/// An error in the API's words, of which a reader looks at the code.
fn refusal(code: &str, message: &str) -> (u16, String) {
    (404, format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#))
}
