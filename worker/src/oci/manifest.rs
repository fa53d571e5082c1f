//! `/v2/<name>/manifests/<reference>`

use futures_util::{StreamExt, TryStreamExt, stream};
use larder_shared::{
    api::{Scope, SpecSummary},
    index::{
        command::{Ask, Forgotten, Tagged, TagsMoved},
        document::DbVersion,
    },
    key::ObjectKey,
    name::MirrorName,
    oci::{
        digest::ContentDigest,
        image::{EMPTY_CONFIG, index_manifest},
        manifest::{IMAGE, MAX_MANIFEST_BYTES, Manifest},
        route::Reference,
        tag::Tag,
    },
};
use worker::{Request, Response, ResponseBody};

use super::{Content, answer, location, memory, package, parameters};
use crate::{
    app::{App, now},
    auth, body,
    error::{Error, Result},
    index_client, index_document,
    intake::{Place, image::StoredManifest},
    mirror::accept,
    origin,
    registry::{self, Settings},
    respond::{header, is_current},
};

/// `GET` and `HEAD`: exactly the bytes that were sent, under the media type they were sent with.
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, reference: &Reference) -> Result<Response> {
    let settings = auth::readable(app, request, mirror).await?;
    let found = match reference {
        Reference::Invalid(_) => None,
        Reference::Tag(tag) if tag.is_index() => Some(index(app, &settings).await?),
        Reference::Tag(tag) => by_tag(app, &settings, tag).await?,
        Reference::Digest(digest) => match recall(app, mirror, &ObjectKey::Manifest(mirror.clone(), *digest)).await? {
            Some(found) => Some(found),
            // The index's manifest is made when it is asked for; a client may ask for it by the
            // digest that it just learnt.
            None => Some(index(app, &settings).await?).filter(|index| index.digest == *digest),
        },
    };
    let StoredManifest { bytes, media_type, digest } = found.ok_or_else(|| Error::ManifestUnknown(text(reference)))?;
    let is_immutable = matches!(reference, Reference::Digest(_));
    let content = Content { media_type: &media_type, digest: &digest, bytes: bytes.len() as u64, is_immutable };
    if is_current(request, &content.etag()) {
        return content.answer(304, None, ResponseBody::Empty);
    }
    content.answer(200, None, ResponseBody::Body(bytes))
}

fn text(reference: &Reference) -> String {
    match reference {
        Reference::Tag(tag) => tag.to_string(),
        Reference::Digest(digest) => digest.to_string(),
        Reference::Invalid(invalid) => invalid.0.clone(),
    }
}

/// A stored manifest, perhaps from memory.
async fn recall(app: &App, mirror: &MirrorName, key: &ObjectKey) -> Result<Option<StoredManifest>> {
    if let Some(stored) = memory::recall(key) {
        return Ok(Some(stored));
    }
    let found = Place { store: &app.store, mirror }.manifest(key).await?;
    if let Some(stored) = &found {
        memory::remember(key, stored);
    }
    Ok(found)
}

/// What a tag names: its copy of the manifest, what the index says when a crash came between, or what a
/// registry has that the mirror is read through from.
async fn by_tag(app: &App, settings: &Settings, tag: &Tag) -> Result<Option<StoredManifest>> {
    let found = match recall(app, &settings.name, &ObjectKey::Tag(settings.name.clone(), tag.clone())).await? {
        Some(found) => return Ok(Some(found)),
        None => package::image(app, settings, tag).await?,
    };
    match found {
        Some(found) => Ok(Some(found)),
        None => origin::manifest(app, settings, tag).await,
    }
}

/// The manifest of the index as it is now.
async fn index(app: &App, settings: &Settings) -> Result<StoredManifest> {
    let document = index_document::current(app, settings, None, DbVersion::V7).await?;
    let config = ObjectKey::Blob(settings.name.clone(), ContentDigest::of(EMPTY_CONFIG.as_bytes()));
    if app.store.head(&config).await?.is_none() {
        app.store.put(&config, EMPTY_CONFIG.into()).await?;
    }
    let bytes = index_manifest(document.digest, document.bytes);
    Ok(StoredManifest { digest: ContentDigest::of(&bytes), bytes, media_type: IMAGE.to_owned() })
}

/// `PUT`: takes a manifest whose blobs are stored; one that is a package enters the index.
pub(crate) async fn put(app: &App, request: &Request, mirror: &MirrorName, reference: &Reference) -> Result<Response> {
    let asker = auth::require(app, request, Scope::Push, Some(mirror)).await?;
    let exists = registry::find_for_push(app, mirror, &asker).await?.is_some();
    let bytes = body::whole_of_any_length(request, MAX_MANIFEST_BYTES).await?;
    let (digest, tags) = names(request, reference, &bytes)?;
    let (manifest, media_type) = Manifest::parse(&bytes, header(request, "Content-Type").as_deref())?;
    if tags.iter().any(Tag::is_index) {
        // The index follows from the packages: a client's own is taken and changes nothing.
        return created(mirror, &digest, &manifest, &tags);
    }
    check_references(app, mirror, &manifest).await?;
    let stored = StoredManifest { bytes, media_type, digest };
    let is_kept = store(app, mirror, &stored, &manifest, &tags).await?;
    for tag in &tags {
        let key = ObjectKey::Tag(mirror.clone(), tag.clone());
        if !is_kept(tag) || !app.store.put_document(&key, stored.document(), true).await? {
            package::settle(app, mirror, tag).await?;
        }
        memory::forget(&key);
    }
    if !exists {
        registry::create_if_absent(app, mirror).await?;
    }
    created(mirror, &stored.digest, &manifest, &tags)
}

/// Stores a manifest and tells the index; says of a tag whether nothing came between, so that what is
/// written of it is right.
async fn store(
    app: &App,
    mirror: &MirrorName,
    stored: &StoredManifest,
    manifest: &Manifest,
    tags: &[Tag],
) -> Result<impl Fn(&Tag) -> bool + use<>> {
    let place = Place { store: &app.store, mirror };
    let package = match tags.iter().find(|tag| tag.is_package()) {
        Some(tag) => Some(place.image_package(tag, manifest).await?),
        None => None,
    };
    let key = match &package {
        Some((package, _)) => accept::signer(app, mirror, package).await?,
        None => None,
    };
    // Once more when the package was removed while it was stored; who removes it again means it.
    for _ in 0..2 {
        let is_kept = match &package {
            Some((package, size)) => place.keep_where_absent(package, *size, key.as_deref(), now()).await?,
            None => true,
        };
        app.store.put_document(&ObjectKey::Manifest(mirror.clone(), stored.digest), stored.document(), false).await?;
        let package = package.as_ref().map(|(package, size)| (package, *size, key.is_some()));
        let ask = Ask::PutManifest(Box::new(stored.to_put(manifest, tags.to_vec(), package)));
        let put: Option<TagsMoved> = index_client::ask(app, mirror, ask).await?;
        if let Some(TagsMoved { moved, replaced }) = put {
            return Ok(move |tag: &Tag| !moved.contains(tag) && (!tag.is_package() || (is_kept && !replaced)));
        }
    }
    Err(Error::Removed)
}

/// The digest of a manifest and the tags that shall name it: from the path, and from `tag=`.
fn names(request: &Request, reference: &Reference, bytes: &[u8]) -> Result<(ContentDigest, Vec<Tag>)> {
    let mut tags = Vec::new();
    let digest = match reference {
        Reference::Invalid(invalid) => return Err(Error::ManifestName(invalid.to_string())),
        Reference::Tag(tag) => {
            tags.push(tag.clone());
            ContentDigest::of(bytes)
        }
        Reference::Digest(digest) if digest.fits(bytes) => *digest,
        Reference::Digest(digest) => {
            return Err(Error::Digest { what: "the manifest".to_owned(), expected: *digest });
        }
    };
    for text in parameters(request, "tag")? {
        let tag: Tag = text.parse().map_err(|error| Error::ManifestName(format!("{error}")))?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok((digest, tags))
}

/// Looked for at the same time in storage: a request may hold six connections.
const MAX_LOOKUPS: usize = 6;

/// Checks that everything a manifest names is stored. The tarballs of packages, of which an image
/// of Spack's has one for each dependency, are known to the index.
async fn check_references(app: &App, mirror: &MirrorName, manifest: &Manifest) -> Result<()> {
    let mut blobs = manifest.blobs();
    if blobs.len() > MAX_LOOKUPS {
        blobs = index_client::ask(app, mirror, Ask::UnknownBlobs(blobs)).await?;
    }
    let blobs = blobs.into_iter().map(|digest| ("the blob", digest, ObjectKey::Blob(mirror.clone(), digest)));
    let manifests = manifest
        .manifests
        .iter()
        .map(|descriptor| ("the manifest", descriptor.digest, ObjectKey::Manifest(mirror.clone(), descriptor.digest)));
    stream::iter(blobs.chain(manifests))
        .map(|(what, digest, key)| async move {
            match app.store.head(&key).await? {
                Some(_) => Ok(()),
                None => Err(Error::ManifestBlobUnknown { what, digest }),
            }
        })
        .buffer_unordered(MAX_LOOKUPS)
        .try_collect()
        .await
}

fn created(mirror: &MirrorName, digest: &ContentDigest, manifest: &Manifest, tags: &[Tag]) -> Result<Response> {
    let subject = manifest.subject.as_ref().map(|subject| subject.digest.to_string());
    let digest = digest.to_string();
    let location = location(mirror, &format!("manifests/{digest}"));
    let mut headers =
        vec![("Location", location.as_str()), ("Docker-Content-Digest", &digest), ("Content-Length", "0")];
    if let Some(subject) = &subject {
        headers.push(("OCI-Subject", subject));
    }
    let mut response = answer(201, &headers)?.empty();
    for tag in tags {
        let platform = |source| Error::Platform { doing: "writing a header", source };
        response.headers_mut().append("OCI-Tag", tag.as_str()).map_err(platform)?;
    }
    Ok(response)
}

/// `DELETE`: a tag, or a manifest with all its tags.
pub(crate) async fn delete(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    reference: &Reference,
) -> Result<Response> {
    auth::require(app, request, Scope::Admin, Some(mirror)).await?;
    registry::find(app, mirror).await?;
    let unknown = || Error::ManifestUnknown(text(reference));
    match reference {
        Reference::Invalid(_) => return Err(unknown()),
        Reference::Tag(tag) => {
            if !delete_tag(app, mirror, tag).await? {
                return Err(unknown());
            }
        }
        Reference::Digest(digest) => {
            let tags: Option<Vec<Tag>> = index_client::ask(app, mirror, Ask::TagsOf(*digest)).await?;
            for tag in tags.ok_or_else(unknown)? {
                if tag.is_package() {
                    delete_tag(app, mirror, &tag).await?;
                }
            }
            let forgotten: Option<Forgotten> = index_client::ask(app, mirror, Ask::DeleteManifest(*digest)).await?;
            for tag in forgotten.into_iter().flat_map(|forgotten| forgotten.tags) {
                let key = ObjectKey::Tag(mirror.clone(), tag);
                app.store.delete(&key).await?;
                memory::forget(&key);
            }
            let key = ObjectKey::Manifest(mirror.clone(), *digest);
            app.store.delete(&key).await?;
            memory::forget(&key);
        }
    }
    Ok(answer(202, &[("Content-Length", "0")])?.empty())
}

/// Deletes a tag; whether there was one. Deleting a package's tag removes the package from every layout.
async fn delete_tag(app: &App, mirror: &MirrorName, tag: &Tag) -> Result<bool> {
    let mut found = false;
    if let Some(hash) = tag.hash().filter(|_| tag.is_package()) {
        let named: Option<Tagged> = index_client::ask(app, mirror, Ask::Tag(tag.clone())).await?;
        if named.is_some() {
            found = index_client::ask::<Option<SpecSummary>>(app, mirror, Ask::Remove(hash)).await?.is_some();
        }
    }
    found |= index_client::ask::<bool>(app, mirror, Ask::DeleteTag(tag.clone())).await?;
    let key = ObjectKey::Tag(mirror.clone(), tag.clone());
    app.store.delete(&key).await?;
    memory::forget(&key);
    Ok(found)
}
