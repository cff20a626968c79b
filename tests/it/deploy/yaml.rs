//! YAML as JSON.

use serde::Deserialize;
use serde_json::Value;

/// The documents of `text`.
#[track_caller]
pub fn documents(text: &str) -> Vec<Value> {
    let read = |document| Value::deserialize(document).unwrap_or_else(|error| panic!("{error} in:\n{text}"));
    serde_yaml_ng::Deserializer::from_str(text).map(read).collect()
}

/// The only document of `text`.
#[track_caller]
pub fn document(text: &str) -> Value {
    let [document] = &documents(text)[..] else { panic!("not one document:\n{text}") };
    document.clone()
}

/// A list's texts.
#[track_caller]
pub fn texts(list: &Value) -> Vec<String> {
    let text = |item: &Value| item.as_str().unwrap_or_else(|| panic!("no text: {item}")).to_owned();
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(text).collect()
}

#[test]
fn documents_are_told_apart_and_numbers_stay_numbers() {
    let read = documents("a: 1\n---\nb: [\"1\", x]\n");
    assert_eq!(read, [serde_json::json!({"a": 1}), serde_json::json!({"b": ["1", "x"]})]);
    assert_eq!(texts(&read[1]["b"]), ["1", "x"]);
}
