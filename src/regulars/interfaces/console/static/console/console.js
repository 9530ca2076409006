// The console's own few lines: charts in the colours of the theme, proofs on demand, pages that refresh themselves.
(() => {
  "use strict";
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const charts = [];

  const draw = () => {
    if (typeof Chart === "undefined") return;
    charts.splice(0).forEach((chart) => chart.destroy());
    const text = css("--rg-soft"), line = css("--rg-line");
    const language = document.documentElement.lang || "en";
    const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
    const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
    document.querySelectorAll("canvas[data-figures]").forEach((canvas) => {
      const told = JSON.parse(document.getElementById(canvas.dataset.figures).textContent);
      const sets = told.sets.map((set) => {
        const color = css(`--rg-chart-${set.color}`);
        return {
          label: set.label, data: set.values, type: set.line ? "line" : "bar", stack: set.stack || undefined,
          backgroundColor: set.line ? `${color}24` : color, borderColor: color,
          borderWidth: set.line ? 2 : 0, borderRadius: 3, maxBarThickness: 28, fill: !!set.line, tension: 0.25,
          pointRadius: 0, pointHitRadius: 12,
        };
      });
      charts.push(new Chart(canvas, {
        type: "bar",
        data: { labels: told.labels, datasets: sets },
        options: {
          responsive: true, maintainAspectRatio: false, animation: false,
          interaction: { mode: "index", intersect: false },
          plugins: {
            legend: { display: sets.length > 1, position: "bottom", labels: { color: text, boxWidth: 10, boxHeight: 10, usePointStyle: true } },
            tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${whole.format(item.parsed.y)}` } },
          },
          scales: {
            x: { grid: { display: false }, stacked: !!told.stacked, ticks: { color: text, maxRotation: 0, autoSkipPadding: 16 } },
            y: { beginAtZero: !told.floating, grid: { color: line }, border: { display: false }, stacked: !!told.stacked, ticks: { color: text, maxTicksLimit: 6, callback: (v) => short.format(v) } },
          },
        },
      }));
    });
  };

  // A <details data-load="address"> fetches its inside when it is first opened.
  const unfold = (details) => {
    const place = details.querySelector("[data-place]");
    if (!details.open || !details.dataset.load || details.dataset.loaded) return;
    details.dataset.loaded = "1";
    fetch(details.dataset.load, { headers: { "X-Requested-With": "fetch" } })
      .then((answer) => { if (!answer.ok) throw new Error(String(answer.status)); return answer.text(); })
      .then((html) => { place.innerHTML = html; })
      .catch(() => { delete details.dataset.loaded; place.textContent = details.dataset.failed || "–"; });
  };

  // A [data-refresh="address"] replaces itself every two seconds until what comes no longer asks for it.
  const refresh = (box) => {
    setTimeout(() => {
      fetch(box.dataset.refresh, { headers: { "X-Requested-With": "fetch" } })
        .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(String(answer.status)))))
        .then((html) => {
          const made = document.createElement("div");
          made.innerHTML = html;
          const next = made.firstElementChild;
          if (!next) return;
          box.replaceWith(next);
          if (next.dataset.refresh) refresh(next); else if (next.dataset.done) location.reload();
        })
        .catch(() => refresh(box));
    }, 2000);
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.addEventListener("toggle", (event) => { if (event.target.matches("details[data-load]")) unfold(event.target); }, true);
    document.querySelectorAll("[data-refresh]").forEach(refresh);
    document.querySelectorAll("select[data-send]").forEach((select) => select.addEventListener("change", () => select.form.submit()));
    // one click, one act
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (form.dataset.sent) { event.preventDefault(); return; }
      if (form.matches("form[data-once]")) form.dataset.sent = "1";
    });
    window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; }));
  });
  window.addEventListener("load", () => {
    draw();
    new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  });
})();
