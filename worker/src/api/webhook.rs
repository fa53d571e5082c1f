//! Setting a mirror's webhook, a part of `PATCH /api/v1/mirrors/{m}`.

use larder_shared::{
    credential::RANDOM_BYTES,
    index::command::{Ask, SetWebhook},
    name::MirrorName,
    webhook::{SECRET_PREFIX, WebhookUrl},
};
use worker::Request;

use crate::{
    app::{self, App},
    auth::tokens,
    error::{Error, Result},
    index_client,
};

/// The URL that was sent, checked; `None` for an empty text.
///
/// # Errors
/// [`Error::Request`] when Larder does not send there.
pub(super) fn parse(app: &App, url: &str) -> Result<Option<WebhookUrl>> {
    if url.is_empty() {
        return Ok(None);
    }
    let parsed = WebhookUrl::parse(url, app.config.has_local_webhooks);
    parsed.map(Some).map_err(|error| Error::Request(error.to_string()))
}

/// Sets or removes the webhook; gives its new secret.
pub(super) async fn set(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    url: Option<WebhookUrl>,
) -> Result<Option<String>> {
    let webhook = match url {
        Some(url) => {
            let random: [u8; RANDOM_BYTES] = tokens::random("making a webhook's secret")?;
            let secret = format!("{SECRET_PREFIX}{}", hex::encode(random));
            Some(SetWebhook { url, secret, site: app::origin(request)? })
        }
        None => None,
    };
    let secret = webhook.as_ref().map(|webhook| webhook.secret.clone());
    index_client::ask::<()>(app, mirror, Ask::SetWebhook(webhook)).await?;
    Ok(secret)
}
