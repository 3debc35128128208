"""What a site costs a client: kilometres, another carrier, a border, the
operator's thumb. A real registry and balancer; costs are read from explain."""
import json
import os
import shutil
import signal

import pytest

from harness import ROOT, http_call, until
from test_balancer import HOST, Asker, World

WUHAN, BEIJING, GUANGZHOU = (30.6, 114.3), (39.9, 116.4), (23.1, 113.3)
TELECOM, UNICOM, MOBILE, OTHER = (
    "198.51.100.7", "198.51.100.71", "198.51.100.135", "198.51.100.200")
# One city's clients, all in one network of the "database", by carrier.
PLACES = [
    {"prefix": "198.51.100.0/24", "lat": 30.6, "lon": 114.3, "country": "CN",
     "area": "Hubei"},
    {"prefix": "198.51.100.0/26", "carrier": "telecom"},
    {"prefix": "198.51.100.64/26", "carrier": "unicom"},
    {"prefix": "198.51.100.128/26", "carrier": "mobile"},
]


class Country(World):
    """Sites by region; one node each unless it is said otherwise."""

    def write(self, name, value):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(value, file)
        os.rename(path + ".new", path)
        return path

    def site(self, region, at, **more):
        body = {"service": HOST, "region": region, "lat": at[0],
                "lon": at[1], "addrs": [f"127.0.2.{len(region)}"],
                "ports": {"tcp": 3101}, "capacity": 100000000,
                "boot_epoch": 1, "ttl_ms": 3600000}
        body.update(more)
        node = body.pop("node", region)
        answer = http_call(self.registry.ports["nodes"], "PUT",
                           f"/v1/nodes/{node}", body)
        assert answer.status in (200, 201), answer.body

    def explain(self, ip):
        answer = http_call(self.admin, "GET", f"/explain?ip={ip}")
        assert answer.status == 200, answer.body
        return answer.json()

    def sites(self, ip):
        """Regions and costs in the order of the client's sites."""
        return [(s["region"], s["cost"]) for s in self.explain(ip)["sites"]]

    def first(self, ip):
        return self.resolve(f"&ip={ip}").json()["nodes"][0]["id"]

    def reload(self, **settings):
        self.write("balancer.jsonc", settings)
        self.balancer.signal(signal.SIGHUP)


@pytest.fixture
def country(fleet, tmp_path):
    world = Country(fleet, str(tmp_path))
    world.overrides = world.write("overrides.jsonc", PLACES)
    return world


def start(country, **settings):
    path = country.write("balancer.jsonc", settings)
    country.start_balancer(f"--config={path}")


def test_a_carriers_clients_get_its_site_unless_it_is_too_far(country):
    country.start_registry()
    country.site("wuhan-telecom", WUHAN, carrier="telecom")
    country.site("beijing-unicom", BEIJING, carrier="unicom")
    country.site("canton", GUANGZHOU)
    start(country)
    country.wait_nodes(3)
    far = dict(country.sites(UNICOM))
    # 1,050 km, the first 50 of them free, cost less than the next door with
    # another carrier's 1,500; the multi-line site pays for its way alone.
    assert 950 < far["beijing-unicom"] < 1050
    assert far["wuhan-telecom"] == 1500
    assert 750 < far["canton"] < 850
    assert country.sites(UNICOM)[0][0] == "canton"
    assert dict(country.sites(MOBILE))["canton"] == far["canton"]
    # Its own site costs a telecom client nothing, and so does any site one
    # whose carrier is unknown.
    assert country.sites(TELECOM)[0] == ("wuhan-telecom", 0)
    assert dict(country.sites(TELECOM))["beijing-unicom"] \
        == far["beijing-unicom"] + 1500
    assert dict(country.sites(OTHER)) == {**far, "wuhan-telecom": 0}
    # Without the multi-line site the two meet: the penalty decides alone.
    http_call(country.registry.ports["nodes"], "DELETE",
              "/v1/nodes/canton?boot_epoch=1")
    country.wait_nodes(2)
    assert country.first(UNICOM) == "beijing-unicom"
    assert country.first(OTHER) == "wuhan-telecom"
    country.reload(carrier_penalty_km=500)
    until(lambda: country.first(UNICOM) == "wuhan-telecom", 10)
    assert country.sites(UNICOM)[0] == ("wuhan-telecom", 500)
    client = country.explain(UNICOM)["client"]
    assert (client["carrier"], client["country"]) == ("unicom", "CN")
    assert country.explain(OTHER)["client"]["carrier"] == ""
    assert country.explain(UNICOM)["policy"]["carrier_penalty_km"] == 500
    geo = http_call(country.admin, "GET", f"/v1/geo?ip={UNICOM}").json()
    assert geo["carrier"] == "unicom"
    assert country.snapshot()["geo"]["carriers"] == 3


def test_a_site_of_several_carriers_is_never_penalised(country):
    country.start_registry()
    country.site("wuhan", WUHAN, carrier="telecom", node="w-1")
    start(country)
    country.wait_nodes(1)
    assert country.sites(UNICOM) == [("wuhan", 1500)]
    country.site("wuhan", WUHAN, carrier="unicom", node="w-2")
    country.wait_nodes(2)
    until(lambda: country.sites(UNICOM) == [("wuhan", 0)], 5)
    assert country.sites(MOBILE) == [("wuhan", 0)]


def test_carriers_change_on_sighup(country):
    country.start_registry()
    country.site("wuhan-telecom", WUHAN, carrier="telecom")
    country.site("beijing-unicom", BEIJING, carrier="unicom")
    start(country)
    country.wait_nodes(2)
    assert country.first(OTHER) == "wuhan-telecom"
    country.write("overrides.jsonc", PLACES + [
        {"prefix": "198.51.100.192/26", "carrier": "unicom"}])
    country.balancer.signal(signal.SIGHUP)
    until(lambda: country.first(OTHER) == "beijing-unicom", 10)
    # A carrier that nobody can have is refused; the map stays.
    country.write("overrides.jsonc", PLACES + [
        {"prefix": "198.51.100.192/26", "carrier": "China Unicom"}])
    country.balancer.signal(signal.SIGHUP)
    country.balancer.logged("override 5/carrier: must be 1-32 of")
    assert country.first(OTHER) == "beijing-unicom"


def test_carriers_of_as_numbers(country):
    """The database says whose 8.8.8.0/25 is, the table who that is."""
    data = os.path.join(ROOT, "tests", "data", "mmdb")
    country.start_registry()
    country.site("wuhan-telecom", WUHAN, carrier="telecom")
    country.write("overrides.jsonc", PLACES + [
        {"prefix": "8.8.8.0/24", "lat": 30.6, "lon": 114.3}])
    shutil.copy(os.path.join(data, "asn.mmdb"), country.folder)
    start(country,
          geo_asn_databases=[os.path.join(country.folder, "asn.mmdb")])
    country.wait_nodes(1)
    assert country.explain("8.8.8.1")["client"]["carrier"] == ""
    country.write("overrides.jsonc", PLACES + [
        {"prefix": "8.8.8.0/24", "lat": 30.6, "lon": 114.3},
        {"asn": 4134, "carrier": "telecom"},
        {"asn": 4837, "carrier": "unicom"}])
    country.balancer.signal(signal.SIGHUP)
    until(lambda: country.explain("8.8.8.1")["client"]["carrier"]
          == "telecom", 10)
    assert country.sites("8.8.8.1") == [("wuhan-telecom", 0)]
    assert country.sites("8.8.8.200") == [("wuhan-telecom", 1500)]
    assert country.sites("8.8.8.129") == [("wuhan-telecom", 0)]  # nobody's
    # A database of cities in its place is refused, and the map stays.
    shutil.copy(os.path.join(data, "flat4.mmdb"),
                os.path.join(country.folder, "new"))
    os.rename(os.path.join(country.folder, "new"),
              os.path.join(country.folder, "asn.mmdb"))
    country.balancer.signal(signal.SIGHUP)
    country.balancer.logged("holds no AS numbers")
    assert country.explain("8.8.8.1")["client"]["carrier"] == "telecom"


def test_borders_and_bias(country):
    """Seoul is nearer to Dalian's clients than Beijing; a border changes that,
    and so does a bias."""
    country.overrides = country.write("overrides.jsonc", [
        {"prefix": "198.51.100.0/24", "lat": 38.9, "lon": 121.6,
         "country": "CN"},
        {"prefix": "203.0.113.0/24", "lat": 37.6, "lon": 127.0,
         "country": "KR"},
        {"prefix": "192.0.2.0/24", "lat": 41.0, "lon": 110.0,
         "country": "CN"}])
    regions = [{"id": "seoul", "lat": 37.5, "lon": 127.0},
               {"id": "beijing", "lat": 39.5, "lon": 114.5}]
    path = country.write("regions.jsonc", regions)
    country.registry = country.fleet.start(
        "peri-registry", "--listen-nodes=127.0.0.1:0",
        "--listen-admin=127.0.0.1:0", f"--state-dir={country.folder}",
        "--allow-private-addresses=yes", f"--regions-file={path}",
        wait_for=("nodes", "admin"))
    country.site("seoul", (37.5, 127.0))
    country.site("beijing", (39.5, 114.5))
    start(country)
    country.wait_nodes(2)
    costs = dict(country.sites(TELECOM))
    assert country.sites(TELECOM)[0][0] == "seoul"
    country.reload(border_km=400)
    until(lambda: dict(country.sites(TELECOM))["seoul"]
          == costs["seoul"] + 400, 10)
    assert country.sites(TELECOM)[0] == ("beijing", costs["beijing"])
    assert country.first(TELECOM) == "beijing"
    assert country.explain(TELECOM)["policy"]["border_km"] == 400
    # At home no border is crossed.
    assert country.sites("203.0.113.7")[0] == ("seoul", 0)
    # 350 km in favour of Seoul make it first again; costs go below zero.
    regions[0]["bias_km"] = 350
    country.write("regions.jsonc", regions)
    country.registry.signal(signal.SIGHUP)
    until(lambda: country.first(TELECOM) == "seoul", 10)
    explained = country.explain(TELECOM)
    assert country.sites(TELECOM)[0] == ("seoul", costs["seoul"] + 400 - 350)
    assert {s["region"]: s["bias_km"] for s in explained["sites"]} == {
        "seoul": 350, "beijing": 0}
    assert country.sites("203.0.113.7")[0] == ("seoul", -350)


def test_shares_do_not_jump_when_the_map_changes(country):
    """The near site has room for a part of its demand only. A reload gives
    the clients' cell another number and their old one to others, who have
    a site of their own; nothing else has changed for them."""
    country.start_registry()
    country.site("wuhan", WUHAN, capacity=200)
    country.site("beijing", BEIJING)
    country.site("ocean", (-40, 10))
    start(country)
    country.wait_nodes(3)

    def share():
        country.renew("wuhan")  # nobody has come: the room stays what it is
        explained = country.explain(OTHER)
        return ({s["region"]: s["share"] for s in explained["sites"]}["wuhan"],
                explained["client"]["cell"])

    asker = Asker(country.public, f"/resolve?host={HOST}&ip={OTHER}")
    until(lambda: 0 < share()[0] < 0.5, 15, "demand above the room")
    before = share()[1]
    country.write("overrides.jsonc", [
        {"prefix": f"203.0.113.{i}", "lat": -40 + i, "lon": 10.0,
         "country": "ZZ"} for i in range(30)] + PLACES)
    country.balancer.signal(signal.SIGHUP)
    seen = []

    def moved():
        seen.append(share())
        return len({cell for _, cell in seen}) > 1 and len(seen) > 20

    until(moved, 15, "the cell's new number")
    assert seen[-1][1] == before + 30, seen
    assert max(s for s, _ in seen) < 0.5, seen
    assert not asker.end()
