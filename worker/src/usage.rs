//! Counts which packages are asked for, and found or not.
//!
//! Reads do not touch the index, so each isolate counts for itself and tells the index at most twice a minute; when it
//! is put away before that, what it had counted is missing. Who asks is not looked at.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use larder_shared::{
    asked::{Asked, is_last_try},
    index::command::{Ask, Use},
    name::{DagHash, MirrorName},
    route::Route,
};
use worker::{Delay, Response, console_error};

use crate::{
    app::{App, now},
    error::{Error, Result},
    index_client,
};

/// How long counts wait, in milliseconds: the platform lets work go on for 30 s after an answer.
const WAIT_MILLIS: u64 = 28_000;

/// How long after the index was told nobody begins to wait again, in milliseconds; with the wait it makes half a
/// minute.
const PAUSE_MILLIS: u64 = 2_000;

/// Most packages that are told at once as found, and as wanted.
const MAX_FOUND: usize = 1_000;
const MAX_WANTED: usize = 200;

/// Most mirrors that one isolate counts for.
const MAX_MIRRORS: usize = 200;

thread_local! {
    static COUNTED: RefCell<HashMap<MirrorName, Counted>> = RefCell::default();
}

/// What an isolate has counted for a mirror and not told yet.
#[derive(Default)]
struct Counted {
    hits: u64,
    misses: u64,
    found: BTreeSet<DagHash>,
    wanted: HashMap<Asked, u64>,
    /// When somebody will tell it, in milliseconds since 1970.
    due: u64,
}

impl Counted {
    fn count(&mut self, asked: Asked, is_found: bool) {
        if is_found {
            self.hits += 1;
            if self.found.len() < MAX_FOUND {
                self.found.insert(asked.hash);
            }
        } else {
            self.misses += 1;
            if self.wanted.len() < MAX_WANTED || self.wanted.contains_key(&asked) {
                *self.wanted.entry(asked).or_default() += 1;
            }
        }
    }

    /// Whether whoever counted last has to tell it: nobody does, or whoever was to was put away.
    fn begins_waiting(&mut self, now: u64) -> bool {
        let begins = now >= self.due + PAUSE_MILLIS;
        if begins {
            self.due = now + WAIT_MILLIS;
        }
        begins
    }

    fn take(&mut self) -> Use {
        let (hits, misses) = (std::mem::take(&mut self.hits), std::mem::take(&mut self.misses));
        Use { hits, misses, found: std::mem::take(&mut self.found), wanted: self.wanted.drain().collect() }
    }
}

/// Counts what became of a `GET`, if it asked for a package.
pub(crate) async fn count(app: &App, route: &Route, outcome: &Result<Response>) {
    let Some((mirror, asked)) = Asked::of(route) else { return };
    let is_found = match outcome {
        Ok(_) => true,
        Err(Error::NotFound { .. } | Error::ManifestUnknown(_)) if is_last_try(route) => false,
        Err(_) => return,
    };
    let begins_waiting = COUNTED.with_borrow_mut(|all| {
        if all.len() >= MAX_MIRRORS && !all.contains_key(mirror) {
            all.clear();
        }
        let counted = all.entry(mirror.clone()).or_default();
        counted.count(asked, is_found);
        counted.begins_waiting(now().as_millis())
    });
    if begins_waiting {
        let (later, mirror) = (app.clone(), mirror.clone());
        app.afterwards(async move {
            Delay::from(Duration::from_millis(WAIT_MILLIS)).await;
            tell(&later, &mirror).await;
        })
        .await;
    }
}

/// What was counted for a mirror and not told yet; whoever takes it tells it.
pub(crate) fn take(mirror: &MirrorName) -> Use {
    COUNTED.with_borrow_mut(|all| all.get_mut(mirror).map(Counted::take).unwrap_or_default())
}

async fn tell(app: &App, mirror: &MirrorName) {
    let counted = take(mirror);
    if counted != Use::default()
        && let Err(error) = index_client::ask::<()>(app, mirror, Ask::NoteUse(counted)).await
    {
        console_error!("noting what was asked of {mirror}: {error:?}");
    }
}
