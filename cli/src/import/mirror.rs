//! A static Spack mirror: its packages are those of its indexes, in both layouts.

use std::io;

use larder_shared::{
    index::document::IndexReader,
    layout::{
        LayoutPath,
        manifest::Manifest,
        v2::{self, Stem, TarballPath},
        v3::{self, SpecManifestPath},
    },
    name::Fingerprint,
    package::{Package, SpecManifest},
    spec::Node,
};
use serde_json::Value;

use super::{Found, Import, Problem, wrong};

/// Where a package lies in a mirror.
#[derive(Debug, Clone)]
pub(super) enum Place {
    V2(Stem, TarballPath),
    V3(SpecManifestPath),
}

/// What a mirror's indexes list; `None` when it has none.
pub(super) fn list(import: &Import<'_>) -> Result<Option<Vec<Found>>, Problem> {
    let mut found = Vec::new();
    let v2 = index(import, &LayoutPath::V2(v2::Path::Index), |node| Place::V2(Stem::of(node), TarballPath::of(node)))?;
    let v3 = match import.find(&LayoutPath::V3(v3::Path::IndexManifest))? {
        None => None,
        Some(manifest) => {
            let blob = index_blob(&manifest).ok_or_else(|| wrong("its v3 index names no index document"))?;
            index(import, &blob, |node| Place::V3(SpecManifestPath::of(node)))?
        }
    };
    let has_index = v2.is_some() || v3.is_some();
    found.extend(v2.into_iter().flatten());
    found.extend(v3.into_iter().flatten());
    Ok(has_index.then_some(found))
}

/// The index document that a v3 manifest names.
fn index_blob(manifest: &[u8]) -> Option<LayoutPath> {
    let manifest = Manifest::parse(std::str::from_utf8(manifest).ok()?).ok()?;
    Some(LayoutPath::V3(v3::Path::Blob(manifest.index().ok()?.checksum)))
}

/// The packages of an index document, which is read as it arrives.
fn index(
    import: &Import<'_>,
    path: &LayoutPath,
    place: impl Fn(&Node) -> Place,
) -> Result<Option<Vec<Found>>, Problem> {
    let begin = || Ok(Packages { reader: IndexReader::new(), place: &place, found: Vec::new() });
    let Some(Packages { reader, found, .. }) = import.find_into(path, begin)? else { return Ok(None) };
    reader.finish().map_err(|error| wrong(&format!("{path} cannot be read: {error}")))?;
    Ok(Some(found))
}

/// Takes the packages out of an index document that is written to it.
struct Packages<P> {
    reader: IndexReader,
    place: P,
    found: Vec<Found>,
}

impl<P: Fn(&Node) -> Place> io::Write for Packages<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.reader.push(bytes);
        while let Some(record) = self.reader.next_record().map_err(io::Error::other)? {
            if record.in_buildcache {
                let node = &record.node;
                let label = format!("{}@{} /{}", node.name, node.version, &node.hash.as_str()[..7]);
                self.found.push(Found { label, source: super::Source::Mirror((self.place)(node)) });
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fetches a package, its document last.
pub(super) fn fetch(import: &Import<'_>, place: &Place) -> Result<bool, Problem> {
    match place {
        Place::V2(stem, tarball) => fetch_v2(import, stem, tarball),
        Place::V3(path) => fetch_v3(import, path),
    }
}

fn fetch_v2(import: &Import<'_>, stem: &Stem, tarball: &TarballPath) -> Result<bool, Problem> {
    let path = |signed| LayoutPath::V2(v2::Path::Spec { stem: stem.clone(), signed });
    if import.is_there(&path(true))? || import.is_there(&path(false))? {
        return Ok(false);
    }
    for signed in [true, false] {
        let Some(document) = import.find(&path(signed))? else { continue };
        let package = Package::from_spec_file(stem, signed, &document).map_err(|error| wrong(&error.to_string()))?;
        let from = LayoutPath::V2(v2::Path::Tarball(tarball.clone()));
        let outer = import.tarball(&import.url_of(&from), &package.tarball, &from)?;
        let document = match (outer, signed) {
            (false, _) => document,
            (true, false) => super::with_layout_1(&document),
            (true, true) => return Err(wrong("its tarball is not the one that its signed spec file names")),
        };
        import.put(&path(signed), &document)?;
        return Ok(true);
    }
    Err(wrong(&format!("the index lists it, but there is no {}", path(false))))
}

fn fetch_v3(import: &Import<'_>, path: &SpecManifestPath) -> Result<bool, Problem> {
    let path = LayoutPath::V3(v3::Path::SpecManifest(path.clone()));
    if import.is_there(&path)? {
        return Ok(false);
    }
    let missing = || wrong(&format!("the index lists it, but there is no {path}"));
    let bytes = import.find(&path)?.ok_or_else(missing)?;
    let manifest = SpecManifest::parse(&bytes).map_err(|error| wrong(&error.to_string()))?;
    for record in [&manifest.tarball, &manifest.spec] {
        let blob = LayoutPath::V3(v3::Path::Blob(record.checksum));
        import.tarball(&import.url_of(&blob), &record.checksum, &blob)?;
    }
    import.put(&path, &bytes)?;
    Ok(true)
}

/// Fetches the keys of a mirror.
pub(super) fn keys(import: &Import<'_>) -> Result<(), Problem> {
    let index = import.find(&LayoutPath::V2(v2::Path::KeyIndex))?;
    let index: Value = serde_json::from_slice(&index.unwrap_or_default()).unwrap_or_default();
    let fingerprints: Vec<Fingerprint> =
        index["keys"].as_object().into_iter().flatten().filter_map(|(name, _)| name.parse().ok()).collect();
    for fingerprint in fingerprints {
        let path = LayoutPath::V2(v2::Path::Key(fingerprint));
        if let Some(key) = import.find(&path)? {
            import.put(&path, &key)?;
        }
    }
    let Some(manifest) = import.find(&LayoutPath::V3(v3::Path::KeyIndexManifest))? else { return Ok(()) };
    let blob_of = |manifest: &[u8]| {
        let manifest = Manifest::parse(std::str::from_utf8(manifest).ok()?).ok()?;
        Some(LayoutPath::V3(v3::Path::Blob(manifest.data.first()?.checksum)))
    };
    let Some(index) = blob_of(&manifest).map(|blob| import.find(&blob)).transpose()?.flatten() else { return Ok(()) };
    let index: Value = serde_json::from_slice(&index).unwrap_or_default();
    for (name, _) in index["keys"].as_object().into_iter().flatten() {
        let Ok(fingerprint) = name.parse::<Fingerprint>() else { continue };
        let path = LayoutPath::V3(v3::Path::KeyManifest(fingerprint));
        let Some(manifest) = import.find(&path)? else { continue };
        let Some(blob) = blob_of(&manifest) else { continue };
        if let Some(key) = import.find(&blob)? {
            import.put(&blob, &key)?;
            import.put(&path, &manifest)?;
        }
    }
    Ok(())
}
