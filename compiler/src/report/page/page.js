"use strict";
// Search, and keys. Everything shown is in the markup already; this hides, opens and reads it.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const input = $("#q"), found = $("#found");
  const sites = $$("details.site");
  const tables = $$("table.f");
  const sections = $$("main > section:not(#sites)");

  // IPv4 as numbers.
  const toNumber = (text) => text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const toText = (number) => [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join(".");
  const isAddress = (text) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((octet) => octet <= 255);
  // `10.0.0.1`, `10.0.0.0/24`, or `10.0.0.1 - 10.0.0.9`.
  const range = (text) => {
    const [from, to] = text.split("-").map((part) => part.trim());
    const [address, length = "32"] = from.split("/");
    if (!isAddress(address) || !/^\d{1,2}$/.test(length) || length > 32) return null;
    if (to !== undefined) return isAddress(to) ? { first: toNumber(address), last: toNumber(to) } : null;
    const size = 2 ** (32 - length);
    const first = Math.floor(toNumber(address) / size) * size;
    return { first, last: first + size - 1 };
  };
  const overlaps = (a, b) => Boolean(a && b && a.first <= b.last && b.first <= a.last);

  // What is searched, read once: a site by its heading, a subnet by its cells.
  let index;
  const read = () => index ??= sites.map((site) => ({
    site,
    text: $$(".code, .name", site).map((part) => part.textContent).join(" ").toLowerCase(),
    rows: $$("tbody tr", site).map((row) => ({
      row,
      text: [0, 1, 2].map((at) => row.cells[at].textContent).join(" ").toLowerCase(),
      range: range(row.cells[0].textContent),
    })),
  }));

  const OPENED_MAX = 8;
  const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

  const search = () => {
    const query = input.value.trim().toLowerCase();
    const wanted = range(query);
    let siteCount = 0, subnetCount = 0, lineCount = 0;
    const opened = [];
    for (const { site, text, rows } of read()) {
      const named = query !== "" && !wanted && text.includes(query);
      let hits = 0;
      for (const { row, text, range } of rows) {
        const hit = query !== "" && (wanted ? overlaps(range, wanted) : text.includes(query));
        row.classList.toggle("hit", hit);
        hits += hit;
      }
      site.hidden = query !== "" && !named && hits === 0;
      if (query !== "" && !site.hidden) {
        siteCount++;
        subnetCount += hits;
        opened.push(site);
      }
    }
    for (const table of tables) {
      for (const row of table.tBodies[0].rows) {
        const own = wanted ? range(row.cells[0].textContent) : null;
        const hit = wanted ? overlaps(own, wanted) : row.textContent.toLowerCase().includes(query);
        row.hidden = query !== "" && !hit;
        lineCount += query !== "" && hit;
      }
    }
    // While something is searched, only sections in which it was found are shown.
    for (const section of sections) {
      section.hidden = query !== "" && !$$("table.f tbody tr", section).some((row) => !row.hidden);
    }
    if (query !== "" && opened.length <= OPENED_MAX) for (const site of opened) site.open = true;
    found.textContent = query === "" ? ""
      : `${counted(siteCount, "site")}, ${counted(subnetCount, "subnet")}, ${counted(lineCount, "other line")}`;
  };
  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 80);
  });

  const visible = () => sites.filter((site) => !site.hidden).map((site) => $("summary", site));
  const step = (list, from, by) => list[Math.min(Math.max(list.indexOf(from) + by, 0), list.length - 1)];
  const focus = (element) => {
    if (!element) return;
    element.focus();
    element.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "/" && target !== input) {
      event.preventDefault();
      input.focus();
      input.select();
    } else if (key === "Escape" && input.value !== "") {
      input.value = "";
      search();
    } else if (target === input && (key === "ArrowDown" || key === "Enter")) {
      event.preventDefault();
      clearTimeout(waiting);
      search();
      focus(visible()[0]);
    } else if (target.matches?.("details.site > summary")) {
      const list = visible();
      const next = {
        ArrowDown: () => step(list, target, 1),
        ArrowUp: () => step(list, target, -1),
        Home: () => list[0],
        End: () => list[list.length - 1],
      }[key];
      if (!next) return;
      event.preventDefault();
      focus(next());
    }
  });

  const openAll = (open) => { for (const site of sites) if (!site.hidden) site.open = open; };
  $("#open").addEventListener("click", () => openAll(true));
  $("#close").addEventListener("click", () => openAll(false));
  const decoded = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  // `#site-A` opens a site, `#q=10.1.2.3` searches.
  const openNamed = () => {
    const name = location.hash.slice(1);
    if (name.startsWith("q=")) {
      input.value = decoded(name.slice(2));
      search();
      return;
    }
    const site = document.getElementById(name);
    if (!site?.matches("details.site")) return;
    site.hidden = false;
    site.open = true;
    $("summary", site).focus();
  };
  addEventListener("hashchange", openNamed);
  openNamed();

  // A line below a map that says what is under the cursor.
  const reader = (figure) => {
    let line = $(".read", figure);
    if (!line) {
      line = document.createElement("p");
      line.className = "read";
      line.setAttribute("aria-live", "polite");
      figure.append(line);
    }
    return line;
  };

  const KINDS = [["r", "reserved"], ["x", "excluded"], ["p", "in a pool"], ["q", "in a pool"], ["w", "in a pool"],
    ["e", "network or broadcast address"], ["o", "in no pool"]];
  const covers = (path, at) => [...path.getAttribute("d").matchAll(/M(\d+) [\d.]+h(\d+)/g)]
    .some(([, from, length]) => at >= +from && at < +from + +length);
  const has = (svg, kind, at) => $$(`path.${kind}`, svg).some((path) => covers(path, at));

  const describe = (figure, svg, at) => {
    const address = toNumber(svg.previousElementSibling.textContent) + at;
    const cells = $$("tbody tr", figure.closest("details")).map((row) => row.cells);
    const subnet = cells.find((cells) => overlaps(range(cells[0].textContent), { first: address, last: address }));
    const kind = KINDS.find(([kind]) => has(svg, kind, at));
    const leased = has(svg, "l", at) ? ", leased" : "";
    const where = subnet ? ` in ${subnet[0].textContent}, network ${subnet[1].textContent}` : "";
    return `${toText(address)}: ${kind ? kind[1] + leased + where : "in no subnet of this site"}`;
  };

  const point = (figure, svg, at) => {
    for (const old of $$(".at", figure)) old.remove();
    const mark = document.createElementNS("http://www.w3.org/2000/svg", "path");
    mark.setAttribute("class", "at");
    mark.setAttribute("d", `M${at + 0.5} 0v12`);
    svg.append(mark);
    figure.cursor = { svg, at };
    reader(figure).textContent = describe(figure, svg, at);
  };

  const width = (svg) => svg.viewBox.baseVal.width;
  const under = (svg, event) => {
    const box = svg.getBoundingClientRect();
    return Math.min(Math.max(Math.floor((event.clientX - box.left) / box.width * width(svg)), 0), width(svg) - 1);
  };

  const moved = (figure, key) => {
    const rows = $$("svg", figure);
    const { svg, at } = figure.cursor ?? { svg: rows[0], at: -1 };
    const row = rows.indexOf(svg);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: width(svg) - 1, ArrowDown: at, ArrowUp: at }[key];
    if (to === undefined) return null;
    if (key === "ArrowDown" || key === "ArrowUp") {
      const next = rows[row + (key === "ArrowDown" ? 1 : -1)];
      return next ? [next, Math.max(to, 0)] : [svg, Math.max(at, 0)];
    }
    if (to < 0) return row > 0 ? [rows[row - 1], width(svg) - 1] : [svg, 0];
    if (to >= width(svg)) return row + 1 < rows.length ? [rows[row + 1], 0] : [svg, width(svg) - 1];
    return [svg, to];
  };

  for (const figure of $$("figure.map")) {
    figure.addEventListener("keydown", (event) => {
      const place = moved(figure, event.key);
      if (!place || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      point(figure, ...place);
    });
    figure.addEventListener("pointermove", (event) => {
      const svg = event.target.closest("svg");
      if (svg) reader(figure).textContent = describe(figure, svg, under(svg, event));
    });
    figure.addEventListener("click", (event) => {
      const svg = event.target.closest("svg");
      if (svg) point(figure, svg, under(svg, event));
    });
  }

  // Parts of the address space: those with subnets, one after the other; Enter searches there.
  for (const figure of $$("figure.space")) {
    const parts = $$("path.c", figure);
    const show = (part) => {
      for (const other of parts) other.classList.toggle("on", other === part);
      reader(figure).textContent = part.textContent;
    };
    const searchIn = (part) => {
      input.value = part.textContent.split(":")[0];
      search();
      focus(visible()[0]);
    };
    figure.addEventListener("keydown", (event) => {
      const at = parts.findIndex((part) => part.classList.contains("on"));
      const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: parts.length - 1 };
      if (event.key === "Enter" && at >= 0) searchIn(parts[at]);
      if (!(event.key in next) || parts.length === 0) return;
      event.preventDefault();
      show(parts[Math.min(Math.max(next[event.key], 0), parts.length - 1)]);
    });
    figure.addEventListener("click", (event) => {
      const part = event.target.closest("path.c");
      if (part) searchIn(part);
    });
  }
})();
