//! A mirror as a site of the GitHub action `spack-package-action`, for the clients of 2021.

use larder_shared::{
    action_cache::{Dates, Manifest, Month, Path, entry},
    api::{FileKind, Key, List, Spec, SpecSummary},
    clearsign,
    index::command::{Ask, FoundSpec},
    key::ObjectKey,
    layout::{LayoutPath, v2},
    name::{Fingerprint, MirrorName},
    oci::tag::Tag,
    route::page::Page,
};
use worker::{Request, Response};

use super::read;
use crate::{
    app::{self, App},
    auth,
    error::{Error, Result},
    index_client, origin, respond,
};

/// Most packages that `manifest/` lists: each 500 are a question to the index, and a request may ask 50 on the free plan.
const MAX_LISTED: usize = 20_000;

/// How many packages the index is asked for at once.
const PAGE: u32 = 500;

/// One of the site's files.
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, path: &Path) -> Result<Response> {
    match path {
        Path::Manifest => manifest(app, request, mirror).await,
        Path::Dates => dates(app, request, mirror).await,
        Path::Key(fingerprint) => {
            let path = LayoutPath::V2(v2::Path::Key(fingerprint.clone()));
            read::object(app, request, mirror, &path).await
        }
        Path::Spec(month, stem) => spec(app, request, mirror, *month, stem, path).await,
        Path::Tarball(month, stem) => {
            let spec = find(app, request, mirror, *month, stem, path).await?;
            read::object(app, request, mirror, &file(mirror, &spec, FileKind::Tarball, path)?).await
        }
    }
}

/// Where the site is, by the request that asks for it.
fn site(request: &Request, mirror: &MirrorName) -> Result<String> {
    Ok(format!("{}/mirrors/{mirror}", app::origin(request)?))
}

async fn keys(app: &App, site: &str, mirror: &MirrorName) -> Result<Vec<String>> {
    let keys: Vec<Key> = index_client::ask(app, mirror, Ask::Keys).await?;
    let url = |fingerprint: &Fingerprint| format!("{site}/{}", Path::Key(fingerprint.clone()));
    Ok(keys.iter().map(|key| url(&key.fingerprint)).collect())
}

async fn manifest(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    let (origin, site) = (app::origin(request)?, site(request, mirror)?);
    let registry = origin.split_once("://").map_or(&*origin, |(_, host)| host);
    let mut manifest = Manifest { keys: keys(app, &site, mirror).await?, packages: Vec::new() };
    let mut cursor = None;
    loop {
        let ask = Ask::Specs { package: None, limit: PAGE, cursor };
        let List::<SpecSummary> { items, next } = index_client::ask(app, mirror, ask).await?;
        for spec in items {
            let tag = Tag::of_package(&spec.name, &spec.version, &spec.hash);
            let page = Page::Spec(mirror.clone(), spec.hash.to_string());
            manifest.packages.push(entry(
                &site,
                &spec,
                format!("{registry}/{mirror}:{tag}"),
                format!("{origin}{page}"),
            ));
        }
        match next {
            None => return respond::json(request, &manifest),
            Some(_) if manifest.packages.len() >= MAX_LISTED => {
                return Err(Error::Request(format!(
                    "the mirror has more than the {MAX_LISTED} packages that this list may have; the index has all"
                )));
            }
            next => cursor = next,
        }
    }
}

async fn dates(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    let site = site(request, mirror)?;
    let months: Vec<String> = index_client::ask(app, mirror, Ask::Months).await?;
    let dates = Dates {
        keys: keys(app, &site, mirror).await?,
        branch: "main".to_owned(),
        subfolder: "docs".to_owned(),
        url_prefix: format!("{site}/_cache/"),
        dates: months.iter().map(|month| format!("{month}/build_cache")).collect(),
    };
    respond::json(request, &dates)
}

/// The spec file of a package, without its signature: the clients read plain JSON.
async fn spec(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    month: Month,
    stem: &v2::Stem,
    asked: &Path,
) -> Result<Response> {
    let spec = find(app, request, mirror, month, stem, asked).await?;
    let path = file(mirror, &spec, FileKind::SpecFile, asked)?;
    let text = match kept(app, mirror, &path).await? {
        Some(text) => text,
        None => {
            // An origin has it, and nobody has read it yet.
            drop(read::object(app, request, mirror, &path).await?);
            kept(app, mirror, &path).await?.ok_or_else(|| missing(mirror, asked))?
        }
    };
    let document = clearsign::document(&text).map_err(|_| missing(mirror, asked))?;
    respond::json_bytes(request, document.json.as_bytes().to_vec())
}

/// A document as it arrived, else as it was derived.
async fn kept(app: &App, mirror: &MirrorName, path: &LayoutPath) -> Result<Option<Vec<u8>>> {
    match app.store.read(&ObjectKey::Object(mirror.clone(), path.clone())).await? {
        Some(text) => Ok(Some(text)),
        None => app.store.read(&ObjectKey::Derived(mirror.clone(), path.clone())).await,
    }
}

/// The package of a stem, if it arrived in this month.
async fn find(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    month: Month,
    stem: &v2::Stem,
    path: &Path,
) -> Result<Box<Spec>> {
    auth::readable(app, request, mirror).await?;
    let prefix = stem.hash().to_string();
    match index_client::ask(app, mirror, Ask::Spec { prefix }).await? {
        FoundSpec::One(spec)
            if Month::of(spec.summary.pushed) == month && v2::Stem::of_summary(&spec.summary) == *stem =>
        {
            Ok(spec)
        }
        _ => Err(missing(mirror, path)),
    }
}

/// Where a package's file lies in the v2 layout.
fn file(mirror: &MirrorName, spec: &Spec, kind: FileKind, asked: &Path) -> Result<LayoutPath> {
    let path = spec.files.iter().filter(|file| file.kind == kind).find_map(|file| match file.path.parse() {
        Ok(LayoutPath::V2(path)) => Some(LayoutPath::V2(path)),
        _ => None,
    });
    path.ok_or_else(|| missing(mirror, asked))
}

fn missing(mirror: &MirrorName, path: &Path) -> Error {
    Error::NotFound { what: format!("`{path}`"), mirror: mirror.clone() }
}
