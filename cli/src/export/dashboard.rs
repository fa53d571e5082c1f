//! The dashboard in a site: the files of a built one, and a page that says where they lie.

use std::{fs, path::Path};

use larder_shared::{
    digest::Digest,
    route::site::{META, META_ORIGIN},
};

use super::{
    Problem,
    folder::{Folder, FolderError},
};
use crate::{
    http::{Failure, read::Reader},
    mirror_url::MirrorUrl,
};

/// The page that every visit begins with.
const PAGE: &str = "index.html";

/// The same page, which GitHub Pages sends for every path that is no file: so a link into the dashboard leads there.
const PAGE_OF_OTHER_PATHS: &str = "404.html";

/// The list of a dashboard's files that a server has, as `sha256sum` writes one.
const LIST: &str = "SHA256SUMS";

/// The headers that Cloudflare sends with the files; no file of a site.
const HEADERS: &str = "_headers";

/// A page that can be led to where it lies.
struct Page {
    html: String,
    /// The value of its `Content-Security-Policy` header.
    policy: Option<String>,
}

/// What a page has to know.
pub(super) struct Place<'a> {
    /// The path of the site's folder, without a slash at its end.
    pub(super) base: &'a str,
    /// Where the tarballs are, when the site has none.
    pub(super) origin: Option<String>,
}

/// Puts the dashboard of a folder into the site, which `trunk build` wrote.
pub(super) fn from_folder(source: &Path, folder: &Folder, place: &Place<'_>) -> Result<(), Problem> {
    let unreadable = |path: &Path, why: std::io::Error| Problem::Dashboard {
        place: path.display().to_string(),
        why: why.to_string(),
    };
    let mut page = None;
    for entry in fs::read_dir(source).map_err(|error| unreadable(source, error))? {
        let path = entry.map_err(|error| unreadable(source, error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if !path.is_file() || [LIST, HEADERS].contains(&name) {
            continue;
        }
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, error))?;
        match name {
            PAGE => page = Some(String::from_utf8_lossy(&bytes).into_owned()),
            _ => folder.put(name, &bytes, None)?,
        }
    }
    let html = page.ok_or_else(|| Problem::Dashboard {
        place: source.display().to_string(),
        why: format!("it has no {PAGE}: give the folder of a built dashboard, such as frontend/dist"),
    })?;
    let headers = fs::read_to_string(source.join(HEADERS)).unwrap_or_default();
    let policy = headers.lines().find_map(|line| line.trim().strip_prefix("Content-Security-Policy:"));
    Page { html, policy: policy.map(|policy| policy.trim().to_owned()) }.put(folder, place)
}

/// Puts the dashboard of a server into the site.
pub(super) fn from_server(
    reader: &Reader<'_>,
    url: &MirrorUrl,
    folder: &Folder,
    place: &Place<'_>,
) -> Result<(), Problem> {
    let list = reader.whole(&url.beside(&format!("/{LIST}")))?;
    let unreadable = |why: &str| Problem::Dashboard { place: url.server().to_string(), why: why.to_owned() };
    // A server without the list answers with the page itself.
    let files = parse_list(&String::from_utf8_lossy(&list)).ok_or_else(|| {
        unreadable("it has no list of the dashboard's files: give the folder of a built one with --dashboard")
    })?;
    for (digest, name) in files.iter().filter(|(_, name)| name != PAGE) {
        if folder.keep(name, digest)? {
            continue;
        }
        let begin = || folder.begin().map_err(std::io::Error::other);
        let answer = reader.read(&url.beside(&format!("/{name}")), None, begin)?;
        let part = answer.map(|answer| answer.bytes).filter(|part| part.digest() == *digest);
        let part = part.ok_or_else(|| unreadable("it is being deployed: its files are not those of its list"))?;
        folder.finish(part, name, None)?;
    }
    let page = reader.read(&url.beside("/"), None, || Ok(Vec::new()))?;
    let page = page.ok_or_else(|| unreadable("it sends no page"))?;
    let html = String::from_utf8(page.bytes).map_err(|error| Failure::NotLarder(std::io::Error::other(error)))?;
    Page { html, policy: page.policy }.put(folder, place)
}

/// The lines of a list; `None` when it is none.
fn parse_list(text: &str) -> Option<Vec<(Digest, String)>> {
    let is_name = |name: &str| {
        !name.starts_with('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let files = text.lines().map(|line| {
        let (digest, name) = line.split_once("  ")?;
        is_name(name).then_some((digest.parse().ok()?, name.to_owned()))
    });
    files.collect::<Option<Vec<_>>>().filter(|files| !files.is_empty())
}

impl Page {
    fn put(&self, folder: &Folder, place: &Place<'_>) -> Result<(), Problem> {
        let html = self.placed(place);
        for name in [PAGE, PAGE_OF_OTHER_PATHS] {
            folder.put(name, html.as_bytes(), None)?;
        }
        Ok(())
    }

    /// The page with its links below the base, and what it has to know in its head.
    fn placed(&self, place: &Place<'_>) -> String {
        let Place { base, origin } = place;
        let mut head = String::new();
        if let Some(policy) = &self.policy {
            head.push_str(&format!(
                "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">",
                policy_of_page(policy, origin.as_deref())
            ));
        }
        head.push_str(&format!("<meta name=\"{META}\" content=\"{base}\""));
        if let Some(origin) = origin {
            head.push_str(&format!(" {META_ORIGIN}=\"{origin}\""));
        }
        head.push('>');
        // The page's own attributes, with quotes or, in a release, without.
        let html = self.html.replace("=\"/", &format!("=\"{base}/")).replace("=/", &format!("={base}/"));
        html.replace("/api/v1/mirrors", "/api/v1/mirrors.json").replacen("<title>", &(head + "<title>"), 1)
    }
}

/// A policy as a page may say it of itself, which a header says more of.
fn policy_of_page(policy: &str, origin: Option<&str>) -> String {
    let directives = policy.split(';').map(str::trim).filter(|directive| !directive.starts_with("frame-ancestors"));
    let directives = directives.map(|directive| match origin {
        Some(origin) if directive.starts_with("connect-src ") => format!("{directive} {origin}"),
        _ => directive.to_owned(),
    });
    directives.collect::<Vec<_>>().join("; ").replace('"', "")
}

/// A base as `--base` takes it: `/cache/`, `/cache`, `cache`; `/` and nothing are the root of a host.
pub(super) fn parse_base(text: &str) -> Result<String, String> {
    let path = text.trim_matches('/');
    let is_part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
    };
    match path {
        "" => Ok(String::new()),
        path if path.split('/').all(is_part) => Ok(format!("/{path}")),
        _ => Err("it is a path, such as /cache/".to_owned()),
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<FolderError> for Problem {
    fn from(error: FolderError) -> Self {
        Self::Folder(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_a_path_with_one_form() {
        for (text, base) in [("", ""), ("/", ""), ("/cache/", "/cache"), ("cache", "/cache"), ("/a/b", "/a/b")] {
            assert_eq!(parse_base(text).unwrap(), base, "{text}");
        }
        for text in ["https://example.org/cache", "/a//b", "/a b", "/../x", "/\"x"] {
            assert!(parse_base(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_page_is_led_to_its_files_and_told_where_it_lies() {
        let html = r#"<!doctype html><title>Larder</title><link href=/a.css><script src="/start.js" data-js=/b.js></script><a href=/>x</a>"#;
        let policy = Some("default-src 'none'; connect-src 'self'; frame-ancestors 'none'".to_owned());
        let page = Page { html: html.to_owned(), policy };
        let place = Place { base: "/cache", origin: Some("https://larder.example.org".to_owned()) };
        let placed = page.placed(&place);
        for part in [
            r#"<meta name="larder-site" content="/cache" data-origin="https://larder.example.org">"#,
            r#"content="default-src 'none'; connect-src 'self' https://larder.example.org">"#,
            "href=/cache/a.css",
            r#"src="/cache/start.js""#,
            "data-js=/cache/b.js",
            "<a href=/cache/>",
        ] {
            assert!(placed.contains(part), "{part} is not in {placed}");
        }
        let at_root = page.placed(&Place { base: "", origin: None });
        assert!(at_root.contains("href=/a.css") && at_root.contains(r#"content="">"#), "{at_root}");
    }

    #[test]
    fn only_a_list_of_plain_names_is_one() {
        let digest = "0".repeat(64);
        assert_eq!(parse_list(&format!("{digest}  a.js\n{digest}  b_bg.wasm\n")).unwrap().len(), 2);
        for text in ["", "<!doctype html>", &format!("{digest}  ../a"), &format!("{digest}  .a"), "00  a"] {
            assert!(parse_list(text).is_none(), "{text}");
        }
    }
}
