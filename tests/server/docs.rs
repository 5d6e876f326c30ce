//! The description of the API, and the pages to try it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::program::Workplace;
use crate::common::server::Server;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn description(server: &Server) -> Value {
    let answer = server.get("/api/v1/openapi.json");
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.json()
}

/// Every operation of a description: its path, its method and what is said about it.
fn operations(description: &Value) -> Vec<(String, &'static str, Value)> {
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        METHODS.iter().filter_map(|method| Some((path.clone(), *method, item.get(method)?.clone())))
    });
    operations.collect()
}

#[test]
fn the_description_is_whole() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let description = description(&server);
    assert_eq!(description["openapi"], "3.1.0");
    assert_eq!(description["info"]["title"], "text2art");
    let operations = operations(&description);
    let mut names = BTreeSet::new();
    for (path, method, operation) in &operations {
        let shown = format!("{method} {path}");
        assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{shown}: its id is not its own");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{shown}");
        let tags = operation["tags"].as_array().unwrap();
        let known = description["tags"].as_array().unwrap().iter().any(|tag| tag["name"] == tags[0]);
        assert!(tags.len() == 1 && known, "{shown}: {tags:?}");
        for status in ["401", "429", "500", "503"] {
            let problem = &operation["responses"][status];
            assert!(problem["content"].is_object(), "{shown} does not say what {status} looks like: {problem}");
        }
        for part in path.split('/').filter_map(|part| part.strip_prefix('{')) {
            let name = part.trim_end_matches('}');
            let parameters = operation["parameters"].as_array().unwrap();
            let found = parameters.iter().any(|parameter| parameter["name"] == name && parameter["in"] == "path");
            assert!(found && operation["responses"]["404"].is_object(), "{shown}: {name}");
        }
    }
    // Every reference leads somewhere.
    let text = description.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
    // The numbers have ends: `int32` and `int64` alone promise more than the server takes.
    let body = &description["components"]["schemas"]["NewJob"];
    assert_eq!(body["additionalProperties"], false);
    for (name, property) in body["properties"].as_object().unwrap() {
        let one = if property["type"] == "array" { &property["items"] } else { property };
        if one["type"] == "integer" || one["type"] == "number" {
            assert!(one["maximum"].is_number(), "{name}: {property}");
        }
        assert!(property["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        assert!(property["type"] != "array" || property["maxItems"].is_u64(), "{name}");
    }
}

#[test]
fn every_described_operation_is_there_and_no_other_method() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let description = description(&server);
    let operations = operations(&description);
    assert!(operations.len() > 20, "{operations:?}");
    for path in description["paths"].as_object().unwrap().keys() {
        let described: Vec<&str> =
            operations.iter().filter(|(of, _, _)| of == path).map(|(_, method, _)| *method).collect();
        let actual = path.replace("{id}", "0000000000000000000000000a").replace("{name}", "a").replace("{model}", "a");
        for method in METHODS {
            // The server ends a connection whose body it did not want to read.
            let answer = server.send(&method.to_uppercase(), &actual, &[("connection", "close")], b"");
            let is_there = answer.status != 405;
            assert_eq!(is_there, described.contains(&method), "{method} {path}: {}", answer.status);
        }
    }
    // What is not described: pages for people, and the counts.
    for path in ["/docs/", "/metrics", "/api/v1/openapi.json"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
}

#[test]
fn the_pages_need_no_other_server() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let redirect = server.send("GET", "/docs", &[], b"");
    assert_eq!((redirect.status, redirect.header("location")), (303, "/docs/"));
    let page = server.get("/docs/");
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("style-src 'self' 'unsafe-inline'") && policy.contains("default-src 'self'"), "{policy}");
    assert!(!policy.contains("http") && !policy.contains("script-src"), "{policy}");
    let html = page.text();
    let mut loaded = 0;
    for attribute in ["src=\"", "href=\""] {
        for part in html.split(attribute).skip(1) {
            let target = part.split('"').next().unwrap();
            assert!(!target.contains("//"), "{target}");
            assert_eq!(server.get(&format!("/docs/{}", target.trim_start_matches("./"))).status, 200, "{target}");
            loaded += 1;
        }
    }
    assert!(loaded >= 3, "{html}");
    let script = server.get("/docs/swagger-initializer.js").text();
    assert!(script.contains("/api/v1/openapi.json") && script.contains("\"validatorUrl\": \"none\""), "{script}");
    assert!(!script.contains("://"), "{script}");
    // Only these pages may style themselves.
    let other = server.get("/api/v1/queue");
    assert!(!other.header("content-security-policy").contains("unsafe-inline"));
    server.get("/docs/nothing.js").problem(404);
}
