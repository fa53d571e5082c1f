//! Removes packages: the record first, so that no index names what is gone; then, in this order, the
//! documents at once and the blobs later.
//!
//! The transaction that removes the record notes the keys of what has to follow, so that a crash
//! leaves nothing behind. Blobs stay for a while, because somebody who pushes may have found one there
//! and be about to name it; what is named again by then stays for good. The note stays longer than
//! the blobs: a package that comes back meanwhile is looked at, in case what its pusher found there is
//! gone.

use std::collections::BTreeSet;

use larder_shared::{
    api::{SpecSummary, Timestamp},
    digest::Digest,
    index::command::Accept,
    key::ObjectKey,
    layout::{
        LayoutPath,
        v2::{self, Stem, TarballPath},
        v3::{self, SpecManifestPath},
    },
    name::{DagHash, MirrorName},
    oci::{digest::ContentDigest, tag::Tag},
    package::SpecManifest,
    spec::Node,
};
use serde::Deserialize;
use worker::Result;

use super::{
    IndexObject, alarm,
    commands::{parse, remove_package},
    queries,
    tables::{RecordRow, Tables, number},
};
use crate::store::Store;

/// How long a removal is remembered after its blobs went, in milliseconds: longer than any request
/// that saw them can take.
const REMEMBERED_MILLIS: u64 = 600_000;

/// A row of `removal`.
#[derive(Debug, Deserialize)]
struct RemovalRow {
    hash: DagHash,
    /// Documents that may not be gone yet, as JSON.
    keys: String,
    /// Blobs that are not needed any more unless something names them, as JSON.
    blobs: String,
    swept: u8,
}

/// Whether a removal of this package, or of one with the same tarball, is remembered.
pub(super) fn concerns(tables: &Tables, hash: &DagHash, tarball: &Digest) -> Result<bool> {
    let sql = "SELECT hash FROM removal WHERE hash = ? OR instr(blobs, ?) > 0 LIMIT 1";
    let found = tables.first::<serde_json::Value>(sql, vec![hash.as_str().into(), tarball.to_string().into()])?;
    Ok(found.is_some())
}

/// Whether anything names a blob. Each thing that may do so has its line here.
fn is_blob_named(tables: &Tables, digest: &str) -> Result<bool> {
    let sql = "SELECT 1 AS found FROM record WHERE tarball = ?1 AND seq > 0
               UNION ALL SELECT 1 FROM manifest WHERE instr(blobs, ?1) > 0 LIMIT 1";
    Ok(tables.first::<serde_json::Value>(sql, vec![digest.into()])?.is_some())
}

/// The documents that a package of this node may have, apart from those it arrived with, and the copy
/// of its tag.
fn derived_keys(mirror: &MirrorName, node: &Node) -> Vec<ObjectKey> {
    let spec = |signed| LayoutPath::V2(v2::Path::Spec { stem: Stem::of(node), signed });
    let paths =
        [LayoutPath::V2(v2::Path::Tarball(TarballPath::of(node))), spec(true), spec(false), manifest_path(node)];
    let tag = ObjectKey::Tag(mirror.clone(), Tag::of(node));
    paths.into_iter().map(|path| ObjectKey::Derived(mirror.clone(), path)).chain([tag]).collect()
}

fn manifest_path(node: &Node) -> LayoutPath {
    LayoutPath::V3(v3::Path::SpecManifest(SpecManifestPath::of(node)))
}

fn blob_key(mirror: &MirrorName, digest: &Digest) -> ObjectKey {
    ObjectKey::Object(mirror.clone(), LayoutPath::V3(v3::Path::Blob(*digest)))
}

/// The spec blobs that a package's manifests name.
async fn spec_blobs(store: &Store, mirror: &MirrorName, node: &Node) -> Result<BTreeSet<Digest>> {
    let path = manifest_path(node);
    let mut blobs = BTreeSet::new();
    for key in [ObjectKey::Object(mirror.clone(), path.clone()), ObjectKey::Derived(mirror.clone(), path)] {
        if let Some(document) = store.read(&key).await?
            && let Ok(manifest) = SpecManifest::parse(&document)
        {
            blobs.insert(manifest.spec.checksum);
        }
    }
    Ok(blobs)
}

impl IndexObject {
    /// Removes a package with its documents; what it was, or `None` when there is none.
    pub(super) async fn remove(
        &self,
        mirror: &MirrorName,
        hash: DagHash,
        now: Timestamp,
    ) -> Result<Option<SpecSummary>> {
        let _one_at_a_time = self.removing.lock().await;
        let Some(row) = self.tables.record(&hash)?.filter(RecordRow::is_package) else { return Ok(None) };
        let (store, node) = (self.store()?, row.to_node()?);
        let arrived = self.tables.arrivals(&hash)?;
        let arrived = arrived.into_iter().map(|path| ObjectKey::Object(mirror.clone(), path));
        let mut keys: Vec<_> = arrived.chain(derived_keys(mirror, &node)).map(|key| key.to_string()).collect();
        let mut blobs = spec_blobs(&store, mirror, &node).await?;
        blobs.extend(row.tarball);
        if let Some(image) = self.tables.image_of(&Tag::of(&node))? {
            blobs.extend(image.blobs.iter().filter_map(ContentDigest::sha256));
            keys.push(ObjectKey::Manifest(mirror.clone(), image.manifest).to_string());
        }
        self.forget(mirror, &row, keys, blobs, now).await?;
        self.delete_documents(&store).await?;
        queries::summary(&row).map(Some)
    }

    /// Removes the record of a package whose documents or blobs the bucket no longer has, with what was
    /// derived of it. Other things of it stay: whoever took some of it away past Larder may want them.
    pub(super) async fn remove_vanished(&self, mirror: &MirrorName, row: &RecordRow, now: Timestamp) -> Result<()> {
        let _one_at_a_time = self.removing.lock().await;
        let keys = derived_keys(mirror, &row.to_node()?).iter().map(ToString::to_string).collect();
        self.forget(mirror, row, keys, BTreeSet::new(), now).await?;
        self.delete_documents(&self.store()?).await
    }

    /// Removes a record and notes what has to follow.
    async fn forget(
        &self,
        mirror: &MirrorName,
        row: &RecordRow,
        keys: Vec<String>,
        blobs: BTreeSet<Digest>,
        now: Timestamp,
    ) -> Result<()> {
        let stay = crate::app::config(&self.env)?.unused_blob_seconds * 1_000;
        let mut blobs: BTreeSet<_> = blobs.iter().map(|digest| blob_key(mirror, digest).to_string()).collect();
        // What an earlier removal of the same package has not swept yet is still to be swept.
        let sql = "SELECT hash, keys, blobs, swept FROM removal WHERE hash = ? AND swept = 0";
        if let Some(earlier) = self.tables.first::<RemovalRow>(sql, vec![row.hash.as_str().into()])? {
            blobs.extend(serde_json::from_str::<Vec<String>>(&earlier.blobs)?);
        }
        let (keys, blobs) = (serde_json::to_string(&keys)?, serde_json::to_string(&blobs)?);
        let hash = row.hash.clone();
        // Before the note, so that none is ever left without it.
        alarm::ring_by(&self.state, now.as_millis() + 1_000).await?;
        // It drops segments, which rendering must not be building upon.
        let _not_while_rendering = self.rendering.lock().await;
        self.transaction(now, move |tables, mirror| {
            remove_package(tables, mirror, &hash)?;
            let sql = "INSERT INTO removal(hash, keys, blobs, due) VALUES (?, ?, ?, ?) ON CONFLICT(hash) DO UPDATE
                       SET keys = excluded.keys, blobs = excluded.blobs, due = excluded.due, swept = 0";
            let due = number(now.as_millis() + stay);
            tables.run(sql, vec![hash.as_str().into(), keys.into(), blobs.into(), due])?;
            Ok(true)
        })
        .await
        .map(drop)
    }

    /// Deletes the documents of all packages that were removed. To be called with `removing` locked.
    async fn delete_documents(&self, store: &Store) -> Result<()> {
        let sql = "SELECT hash, keys, blobs, swept FROM removal WHERE keys <> '[]'";
        for row in self.tables.rows::<RemovalRow>(sql, vec![])? {
            store.delete_all(serde_json::from_str(&row.keys)?).await?;
            self.tables.run("UPDATE removal SET keys = '[]' WHERE hash = ?", vec![row.hash.as_str().into()])?;
        }
        Ok(())
    }

    /// Does what removals left to be done by now.
    pub(super) async fn sweep_removals(&self, now: Timestamp) -> Result<()> {
        let _one_at_a_time = self.removing.lock().await;
        let store = self.store()?;
        self.delete_documents(&store).await?;
        let sql = "SELECT hash, keys, blobs, swept FROM removal WHERE due <= ? ORDER BY due LIMIT 100";
        for row in self.tables.rows::<RemovalRow>(sql, vec![number(now.as_millis())])? {
            if row.swept != 0 {
                self.tables.run("DELETE FROM removal WHERE hash = ?", vec![row.hash.as_str().into()])?;
                continue;
            }
            // Pushed again, it names them again.
            let is_back = self.tables.record(&row.hash)?.is_some_and(|record| record.is_package());
            let blobs: Vec<String> = if is_back { Vec::new() } else { serde_json::from_str(&row.blobs)? };
            for key in blobs {
                let digest = key.rsplit('/').next().unwrap_or_default();
                if !is_blob_named(&self.tables, digest)? {
                    store.delete_key(&key).await?;
                }
            }
            let sql = "UPDATE removal SET swept = 1, due = ? WHERE hash = ?";
            self.tables.run(sql, vec![number(now.as_millis() + REMEMBERED_MILLIS), row.hash.as_str().into()])?;
        }
        Ok(())
    }

    /// Whether all of a package is there that is being accepted after a removal. To be called with
    /// `removing` locked.
    pub(super) async fn is_whole_after_removal(&self, mirror: &MirrorName, package: &Accept) -> Result<bool> {
        let store = self.store()?;
        // What a crash left to be deleted would else be deleted after this look.
        self.delete_documents(&store).await?;
        let node = parse(&package.root)?;
        let is_there = async |key: ObjectKey| Ok::<_, worker::Error>(store.head(&key).await?.is_some());
        if !is_there(blob_key(mirror, &package.tarball)).await? {
            return Ok(false);
        }
        if let Some(path) = package.document.as_ref().and_then(|path| path.parse::<LayoutPath>().ok())
            && !is_there(ObjectKey::Object(mirror.clone(), path)).await?
        {
            return Ok(false);
        }
        let reference = LayoutPath::V2(v2::Path::Tarball(TarballPath::of(&node)));
        if !is_there(ObjectKey::Derived(mirror.clone(), reference)).await? {
            return Ok(false);
        }
        let specs = spec_blobs(&store, mirror, &node).await?;
        for digest in &specs {
            if !is_there(blob_key(mirror, digest)).await? {
                return Ok(false);
            }
        }
        let stem = Stem::of(&node);
        for signed in [true, false] {
            let path = LayoutPath::V2(v2::Path::Spec { stem: stem.clone(), signed });
            for key in [ObjectKey::Object(mirror.clone(), path.clone()), ObjectKey::Derived(mirror.clone(), path)] {
                if is_there(key).await? {
                    return Ok(!specs.is_empty());
                }
            }
        }
        Ok(false)
    }
}

/// When something of a removal is next to be done, in milliseconds since 1970.
pub(super) fn next_due(tables: &Tables) -> Result<Option<u64>> {
    #[derive(Deserialize)]
    struct Row {
        due: Option<u64>,
    }
    let sql = "SELECT MIN(CASE WHEN keys = '[]' THEN due ELSE 0 END) AS due FROM removal";
    Ok(tables.first::<Row>(sql, vec![])?.and_then(|row| row.due))
}
