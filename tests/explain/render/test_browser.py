"""Pages of explanations in a real browser: what is seen, what keys do, and what is fetched."""

import os
import shutil
from pathlib import Path

import pytensor.tensor as pt
import pytest

from symgrad.explain import explain
from tests.explain.costs import explained_chains, explained_lookup, explained_scalar

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
        candidates = [*map(shutil.which, NAMES), playwright.chromium.executable_path]
        path = next((path for path in candidates if path and Path(path).exists()), None)
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


MAKERS = {
    "lookup": explained_lookup,
    "scalar": explained_scalar,
    "lstm": lstm,
    "hostile": hostile,
    "two hundred": explained_chains,
}


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
  document.querySelectorAll("details").forEach((details) => (details.open = true));
  const apart = (a, b) => a.x + a.width <= b.x + 0.5 || b.x + b.width <= a.x + 0.5
    || a.y + a.height <= b.y + 0.5 || b.y + b.height <= a.y + 0.5;
  for (const drawing of document.querySelectorAll(".pair svg")) {
    const boxes = [...drawing.querySelectorAll(".box")].map((box) => ({
      ids: box.dataset.of.split(" "), frame: box.querySelector(".shape").getBBox(),
      texts: [...box.querySelectorAll("text")],
    }));
    boxes.forEach((box, k) => {
      for (const other of boxes.slice(0, k)) {
        if (!apart(box.frame, other.frame)) faults.push(["boxes", box.ids[0], other.ids[0]]);
      }
      for (const text of box.texts) {
        const inner = text.getBBox(), outer = box.frame;
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
      const others = boxes.filter((box) => !box.ids.some((id) => ends.includes(id)));
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
    for (const label of drawing.querySelectorAll(".label")) {
      const inner = label.querySelector("text").getBBox();
      const outer = label.querySelector("rect").getBBox();
      if (inner.x < outer.x || inner.x + inner.width > outer.x + outer.width) {
        faults.push(["local derivative", label.textContent]);
      }
    }
  }
  return faults;
}"""

MATHS = """() => [...document.querySelectorAll(".steps > li[data-of]")].map((step) =>
  [...step.querySelectorAll("math")].map((math) => math.getBoundingClientRect())
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
          const [box, other] = document.querySelectorAll(".box");
          box.querySelector(".formula").textContent = "much too long for this box, all of it";
          const shape = box.querySelector(".shape"), frame = other.querySelector(".shape");
          frame.setAttribute("x", shape.getAttribute("x"));
          const wire = document.querySelector(".edge[data-from=n3] .wire");
          const crossed = document.querySelector(".box[data-of=n2] .shape").getBBox();
          wire.setAttribute("d", `M0 ${crossed.y + 9}H900`);
        }"""
    )
    assert {fault[0] for fault in page.evaluate(FAULTS)} == {"boxes", "label", "edge"}


CHOSEN = """() => [...document.querySelectorAll(".chosen")].map((node) =>
  [node.tagName, node.closest(".forward, .backward")?.classList[0], node.dataset.of || "edge"])"""


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
    assert {mark for mark in marked if mark[0] == "g"} == {
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
  const faults = [...document.querySelectorAll("main *")].filter((element) => {
    const box = element.getBoundingClientRect();
    if (box.right <= limit + 1 || box.width === 0) return false;
    for (let up = element.parentElement; up; up = up.parentElement) {
      if (["auto", "scroll", "hidden"].includes(getComputedStyle(up).overflowX)) return false;
    }
    return true;
  });
  return [document.documentElement.scrollWidth - limit, faults.map((node) => node.outerHTML)];
}"""


@pytest.mark.parametrize("kind", ["lookup", "lstm", "hostile"])
def test_on_a_narrow_screen(view, pages, kind):
    page = view(pages(kind), width=320)
    page.evaluate(
        "() => document.querySelectorAll('details').forEach((each) => (each.open = true))"
    )
    page.keyboard.press("j")
    assert page.evaluate(WIDE) == [0, []]
    first, second = page.locator(".pair").first.locator("figure").all()
    assert second.bounding_box()["y"] >= first.bounding_box()["y"] + first.bounding_box()["height"]


CONTRAST = """() => {
  const parse = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    return { rgb: numbers.slice(0, 3), alpha: numbers.length > 3 ? numbers[3] : 1 };
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let up = element; up; up = up.parentElement) {
      const shape = up.matches(".box, .label, .row")
        && getComputedStyle(up.querySelector(".shape, rect"));
      if (shape && shape.fill !== "none") return parse(shape.fill).rgb;
      const { rgb, alpha } = parse(getComputedStyle(up).backgroundColor);
      if (alpha > 0 && !up.closest("svg")) return rgb;
    }
    return [255, 255, 255];
  };
  const ratios = new Map();
  for (const element of document.querySelectorAll("main *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest("title") || !element.getBoundingClientRect().width) continue;
    const style = getComputedStyle(element);
    const ink = light(parse(element.closest("svg") ? style.fill : style.color).rgb);
    const paper = light(behind(element));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    const key = element.closest("[class]")?.getAttribute("class");
    if (!(ratios.get(key) <= ratio)) ratios.set(key, ratio);
  }
  return [...ratios];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(view, pages, scheme):
    page = view(pages("lookup"), color_scheme=scheme)
    page.keyboard.press("j")
    for _ in range(8):
        page.keyboard.press("j")
    ratios = dict(page.evaluate(CONTRAST))
    assert len(ratios) > 10
    assert {key: ratio for key, ratio in ratios.items() if ratio < 4.5} == {}
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
    pieces = [explained_scalar()._repr_html_(), explained_scalar()._repr_html_()]
    cells = "".join(f'<div class="jp-RenderedHTMLCommon">{piece}</div>' for piece in pieces)
    alone = view(NOTEBOOK.format(cells=""))
    page = view(NOTEBOOK.format(cells=cells), color_scheme="dark")
    styles = "() => ['#mine', '#other', 'body'].map((query) => {"
    styles += " const s = getComputedStyle(document.querySelector(query));"
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
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((element) => element.id)")
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
    (tmp_path / "drawing.svg").write_text(explained_scalar().svg(), encoding="utf-8")
    page = view(f"<!doctype html><body>{explained_scalar().svg()}</body>")
    box = page.locator("svg").bounding_box()
    assert box["width"] > 300
    assert box["height"] > 200
    texts = page.locator("svg text").all()
    assert all(text.bounding_box()["width"] > 0 for text in texts)
