//! Failed attempts, counted by where they come from.
//!
//! Only wrong secrets are counted, after they turned out wrong: a right one works from an address
//! that has used up its attempts, because a whole institute may share it. Tokens hold 192 random
//! bits, so this is not what keeps them from being guessed; it tells a broken client to stop.

use larder_shared::http::client_network;
use worker::{Request, console_error};

use crate::{app::App, error::Error, respond::header};

/// Counts a failed attempt; what the client is told of it.
pub(super) async fn count(app: &App, request: &Request, wrong: Error) -> Error {
    let Some(limiter) = &app.failed_attempts else { return wrong };
    // Set by Cloudflare's edge, which overwrites what a client sends.
    let client = client_network(&header(request, "CF-Connecting-IP").unwrap_or_default());
    match limiter.limit(client).await {
        Ok(outcome) if outcome.success => wrong,
        Ok(_) => Error::TooManyAttempts,
        Err(error) => {
            console_error!("counting a failed attempt: {error:?}");
            wrong
        }
    }
}
