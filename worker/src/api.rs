//! The JSON API, `/api/v1/…`. Its documents are the types of `larder_shared::api`.

pub(crate) mod badge;
pub(crate) mod builds;
pub(crate) mod catalogue;
pub(crate) mod failures;
pub(crate) mod feed;
pub(crate) mod keys;
pub(crate) mod mirrors;
pub(crate) mod packages;
pub(crate) mod runs;
pub(crate) mod specs;
pub(crate) mod suggest;
pub(crate) mod tokens;
pub(crate) mod usage;
mod webhook;

use std::str::FromStr;

use serde::de::DeserializeOwned;
use worker::{Request, Response};

use crate::{
    body,
    error::{Error, Result},
    respond,
};

/// The OpenAPI document, generated from the Rust types when the worker is built.
const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// `GET /api/v1/openapi.json`
pub(crate) fn openapi(request: &Request) -> Result<Response> {
    respond::json_bytes(request, OPENAPI.into())
}

/// Most items of a page, and how many there are unless `limit` says otherwise.
const MAX_LIMIT: u32 = 500;
const DEFAULT_LIMIT: u32 = 100;

/// A parameter of the query.
pub(crate) fn parameter(request: &Request, name: &str) -> Result<Option<String>> {
    let url = request.url().map_err(|source| Error::Platform { doing: "reading the request's URL", source })?;
    Ok(url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).filter(|v| !v.is_empty()))
}

/// A parameter that is one of ours.
fn parsed<T: DeserializeOwned>(request: &Request, name: &str) -> Result<Option<T>> {
    let Some(text) = parameter(request, name)? else { return Ok(None) };
    let parsed = serde_json::from_value(serde_json::Value::String(text));
    parsed.map(Some).map_err(|error| Error::Request(format!("`{name}` cannot be used: {error}")))
}

/// A parameter that is a number.
fn number<T: FromStr>(request: &Request, name: &str) -> Result<Option<T>> {
    let Some(text) = parameter(request, name)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Error::Request(format!("`{name}` is `{text}`; a number is expected")))
}

/// The parameter `limit`: 1 to `max`.
fn limit(request: &Request, default: u32, max: u32) -> Result<u32> {
    match parameter(request, "limit")? {
        None => Ok(default),
        Some(text) => match text.parse() {
            Ok(limit) if (1..=max).contains(&limit) => Ok(limit),
            _ => Err(Error::Request(format!("`limit` is `{text}`; a number from 1 to {max} is expected"))),
        },
    }
}

/// Largest JSON body read, in bytes.
const MAX_BODY_BYTES: u64 = 64 << 10;

/// The body as JSON.
pub(crate) async fn json_body<T: DeserializeOwned>(request: &Request) -> Result<T> {
    json_body_of(request, MAX_BODY_BYTES).await
}

/// The body as JSON, of at most so many bytes.
async fn json_body_of<T: DeserializeOwned>(request: &Request, limit: u64) -> Result<T> {
    let bytes = body::whole_of_any_length(request, limit).await?;
    serde_json::from_slice(&bytes).map_err(|error| Error::Request(format!("the body cannot be used: {error}")))
}
