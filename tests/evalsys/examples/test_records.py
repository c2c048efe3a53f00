"""Made-up service records and orders: the same from the same seed, with the faults of real ones."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import phonenumbers
import pytest

from evalsys.design.programme_files import read_programme
from evalsys.examples.make_city import CITY
from evalsys.examples.orders import ORDER_HEADER, generate_orders
from evalsys.examples.people import NUMBERS, People
from evalsys.examples.records import FAULT_SHARES, HEADER, generate_records
from evalsys.units.import_rows import read_table

UNITS = ("U001", "U050", "U100", "U128")
PER_UNIT = 600


@pytest.fixture(scope="module")
def files():
    return read_programme(CITY)


def generate(files, folder, **changes):
    settings = {"round_kind": "year_end", "seed": 7, "units": UNITS, "per_unit": PER_UNIT} | changes
    return generate_records(files, folder, **settings)


@pytest.fixture(scope="module")
def written(files, tmp_path_factory):
    return generate(files, tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="module")
def rows(written):
    return [row for path in written.records for _, row in read_table(path).rows]


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(files, written, tmp_path):
    again = generate(files, tmp_path / "again")
    other = generate(files, tmp_path / "other", seed=8)
    for first, second, third in zip(written.records, again.records, other.records, strict=True):
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes() != third.read_bytes()
    assert written.staff.read_bytes() == again.staff.read_bytes()


def test_a_units_records_do_not_depend_on_the_other_units_asked_for(files, written, tmp_path):
    alone = generate(files, tmp_path, units=["U128"])
    together = [row for _, row in read_table(written.records[3]).rows]
    assert [row for _, row in read_table(alone.records[0]).rows] == together


def test_there_is_a_file_in_each_form_that_departments_send(written):
    assert [read_table(path).encoding for path in written.records] == ["utf-8-sig", "gb18030", "xlsx", "utf-8"]
    assert {read_table(path).header for path in written.records} == {HEADER}


def test_every_line_can_be_read_and_is_counted(written, rows):
    assert len(rows) == written.count
    numbers = Counter(row["业务流水号"] for row in rows)
    assert numbers.most_common(1)[0][1] == 1


def test_each_unit_has_its_customers_and_a_list_of_sixty_representatives(rows):
    for unit in UNITS:
        kinds = Counter(row["服务对象类型"] for row in rows if row["单位代码"] == unit)
        assert kinds["代表"] == 60
        assert PER_UNIT <= kinds["个人"] + kinds["企业"] <= PER_UNIT * 1.05
        assert 0.15 < kinds["企业"] / PER_UNIT < 0.4


def test_stations_belong_to_their_unit_and_lie_in_the_county_that_the_record_names(files, rows):
    county_of = {area["code"]: area["parent"] if area["level"] == "township" else area["code"] for area in files.areas}
    stations = {row["code"]: (row["unit"], county_of[row["area"]]) for row in files.stations}
    counties = {area["code"] for area in files.areas if area["level"] == "county"}
    for row in rows:
        assert row["区县代码"] in counties
        if row["站所代码"]:
            assert stations[row["站所代码"]] == (row["单位代码"], row["区县代码"])
    by_unit = {unit: {row["区县代码"] for row in rows if row["单位代码"] == unit} for unit in UNITS}
    assert by_unit["U001"] == by_unit["U100"] == counties
    assert len(by_unit["U128"]) == 1


def test_every_kind_of_fault_occurs(files, rows):
    fielding = next(member for member in files.configuration["rounds"] if member["kind"] == "year_end")
    phones = [row["手机号"] for row in rows]
    patterns = {
        "spaced": r"\d{3} \d{4} \d{4}",
        "dashed": r"\d{3}-\d{4}-\d{4}",
        "plus86": r"\+86\d{11}",
        "double0086": r"0086\d{11}",
        "landline": r"010-\d{8}",
        "too_short": r"1\d{9}",
        "too_long": r"1\d{11}",
        "wrong_start": r"12\d{9}",
        "foreign": r"\+1\d{10}",
        "empty": "",
    }
    for fault, pattern in patterns.items():
        assert any(re.fullmatch(pattern, phone) for phone in phones), fault
    days = [row["办理日期"].replace("/", "-") for row in rows]
    assert "" in days
    assert any(day and day[:4] < fielding["period_from"][:4] for day in days)
    assert any(row["业务流水号"].endswith("b") for row in rows)
    assert sum(FAULT_SHARES.values()) == pytest.approx(1)


def test_some_records_carry_a_number_of_the_units_own_staff(written, rows):
    staff = {row["手机号"] for _, row in read_table(written.staff).rows}
    assert len(staff) == 40 * len(UNITS)
    assert staff & {row["手机号"] for row in rows}


def test_most_numbers_are_valid_mobile_numbers_of_nobodys_pocket(rows):
    plain = [row["手机号"] for row in rows if re.fullmatch(r"1740[0-5]\d{6}", row["手机号"])]
    assert len(plain) > 0.8 * len(rows)
    for phone in plain[:200]:
        number = phonenumbers.parse(phone, "CN")
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def test_some_people_came_more_than_once_and_some_to_several_units(rows):
    units_by_phone: dict[str, list[str]] = {}
    for row in rows:
        if re.fullmatch(r"1740\d{7}", row["手机号"]):
            units_by_phone.setdefault(row["手机号"], []).append(row["单位代码"])
    assert any(len(units) > 1 for units in units_by_phone.values())
    assert any(len(set(units)) > 1 for units in units_by_phone.values())


def test_some_people_of_the_mid_year_stand_in_the_year_end_too(files, rows, tmp_path):
    earlier = generate(files, tmp_path, round_kind="mid_year", units=["U001"])
    before = {row["手机号"] for _, row in read_table(earlier.records[0]).rows}
    now = {row["手机号"] for row in rows if row["单位代码"] == "U001"}
    assert len(before & now) > 50
    assert before - now


def test_different_people_have_different_numbers():
    people = People(seed=3, units=2, pool_size=5000)
    phones = people.phones(np.arange(people.total))
    assert len(set(phones.tolist())) == people.total


def test_more_people_than_numbers_are_refused():
    with pytest.raises(ValueError, match="Ask for fewer records per unit"):
        People(seed=1, units=128, pool_size=NUMBERS)


def test_orders_say_yes_no_or_nothing_and_differ_in_number(files, tmp_path):
    count = generate_orders(files, tmp_path / "orders.csv", round_kind="year_end", seed=7, units=UNITS, per_unit=100)
    again = generate_orders(files, tmp_path / "again.csv", round_kind="year_end", seed=7, units=UNITS, per_unit=100)
    assert (tmp_path / "orders.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    table = read_table(tmp_path / "orders.csv")
    orders = [row for _, row in table.rows]
    assert table.header == ORDER_HEADER
    assert len(orders) == count == again
    assert {order["是否按时响应"] for order in orders} == {"是", "否"}
    assert {order["是否满意"] for order in orders} == {"是", "否", ""}
    assert all((order["是否解决"] == "") == (order["是否满意"] == "") for order in orders)
    sizes = Counter(order["承办单位代码"] for order in orders)
    assert set(sizes) == set(UNITS)
    assert max(sizes.values()) > 1.5 * min(sizes.values())
