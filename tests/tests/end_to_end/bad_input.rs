//! Bad input: each gets a clear error, stores nothing and loses nothing.

mod access;
mod api;
mod documents;
mod paths;
mod uploads;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{self, Write as _},
};

use larder_shared::api::{self as model, ErrorBody, ErrorCode};
use larder_tests::{
    fixtures::hello,
    http::Answer,
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
};
use serde_json::json;

/// What somebody who asks without harm sees.
#[derive(Debug, Default)]
struct State {
    /// Every object by key, with its ETag.
    objects: BTreeSet<(String, String)>,
    mirrors: Vec<model::Mirror>,
}

/// Tries some cases.
type Cases = fn(&mut Table);

/// A row of the table: a case and its answer.
struct Row {
    case: String,
    status: u16,
    code: String,
    message: String,
}

/// The table of all cases, which grows while they are tried.
pub(crate) struct Table {
    pub(crate) larder: Larder,
    /// May push to mirror `m` only.
    pub(crate) token: String,
    /// A package whose blob is stored, so that its documents lack nothing.
    pub(crate) package: MadeUp,
    state: State,
    rows: Vec<Row>,
    /// What was not as it should be.
    pub(crate) problems: Vec<String>,
}

impl Table {
    pub(crate) fn new() -> Self {
        let larder = Larder::start();
        larder.put_hello("m");
        larder.put_hello("other");
        let package = MadeUp::new("zlib", "1.3");
        let path = format!("/mirrors/m/{}", blob_path(&package.tarball));
        larder.put(&path, &package.tarball).token(ADMIN).send().expect(201);
        let token = json!({ "name": "ci", "scopes": ["push"], "mirrors": ["m"] });
        let token: model::CreatedToken =
            larder.post("/api/v1/tokens", &token.to_string()).token(ADMIN).send().expect(201).json();
        let mut table = Self {
            larder,
            token: token.secret,
            package,
            state: State::default(),
            rows: Vec::new(),
            problems: Vec::new(),
        };
        table.look();
        table
    }

    /// What is stored now; what was stored on purpose is from now on part of it.
    pub(crate) fn look(&mut self) {
        let mirrors: model::List<model::Mirror> = self.larder.api("mirrors");
        self.state = State { objects: self.larder.stored().into_iter().collect(), mirrors: mirrors.items };
    }

    /// Expects that nothing is stored that was not before these cases.
    pub(crate) fn expect_nothing_stored(&mut self, cases: &str) {
        let before = std::mem::take(&mut self.state);
        self.look();
        let new: Vec<_> = self.state.objects.difference(&before.objects).collect();
        let gone: Vec<_> = before.objects.difference(&self.state.objects).collect();
        if !new.is_empty() || !gone.is_empty() {
            self.problems.push(format!("after {cases} these are stored: {new:?}, and these no longer: {gone:?}"));
        }
        if before.mirrors != self.state.mirrors {
            self.problems.push(format!("{cases} changed {:?} to {:?}", before.mirrors, self.state.mirrors));
        }
    }

    /// Begins an upload to mirror `m`.
    fn put(&self, path: &str, body: &[u8]) -> Answer {
        self.larder.put(&format!("/mirrors/m/{path}"), body).token(&self.token).send()
    }

    /// Notes the answer to a case, which should be an error of Larder's.
    fn expect(&mut self, case: &str, answer: Answer, code: ErrorCode) {
        let told: Option<ErrorBody> = serde_json::from_slice(&answer.body).ok();
        let told = told.map(|body| body.error);
        if told.as_ref().map(|error| error.code) != Some(code) || answer.status != code.status() {
            self.problems.push(format!("{case}: {code:?} was expected, but {answer:?}"));
        }
        if told.as_ref().is_some_and(|error| error.message.is_empty()) {
            self.problems.push(format!("{case}: the error has no message"));
        }
        let (name, message) = match told {
            Some(error) => (json!(error.code).as_str().unwrap().to_owned(), error.message),
            None => ("?".to_owned(), answer.text().to_owned()),
        };
        self.note(case, answer.status, name, message);
    }

    /// Notes the answer to a case that never reaches the worker.
    fn expect_platform(&mut self, case: &str, answer: Option<Answer>, statuses: &[u16]) {
        let (status, message) = match answer {
            Some(answer) => (answer.status, String::from_utf8_lossy(&answer.body).trim().to_owned()),
            None => (0, "the connection is closed".to_owned()),
        };
        if !statuses.contains(&status) {
            self.problems.push(format!("{case}: one of {statuses:?} was expected, but {status} {message}"));
        }
        self.note(case, status, "(platform)".to_owned(), message);
    }

    pub(crate) fn note(&mut self, case: &str, status: u16, code: String, message: String) {
        self.rows.push(Row { case: case.to_owned(), status, code, message });
    }

    /// Prints the table and expects that all was as it should be.
    pub(crate) fn end(&self) {
        self.print();
        assert!(self.problems.is_empty(), "{} problems:\n{}", self.problems.len(), self.problems.join("\n"));
    }

    /// Prints the table, also when the test succeeds: past the test harness, which keeps what
    /// `println!` prints to itself.
    fn print(&self) {
        let width = |text: fn(&Row) -> &str| self.rows.iter().map(|row| text(row).chars().count()).max().unwrap_or(0);
        let (case, code) = (width(|row| &row.case), width(|row| &row.code));
        let mut table = format!("\n{:case$}  answer  {:code$}  message\n", "case", "code");
        for row in &self.rows {
            let message: String = row.message.chars().take(160).collect();
            writeln!(table, "{:case$}  {:<6}  {:code$}  {message}", row.case, row.status, row.code).unwrap();
        }
        io::stdout().write_all(table.as_bytes()).unwrap();
    }
}

#[test]
fn bad_input_gets_a_clear_error_and_stores_nothing() {
    let mut table = Table::new();
    let groups: [(&str, Cases); 14] = [
        ("paths that the platform resolves", paths::resolved_by_the_platform),
        ("paths that Larder refuses", paths::refused_by_larder),
        ("paths that name nothing", paths::naming_nothing),
        ("bodies", uploads::bodies),
        ("tokens, methods and ranges", uploads::tokens_methods_and_ranges),
        ("spec files", documents::spec_files),
        ("signatures", documents::signatures),
        ("manifests", documents::manifests),
        ("keys", documents::keys),
        ("parameters", api::parameters),
        ("mirrors and origins", api::mirrors_and_origins),
        ("changes, removals and reindexing", api::changes),
        ("tokens to make", api::tokens),
        ("access", access::all),
    ];
    for (cases, try_all) in groups {
        try_all(&mut table);
        table.expect_nothing_stored(cases);
    }
    table.end();
    // And all that was there is there.
    for path in [hello::KEY, hello::SPEC, hello::TARBALL] {
        let answer = table.larder.get(&format!("/mirrors/m/{path}")).send().expect(200);
        assert!(answer.body == hello::file(path), "{path} changed");
    }
}
