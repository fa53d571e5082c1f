//! From a spec file, a manifest or a key to the item it makes visible.

use std::{
    fs::{self, File as Opened},
    io::{self, Read},
    path::Path,
};

use larder_shared::{
    clearsign,
    layout::{
        manifest::{BlobRecord, MAX_MANIFEST_BYTES, Manifest},
        v2::{self, TarballPath},
        v3,
    },
    name::{DagHash, Fingerprint},
    package::{MAX_SPEC_BYTES, Package, SpecManifest},
};
use serde::de::IgnoredAny;

use super::{Blob, Item, Label, Unusable};
use crate::push::{folder::File, problem::Problem};

/// How many characters of a hash are shown: as many as `spack find -l` does.
const SHOWN_HASH_CHARS: usize = 7;

/// How a signed document begins.
const SIGNED: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";

/// The line with which it ends.
const END_OF_SIGNATURE: &[u8] = b"-----END PGP SIGNATURE-----";

/// What a document comes to.
pub(super) type Planned = Result<Item, Box<Unusable>>;

/// A v2 package: the spec file, and the tarball that lies further down in the folder.
pub(super) fn v2_package(file: File, stem: &v2::Stem, is_signed: bool, tarball: Option<&File>) -> Planned {
    let role = "spec file";
    let read = read(&file, role, MAX_SPEC_BYTES).and_then(|bytes| {
        Package::from_spec_file(stem, is_signed, &bytes).map_err(|problem| cut_or(role, &bytes, problem.into()))
    });
    let package = match read {
        Ok(package) => package,
        Err(problem) => return Err(unusable(stem.as_str().to_owned(), problem, file)),
    };
    let root = package.spec.root();
    let label = package_label(root.name.as_str(), &root.hash);
    let Some(tarball) = tarball else {
        let path = v2::Path::Tarball(TarballPath::of(root)).to_string();
        return Err(unusable(label, Problem::Missing { role: "tarball", path }, file));
    };
    let blob = Blob {
        role: "tarball",
        digest: package.tarball,
        bytes: tarball.bytes,
        location: tarball.location.clone(),
        is_nested: package.spec.layout_number.is_none(),
    };
    Ok(Item { label, role, document: file, blobs: vec![blob] })
}

/// A v3 package: the manifest, and the two blobs it names.
pub(super) fn v3_package(root: &Path, file: File, path: &v3::SpecManifestPath) -> Planned {
    let role = "manifest";
    // The folder of a package's manifests has its name.
    let name = file.path.split('/').nth(3).unwrap_or_default();
    let label = package_label(name, &path.hash());
    let blobs = || {
        let bytes = read(&file, role, MAX_MANIFEST_BYTES)?;
        let parsed = SpecManifest::parse(&bytes).map_err(|problem| cut_or(role, &bytes, problem.into()));
        let SpecManifest { tarball, spec, .. } = parsed?;
        Ok(vec![blob(root, &tarball, "tarball")?, blob(root, &spec, "spec file")?])
    };
    match blobs() {
        Ok(blobs) => Ok(Item { label, role, document: file, blobs }),
        Err(problem) => Err(unusable(label, problem, file)),
    }
}

/// A v2 key: nothing but itself.
pub(super) fn v2_key(file: File, fingerprint: &Fingerprint) -> Item {
    Item { label: key_label(fingerprint), role: "key", document: file, blobs: Vec::new() }
}

/// A v3 key: the manifest, and the key it names.
pub(super) fn v3_key(root: &Path, file: File, fingerprint: &Fingerprint) -> Planned {
    let role = "key manifest";
    let key = || {
        let bytes = read(&file, role, MAX_MANIFEST_BYTES)?;
        let manifest = Manifest::parse(clearsign::document(&bytes)?.json)?;
        blob(root, manifest.first()?, "key")
    };
    match key() {
        Ok(key) => Ok(Item { label: key_label(fingerprint), role, document: file, blobs: vec![key] }),
        Err(problem) => Err(unusable(key_label(fingerprint), problem, file)),
    }
}

/// Finds a blob that a manifest names, and checks its length.
fn blob(root: &Path, record: &BlobRecord, role: &'static str) -> Result<Blob, Problem> {
    let path = v3::Path::Blob(record.checksum).to_string();
    let location = root.join(&path);
    match fs::metadata(&location) {
        Ok(found) if found.len() == record.content_length => {
            Ok(Blob { role, digest: record.checksum, bytes: found.len(), location, is_nested: false })
        }
        Ok(found) => Err(Problem::WrongLength { role, found: found.len(), named: record.content_length, location }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Problem::Missing { role, path }),
        Err(source) => Err(Problem::Unreadable { path, source }),
    }
}

/// Reads a document of at most `most` bytes.
fn read(file: &File, role: &'static str, most: u64) -> Result<Vec<u8>, Problem> {
    if file.bytes > most {
        return Err(Problem::Oversized { role, bytes: file.bytes });
    }
    let mut bytes = Vec::new();
    let read = Opened::open(&file.location).and_then(|opened| opened.take(most).read_to_end(&mut bytes));
    read.map_err(|source| Problem::Unreadable { path: file.path.clone(), source })?;
    // Spack copies a signed document into place, so it may end within its signature.
    if bytes.starts_with(SIGNED) && !contains(&bytes, END_OF_SIGNATURE) {
        return Err(Problem::Cut { role });
    }
    Ok(bytes)
}

/// That a document is cut short, when that is why it cannot be read; else `problem`.
fn cut_or(role: &'static str, bytes: &[u8], problem: Problem) -> Problem {
    let json = clearsign::document(bytes).map(|document| document.json);
    let is_cut = json.is_ok_and(|json| serde_json::from_str::<IgnoredAny>(json).is_err_and(|error| error.is_eof()));
    if is_cut { Problem::Cut { role } } else { problem }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn unusable(label: Label, problem: Problem, document: File) -> Box<Unusable> {
    Box::new(Unusable { label, problem, document })
}

fn package_label(name: &str, hash: &DagHash) -> Label {
    format!("{name} /{}", &hash.as_str()[..SHOWN_HASH_CHARS])
}

fn key_label(fingerprint: &Fingerprint) -> Label {
    format!("key {fingerprint}")
}
