"use strict";

const EVERY_MS = 5000;
const ANSWER_MS = 10000;
const SILENT_MS = 30000;
const RELOAD_MS = 12 * 3600 * 1000;
const RELOAD_BROKEN_MS = 60000;
/* The page says that the browser is too old until something else is drawn. */
if (!CSS.supports("inset", "0")) throw new Error("this browser is too old");
const version = read("version");
const opened = Date.now();
let broken = false;
addEventListener("error", fail);
addEventListener("unhandledrejection", fail);
const MOST_FINDINGS = 2;
const { dashboard, statuses } = read("rendered");
const params = new URLSearchParams(location.search);
const THEMES = ["dark", "light", "auto"];
const theme = THEMES.find((each) => each === params.get("theme")) || "dark";
const light = matchMedia("(prefers-color-scheme: light)");
setTheme();
const ROTATE_S = Number(params.get("rotate")) || 0;
const LEAST_ROTATE_S = 5;
let turn = 0;
let fitted = 0;
for (const heading of params.get("title") ? [document.querySelector("h1"), document.querySelector("title")] : [])
  heading.textContent = params.get("title");
const page = document.getElementById("wall");
let values = read("values");
let lastAnswer = values.problem ? 0 : Date.now();
let ahead = values.at ? values.at - Date.now() : 0;
let problem = values.problem || "";

/* What the machine is set to may change, at dusk for instance. */
function setTheme() {
  const ofMachine = light.matches ? "light" : "dark";
  document.documentElement.dataset.theme = theme === "auto" ? ofMachine : theme;
}

function read(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function make(tag, kind, ...children) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/* Numbers. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const LARGE = 1000000;

/* Whole below a million, above it a few digits and M, B or T. */
function amount(value, digits = 3) {
  const compact = { notation: "compact", maximumSignificantDigits: digits };
  const format = Math.abs(value) < LARGE ? WHOLE : new Intl.NumberFormat("en", compact);
  const parts = format.formatToParts(value).map((part) => (part.type === "compact" ? ` ${part.value}` : part.value));
  return parts.join("").replace("-", "−");
}

function signed(change) {
  const text = percent(Math.abs(change), Math.abs(change) < 0.1 ? 2 : 1);
  return change ? `${change > 0 ? "+" : "−"}${text}` : "unchanged";
}

/* What must stand in one line. */
function unbroken(text) {
  return text.replace(/ /g, "\u00a0");
}

function percent(value, digits = 1) {
  return unbroken(`${(value * 100).toFixed(digits)} %`).replace("-", "−");
}

function duration(seconds) {
  if (seconds < 1) return "< 1 s";
  const parts = [
    ["d", 86400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ];
  const first = parts.findIndex(([, size]) => seconds >= size);
  return parts
    .slice(first, first + (first === 2 && seconds >= 600 ? 1 : 2))
    .map(([name, size], place) => {
      const count = Math.floor((place ? seconds % parts[first][1] : seconds) / size);
      return place && !count ? "" : `${count} ${name}`;
    })
    .filter(Boolean)
    .join(" ");
}

function coarse(seconds) {
  const [name, size] = [
    ["d", 86400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ].find(([, each]) => seconds >= 2 * each) || ["s", 1];
  return `${Math.floor(seconds / size)} ${name}`;
}

function shown(value, unit) {
  if (unit === "percentunit") return percent(value, Math.abs(value) < 0.1 ? 2 : 1);
  if (unit === "s" || unit === "dtdurations") return duration(value);
  return amount(value);
}

/* That of the panel's alert, if it has one: where its condition does not hold, thresholds make nothing worse than good. */
function statusOf(value, panel, chosen = choice()) {
  const condition = conditions().find((each) => each.name === valuesOf(panel).alert);
  const status = thresholdStatus(value, panel);
  if (!condition) return status;
  if (condition.found.some(({ labels }) => Object.values(labels).includes(chosen))) return condition.status;
  return ["watch", "alarm"].includes(status) ? "good" : status;
}

function thresholdStatus(value, panel) {
  let status = "plain";
  for (const step of panel.fieldConfig.defaults.thresholds.steps)
    if (step.value === null || value >= step.value) status = statuses[step.color];
  return status;
}

/* What a panel's values are. */

/* What the wall's variable is set to: the address says it, or else the dashboard; then each in turn if it rotates. */
function choice() {
  const { name, current } = variable();
  const wanted = [params.get(name), current.value];
  const first = wanted.find((each) => values.choices.includes(each)) ?? values.choices[0] ?? "";
  return values.choices[(values.choices.indexOf(first) + turn) % values.choices.length] ?? "";
}

/* Whoever reads or types is not interrupted. */
function rotate() {
  if (broken || document.hidden || page.matches(":hover") || page.contains(document.activeElement)) return;
  turn += 1;
  redraw();
}

function variable() {
  return dashboard.templating.list.find((each) => each.type === "query");
}

function valuesOf(panel) {
  const found = values.panels[panel.id];
  return found[""] || found[choice()];
}

function ofKind(panel, kind) {
  return (valuesOf(panel).values || []).filter((each) => each.kind === kind);
}

function sumOf(target) {
  return target.found.reduce((sum, each) => sum + each.value, 0);
}

function one(panel, kind) {
  return worth(valuesOf(panel), kind);
}

function worth(shown, kind) {
  const target = (shown.values || []).find((each) => each.kind === kind);
  return target && target.found.length ? sumOf(target) : null;
}

function legendOf(panel, kind) {
  return ofKind(panel, kind)[0].legend;
}

/* Curves. */

function spark(panel) {
  const { spark } = valuesOf(panel);
  if (!spark || !spark.values.length) return null;
  const wide = 100,
    high = 100;
  const svg = draw("svg", {
    class: `spark ${spark.curve}`,
    viewBox: `0 0 ${wide} ${high}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": spoken(panel, spark),
  });
  if (spark.curve === "bars") bars(svg, spark, wide, high);
  else line(svg, spark, wide, high, one(panel, "limit"));
  const range = spark.curve === "level" ? `: ${fromTo(valuesOf(panel))}` : "";
  return [svg, make("p", "axis", spark.caption + range)];
}

/* A curve in words. */
function spoken(panel, { caption, values: curve }) {
  const known = curve.filter((each) => each !== null);
  const { unit } = panel.fieldConfig.defaults;
  const [first, last, least, most] = [known[0], known[known.length - 1], Math.min(...known), Math.max(...known)];
  if (!known.length) return `${panel.title}, ${caption}: no value`;
  const [from, to, low, high] = [first, last, least, most].map((each) => shown(each, unit));
  return `${panel.title}, ${caption}: from ${from} to ${to}, at least ${low}, at most ${high}`;
}

/* Where the curve of a panel's values begins and ends, and what the change is of where it begins. */
function fromTo({ spark, suffix }) {
  const first = spark.values[0],
    last = spark.values[spark.values.length - 1];
  const change = first > 0 ? `, ${signed((last - first) / first)}` : "";
  return `${amount(first, 4)} → ${amount(last, 4)} ${suffix}${change}`;
}

function bars(svg, spark, wide, high) {
  const before = spark.before || [];
  const top = Math.max(1, ...spark.values, ...before);
  const each = wide / spark.values.length;
  const y = (value) => high - (value / top) * (high - 3);
  spark.values.forEach((value, place) => {
    const running = place === spark.values.length - 1;
    svg.append(
      draw("rect", {
        x: place * each + each * 0.14,
        width: each * 0.72,
        y: value ? y(value) : high - 1.5,
        height: value ? high - y(value) : 1.5,
        fill: value ? "var(--series)" : "var(--line)",
        opacity: running ? 1 : 0.62,
      }),
    );
  });
  if (!before.length) return;
  let path = `M0 ${y(before[0])}`;
  before.forEach((value, place) => {
    path += `L${place * each} ${y(value)}L${(place + 1) * each} ${y(value)}`;
  });
  svg.append(
    draw("path", {
      d: path,
      fill: "none",
      stroke: "var(--soft)",
      "stroke-width": 1.5,
      "vector-effect": "non-scaling-stroke",
      opacity: 0.75,
    }),
  );
}

function line(svg, spark, wide, high, limit) {
  const running = spark.curve === "running";
  const known = spark.values.map((value, place) => [place, value]).filter(([, value]) => value !== null);
  if (!known.length) return;
  const levels = known.map(([, value]) => value);
  const top = Math.max(...levels, running && limit !== null ? limit * 1.15 : -Infinity);
  // From 0 on, or else a small change would look like a large one.
  const least = Math.min(0, ...levels);
  const range = top - least || Math.abs(top) || 1;
  const last = running ? 30 : spark.values.length - 1;
  const x = (place) => (place / Math.max(1, last)) * wide;
  const y = (value) => high - 4 - ((value - least) / range) * (high - 12);
  const path = known.map(([place, value], index) => `${index ? "L" : "M"}${x(place)} ${y(value)}`).join("");
  const [first, end] = [known[0][0], known[known.length - 1][0]];
  svg.append(
    draw("path", { d: `${path}L${x(end)} ${high}L${x(first)} ${high}Z`, fill: "var(--series)", opacity: 0.13 }),
  );
  svg.append(
    draw("path", {
      d: path,
      fill: "none",
      stroke: "var(--series)",
      "stroke-width": 2.5,
      "stroke-linejoin": "round",
      "vector-effect": "non-scaling-stroke",
    }),
  );
  if (running && limit !== null)
    svg.append(
      draw("path", {
        d: `M0 ${y(limit)}L${wide} ${y(limit)}`,
        stroke: "var(--text)",
        "stroke-width": 1.5,
        "stroke-dasharray": "6 5",
        "vector-effect": "non-scaling-stroke",
        opacity: 0.8,
      }),
    );
}

/* Tiles. */

const LISTED = "#currencies";

const MARKS = { good: "●", watch: "▲", alarm: "■", plain: "" };

function note(...children) {
  return make("p", "note", ...children);
}

function strong(text) {
  return make("b", "", text);
}

function arrow(change) {
  return change > 0 ? "▲" : change < 0 ? "▼" : "";
}

function comparison(now, before, legend, unit) {
  return make(
    "span",
    "",
    strong(unbroken(difference(now, before, unit))),
    ` ${unbroken(`vs ${shown(before, unit)} ${legend}`)}`,
  );
}

/* Of rates in points: a rate of a rate is misread. */
function difference(now, before, unit) {
  const points = unit === "percentunit";
  const change = points ? Math.round((now - before) * 10000) / 100 : now - before;
  if (!change) return "same";
  if (points) return `${arrow(change)} ${Math.abs(change).toFixed(2)} points`;
  return before ? `${arrow(change)} ${percent(Math.abs(change / before), 0)}` : arrow(change);
}

function previousNote(panel) {
  const [value, entries, previous] = ["value", "entries", "previous"].map((kind) => one(panel, kind));
  if (value === null || previous === null) return null;
  const { unit } = panel.fieldConfig.defaults;
  const compared = comparison(value, previous, legendOf(panel, "previous"), unit);
  const came = entries !== null && [strong(`+${amount(entries)}`), ` ${legendOf(panel, "entries")}`];
  return make("p", "note parts", came ? make("span", "", ...came) : "", compared);
}

function monthNote(panel) {
  const month = one(panel, "month_to_date"),
    growth = one(panel, "growth");
  if (month === null) return null;
  const so = make("span", "", strong(amount(month)), ` ${legendOf(panel, "month_to_date")}`);
  if (growth === null) return note(so);
  const text = [strong(`${arrow(growth)} ${percent(Math.abs(growth), 0)}`), ` ${legendOf(panel, "growth")}`];
  const line = make("p", "note parts", so, make("span", "", ...text));
  line.title = "The full days of this month against as many of the last.";
  return line;
}

const PACE = "At this pace: what the period ends with if each of its days is like its full days so far.";

/* How far it is to the target, and whether it is reached at this pace. */
function targetNote(panel) {
  const { target, suffix } = valuesOf(panel);
  const { unit } = panel.fieldConfig.defaults;
  const goal = `${shown(target.goal, unit)} ${suffix}`.trim();
  if (target.measure === "share") return shareNote(target, goal, unit);
  const ends = new Date(target.ends).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  const reached = make("span", "", strong(shown(target.soFar, unit)), ` of ${goal} by ${ends}`);
  const line = make("p", "note parts", reached, pace(target, unit));
  line.title = PACE;
  return line;
}

function pace({ goal, soFar, pace }, unit) {
  if (pace === null) return make("span", "", "no full day yet");
  const status = pace >= goal ? "good" : "watch";
  // Rounded up it would look as if it reached what it does not.
  const text = pace >= goal && soFar >= goal ? "reached" : `${shown(Math.floor(pace), unit)} at this pace`;
  return make("span", `tag ${status}`, `${MARKS[status]} ${text}`);
}

/* A share has no pace: at the end it is that of all days together. */
function shareNote({ goal, soFar, period }, text, unit) {
  const status = soFar >= goal ? "good" : "watch";
  const value = soFar === null ? strong("–") : make("span", `tag ${status}`, `${MARKS[status]} ${shown(soFar, unit)}`);
  return make("p", "note parts", make("span", "", value, ` this ${period}`), make("span", "", `goal ${text}`));
}

function typicalNote(panel) {
  const typical = one(panel, "typical");
  if (typical === null) return null;
  return note(strong(shown(typical, panel.fieldConfig.defaults.unit)), ` ${legendOf(panel, "typical")}`);
}

function limitNote(panel) {
  const value = one(panel, "value"),
    limit = one(panel, "limit");
  if (value === null || limit === null) return null;
  const status = statusOf(value, panel);
  const small = value > limit && status === "good" ? "a small amount, " : "";
  const word = value > limit ? `${small}over` : status === "good" ? "within" : "near";
  return note(
    make("span", `tag ${status}`, `${MARKS[status]} ${word}`),
    ` ${legendOf(panel, "limit")} of ${unbroken(`${Number((limit * 100).toFixed(2))} %`)}`,
  );
}

function changesNote(panel) {
  const changes = [...ofKind(panel, "increase"), ...ofKind(panel, "decrease")];
  if (!changes.length || one(panel, "value") === null) return null;
  const line = make(
    "p",
    "note parts",
    ...changes
      .filter(sumOf)
      .map((each) =>
        make("span", "", strong(`${each.kind === "increase" ? "+" : "−"}${amount(sumOf(each))}`), ` ${each.legend}`),
      ),
  );
  return line.childElementCount ? line : note("no change");
}

/* The values of the choices that are not the chosen one, of which as many as there is room for. */
function othersNote(panel) {
  const found = Object.keys(values.panels[panel.id]).filter((each) => each && each !== choice());
  if (!found.length) return null;
  const room = panel.gridPos.w > 6 ? 3 : 2;
  const hidden = found.length > room ? found.length - room + 1 : 0;
  const line = make("p", "note parts", ...found.slice(0, found.length - hidden).map((each) => other(panel, each)));
  const link = make("a", "", hidden === 1 ? "+1 currency" : `+${hidden} currencies`);
  link.href = LISTED;
  if (hidden) line.append(link);
  return line;
}

function other(panel, chosen) {
  const value = worth(values.panels[panel.id][chosen], "value");
  if (value === null) return make("span", "", strong("–"), ` ${chosen}`);
  const status = statusOf(value, panel, chosen);
  const mark = status === "plain" || status === "good" ? "" : `${MARKS[status]} `;
  return make(
    "span",
    "",
    make("b", mark ? status : "", mark + shown(value, panel.fieldConfig.defaults.unit)),
    ` ${chosen}`,
  );
}

/* Every choice of a panel, with the change of its curve; the address says that it is to be listed. */
function choiceList(panel) {
  const rows = Object.entries(values.panels[panel.id]).map(([chosen, { spark }]) => {
    const link = make("a", "", other(panel, chosen));
    const address = new URLSearchParams(params);
    address.set(variable().name, chosen);
    link.href = `?${address}`;
    const [first, last] = [spark.values[0], spark.values[spark.values.length - 1]];
    const change = spark.curve === "level" && first > 0 ? signed((last - first) / first) : "";
    return make("li", "", link, make("em", "", change && `${change} in ${spark.caption}`));
  });
  const close = make("a", "", "close");
  close.href = "#";
  return [make("ul", "choices", ...rows), make("p", "axis foot", close)];
}

function isListed(panel) {
  return location.hash === LISTED && Object.keys(values.panels[panel.id]).length > 1;
}

function stateNote(panel) {
  const [target] = ofKind(panel, "state");
  if (!target) return null;
  const override = panel.fieldConfig.overrides.find((each) => each.matcher.options === target.refId);
  const [{ options }] = override.properties.find((each) => each.id === "mappings").value;
  // Fresh or stale is what data has an age for.
  const word = target.found.length && one(panel, "value") !== null ? options[target.found[0].value] : null;
  const status = word ? statuses[word.color] : "alarm";
  return note(make("span", `tag ${status}`, `${MARKS[status]} ${word ? word.text : "UNKNOWN"}`));
}

function notes(panel) {
  const soFar = valuesOf(panel).target ? [targetNote] : [monthNote, typicalNote];
  return [previousNote, ...soFar, limitNote, changesNote, othersNote, stateNote]
    .map((part) => part(panel))
    .filter(Boolean);
}

function tile(panel) {
  if (isListed(panel)) return choiceList(panel);
  const value = one(panel, "value");
  const { unit } = panel.fieldConfig.defaults;
  if (values.waiting && panel === agePanel()) return [make("p", "none", "Waiting for the first event")];
  if (value === null) return [make("p", "none", valuesOf(panel).none), ...notes(panel)];
  const [number, ending] = split(unit === "s" && value >= 1 ? coarse(value) : shown(value, unit));
  const suffix = [ending, valuesOf(panel).suffix].filter(Boolean).join(" ");
  const big = make("p", `big ${statusOf(value, panel)}`, number, suffix ? make("small", "", suffix) : "");
  big.dataset.value = value;
  // A share with a target fills its tile with text.
  const curve = valuesOf(panel).target?.measure === "share" ? null : spark(panel);
  return [big, ...notes(panel), ...(curve || [make("p", "axis foot parts", ...limits(panel))])];
}

function limits(panel) {
  const { unit, thresholds } = panel.fieldConfig.defaults;
  return thresholds.steps
    .filter((step) => ["watch", "alarm"].includes(statuses[step.color]))
    .map((step) => make("span", "", unbroken(`${statuses[step.color]} ${shown(step.value, unit)}`)));
}

function split(text) {
  const match = /^([−\d.,<\s]*\d)\s+(\S+)$/.exec(text);
  return match ? [match[1], match[2]] : [text, ""];
}

/* Names. */

const SHORT = 9;
const TAIL = 6;

/* A name in its own direction, of which beginning and end stay where it is too long. */
function named(text, kind = "") {
  const whole = make("bdi", kind);
  const characters = Array.from(text);
  const [head, tail] = [characters.slice(0, -TAIL), characters.slice(-TAIL)];
  if (characters.length <= SHORT) whole.append(text);
  else whole.append(make("span", "head", head.join("")), make("span", "tail", tail.join("")));
  whole.title = text;
  return whole;
}

/* An ellipsis takes the place of whole characters, which may leave a gap before the end of the name. */
function closeGap(head) {
  if (head.scrollWidth <= head.clientWidth) return;
  const [text] = head.childNodes;
  const range = document.createRange();
  const widthOf = (count) => {
    range.setStart(text, 0);
    range.setEnd(text, count);
    return range.getBoundingClientRect().width;
  };
  const dots = make("span", "", "…");
  head.nextElementSibling.append(dots);
  const ellipsis = dots.getBoundingClientRect().width;
  dots.remove();
  const room = head.getBoundingClientRect().width - ellipsis;
  let count = text.length;
  while (count && widthOf(count) > room) count -= 1;
  head.parentElement.style.gridTemplateColumns = `${Math.ceil(widthOf(count) + ellipsis)}px max-content`;
}

/* Tables. */

function table(panel) {
  const [target] = ofKind(panel, "value");
  const { begun, none } = valuesOf(panel);
  if (!target.found.length) return [begun ? make("p", "none good", `● ${none}`) : make("p", "none", none)];
  return [make("ol", "rows", ...grouped(target.found).map((each) => row(panel, each)))];
}

/* Those of one program together, the program with the worst one first. */
function grouped(found) {
  const groups = new Map();
  for (const each of found) {
    const [program] = Object.values(each.labels);
    groups.set(program, [...(groups.get(program) || []), each]);
  }
  return [...groups.values()].flat();
}

function row(panel, { labels, value }) {
  const condition = conditionOf(labels);
  const status = condition ? condition.status : "plain";
  const coming = condition ? pages(condition.found.find((each) => same(each.labels, labels))) : "";
  const total = valueAt(panel, "total", labels),
    late = valueAt(panel, "lateness", labels);
  const [name, ...others] = Object.values(labels).reverse();
  const step = named(name);
  const item = make(
    "li",
    status,
    make(
      "p",
      "name",
      "step" in labels ? detail(step, "step", labels) : step,
      " ",
      named(others.reverse().join(" / "), "of"),
    ),
    make(
      "p",
      "late",
      make("span", "tag", condition ? `${MARKS[status]} ${coming || condition.tag}` : ""),
      " ",
      strong(WHOLE.format(value)),
      // There is room for one of both.
      ` of ${WHOLE.format(total)}${coming ? "" : ` · ${coarse(late)} late`}`,
    ),
    make("p", "bar", bar(Math.max(0.015, value / total))),
  );
  item.dataset.value = value;
  return item;
}

function bar(share) {
  const element = make("i");
  element.style.width = `${100 * share}%`;
  return element;
}

function valueAt(panel, kind, labels) {
  const match = ofKind(panel, kind)[0].found.find((each) => same(each.labels, labels));
  return match ? match.value : null;
}

function same(left, right) {
  return JSON.stringify(left) === JSON.stringify(right);
}

/* The condition of a row: the gravest that has a word for it. */
function conditionOf(labels) {
  const found = holding().filter((each) => each.tag && each.found.some((one) => same(one.labels, labels)));
  return found.find((each) => each.status === "alarm") || found[0];
}

/* When somebody is notified of it. */
function pages({ minutes }) {
  return minutes ? unbroken(`pages in ${minutes} min`) : "";
}

/* Bars. */

function barGauge(panel) {
  const levels = ofKind(panel, "value"),
    [entries] = ofKind(panel, "entries");
  if (!valuesOf(panel).begun) return [make("p", "none", valuesOf(panel).none)];
  const top = Math.max(1, ...levels.map(sumOf));
  const recently = entries.legend.replace(/\{\{.*?\}\}/, "").trim();
  const head = make("li", "head", make("span"), make("span"), make("b", "", "now"), make("em", "", recently));
  return [make("ol", "flow", head, ...levels.map((each) => level(each, entries, top)))];
}

function level(target, entries, top) {
  const value = sumOf(target),
    name = target.legend;
  const came = entries.found.find(({ labels }) => Object.values(labels).includes(name));
  const title = name.length <= 3 ? name.toUpperCase() : name[0].toUpperCase() + name.slice(1);
  const item = make(
    "li",
    "",
    make("span", "", title),
    make("p", "bar", bar(value / top)),
    strong(WHOLE.format(value)),
    make("em", "", came && came.value ? `+${WHOLE.format(came.value)}` : "–"),
  );
  item.dataset.value = value;
  return item;
}

/* Conditions. */

function conditions() {
  return dashboard.panels.flatMap((panel) => valuesOf(panel).conditions || []);
}

/* What holds and what is about to hold, the gravest first. */
function holding() {
  const all = conditions().flatMap((each) => (each.soon ? [each, each.soon] : [each]));
  const found = all.filter((each) => each.found.length);
  return [...found.filter((each) => each.status === "alarm"), ...found.filter((each) => each.status !== "alarm")];
}

function worstStatus() {
  if (values.waiting) return "waiting";
  const found = holding();
  if (found.length) return found[0].status === "alarm" ? "alarm" : "watch";
  return one(agePanel(), "state") ? "good" : "unknown";
}

function countOf(status) {
  return holding()
    .filter((each) => each.status === status)
    .reduce((count, each) => count + each.found.length, 0);
}

function placeOf({ labels }) {
  return Object.values(labels).map(isolated).join(" / ");
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/* A name from right to left would turn around what stands beside it. */
function isolated(name) {
  return RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}

function verdict(status) {
  const alarms = countOf("alarm");
  return {
    alarm: `${alarms} ALARM${alarms > 1 ? "S" : ""}`,
    watch: `▲ ${countOf("watch")} to watch`,
    good: "● All well",
    waiting: "No event yet",
    unknown: "Unknown",
  }[status];
}

function finding(condition, each) {
  // What has a tag stands in a table, with its values.
  const value = condition.tag ? "" : `${shown(each.value, condition.unit)} ${condition.foundText}`;
  const known = [value, pages(each)].filter(Boolean).join(", ");
  const place = Object.values(each.labels).flatMap((text, number) => [number ? " / " : "", named(text)]);
  const title = strong(`${MARKS[condition.status]} `);
  title.append(detail(condition.title, "alert", { name: condition.name }));
  return make("li", condition.status, title, make("span", "", ...place, known && make("em", "", known)));
}

function conditionList() {
  const status = worstStatus();
  const found = holding().flatMap((condition) => condition.found.map((each) => finding(condition, each)));
  const fine =
    status !== "good"
      ? []
      : conditions()
          .filter((each) => each.okText)
          .map((each) => make("li", "fine", `● ${each.okText}`));
  return [
    make("p", `verdict ${status === "alarm" ? "" : status}`, verdict(status)),
    make("ul", "conditions", ...found.slice(0, MOST_FINDINGS), ...fine),
    make("p", "axis", tested(found.length - MOST_FINDINGS)),
  ];
}

function tested(left) {
  return `${left > 0 ? `and ${left} more · ` : ""}${conditions().length} conditions tested`;
}

/* A condition is shown whole or not at all. */
function dropCut(section) {
  const list = section.querySelector("ul.conditions");
  if (!list) return;
  const found = holding().reduce((sum, condition) => sum + condition.found.length, 0);
  const all = found || list.children.length;
  while (list.children.length > 1 && list.scrollHeight > list.clientHeight + 1) list.lastElementChild.remove();
  section.querySelector(".axis").textContent = tested(all - list.children.length);
}

/* Panels. */

const PANEL_TYPES = { stat: tile, table, bargauge: barGauge };

/* A text, with a link to the page behind it where there are such pages. */
function detail(text, page, query) {
  if (!values.details) return text;
  const link = make("a", "detail", text);
  link.href = `detail/${page}?${new URLSearchParams(query)}`;
  return link;
}

function heading(panel) {
  const [name, ...rest] = panel.title.split(", ");
  const title = valuesOf(panel).conditions ? "Conditions" : name;
  const { about } = valuesOf(panel);
  const named = about ? detail(title, "metric", { name: about }) : title;
  const element = make("h2", "", named, rest.length ? make("span", "", `  ${unbroken(rest.join(", "))}`) : "");
  element.title = panel.description;
  return element;
}

function drawPanel(panel) {
  const section = make("section", panel.gridPos.w > 6 ? "wide" : panel.gridPos.w === 6 ? "broad" : "");
  const { x, y, w, h } = panel.gridPos;
  section.style.gridArea = `${y + 1} / ${x + 1} / span ${h} / span ${w}`;
  section.dataset.panel = panel.id;
  const listed = valuesOf(panel).conditions;
  section.dataset.kind = listed ? "conditions" : panel.type;
  section.append(heading(panel), ...(listed ? conditionList() : PANEL_TYPES[panel.type](panel)));
  const mark = { alarm: "alarmed", watch: "watched" }[listed && worstStatus()];
  if (mark) section.classList.add(mark);
  return section;
}

/* The whole. */

const WAITING = "● Kafka ok, store ok, worker ok, waiting for the first event";

/* A line for a shell that sends an event. */
function sampleLine() {
  const event = {
    specversion: "1.0",
    id: "first-event",
    source: "/try",
    type: "lead.created",
    time: new Date(Date.now() + ahead).toISOString(),
    data: { lead_id: "first-lead", source: "try" },
  };
  return `echo '${JSON.stringify(event)}' | stream-app produce -`;
}

/* Written once, so that what is selected of it stays selected. */
function showSample() {
  const line = document.getElementById("first");
  if (line.hidden === !values.waiting) return;
  line.hidden = !values.waiting;
  line.querySelector("code").textContent = values.waiting ? sampleLine() : "";
}

function agePanel() {
  return dashboard.panels.find((panel) => ofKind(panel, "state").length);
}

/* Why the numbers are not to be trusted; empty if they are. */
function doubt() {
  const silent = Date.now() - lastAnswer;
  const last = lastAnswer ? `${duration(silent / 1000)} ago` : "none yet";
  if (problem) return `■ ${problem.toUpperCase()} Last answer: ${last}.`;
  if (silent > SILENT_MS) return `■ NO ANSWER. Last answer: ${last}.`;
  if (values.waiting || one(agePanel(), "state")) return "";
  const age = one(agePanel(), "value");
  if (age === null) return "■ DATA AGE UNKNOWN: no worker has reported";
  return `■ DATA IS ${duration(age).toUpperCase()} OLD: do not trust these numbers`;
}

const LEAST_CURVE_PX = 8;

/* Notes go before curves where there is no room for both; a caption that says from what to what stays if it can. */
function makeRoom(section) {
  const tooTall = () => section.scrollHeight > section.clientHeight + 1;
  const curve = section.querySelector(".spark");
  const isFlat = () => curve.getBoundingClientRect().height < LEAST_CURVE_PX;
  if (!curve || !(tooTall() || isFlat())) return;
  const caption = curve.nextElementSibling;
  curve.remove();
  if (!curve.classList.contains("level") || tooTall()) caption.remove();
}

function showState() {
  const lost = doubt(),
    status = worstStatus();
  document.getElementById("state").textContent =
    lost ||
    (values.waiting ? WAITING : `${headline()} · ${unbroken(`data ${duration(one(agePanel(), "value"))} old`)}`);
  document.body.className = lost
    ? "lost"
    : { good: "", waiting: "", unknown: "", watch: "watched", alarm: "alarmed" }[status];
}

function headline() {
  const [first] = holding();
  if (!first) return "● All well";
  const more = countOf("alarm") + countOf("watch") - 1;
  const title = [first.title, pages(first.found[0])].filter(Boolean).join(", ");
  return `${MARKS[first.status]} ${title}: ${placeOf(first.found[0])}${more > 0 ? ` (and ${more} more)` : ""}`;
}

function showTime() {
  const now = new Date(Date.now() + ahead);
  const date = now.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  document.getElementById("clock").textContent =
    `${date}, ${now.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })}`;
}

/* How long ago each source posted something; the longest silent first. */
function showSources() {
  const { ages, known } = values.sources;
  const line = document.getElementById("sources");
  line.hidden = !ages.length;
  line.textContent = "";
  const since = (Date.now() - lastAnswer) / 1000;
  const said = ages.map(([name, age]) => {
    const last = !known ? "unknown" : age === null ? "nothing yet" : coarse(age + since);
    return make("span", "source", named(name), ` ${last}`);
  });
  const why = known ? [] : [make("span", "lost", "▲ no gateway reports")];
  line.append(make("span", "title", "Sources, last posted"), ...why, ...said);
}

function redraw() {
  if (values.panels) {
    const rows = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    page.style.setProperty("--rows", rows);
    const drawn = dashboard.panels.map(drawPanel);
    const focused = page.contains(document.activeElement) ? document.activeElement.href : "";
    page.textContent = "";
    page.append(...drawn);
    // Before it is seen what has room.
    showTime();
    showState();
    showSample();
    showSources();
    drawn.forEach(makeRoom);
    drawn.forEach(dropCut);
    document.querySelectorAll("bdi .head").forEach(closeGap);
    fitted = page.clientHeight;
    if (focused) [...page.querySelectorAll("a")].find((each) => each.href === focused)?.focus({ preventScroll: true });
  } else {
    const state = document.getElementById("state");
    state.textContent = `■ ${problem}`;
    document.body.className = "lost";
  }
}

/* Nothing that was drawn before an error is to be trusted. */
function fail() {
  broken = true;
  document.getElementById("state").textContent = "■ THIS PAGE HAS FAILED: do not trust these numbers";
  document.body.className = "lost";
}

async function answered() {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ANSWER_MS);
  try {
    const answer = await fetch("wall.json", { cache: "no-store", signal: abort.signal });
    return await answer.json();
  } catch {
    return { problem: "The exporter does not answer." };
  } finally {
    clearTimeout(timer);
  }
}

async function refresh() {
  const found = await answered();
  problem = found.problem || "";
  if (!problem) {
    // Only now: without an answer there would be no page to come back to.
    const due = Date.now() - opened > (broken ? RELOAD_BROKEN_MS : RELOAD_MS);
    if (found.version !== version || due) {
      location.reload();
      return;
    }
    values = found;
    lastAnswer = Date.now();
    ahead = values.at - lastAnswer;
  }
  if (!broken) redraw();
}

function tick() {
  setTheme();
  if (broken) return;
  showTime();
  if (values.panels) showState();
  // The state may take one line more or less than when it was seen what has room.
  if (values.panels && page.clientHeight !== fitted) redraw();
}

for (const change of ["hashchange", "resize"]) addEventListener(change, () => values.panels && !broken && redraw());
setInterval(refresh, EVERY_MS);
setInterval(tick, 1000);
if (ROTATE_S) setInterval(rotate, Math.max(ROTATE_S, LEAST_ROTATE_S) * 1000);
redraw();
