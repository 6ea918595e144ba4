"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const SENTENCES = {
    boilerplate: "the site's template puts it under documents that are otherwise different",
    repeat: "the document had already said it",
    duplicate: "another document says it",
    rule: "a pattern takes it out",
    orphan: "a heading whose section went",
    page: "part of the page, not of the article",
  };

  // Elements are built from strings by textContent only, so that no text of a page is markup.
  function make(tag, attributes, ...children) {
    return filled(document.createElement(tag), attributes, children);
  }
  function draw(tag, attributes, ...children) {
    return filled(document.createElementNS(SVG, tag), attributes, children);
  }
  function filled(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (name === "on") {
        for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      } else {
        element.setAttribute(name, value === true ? "" : value);
      }
    }
    for (const child of children.flat(Infinity)) {
      if (child === undefined || child === null || child === false) continue;
      element.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return element;
  }

  const number = (n) => n.toLocaleString("en-US");
  function bytes(n) {
    if (n >= 1e9) return (n / 1e9).toFixed(2) + " GB";
    if (n >= 1e6) return (n / 1e6).toFixed(1) + " MB";
    if (n >= 1e3) return (n / 1e3).toFixed(1) + " kB";
    return n + " B";
  }
  const percent = (share) => share > 0 && share < 0.00005 ? "< 0.01 %" : (100 * share).toFixed(share < 0.0995 ? 2 : 1) + " %";
  const scored = (score) => (score < 0 ? "\u2212" : "") + Math.abs(score).toFixed(2);
  function short(n) {
    if (n >= 1e6) return (n / 1e6).toFixed(1) + " M";
    if (n >= 1e4) return Math.round(n / 1e3) + " k";
    return number(Math.round(n));
  }
  const plural = (n, one, many) => number(n) + " " + (n === 1 ? one : many);
  const quote = (text, more) => make("span", { class: "quote" + (more || ""), dir: "auto" }, text);
  const tag = (reason) => make("span", { class: "tag t-" + reason }, reason);
  const siteName = (site) => site === "" ? "(no site)" : site;
  const rateOf = (site) => site.text_bytes ? site.bytes / site.text_bytes : null;

  const main = document.getElementById("main");
  const nav = document.getElementById("nav");
  const placeOf = new Map();
  const idOf = new Map();
  data.documents.forEach((view, at) => {
    placeOf.set(view.document.file + "\n" + view.document.record, at);
    if (!idOf.has(view.document.id)) idOf.set(view.document.id, at);
  });

  function section(id, title, short, lead) {
    const heading = make("h2", { id: id + "-title", tabindex: "-1" }, title);
    const element = make("section", { id, "aria-labelledby": id + "-title" }, heading,
      lead && make("p", { class: "lead" }, lead));
    main.append(element);
    nav.append(make("li", null, make("a", { href: "#" + id }, short)));
    return element;
  }

  // The document is shown here when it is among those embedded, else only named.
  function documentLink(name, label) {
    const at = placeOf.get(name.file + "\n" + name.record);
    const text = label || name.id;
    if (at === undefined) return make("span", { title: name.file + " record " + name.record }, text);
    return make("a", { href: "#document", on: { click: (event) => { event.preventDefault(); showDocument(at, true); } } }, text);
  }
  function witnessLink(id) {
    const at = idOf.get(id);
    if (at === undefined) return make("span", null, id);
    return make("a", { href: "#document", on: { click: (event) => { event.preventDefault(); showDocument(at, true); } } }, id);
  }

  function evidence(removal) {
    const e = removal.evidence;
    const said = [];
    if (e.rule !== undefined) said.push("pattern " + e.rule);
    if (removal.reason === "boilerplate" || removal.reason === "orphan") {
      if (e.documents !== undefined) {
        said.push("on " + plural(e.documents, "document", "documents") + " of the site"
          + (e.rate !== undefined ? " (" + percent(e.rate) + ")" : ""));
      }
      if (e.contexts !== undefined) said.push(plural(e.contexts, "otherwise different document", "otherwise different documents") + " looked at");
      if (e.template !== undefined) said.push(percent(e.template) + " of it is template");
    } else if (e.documents > 1) {
      said.push("word for word in " + number(e.documents) + " documents");
    }
    if (e.containment !== undefined) said.push(percent(e.containment) + " of it is in the witness");
    if (e.score !== undefined) said.push("score " + scored(e.score));
    if (e.inputs !== undefined) {
      said.push("by " + Object.entries(e.inputs).map(([name, part]) => name.replaceAll("_", " ") + " " + scored(part)).join(", "));
    }
    const parts = [said.join(", ")];
    if (e.witness !== undefined) {
      const own = removal.document && e.witness === removal.document.id;
      parts.push(said.length ? ", " : "", "witness ", own ? "this document" : witnessLink(e.witness));
      if (e.paragraph !== undefined) parts.push(", its paragraph " + number(e.paragraph + 1));
    }
    return parts;
  }

  function removalCard(removal, extra) {
    return make("li", { class: "removal" },
      make("div", { class: "top" }, tag(removal.reason), make("strong", { dir: "auto" }, siteName(removal.site)),
        make("span", { class: "meta" }, documentLink(removal.document)),
        make("span", { class: "meta count" }, bytes(removal.bytes))),
      quote(removal.text, ""), make("p", { class: "meta" }, evidence(removal)), extra);
  }

  /* Tables */
  function table(caption, columns, rows, options) {
    const settings = options || {};
    const body = make("tbody");
    let order = rows.slice();
    let shown = settings.first || rows.length;
    const more = make("button", { type: "button", class: "more", on: { click: () => { shown += 100; fill(); } } }, "Show more");
    const status = make("p", { class: "note", role: "status" });
    const heads = columns.map((column, at) => {
      const head = make("th", { scope: "col", class: column.number ? "n" : null });
      if (!column.sort) { head.append(column.title); return head; }
      head.append(make("button", { type: "button", on: { click: () => {
        const down = head.getAttribute("aria-sort") !== (column.number ? "descending" : "ascending");
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        const descending = column.number ? down : !down;
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        order.sort((a, b) => compare(column.sort(a), column.sort(b)) * (descending ? -1 : 1));
        fill();
      } } }, column.title));
      if (settings.sorted === at) head.setAttribute("aria-sort", "descending");
      return head;
    });
    function compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }
    function fill() {
      const wanted = settings.filter ? order.filter(settings.filter) : order;
      body.replaceChildren(...wanted.slice(0, shown).map((row) => make("tr", null, columns.map((column) => {
        const label = column.label === undefined ? column.title : column.label;
        return make(column.head ? "th" : "td", { class: column.number ? "n" : null, scope: column.head ? "row" : null,
          "data-label": column.head || !label ? null : label }, column.cell(row));
      }))));
      more.hidden = wanted.length <= shown;
      status.textContent = settings.filter ? number(Math.min(shown, wanted.length)) + " of " + number(wanted.length) + " shown" : "";
    }
    fill();
    const element = make("div", null,
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
        make("table", { class: "cardy" }, make("caption", null, caption), make("thead", null, make("tr", null, heads)), body)),
      make("p", null, more), settings.filter && status);
    return { element, fill: () => { shown = settings.first || rows.length; fill(); } };
  }

  /* Plots */
  function bars(caption, groups, labels, keys, unit) {
    const width = 460, height = 190, left = 52, bottom = 26, top = 8;
    const sums = groups.map((group) => group.reduce((a, b) => a + b, 0));
    const most = Math.max(1, ...sums);
    const step = (width - left) / groups.length;
    const y = (value) => top + (height - top - bottom) * (1 - value / most);
    const text = labels.map((label, at) => label + ": " + unit(sums[at])).join("; ");
    const picture = draw("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": caption + ". " + text });
    [0, 0.5, 1].forEach((part) => {
      picture.append(draw("line", { class: "grid", x1: left, x2: width, y1: y(most * part), y2: y(most * part) }),
        draw("text", { x: left - 6, y: y(most * part) + 4, "text-anchor": "end" }, unit(Math.round(most * part))));
    });
    groups.forEach((group, at) => {
      let sum = 0;
      group.forEach((value, key) => {
        if (value === 0) return;
        const bar = draw("rect", { class: "f-" + keys[key], x: left + at * step + 2, width: Math.max(1, step - 4), y: y(sum + value), height: Math.max(0.5, y(sum) - y(sum + value)) });
        bar.append(draw("title", null, labels[at] + (keys[key] === "all" ? "" : ", " + keys[key]) + ": " + unit(value)));
        picture.append(bar);
        sum += value;
      });
      const every = Math.ceil(groups.length / 8);
      if (at % every === 0) picture.append(draw("text", { x: left + (at + 0.5) * step, y: height - 8, "text-anchor": "middle" }, labels[at].split(" ")[0]));
    });
    return make("figure", { class: "card" }, make("figcaption", null, caption), picture, keys.length > 1 && legend(keys));
  }
  function legend(keys) {
    return make("ul", { class: "legend" }, keys.map((key) => make("li", null,
      draw("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, draw("rect", { width: 10, height: 10, rx: 2, class: "f-" + key })), key)));
  }
  function course(caption, steps, width) {
    const w = 460, h = 190, left = 52, bottom = 26, top = 8;
    const shares = steps.map((step) => step[0] ? step[1] / step[0] : 0);
    const most = Math.max(0.01, ...shares);
    const x = (at) => left + (w - left) * (steps.length > 1 ? at / (steps.length - 1) : 0);
    const y = (share) => top + (h - top - bottom) * (1 - share / most);
    const points = shares.map((share, at) => x(at).toFixed(1) + "," + y(share).toFixed(1)).join(" ");
    const picture = draw("svg", { viewBox: "0 0 " + w + " " + h, role: "img",
      "aria-label": caption + ". First step " + percent(shares[0] || 0) + ", last step " + percent(shares[shares.length - 1] || 0) + ", greatest " + percent(most) });
    [0, 0.5, 1].forEach((part) => picture.append(draw("line", { class: "grid", x1: left, x2: w, y1: y(most * part), y2: y(most * part) }),
      draw("text", { x: left - 6, y: y(most * part) + 4, "text-anchor": "end" }, percent(most * part))));
    picture.append(draw("polygon", { class: "area", points: left + "," + y(0) + " " + points + " " + x(steps.length - 1).toFixed(1) + "," + y(0) }),
      draw("polyline", { class: "line", points }),
      draw("text", { x: left, y: h - 8 }, "first document"), draw("text", { x: w, y: h - 8, "text-anchor": "end" }, "last"));
    return make("figure", { class: "card" }, make("figcaption", null, caption), picture,
      make("p", { class: "note" }, "Each step is " + plural(width, "document", "documents") + "."));
  }

  function growth(caption, steps, isExact) {
    const w = 460, h = 190, left = 62, bottom = 26, top = 8;
    let lines = 0, fresh = 0;
    const points = [[0, 0, 0]];
    steps.forEach((step) => { lines += step[0]; fresh += step[1]; points.push([lines, lines, fresh]); });
    const most = Math.max(1, lines);
    const x = (value) => left + (w - left) * value / most;
    const y = (value) => top + (h - top - bottom) * (1 - value / most);
    const way = (at) => points.map((point) => x(point[0]).toFixed(1) + "," + y(point[at]).toFixed(1)).join(" ");
    const told = (isExact ? "" : "About ") + number(fresh) + " of " + plural(lines, "line", "lines") + " are different";
    const picture = draw("svg", { viewBox: "0 0 " + w + " " + h, role: "img", "aria-label": caption + ". " + told });
    [0, 0.5, 1].forEach((part) => picture.append(draw("line", { class: "grid", x1: left, x2: w, y1: y(most * part), y2: y(most * part) }),
      draw("text", { x: left - 6, y: y(most * part) + 4, "text-anchor": "end" }, short(most * part))));
    picture.append(draw("polygon", { class: "area", points: way(2) + " " + x(lines).toFixed(1) + "," + y(0) }),
      draw("polyline", { class: "line dashed", points: way(1) }), draw("polyline", { class: "line", points: way(2) }),
      draw("text", { x: left, y: h - 8 }, "first line read"), draw("text", { x: w, y: h - 8, "text-anchor": "end" }, "last"));
    return make("figure", { class: "card" }, make("figcaption", null, caption), picture,
      make("p", { class: "note" }, told + ". Dashed: every line a new one. Where the curve flattens, the crawl repeats itself and an index of it stops growing."));
  }

  /* 1. What went */
  const totals = data.totals;
  const share = totals.text_bytes ? totals.bytes / totals.text_bytes : null;
  const keys = data.reasons.map((reason) => reason.reason);
  {
    const part = make("section", { id: "removed", "aria-labelledby": "removed-title" });
    nav.append(make("li", null, make("a", { href: "#removed" }, "What went")));
    main.append(part);
    part.append(make("h1", { id: "removed-title", tabindex: "-1" }, share === null
      ? bytes(totals.bytes) + " were removed from " + plural(totals.changed, "document", "documents")
      : percent(share) + " of the text was removed"));
    const tile = (name, value, small) => make("div", null, make("dt", null, name), make("dd", null, value, small && make("small", null, small)));
    part.append(make("dl", { class: "tiles" },
      tile("Removed", bytes(totals.bytes), totals.text_bytes === null ? null : "of " + bytes(totals.text_bytes)),
      tile("Paragraphs removed", number(totals.spans)),
      tile("Documents changed", number(totals.changed), totals.documents === null ? null : "of " + number(totals.documents)),
      tile("Sites", number(data.sites.of), data.has_texts ? null : "that lost something")));
    if (totals.bytes > 0) {
      const strip = draw("svg", { viewBox: "0 0 1000 28", preserveAspectRatio: "none", class: "strip", role: "img",
        "aria-label": "Removed bytes by reason: " + data.reasons.map((r) => r.reason + " " + percent(r.bytes / totals.bytes)).join(", ") });
      let at = 0;
      data.reasons.forEach((reason) => {
        const wide = 1000 * reason.bytes / totals.bytes;
        strip.append(draw("rect", { x: at, width: Math.max(0, wide - 2), height: 28, class: "f-" + reason.reason }, draw("title", null, reason.reason + " " + bytes(reason.bytes))));
        at += wide;
      });
      strip.style.height = "1.75rem";
      part.append(strip, legend(keys));
    }
    const scopes = {};
    data.reasons.forEach((r) => { scopes[r.scope] = (scopes[r.scope] || 0) + r.bytes; });
    part.append(make("h2", null, "By reason and scope"), table("Removed, by reason", [
      { title: "Reason", head: true, cell: (r) => tag(r.reason) },
      { title: "Why", label: "", cell: (r) => SENTENCES[r.reason] || "" },
      { title: "Scope", cell: (r) => r.scope },
      { title: "Paragraphs", number: true, sort: (r) => r.spans, cell: (r) => number(r.spans) },
      { title: "Documents", number: true, sort: (r) => r.documents, cell: (r) => number(r.documents) },
      { title: "Bytes", number: true, sort: (r) => r.bytes, cell: (r) => bytes(r.bytes) },
      { title: "Of what went", number: true, cell: (r) => percent(totals.bytes ? r.bytes / totals.bytes : 0) },
      ...(share === null ? [] : [{ title: "Of all text", number: true, cell: (r) => percent(totals.text_bytes ? r.bytes / totals.text_bytes : 0) }]),
    ], data.reasons).element,
    make("p", { class: "note" }, "By scope: " + Object.entries(scopes).map(([scope, sum]) => scope + " " + bytes(sum)
      + (totals.bytes ? " (" + percent(sum / totals.bytes) + ")" : "")).join(", ") + "."));
    const plots = make("div", { class: "pair" });
    if (data.positions) {
      plots.append(bars("Where in the document it stood", data.positions, data.positions.map((_, at) => (at * 10) + "\u2013" + (at * 10 + 10) + " % of the document"), keys, bytes));
    }
    if (data.course && data.course.steps.length > 1) plots.append(course("Share removed along the run", data.course.steps, data.course.width));
    if (data.growth && data.growth.steps.length) plots.append(growth("Growth of the index: different lines along the run", data.growth.steps, data.growth.is_exact));
    if (plots.childNodes.length) part.append(plots);
    else part.append(make("p", { class: "note" }, "Shares, plots and whole documents need the texts beside the audit: dechaff report REMOVED CLEANED."));
  }

  /* 2. Paragraphs */
  {
    const list = data.paragraphs;
    const part = section("paragraphs", "Most removed paragraphs", "Paragraphs", "Paragraphs that differ only in numbers, dates and identifiers count as one. What stands here and is content is worth an --allow pattern.");
    let word = "", reason = "";
    const rows = table("The " + number(list.items.length) + " most removed of " + (list.dropped_max ? "at least " : "") + number(list.of) + " different paragraphs"
      + (list.dropped_max ? "; one removed no more than " + number(list.dropped_max) + " times may be missing" : ""), [
      { title: "Paragraph", head: true, cell: (r) => quote(r.text, " clamp") },
      { title: "Reason", cell: (r) => Object.keys(r.reasons).map((name) => [tag(name), " "]) },
      { title: "Times", number: true, sort: (r) => r.spans, cell: (r) => number(r.spans) },
      { title: "Bytes", number: true, sort: (r) => r.bytes, cell: (r) => bytes(r.bytes) },
      { title: "Sites", number: true, sort: (r) => r.sites, cell: (r) => number(r.sites) },
      { title: "Where", cell: (r) => make("span", { class: "meta names" }, r.top_sites.slice(0, 3).map(([site, n]) => make("span", { title: siteName(site) }, make("bdi", null, siteName(site)), " " + number(n))), r.sites > 3 && make("span", null, "\u2026")) },
      { title: "Examples", cell: (r) => make("span", { class: "meta names" }, r.examples.map((name) => make("span", { title: name.id }, documentLink(name)))) },
    ], list.items, { first: 25, sorted: 2, filter: (r) => (!reason || r.reasons[reason]) && (!word || r.text.toLowerCase().includes(word) || r.top_sites.some(([site]) => site.toLowerCase().includes(word))) });
    part.append(make("div", { class: "tools" },
      make("label", null, "Filter by text or site", make("input", { type: "search", id: "paragraph-filter", on: { input: (event) => { word = event.target.value.toLowerCase(); rows.fill(); } } })),
      make("label", null, "Reason", make("select", { id: "paragraph-reason", on: { change: (event) => { reason = event.target.value; rows.fill(); } } },
        make("option", { value: "" }, "all"), keys.map((key) => make("option", { value: key }, key))))), rows.element);
  }

  /* 3. Sites */
  {
    const list = data.sites;
    const part = section("sites", "Sites", "Sites", !data.has_texts
      ? "By bytes removed. With the texts beside the audit, sites are ranked by share, which shows over-stripping."
      : "By share of their text that went. A site far above the rest is either full of boilerplate or stripped too hard: look at its templates and documents.");
    if (data.site_shares) {
      part.append(make("div", { class: "pair" }, bars("Number of sites by share removed", data.site_shares.map((n) => [n]), data.site_shares.map((_, at) => (at * 5) + "\u2013" + (at * 5 + 5) + " % removed"), ["all"], number)));
    }
    let word = "";
    const cell = (site) => {
      const rate = rateOf(site);
      if (rate === null) return "";
      return percent(rate);
    };
    const shareBar = (site) => {
      const bar = draw("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": keys.filter((key) => site.reasons[key]).map((key) => key + " " + bytes(site.reasons[key])).join(", ") || "nothing removed" });
      let at = 0;
      const of = site.text_bytes || Math.max(1, ...list.items.map((other) => other.bytes));
      bar.append(draw("rect", { width: 100, height: 10, fill: "var(--wash)" }));
      keys.forEach((key) => {
        const wide = 100 * (site.reasons[key] || 0) / of;
        if (wide > 0) bar.append(draw("rect", { x: at, width: wide, height: 10, class: "f-" + key }));
        at += wide;
      });
      bar.style.width = "7rem"; bar.style.height = ".8rem";
      return bar;
    };
    const columns = [
      { title: "Site", head: true, sort: (s) => s.site, cell: (s) => make("bdi", null, siteName(s.site)) },
      ...(!data.has_texts ? [] : [{ title: "Share removed", number: true, sort: (s) => rateOf(s) || 0, cell }]),
      { title: "By reason", label: "", cell: shareBar },
      { title: "Removed", number: true, sort: (s) => s.bytes, cell: (s) => bytes(s.bytes) },
      ...(!data.has_texts ? [] : [{ title: "Text", number: true, sort: (s) => s.text_bytes, cell: (s) => bytes(s.text_bytes || 0) }]),
      { title: "Paragraphs", number: true, sort: (s) => s.spans, cell: (s) => number(s.spans) },
      { title: "Documents changed", number: true, sort: (s) => s.changed, cell: (s) => number(s.changed) + (s.documents === null ? "" : " of " + number(s.documents)) },
    ];
    const rows = table(number(list.items.length) + " of " + number(list.of) + " sites: those that lost most bytes" + (!data.has_texts ? "" : " and the greatest shares"),
      columns, list.items, { first: 25, sorted: !data.has_texts ? 2 : 1, filter: (s) => !word || s.site.toLowerCase().includes(word) });
    part.append(make("div", { class: "tools" }, make("label", null, "Filter by name", make("input", { type: "search", id: "site-filter", on: { input: (event) => { word = event.target.value.toLowerCase(); rows.fill(); } } }))), rows.element);
  }

  /* 4. Riskiest */
  {
    const part = section("risky", "Riskiest removals", "Riskiest", "Where a wrong removal would be: few documents speak against it, much text went at once, or the likeness was only just enough.");
    const kinds = [
      ["fewest", "Fewest witnesses", "Otherwise different documents of the site for boilerplate, documents that say it for duplicates."],
      ["nearest", "Nearest the threshold", "A containment of " + percent(data.thresholds.duplicate) + " or more makes a duplicate, of " + percent(data.thresholds.repeat) + " a repeat; a score above " + scored(data.thresholds.boilerplate) + " makes boilerplate."],
      ["longest", "Longest", "One of each text."],
    ];
    kinds.forEach(([kind, title, note]) => {
      const items = data.risky[kind];
      if (!items.length) return;
      const list = make("ul", { class: "cards" });
      let shown = 6;
      const more = make("button", { type: "button", class: "more", on: { click: () => { shown = items.length; fill(); } } }, "Show all " + items.length);
      const fill = () => { list.replaceChildren(...items.slice(0, shown).map((item) => removalCard(item, null))); more.hidden = shown >= items.length; };
      fill();
      part.append(make("h3", null, title), make("p", { class: "note" }, note), list, make("p", null, more));
    });
  }

  /* 5. Templates */
  {
    const list = data.templates;
    const part = section("templates", "Templates learnt per site", "Templates", "What each site puts under its articles, # for a number, date or identifier that changes.");
    const slots = (text) => make("span", { class: "quote", dir: "auto" }, text.split("#").flatMap((piece, at) => at ? [make("span", { class: "slot", title: "slot" }, "#"), piece] : [piece]));
    let word = "";
    const holder = make("div");
    const status = make("p", { class: "note", role: "status" });
    const fill = () => {
      const wanted = list.items.filter((site) => !word || site.site.toLowerCase().includes(word) || site.templates.some((t) => t.text.toLowerCase().includes(word)));
      holder.replaceChildren(...wanted.map((site, at) => make("details", { open: word !== "" || at === 0 }, make("summary", null, make("bdi", null, siteName(site.site)), " ",
        make("span", { class: "meta" }, plural(site.of, "template", "templates") + (site.of > site.templates.length ? ", " + site.templates.length + " shown" : ""))),
        table("Templates of " + siteName(site.site), [
          { title: "Template", head: true, cell: (t) => slots(t.text) },
          { title: "Removed", number: true, sort: (t) => t.spans, cell: (t) => number(t.spans) },
          { title: "Bytes", number: true, sort: (t) => t.bytes, cell: (t) => bytes(t.bytes) },
          { title: "On documents", number: true, sort: (t) => t.documents, cell: (t) => number(t.documents) },
          { title: "Of the site", number: true, sort: (t) => t.rate, cell: (t) => percent(t.rate) },
        ], site.templates).element)));
      status.textContent = number(wanted.length) + " of " + number(list.items.length) + " sites shown; " + number(list.of) + " sites have templates";
    };
    part.append(make("div", { class: "tools" }, make("label", null, "Filter by site or text", make("input", { type: "search", id: "template-filter", on: { input: (event) => { word = event.target.value.toLowerCase(); fill(); } } }))), holder, status);
    fill();
  }

  /* 6. Document */
  let showDocument = () => {};
  {
    const part = section("document", "Document view", "Document", null);
    if (!data.documents.length) {
      part.append(make("p", { class: "note" }, data.has_texts ? "Nothing was removed." : "Whole documents need the texts beside the audit: dechaff report REMOVED CLEANED."));
    } else {
      part.append(make("p", { class: "lead" }, "What was removed is struck through, with the reason and a link to its witness where that is here. "
        + plural(data.documents.length, "document is", "documents are") + " embedded: those of the riskiest removals, their witnesses, the sample and examples."));
      const reader = make("article", { class: "card reader", "aria-live": "polite", "aria-labelledby": "reader-title", tabindex: "-1" });
      const choice = make("select", { id: "document-choice", on: { change: () => showDocument(Number(choice.value), false) } },
        data.documents.map((view, at) => make("option", { value: at }, siteName(view.site) + " \u00b7 " + view.document.id)));
      const step = (by) => () => showDocument((Number(choice.value) + by + data.documents.length) % data.documents.length, false);
      showDocument = (at, jump) => {
        const view = data.documents[at];
        choice.value = String(at);
        reader.replaceChildren(make("h3", { id: "reader-title" }, make("bdi", null, view.document.id)),
          make("p", { class: "meta" }, make("bdi", null, siteName(view.site)), view.document.file && " \u00b7 " + view.document.file + " record " + view.document.record,
            " \u00b7 " + bytes(view.removed) + " of " + bytes(view.bytes) + " removed"),
          ...view.parts.map((run) => {
            const body = [run.text, run.left_out ? make("bdi", { class: "elided", dir: "ltr" }, " [\u2026 " + bytes(run.left_out) + " left out here \u2026] ") : null, run.rest || null];
            if (!run.reason) return make("span", { class: "kept", dir: "auto" }, /\S/.test(run.text) ? trimmed(body) : null);
            return make("span", { class: "gone" }, make("del", { dir: "auto" }, trimmed(body)), make("span", { class: "why" }, tag(run.reason), " ", evidence({ reason: run.reason, evidence: run.evidence, document: view.document })));
          }));
        if (jump) {
          document.getElementById("document").scrollIntoView();
          reader.focus({ preventScroll: true });
        }
      };
      const trimmed = (body) => body.map((run) => typeof run === "string" ? run.replace(/^\s*\n|\s+$/g, "") : run);
      part.append(make("div", { class: "tools" }, make("label", null, "Document", choice),
        make("button", { type: "button", id: "document-before", on: { click: step(-1) } }, "Previous"),
        make("button", { type: "button", id: "document-next", on: { click: step(1) } }, "Next")), reader);
      choice.style.maxWidth = "min(36rem, 85vw)";
      showDocument(0, false);
    }
  }

  /* 7. Sample */
  {
    const sample = data.sample;
    const part = section("sample", "Random sample to judge", "Judge a sample", "Judge removals drawn at random. Those you would have kept become a list for --allow; the share judged wrong estimates how often the run is wrong.");
    const verdicts = new Map();
    let reason = "", only = "";
    const list = make("ul", { class: "cards" });
    const area = make("textarea", { id: "allow", readonly: true, "aria-label": "Patterns for --allow", spellcheck: "false" });
    const status = make("p", { role: "status", id: "judged" });
    const save = make("button", { type: "button", class: "main", id: "export", on: { click: download } }, "Export allow file");
    let shown = 20;
    const more = make("button", { type: "button", class: "more", on: { click: () => { shown += 50; fill(); } } }, "Show more");
    const visible = () => sample.items.filter((item) => (!reason || item.reason === reason) && (only !== "open" || !verdicts.has(item.row)));
    function fill() {
      const wanted = visible();
      list.replaceChildren(...wanted.slice(0, shown).map(card));
      more.hidden = wanted.length <= shown;
    }
    function card(item) {
      const press = (verdict) => {
        if (verdicts.get(item.row) === verdict) verdicts.delete(item.row); else verdicts.set(item.row, verdict);
        paint();
        tell();
      };
      const name = item.text.slice(0, 60).replace(/\s+/g, " ");
      const button = (verdict, label) => make("button", { type: "button", "data-verdict": verdict, "aria-pressed": "false", "aria-label": label + ": " + name, on: { click: () => press(verdict) } }, label);
      const keep = button("keep", "Keep it"), remove = button("remove", "Rightly removed");
      const element = removalCard(item, make("div", { class: "acts" }, keep, remove,
        !item.pattern && make("span", { class: "meta" }, "has no word, so no pattern can keep it")));
      const paint = () => {
        const verdict = verdicts.get(item.row);
        keep.setAttribute("aria-pressed", String(verdict === "keep"));
        remove.setAttribute("aria-pressed", String(verdict === "remove"));
        element.classList.toggle("keep", verdict === "keep");
        element.classList.toggle("remove", verdict === "remove");
      };
      paint();
      return element;
    }
    function patterns() {
      const lines = ["// Paragraphs that dechaff removed and that should stay; for --allow.", "// # stands for a number, date or identifier, * for any words."];
      const seen = new Set();
      sample.items.forEach((item) => {
        if (verdicts.get(item.row) !== "keep" || !item.pattern || seen.has(item.pattern)) return;
        seen.add(item.pattern);
        lines.push("// " + item.reason + ", " + siteName(item.site) + ", " + item.document.id.replace(/[\r\n]+/g, " "), item.pattern);
      });
      return { text: lines.join("\n") + "\n", count: seen.size };
    }
    function tell() {
      let keep = 0;
      verdicts.forEach((verdict) => { keep += verdict === "keep" ? 1 : 0; });
      const judged = verdicts.size;
      const made = patterns();
      area.value = made.text;
      save.disabled = made.count === 0;
      let text = number(judged) + " of " + number(sample.items.length) + " judged, " + number(keep) + " to keep";
      if (judged > 0) {
        // Wilson's interval holds for small samples and for shares near 0.
        const p = keep / judged, z = 1.96, d = 1 + z * z / judged;
        const middle = (p + z * z / (2 * judged)) / d, half = z * Math.sqrt(p * (1 - p) / judged + z * z / (4 * judged * judged)) / d;
        text += ": " + percent(p) + " wrong (95 % interval " + percent(Math.max(0, middle - half)) + " to " + percent(Math.min(1, middle + half)) + ")";
      }
      status.textContent = text;
    }
    function download() {
      const address = URL.createObjectURL(new Blob([patterns().text], { type: "text/plain" }));
      const link = make("a", { href: address, download: "allow.txt" });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    }
    part.append(make("p", { class: "note" }, plural(sample.items.length, "removal", "removals") + " drawn from " + number(sample.of) + " with seed " + sample.seed + "."),
      make("div", { class: "tools" },
        make("label", null, "Reason", make("select", { id: "sample-reason", on: { change: (event) => { reason = event.target.value; shown = 20; fill(); } } }, make("option", { value: "" }, "all"), keys.map((key) => make("option", { value: key }, key)))),
        make("label", null, "Show", make("select", { id: "sample-only", on: { change: (event) => { only = event.target.value; shown = 20; fill(); } } }, make("option", { value: "" }, "all"), make("option", { value: "open" }, "not judged yet")))),
      list, make("p", null, more), make("h3", null, "Your allow file"), status, area,
      make("p", { class: "tools" }, save),
      make("p", { class: "note" }, "Then run: dechaff clean \u2026 --allow allow.txt"));
    fill();
    tell();
  }

  /* Footer, theme, current section */
  document.getElementById("footer").append("Made by dechaff " + data.version + ". One file, nothing loaded, nothing sent.");
  const theme = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  let chosen = 0;
  theme.addEventListener("click", () => {
    chosen = (chosen + 1) % themes.length;
    if (chosen === 0) document.documentElement.removeAttribute("data-theme");
    else document.documentElement.setAttribute("data-theme", themes[chosen]);
    theme.textContent = "Theme: " + themes[chosen];
  });
  const links = new Map(Array.from(nav.querySelectorAll("a"), (link) => [link.getAttribute("href").slice(1), link]));
  const near = new IntersectionObserver((entries) => {
    entries.forEach((entry) => {
      if (!entry.isIntersecting) return;
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(entry.target.id).setAttribute("aria-current", "true");
    });
  }, { rootMargin: "-20% 0px -70% 0px" });
  main.querySelectorAll("section").forEach((part) => near.observe(part));
})();
