// The editor of promotions: one body of JSON, shown as fields by the vocabulary, checked by the house as it changes.
(() => {
  "use strict";
  const told = (id) => JSON.parse(document.getElementById(id).textContent);
  const make = (tag, attributes, ...inside) => {
    const made = document.createElement(tag);
    Object.entries(attributes || {}).forEach(([name, value]) => {
      if (value === undefined || value === null || value === false) return;
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (name === "value" || name === "checked" || name === "selected") made[name] = value;
      else made.setAttribute(name, value === true ? "" : value);
    });
    inside.flat().forEach((one) => { if (one !== null && one !== undefined) made.append(one); });
    return made;
  };
  const icon = (name) => make("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name);
  const isEmpty = (value) => value === undefined || value === null || value === "" || value === false
    || (Array.isArray(value) && !value.length) || (typeof value === "object" && !Array.isArray(value) && !Object.keys(value).length);

  document.addEventListener("DOMContentLoaded", () => {
    const root = document.getElementById("rg-editor");
    if (!root) return;
    const { effects, parts, operators, facts, options, words } = told("rg-vocabulary");
    let body = told("rg-body");
    const form = document.getElementById("rg-draft-form");
    const hidden = form.querySelector("[name=body]");
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    const isFixed = root.dataset.keyFixed === "1";
    const isReadOnly = root.dataset.readOnly === "1";
    let counter = 0, isDirty = false, timer = 0;

    // the body, by dotted path; what is empty is not said
    const read = (path) => path.split(".").reduce((at, name) => (at === undefined || at === null ? undefined : at[name]), body);
    const write = (path, value) => {
      const names = path.split("."), last = names.pop();
      const put = (at, rest) => {
        if (!rest.length) { if (isEmpty(value)) delete at[last]; else at[last] = value; return; }
        const [name, ...more] = rest;
        if (typeof at[name] !== "object" || at[name] === null) { if (isEmpty(value)) return; at[name] = {}; }
        put(at[name], more);
        if (isEmpty(at[name])) delete at[name];
      };
      put(body, names);
      changed();
    };
    const changed = () => {
      isDirty = true;
      hidden.value = JSON.stringify(body);
      document.querySelectorAll("[data-unsaved]").forEach((one) => { one.hidden = false; });
      clearTimeout(timer);
      timer = setTimeout(look, 500);
    };

    // a field of a row, by dotted name
    const pick = (row, name) => name.split(".").reduce((at, part) => (at === undefined || at === null ? undefined : at[part]), row);
    const lay = (row, name, value) => {
      const [first, rest] = name.split(/\.(.*)/s);
      if (rest === undefined) { if (isEmpty(value)) delete row[first]; else row[first] = value; return; }
      if (typeof row[first] !== "object" || row[first] === null) { if (isEmpty(value)) return; row[first] = {}; }
      lay(row[first], rest, value);
      if (isEmpty(row[first])) delete row[first];
    };

    // one field: `value` as it stands, `keep` takes what is typed
    const choicesOf = (spec) => spec.choices || options[spec.options] || [];
    const input = (attributes, keep) => make("input", { autocomplete: "off", ...attributes, oninput: (event) => keep(event.target.value.trim()) });
    const KINDS = {
      text: (spec, value, keep, id) => input({ id, type: "text", value: value || "", placeholder: spec.placeholder, maxlength: 2000, readonly: spec.name === "key" && isFixed }, keep),
      day: (spec, value, keep, id) => input({ id, type: "text", value: value || "", placeholder: "2026-12-31", maxlength: 40 }, keep),
      whole: (spec, value, keep, id) => input({ id, type: "number", step: 1, min: spec.signed ? undefined : 0, inputmode: "numeric", value: value === undefined ? "" : value }, (text) => keep(text === "" ? "" : Number.isInteger(Number(text)) ? Number(text) : text)),
      money: (spec, value, keep, id) => input({ id, type: "text", inputmode: "decimal", class: "rg-amount", placeholder: "0.00", value: value === undefined ? "" : String(value) }, keep),
      percent: (spec, value, keep, id) => make("span", { class: "rg-with-unit" }, input({ id, type: "text", inputmode: "decimal", value: value === undefined ? "" : String(value) }, keep), make("span", { "aria-hidden": "true" }, "%")),
      flag: (spec, value, keep, id) => make("input", { id, type: "checkbox", checked: value === true, onchange: (event) => keep(event.target.checked) }),
      choice: (spec, value, keep, id) => {
        const known = choicesOf(spec).map(([key]) => key);
        const all = value !== undefined && !known.includes(value) ? [...choicesOf(spec), [value, value]] : choicesOf(spec);
        const first = spec.choices ? [] : [make("option", { value: "" }, words.choose)];
        return make("select", { id, onchange: (event) => keep(spec.choices && event.target.value === spec.choices[0][0] ? "" : event.target.value) },
          first, all.map(([key, label]) => make("option", { value: key, selected: key === value }, label)));
      },
      keys: (spec, value, keep, id) => {
        const chosen = new Set(Array.isArray(value) ? value : value ? [value] : []);
        const all = [...choicesOf(spec)];
        chosen.forEach((key) => { if (!all.some(([known]) => known === key)) all.push([key, key]); });
        if (!all.length) return KINDS.list(spec, value, keep, id);
        const order = all.map(([key]) => key);
        return make("div", { class: "rg-chips", role: "group", "aria-labelledby": `${id}-label` }, all.map(([key, label]) => make("label", { class: "rg-chip" },
          make("input", { type: "checkbox", value: key, checked: chosen.has(key), onchange: (event) => { if (event.target.checked) chosen.add(key); else chosen.delete(key); keep(order.filter((one) => chosen.has(one))); } }), make("span", {}, label))));
      },
      list: (spec, value, keep, id) => make("textarea", { id, rows: 2, class: "rg-mono", spellcheck: "false", value: (value || []).join("\n"), placeholder: spec.placeholder,
        oninput: (event) => keep(event.target.value.split(/[\n,]/).map((one) => one.trim()).filter(Boolean)) }),
      names: (spec, value, keep, id) => {
        const names = typeof value === "string" ? { en: value } : { ...(value || {}) };
        return make("div", { class: "rg-two" }, [["en", words.english], ["zh-Hans", words.chinese]].map(([tag, label], n) => make("span", { class: "rg-with-unit" },
          input({ id: n ? `${id}-${tag}` : id, type: "text", lang: tag, "aria-label": `${spec.label}: ${label}`, maxlength: 200, value: names[tag] || "" }, (text) => { if (text) names[tag] = text; else delete names[tag]; keep({ ...names }); }),
          make("span", { "aria-hidden": "true" }, tag === "en" ? "EN" : "中"))));
      },
      goods: (spec, value, keep, id) => {
        const goods = JSON.parse(JSON.stringify(value || {}));
        const side = (name, label) => {
          const set = (what) => (entries) => { const at = goods[name] || (goods[name] = {}); if (isEmpty(entries)) delete at[what]; else at[what] = entries; if (isEmpty(at)) delete goods[name]; keep({ ...goods }); };
          const at = goods[name] || {};
          const attributes = Object.entries(at.attributes || {}).map(([key, values]) => `${key}: ${[].concat(values).join(", ")}`).join("\n");
          const one = (what, text) => make("label", { class: "rg-sub" }, make("span", {}, text), make("textarea", { rows: 2, class: "rg-mono", spellcheck: "false", placeholder: words.one_a_line, value: (at[what] || []).join("\n"), oninput: (event) => set(what)(event.target.value.split(/[\n,]/).map((t) => t.trim()).filter(Boolean)) }));
          const byAttribute = make("label", { class: "rg-sub" }, make("span", {}, words.attributes), make("textarea", { rows: 2, class: "rg-mono", spellcheck: "false", placeholder: "color: red, blue", value: attributes, oninput: (event) => {
            const found = {};
            event.target.value.split("\n").forEach((line) => { const [key, rest] = line.split(/:(.*)/s); if (key && rest) found[key.trim()] = rest.split(",").map((t) => t.trim()).filter(Boolean); });
            set("attributes")(found);
          } }));
          return make("fieldset", { class: "rg-goods" }, make("legend", {}, label), make("div", { class: "rg-two" }, one("skus", words.skus), one("categories", words.categories), one("brands", words.brands), byAttribute));
        };
        const out = side("exclude", words.exclude);
        return make("div", { class: "rg-goods-both", id }, side("include", `${words.include} · ${words.all_goods}`),
          make("details", { open: !!goods.exclude }, make("summary", {}, words.exclude), out));
      },
      rows: (spec, value, keep, id) => {
        const rows = JSON.parse(JSON.stringify(value || []));
        const place = make("div", { class: "rg-rows", id });
        const show = () => {
          place.replaceChildren(...rows.map((row, n) => make("div", { class: "rg-row-of" },
            spec.fields.map((inner) => field({ ...inner, path: `${spec.path}.${n}.${inner.name}` }, pick(row, inner.name), (v) => { lay(row, inner.name, v); keep(JSON.parse(JSON.stringify(rows))); })),
            make("button", { type: "button", class: "rg-button rg-slim rg-icon", "aria-label": words.remove, title: words.remove, onclick: () => { rows.splice(n, 1); keep([...rows]); show(); } }, icon("close")))),
            make("button", { type: "button", class: "rg-button rg-slim", onclick: () => { rows.push({}); show(); place.querySelector(".rg-row-of:last-of-type input, .rg-row-of:last-of-type select, .rg-row-of:last-of-type textarea")?.focus(); } }, icon("add"), words.add_row));
        };
        show();
        return place;
      },
      effects: (spec, value, keep, id) => {
        const rows = JSON.parse(JSON.stringify(value || []));
        const place = make("div", { class: "rg-stack rg-effects", id });
        const kept = () => keep(JSON.parse(JSON.stringify(rows)));
        const show = () => {
          place.replaceChildren(...rows.map((row, n) => {
            const known = effects.find((one) => one.kind === row.kind);
            return make("div", { class: "rg-effect", role: "group", "aria-label": known ? known.label : row.kind },
              make("div", { class: "rg-row rg-between" }, make("strong", {}, known ? known.label : row.kind),
                make("button", { type: "button", class: "rg-button rg-slim rg-icon", "aria-label": `${words.remove}: ${known ? known.label : row.kind}`, onclick: () => { rows.splice(n, 1); kept(); show(); } }, icon("close"))),
              known && known.fields.length ? make("div", { class: "rg-fields" }, known.fields.map((inner) => field({ ...inner, path: `effects.${n}.${inner.name}` }, pick(row, inner.name), (v) => { lay(row, inner.name, v); kept(); }))) : null);
          }), make("div", { class: "rg-field", style: "max-width:22rem" }, make("label", { for: `${id}-add` }, words.add_effect),
            make("select", { id: `${id}-add`, onchange: (event) => { if (!event.target.value) return; rows.push({ kind: event.target.value }); kept(); show(); place.querySelector(".rg-effect:last-of-type input")?.focus(); } },
              make("option", { value: "" }, words.choose), effects.map((one) => make("option", { value: one.kind }, one.label)))));
        };
        show();
        return place;
      },
      birthday: (spec, value, keep, id) => {
        const days = { before: (value && value.before) || 0, after: (value && value.after) || 0 };
        const place = make("div", { class: "rg-two" });
        const show = (how) => {
          const number = (name, text) => make("span", { class: "rg-with-unit" }, input({ type: "number", min: 0, max: 180, step: 1, "aria-label": text, value: days[name] }, (said) => { days[name] = Number(said) || 0; keep({ ...days }); }), make("span", {}, text));
          place.replaceChildren(make("select", { id, onchange: (event) => { const next = event.target.value; keep(next === "month" ? "month" : next === "days" ? { ...days } : ""); show(next); } },
            [["", words.birthday_no], ["month", words.birthday_month], ["days", words.birthday_days]].map(([key, label]) => make("option", { value: key, selected: key === how }, label))),
            ...(how === "days" ? [number("before", words.days_before), number("after", words.days_after)] : []));
        };
        show(value === "month" ? "month" : value ? "days" : "");
        return place;
      },
      condition: (spec, value, keep, id) => condition(spec, value || "", keep, id),
    };
    KINDS.money_or_whole = KINDS.money;

    const field = (spec, value, keep) => {
      const id = `f-${counter += 1}`, kind = spec.kind;
      const control = KINDS[kind](spec, value, keep, id);
      const isBox = kind === "flag";
      const label = ["keys", "rows", "effects", "goods", "condition"].includes(kind)
        ? make("span", { class: "rg-legend", id: `${id}-label` }, spec.label) : make("label", { for: id }, spec.label, spec.required ? make("span", { class: "rg-soft", "aria-hidden": "true" }, " *") : null);
      return make("div", { class: `rg-field rg-kind-${kind}${["goods", "rows", "effects", "condition", "keys"].includes(kind) ? " rg-wide" : ""}`, "data-path": spec.path || spec.name },
        isBox ? make("span", { class: "rg-check" }, control, label) : [label, control],
        spec.hint ? make("span", { class: "rg-hint" }, spec.hint) : null, make("ul", { class: "errorlist", "data-faults": "" }));
    };

    // conditions: rows of fact, operator, value; or CEL as text
    const quote = (text) => `'${String(text).replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;
    const unquote = (text) => text.slice(1, -1).replace(/\\(.)/g, "$1");
    const TEXT = "'(?:[^'\\\\]|\\\\.)*'", FACT = "[a-z_][a-z0-9_.]*";
    const list = (text) => text.split(/[\n,]/).map((t) => t.trim()).filter(Boolean);
    const asCel = ({ fact, op, value, key }, kind) => {
      if (op === "yes") return fact;
      if (op === "no") return `!${fact}`;
      if (op === "has") return `${quote(value)} in ${fact}`;
      if (op === "lacks") return `!(${quote(value)} in ${fact})`;
      if (op === "in") return `${fact} in [${list(value).map(quote).join(", ")}]`;
      if (op === "not in") return `!(${fact} in [${list(value).map(quote).join(", ")}])`;
      if (op === "startsWith" || op === "contains") return `${fact}.${op}(${quote(value)})`;
      if (op.startsWith("t")) return `${fact} ${op.slice(1)} timestamp(${quote(value)})`;
      if (op.startsWith("at")) return `${fact}[${quote(key)}] ${op.slice(2)} ${kind.endsWith("int>") ? value || "0" : quote(value)}`;
      return `${fact} ${op} ${kind === "string" ? quote(value) : value || "0"}`;
    };
    const PATTERNS = [
      [new RegExp(`^(${FACT}) in \\[(.*)\\]$`), ([, fact, items]) => ({ fact, op: "in", value: (items.match(new RegExp(TEXT, "g")) || []).map(unquote).join(", ") })],
      [new RegExp(`^!\\((${FACT}) in \\[(.*)\\]\\)$`), ([, fact, items]) => ({ fact, op: "not in", value: (items.match(new RegExp(TEXT, "g")) || []).map(unquote).join(", ") })],
      [new RegExp(`^(${TEXT}) in (${FACT})$`), ([, value, fact]) => ({ fact, op: "has", value: unquote(value) })],
      [new RegExp(`^!\\((${TEXT}) in (${FACT})\\)$`), ([, value, fact]) => ({ fact, op: "lacks", value: unquote(value) })],
      [new RegExp(`^(${FACT})\\.(startsWith|contains)\\((${TEXT})\\)$`), ([, fact, op, value]) => ({ fact, op, value: unquote(value) })],
      [new RegExp(`^(${FACT}) (>=|<) timestamp\\((${TEXT})\\)$`), ([, fact, op, value]) => ({ fact, op: `t${op}`, value: unquote(value) })],
      [new RegExp(`^(${FACT})\\[(${TEXT})\\] (>=|<=|==|!=) (-?\\d+|${TEXT})$`), ([, fact, key, op, value]) => ({ fact, op: `at${op}`, key: unquote(key), value: value.startsWith("'") ? unquote(value) : value })],
      [new RegExp(`^(${FACT}) (==|!=) (${TEXT})$`), ([, fact, op, value]) => ({ fact, op, value: unquote(value) })],
      [new RegExp(`^(${FACT}) (>=|<=|>|<|==|!=) (-?\\d+(?:\\.\\d+)?)$`), ([, fact, op, value]) => ({ fact, op, value })],
      [new RegExp(`^!(${FACT})$`), ([, fact]) => ({ fact, op: "no" })],
      [new RegExp(`^(${FACT})$`), ([, fact]) => ({ fact, op: "yes" })],
    ];
    const parse = (text, known) => {
      if (!text.trim()) return [];
      const clauses = [];
      let depth = 0, inText = false, from = 0;
      for (let n = 0; n < text.length; n += 1) {
        const c = text[n];
        if (inText) { if (c === "\\") n += 1; else if (c === "'") inText = false; continue; }
        if (c === "'") inText = true;
        else if ("([".includes(c)) depth += 1;
        else if (")]".includes(c)) depth -= 1;
        else if (!depth && text.startsWith("&&", n)) { clauses.push(text.slice(from, n)); from = n + 2; n += 1; }
      }
      clauses.push(text.slice(from));
      const rows = clauses.map((clause) => {
        const tidy = clause.trim().replace(/\s+/g, " ");
        for (const [pattern, give] of PATTERNS) {
          const found = tidy.match(pattern);
          const row = found && give(found);
          const fact = row && known.find((one) => one.name === row.fact);
          if (fact && (operators[fact.type] || []).some(([op]) => op === row.op)) return row;
        }
        return null;
      });
      return rows.every(Boolean) ? rows : null;
    };
    const VALUES = { store: "stores", channel: "channels", "member.tier": "tiers", "member.audiences": "audiences" };

    const condition = (spec, value, keep, id) => {
      const known = facts[spec.of] || [];
      let text = value, rows = parse(text, known), asText = rows === null;
      const place = make("div", { class: "rg-cel" });
      const verdict = make("div", { class: "rg-small", role: "status" });
      const shownText = make("code", { class: "rg-cel-text" });
      let wait = 0;
      const check = () => {
        clearTimeout(wait);
        if (!text.trim()) { verdict.replaceChildren(); return; }
        wait = setTimeout(() => {
          post(root.dataset.celUrl, { text, of: spec.of }).then((answer) => {
            verdict.replaceChildren(...(answer.faults.length
              ? answer.faults.map(([at, message]) => make("div", { class: "rg-down" }, at ? `${at}: ${message}` : message))
              : [make("span", { class: "rg-up" }, "✓ ", words.sound)]));
          }).catch(() => { verdict.textContent = words.offline; });
        }, 300);
      };
      const took = (next) => { text = next; shownText.textContent = text; shownText.hidden = !text; keep(text); check(); };
      const fromRows = () => took(rows.filter((row) => row.fact && row.op).map((row) => asCel(row, known.find((one) => one.name === row.fact).type)).join(" && "));
      const rowOf = (row, n) => {
        const fact = known.find((one) => one.name === row.fact) || known[0];
        const ops = operators[fact.type] || [];
        const needs = !["yes", "no"].includes(row.op);
        const values = options[VALUES[fact.name]] || [];
        const listId = `${id}-values-${n}`;
        return make("div", { class: "rg-row-of rg-cel-row" },
          make("select", { "aria-label": spec.label, onchange: (event) => { const next = known.find((one) => one.name === event.target.value); rows[n] = { fact: next.name, op: (operators[next.type] || [[""]])[0][0], value: "" }; fromRows(); show(); } },
            known.map((one) => make("option", { value: one.name, selected: one.name === fact.name }, one.label))),
          make("select", { "aria-label": "=", onchange: (event) => { row.op = event.target.value; fromRows(); show(); } }, ops.map(([op, label]) => make("option", { value: op, selected: op === row.op }, label))),
          row.op.startsWith("at") ? make("input", { type: "text", class: "rg-mono", placeholder: words.of_which, "aria-label": words.of_which, value: row.key || "", oninput: (event) => { row.key = event.target.value; fromRows(); } }) : null,
          needs ? make("input", { type: "text", list: values.length ? listId : undefined, "aria-label": words.value, placeholder: words.value, inputmode: ["int", "double"].includes(fact.type) ? "numeric" : undefined, value: row.value || "", oninput: (event) => { row.value = event.target.value.trim(); fromRows(); } }) : null,
          values.length ? make("datalist", { id: listId }, values.map(([key, label]) => make("option", { value: key }, label))) : null,
          make("button", { type: "button", class: "rg-button rg-slim rg-icon", "aria-label": words.remove, onclick: () => { rows.splice(n, 1); fromRows(); show(); } }, icon("close")));
      };
      const show = () => {
        const turn = make("button", { type: "button", class: "rg-tab", "aria-pressed": asText ? "true" : "false", onclick: () => {
          if (asText) { const found = parse(text, known); if (found === null) { verdict.textContent = words.too_free; return; } rows = found; }
          asText = !asText; show();
        } }, asText ? words.by_choosing : words.as_text);
        const inside = asText
          ? [make("textarea", { id, rows: 3, class: "rg-mono", spellcheck: "false", "aria-labelledby": `${id}-label`, value: text, oninput: (event) => took(event.target.value) })]
          : [...rows.map(rowOf), make("button", { type: "button", class: "rg-button rg-slim", onclick: () => { const first = known[0]; rows.push({ fact: first.name, op: (operators[first.type] || [[""]])[0][0], value: "" }); fromRows(); show(); place.querySelector(".rg-cel-row:last-of-type select")?.focus(); } }, icon("add"), words.add_condition)];
        place.replaceChildren(...inside, make("div", { class: "rg-row rg-between" }, asText ? make("span") : shownText, turn), verdict);
        shownText.textContent = text; shownText.hidden = !text;
      };
      show();
      check();
      return place;
    };

    // talking to the house
    const post = (address, values) => fetch(address, { method: "POST", headers: { "X-CSRFToken": token, "X-Requested-With": "fetch", "Content-Type": "application/json" }, body: JSON.stringify(values) })
      .then((answer) => (answer.ok || answer.status === 422 ? answer.json() : Promise.reject(new Error(String(answer.status)))));
    const aside = document.getElementById("rg-verdict");
    const yaml = document.getElementById("rg-yaml");
    let turn = 0;
    const look = () => {
      const mine = (turn += 1);
      aside.setAttribute("aria-busy", "true");
      post(root.dataset.lookUrl, { body }).then((answer) => {
        if (mine !== turn) return;
        aside.removeAttribute("aria-busy");
        aside.innerHTML = answer.html;
        document.querySelectorAll("[data-faults]").forEach((one) => one.replaceChildren());
        answer.faults.forEach(([path, message]) => {
          const homes = [...root.querySelectorAll("[data-path]")].filter((one) => path === one.dataset.path || path.startsWith(`${one.dataset.path}.`));
          const home = homes.sort((a, b) => b.dataset.path.length - a.dataset.path.length)[0];
          home?.querySelector(":scope > [data-faults]")?.append(make("li", {}, message));
          const part = home?.closest("details.rg-part");
          if (part) part.open = true;
        });
        if (yaml && document.activeElement !== yaml) yaml.value = answer.yaml;
      }).catch(() => { aside.textContent = words.offline; });
    };

    const show = () => {
      const said = (part) => part.fields.some((spec) => !isEmpty(read(spec.name)));
      root.replaceChildren(...parts.map((part, n) => make("details", { class: "rg-card rg-part", open: n < 3 || said(part) },
        make("summary", {}, make("h2", {}, part.label), make("span", { class: "material-symbols-outlined rg-turn", "aria-hidden": "true" }, "expand_more")),
        make("div", { class: "rg-body rg-fields" }, part.fields.map((spec) => field({ ...spec, path: spec.name }, read(spec.name), (value) => write(spec.name, value)))))));
      hidden.value = JSON.stringify(body);
      if (isReadOnly) root.querySelectorAll("input, select, textarea, button").forEach((one) => { one.disabled = true; });
    };

    // the same as YAML
    document.getElementById("rg-yaml-take")?.addEventListener("click", () => {
      const fault = document.getElementById("rg-yaml-fault");
      post(root.dataset.lookUrl, { yaml: yaml.value }).then((answer) => {
        if (answer.unreadable) { fault.hidden = false; fault.textContent = `${words.not_yaml} ${answer.unreadable}`; return; }
        fault.hidden = true;
        body = answer.body; show(); changed();
        document.querySelector("[data-view=fields]").click();
      }).catch(() => { fault.hidden = false; fault.textContent = words.offline; });
    });
    document.querySelectorAll("[data-view]").forEach((tab) => tab.addEventListener("click", () => {
      document.querySelectorAll("[data-view]").forEach((one) => one.setAttribute("aria-selected", String(one === tab)));
      document.querySelectorAll("[data-panel]").forEach((one) => { one.hidden = one.dataset.panel !== tab.dataset.view; });
    }));
    form.addEventListener("submit", () => { isDirty = false; });
    window.addEventListener("beforeunload", (event) => { if (isDirty) event.preventDefault(); });

    // a basket to try it on
    const basket = document.getElementById("rg-basket");
    if (basket) {
      const lines = document.getElementById("rg-basket-lines");
      const answerBox = document.getElementById("rg-basket-answer");
      document.getElementById("rg-basket-add").addEventListener("click", () => {
        const next = lines.querySelector("[data-line]").cloneNode(true);
        next.querySelectorAll("input").forEach((one) => { one.value = one.name === "quantity" ? "1" : ""; });
        lines.append(next);
        next.querySelector("input").focus();
      });
      lines.addEventListener("click", (event) => {
        const button = event.target.closest("[data-drop]");
        if (button && lines.querySelectorAll("[data-line]").length > 1) button.closest("[data-line]").remove();
      });
      basket.addEventListener("submit", (event) => {
        event.preventDefault();
        const values = Object.fromEntries([...new FormData(basket)].filter(([name]) => !["sku", "category", "brand", "quantity", "amount"].includes(name)));
        values.lines = [...lines.querySelectorAll("[data-line]")].map((line) => Object.fromEntries([...line.querySelectorAll("input")].map((one) => [one.name, one.value.trim()])));
        answerBox.setAttribute("aria-busy", "true");
        post(root.dataset.tryUrl, { ...values, body }).then((answer) => { answerBox.innerHTML = answer.html; }).catch(() => { answerBox.textContent = words.offline; })
          .finally(() => answerBox.removeAttribute("aria-busy"));
      });
    }
    const first = new URLSearchParams(location.search).get("view");
    if (first) document.querySelector(`[data-view="${CSS.escape(first)}"]`)?.click();
    show();
    look();
  });
})();
