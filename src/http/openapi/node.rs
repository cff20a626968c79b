//! JSON whose members stay in the order in which they were written: people read the document, too.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};

/// The members of an object.
pub type Members = Vec<(String, Node)>;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number(serde_json::Number),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object.
    Object(Members),
}

impl Node {
    /// The member of that name; of whatever has none, nothing.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// What a path of names leads to.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The members of an object, none of anything else.
    pub fn members(&self) -> &[(String, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// The items of an array, none of anything else.
    pub fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// A string's text.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The text of a member.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// What a `$ref` within `self` points to, if `node` is one, else `node`.
    pub fn resolve<'a>(&'a self, node: &'a Self) -> &'a Self {
        let target = || {
            let path = node.text_of("$ref")?.strip_prefix("#/")?;
            self.at(&path.split('/').collect::<Vec<_>>())
        };
        target().unwrap_or(node)
    }

    /// Puts a member behind the others, or what is new of it into the one that has its name.
    pub fn add(&mut self, name: &str, value: Self) {
        let Self::Object(members) = self else { return };
        match (members.iter_mut().find(|(other, _)| other == name), value) {
            (Some((_, there)), Self::Object(new)) => new.into_iter().for_each(|(name, value)| there.add(&name, value)),
            (Some(_), _) => {}
            (None, value) => members.push((name.to_owned(), value)),
        }
    }

    /// The members of an object, to be changed.
    pub fn members_mut(&mut self) -> impl Iterator<Item = &mut (String, Self)> {
        let members = if let Self::Object(members) = self { Some(members) } else { None };
        members.into_iter().flatten()
    }

    /// The member of that name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.members_mut().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// `{"$ref": target}`
    pub fn reference(target: &str) -> Self {
        Self::Object(vec![("$ref".to_owned(), Self::Text(target.to_owned()))])
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => json.serialize_unit(),
            Self::Bool(value) => json.serialize_bool(*value),
            Self::Number(value) => value.serialize(json),
            Self::Text(text) => json.serialize_str(text),
            Self::List(items) => json.collect_seq(items),
            Self::Object(members) => {
                let mut object = json.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(name, value)| object.serialize_entry(name, value))?;
                object.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Node::Null, Node::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = json.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Node, A::Error> {
        let mut members = Members::new();
        while let Some(member) = json.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_back_as_it_was_written() {
        let text = r##"{"z":[1,-2,0.5,true,null,"ä\n"],"a":{"$ref":"#/z"},"m":{}}"##;
        let node: Node = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&node).unwrap(), text);
        assert_eq!(node.resolve(node.get("a").unwrap()).items().len(), 6);
    }

    #[test]
    fn what_is_added_goes_into_what_is_there_and_changes_none_of_it() {
        let mut node: Node = serde_json::from_str(r#"{"paths":{"/a":1}}"#).unwrap();
        node.add("paths", serde_json::from_str(r#"{"/b":2,"/a":3}"#).unwrap());
        node.add("tags", Node::List(Vec::new()));
        assert_eq!(serde_json::to_string(&node).unwrap(), r#"{"paths":{"/a":1,"/b":2},"tags":[]}"#);
    }
}
