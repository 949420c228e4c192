"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  document.documentElement.classList.add("js");

  for (const input of all(".stage input")) {
    const stage = input.parentElement;
    const show = () => {
      stage.style.setProperty("--at", input.value + "%");
      stage.classList.toggle("all-before", input.value === "100");
      stage.classList.toggle("all-after", input.value === "0");
      input.setAttribute("aria-valuetext", input.value + "% before, " + (100 - input.value) + "% after");
    };
    input.value = 50;  // a reloaded page remembers where it was
    input.addEventListener("input", show);
    show();
  }

  const videos = one("#videos"), rows = all(".video");
  const filter = one("#filter"), order = one("#order"), open = one("#open"), shown = one("#shown");
  const tools = one(".tools");
  if (rows.length < 2) return;
  tools.hidden = false;

  const rank = { failed: 0, skipped: 1, done: 2 };
  const names = new Intl.Collator(undefined, { numeric: true });
  const byName = (a, b) => names.compare(a.dataset.name, b.dataset.name);
  const byPlace = (a, b) => a.dataset.place - b.dataset.place;
  const byMost = (key) => (a, b) => b.dataset[key] - a.dataset[key] || byPlace(a, b);
  const orders = {
    place: byPlace, name: byName, coverage: byMost("coverage"), elapsed: byMost("elapsed"),
    frames: byMost("frames"), status: (a, b) => rank[a.dataset.status] - rank[b.dataset.status] || byPlace(a, b),
  };

  const visible = () => rows.filter((row) => !row.hidden);
  const label = () => {
    open.textContent = visible().some((row) => !row.firstElementChild.open) ? "Open all" : "Close all";
  };
  const narrow = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const status = one("input[name=status]:checked").value;
    for (const row of rows) {
      const name = row.dataset.name.toLowerCase();
      row.hidden = (status !== "all" && row.dataset.status !== status) || !words.every((word) => name.includes(word));
    }
    const count = visible().length;
    shown.textContent = count === rows.length ? "" : count + " of " + rows.length + " shown";
    label();
  };
  const sort = () => videos.append(...rows.sort(orders[order.value]));

  filter.addEventListener("input", narrow);
  for (const radio of all("input[name=status]")) radio.addEventListener("change", narrow);
  order.addEventListener("change", sort);
  open.addEventListener("click", () => {
    const opening = open.textContent === "Open all";
    for (const row of visible()) row.firstElementChild.open = opening;
    label();
  });
  videos.addEventListener("toggle", label, true);
  label();
})();
