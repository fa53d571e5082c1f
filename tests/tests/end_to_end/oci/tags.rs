//! The list of tags: in order, page by page.

use larder_shared::oci::manifest::IMAGE;
use larder_tests::{
    http::Answer,
    larder::Larder,
    oci::{Image, next_page},
    package::MadeUp,
};
use serde_json::{Value, json};

/// The tags of one page.
fn tags(answer: &Answer) -> Vec<String> {
    let page: Value = answer.json();
    assert_eq!(page["name"], json!("a/mirror"), "{answer:?}");
    serde_json::from_value(page["tags"].clone()).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[test]
fn tags_are_listed_in_order_page_by_page() {
    let larder = Larder::start();
    let repository = larder.repository("a/mirror");
    repository.get("tags/list").send().expect_refusal(404, "NAME_UNKNOWN");
    repository.push_blob(b"{}");
    let list = |query: &str| repository.get(&format!("tags/list{query}")).send().expect(200);
    assert_eq!(tags(&list("")), [""; 0], "a repository without a tag");

    let image = Image::new(b"{}", &[]);
    // In order of their bytes: capitals, `_`, small letters.
    let expected =
        ["1.0", "1.10", "1.9", "A", "Z", "_x", "a", "a-b", "a.b", "a_b", "b", "latest", "x".repeat(128).as_str()]
            .map(str::to_owned);
    for tag in expected.iter().rev() {
        repository.push_image(tag, &image).expect(201);
    }
    let whole = list("");
    assert_eq!(tags(&whole), expected);
    assert_eq!(whole.header("link"), None, "{whole:?}");
    assert_eq!(whole.expect_header("content-type"), "application/json", "{whole:?}");
    assert_eq!(repository.head("tags/list").send().expect(200).body, b"");

    for size in [1, 2, 5, 12, 13, 50] {
        let (mut found, mut pages) = (Vec::new(), 0);
        let mut page = list(&format!("?n={size}"));
        loop {
            pages += 1;
            let some = tags(&page);
            assert!(some.len() == size || next_page(&page).is_none(), "{page:?}");
            found.extend(some);
            match next_page(&page) {
                Some(next) => page = repository.ask_at("GET", &next).send().expect(200),
                None => break,
            }
        }
        assert_eq!(found, expected, "{size} a page");
        assert_eq!(pages, expected.len().div_ceil(size), "{size} a page");
    }

    for (query, found) in [
        ("?last=latest", &expected[12..]),
        ("?last=A&n=3", &expected[4..7]),
        ("?n=3&last=a", &expected[7..10]),
        // A name that is no tag of the repository has a place in the order as well.
        ("?n=2&last=B", &expected[4..6]),
        ("?last=zzz", &[]),
        ("?n=0", &[]),
        ("?n=0&last=A", &[]),
        ("?n=999999999", &expected[..]),
    ] {
        let answer = list(query);
        assert_eq!(tags(&answer), found, "{query}");
        let is_whole = tags(&answer).is_empty() || tags(&answer).last() == expected.last();
        assert_eq!(answer.header("link").is_none(), is_whole, "{query}: {answer:?}");
    }
    for query in ["?n=-1", "?n=ten", "?n=", "?n=1.5", "?n=99999999999999999999"] {
        let answer = repository.get(&format!("tags/list{query}")).send();
        answer.expect_refusal(400, "UNKNOWN");
    }
}

#[test]
fn the_index_is_no_tag_of_its_own() {
    let larder = Larder::start();
    let repository = larder.repository("a/mirror");
    let package = MadeUp::new("zlib", "1.3");
    repository.push_package(&package);
    let index = repository.get("manifests/index.spack").send().expect(200);
    repository.put_manifest("index.spack", IMAGE, &index.body).expect(201);
    // Spack would skip it; a copy of the repository would copy what is made anew for each.
    assert_eq!(repository.tags(), [package.tag()]);
}
