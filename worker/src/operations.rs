//! What a request costs: operations of the bucket and questions to the index.

use std::{cell::Cell, fmt, rc::Rc};

/// Counters of one request, shared by all that work for it.
#[derive(Clone, Default)]
pub(crate) struct Operations(Rc<Counts>);

#[derive(Default)]
struct Counts {
    reads: Cell<u32>,
    writes: Cell<u32>,
    questions: Cell<u32>,
}

impl Operations {
    /// Counts an operation of R2's class B: a read.
    pub(crate) fn count_read(&self) {
        self.0.reads.set(self.0.reads.get() + 1);
    }

    /// Counts an operation of R2's class A: a write or a list.
    pub(crate) fn count_write(&self) {
        self.0.writes.set(self.0.writes.get() + 1);
    }

    /// Counts a request to the index.
    pub(crate) fn count_question(&self) {
        self.0.questions.set(self.0.questions.get() + 1);
    }
}

/// As the header says it: `reads=2 writes=0 index=1`.
impl fmt::Display for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { reads, writes, questions } = &*self.0;
        write!(f, "reads={} writes={} index={}", reads.get(), writes.get(), questions.get())
    }
}
