//! The documents of a build, joined: same project, site, build name and stamp.

use super::{ConfigurePart, Part, Submission, TestResult};
use crate::report::{Build, Failure, Kind, Run, Status, log::LogReader};

/// Makes builds of documents, in the order in which their first document stands. A document that
/// stands there twice changes nothing.
pub fn group(submissions: impl IntoIterator<Item = Submission>) -> Vec<Build> {
    let mut builds: Vec<(Run, Vec<Part>)> = Vec::new();
    for Submission { run, part } in submissions {
        match builds.iter_mut().find(|(known, _)| is_same_build(known, &run)) {
            Some((known, parts)) => {
                known.generator = known.generator.take().or(run.generator);
                known.revision = known.revision.take().or(run.revision);
                parts.retain(|known| std::mem::discriminant(known) != std::mem::discriminant(&part));
                parts.push(part);
            }
            None => builds.push((run, vec![part])),
        }
    }
    builds.into_iter().map(|(run, parts)| build(run, &parts)).collect()
}

/// Whether two documents belong to one build.
pub fn is_same_build(one: &Run, other: &Run) -> bool {
    one.project == other.project
        && one.site == other.site
        && one.build_name == other.build_name
        && one.stamp == other.stamp
}

fn build(run: Run, parts: &[Part]) -> Build {
    let spec = run.build_name.clone().unwrap_or_default();
    let package = package_of(&spec).to_owned();
    let configure = parts.iter().find_map(|part| if let Part::Configure(part) = part { Some(part) } else { None });
    let compiled = parts.iter().find_map(|part| if let Part::Build(part) = part { Some(part) } else { None });
    // Of a package whose dependency broke, Spack sends the dependency's log under the package's name.
    let built = configure.and_then(ConfigurePart::package).unwrap_or(&package).to_owned();
    let tests = parts.iter().find_map(|part| if let Part::Testing(tests) = part { Some(tests) } else { None });

    let configure_failure = configure.and_then(|part| part.failure(&built)).map(|failure| {
        let phase = match failure.kind {
            Kind::Fetch | Kind::Checksum => "fetch",
            Kind::Patch => "patch",
            _ => "configure",
        };
        Failure { phase: Some(phase.to_owned()), ..failure }
    });
    let failure = configure_failure
        .or_else(|| Some(Failure { phase: Some("build".to_owned()), ..compiled?.failure(&built)? }))
        .or_else(|| tests?.iter().find(|test| test.status == "failed").map(|test| test_failure(test, &built)))
        .or_else(|| {
            let message = parts
                .iter()
                .find_map(|part| if let Part::Update(message) = part { message.as_deref() } else { None })?;
            Some(Failure {
                phase: Some("concretize".to_owned()),
                kind: Kind::Recipe,
                ..Failure::unexplained(&built, message, 1)
            })
        });
    let has_passed = tests.is_some_and(|tests| tests.iter().any(|test| test.status == "passed"));
    let phase = match (&failure, tests, compiled, configure) {
        (Some(failure), ..) => failure.phase.as_deref(),
        (_, Some(_), ..) => Some("test"),
        (_, _, Some(_), _) => Some("build"),
        (.., Some(_)) => Some("configure"),
        _ => None,
    };
    let phase = phase.map(str::to_owned);
    let started =
        compiled.and_then(|part| part.started_at_seconds).or(configure.and_then(|part| part.started_at_seconds));
    let ended = compiled.and_then(|part| part.ended_at_seconds).or(configure.and_then(|part| part.ended_at_seconds));
    Build {
        package,
        hash: spec.split_whitespace().find_map(|word| word.strip_prefix("hash=")).map(str::to_owned),
        spec,
        phase,
        status: match failure {
            Some(_) => Status::Failed,
            None if has_passed => Status::Passed,
            None => Status::Unknown,
        },
        failure,
        started_at_seconds: started,
        took_millis: ended.zip(started).map(|(end, start)| end.saturating_sub(start).saturating_mul(1_000)),
        warnings: compiled.map_or(0, |part| part.warnings.len() as u64),
        run,
    }
}

fn test_failure(test: &TestResult, package: &str) -> Failure {
    let mut reader = LogReader::of_package(package);
    reader.push(test.output.as_bytes());
    let failure = reader.finish().failure.unwrap_or_else(|| Failure::unexplained(package, &test.name, 1));
    Failure { phase: Some("test".to_owned()), kind: Kind::Test, ..failure }
}

/// The package a build is named after: `hdf5@1.14 +mpi`, `app - hdf5`, `hdf5@1%gcc hash=… (group)`.
fn package_of(build_name: &str) -> &str {
    let spec = build_name.rsplit_once(" - ").map_or(build_name, |(_, package)| package).trim_start();
    let end = spec.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(spec.len());
    &spec[..end]
}
