"""Which of other people's exports bring which table, and where to find them.

The menus are **assumed** throughout: no back office was opened by us, and platforms move their menus. The page says so.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from tianping.facts.mapping import Mapping as Rules
from tianping.facts.mapping import load, shipped
from tianping.policy.words import Words
from tianping.work.intake.samples import samples


class Export(NamedTuple):
    """An export that a mapping reads. `platform` "" where several share it; `brings`: the tables whose days it covers, `also`
    those it brings rows of besides; `menu` where to find it, assumed; `known_by` the headings that it is known by; `assumed`:
    its very headings are."""

    mapping: str
    label: Words
    platform: str
    brings: tuple[str, ...]
    also: tuple[str, ...]
    menu: Words | None
    known_by: tuple[str, ...]
    source: str
    sample: bool

    @property
    def assumed(self) -> bool:
        return "assumed" in self.source


def _menu(zh: str, en: str) -> Words:
    return Words(zh=zh, en=en)


_KUAISHOU, _DOUYIN, _QIANNIU, _JINGMAI = "快手小店商家后台", "抖店商家后台", "千牛商家工作台", "京麦商家工作台"
MENUS: Mapping[str, Words] = {
    "kuaishou_orders": _menu(f"{_KUAISHOU} › 订单 › 订单查询 › 导出", "Kuaishou back office › Orders › Search › Export"),
    "kuaishou_aftersales": _menu(f"{_KUAISHOU} › 售后 › 售后单 › 导出", "Kuaishou back office › After-sales › Export"),
    "kuaishou_parcels": _menu(f"{_KUAISHOU} › 物流 › 包裹 › 导出", "Kuaishou back office › Logistics › Parcels › Export"),
    "kuaishou_reviews": _menu(f"{_KUAISHOU} › 评价管理 › 导出", "Kuaishou back office › Reviews › Export"),
    "kuaishou_chats": _menu(f"{_KUAISHOU} › 客服 › 聊天记录 › 导出", "Kuaishou back office › Service › Messages › Export"),
    "kuaishou_sessions": _menu(f"{_KUAISHOU} › 客服 › 会话明细 › 导出", "Kuaishou back office › Service › Sessions › Export"),
    "douyin_orders": _menu(f"{_DOUYIN} › 订单 › 订单管理 › 导出订单", "Doudian back office › Orders › Manage › Export"),
    "douyin_orders_by_main_order": _menu(
        f"{_DOUYIN} › 订单 › 订单管理 › 导出订单（含快递信息）", "Doudian back office › Orders › Manage › Export with couriers"
    ),
    "douyin_aftersales": _menu(f"{_DOUYIN} › 售后 › 售后工作台 › 导出", "Doudian back office › After-sales › Desk › Export"),
    "douyin_parcels": _menu(f"{_DOUYIN} › 物流 › 包裹中心 › 导出", "Doudian back office › Logistics › Parcels › Export"),
    "douyin_reviews": _menu(f"{_DOUYIN} › 评价 › 评价管理 › 导出", "Doudian back office › Reviews › Manage › Export"),
    "douyin_chats": _menu("飞鸽客服系统 › 会话记录 › 导出", "Feige service desk › Messages › Export"),
    "douyin_sessions": _menu("飞鸽客服系统 › 会话数据 › 导出", "Feige service desk › Session data › Export"),
    "taobao_orders": _menu(
        f"{_QIANNIU} › 交易 › 已卖出的宝贝 › 批量导出（订单报表）", "Qianniu › Trade › Sold items › Bulk export (orders)"
    ),
    "taobao_order_details": _menu(
        f"{_QIANNIU} › 交易 › 已卖出的宝贝 › 批量导出（宝贝报表）", "Qianniu › Trade › Sold items › Bulk export (items)"
    ),
    "taobao_orders_2026": _menu(f"{_QIANNIU} › 交易 › 订单管理 › 自定义导出", "Qianniu › Trade › Orders › Chosen fields"),
    "taobao_refunds": _menu(f"{_QIANNIU} › 交易 › 退款管理 › 导出", "Qianniu › Trade › Refunds › Export"),
    "taobao_refunds_2026": _menu(f"{_QIANNIU} › 售后 › 售后管理 › 导出", "Qianniu › After-sales › Manage › Export"),
    "taobao_reviews": _menu(f"{_QIANNIU} › 交易 › 评价管理 › 导出", "Qianniu › Trade › Reviews › Export"),
    "taobao_chats": _menu(f"{_QIANNIU} › 客服 › 聊天记录查询 › 导出", "Qianniu › Service › Messages › Export"),
    "taobao_sessions": _menu(f"{_QIANNIU} › 客服 › 接待明细 › 导出", "Qianniu › Service › Sessions › Export"),
    "jd_orders": _menu(f"{_JINGMAI} › 订单 › 订单查询与跟踪 › 导出", "Jingmai › Orders › Search › Export"),
    "jd_aftersales": _menu(f"{_JINGMAI} › 售后客服 › 售后服务单 › 导出", "Jingmai › After-sales › Service forms › Export"),
    "jd_reviews": _menu(f"{_JINGMAI} › 评价管理 › 导出", "Jingmai › Reviews › Export"),
    "jd_chats": _menu(f"{_JINGMAI} › 客服 › 聊天记录 › 导出", "Jingmai › Service › Messages › Export"),
    "jd_sessions": _menu(f"{_JINGMAI} › 客服 › 会话明细 › 导出", "Jingmai › Service › Sessions › Export"),
    "pinduoduo_orders": _menu("拼多多商家后台 › 订单查询 › 批量导出", "Pinduoduo back office › Orders › Export"),
    "jushuitan_orders": _menu("聚水潭 ERP › 订单 › 导出订单", "Jushuitan ERP › Orders › Export orders"),
    "jushuitan_details": _menu("聚水潭 ERP › 订单 › 导出订单明细", "Jushuitan ERP › Orders › Export details"),
    "wangdiantong_outstock": _menu("旺店通 ERP › 出库单 › 导出", "Wangdiantong ERP › Outbound slips › Export"),
}
"""Mapping → menu. All of it assumed."""
NOT_EXPORTS = ("not_facts", "olist", "online_retail")
"""Mappings that read no back office's export, or nothing of it."""
SHARED = {"taobao": ("taobao", "tmall")}
"""Platforms that share their exports, by how the mapping's name begins."""


@cache
def exports() -> tuple[Export, ...]:
    """Every export that comes with a mapping, by platform."""
    found = [_export(name) for name in shipped() if name not in NOT_EXPORTS]
    return tuple(sorted(found, key=lambda one: (not one.platform, one.platform, one.mapping)))


def _export(name: str) -> Export:
    rules = _shipped()[name]
    brings = dict.fromkeys(target.table for target in rules.tables if target.covers)
    also = dict.fromkeys(target.table for target in rules.tables if target.table not in brings)
    label, known = rules.book.label, [heading for part in rules.files.values() for heading in part.headings]
    words = Words(zh=label.get("zh", name), en=label.get("en", name))
    return Export(
        name,
        words,
        platform_of(rules),
        tuple(brings),
        tuple(also),
        MENUS.get(name),
        tuple(known),
        rules.book.source,
        name in samples(),
    )


@cache
def _shipped() -> Mapping[str, Rules]:
    """Every mapping that comes with the program. Reading them takes a second."""
    return {name: load(name) for name in shipped()}


def mappings() -> Mapping[str, Words]:
    """Their words, by name."""
    labels = {name: rules.book.label for name, rules in _shipped().items()}
    return {name: Words(zh=label.get("zh", name), en=label.get("en", name)) for name, label in labels.items()}


def named(files: Iterable[str]) -> Rules | None:
    """The mapping that knows its files by their names alone, where all that it needs are among these."""
    names = list(files)
    for rules in _shipped().values():
        needed = {role for role, part in rules.files.items() if not part.optional and not part.unused}
        if not any(part.headings for part in rules.files.values()) and needed <= set(map(rules.role_of, names)):
            return rules
    return None


def platform_of(rules: Rules) -> str:
    """The platform whose back office gives the export; "" where it is of several or of none."""
    return rules.book.platform or next((each for each in SHARED if rules.name.startswith(each)), "")


def of_platform(platform: str) -> list[Export]:
    """The platform's own exports."""
    return [one for one in exports() if platform and platform in SHARED.get(one.platform, (one.platform,))]


def bringing(platform: str, table: str) -> list[Export]:
    """The exports of a platform that bring a table's days, the platform's own first."""
    own = [one for one in of_platform(platform) if table in one.brings]
    return own or [one for one in exports() if not one.platform and table in one.brings]
