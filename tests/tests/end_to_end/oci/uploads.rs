//! Uploads in chunks: in order, out of order, of unknown length, given up.

use std::thread;

use larder_shared::oci::digest::ContentDigest;
use larder_tests::{http::Answer, larder::Larder, oci::Repository, package::noise, wait};

use super::sha512;

/// Expects an upload to go on at its own address, with so many bytes received.
fn expect_progress(answer: Answer, status: u16, location: &str, bytes: usize) {
    let answer = answer.expect(status);
    assert_eq!(answer.expect_header("location"), location, "{answer:?}");
    assert_eq!(answer.expect_header("range"), format!("0-{}", bytes.saturating_sub(1)), "{answer:?}");
    assert_eq!(answer.body, b"", "{answer:?}");
}

/// Expects the end of an upload, and its bytes in the blob.
fn expect_blob(repository: &Repository<'_>, answer: Answer, digest: &ContentDigest, bytes: &[u8]) {
    let answer = answer.expect(201).expect_digest(digest);
    let blob = repository.ask_at("GET", answer.expect_header("location")).send().expect(200).expect_digest(digest);
    assert!(blob.body == bytes, "other bytes: {blob:?}");
}

/// Pieces of uploads that lie in the bucket.
fn pieces(larder: &Larder) -> Vec<String> {
    larder.stored().into_iter().map(|(key, _)| key).filter(|key| key.contains("/larder/uploads/")).collect()
}

#[test]
fn chunks_in_order_become_a_blob_and_leave_nothing_behind() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let bytes = noise(1, 300_000);
    for digest in [ContentDigest::of(&bytes), sha512(&bytes)] {
        for (case, borders, in_put) in [
            ("one chunk", vec![0, 300_000], false),
            ("three chunks", vec![0, 100_000, 170_001, 300_000], false),
            ("three chunks, the last in the PUT", vec![0, 1, 170_000, 300_000], true),
        ] {
            println!("{case}, {}", digest.algorithm());
            let location = repository.begin();
            let status = || repository.ask_at("GET", &location).send();
            expect_progress(status(), 204, &location, 0);
            let mut chunks: Vec<_> = borders.windows(2).map(|pair| (pair[0], &bytes[pair[0]..pair[1]])).collect();
            let last = if in_put { chunks.pop() } else { None };
            for (first, chunk) in chunks {
                expect_progress(repository.patch(&location, first, chunk), 202, &location, first + chunk.len());
                expect_progress(status(), 204, &location, first + chunk.len());
                repository.head(&format!("blobs/{digest}")).send().expect(404);
            }
            let answer = repository.finish(&location, &digest, last.map_or(b"", |(_, chunk)| chunk));
            expect_blob(&repository, answer, &digest, &bytes);
            status().expect_refusal(404, "BLOB_UPLOAD_UNKNOWN");
            repository.delete(&format!("blobs/{digest}")).send().expect(202);
        }
    }
    wait::until("the chunks are removed", || pieces(&larder).is_empty().then_some(()));
}

#[test]
fn the_beginning_of_an_upload_says_how_large_a_chunk_should_be() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let answer = repository.ask("POST", "blobs/uploads/").body(b"").send().expect(202);
    assert_eq!(answer.expect_header("oci-chunk-min-length"), "5242880", "{answer:?}");
    assert!(answer.expect_header("location").starts_with("/v2/m/blobs/uploads/"), "{answer:?}");
    // Nothing is wrong with ending it at once.
    let location = answer.expect_header("location").to_owned();
    let digest = ContentDigest::of(b"");
    expect_blob(&repository, repository.finish(&location, &digest, b""), &digest, b"");
    // Nor with chunks that do not say where they belong, as in `docker push`.
    let location = repository.begin();
    for chunk in [&b"first, "[..], b"second"] {
        repository.ask_at("PATCH", &location).body(chunk).send().expect(202);
    }
    let digest = ContentDigest::of(b"first, second");
    expect_blob(&repository, repository.finish(&location, &digest, b""), &digest, b"first, second");
}

#[test]
fn a_chunk_out_of_order_is_refused_and_the_upload_goes_on() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let bytes = noise(2, 90_000);
    let digest = ContentDigest::of(&bytes);
    let location = repository.begin();
    let chunk = |number: usize| (number * 30_000, &bytes[number * 30_000..(number + 1) * 30_000]);
    let send = |number: usize| {
        let (first, chunk) = chunk(number);
        repository.patch(&location, first, chunk)
    };
    let refused = |answer: Answer, bytes: usize| {
        assert_eq!(answer.oci_error().map(|error| error.code).as_deref(), Some("BLOB_UPLOAD_INVALID"), "{answer:?}");
        let answer = Answer { body: Vec::new(), ..answer };
        expect_progress(answer, 416, &location, bytes);
    };
    refused(send(1), 0);
    // However long the chunk is: its sender sees the answer.
    refused(repository.patch(&location, 1, &vec![0; 9 << 20]), 0);
    expect_progress(send(0), 202, &location, 30_000);
    refused(send(2), 30_000);
    // The same again, as after an answer that was lost.
    refused(send(0), 30_000);
    expect_progress(repository.ask_at("GET", &location).send(), 204, &location, 30_000);
    expect_progress(send(1), 202, &location, 60_000);
    // The last one with the PUT, first at the wrong place.
    let put = |first: usize, chunk: &[u8]| {
        let ask = repository.ask_at("PUT", &format!("{location}?digest={digest}"));
        ask.header("Content-Range", &format!("{first}-{}", first + chunk.len() - 1)).body(chunk).send()
    };
    let (first, last) = chunk(2);
    refused(put(first - 1, last), 60_000);
    repository.head(&format!("blobs/{digest}")).send().expect(404);
    expect_blob(&repository, put(first, last), &digest, &bytes);
}

#[test]
fn a_body_of_unknown_length_is_cut_into_pieces() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let bytes = noise(3, (17 << 20) + 5);
    let digest = ContentDigest::of(&bytes);
    let location = repository.begin();
    expect_progress(repository.stream("PATCH", &location, &bytes), 202, &location, bytes.len());
    // No piece is larger than 8 MiB, however the bytes came.
    assert_eq!(pieces(&larder).len(), 3);
    expect_blob(&repository, repository.finish(&location, &digest, b""), &digest, &bytes);

    // And in the PUT, after a chunk of known length.
    let bytes = &bytes[..100_000];
    for digest in [ContentDigest::of(bytes), sha512(bytes)] {
        let location = repository.begin();
        expect_progress(repository.patch(&location, 0, &bytes[..1_000]), 202, &location, 1_000);
        let answer = repository.stream("PUT", &format!("{location}?digest={digest}"), &bytes[1_000..]);
        expect_blob(&repository, answer, &digest, bytes);
        let location = repository.begin();
        let answer = repository.stream("PUT", &format!("{location}?digest={digest}"), bytes);
        expect_blob(&repository, answer, &digest, bytes);
    }
}

#[test]
fn an_upload_that_is_given_up_is_gone() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let location = repository.begin();
    repository.patch(&location, 0, &noise(4, 10_000)).expect(202);
    assert_eq!(pieces(&larder).len(), 1);
    repository.ask_at("DELETE", &location).send().expect(204);
    for method in ["GET", "PATCH", "DELETE"] {
        repository.ask_at(method, &location).send().expect_refusal(404, "BLOB_UPLOAD_UNKNOWN");
    }
    let digest = ContentDigest::of(b"more");
    repository.finish(&location, &digest, b"more").expect_refusal(404, "BLOB_UPLOAD_UNKNOWN");
    repository.head(&format!("blobs/{digest}")).send().expect(404);
    wait::until("the chunk is removed", || pieces(&larder).is_empty().then_some(()));
}

#[test]
fn a_wrong_digest_ends_the_upload_and_nothing_is_visible() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let bytes = noise(5, 50_000);
    let wrong = ContentDigest::of(b"other bytes");
    let at_once = repository.begin();
    let one_chunk = repository.begin();
    repository.patch(&one_chunk, 0, &bytes).expect(202);
    let in_chunks = repository.begin();
    repository.patch(&in_chunks, 0, &bytes[..20_000]).expect(202);
    repository.patch(&in_chunks, 20_000, &bytes[20_000..]).expect(202);
    for wrong in [wrong, sha512(b"other bytes")] {
        let post = repository.ask("POST", &format!("blobs/uploads/?digest={wrong}")).body(&bytes);
        let refusal = post.send().expect_refusal(400, "DIGEST_INVALID");
        assert!(refusal.message.contains(wrong.algorithm()), "{refusal:?}");
    }
    for (location, rest) in [(&at_once, &bytes[..]), (&one_chunk, b""), (&in_chunks, b"")] {
        repository.finish(location, &wrong, rest).expect_refusal(400, "DIGEST_INVALID");
        repository.head(&format!("blobs/{wrong}")).send().expect(404);
        repository.ask_at("GET", location).send().expect_refusal(404, "BLOB_UPLOAD_UNKNOWN");
    }
    wait::until("the chunks are removed", || pieces(&larder).is_empty().then_some(()));
}

#[test]
fn of_two_chunks_sent_for_one_place_at_once_one_is_taken() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    for round in 0..5 {
        let location = repository.begin();
        let chunks = [noise(10 + round, 40_000), noise(20 + round, 40_000)];
        let statuses = thread::scope(|scope| {
            let sent = chunks.each_ref().map(|chunk| scope.spawn(|| repository.patch(&location, 0, chunk).status));
            sent.map(|thread| thread.join().unwrap())
        });
        let taken = match statuses {
            [202, 416] => &chunks[0],
            [416, 202] => &chunks[1],
            _ => panic!("{statuses:?}"),
        };
        let digest = ContentDigest::of(taken);
        expect_blob(&repository, repository.finish(&location, &digest, b""), &digest, taken);
    }
}
