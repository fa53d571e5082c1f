//! Looks at the registry that a mirror is read through from.
//!
//! The list of tags says which packages there are. What a tag's package is, its image says: two requests a
//! package, once. When many are not known yet and the registry has an index that somebody made
//! (`index.spack`), that is read first, and tells most of them with one request; it may be old, so it says
//! nothing of what is not tagged. A look goes on in alarms, a few requests at a time, and keeps its place
//! in SQLite.

use std::collections::HashSet;

use futures_util::{StreamExt as _, stream};
use larder_shared::{
    api::{Layout, RefusedTag, Timestamp},
    config::Config,
    index::{
        command::{NodeRecord, OriginBlob, OriginImage},
        document::Record,
    },
    key::ObjectKey,
    layout::{LayoutPath, v3},
    name::{DagHash, MirrorName},
    oci::{digest::ContentDigest, repository::RepositoryUrl, tag::Tag},
};
use serde::{Deserialize, Serialize};
use worker::{Result, console_error};

use super::{
    IndexObject, alarm,
    commands::{Arrival, add_dependency, add_package, remove_package, resolve_compilers},
    tables::{MirrorRow, RecordRow, Tables, number},
};
use crate::{
    app,
    error::{self, Error},
    intake::Place,
    store::Store,
    upstream::{
        Answer,
        index::Records,
        registry::{Image, Registry},
    },
};

/// What a look keeps: how far it is, and the tags of packages that are not offered: to be read, or
/// refused and to be looked at again when they are due.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS look(id INTEGER PRIMARY KEY CHECK (id = 1), look TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS unread(tag TEXT PRIMARY KEY, due INTEGER NOT NULL DEFAULT 0, problem TEXT) WITHOUT ROWID;
";

/// Pages of tags read in one alarm.
const PAGES: u32 = 20;

/// Images read in one alarm: each takes up to four requests, and the free plan has 50.
const IMAGES: usize = 11;

/// Images read at the same time: each may have a configuration of 4 MiB.
const AT_ONCE: usize = 4;

/// From how many unknown tags on the registry's own index is read first: a few images take no more
/// requests than the index.
const WORTH_AN_INDEX: u64 = 4;

/// Records of an index taken in one transaction.
const RECORDS: usize = 200;

/// Most tags of packages in a repository: what is kept of them fits into a row.
const MAX_TAGS: usize = 100_000;

/// Most pages of tags, so that one that leads to another without end does not keep us asking.
const MAX_PAGES: u32 = 5_000;

/// When an image that cannot be used is looked at again, in milliseconds.
const REFUSED_MILLIS: u64 = 3_600_000;

/// When an image that could not be read is asked for again, in milliseconds.
const FAILED_MILLIS: u64 = 60_000;

/// How many images in a row may fail to be read before the registry is taken to be out of order.
const MAX_FAILURES: u32 = 3;

/// How many refused tags are told.
const MAX_REFUSED_TOLD: u32 = 20;

/// How many characters of a message are kept.
const MAX_MESSAGE_CHARS: usize = 400;

/// How many characters of a package's hash tell it from others of a repository: 60 bits.
const SEEN_CHARS: usize = 12;

/// The parts of a look, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// Reads the list of tags.
    Tags,
    /// Reads the registry's own index, when it is of use.
    Index,
    /// Reads the images of tags that are not known yet.
    Images,
}

/// A look, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Look {
    mirror: MirrorName,
    repository: RepositoryUrl,
    /// When it began, in milliseconds since 1970: tells it from the one that takes its place.
    began: u64,
    stage: Stage,
    /// Where the next page of tags lies.
    page: Option<String>,
    pages: u32,
    /// The beginnings of the hashes of the packages that are tagged, one after the other.
    seen: String,
    /// How many images in a row could not be read.
    failures: u32,
}

impl Look {
    fn seen(&self) -> HashSet<&str> {
        let chunks = self.seen.as_bytes().chunks(SEEN_CHARS);
        chunks.filter_map(|chunk| std::str::from_utf8(chunk).ok()).collect()
    }
}

/// What of a hash is kept in [`Look::seen`].
fn beginning(hash: &DagHash) -> &str {
    hash.as_str().get(..SEEN_CHARS).unwrap_or_default()
}

/// When a look is next to go on, in milliseconds since 1970.
pub(super) fn next_due(tables: &Tables) -> Result<Option<u64>> {
    match tables.look()? {
        Some(_) => Ok(Some(tables.mirror()?.origin_pause.unwrap_or(0))),
        None => Ok(None),
    }
}

impl IndexObject {
    /// Begins a look, unless one is under way. With `anew`, one that is begins again, and what was
    /// refused is looked at again.
    pub(super) async fn begin_look(&self, mirror: MirrorName, repository: RepositoryUrl, anew: bool) -> Result<()> {
        let tables = &self.tables;
        if anew {
            tables.run("UPDATE unread SET due = 0", vec![])?;
        }
        if anew || tables.look()?.is_none() {
            tables.save_look(&Look {
                mirror,
                repository,
                began: app::now().as_millis(),
                stage: Stage::Tags,
                page: None,
                pages: 0,
                seen: String::new(),
                failures: 0,
            })?;
        }
        alarm::ring_by(&self.state, tables.mirror()?.origin_pause.unwrap_or(0)).await
    }

    /// Lets the look go on for a few requests, if one is due.
    pub(super) async fn go_on_looking(&self, now: Timestamp) -> Result<()> {
        let Some(mut look) = self.tables.look()? else { return Ok(()) };
        let pause = self.tables.mirror()?.origin_pause.map(Timestamp::from_millis);
        if pause.is_some_and(|until| until > now) {
            return Ok(());
        }
        let config = match app::config(&self.env) {
            Ok(config) => config,
            Err(error) => return self.give_up(&error, now).await,
        };
        let went = self.advance(&mut look, &config, now).await;
        let is_current = self.tables.look()?.is_some_and(|current| current.began == look.began);
        match went {
            // Another begins; what was learnt stays.
            Ok(_) if !is_current => Ok(()),
            Ok(true) => self.end_look(&look, now).await,
            Ok(false) => self.tables.save_look(&look),
            Err(error @ Error::OriginBusy { until, .. }) => {
                if is_current {
                    self.tables.save_look(&look)?;
                }
                self.pause_origin(until, error.to_string(), now).await
            }
            Err(error) => self.give_up(&error, now).await,
        }
    }

    /// Notes that the registry wants to be left alone.
    pub(super) async fn pause_origin(&self, until: Timestamp, error: String, now: Timestamp) -> Result<()> {
        let note = self.transaction(now, move |_, mirror| {
            mirror.origin_pause = Some(until.as_millis());
            mirror.origin_asked = Some(now.as_millis());
            mirror.origin_error = Some(error);
            Ok(false)
        });
        note.await?;
        self.ring_when_due().await
    }

    /// Ends a look that cannot go on. What it learnt stays.
    async fn give_up(&self, error: &Error, now: Timestamp) -> Result<()> {
        console_error!("looking at a registry: {error:?}");
        let message = error.to_string();
        let note = self.transaction(now, move |tables, mirror| {
            tables.run("DELETE FROM look", vec![])?;
            mirror.origin_asked = Some(now.as_millis());
            mirror.origin_error = Some(message);
            Ok(false)
        });
        note.await.map(drop)
    }

    /// Does a part of a look; whether it has come to its end.
    async fn advance(&self, look: &mut Look, config: &Config, now: Timestamp) -> error::Result<bool> {
        let repository = look.repository.clone();
        let registry = Registry { config, repository: &repository };
        match look.stage {
            Stage::Tags => {
                self.list(look, registry).await?;
                if look.page.is_none() {
                    look.stage = Stage::Index;
                }
                Ok(false)
            }
            Stage::Index => {
                self.tables.forget_refused_index(now).map_err(index)?;
                if self.tables.due_tags(now).map_err(index)? > WORTH_AN_INDEX {
                    self.read_index(look, registry, now).await?;
                }
                look.stage = Stage::Images;
                Ok(false)
            }
            Stage::Images => self.read_images(look, registry, now).await,
        }
    }

    /// Reads some pages of tags; notes those whose packages are not known.
    async fn list(&self, look: &mut Look, registry: Registry<'_>) -> error::Result<()> {
        let known: Vec<HashRow> = self.tables.rows("SELECT hash FROM record WHERE seq > 0", vec![]).map_err(index)?;
        let known: HashSet<DagHash> = known.into_iter().map(|row| row.hash).collect();
        let problem =
            |problem: &str| Error::Origin { origin: look.repository.to_string(), problem: problem.to_owned() };
        for _ in 0..PAGES {
            let page = registry.tags(look.page.as_deref()).await?;
            let mut unread = Vec::new();
            for tag in page.tags.iter().filter_map(|tag| tag.parse::<Tag>().ok()).filter(Tag::is_package) {
                let Some(hash) = tag.hash() else { continue };
                look.seen.push_str(beginning(&hash));
                if !known.contains(&hash) {
                    unread.push(tag);
                }
            }
            look.pages += 1;
            if look.seen.len() > MAX_TAGS * SEEN_CHARS || look.pages > MAX_PAGES {
                return Err(problem("has more tags than can be listed"));
            }
            let note = self.atomically(move |tables| {
                for tag in unread {
                    tables.run("INSERT OR IGNORE INTO unread(tag) VALUES (?)", vec![tag.as_str().into()])?;
                }
                Ok(())
            });
            note.await.map_err(index)?;
            look.page = page.next;
            if look.page.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Takes what the registry's own index tells of tags that are not known. What is wrong with it is
    /// told and hinders nothing: the images tell the same.
    async fn read_index(&self, look: &Look, registry: Registry<'_>, now: Timestamp) -> error::Result<()> {
        let is_refused = self.tables.is_unread(Tag::INDEX).map_err(index)?;
        if is_refused {
            return Ok(());
        }
        match self.take_index(look, registry, now).await {
            Ok(()) => Ok(()),
            Err(busy @ Error::OriginBusy { .. }) => Err(busy),
            Err(error) => self.refuse(Tag::INDEX, &error, now.as_millis() + REFUSED_MILLIS).map_err(index),
        }
    }

    async fn take_index(&self, look: &Look, registry: Registry<'_>, now: Timestamp) -> error::Result<()> {
        let Some((_, manifest)) = registry.manifest(Tag::INDEX).await? else { return Ok(()) };
        let layer = manifest.layers.first().and_then(|layer| layer.digest.sha256());
        let digest = layer.ok_or_else(|| Error::Document("the image has no layer with a sha256".to_owned()))?;
        let known = self.tables.mirror().map_err(index)?.origin_etag;
        if known.as_deref() == Some(digest.to_string().as_str()) {
            // It told nothing of these tags before.
            return Ok(());
        }
        let missing = || Error::ManifestBlobUnknown { what: "the blob", digest: digest.into() };
        let Answer::Found(found) = registry.blob(&digest.into()).await? else { return Err(missing()) };
        let store = self.store().map_err(index)?;
        let origin = look.repository.to_string();
        let staged = ObjectKey::Staged(look.mirror.clone(), LayoutPath::V3(v3::Path::Blob(digest)));
        let taken = match Records::checked(&store, &origin, found, &digest, &staged).await {
            Ok(records) => self.take_records(records, now).await,
            Err(error) => Err(error),
        };
        store.delete(&staged).await?;
        taken?;
        let note = self.transaction(now, move |tables, mirror| {
            mirror.origin_etag = Some(digest.to_string());
            resolve_compilers(tables)
        });
        note.await.map(drop).map_err(index)
    }

    async fn take_records(&self, mut records: Records<'_>, now: Timestamp) -> error::Result<()> {
        let mut some = Vec::new();
        loop {
            let record = records.next().await?;
            let is_last = record.is_none();
            some.extend(record);
            if is_last || some.len() == RECORDS {
                let some = std::mem::take(&mut some);
                let take = self.transaction(now, move |tables, mirror| take_records(tables, mirror, &some, now));
                take.await.map_err(index)?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Reads some images of tags that are not known; whether none is left.
    async fn read_images(&self, look: &mut Look, registry: Registry<'_>, now: Timestamp) -> error::Result<bool> {
        let due = self.tables.unread(now).map_err(index)?;
        let is_end = due.len() < IMAGES;
        let store = self.store().map_err(index)?;
        let mut images = stream::iter(due)
            .map(|tag| async move {
                let image = registry.image(&tag).await;
                (tag, image)
            })
            .buffer_unordered(AT_ONCE);
        let mut pause = None;
        while let Some((tag, image)) = images.next().await {
            match image {
                Ok(Some(image)) => {
                    look.failures = 0;
                    let noted = match self.take_image(look, &store, &tag, image, now).await {
                        Ok(()) => self.tables.forget_unread(tag.as_str()),
                        Err(error) => self.refuse(tag.as_str(), &error, now.as_millis() + FAILED_MILLIS),
                    };
                    noted.map_err(index)?;
                }
                // It was there when the tags were listed.
                Ok(None) => self.tables.forget_unread(tag.as_str()).map_err(index)?,
                Err(busy @ Error::OriginBusy { .. }) => pause = Some(busy),
                Err(failed @ (Error::Origin { .. } | Error::OriginTimeout { .. })) => {
                    self.refuse(tag.as_str(), &failed, now.as_millis() + FAILED_MILLIS).map_err(index)?;
                    look.failures += 1;
                    if look.failures >= MAX_FAILURES {
                        return Err(failed);
                    }
                }
                Err(unusable) => {
                    look.failures = 0;
                    self.refuse(tag.as_str(), &unusable, now.as_millis() + REFUSED_MILLIS).map_err(index)?;
                }
            }
        }
        match pause {
            Some(busy) => Err(busy),
            None => Ok(is_end),
        }
    }

    async fn take_image(
        &self,
        look: &Look,
        store: &Store,
        tag: &Tag,
        image: Image,
        now: Timestamp,
    ) -> error::Result<()> {
        let Image { stored, manifest, config, config_digest, package, size } = image;
        Place { store, mirror: &look.mirror }.keep_image(&stored, config_digest, config).await?;
        let put = stored.to_put(&manifest, vec![tag.clone()], Some((&package, size, false)));
        self.put_manifest(&look.mirror, put, now).await.map(drop).map_err(index)
    }

    fn refuse(&self, tag: &str, error: &Error, due: u64) -> Result<()> {
        let message: String = error.to_string().chars().take(MAX_MESSAGE_CHARS).collect();
        let sql = "INSERT INTO unread(tag, due, problem) VALUES (?, ?, ?)
                   ON CONFLICT(tag) DO UPDATE SET due = excluded.due, problem = excluded.problem";
        self.tables.run(sql, vec![tag.into(), number(due), message.into()])
    }

    /// Ends a look that saw all: what is not tagged any more is no longer a package.
    async fn end_look(&self, look: &Look, now: Timestamp) -> Result<()> {
        let ended = look.clone();
        let (_, removed) = self
            .counted(now, move |tables, mirror| {
                let seen = ended.seen();
                let mut removed = Vec::new();
                for HashRow { hash } in tables.rows("SELECT hash FROM record WHERE seq > 0", vec![])? {
                    if seen.contains(beginning(&hash)) {
                        continue;
                    }
                    removed.extend(tables.record(&hash)?.map(|row| row.to_node()).transpose()?.as_ref().map(Tag::of));
                    remove_package(tables, mirror, &hash)?;
                }
                for TagRow { tag } in tables.rows("SELECT tag FROM unread WHERE tag <> 'index.spack'", vec![])? {
                    if !tag.hash().is_some_and(|hash| seen.contains(beginning(&hash))) {
                        tables.forget_unread(tag.as_str())?;
                    }
                }
                tables.run("DELETE FROM look", vec![])?;
                mirror.origin_asked = Some(now.as_millis());
                mirror.origin_fresh = Some(now.as_millis());
                mirror.origin_error = None;
                mirror.origin_pause = None;
                let changed = resolve_compilers(tables)?;
                Ok((changed || !removed.is_empty(), removed))
            })
            .await?;
        let store = self.store()?;
        let copies: Vec<_> =
            removed.into_iter().map(|tag| ObjectKey::Tag(look.mirror.clone(), tag).to_string()).collect();
        for some in copies.chunks(1_000) {
            store.delete_all(some.to_vec()).await?;
        }
        Ok(())
    }
}

/// Takes those records whose tags are not known, and the nodes that they need; whether the documents change.
fn take_records(tables: &Tables, mirror: &mut MirrorRow, records: &[Record], now: Timestamp) -> Result<bool> {
    let mut changed = false;
    for Record { node, in_buildcache, .. } in records {
        let tag = Tag::of(node);
        let record = NodeRecord::of(node);
        if *in_buildcache && tables.is_unread(tag.as_str())? {
            let arrival = Arrival { layout: Layout::Oci, document: None, signed: 0, tarball: None, now };
            changed |= add_package(tables, mirror, &record, &arrival)?;
            tables.forget_unread(tag.as_str())?;
        } else {
            changed |= add_dependency(tables, mirror, &record)?;
        }
    }
    Ok(changed)
}

#[derive(Deserialize)]
struct HashRow {
    hash: DagHash,
}

#[derive(Deserialize)]
struct TagRow {
    tag: Tag,
}

#[derive(Deserialize)]
struct CountRow {
    count: u64,
}

impl Tables {
    fn look(&self) -> Result<Option<Look>> {
        #[derive(Deserialize)]
        struct Row {
            look: String,
        }
        match self.first::<Row>("SELECT look FROM look", vec![])? {
            Some(row) => Ok(Some(serde_json::from_str(&row.look)?)),
            None => Ok(None),
        }
    }

    fn save_look(&self, look: &Look) -> Result<()> {
        let sql = "INSERT INTO look(id, look) VALUES (1, ?) ON CONFLICT(id) DO UPDATE SET look = excluded.look";
        self.run(sql, vec![serde_json::to_string(look)?.into()])
    }

    /// Whether a look is under way, and nothing keeps it waiting.
    pub(super) fn is_looking(&self, now: Timestamp) -> Result<bool> {
        let pause = self.mirror()?.origin_pause.unwrap_or(0);
        Ok(pause <= now.as_millis() && self.look()?.is_some())
    }

    /// Some tags to be read now.
    fn unread(&self, now: Timestamp) -> Result<Vec<Tag>> {
        let sql =
            format!("SELECT tag FROM unread WHERE due <= ? AND tag <> 'index.spack' ORDER BY due, tag LIMIT {IMAGES}");
        let rows: Vec<TagRow> = self.rows(&sql, vec![number(now.as_millis())])?;
        Ok(rows.into_iter().map(|row| row.tag).collect())
    }

    fn due_tags(&self, now: Timestamp) -> Result<u64> {
        self.count("SELECT count(*) AS count FROM unread WHERE due <= ?", vec![number(now.as_millis())])
    }

    fn is_unread(&self, tag: &str) -> Result<bool> {
        let sql = "SELECT tag FROM unread WHERE tag = ?";
        Ok(self.first::<serde_json::Value>(sql, vec![tag.into()])?.is_some())
    }

    fn forget_unread(&self, tag: &str) -> Result<()> {
        self.run("DELETE FROM unread WHERE tag = ?", vec![tag.into()])
    }

    /// Forgets that the registry's own index was refused, once it is due to be looked at again.
    fn forget_refused_index(&self, now: Timestamp) -> Result<()> {
        self.run("DELETE FROM unread WHERE tag = ? AND due <= ?", vec![Tag::INDEX.into(), number(now.as_millis())])
    }

    /// How many tags are still to be read, and how many are refused.
    pub(super) fn unread_and_refused(&self) -> Result<(u64, u64)> {
        let unread = self.count("SELECT count(*) AS count FROM unread WHERE problem IS NULL", vec![])?;
        let refused = self.count("SELECT count(*) AS count FROM unread WHERE problem IS NOT NULL", vec![])?;
        Ok((unread, refused))
    }

    /// Some refused tags.
    pub(super) fn refused(&self) -> Result<Vec<RefusedTag>> {
        let sql = format!(
            "SELECT tag, problem AS message FROM unread WHERE problem IS NOT NULL ORDER BY tag LIMIT {MAX_REFUSED_TOLD}"
        );
        self.rows(&sql, vec![])
    }

    fn count(&self, sql: &str, values: Vec<worker::SqlStorageValue>) -> Result<u64> {
        Ok(self.first::<CountRow>(sql, values)?.map_or(0, |row| row.count))
    }

    /// What is known of a package of a registry before it is read.
    pub(super) fn origin_image(&self, hash: &DagHash) -> Result<Option<OriginImage>> {
        let Some(row) = self.record(hash)?.filter(RecordRow::is_package) else { return Ok(None) };
        let tag = Tag::of(&row.to_node()?);
        let manifest = self.tag(&tag)?.and_then(|tagged| tagged.manifest);
        Ok(Some(OriginImage { tag, manifest, pause: self.pause()? }))
    }

    /// What is known of a blob of a registry before it is read; cost grows with the manifests, unless it is a
    /// tarball.
    pub(super) fn origin_blob(&self, digest: &ContentDigest) -> Result<Option<OriginBlob>> {
        let sql = "SELECT hash FROM record WHERE tarball = ? LIMIT 1";
        let package = match digest.sha256() {
            Some(sha256) => self.first::<HashRow>(sql, vec![sha256.to_string().into()])?.map(|row| row.hash),
            None => None,
        };
        if package.is_none() && !self.needs_blob(digest)? {
            return Ok(None);
        }
        Ok(Some(OriginBlob { package, pause: self.pause()? }))
    }

    fn pause(&self) -> Result<Option<Timestamp>> {
        Ok(self.mirror()?.origin_pause.map(Timestamp::from_millis))
    }
}

/// An error of the index's own tables.
fn index(error: worker::Error) -> Error {
    Error::Index(error.to_string())
}
