"""The exports of Umami and Plausible, in the form in which those write them."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from zipfile import ZipFile

from tests.server.house import House
from tests.server.test_moving import call, counts

UMAMI_EVENTS = """\
website_id,session_id,visit_id,event_id,hostname,browser,os,device,screen,language,country,region,\
city,url_path,url_query,referrer_domain,page_title,event_type,event_name,tag,distinct_id,created_at,job_id
w,s-1,v-1,e-1,shop.example,chrome,Linux,desktop,1920x1080,de-DE,DE,DE-BE,Berlin,/pricing,plan=pro,\
search.example,"Pricing, today",1,,,,2026-01-01 10:00:00,\\N
w,s-1,v-1,e-2,shop.example,chrome,Linux,desktop,1920x1080,de-DE,DE,DE-BE,Berlin,/pricing,,,'=Pricing,\
2,signup,,ada,2026-01-01 10:00:05+00,
w,s-2,v-2,e-3,shop.example,safari,iOS,mobile,,fr,FR,,,/,,,,9,,,,2026-01-01 11:00:00,
w,s-2,v-2,e-4
"""
UMAMI_DATA = """\
website_id,session_id,event_id,url_path,event_name,data_key,string_value,number_value,date_value,\
data_type,created_at,job_id
w,s-1,e-2,/pricing,signup,plan,pro,,,1,2026-01-01 10:00:05,
w,s-1,e-2,/pricing,signup,seats,5.0000,5.0000,,2,2026-01-01 10:00:05,
w,s-1,e-2,/pricing,signup,price,9.9000,9.9000,,2,2026-01-01 10:00:05,
w,s-1,e-2,/pricing,signup,trial,true,,,3,2026-01-01 10:00:05,
w,s-1,e-2,/pricing,signup,until,2026-02-01T00:00:00Z,,2026-02-01 00:00:00,4,2026-01-01 10:00:05,
w,s-1,e-2,/pricing,signup,tags,"[""a"",""b""]",,,5,2026-01-01 10:00:05,
"""
PLAUSIBLE = {
    "imported_visitors_20260101_20260102.csv": "date,visitors,pageviews,bounces,visits,"
    "visit_duration\n"
    '"2026-01-01",120,300,40,130,5200\n"2026-01-02",80,150,30,90,3000\n',
    "imported_pages_20260101_20260102.csv": "date,hostname,page,visits,visitors,pageviews,"
    "total_scroll_depth,total_scroll_depth_visits,total_time_on_page,total_time_on_page_visits\n"
    "2026-01-01,shop.example,/,90,80,120,4000,80,900,75\n"
    "2026-01-01,shop.example,/pricing,20,20,x,0,0,0,0\n",
}


def archive(path: Path, members: dict[str, str]) -> str:
    with ZipFile(path, "w") as made:
        for name, text in members.items():
            made.writestr(f"export/{name}", text)
    return str(path)


def test_an_export_of_umami(house: House, tmp_path: Path) -> None:
    """Page views and events with their own data by type; a second run adds nothing."""
    members = {"event_data.csv": UMAMI_DATA, "website_event.csv": UMAMI_EVENTS}
    file = archive(tmp_path / "export.zip", members)
    result = call(house, "import", file, "--of", "umami")
    assert [2, 0, 2] == counts(result)
    assert (
        "line 4: not_an_object: This is no event of that export: its event_type is '9'."
        in result.stderr
    )
    signup, view = house.events()
    assert {"pageview", "s-1", "v-1", "e-1", "shop.example"} == {
        view[name] for name in ("event_name", "distinct_id", "session_id", "insert_id", "source")
    }
    assert "2026-01-01T10:00:00.000000Z" == view["timestamp"]
    assert {"url_path": "/pricing", "url_query": "plan=pro", "page_title": "Pricing, today"} == {
        name: view["properties"][name] for name in ("url_path", "url_query", "page_title")
    }
    assert not {"job_id", "website_id", "tag", "event_type"} & view["properties"].keys()
    assert ("signup", "ada") == (signup["event_name"], signup["distinct_id"])
    assert "2026-01-01T10:00:05.000000Z" == signup["timestamp"]
    assert "=Pricing" == signup["properties"]["page_title"]
    held = {"plan": "pro", "seats": 5, "price": 9.9, "trial": True, "tags": ["a", "b"]}
    held["until"] = "2026-02-01 00:00:00"
    assert held == {name: signup["properties"][name] for name in held}
    assert [0, 2, 2] == counts(call(house, "import", file, "--of", "umami"))


def test_the_events_of_umami_alone(house: House) -> None:
    """The table without the archive, from a pipe."""
    result = call(house, "import", "-", "--of", "umami", input=UMAMI_EVENTS)
    assert [2, 0, 2] == counts(result)
    assert "plan" not in house.events()[0]["properties"]


def test_an_export_of_plausible(house: House, tmp_path: Path) -> None:
    """Sums stay sums: an event for each row, named and marked, once for each day and page."""
    file = archive(tmp_path / "plausible.zip", PLAUSIBLE)
    result = call(house, "import", file, "--of", "plausible")
    assert [3, 0, 1] == counts(result)
    place = "imported_pages_20260101_20260102.csv, line 3: not_an_object: This is no event"
    assert f"{place} of that export: pageviews is no whole number." in result.stderr
    found = {event["event_name"]: event for event in reversed(house.events())}
    day = found["plausible_visitors"]
    assert ("2026-01-02T12:00:00.000000Z", None) == (day["timestamp"], day["distinct_id"])
    sums = {"visitors": 80, "pageviews": 150, "bounces": 30, "visits": 90, "visit_duration": 3000}
    assert {**sums, "aggregate": True} == day["properties"]
    page = found["plausible_pages"]["properties"]
    assert ("shop.example", "/", 120) == (page["hostname"], page["page"], page["pageviews"])
    assert (900, 75) == (page["total_time_on_page"], page["total_time_on_page_visits"])
    later = PLAUSIBLE["imported_visitors_20260101_20260102.csv"] + "2026-01-03,1,1,1,1,1\n"
    file = archive(tmp_path / "later.zip", {"imported_visitors_20260101_20260103.csv": later})
    assert [1, 2, 0] == counts(call(house, "import", file, "--of", "plausible"))


def test_what_is_no_such_export_is_refused_whole(house: House, tmp_path: Path) -> None:
    """With a sentence that says what was looked for."""
    empty = archive(tmp_path / "empty.zip", {"readme.txt": json.dumps(1)})
    for whose, words in (("umami", "website_event.csv"), ("plausible", "imported_visitors")):
        result = call(house, "import", empty, "--of", whose)
        assert 1 == result.exit_code
        assert words in result.stderr
    result = call(house, "import", "-", "--of", "umami", input=io.BytesIO(b"a,b\n1,2\n").read())
    assert "it has no column event_type" in result.stderr
    assert 1 == call(house, "import", "-", "--of", "plausible", input="x").exit_code


HOUR = (
    '{"event_type": "signup", "event_time": "2026-01-01 10:00:00.000000", "user_id": "ada"}\n'
    '{"event_type": "signup"}\n'
)
"""Of Amplitude, and without ids: those are made of the line and where it stands."""


def test_an_archive_of_json_lines(house: House, tmp_path: Path) -> None:
    """Amplitude's export as it is: a zip of gzipped files, each named; twice adds nothing."""
    path = tmp_path / "export.zip"
    with ZipFile(path, "w") as made:
        made.writestr("readme.txt", "no lines")
        for hour in ("9", "10"):
            made.writestr(f"1/1_2026-01-01_{hour}#0.json.gz", gzip.compress(HOUR.encode()))
    words = ("import", str(path), "--of", "amplitude", "--refused", str(tmp_path / "refused"))
    result = call(house, *words)
    assert [2, 0, 2] == counts(result)
    place = "1/1_2026-01-01_9#0.json.gz, line 2: not_an_object"
    assert f"{place}: This is no event of that export: it has no 'time'." in result.stderr
    kept = [json.loads(line) for line in (tmp_path / "refused").read_text().splitlines()]
    assert {("1/1_2026-01-01_9#0.json.gz", 2), ("1/1_2026-01-01_10#0.json.gz", 2)} == {
        (entry["file"], entry["line"]) for entry in kept
    }
    assert [0, 2, 2] == counts(call(house, *words))


def test_a_gzipped_file(house: House, tmp_path: Path) -> None:
    """Read as if it were not: lines of theirs, and our own, also as a table."""
    lines = tmp_path / "day.json.gz"
    lines.write_bytes(gzip.compress(HOUR.encode()))
    assert [1, 0, 1] == counts(call(house, "import", str(lines), "--of", "amplitude"))
    for form in ("ndjson", "csv"):
        plain, packed = tmp_path / f"ours.{form}", tmp_path / f"ours.{form}.gz"
        assert 0 == call(house, "export", "--format", form, "-o", str(plain)).exit_code
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        assert [0, 1, 0] == counts(call(house, "import", str(packed)))


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_line(
    house: House, tmp_path: Path
) -> None:
    """Some editors write one; the event is the same with it and without."""
    path = tmp_path / "events.ndjson"
    for form, expected in (("utf-8-sig", [1, 0, 0]), ("utf-8", [0, 1, 0])):
        path.write_text('{"event_name": "x"}\n', form)
        assert expected == counts(call(house, "import", str(path)))


def test_a_damaged_file_is_said_to_be_one(house: House, tmp_path: Path) -> None:
    """Cut short, or with wrong bytes in it: one sentence, and no half event."""
    packed = gzip.compress(HOUR.encode())
    path = tmp_path / "file"
    with ZipFile(path, "w") as made:
        made.writestr("hour.json.gz", packed)
    archived = path.read_bytes()
    wrong = bytearray(archived)
    wrong[70] ^= 0xFF
    for content in (packed[:-12], archived[:-20], bytes(wrong)):
        path.write_bytes(content)
        result = call(house, "import", str(path), "--of", "amplitude")
        assert 1 == result.exit_code
        assert "The file is damaged or cut short" in result.stderr
    assert [] == house.events()


def test_what_has_no_lines_is_refused_in_a_word(house: House, tmp_path: Path) -> None:
    """One array, a Parquet file, an archive of something else: with what would be right."""
    path = tmp_path / "file"
    for content, words in (
        (b'[{"event_name": "x"},\n{"event_name": "x"}]', "one JSON array: export ndjson"),
        (b"PAR1....PAR1", "Parquet is not read here: export ndjson or csv"),
        (Path(archive(tmp_path / "z", {"a.txt": "x"})).read_bytes(), "ends in .json, .jsonl"),
    ):
        path.write_bytes(content)
        result = call(house, "import", str(path))
        assert (1, []) == (result.exit_code, house.events())
        assert words in result.stderr
