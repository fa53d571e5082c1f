//! What is refused, with which words, and that nothing of it is kept.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use larder_shared::{api::ErrorCode, report::Status};
use larder_tests::{
    larder::{ADMIN, Larder},
    reports::{Submission, submissions},
};
use serde_json::json;

use super::{builds, larder, one};

fn submit(larder: &Larder, mirror: &str, body: &[u8]) -> larder_tests::http::Answer {
    let document = Submission { query: "project=m&build=b&site=s&stamp=t".to_owned(), body: body.to_owned() };
    larder.submit(mirror, &document, ADMIN)
}

#[test]
fn hostile_documents_are_refused() {
    let larder = larder();
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><Site><Build>&c;</Build></Site>";
    let external = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><Site><Build>&b;</Build></Site>";
    let deep = "<Site>".to_owned() + &"<a>".repeat(5_000);
    for (body, words) in [
        (bomb, "document type"),
        (external, "document type"),
        (deep.as_str(), "too deeply"),
        ("<html><body>no</body></html>", "`html` is not a report"),
        ("<Site BuildName=\"b\"><Build><Error>", "cut short"),
        ("not XML at all", "cut short"),
        ("", "cut short"),
    ] {
        let error = submit(&larder, "m", body.as_bytes()).expect_error(422);
        assert_eq!(error.code, ErrorCode::DocumentInvalid, "{body:.80}");
        assert!(error.message.contains(words), "{body:.80}: {}", error.message);
        assert!(error.next.is_some());
    }
    assert_eq!(builds(&larder, ""), []);
    assert!(larder.stored().iter().all(|(key, _)| !key.contains("reports")), "{:?}", larder.stored());
}

#[test]
fn a_wrong_md5_and_an_unknown_mirror_are_told() {
    let larder = larder();
    let mut sent = submissions().remove(0);
    sent.query = sent.query.replace("MD5=", "MD5=0");
    let error = larder.submit("m", &sent, ADMIN).expect_error(422);
    assert!(error.message.contains("MD5"), "{}", error.message);
    let error = submit(&larder, "nowhere", b"<Site><Build></Build></Site>").expect_error(404);
    assert_eq!(error.code, ErrorCode::MirrorUnknown);
    larder.get("/cdash/m/submit.php").send().expect(405);
    larder.get("/cdash/m/index.php").send().expect(404);
    assert_eq!(builds(&larder, ""), []);
}

#[test]
fn broken_text_nuls_and_long_lines_are_survived() {
    let larder = larder();
    let mut body =
        b"<Site BuildName=\"b <script>alert(1)</script>\" Name=\"s\xff\" BuildStamp=\"t\"><Configure><Log>".to_vec();
    body.extend(b"\0\xff error: \xfe ");
    body.extend(vec![b'x'; 8 << 20]);
    body.extend(b"\nconfigure: error: no compiler\n</Log><ConfigureStatus>1</ConfigureStatus></Configure></Site>");
    submit(&larder, "m", &body).expect(200);
    let found = builds(&larder, "").remove(0);
    assert_eq!((found.status, found.message.as_deref()), (Status::Failed, Some("no compiler")));
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    bomb.write_all(&vec![b' '; 17 << 20]).unwrap();
    let ask = larder.put("/cdash/m/submit.php", &bomb.finish().unwrap()).token(ADMIN);
    ask.header("Content-Encoding", "gzip").send().expect_error(413);
}

#[test]
fn json_that_is_no_report_says_what_is_wrong() {
    let larder = larder();
    let post = |body: &str, kind: &str| {
        let ask = larder.ask("POST", "/api/v1/mirrors/m/builds").body(body.as_bytes()).token(ADMIN);
        ask.header("Content-Type", kind).send()
    };
    for (body, words) in [
        ("{}", "missing field `builds`"),
        (r#"{"builds":[]}"#, "0 builds"),
        (r#"{"builds":[{"package":"a","status":"lost"}]}"#, "unknown variant `lost`"),
        (r#"{"builds":[{"package":"a","status":"built","colour":1}]}"#, "unknown field `colour`"),
        ("[", "EOF"),
    ] {
        let error = post(body, "application/json").expect_error(400);
        assert!(error.message.contains(words), "{body}: {}", error.message);
    }
    let error = post("a,b", "text/csv").expect_error(400);
    assert!(error.message.contains("application/xml"), "{}", error.message);
    larder.ask("POST", "/api/v1/mirrors/m/builds").body(b"{}").send().expect_error(401);
    assert_eq!(builds(&larder, ""), []);
}

#[test]
fn what_strangers_tell_is_cut_to_what_is_kept() {
    let larder = larder();
    let long = "x".repeat(100_000);
    let mut report = one(1, &long, Status::Failed, Some(&long));
    report["builds"][0]["failure"]["excerpt"]["lines"] = json!(vec![long.as_str(); 70]);
    report["builds"][0]["failure"]["excerpt"]["error"] = json!(1_000_000);
    report["run"]["url"] = "javascript:alert(1)".into();
    larder.report("m", &report);
    let found = builds(&larder, "").remove(0);
    let shown = super::build(&larder, found.id);
    assert!(found.package.len() <= 1_000 && found.message.unwrap().len() <= 2_048);
    let excerpt = shown.failure.unwrap().excerpt;
    assert!(excerpt.error < excerpt.lines.len() && excerpt.lines.len() <= 64);
    assert_eq!(shown.in_run.link, None);
    // A signature that is not that of the message is not believed.
    let mut other = one(2, "p", Status::Failed, Some("other words"));
    other["builds"][0]["failure"]["signature"] = found.signature.unwrap().as_str().into();
    larder.report("m", &other);
    assert_eq!(larder.failures("m").len(), 2);
}
