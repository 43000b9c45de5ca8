"""What the screens say of files as they come from statistics packages: safe ones to a person, unsafe ones back."""

# ruff: noqa: E501 - files stand here as they are
from __future__ import annotations

import json
import random

import pytest

from saferoom.disclosure.files.checker import FileContext, check_file
from saferoom.disclosure.files.screens.words import Role, names_unit, role
from saferoom.disclosure.verdict import Verdict

RNG = random.Random(3)
PEOPLE = [
    (RNG.choice("NSEW"), RNG.choice("FM"), RNG.randint(16, 80), round(RNG.lognormvariate(10, 0.5), 2))
    for _ in range(300)
]


def lines(head: str, rows: list[tuple[object, ...]]) -> str:
    return "\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n"


STATA = """. tabulate region sex

           |          sex
    region |         F          M |     Total
-----------+----------------------+----------
         N |       500        510 |     1,010
      Isle |{low} |{sum}
-----------+----------------------+----------
     Total |       503        514 |     1,017
"""
SAFE = {
    "regression.csv": "term,coef,se,t,p,ci_low,ci_high\nage,3,1,3,0.003,1,5\nsex,-2,4,0.5,0.6,-10,6\n",
    "p_values.csv": "variable,p_value\nage,0.003\nsex,0.21\npay,<0.001\n",
    "anova.csv": "term,df,sum_sq,mean_sq,F,p\nregion,3,120.5,40.2,4,0.01\nresidual,3996,400000,100.1,,\n",
    "crosstab.csv": "region,F,M,All\nN,473,512,985\nS,481,527,1008\nAll,954,1039,1993\n",
    "percentages.csv": "answer,N,S\nagree,95,92\ndisagree,5,8\n",
    "median_age.csv": "region,median_age,n\nN,41,1000\nS,38,1100\n",
    "years.csv": "year,rate_per_1000,n\n2019,3.2,1000\n2020,4.1,1010\n",
    "suppressed.csv": "region,F,M\nN,500,510\nIsle,<10,<10\nS,480,-\n",
    "mean_sd.csv": "var,mean (sd)\nage,41 (12)\nchildren,2 (1)\n",
    "table1.csv": "Characteristic,n (%)\nFemale,512 (51.2%)\nDisease,33 (3.3%)\n",
    "sizes.csv": "household size,n\n1 person,300\n2 people,400\n3 people,200\n",
    "codebook.csv": "variable,label,levels\nsex,Sex,2\nregion,Region,4\n",
    "transition.csv": "from,Q1,Q2\nQ1,120,80\nQ2,70,130\n",
    "shares.csv": "region,n,percent\nN,1000,66.7\nS,500,33.3\n",
    "text.txt": "Results: n = 120, p = 0.003, t(8) = 2.1; cells below 10 people were suppressed (n < 10; n=3,120).\n",
    "log.txt": "INFO step 3 of 9 done in 4 s\n3 models fitted, 5 variables, seed: 7\n",
    "stata.log": STATA.format(low="       303        404 ", sum="       707"),
    "lm.txt": "Residuals:\n   Min     1Q Median     3Q    Max\n-20318  -9052  -2826   6045  98722\n\nCoefficients:\n"
    "             Estimate Std. Error t value Pr(>|t|)\n(Intercept) 24786.914    596.563  41.550   <2e-16 ***\n"
    "age             0.257     10.947   0.024    0.981\n",
    "estimates.tex": "\\begin{tabular}{lcc}\n & (1) & (2) \\\\\n\\hline\nage & 0.257*** & 0.311 \\\\\n & (0.01) & (0.02) \\\\\n"
    "\\hline\n$N$ & 3988 & 4000 \\\\\nClusters & 40 & 41 \\\\\n\\end{tabular}\n",
    "crosstab.md": "| region | F | M |\n|:--|--:|--:|\n| N | 500 | 510 |\n| S | 303 | 404 |\n",
    "code.py": "n = 3\nprint(df.nlargest(n=5, columns='pay').shape)\nfit(n_jobs=3, cv=5)\n",
    "areas.csv": lines("area,n,mean_pay", [(f"Area {i}", 50 + i, 20000 + i * 7 % 900) for i in range(150)]),
    "bootstrap.csv": lines("iteration,coef", [(i, f"{RNG.gauss(0, 1):.4f}") for i in range(300)]),
    "density.csv": lines("x,density", [(i, f"{1 / (1 + (i - 50) ** 2):.6f}") for i in range(200)]),
    "panel.csv": lines(
        "region,sex,year,mean",
        [(r, s, y, f"{RNG.random():.2f}") for r in "NSEW" for s in "FM" for y in range(2000, 2023)],
    ),
    "model.json": json.dumps({"model": "ols", "coef": {"age": 0.2}, "p": {"age": 0.03}, "n": 4000, "df": 3}),
    "hidden_cells.csv": "region,F,M,Total\nN,,,1010\nIsle,,,115\nTotal,603,522,1125\n",
}
UNSAFE = {
    "ids.csv": ("person_id,pay\n" + "".join(f"{i},{PEOPLE[i][3]}\n" for i in range(90)), "unit-ids"),
    "id_income.csv": (lines("id,income", [(i, row[3]) for i, row in enumerate(PEOPLE)]), "looks-like-records"),
    "records.csv": (lines("region,sex,age,pay", list(PEOPLE)), "looks-like-records"),
    "no_head.csv": (lines("", list(PEOPLE)).lstrip(), "looks-like-records"),
    "values.csv": (lines("pay", [(row[3],) for row in PEOPLE]), "looks-like-records"),
    "records.json": (json.dumps([dict(zip("abcd", row, strict=True)) for row in PEOPLE]), "looks-like-records"),
    "codes.csv": (lines("ref,income", [(f"P{i:04d}", row[3]) for i, row in enumerate(PEOPLE[:60])]), "unit-ids"),
    "head.txt": ("   person_id region  pay\n0       1001      N  12.5\n1       1002      S  13.5\n2       1003      E  15.5\n", "unit-ids"),
    "crosstab.csv": ("region,F,M,All\nN,473,512,985\nIsle,3,12,15\nAll,476,524,1000\n", "low-count"),
    "crosstab.md": ("| region | F | M |\n|:--|--:|--:|\n| N | 500 | 510 |\n| Isle | 3 | 404 |\n", "low-count"),
    "crosstab.tex": ("\\begin{tabular}{lrr}\nsex & F & M \\\\\n\\midrule\nN & 473 & 512 \\\\\nIsle & 3 & 12 \\\\\n\\end{tabular}\n", "low-count"),
    "crosstab.html": ("<table><tr><th>region</th><th>n</th></tr><tr><td>N</td><td>473</td></tr><tr><td>Isle</td><td>3</td></tr></table>", "low-count"),
    "stata.log": (STATA.format(low="         3          4 ", sum="         7"), "low-count"),
    "r.txt": ("> table(d$region, d$sex)\n      \n         F   M\n  Isle   3   4\n  N    500 510\n", "low-count"),
    "series.txt": ("region\nN       1000\nIsle       4\nName: count, dtype: int64\n", "low-count"),
    "two_heads.csv": (",pay,pay\n,mean,count\nN,25000,1000\nIsle,26000,4\n", "low-count"),
    "statistic.csv": ("statistic,value\nmean,25.1\nN,4\n", "low-count"),
    "table1.csv": ("Characteristic,n (%)\nFemale,512 (51.2%)\nRare,3 (0.3%)\n", "low-count"),
    "low.json": (json.dumps([{"region": "N", "n": 1000}, {"region": "Isle", "n": 4}]), "low-count"),
    "n3.csv": ("group,result\nN,n=120\nIsle,n=3\n", "stated-low-count"),
    "n3.txt": ("The Isle group (n = 3) earned more.\n", "stated-low-count"),
    "people.md": ("# Results\n\nOnly 3 people in the Isle earned more.\n", "stated-low-count"),
    "words.md": ("# Results\n\nTwo patients died within 30 days.\n", "stated-low-count"),
    "obs.txt": ("OLS Regression Results\nNo. Observations:          7   AIC: 33.2\n", "stated-low-count"),
    "share.csv": ("region,n,pct_unemployed\nN,1000,4.2\nIsle,200,1.5\n", "implied-low-count"),
    "total.csv": ("region,F,M,Total\nN,500,510,1010\nIsle,,12,15\nTotal,503,522,1025\n", "suppressed-cell-revealed"),
    "long.csv": ("region,sex,n\nN,F,500\nN,M,510\nN,All,1010\nIsle,F,-\nIsle,M,12\nIsle,All,15\n", "suppressed-cell-revealed"),
    "two.txt": ("region      n\nN        1010\nIsle       50\nTotal    1060\n\nregion  sex     n\nN       F     500\nN       M     510\n"
    "Isle    F      44\nIsle    M     <10\n", "suppressed-cell-revealed"),
    "residuals.csv": (lines("fitted,residual", [(f"{i}.5", f"{RNG.gauss(0, 1):.3f}") for i in range(30)]), "single-values"),
    "mail.csv": ("name,email\nA B,a.b@hospital.nhs.uk\nC D,c.d@gmail.com\n", "direct-identifiers"),
    "nino.txt": ("His NI number is AB123456C.\n", "direct-identifiers"),
    "nhs.txt": ("NHS number 943 476 5919 was left out.\n", "direct-identifiers"),
    "condition.py": ("df = df[df.person_id == 1234]\n", "unit-singled-out"),
    "key.py": ('API_KEY = "sk-ant-abcdefghijklmnopqrstuvwx123456"\n', "secret"),
    "password.R": ('password <- "correct-horse"\n', "secret"),
    "plot.py": ("y = " + json.dumps([row[3] for row in PEOPLE]) + "\n", "chart-data"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAFE)
def test_safe_file_goes_to_a_person_and_never_fails(name: str) -> None:
    found = check_file(name, SAFE[name].encode(), FileContext())
    assert found.verdict is Verdict.REVIEW, [finding.message for finding in found.findings]


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_file_fails_by_the_rule_that_names_why(name: str) -> None:
    text, rule = UNSAFE[name]
    found = check_file(name, text.encode(), FileContext())
    assert found.verdict is Verdict.FAIL
    assert rule in {finding.rule for finding in found.findings if finding.severity is Verdict.FAIL}


@pytest.mark.parametrize("name", UNSAFE)
def test_every_finding_has_a_place_and_a_remedy_and_no_value(name: str) -> None:
    found = check_file(name, UNSAFE[name][0].encode(), FileContext())
    for finding in found.findings:
        assert finding.remedy
        assert finding.message[0] != ":"
        for value in ("Isle", "24786", "1002", "AB123456C", "a.b@", "sk-ant", "correct-horse", str(PEOPLE[0][3])):
            assert value not in finding.message + finding.remedy + str(finding.cells)


def test_low_count_names_its_row_as_people_see_it() -> None:
    found = check_file("t.csv", b"region,n\nN,100\nIsle,3\n", FileContext())
    (low,) = [finding for finding in found.findings if finding.rule == "low-count"]
    assert low.cells == (("the whole file", 3, 2),)
    assert "row 3 column 2" in low.message


def test_policy_threshold_decides_what_is_low() -> None:
    from saferoom.policies.models import RiskAppetite

    table = b"region,n\nN,100\nIsle,12\n"
    assert check_file("t.csv", table, FileContext()).verdict is Verdict.REVIEW
    assert check_file("t.csv", table, FileContext(policy=RiskAppetite(threshold_units=20))).verdict is Verdict.FAIL


def test_rounded_counts_are_not_called_unrounded() -> None:
    rounded = check_file("t.csv", b"region,n\nN,100\nS,125\n", FileContext())
    exact = check_file("t.csv", b"region,n\nN,101\nS,125\n", FileContext())
    assert [finding.rule for finding in rounded.findings] == []
    assert [finding.rule for finding in exact.findings] == ["unrounded-counts"]


def test_means_without_counts_are_sent_back_with_the_reason() -> None:
    found = check_file("t.csv", b"region,mean_pay\nN,100.5\nS,125.5\n", FileContext())
    assert [finding.rule for finding in found.findings] == ["counts-missing"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        *[("n", Role.COUNT), ("Freq.", Role.COUNT), ("Number of patients", Role.COUNT), ("age_count", Role.COUNT)],
        *[("n_groups", Role.UNKNOWN), ("Number of iterations", Role.SUBJECT), ("mean_count", Role.MEAN)],
        *[("p-value", Role.STATISTIC), ("df", Role.STATISTIC), ("%", Role.PERCENT), ("max pay", Role.EXTREME)],
    ],
)
def test_head_says_what_its_numbers_are(head: str, expected: Role) -> None:
    assert role(head) in {expected, Role.SUBJECT if expected is Role.UNKNOWN else expected}


@pytest.mark.parametrize("head", ["person_id", "PatientID", "household id", "NHS number", "pidp"])
def test_head_of_unit_ids_is_recognised(head: str) -> None:
    assert names_unit(head)


@pytest.mark.parametrize("head", ["region_id", "model id", "number of persons", "n", "region"])
def test_head_of_other_things_is_not_taken_for_unit_ids(head: str) -> None:
    assert not names_unit(head)
