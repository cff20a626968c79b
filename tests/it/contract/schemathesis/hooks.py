"""What schemathesis cannot know of the sidecar that it asks, and what the documents leave to words.

Generators of clients stumble over whatever narrows a schema down: here it is put back, so that the sidecar is tried with all
that it takes, and held to all that it answers."""

import itertools
import unicodedata

import schemathesis

TENANT = "shop"
NOBODY = {"type": "null"}


def category(*names):
    """All characters of these general categories, as members of a class of a regular expression."""
    return "".join(f"\\U{c:08x}" for c in range(0x110000) if unicodedata.category(chr(c)) in names)


# Of what falls away and of digits, as many as this Python knows.
MARK = f"[\\s{category('Pd', 'Cf')}]"
DIGIT = f"[{category('Nd')}]"
numbers = itertools.count()

SPACE = r"[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*"
LINE = r"[^\t-\r\u0085\u2028\u2029]*"
VISIBLE = (
    r"[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]"
)
SUBJECT = f"^{SPACE}{LINE}{VISIBLE}{LINE}{SPACE}$"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
# A random instant is not of the last 31 days: minutes, hours and days alone.
SINCE = (
    "^((0*(6[0-9]|[7-9][0-9]|[1-9][0-9]{2,3}|[1-3][0-9]{4}|4[0-3][0-9]{3}|44[0-5][0-9]{2}|446[0-3][0-9]|44640)m)"
    "|(0*([1-9]|[1-9][0-9]|[1-6][0-9]{2}|7[0-3][0-9]|74[0-4])h)|(0*([1-9]|[12][0-9]|3[01])d))?$"
)


def way(name, without, **more):
    """Names one thing, and none of the others."""
    told = {"type": "string"} if name != "all" else {"const": True}
    absent = {other: {"enum": [False, None]} if other == "all" else NOBODY for other in without}
    return {"required": [name], "properties": {name: told, **absent, **more}}


ONE_USER = [way("subject", ["subject_ref"]), way("subject_ref", ["subject"], tenant=False)]
WAYS = {
    "Check": [way("id", []), way("subject", [])],
    "Lock": [
        way("subject", ["subject_ref"]),
        way("subject_ref", ["subject"], tenant=False, subject_ref={"type": "string", "not": {"const": "0" * 32}}),
    ],
    "Inspect": ONE_USER,
    "DataSubject": ONE_USER,
    "Erase": ONE_USER,
    "Unlock": [
        way("subject", ["subject_ref", "ip", "all"]),
        way("subject_ref", ["subject", "ip", "all"], tenant=False),
        way("ip", ["subject", "subject_ref", "all"]),
        way("all", ["subject", "subject_ref", "ip"], tenant=False),
    ],
}
CONFIG = {
    "propertyNames": {"pattern": "^[A-Z0-9_]+$"},
    "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
}
# A verdict has the members of its kind.
VERDICT = {
    "if": {"properties": {"valid": {"const": True}}},
    "then": {"required": ["id"], "properties": {"status": {"const": "approved"}, "reason": False}},
    "else": {"required": ["reason"], "properties": {"status": {"not": {"const": "approved"}}}},
}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The document as it is for this one sidecar, and with nothing in an answer that it does not name."""
    schemas = raw_schema["components"]["schemas"]
    for name in requests(raw_schema):
        take_null(schemas[name])
    for name, ways in WAYS.items():
        if name in schemas:
            schemas[name]["anyOf"] = ways
    schemas["Subject"]["pattern"] = SUBJECT
    schemas["Ip"] = {"anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]}
    schemas["Time"]["pattern"] = schemas["TimeOrNever"]["pattern"] = TIME
    if "Check" in schemas:
        # Codes are of six digits here, with whatever falls away around each of them.
        schemas["Check"]["properties"]["code"]["pattern"] = f"^{MARK}*(?:{DIGIT}{MARK}*){{6}}$"
        schemas["Verdict"] |= VERDICT
        schemas["Allowed"]["properties"]["allowed"]["const"] = True
        check_what_was_issued(raw_schema)
    if "Nothing" in schemas:
        # What clients send for nothing is taken as well.
        schemas["Nothing"] |= {"type": ["object", "null", "array"], "maxItems": 0}
    if "Tenant" in schemas:
        # There is only one.
        schemas["Tenant"] = {"enum": [TENANT, None]}
    for name in ("Erase", "Lock", "Unlock"):
        if name in schemas:
            schemas[name]["properties"]["reason"]["pattern"] = r"\S"
    for operation in raw_schema["paths"].get("/admin/v1/report", {}).values():
        for parameter in operation["parameters"] if isinstance(operation, dict) else []:
            parameter["schema"]["pattern"] = SINCE
    for response in raw_schema["components"]["responses"].values():
        narrow(response)
    if "/admin/v1/config" in raw_schema["paths"]:
        answer = raw_schema["paths"]["/admin/v1/config"]["get"]["responses"]["200"]["content"]["application/json"]
        answer["schema"] |= CONFIG
    for schema in [*schemas.values(), *answers(raw_schema)]:
        close(schema)


def requests(document):
    """Names of the schemas of bodies."""
    operations = [one for path in document["paths"].values() for one in path.values() if isinstance(one, dict)]
    bodies = [one["requestBody"]["content"]["application/json"]["schema"] for one in operations if "requestBody" in one]
    return {body["$ref"].rsplit("/", 1)[1] for body in bodies} - {"Nothing"}


def take_null(schema):
    """What may be left out may be null as well."""
    for name in set(schema["properties"]) - set(schema.get("required", [])):
        field = schema["properties"][name]
        if "enum" in field:
            field["enum"].append(None)
        if "type" in field:
            field["type"] = [field["type"], "null"]
        else:
            schema["properties"][name] = {"anyOf": [field, NOBODY]}


def narrow(response):
    """A refusal is one of those that it has an example of, and has what all of these have."""
    content = response["content"]["application/problem+json"]
    told = [example["value"] for example in content["examples"].values()]
    content["schema"] = {
        "allOf": [content["schema"]],
        "required": [name for name in told[0] if all(name in one for one in told)],
        "properties": {name: {"enum": sorted({one[name] for one in told})} for name in ("status", "code")},
    }


def check_what_was_issued(document):
    """Codes that were issued are checked: a link whose body is more than one value is not for generators."""
    links = document["paths"]["/v1/verifications"]["post"]["responses"]["201"]["links"]
    body = {"id": "$response.body#/id", "code": "$response.body#/code"}
    links["check"] = {"operationId": "check", "requestBody": body}


def answers(document):
    """The schemas of all answers that stand in the document."""
    operations = [one for path in document["paths"].values() for one in path.values() if isinstance(one, dict)]
    responses = [*document["components"]["responses"].values()]
    responses += [response for one in operations for response in one["responses"].values()]
    return [content["schema"] for one in responses for content in one.get("content", {}).values()]


def close(schema):
    """Forbids members that a schema of an object does not name; where it refers to another, that one does."""
    if isinstance(schema, list):
        for one in schema:
            close(one)
    if not isinstance(schema, dict):
        return
    if "properties" in schema and schema.get("type") == "object" and "$ref" not in schema:
        schema.setdefault("additionalProperties", False)
    for one in schema.values():
        close(one)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Another key for each call that is to be accepted: with one that came before, and another body, it is refused rightly."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}"
