//! The list of a repository's tags, page by page (OCI distribution specification, "Listing Tags").

use serde::Deserialize;

/// Largest page read, in bytes: 10,000 tags of Spack's have about 700 kB.
pub const MAX_PAGE_BYTES: u64 = 8 << 20;

/// The tags of a page; a repository without any may say `null`.
///
/// # Errors
/// When it is no page of tags.
pub fn tags(bytes: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Page {
        tags: Option<Vec<String>>,
    }
    Ok(serde_json::from_slice::<Page>(bytes)?.tags.unwrap_or_default())
}

/// Where a `Link` header says that the next page lies; often relative to this one.
///
/// Source: RFC 8288; the quotes around `next` may be missing.
pub fn next_page(link: &str) -> Option<&str> {
    let (target, rest) = link.trim_start().strip_prefix('<')?.split_once('>')?;
    let is_next = |parameter: &str| {
        let (name, value) = parameter.trim().split_once('=')?;
        Some(name.trim_end().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"') == "next")
    };
    rest.split(';').any(|parameter| is_next(parameter) == Some(true)).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_tags() {
        assert_eq!(tags(br#"{"name":"a","tags":["x","y"]}"#).unwrap(), ["x", "y"]);
        assert!(tags(br#"{"name":"a","tags":null}"#).unwrap().is_empty());
        for bad in ["", "<html>", "[]", r#"{"tags":"x"}"#, r#"{"tags":[1]}"#] {
            assert!(tags(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_next_page_is_linked() {
        for link in ["</v2/a/tags/list?n=2&last=b>; rel=\"next\"", " </v2/a/tags/list?n=2&last=b>;x=y; REL=next"] {
            assert_eq!(next_page(link), Some("/v2/a/tags/list?n=2&last=b"), "{link}");
        }
        for link in ["", "</x>", "</x>; rel=\"prev\"", "/x; rel=\"next\"", "</x; rel=next"] {
            assert_eq!(next_page(link), None, "{link}");
        }
    }
}
