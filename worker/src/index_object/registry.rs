//! What the index keeps of a mirror as an OCI repository: manifests, tags, uploads.

use larder_shared::{
    api::{Layout, List, Timestamp},
    digest::Digest,
    index::command::{Forgotten, PutManifest, Tagged, TagsMoved},
    key::ObjectKey,
    name::MirrorName,
    oci::{
        digest::ContentDigest,
        manifest::Descriptor,
        tag::Tag,
        upload::{ABANDONED_MILLIS, MAX_PIECES, Piece, Upload, UploadId},
    },
};
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::{
    IndexObject, alarm,
    commands::{Taken, Whole, take_package},
    documents,
    tables::{Tables, number},
};

/// A row of `tag`.
#[derive(Debug, Deserialize)]
struct TagRow {
    name: Tag,
    manifest: Option<ContentDigest>,
}

/// What is known of an image.
pub(super) struct ImageRow {
    pub(super) manifest: ContentDigest,
    /// The blobs it needs.
    pub(super) blobs: Vec<ContentDigest>,
}

/// A row of `upload`.
#[derive(Debug, Deserialize)]
struct UploadRow {
    owner: String,
    pieces: String,
}

impl IndexObject {
    /// Takes a manifest with its tags and the package that it is, in one transaction; `None` when some of
    /// the package was removed while it was pushed.
    pub(super) async fn put_manifest(
        &self,
        name: &MirrorName,
        put: PutManifest,
        now: Timestamp,
    ) -> Result<Option<TagsMoved>> {
        let whole = match &put.package {
            Some(package) => match self.find_whole(name, package).await? {
                Some(whole) => Some(whole),
                None => return Ok(None),
            },
            None => None,
        };
        let is_looked_for = whole.as_ref().is_some_and(Whole::is_looked_for);
        self.counted(now, move |tables, mirror| {
            let PutManifest { manifest, subject, blobs, tags, package } = put;
            let taken = match package {
                Some(package) => match take_package(tables, mirror, package, is_looked_for, now)? {
                    Some(taken) => taken,
                    None => return Ok((false, None)),
                },
                None => Taken { changed: false, replaced: false },
            };
            let sql = "INSERT INTO manifest(digest, descriptor, subject, blobs) VALUES (?, ?, ?, ?)
                       ON CONFLICT(digest) DO UPDATE SET descriptor = excluded.descriptor";
            let digest = manifest.digest.to_string();
            tables.run(
                sql,
                vec![
                    digest.as_str().into(),
                    serde_json::to_string(&manifest)?.into(),
                    subject.map(|subject| subject.to_string()).into(),
                    serde_json::to_string(&blobs)?.into(),
                ],
            )?;
            let mut moved = Vec::new();
            for tag in tags {
                let before = tables.first::<TagRow>("SELECT * FROM tag WHERE name = ?", vec![tag.as_str().into()])?;
                if before.and_then(|row| row.manifest).is_some_and(|before| before != manifest.digest) {
                    moved.push(tag.clone());
                }
                let sql = "INSERT INTO tag(name, manifest) VALUES (?, ?)
                           ON CONFLICT(name) DO UPDATE SET manifest = excluded.manifest";
                tables.run(sql, vec![tag.as_str().into(), digest.as_str().into()])?;
            }
            Ok((taken.changed, Some(TagsMoved { moved, replaced: taken.replaced })))
        })
        .await
        .map(|(_, moved)| moved)
    }

    /// Lets a tag name nothing; whether it named something.
    pub(super) async fn delete_tag(&self, tag: Tag) -> Result<bool> {
        self.atomically(move |tables| {
            let found = tables.tag(&tag)?.is_some();
            tables.run("DELETE FROM tag WHERE name = ?", vec![tag.as_str().into()])?;
            Ok(found)
        })
        .await
    }

    /// Forgets a manifest and its tags.
    pub(super) async fn delete_manifest(&self, digest: ContentDigest) -> Result<Option<Forgotten>> {
        self.atomically(move |tables| {
            let Some(tags) = tables.tags_of(&digest)? else { return Ok(None) };
            let digest = || vec![SqlStorageValue::from(digest.to_string())];
            tables.run("DELETE FROM tag WHERE manifest = ?", digest())?;
            tables.run("DELETE FROM manifest WHERE digest = ?", digest())?;
            Ok(Some(Forgotten { tags }))
        })
        .await
    }

    /// Begins an upload, and forgets those that rested too long; their pieces are garbage already.
    pub(super) async fn begin_upload(&self, id: UploadId, owner: String, now: Timestamp) -> Result<()> {
        self.atomically(move |tables| {
            let abandoned = now.as_millis().saturating_sub(ABANDONED_MILLIS);
            tables.run("DELETE FROM upload WHERE touched < ?", vec![number(abandoned)])?;
            let sql = "INSERT INTO upload(id, owner, touched, pieces) VALUES (?, ?, ?, '[]')";
            tables.run(sql, vec![id.as_str().into(), owner.into(), number(now.as_millis())])?;
            Ok(())
        })
        .await
    }

    /// Appends a piece; `None` when the upload is gone, has another length than `offset`, or is in
    /// too many pieces already.
    pub(super) async fn add_piece(
        &self,
        mirror: MirrorName,
        id: UploadId,
        offset: u64,
        piece: Piece,
        now: Timestamp,
    ) -> Result<Option<Upload>> {
        let due = now.as_millis() + ABANDONED_MILLIS;
        let key = ObjectKey::UploadPiece(mirror, id.clone(), piece.name.clone());
        let upload = self
            .atomically(move |tables| {
                let Some(mut upload) = tables.upload(&id)? else { return Ok(None) };
                if upload.bytes() != offset || upload.pieces.len() >= MAX_PIECES {
                    return Ok(None);
                }
                upload.pieces.push(piece);
                let pieces = serde_json::to_string(&upload.pieces)?;
                let sql = "UPDATE upload SET pieces = ?, touched = ? WHERE id = ?";
                tables.run(sql, vec![pieces.into(), number(now.as_millis()), id.as_str().into()])?;
                // Until the upload ends, its pieces are what nobody needs.
                documents::discard_key(tables, &key, due)?;
                Ok(Some(upload))
            })
            .await?;
        alarm::ring_by(&self.state, due).await?;
        Ok(upload)
    }

    /// Forgets an upload.
    pub(super) async fn end_upload(&self, mirror: MirrorName, id: UploadId, now: Timestamp) -> Result<Option<Upload>> {
        let upload = self
            .atomically(move |tables| {
                let upload = tables.upload(&id)?;
                tables.run("DELETE FROM upload WHERE id = ?", vec![id.as_str().into()])?;
                for piece in upload.iter().flat_map(|upload| &upload.pieces) {
                    let key = ObjectKey::UploadPiece(mirror.clone(), id.clone(), piece.name.clone());
                    documents::discard_key(tables, &key, now.as_millis())?;
                }
                Ok(upload)
            })
            .await?;
        alarm::ring_by(&self.state, now.as_millis()).await?;
        Ok(upload)
    }
}

impl Tables {
    /// What a tag names.
    pub(super) fn tag(&self, tag: &Tag) -> Result<Option<Tagged>> {
        let row = self.first::<TagRow>("SELECT * FROM tag WHERE name = ?", vec![tag.as_str().into()])?;
        let Some(row) = row else { return Ok(None) };
        let package = match tag.hash() {
            Some(hash) if tag.is_package() => self.record(&hash)?,
            _ => None,
        };
        let is_image = package.is_some_and(|package| package.is_package() && package.layout == Layout::Oci);
        Ok(Some(Tagged { manifest: row.manifest, is_image }))
    }

    /// The tags of a manifest; `None` when there is no such manifest. Cost grows with the tags.
    pub(super) fn tags_of(&self, digest: &ContentDigest) -> Result<Option<Vec<Tag>>> {
        let digest = || vec![SqlStorageValue::from(digest.to_string())];
        let sql = "SELECT digest FROM manifest WHERE digest = ?";
        if self.first::<serde_json::Value>(sql, digest())?.is_none() {
            return Ok(None);
        }
        let rows: Vec<TagRow> = self.rows("SELECT * FROM tag WHERE manifest = ?", digest())?;
        Ok(Some(rows.into_iter().map(|row| row.name).collect()))
    }

    /// The image that a tag names, if no other tag names it.
    pub(super) fn image_of(&self, tag: &Tag) -> Result<Option<ImageRow>> {
        #[derive(Deserialize)]
        struct Row {
            manifest: ContentDigest,
            blobs: String,
        }
        let sql = "SELECT digest AS manifest, blobs FROM manifest
                   WHERE digest = (SELECT manifest FROM tag WHERE name = ?1)
                   AND NOT EXISTS (SELECT name FROM tag WHERE manifest = digest AND name <> ?1)";
        let Some(row) = self.first::<Row>(sql, vec![tag.as_str().into()])? else { return Ok(None) };
        Ok(Some(ImageRow { manifest: row.manifest, blobs: serde_json::from_str(&row.blobs)? }))
    }

    /// The tags after a name, in order of their bytes; cost grows with the page.
    pub(super) fn tags(&self, limit: u32, after: Option<&str>) -> Result<List<Tag>> {
        let sql = "SELECT * FROM tag WHERE name > ? ORDER BY name LIMIT ?";
        let one_more = i64::from(limit) + 1;
        let rows: Vec<TagRow> = self.rows(sql, vec![after.unwrap_or_default().into(), one_more.into()])?;
        let has_more = rows.len() > limit as usize;
        let items: Vec<Tag> = rows.into_iter().take(limit as usize).map(|row| row.name).collect();
        let next = items.last().filter(|_| has_more).map(ToString::to_string);
        Ok(List { items, next })
    }

    /// The manifests about a subject.
    pub(super) fn referrers(&self, subject: &ContentDigest, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        #[derive(Deserialize)]
        struct Row {
            descriptor: String,
        }
        let sql = "SELECT descriptor FROM manifest WHERE subject = ?";
        let rows: Vec<Row> = self.rows(sql, vec![subject.to_string().into()])?;
        let mut all = Vec::new();
        for row in rows {
            let descriptor: Descriptor = serde_json::from_str(&row.descriptor)?;
            if artifact_type.is_none_or(|wanted| descriptor.artifact_type.as_deref() == Some(wanted)) {
                all.push(descriptor);
            }
        }
        Ok(all)
    }

    /// Those of some blobs that are no package's tarball. A tarball is stored before its package is
    /// known.
    pub(super) fn unknown_blobs(&self, blobs: Vec<ContentDigest>) -> Result<Vec<ContentDigest>> {
        #[derive(Deserialize)]
        struct Row {
            tarball: Digest,
        }
        // A statement takes 100 values.
        let mut known = Vec::new();
        for some in blobs.chunks(100) {
            let digests: Vec<SqlStorageValue> =
                some.iter().filter_map(ContentDigest::sha256).map(|digest| digest.to_string().into()).collect();
            if digests.is_empty() {
                continue;
            }
            let places = vec!["?"; digests.len()].join(",");
            let sql = format!("SELECT tarball FROM record WHERE tarball IN ({places})");
            let rows: Vec<Row> = self.rows(&sql, digests)?;
            known.extend(rows.into_iter().map(|row| ContentDigest::from(row.tarball)));
        }
        Ok(blobs.into_iter().filter(|blob| !known.contains(blob)).collect())
    }

    /// Whether a package or a manifest needs a blob; cost grows with the manifests.
    pub(super) fn needs_blob(&self, blob: &ContentDigest) -> Result<bool> {
        if let Some(digest) = blob.sha256() {
            let sql = "SELECT seq FROM record WHERE tarball = ? LIMIT 1";
            if self.first::<serde_json::Value>(sql, vec![digest.to_string().into()])?.is_some() {
                return Ok(true);
            }
        }
        let sql = "SELECT digest FROM manifest WHERE instr(blobs, ?) > 0 LIMIT 1";
        Ok(self.first::<serde_json::Value>(sql, vec![blob.to_string().into()])?.is_some())
    }

    /// An upload under way.
    pub(super) fn upload(&self, id: &UploadId) -> Result<Option<Upload>> {
        let sql = "SELECT owner, pieces FROM upload WHERE id = ?";
        match self.first::<UploadRow>(sql, vec![id.as_str().into()])? {
            Some(row) => Ok(Some(Upload { owner: row.owner, pieces: serde_json::from_str(&row.pieces)? })),
            None => Ok(None),
        }
    }
}
