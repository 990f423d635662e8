"""How Chinese speakers name things and type questions."""

import random
import re

from dataset.photo.chinese_ask import TRADITIONAL, colloquial, dress
from dataset.storybook.chinese import CHINESE
from dataset.storybook.kinds import KINDS
from dataset.storybook.language import Language
from dataset.storybook.people.grammar import Grammar
from dataset.storybook.people.references import Reference
from dataset.storybook.people.tongue import Tongue, word

OF_THE_WORLD = str.maketrans(
    "风龟苹钥蜗东动种样围数虫环阴雾颗艘辆架顶荒业乐总见别属画员处总够识认点尔为听严紧实虽确际龙猪鸭鲨锁鲜罗纸转检输"
    "执经给绍缓绘选择标题举项较释断错误师练习课级计类旧丢当应该让试测将称与仅结无载轿驾余继续阔后节约状据凭证况规则"
    "侧积册挂鹞灯麦报谢连战诉译编帮妈爷亲难笔调区队闭爱设义务评论语读谜铃镇门闪闹闻陆随静页顺饭饿馆驶验鸡导尽带归录"
    "怀户换晓术构楼欢汉洁涂满灭烂独盘离纯线绝统联胜脚装视军净压参备复悬扫汇浓碍缩蜡记赢赶进邻领准亚仓农弹拨栋艺赌针会万乱刚搁摆辑逻适达谱预骗飘职组纪频医药费税贷赔签账监护隐泄",
    "風龜蘋鑰蝸東動種樣圍數蟲環陰霧顆艘輛架頂荒業樂總見別屬畫員處總夠識認點爾為聽嚴緊實雖確際龍豬鴨鯊鎖鮮羅紙轉檢輸"
    "執經給紹緩繪選擇標題舉項較釋斷錯誤師練習課級計類舊丟當應該讓試測將稱與僅結無載轎駕餘繼續闊後節約狀據憑證況規則"
    "側積冊掛鷂燈麥報謝連戰訴譯編幫媽爺親難筆調區隊閉愛設義務評論語讀謎鈴鎮門閃鬧聞陸隨靜頁順飯餓館駛驗雞導盡帶歸錄"
    "懷戶換曉術構樓歡漢潔塗滿滅爛獨盤離純線絕統聯勝腳裝視軍淨壓參備複懸掃匯濃礙縮蠟記贏趕進鄰領準亞倉農彈撥棟藝賭針會萬亂剛擱擺輯邏適達譜預騙飄職組紀頻醫藥費稅貸賠簽賬監護隱洩",
)
ALL_TRADITIONAL = TRADITIONAL | OF_THE_WORLD
ORDER = re.compile(
    "请|说|数|列|找|看|描述|告诉|统计|指出|用|把|帮|给|判断|识别|概括|总结|检查|比较|详细|介绍"
    "|讲|念|报|写|选出|挑|逐|一一|挨|康康|瞧瞧|麻烦|劳驾|返回|输出|检测|筛选|盘点|枚举|生成|解说|解读|简述|概述|认|辨认|再说"
)
POINTING = 0.2  # of the things asked about are "that cat" or "this cat"
SWAPPED = (  # what a pinyin keyboard offers for the same syllable, or nearly
    "吗嘛 吗马 在再 再在 的得 的地 那哪 哪那 做作 象像 像象 他它 它他 它她 边变 有又 是事 里理 没每 和合 "
    "个各 几机 么没 色涩 最嘴 上尚 下夏 左座 右又 还换 张章 片偏 面免 问文 样养 东冬 位为 置至 比笔 谁睡 "
    "什神 看砍 到道 共公 出处 只支 呢讷 说所 讲将 另令 她他 起启 能嫩 知之 请情 更跟"
).split()


def named(grammar: Grammar, reference: Reference, rng: random.Random | None) -> dict[str, str]:
    """猫, 一只猫 and its measure word, with place, colour and size before it."""
    noun, _, unit = word(grammar, f"noun {reference.concept}", rng).partition("/")
    if reference.size and noun[0] in "大小":
        noun, _, unit = word(grammar, f"noun {reference.concept}", None).partition("/")
    unit = unit or KINDS[reference.concept].classifier
    place = word(grammar, f"at {reference.place}", rng) + "的" if reference.place else ""
    colour = word(grammar, f"colour {reference.colour}", rng) + "的" if reference.colour else ""
    size = word(grammar, f"size {reference.size}", rng) if reference.size else ""
    thing = place + colour + size + ("的" if len(size) > 1 else "") + noun
    pointed = rng and not place and rng.random() < POINTING
    the = rng.choice("那这") + rng.choice((unit, unit, "")) + thing if pointed else thing
    return {"thing": thing, "many": thing, "the": the, "a": f"一{unit}{thing}", "unit": unit}


def typed(text: str, alone: bool, rng: random.Random) -> str:
    if "？" in text or (alone and ORDER.match(text)):
        text += "。"
    if text[-1] == "：":
        return text
    return dress(rng, colloquial(rng, text), ALL_TRADITIONAL, openings=())


def slip(text: str, rng: random.Random) -> str:
    """A character like another, one left out, or one typed twice."""
    some = [pair for pair in SWAPPED if pair[0] in text]
    if some and rng.random() < 0.6:
        return text.replace(*rng.choice(some), 1)
    if len(text) < 2:
        return text
    at = rng.randrange(len(text))
    return text[:at] + (text[at] * 2 if rng.random() < 0.5 else "") + text[at + 1 :]


def counted(language: Language, number: int, reference: Reference, names: dict[str, str]) -> str:
    return language.numbers[number] + (names["unit"] if number else "") + names["thing"]


TONGUE = Tongue(
    language=CHINESE,
    folder="chinese",
    speaks_of=("照片", "图片"),
    answers={
        "one_picture": "只有一张图。",
        "sure": "是的，我确定。",
        "why": "因为图里看得到。",
        "none": "没有",
        "no_scene": "这不是故事书里的画。",
        "all_same_size": "都一样大",
        "kinds": "{}种",
        "unit": "个",
        "nothing_else": "没有别的",
    },
    named=named,
    inside=lambda question: question,
    typed=typed,
    slip=slip,
    rewritten=str.replace,
    traditional=lambda text: text.translate(ALL_TRADITIONAL),
    listed="、".join,
    both=lambda one, other: f"{one}，{other}",
    counted=counted,
)
