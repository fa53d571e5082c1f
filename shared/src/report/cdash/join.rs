//! The documents of a build, joined: same project, site, build name and stamp.

use std::collections::HashMap;

use super::{Part, Phase, Submission};
use crate::report::{Build, Run, Status};

/// Makes builds of documents, in the order in which their first document stands. A document that
/// stands there twice changes nothing. Cost is linear in the number of documents.
pub fn group(submissions: impl IntoIterator<Item = Submission>) -> Vec<(Run, Build)> {
    let mut builds: Vec<(Run, String, Vec<Part>)> = Vec::new();
    let mut places = HashMap::new();
    for submission in submissions {
        let place = *places.entry(submission.key()).or_insert(builds.len());
        let Submission { run, name, part } = submission;
        match builds.get_mut(place) {
            Some((known, _, parts)) => {
                *known = std::mem::take(known).or(run);
                put(parts, part);
            }
            None => builds.push((run, name, vec![part])),
        }
    }
    builds.into_iter().map(|(run, name, parts)| (run, join(&name, &parts))).collect()
}

/// Adds a document to those of its build; one of the same name is replaced.
pub fn put(parts: &mut Vec<Part>, part: Part) {
    parts.retain(|known| std::mem::discriminant(known) != std::mem::discriminant(&part));
    parts.push(part);
}

/// The build called `name`, of which `parts` are known, one of each name at most.
pub fn join(name: &str, parts: &[Part]) -> Build {
    let of = |is: fn(&Part) -> bool| parts.iter().find(|part| is(part)).map(Part::phase);
    let configure = of(|part| matches!(part, Part::Configure(_)));
    let compiled = of(|part| matches!(part, Part::Build(_)));
    let tests = of(|part| matches!(part, Part::Testing(_)));
    let update = of(|part| matches!(part, Part::Update(_)));
    // Of a package whose dependency broke, Spack sends the dependency's log under the package's name.
    let logged = [configure, compiled].into_iter().flatten().find_map(|phase| phase.package.as_deref());
    let command = [configure, compiled].into_iter().flatten().find_map(|phase| phase.command.as_deref());
    let asked = asked(name, command.unwrap_or_default());
    let package = match (package_of(asked), logged) {
        // `spack install /hash`, or of an environment, asks for nothing by name.
        ("", logged) => logged.unwrap_or("unknown"),
        // `spack install zlib hdf5`, where only one of them was built.
        (_, Some(logged)) if asked.split_whitespace().any(|word| package_of(word) == logged) => logged,
        (package, _) => package,
    };
    let logged = logged.unwrap_or(package);
    let in_order = [configure, compiled, tests, update];
    let failure = in_order.into_iter().flatten().find_map(|phase| phase.failure.clone());
    let failure = failure.map(|failure| failure.of_package(logged));

    let phase = match (&failure, tests, compiled, configure) {
        (Some(failure), ..) => failure.phase.as_deref(),
        (_, Some(_), ..) => Some("test"),
        (_, _, Some(_), _) => Some("build"),
        (.., Some(_)) => Some("configure"),
        _ => None,
    };
    let time = |of: fn(&Phase) -> Option<_>| [compiled, configure, tests].into_iter().flatten().find_map(of);
    let started = time(|phase| phase.started);
    let ended = time(|phase| phase.ended);
    let mut build = Build {
        package: package.to_owned(),
        spec: tested(asked).map_or_else(|| asked.to_owned(), |(name, hash)| format!("{name} /{hash}")),
        hash: hash_of(name).map(str::to_owned),
        phase: phase.map(str::to_owned),
        status: Status::Unknown,
        failure,
        started,
        took_millis: ended.zip(started).map(|(end, start)| end.as_millis().saturating_sub(start.as_millis())),
        warnings: compiled.map_or(0, |phase| phase.warnings),
    };
    build.status = match &build.failure {
        Some(failure) => failure.status_of(&build.package),
        None if tests.is_some_and(|tests| tests.has_passed) => Status::Built,
        None => Status::Unknown,
    };
    build
}

/// What was asked for: what the build is called, which is the command unless `--cdash-build` says
/// otherwise, then the command.
pub(super) fn asked<'a>(build_name: &'a str, command: &'a str) -> &'a str {
    let spec = spec_of(build_name);
    let names_package = spec.len() < build_name.trim().len() || hash_of(build_name).is_some();
    if names_package || command.is_empty() { spec } else { command }
}

/// The build's name, without the command's other packages.
fn spec_of(build_name: &str) -> &str {
    build_name.rsplit_once(" - ").map_or(build_name, |(_, package)| package).trim()
}

/// The hash in a build's name: `hdf5@1%gcc hash=… (group)`, or `hdf5-<hash>` of `spack test run`.
fn hash_of(build_name: &str) -> Option<&str> {
    let word = build_name.split_whitespace().find_map(|word| word.strip_prefix("hash="));
    word.or_else(|| tested(spec_of(build_name)).map(|(_, hash)| hash))
}

/// The package and the hash of `hdf5-gkchgkp…`.
fn tested(spec: &str) -> Option<(&str, &str)> {
    let (name, hash) = spec.rsplit_once('-')?;
    let is_hash = hash.len() == 32 && hash.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    (is_hash && !name.is_empty() && !name.contains(char::is_whitespace)).then_some((name, hash))
}

/// The package a build is named after: `hdf5@1.14 +mpi`, `app - hdf5`, `hdf5@1%gcc hash=… (group)`.
pub(super) fn package_of(build_name: &str) -> &str {
    let spec = spec_of(build_name);
    if let Some((name, _)) = tested(spec) {
        return name;
    }
    let end = spec.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(spec.len());
    &spec[..end]
}
