(() => {
  "use strict";

  function start(root) {
    root.dataset.ready = "";
    const all = (query) => [...root.querySelectorAll(query)];
    const steps = all(".steps:not(.current) > li[data-of]");
    const current = root.querySelector(".current");
    const hint = current.firstElementChild;
    const count = root.querySelector(".count");
    const nodes = all("[data-of]");
    const edges = all(".edge, .label");
    const idsOf = (element) => element.dataset.of.split(" ");
    const meets = (element, ids) => idsOf(element).some((one) => ids.has(one));
    let at = -1;

    // What stands for any of the ids gets the class; and so does an edge between such boxes.
    function mark(name, ids) {
      const drawn = new Set();
      for (const one of nodes) {
        const found = meets(one, ids);
        one.classList.toggle(name, found);
        if (one.classList.contains("box")) {
          one.setAttribute("aria-pressed", String(one.classList.contains("chosen")));
          if (found) idsOf(one).forEach((id) => drawn.add(id));
        }
      }
      for (const one of edges) {
        const ends = [one.dataset.from, ...one.dataset.to.split(" ")];
        one.classList.toggle(name, ends.some((id) => drawn.has(id)));
      }
    }

    function reveal(element) {
      const opened = element.closest("details");
      if (!opened || !root.contains(opened)) return;
      opened.open = true;
      reveal(opened.parentElement);
    }

    // Bring boxes into sight inside of their frame, without moving the page.
    function bring(ids) {
      for (const frame of all(".pair")) {
        const box = [...frame.querySelectorAll(".box")].find((one) => meets(one, ids));
        if (!box) continue;
        const inner = box.getBoundingClientRect();
        const outer = frame.getBoundingClientRect();
        if (inner.top < outer.top || inner.bottom > outer.bottom) {
          frame.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
        }
      }
    }

    function choose(next) {
      at = Math.max(-1, Math.min(steps.length - 1, next));
      const step = steps[at];
      const ids = new Set(step ? idsOf(step) : []);
      mark("chosen", ids);
      for (const one of steps) one.classList.toggle("chosen", one === step);
      current.replaceChildren(step ? step.cloneNode(true) : hint);
      count.textContent = step ? `Step ${at + 1} of ${steps.length}` : `${steps.length} steps`;
      root.querySelector('[data-go="-1"]').disabled = at < 1;
      root.querySelector('[data-go="1"]').disabled = at === steps.length - 1;
      root.querySelector('[data-go="0"]').disabled = at < 0;
      if (step) {
        reveal(step);
        bring(ids);
      }
    }

    // From a box to its line: of the derivation if it is of the gradient's graph.
    function stepOf(box) {
      const head = idsOf(box).at(-1);
      const kind = box.closest(".backward") ? "of-back" : "of-forward";
      return steps.findIndex((one) => one.dataset.of === head && one.classList.contains(kind));
    }

    // The drawing of the steps that a box stands for.
    function unfold(box) {
      const drawn = root.querySelector(`details[data-group="${idsOf(box).at(-1)}"]`);
      if (drawn) drawn.open = true;
    }

    for (const one of nodes) {
      const ids = new Set(idsOf(one));
      const on = () => mark("hinted", ids);
      const off = () => mark("hinted", new Set());
      one.addEventListener("pointerenter", on);
      one.addEventListener("pointerleave", off);
      one.addEventListener("focus", on);
      one.addEventListener("blur", off);
      const isBox = one.classList.contains("box");
      const pick = () => {
        if (one.classList.contains("group")) unfold(one);
        choose(isBox ? stepOf(one) : steps.indexOf(one));
      };
      one.addEventListener("click", pick);
      if (!isBox) continue;
      one.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        pick();
      });
    }
    for (const one of all("button[data-go]")) {
      const go = Number(one.dataset.go);
      one.addEventListener("click", () => choose(go ? at + go : -1));
    }

    const moves = { ArrowRight: 1, j: 1, ArrowLeft: -1, k: -1 };
    function walk(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") choose(-1);
      else if (event.key in moves) choose(Math.max(0, at + moves[event.key]));
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
    root.addEventListener("keydown", walk);
    // A page of its own hears all keys; in a notebook only those that are meant for it.
    if (root.parentElement.matches(".symgrad-page")) {
      document.addEventListener("keydown", (event) => {
        if (event.target === document.body) walk(event);
      });
    }

    // On paper everything is open.
    window.addEventListener("beforeprint", () => all("details").forEach((one) => (one.open = true)));
    choose(-1);
  }

  document.querySelectorAll(".symgrad:not([data-ready])").forEach(start);
})();
