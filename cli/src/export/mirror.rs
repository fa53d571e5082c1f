//! What a site holds of a mirror: Spack's own files in both layouts, and what the dashboard asks the API for.

use std::{collections::BTreeMap, num::NonZeroUsize};

use larder_shared::{
    api::{FileKind, Key, Layout, List, Mirror, Origin, PackageSummary, Spec, SpecSummary},
    clearsign,
    digest::Digest,
    index::catalogue,
    layout::{
        LayoutPath,
        manifest::{InvalidManifest, Manifest},
        v2, v3,
    },
    name::Fingerprint,
    package::SpecManifest,
    route::{
        API,
        site::{self, NEWEST, PAGE_ITEMS},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Problem, folder::Folder};
use crate::{
    http::{Failure, read::Reader},
    mirror_url::MirrorUrl,
    part::Part,
    push::queue,
    stop::Stop,
};

/// What to export of a mirror.
pub(super) struct Exporter<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) url: &'a MirrorUrl,
    pub(super) folder: &'a Folder,
    pub(super) layouts: &'a [Layout],
    pub(super) with_tarballs: bool,
    pub(super) with_dashboard: bool,
    pub(super) jobs: NonZeroUsize,
    pub(super) stop: &'a Stop,
}

/// What the lists of a mirror say.
pub(super) struct Lists {
    pub(super) mirror: Mirror,
    pub(super) specs: Vec<SpecSummary>,
    packages: Vec<PackageSummary>,
}

/// Reads what the API lists of a mirror.
pub(super) fn lists(reader: &Reader<'_>, url: &MirrorUrl) -> Result<Lists, Failure> {
    let mirror = reader.document(&url.beside(&url.api_path()))?;
    let packages = whole_list(reader, url, "packages")?;
    let specs = whole_list(reader, url, "specs")?;
    Ok(Lists { mirror, specs, packages })
}

/// A mirror as everybody may see it, and as it stays: without what only some are told, and what changes by itself.
pub(super) fn public(mirror: Mirror) -> Mirror {
    Mirror {
        origin: Origin::Bucket,
        private: false,
        trust: None,
        origin_state: None,
        webhook: None,
        reindex: None,
        ..mirror
    }
}

impl Exporter<'_> {
    /// Writes all that belongs to the mirror. What names other files comes after them.
    pub(super) fn write(&self, lists: &Lists) -> Result<(), Problem> {
        let mut specs = self.each(&lists.specs, |summary| self.spec(summary))?;
        specs.sort_by(|a, b| a.summary.hash.cmp(&b.summary.hash));
        if self.with_dashboard {
            self.api(lists, specs)?;
            if lists.mirror.reports.builds > 0 {
                self.reports()?;
            }
        }
        let keys: Vec<Key> = whole_list(self.reader, self.url, "keys")?;
        for key in &keys {
            self.key(&key.fingerprint)?;
        }
        if self.has(Layout::V2) {
            self.refreshed(&LayoutPath::V2(v2::Path::KeyIndex))?;
            let index = LayoutPath::V2(v2::Path::Index);
            let digest = self.refresh(&index)?;
            let hash = self.place(&LayoutPath::V2(v2::Path::IndexHash));
            self.folder.put(&hash, digest.to_string().as_bytes(), None)?;
        }
        if self.has(Layout::V3) {
            self.refreshed(&LayoutPath::V3(v3::Path::Layout))?;
            self.manifest(v3::Path::KeyIndexManifest)?;
            self.manifest(v3::Path::IndexManifest)?;
        }
        if self.with_dashboard {
            let mirror = public(lists.mirror.clone());
            let all = List { items: vec![&mirror], next: None };
            self.put_json(&self.url.api_path(), &mirror)?;
            self.put_json(&format!("{API}/mirrors"), &all)?;
        }
        Ok(())
    }

    fn has(&self, layout: Layout) -> bool {
        self.layouts.contains(&layout)
    }

    /// A package's files in the layouts that are wanted.
    fn spec(&self, summary: &SpecSummary) -> Result<Spec, Problem> {
        let request = format!("{}/specs/{}", self.url.api_path(), summary.hash);
        let spec: Spec = self.reader.document(&self.url.beside(&request))?;
        let manifest_path = path_of(&spec, FileKind::Manifest, Layout::V3)?;
        // Which tarball it is, and where the spec lies.
        let manifest = match self.has(Layout::V3) {
            true => self.refreshed(&manifest_path)?,
            false => self.reader.whole(&self.url.of(&manifest_path.to_string()))?,
        };
        let manifest = SpecManifest::parse(&manifest).map_err(|error| unreadable(&manifest_path, error))?;
        let tarball = LayoutPath::V3(v3::Path::Blob(manifest.tarball.checksum));
        if self.has(Layout::V3) {
            self.blob(&manifest.spec.checksum)?;
            if self.with_tarballs {
                self.blob(&manifest.tarball.checksum)?;
            }
        }
        if self.has(Layout::V2) {
            self.refreshed(&path_of(&spec, FileKind::SpecFile, Layout::V2)?)?;
            if self.with_tarballs {
                let path = path_of(&spec, FileKind::Tarball, Layout::V2)?;
                let digest = &manifest.tarball.checksum;
                if self.has(Layout::V3) {
                    self.folder.link(&self.place(&tarball), &self.place(&path), digest)?;
                } else {
                    self.with_digest(&path, digest)?;
                }
            }
        }
        let wanted = |layout: &Layout| self.has(*layout);
        let files = spec.files.iter().filter(|file| wanted(&file.layout)).cloned().collect();
        // Reading it for the export is a use, too.
        Ok(Spec { files, last_used: None, ..spec })
    }

    /// What the dashboard asks the API for: lists, packages and specs.
    fn api(&self, lists: &Lists, specs: Vec<Spec>) -> Result<(), Problem> {
        let api = self.url.api_path();
        let page = format!("limit={PAGE_ITEMS}");
        self.put_json(&format!("{api}/packages?{page}"), &whole(&lists.packages))?;
        self.put_json(&format!("{api}/specs?{page}"), &whole(&lists.specs))?;
        let newest = &lists.specs[..lists.specs.len().min(NEWEST)];
        self.put_json(&format!("{api}/specs?limit={NEWEST}"), &whole(newest))?;
        self.each(&lists.packages, |package| {
            let name = &package.name;
            self.copy(&format!("{api}/packages/{name}"))?;
            self.copy_list(&format!("{api}/specs?package={name}&{page}"))?;
            self.copy_list(&format!("{api}/specs?q=%25{name}&{page}"))
        })?;
        self.copy_list(&format!("{api}/keys"))?;
        for part in [catalogue::Part::Specs, catalogue::Part::Edges] {
            let bytes = self.reader.whole(&self.url.beside(&format!("{api}/catalogue?part={part}")))?;
            let file = site::catalogue_folder(self.url.name()) + &site::catalogue_file(part);
            self.folder.put(&file, &bytes, None)?;
        }
        // One file holds all specs whose hashes begin alike.
        let mut by_file: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for spec in specs {
            let file = by_file.entry(site::file(&format!("{api}/specs/{}", spec.summary.hash))).or_default();
            file.extend(json(&spec)?);
            file.push(b'\n');
        }
        for (file, lines) in by_file {
            self.folder.put(&file, &lines, None)?;
        }
        Ok(())
    }

    fn key(&self, fingerprint: &Fingerprint) -> Result<(), Problem> {
        if self.has(Layout::V2) {
            self.refreshed(&LayoutPath::V2(v2::Path::Key(fingerprint.clone())))?;
        }
        if self.has(Layout::V3) {
            self.manifest(v3::Path::KeyManifest(fingerprint.clone()))?;
        }
        Ok(())
    }

    /// A manifest, after all that it names.
    fn manifest(&self, path: v3::Path) -> Result<(), Problem> {
        let path = LayoutPath::V3(path);
        let bytes = self.reader.whole(&self.url.of(&path.to_string()))?;
        let document = clearsign::document(&bytes).map_err(|error| unreadable(&path, error))?;
        let manifest = Manifest::parse(document.json).map_err(|error: InvalidManifest| unreadable(&path, error))?;
        for record in &manifest.data {
            self.blob(&record.checksum)?;
        }
        Ok(self.folder.put(&self.place(&path), &bytes, None)?)
    }

    fn blob(&self, digest: &Digest) -> Result<(), Problem> {
        self.with_digest(&LayoutPath::V3(v3::Path::Blob(*digest)), digest)
    }

    /// A file whose digest is known; what is there with it is not fetched.
    fn with_digest(&self, path: &LayoutPath, digest: &Digest) -> Result<(), Problem> {
        let place = self.place(path);
        if self.folder.keep(&place, digest)? {
            return Ok(());
        }
        let part = self.fetch(path, None)?.map(|(part, _)| part).ok_or_else(|| unreadable(path, "it is not sent"))?;
        if part.digest() != *digest {
            return Err(unreadable(path, "its bytes do not have the digest that names them"));
        }
        self.folder.finish(part, &place, None)?;
        Ok(())
    }

    /// A document, fetched if the server has another than the one that is there; its bytes.
    fn refreshed(&self, path: &LayoutPath) -> Result<Vec<u8>, Problem> {
        self.refresh(path)?;
        Ok(self.folder.read(&self.place(path))?)
    }

    /// The same, of a document that may be large; its digest.
    fn refresh(&self, path: &LayoutPath) -> Result<Digest, Problem> {
        let place = self.place(path);
        if let Some((etag, digest)) = self.folder.known(&place)? {
            return match self.fetch(path, Some(&etag))? {
                Some((part, etag)) => Ok(self.folder.finish(part, &place, etag)?),
                None => {
                    self.folder.keep_known(&place, etag, digest);
                    Ok(digest)
                }
            };
        }
        let (part, etag) = self.fetch(path, None)?.ok_or_else(|| unreadable(path, "it is not sent"))?;
        Ok(self.folder.finish(part, &place, etag)?)
    }

    fn fetch(&self, path: &LayoutPath, etag: Option<&str>) -> Result<Option<(Part, Option<String>)>, Problem> {
        let begin = || self.folder.begin().map_err(std::io::Error::other);
        let answer = self.reader.read(&self.url.of(&path.to_string()), etag, begin)?;
        Ok(answer.map(|answer| (answer.bytes, answer.etag)))
    }

    /// Where a file of the mirror lies in the site.
    fn place(&self, path: &LayoutPath) -> String {
        format!("{}/{path}", site::mirror_folder(self.url.name()))
    }

    /// A document of the API as it is.
    fn copy(&self, request: &str) -> Result<(), Problem> {
        let document: Value = self.reader.document(&self.url.beside(request))?;
        self.put_json(request, &document)
    }

    /// A whole list of the API.
    fn copy_list(&self, request: &str) -> Result<(), Problem> {
        let items: Vec<Value> = all_items(self.reader, &self.url.beside(request))?;
        self.put_json(request, &whole(&items))
    }

    pub(super) fn put_json(&self, request: &str, document: &impl Serialize) -> Result<(), Problem> {
        Ok(self.folder.put(&site::file(request), &json(document)?, None)?)
    }

    /// Does `work` for each of `items`, several at a time, until one fails.
    pub(super) fn each<T: Sync, R: Send>(
        &self,
        items: &[T],
        work: impl Fn(&T) -> Result<R, Problem> + Sync,
    ) -> Result<Vec<R>, Problem> {
        let halt = Stop::default();
        let (mut results, mut failed) = (Vec::new(), None);
        let is_over = || self.stop.is_asked() || halt.is_asked();
        let done = |_: &T, result| match result {
            Ok(result) => results.push(result),
            Err(problem) => {
                halt.ask();
                failed.get_or_insert(problem);
            }
        };
        queue::run(items, self.jobs, is_over, work, done, || {});
        match failed {
            Some(problem) => Err(problem),
            None if self.stop.is_asked() => Err(Failure::Stopped.into()),
            None => Ok(results),
        }
    }
}

/// Items as the one page of a list.
pub(super) fn whole<T: Serialize>(items: &[T]) -> List<&T> {
    List { items: items.iter().collect(), next: None }
}

fn json(document: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(document).map_err(|error| Failure::NotLarder(error.into()).into())
}

fn whole_list<T: DeserializeOwned>(reader: &Reader<'_>, url: &MirrorUrl, list: &str) -> Result<Vec<T>, Failure> {
    all_items(reader, &url.beside(&format!("{}/{list}?limit={PAGE_ITEMS}", url.api_path())))
}

/// The items of all pages of a list.
fn all_items<T: DeserializeOwned>(reader: &Reader<'_>, url: &str) -> Result<Vec<T>, Failure> {
    let separator = if url.contains('?') { '&' } else { '?' };
    let List { mut items, mut next } = reader.document::<List<T>>(url)?;
    while let Some(cursor) = next {
        let cursor = percent_encoding::utf8_percent_encode(&cursor, percent_encoding::NON_ALPHANUMERIC);
        let page: List<T> = reader.document(&format!("{url}{separator}cursor={cursor}"))?;
        items.extend(page.items);
        next = page.next;
    }
    Ok(items)
}

/// Where a spec's file lies, which has to be a path of Spack's.
fn path_of(spec: &Spec, kind: FileKind, layout: Layout) -> Result<LayoutPath, Problem> {
    let file = spec.files.iter().find(|file| file.kind == kind && file.layout == layout);
    let path = file.and_then(|file| file.path.parse().ok());
    path.ok_or_else(|| Problem::Mirror {
        path: format!("{} /{}", spec.summary.name, spec.summary.hash),
        why: format!("the API names no {kind:?} of it in layout {}", layout.as_str()),
    })
}

fn unreadable(path: &LayoutPath, why: impl std::fmt::Display) -> Problem {
    Problem::Mirror { path: path.to_string(), why: why.to_string() }
}
