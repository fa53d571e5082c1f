//! Takes over an origin's index and keys, in whichever layouts it has them.

use std::collections::BTreeMap;

use larder_shared::{
    api::Layout,
    digest::Digest,
    index::command::{Ask, Begun, Changed, NodeRecord, OriginRecord},
    key::ObjectKey,
    layout::{
        LayoutPath,
        manifest::{MAX_MANIFEST_BYTES, Manifest},
        v2, v3,
    },
    name::{Fingerprint, MirrorName},
};
use serde::Deserialize;
use worker::{Method, console_error};

use super::Look;
use crate::{
    app::App,
    error::{Error, Result},
    index_client, mirror,
    upstream::{Answer, Found, ask, index::Records},
};

/// Records sent to the index in one message: about 300 kB.
const RECORDS_PER_MESSAGE: usize = 200;

/// Most keys read from an origin, so that a hostile list does not keep us asking.
const MAX_KEYS: usize = 16;

/// Where each layout keeps what tells of a change.
fn entry(layout: Layout) -> LayoutPath {
    match layout {
        Layout::V2 => LayoutPath::V2(v2::Path::Index),
        // No static site is a registry.
        Layout::V3 | Layout::Oci => LayoutPath::V3(v3::Path::IndexManifest),
    }
}

/// The origin's ETags by layout, as they are kept between looks.
type Etags = BTreeMap<Layout, String>;

/// Takes over what changed since the look that gave `etag`; what to keep for the next look.
///
/// When one layout's index changed, both are read: what neither names any more is forgotten.
pub(super) async fn take_over(app: &App, mirror: &MirrorName, origin: &str, etag: Option<&str>) -> Result<Look> {
    let known: Etags = etag.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut found = Vec::new();
    let mut unchanged = Vec::new();
    for layout in [Layout::V2, Layout::V3] {
        match ask(&app.config, origin, &entry(layout), Method::Get, known.get(&layout).map(String::as_str)).await? {
            Answer::Found(index) => found.push((layout, index)),
            Answer::NotModified => unchanged.push(layout),
            Answer::Missing => {}
        }
    }
    if found.is_empty() && unchanged.len() == known.len() && !known.is_empty() {
        return Ok(Look::Done { etag: etag.map(str::to_owned) });
    }
    for layout in unchanged {
        if let Answer::Found(index) = ask(&app.config, origin, &entry(layout), Method::Get, None).await? {
            found.push((layout, index));
        }
    }
    if found.is_empty() {
        let problem = format!("has no index: neither `{}` nor `{}`", entry(Layout::V2), entry(Layout::V3));
        return Err(Error::Origin { origin: origin.to_owned(), problem });
    }
    let Begun { takeover } = index_client::ask(app, mirror, Ask::BeginTakeover).await?;
    let Some(takeover) = takeover else { return Ok(Look::Elsewhere) };
    let mut etags = Etags::new();
    for (layout, index) in found {
        etags.extend(index.etag.clone().map(|etag| (layout, etag)));
        let reading = Reading { app, mirror, origin, takeover, layout };
        let read = match layout {
            Layout::V2 => reading.document(index).await,
            Layout::V3 | Layout::Oci => reading.manifest(index).await,
        };
        if let Err(error) = read {
            // Else nobody could look again before it is taken for abandoned.
            let cancel = Ask::CancelTakeover { takeover };
            if let Err(error) = index_client::ask::<()>(app, mirror, cancel).await {
                console_error!("giving up the takeover of {origin}: {error:?}");
            }
            return Err(error);
        }
    }
    let _: Changed = index_client::ask(app, mirror, Ask::EndTakeover { takeover }).await?;
    if let Err(error) = keys(app, mirror, origin).await {
        console_error!("reading the keys of {origin}: {error:?}");
    }
    Ok(Look::Done { etag: serde_json::to_string(&etags).ok() })
}

/// An origin's index that is being read.
struct Reading<'a> {
    app: &'a App,
    mirror: &'a MirrorName,
    origin: &'a str,
    takeover: u64,
    layout: Layout,
}

impl Reading<'_> {
    fn problem(&self, problem: impl ToString) -> Error {
        Error::Origin { origin: self.origin.to_owned(), problem: problem.to_string() }
    }

    /// A document whose digest nobody knows, as it comes.
    async fn document(&self, document: Found) -> Result<()> {
        let read = match Records::of(self.origin, &document) {
            Ok(records) => self.take(records).await,
            Err(error) => Err(error),
        };
        if read.is_err() {
            document.abort();
        }
        read
    }

    /// The document that a v3 index manifest names, the newest version of it.
    async fn manifest(&self, manifest: Found) -> Result<()> {
        let bytes = manifest.bytes(MAX_MANIFEST_BYTES).await?;
        let sent = |error: String| self.problem(format!("sent an index manifest that is not one: {error}"));
        let text = larder_shared::clearsign::document(&bytes).map_err(|error| sent(error.to_string()))?.json;
        let manifest = Manifest::parse(text).map_err(|error| sent(error.to_string()))?;
        let record = manifest.index().map_err(|error| sent(error.to_string()))?;
        let path = LayoutPath::V3(v3::Path::Blob(record.checksum));
        let Answer::Found(document) = ask(&self.app.config, self.origin, &path, Method::Get, None).await? else {
            return Err(self.problem(format!("has no `{path}`, which its index names")));
        };
        let staged = ObjectKey::Staged(self.mirror.clone(), path);
        let read = match Records::checked(&self.app.store, self.origin, document, &record.checksum, &staged).await {
            Ok(document) => self.take(document).await,
            Err(error) => Err(error),
        };
        self.app.store.delete(&staged).await?;
        read
    }

    /// Hands records on, a message at a time.
    async fn take(&self, mut document: Records<'_>) -> Result<()> {
        let mut records = Vec::new();
        while let Some(record) = document.next().await? {
            let in_buildcache = record.in_buildcache;
            records.push(OriginRecord { in_buildcache, record: NodeRecord::of(&record.node) });
            if records.len() == RECORDS_PER_MESSAGE {
                self.hand_on(std::mem::take(&mut records)).await?;
            }
        }
        self.hand_on(records).await
    }

    async fn hand_on(&self, records: Vec<OriginRecord>) -> Result<()> {
        let command = Ask::TakeOver { takeover: self.takeover, records, layout: self.layout };
        index_client::ask::<Changed>(self.app, self.mirror, command).await.map(drop)
    }
}

/// Takes the keys an origin lists, from the first layout that has a list.
async fn keys(app: &App, mirror: &MirrorName, origin: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct KeyIndex {
        keys: BTreeMap<Fingerprint, serde_json::Value>,
    }
    let problem = |problem: String| Error::Origin { origin: origin.to_owned(), problem };
    let list = match small(app, origin, &LayoutPath::V2(v2::Path::KeyIndex)).await? {
        Some(list) => Some((Layout::V2, list)),
        None => blob_of(app, origin, &LayoutPath::V3(v3::Path::KeyIndexManifest)).await?.map(|list| (Layout::V3, list)),
    };
    let Some((layout, list)) = list else { return Ok(()) };
    let list: KeyIndex =
        serde_json::from_slice(&list).map_err(|error| problem(format!("lists its keys wrongly: {error}")))?;
    for fingerprint in list.keys.keys().take(MAX_KEYS) {
        let armored = match layout {
            Layout::V2 => small(app, origin, &LayoutPath::V2(v2::Path::Key(fingerprint.clone()))).await?,
            Layout::V3 | Layout::Oci => {
                blob_of(app, origin, &LayoutPath::V3(v3::Path::KeyManifest(fingerprint.clone()))).await?
            }
        };
        if let Some(armored) = armored {
            mirror::keys::accept(app, mirror, fingerprint, armored).await?;
        }
    }
    Ok(())
}

/// A small document of the origin.
async fn small(app: &App, origin: &str, path: &LayoutPath) -> Result<Option<Vec<u8>>> {
    match ask(&app.config, origin, path, Method::Get, None).await? {
        Answer::Found(found) => found.bytes(MAX_MANIFEST_BYTES).await.map(Some),
        Answer::NotModified | Answer::Missing => Ok(None),
    }
}

/// The first blob that a manifest of the origin names, checked.
async fn blob_of(app: &App, origin: &str, path: &LayoutPath) -> Result<Option<Vec<u8>>> {
    let problem = |problem: String| Error::Origin { origin: origin.to_owned(), problem };
    let Some(manifest) = small(app, origin, path).await? else { return Ok(None) };
    let text = std::str::from_utf8(&manifest).unwrap_or_default();
    let manifest = Manifest::parse(text).map_err(|error| problem(format!("sent `{path}`, which is wrong: {error}")))?;
    let record = manifest.first().map_err(|error| problem(format!("sent `{path}`, which is wrong: {error}")))?;
    let Some(blob) = small(app, origin, &LayoutPath::V3(v3::Path::Blob(record.checksum))).await? else {
        return Ok(None);
    };
    if Digest::of(&blob) == record.checksum {
        Ok(Some(blob))
    } else {
        Err(problem(format!("sent other bytes than the sha256 {} names", record.checksum)))
    }
}
