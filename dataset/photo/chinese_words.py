"""What Chinese captions speak of: things, people, doings, places. A line each, to add to.

A caption has no blanks between words, so the longest word that fits is taken, and `TRAPS` are words that hold
another one without meaning it (马路 is no 马).
"""

# ruff: noqa: E501 -- tables, an entry a line

import re
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Thing:
    """A thing, its measure word, what it is a kind of, how captions call it.

    `near` lists what makes it possible that the thing is there unsaid; None, if it always may be.
    """

    name: str
    unit: str
    group: str
    words: tuple[str, ...]
    near: re.Pattern[str] | None


def thing(name: str, unit: str, group: str = "", words: str = "", near: str | None = None) -> Thing:
    called = (name, *words.split())
    pattern = None if near is None else re.compile("|".join((*called, *near.split())))
    return Thing(name, unit, group, called, pattern)


BEAST = "动物 宠物"
WATER = "水 海 河 湖 浪 船 岸 池"
SPORT = "球 运动 比赛 赛 踢 打 投 队 接 抢 扔 追 叼 咬 嘴 玩具 东西"
ROAD = "车 骑 街 路 城 市 驾 开 停 赛 道 轮"
ROOM = "室 屋 房 家 厅 店 坐 躺 趴 睡 休息 椅 床 沙发 婴 宝宝"
MEAL = "吃 喝 餐 食 桌 饭 生日 派对 聚会 庆 盘 店 厨 烧烤 市场"
STAGE = "乐 演 奏 唱 弹 拉 歌 台 琴"
PEOPLE = "人 男 女 孩 员 者 手 友 婴 宝 侣 夫 妇 爸 妈 父 母 爷 奶 老 少年 青年 姑娘 选手 家 俩 帅哥 兵 警"

THINGS = (
    thing("狗", "只", "动物", "狗狗 犬 花狗 金毛 哈士奇 泰迪 斗牛犬 猎犬 警犬", f"{BEAST} 狼 猎 跨栏 雪橇"),
    thing("猫", "只", "动物", "猫咪 小猫", f"{BEAST} 虎 豹"),
    thing("马", "匹", "动物", "赛马 骏马 小马 马匹 骑马", f"{BEAST} 骑 驴 牛 骡 斗牛 牧 鞍 跨栏"),
    thing("牛", "头", "动物", "奶牛 公牛 水牛 斗牛 黄牛 野牛", f"{BEAST} 牧 草原 羊 马"),
    thing("羊", "只", "动物", "山羊 绵羊 羊群 小羊 羔羊", f"{BEAST} 牧 草原 牛"),
    thing("大象", "头", "动物", "象", f"{BEAST}"),
    thing("猴子", "只", "动物", "猴 猩猩", f"{BEAST}"),
    thing("熊", "只", "动物", "黑熊 棕熊", f"{BEAST} 玩具 毛绒 玩偶 猫"),
    thing("兔子", "只", "动物", "兔", f"{BEAST} 玩具 毛绒 玩偶"),
    thing("鸟", "只", "动物", "小鸟 鸽子 海鸥 鸭子 鸭 天鹅 鹅 鹰 老鹰 鹤 丹顶鹤 大雁 鹦鹉 鸡", f"{BEAST} 飞 海 湖 河 岸 水 广场 天空"),
    thing("鱼", "条", "动物", "大鱼 小鱼 金鱼 鲨鱼", f"{BEAST} {WATER} 钓 潜"),
    thing("长颈鹿", "只", "动物", "", f"{BEAST} 鹿"),
    thing("斑马", "匹", "动物", "", f"{BEAST} 马"),
    thing("自行车", "辆", "车", "单车 山地车 脚踏车 山地自行车", f"{ROAD} 特技 杂技"),
    thing("摩托车", "辆", "车", "摩托 越野摩托 机车", f"{ROAD} 特技 杂技 越野"),
    thing("汽车", "辆", "车", "轿车 小汽车 小轿车 吉普车 越野车 面包车 跑车", f"{ROAD} 桥 楼 广场 门口 越野"),
    thing("赛车", "辆", "车", "卡丁车", ROAD),
    thing("卡车", "辆", "车", "货车 大卡车", f"{ROAD} 工"),
    thing("公交车", "辆", "车", "公共汽车 大巴 巴士", f"{ROAD} 等 站"),
    thing("火车", "列", "车", "列车", f"{ROAD} 轨 铁 站 地铁"),
    thing("飞机", "架", "", "直升机 直升飞机 战斗机", "飞 机场 伞 天空 空中 高空"),
    thing("船", "艘", "", "小船 轮船 帆船 游艇 快艇 皮划艇 皮艇 划艇 独木舟 橡皮艇 木船 龙舟 划船 皮筏艇", f"{WATER} 划 桨 艇 舟 港 筏 漂流 帆 码头 钓 沙滩"),
    thing("足球", "个", "球", "踢球 踢足球", SPORT),
    thing("篮球", "个", "球", "打篮球 投篮 灌篮", f"{SPORT} 篮"),
    thing("网球", "个", "球", "打网球", f"{SPORT} 拍"),
    thing("棒球", "个", "球", "打棒球 垒球", f"{SPORT} 棒"),
    thing("橄榄球", "个", "球", "打橄榄球", SPORT),
    thing("排球", "个", "球", "打排球 沙滩排球", SPORT),
    thing("飞盘", "个", "", "飞碟", f"{SPORT} 盘 跳"),
    thing("滑板", "块", "", "玩滑板 滑板车", "滑 板 极限 花样 特技 轮 踩"),
    thing("冲浪板", "块", "", "冲浪", f"{WATER} 冲 板 滑"),
    thing("雨伞", "把", "", "伞 太阳伞 遮阳伞 雨伞", "雨 伞 阳 市场 摊 餐 沙滩 海 街 淋 晒"),
    thing("风筝", "个", "", "放风筝", "放 伞 天空 滑翔 飞"),
    thing("气球", "个", "", "氢气球 热气球", "生日 派对 节 庆 球 聚会 活动 玩具"),
    thing("吉他", "把", "乐器", "弹吉他", f"{STAGE} 乐器 街头 坐"),
    thing("小提琴", "把", "乐器", "拉小提琴 提琴", f"{STAGE} 乐器 街头"),
    thing("钢琴", "架", "乐器", "弹钢琴", f"{STAGE} 乐器"),
    thing("蛋糕", "个", "食物", "生日蛋糕", MEAL),
    thing("披萨", "个", "食物", "", MEAL),
    thing("冰淇淋", "个", "食物", "冰激凌 雪糕", f"{MEAL} 舔"),
    thing("电脑", "台", "", "笔记本电脑 笔记本", f"{ROOM} 桌 办公 会 工作 学习 机 看"),
    thing("电视", "台", "", "电视机", f"{ROOM} 桌 看 屏 游戏"),
    thing("冰箱", "台", "", "", f"{ROOM} 厨 {MEAL}"),
    thing("沙发", "张", "", "", ROOM),
    thing("床", "张", "", "婴儿床", ROOM),
    thing("秋千", "个", "", "荡秋千", "荡 游乐 玩耍 公园 绳 滑梯"),
    thing("滑梯", "个", "", "滑滑梯 玩滑梯", "滑 游乐 玩耍 公园 梯 秋千"),
    thing("帐篷", "顶", "", "搭帐篷", "营 登 山 沙滩 海 市 集 露 伞 棚 野"),
    thing("相机", "台", "", "照相机 摄像机 数码相机 摄影机", f"照 拍 摄 影 机 游客 拿 {PEOPLE}"),
    thing("手机", "部", "", "电话 打电话", f"电话 机 耳 {PEOPLE}"),
    thing("书", "本", "", "看书 书本 读书", f"看 读 学 写 报 纸 {PEOPLE}"),
    thing("帽子", "顶", "", "帽 草帽 礼帽 安全帽 棒球帽 泳帽", f"盔 戴 头 {PEOPLE}"),
    thing("眼镜", "副", "", "墨镜 太阳镜 泳镜 游泳镜 护目镜 潜水镜", f"镜 戴 {PEOPLE}"),
    thing("雪", "片", "", "雪地 积雪 雪山 滑雪 雪球 雪中 雪里 雪景 雪坡", "冰 滑 冬 山 登 攀 白茫茫 橇"),
    thing("大海", "片", "", "海 海边 海滩 海里 海水 海上 海浪 海面 海岸 冲浪", f"{WATER} 沙 滩 泳 悬崖 岩 石 礁 天空 背影 远"),
    thing("沙滩", "片", "", "海滩", f"{WATER} 沙 土 泳 排球 比基尼 地上 玩耍"),
    thing("泳池", "个", "", "游泳池", f"{WATER} 泳 浴 比基尼"),
    thing("花", "朵", "", "花丛 鲜花 花园 花朵 花束 菊花 野花", f"花 草 树 园 植物 林 野 田 山 街 路 {PEOPLE}"),
    thing("栏杆", "根", "", "护栏 围栏", None),
    thing("椅子", "把", "", "长椅 凳子 长凳 椅", None),
    thing("桌子", "张", "", "饭桌 餐桌 桌", None),
    thing("球拍", "个", "", "网球拍 羽毛球拍", None),
    thing("木棍", "根", "", "棍子 棍 小棍 棒子 木棒", None),
    thing("树枝", "根", "", "树杈", None),
    thing("木头", "根", "", "木桩", None),
    thing("绳子", "根", "", "绳", None),
    thing("杯子", "个", "", "酒杯 水杯", None),
    thing("书包", "个", "", "双肩包 背包 旅行包 登山包 包", None),
    thing("球", "个", "球", "小球 皮球 大球 球球", SPORT),
    thing("玩具", "个", "", "玩偶 毛绒玩具 布娃娃", None),
    thing("石头", "块", "", "岩石 石块", None),
    thing("头盔", "个", "", "", None),
    thing("头发", "", "", "发型", None),
    thing("旗子", "面", "", "国旗 旗帜 旗", None),
    thing("牌子", "块", "", "标牌 标语", None),
    thing("报纸", "张", "", "", None),
    thing("话筒", "个", "", "麦克风", None),
    thing("棒球棍", "根", "", "棒球棒 棒球杆", None),
    thing("船桨", "根", "", "桨", None),
    thing("婴儿车", "辆", "车", "手推车", None),
    thing("轮椅", "把", "", "", None),
    thing("瓶子", "个", "", "水瓶 酒瓶", None),
    thing("袋子", "个", "", "塑料袋", None),
    thing("滑雪板", "块", "", "", None),
    thing("苹果", "个", "食物", "", None),
    thing("棒棒糖", "根", "食物", "", None),
    thing("车", "辆", "车", "车子 车辆 小车 大车", ROAD),
)  # fmt: skip
BY_NAME = {one.name: one for one in THINGS}
KIN = (
    {"汽车", "赛车", "车"},
    {"滑板", "滑雪板"},
    {"大海", "沙滩"},
    {"足球", "橄榄球", "球"},
    {"木棍", "树枝", "木头"},
)

TRAPS = """热狗 马路 马上 马拉松 马戏 马甲 木马 斑马线 河马 海马 罗马 人马 牛仔 牛仔裤 牛仔裙 牛仔服 牛奶 蜗牛 羊毛 羊毛衫
象棋 现象 抽象 形象 好像 熊猫 玩具熊 毛绒熊 鸡蛋 鸡尾酒 鱼竿 鱼网 钓鱼 飞鸟 鸟巢 花样 花纹 花池 花盆 花色 水花 浪花 火花 花白 雪花 花
衣服 花裙子 花衬衫 花帽子 花头巾 花指 烟花 棉花 花脸 爆米花 花辫 花式 花哨 球员 球队 球场 球服 球衣 球迷 球网 地球 星球 冰球 雪球
台球 高尔夫球 高尔夫 保龄球 乒乓球 羽毛球 曲棍球 橄榄球服 篮球场 足球场 网球场 篮球服 篮球衣 足球服 棒球服 篮球框 篮球架 棒球手套
车手 赛车手 车站 车轮 车道 过山车 碰碰车 购物车 婴儿推车 缆车 风车 马车 独轮车 玩具车 三轮车 机器人 床单 蹦床 河床 起床 包围 面包 包子
书店 全书 滑板鞋 手套 手表 书架 书法 眼镜蛇 帽檐 船长 上海 海报 海洋球 海豚 海狮 头发花白 降落伞 滑翔伞 跳伞 面包车司机 桌球 椅背
餐桌布 飞机场 雪橇 雪地车 雪人 蘑菇 木头人 石头人 气球车 自行车赛 绳索 蹦极绳 棒球比赛 足球比赛 篮球比赛 网球比赛 橄榄球比赛 球比赛"""


def scanner(words: list[str]) -> re.Pattern[str]:
    """Finds the longest of the words at each place."""
    return re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)))


MEANS = {word: one.name for one in reversed(THINGS) for word in one.words}
BETS = {
    "足球": "足球比赛",
    "篮球": "篮球比赛",
    "网球": "网球比赛",
    "棒球": "棒球比赛",
    "橄榄球": "橄榄球比赛",
}
MEANS |= {game: ball for ball, game in BETS.items()} | {"婴儿推车": "婴儿车", "钓鱼": ""}
SCAN = scanner([*MEANS, *TRAPS.split()])

# What a word says of the person: m man, f woman; a adult, y young, c child.
PERSON_WORDS = {
    "ma": "男人 男子 男士 男性 大叔 老头 爷爷 老爷爷 先生 大爷 爸爸 父亲 新郎 丈夫 老男人 男青年 大汉 老爷子 老大爷",
    "my": "男孩 男孩子 少年",
    "m": "男生 帅哥 小伙 小伙子 男 男运动员 男选手 男歌手",
    "mc": "小男孩 男童 儿子 小男生 小男孩儿",
    "fa": "女人 女子 女士 女性 妇女 老太太 奶奶 老奶奶 太太 妈妈 母亲 新娘 大妈 妻子 妇人 老妇人 阿姨",
    "fy": "女孩 女孩子 少女",
    "f": "美女 女生 姑娘 女 女运动员 女郎 女选手 女歌手",
    "fc": "小女孩 小姑娘 女童 女儿 小女生 小女孩儿 小丫头",
    "c": "小孩 小孩子 小朋友 孩子 儿童 婴儿 宝宝 宝贝 幼儿 小孩儿 孩童 小宝宝 小婴儿 娃娃 孩",
    "a": "老人 大人 老者 老年人 成人 成年人 中年人 老人家 家长",
    "": """人 运动员 球员 车手 赛车手 选手 骑手 警察 士兵 军人 工人 爱好者 队员 学生 歌手 演员 小丑 艺人 行人 路人 黑人 白人
        胖子 游客 登山者 滑雪者 攀岩者 冲浪者 骑车者 表演者 舞者 乐手 消防员 球手 牛仔 主人 朋友 家伙 教练 守门员 裁判 医生 老师
        啦啦队员 者 员 年轻人 青年人 青年""",
}
PERSON_TRAPS = """布娃娃 洋娃娃 机器人 雪人 稻草人 人行道 人偶 木头人 石头人 无人 惊人 动人 人造 人工 人像 雕像人 成员 男女 人头 人山人海
吸引人 迷人 人字拖 记者 女装 男装 女鞋 蜘蛛侠 主人公 或者 婴儿车 婴儿床 婴儿推车 爱人"""
SAYS = {word: tags for tags, words in PERSON_WORDS.items() for word in words.split()}
PERSON_SCAN = scanner([*SAYS, *PERSON_TRAPS.split()])
JOBS = "运动员 警察 士兵 消防员 小丑 新娘 赛车手 婴儿 啦啦队员 学生 厨师 歌手 守门员".split()


class Doing(NamedTuple):
    """What someone does: the answer, how captions say it, who can (p people, b beasts), and what sort it is.

    A sort "big" shuts out every other big one; "sport" is a big one that is a sport; "" may go with anything.
    """

    name: str
    pattern: re.Pattern[str]
    who: str
    sort: str


def doing(name: str, words: str = "", who: str = "p", sort: str = "sport") -> Doing:
    return Doing(name, re.compile("|".join((name, *words.split()))), who, sort)


DOINGS = (
    doing("滑雪", "雪板 滑着雪"), doing("玩滑板", "滑板(?!车)"), doing("冲浪", "冲着浪"), doing("攀岩", "攀爬岩石 攀登岩"),
    doing("骑自行车", "自行车 单车 山地车 骑车", sort="sport"), doing("骑摩托车", "骑着?摩托 摩托车"), doing("游泳", "游着泳 戏水", "pb"),
    doing("踢足球", "踢球 踢着球 足球"), doing("打篮球", "篮球 投篮 灌篮"), doing("打网球", "网球"), doing("打棒球", "棒球(?![帽衣服])"),
    doing("打橄榄球", "橄榄球"), doing("打排球", "排球"), doing("打冰球", "冰球"), doing("打高尔夫球", "高尔夫"), doing("跨栏", "过障碍", "pb"),
    doing("划船", "划着船 皮划艇 划桨 划艇"), doing("漂流", "玩漂流"), doing("跳水"), doing("滑冰", "溜冰"), doing("玩轮滑", "轮滑 旱冰"),
    doing("打拳击", "拳击"), doing("打跆拳道", "跆拳道"), doing("摔跤"), doing("骑马", "赛马 马背上 骑着马"), doing("跳伞", "降落伞"),
    doing("登山", "爬山 爬雪山 登雪山 爬上山"), doing("蹦极"), doing("钓鱼", sort="big"), doing("放风筝", "风筝", sort="big"),
    doing("荡秋千", "秋千", sort="big"), doing("玩滑梯", "滑梯", sort="big"), doing("赛车", "开赛车 卡丁车"),
    doing("弹吉他", "吉他", sort="big"), doing("拉小提琴", "小提琴", sort="big"), doing("吹泡泡", "泡泡", sort="big"), doing("玩水", "泼水", "p", ""),
    doing("唱歌", "演唱", sort="big"), doing("跳舞", "舞蹈", sort="big"), doing("打电话", "玩手机", sort="big"), doing("看书", "读书", sort="big"),
    doing("看报纸", "读报", sort="big"), doing("画画", "在画", sort="big"), doing("吃东西", "吃饭 在吃 吃着", "pb", "big"),
    doing("喝水", "在喝 喝东西 喝着水", "pb", "big"), doing("喝酒", sort="big"), doing("洗澡", "", "pb", "big"), doing("做饭", "烤肉 烧烤", sort="big"),
    doing("合照", "合影", sort=""), doing("拍照", "照相 拍摄 摄影", sort=""), doing("自拍", sort=""), doing("亲吻", "接吻 亲亲", sort=""),
    doing("拥抱", "抱在一起 搂在一起", sort=""), doing("聊天", "交谈 谈话 谈论", sort=""), doing("表演", "演出", sort=""), doing("散步", "", "pb", ""),
    doing("抽烟", "吸烟", sort=""), doing("遛狗", sort=""), doing("打架", "打斗 撕咬", "pb", ""), doing("睡觉", "在睡 睡着", "pb", "big"),
    doing("休息", "", "pb", ""), doing("奔跑", "狂奔 飞奔 在跑 跑着 [里上中边]跑 跑在 跑的 跑步 赛跑 飞跑", "pb", ""),
    doing("跳跃", "跳起来 飞跃 腾空 跃起 跳了起 跳着 飞起来", "pb", ""), doing("走路", "走在 行走 走着 走的", "pb", ""), doing("追球", "追着球 追着小球 追小球", "b", ""),
    doing("接飞盘", "追飞盘", "b", ""), doing("咬东西", "咬着东西", "b", ""), doing("叼着东西", "叼东西 叼着", "b", ""), doing("吐舌头", "伸舌头 [吐伸]着舌头 伸出舌头", "b", ""),
    doing("甩水", "甩着水 甩身上", "b", ""), doing("飞翔", "飞行 展翅 在飞", "b", ""), doing("玩球", "玩着球", "pb", ""), doing("玩玩具", "玩着玩具", "pb", ""),
    doing("玩耍", "玩闹 嬉戏 打闹 在玩(?=。|$)", "pb", ""), doing("比赛", "竞赛", "pb", ""), doing("趴着", "趴在", "pb", ""), doing("坐着", "坐在", "pb", ""),
    doing("站着", "站在 站立", "pb", ""), doing("躺着", "躺在", "pb", ""), doing("蹲着", "蹲在", "p", ""), doing("看书", "看着书"),
)  # fmt: skip
LIVELY = frozenset("奔跑 跳跃 走路 追球 接飞盘 玩耍 比赛 散步 打架 玩球 跨栏 飞翔 甩水".split())
IDLE = frozenset(
    "比赛 玩耍 趴着 坐着 站着 躺着 蹲着 合照 拍照 表演 休息 走路 看书".split()
)  # said when nothing better is

COLOURS = dict.fromkeys("红 黄 蓝 绿 黑 白 橙 紫 粉 棕 灰".split(), "")
COLOURS = {short: f"{short}色" for short in COLOURS} | {
    "橘": "橙色",
    "褐": "棕色",
    "咖啡": "棕色",
    "粉红": "粉色",
    "金": "金黄色",
}
FAR = {
    "红色": "蓝色 绿色 黑色 白色 黄色", "黄色": "蓝色 黑色 红色 绿色 白色", "蓝色": "红色 黄色 白色 粉色 黑色", "绿色": "红色 白色 黑色 黄色 粉色",
    "黑色": "白色 红色 黄色 粉色", "白色": "黑色 红色 蓝色 绿色", "橙色": "蓝色 绿色 黑色 白色", "紫色": "黄色 绿色 白色 黑色",
    "粉色": "绿色 黑色 蓝色 黄色", "棕色": "白色 绿色 蓝色", "灰色": "红色 黄色 绿色", "金黄色": "黑色 蓝色 绿色",
}  # fmt: skip

WORN = """衣服 上衣 裙子 连衣裙 比基尼 泳衣 泳装 泳裤 背心 T恤 衬衫 短裤 牛仔裤 裤子 外套 大衣 西服 西装 球服 球衣 运动服 运动装 婚纱
背带裤 内裤 工作服 救生衣 短袖 毛衣 棉袄 羽绒服 夹克 制服 校服 礼服 旗袍 雨衣 睡衣 靴子 拖鞋 皮衣 滑雪服 潜水服 橄榄球服 牛仔裙 吊带""".split()
ON_HEAD = "帽子 墨镜 眼镜 太阳镜 头盔 安全帽 头巾 口罩 面具 耳机 耳环 项链 手套 围巾 泳镜 游泳镜 泳帽 手表 草帽 礼帽 棒球帽 护目镜".split()
TOPS = frozenset(
    "衣服 上衣 背心 T恤 衬衫 外套 大衣 西服 西装 球服 球衣 运动服 短袖 毛衣 夹克 裙子 连衣裙 运动装 制服".split()
)

# Places as they stand after 在: the noun, and what may follow it; a noun that needs nothing has its ending in brackets.
GROUNDS = """草地[上] 草坪[上] 草丛[中] 草原[上] 雪地[里] 沙滩[上] 海滩[上] 沙地[上] 街道[上] 道路[上] 马路[上] 大街[上] 公路[上] 小路[上] 土地[上] 水 海
海水 大海 河 湖 雪 雪山 山 山坡[上] 树林[里] 森林[里] 花丛[中] 泳池[里] 游泳池[里] 广场[上] 操场[上] 球场[上] 舞台[上] 沙漠[里] 地 路 街 空 半空
水面[上] 海面[上] 椅子 长椅 凳子 长凳 石头 岩石 台阶 床 沙发 地板 船 车 桥 树 栏杆 滑梯 秋千 木头 墙 桌子 轮椅 马背 公园[里] 游乐场[里]
餐厅[里] 酒吧[里] 房间[里] 屋 教室[里] 商店[里] 地铁[里] 帐篷[里] 林间[] 海边[] 水边[] 河边[] 湖边[] 路边[] 街边[] 路旁[] 岸边[] 悬崖边[] 街头[]
山顶[上] 门口[] 树旁[] 墙边[] 室内[] 室外[] 婴儿车 喷泉 人行道[上] 赛道[上] 跑道[上] 溜冰场[里] 体育场[里] 野外[] 雪坡[上] 悬崖[上] 赛场[上]"""
KIN_OF_DOINGS = (
    frozenset("游泳 冲浪 跳水 漂流 划船 钓鱼 玩水".split()),
    frozenset("踢足球 打篮球 打网球 打棒球 打橄榄球 打排球 打冰球 打高尔夫球".split()),
    frozenset("骑自行车 骑摩托车 赛车".split()),
    frozenset("玩滑板 玩轮滑 滑冰 滑雪".split()),
    frozenset("攀岩 登山 蹦极 跳伞".split()),
    frozenset("打拳击 打跆拳道 摔跤".split()),
)

# What is surely not being done, if no caption hints at it: what hints at it.
SEEN = {
    "奔跑": re.compile("跑|追|跳|赛|跨|玩|走|冲|扑|接|叼|抢|逐|飞|打|踢|球|运动|散步|跃|奔|闹|跟|骑"),
    "跳跃": re.compile("跳|跃|腾|跑|追|跨|飞|接|扑|玩|站|踢|球|运动|滑|空|翻|舞|闹|赛"),
    "游泳": re.compile("水|海|河|湖|池|泳|浪|潜|船|浴|沙滩"),
    "睡觉": re.compile("睡|躺|趴|卧|休息|闭|坐|靠|抱|懒|床"),
    "吃东西": re.compile("吃|咬|叼|嘴|食|舔|喝|餐|拿|抱|桌|果|糖|糕|啃|口|奶|喂"),
}
