"""The words of the command line's pages for people, in both languages."""

from collections.abc import Mapping

from tianping.policy.saying import say
from tianping.policy.words import Words

TEXT: Mapping[str, Words] = {
    name: Words(zh=zh, en=en)
    for name, zh, en in (
        ("metric", "指标", "metric"),
        ("value", "数值", "value"),
        ("fraction", "分子/分母", "fraction"),
        ("benchmark", "大盘", "benchmark"),
        ("others", "不含本店", "without it"),
        ("ratio", "倍数", "ratio"),
        ("status", "状态", "status"),
        ("days_counted", "统计日", "days"),
        ("ok", "正常", "ok"),
        ("too_few", "样本过少", "too few"),
        ("undefined", "无法计算", "undefined"),
        ("immature", "未成熟", "immature"),
        ("incomplete", "数据不全", "incomplete"),
        ("no_data", "没有数据", "no data"),
        ("numerator", "计入分子", "in the numerator"),
        ("denominator", "只计入分母", "in the denominator only"),
        ("denominator_side", "计入分母", "in the denominator"),
        ("not_counted", "不计", "not counted"),
        ("left_out", "剔除", "left out"),
        ("outside", "不在统计日内", "outside the days"),
        ("rows", "行数", "rows"),
        ("adds", "合计", "adds"),
        ("rule", "规则", "rule"),
        ("role", "角色", "part"),
        ("definition", "定义", "definition"),
        ("clause", "条款", "clause"),
        ("version", "版本", "version"),
        ("in_force_since", "起生效", "in force since"),
        ("assumed", "本系统的约定", "assumed"),
        ("window", "统计期", "window"),
        ("figure", "数值", "figure"),
        ("checked", "与日结一致", "agrees with the close"),
        ("not_closed", "不在日结中，只按行计算", "not in the close; from the rows alone"),
        ("first_rows", "前几行（全部：--rows csv）", "the first rows (all: --rows csv)"),
        ("shop", "店铺", "shop"),
        ("as_of", "统计日期", "as of"),
        ("imported", "导入的行业值", "imported"),
        ("your_shops", "本库各店", "your shops"),
        (
            "market_note",
            "大盘为本库该平台全部店铺（含本店），按总和之比。",
            "The benchmark is all shops of the platform in this home, this one included: a ratio of sums.",
        ),
        (
            "own_shops_note",
            "大盘取导入的行业值（benchmarks 表），没有则空着；“本库各店”只是本库店铺的总和之比，不作规则之用。",
            "The benchmark is the imported one (table benchmarks), or none; your shops' ratio of sums is no rule's measure.",
        ),
    )
}


def word(name: str, lang: str) -> str:
    """One of the words above."""
    return say(TEXT[name], lang)
