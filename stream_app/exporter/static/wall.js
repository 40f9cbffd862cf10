"use strict";

const EVERY_MS = 5000;
const ROOM = 2;
const { dashboard, statuses } = read("rendered");
const params = new URLSearchParams(location.search);
const page = document.getElementById("wall");
let values = read("values");
let lastAnswer = values.problem ? 0 : Date.now();
let problem = values.problem || "";

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

function percent(value, digits = 1) {
  return `${(value * 100).toFixed(digits)} %`.replace("-", "−");
}

function duration(seconds) {
  if (seconds < 1) return "< 1 s";
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = parts.findIndex(([, size]) => seconds >= size);
  return parts.slice(first, first + (first === 2 && seconds >= 600 ? 1 : 2)).map(([name, size], place) => {
    const count = Math.floor((place ? seconds % parts[first][1] : seconds) / size);
    return place && !count ? "" : `${count} ${name}`;
  }).filter(Boolean).join(" ");
}

function coarse(seconds) {
  const [name, size] = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]].find(([, each]) => seconds >= 2 * each) || ["s", 1];
  return `${Math.floor(seconds / size)} ${name}`;
}

function shown(value, unit) {
  if (unit === "percentunit") return percent(value, Math.abs(value) < 0.1 ? 2 : 1);
  if (unit === "s" || unit === "dtdurations") return duration(value);
  return WHOLE.format(value).replace("-", "−");
}

function statusOf(value, panel) {
  let status = "plain";
  for (const step of panel.fieldConfig.defaults.thresholds.steps)
    if (step.value === null || value >= step.value) status = statuses[step.color];
  return status;
}

/* What a panel's values are. */

function currency() {
  const asked = params.get("currency");
  const known = values.currencies.length ? values.currencies : [""];
  return known.includes(asked) ? asked : known.includes("EUR") ? "EUR" : known[0];
}

function seen(panel) {
  const found = values.panels[panel.id];
  return found[""] || found[currency()];
}

function of(panel, role) {
  return seen(panel).values.filter((each) => each.role === role);
}

function one(panel, role) {
  const [target] = of(panel, role);
  return target && target.found.length ? target.found.reduce((sum, each) => sum + each.value, 0) : null;
}

/* Curves. */

function spark(panel) {
  const { spark } = seen(panel);
  if (!spark || !spark.values.length) return null;
  const wide = 100, high = 100;
  const svg = draw("svg", { class: "spark", viewBox: `0 0 ${wide} ${high}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  if (spark.curve === "bars") bars(svg, spark, wide, high);
  else line(svg, spark, wide, high, one(panel, "budget"));
  const least = Math.min(...spark.values), most = Math.max(...spark.values);
  const range = spark.curve === "level" ? `, ${WHOLE.format(least)} to ${WHOLE.format(most)}` : "";
  return [svg, make("p", "axis", spark.caption + range)];
}

function bars(svg, spark, wide, high) {
  const before = spark.before || [];
  const top = Math.max(1, ...spark.values, ...before);
  const each = wide / spark.values.length;
  const y = (value) => high - (value / top) * (high - 3);
  spark.values.forEach((value, place) => {
    const running = place === spark.values.length - 1;
    svg.append(draw("rect", {
      x: place * each + each * 0.14, width: each * 0.72, y: value ? y(value) : high - 1.5, height: value ? high - y(value) : 1.5,
      fill: value ? "var(--series)" : "var(--line)", opacity: running ? 1 : 0.62,
    }));
  });
  if (!before.length) return;
  let path = `M0 ${y(before[0])}`;
  before.forEach((value, place) => { path += `L${place * each} ${y(value)}L${(place + 1) * each} ${y(value)}`; });
  svg.append(draw("path", { d: path, fill: "none", stroke: "#8996a5", "stroke-width": 1.5, "vector-effect": "non-scaling-stroke", opacity: 0.75 }));
}

function line(svg, spark, wide, high, budget) {
  const running = spark.curve === "running";
  const known = spark.values.map((value, place) => [place, value]).filter(([, value]) => value !== null);
  if (!known.length) return;
  const levels = known.map(([, value]) => value);
  const top = Math.max(...levels, running && budget !== null ? budget * 1.15 : -Infinity);
  const least = running || spark.curve === "line" ? 0 : Math.min(...levels);
  const range = top - least || Math.abs(top) || 1;
  const last = running ? 30 : spark.values.length - 1;
  const x = (place) => (place / Math.max(1, last)) * wide;
  const y = (value) => high - 4 - ((value - least) / range) * (high - 12);
  const path = known.map(([place, value], index) => `${index ? "L" : "M"}${x(place)} ${y(value)}`).join("");
  const [first, end] = [known[0][0], known[known.length - 1][0]];
  svg.append(draw("path", { d: `${path}L${x(end)} ${high}L${x(first)} ${high}Z`, fill: "var(--series)", opacity: 0.13 }));
  svg.append(draw("path", {
    d: path, fill: "none", stroke: "var(--series)", "stroke-width": 2.5, "stroke-linejoin": "round", "vector-effect": "non-scaling-stroke",
  }));
  if (running && budget !== null)
    svg.append(draw("path", {
      d: `M0 ${y(budget)}L${wide} ${y(budget)}`, stroke: "var(--text)", "stroke-width": 1.5, "stroke-dasharray": "6 5",
      "vector-effect": "non-scaling-stroke", opacity: 0.8,
    }));
}

/* Panels. */

function compared(now, before, words) {
  if (before === null) return null;
  const note = make("p", "note");
  if (now === null) now = 0;
  const change = before ? (now - before) / before : 0;
  const mark = now > before ? "▲" : now < before ? "▼" : "＝";
  const much = before ? ` ${percent(Math.abs(change), 0)}` : "";
  note.append(make("b", "", `${now === before ? "same" : `${mark}${much}`}`), ` ${words(WHOLE.format(before))}`);
  return note;
}

function notes(panel) {
  const value = one(panel, "value"), found = [];
  const unit = panel.fieldConfig.defaults.unit;
  const [month, pace, entries, before, typical, budget] =
    ["month", "pace", "entries", "before", "typical", "budget"].map((role) => one(panel, role));
  if (entries !== null && before !== null)
    found.push(make("p", "note", make("b", "", `+${WHOLE.format(entries)}`), " in 24 h · ", `${WHOLE.format(before)} a month ago`));
  else if (before !== null)
    found.push(compared(value, before, (number) => `vs ${number} a week ago`));
  if (month !== null) {
    const note = make("p", "note", make("b", "", WHOLE.format(month)), " this month");
    if (pace !== null) note.append(" · ", make("b", "", `${pace < 0 ? "▼" : pace > 0 ? "▲" : ""} ${percent(Math.abs(pace), 0)}`), " pace");
    found.push(note);
  }
  if (typical !== null) found.push(make("p", "note", make("b", "", shown(typical, unit)), " in 30 days"));
  if (budget !== null && value !== null) {
    const status = statusOf(value, panel);
    const words = { good: "● within", watch: "▲ near", alarm: "■ OVER", plain: "of" }[status];
    found.push(make("p", "note", make("span", `tag ${status}`, words), ` budget of ${Number((budget * 100).toFixed(2))} %`));
  }
  const parts = of(panel, "part").filter((part) => part.found.some((each) => each.value) && !isState(panel, part));
  if (parts.length)
    found.push(make("p", "note parts", ...parts.map((part) => {
      const sum = part.found.reduce((total, each) => total + each.value, 0);
      const sign = ["contraction", "churn"].includes(part.legend) ? "−" : "+";
      return make("span", "", make("b", "", `${sign}${WHOLE.format(sum)}`), ` ${part.legend}`);
    })));
  else if (of(panel, "part").some((part) => !isState(panel, part))) found.push(make("p", "note", "no movement in 24 h"));
  for (const part of of(panel, "part").filter((each) => isState(panel, each))) found.push(state(panel, part));
  return found;
}

function wordsOf(panel, part) {
  const override = panel.fieldConfig.overrides.find((each) => each.matcher.options === part.refId);
  return override && (override.properties.find((each) => each.id === "mappings") || {}).value;
}

function isState(panel, part) {
  return Boolean(wordsOf(panel, part));
}

function state(panel, part) {
  const [{ options }] = wordsOf(panel, part);
  const word = part.found.length ? options[part.found[0].value] : null;
  const status = word ? statuses[word.color] : "alarm";
  const marks = { good: "●", watch: "▲", alarm: "■" };
  return make("p", "note", make("span", `tag ${status}`, `${marks[status]} ${word ? word.text : "UNKNOWN"}`));
}

function tile(panel) {
  const value = one(panel, "value");
  const { unit, noValue } = panel.fieldConfig.defaults;
  if (value === null) return [make("p", "none", noValue), ...notes(panel)];
  const [number, suffix] = split(shown(value, unit));
  const big = make("p", `big ${statusOf(value, panel)}`, number, suffix ? make("small", "", suffix) : "");
  if (of(panel, "value")[0].legend.startsWith("MRR")) big.append(make("small", "", currency()));
  big.dataset.value = value;
  return [big, ...notes(panel), ...(spark(panel) || [make("p", "axis foot", limits(panel))])];
}

function limits(panel) {
  const { unit, thresholds } = panel.fieldConfig.defaults;
  const words = { watch: "watch", alarm: "alarm" };
  return thresholds.steps.filter((step) => words[statuses[step.color]])
    .map((step) => `${words[statuses[step.color]]} ${shown(step.value, unit)}`).join(" · ");
}

function split(text) {
  const match = /^([−\d.,<\s]*\d)\s+(\S+)$/.exec(text);
  return match ? [match[1], match[2]] : [text, ""];
}

function steps(panel) {
  const [worst] = of(panel, "value");
  if (!worst.found.length) return [make("p", "none good", `● ${panel.fieldConfig.defaults.noValue}`)];
  const at = (role, labels) => {
    const match = of(panel, role)[0].found.find((each) => same(each.labels, labels));
    return match ? match.value : null;
  };
  const stalled = stalledSteps();
  return [make("ol", "steps", ...worst.found.map(({ labels, value }) => {
    const balance = at("balance", labels), late = at("late", labels);
    const alarm = stalled.some((each) => same(each.labels, labels));
    const status = alarm ? "alarm" : statusOf(value, panel) === "plain" ? "plain" : "watch";
    const tag = { alarm: "■ STALLED", watch: "▲ many late", plain: "" }[status];
    const item = make("li", status,
      make("p", "name", `${labels.step} `, make("span", "", labels.program)),
      make("p", "late", make("span", "tag", tag), " ", make("b", "", WHOLE.format(value)),
        ` of ${WHOLE.format(balance)} · ${coarse(late)} late`));
    const bar = make("i");
    bar.style.width = `${Math.max(1.5, 100 * value / balance)}%`;
    item.append(make("p", "bar", bar));
    item.dataset.value = value;
    return item;
  }))];
}

function same(left, right) {
  return left.program === right.program && left.step === right.step;
}

function flow(panel) {
  const levels = of(panel, "value"), [entries] = of(panel, "entries");
  const top = Math.max(1, ...levels.map((each) => (each.found[0] || { value: 0 }).value));
  const head = make("li", "head", make("span"), make("span"), make("b", "", "now"), make("em", "", "in 24 h"));
  return [make("ol", "flow", head, ...levels.map((each) => {
    const value = each.found.length ? each.found[0].value : 0;
    const came = entries.found.find(({ labels }) => labels.funnel_stage === each.legend);
    const bar = make("i");
    bar.style.width = `${100 * value / top}%`;
    const name = each.legend.length <= 3 ? each.legend.toUpperCase() : each.legend[0].toUpperCase() + each.legend.slice(1);
    const item = make("li", "", make("span", "", name), make("p", "bar", bar), make("b", "", WHOLE.format(value)),
      make("em", "", came && came.value ? `+${WHOLE.format(came.value)}` : "–"));
    item.dataset.value = value;
    return item;
  }))];
}

function checksOf() {
  const panel = dashboard.panels.find((each) => seen(each).checks);
  return panel ? seen(panel).checks : [];
}

function stalledSteps() {
  return checksOf().flatMap((check) => check.found).filter((each) => each.labels.step);
}

function alerts(panel) {
  const { checks } = seen(panel);
  const wrong = checks.filter((check) => check.found.length);
  const status = worstStatus();
  const alarms = countOf(wrong, "alarm"), watched = countOf(wrong, "watch");
  const verdict = { alarm: `${alarms} ALARM${alarms > 1 ? "S" : ""}`, watch: `▲ ${watched} to watch`, good: "● All well" }[status];
  const listed = [...wrong.filter((check) => check.status === "alarm"), ...wrong.filter((check) => check.status !== "alarm")]
    .flatMap((check) => check.found.map((each) => [check, each]));
  const shownFirst = listed.slice(0, ROOM);
  const well = listed.length ? [] : checks.map((check) => make("li", "well", `● ${check.well}`));
  const list = make("ul", "checks", ...shownFirst.map(([check, each]) => make("li", check.status,
    make("b", "", `${check.status === "alarm" ? "■" : "▲"} ${check.title}`),
    make("span", "", each.labels.step ? placeOf(each) : `${shown(each.value, check.unit)} ${check.says}`))), ...well);
  const more = listed.length > ROOM ? `and ${listed.length - ROOM} more of ` : "";
  return [make("p", `verdict ${status === "alarm" ? "" : status}`, verdict), list,
    make("p", "axis", `${more}${checks.length} conditions, judged on these numbers`)];
}

function countOf(checks, status) {
  return checks.filter((check) => check.status === status).reduce((sum, check) => sum + check.found.length, 0);
}

function placeOf({ labels }) {
  return [labels.program, labels.step].filter(Boolean).join(" / ");
}

const FORMS = { stat: tile, table: steps, bargauge: flow };

function titled(panel) {
  const [name, ...rest] = panel.title.split(", ");
  const title = seen(panel).checks ? "Conditions" : name;
  const heading = make("h2", "", title, rest.length ? make("span", "", `  ${rest.join(", ")}`) : "");
  heading.title = panel.description;
  return heading;
}

function drawn(panel) {
  const section = make("section", panel.gridPos.w > 6 ? "wide" : "");
  const { x, y, w, h } = panel.gridPos;
  section.style.gridArea = `${y + 1} / ${x + 1} / span ${h} / span ${w}`;
  section.dataset.panel = panel.id;
  section.append(titled(panel), ...(seen(panel).checks ? alerts : FORMS[panel.type])(panel));
  const status = seen(panel).checks && worstStatus();
  if (status === "alarm") section.classList.add("alarmed");
  if (status === "watch") section.classList.add("watched");
  return section;
}

function worstStatus() {
  const wrong = checksOf().filter((check) => check.found.length);
  return wrong.some((check) => check.status === "alarm") ? "alarm" : wrong.length ? "watch" : "good";
}

/* The whole. */

function agePanel() {
  return dashboard.panels.find((panel) => panel.targets[0].expr === "stream_app_data_age_seconds");
}

function tellState() {
  const state = document.getElementById("state");
  let lost = "", status = "good", words = "";
  if (problem) lost = `■ ${problem.toUpperCase()} Last answer: ${lastAnswer ? `${duration((Date.now() - lastAnswer) / 1000)} ago` : "none yet"}.`;
  else {
    const age = one(agePanel(), "value"), fresh = one(agePanel(), "part");
    if (!fresh) lost = age === null ? "■ DATA AGE UNKNOWN: no worker has reported" : `■ DATA IS ${duration(age).toUpperCase()} OLD: do not trust these numbers`;
    else {
      status = worstStatus();
      words = `${headline(status)} · data ${duration(age)} old`;
    }
  }
  state.textContent = lost || words;
  document.body.className = lost ? "lost" : { good: "", watch: "watched", alarm: "alarmed" }[status];
}

function headline(status) {
  const wrong = checksOf().filter((check) => check.found.length);
  const [first] = wrong.filter((check) => check.status === status);
  if (!first) return "● All well";
  const more = countOf(wrong, "alarm") + countOf(wrong, "watch") - 1;
  const place = placeOf(first.found[0]);
  return `${status === "alarm" ? "■" : "▲"} ${first.title}${place.includes("/") ? `: ${place}` : ""}${more ? ` (and ${more} more)` : ""}`;
}

function tellTime() {
  const now = new Date(values.at || Date.now());
  const date = now.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" });
  document.getElementById("clock").textContent = `${date}, ${now.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })}`;
}

function redraw() {
  if (values.panels) {
    const rows = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    page.style.setProperty("--rows", rows);
    page.replaceChildren(...dashboard.panels.map(drawn));
    tellState();
    tellTime();
  } else {
    const state = document.getElementById("state");
    state.textContent = `■ ${problem}`;
    document.body.className = "lost";
  }
}

async function refresh() {
  try {
    const answer = await fetch("wall.json", { cache: "no-store", signal: AbortSignal.timeout(EVERY_MS) });
    const found = await answer.json();
    problem = found.problem || "";
    if (!problem) {
      values = found;
      lastAnswer = Date.now();
    }
  } catch {
    problem = "The exporter does not answer.";
  }
  redraw();
}

redraw();
setInterval(refresh, EVERY_MS);
