"use strict";
// The table of test videos: sorts, filters and pages the rows that the page holds as JSON. Text is set as text only.
(() => {
  const root = document.getElementById("video-table");
  if (!root) return;
  const { classes, entries, rows, extra } = JSON.parse(document.getElementById("video-data").textContent);
  const PAGE_ROWS = 50;
  const FIRST = 3; // a row is [id, group, class, then of every entry its answer and the probability of that]
  const answer = (row, entry) => row[FIRST + 2 * entry];
  const probability = (row, entry) => row[FIRST + 2 * entry + 1];
  const isRight = (row, entry) => answer(row, entry) === row[2];
  const models = entries.flatMap((entry, place) => (entry.single ? [place] : []));
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const known = (row) => (Object.hasOwn(extra, row[0]) ? extra[row[0]] : "");
  const texts = rows.map((row) => [row[0], row[1], classes[row[2]], known(row)].join("\n").toLowerCase());

  const control = (name) => root.querySelector(`[data-control=${name}]`);
  const [text, label, outcome] = ["text", "label", "outcome"].map(control);
  const [body, count, back, on] = ["body", "count", "back", "on"].map(control);
  let order = rows.map((_, place) => place);
  let sorting = { column: 0, sign: 1 };
  let shown = [];
  let page = 0;

  const OUTCOMES = {
    all: () => true,
    wrong: (row, entry) => !isRight(row, entry),
    right: isRight,
    none: (row) => models.every((entry) => !isRight(row, entry)),
    some: (row) => new Set(models.map((entry) => isRight(row, entry))).size > 1,
  };

  const sortValue = (row, column) => {
    if (column < FIRST) return column === 2 ? classes[row[2]] : row[column];
    // From the most certain wrong answer to the most certain right one.
    const entry = column - FIRST;
    return isRight(row, entry) ? probability(row, entry) : -probability(row, entry);
  };

  const sort = () => {
    const values = rows.map((row) => sortValue(row, sorting.column));
    const less = sorting.column < FIRST ? compare : (a, b) => a - b;
    order = rows.map((_, place) => place);
    order.sort((a, b) => sorting.sign * less(values[a], values[b]) || a - b);
    root.querySelectorAll("thead th").forEach((head, column) => {
      const direction = sorting.sign > 0 ? "ascending" : "descending";
      head.setAttribute("aria-sort", column === sorting.column ? direction : "none");
    });
  };

  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [kind, entry] = outcome.value.split(":");
    shown = order.filter(
      (place) =>
        words.every((word) => texts[place].includes(word)) &&
        (label.value === "" || rows[place][2] === Number(label.value)) &&
        OUTCOMES[kind](rows[place], Number(entry)),
    );
    page = 0;
    draw();
  };

  const cell = (row, kind, content, className) => {
    const made = document.createElement(kind);
    made.textContent = content;
    if (className) made.className = className;
    row.append(made);
    return made;
  };

  const drawRow = (row) => {
    const made = document.createElement("tr");
    const head = cell(made, "th", row[0], "mono");
    head.scope = "row";
    if (known(row)) cell(head, "small", known(row), "known");
    cell(made, "td", row[1], "left");
    cell(made, "td", classes[row[2]], "left");
    entries.forEach((_, entry) => {
      const right = isRight(row, entry);
      const said = `${right ? "✓" : "✗"}\u00a0${classes[answer(row, entry)]} `;
      const found = cell(made, "td", said, right ? "left right" : "left wrong");
      const small = document.createElement("small");
      small.textContent = probability(row, entry).toFixed(3);
      found.append(small);
    });
    return made;
  };

  const draw = () => {
    const start = page * PAGE_ROWS;
    const stop = Math.min(start + PAGE_ROWS, shown.length);
    body.replaceChildren(...shown.slice(start, stop).map((place) => drawRow(rows[place])));
    const range = shown.length > PAGE_ROWS ? `, ${start + 1} to ${stop} shown` : "";
    count.textContent = `${shown.length} of ${rows.length} videos${range}`;
    back.disabled = page === 0;
    on.disabled = stop === shown.length;
  };

  root.querySelectorAll("thead button").forEach((button, column) => {
    button.addEventListener("click", () => {
      sorting = { column, sign: sorting.column === column ? -sorting.sign : 1 };
      sort();
      filter();
    });
  });
  [text, label, outcome].forEach((input) => input.addEventListener("input", filter));
  back.addEventListener("click", () => { page -= 1; draw(); });
  on.addEventListener("click", () => { page += 1; draw(); });
  sort();
  filter();
  root.hidden = false;
})();
