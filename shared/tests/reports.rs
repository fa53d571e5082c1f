//! The reports Spack 0.23 sent for seven packages, six of which do not build.

#![expect(clippy::unwrap_used, reason = "a test that unwraps fails with a clear message")]

use std::{fs, path::PathBuf};

use larder_shared::report::{
    Build, Failure, Kind, ReportError, Run, Status,
    cdash::{self, Submission},
    junit,
};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/reports").join(name)
}

fn submissions() -> Vec<Submission> {
    let mut paths: Vec<_> = fs::read_dir(folder("cdash")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let is_xml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "xml");
    let parse = |path| Submission::parse("user-environment", &fs::read(path).unwrap()).unwrap();
    paths.into_iter().filter(is_xml).map(parse).collect()
}

fn group(submissions: impl IntoIterator<Item = Submission>) -> Vec<Build> {
    cdash::group(submissions).into_iter().map(|(_, build)| build).collect()
}

fn run_of(submissions: Vec<Submission>, package: &str) -> Run {
    cdash::group(submissions).into_iter().find(|(_, build)| build.package == package).unwrap().0
}

fn build_of<'a>(builds: &'a [Build], package: &str) -> &'a Build {
    builds.iter().find(|build| build.package == package).unwrap()
}

fn cases(xml: &[u8]) -> Vec<Build> {
    junit::parse(xml).unwrap().into_iter().map(|case| case.build).collect()
}

#[test]
fn recorded_submissions_become_seven_builds() {
    let all = submissions();
    assert_eq!(all.len(), 19);
    let builds = group(all);
    assert_eq!(builds.len(), 7);
    for (package, phase, kind, file, line) in [
        ("syntax-error", "build", Kind::Compile, Some("solver.c"), Some(4)),
        ("missing-header", "build", Kind::MissingHeader, Some("io.c"), Some(1)),
        ("link-error", "build", Kind::UndefinedReference, Some("blas.c"), None),
        ("configure-fails", "configure", Kind::Configure, None, None),
        ("app-on-broken", "build", Kind::Compile, Some("solver.c"), Some(4)),
        ("fetch-fails", "fetch", Kind::Fetch, None, None),
    ] {
        let build = build_of(&builds, package);
        let failure = build.failure.as_ref().unwrap();
        let is_blocked = package == "app-on-broken";
        assert_eq!(build.status, if is_blocked { Status::Blocked } else { Status::Failed });
        assert_eq!(build.phase.as_deref(), Some(phase));
        assert_eq!((failure.kind, failure.file.as_deref(), failure.line), (kind, file, line), "{package}");
    }
    let healthy = build_of(&builds, "hello-larder");
    assert_eq!((healthy.status, &healthy.failure), (Status::Unknown, &None));
    assert_eq!(healthy.started.unwrap().to_string(), "2026-11-20T16:06:21Z");
    let run = run_of(submissions(), "hello-larder");
    assert_eq!(run.site.as_deref(), Some("gha-ubuntu-22.04"));
    assert!(run.revision.as_deref().is_some_and(|revision| revision.starts_with("249598ff")));
}

#[test]
fn documents_sent_twice_make_the_same_builds() {
    let once = group(submissions());
    assert_eq!(group(submissions().into_iter().chain(submissions())), once);
    assert_eq!(group(submissions().into_iter().rev()).len(), 7);
}

#[test]
fn what_broke_is_the_dependency() {
    let builds = group(submissions());
    let (app, broken) = (build_of(&builds, "app-on-broken"), build_of(&builds, "syntax-error"));
    assert_eq!(app.broken_dependency(), Some("syntax-error"));
    assert_eq!(broken.broken_dependency(), None);
    let signature = |build: &Build| build.failure.as_ref().unwrap().signature.clone();
    assert_eq!(signature(app), signature(broken));
}

#[test]
fn the_build_log_alone_tells_whose_it_is() {
    let hash = "may6iglbtmjelrvuydccv2vgodtdplms";
    for before in [
        "build output for base-lib:",
        &format!("cc -c /tmp/u/spack-stage/spack-stage-base-lib-1.0-{hash}/spack-src/a.c"),
    ] {
        let xml = format!(
            "<Site BuildName=\"top\"><Build><Error><BuildLogLine>2</BuildLogLine><Text>a.c:3:1: error: no</Text>\
             <PreContext>{before}</PreContext></Error></Build></Site>"
        );
        let build = group([Submission::parse("m", xml.as_bytes()).unwrap()]).remove(0);
        assert_eq!((build.status, build.broken_dependency()), (Status::Blocked, Some("base-lib")), "{before}");
    }
}

#[test]
fn errors_escaped_twice_are_read_as_written() {
    let builds = group(submissions());
    let failure = build_of(&builds, "syntax-error").failure.as_ref().unwrap();
    assert_eq!(failure.message, "expected ',' or ';' before 'for'");
    assert_eq!(failure.log_line, Some(5));
    assert!(failure.excerpt.lines.iter().any(|line| line.contains("i < n")), "{:?}", failure.excerpt);
    assert_eq!(failure.excerpt.lines[failure.excerpt.error], "solver.c:4:3: error: expected ',' or ';' before 'for'");
}

#[test]
fn cdash_junit_and_log_agree() {
    let builds = group(submissions());
    for package in ["syntax-error", "missing-header", "link-error", "configure-fails"] {
        let by_cdash = build_of(&builds, package).failure.as_ref().unwrap();
        let cases = cases(&fs::read(folder(&format!("junit/{package}.xml"))).unwrap());
        let case = build_of(&cases, package);
        let by_junit = case.failure.as_ref().unwrap();
        let by_log = Failure::in_log(&fs::read(folder(&format!("logs/{package}.txt"))).unwrap()).unwrap();
        for other in [by_junit, &by_log] {
            assert_eq!(by_cdash.signature, other.signature, "{package}: {by_cdash:?} {other:?}");
            assert_eq!((by_cdash.kind, &by_cdash.file, by_cdash.line), (other.kind, &other.file, other.line));
        }
        assert_eq!(by_junit.log_line, by_log.log_line);
        assert_eq!(case.status, Status::Failed);
        assert_eq!(cases.iter().filter(|case| case.status == Status::Reused).count(), cases.len() - 1);
    }
}

#[test]
fn hostile_documents_are_refused_or_read_plainly() {
    let parse = |xml: &str| Submission::parse("m", xml.as_bytes());
    let bomb =
        "<!DOCTYPE a [<!ENTITY b \"&c;&c;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]><Site><Build>&b;</Build></Site>";
    assert!(matches!(parse(bomb), Err(ReportError::DocumentType)));
    assert!(matches!(junit::parse(bomb.as_bytes()), Err(ReportError::DocumentType)));
    let deep = "<Site>".to_owned() + &"<a>".repeat(1_000);
    assert!(matches!(parse(&deep), Err(ReportError::TooLarge)));
    let wide = "<Site><Build>".to_owned() + &"<a/>".repeat(300_000);
    assert!(matches!(parse(&wide), Err(ReportError::TooLarge)));
    for cut in ["", "<Site>", "<Site><Build><Error>", "<Site></Site>", "<Site", "<Site></Build>", "no XML"] {
        assert!(parse(cut).is_err(), "{cut}");
        assert!(junit::parse(cut.as_bytes()).is_err(), "{cut}");
    }
    assert!(matches!(parse("<html></html>"), Err(ReportError::Unknown(root)) if root == "html"));

    // Unknown entities stay as they are written; NULs and broken UTF-8 do no harm.
    let odd =
        b"<Site Name=\"a&b\xff\" BuildName=\"x &unknown; <\"><Configure><Log>\0&unknown;\xff &#0; a & b &#60;</Log>\
        <ConfigureStatus>1</ConfigureStatus></Configure></Site>";
    let build = group([Submission::parse("m", odd).unwrap()]).remove(0);
    assert_eq!(build.status, Status::Failed);
    assert!(build.failure.unwrap().message.contains("&unknown;"));
}

#[test]
fn a_build_with_a_name_of_its_own_is_of_the_package_that_was_asked_for() {
    let build = |name: &str, command: &str, logged: &str| {
        let xml = format!(
            "<Site BuildName=\"{name}\"><Build><BuildCommand>{command}</BuildCommand><Error><BuildLogLine>2</BuildLogLine>\
             <Text>a.c:3:1: error: no</Text><PreContext>build output for {logged}:</PreContext></Error></Build></Site>"
        );
        let build = group([Submission::parse("p", xml.as_bytes()).unwrap()]).remove(0);
        (build.package, build.spec, build.status)
    };
    let of = |package: &str, spec: &str, status| (package.to_owned(), spec.to_owned(), status);
    assert_eq!(build("nightly", "hdf5 +mpi", "hdf5"), of("hdf5", "hdf5 +mpi", Status::Failed));
    assert_eq!(build("nightly", "hdf5", "zlib"), of("hdf5", "hdf5", Status::Blocked));
    assert_eq!(build("nightly - zlib", "hdf5", "zlib"), of("zlib", "zlib", Status::Failed));
    assert_eq!(build("cmake hdf5", "cmake hdf5", "hdf5"), of("hdf5", "cmake hdf5", Status::Failed));
    assert_eq!(build("nightly", "/abc", "hdf5"), of("hdf5", "/abc", Status::Failed));
}

#[test]
fn what_proves_nothing_is_unknown_and_tests_prove_something() {
    let of = |parts: &[&str]| {
        let site = |part: &&str| format!("<Site Name=\"s\" BuildName=\"a - b@1 +x\" BuildStamp=\"t\">{part}</Site>");
        group(parts.iter().map(|part| Submission::parse("m", site(part).as_bytes()).unwrap())).remove(0)
    };
    let build = of(&["<Build></Build>"]);
    assert_eq!((build.status, build.package.as_str()), (Status::Unknown, "b"));
    let test = |status: &str| {
        format!(
            "<Testing><Test Status=\"{status}\"><Name>t1</Name><Results><Measurement>\
             <Value>a.c:1:2: error: x</Value></Measurement></Results></Test></Testing>"
        )
    };
    assert_eq!(of(&["<Build></Build>", &test("passed")]).status, Status::Built);
    let failed = of(&[&test("passed"), &test("failed")]);
    assert_eq!((failed.status, failed.failure.unwrap().kind), (Status::Failed, Kind::Test));

    let hash = "y6s2wgb4cxt2pyt3aspzvlt6jg6x5zvl";
    let xml = format!(
        "<Site BuildName=\"py-x-{hash}\" BuildStamp=\"t\" Name=\"s\"><Testing><StartTestTime>1795270384</StartTestTime>\
         <Test Status=\"failed\"><Name>test_bad</Name><Results><Measurement><Value>FAILED: PyX::test_bad: Command exited with \
         status 2:</Value></Measurement></Results></Test></Testing></Site>"
    );
    let tested = group([Submission::parse("m", xml.as_bytes()).unwrap()]).remove(0);
    assert_eq!((tested.package.as_str(), tested.hash.as_deref()), ("py-x", Some(hash)));
    assert_eq!(tested.failure.as_ref().unwrap().message, "PyX::test_bad: Command exited with status 2");
    assert_eq!(tested.started.unwrap().to_string(), "2026-11-21T14:13:04Z");
    assert!(tested.subject().starts_with("test py-x"));

    let update = "<Update><Site>s</Site><BuildName>q</BuildName><UpdateReturnStatus>no such version</UpdateReturnStatus></Update>";
    let build = group([Submission::parse("m", update.as_bytes()).unwrap()]).remove(0);
    assert_eq!((build.status, build.phase.as_deref()), (Status::Failed, Some("concretize")));
}

#[test]
fn errors_no_rule_explains_are_still_failures() {
    let xml = "<Site BuildName=\"b\"><Build><Error><BuildLogLine>9</BuildLogLine><Text>it went &amp;lt;wrong&amp;gt;</Text>\
        </Error></Build></Site>";
    let failure = group([Submission::parse("m", xml.as_bytes()).unwrap()]).remove(0).failure.unwrap();
    assert_eq!((failure.message.as_str(), failure.log_line, failure.kind), ("it went <wrong>", Some(9), Kind::Other));
}

#[test]
fn what_spack_leaves_out_of_a_suite_was_blocked() {
    let hash = "may6iglbtmjelrvuydccv2vgodtdplms";
    let xml = format!(
        "<testsuites><testsuite name=\"top_n4ixueb\" timestamp=\"Sat, 21 Nov 2026 14:06:26\"><properties>\
         <property name=\"compiler\" value=\"gcc@=12.2.0\"/></properties><testcase classname=\"glibc\" name=\"{hash}\" time=\"0.0\">\
         <skipped/></testcase><testcase classname=\"bad-c\" name=\"{hash}\" time=\"0.2\"><failure message=\"x\">ProcessError</failure>\
         <system-out>bad.c:3:11: error: x undeclared\n</system-out></testcase></testsuite></testsuites>"
    );
    let builds = cases(xml.as_bytes());
    assert_eq!(builds.len(), 3);
    let (top, bad) = (build_of(&builds, "top"), build_of(&builds, "bad-c"));
    assert_eq!(
        (top.status, top.broken_dependency(), top.spec.as_str()),
        (Status::Blocked, Some("bad-c"), "top %gcc@12.2.0")
    );
    assert_eq!(top.failure, bad.failure);
}

#[test]
fn a_recipe_that_raises_is_told_by_junit() {
    let xml = "<testsuites><testsuite name=\"a_1\"><testcase classname=\"a\" name=\"h\" time=\"1.5\"><failure message=\"x\">\
        Traceback (most recent call last):\n  File \"/r/packages/a/package.py\", line 7, in install\n    x.y\n\
        AttributeError: &#39;x&#39; object has no attribute &#39;y&#39;\n</failure><system-out>==&gt; a: Executing phase: &#39;install&#39;\n\
        </system-out></testcase><testcase classname=\"b\" name=\"g\" time=\"0\"><system-out>ok</system-out></testcase></testsuite></testsuites>";
    let builds = cases(xml.as_bytes());
    let failure = builds[0].failure.as_ref().unwrap();
    assert_eq!(
        (failure.kind, failure.file.as_deref(), failure.line),
        (Kind::Recipe, Some("/r/packages/a/package.py"), Some(7))
    );
    assert_eq!((builds[0].took_millis, builds[0].phase.as_deref()), (Some(1_500), Some("install")));
    assert_eq!((builds[1].status, builds[1].failure.as_ref()), (Status::Built, None));
}
