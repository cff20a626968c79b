//! A schema in words: what kind of value it is, and a table of an object's fields.

use super::{
    Node,
    text::{escaped, prose},
};

/// Where the component that a schema refers to stands on the page: its name.
fn name_of(schema: &Node) -> Option<&str> {
    schema.text_of("$ref")?.strip_prefix("#/components/schemas/")
}

/// What values it takes, as HTML.
pub(super) fn kind(schema: &Node) -> String {
    if let Some(name) = name_of(schema) {
        let name = escaped(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(value) = schema.get("const") {
        return code(value);
    }
    let any: Vec<String> = schema.get("enum").map(Node::items).unwrap_or_default().iter().map(code).collect();
    if !any.is_empty() {
        return any.join(", ");
    }
    let ways: Vec<String> = schema.get("anyOf").map(Node::items).unwrap_or_default().iter().map(kind).collect();
    let types = match schema.get("type") {
        Some(Node::Text(one)) => escaped(one),
        Some(Node::List(all)) => all.iter().filter_map(Node::text).collect::<Vec<_>>().join(" or "),
        _ if !ways.is_empty() => ways.join(" or "),
        _ => "anything".to_owned(),
    };
    match (schema.get("items"), schema.get("additionalProperties")) {
        (Some(items), _) => format!("{types} of {}", kind(items)),
        (_, Some(of @ Node::Object(_))) => format!("{types} of {}", kind(of)),
        _ => types + &bounds(schema),
    }
}

/// The limits of a value, each only if there is one.
fn bounds(schema: &Node) -> String {
    let number = |name: &str| schema.get(name).map(plain);
    let mut all = Vec::new();
    all.extend(schema.text_of("format").map(escaped));
    all.extend(range(number("minimum"), number("maximum"), ""));
    all.extend(range(number("minLength"), number("maxLength"), " characters"));
    all.extend(schema.text_of("pattern").map(|pattern| format!("<code class=\"pattern\">{}</code>", escaped(pattern))));
    if all.is_empty() { String::new() } else { format!(", {}", all.join(", ")) }
}

fn range(least: Option<String>, most: Option<String>, unit: &str) -> Option<String> {
    match (least, most) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
        (Some(least), None) => Some(format!("at least {least}{unit}")),
        (None, Some(most)) => Some(format!("at most {most}{unit}")),
        (None, None) => None,
    }
}

fn plain(value: &Node) -> String {
    escaped(&serde_json::to_string(value).unwrap_or_default())
}

fn code(value: &Node) -> String {
    format!("<code>{}</code>", value.text().map_or_else(|| plain(value), escaped))
}

/// A table of the fields of an object; nothing where it has none. Inner objects without a name have their own rows, with
/// their path for a name.
pub(super) fn fields(schema: &Node) -> String {
    let mut rows = String::new();
    add(&mut rows, schema, "");
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<table>\n<thead><tr><th>Field</th><th>Value</th><th></th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
    )
}

fn add(rows: &mut String, schema: &Node, within: &str) {
    let required = schema.get("required").map(Node::items).unwrap_or_default();
    for (name, field) in schema.get("properties").map(Node::members).unwrap_or_default() {
        let needed = required.iter().any(|one| one.text() == Some(name));
        let path = format!("{within}{name}");
        rows.push_str(&row(&path, needed, field));
        let (inner, path) = match field.get("items") {
            Some(items) => (items, format!("{path}[].")),
            None => (field, format!("{path}.")),
        };
        add(rows, inner, &path);
    }
}

/// One row: a name, whether it must be there, what it takes, and what it means.
fn row(name: &str, required: bool, schema: &Node) -> String {
    let needed = if required { " <small>required</small>" } else { "" };
    let default = schema.get("default").map(|value| format!(" Default {}.", code(value))).unwrap_or_default();
    let about = schema.text_of("description").map(prose).unwrap_or_default();
    let name = escaped(name);
    format!("<tr><td><code>{name}</code>{needed}</td><td>{}</td><td>{about}{default}</td></tr>\n", kind(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(json: &str) -> Node {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_schema_is_told_in_words() {
        for (schema, told) in [
            (r##"{"$ref":"#/components/schemas/Ip"}"##, "<a href=\"#schema-Ip\">Ip</a>"),
            (r#"{"enum":["a",null]}"#, "<code>a</code>, <code>null</code>"),
            (r#"{"type":["integer","null"],"minimum":1}"#, "integer or null, at least 1"),
            (r#"{"type":"array","items":{"type":"string","maxLength":3}}"#, "array of string, at most 3 characters"),
            (r#"{"anyOf":[{"type":"string","format":"ipv4"},{"type":"null"}]}"#, "string, ipv4 or null"),
        ] {
            assert_eq!(kind(&node(schema)), told);
        }
    }

    #[test]
    fn fields_of_fields_have_rows() {
        let schema =
            r#"{"required":["a"],"properties":{"a":{"type":"array","items":{"properties":{"b":{"const":1}}}}}}"#;
        let table = fields(&node(schema));
        assert!(
            table.contains("<code>a</code> <small>required</small>") && table.contains("<code>a[].b</code>"),
            "{table}"
        );
        assert_eq!(fields(&node("{}")), "");
    }
}
