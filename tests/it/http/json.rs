//! Bodies read strictly.

use std::borrow::Cow;

use otp_sidecar::http::{
    Fields,
    json::{Field, Value, read},
};

/// Most values of a list, and fields of an object.
const MOST: usize = 64;

fn fields(text: &str) -> Vec<Field<'_>> {
    let Ok(Value::Object(fields)) = read(text.as_bytes()) else { panic!("not read: {text}") };
    fields
}

#[test]
fn values_are_read_and_text_is_borrowed() {
    let fields = fields(r#" {"a":"x","b":"\u0041","c":[1,{"d":null}],"e":true,"f":-7,"g":1.5,"\u0068":{}} "#);
    assert!(matches!(&fields[0].value, Value::Text(Cow::Borrowed("x"))));
    let values: Vec<_> = fields.iter().skip(1).map(|field| field.value.clone()).collect();
    use Value::{Bool, Integer, List, Null, Object, Other};
    let list = List(vec![Integer(1), Object(vec![Field { name: "d".into(), value: Null }])]);
    assert_eq!(values, [Value::Text("A".into()), list, Bool(true), Integer(-7), Other, Object(Vec::new())]);
    assert_eq!(fields[6].name, "h");
    let unfit = format!("{{\"a\":[{}0],\"b\":{{\"x\":1,\"\\u0078\":2}}}}", "0,".repeat(MOST));
    let unfit: Vec<_> = self::fields(&unfit).into_iter().map(|field| field.value).collect();
    assert_eq!(unfit, [Value::TooLong, Value::Twice]);
}

#[test]
fn a_whole_number_is_one_however_it_is_written() {
    for (text, value) in [("60.0", 60), ("6e1", 60), ("-0.0", 0), ("9007199254740992.0", 1 << 53)] {
        assert_eq!(fields(&format!("{{\"n\":{text}}}"))[0].value, Value::Integer(value), "{text}");
    }
    for text in ["60.5", "1e16", "1e300", "18446744073709551615"] {
        assert_eq!(fields(&format!("{{\"n\":{text}}}"))[0].value, Value::Other, "{text}");
    }
}

#[test]
fn what_two_parsers_might_read_differently_is_refused() {
    for body in [
        &b""[..],
        b" ",
        b"{",
        b"nul",
        b"{} {}",
        b"{}x",
        b"{}\0",
        b"{,}",
        b"{\"a\":1,}",
        b"{'a':1}",
        b"{a:1}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\xc0\xaf\"}",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":\"\\udc00x\"}",
        b"{\"\\ud800\":1}",
        b"{\"a\":\"\\x41\"}",
        b"{\"a\":\"\n\"}",
        b"{\"a\":01}",
        b"{\"a\":NaN}",
        b"{\"a\":1}//",
        b"{\"a\":[\"\\ud800\"]}",
        b"{\"a\":{\"b\":1e999}}",
    ] {
        assert!(read(body).is_err(), "{}", body.escape_ascii());
    }
}

#[test]
fn a_byte_order_mark_is_called_by_its_name() {
    for body in [&b"\xef\xbb\xbf{}"[..], b"\xef\xbb\xbf", b"\xff\xfe{\0}\0", b"\xfe\xff\0{\0}"] {
        assert!(read(body).unwrap_err().contains("byte order mark"), "{}", body.escape_ascii());
    }
    assert_eq!(read(b"\xef\xbb{}"), Err("The body is not UTF-8."));
}

#[test]
fn a_name_twice_is_refused() {
    for body in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#] {
        assert_eq!(read(body.as_bytes()), Err("The body has the same field twice."), "{body}");
    }
    let many = (0..=MOST).map(|n| format!("\"{n}\":0")).collect::<Vec<_>>().join(",");
    assert_eq!(read(format!("{{{many}}}").as_bytes()), Err("The body has too many fields."));
    assert!(read("[".repeat(100_000).as_bytes()).is_err());
    // As the documents say.
    let nested = |deep: usize| format!("{{\"a\":{}{}}}", "[".repeat(deep - 1), "]".repeat(deep - 1));
    assert!(read(nested(127).as_bytes()).is_ok() && read(nested(128).as_bytes()).is_err());
    assert!(read(format!("{{\"a\":{}", "[".repeat(100_000)).as_bytes()).is_err());
}

/// A call that needs no body takes what clients send for nothing, and no other value.
#[test]
fn nothing_is_nothing_and_any_other_value_is_no_body() {
    for nothing in ["", " \r\n", "null", "[]", " [ ] ", "{}"] {
        Fields::parse_optional(nothing.as_bytes(), &[]).and_then(Fields::finish).unwrap();
    }
    for other in ["[null]", "0", "-1", "1.5", "false", "\"\"", "\"\\u0041\"", "[[]]"] {
        assert!(Fields::parse_optional(other.as_bytes(), &[]).is_err(), "{other}");
    }
    for none in ["", "null", "[]", "[{}]", "0", "\"\""] {
        assert!(Fields::parse(none.as_bytes(), &[]).is_err(), "{none}");
    }
}
