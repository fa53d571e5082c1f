//! Images that are Spack packages, and packages that arrived in another layout as images.
//!
//! What a tag names is decided by the index. Its copy in the bucket, and the documents of Spack's
//! own layouts that are derived from it, follow: they are written only where nothing is, and when
//! another push came between, [`settle`] writes what the index says until it says the same before
//! and after.

use larder_shared::{
    api::Recipes,
    clearsign,
    index::command::{Ask, Located, Tagged, TagsMoved},
    key::ObjectKey,
    layout::{
        LayoutPath,
        v2::{self, Stem},
    },
    name::MirrorName,
    oci::{
        digest::ContentDigest,
        image::{self, Image, Provenance},
        manifest::IMAGE,
        tag::Tag,
    },
    package::InvalidPackage,
    spec::SpecFile,
};

use super::memory;
use crate::{
    app::{App, now},
    error::{Error, Result},
    index_client,
    intake::{Place, derived::Writing, image::StoredManifest},
    mirror::accept,
    registry::Settings,
};

/// The namespace of Spack's own recipes.
const BUILTIN: &str = "builtin";

/// How often [`settle`] looks again before it leaves the rest to the pushes that keep coming.
const MAX_ROUNDS: usize = 8;

/// Writes the copy of what a tag names, and what is derived from it, as the index says.
pub(super) async fn settle(app: &App, mirror: &MirrorName, tag: &Tag) -> Result<()> {
    let place = Place { store: &app.store, mirror };
    let key = ObjectKey::Tag(mirror.clone(), tag.clone());
    let mut tagged = ask(app, mirror, tag).await?;
    for _ in 0..MAX_ROUNDS {
        match tagged {
            None | Some(Tagged { manifest: None, .. }) => app.store.delete(&key).await?,
            Some(Tagged { manifest: Some(digest), is_image }) => {
                let stored = place.manifest(&ObjectKey::Manifest(mirror.clone(), digest)).await?;
                let stored = stored.ok_or_else(|| Error::ManifestUnknown(digest.to_string()))?;
                if is_image {
                    let (package, size) = place.image_package(tag, &stored.parse()?).await?;
                    let signer = accept::signer(app, mirror, &package).await?;
                    place.keep_derived(&package, Some(size), signer.as_deref(), Writing::Replacing, now()).await?;
                }
                app.store.put_document(&key, stored.document(), false).await?;
            }
        }
        memory::forget(&key);
        let now = ask(app, mirror, tag).await?;
        if now == tagged {
            break;
        }
        tagged = now;
    }
    Ok(())
}

async fn ask(app: &App, mirror: &MirrorName, tag: &Tag) -> Result<Option<Tagged>> {
    index_client::ask(app, mirror, Ask::Tag(tag.clone())).await
}

/// The image that the index knows under a tag: one whose copy is missing, or a package that arrived
/// in another layout and becomes an image now.
pub(super) async fn image(app: &App, settings: &Settings, tag: &Tag) -> Result<Option<StoredManifest>> {
    let mirror = &settings.name;
    match ask(app, mirror, tag).await? {
        None => Ok(None),
        Some(Tagged { manifest: Some(digest), .. }) => {
            let place = Place { store: &app.store, mirror };
            let found = place.manifest(&ObjectKey::Manifest(mirror.clone(), digest)).await?;
            if let Some(found) = &found {
                app.store.put_document(&ObjectKey::Tag(mirror.clone(), tag.clone()), found.document(), true).await?;
            }
            Ok(found)
        }
        Some(Tagged { manifest: None, .. }) => make_image(app, settings, tag).await,
    }
}

async fn make_image(app: &App, settings: &Settings, tag: &Tag) -> Result<Option<StoredManifest>> {
    let mirror = &settings.name;
    let Some(hash) = tag.hash() else { return Ok(None) };
    let located: Option<Located> = index_client::ask(app, mirror, Ask::Locate(hash)).await?;
    let Some(Located { record, tarball: Some(tarball), run }) = located else { return Ok(None) };
    let node = record.to_node().map_err(InvalidPackage::from)?;
    let Some(spec) = spec_file(app, mirror, &Stem::of(&node)).await? else { return Ok(None) };
    // A mirror that is read through may not have fetched it yet.
    let Some(bytes) = (Place { store: &app.store, mirror }).blob(&tarball).await? else { return Ok(None) };
    // Whose a recipe of another namespace is, only a mirror with recipes of its own knows.
    let is_told = settings.recipes != Recipes::default() || node.namespace.as_deref() == Some(BUILTIN);
    let recipes = is_told.then(|| settings.recipes.url());
    let provenance = Provenance { recipes: recipes.as_deref(), run: run.as_deref() };
    let Image { config, manifest } = image::of_package(&spec, tarball, bytes, provenance);
    app.store.put_if_absent(&ObjectKey::Blob(mirror.clone(), ContentDigest::of(&config)), config).await?;
    let stored = StoredManifest { digest: ContentDigest::of(&manifest), bytes: manifest, media_type: IMAGE.to_owned() };
    app.store.put_document(&ObjectKey::Manifest(mirror.clone(), stored.digest), stored.document(), false).await?;
    let put = stored.to_put(&stored.parse()?, vec![tag.clone()], None);
    let _: Option<TagsMoved> = index_client::ask(app, mirror, Ask::PutManifest(Box::new(put))).await?;
    app.store.put_document(&ObjectKey::Tag(mirror.clone(), tag.clone()), stored.document(), true).await?;
    Ok(Some(stored))
}

/// The spec file of a package that arrived in one of Spack's own layouts.
async fn spec_file(app: &App, mirror: &MirrorName, stem: &Stem) -> Result<Option<SpecFile>> {
    for signed in [true, false] {
        let path = LayoutPath::V2(v2::Path::Spec { stem: stem.clone(), signed });
        for key in [ObjectKey::Object(mirror.clone(), path.clone()), ObjectKey::Derived(mirror.clone(), path)] {
            if let Some(bytes) = app.store.read(&key).await? {
                let document = clearsign::document(&bytes).map_err(InvalidPackage::from)?;
                return Ok(Some(SpecFile::parse(document.json.as_bytes()).map_err(InvalidPackage::from)?));
            }
        }
    }
    Ok(None)
}
