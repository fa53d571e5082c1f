//! What was looked at before, so that another look at the folder costs little.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    folder::File,
    plan::{Item, Label},
    problem::Problem,
};

/// Length and time of writing of a file; another pair means other bytes.
type Mark = Option<(u64, Option<SystemTime>)>;

/// What is known of the documents of all folders, by where they lie.
#[derive(Debug, Default)]
pub(super) struct Seen {
    done: HashMap<PathBuf, Mark>,
    open: HashMap<PathBuf, Open>,
    /// How many keys are on the server: a new one may be that of a package which was refused.
    keys: usize,
}

/// What was not pushed.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) label: Label,
    pub(super) problem: Problem,
    /// Of the document and its blobs when it was tried.
    marks: Vec<Mark>,
    /// How many keys the server had then.
    keys: usize,
}

impl Seen {
    /// Whether a document is on the server as it is.
    pub(super) fn is_done(&self, document: &File) -> bool {
        self.done.get(&document.location).is_some_and(|mark| *mark == mark_of(document))
    }

    /// Whether an item failed, and would fail again because nothing is different.
    pub(super) fn is_hopeless(&self, item: &Item) -> bool {
        let would_fail =
            |open: &Open| !open.problem.is_transient() && open.keys == self.keys && open.marks == marks_of(item);
        self.open.get(&item.document.location).is_some_and(would_fail)
    }

    /// Whether this was said of the document before.
    pub(super) fn is_said(&self, document: &File, problem: &Problem) -> bool {
        self.open.get(&document.location).is_some_and(|open| open.problem.to_string() == problem.to_string())
    }

    /// Notes that a document is on the server.
    pub(super) fn note_done(&mut self, document: &File, is_key: bool) {
        self.keys += usize::from(is_key);
        self.open.remove(&document.location);
        self.done.insert(document.location.clone(), mark_of(document));
    }

    /// Notes that an item failed, or that it can be no item: then there are no blobs to look at.
    pub(super) fn note_open(&mut self, document: &File, item: Option<&Item>, label: &str, problem: Problem) {
        let marks = item.map_or_else(Vec::new, marks_of);
        self.open.insert(document.location.clone(), Open { label: label.to_owned(), problem, marks, keys: self.keys });
    }

    /// Notes that a folder cannot be pushed; returns whether that is new.
    pub(super) fn note_refused(&mut self, folder: &Path, label: &str, problem: Problem) -> bool {
        let open = Open { label: label.to_owned(), problem, marks: Vec::new(), keys: self.keys };
        self.open.insert(folder.to_owned(), open).is_none()
    }

    /// Forgets documents that are not there any more.
    pub(super) fn forget_gone(&mut self) {
        self.open.retain(|location, _| location.exists());
    }

    /// What is not pushed at the end, in order of label.
    pub(super) fn into_open(self) -> Vec<Open> {
        let mut open: Vec<_> = self.open.into_values().collect();
        open.sort_unstable_by(|one, other| one.label.cmp(&other.label));
        open
    }
}

fn mark_of(file: &File) -> Mark {
    Some((file.bytes, file.modified))
}

fn marks_of(item: &Item) -> Vec<Mark> {
    let blobs = item.blobs.iter().map(|blob| mark_at(&blob.location));
    [mark_of(&item.document)].into_iter().chain(blobs).collect()
}

fn mark_at(location: &Path) -> Mark {
    fs::metadata(location).ok().map(|metadata| (metadata.len(), metadata.modified().ok()))
}
