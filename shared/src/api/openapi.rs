//! The OpenAPI 3.1 document of the JSON API, generated from the types of [`crate::api`].

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    CreatedToken, ErrorBody, Key, List, Mirror, MirrorChange, NewMirror, NewToken, Package, PackageSummary, Reindex,
    Spec, SpecSummary, Token,
    report::{Build, BuildSummary, Failure, FailureSummary, Reported, Run, RunSummary},
    suggest::{Candidates, Suggestion},
    usage::Usage,
};
use crate::report;

/// Makes the document; done when the worker is built.
pub fn document(version: &str) -> Value {
    let mut schemas =
        SchemaSettings::draft2020_12().with(|it| it.definitions_path = "/components/schemas".into()).into_generator();
    let paths = json!({
        "/api/v1/mirrors": {
            "get": list::<Mirror>(&mut schemas, "List the mirrors, by name", &[]),
            "post": change::<NewMirror, Mirror>(&mut schemas, "Make a mirror; needs an admin token", 201),
        },
        "/api/v1/mirrors/{m}": {
            "parameters": [mirror()],
            "get": show::<Mirror>(&mut schemas, "Show a mirror's figures"),
            "patch": change::<MirrorChange, Mirror>(&mut schemas, "Change a mirror's settings; needs an admin token", 200),
        },
        "/api/v1/mirrors/{m}/reindex": {
            "parameters": [mirror()],
            "post": secured(operation::<Reindex>(
                &mut schemas,
                "Make the index follow from the bucket, step by step after the answer; needs an admin token",
                202,
            )),
        },
        "/api/v1/mirrors/{m}/refresh": {
            "parameters": [mirror()],
            "post": changes_nothing_sent::<Mirror>(&mut schemas, "Ask the mirror's origin for a newer index now; needs a push token"),
        },
        "/api/v1/mirrors/{m}/packages": {
            "parameters": [mirror()],
            "get": list::<PackageSummary>(&mut schemas, "List the packages, by name", &[query("q", "Only packages whose name holds this text")]),
        },
        "/api/v1/mirrors/{m}/packages/{name}": {
            "parameters": [mirror(), path("name", "The package's name")],
            "get": show::<Package>(&mut schemas, "Show a package"),
        },
        "/api/v1/mirrors/{m}/specs": {
            "parameters": [mirror()],
            "get": list::<SpecSummary>(
                &mut schemas,
                "List the specs: all, the newest push first, or a package's, the highest version first",
                &[
                    query("package", "Only specs of this package"),
                    query("q", "Only specs that this query in Spack's spec syntax means; a page may then be short, or empty, and not be the last"),
                ],
            ),
        },
        "/api/v1/mirrors/{m}/specs/{hash}": {
            "parameters": [mirror(), path("hash", "The DAG hash, or a beginning of it that is unique in the mirror")],
            "get": show::<Spec>(&mut schemas, "Show a spec with its dependency graph"),
            "delete": changes_nothing_sent::<SpecSummary>(&mut schemas, "Remove a package from all layouts, by its whole hash; needs an admin token"),
        },
        "/api/v1/mirrors/{m}/catalogue": {
            "parameters": [mirror()],
            "get": read_catalogue(&mut schemas),
        },
        "/api/v1/mirrors/{m}/usage": {
            "parameters": [mirror()],
            "get": show::<Usage>(&mut schemas, "Show how a mirror grows and is used, and what clients did not find in it"),
        },
        "/api/v1/mirrors/{m}/suggest": {
            "parameters": [mirror(), query("count", "At most so many, 1 to 256"), query("by", "By what, the first before the others: demand,failures,age,random"), query("seed", "A number: draw the same packages each time")],
            "get": show::<List<Suggestion>>(&mut schemas, "Suggest packages to build, by what the mirror knows"),
            "post": suggest_from(&mut schemas),
        },
        "/api/v1/mirrors/{m}/keys": {
            "parameters": [mirror()],
            "get": show::<List<Key>>(&mut schemas, "List the public keys, by fingerprint"),
        },
        "/api/v1/mirrors/{m}/builds": {
            "parameters": [mirror()],
            "get": list::<BuildSummary>(
                &mut schemas,
                "List the builds, the newest report first",
                &[
                    query("status", "Only builds that ended so: failed, blocked, unknown, built, reused"),
                    query("package", "Only builds of this package"),
                    query("kind", "Only builds stopped by an error of this kind, such as compile"),
                    query("run", "Only builds of the run with this number"),
                    query("signature", "Only builds stopped by this failure"),
                    query("since", "Only builds reported at this time or later"),
                ],
            ),
            "post": report_builds(&mut schemas),
        },
        "/api/v1/mirrors/{m}/builds/{id}": {
            "parameters": [mirror(), build()],
            "get": show::<Build>(&mut schemas, "Show a build"),
        },
        "/api/v1/mirrors/{m}/builds/{id}/log": {
            "parameters": [mirror(), build()],
            "get": read_log(&mut schemas),
            "put": put_log(&mut schemas),
        },
        "/api/v1/mirrors/{m}/builds/{id}/failure": {
            "parameters": [mirror(), build()],
            "put": change::<report::Failure, BuildSummary>(
                &mut schemas,
                "Hand in what reading the whole log found; needs a report token",
                200,
            ),
        },
        "/api/v1/mirrors/{m}/runs": {
            "parameters": [mirror()],
            "get": list::<RunSummary>(&mut schemas, "List the runs, the newest first", &[]),
        },
        "/api/v1/mirrors/{m}/runs/{id}": {
            "parameters": [mirror(), path("id", "The run's number")],
            "get": show::<Run>(&mut schemas, "Show a run with its builds"),
        },
        "/api/v1/mirrors/{m}/failures": {
            "parameters": [mirror()],
            "get": list::<FailureSummary>(
                &mut schemas,
                "List the failures, those that still fail first",
                &[
                    query("state", "Which: failing (unless it says otherwise), fixed or all"),
                    query("kind", "Only failures of this kind, such as compile"),
                    query("package", "Only failures that stopped this package"),
                    query("sort", "What comes first: blocks (unless it says otherwise), newest or frequent"),
                ],
            ),
        },
        "/api/v1/mirrors/{m}/failures/{signature}": {
            "parameters": [mirror(), path("signature", "The failure's signature")],
            "get": show::<Failure>(&mut schemas, "Show a failure with the builds it stopped"),
        },
        "/api/v1/tokens": {
            "get": secured(list::<Token>(&mut schemas, "List the tokens; needs an admin token", &[])),
            "post": change::<NewToken, CreatedToken>(&mut schemas, "Make a token, which is shown this once; needs an admin token", 201),
        },
        "/api/v1/tokens/{id}": {
            "parameters": [path("id", "The token's id")],
            "delete": changes_nothing_sent::<Token>(&mut schemas, "Revoke a token; needs an admin token"),
        },
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Larder",
            "version": version,
            "description": "What a Spack build cache holds. Spack's own paths lie below /mirrors/ and are not described here.",
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas.take_definitions(true),
        },
    })
}

fn schema<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    schemas.subschema_for::<T>().to_value()
}

fn answers<T: JsonSchema>(schemas: &mut SchemaGenerator, status: u16) -> Value {
    let mut answers = Map::new();
    let body = json!({ "application/json": { "schema": schema::<T>(schemas) } });
    answers.insert(status.to_string(), json!({ "description": "Done", "content": body }));
    let error = json!({ "application/json": { "schema": schema::<ErrorBody>(schemas) } });
    answers.insert("default".to_owned(), json!({ "description": "What went wrong", "content": error }));
    Value::Object(answers)
}

fn show<T: JsonSchema>(schemas: &mut SchemaGenerator, summary: &str) -> Value {
    operation::<T>(schemas, summary, 200)
}

fn operation<T: JsonSchema>(schemas: &mut SchemaGenerator, summary: &str, status: u16) -> Value {
    json!({ "summary": summary, "responses": answers::<T>(schemas, status) })
}

fn list<T: JsonSchema>(schemas: &mut SchemaGenerator, summary: &str, more: &[Value]) -> Value {
    let mut parameters = vec![query("limit", "At most so many items"), query("cursor", "`next` of the page before")];
    parameters.extend_from_slice(more);
    json!({ "summary": summary, "parameters": parameters, "responses": answers::<List<T>>(schemas, 200) })
}

fn change<Body: JsonSchema, T: JsonSchema>(schemas: &mut SchemaGenerator, summary: &str, status: u16) -> Value {
    let body = json!({ "required": true, "content": { "application/json": { "schema": schema::<Body>(schemas) } } });
    secured(json!({ "summary": summary, "requestBody": body, "responses": answers::<T>(schemas, status) }))
}

fn changes_nothing_sent<T: JsonSchema>(schemas: &mut SchemaGenerator, summary: &str) -> Value {
    secured(show::<T>(schemas, summary))
}

fn report_builds(schemas: &mut SchemaGenerator) -> Value {
    let summary = "Report builds: a JUnit file of `spack install --log-format=junit`, or JSON; needs a report token";
    let mut operation = change::<report::Report, Reported>(schemas, summary, 201);
    operation["requestBody"]["content"]["application/xml"] = json!({ "schema": { "type": "string" } });
    operation
}

fn suggest_from(schemas: &mut SchemaGenerator) -> Value {
    let summary = "Suggest packages to build, also by what the asker knows; nothing is changed";
    let mut operation = show::<List<Suggestion>>(schemas, summary);
    operation["requestBody"] =
        json!({ "required": true, "content": { "application/json": { "schema": schema::<Candidates>(schemas) } } });
    operation
}

fn read_catalogue(schemas: &mut SchemaGenerator) -> Value {
    let mut operation =
        show::<()>(schemas, "Read the index in columns, as the dashboard searches it; or what is new of it");
    operation["parameters"] = json!([
        query("part", "Which part: specs (unless it says otherwise), edges or hashes"),
        query("since", "Only what has changed since this place, which a catalogue names"),
    ]);
    operation["responses"]["200"]["content"] =
        json!({ "application/vnd.larder.catalogue": { "schema": { "type": "string", "format": "binary" } } });
    operation
}

fn read_log(schemas: &mut SchemaGenerator) -> Value {
    let mut operation = show::<()>(schemas, "Read a build's log, or a range of it");
    let content = json!({ "text/plain": { "schema": { "type": "string" } } });
    operation["responses"]["200"]["content"] = content.clone();
    operation["responses"]["206"] = json!({ "description": "Part of it", "content": content });
    operation
}

fn put_log(schemas: &mut SchemaGenerator) -> Value {
    let mut operation = changes_nothing_sent::<BuildSummary>(
        schemas,
        "Store a build's log, plain or with `Content-Encoding: gzip`, at most 100 MB; needs a report token",
    );
    let content = json!({ "text/plain": { "schema": { "type": "string" } } });
    operation["requestBody"] = json!({ "required": true, "content": content });
    operation
}

fn build() -> Value {
    path("id", "The build's number")
}

fn secured(mut operation: Value) -> Value {
    operation["security"] = json!([{ "token": [] }]);
    operation
}

fn mirror() -> Value {
    path("m", "The mirror's name, its slashes percent-encoded")
}

fn path(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "description": description, "schema": { "type": "string" } })
}

fn query(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": { "type": "string" } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_to_a_schema() {
        let document = document("0.0.0");
        let text = document.to_string();
        let mut references = 0;
        for part in text.split("\"$ref\":\"#").skip(1) {
            let pointer = part.split('"').next().unwrap_or_default();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
            references += 1;
        }
        assert!(references > 20, "{references}");
        assert!(document.pointer("/components/schemas/Spec/properties/nodes").is_some());
    }
}
