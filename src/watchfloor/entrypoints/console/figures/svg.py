"""The few elements of SVG the figures are made of, escaped and free of locale."""

from html import escape


def element(name: str, content: str = "", /, **attributes: str | float) -> str:
    """
    Return one element; `content` is markup already, attribute values are escaped here.

    A trailing underscore is dropped and other underscores become hyphens.

    >>> element("text", "1", class_="tick", x="50%", text_anchor="middle")
    '<text class="tick" x="50%" text-anchor="middle">1</text>'
    >>> element("circle", cx="0%", r=3.5)
    '<circle cx="0%" r="3.5"/>'
    """
    head = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{head}>{content}</{name}>" if content else f"<{name}{head}/>"


def text(words: str) -> str:
    """
    Return words as markup.

    >>> text("a < b")
    'a &lt; b'
    """
    return escape(words)


def label(words: str, /, **attributes: str | float) -> str:
    """
    Return words in a drawing, escaped.

    >>> label("a < b", x=1)
    '<text x="1">a &lt; b</text>'
    """
    return element("text", text(words), **attributes)


def percent(share: float) -> str:
    """
    Return a share of the width or height as a coordinate.

    >>> percent(0.12345)
    '12.35%'
    """
    return f"{round(100 * share, 2):g}%"


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 2):g}"
