//! A site of the action `spack-package-action`: spec files on the site, tarballs in a registry.

use std::{collections::HashSet, fs, path::Path};

use larder_shared::{
    action_cache::{Dates, Manifest},
    layout::{
        LayoutPath,
        v2::{self, Stem, TarballPath},
    },
    package::Package,
};

use super::{Found, Import, Problem, Source, registry, wrong};

/// A package of such a site.
#[derive(Debug, Clone)]
pub(super) struct Place {
    stem: Stem,
    /// `ghcr.io/<org>/<repo>/21.11/build_cache/<stem>.spack:latest`
    image: String,
}

/// The lists of a site; `None` when it is another site.
pub(super) fn lists(import: &Import<'_>) -> Result<Option<(Dates, Manifest)>, Problem> {
    let Some(dates) = import.reader.find(&format!("{}/manifest/dates/", import.from))? else { return Ok(None) };
    // A site of something else may answer anything.
    let Ok(dates) = serde_json::from_slice(&dates) else { return Ok(None) };
    let manifest = import.reader.document(&format!("{}/manifest/", import.from))?;
    Ok(Some((dates, manifest)))
}

/// What such a site lists, each package once.
pub(super) fn list(manifest: &Manifest) -> Result<Vec<Found>, Problem> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    for entry in &manifest.packages {
        let stem = entry.stem().ok_or_else(|| wrong(&format!("`{}` is no name of a package", entry.name)))?;
        let label = stem.as_str().to_owned();
        if seen.insert(label.clone()) {
            found.push(Found { label, source: Source::ActionCache(Place { stem, image: entry.url.clone() }) });
        }
    }
    Ok(found)
}

/// Fetches a package. Its spec file is found by its own name, in any month: what the list says of it is mostly wrong.
pub(super) fn fetch(import: &Import<'_>, dates: &Dates, place: &Place) -> Result<bool, Problem> {
    let Place { stem, image } = place;
    let path = LayoutPath::V2(v2::Path::Spec { stem: stem.clone(), signed: false });
    if import.is_there(&path)? {
        return Ok(false);
    }
    let mut document = None;
    for date in &dates.dates {
        let url = format!("{}/{date}/{}.spec.json", dates.url_prefix.trim_end_matches('/'), stem.as_str());
        document = import.reader.find(&url)?;
        if document.is_some() {
            break;
        }
    }
    let document = document.ok_or_else(|| wrong("no month has its spec file"))?;
    let package = Package::from_spec_file(stem, false, &document).map_err(|error| wrong(&error.to_string()))?;
    let to = LayoutPath::V2(v2::Path::Tarball(TarballPath::of(package.spec.root())));
    let outer = match import.tarballs {
        None => {
            let image = registry::Image::parse(image, import.registry)
                .ok_or_else(|| wrong(&format!("`{image}` is no image of a registry")))?;
            import.image(&image, &package.tarball, &to)?
        }
        Some(source) => {
            // `21.11/build_cache/<stem>.spack`, as in the registry; or all in one folder.
            let below = image.split_once("/build_cache/").and_then(|(front, _)| front.rsplit('/').next());
            let name = format!("{}.spack", stem.as_str());
            let names = [below.map(|month| format!("{month}/build_cache/{name}")), Some(name)];
            from_source(import, source, &names.into_iter().flatten().collect::<Vec<_>>(), &package, &to)?
        }
    };
    let document = if outer { super::with_layout_1(&document) } else { document };
    import.put(&path, &document)?;
    Ok(true)
}

/// Takes a tarball from the folder or the site that was given for them.
fn from_source(
    import: &Import<'_>,
    source: &str,
    names: &[String],
    package: &Package,
    to: &LayoutPath,
) -> Result<bool, Problem> {
    let is_url = source.starts_with("https://") || source.starts_with("http://");
    for name in names {
        if is_url {
            match import.tarball(&format!("{}/{name}", source.trim_end_matches('/')), &package.tarball, to) {
                Err(Problem::Failure(failure)) if failure.is_missing() => {}
                taken => return taken,
            }
        } else if let Ok(mut file) = fs::File::open(Path::new(source).join(name)) {
            let mut part = import.begin()?;
            std::io::copy(&mut file, &mut part).map_err(|source| Problem::Folder { source })?;
            return import.take(part, &package.tarball, to);
        }
    }
    Err(wrong(&format!("its tarball is not in {source}")))
}
