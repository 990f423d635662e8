"""What the page says, in the languages it speaks: a browser's own, or else English."""

import gradio as gr

TEXTS = {
    "en": {
        "title": "## Glimpse: ask a small model about a picture",
        "picture": "Add a picture: a file, paste, or camera",
        "pictures": "The pictures you ask about",
        "scene": "Storybook scene",
        "truth": "What is really in this scene",
        "restart": "Start over",
        "chat": "Conversation",
        "ready": "Ask about the picture, or click one of the questions below.",
        "no_picture": "Add a picture first: choose a file, paste one, or use the camera.",
        "question": "Your question",
        "ask": "Ask",
        "stop": "Stop",
        "looks": "Where does it look? Click a word of the answer",
        "heat": "What the model looked at to write this word",
        "settings": "Sampling",
        "model": "Model",
        "forgotten": "The conversation got long: the model no longer sees its first {number} turns.",
        "too_long": "Ask something, in {letters:,} letters at most.",
        "too_many": "A conversation has {pictures} pictures at most; remove one.",
        "unreadable": "This picture cannot be read: {reason}",
        "anew": "The conversation was about that picture, so a new one begins.",
    },
    "zh": {
        "title": "## Glimpse：让小模型看图回答",
        "picture": "添加图片：文件、粘贴或摄像头",
        "pictures": "要问的图片",
        "scene": "故事书场景",
        "truth": "这幅场景里真正有什么",
        "restart": "重新开始",
        "chat": "对话",
        "ready": "就图片提问，或点击下面的问题。",
        "no_picture": "请先添加一张图片：选择文件、粘贴，或使用摄像头。",
        "question": "你的问题",
        "ask": "提问",
        "stop": "停止",
        "looks": "它在看哪里？点击回答中的一个词",
        "heat": "写这个词时模型所看之处",
        "settings": "采样设置",
        "model": "模型",
        "forgotten": "对话太长，模型已看不到最前面的 {number} 轮。",
        "too_long": "请输入问题，最多 {letters:,} 个字。",
        "too_many": "一次对话最多 {pictures} 张图片，请先移除一张。",
        "unreadable": "这张图片无法读取：{reason}",
        "anew": "对话与这张图片有关，因此开始新的对话。",
    },
}
LABELS = gr.I18n(**TEXTS)  # put in by the browser


def language_of(accepted: str) -> str:
    """The page's language for a browser that sends this Accept-Language."""
    return "zh" if accepted.lower().startswith("zh") else "en"
