//! The problems that every operation can answer with, and the other answers of those that send files, so that no handler
//! repeats them.

use serde_json::{Map, Value, json};

use crate::server::problem::MEDIA_TYPE;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Adds these answers to all operations of a description that do not describe them themselves.
pub(super) fn describe(description: &mut Value) {
    let Some(paths) = description["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        let for_openai = path.starts_with("/v1/");
        for method in METHODS {
            let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) else { continue };
            let problems = problems_of(path, operation);
            let responses = operation.entry("responses").or_insert_with(|| json!({}));
            let problems = problems.into_iter().map(|(status, meaning)| (status, problem(meaning, for_openai)));
            for (status, response) in beside_file(&responses["200"]).into_iter().chain(problems) {
                if responses[status].is_null() {
                    responses[status] = response;
                }
            }
        }
    }
}

/// What else an operation can answer whose usual answer is a file: only a file has the header `etag`.
fn beside_file(usual: &Value) -> Vec<(&'static str, Value)> {
    if usual["headers"]["etag"].is_null() {
        return Vec::new();
    }
    vec![
        ("206", json!({ "description": "A part of the file", "content": usual["content"] })),
        ("304", json!({ "description": "The file is the one that the header `If-None-Match` names" })),
        ("416", problem("The file has no such part", false)),
    ]
}

/// The statuses that an operation can answer with besides those that it describes, and their meaning.
fn problems_of(path: &str, operation: &Map<String, Value>) -> Vec<(&'static str, &'static str)> {
    let mut problems = vec![
        ("401", "This needs a login, or the login is not valid"),
        ("403", "The visitor or the page may not do this"),
        ("429", "Too many requests; try again after `Retry-After` seconds"),
        ("500", "The server failed"),
        ("503", "The server cannot reach its database or its store right now"),
    ];
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let has = |place: &str| parameters.is_some_and(|all| all.iter().any(|parameter| parameter["in"] == place));
    if path.contains('{') || path.ends_with("/events") {
        problems.push(("404", "There is no such thing, or it belongs to someone else"));
    }
    if has("query") || has("header") {
        problems.push(("400", "A parameter cannot be read"));
    }
    if operation.contains_key("requestBody") {
        problems.extend([
            ("400", "The body cannot be read"),
            ("408", "The body did not come in time"),
            ("413", "The body is too large"),
            ("415", "The body is of another type"),
            ("422", "A field is wrong, unknown or missing; `field` names it"),
        ]);
    }
    problems
}

fn problem(meaning: &str, for_openai: bool) -> Value {
    let (media_type, schema) = if for_openai { ("application/json", "OpenAiError") } else { (MEDIA_TYPE, "Problem") };
    json!({
        "description": meaning,
        "content": { media_type: { "schema": { "$ref": format!("#/components/schemas/{schema}") } } },
    })
}
