"""What schemathesis cannot know of the sidecar that it asks, and what it is to be strict about."""

import itertools
import unicodedata

import schemathesis

TENANT = "shop"


def category(*names):
    """All characters of these general categories, as members of a class of a regular expression."""
    return "".join(f"\\U{c:08x}" for c in range(0x110000) if unicodedata.category(chr(c)) in names)


# Of what falls away and of digits, as many as this Python knows.
MARK = f"[\\s{category('Pd', 'Cf')}]"
DIGIT = f"[{category('Nd')}]"
numbers = itertools.count()


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The document as it is for this one sidecar, and with nothing in an answer that it does not name."""
    schemas = raw_schema["components"]["schemas"]
    if "Check" in schemas:
        # Codes are of six digits here, with whatever falls away around each of them.
        schemas["Check"]["properties"]["code"]["pattern"] = f"^{MARK}*(?:{DIGIT}{MARK}*){{6}}$"
    if "Nothing" in schemas:
        # What clients send for nothing is taken as well.
        schemas["Nothing"] |= {"type": ["object", "null", "array"], "maxItems": 0}
    if "Tenant" in schemas:
        # There is only one.
        schemas["Tenant"] = {"enum": [TENANT, None]}
    for operation in raw_schema["paths"].get("/admin/v1/report", {}).values():
        for parameter in operation["parameters"] if isinstance(operation, dict) else []:
            # A random instant is not of the last 31 days.
            lengths, _ = parameter["schema"].pop("anyOf")
            parameter["schema"].update(lengths)
    for schema in [*schemas.values(), *answers(raw_schema)]:
        close(schema)


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
