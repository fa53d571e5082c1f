//! CI jobs that show the OpenID Connect token of their provider, GitHub Actions.

use js_sys::{Array, Object, Reflect, Uint8Array};
use larder_shared::{
    bearer,
    oidc::{Claims, InvalidJwt, Jwt, keys::Key},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Crypto, CryptoKey};
use worker::Request;

use super::issuer_keys;
use crate::{
    app::{self, App, now},
    error::{Error, Result},
};

/// What a job's token says, if it is the issuer's, for this server and not over.
///
/// # Errors
/// [`Error::JobToken`] with what is wrong; [`Error::Issuer`] when the issuer's keys cannot be read.
pub(super) async fn verify(app: &App, request: &Request, token: &str) -> Result<Claims> {
    let jwt = Jwt::parse(token)?;
    let audiences = match &app.config.oidc_audience {
        Some(audience) => vec![audience.clone()],
        None => {
            let origin = app::origin(request)?;
            let host = bearer::host(&origin).to_owned();
            vec![origin, host]
        }
    };
    // Before the signature, so that a token for somebody else costs no look at the issuer's keys.
    jwt.claims.check(&app.config.oidc_issuer, &audiences, now())?;
    let key = issuer_keys::find(app, &jwt.key_id).await?;
    let key = key.ok_or_else(|| InvalidJwt::Key(jwt.key_id.chars().take(80).collect()))?;
    let is_signed = is_signed_by(&key, &jwt).await;
    match is_signed.map_err(|source| Error::Platform { doing: "checking a signature", source: source.into() })? {
        true => Ok(jwt.claims),
        false => Err(InvalidJwt::Signature.into()),
    }
}

/// RSASSA-PKCS1-v1_5 by the platform's Web Crypto: native, and done in a fraction of a millisecond.
const ALGORITHM: &str = "RSASSA-PKCS1-v1_5";

async fn is_signed_by(key: &Key, jwt: &Jwt<'_>) -> std::result::Result<bool, JsValue> {
    let crypto: Crypto = Reflect::get(&js_sys::global(), &"crypto".into())?.unchecked_into();
    let subtle = crypto.subtle();
    let algorithm = object([("name", ALGORITHM), ("hash", "SHA-256")])?;
    let jwk = object([("kty", "RSA"), ("alg", "RS256"), ("n", &key.modulus), ("e", &key.exponent)])?;
    let usages = Array::of1(&"verify".into());
    let key = JsFuture::from(subtle.import_key_with_object("jwk", &jwk, &algorithm, false, &usages)?).await?;
    let key: CryptoKey = key.unchecked_into();
    let (signature, signed) = (Uint8Array::from(&jwt.signature[..]), Uint8Array::from(jwt.signed.as_bytes()));
    let verified = subtle.verify_with_str_and_js_u8_array_and_js_u8_array(ALGORITHM, &key, &signature, &signed)?;
    Ok(JsFuture::from(verified).await? == JsValue::TRUE)
}

fn object<const N: usize>(members: [(&str, &str); N]) -> std::result::Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &name.into(), &value.into())?;
    }
    Ok(object)
}
