//! A static Spack mirror: its packages are those of its indexes, in both layouts.
//!
//! A package that is in both is imported once: its v3 manifest, and its v2 spec file where that is signed, because no
//! other document has that signature. Larder makes the rest of the other layout itself.

use std::{collections::BTreeMap, io};

use larder_shared::{
    index::document::IndexReader,
    layout::{
        LayoutPath,
        manifest::Manifest,
        v2::{self, Stem, TarballPath},
        v3::{self, SpecManifestPath},
    },
    name::{DagHash, Fingerprint},
    package::{Package, SpecManifest},
    spec::Node,
};
use serde_json::Value;

use super::{Found, Import, Problem, Source, wrong};

/// Where a package lies in a mirror: in one layout or in both.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    v2: Option<(Stem, TarballPath)>,
    v3: Option<SpecManifestPath>,
}

impl Place {
    fn of_v2(node: &Node) -> Self {
        Self { v2: Some((Stem::of(node), TarballPath::of(node))), v3: None }
    }

    fn of_v3(node: &Node) -> Self {
        Self { v2: None, v3: Some(SpecManifestPath::of(node)) }
    }
}

/// What mirrors list, by hash: what to call a package, and where it lies.
type Packages = BTreeMap<DagHash, (String, Place)>;

/// What a mirror's indexes list; `None` when it has none.
pub(super) fn list(import: &Import<'_>) -> Result<Option<Vec<Found>>, Problem> {
    let v2 = index(import, &LayoutPath::V2(v2::Path::Index), Place::of_v2)?;
    let v3 = match import.find(&LayoutPath::V3(v3::Path::IndexManifest))? {
        None => None,
        Some(manifest) => {
            let blob = index_blob(&manifest).ok_or_else(|| wrong("its v3 index names no index document"))?;
            index(import, &blob, Place::of_v3)?
        }
    };
    if v2.is_none() && v3.is_none() {
        return Ok(None);
    }
    let mut packages = v2.unwrap_or_default();
    for (hash, (label, Place { v3, .. })) in v3.unwrap_or_default() {
        packages.entry(hash).or_insert((label, Place::default())).1.v3 = v3;
    }
    let found = packages.into_values().map(|(label, place)| Found { label, source: Source::Mirror(place) });
    Ok(Some(found.collect()))
}

/// The index document that a v3 manifest names.
fn index_blob(manifest: &[u8]) -> Option<LayoutPath> {
    let manifest = Manifest::parse(std::str::from_utf8(manifest).ok()?).ok()?;
    Some(LayoutPath::V3(v3::Path::Blob(manifest.index().ok()?.checksum)))
}

/// The packages of an index document, which is read as it arrives.
fn index(import: &Import<'_>, path: &LayoutPath, place: fn(&Node) -> Place) -> Result<Option<Packages>, Problem> {
    let begin = || Ok(Sieve { reader: IndexReader::new(), place, found: Packages::new() });
    let Some(Sieve { reader, found, .. }) = import.find_into(path, begin)? else { return Ok(None) };
    reader.finish().map_err(|error| wrong(&format!("{path} cannot be read: {error}")))?;
    Ok(Some(found))
}

/// Takes the packages out of an index document that is written to it.
struct Sieve {
    reader: IndexReader,
    place: fn(&Node) -> Place,
    found: Packages,
}

impl io::Write for Sieve {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.reader.push(bytes);
        while let Some(record) = self.reader.next_record().map_err(io::Error::other)? {
            if record.in_buildcache {
                let node = &record.node;
                let label = format!("{}@{} /{}", node.name, node.version, &node.hash.as_str()[..7]);
                self.found.insert(node.hash.clone(), (label, (self.place)(node)));
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fetches a package, its documents last; whether the Larder lacked any.
pub(super) fn fetch(import: &Import<'_>, place: &Place) -> Result<bool, Problem> {
    match (&place.v2, &place.v3) {
        (Some((stem, tarball)), Some(path)) => {
            let fetched = fetch_v3(import, path)?;
            Ok(fetch_signature(import, stem, tarball, path)? || fetched)
        }
        (None, Some(path)) => fetch_v3(import, path),
        (Some((stem, tarball)), None) => fetch_v2(import, stem, tarball),
        (None, None) => Ok(false),
    }
}

/// Fetches the signed v2 spec file of a package whose v3 manifest is imported, if both mean the same tarball.
fn fetch_signature(
    import: &Import<'_>,
    stem: &Stem,
    tarball: &TarballPath,
    path: &SpecManifestPath,
) -> Result<bool, Problem> {
    let signed = LayoutPath::V2(v2::Path::Spec { stem: stem.clone(), signed: true });
    if import.is_there(&signed)? {
        return Ok(false);
    }
    let Some(document) = import.find(&signed)? else { return Ok(false) };
    let package = Package::from_spec_file(stem, true, &document).map_err(|error| wrong(&error.to_string()))?;
    let manifest = manifest(import, &LayoutPath::V3(v3::Path::SpecManifest(path.clone())))?;
    if parsed(&manifest)?.tarball.checksum != package.tarball {
        return Ok(false);
    }
    let to = LayoutPath::V2(v2::Path::Tarball(tarball.clone()));
    let blob = LayoutPath::V3(v3::Path::Blob(package.tarball));
    // What was fetched a moment ago has this name, too.
    if !import.link(&blob, &package.tarball, &to)? {
        import.tarball(&import.url_of(&blob), &package.tarball, &to)?;
    }
    import.put(&signed, &document)?;
    Ok(true)
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
    let place = LayoutPath::V3(v3::Path::SpecManifest(path.clone()));
    if import.is_there(&place)? {
        return Ok(false);
    }
    let bytes = manifest(import, &place)?;
    let manifest = parsed(&bytes)?;
    for record in [&manifest.tarball, &manifest.spec] {
        let blob = LayoutPath::V3(v3::Path::Blob(record.checksum));
        import.tarball(&import.url_of(&blob), &record.checksum, &blob)?;
    }
    import.put(&place, &bytes)?;
    Ok(true)
}

/// The bytes of a package's manifest.
fn manifest(import: &Import<'_>, path: &LayoutPath) -> Result<Vec<u8>, Problem> {
    import.find(path)?.ok_or_else(|| wrong(&format!("the index lists it, but there is no {path}")))
}

fn parsed(manifest: &[u8]) -> Result<SpecManifest<'_>, Problem> {
    SpecManifest::parse(manifest).map_err(|error| wrong(&error.to_string()))
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
