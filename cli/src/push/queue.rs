//! Work in parallel: threads take the next of a list, and the caller hears of each as it is done.

use std::{
    num::NonZeroUsize,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// How often the caller's `tick` is called while nothing is done.
const TICK: Duration = Duration::from_millis(100);

/// Calls `work` on each of `items`, `jobs` at a time, until all are done or `is_over`.
///
/// `done` and `tick` are called on this thread. Items that were not begun are left out of `done`.
pub(crate) fn run<T: Sync, R: Send>(
    items: &[T],
    jobs: NonZeroUsize,
    is_over: impl Fn() -> bool + Sync,
    work: impl Fn(&T) -> R + Sync,
    mut done: impl FnMut(&T, R),
    mut tick: impl FnMut(),
) {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let worker = |sender: mpsc::Sender<(usize, R)>| {
        while !is_over() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            if sender.send((index, work(item))).is_err() {
                break;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs.get().min(items.len()) {
            let sender = sender.clone();
            scope.spawn(|| worker(sender));
        }
        drop(sender);
        loop {
            match receiver.recv_timeout(TICK) {
                Ok((index, result)) => done(&items[index], result),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            tick();
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn every_item_is_done_once() {
        for (count, jobs) in [(0, 1), (1, 8), (100, 1), (100, 8)] {
            let items: Vec<usize> = (0..count).collect();
            let mut seen = Vec::new();
            run(
                &items,
                NonZeroUsize::new(jobs).unwrap(),
                || false,
                |item| item * 2,
                |item, result| seen.push((*item, result)),
                || {},
            );
            seen.sort_unstable();
            assert_eq!(seen, items.iter().map(|item| (*item, item * 2)).collect::<Vec<_>>(), "{count} by {jobs}");
        }
    }

    #[test]
    fn nothing_new_is_begun_once_it_is_over() {
        let over = AtomicBool::new(false);
        let items: Vec<usize> = (0..100).collect();
        let mut seen = 0;
        let work = |item: &usize| over.fetch_or(*item == 4, Ordering::Relaxed);
        run(&items, NonZeroUsize::MIN, || over.load(Ordering::Relaxed), work, |_, _| seen += 1, || {});
        assert_eq!(seen, 5);
    }
}
