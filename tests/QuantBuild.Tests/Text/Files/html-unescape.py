"""Writes html-unescape.json beside itself: texts, and what Python's html.unescape makes of them."""
import html
import html.entities
import json
import os
import random

random.seed(42)
texts = [f"{left}&{name}{right}" for name in sorted(html.entities.html5) for left, right in [("", ""), ("a", "b=1")]]
texts += [f"&#{number};" for number in [*range(0, 300), 8364, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFDCF, 0xFDD0, 0xFDEF, 0xFDF0, 0x10FFFD, 0x10FFFE, 0x110000, 10 ** 30]]
texts += [f"&#{'xX'[number % 2]}{number:x}" for number in [*range(0, 300, 7), 0xFFFD, 0xFFFE, 0x1F600, 0x1FFFF, 0xFFFFFFFFFFFF]]
texts += ["&", "&;", "& amp;", "&#", "&#;", "&#x", "&#x;", "&#xg", "&#a", "&&amp;", "&amp;amp;", "&amp&lt", "&notanentity;", "&notin;", "&notit;", "a king &regal queen",
          "salt &pepper &copy 2024", "&AMP", "&Amp;", "&" + "a" * 40 + ";", "&amp" + "é" * 29 + ";", "&amp" + "\U0001F600" * 30 + ";", "&\U0001F600;", "&lt\r;", "&gt\u00a0;", "&#128;&#129;"]
names = sorted(html.entities.html5)
alphabet = ["&", "#", "x", ";", "1", "a", "amp", "not", "in", " ", "é", "\U0001F600", "\n"]
for _ in range(2000):
    texts.append("".join(random.choice(alphabet) if random.random() < 0.7 else random.choice(names)[: random.randint(1, 12)] for _ in range(random.randint(1, 9))))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "html-unescape.json"), "w") as file:
    json.dump([[text, html.unescape(text)] for text in texts], file, separators=(",", ":"))
