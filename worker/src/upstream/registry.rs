//! Requests to a registry (OCI distribution specification 1.1): manifests, blobs and tags of one repository.
//!
//! A registry that asks for a token gets one, which is remembered and sent from then on. One that asks for fewer
//! requests (429) is not asked before the time it names. Redirects are followed here, because what proves who asks
//! must not go to where they lead.

use std::{cell::RefCell, collections::HashMap};

use larder_shared::{
    api::Timestamp,
    config::Config,
    http::retry_after,
    oci::{
        challenge::{Challenge, GrantedToken},
        digest::ContentDigest,
        image, listing,
        manifest::{DOCKER_IMAGE, IMAGE, MAX_MANIFEST_BYTES, Manifest},
        repository::RepositoryUrl,
        tag::Tag,
    },
    package::Package,
};
use worker::{Method, RequestRedirect, Url};

use super::{Answer, Call, Found, send};
use crate::{
    app::now,
    error::{Error, Result},
    intake::image::StoredManifest,
};

/// How often a registry may send us elsewhere for one object.
const MAX_REDIRECTS: usize = 5;

/// Largest answer of a token endpoint, in bytes.
const MAX_TOKEN_BYTES: u64 = 64 << 10;

/// Largest configuration read, in bytes: it is a spec file, and one of 500 nodes has about 1 MB. Several
/// are read at once.
const MAX_CONFIG_BYTES: u64 = 4 << 20;

/// How long before its end a token is not used any more, in milliseconds: a request may take a while.
const TOKEN_MARGIN_MILLIS: u64 = 15_000;

/// Most repositories that an isolate remembers a token of.
const MAX_REMEMBERED: usize = 100;

/// How many tags a page shall have; a registry may send fewer.
const PAGE_TAGS: u32 = 1_000;

/// What is sent to prove who asks.
#[derive(Clone)]
struct Proof {
    /// The `Authorization` header.
    header: String,
    /// Until when it is good, in milliseconds since 1970.
    until: u64,
}

thread_local! {
    /// Proofs by repository.
    static PROOFS: RefCell<HashMap<RepositoryUrl, Proof>> = RefCell::default();
    /// Until when registries want to be left alone, in milliseconds since 1970, by address.
    static PAUSES: RefCell<HashMap<String, u64>> = RefCell::default();
}

/// A repository to be asked.
#[derive(Clone, Copy)]
pub(crate) struct Registry<'a> {
    pub(crate) config: &'a Config,
    pub(crate) repository: &'a RepositoryUrl,
}

/// An image that is a package, as it was read.
pub(crate) struct Image {
    pub(crate) stored: StoredManifest,
    pub(crate) manifest: Manifest,
    pub(crate) config: Vec<u8>,
    pub(crate) config_digest: ContentDigest,
    pub(crate) package: Package,
    /// The length of its tarball, in bytes.
    pub(crate) size: u64,
}

/// A page of tags.
pub(crate) struct Tags {
    pub(crate) tags: Vec<String>,
    /// Where the next page lies.
    pub(crate) next: Option<String>,
}

/// Notes that a registry wants to be left alone, as somebody else learnt.
pub(crate) fn pause(repository: &RepositoryUrl, until: Timestamp) {
    if until > now() {
        PAUSES.with_borrow_mut(|pauses| pauses.insert(repository.registry(), until.as_millis()));
    }
}

impl Registry<'_> {
    /// A page of the repository's tags: the first, or where the one before says that it lies.
    pub(crate) async fn tags(&self, page: Option<&str>) -> Result<Tags> {
        let first = self.repository.address(&format!("tags/list?n={PAGE_TAGS}"));
        let url = page.unwrap_or(&first);
        let Answer::Found(found) = self.ask(url, "application/json").await? else {
            return Err(self.problem("has no such repository"));
        };
        let next = match found.header("Link").as_deref().and_then(listing::next_page) {
            Some(link) => Some(self.next_page(url, link)?),
            None => None,
        };
        let bytes = found.bytes(listing::MAX_PAGE_BYTES).await?;
        let tags = listing::tags(&bytes);
        let tags = tags.map_err(|error| self.problem(format!("sent a list of tags that is not one: {error}")))?;
        Ok(Tags { tags, next })
    }

    fn next_page(&self, page: &str, link: &str) -> Result<String> {
        let next = Url::parse(page).and_then(|page| page.join(link));
        match next {
            Ok(next) if self.is_own(&next) && next.as_str() != page => Ok(next.into()),
            _ => Err(self.problem("sends to a next page of tags that lies elsewhere")),
        }
    }

    /// The manifest of a tag; `None` when there is no such tag.
    ///
    /// # Errors
    /// [`Error::Document`], [`Error::Manifest`] or [`Error::Digest`] when it is none.
    pub(crate) async fn manifest(&self, tag: &str) -> Result<Option<(StoredManifest, Manifest)>> {
        let url = self.repository.address(&format!("manifests/{tag}"));
        let Answer::Found(found) = self.ask(&url, &[IMAGE, DOCKER_IMAGE].join(", ")).await? else { return Ok(None) };
        let (media_type, told) = (found.header("Content-Type"), found.header("Docker-Content-Digest"));
        if found.length.is_some_and(|bytes| bytes > MAX_MANIFEST_BYTES) {
            let bytes = found.length.unwrap_or_default();
            found.abort();
            return Err(Error::TooLarge { bytes, limit: MAX_MANIFEST_BYTES });
        }
        let bytes = found.bytes(MAX_MANIFEST_BYTES).await?;
        let digest = ContentDigest::of(&bytes);
        if let Some(told) = told.and_then(|told| told.parse::<ContentDigest>().ok()).filter(|told| !told.fits(&bytes)) {
            return Err(Error::Digest { what: "the manifest".to_owned(), expected: told });
        }
        let (manifest, media_type) = Manifest::parse(&bytes, media_type.as_deref())?;
        if manifest.config.is_none() {
            return Err(Error::Document(format!("the manifest is a `{media_type}`, which is no image")));
        }
        Ok(Some((StoredManifest { bytes, media_type, digest }, manifest)))
    }

    /// The package that the image of a tag is; `None` when there is no such tag.
    ///
    /// # Errors
    /// As [`Self::manifest`]; [`Error::Image`] when it is no package, or another than its tag says.
    pub(crate) async fn image(&self, tag: &Tag) -> Result<Option<Image>> {
        let Some((stored, manifest)) = self.manifest(tag.as_str()).await? else { return Ok(None) };
        let descriptor =
            manifest.config.as_ref().ok_or_else(|| Error::Document("the image has no config".to_owned()))?;
        let config_digest = descriptor.digest;
        if descriptor.size > MAX_CONFIG_BYTES {
            return Err(Error::TooLarge { bytes: descriptor.size, limit: MAX_CONFIG_BYTES });
        }
        let missing = || Error::ManifestBlobUnknown { what: "the blob", digest: config_digest };
        let Answer::Found(found) = self.blob(&config_digest).await? else { return Err(missing()) };
        let config = found.bytes(MAX_CONFIG_BYTES).await?;
        if !config_digest.fits(&config) {
            return Err(Error::Digest { what: "the image's configuration".to_owned(), expected: config_digest });
        }
        let (package, size) = image::package(tag, &manifest, &config)?;
        Ok(Some(Image { stored, manifest, config, config_digest, package, size }))
    }

    /// A blob.
    pub(crate) async fn blob(&self, digest: &ContentDigest) -> Result<Answer> {
        self.ask(&self.repository.address(&format!("blobs/{digest}")), "*/*").await
    }

    /// Whether a URL leads to the registry itself.
    fn is_own(&self, url: &Url) -> bool {
        Url::parse(&self.repository.registry()).is_ok_and(|registry| registry.origin() == url.origin())
    }

    fn problem(&self, problem: impl Into<String>) -> Error {
        Error::Origin { origin: self.repository.to_string(), problem: problem.into() }
    }

    /// Gets what lies at an address of the registry, with whatever proof it wants.
    async fn ask(&self, url: &str, accept: &str) -> Result<Answer> {
        let mut may_prove = true;
        loop {
            self.expect_no_pause()?;
            let found = self.follow(url, accept).await?;
            match found.status() {
                200 => return Ok(Answer::Found(found)),
                404 | 410 => {
                    found.abort();
                    return Ok(Answer::Missing);
                }
                429 => return Err(self.begin_pause(found)),
                401 if may_prove => {
                    may_prove = false;
                    let challenge = found.header("WWW-Authenticate").as_deref().and_then(Challenge::parse);
                    found.abort();
                    self.prove(challenge).await?;
                }
                status => {
                    found.abort();
                    let hint = match status {
                        401 | 403 => {
                            ": the repository is private, or is not there; LARDER_REGISTRY_CREDENTIALS may hold who may read it"
                        }
                        _ => "",
                    };
                    let path = url.strip_prefix(&self.repository.registry()).unwrap_or_default();
                    return Err(self.problem(format!("answered {status} for `{path}`{hint}")));
                }
            }
        }
    }

    /// Asks, and asks where the answer sends to.
    async fn follow(&self, url: &str, accept: &str) -> Result<Found> {
        let origin = self.repository.to_string();
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let is_own = Url::parse(&url).is_ok_and(|url| self.is_own(&url));
            let proof = if is_own { remembered(self.repository) } else { None };
            let mut headers = vec![("Accept", accept)];
            if let Some(proof) = &proof {
                headers.push(("Authorization", &proof.header));
            }
            let call = Call {
                origin: &origin,
                url: &url,
                method: Method::Get,
                headers: &headers,
                redirect: RequestRedirect::Manual,
            };
            let found = send(self.config, call).await?;
            if !matches!(found.status(), 301 | 302 | 303 | 307 | 308) {
                return Ok(found);
            }
            let location = found.header("Location").unwrap_or_default();
            found.abort();
            let next = Url::parse(&url).and_then(|url| url.join(&location));
            url = match next {
                Ok(next) if next.scheme() == "https" || (next.scheme() == "http" && self.repository.is_plain()) => {
                    next.into()
                }
                _ => return Err(self.problem("sends to a place that is not asked")),
            };
        }
        Err(self.problem("sends from one place to another without end"))
    }

    /// Gets the proof that a registry wants, and remembers it.
    async fn prove(&self, challenge: Option<Challenge>) -> Result<()> {
        let host = self.repository.host();
        // A password goes over https, or does not leave the machine.
        let may_tell = !self.repository.is_plain() || self.repository.is_local();
        let password = self.config.registry_credentials.authorization(host).filter(|_| may_tell);
        let url = match &challenge {
            Some(Challenge::Basic) => {
                let header = password.ok_or_else(|| self.problem("wants a name and a password, and none is set"))?;
                remember(self.repository, Proof { header: header.to_owned(), until: u64::MAX });
                return Ok(());
            }
            Some(bearer) => bearer.token_url(self.repository.is_plain()),
            None => None,
        };
        let url = url.ok_or_else(|| self.problem("refuses to answer, and does not say what it wants"))?;
        let headers: Vec<_> = password.iter().map(|password| ("Authorization", *password)).collect();
        let origin = self.repository.to_string();
        let call = Call {
            origin: &origin,
            url: &url,
            method: Method::Get,
            headers: &headers,
            // A password goes nowhere else.
            redirect: RequestRedirect::Manual,
        };
        let asked = now().as_millis();
        let found = send(self.config, call).await?;
        match found.status() {
            200 => {}
            429 => return Err(self.begin_pause(found)),
            status => {
                found.abort();
                let what = if password.is_some() { "the credentials that are set" } else { "everybody" };
                return Err(self.problem(format!(
                    "answered {status} when asked for a token: {what} may not read it, or it is not there"
                )));
            }
        }
        let bytes = found.bytes(MAX_TOKEN_BYTES).await?;
        let granted = GrantedToken::parse(&bytes);
        let GrantedToken { token, seconds } = granted.ok_or_else(|| self.problem("sent a token that is not one"))?;
        let until = asked.saturating_add(seconds.saturating_mul(1_000)).saturating_sub(TOKEN_MARGIN_MILLIS);
        // One that is about to end serves the request it was asked for.
        remember(self.repository, Proof { header: format!("Bearer {token}"), until: until.max(asked + 1_000) });
        Ok(())
    }

    fn expect_no_pause(&self) -> Result<()> {
        let until = PAUSES.with_borrow(|pauses| pauses.get(&self.repository.registry()).copied()).unwrap_or_default();
        if until > now().as_millis() { Err(self.busy(Timestamp::from_millis(until))) } else { Ok(()) }
    }

    fn begin_pause(&self, found: Found) -> Error {
        let until = retry_after(found.header("Retry-After").as_deref(), now());
        found.abort();
        pause(self.repository, until);
        self.busy(until)
    }

    fn busy(&self, until: Timestamp) -> Error {
        Error::OriginBusy { origin: self.repository.to_string(), until }
    }
}

fn remembered(repository: &RepositoryUrl) -> Option<Proof> {
    let time = now().as_millis();
    PROOFS.with_borrow(|proofs| proofs.get(repository).filter(|proof| proof.until > time).cloned())
}

fn remember(repository: &RepositoryUrl, proof: Proof) {
    PROOFS.with_borrow_mut(|proofs| {
        if proofs.len() >= MAX_REMEMBERED {
            proofs.clear();
        }
        proofs.insert(repository.clone(), proof);
    });
}
