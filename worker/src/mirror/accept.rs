//! Takes a package whose document was checked: blobs first, then what is derived, then the
//! document, then the index. A crash in between leaves nothing an index names; sending the document
//! again completes it.

use larder_shared::{
    index::command::{Ask, Changed},
    key::ObjectKey,
    layout::{LayoutPath, v3},
    name::MirrorName,
    package::Package,
};

use crate::{
    app::App,
    error::{Error, Result},
    index_client,
    mirror::read,
};

/// Whether exactly these bytes are stored at `path`.
///
/// # Errors
/// [`Error::Conflict`] when other bytes are.
pub(crate) async fn is_stored(app: &App, mirror: &MirrorName, path: &LayoutPath, document: &[u8]) -> Result<bool> {
    match app.store.read(&ObjectKey::Object(mirror.clone(), path.clone())).await? {
        Some(stored) if stored != document => Err(Error::Conflict(format!("`{path}`"))),
        stored => Ok(stored.is_some()),
    }
}

/// Stores a package's `document` at `path` with what is derived from it, and tells the index.
///
/// The tarball, of `size` bytes, must be stored.
///
/// # Errors
/// [`Error::Conflict`] when the path holds other bytes, or the tarball's v2 path another tarball.
pub(crate) async fn package(
    app: &App,
    mirror: &MirrorName,
    path: &LayoutPath,
    document: Vec<u8>,
    package: &Package,
    size: u64,
) -> Result<()> {
    keep(app, mirror, package, Some(size)).await?;
    let key = ObjectKey::Object(mirror.clone(), path.clone());
    if !app.store.put_if_absent(&key, document.clone()).await? {
        // Another push came between the look and this; one of them wins whole.
        is_stored(app, mirror, path, &document).await?;
    }
    announce(app, mirror, package, size).await
}

/// Tells the index of a package whose document is stored. Done again with each upload of the same
/// document, because a crash may have come before the index knew.
pub(crate) async fn announce(app: &App, mirror: &MirrorName, package: &Package, size: u64) -> Result<()> {
    let command = Ask::Accept(Box::new(package.to_accept(size)));
    index_client::ask::<Changed>(app, mirror, command).await.map(drop)
}

/// Stores what makes a package found in the layout it did not arrive in.
pub(crate) async fn keep(app: &App, mirror: &MirrorName, package: &Package, size: Option<u64>) -> Result<()> {
    let derived = package.derive(size)?;
    for (path, _) in &derived.documents {
        if let LayoutPath::V2(larder_shared::layout::v2::Path::Tarball(_)) = path
            && let Some(known) = read::reference(app, mirror, path).await?
            && known.blob != package.tarball
        {
            return Err(Error::Conflict(format!("`{path}`: its tarball has the sha256 {}", known.blob)));
        }
    }
    if let Some((digest, blob)) = derived.spec_blob {
        let path = LayoutPath::V3(v3::Path::Blob(digest));
        app.store.put(&ObjectKey::Object(mirror.clone(), path), blob).await?;
    }
    for (path, bytes) in derived.documents {
        app.store.put(&ObjectKey::Derived(mirror.clone(), path), bytes).await?;
    }
    Ok(())
}
