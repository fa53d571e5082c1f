//! An issuer of OpenID Connect tokens, as GitHub Actions has one: keys made by OpenSSL, published
//! over HTTP, and jobs that ask for tokens.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::origin::{Origin, Reply};

/// An RSA key of 2,048 bits that signs tokens.
#[derive(Debug)]
pub struct SigningKey {
    id: String,
    file: PathBuf,
    _folder: TempDir,
}

/// Runs OpenSSL; gives what it writes.
fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("openssl cannot be started: {error}"));
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

impl SigningKey {
    /// A new key under a name.
    pub fn make(id: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("larder-issuer-").tempdir().unwrap();
        let file = folder.path().join("key.pem");
        let path = file.to_str().unwrap();
        openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path], b"");
        Self { id: id.to_owned(), file, _folder: folder }
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub fn sign(&self, text: &str) -> Vec<u8> {
        openssl(&["dgst", "-sha256", "-sign", self.file.to_str().unwrap()], text.as_bytes())
    }

    /// Its public half, as an issuer publishes it (RFC 7517).
    pub fn public(&self) -> Value {
        let modulus = openssl(&["rsa", "-in", self.file.to_str().unwrap(), "-noout", "-modulus"], b"");
        let modulus = String::from_utf8(modulus).unwrap();
        let digits = modulus.trim().strip_prefix("Modulus=").unwrap().as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let modulus: Vec<u8> = digits.chunks(2).map(byte).collect();
        let (n, e) = (BASE64_URL.encode(modulus), "AQAB");
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": n, "e": e })
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({ "alg": "RS256", "typ": "JWT", "kid": self.id }), claims)
    }

    /// A token with this header, signed by this key whatever the header says.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = BASE64_URL.encode(self.sign(&signed));
        format!("{signed}.{signature}")
    }
}

/// Header and claims of a token, without the signature.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64_URL.encode(header.to_string()), BASE64_URL.encode(claims.to_string()))
}

/// An issuer that publishes keys; it lives until the test ends.
#[derive(Clone)]
pub struct Issuer {
    origin: Origin,
}

const DISCOVERY: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/.well-known/jwks";

impl Issuer {
    /// An issuer with these keys.
    pub fn start(keys: &[&SigningKey]) -> Self {
        let issuer = Self { origin: Origin::start(|_| Reply::status(503)) };
        issuer.publish(keys);
        issuer
    }

    /// From now on it has these keys.
    pub fn publish(&self, keys: &[&SigningKey]) {
        let url = self.url();
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}{KEYS}") }).to_string();
        let keys = json!({ "keys": keys.iter().map(|key| key.public()).collect::<Vec<_>>() }).to_string();
        self.origin.change(move |path| match path {
            DISCOVERY => Reply::found(discovery.clone()),
            KEYS => Reply::found(keys.clone()),
            _ => Reply::status(404),
        });
    }

    /// From now on it does something else.
    pub fn change(&self, script: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        self.origin.change(script);
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.origin.url()
    }

    /// How often its keys were read.
    pub fn reads(&self) -> usize {
        self.origin.requests().iter().filter(|request| request.ends_with(KEYS)).count()
    }

    /// What a job of `octo-org/octo-repo` on `main` may say now to `audience`.
    pub fn claims(&self, audience: &str) -> Value {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        json!({
            "jti": "example-id",
            "sub": "repo:octo-org/octo-repo:environment:production",
            "iss": self.url(),
            "aud": audience,
            "iat": now, "nbf": now - 600, "exp": now + 300,
            "repository": "octo-org/octo-repo",
            "repository_owner": "octo-org",
            "environment": "production",
            "ref": "refs/heads/main",
            "ref_type": "branch",
            "sha": "0f24aa6b9d1c6b1b2f5e4d3c2b1a09f8e7d6c5b4",
            "run_id": "1658821493",
            "run_number": "10",
            "run_attempt": "2",
            "workflow": "build",
            "runner_environment": "github-hosted",
        })
    }
}
