use ureq::http::HeaderValue;

use super::*;

fn refusal(status: u16, content_type: &'static str, body: &str, sent_bytes: u64) -> Failure {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    let status = StatusCode::from_u16(status).unwrap_or_default();
    Failure::Refused(Refusal::read(status, &headers, body.as_bytes(), sent_bytes))
}

#[test]
fn larders_own_error_is_shown_as_it_is() {
    let body = r#"{"error":{"code":"conflict","message":"zlib is stored with other bytes","next":"Remove it first."}}"#;
    let failure = refusal(409, "application/json", body, 10);
    assert_eq!(failure.to_string(), "zlib is stored with other bytes (HTTP 409)");
    assert_eq!(failure.next(), Some("Remove it first."));
    assert_eq!(failure.code(), Some(ErrorCode::Conflict));
    assert!(!failure.is_transient() && !failure.concerns_all());
}

#[test]
fn a_code_of_a_newer_larder_keeps_its_message() {
    let failure = refusal(422, "application/json", r#"{"error":{"code":"brand_new","message":"no"}}"#, 0);
    assert_eq!((failure.to_string().as_str(), failure.code()), ("no (HTTP 422)", None));
}

#[test]
fn answers_of_others_are_described() {
    for (status, content_type, body, message, next) in [
        (502, "text/html", "<html>bad</html>", "the server answered Bad Gateway (HTTP 502)", None),
        (503, "text/plain", "busy\nmore", "the server answered Service Unavailable: busy (HTTP 503)", None),
        (404, "text/html", "<html>", "the server answered Not Found (HTTP 404)", Some("this may not be a Larder")),
        (401, "", "", "the server answered Unauthorized (HTTP 401)", Some("--token")),
        (301, "", "", "the server redirects to somewhere else (HTTP 301)", Some("address")),
        (500, "application/json", "{\"error\":", "the server answered Internal Server Error (HTTP 500)", None),
        (500, "text/plain", "", "the server answered Internal Server Error (HTTP 500)", None),
    ] {
        let failure = refusal(status, content_type, body, 0);
        assert_eq!(failure.to_string(), message);
        assert_eq!(failure.next().is_some(), next.is_some(), "{status}");
        assert!(failure.next().unwrap_or_default().contains(next.unwrap_or_default()), "{status}: {failure:?}");
    }
}

#[test]
fn a_body_the_edge_refuses_is_explained() {
    let failure = refusal(413, "text/html", "<html>", 150_000_000);
    let message = "150000000 bytes are more than the server's host takes in one request (HTTP 413)";
    assert_eq!(failure.to_string(), message);
    assert!(failure.next().unwrap_or_default().contains("100 MB"));
    assert!(!failure.is_transient() && !failure.concerns_all());
}

#[test]
fn what_concerns_one_package_does_not_end_the_push() {
    let larder = |status, code| {
        refusal(status, "application/json", &format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#), 0)
    };
    for (failure, concerns_all) in [
        (larder(401, "unauthorized"), true),
        (larder(403, "forbidden"), true),
        (larder(404, "mirror_unknown"), true),
        (larder(404, "not_found"), false),
        (larder(409, "conflict"), false),
        (larder(422, "document_invalid"), false),
        (refusal(405, "text/html", "", 0), true),
        (refusal(500, "text/html", "", 0), false),
        (Failure::from(ureq::Error::HostNotFound), true),
        (Failure::from(ureq::Error::Io(io::ErrorKind::ConnectionReset.into())), false),
    ] {
        assert_eq!(failure.concerns_all(), concerns_all, "{failure:?}");
    }
}

#[test]
fn connections_are_worth_another_try_and_certificates_are_not() {
    for (error, transient) in [
        (ureq::Error::HostNotFound, true),
        (ureq::Error::Io(io::ErrorKind::ConnectionRefused.into()), true),
        (ureq::Error::Io(io::ErrorKind::BrokenPipe.into()), true),
        (ureq::Error::Timeout(Timeout::PerCall), true),
        (ureq::Error::Io(io::ErrorKind::InvalidData.into()), false),
        (ureq::Error::BadUri("x".to_owned()), false),
    ] {
        let failure = Failure::from(error);
        assert_eq!(failure.is_transient(), transient, "{failure:?}");
    }
}
