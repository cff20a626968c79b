"""Writes the location files of these tests, some 1 or 2 KB each: pip install mmdb-writer==0.2.7 && python3 make.py

Addresses are those of documentation (RFC 5737, RFC 3849) and names are made up.
"""
import pathlib

from mmdb_writer import MMDBWriter
from netaddr import IPSet

HERE = pathlib.Path(__file__).parent
NO, DE, US = "192.0.2.0/25", "192.0.2.128/25", "198.51.100.0/24"
HOSTED, V6 = "203.0.113.0/24", "2001:db8::/32"


def write(name, kind, records):
    writer = MMDBWriter(6, kind, ipv4_compatible=True, languages=["en"], description=kind, int_type="u32")
    for network, record in records:
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(HERE / name))


def city(country, latitude, longitude, radius):
    return {"country": {"iso_code": country}, "location": {"latitude": latitude, "longitude": longitude, "accuracy_radius": radius}}


write("country.mmdb", "Test-Country", [
    (NO, {"country": {"iso_code": "NO"}}), (DE, {"registered_country": {"iso_code": "DE"}}), (US, {"country_code": "US"}),
    (HOSTED, {"country": {"iso_code": "NL"}}), (V6, {"country": {"iso_code": "SE"}})])
write("city.mmdb", "Test-City", [
    (NO, city("NO", 59.91, 10.75, 20)), (DE, city("DE", 52.52, 13.4, 20)), (US, city("US", 37.751, -97.822, 1000)),
    (HOSTED, city("NL", 52.37, 4.9, 20)), (V6, city("SE", 59.33, 18.07, 50))])
write("asn.mmdb", "Test-ASN", [
    (NO, {"autonomous_system_number": 64500}), (DE, {"autonomous_system_number": 64501}), (US, {"asn": "AS64502"}),
    (HOSTED, {"asn": 64503}), (V6, {"autonomous_system_number": 64504})])
write("anonymous.mmdb", "Test-Anonymous-IP", [(HOSTED, {"is_anonymous": True, "is_hosting_provider": True})])
