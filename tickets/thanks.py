"""Messages that ask for nothing: thanks, a nod, an emoji, a keypress, a rating (rules of the field: they
neither reopen a ticket nor start a clock)."""

import unicodedata

LONGEST = 24

#: whole messages, compared without punctuation, blanks, emoji and case
WORDS = frozenset(
    " ".join(
        (
            "谢谢 多谢 感谢 谢了 谢谢您 谢谢你 谢谢了 谢谢啦 非常感谢 十分感谢 好 好的 好的谢谢 好的谢谢您",
            "好的谢谢你 好谢谢 好滴 好哒 好嘞 好吧 嗯 嗯嗯 嗯好 嗯好的 嗯谢谢 哦 哦哦 哦好的 噢 噢好的 行",
            "行的 可以 可以了 知道了 明白 明白了 了解 了解了 收到 收到谢谢 没问题 没事 没事了 辛苦 辛苦了",
            "您辛苦了 你辛苦了 满意 很满意 非常满意 好评 五星 五星好评 搞定 搞定了 解决了 已解决 已经解决",
            "已经解决了 解决了谢谢 好了 好了谢谢 修好了 修好了谢谢 再见 拜拜 ok okay okok thanks thankyou",
            "thx ty thanksalot thankyouverymuch manythanks great greatthanks okthanks okaythanks okthankyou",
            "gotit gotitthanks noted perfect cool good fine verygood solved fixed itworks itworksnow",
            "itsworking itsfixed allgood bye",
        )
    ).split()
)


def is_thanks_only(text: str) -> bool:
    """Whether the text asks for nothing: one of WORDS, a single digit, a rating in stars, or no letters at
    all."""
    plain = unicodedata.normalize("NFKC", text).lower()
    core = "".join(c for c in plain if unicodedata.category(c)[0] in "LN")
    if not core:
        # 。。。 and 👍 ask for nothing, ？？？ does
        return "?" not in plain
    if len(core) > LONGEST or "?" in plain:
        return False
    if core in WORDS:
        return True
    return core.removesuffix("星").removesuffix("分").removesuffix("stars").removesuffix(
        "star"
    ).isdigit() and (len(core) <= 6 and len("".join(c for c in core if c.isdigit())) == 1)
