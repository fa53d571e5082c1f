//! Logs: stored as they are, read from both ends or whole, served in parts.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use larder_shared::{api::report::Build, report::Status};
use larder_tests::larder::{ADMIN, Larder};

use super::{build, larder, one, put_log};

const ERROR: &str = "src/a.c:7:3: error: 'x' undeclared (first use in this function)";

fn begin(larder: &Larder) -> u64 {
    larder.report("m", &one(1, "p", Status::Unknown, None)).builds[0].id
}

/// A log of about `megabytes` with the error in the line after so many.
fn log(megabytes: usize, before: usize) -> Vec<u8> {
    let filler = "cc -O2 -c source/file/with/a/long/name.c -o build/file/with/a/long/name.o -I include\n";
    let lines = megabytes * 1_000_000 / filler.len();
    let mut log = b"==> p: Executing phase: 'build'\n".to_vec();
    for number in 0..lines {
        if number == before {
            log.extend(format!("\x1b[31m{ERROR}\x1b[0m\n").bytes());
        }
        log.extend(filler.bytes());
    }
    log
}

fn packed(log: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(log).unwrap();
    packed.finish().unwrap()
}

fn put_packed(larder: &Larder, id: u64, body: &[u8]) -> larder_tests::http::Answer {
    let ask = larder.put(&format!("/api/v1/mirrors/m/builds/{id}/log"), body).token(ADMIN);
    ask.header("Content-Encoding", "gzip").send()
}

#[test]
fn a_log_is_read_and_served_with_its_colours_and_in_parts() {
    let larder = larder();
    let id = begin(&larder);
    let sent = log(1, 100);
    let noted = put_log(&larder, id, &sent);
    assert_eq!((noted.status, noted.line, noted.log_bytes), (Status::Failed, Some(7), Some(sent.len() as u64)));
    let shown = build(&larder, id);
    assert!(shown.log_read_whole);
    assert_eq!(shown.failure.unwrap().log_line, Some(102));
    let path = format!("/api/v1/mirrors/m/builds/{id}/log");
    let answer = larder.get(&path).send().expect(200);
    assert_eq!(answer.body, sent);
    assert!(answer.expect_header("content-type").starts_with("text/plain"));
    assert!(answer.expect_header("content-security-policy").contains("sandbox"));
    let part = larder.get(&path).header("Range", "bytes=0-30").send().expect(206);
    assert_eq!(part.body, sent[..31]);
    larder.get(&path).header("If-None-Match", answer.expect_header("etag")).send().expect(304);
    larder.get(&path).header("Range", "bytes=99999999-").send().expect(416);
}

#[test]
fn of_a_long_log_the_ends_are_read_and_who_reads_all_may_hand_it_in() {
    let larder = larder();
    let id = begin(&larder);
    let sent = log(5, 30_000);
    put_log(&larder, id, &sent);
    let shown = build(&larder, id);
    assert_eq!((shown.summary.status, shown.log_read_whole), (Status::Unknown, false));
    let mut reader = larder_shared::report::log::LogReader::of_package("p");
    reader.push(&sent);
    let failure = serde_json::to_string(&reader.finish().failure.unwrap()).unwrap();
    let path = format!("/api/v1/mirrors/m/builds/{id}/failure");
    larder.put(&path, failure.as_bytes()).send().expect_error(401);
    larder.put(&path, failure.as_bytes()).token(ADMIN).send().expect(200);
    let shown = build(&larder, id);
    assert_eq!((shown.summary.status, shown.log_read_whole), (Status::Failed, true));
    assert_eq!(shown.failure.unwrap().log_line, Some(30_002));

    // At the end an error is found, too, but not its line.
    let other = larder.report("m", &one(2, "p", Status::Unknown, None)).builds[0].id;
    let sent = log(5, 5_000_000 / 85 - 10);
    put_log(&larder, other, &sent);
    let failure = build(&larder, other).failure.unwrap();
    assert_eq!((failure.line, failure.log_line, failure.excerpt.first_line), (Some(7), None, None));
}

#[test]
fn a_packed_log_is_stored_plain_and_read_whole() {
    let larder = larder();
    let id = begin(&larder);
    let sent = log(20, 100_000);
    put_packed(&larder, id, &packed(&sent)).expect(200);
    let shown = build(&larder, id);
    assert_eq!((shown.summary.status, shown.log_read_whole), (Status::Failed, true));
    assert_eq!(shown.failure.unwrap().log_line, Some(100_002));
    let path = format!("/api/v1/mirrors/m/builds/{id}/log");
    assert_eq!(larder.get(&path).send().expect(200).body, sent);
}

#[test]
fn a_log_that_is_too_long_or_broken_leaves_what_was_there() {
    let larder = larder();
    let id = begin(&larder);
    let first = log(1, 10);
    put_log(&larder, id, &first);
    let too_long = packed(&vec![b'x'; 101_000_000]);
    assert!(too_long.len() < 1_000_000);
    put_packed(&larder, id, &too_long).expect_error(413);
    let mut cut = packed(&log(20, 10));
    cut.truncate(cut.len() / 2);
    put_packed(&larder, id, &cut).expect_error(400);
    put_packed(&larder, id, b"not gzip").expect_error(400);
    let path = format!("/api/v1/mirrors/m/builds/{id}/log");
    assert_eq!(larder.get(&path).send().expect(200).body, first);
    larder.put("/api/v1/mirrors/m/builds/77/log", b"x").token(ADMIN).send().expect_error(404);
    larder.get("/api/v1/mirrors/m/builds/77/log").send().expect_error(404);
}

#[test]
fn a_log_of_odd_bytes_is_kept_as_it_is() {
    let larder = larder();
    let id = begin(&larder);
    let odd = b"\0\xff\xfe<script>alert(1)</script>\na.c:1:1: error: \0bad \xff\n".to_vec();
    put_log(&larder, id, &odd);
    let answer = larder.get(&format!("/api/v1/mirrors/m/builds/{id}/log")).send().expect(200);
    assert_eq!(answer.body, odd);
    let shown: Build = build(&larder, id);
    assert_eq!(shown.summary.status, Status::Failed);
    put_log(&larder, id, b"");
}

#[test]
fn what_was_built_is_not_failed_by_what_its_log_says() {
    let larder = larder();
    let id = larder.report("m", &one(1, "p", Status::Built, None)).builds[0].id;
    assert_eq!(put_log(&larder, id, &log(1, 3)).status, Status::Built);
}
