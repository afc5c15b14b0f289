"""Tags that put figures, marks and instants into a page."""

from datetime import datetime
from typing import TypedDict

from django import template
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext

from watchfloor.entrypoints.console import figures, parts, wording

register = template.Library()

# Differ in outline, so that they are told apart without colour and in print.
SHAPES = {
    "critical": '<path d="M6 0l6 6-6 6-6-6z" fill="currentColor"/>',
    "high": '<path d="M6 1l6 10H0z" fill="currentColor"/>',
    "medium": '<rect width="12" height="12" rx="2" fill="currentColor"/>',
    "low": '<circle cx="6" cy="6" r="5" fill="none" stroke="currentColor" stroke-width="2"/>',
    "info": '<path d="M1 6h10" stroke="currentColor" stroke-width="2"/>',
}
UNKNOWN_SHAPE = '<path d="M1 1l10 10M11 1L1 11" stroke="currentColor" stroke-width="2"/>'


class FigureContext(TypedDict):
    """What the figure partial needs."""

    figure: figures.Figure
    svg: SafeString


@register.simple_tag
def score_glyph(drawn: figures.DrawnScore) -> SafeString:
    """Draw a score at the size of a row, with its number beside it."""
    # Safe: every word that reaches the drawing was escaped where it was put in.
    svg = mark_safe(figures.score_glyph(drawn))
    if drawn.score is None:
        return svg
    number = wording.score_text(drawn.score)
    # The drawing's own label already says the number to those who hear the page.
    return format_html(
        '<span class="score-cell">{}<span class="score-number" aria-hidden="true">{}</span></span>',
        svg,
        number,
    )


@register.simple_tag
def score_scale(drawn: figures.DrawnScore) -> SafeString:
    """Draw a score large, with its thresholds and ends written out."""
    return mark_safe(figures.score_scale(drawn))


@register.simple_tag
def drawing(svg: str) -> SafeString:
    """Put the SVG text of a figure function on the page; never text from elsewhere."""
    return mark_safe(svg)


@register.inclusion_tag("console/partials/figure.html")
def figure(figure: figures.Figure) -> FigureContext:
    """Draw a figure with its caption, its notes and the table behind it."""
    return {"figure": figure, "svg": mark_safe(figure.svg)}


@register.simple_tag
def severity(value: str) -> SafeString:
    """Show a severity as shape, word and colour."""
    name = value.lower() if value.lower() in SHAPES else "unknown"
    shape = mark_safe(SHAPES.get(name, UNKNOWN_SHAPE))
    return format_html(
        '<span class="sev {}"><svg viewBox="0 0 12 12" aria-hidden="true">{}</svg>{}</span>',
        name,
        shape,
        parts.severity_word(name),
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """Show one icon of the sprite; the word beside it carries the meaning."""
    address = static("vendor/icons.svg")
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', address, name
    )


@register.simple_tag
def keycap(keys: str) -> SafeString:
    """Show the key that does this; hidden where keys do not work."""
    caps = (format_html("<kbd>{}</kbd>", key) for key in keys.split())
    return format_html('<span class="keys">{}</span>', mark_safe(" ".join(caps)))


@register.simple_tag
def age(at: datetime, now: datetime) -> SafeString:
    """Show how long ago something was; the exact local time comes on hover and to a reader."""
    return format_html(
        '<time datetime="{}" data-age title="{}">{}</time>',
        wording.utc_text(at),
        local_text(at),
        wording.age_text(at, now=now),
    )


@register.filter
def local_text(at: datetime) -> str:
    """Write an instant in the time zone in force, with the zone's name."""
    return date_format(localtime(at), gettext("j M Y, H:i:s T"))


register.filter("score_text", wording.score_text)
register.filter("percent_text", wording.percent_text)
register.filter("count_text", wording.count_text)
register.filter("utc_text", wording.utc_text)
