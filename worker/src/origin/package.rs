//! Reads packages through: the document first, which says what the tarball must be.

use larder_shared::{
    index::command::{Ask, Changed, Located},
    key::ObjectKey,
    layout::{
        LayoutPath,
        manifest::MAX_MANIFEST_BYTES,
        v2::{self, Stem, TarballPath},
        v3::{self, SpecManifestPath},
    },
    name::DagHash,
    package::{InvalidPackage, MAX_SPEC_BYTES, Package, SpecManifest},
    spec::Node,
};
use worker::{Method, Request, Response};

use super::blob;
use crate::{
    app::App,
    error::{Error, Result},
    index_client,
    intake::Place,
    mirror::{accept, read},
    registry::Settings,
    upstream::{Answer, ask},
};

/// One read through a mirror's origin.
pub(super) struct ReadThrough<'a> {
    pub(super) app: &'a App,
    pub(super) request: &'a Request,
    pub(super) settings: &'a Settings,
    pub(super) origin: &'a str,
}

/// The object at `path`, fetched, checked and kept.
pub(super) async fn read(
    app: &App,
    request: &Request,
    settings: &Settings,
    origin: &str,
    path: &LayoutPath,
) -> Result<Option<Response>> {
    let through = ReadThrough { app, request, settings, origin };
    match path {
        LayoutPath::V2(v2::Path::Spec { stem, signed }) => through.spec_file(path, stem, *signed).await,
        LayoutPath::V3(v3::Path::SpecManifest(place)) => through.manifest(path, place).await,
        LayoutPath::V2(v2::Path::Tarball(place)) => through.tarball(path, place).await,
        LayoutPath::V3(v3::Path::Blob(digest)) => blob::read(&through, path, digest).await,
        _ => Ok(None),
    }
}

impl ReadThrough<'_> {
    pub(super) fn problem(&self, problem: impl ToString) -> Error {
        Error::Origin { origin: self.origin.to_owned(), problem: problem.to_string() }
    }

    fn key(&self, path: &LayoutPath) -> ObjectKey {
        ObjectKey::Object(self.settings.name.clone(), path.clone())
    }

    async fn spec_file(&self, path: &LayoutPath, stem: &Stem, signed: bool) -> Result<Option<Response>> {
        let found = match self.fetch_spec_file(path, stem, signed).await? {
            Some(_) => true,
            // A package that the origin has in v3 only is found here unsigned.
            None if !signed => self.fetch_manifest_of(&stem.hash()).await?,
            None => false,
        };
        if !found {
            return Ok(None);
        }
        read::stored_or_derived(self.app, self.request, &self.settings.name, path).await
    }

    async fn manifest(&self, path: &LayoutPath, place: &SpecManifestPath) -> Result<Option<Response>> {
        if !self.fetch_manifest(path, place).await? && !self.derive_manifest(&place.hash()).await? {
            return Ok(None);
        }
        read::stored_or_derived(self.app, self.request, &self.settings.name, path).await
    }

    async fn tarball(&self, path: &LayoutPath, place: &TarballPath) -> Result<Option<Response>> {
        let kept = Place { store: &self.app.store, mirror: &self.settings.name };
        if kept.reference(path).await?.is_none() {
            let known = self.fetch_any_spec_file(place.stem()).await?.is_some()
                || self.fetch_manifest_of(&place.stem().hash()).await?;
            if !known {
                return Ok(None);
            }
        }
        match kept.reference(path).await? {
            Some(reference) => blob::read_tarball(self, path, place, &reference).await,
            None => Ok(None),
        }
    }

    /// Fetches and keeps the spec file at `path`, when the origin has it.
    async fn fetch_spec_file(&self, path: &LayoutPath, stem: &Stem, signed: bool) -> Result<Option<Package>> {
        let Answer::Found(found) = ask(&self.app.config, self.origin, path, Method::Get, None).await? else {
            return Ok(None);
        };
        let document = found.bytes(MAX_SPEC_BYTES).await?;
        let package = Package::from_spec_file(stem, signed, &document).map_err(|error| self.unusable(path, &error))?;
        self.keep(path, document, &package, None).await?;
        Ok(Some(package))
    }

    /// The same for a stem whose file may be signed or not.
    async fn fetch_any_spec_file(&self, stem: &Stem) -> Result<Option<Package>> {
        for signed in [true, false] {
            let path = LayoutPath::V2(v2::Path::Spec { stem: stem.clone(), signed });
            if let Some(package) = self.fetch_spec_file(&path, stem, signed).await? {
                return Ok(Some(package));
            }
        }
        Ok(None)
    }

    /// Fetches and keeps the manifest at `path`, when the origin has it.
    async fn fetch_manifest(&self, path: &LayoutPath, place: &SpecManifestPath) -> Result<bool> {
        let Answer::Found(found) = ask(&self.app.config, self.origin, path, Method::Get, None).await? else {
            return Ok(false);
        };
        let document = found.bytes(MAX_MANIFEST_BYTES).await?;
        let manifest = SpecManifest::parse(&document).map_err(|error| self.unusable(path, &error))?;
        let spec_path = LayoutPath::V3(v3::Path::Blob(manifest.spec.checksum));
        let Some(spec) = blob::fetch_small(self, &spec_path, &manifest.spec.checksum, MAX_SPEC_BYTES).await? else {
            return Err(self.problem(format!("has no `{spec_path}`, which `{path}` names")));
        };
        let package = Package::from_manifest(place, &manifest, &spec).map_err(|error| self.unusable(path, &error))?;
        let size = manifest.tarball.content_length;
        self.keep(path, document, &package, Some(size)).await?;
        Ok(true)
    }

    /// Fetches the manifest of a package known by its hash.
    async fn fetch_manifest_of(&self, hash: &DagHash) -> Result<bool> {
        let Some(node) = self.locate(hash).await? else { return Ok(false) };
        let place = SpecManifestPath::of(&node);
        self.fetch_manifest(&LayoutPath::V3(v3::Path::SpecManifest(place.clone())), &place).await
    }

    /// Derives a v3 manifest from the v2 package that is kept, or that the origin has.
    async fn derive_manifest(&self, hash: &DagHash) -> Result<bool> {
        let Some(node) = self.locate(hash).await? else { return Ok(false) };
        let stem = Stem::of(&node);
        let package = match self.kept_spec_file(&stem).await? {
            Some(package) => package,
            None => match self.fetch_any_spec_file(&stem).await? {
                Some(package) => package,
                None => return Ok(false),
            },
        };
        let blob = LayoutPath::V3(v3::Path::Blob(package.tarball));
        let size = match self.app.store.head(&self.key(&blob)).await? {
            Some(kept) => kept.bytes,
            None => self.find_tarball(&node, &blob).await?,
        };
        accept::keep(self.app, &self.settings.name, &package, Some(size)).await?;
        self.learn(&package, Some(size)).await?;
        Ok(true)
    }

    /// The length of the tarball that the origin has in v2. Notes where that is: a manifest names
    /// the tarball as a v3 blob.
    async fn find_tarball(&self, node: &Node, blob: &LayoutPath) -> Result<u64> {
        let path = LayoutPath::V2(v2::Path::Tarball(TarballPath::of(node)));
        let Answer::Found(tarball) = ask(&self.app.config, self.origin, &path, Method::Head, None).await? else {
            return Err(self.problem(format!("has no `{path}`, which its spec file describes")));
        };
        let Some(size) = tarball.length else {
            return Err(self.problem(format!("does not tell the length of `{path}`")));
        };
        let alias = ObjectKey::Derived(self.settings.name.clone(), blob.clone());
        self.app.store.put(&alias, path.to_string().into_bytes()).await?;
        Ok(size)
    }

    /// The spec file of a stem that was read before, signed or not.
    async fn kept_spec_file(&self, stem: &Stem) -> Result<Option<Package>> {
        for signed in [true, false] {
            let path = LayoutPath::V2(v2::Path::Spec { stem: stem.clone(), signed });
            if let Some(document) = self.app.store.read(&self.key(&path)).await? {
                return Ok(Some(Package::from_spec_file(stem, signed, &document)?));
            }
        }
        Ok(None)
    }

    async fn locate(&self, hash: &DagHash) -> Result<Option<Node>> {
        let located: Option<Located> =
            index_client::ask(self.app, &self.settings.name, Ask::Locate(hash.clone())).await?;
        match located {
            Some(located) => located.record.to_node().map(Some).map_err(|error| Error::Index(error.to_string())),
            None => Ok(None),
        }
    }

    /// Keeps a document and what is derived from it; a document that is kept already stays.
    async fn keep(&self, path: &LayoutPath, document: Vec<u8>, package: &Package, size: Option<u64>) -> Result<()> {
        accept::keep(self.app, &self.settings.name, package, size).await?;
        self.app.store.put_if_absent(&self.key(path), document).await?;
        self.learn(package, size).await
    }

    async fn learn(&self, package: &Package, size: Option<u64>) -> Result<()> {
        let hash = package.spec.root().hash.clone();
        let learn = Ask::Learn { hash, tarball: package.tarball, size, signed: package.signed };
        index_client::ask::<Changed>(self.app, &self.settings.name, learn).await.map(drop)
    }

    fn unusable(&self, path: &LayoutPath, error: &InvalidPackage) -> Error {
        self.problem(format!("sent `{path}`, which cannot be used: {error}"))
    }
}
