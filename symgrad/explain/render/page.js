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
    const meets = (element, ids) => idsOf(element).some((id) => ids.has(id));
    let at = -1;

    // Give a class to what stands for any of the ids, and to the edges between such boxes.
    function mark(name, ids) {
      const drawn = new Set();
      for (const node of nodes) {
        const met = meets(node, ids);
        node.classList.toggle(name, met);
        if (node.classList.contains("box")) {
          node.setAttribute("aria-pressed", String(node.classList.contains("chosen")));
          if (met) idsOf(node).forEach((id) => drawn.add(id));
        }
      }
      for (const edge of edges) {
        const ends = [edge.dataset.from, ...edge.dataset.to.split(" ")];
        edge.classList.toggle(name, ends.some((id) => drawn.has(id)));
      }
    }

    function reveal(element) {
      const opened = element.closest("details");
      if (!opened || !root.contains(opened)) return;
      opened.open = true;
      reveal(opened.parentElement);
    }

    // Scroll the frame, but not the page, until the boxes can be seen.
    function bring(ids) {
      for (const frame of all(".pair")) {
        const box = [...frame.querySelectorAll(".box")].find((element) => meets(element, ids));
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
      for (const other of steps) other.classList.toggle("chosen", other === step);
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

    // The line of a box: a line of the derivation for a box of the gradient graph.
    function stepOf(box) {
      const head = idsOf(box).at(-1);
      const kind = box.closest(".backward") ? "of-back" : "of-forward";
      return steps.findIndex((step) => step.dataset.of === head && step.classList.contains(kind));
    }

    // The drawing of the steps that a box stands for.
    function unfold(box) {
      const drawn = root.querySelector(`details[data-group="${idsOf(box).at(-1)}"]`);
      if (drawn) drawn.open = true;
    }

    for (const node of nodes) {
      const ids = new Set(idsOf(node));
      const on = () => mark("hinted", ids);
      const off = () => mark("hinted", new Set());
      node.addEventListener("pointerenter", on);
      node.addEventListener("pointerleave", off);
      node.addEventListener("focus", on);
      node.addEventListener("blur", off);
      const isBox = node.classList.contains("box");
      const pick = () => {
        if (node.classList.contains("group")) unfold(node);
        choose(isBox ? stepOf(node) : steps.indexOf(node));
      };
      node.addEventListener("click", pick);
      if (!isBox) continue;
      node.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        pick();
      });
    }
    for (const button of all("button[data-go]")) {
      const go = Number(button.dataset.go);
      button.addEventListener("click", () => choose(go ? at + go : -1));
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
    // A page hears all keys; a piece of a notebook only those that are meant for it.
    if (root.parentElement.matches(".symgrad-page")) {
      document.addEventListener("keydown", (event) => {
        if (event.target === document.body) walk(event);
      });
    }

    // Everything is unfolded in print.
    window.addEventListener("beforeprint", () => all("details").forEach((details) => (details.open = true)));
    choose(-1);
  }

  document.querySelectorAll(".symgrad:not([data-ready])").forEach(start);
})();
