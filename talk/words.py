"""What a conversation in a terminal says, in the languages it speaks. Errors are in English."""

from dataset.commands.console import in_chinese

TEXTS = {
    "en": {
        "knows": "{model}: {summary}",
        "try": "Try: {question}",
        "begin": 'Enter alone asks "{question}" /help lists commands. {leaving}',
        "leaving": "To leave, press Ctrl-D or type exit.",
        "no_picture": "no picture yet, so it will make one up: /image PATH shows it one (or --image)",
        "silent": "nothing was said yet",
        "reset": "forgotten",
        "shows_one": "1 picture; a new conversation",
        "shows": "{number} pictures; a new conversation",
        "adds_one": "the next question is about it, too",
        "adds": "the next question is about them, too",
        "words": "/look WORD shows one of these here: {words}",
        "saved": "saved {path}",
        "forgotten": "(the oldest {number} of {turns} turns no longer fit, and are forgotten)",
        "speed": "{tokens} tokens: the first after {wait:.2f} s, then {rate:,.0f} a second",
        "took": "{seconds:.2f} s for {tokens} tokens",
    },
    "zh": {
        "knows": "{model}：{summary}",
        "try": "试试：{question}",
        "begin": "输入 /help 查看命令。直接按回车会问：“{question}”{leaving}",
        "leaving": "要结束，请按 Ctrl-D 或输入“退出”。",
        "no_picture": "还没有图片，回答只能凭空编造：用 /image 路径（启动时用 --image 路径）给它看一张",
        "silent": "还没有回答过",
        "reset": "已忘记之前的对话",
        "shows_one": "1 张图片，新的对话",
        "shows": "{number} 张图片，新的对话",
        "adds_one": "下一个问题也包括这张图片",
        "adds": "下一个问题也包括这些图片",
        "words": "/look 词 可在这里显示其中一个：{words}",
        "saved": "已保存 {path}",
        "forgotten": "（{turns} 轮对话已放不下，最早的 {number} 轮被忘记了）",
        "speed": "{tokens} 个词元：{wait:.2f} 秒后出现第一个，之后每秒 {rate:,.0f} 个",
        "took": "{tokens} 个词元，用时 {seconds:.2f} 秒",
    },
}
HELP = {  # language -> command -> what may stand behind it, what it does
    "en": {
        "/image": ("PATH ...", "ask about other pictures: paths or addresses"),
        "/add": ("PATH ...", "add a picture to this conversation"),
        "/look": ("[WORD]", "show where the model looked for a word of its last answer"),
        "/settings": ("[NAME VALUE]", "show how answers are sampled, or change it"),
        "/speed": ("", "how fast the last answer came"),
        "/reset": ("", "forget what was said; the pictures stay"),
        "/help": ("", "this list"),
        "/quit": ("", "leave (also: exit, quit, Ctrl-D); Ctrl-C stops an answer"),
    },
    "zh": {
        "/image": ("路径 ...", "换别的图片来问：路径或网址"),
        "/add": ("路径 ...", "在这次对话里再加一张图片"),
        "/look": ("[词]", "显示模型写出上一个回答中的某个词时看了哪里"),
        "/settings": ("[名称 数值]", "显示回答的采样设置，或修改其中一项"),
        "/speed": ("", "上一个回答有多快"),
        "/reset": ("", "忘记说过的话；图片保留"),
        "/help": ("", "显示这个列表"),
        "/quit": ("", "结束（也可用：退出、exit、quit、Ctrl-D）；Ctrl-C 中止回答"),
    },
}


def users_language() -> str:
    return "zh" if in_chinese() else "en"
