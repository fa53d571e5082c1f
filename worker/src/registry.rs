//! Which mirrors there are, and each one's settings: one small object a mirror.

use std::{cell::RefCell, collections::HashMap};

use larder_shared::{
    api::{NewMirror, Origin, Timestamp},
    key::{MIRRORS_PREFIX, ObjectKey},
    name::MirrorName,
};
use serde::{Deserialize, Serialize};

use crate::{
    app::{App, now},
    error::{Error, Result},
};

/// What was chosen for a mirror.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) name: MirrorName,
    pub(crate) origin: Origin,
    pub(crate) created: Timestamp,
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
    let bytes = app.store.read(&ObjectKey::Mirror(mirror.clone())).await?;
    let bytes = bytes.ok_or_else(|| Error::UnknownMirror(mirror.clone()))?;
    let settings: Settings = serde_json::from_slice(&bytes)
        .map_err(|source| Error::Data { doing: "reading a mirror's settings", source })?;
    remember(&settings);
    Ok(settings)
}

/// Makes a mirror.
///
/// # Errors
/// [`Error::MirrorExists`] when there is one of this name.
pub(crate) async fn create(app: &App, new: NewMirror) -> Result<Settings> {
    let settings = Settings { name: new.name, origin: new.origin, created: now() };
    let bytes =
        serde_json::to_vec(&settings).map_err(|source| Error::Data { doing: "writing a mirror's settings", source })?;
    if !app.store.put_if_absent(&ObjectKey::Mirror(settings.name.clone()), bytes).await? {
        return Err(Error::MirrorExists(settings.name));
    }
    remember(&settings);
    Ok(settings)
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
