//! Healing: makes the index follow from the bucket alone, a page at a time.
//!
//! Documents that lie in Spack's folders are taken as if they were uploaded, whoever put them there;
//! then each record is looked at, whether what it stands for is there; then what nobody needs is
//! forgotten. A run that somebody asked for reads every document and goes on in alarms until it ends;
//! Larder's own, once a day, reads what the index does not know and does a page with each scheduled
//! event.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use larder_shared::{
    api::{Layout, Reindex, ReindexProblem, Timestamp},
    clearsign,
    key::{Folder, ObjectKey},
    layout::{
        LayoutPath,
        manifest::{MAX_MANIFEST_BYTES, Manifest},
        v2, v3,
    },
    name::{DagHash, Fingerprint, MirrorName},
    oci::{digest::ContentDigest, tag::Tag},
    package::{InvalidPackage, MAX_SPEC_BYTES, Package, SpecManifest, derived_documents},
};
use serde::{Deserialize, Serialize};
use worker::Result;

use super::{
    IndexObject, alarm,
    commands::{layout_count, layout_of},
    tables::RecordRow,
};
use crate::{
    app,
    error::{self, Error},
    intake::{Place, derived::Writing},
    openpgp::SigningKey,
    registry::{self, Settings},
    signing,
    store::Store,
};

/// The folders of images' manifests and tags, below the mirror's.
const MANIFESTS: &str = "larder/oci/manifests/";
const TAGS: &str = "larder/oci/tags/";

/// Names listed at once.
const LISTED: u32 = 500;

/// Documents read, or records looked at, in one page: each costs up to ten operations of the bucket, and
/// an invocation has a thousand.
const READ: usize = 40;

/// How many problems are told.
const MAX_PROBLEMS: usize = 20;

/// How long Larder's own runs lie apart, in milliseconds.
const BETWEEN_RUNS_MILLIS: u64 = 24 * 3_600_000;

/// How long an upload may wait for the document that names it, in milliseconds.
const STAGED_MILLIS: u64 = 24 * 3_600_000;

/// Largest key read, in bytes.
const MAX_KEY_BYTES: u64 = 256 << 10;

/// The parts of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// Takes what lies in `build_cache/`.
    BuildCache,
    /// Takes what lies in `v3/`.
    V3,
    /// Takes the manifests of images.
    Manifests,
    /// Takes the tags, with the packages that some of them are.
    Tags,
    /// Looks at the keys that the index has.
    Keys,
    /// Looks at the packages that the index has.
    Records,
    /// Forgets dependencies that no package has any more.
    Dependencies,
    /// Removes uploads that nothing ever named.
    Staged,
}

impl Stage {
    const fn next(self) -> Option<Self> {
        match self {
            Self::BuildCache => Some(Self::V3),
            Self::V3 => Some(Self::Manifests),
            Self::Manifests => Some(Self::Tags),
            Self::Tags => Some(Self::Keys),
            Self::Keys => Some(Self::Records),
            Self::Records => Some(Self::Dependencies),
            Self::Dependencies => Some(Self::Staged),
            Self::Staged => None,
        }
    }
}

/// A run, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Run {
    mirror: MirrorName,
    stage: Stage,
    /// Where the stage goes on: after this name, or this number of a record.
    cursor: Option<String>,
    /// How many pages are left to do before the next scheduled event; `None` without a limit.
    pages_left: Option<u32>,
    /// What is told of it.
    pub(super) progress: Reindex,
}

impl Run {
    const fn new(mirror: MirrorName, stage: Stage, asked: bool, now: Timestamp) -> Self {
        let progress = Reindex {
            began: now,
            ended: None,
            asked,
            looked_at: 0,
            added: 0,
            mended: 0,
            removed: 0,
            problems: 0,
            last_problems: Vec::new(),
        };
        Self { mirror, stage, cursor: None, pages_left: if asked { None } else { Some(1) }, progress }
    }

    /// Whether a page is to be done now.
    pub(super) fn is_due(&self) -> bool {
        self.progress.ended.is_none() && self.pages_left != Some(0)
    }

    fn note(&mut self, path: &impl ToString, problem: &Error) {
        let problem = ReindexProblem { path: path.to_string(), message: problem.to_string() };
        self.progress.problems += 1;
        self.progress.last_problems.insert(0, problem);
        self.progress.last_problems.truncate(MAX_PROBLEMS);
    }
}

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It did not have to be read.
    PassedOver,
    /// All of it was there.
    Known,
    /// The index lacked it.
    Added,
    /// Something derived of it was missing.
    Mended,
}

impl IndexObject {
    /// Begins a run that somebody asked for, from the start.
    pub(super) async fn begin_reindex(&self, mirror: MirrorName, now: Timestamp) -> Result<Reindex> {
        let run = Run::new(mirror, Stage::BuildCache, true, now);
        self.tables.save_reindex(&run)?;
        alarm::ring_by(&self.state, now.as_millis()).await?;
        Ok(run.progress)
    }

    /// Lets a run go on for a page, and begins one when the last was long ago.
    pub(super) async fn heal(&self, mirror: MirrorName, owns_packages: bool, now: Timestamp) -> Result<()> {
        let run = match self.tables.reindex()? {
            Some(run) if run.progress.ended.is_none() => Run { pages_left: run.pages_left.map(|_| 1), ..run },
            Some(run) if now.as_millis() < run.progress.began.as_millis() + BETWEEN_RUNS_MILLIS => return Ok(()),
            _ => Run::new(mirror, if owns_packages { Stage::BuildCache } else { Stage::Staged }, false, now),
        };
        self.tables.save_reindex(&run)?;
        alarm::ring_by(&self.state, now.as_millis()).await
    }

    /// Does a page of the run, if one is due.
    pub(super) async fn go_on_reindexing(&self, now: Timestamp) -> Result<()> {
        let Some(mut run) = self.tables.reindex()?.filter(Run::is_due) else { return Ok(()) };
        let (store, mirror) = (self.store()?, run.mirror.clone());
        match self.mending(&store, &mirror, now).await {
            Ok(mending) => mending.page(&mut run).await?,
            // The mirror is gone, or its documents cannot be signed.
            Err(error) => {
                run.note(&"", &error);
                run.progress.ended = Some(now);
            }
        }
        run.pages_left = run.pages_left.map(|left| left.saturating_sub(1));
        // Unless another began meanwhile.
        if self.tables.reindex()?.is_some_and(|current| current.progress.began == run.progress.began) {
            self.tables.save_reindex(&run)?;
        }
        Ok(())
    }

    async fn mending<'a>(
        &'a self,
        store: &'a Store,
        mirror: &'a MirrorName,
        now: Timestamp,
    ) -> error::Result<Mending<'a>> {
        let settings = registry::load(store, mirror).await?;
        let key = signing::key(&app::config(&self.env)?, settings.signing)?;
        Ok(Mending { index: self, place: Place { store, mirror }, settings, key, now })
    }
}

/// A mirror while a page of a run is done.
struct Mending<'a> {
    index: &'a IndexObject,
    place: Place<'a>,
    settings: Settings,
    /// Signs what is derived.
    key: Option<Rc<SigningKey>>,
    now: Timestamp,
}

impl Mending<'_> {
    async fn page(&self, run: &mut Run) -> Result<()> {
        let next = match run.stage {
            Stage::BuildCache => self.documents(run, Folder::BuildCache).await?,
            Stage::V3 => self.documents(run, Folder::V3).await?,
            Stage::Manifests => self.images(run, MANIFESTS).await?,
            Stage::Tags => self.images(run, TAGS).await?,
            Stage::Keys => self.keys().await?,
            Stage::Records => self.records(run).await?,
            Stage::Dependencies => self.dependencies().await?,
            Stage::Staged => self.staged(run).await?,
        };
        run.cursor = next;
        if run.cursor.is_none() {
            match run.stage.next() {
                Some(stage) => run.stage = stage,
                None => run.progress.ended = Some(app::now()),
            }
        }
        Ok(())
    }

    fn object(&self, path: &LayoutPath) -> ObjectKey {
        ObjectKey::Object(self.place.mirror.clone(), path.clone())
    }

    /// Takes some of the documents in a folder; where to go on.
    async fn documents(&self, run: &mut Run, folder: Folder) -> Result<Option<String>> {
        if let Some(key) = self.key.as_ref().filter(|_| run.cursor.is_none()) {
            // What is signed with it has to be found with it.
            self.take_key(&key.fingerprint, key.public.clone()).await?;
        }
        let prefix = folder.prefix(self.place.mirror);
        let (names, next) = self.place.store.list(&prefix, run.cursor.clone(), LISTED).await?;
        let mut read = 0;
        for name in names {
            let Ok(path) = format!("{}{name}", folder.path()).parse::<LayoutPath>() else { continue };
            match self.document(&path, run.progress.asked).await {
                Ok(Outcome::PassedOver) => continue,
                Ok(Outcome::Known) => {}
                Ok(Outcome::Added) => run.progress.added += 1,
                Ok(Outcome::Mended) => run.progress.mended += 1,
                Err(error) => run.note(&path, &error),
            }
            run.progress.looked_at += 1;
            read += 1;
            if read == READ {
                return Ok(Some(name));
            }
        }
        Ok(next)
    }

    /// Takes a document that lies in the bucket, as an upload of it would be taken. Unless `thorough`,
    /// one that the index knows is passed over.
    async fn document(&self, path: &LayoutPath, thorough: bool) -> error::Result<Outcome> {
        let hash = match path {
            LayoutPath::V2(v2::Path::Spec { stem, .. }) => stem.hash(),
            LayoutPath::V3(v3::Path::SpecManifest(place)) => place.hash(),
            LayoutPath::V2(v2::Path::Key(fingerprint)) => return self.stored_key(path, fingerprint, thorough).await,
            LayoutPath::V3(v3::Path::KeyManifest(fingerprint)) => {
                return self.stored_key(path, fingerprint, thorough).await;
            }
            _ => return Ok(Outcome::PassedOver),
        };
        if !thorough && self.index.tables.arrivals(&hash).map_err(index)?.contains(path) {
            return Ok(Outcome::PassedOver);
        }
        let Some(document) = self.read(path, MAX_SPEC_BYTES).await? else { return Ok(Outcome::PassedOver) };
        let (package, size) = match path {
            LayoutPath::V2(v2::Path::Spec { stem, signed }) => {
                let package = Package::from_spec_file(stem, *signed, &document)?;
                self.place.admit(self.settings.require, package.signed, &document, self.now).await?;
                let size = self.place.tarball(&package).await?;
                (package, size)
            }
            LayoutPath::V3(v3::Path::SpecManifest(place)) => {
                let manifest = SpecManifest::parse(&document)?;
                self.place.admit(self.settings.require, manifest.document.is_signed, &document, self.now).await?;
                self.place.v3_package(place, &manifest).await?
            }
            _ => return Ok(Outcome::PassedOver),
        };
        let key = self.key.as_deref();
        let has_written = self.place.keep_derived(&package, Some(size), key, Writing::Missing, self.now).await?;
        let accept = package.to_accept(size, key.is_some());
        match self.index.accept(self.place.mirror, accept, self.now).await.map_err(index)? {
            Some(changed) if changed.changed => Ok(Outcome::Added),
            Some(_) if has_written => Ok(Outcome::Mended),
            Some(_) => Ok(Outcome::Known),
            // It was removed since it was listed.
            None => Ok(Outcome::PassedOver),
        }
    }

    /// Takes some of the manifests or tags of images; where to go on.
    async fn images(&self, run: &mut Run, folder: &str) -> Result<Option<String>> {
        let prefix = format!("{}/{folder}", self.place.mirror);
        let (names, next) = self.place.store.list(&prefix, run.cursor.clone(), LISTED).await?;
        let mut read = 0;
        for name in names {
            let outcome = match folder {
                MANIFESTS => self.manifest(&name, run.progress.asked).await,
                _ => self.tag(&name, run.progress.asked).await,
            };
            match outcome {
                Ok(Outcome::PassedOver) => continue,
                Ok(Outcome::Known) => {}
                Ok(Outcome::Added) => run.progress.added += 1,
                Ok(Outcome::Mended) => run.progress.mended += 1,
                Err(error) => run.note(&format!("{folder}{name}"), &error),
            }
            run.progress.looked_at += 1;
            read += 1;
            if read == READ {
                return Ok(Some(name));
            }
        }
        Ok(next)
    }

    /// Takes a manifest that the index lacks.
    async fn manifest(&self, name: &str, thorough: bool) -> error::Result<Outcome> {
        let Ok(digest) = name.replacen('/', ":", 1).parse::<ContentDigest>() else { return Ok(Outcome::PassedOver) };
        let is_known = self.index.tables.tags_of(&digest).map_err(index)?.is_some();
        if is_known {
            return Ok(if thorough { Outcome::Known } else { Outcome::PassedOver });
        }
        let key = ObjectKey::Manifest(self.place.mirror.clone(), digest);
        let Some(stored) = self.place.manifest(&key).await? else { return Ok(Outcome::PassedOver) };
        let put = stored.to_put(&stored.parse()?, Vec::new(), None);
        self.index.put_manifest(self.place.mirror, put, self.now).await.map_err(index)?;
        Ok(Outcome::Mended)
    }

    /// Takes a tag that the index lacks, with the package that its image is; makes the copy of one that
    /// it knows right.
    async fn tag(&self, name: &str, thorough: bool) -> error::Result<Outcome> {
        let Ok(tag) = name.parse::<Tag>() else { return Ok(Outcome::PassedOver) };
        let known = self.index.tables.tag(&tag).map_err(index)?;
        if !thorough && known.is_some_and(|tagged| tagged.manifest.is_some()) {
            return Ok(Outcome::PassedOver);
        }
        let copy = ObjectKey::Tag(self.place.mirror.clone(), tag.clone());
        let Some(mut stored) = self.place.manifest(&copy).await? else { return Ok(Outcome::PassedOver) };
        let mut outcome = if known.is_some() { Outcome::Known } else { Outcome::Added };
        if let Some(digest) = known.and_then(|tagged| tagged.manifest).filter(|digest| *digest != stored.digest) {
            // The index decides; a crash came before the copy was made.
            let key = ObjectKey::Manifest(self.place.mirror.clone(), digest);
            let missing = || Error::ManifestUnknown(digest.to_string());
            stored = self.place.manifest(&key).await?.ok_or_else(missing)?;
            self.place.store.put_document(&copy, stored.document(), false).await?;
            outcome = Outcome::Mended;
        }
        let manifest = stored.parse()?;
        let is_image = known.is_none_or(|tagged| tagged.is_image);
        let package = match tag.is_package() && is_image {
            true => Some(self.place.image_package(&tag, &manifest).await?),
            false => None,
        };
        let signer = self.key.as_deref();
        if let Some((package, size)) = &package {
            self.place.admit(self.settings.require, package.signed, &[], self.now).await?;
            let keep = |writing| self.place.keep_derived(package, Some(*size), signer, writing, self.now);
            let has_written = match keep(Writing::Missing).await {
                // What a moved tag named before was not replaced to the end.
                Err(Error::Conflict(_)) if known.is_some() => keep(Writing::Replacing).await?,
                kept => kept?,
            };
            if has_written && outcome == Outcome::Known {
                outcome = Outcome::Mended;
            }
        }
        let package = package.as_ref().map(|(package, size)| (package, *size, signer.is_some()));
        let put = stored.to_put(&manifest, vec![tag], package);
        match self.index.put_manifest(self.place.mirror, put, self.now).await.map_err(index)? {
            Some(_) => Ok(outcome),
            None => Ok(Outcome::PassedOver),
        }
    }

    /// An object that is not larger than `limit`.
    async fn read(&self, path: &LayoutPath, limit: u64) -> error::Result<Option<Vec<u8>>> {
        match self.place.store.get(&self.object(path)).await? {
            Some(found) if found.stored.bytes > limit => Err(Error::TooLarge { bytes: found.stored.bytes, limit }),
            Some(found) => found.into_bytes().await.map(Some),
            None => Ok(None),
        }
    }

    /// Takes a key that lies in the bucket, as itself or as the blob that a manifest names.
    async fn stored_key(&self, path: &LayoutPath, fingerprint: &Fingerprint, thorough: bool) -> error::Result<Outcome> {
        let known = self.index.tables.keys().map_err(index)?;
        let is_known = known.iter().any(|key| key.fingerprint == *fingerprint);
        if !thorough && is_known {
            return Ok(Outcome::PassedOver);
        }
        let Some(document) = self.read(path, MAX_MANIFEST_BYTES).await? else { return Ok(Outcome::PassedOver) };
        let armored = match path {
            LayoutPath::V3(_) => {
                let text = clearsign::document(&document).map_err(InvalidPackage::from)?.json;
                let manifest = Manifest::parse(text).map_err(InvalidPackage::from)?;
                let digest = manifest.first().map_err(InvalidPackage::from)?.checksum;
                let missing = || Error::BlobUnknown { document: "the key manifest", digest: digest.to_string() };
                let bytes = self.place.blob(&digest).await?.ok_or_else(missing)?;
                if bytes > MAX_KEY_BYTES {
                    return Err(Error::TooLarge { bytes, limit: MAX_KEY_BYTES });
                }
                self.place.store.read(&self.place.blob_key(&digest)).await?.ok_or_else(missing)?
            }
            LayoutPath::V2(_) => document,
        };
        self.take_key(fingerprint, armored).await?;
        Ok(if is_known { Outcome::Known } else { Outcome::Mended })
    }

    async fn take_key(&self, fingerprint: &Fingerprint, armored: Vec<u8>) -> error::Result<()> {
        let (key, _) = self.place.key(fingerprint, armored, self.now).await?;
        self.index.add_key(key, self.now).await.map(drop).map_err(index)
    }

    /// Forgets keys that are not there any more.
    async fn keys(&self) -> Result<Option<String>> {
        for key in self.index.tables.keys()? {
            if self.place.store.head(&self.place.key_place(&key.fingerprint)).await?.is_none() {
                self.index
                    .tables
                    .run("DELETE FROM key WHERE fingerprint = ?", vec![key.fingerprint.as_str().into()])?;
            }
        }
        Ok(None)
    }

    /// Looks at some of the packages that the index has; where to go on.
    async fn records(&self, run: &mut Run) -> Result<Option<String>> {
        let after: i64 = run.cursor.as_ref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let sql = format!("SELECT {} FROM record WHERE seq > ? ORDER BY seq LIMIT {READ}", RecordRow::COLUMNS);
        let rows: Vec<RecordRow> = self.index.tables.rows(&sql, vec![after.into()])?;
        for row in &rows {
            run.progress.looked_at += 1;
            match self.record(row).await {
                Ok(Found::Whole) => {}
                Ok(Found::Mended) => run.progress.mended += 1,
                Ok(Found::Vanished) => run.progress.removed += 1,
                Err(error) => run.note(&format!("/{}", row.hash), &error),
            }
        }
        Ok(if rows.len() == READ { rows.last().map(|row| row.seq.to_string()) } else { None })
    }

    /// Whether what a record stands for is there; mends what can be mended.
    async fn record(&self, row: &RecordRow) -> error::Result<Found> {
        let before = self.index.accepted.get();
        let (mut there, mut gone) = (Vec::new(), Vec::new());
        for path in self.index.tables.arrivals(&row.hash).map_err(index)? {
            match self.place.store.head(&self.object(&path)).await? {
                Some(_) => there.push(path),
                None => gone.push(path),
            }
        }
        // An image's document is the registry's; its tarball is a blob like the others.
        let has_document = !there.is_empty() || row.layout == Layout::Oci;
        let has_tarball = match &row.tarball {
            Some(digest) => self.place.store.head(&self.place.blob_key(digest)).await?.is_some(),
            None => true,
        };
        // It may have been pushed again since it was looked for; then the next run looks again.
        let is_sure = || self.index.accepted.get() == before;
        if !has_document || !has_tarball {
            if !is_sure() {
                return Ok(Found::Whole);
            }
            self.index.remove_vanished(self.place.mirror, row, self.now).await.map_err(index)?;
            return Ok(Found::Vanished);
        }
        if !gone.is_empty() && is_sure() {
            self.forget_arrivals(&row.hash, gone, &there).await.map_err(index)?;
        }
        let Some(first) = there.first() else { return Ok(Found::Whole) };
        if self.is_derived(row, &there).await? {
            return Ok(Found::Whole);
        }
        match self.document(first, true).await? {
            Outcome::PassedOver | Outcome::Known => Ok(Found::Whole),
            Outcome::Added | Outcome::Mended => Ok(Found::Mended),
        }
    }

    /// Whether all is there that is to be derived of a package whose documents are `there`.
    async fn is_derived(&self, row: &RecordRow, there: &[LayoutPath]) -> error::Result<bool> {
        let node = row.to_node().map_err(index)?;
        let managed = self.key.is_some();
        let reference = LayoutPath::V2(v2::Path::Tarball(v2::TarballPath::of(&node)));
        let is_signed = row.is_signed_on_arrival();
        let mut paths = vec![reference];
        for path in derived_documents(&node, row.layout, is_signed, managed) {
            // What arrived in both layouts is not derived for either, but to be signed.
            if !there.iter().any(|arrived| layout_of(arrived) == layout_of(&path) && layout_of(arrived) != row.layout) {
                paths.push(path);
            }
        }
        for path in paths {
            let key = ObjectKey::Derived(self.place.mirror.clone(), path);
            if self.place.store.head(&key).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(!managed || row.is_managed())
    }

    /// Forgets documents that are gone, of a package that others are there of.
    async fn forget_arrivals(&self, hash: &DagHash, gone: Vec<LayoutPath>, there: &[LayoutPath]) -> Result<()> {
        let (hash, layout) = (hash.clone(), there.first().map(layout_of));
        let change = self.index.transaction(self.now, move |tables, mirror| {
            for path in gone {
                let values = vec![hash.as_str().into(), path.to_string().into()];
                tables.run("DELETE FROM arrival WHERE hash = ? AND path = ?", values)?;
                let count = layout_count(mirror, layout_of(&path));
                *count = count.saturating_sub(1);
            }
            if let Some(layout) = layout {
                let values = vec![layout.as_str().into(), hash.as_str().into()];
                tables.run("UPDATE record SET layout = ? WHERE hash = ?", values)?;
            }
            Ok(false)
        });
        change.await.map(drop)
    }

    /// Forgets nodes known only as dependencies that no package has any more.
    async fn dependencies(&self) -> Result<Option<String>> {
        let change = self.index.transaction(self.now, |tables, _| {
            let mut needs: HashMap<DagHash, Vec<DagHash>> = HashMap::new();
            let (mut needed, mut unneeded) = (Vec::new(), HashMap::new());
            for row in tables.each::<RecordRow>(&format!("SELECT {} FROM record", RecordRow::COLUMNS), vec![])? {
                let row = row?;
                let edges = row.to_node()?.dependencies.into_iter().map(|edge| edge.hash).collect();
                if row.is_package() {
                    needed.push(row.hash.clone());
                } else {
                    unneeded.insert(row.hash.clone(), row.seq);
                }
                needs.insert(row.hash, edges);
            }
            let mut seen = HashSet::new();
            while let Some(hash) = needed.pop() {
                unneeded.remove(&hash);
                needed.extend(
                    needs.get(&hash).into_iter().flatten().filter(|hash| seen.insert((*hash).clone())).cloned(),
                );
            }
            for seq in unneeded.values() {
                tables.run("DELETE FROM record WHERE seq = ?", vec![(*seq).into()])?;
            }
            Ok(!unneeded.is_empty())
        });
        change.await.map(|_| None)
    }

    /// Removes uploads that nothing named for a day; where to go on.
    async fn staged(&self, run: &Run) -> Result<Option<String>> {
        let prefix = Folder::Staged.prefix(self.place.mirror);
        let (found, next) = self.place.store.list_with_times(&prefix, run.cursor.clone(), LISTED).await?;
        let is_old = |time: &Timestamp| time.as_millis() + STAGED_MILLIS <= self.now.as_millis();
        let old: Vec<_> =
            found.iter().filter(|(_, time)| is_old(time)).map(|(name, _)| format!("{prefix}{name}")).collect();
        if !old.is_empty() {
            self.place.store.delete_all(old).await?;
        }
        Ok(next)
    }
}

/// What was found of a record.
enum Found {
    /// All of it is there.
    Whole,
    /// Something derived was missing.
    Mended,
    /// Its documents or its tarball are gone.
    Vanished,
}

/// An error of the index's own tables.
fn index(error: worker::Error) -> Error {
    Error::Index(error.to_string())
}
