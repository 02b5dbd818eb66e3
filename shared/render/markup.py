"""Writes elements of HTML and SVG; whatever is not markup already becomes text on its way in.

Names, tags, reasons and answers come from outside. There is one door, and it escapes: what would
be markup, what no page may hold (control characters), and what would turn a line around.
"""

from collections.abc import Iterable
from html import escape

_CONTROL_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)}
_BIDIRECTIONAL = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_FORBIDDEN = (*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_SEPARATORS = (0x2028, 0x2029)
_SHOWN = {
    **_CONTROL_PICTURES,
    0x7F: "\u2421",
    **dict.fromkeys(_FORBIDDEN, "\ufffd"),
    **{code: f"\u27e8U+{code:04X}\u27e9" for code in (*_BIDIRECTIONAL, *_SEPARATORS)},
}
"""Characters that a page cannot hold, or that would not show as what they are."""

_WITHOUT_CONTENT = frozenset({"meta", "link", "br", "rect", "line", "circle", "path", "polygon"})


class Html(str):
    """Markup already: stands in a page as it is."""

    __slots__ = ()


def shown(value: object) -> str:
    """Return the value as it will be seen, not yet as markup: to be measured or shortened."""
    return str(value).translate(_SHOWN)


def text(value: object) -> Html:
    """Return the value as text that no reader of HTML or SVG takes for markup."""
    if isinstance(value, Html):
        return value
    return Html(escape(shown(value), quote=True))


def tag(name: str, /, *content: object, **attributes: object) -> Html:
    """Return an element; attributes that are None are left out, `aria_label` is `aria-label`."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not content and name in _WITHOUT_CONTENT:
        return Html(f"<{name}{told}/>")
    return Html(f"<{name}{told}>{joined(content)}</{name}>")


def joined(parts: Iterable[object]) -> Html:
    """Return the parts one after the other, as markup."""
    return Html("".join(map(text, parts)))
