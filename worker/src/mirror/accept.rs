//! Takes a package whose document was checked: blobs first, then what is derived, then the
//! document, then the index. A crash in between leaves nothing an index names; sending the document
//! again completes it.

use std::rc::Rc;

use larder_shared::{
    api::Require,
    index::command::{Ask, Changed},
    key::ObjectKey,
    layout::LayoutPath,
    name::MirrorName,
    package::Package,
};

use crate::{
    app::{App, now},
    error::{Error, Result},
    index_client,
    intake::{Place, derived::Writing},
    openpgp::SigningKey,
    registry, signing,
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

/// Stores a package's `document` at `path`, unless `is_stored`, with what is derived from it, and tells
/// the index. The index is told in any case, because a crash may have come before it knew.
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
    is_stored: bool,
) -> Result<()> {
    if is_stored && announce(app, mirror, package, size, false).await? {
        return Ok(());
    }
    // Once more when it was removed while it was stored; who removes it again means it.
    for _ in 0..2 {
        let managed = keep(app, mirror, package, Some(size)).await?;
        let key = ObjectKey::Object(mirror.clone(), path.clone());
        if !app.store.put_if_absent(&key, document.clone()).await? {
            // Another push came between the look and this; one of them wins whole.
            self::is_stored(app, mirror, path, &document).await?;
        }
        if announce(app, mirror, package, size, managed).await? {
            return Ok(());
        }
    }
    Err(Error::Removed)
}

/// Tells the index of a package that is stored; whether it took it. It does not when some of the package
/// was removed meanwhile.
async fn announce(app: &App, mirror: &MirrorName, package: &Package, size: u64, managed: bool) -> Result<bool> {
    let command = Ask::Accept(Box::new(package.to_accept(size, managed)));
    Ok(index_client::ask::<Option<Changed>>(app, mirror, command).await?.is_some())
}

/// Stores what makes a package found in the layouts it did not arrive in; whether it is signed with the
/// mirror's own key.
///
/// # Errors
/// [`Error::Unsigned`] when the mirror takes signed packages only.
pub(crate) async fn keep(app: &App, mirror: &MirrorName, package: &Package, size: Option<u64>) -> Result<bool> {
    let key = signer(app, mirror, package).await?;
    let place = Place { store: &app.store, mirror };
    place.keep_derived(package, size, key.as_deref(), Writing::All, now()).await?;
    Ok(key.is_some())
}

/// The key that signs what is derived of a package, if one does.
///
/// # Errors
/// [`Error::Unsigned`] when the mirror takes signed packages only.
pub(crate) async fn signer(app: &App, mirror: &MirrorName, package: &Package) -> Result<Option<Rc<SigningKey>>> {
    let settings = match registry::find(app, mirror).await {
        Ok(settings) => Some(settings),
        // The first upload makes the mirror once it is done.
        Err(Error::UnknownMirror(_)) => None,
        Err(error) => return Err(error),
    };
    if settings.as_ref().is_some_and(|settings| settings.require == Require::Signed) && !package.signed {
        return Err(Error::Unsigned(mirror.clone()));
    }
    match &settings {
        Some(settings) => signing::key_of(app, settings).await,
        None => Ok(None),
    }
}
