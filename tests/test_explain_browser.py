"""Pages of explanations in a real browser: what is seen, what keys do, and what is fetched."""

import os
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.explain import explain

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def missing(reason):
    """Without a browser there is nothing to see, unless one is required."""
    if os.environ.get("SYMGRAD_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    with sync_playwright() as playwright:
        found = [*map(shutil.which, NAMES), playwright.chromium.executable_path]
        path = next((one for one in found if one and Path(one).exists()), None)
        if path is None:
            missing(f"none of {', '.join(NAMES)} is on the path, and playwright has none installed")
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def view(browser, tmp_path):
    """A function that opens a page offline; at the end nothing was fetched, nothing complained."""
    contexts, fetched, said = [], [], []

    def opened(html, width=1280, **options):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        size = {"width": width, "height": 900}
        context = browser.new_context(offline=True, viewport=size, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda request: fetched.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [url for url in fetched if not url.startswith("file:")] == []
    assert len(fetched) == len(contexts)
    assert said == []


def lookup():
    W, index = sg.shared(np.arange(10.0).reshape(5, 2), name="W"), pt.lvector("index")
    subset = W[index]
    subset.name = "subset"
    cost = ((subset - 1) ** 2).sum()
    cost.name = "cost"
    rule = partial(sg.momentum, learning_rate=0.1)
    return explain(cost, subset, rule=rule, values={"index": [3, 1, 3]}, backend="c")


def scalar():
    x = pt.dscalar("x")
    return explain(x**2 * pt.sin(x), x, values={"x": 0.7}, backend=None)


def lstm():
    """A graph with many inputs and long edges, drawn in groups."""
    x, h, c = (pt.vector(name, shape=(3,)) for name in "xhc")

    def gate(name, function):
        W, U = (pt.matrix(f"{kind}_{name}", shape=(3, 3)) for kind in "WU")
        made = function(W @ x + U @ h + pt.vector(f"b_{name}", shape=(3,)))
        made.name = name
        return made

    i, f, o, g = *(gate(name, pt.sigmoid) for name in "ifo"), gate("g", pt.tanh)
    new_c = f * c + i * g
    new_c.name = "new_c"
    return explain(((o * pt.tanh(new_c)) ** 2).sum(), [h, c], backend=None)


def two_hundred():
    """Named chains that start at one variable."""
    x = pt.tensor("x", dtype="float64", shape=(3,))
    total = x
    for k in range(11):
        z = x
        for _ in range(9):
            z = pt.tanh(z) * x
        z.name = f"chain_{k}"
        total = total + z
    return explain(total.sum(), x, backend=None)


HOSTILE = ["</script><script>window.broken=1</script>", "<img src=x onerror='window.broken=1'>"]
HOSTILE += ["\"'&amp;`${x}", "変数" * 30, "W" * 300, "\u202eabc", "f\u0336"]


def hostile():
    """Names that are markup, very long, or written from right to left."""
    total = 0
    for name in HOSTILE:
        x = pt.dvector(name)
        z = pt.exp(x)
        z.name = f"exp {name}"
        total += (z * x).sum()
    return explain(total, backend=None)


MAKERS = {"lookup": lookup, "scalar": scalar, "lstm": lstm, "hostile": hostile}
MAKERS["two hundred"] = two_hundred


@pytest.fixture(scope="session")
def pages():
    """The pages by name, each made once."""
    made = {}

    def page(name):
        if name not in made:
            made[name] = MAKERS[name]().html()
        return made[name]

    return page


# In a drawing: boxes that meet, labels that are wider than their box, edges that cross a box.
FAULTS = """() => {
  const faults = [];
  document.querySelectorAll("details").forEach((one) => (one.open = true));
  const apart = (a, b) => a.x + a.width <= b.x + 0.5 || b.x + b.width <= a.x + 0.5
    || a.y + a.height <= b.y + 0.5 || b.y + b.height <= a.y + 0.5;
  for (const drawing of document.querySelectorAll(".pair svg")) {
    const boxes = [...drawing.querySelectorAll(".box")].map((one) => ({
      ids: one.dataset.of.split(" "), frame: one.querySelector(".shape").getBBox(),
      texts: [...one.querySelectorAll("text")],
    }));
    boxes.forEach((one, k) => {
      for (const other of boxes.slice(0, k)) {
        if (!apart(one.frame, other.frame)) faults.push(["boxes", one.ids[0], other.ids[0]]);
      }
      for (const text of one.texts) {
        const inner = text.getBBox(), outer = one.frame;
        if (inner.width === 0 || inner.x < outer.x + 2
          || inner.x + inner.width > outer.x + outer.width - 2
          || inner.y < outer.y || inner.y + inner.height > outer.y + outer.height) {
          faults.push(["label", text.textContent]);
        }
      }
    });
    for (const edge of drawing.querySelectorAll(".edge")) {
      const ends = [edge.dataset.from, ...edge.dataset.to.split(" ")];
      const wire = edge.querySelector(".wire");
      const others = boxes.filter((one) => !one.ids.some((id) => ends.includes(id)));
      for (let at = 0; at <= wire.getTotalLength(); at += 8) {
        const { x, y } = wire.getPointAtLength(at);
        const crossed = others.find(({ frame }) => x > frame.x && x < frame.x + frame.width
          && y > frame.y && y < frame.y + frame.height);
        if (crossed) {
          faults.push(["edge", ...ends, crossed.ids[0]]);
          break;
        }
      }
    }
    for (const one of drawing.querySelectorAll(".label")) {
      const inner = one.querySelector("text").getBBox();
      const outer = one.querySelector("rect").getBBox();
      if (inner.x < outer.x || inner.x + inner.width > outer.x + outer.width) {
        faults.push(["local derivative", one.textContent]);
      }
    }
  }
  return faults;
}"""

MATHS = """() => [...document.querySelectorAll(".steps > li[data-of]")].map((step) =>
  [...step.querySelectorAll("math")].map((one) => one.getBoundingClientRect())
    .filter((box) => box.width > 0 && box.height > 0).length)"""


@pytest.mark.parametrize("kind", MAKERS)
def test_drawings_are_clear(view, pages, kind):
    page = view(pages(kind))
    assert page.evaluate(FAULTS) == []
    drawn = page.locator(".box").count()
    assert drawn >= 6
    # All details are open now.
    maths = page.evaluate(MATHS)
    assert len(maths) >= 8
    assert min(maths) >= 1
    assert page.evaluate("window.broken") is None


def test_the_faults_would_be_found(view, pages):
    page = view(pages("lookup"))
    page.evaluate(
        """() => {
          const [one, other] = document.querySelectorAll(".box");
          one.querySelector(".formula").textContent = "much too long for this box, all of it";
          const shape = one.querySelector(".shape"), frame = other.querySelector(".shape");
          frame.setAttribute("x", shape.getAttribute("x"));
          const wire = document.querySelector(".edge[data-from=n3] .wire");
          const box = document.querySelector(".box[data-of=n2] .shape").getBBox();
          wire.setAttribute("d", `M0 ${box.y + 9}H900`);
        }"""
    )
    assert {one[0] for one in page.evaluate(FAULTS)} == {"boxes", "label", "edge"}


CHOSEN = """() => [...document.querySelectorAll(".chosen")].map((one) =>
  [one.tagName, one.closest(".forward, .backward")?.classList[0], one.dataset.of || "edge"])"""


def chosen(page):
    """Which boxes and lines are marked, without the edges."""
    return {(tag, of, panel) for tag, panel, of in page.evaluate(CHOSEN) if of != "edge"}


def test_steps_by_key_and_button(view, pages):
    page = view(pages("lookup"))
    count = page.locator(".count")
    assert count.text_content() == "10 steps"
    back = page.get_by_role("button", name="Previous")
    assert back.is_disabled()
    page.get_by_role("button", name="Next").click()
    assert count.text_content() == "Step 1 of 10"
    for key, expected in {"j": 2, "ArrowRight": 3, "k": 2, "ArrowLeft": 1}.items():
        page.keyboard.press(key)
        assert count.text_content() == f"Step {expected} of 10"
    for _ in range(20):
        page.keyboard.press("j")
    assert count.text_content() == "Step 10 of 10"
    assert page.get_by_role("button", name="Next").is_disabled()
    back.click()
    assert "power rule" in page.locator(".current").text_content()
    marked = chosen(page)
    assert ("LI", "n3", "backward") in marked
    assert {one for one in marked if one[0] == "g"} == {
        ("g", "n3", "forward"), ("g", "n3", "backward"),
    }  # fmt: skip
    assert len(page.evaluate(CHOSEN)) > len(marked)
    page.keyboard.press("Escape")
    assert count.text_content() == "10 steps"
    assert page.evaluate(CHOSEN) == []


def test_a_box_leads_to_its_partner_and_its_line(view, pages):
    page = view(pages("lookup"))
    box = page.locator(".backward .box[data-of=n3]")
    box.hover()
    assert page.locator(".hinted[data-of=n3]").count() == 4
    box.click()
    assert page.locator(".count").text_content() == "Step 9 of 10"
    page.locator(".forward .box[data-of=n3]").click()
    assert page.locator(".count").text_content() == "Step 4 of 10"
    page.mouse.move(0, 0)
    page.locator("section.backward li[data-of=n4]").click()
    assert page.locator(".count").text_content() == "Step 8 of 10"
    assert page.locator(".box.chosen[data-of=n4]").count() == 2


def test_by_keyboard_alone(view, pages):
    page = view(pages("scalar"))
    focus = "document.activeElement.getAttribute('data-of')"
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate(focus) == "n1":
            break
    assert page.evaluate(focus) == "n1"
    width = "getComputedStyle(document.activeElement.querySelector('.shape')).strokeWidth"
    assert page.evaluate(width) == "4px"
    assert page.locator(".hinted[data-of=n1]").count() == 4
    page.keyboard.press("Enter")
    assert page.locator(".count").text_content() == "Step 2 of 8"
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "false"
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"


def test_a_step_inside_of_a_group_is_shown(view, pages):
    page = view(pages("lstm"))
    assert page.locator("details[open]").count() == 0
    for _ in range(3):
        page.keyboard.press("j")
    assert page.locator("section.forward li.chosen").is_visible()
    assert page.locator(".box.group.chosen").count() == 2
    page.locator(".box.group").first.click()
    assert page.locator(".groups details[open] .box").first.is_visible()


WIDE = """() => {
  const limit = document.documentElement.clientWidth;
  const faults = [...document.querySelectorAll("main *")].filter((one) => {
    const box = one.getBoundingClientRect();
    if (box.right <= limit + 1 || box.width === 0) return false;
    for (let up = one.parentElement; up; up = up.parentElement) {
      if (["auto", "scroll", "hidden"].includes(getComputedStyle(up).overflowX)) return false;
    }
    return true;
  });
  return [document.documentElement.scrollWidth - limit, faults.map((one) => one.outerHTML)];
}"""


@pytest.mark.parametrize("kind", ["lookup", "lstm", "hostile"])
def test_on_a_narrow_screen(view, pages, kind):
    page = view(pages(kind), width=320)
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.keyboard.press("j")
    assert page.evaluate(WIDE) == [0, []]
    first, second = page.locator(".pair").first.locator("figure").all()
    assert second.bounding_box()["y"] >= first.bounding_box()["y"] + first.bounding_box()["height"]


CONTRAST = """() => {
  const parse = (text) => {
    const found = text.match(/[\\d.]+/g).map(Number);
    return { rgb: found.slice(0, 3), alpha: found.length > 3 ? found[3] : 1 };
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (one) => {
    for (let up = one; up; up = up.parentElement) {
      const shape = up.matches(".box, .label, .row")
        && getComputedStyle(up.querySelector(".shape, rect"));
      if (shape && shape.fill !== "none") return parse(shape.fill).rgb;
      const { rgb, alpha } = parse(getComputedStyle(up).backgroundColor);
      if (alpha > 0 && !up.closest("svg")) return rgb;
    }
    return [255, 255, 255];
  };
  const found = new Map();
  for (const one of document.querySelectorAll("main *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || one.closest("title") || !one.getBoundingClientRect().width) continue;
    const style = getComputedStyle(one);
    const ink = light(parse(one.closest("svg") ? style.fill : style.color).rgb);
    const paper = light(behind(one));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    const key = one.closest("[class]")?.getAttribute("class");
    if (!(found.get(key) <= ratio)) found.set(key, ratio);
  }
  return [...found];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(view, pages, scheme):
    page = view(pages("lookup"), color_scheme=scheme)
    page.keyboard.press("j")
    for _ in range(8):
        page.keyboard.press("j")
    found = dict(page.evaluate(CONTRAST))
    assert len(found) > 10
    assert {key: ratio for key, ratio in found.items() if ratio < 4.5} == {}
    paper = page.evaluate("getComputedStyle(document.querySelector('.symgrad')).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


def test_on_paper_all_is_open(view, pages):
    page = view(pages("lstm"), width=794, color_scheme="dark")
    page.emulate_media(media="print")
    assert min(page.evaluate(MATHS)) >= 1
    assert page.locator(".toolbar").is_hidden()
    assert page.evaluate(WIDE)[0] == 0
    paper = page.evaluate("getComputedStyle(document.querySelector('.symgrad')).backgroundColor")
    assert paper == "rgb(255, 255, 255)"


NOTEBOOK = """<!doctype html><html><head><meta charset="utf-8"><title>notebook</title><style>
body {{ font-family: monospace; color: rgb(200, 0, 0); }}
.jp-RenderedHTMLCommon tbody tr:nth-child(odd) {{ background: rgb(245, 245, 245); }}
</style></head><body data-jp-theme-light="true"><main>
<p id="mine">text</p><ol class="steps"><li data-of="n0" id="other">not ours</li></ol>
{cells}</main></body></html>"""


def test_two_explanations_in_a_notebook(view):
    pieces = [scalar()._repr_html_(), scalar()._repr_html_()]
    cells = "".join(f'<div class="jp-RenderedHTMLCommon">{one}</div>' for one in pieces)
    alone = view(NOTEBOOK.format(cells=""))
    page = view(NOTEBOOK.format(cells=cells), color_scheme="dark")
    styles = "() => ['#mine', '#other', 'body'].map((one) => {"
    styles += " const s = getComputedStyle(document.querySelector(one));"
    styles += " return [s.color, s.font, s.margin, s.display, s.backgroundColor]; })"
    assert page.evaluate(styles) == alone.evaluate(styles)
    first, second = page.locator(".symgrad").all()
    page.keyboard.press("j")
    assert page.locator(".chosen").count() == 0
    first.get_by_role("button", name="Next").click()
    page.keyboard.press("j")
    assert first.locator(".count").text_content() == "Step 2 of 8"
    assert second.locator(".count").text_content() == "8 steps"
    assert second.locator(".chosen").count() == 0
    second.locator(".backward .box[data-of=n1]").click()
    assert second.locator(".count").text_content() == "Step 7 of 8"
    assert first.locator(".count").text_content() == "Step 2 of 8"
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("#other.chosen").count() == 0
    stripe = "getComputedStyle(document.querySelector('.symgrad tbody tr')).backgroundColor"
    assert page.evaluate(stripe) == "rgba(0, 0, 0, 0)"
    assert {key: ratio for key, ratio in page.evaluate(CONTRAST) if ratio < 4.5} == {}


def test_two_hundred_nodes_can_be_walked(view, pages):
    page = view(pages("two hundred"))
    assert page.locator(".groups details").count() == 12
    frame = page.locator(".pair").first
    assert frame.bounding_box()["height"] <= 800
    count = int(page.locator(".count").text_content().split()[0])
    assert count > 400
    page.evaluate(
        """(times) => {
          const key = new KeyboardEvent("keydown", { key: "j", bubbles: true });
          for (let at = 0; at < times; at += 1) document.body.dispatchEvent(key);
        }""",
        count // 2,
    )
    last = page.locator(".pair").first.locator(".forward .chosen.box")
    inside = last.bounding_box()
    outside = frame.bounding_box()
    assert outside["y"] <= inside["y"]
    assert inside["y"] + inside["height"] <= outside["y"] + outside["height"] + 1


def test_a_drawing_is_shown_as_a_picture(view, tmp_path):
    (tmp_path / "drawing.svg").write_text(scalar().svg(), encoding="utf-8")
    page = view(f"<!doctype html><body>{scalar().svg()}</body>")
    box = page.locator("svg").bounding_box()
    assert box["width"] > 300
    assert box["height"] > 200
    texts = page.locator("svg text").all()
    assert all(one.bounding_box()["width"] > 0 for one in texts)
