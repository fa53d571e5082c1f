//! Managed signing: the deployment's own key, which signs what Larder derives.

use std::{cell::RefCell, collections::HashSet, rc::Rc};

use larder_shared::{
    api::Signing,
    config::{Config, InvalidSetting, SigningKey as KeyText},
    index::command::{Ask, Changed},
    name::{Fingerprint, MirrorName},
};

use crate::{
    app::{App, now},
    error::{Error, Result},
    index_client,
    intake::Place,
    openpgp::SigningKey,
    registry::Settings,
};

thread_local! {
    /// Keys that this isolate knows to be among a mirror's keys.
    static PUBLISHED: RefCell<HashSet<(MirrorName, Fingerprint)>> = RefCell::default();

    /// The key as it was last read, and its text: parsing it for each document would cost more than
    /// signing.
    static KEY: RefCell<Option<(String, Rc<SigningKey>)>> = RefCell::default();
}

/// The key with which a mirror of this `signing` has documents signed; none where nobody signs.
///
/// # Errors
/// [`Error::SigningKeyMissing`] when there is none, [`Error::Setting`] when it cannot be used.
pub(crate) fn key(config: &Config, signing: Signing) -> Result<Option<Rc<SigningKey>>> {
    match (signing, &config.signing_key) {
        (Signing::None, _) => Ok(None),
        (Signing::Managed, None) => Err(Error::SigningKeyMissing),
        (Signing::Managed, Some(text)) => read(text.armor()).map(Some),
    }
}

/// The key with which a mirror has documents signed, which is one of the mirror's keys from then on.
///
/// # Errors
/// As [`key`].
pub(crate) async fn key_of(app: &App, settings: &Settings) -> Result<Option<Rc<SigningKey>>> {
    let Some(key) = key(&app.config, settings.signing)? else { return Ok(None) };
    let published = (settings.name.clone(), key.fingerprint.clone());
    if !PUBLISHED.with_borrow(|known| known.contains(&published)) {
        let place = Place { store: &app.store, mirror: &settings.name };
        let (public, _) = place.key(&key.fingerprint, key.public.clone(), now()).await?;
        let _: Changed = index_client::ask(app, &settings.name, Ask::AddKey(public)).await?;
        PUBLISHED.with_borrow_mut(|known| known.insert(published));
    }
    Ok(Some(key))
}

fn read(armor: &str) -> Result<Rc<SigningKey>> {
    let known =
        KEY.with_borrow(|known| known.as_ref().filter(|(text, _)| text == armor).map(|(_, key)| Rc::clone(key)));
    if let Some(key) = known {
        return Ok(key);
    }
    let key = SigningKey::parse(armor).map_err(|problem| InvalidSetting::secret(KeyText::NAME, problem))?;
    let key = Rc::new(key);
    KEY.set(Some((armor.to_owned(), Rc::clone(&key))));
    Ok(key)
}
