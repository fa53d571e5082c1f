//! The errors that may be the first real one, with the log around them.

use super::{
    LINES_AFTER, build, compiler, language,
    rule::{Event, Weight},
    spack,
};
use crate::report::Excerpt;

/// An error, and what stands around it.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) event: Event,
    pub(super) phase: Option<String>,
    /// Its number in the log, counted from 1.
    pub(super) log_line: u64,
    pub(super) excerpt: Excerpt,
}

impl Candidate {
    pub(super) fn new(event: Event, phase: Option<String>, log_line: u64, before: Vec<String>, text: &str) -> Self {
        let mut lines = before;
        let error = lines.len();
        lines.push(text.to_owned());
        Self { event, phase, log_line, excerpt: Excerpt { first_line: Some(log_line - error as u64), error, lines } }
    }

    fn is_open(&self) -> bool {
        self.excerpt.lines.len() <= self.excerpt.error + LINES_AFTER
    }

    /// With what the lines around it tell: the file of a Fortran error, the message of a CMake one.
    pub(super) fn refined(mut self) -> Self {
        let (before, after) = self.excerpt.lines.split_at(self.excerpt.error);
        let after = &after[1..];
        build::refine(&mut self.event, before, after);
        language::refine(&mut self.event, before, after);
        compiler::refine(&mut self.event, before, after);
        spack::refine(&mut self.event, before);
        self
    }
}

/// The first error of each weight.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    first: [Option<Candidate>; 3],
}

impl Candidates {
    /// Whether an error of this weight would be the first.
    pub(super) fn wants(&self, weight: Weight) -> bool {
        self.first[weight as usize..].iter().all(Option::is_none)
    }

    pub(super) fn add(&mut self, candidate: Candidate) {
        let weight = candidate.event.weight as usize;
        self.first[weight] = Some(candidate);
    }

    /// Whether lines after a candidate are still to come.
    pub(super) fn are_open(&self) -> bool {
        self.first.iter().flatten().any(Candidate::is_open)
    }

    /// Adds a line after the candidates that wait for it.
    pub(super) fn follow(&mut self, text: &str) {
        for candidate in self.first.iter_mut().flatten().filter(|candidate| candidate.is_open()) {
            candidate.excerpt.lines.push(text.to_owned());
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The first of the heaviest.
    pub(super) fn into_first(self) -> Option<Candidate> {
        self.first.into_iter().rev().flatten().next()
    }
}
