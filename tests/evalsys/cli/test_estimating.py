"""``evalsys estimate`` answers as R does, from CSV and Parquet, and says in a sentence what it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from evalsys.cli import main
from evalsys.cli.estimating import read_columns
from tests.reference.api_designs import GOLDEN, read_cases

STRATIFIED = ["--strata", "stype", "--weights", "pw", "--fpc", "fpc"]
APISTRAT = GOLDEN / "data" / "apistrat.csv"


def estimate(*words: object, data: Path = APISTRAT, status: int = 0):
    """What the command prints: figures, or with another status its error."""
    result = CliRunner().invoke(main, ["estimate", str(data), *map(str, words)])
    assert result.exit_code == status, result.output
    return json.loads(result.output) if "--json" in words and status == 0 else result.output


def test_means_by_domain_are_those_of_svyby():
    """R: svyby(~api00, ~stype+sch.wide, dstrat, svymean) over domains in the order of --by."""
    case = read_cases("domains")["dstrat.mean.by.stype.schwide"]
    found = estimate("--mean", "api99", "--by", "sch.wide,stype", *STRATIFIED, "--json")
    assert [list(line["domain"]) for line in found] == [["sch.wide", "stype"]] * 6
    assert list(found[0]) == ["domain", "variable", "estimate", "std_error", "low", "high", "df", "n", "deff"]
    np.testing.assert_allclose([line["estimate"] for line in found], case["estimate"], rtol=1e-9)
    np.testing.assert_allclose([line["std_error"] for line in found], case["se"], rtol=1e-9)


def test_weights_follow_from_the_population_counts_of_two_stages():
    """R: svymean(~api00+api99+meals, svydesign(id=~dnum+snum, fpc=~fpc1+fpc2, data=apiclus2), deff=TRUE)."""
    case = read_cases("means_totals_ratios")["dclus2.mean"]
    words = ["--mean", "api00,api99,meals", "--cluster", "dnum,snum", "--fpc", "fpc1,fpc2", "--deff", "--json"]
    found = estimate(*words, data=GOLDEN / "data" / "apiclus2.csv")
    assert [line["domain"] for line in found] == [{}] * 3
    for key, expected in (("estimate", "estimate"), ("std_error", "se"), ("deff", "deff")):
        np.testing.assert_allclose([line[key] for line in found], case[expected], rtol=1e-9)
    np.testing.assert_allclose([[line["low"], line["high"]] for line in found], case["ci95_df"], rtol=1e-9)


def test_parquet_gives_the_figures_of_csv(tmp_path):
    columns = read_columns(APISTRAT)
    arrays = {name: pa.array(columns[name]).dictionary_encode() for name in ("stype", "sch.wide")}
    for name in ("pw", "fpc", "enroll"):
        arrays[name] = pa.array([float(x) if x else None for x in columns[name]])
    pq.write_table(pa.table(arrays), tmp_path / "a.parquet")
    words = ["--total", "enroll", "--by", "sch.wide", *STRATIFIED, "--json"]
    assert estimate(*words, data=tmp_path / "a.parquet") == estimate(*words)


def test_raking_and_post_stratification_read_their_margins(tmp_path):
    """R: calibrate(dstrat, ~stype+sch.wide, calfun='raking'); postStratify(dstrat, ~stype+sch.wide, pop.table)."""
    cases, margins = read_cases("weights_calibration"), tmp_path / "margins.csv"
    margins.write_text(
        "margin,level,total\nstype,E,4421\nstype,H,755\nstype,M,1018\nsch.wide,No,1072\nsch.wide,Yes,5122\n"
    )
    found = estimate("--mean", "api00,meals", *STRATIFIED, "--rake", margins, "--json")
    np.testing.assert_allclose(
        [line["std_error"] for line in found], cases["dstrat.calibrate.raking"]["mean"]["se"], rtol=1e-9
    )
    assert "has several margins" in estimate("--mean", "api00", "--poststratify", margins, status=1)
    joint = tmp_path / "joint.csv"
    counts = {"E:No": 472, "E:Yes": 3949, "H:No": 334, "H:Yes": 421, "M:No": 266, "M:Yes": 752}
    joint.write_text("margin,level,total\n" + "".join(f"stype:sch.wide,{k},{n}\n" for k, n in counts.items()))
    found = estimate("--mean", "api00,meals", *STRATIFIED, "--poststratify", joint, "--json")
    np.testing.assert_allclose(
        [line["std_error"] for line in found], cases["dstrat.postStratify.joint"]["mean"]["se"], rtol=1e-9
    )


def test_ratio_proportion_and_quantiles_can_be_asked_for():
    """R: svyratio(~api.stu, ~enroll, dstrat); svyquantile(~api00, dstrat, c(.25, .5))."""
    (ratio,) = estimate("--ratio", "api.stu/enroll", *STRATIFIED, "--json")
    assert ratio["estimate"] == pytest.approx(
        read_cases("means_totals_ratios")["dstrat.ratio"]["estimate"][0], rel=1e-9
    )
    found = estimate("--quantile", "api00:.25,.5", *STRATIFIED, "--json")
    assert [(line["variable"], line["estimate"]) for line in found] == [("api00:.25", 565), ("api00:.5", 668)]
    shares = estimate("--proportion", "sch.wide", *STRATIFIED, "--json")
    assert sum(line["estimate"] for line in shares) == pytest.approx(1)


def test_without_json_it_prints_a_table(tmp_path):
    file = tmp_path / "gbk.csv"
    file.write_bytes("地区,分\n甲,1\n甲,3\n乙,\n乙,4\n".encode("gbk"))
    lines = estimate("--mean", "分", "--by", "地区", data=file).splitlines()
    assert [line.split()[:4] for line in lines[1:]] == [["地区", "乙", "分", "4"], ["地区", "甲", "分", "2"]]
    assert lines[1].split()[4:] == ["–", "–", "–", "1", "1", "–"], "one answer has no standard error"


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ([], 2, "exactly one of --mean"),
        (["--mean", "api00", "--total", "api00"], 2, "exactly one of --mean"),
        (["--mean", "height"], 1, "There is no column 'height'"),
        (["--mean", "cname"], 1, "Row 1 of column cname holds 'Los Angeles', which is no number."),
        (["--mean", "api00", "--strata", "snum"], 1, "has only one sampled cluster"),
        (["--mean", "api00", "--strata", "stype,"], 2, "holds an empty name"),
        (["--mean", "api00", "--fpc", "growth"], 1, "population"),
        (["--mean", "api00", "--level", "95"], 2, "range 0<x<1"),
    ],
)
def test_what_cannot_be_estimated_is_said_in_a_sentence(words, status, sentence):
    assert sentence in estimate(*words, status=status)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a,b\n1,2\n3\n", "Line 3 of data.csv has 1 values for 2 columns"),
        ("a,a\n1,2\n", "column names that all differ"),
        ("", "column names that all differ"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, content, sentence):
    file = tmp_path / "data.csv"
    file.write_text(content)
    assert sentence in estimate("--mean", "a", data=file, status=1)
    other = tmp_path / "data.parquet"
    other.write_text(content)
    assert "cannot be read as Parquet" in estimate("--mean", "a", data=other, status=1)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("level,total\n", "must have the columns margin, level, total"),
        ("margin,level,total\nstype,E,many\n", "Line 2 of m.csv has the total 'many'"),
        ("margin,level,total\n", "names no margin"),
        ("margin,level,total\nstype,E,10\n", "has 'M' in stype, for which the margins give no total"),
    ],
)
def test_broken_margins_are_refused(tmp_path, content, sentence):
    margins = tmp_path / "m.csv"
    margins.write_text(content)
    assert sentence in estimate("--mean", "api00", "--rake", margins, status=1)
