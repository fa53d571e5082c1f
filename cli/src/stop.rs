//! Ctrl-C: the first asks the work to stop between two requests, the second ends the process.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// The exit status after Ctrl-C: 128 and the number of the signal, as shells have it.
pub(crate) const EXIT_STATUS: u8 = 130;

/// How often a sleep looks whether it should end.
const GLANCE: Duration = Duration::from_millis(50);

/// Whether the work should stop; clones ask the same question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asked for by `SIGINT` (Ctrl-C) and `SIGTERM`, either of which ends the process when repeated.
    ///
    /// # Errors
    /// When the system refuses a signal handler.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // Handlers run in this order, so the first signal finds the flag still down.
            flag::register_conditional_shutdown(signal, EXIT_STATUS.into(), Arc::clone(&stop.0))?;
            flag::register(signal, Arc::clone(&stop.0))?;
        }
        Ok(stop)
    }

    /// Asks the work to stop.
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work should stop.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Sleeps for `duration`, or until asked to stop.
    pub(crate) fn sleep(&self, duration: Duration) {
        let begin = Instant::now();
        while let Some(left) = duration.checked_sub(begin.elapsed())
            && !self.is_asked()
        {
            thread::sleep(left.min(GLANCE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_ends_when_asked_to_stop() {
        let stop = Stop::default();
        stop.ask();
        let begin = Instant::now();
        stop.sleep(Duration::from_secs(3600));
        assert!(begin.elapsed() < Duration::from_secs(60));
    }
}
