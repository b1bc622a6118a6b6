"""Sphinx extension: figures stand in the page itself, and take its colours and fonts.

An SVG that a page names as an image can take neither. Here its file is read into the page: text
stays text, colours follow light and dark, and `NAME.narrow.svg`, where it lies beside `NAME.svg`,
is what a narrow window shows (`pages.drawing` writes both). The files themselves stay as drawn.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import Sphinx

SVG = "http://www.w3.org/2000/svg"
_NOT_IN_A_PAGE = {f"{{{SVG}}}{tag}" for tag in ("metadata", "title", "style")}  # global, or no use
LINK = "{http://www.w3.org/1999/xlink}href"
# The style's neutral colours and its palette, as variables of book.css
COLOURS = {
    "#000000": "ink", "#262626": "ink", "#333333": "ink", "#444444": "ink", "#777777": "muted",
    "#888888": "muted", "#999999": "muted", "#cccccc": "line", "#dddddd": "line",
    "#eeeeee": "none", "#ffffff": "paper", "#0173b2": "blue", "#de8f05": "orange",
    "#029e73": "green", "#d55e00": "red", "#cc78bc": "pink",
}  # fmt: skip
_COLOUR = re.compile("|".join(COLOURS), re.IGNORECASE)
_ID = re.compile(r"#([\w-]+)(?=\))")
_ROUND = re.compile(r"M 0 ([\d.]+)\s+C ")  # how matplotlib writes a circle: from its lowest point
MANY = 8  # dots of one look, from which on they are one path
_DIGITS = re.compile(r"(\.\d\d)\d+")  # hundredths of a point are finer than any screen
_OWN_FONTS = re.compile(r"font-family: [^;]*;? ?")  # book.css has the page's


def narrow_of(path: Path) -> Path:
    """Where the narrow version of a figure lies, if it has one."""
    return path.with_name(f"{path.stem}.narrow{path.suffix}")


def merge_dots(root: ElementTree.Element) -> None:
    """Draw many round marks of one look as one path: an element a dot makes a page slow.

    A line of no length with round ends is a dot as wide as the line.
    """
    marks = {part.get("id"): part.get("d", "") for part in root.iter(f"{{{SVG}}}path")}
    for group in root.iter(f"{{{SVG}}}g"):
        dots = [part for part in group if part.tag == f"{{{SVG}}}use"]
        looks = {(dot.get(LINK, "")[1:], dot.get("style", "")) for dot in dots}
        if len(dots) < MANY or len(dots) < len(group) or len(looks) != 1:
            continue
        mark, style = looks.pop()
        radius = _ROUND.match(marks.get(mark, ""))
        if not radius or "stroke" in style:
            continue
        for dot in dots:
            group.remove(dot)
        places = "".join(
            f"M{float(dot.get('x', 0)):.1f} {float(dot.get('y', 0)):.1f}h0" for dot in dots
        )
        look = style.replace("fill", "stroke")
        look = (
            f"{look}; fill: none; stroke-width: {2 * float(radius[1]):.1f}; stroke-linecap: round"
        )
        ElementTree.SubElement(group, f"{{{SVG}}}path", d=places, style=look)


def inline(path: Path, alt: str, classes: str, mark: str) -> str:
    """The SVG as a part of a page, with `alt` for its name; `mark` keeps its ids apart."""
    root = ElementTree.parse(path).getroot()
    for holder in list(root.iter()):
        for part in list(holder):
            if part.tag in _NOT_IN_A_PAGE:
                holder.remove(part)
    merge_dots(root)
    named = set(_ID.findall(ElementTree.tostring(root, "unicode")))
    named |= {part.get(LINK, "")[1:] for part in root.iter()}
    for part in root.iter():
        if part.attrib.pop("id", name := part.get("id")) and name in named:
            part.set("id", f"{mark}-{name}")
        if link := part.attrib.pop(LINK, ""):  # an image holds its data there
            part.set("href", f"#{mark}-{link[1:]}" if link.startswith("#") else link)
        for attribute in ("style", "clip-path", "d", "transform", "x", "y"):
            if value := part.get(attribute):
                value = _ID.sub(rf"#{mark}-\1", value)
                value = _COLOUR.sub(lambda m: f"var(--figure-{COLOURS[m[0].lower()]})", value)
                part.set(attribute, _OWN_FONTS.sub("", _DIGITS.sub(r"\1", value)))
    width = root.attrib.pop("width")
    for attribute in ("height", "version"):
        root.attrib.pop(attribute, None)
    root.attrib |= {
        "class": classes, "role": "img", "aria-label": alt, "style": f"max-width: {width}",
    }  # fmt: skip
    ElementTree.register_namespace("", SVG)
    text = ElementTree.tostring(root, "unicode")
    return re.sub(r">\s+<", "><", text)


def stand_in_page(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put every SVG figure of a page into it; a badge in a line of text is none."""
    for number, image in enumerate(list(doctree.findall(nodes.image))):
        path = Path(app.srcdir, image["uri"])
        if isinstance(image.parent, nodes.TextElement):
            continue
        if path.suffix != ".svg" or not path.exists() or app.builder.format != "html":
            continue
        given, narrow = " ".join(image["classes"]), narrow_of(path)
        versions = [(path, "wide" if narrow.exists() else ""), (narrow, "narrow")]
        html = "".join(
            inline(
                file, image.get("alt", ""), f"drawn {given} {kind}".strip(), f"f{number}{kind[:1]}"
            )
            for file, kind in versions
            if file.exists()
        )
        if not narrow.exists():  # it keeps a size that can be read, and scrolls on a telephone
            html = f'<div class="scrolls" tabindex="0">{html}</div>'
        image.replace_self(nodes.raw("", html, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("doctree-resolved", stand_in_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
