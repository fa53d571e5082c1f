//! The index of one mirror: a Durable Object with a SQLite database.
//!
//! It answers [`Ask`]s one at a time. Every command is one transaction, so that concurrent pushes
//! cannot lose each other's entries, and an error leaves nothing half-written.

mod alarm;
mod catalogue;
mod commands;
mod documents;
mod find;
mod look;
mod queries;
mod registry;
mod reindex;
mod removal;
mod reports;
mod slices;
mod suggest;
mod tables;
mod usage;
mod webhooks;

use std::cell::{Cell, RefCell};

use futures_util::{future::join3, lock::Mutex};
use larder_shared::{
    api::Timestamp,
    index::{
        catalogue::{Cursor, Part},
        command::{Ask, CatalogueFound, Document, Request as Asked},
        document::DbVersion,
    },
    name::MirrorName,
    slice::Slice,
};
use serde::Serialize;
use worker::{DurableObject, Env, Request, Response, State, durable_object};

use crate::{operations::Operations, store::Store};
use commands::Takeover;
use slices::Wanted;
use tables::Tables;
use usage::Grown;

/// The Durable Object class named in `wrangler.toml`.
#[durable_object]
pub struct IndexObject {
    state: State,
    env: Env,
    tables: Tables,
    /// Whether the tables were looked at since the object woke up.
    has_tables: Cell<bool>,
    /// The origin's index that is being taken over, if one is.
    takeover: RefCell<Option<Takeover>>,
    /// What follows from the records alone of how the mirror grew, of the last generation that was asked for.
    grown: RefCell<Option<Grown>>,
    /// Held while a document is rendered: rendering waits for the bucket, and two at once would
    /// seal the same segment twice.
    rendering: Mutex<()>,
    /// Held while something of a package is removed from the bucket, and while a package is accepted of
    /// which something was.
    removing: Mutex<()>,
    /// How many packages were accepted since the object woke up: whether any was while something was
    /// looked for.
    accepted: Cell<u64>,
}

impl DurableObject for IndexObject {
    fn new(state: State, env: Env) -> Self {
        let tables = Tables::new(state.storage().sql());
        Self {
            state,
            env,
            tables,
            has_tables: Cell::default(),
            takeover: RefCell::default(),
            grown: RefCell::default(),
            rendering: Mutex::new(()),
            removing: Mutex::new(()),
            accepted: Cell::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let asked = request.text().await?;
        let answer = match serde_json::from_str::<Asked>(&asked) {
            Ok(asked) => self.answer(asked).await,
            Err(error) => Err(format!("the question cannot be read: {error}").into()),
        };
        match answer {
            Ok(json) => Response::ok(json),
            Err(error) => Ok(Response::ok(error.to_string())?.with_status(500)),
        }
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.make_tables()?;
        let now = crate::app::now();
        // What a receiver or a registry does holds nothing up but the next alarm.
        let (kept, delivered, looked) =
            join3(self.keep_house(now), self.deliver(now), Box::pin(self.go_on_looking(now))).await;
        kept?;
        delivered?;
        looked?;
        self.ring_when_due().await?;
        Response::empty()
    }
}

impl IndexObject {
    fn store(&self) -> worker::Result<Store> {
        Ok(Store::new(self.env.bucket("BUCKET")?, Operations::default()))
    }

    /// Does what was left to be done by now.
    async fn keep_house(&self, now: Timestamp) -> worker::Result<()> {
        documents::collect_garbage(&self.tables, &self.store()?, now).await?;
        self.sweep_removals(now).await?;
        self.go_on_reindexing(now).await?;
        let _one_at_a_time = self.rendering.lock().await;
        catalogue::go_on(&self.tables, &self.store()?, &self.state, now).await
    }

    /// When there is next something to do that nobody asks for, in milliseconds since 1970.
    fn next_due(&self) -> worker::Result<Option<u64>> {
        let tables = &self.tables;
        let reindex = tables.reindex()?.filter(reindex::Run::is_due).map(|_| 0);
        let due = [
            documents::next_due(tables)?,
            removal::next_due(tables)?,
            webhooks::next_due(tables)?,
            catalogue::next_due(tables)?,
            look::next_due(tables)?,
            reindex,
        ];
        Ok(due.into_iter().flatten().min())
    }

    /// Sees to it that the alarm rings when there is next something to do.
    async fn ring_when_due(&self) -> worker::Result<()> {
        match self.next_due()? {
            Some(due) => alarm::ring_by(&self.state, due).await,
            None => Ok(()),
        }
    }

    /// Makes the tables unless they are there. Not when the object wakes up, which cannot fail with words.
    fn make_tables(&self) -> worker::Result<()> {
        if !self.has_tables.get() {
            self.tables.create()?;
            self.has_tables.set(true);
        }
        Ok(())
    }

    async fn answer(&self, Asked { mirror, now, ask }: Asked) -> worker::Result<String> {
        self.make_tables()?;
        match ask {
            Ask::Accept(package) => json(&self.accept(&mirror, *package, now).await?),
            Ask::Remove(hash) => json(&self.remove(&mirror, hash, now).await?),
            Ask::Reindex => json(&self.begin_reindex(mirror, now).await?),
            Ask::Heal { owns_packages } => {
                self.heal(mirror, owns_packages, now).await?;
                json(&self.ring_when_due().await?)
            }
            Ask::Learn { hash, tarball, size, signed } => json(&self.learn(hash, tarball, size, signed, now).await?),
            Ask::AddKey(key) => json(&self.add_key(key, now).await?),
            Ask::BeginTakeover => json(&self.begin_takeover(now)),
            Ask::TakeOver { takeover, records, layout } => json(&self.take_over(takeover, records, layout, now).await?),
            Ask::EndTakeover { takeover } => {
                // It may drop segments, which rendering must not be building upon.
                let _not_while_rendering = self.rendering.lock().await;
                json(&self.end_takeover(takeover, now).await?)
            }
            Ask::CancelTakeover { takeover } => {
                self.cancel_takeover(takeover);
                json(&())
            }
            Ask::NoteOrigin(note) => json(&self.note_origin(note, now).await?),
            Ask::Look { repository, anew } => json(&self.begin_look(mirror, repository, anew).await?),
            Ask::OriginImage(hash) => json(&self.tables.origin_image(&hash)?),
            Ask::OriginBlob(digest) => json(&self.tables.origin_blob(&digest)?),
            Ask::PauseOrigin { until, error } => json(&self.pause_origin(until, error, now).await?),
            Ask::SetWebhook(webhook) => json(&self.set_webhook(mirror, webhook, now).await?),
            Ask::NoteUse(noted) => json(&self.note_use(noted, now).await?),
            Ask::Usage(noted) => {
                self.note_use(noted, now).await?;
                json(&self.usage(now)?)
            }
            Ask::Summary => json(&self.tables.summary(now)?),
            Ask::Packages { q, limit, after } => json(&queries::packages(&self.tables, &q, limit, after.as_ref())?),
            Ask::Package(name) => json(&queries::package(&self.tables, &name)?),
            Ask::Specs { package, limit, cursor } => {
                json(&queries::specs(&self.tables, package.as_ref(), limit, cursor.as_deref())?)
            }
            Ask::Find { query, package, limit, cursor } => {
                let query = query.parse().map_err(|error| worker::Error::from(format!("the query: {error}")))?;
                json(&find::find(&self.tables, &query, package.as_ref(), limit, cursor.as_deref())?)
            }
            Ask::Spec { prefix } => json(&queries::spec(&self.tables, &prefix)?),
            Ask::Locate(hash) => json(&queries::locate(&self.tables, &hash)?),
            Ask::Months => json(&queries::months(&self.tables)?),
            Ask::Keys => json(&self.tables.keys()?),
            Ask::PutManifest(put) => json(&self.put_manifest(&mirror, *put, now).await?),
            Ask::Tag(tag) => json(&self.tables.tag(&tag)?),
            Ask::Tags { limit, after } => json(&self.tables.tags(limit, after.as_deref())?),
            Ask::TagsOf(digest) => json(&self.tables.tags_of(&digest)?),
            Ask::DeleteTag(tag) => json(&self.delete_tag(tag).await?),
            Ask::DeleteManifest(digest) => json(&self.delete_manifest(digest).await?),
            Ask::Referrers { subject, artifact_type } => {
                json(&self.tables.referrers(&subject, artifact_type.as_deref())?)
            }
            Ask::UnknownBlobs(blobs) => json(&self.tables.unknown_blobs(blobs)?),
            Ask::NeedsBlob(blob) => json(&self.tables.needs_blob(&blob)?),
            Ask::BeginUpload { id, owner } => json(&self.begin_upload(id, owner, now).await?),
            Ask::Upload(id) => json(&self.tables.upload(&id)?),
            Ask::AddPiece { id, offset, piece } => json(&self.add_piece(mirror, id, offset, piece, now).await?),
            Ask::EndUpload(id) => json(&self.end_upload(mirror, id, now).await?),
            Ask::Slice(slice, version) => json(&self.slice(&mirror, &slice, version, now).await?),
            Ask::Suggest { question, noted } => {
                self.note_use(noted, now).await?;
                json(&suggest::answer(&self.tables, &question, now)?)
            }
            Ask::Report(ask) => self.report(ask, now).await,
            Ask::Catalogue { part, since } => json(&self.catalogue(&mirror, part, since, now).await?),
            Ask::Document(version) => json(&self.document(&mirror, version, now).await?),
        }
    }

    async fn catalogue(
        &self,
        mirror: &MirrorName,
        part: Part,
        since: Option<Cursor>,
        now: Timestamp,
    ) -> worker::Result<CatalogueFound> {
        let _one_at_a_time = self.rendering.lock().await;
        catalogue::find(&self.tables, &self.store()?, &self.state, &catalogue::Wanted { mirror, part, since, now })
            .await
    }

    async fn slice(
        &self,
        mirror: &MirrorName,
        slice: &Slice,
        version: DbVersion,
        now: Timestamp,
    ) -> worker::Result<Option<Document>> {
        let _one_at_a_time = self.rendering.lock().await;
        slices::current(&self.tables, &self.store()?, &self.state, &Wanted { mirror, slice, version, now }).await
    }

    async fn document(&self, mirror: &MirrorName, version: DbVersion, now: Timestamp) -> worker::Result<Document> {
        let _one_at_a_time = self.rendering.lock().await;
        documents::current(&self.tables, &self.store()?, &self.state, mirror, version, now).await
    }
}

fn json(value: &impl Serialize) -> worker::Result<String> {
    Ok(serde_json::to_string(value)?)
}
