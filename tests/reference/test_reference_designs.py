"""Means, totals, ratios and domains under every kind of design are those of R's survey package."""

import numpy as np
import pytest

from surveys.estimation import domains
from surveys.estimation.designs import make_design
from surveys.estimation.variances import LonelyRule
from tests.reference.api_designs import Table, read_cases, read_design, read_table

OVERALL = read_cases("means_totals_ratios")
BY = read_cases("domains")
LONELY = read_cases("lonely_psu")
DESIGNS = ["dsrs", "dstrat", "dstratnf", "dclus1", "dclus2", "dclus2wr"]
CLUSTERED = ["dstrat", "dclus1", "dclus2"]


def check_case(found, case, *, flat=True):
    """Estimates, covariance and intervals of R, in R's order (variables one after the other, domains within)."""
    order = found.estimates.T.reshape(-1)
    np.testing.assert_allclose(order, case["estimate"], rtol=1e-9)
    size = len(order)
    v = found.covariance().transpose(1, 0, 3, 2).reshape(size, size)
    np.testing.assert_allclose(np.sqrt(np.diagonal(v)), case["se"], rtol=1e-9, atol=1e-9)
    if "vcov" in case:
        scale = np.abs(np.array(case["vcov"])).max()
        np.testing.assert_allclose(v, case["vcov"], rtol=1e-9, atol=1e-10 * scale)
    if "ci95_df" in case:
        for df, key in ((case["df"], "ci95_df"), (np.inf, "ci95_df_inf")):
            low, high = found.interval(0.95, df)
            np.testing.assert_allclose(low.T.reshape(-1), np.array(case[key])[:, 0], rtol=1e-9)
            np.testing.assert_allclose(high.T.reshape(-1), np.array(case[key])[:, 1], rtol=1e-9)


@pytest.mark.parametrize("name", DESIGNS)
def test_means_are_those_of_svymean(name):
    """R: svymean(~api00+api99+meals, design, deff=TRUE), deff='replace', and of factors."""
    design, table = read_design(name)
    found = domains.means(design, table.numbers("api00", "api99", "meals"))
    check_case(found, OVERALL[f"{name}.mean"])
    assert found.df[0] == OVERALL[f"{name}.mean"]["df"]
    np.testing.assert_allclose(found.deff()[0], OVERALL[f"{name}.mean"]["deff"], rtol=1e-9)
    replaced = domains.means(design, table.numbers("api00", "meals")).deff(replace=True)
    np.testing.assert_allclose(replaced[0], OVERALL[f"{name}.mean.deffreplace"]["deff"], rtol=1e-9)
    factors = np.hstack([table.indicator_columns("stype"), table.indicator_columns("sch.wide")])
    case = OVERALL[f"{name}.mean.factor"]
    found = domains.means(design, factors)
    np.testing.assert_allclose(found.estimates[0], case["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found.covariance()[0, :, 0], case["vcov"], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("name", DESIGNS)
def test_totals_are_those_of_svytotal(name):
    """R: svytotal(~api00+enroll, design, na.rm=TRUE, deff=TRUE), rows with both; svytotal(~stype, design)."""
    design, table = read_design(name)
    values = table.numbers("api00", "enroll")
    values[np.isnan(values).any(axis=1)] = np.nan
    found = domains.totals(design, values)
    check_case(found, OVERALL[f"{name}.total"])
    np.testing.assert_allclose(found.deff()[0], OVERALL[f"{name}.total"]["deff"], rtol=1e-9)
    case = OVERALL[f"{name}.factor.total"]
    found = domains.totals(design, table.indicator_columns("stype"))
    np.testing.assert_allclose(found.estimates[0], case["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found.covariance()[0, :, 0], case["vcov"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", DESIGNS)
def test_ratios_are_those_of_svyratio(name):
    """R: svyratio(~api.stu+api00, ~enroll+api99, subset(design, !is.na(enroll)))."""
    design, table = read_design(name)
    over, under = table.numbers("api.stu", "api00"), table.numbers("enroll", "api99")
    inside = np.where(np.isnan(under[:, 0]), -1, 0)
    found = domains.ratios(design, over[:, [0, 1, 0, 1]], under[:, [0, 0, 1, 1]], inside)
    check_case(found, OVERALL[f"{name}.ratio"])


@pytest.mark.parametrize("name", CLUSTERED)
@pytest.mark.parametrize("column", ["sch.wide", "stype"])
def test_domain_means_and_their_covariance_are_those_of_svyby(name, column):
    """R: svyby(~api00+meals, ~column, design, svymean, covmat=TRUE)."""
    design, table = read_design(name)
    found = domains.means(design, table.numbers("api00", "meals"), table.levels(column)[1])
    check_case(found, BY[f"{name}.mean.by.{column.replace('.', '')}"])


@pytest.mark.parametrize("name", CLUSTERED)
def test_domain_totals_ratios_and_crossed_domains_are_those_of_svyby(name):
    """R: svyby(~enroll, ~stype, svytotal), svyby(~api.stu, denominator=~enroll, svyratio), svyby(~api99, ~stype+sch.wide)."""
    design, table = read_design(name)
    kinds, kind = table.levels("stype")
    check_case(domains.totals(design, table.number("enroll"), kind), BY[f"{name}.total.by.stype"])
    check_case(
        domains.ratios(design, table.number("api.stu"), table.number("enroll"), kind), BY[f"{name}.ratio.by.stype"]
    )
    crossed = kind + len(kinds) * table.levels("sch.wide")[1]
    check_case(domains.means(design, table.number("api99"), crossed), BY[f"{name}.mean.by.stype.schwide"])


@pytest.mark.parametrize("name", CLUSTERED)
def test_many_tiny_domains_and_their_degrees_of_freedom(name):
    """R: svyby(~meals, ~cname, design, svymean); degf(subset(design, stype==k)).

    We show no error where R prints 0 for one.
    """
    design, table = read_design(name)
    case = BY[f"{name}.mean.by.cname"]
    found = domains.means(design, table.number("meals"), table.levels("cname")[1])
    assert found.n[:, 0].tolist() == case["n"]
    np.testing.assert_allclose(found.estimates[:, 0], case["estimate"], rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(found.within()[:, 0, 0]), case["se"], rtol=1e-9, atol=1e-9)
    assert np.isnan(found.std_errors()[found.n[:, 0] == 1]).all()
    found = domains.means(design, table.number("meals"), table.levels("stype")[1])
    assert found.df.tolist() == BY[f"{name}.degf.by.stype"]["df"]


@pytest.mark.parametrize("domain_lonely", [False, True])
@pytest.mark.parametrize("rule", ["certainty", "remove", "adjust", "average"])
def test_lonely_clusters_are_treated_as_r_does(rule, domain_lonely):
    """R: options(survey.lonely.psu=rule, survey.adjust.domain.lonely=FALSE|TRUE).

    Svymean, svytotal with fpc, svyby, a subset.
    """
    whole = read_table("apistrat")
    first = whole.text("stype").tolist().index("M")
    table = Table([row for k, row in enumerate(whole.rows) if row["stype"] != "M" or k == first])
    weights, strata = table.number("pw"), table.text("stype")
    design = make_design(weights=weights, strata=strata)
    lonely, prefix = LonelyRule(rule, domain_lonely), rule + (".domainadjust" if domain_lonely else "")
    check_case(domains.means(design, table.numbers("api00", "meals"), None, lonely), LONELY[f"{prefix}.mean"])
    corrected = make_design(weights=weights, strata=strata, populations=table.number("fpc"))
    check_case(domains.totals(corrected, table.number("api00"), None, lonely), LONELY[f"{prefix}.total.fpc"])
    # as svyby, each domain is a subset of its own here: what is lonely depends on the domain
    found = domains.means(design, table.number("api00"), table.levels("sch.wide")[1], lonely)
    np.testing.assert_allclose(np.sqrt(found.within()[:, 0, 0]), LONELY[f"{prefix}.by.schwide"]["se"], rtol=1e-9)
    kind, number = whole.text("stype"), whole.number("snum")
    inside = ((kind == "E") & (np.arange(1, 201) % 2 == 0)) | ((kind == "H") & (number == number[kind == "H"].min()))
    design = make_design(weights=whole.number("pw"), strata=kind)
    check_case(
        domains.means(design, whole.number("api00"), np.where(inside, 0, -1), lonely), LONELY[f"{prefix}.domain1psu"]
    )
