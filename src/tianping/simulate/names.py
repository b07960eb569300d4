"""Names of the made-up market, all invented: platforms, categories, shops, carriers, regions."""

from dataclasses import dataclass
from typing import Final

PLATFORMS: Final = ("kuaishou", "douyin", "taobao", "tmall", "jd")
# The platform of the shop of each rank, in turn: mostly Kuaishou; two of each other platform among 24 shops.
PLATFORM_TURN: Final = (0, 0, 0, 1, 2, 0, 3, 0, 4, 0)
FEW_SHOPS: Final = 12  # below that, the biggest five are of the five platforms
FEW_TURN: Final = (0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0)

CHANNEL_WEIGHTS: Final = (  # self_built, flash, auction, distribution, other; a row per platform
    (0.58, 0.14, 0.05, 0.19, 0.04),
    (0.62, 0.00, 0.00, 0.35, 0.03),
    (0.90, 0.00, 0.01, 0.07, 0.02),
    (0.95, 0.00, 0.00, 0.04, 0.01),
    (0.97, 0.00, 0.00, 0.00, 0.03),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What goods of a level-1 category are like. `yuan`: the median price; `more` multiplies the chance of a reason."""

    yuan: int
    standard: bool = False
    virtual: bool = False
    seven_days: bool = True
    three_guarantees: bool = False
    durable: bool = False
    more: tuple[tuple[str, float], ...] = ()


CATEGORIES: Final[dict[str, tuple[Kind, dict[str, tuple[str, ...]]]]] = {
    "服饰": (Kind(89, more=(("seven_days", 2.2), ("not_as_described", 1.6), ("wrong_order", 1.5))), {
        "女装": ("连衣裙", "针织衫", "半身裙"), "男装": ("衬衫", "休闲裤"), "内衣": ("家居服", "袜子")}),
    "鞋靴箱包": (Kind(129, more=(("seven_days", 1.9), ("quality", 1.2))), {
        "女鞋": ("单鞋", "凉鞋"), "男鞋": ("运动鞋",), "箱包": ("双肩包", "拉杆箱")}),
    "美妆护肤": (Kind(79, standard=True, more=(("counterfeit", 3.0), ("seven_days", 0.6))), {
        "护肤": ("面霜", "精华液", "面膜"), "彩妆": ("口红", "粉底液")}),
    "食品生鲜": (Kind(39, seven_days=False, more=(("damaged", 2.4), ("seven_days", 0.05), ("missing_item", 1.5))), {
        "零食": ("坚果", "糕点"), "生鲜": ("水果", "海产"), "粮油": ("大米",)}),
    "家居日用": (Kind(35, standard=True, more=(("damaged", 1.6), ("missing_item", 1.6))), {
        "清洁": ("洗衣液", "抽纸"), "厨具": ("炒锅", "保温杯"), "收纳": ("收纳箱",)}),
    "家纺布艺": (Kind(139, more=(("not_as_described", 1.5), ("quality", 1.2))), {
        "床品": ("四件套", "夏凉被"), "布艺": ("窗帘", "地垫")}),
    "数码家电": (Kind(259, standard=True, three_guarantees=True, durable=True, more=(("needs_repair", 6.0), ("invoice", 3))), {
        "数码": ("蓝牙耳机", "充电宝", "智能手表"), "小家电": ("电饭煲", "吹风机")}),
    "母婴玩具": (Kind(69, standard=True, more=(("missing_item", 1.4),)), {
        "玩具": ("积木", "拼图"), "婴童用品": ("纸尿裤", "婴儿推车")}),
    "虚拟充值": (Kind(50, standard=True, virtual=True, seven_days=False, more=(("seven_days", 0.0), ("quality", 0.2))), {
        "充值": ("话费充值", "会员卡")}),
}  # fmt: skip

LEAVES: Final = tuple(
    (l1, l2, l3) for l1, (_, branches) in CATEGORIES.items() for l2, leaves in branches.items() for l3 in leaves
)
L1: Final = tuple(CATEGORIES)
LEAF_L1: Final = tuple(L1.index(leaf[0]) for leaf in LEAVES)
# The main category of the shop of each rank, in turn: clothing leads, so that its categories have shops to compare.
MAIN_TURN: Final = (0, 0, 2, 4, 1, 3, 0, 6, 0, 5, 4, 8, 7, 2, 1, 0)

STYLES: Final = ("轻奢", "简约", "复古", "加厚", "便携", "升级款", "家用", "新款", "经典", "大容量", "柔软", "高颜值")
SHOP_WORDS: Final = (
    "青禾",
    "木棉",
    "云谷",
    "小满",
    "南枝",
    "拾光",
    "北屿",
    "松果",
    "知夏",
    "半山",
    "禾木",
    "晴川",
    "橙里",
    "星河",
    "暖阳",
    "竹里",
)
SHOP_KINDS: Final = ("旗舰店", "专营店", "小铺", "优选", "工厂店")
SHOP_TYPES: Final = ("flagship", "exclusive", "ordinary", "individual", "franchise")
FAMILY_NAMES: Final = ("小林", "小陈", "小何", "小许", "小宋", "小唐", "小叶", "小方")

CARRIERS: Final = ("飞鹿快递", "顺达速运", "万里通", "蓝鲸物流", "飞燕快递", "玉兔快运")
CARRIER_CODES: Final = ("FL", "SD", "WL", "LJ", "FY", "YT")
CARRIER_WEIGHTS: Final = (0.30, 0.20, 0.18, 0.14, 0.11, 0.07)

# Region, weight among buyers, how slow parcels are there.
REGIONS: Final = (
    ("广东", 12, 0.8),
    ("浙江", 9, 0.7),
    ("江苏", 9, 0.8),
    ("山东", 8, 0.9),
    ("河南", 7, 0.9),
    ("四川", 7, 1.1),
    ("河北", 6, 0.9),
    ("湖南", 5, 0.9),
    ("湖北", 5, 0.9),
    ("安徽", 5, 0.8),
    ("福建", 4, 0.9),
    ("辽宁", 4, 1.1),
    ("北京", 4, 0.9),
    ("上海", 4, 0.7),
    ("陕西", 3, 1.1),
    ("黑龙江", 3, 1.4),
    ("云南", 2, 1.4),
    ("贵州", 2, 1.3),
    ("新疆", 1, 2.4),
    ("西藏", 1, 2.8),
)
