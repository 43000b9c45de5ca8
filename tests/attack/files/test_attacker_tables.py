"""Low counts, ids and secrets in the layouts that packages really print, and the same layouts when they are safe."""

# ruff: noqa: E501 - files stand here as they are
from __future__ import annotations

import json
import random

import pytest

from saferoom.disclosure.files.checker import FileContext, check_file
from saferoom.disclosure.files.openers import OpenLimits, open_file
from saferoom.disclosure.verdict import Verdict

RNG = random.Random(5)

# Where @ stands, a count: 3 in the unsafe file, 303 in the safe one.
LAYOUTS = {
    "pandas_levels.txt": "               count          mean\nregion sex                        \nEast   Female    632  24891.025506\n       Male      669  24764.079880\nIsle   Female    @  30970.150000\n       Male      610  40199.970000\n",
    "pandas_columns.txt": "                 pay             age       \n                mean count      mean   std\nregion band                               \nEast   16-24  24850.9   169  20.2721  2.40\n       25-34  24026.9   170  29.7117  3.09\nIsle   16-24  38674.6   @  18.5000  3.53\n",
    "pandas_columns.csv": ",,pay,pay,age,age\n,,mean,count,mean,std\nregion,band,,,,\nEast,16-24,24850.9,169,20.2,2.4\nIsle,16-24,24026.9,@,29.7,3.1\n",
    "pandas_blank.csv": "region,mean,n\nEast,24850.9,500.0\nIsle,24026.9,@.0\nWest,,\n",
    "pandas_describe.csv": ",age,pay\ncount,@.0,610.0\nmean,40.25,25000.75\nstd,3.5,100.25\n",
    "pandas_spans.html": '<table><thead><tr><th></th><th></th><th colspan="2">pay</th></tr><tr><th></th><th></th><th>mean</th><th>count</th></tr><tr><th>region</th><th>band</th><th></th><th></th></tr></thead><tbody><tr><th rowspan="2">East</th><th>16-24</th><td>24850.9</td><td>169</td></tr><tr><th>25-34</th><td>24850.9</td><td>@</td></tr></tbody></table>',
    "pandas_levels.tex": "\\begin{tabular}{llrr}\n\\toprule\n &  & count & mean \\\\\nregion & sex &  &  \\\\\n\\midrule\n\\multirow[t]{2}{*}{East} & F & 632 & 24891.02 \\\\\n & M & @ & 24764.07 \\\\\n\\cline{1-4}\n\\bottomrule\n\\end{tabular}\n",
    "counts.json": json.dumps({"counts": {"North": 1200, "Isle": 77}}).replace("77", "@"),
    "gtsummary.html": "<table><tr><th>Characteristic</th><th><strong>Drug A</strong><br />N = @<span><sup>1</sup></span></th><th>p-value<sup>2</sup></th></tr><tr><td>Age</td><td>46 (37, 60)</td><td>0.7</td></tr></table>",
    "footnote.html": "<table><tr><th>region</th><th>n</th></tr><tr><td>North</td><td>473</td></tr><tr><td>Isle</td><td>@<sup>a</sup></td></tr></table>",
    "stata_row.log": ". tabulate region sex, row\n\n           |          sex\n    region |    Female       Male |     Total\n-----------+----------------------+----------\n      East |       @        623 |       926 \n           |     32.72      67.28 |    100.00 \n-----------+----------------------+----------\n     North |       608        646 |     1,254 \n           |     48.48      51.52 |    100.00 \n",
    "stata_count.log": '. count if region == "Isle" & age > 80\n  @\n',
    "r_table.txt": "> table(d$region, d$sex)\n       \n        Female Male\n  East     @  623\n  North    608  646\n",
    "r_survfit.txt": " time n.risk n.event survival std.err lower 95% CI upper 95% CI\n    5    928      51   0.9956 0.00438       0.9871        1.000\n   11    927      @   0.9825 0.00869       0.9656        1.000\n",
    "r_tibble.txt": "# A tibble: 2 x 3\n  region     n mean_pay\n  <chr>  <int>    <dbl>\n1 East    @   24890.\n2 North   1254   24812.\n",
    "r_nrow.txt": '> nrow(d[d$region == "Isle", ])\n[1] @\n',
    "table1.txt": "Characteristic      Overall\n                    (N=5000)\nFemale              2503 (50.1%)\nHIV                 @ (0.1%)\n",
    "polars.txt": "shape: (2, 2)\n┌────────┬─────┐\n│ region ┆ len │\n│ ---    ┆ --- │\n│ str    ┆ u32 │\n╞════════╪═════╡\n│ North  ┆ 120 │\n│ Isle   ┆ @   │\n└────────┴─────┘\n",
    "spss.txt": "              N     Mean   Std. Deviation\nage           @    52.12          21.35\nbmi        4990    27.01           4.02\n",
    "commas.txt": "Counts by region\nregion,count\nNorth,120\nIsle,@\nSouth,500\n",
    "title.csv": "Table 1: pay by region,,\n,,\nregion,n,mean\nNorth,120,3.1\nIsle,@,4.0\n",
    "source.csv": "# pay\n# source: people\nregion,n\nNorth,120\nIsle,@\n",
    "decimal_comma.csv": "region;mean;n\nNorth;3,15;120\nIsle;4,25;@\n",
    "sizes.csv": "number of children,families\n0,1300\n1,900\n2,@\n",
    "groups.csv": "study,events_t,n_t\nA,@,1000\nB,450,500\n",
    "estimates.tex": "\\begin{tabular}{lc}\n & (1) \\\\ \\midrule\nAge$^{a}$ & 0.003 \\\\\n & [0.001, 0.005] \\\\\nN & @ \\\\\nNo. of regions & 4 \\\\\n\\end{tabular}\n",
    "total.csv": "region,F,M,Total\nNorth,500,510,1010\nIsle,@,404,707\n".replace("707", "@"),
    "of.txt": "@ out of 1,200 respondents refused; deaths: 120/1200 (10.0%), 10.0% (120/1200).\n",
    "over.txt": "Deaths: @/1200 (2.5%)\n",
    "counter.txt": "Counter({'North': 1200, 'Isle': @})\n",
    "typeset.tex": "In the Isle ($n=@$) pay was higher, and in the North ($N_{\\text{low}} = 500$) lower.\n",
}  # fmt: skip
UNSAFE = {
    "head.txt": ("   person_id region   sex  age\n0     100000  North  Male   60\n1     100001  North  Male   48\n2     100002   West  Male   53\n", "unit-ids"),
    "list.log": ("     +---------------------------+\n     | person~d   region     sex |\n     |---------------------------|\n  1. |   100000    North   Female |\n  2. |   100001     East     Male |\n  3. |   100002     East   Female |\n     +---------------------------+\n", "unit-ids"),
    "records.txt": ("region,sex,age,pay\n" + "".join(f"{RNG.choice('NS')},{RNG.choice('FM')},{RNG.randint(16, 80)},{RNG.gauss(9, 1):.2f}\n" for _ in range(200)), "looks-like-records"),
    "records2.csv": ("region;sex;age;pay\n" + "".join(f"{RNG.choice('NS')};{RNG.choice('FM')};{RNG.randint(16, 80)};{RNG.gauss(9, 1):.2f}".replace(".", ",") + "\n" for _ in range(200)), "looks-like-records"),
    "values.txt": ("".join(f"{RNG.gauss(50, 10):.2f}\n" for _ in range(300)), "looks-like-records"),
    "shapes.txt": ("Isle (\uff4e\uff1d\uff13)\n", "stated-low-count"),
    "side.csv": ("\n".join(",".join(str(f(i)) for i in range(200)) for f in (lambda _: RNG.choice("NS"), lambda _: RNG.randint(16, 80), lambda _: RNG.randint(9000, 90000))), "looks-like-records"),
    "frame.csv": ("," + ",".join(map(str, range(150))) + "\n" + "".join(name + "," + ",".join(str(f()) for _ in range(150)) + "\n" for name, f in (("region", lambda: RNG.choice("NS")), ("sex", lambda: RNG.choice("FM")), ("age", lambda: RNG.randint(16, 80)), ("pay", lambda: RNG.randint(9000, 90000)))), "looks-like-records"),
    "odbc.do": ('odbc load, dsn("db") user(me) password(Tr0ub4dor3)\n', "secret"),
    "settings.txt": ("DB_HOST=db\nDB_PASSWORD=Tr0ub4dor3\n", "secret"),
    "user.sql": ("CREATE USER bob WITH PASSWORD 'Tr0ub4dor3';\n", "secret"),
    "settings.json": (json.dumps({"host": "db", "password": "Tr0ub4dor3"}), "secret"),
    "aws.txt": ("aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYKEYKEY\n", "secret"),
}  # fmt: skip
SAFE = {
    "prose.md": "The token: this word. Password: none. Passwords are kept by the owner.\nA secret = of 5 ballots\n",
    "tokens.py": "token = tokens2\npassword = os.environ['PASSWORD2']\nkey = read_key1()\n",
    "config.json": json.dumps({"max_depth": 40, "n_estimators": 300, "api_key": "${API_KEY1}"}),
    "dates.csv": "region," + ",".join(f"2020-{m:02d}-{d:02d}" for m in range(1, 13) for d in range(1, 15)) + "\nN," + ",".join(f"{RNG.random():.3f}" for _ in range(168)) + "\n",
    "rounded_means.csv": "region,2018,2019\nN,2.0,3.0\nS,4.0,\n",
    "log.txt": "Results were good\nN 500 510\nS 480 490\n",
}  # fmt: skip


def rules(name: str, text: str) -> tuple[Verdict, set[str]]:
    found = check_file(name, text.encode(), FileContext())
    return found.verdict, {finding.rule for finding in found.findings if finding.severity is Verdict.FAIL}


@pytest.mark.parametrize("name", LAYOUTS)
def test_low_count_fails_in_the_layout_that_a_package_prints(name: str) -> None:
    verdict, failed = rules(name, LAYOUTS[name].replace("  @", "    3").replace("@", "3"))
    assert verdict is Verdict.FAIL
    assert failed <= {"low-count", "stated-low-count"}


@pytest.mark.parametrize("name", LAYOUTS)
def test_same_layout_with_enough_units_goes_to_a_person(name: str) -> None:
    assert rules(name, LAYOUTS[name].replace("@", "303")) == (Verdict.REVIEW, set())


@pytest.mark.parametrize("name", UNSAFE)
def test_ids_records_and_secrets_fail_in_less_usual_layouts(name: str) -> None:
    text, rule = UNSAFE[name]
    assert rule in rules(name, text)[1]


@pytest.mark.parametrize("name", SAFE)
def test_words_that_resemble_them_go_to_a_person(name: str) -> None:
    assert rules(name, SAFE[name]) == (Verdict.REVIEW, set())


def test_cells_that_span_rows_keep_every_column_in_its_place() -> None:
    page = (
        '<table><thead><tr><th rowspan="3">a</th><th>b</th></tr></thead><tbody><tr><td rowspan="2" colspan="2">1</td>'
        "<td>2</td></tr><tr><td>3</td></tr><tr><td>4</td></tr></tbody></table>"
    )
    _, opened = open_file("t.html", page.encode(), OpenLimits())
    assert [row[:3] for row in opened.grids[0].rows] == [("1", None, "2"), (None, None, "3"), ("4",)]
