"use strict";
// Filters, sorting and view of the gallery. It only shows, hides and reorders what the page already holds, and keeps
// what was chosen in the address, so that a view can be bookmarked or sent on. Text is never turned into markup.
(() => {
  const index = JSON.parse(document.getElementById("index").textContent);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const list = one(".clips"), cards = all("article", list);
  const clips = index.clips.map((clip, i) => ({ ...clip, card: cards[i], text: cards[i].textContent.toLowerCase() }));
  const chips = all("[data-facet] button").map((button) => ({
    button, facet: button.closest("fieldset").dataset.facet, value: button.dataset.value,
  }));
  const ranges = all("[data-number]").map((field) => ({ key: field.dataset.number, inputs: all("input", field) }));
  const words = one("input[type=search]"), order = one(".order select"), size = one(".size select");
  const masks = one(".show-masks"), curves = one(".show-curves"), reset = one(".reset");
  let sorted = "";
  const totals = index.clips.length ? sum(index.clips) : [];

  function sum(some) {
    const found = index.clips[0].bins.map((bins) => bins.map(() => 0));
    for (const clip of some) clip.bins.forEach((bins, h) => bins.forEach((n, b) => { found[h][b] += n; }));
    return found;
  }

  function bound(input) {
    const value = parseFloat(input.value.replace(",", "."));
    return Number.isFinite(value) ? value : null;
  }

  function fits(clip, chosen, limits, wanted) {
    for (const [facet, values] of chosen) if (!clip.facets[facet].some((value) => values.has(value))) return false;
    for (const [key, low, high] of limits) {
      const value = clip.numbers[key];
      if (value === null || (low !== null && value < low) || (high !== null && value > high)) return false;
    }
    return wanted.every((word) => clip.text.includes(word));
  }

  function update() {
    const chosen = new Map();
    for (const { button, facet, value } of chips) {
      if (button.getAttribute("aria-pressed") !== "true") continue;
      if (!chosen.has(facet)) chosen.set(facet, new Set());
      chosen.get(facet).add(value);
    }
    const limits = ranges.map(({ key, inputs }) => [key, bound(inputs[0]), bound(inputs[1])])
      .filter(([, low, high]) => low !== null || high !== null);
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = clips.filter((clip) => {
      const fit = fits(clip, chosen, limits, wanted);
      clip.card.hidden = !fit;
      return fit;
    });
    one(".count").textContent = `${shown.length} of ${clips.length} clips`;
    one(".none").hidden = shown.length > 0;
    reset.hidden = !(chosen.size || limits.length || wanted.length);
    histograms(shown);
    remember(chosen, wanted);
  }

  function histograms(shown) {
    const now = clips.length ? sum(shown) : [];
    all("[data-histogram]").forEach((figure, h) => {
      const most = Math.max(1, ...totals[h].slice(1)), every = Math.max(1, now[h].reduce((a, b) => a + b, 0));
      all("rect.now", figure).forEach((bar, b) => {
        const tall = (70 * now[h][b + 1]) / most;
        bar.setAttribute("height", tall);
        bar.setAttribute("y", 70 - tall);
      });
      one("output", figure).textContent = shown.length ? `${Math.round((100 * now[h][0]) / every)} %` : "–";
    });
  }

  function sort() {
    if (order.value === sorted) return;
    sorted = order.value;
    const key = order.value.replace("-", ""), sign = order.value.endsWith("-") ? 1 : -1;
    const value = (clip) => (clip.numbers[key] === null ? sign * Infinity : clip.numbers[key]);
    const ordered = clips.slice();
    if (key) ordered.sort((a, b) => (value(a) === value(b) ? 0 : sign * (value(a) - value(b))));
    list.append(...ordered.map((clip) => clip.card));
  }

  function look() {
    document.body.classList.toggle("no-masks", !masks.checked);
    document.body.classList.toggle("no-curves", !curves.checked);
    document.body.dataset.size = size.value;
  }

  function remember(chosen, wanted) {
    const state = new URLSearchParams();
    for (const [facet, values] of chosen) for (const value of values) state.append(facet, value);
    for (const { key, inputs } of ranges) inputs.forEach((input, i) => { if (input.value) state.set(`${key}.${i ? "to" : "from"}`, input.value); });
    if (wanted.length) state.set("words", words.value);
    if (order.value) state.set("sort", order.value);
    const text = state.toString();
    if (text || location.hash.includes("=")) history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  }

  function recall() {
    if (!location.hash.includes("=")) return;
    const state = new URLSearchParams(location.hash.slice(1));
    for (const { button, facet, value } of chips) button.setAttribute("aria-pressed", state.getAll(facet).includes(value));
    for (const { key, inputs } of ranges) inputs.forEach((input, i) => { input.value = state.get(`${key}.${i ? "to" : "from"}`) || ""; });
    words.value = state.get("words") || "";
    order.value = state.get("sort") || "";
    if (order.selectedIndex < 0) order.value = "";
  }

  document.documentElement.classList.add("js");
  for (const { button } of chips) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
      update();
    });
  }
  for (const { inputs } of ranges) for (const input of inputs) input.addEventListener("input", update);
  words.addEventListener("input", update);
  one(".filters").addEventListener("submit", (event) => event.preventDefault());
  order.addEventListener("change", () => { sort(); update(); });
  for (const control of [masks, curves, size]) control.addEventListener("change", look);
  reset.addEventListener("click", () => {
    for (const { button } of chips) button.setAttribute("aria-pressed", "false");
    for (const { inputs } of ranges) for (const input of inputs) input.value = "";
    words.value = "";
    update();
    one(".filters summary").focus();
  });
  addEventListener("hashchange", () => { recall(); sort(); update(); });
  // A phone has no room for the filters above the clips: they wait there folded.
  if (matchMedia("(max-width: 640px)").matches && !location.hash.includes("=")) one(".filters details").open = false;
  recall();
  sort();
  look();
  update();
})();
