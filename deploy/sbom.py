#!/usr/bin/env python3
"""Prints the bill of materials of the program, CycloneDX 1.5 as JSON: every crate that is linked into it, as Cargo.lock has it.

    deploy/sbom.py x86_64-unknown-linux-gnu
"""
import json
import subprocess
import sys
import tomllib


def cargo(*words):
    return subprocess.run(["cargo", *words, "--locked"], check=True, capture_output=True, text=True).stdout


TARGET = sys.argv[1]
METADATA = json.loads(cargo("metadata", "--format-version", "1", "--filter-platform", TARGET))
# Only this knows which features are on when no test is built: `name vVERSION`, and where it is if it is ours.
LINKED = {tuple(line.split()[:2]) for line in
          cargo("tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--target", TARGET).splitlines()}
PACKAGES = {package["id"]: package for package in METADATA["packages"]
            if (package["name"], "v" + package["version"]) in LINKED}
ROOT = METADATA["resolve"]["root"]

with open(METADATA["workspace_root"] + "/Cargo.lock", "rb") as lock:
    CHECKSUMS = {(p["name"], p["version"]): p.get("checksum") for p in tomllib.load(lock)["package"]}


def purl(identity):
    return "pkg:cargo/{name}@{version}".format(**PACKAGES[identity])


def component(identity, kind):
    package = PACKAGES[identity]
    name, version = package["name"], package["version"]
    part = {"type": kind, "bom-ref": purl(identity), "name": name, "version": version, "purl": purl(identity)}
    if package["license"]:
        # Some crates still write a slash where the form has OR.
        part["licenses"] = [{"expression": package["license"].replace(" / ", " OR ").replace("/", " OR ")}]
    if CHECKSUMS[name, version]:
        part["hashes"] = [{"alg": "SHA-256", "content": CHECKSUMS[name, version]}]
    return part


def needs(node):
    """What a crate links, not what its build or its tests need."""
    found = {dep["pkg"] for dep in node["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])}
    return sorted(purl(identity) for identity in found & PACKAGES.keys())


json.dump({
    "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
    "metadata": {"component": component(ROOT, "application")},
    "components": [component(identity, "library") for identity in sorted(PACKAGES.keys() - {ROOT}, key=purl)],
    "dependencies": [{"ref": purl(node["id"]), "dependsOn": needs(node)}
                     for node in METADATA["resolve"]["nodes"] if node["id"] in PACKAGES],
}, sys.stdout, indent=1, sort_keys=True)
print()
