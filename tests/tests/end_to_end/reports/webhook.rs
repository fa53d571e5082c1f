//! Webhooks: signed, tried again, and sent nowhere they could do harm.

use std::{
    collections::BTreeSet,
    io::Write,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use larder_shared::{
    api::{
        ErrorCode, Mirror, Webhook,
        webhook::{Event, FailureNotice},
    },
    report::Status,
    webhook::MAX_WAITING,
};
use larder_tests::{
    http::Answer,
    larder::{ADMIN, Larder},
    receiver::{Received, Receiver, Reply},
    reports::submissions,
    wait,
};
use serde_json::{Value, json};

use super::one;

/// Webhooks of this machine, and short waits.
const LOCAL: [(&str, &str); 2] = [("LARDER_LOCAL_WEBHOOKS", "on"), ("LARDER_WEBHOOK_RETRY_SECONDS", "1")];

fn larder() -> Larder {
    let larder = Larder::start_with(&LOCAL);
    larder.make_mirror(&json!({ "name": "m" }));
    larder
}

fn change(larder: &Larder, change: &Value) -> Answer {
    larder.ask("PATCH", "/api/v1/mirrors/m").body(change.to_string().as_bytes()).token(ADMIN).send()
}

/// Sets the webhook; its secret.
fn set(larder: &Larder, url: &str) -> String {
    let mirror: Mirror = change(larder, &json!({ "webhook": url })).expect(200).json();
    mirror.webhook.unwrap().secret.unwrap()
}

fn webhook(larder: &Larder) -> Option<Webhook> {
    larder.get("/api/v1/mirrors/m").token(ADMIN).send().expect(200).json::<Mirror>().webhook
}

fn fail(larder: &Larder, run: u64, package: &str, error: &str) {
    larder.report("m", &one(run, package, Status::Failed, Some(error)));
}

/// What OpenSSL says the signature is.
fn hmac(secret: &str, text: &str) -> String {
    let mut command = Command::new("openssl");
    command.args(["dgst", "-sha256", "-hmac", secret]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    output.trim().rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn a_failure_is_told_once_signed_and_again_when_it_is_back() {
    let (larder, receiver) = (larder(), Receiver::start(|_, _| Reply::Status(204)));
    let secret = set(&larder, &receiver.url());
    assert!(secret.starts_with("lrdw_") && secret.len() > 40, "{secret}");
    let shown = webhook(&larder).unwrap();
    assert_eq!((shown.url, shown.secret, shown.last, shown.waiting), (receiver.url(), None, None, 0));
    assert_eq!(larder.api::<Mirror>("mirrors/m").webhook, None, "it is for those who may change the mirror");

    fail(&larder, 1, "hdf5", "'x' undeclared");
    fail(&larder, 2, "hdf5", "'x' undeclared");
    let first = receiver.wait_for(1).remove(0);
    let notice: FailureNotice = first.json();
    let failure = larder.failures("m").remove(0);
    assert_eq!((first.request.as_str(), first.header("content-type")), ("POST /hook", "application/json"));
    assert_eq!((first.header("larder-event"), notice.event), ("failure.new", Event::New));
    assert_eq!(first.header("larder-delivery"), notice.id);
    let time: u64 = first.header("larder-timestamp").parse().unwrap();
    assert!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().abs_diff(time) < 60, "{time}");
    let signed = format!("{time}.{}", first.body);
    assert_eq!(first.header("larder-signature"), format!("sha256={}", hmac(&secret, &signed)));
    assert_eq!((notice.mirror.as_str(), &notice.failure.signature), ("m", &failure.signature));
    assert_eq!((notice.failure.message.as_str(), notice.build.package.as_str()), ("'x' undeclared", "hdf5"));
    assert_eq!(notice.run.as_deref(), Some("https://github.com/o/r/actions/runs/1"));
    assert_eq!(notice.page, format!("http://{}/m/m/-/failures/{}", larder.address(), failure.signature));
    let last = wait::until("its delivery is noted", || webhook(&larder)?.last);
    assert_eq!(
        (last.id, last.status, last.problem, last.next, last.tries),
        (notice.id.clone(), Some(204), None, None, 1)
    );

    larder.report("m", &one(3, "hdf5", Status::Built, None));
    fail(&larder, 4, "hdf5", "'x' undeclared");
    let second = receiver.wait_for(2).remove(1);
    let again: FailureNotice = second.json();
    assert_eq!((second.header("larder-event"), again.event), ("failure.returned", Event::Returned));
    assert_eq!(again.failure.signature, failure.signature);
    assert_ne!(again.id, notice.id);
    wait::until("nothing waits", || (webhook(&larder)?.waiting == 0).then_some(()));
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn a_delivery_that_fails_is_tried_again_and_a_redirect_is_not_followed() {
    let larder = larder();
    let receiver = Receiver::start(|_, count| match count {
        0 => Reply::Status(500),
        1 => Reply::Redirect("/elsewhere"),
        _ => Reply::Status(200),
    });
    set(&larder, &receiver.url());
    fail(&larder, 1, "hdf5", "'x' undeclared");
    let problem = |tries| {
        wait::until("the try is noted", || {
            let webhook = webhook(&larder)?;
            let last = webhook.last.filter(|last| last.tries == tries)?;
            Some((last.problem, last.next.is_some(), webhook.waiting))
        })
    };
    assert_eq!(problem(1), (Some("answered 500".into()), true, 1));
    assert_eq!(problem(2), (Some("answered 302; redirects are not followed".into()), true, 1));
    assert_eq!(problem(3), (None, false, 0));
    let received = receiver.received();
    assert_eq!(received.len(), 3);
    for one in &received {
        assert_eq!(one.request, "POST /hook");
        assert_eq!(
            (&one.body, one.header("larder-delivery")),
            (&received[0].body, received[0].header("larder-delivery"))
        );
    }
}

#[test]
fn a_silent_receiver_holds_nothing_up() {
    let larder = larder();
    let is_slow = |received: &Received| received.json::<FailureNotice>().build.package == "slow";
    let is_awake = Arc::new(AtomicBool::new(false));
    let awake = is_awake.clone();
    let receiver = Receiver::start(move |received, _| match is_slow(received) && !awake.load(Ordering::SeqCst) {
        true => Reply::Silence,
        false => Reply::Status(200),
    });
    set(&larder, &receiver.url());
    let mut report = one(1, "slow", Status::Failed, Some("'x' undeclared"));
    report["builds"]
        .as_array_mut()
        .unwrap()
        .extend(one(1, "quick", Status::Failed, Some("no such thing"))["builds"].as_array().unwrap().iter().cloned());
    larder.report("m", &report);
    receiver.wait_for(2);
    let tries = || receiver.received().iter().filter(|one| is_slow(one)).count();
    // From before to after, the same delivery waits for its answer.
    let meanwhile = |what: &str, work: &dyn Fn()| {
        wait::until(what, || {
            let before = (receiver.silent(), tries());
            work();
            (before.0 == 1 && (receiver.silent(), tries()) == before).then_some(())
        });
    };
    meanwhile("the mirror answers meanwhile", &|| assert!(webhook(&larder).is_some()));
    meanwhile("reports are taken meanwhile", &|| fail(&larder, 2, "other", "third thing"));
    wait::until("it is noted", || {
        let last = webhook(&larder)?.last.filter(|last| last.problem.is_some())?;
        assert_eq!((last.status, last.problem.as_deref()), (None, Some("did not answer within 10 s")));
        Some(())
    });
    is_awake.store(true, Ordering::SeqCst);
    wait::until("all have arrived", || (webhook(&larder)?.waiting == 0).then_some(()));
    let packages: BTreeSet<_> =
        receiver.received().iter().map(|one| one.json::<FailureNotice>().build.package).collect();
    assert_eq!(packages, ["other", "quick", "slow"].map(String::from).into());
}

#[test]
fn what_does_not_last_is_not_told() {
    let (larder, receiver) = (larder(), Receiver::start(|_, _| Reply::Status(200)));
    set(&larder, &receiver.url());
    fail(&larder, 1, "hdf5", "'x' undeclared");
    larder.report("m", &one(2, "hdf5", Status::Built, None));
    assert_eq!(webhook(&larder).unwrap().waiting, 1);
    wait::until("it is dropped", || (webhook(&larder)?.waiting == 0).then_some(()));
    assert!(receiver.received().is_empty() && webhook(&larder).unwrap().last.is_none());
}

#[test]
fn what_spack_reports_in_many_documents_is_told_once_a_failure() {
    let (larder, receiver) = (larder(), Receiver::start(|_, _| Reply::Status(200)));
    set(&larder, &receiver.url());
    for submission in submissions() {
        larder.submit("m", &submission, ADMIN).expect(200);
    }
    wait::until("all were told", || (webhook(&larder)?.waiting == 0).then_some(()));
    let mut told: Vec<_> =
        receiver.received().iter().map(|one| one.json::<FailureNotice>().failure.signature).collect();
    let mut failing: Vec<_> = larder.failures("m").into_iter().map(|failure| failure.signature).collect();
    told.sort();
    failing.sort();
    assert_eq!(told, failing);
    assert!(told.len() > 3, "{told:?}");
}

#[test]
fn a_delivery_that_never_arrives_is_given_up() {
    let larder = Larder::start_with(&[LOCAL[0], ("LARDER_WEBHOOK_RETRY_SECONDS", "0")]);
    larder.make_mirror(&json!({ "name": "m" }));
    let receiver = Receiver::start(|_, _| Reply::Status(404));
    set(&larder, &receiver.url());
    fail(&larder, 1, "hdf5", "'x' undeclared");
    let last = wait::until("it is given up", || webhook(&larder)?.last.filter(|last| last.next.is_none()));
    assert_eq!((last.tries, last.status, last.problem.as_deref()), (10, Some(404), Some("answered 404")));
    assert_eq!((webhook(&larder).unwrap().waiting, receiver.received().len()), (0, 10));
}

#[test]
fn only_so_many_deliveries_wait() {
    let (larder, receiver) = (larder(), Receiver::start(|_, _| Reply::Status(200)));
    set(&larder, &receiver.url());
    let words = |number: u64| number.to_string().chars().map(|c| char::from(b'a' + c as u8 - b'0')).collect::<String>();
    let mut report = one(1, "first", Status::Failed, Some("first"));
    for number in 1..MAX_WAITING + 20 {
        let package = format!("p-{}", words(number));
        let error = format!("'{}' undeclared", words(number));
        report["builds"]
            .as_array_mut()
            .unwrap()
            .push(one(1, &package, Status::Failed, Some(&error))["builds"][0].clone());
    }
    larder.report("m", &report);
    let shown = webhook(&larder).unwrap();
    assert_eq!((shown.waiting, shown.left_out), (MAX_WAITING, 20));
    wait::until("all that waited were sent", || (webhook(&larder)?.waiting == 0).then_some(()));
    let mut ids: Vec<_> = receiver.received().iter().map(|one| one.json::<FailureNotice>().id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len() as u64, MAX_WAITING);
}

#[test]
fn deliveries_outlast_a_power_cut_and_end_with_the_webhook() {
    let (mut larder, receiver) = (larder(), Receiver::start(|_, _| Reply::Status(503)));
    set(&larder, &receiver.url());
    fail(&larder, 1, "hdf5", "'x' undeclared");
    larder.kill_and_restart();
    larder.run_schedule();
    let first = receiver.wait_for(1).remove(0);
    // Where it is not allowed any more, nothing is sent.
    larder.restart_with(&[("LARDER_LOCAL_WEBHOOKS", "off")]);
    larder.run_schedule();
    let last = wait::until("it is refused", || webhook(&larder)?.last.filter(|last| last.status.is_none()));
    assert_eq!(last.problem.as_deref(), Some("the webhook's url does not begin with `https://`"));
    larder.restart_with(&LOCAL);
    // A new receiver is told at once what waits, signed with the new secret.
    let other = Receiver::start(|_, _| Reply::Status(503));
    let secret = set(&larder, &other.url());
    let told = other.wait_for(1).remove(0);
    assert_eq!((&told.body, told.header("larder-delivery")), (&first.body, first.header("larder-delivery")));
    let signed = format!("{}.{}", told.header("larder-timestamp"), told.body);
    assert_eq!(told.header("larder-signature"), format!("sha256={}", hmac(&secret, &signed)));
    let mirror: Mirror = change(&larder, &json!({ "webhook": "" })).expect(200).json();
    assert_eq!(mirror.webhook, None);
    set(&larder, &other.url());
    assert_eq!(webhook(&larder).unwrap().waiting, 0);
}

#[test]
fn a_webhook_leads_only_to_public_names() {
    let larder = Larder::start();
    larder.make_mirror(&json!({ "name": "m" }));
    for (url, reason) in [
        ("http://ci.example.org/hook", "does not begin with `https://`"),
        ("http://127.0.0.1:8080/hook", "does not begin with `https://`"),
        ("https://127.0.0.1/hook", "has an address for its host"),
        ("https://2130706433/", "has an address for its host"),
        ("https://0x7f.1/", "has an address for its host"),
        ("https://0177.0.0.1/", "has an address for its host"),
        ("https://169.254.169.254/latest/meta-data/", "has an address for its host"),
        ("https://[::1]/", "has an address for its host"),
        ("https://127.0.0.1./", "ends with a dot"),
        ("https://localhost/", "of this machine or of a private network"),
        ("https://metadata.google.internal/", "of this machine or of a private network"),
        ("https://printer.local/", "of this machine or of a private network"),
        ("https://me:secret@ci.example.org/", "has a user or a password"),
        ("https://ci.example.org:22/", "has a port that is neither"),
        ("https://ci.example.org\\@127.0.0.1/", "has a character that stands in no URL"),
        ("gopher://ci.example.org/", "does not begin with `https://`"),
    ] {
        let error = change(&larder, &json!({ "webhook": url, "private": true })).expect_error(400);
        assert_eq!(error.code, ErrorCode::RequestInvalid);
        assert!(error.message.contains(reason), "{url}: {error:?}");
    }
    // Nothing of such a request is done.
    assert!(!larder.api::<Mirror>("mirrors/m").private && webhook(&larder).is_none());
    set(&larder, "https://ci.example.org/hook");
    let token = larder.make_token(&json!({ "name": "t", "scopes": ["push", "report"], "mirrors": ["m"] })).secret;
    let ask = larder.ask("PATCH", "/api/v1/mirrors/m").body(br#"{"webhook":"https://evil.example/"}"#).token(&token);
    assert_eq!(ask.send().expect_error(403).code, ErrorCode::Forbidden);
    assert_eq!(webhook(&larder).unwrap().url, "https://ci.example.org/hook");
}
