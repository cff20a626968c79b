//! One operation on the page: what it takes and what it answers.

use super::{
    Node,
    schema::{fields, kind},
    text::{escaped, prose},
};

/// Writes an operation's article.
pub(super) fn write(out: &mut String, document: &Node, (path, method): (&str, &str), operation: &Node) {
    let text = |name| operation.text_of(name).unwrap_or_default();
    let head = if method == "GET" { ", HEAD" } else { "" };
    let (id, path) = (escaped(text("operationId")), escaped(path));
    out.push_str(&format!("<article id=\"{id}\">\n<h3><b>{method}{head}</b> <code>{path}</code></h3>\n"));
    out.push_str(&format!("<p><strong>{}.</strong> {}</p>\n", trimmed(text("summary")), prose(text("description"))));
    out.push_str(&format!("<p>{}</p>\n", key(document, operation)));
    parameters(out, document, operation);
    if let Some(body) = operation.get("requestBody") {
        let needed = if body.get("required") == Some(&Node::Bool(true)) { "" } else { ", which may be left out" };
        out.push_str(&format!("<h4>Body{needed}</h4>\n"));
        content(out, document, body);
    }
    out.push_str("<h4>Answers</h4>\n");
    for (status, response) in operation.get("responses").map(Node::members).unwrap_or_default() {
        answer(out, document, status, response);
    }
    out.push_str("</article>\n");
}

/// A summary may end as a question does.
fn trimmed(summary: &str) -> String {
    prose(summary.trim_end_matches('?'))
}

fn key(document: &Node, operation: &Node) -> String {
    let security = operation.get("security").or_else(|| document.get("security")).map(Node::items).unwrap_or_default();
    let names = security.iter().flat_map(Node::members).map(|(name, _)| name.as_str());
    let linked: Vec<String> = names.map(|name| format!("<a href=\"#key-{0}\">{0}</a>", escaped(name))).collect();
    if linked.is_empty() { "Needs no key.".to_owned() } else { format!("Needs a key: {}.", linked.join(" or ")) }
}

fn parameters(out: &mut String, document: &Node, operation: &Node) {
    let all = operation.get("parameters").map(Node::items).unwrap_or_default();
    if all.is_empty() {
        return;
    }
    out.push_str("<h4>Parameters</h4>\n<table>\n<tbody>\n");
    for parameter in all.iter().map(|one| document.resolve(one)) {
        let text = |name| parameter.text_of(name).unwrap_or_default();
        let required = parameter.get("required") == Some(&Node::Bool(true));
        out.push_str(&value(document, (text("name"), text("in")), required, parameter));
    }
    out.push_str("</tbody>\n</table>\n");
}

/// The row of a parameter or a header: its description is its own, its kind its schema's.
fn value(document: &Node, (name, place): (&str, &str), required: bool, of: &Node) -> String {
    let place = if place.is_empty() { String::new() } else { format!(" <small>{}</small>", escaped(place)) };
    let needed = if required { " <small>required</small>" } else { "" };
    let schema = of.get("schema").unwrap_or(&Node::Null);
    let default = document.resolve(schema).get("default").and_then(|value| serde_json::to_string(value).ok());
    let default = default.map(|value| format!(" Default <code>{}</code>.", escaped(&value))).unwrap_or_default();
    let about = prose(of.text_of("description").unwrap_or_default());
    let name = escaped(name);
    format!("<tr><td><code>{name}</code>{place}{needed}</td><td>{}</td><td>{about}{default}</td></tr>\n", kind(schema))
}

/// An answer that many calls give stands once at the end of the page.
fn answer(out: &mut String, document: &Node, status: &str, response: &Node) {
    let about = prose(document.resolve(response).text_of("description").unwrap_or_default());
    if let Some(name) = response.text_of("$ref").and_then(|target| target.rsplit('/').next()) {
        let name = escaped(name);
        out.push_str(&format!("<p><b>{}</b> <a href=\"#answer-{name}\">{name}</a>: {about}</p>\n", escaped(status)));
        return;
    }
    out.push_str(&format!("<details>\n<summary><b>{}</b> {about}</summary>\n", escaped(status)));
    told(out, document, response);
    out.push_str("</details>\n");
}

/// Headers and body of an answer.
pub(super) fn told(out: &mut String, document: &Node, response: &Node) {
    let headers = response.get("headers").map(Node::members).unwrap_or_default();
    if !headers.is_empty() {
        out.push_str("<table>\n<thead><tr><th>Header</th><th>Value</th><th></th></tr></thead>\n<tbody>\n");
        for (name, header) in headers {
            let header = document.resolve(header);
            let required = header.get("required") == Some(&Node::Bool(true));
            out.push_str(&value(document, (name, ""), required, header));
        }
        out.push_str("</tbody>\n</table>\n");
    }
    content(out, document, response);
}

/// What a body holds: its type, its fields, examples.
fn content(out: &mut String, document: &Node, of: &Node) {
    for (media, content) in of.get("content").map(Node::members).unwrap_or_default() {
        let schema = content.get("schema").unwrap_or(&Node::Null);
        out.push_str(&format!("<p><code>{}</code>: {}</p>\n", escaped(media), kind(schema)));
        // Where it says more than the component that it refers to, that is what matters here.
        let own = fields(schema);
        let shown = if own.is_empty() { fields(document.resolve(schema)) } else { own };
        out.push_str(&shown);
        for (name, example) in content.get("examples").map(Node::members).unwrap_or_default() {
            let shown = escaped(example.text_of("summary").unwrap_or(name));
            let value = example.get("value").unwrap_or(&Node::Null);
            let text =
                value.text().map_or_else(|| serde_json::to_string_pretty(value).unwrap_or_default(), str::to_owned);
            out.push_str(&format!("<figure><figcaption>{shown}</figcaption><pre>{}</pre></figure>\n", escaped(&text)));
        }
    }
}
