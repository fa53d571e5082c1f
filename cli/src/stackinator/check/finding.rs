//! What is to be said of a file, line by line.

/// All that is to be said of a file.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

#[derive(Debug)]
struct Finding {
    /// Counted from 1.
    line: usize,
    /// Whether a build would fail, or do what nobody wants; else it is only good to know.
    is_wrong: bool,
    what: String,
    next: String,
}

impl Findings {
    /// Something with which a build fails, or does what nobody wants. `next` says what to do.
    pub(super) fn wrong(&mut self, line: usize, what: &str, next: &str) {
        self.add(line, true, what, next);
    }

    /// Something that is good to know.
    pub(super) fn note(&mut self, line: usize, what: &str, next: &str) {
        self.add(line, false, what, next);
    }

    fn add(&mut self, line: usize, is_wrong: bool, what: &str, next: &str) {
        self.0.push(Finding { line, is_wrong, what: what.to_owned(), next: next.to_owned() });
    }

    /// Whether anything is wrong.
    pub(super) fn are_wrong(&self) -> bool {
        self.0.iter().any(|finding| finding.is_wrong)
    }

    /// What is wrong, and what to do below it; empty when nothing is.
    pub(super) fn problems(&self) -> String {
        let wrong = self.0.iter().filter(|finding| finding.is_wrong);
        wrong.map(|Finding { what, next, .. }| format!("  {what}\n    {next}")).collect::<Vec<_>>().join("\n")
    }

    /// A line for each in order of line, what to do below it, and the sum.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let mut findings: Vec<_> = self.0.iter().collect();
        findings.sort_by_key(|finding| finding.line);
        let said = findings.iter().map(|Finding { line, is_wrong, what, next }| {
            let weight = if *is_wrong { "wrong" } else { "note" };
            format!("{name}:{line}: {weight}: {what}\n    {next}")
        });
        let sum = match self.0.iter().filter(|finding| finding.is_wrong).count() {
            0 => format!("{name}: nothing is wrong"),
            1 => format!("{name}: 1 thing is wrong"),
            count => format!("{name}: {count} things are wrong"),
        };
        said.chain([sum]).collect()
    }
}
