//! The feed of failures: one entry for each time one appears.

use larder_shared::report::Status;
use larder_tests::larder::Larder;

use super::{larder, one};

const PATH: &str = "/api/v1/mirrors/m/failures.atom";

/// The texts of an element, in order.
fn texts(feed: &str, name: &str) -> Vec<String> {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    feed.split(&begin).skip(1).map(|part| part.split(&end).next().unwrap().to_owned()).collect()
}

fn feed(larder: &Larder) -> String {
    let answer = larder.get(PATH).send().expect(200);
    assert_eq!(answer.expect_header("content-type"), "application/atom+xml; charset=utf-8");
    String::from_utf8(answer.body).unwrap()
}

#[test]
fn a_failure_is_an_entry_each_time_it_appears() {
    let larder = larder();
    let empty = feed(&larder);
    assert!(texts(&empty, "entry").is_empty() && texts(&empty, "updated").len() == 1, "{empty}");
    larder.report("m", &one(1, "hdf5", Status::Failed, Some("<script>alert(1)</script> \u{1b}[31m & \u{0}'x'")));
    let first = feed(&larder);
    assert_eq!(texts(&first, "entry").len(), 1, "{first}");
    assert!(!first.contains("<script") && first.chars().all(|c| c == '\n' || !c.is_control()), "{first}");
    assert!(first.contains("hdf5 does not build: &lt;script&gt;"), "{first}");
    let signature = larder.failures("m")[0].signature.clone();
    let id = texts(&first, "id")[1].clone();
    assert!(id.starts_with(&format!("http://{}/m/m/-/failures/{signature}#", larder.address())), "{id}");
    assert!(first.contains("href=\"https://github.com/o/r/actions/runs/1\""), "{first}");
    // Seen again it is the same entry, as it was.
    larder.report("m", &one(2, "hdf5", Status::Failed, Some("<script>alert(1)</script> \u{1b}[31m & \u{0}'x'")));
    assert_eq!(
        (texts(&feed(&larder), "id"), texts(&feed(&larder), "updated")),
        (texts(&first, "id"), texts(&first, "updated"))
    );
    // Another comes first.
    larder.report("m", &one(3, "zlib", Status::Failed, Some("no such thing")));
    let both = feed(&larder);
    assert_eq!(texts(&both, "entry").len(), 2);
    assert!(texts(&both, "title")[1].starts_with("zlib does not build: no such thing"), "{both}");
}

#[test]
fn a_reader_that_knows_the_feed_is_told_so() {
    let larder = larder();
    larder.report("m", &one(1, "hdf5", Status::Failed, Some("'x' undeclared")));
    let answer = larder.get(PATH).send().expect(200);
    let (etag, modified) = (answer.expect_header("etag"), answer.expect_header("last-modified"));
    assert!(modified.ends_with(" GMT"), "{modified}");
    larder.get(PATH).header("If-None-Match", etag).send().expect(304);
    larder.get(PATH).header("If-Modified-Since", modified).send().expect(304);
    larder.get(PATH).header("If-Modified-Since", modified).header("If-None-Match", "\"x\"").send().expect(200);
    larder.get(PATH).header("If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT").send().expect(200);
}
