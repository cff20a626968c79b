//! The document as a page for people: one file without scripts, pictures or fonts, which needs no network.

mod operation;
mod schema;
mod text;

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::header::HeaderValue;
use sha2::{Digest, Sha256};

use self::text::{escaped, prose};
use super::node::Node;

const STYLE: &str = include_str!("style.css");
/// Methods that have an article: HEAD stands with its GET.
const METHODS: [(&str, &str); 2] = [("GET", "get"), ("POST", "post")];

/// Whatever the page might hold, nothing of it runs, is sent, or is loaded: only this very style sheet is used.
pub fn policy() -> Option<HeaderValue> {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    let rest = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    HeaderValue::try_from(format!("default-src 'none'; style-src 'sha256-{digest}'; {rest}")).ok()
}

/// The page of one listener's document.
pub fn page(document: &Node) -> String {
    let info = |name| document.at(&["info", name]).and_then(Node::text).unwrap_or_default();
    let title = escaped(info("title"));
    let mut out = String::with_capacity(256 * 1024);
    out.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    out.push_str(&format!("<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"));
    out.push_str(&format!("<header>\n<h1>{title}</h1>\n<p><strong>{}.</strong></p>\n", prose(info("summary"))));
    for paragraph in info("description").split("\n\n") {
        out.push_str(&format!("<p>{}</p>\n", prose(paragraph)));
    }
    out.push_str("<p>The same for machines: <a href=\"openapi.json\">openapi.json</a>.</p>\n</header>\n");
    contents(&mut out, document);
    out.push_str("<main>\n");
    keys(&mut out, document);
    for tag in document.get("tags").map(Node::items).unwrap_or_default() {
        let text = |name| tag.text_of(name).unwrap_or_default();
        out.push_str(&format!("<h2>{}</h2>\n<p>{}.</p>\n", escaped(text("name")), prose(text("description"))));
        for (path, method, one) in operations(document).filter(|(_, _, one)| is_of(one, text("name"))) {
            operation::write(&mut out, document, (path, method), one);
        }
    }
    answers(&mut out, document);
    schemas(&mut out, document);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Path, method and operation, in the document's order.
fn operations(document: &Node) -> impl Iterator<Item = (&str, &'static str, &Node)> {
    let paths = document.get("paths").map(Node::members).unwrap_or_default();
    paths.iter().flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |(shown, name)| Some((path.as_str(), *shown, item.get(name)?)))
    })
}

fn is_of(operation: &Node, tag: &str) -> bool {
    operation.get("tags").map(Node::items).unwrap_or_default().iter().any(|one| one.text() == Some(tag))
}

fn contents(out: &mut String, document: &Node) {
    out.push_str("<nav>\n<ul>\n");
    for (path, method, one) in operations(document) {
        let (id, path) = (escaped(one.text_of("operationId").unwrap_or_default()), escaped(path));
        out.push_str(&format!("<li><b>{method}</b> <a href=\"#{id}\"><code>{path}</code></a></li>\n"));
    }
    out.push_str("</ul>\n</nav>\n");
}

fn keys(out: &mut String, document: &Node) {
    out.push_str("<h2>Keys</h2>\n<p>Sent as <code>Authorization: Bearer &lt;key&gt;</code>.</p>\n<dl>\n");
    let schemes = document.at(&["components", "securitySchemes"]).map(Node::members).unwrap_or_default();
    for (name, scheme) in schemes {
        let (name, about) = (escaped(name), prose(scheme.text_of("description").unwrap_or_default()));
        out.push_str(&format!("<dt id=\"key-{name}\"><code>{name}</code></dt><dd>{about}</dd>\n"));
    }
    out.push_str("</dl>\n");
}

fn answers(out: &mut String, document: &Node) {
    out.push_str("<h2>Answers</h2>\n<p>That several calls give.</p>\n");
    for (name, response) in document.at(&["components", "responses"]).map(Node::members).unwrap_or_default() {
        let (name, about) = (escaped(name), prose(response.text_of("description").unwrap_or_default()));
        out.push_str(&format!("<article id=\"answer-{name}\">\n<h3>{name}</h3>\n<p>{about}</p>\n"));
        operation::told(out, document, response);
        out.push_str("</article>\n");
    }
}

fn schemas(out: &mut String, document: &Node) {
    out.push_str("<h2>Values</h2>\n");
    for (name, schema) in document.at(&["components", "schemas"]).map(Node::members).unwrap_or_default() {
        let (name, about) = (escaped(name), prose(schema.text_of("description").unwrap_or_default()));
        out.push_str(&format!("<article id=\"schema-{name}\">\n<h3><code>{name}</code></h3>\n"));
        out.push_str(&format!("<p>{}. {about}</p>\n{}</article>\n", schema::kind(schema), schema::fields(schema)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::openapi::Reference;

    fn pages() -> [String; 2] {
        [Reference::app(), Reference::admin()].map(|one| String::from_utf8(one.unwrap().page.body.to_vec()).unwrap())
    }

    #[test]
    fn nothing_on_a_page_is_loaded_or_run() {
        for page in pages() {
            for sign in ["<script", "<link", "<img", "<iframe", "<form", "src=", "url(", "@import", " style=", " on"] {
                let in_tags = page.split('<').filter_map(|piece| piece.split('>').next());
                assert!(!in_tags.map(|tag| format!("<{tag}")).any(|tag| tag.contains(sign)), "{sign}");
            }
            assert!(!page.contains("http://") && !page.contains("https://"));
        }
        assert!(policy().unwrap().to_str().unwrap().starts_with("default-src 'none'; style-src 'sha256-"));
    }

    #[test]
    fn every_link_leads_somewhere_and_every_tag_is_closed() {
        for page in pages() {
            for target in page.split("href=\"#").skip(1).filter_map(|piece| piece.split('"').next()) {
                assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
            }
            for tag in ["article", "details", "table", "tbody", "tr", "td", "p", "figure", "code", "a", "ul", "dl"] {
                let open = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
                assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
            }
        }
    }
}
