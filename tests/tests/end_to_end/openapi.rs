//! The OpenAPI document: valid in shape, and complete.

use std::collections::BTreeSet;

use larder_shared::route::Route;
use larder_tests::larder::Larder;
use serde_json::{Map, Value};

/// How the document writes a route; `None` for what it does not describe. No `_` arm: a new route
/// has to choose.
const fn template(route: &Route) -> Option<&'static str> {
    match route {
        Route::Object(..)
        | Route::Slice(..)
        | Route::ActionCache(..)
        | Route::MirrorRoot(_)
        | Route::OpenApi
        | Route::AuthToken => None,
        Route::Registry | Route::Repository(..) => None,
        // Read by other programs than those that read JSON.
        Route::Badge(..) | Route::FailureFeed(_) | Route::CdashSubmit(_) | Route::CdashSummary(_) => None,
        Route::Mirrors => Some("/api/v1/mirrors"),
        Route::Mirror(_) => Some("/api/v1/mirrors/{m}"),
        Route::Packages(_) => Some("/api/v1/mirrors/{m}/packages"),
        Route::Package(..) => Some("/api/v1/mirrors/{m}/packages/{name}"),
        Route::Specs(_) => Some("/api/v1/mirrors/{m}/specs"),
        Route::Spec(..) => Some("/api/v1/mirrors/{m}/specs/{hash}"),
        Route::Catalogue(_) => Some("/api/v1/mirrors/{m}/catalogue"),
        Route::Keys(_) => Some("/api/v1/mirrors/{m}/keys"),
        Route::Usage(_) => Some("/api/v1/mirrors/{m}/usage"),
        Route::Suggest(_) => Some("/api/v1/mirrors/{m}/suggest"),
        Route::Refresh(_) => Some("/api/v1/mirrors/{m}/refresh"),
        Route::Reindex(_) => Some("/api/v1/mirrors/{m}/reindex"),
        Route::Builds(_) => Some("/api/v1/mirrors/{m}/builds"),
        Route::Build(..) => Some("/api/v1/mirrors/{m}/builds/{id}"),
        Route::BuildLog(..) => Some("/api/v1/mirrors/{m}/builds/{id}/log"),
        Route::BuildFailure(..) => Some("/api/v1/mirrors/{m}/builds/{id}/failure"),
        Route::Runs(_) => Some("/api/v1/mirrors/{m}/runs"),
        Route::Run(..) => Some("/api/v1/mirrors/{m}/runs/{id}"),
        Route::Failures(_) => Some("/api/v1/mirrors/{m}/failures"),
        Route::Failure(..) => Some("/api/v1/mirrors/{m}/failures/{signature}"),
        Route::Tokens => Some("/api/v1/tokens"),
        Route::Token(_) => Some("/api/v1/tokens/{id}"),
    }
}

/// How many routes have a template.
const TEMPLATES: usize = 22;

/// Methods that an item of `paths` may have.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

fn object<'a>(value: &'a Value, place: &str) -> &'a Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("{place} is no object: {value}"))
}

fn text<'a>(value: &'a Value, place: &str) -> &'a str {
    value.as_str().unwrap_or_else(|| panic!("{place} is no text: {value}"))
}

/// Every `$ref` below a value.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// Expects an Operation Object (OpenAPI 3.1.0, section 4.8.10) whose path parameters are all said.
fn expect_operation(operation: &Value, path: &str, shared: &[Value], schemes: &Map<String, Value>, place: &str) {
    text(&operation["summary"], place);
    let own = operation["parameters"].as_array().cloned().unwrap_or_default();
    let mut in_path = BTreeSet::new();
    for parameter in shared.iter().chain(&own) {
        let name = text(&parameter["name"], place);
        assert!(parameter["schema"].is_object(), "{place}: the parameter `{name}` has no schema");
        match text(&parameter["in"], place) {
            "path" => {
                assert_eq!(parameter["required"], true, "{place}: the parameter `{name}` of the path is not required");
                in_path.insert(format!("{{{name}}}"));
            }
            place_of => assert_eq!(place_of, "query", "{place}: {name}"),
        }
    }
    let named: BTreeSet<_> = path.split('/').filter(|part| part.starts_with('{')).map(str::to_owned).collect();
    assert_eq!(in_path, named, "{place}: the parameters of the path");
    let responses = object(&operation["responses"], place);
    assert!(responses.contains_key("default"), "{place} does not say how errors look");
    for (status, response) in responses {
        assert!(status == "default" || status.parse::<u16>().is_ok(), "{place}: {status}");
        text(&response["description"], place);
        let is_described = object(&response["content"], place).values().all(|kind| kind["schema"].is_object());
        assert!(is_described, "{place}: {status} has no schema");
    }
    for requirement in operation["security"].as_array().into_iter().flatten() {
        assert!(object(requirement, place).keys().all(|scheme| schemes.contains_key(scheme)), "{place}: {requirement}");
    }
}

#[test]
fn the_openapi_document_is_valid_and_lists_every_route_with_its_methods() {
    let larder = Larder::start();
    let document: Value = larder.api("openapi.json");
    assert!(text(&document["openapi"], "openapi").starts_with("3.1."));
    text(&document["info"]["title"], "info.title");
    text(&document["info"]["version"], "info.version");
    let schemes = object(&document["components"]["securitySchemes"], "securitySchemes");
    let mut described = BTreeSet::new();
    for (path, item) in object(&document["paths"], "paths") {
        let shared = item["parameters"].as_array().cloned().unwrap_or_default();
        let mut methods = BTreeSet::new();
        for (method, operation) in object(item, path).iter().filter(|(key, _)| *key != "parameters") {
            let place = format!("{method} {path}");
            assert!(METHODS.contains(&method.as_str()), "{place}");
            expect_operation(operation, path, &shared, schemes, &place);
            methods.insert(method.to_uppercase());
        }
        // The path leads to the route of the same template, which does the same methods.
        let sample = path.replace("{m}", "m").replace("{name}", "zlib").replace("{hash}", "abc");
        let sample = sample.replace("{id}", "0").replace("{signature}", "0123456789abcdef");
        let route = Route::parse(&sample).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(template(&route), Some(path.as_str()));
        let answer = larder.ask("OPTIONS", &sample).send().expect(204);
        let allowed = answer.expect_header("allow").split(", ").filter(|method| *method != "HEAD");
        assert_eq!(methods, allowed.map(str::to_owned).collect(), "{path}");
        described.insert(path);
    }
    assert_eq!(described.len(), TEMPLATES, "{described:?}");
    let mut found = Vec::new();
    references(&document, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads elsewhere"));
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}
