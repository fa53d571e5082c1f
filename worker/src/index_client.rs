//! Asks a mirror's index, the Durable Object of [`crate::index_object`].

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use larder_shared::{
    index::command::{Ask, Request},
    name::MirrorName,
};
use serde::de::DeserializeOwned;
use worker::{Delay, Method, RequestInit};

use crate::{
    app::{App, now},
    error::{Error, Result},
};

/// How long the index has to answer. A panic in it would leave the request hanging for ever
/// ([workers-rs#912](https://github.com/cloudflare/workers-rs/issues/912)), and Spack waits 10 s.
const DEADLINE: Duration = Duration::from_secs(9);

/// The index's answer, of the type named at the variant of [`Ask`].
///
/// # Errors
/// [`Error::IndexTimeout`], or [`Error::Index`] with what the index said.
pub(crate) async fn ask<Answer: DeserializeOwned>(app: &App, mirror: &MirrorName, ask: Ask) -> Result<Answer> {
    app.operations.count_question();
    let platform = |source| Error::Platform { doing: "asking the index", source };
    let request = Request { mirror: mirror.clone(), now: now(), ask };
    let body = serde_json::to_string(&request).map_err(|source| Error::Data { doing: "asking the index", source })?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body.into()));
    let request = worker::Request::new_with_init("https://index/", &init).map_err(platform)?;
    let stub = app.indexes.get_by_name(mirror.as_str()).map_err(platform)?;
    let answer = async {
        let mut response = stub.fetch_with_request(request).await.map_err(platform)?;
        let text = response.text().await.map_err(platform)?;
        if response.status_code() != 200 {
            return Err(Error::Index(text));
        }
        serde_json::from_str(&text).map_err(|source| Error::Data { doing: "reading the index's answer", source })
    };
    match select(pin!(answer), pin!(Delay::from(DEADLINE))).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err(Error::IndexTimeout),
    }
}
