//! Waiting for conditions.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long anything may take that is not itself about time: long, because a busy machine is no
/// reason to fail.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until `find` finds something.
///
/// # Panics
/// When it has not after [`PATIENCE`].
pub fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain until {what}");
        thread::sleep(PAUSE);
    }
}
