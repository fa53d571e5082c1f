//! Which mirrors there are, and each one's settings: one small object a mirror.

use std::{cell::RefCell, collections::HashMap};

use larder_shared::{
    api::{NewMirror, Origin, Recipes, Require, Signing, Timestamp, TrustRule},
    key::{MIRRORS_PREFIX, ObjectKey},
    name::MirrorName,
};
use serde::{Deserialize, Serialize};

use crate::{
    app::{App, now},
    auth::Asker,
    error::{Error, Result},
    store::Store,
};

/// What was chosen for a mirror.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) name: MirrorName,
    pub(crate) origin: Origin,
    pub(crate) created: Timestamp,
    /// Whether only who may pull may read it.
    #[serde(default)]
    pub(crate) private: bool,
    /// The CI jobs it trusts.
    #[serde(default)]
    pub(crate) trust: Vec<TrustRule>,
    #[serde(default)]
    pub(crate) signing: Signing,
    #[serde(default)]
    pub(crate) require: Require,
    /// Where its recipes are kept.
    #[serde(default)]
    pub(crate) recipes: Recipes,
}

/// How long settings are believed without asking the bucket again, in milliseconds. Settings
/// hardly change, and every read of a package would ask.
const BELIEVED_MILLIS: u64 = 30_000;

/// Most mirrors whose settings one isolate remembers.
const MAX_REMEMBERED: usize = 1_000;

thread_local! {
    /// Settings by mirror, and until when (milliseconds since 1970) they are believed.
    static REMEMBERED: RefCell<HashMap<MirrorName, (Settings, u64)>> = RefCell::default();
}

/// The settings of a mirror.
///
/// # Errors
/// [`Error::UnknownMirror`] when there is none; that is never remembered.
pub(crate) async fn find(app: &App, mirror: &MirrorName) -> Result<Settings> {
    let time = now().as_millis();
    let remembered = REMEMBERED.with_borrow(|all| all.get(mirror).filter(|(_, until)| *until > time).cloned());
    if let Some((settings, _)) = remembered {
        return Ok(settings);
    }
    let settings = load(&app.store, mirror).await?;
    remember(&settings);
    Ok(settings)
}

/// The settings of a mirror as they are stored now.
///
/// # Errors
/// [`Error::UnknownMirror`] when there is none.
pub(crate) async fn load(store: &Store, mirror: &MirrorName) -> Result<Settings> {
    let bytes = store.read(&ObjectKey::Mirror(mirror.clone())).await?;
    from_bytes(&bytes.ok_or_else(|| Error::UnknownMirror(mirror.clone()))?)
}

/// Makes a mirror.
///
/// # Errors
/// [`Error::MirrorExists`] when there is one of this name.
pub(crate) async fn create(app: &App, new: NewMirror) -> Result<Settings> {
    let NewMirror { name, origin, private, trust, signing, require, recipes } = new;
    let settings = Settings { name, origin, created: now(), private, trust, signing, require, recipes };
    if !app.store.put_if_absent(&ObjectKey::Mirror(settings.name.clone()), to_bytes(&settings)?).await? {
        return Err(Error::MirrorExists(settings.name));
    }
    remember(&settings);
    Ok(settings)
}

/// The settings of a mirror that is to be pushed to; `None` when it is made by this push: the first
/// with an admin token makes it, once something of it is stored.
///
/// # Errors
/// [`Error::UnknownMirror`] for the holder of another token, [`Error::ReadThrough`] when the mirror
/// takes no pushes.
pub(crate) async fn find_for_push(app: &App, mirror: &MirrorName, asker: &Asker) -> Result<Option<Settings>> {
    match find(app, mirror).await {
        Ok(settings) if settings.origin == Origin::Bucket => Ok(Some(settings)),
        Ok(_) => Err(Error::ReadThrough(mirror.clone())),
        Err(Error::UnknownMirror(_)) if asker.may_create_mirrors() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes the mirror of a first push.
pub(crate) async fn create_if_absent(app: &App, mirror: &MirrorName) -> Result<()> {
    match create(app, NewMirror::named(mirror.clone())).await {
        // Another first push came first.
        Ok(_) | Err(Error::MirrorExists(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// How often a change is tried while others change the same settings.
const MAX_TRIES: usize = 5;

/// Changes a mirror's settings; of two changes at once none undoes the other. Other isolates believe
/// the old ones for up to 30 s.
///
/// # Errors
/// [`Error::UnknownMirror`], or [`Error::SettingsBusy`] when too many change them at once.
pub(crate) async fn change(app: &App, mirror: &MirrorName, change: impl Fn(&mut Settings)) -> Result<Settings> {
    let key = ObjectKey::Mirror(mirror.clone());
    for _ in 0..MAX_TRIES {
        let found = app.store.get(&key).await?.ok_or_else(|| Error::UnknownMirror(mirror.clone()))?;
        let etag = found.stored.etag.clone();
        let mut settings = from_bytes(&found.into_bytes().await?)?;
        change(&mut settings);
        if app.store.put_if_unchanged(&key, &etag, to_bytes(&settings)?).await? {
            remember(&settings);
            return Ok(settings);
        }
    }
    Err(Error::SettingsBusy(mirror.clone()))
}

fn to_bytes(settings: &Settings) -> Result<Vec<u8>> {
    serde_json::to_vec(settings).map_err(|source| Error::Data { doing: "writing a mirror's settings", source })
}

fn from_bytes(bytes: &[u8]) -> Result<Settings> {
    serde_json::from_slice(bytes).map_err(|source| Error::Data { doing: "reading a mirror's settings", source })
}

/// The mirrors after `cursor` in order of name, at most `limit`, and the next page's cursor.
pub(crate) async fn list(app: &App, cursor: Option<String>, limit: u32) -> Result<(Vec<Settings>, Option<String>)> {
    let (names, next) = app.store.list(MIRRORS_PREFIX, cursor, limit).await?;
    let mut all = Vec::new();
    for name in names {
        // A foreign object below the prefix is not a mirror.
        let Ok(name) = name.parse::<MirrorName>() else { continue };
        match find(app, &name).await {
            Ok(settings) => all.push(settings),
            Err(Error::UnknownMirror(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((all, next))
}

fn remember(settings: &Settings) {
    let until = now().as_millis() + BELIEVED_MILLIS;
    REMEMBERED.with_borrow_mut(|all| {
        if all.len() >= MAX_REMEMBERED {
            all.clear();
        }
        all.insert(settings.name.clone(), (settings.clone(), until));
    });
}
