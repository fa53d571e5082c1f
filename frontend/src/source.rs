//! Where a list of specs comes from: a mirror of this Larder, or one elsewhere that is plain files.

use std::rc::Rc;

use larder_shared::{name::MirrorName, route::page::Page};

/// A mirror whose index can be searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One of this Larder's.
    Mirror(MirrorName),
    /// A static mirror, by its URL as [`static_mirror`] has made it.
    Elsewhere(Rc<str>),
}

impl Source {
    /// The page that lists its packages.
    pub fn page(&self) -> Page {
        match self {
            Self::Mirror(mirror) => Page::Packages(mirror.clone()),
            Self::Elsewhere(_) => Page::Open,
        }
    }

    /// The parameter `url` of that page; empty where the path says it all.
    pub fn url(&self) -> &str {
        match self {
            Self::Mirror(_) => "",
            Self::Elsewhere(url) => url,
        }
    }

    /// What it is called: the name, or the URL without `https://`.
    pub fn title(&self) -> &str {
        match self {
            Self::Mirror(mirror) => mirror.as_str(),
            Self::Elsewhere(url) => url.split_once("://").map_or(url, |(_, rest)| rest),
        }
    }
}

/// The URL of a static mirror as it is used, from what somebody wrote: without the slash at the end,
/// and without the path of its index, which is what people copy.
///
/// # Errors
/// Why it cannot be one, in a sentence.
pub fn static_mirror(text: &str) -> Result<Rc<str>, &'static str> {
    let text = text.trim();
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err("The address of a mirror begins with https://.");
    };
    if !matches!(scheme, "https" | "http") {
        return Err("A browser reads mirrors at https:// and http:// alone.");
    }
    if rest.contains(['?', '#', ' ', '@']) || rest.starts_with('/') || rest.is_empty() {
        return Err("The address of a mirror is a host and a path, without name, password or `?`.");
    }
    let mut url = text;
    for index in ["/build_cache/index.json", "/v3/manifests/index/index.manifest.json", "/build_cache"] {
        url = url.trim_end_matches('/');
        url = url.strip_suffix(index).unwrap_or(url);
    }
    Ok(url.trim_end_matches('/').into())
}

/// A name for `spack mirror add`: the last part of the URL that says something.
pub fn short_name(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let part = rest.rsplit('/').find(|part| !part.is_empty()).unwrap_or("mirror");
    let part = part.split(':').next().unwrap_or(part);
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let name: String = part.chars().filter(is_plain).collect();
    if name.is_empty() { "mirror".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_copy_becomes_the_mirrors_url() {
        for text in [
            "https://example.github.io/cache",
            " https://example.github.io/cache/ ",
            "https://example.github.io/cache/build_cache/index.json",
            "https://example.github.io/cache/build_cache/",
            "https://example.github.io/cache/v3/manifests/index/index.manifest.json",
        ] {
            assert_eq!(&*static_mirror(text).unwrap(), "https://example.github.io/cache", "{text}");
        }
        for text in ["", "cache", "ftp://a/b", "s3://bucket", "https://", "https://me:secret@a/b", "https://a/b?c"] {
            assert!(static_mirror(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_mirror_is_named_by_the_end_of_its_url() {
        for (url, name) in [
            ("https://example.github.io/cache", "cache"),
            ("http://127.0.0.1:8000", "127.0.0.1"),
            ("https://a/b/%20$(x)", "20x"),
            ("https://a/$", "mirror"),
        ] {
            assert_eq!(short_name(url), name, "{url}");
        }
    }
}
