"""Whether what a page shows can be read: nothing sticks out, and letters differ from what is behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator

# WCAG 2.1: 4.5 for text, 3 for graphical objects, as which the marks ✓ and ✗ count
_FAINT = """card => {
  const numbers = colour => {  // a canvas knows every way to write one
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const behind = element => {
    if (!element) return [255, 255, 255, 1];
    const own = numbers(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  const opacity = element => element === card ? 1 : getComputedStyle(element).opacity * opacity(element.parentElement);
  const light = ([r, g, b]) => [r, g, b].map(x => x / 255)
    .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [], walker = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), element = walker.currentNode.parentElement;
    if (!text || element.tagName === "STYLE" || !element.checkVisibility()) continue;
    const ground = behind(element), ink = numbers(getComputedStyle(element).color);
    const [dim, bright] = [light(over([...ink.slice(0, 3), ink[3] * opacity(element)], ground)), light(ground)]
      .sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dim + 0.05);
    if (contrast < (element.classList.contains("tl-mark") ? 3 : 4.5)) found.push(`${contrast.toFixed(1)}: ${text}`);
  }
  return found;
}"""

_OUTSIDE = """card => {
  const { left, right } = card.getBoundingClientRect();
  return [...card.querySelectorAll("*")].filter(each => each.checkVisibility()).filter(each => {
    const box = each.getBoundingClientRect();
    return box.width && (box.left < left || box.right > right - 1 || each.scrollWidth > each.clientWidth + 1
      && getComputedStyle(each).display !== "inline");
  }).map(each => `${each.tagName} ${each.className}: ${each.textContent.trim().slice(0, 40)}`);
}"""


def faint(card: Locator) -> list[str]:
    """Texts of a card that are hard to read before their background, with the contrast."""
    return list(card.evaluate(_FAINT))


def outside(card: Locator) -> list[str]:
    """Parts of a card that stick out of it, or whose content sticks out of them."""
    return list(card.evaluate(_OUTSIDE))
