"""Says which examples of a document do not fit their schema: examples.py <document>. Ends with 1 if there is one."""

import json
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
registry = Registry().with_resource("urn:document", Resource(contents=document, specification=DRAFT202012))
checked = 0
wrong = 0


def walk(node, pointer):
    """Checks what stands beside a schema, here and below."""
    global checked, wrong
    if isinstance(node, list):
        for n, one in enumerate(node):
            walk(one, f"{pointer}/{n}")
    if not isinstance(node, dict):
        return
    examples = [("example", node["example"])] if "example" in node else []
    examples += [(name, one["value"]) for name, one in node.get("examples", {}).items()]
    if "schema" in node:
        schema = {"$ref": f"urn:document#{pointer}/schema"}
        validator = Draft202012Validator(schema, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)
        for name, example in examples:
            checked += 1
            for error in validator.iter_errors(example):
                wrong += 1
                print(f"{pointer} {name}: {error.message}")
    for name, one in node.items():
        walk(one, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")


walk(document, "")
print(f"{checked} examples")
sys.exit(1 if wrong or not checked else 0)
