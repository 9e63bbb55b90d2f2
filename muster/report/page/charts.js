// Draws the charts of a report from the JSON in #data with Chart.js, and notes on each canvas what was drawn.
(function () {
  'use strict';
  const data = JSON.parse(document.getElementById('data').textContent);
  const root = document.documentElement;
  const dashes = [[], [9, 4], [2, 3], [11, 3, 2, 3], [5, 3]];
  const shapes = ['circle', 'rect', 'triangle', 'rectRot', 'crossRot', 'star'];
  const parts = ['compute', 'waiting', 'averaging', 'data', 'evaluation', 'checkpoints', 'rest'];
  const lookOf = (part) => (part === 'communication' ? 2 : parts.indexOf(part));
  const narrow = () => window.innerWidth < 560;
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const colour = (arm) => css('--c' + (arm % 8));
  const number = (value, digits) => value.toLocaleString('en', { maximumFractionDigits: digits });
  const signs = (value) => Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 });
  const clock = (s) => {
    if (s < 1) return Math.round(s * 1000) + ' ms';
    if (s < 60) return s.toFixed(1) + ' s';
    const whole = Math.round(s), two = (n) => String(n).padStart(2, '0');
    const rest = two(Math.floor(whole / 60) % 60) + ':' + two(whole % 60);
    return whole < 3600 ? rest.replace(/^0/, '') : Math.floor(whole / 3600) + ':' + rest;
  };

  // --- legends in tables: the same line and point as in the charts
  function marker(shape, x, y, r) {
    const p = (list) => list.map(([dx, dy]) => (x + dx * r) + ',' + (y + dy * r)).join(' ');
    if (shape === 'circle') return `<circle cx="${x}" cy="${y}" r="${r}" fill="currentColor"/>`;
    if (shape === 'rect') return `<polygon points="${p([[-.9, -.9], [.9, -.9], [.9, .9], [-.9, .9]])}" fill="currentColor"/>`;
    if (shape === 'triangle') return `<polygon points="${p([[0, -1.1], [1, .8], [-1, .8]])}" fill="currentColor"/>`;
    if (shape === 'rectRot') return `<polygon points="${p([[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]])}" fill="currentColor"/>`;
    const strokes = shape === 'star' ? [[-1, 0, 1, 0], [-.7, -.7, .7, .7], [-.7, .7, .7, -.7], [0, -1, 0, 1]] : [[-.8, -.8, .8, .8], [-.8, .8, .8, -.8]];
    return strokes.map(([a, b, c, d]) => `<path d="M${x + a * r} ${y + b * r}L${x + c * r} ${y + d * r}" stroke="currentColor" stroke-width="1.6"/>`).join('');
  }
  document.querySelectorAll('.key').forEach((key) => {
    const arm = Number(key.dataset.arm);
    key.innerHTML = `<svg width="34" height="12" aria-hidden="true" style="color:var(--c${arm % 8})">` +
      `<line x1="0" y1="6" x2="34" y2="6" stroke="currentColor" stroke-width="2" stroke-dasharray="${dashes[arm % dashes.length].join(' ')}"/>` +
      marker(shapes[arm % shapes.length], 17, 6, 4.2) + '</svg>';
  });

  // --- names at the ends of the curves; where ends lie close together, in their order and one below the other
  const endLabels = {
    id: 'endLabels',
    afterDatasetsDraw(chart) {
      const ctx = chart.ctx, { top, bottom } = chart.chartArea, gap = 15, groups = [];
      ctx.save();
      ctx.font = '600 12px system-ui, sans-serif';
      ctx.textBaseline = 'middle';
      ctx.lineJoin = 'round';
      const ends = chart.data.datasets.map((set, i) => ({ set, end: chart.getDatasetMeta(i).data.filter((p) => !p.skip).slice(-1)[0] }))
        .filter(({ set, end }) => set.main && end)
        .map(({ set, end }) => ({ set, x: end.x, y: end.y, text: shortened(set.label), width: ctx.measureText(shortened(set.label)).width }));
      for (const end of ends.sort((a, b) => a.x - b.x)) {
        const last = groups[groups.length - 1];
        if (last && end.x < Math.max(...last.map((other) => other.x + other.width)) + 16) last.push(end); else groups.push([end]);
      }
      for (const group of groups) {
        group.sort((a, b) => a.y - b.y);
        const height = gap * (group.length - 1), middle = group.reduce((sum, end) => sum + end.y, 0) / group.length;
        let previous = -Infinity;
        group.forEach((end) => { end.at = Math.max(end.y, previous + gap); previous = end.at; });
        const shift = group.some((end) => Math.abs(end.at - end.y) > 1) ? Math.min(0, middle + height / 2 - previous) : 0;
        group.forEach((end) => { end.at += shift; });
        const over = Math.max(0, group[group.length - 1].at - (bottom - 5));
        group.forEach((end) => { end.at -= over; });
        for (let i = 0, low = top + 4; i < group.length; ++i, low += gap) group[i].at = Math.max(group[i].at, low);
        const x = Math.min(Math.max(...group.map((end) => end.x)) + 12, chart.width - Math.max(...group.map((end) => end.width)) - 2);
        for (const end of group) {
          ctx.lineWidth = 1;
          ctx.strokeStyle = end.set.borderColor + '99';
          ctx.beginPath();
          ctx.moveTo(end.x + 3, end.y);
          ctx.lineTo(x - 3, end.at);
          ctx.stroke();
          ctx.lineWidth = 4;
          ctx.strokeStyle = css('--card');
          ctx.strokeText(end.text, x, end.at);
          ctx.fillStyle = end.set.borderColor;
          ctx.fillText(end.text, x, end.at);
        }
      }
      ctx.restore();
    },
  };
  // --- where no model can come below a loss, a line says so
  const floorLine = {
    id: 'floorLine',
    beforeDatasetsDraw(chart) {
      if (data.floor === null || chart.measure !== 'loss') return;
      const ctx = chart.ctx, { left, right } = chart.chartArea, y = chart.scales.y.getPixelForValue(data.floor);
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = css('--soft');
      ctx.setLineDash([1, 3]);
      ctx.beginPath();
      ctx.moveTo(left, y);
      ctx.lineTo(right, y);
      ctx.stroke();
      ctx.font = '11.5px system-ui, sans-serif';
      ctx.fillText('least possible', left + 6, y - 5);
      ctx.restore();
    },
  };
  const shortened = (name) => (name.length > 14 ? name.slice(0, 13) + '…' : name);
  const labelSpace = () => {
    const ctx = document.createElement('canvas').getContext('2d');
    ctx.font = '600 12px system-ui, sans-serif';
    return Math.ceil(Math.max(...data.arms.map((arm) => ctx.measureText(shortened(arm.name)).width))) + 18;
  };

  // --- curves
  function curve(arm, x, y, options) {
    const points = x.map((value, i) => ({ x: value, y: y[i] })).filter((p) => p.x !== null && p.y !== null);
    const every = Math.max(1, Math.ceil(points.length / 7)), first = Math.min(points.length - 1, Math.floor(every * ((arm % 4) / 4)));
    const main = options.main;
    return {
      label: data.arms[arm].name, data: points, arm, main, stepped: options.stepped || false, spanGaps: true,
      borderColor: colour(arm) + (main ? '' : '66'), backgroundColor: colour(arm),
      borderWidth: main ? 2.25 : 1, borderDash: dashes[arm % dashes.length], borderCapStyle: 'butt',
      pointStyle: shapes[arm % shapes.length], pointBorderColor: colour(arm), pointBorderWidth: 1.5,
      pointRadius: (c) => (main && c.dataIndex % every === first ? 4.2 : main && points.length === 1 ? 4.2 : 0),
      pointHoverRadius: 5, pointHitRadius: 8, order: main ? 0 : 1, tension: 0, clip: 6,
    };
  }
  const evaluationCurves = (xKey, xScale, yKey, yScale, log) => data.arms.flatMap((arm, i) => {
    const take = (e, main) => curve(i, e[xKey].map((v) => (v === null || (log && v <= 0) ? null : v / xScale)), e[yKey].map((v) => v === null ? null : v * yScale), { main });
    const seeds = arm.runs.length > 1 ? arm.runs.map((run) => take(run.evaluations, false)) : [];
    return [take(arm.mean, true), ...seeds];
  });
  const runCurves = (name, stepped, floor) => data.arms.flatMap((arm, i) => arm.runs.map((run, seed) => {
    const y = run[name].y.map((v) => (v !== null && v > floor ? v : null));
    return curve(i, run[name].x, y, { main: seed === 0, stepped });
  }));
  const largest = (key) => Math.max(1e-9, ...data.arms.flatMap((arm) => arm.runs.flatMap((run) => run.evaluations[key])));
  const timeUnit = (seconds) => seconds > 7200 ? [3600, 'hours'] : seconds > 180 ? [60, 'minutes'] : [1, 'seconds'];
  const byteUnit = (bytes) => bytes > 2 ** 31 ? [2 ** 30, 'GiB'] : bytes > 2 ** 21 ? [2 ** 20, 'MiB'] : [2 ** 10, 'KiB'];
  const spansDecades = (values) => { const found = values.filter((v) => v > 0); return Math.max(...found) > 12 * Math.min(...found); };
  const stepsName = data.steps_name || 'steps of each worker';
  const horizontal = {
    steps: () => ['step', 1, stepsName, false],
    time: () => { const [unit, name] = timeUnit(largest('seconds')); return ['seconds', unit, name, false]; },
    bytes: () => {
      const [unit, name] = byteUnit(largest('bytes'));
      const ends = data.arms.map((arm) => arm.mean.bytes[arm.mean.bytes.length - 1]).filter((v) => v > 0);
      const log = ends.length > 1 && spansDecades(ends);
      return ['bytes', unit, name + ' per worker' + (log ? ' (log scale)' : ''), log];
    },
  };
  const vertical = {
    accuracy: [100, 'test accuracy, %', (v) => v.toFixed(2) + ' %'],
    loss: [1, 'test loss', (v) => signs(v)],
    train: [1, 'training loss', (v) => signs(v)],
  };

  function axis(title, log, more) {
    const grid = { color: css('--grid'), borderColor: css('--line'), drawTicks: false };
    const plain = (value) => number(value, 6);
    const ticks = { color: css('--soft'), padding: 6, maxRotation: 0, autoSkipPadding: 14, font: { size: 11.5 }, callback: plain };
    // Of a log axis' many ticks: 1, 2 and 5 of each decade, or where there are many decades some of their ones.
    const thin = (scale) => {
      const decades = Math.log10(scale.max / scale.min), every = Math.ceil(decades / 6);
      const first = (tick) => Number(tick.value.toExponential().split('e')[0]);
      const keep = (tick) => (decades > 2.5 ? first(tick) === 1 && Math.round(Math.log10(tick.value)) % every === 0 : [1, 2, 5].includes(first(tick)));
      scale.ticks = scale.ticks.filter(keep);
    };
    if (log) Object.assign(ticks, { autoSkip: false, callback: (value) => (value >= 1e5 || value < 1e-3 ? Number(value).toExponential(0) : plain(value)) });
    if (log) more = { ...more, afterBuildTicks: thin };
    return { type: log ? 'logarithmic' : 'linear', title: { display: true, text: title, color: css('--soft'), font: { size: 12 } }, grid, ticks, ...more };
  }
  function lines(datasets, x, y, format, measure) {
    const tip = { backgroundColor: css('--ink'), titleColor: css('--card'), bodyColor: css('--card'), displayColors: false, padding: 10 };
    return {
      type: 'line', data: { datasets }, plugins: [endLabels, floorLine, { id: 'measure', beforeInit: (chart) => { chart.measure = measure; } }],
      options: {
        responsive: true, maintainAspectRatio: false, animation: false, parsing: true,
        layout: { padding: { right: labelSpace(), top: 6 } },
        interaction: { mode: 'nearest', axis: 'xy', intersect: false },
        plugins: {
          legend: { display: false },
          tooltip: { ...tip, filter: (item, index) => index === 0, callbacks: { title: (items) => items.length ? x.title.text + ': ' + signs(items[0].parsed.x) : '', label: (item) => item.dataset.label + ': ' + format(item.parsed.y) } },
        },
        scales: { x, y },
      },
    };
  }

  // --- stacked bars with hatching, so that they can be told apart without colour
  function hatch(part) {
    const index = lookOf(part);
    const tile = document.createElement('canvas');
    tile.width = tile.height = 8;
    const ctx = tile.getContext('2d');
    ctx.fillStyle = css('--p' + index);
    ctx.fillRect(0, 0, 8, 8);
    ctx.strokeStyle = ctx.fillStyle = css('--card');
    ctx.lineWidth = 1.4;
    const stroke = (...points) => { ctx.beginPath(); points.forEach(([x, y], i) => (i % 2 ? ctx.lineTo(x, y) : ctx.moveTo(x, y))); ctx.stroke(); };
    if (index === 1) stroke([-2, 2], [2, -2], [0, 8], [8, 0], [6, 10], [10, 6]);
    if (index === 2) stroke([0, 0], [8, 8], [-2, 6], [2, 10], [6, -2], [10, 2]);
    if (index === 3) { ctx.beginPath(); ctx.arc(4, 4, 1.5, 0, 7); ctx.fill(); }
    if (index === 4) stroke([0, 4], [8, 4]);
    if (index === 5) stroke([4, 0], [4, 8]);
    if (index === 6) stroke([0, 4], [8, 4], [4, 0], [4, 8]);
    return ctx.createPattern(tile, 'repeat');
  }
  const totals = {
    id: 'totals',
    afterDatasetsDraw(chart) {
      const ctx = chart.ctx, scale = chart.scales.x;
      ctx.save();
      ctx.font = '600 12px system-ui, sans-serif';
      ctx.textBaseline = 'middle';
      ctx.fillStyle = css('--ink');
      const metas = chart.data.datasets.map((_, i) => chart.getDatasetMeta(i)).filter((meta) => !meta.hidden);
      chart.data.labels.forEach((_, row) => {
        const sum = chart.data.datasets.reduce((s, set) => s + (set.data[row] || 0), 0);
        const bar = metas[0] && metas[0].data[row];
        if (bar) ctx.fillText(clock(sum * chart.unit), scale.getPixelForValue(sum) + 8, bar.y);
      });
      ctx.restore();
    },
  };
  function bars(key, names) {
    const rows = data.arms.map((arm) => arm[key]);
    const sums = rows.map((row) => (row ? names.reduce((s, name) => s + (row[name] || 0), 0) : 0));
    const [unit, unitName] = timeUnit(Math.max(...sums));
    const used = names.filter((name) => rows.some((row, i) => row && row[name] > 0.002 * sums[i]));
    const datasets = used.map((name) => ({
      label: name, stack: 'all', backgroundColor: hatch(name), borderColor: css('--card'), borderWidth: 1, maxBarThickness: 34,
      ink: css('--p' + lookOf(name)), data: rows.map((row) => (row ? (row[name] || 0) / unit : 0)),
    }));
    const x = axis(unitName, false, { stacked: true, beginAtZero: true });
    const y = axis('', false, { type: 'category', stacked: true });
    y.title.display = false;
    y.grid = { display: false, borderColor: css('--line'), drawTicks: false };
    y.ticks = { color: css('--ink'), padding: 8, font: { size: 12.5, weight: '600' }, callback(value) { return shortened(this.getLabelForValue(value)); } };
    return {
      type: 'bar', data: { labels: data.arms.map((arm) => arm.name), datasets }, plugins: [totals, { id: 'unit', beforeInit: (chart) => { chart.unit = unit; } }],
      options: {
        indexAxis: 'y', responsive: true, maintainAspectRatio: false, animation: false, layout: { padding: { right: 62 } },
        plugins: {
          legend: { position: 'bottom', labels: { color: css('--ink'), boxWidth: 22, boxHeight: 12, padding: 14, font: { size: 12 } } },
          tooltip: { displayColors: false, callbacks: { label: (item) => item.dataset.label + ': ' + clock(item.parsed.x * unit) } },
        },
        scales: { x, y },
      },
    };
  }

  // --- how many contributions were how stale; beyond the longest bin shown, all others together
  function histogram() {
    const longest = 24, length = Math.min(longest, Math.max(...data.arms.map((arm) => arm.staleness.length)));
    const labels = Array.from({ length }, (_, i) => (i === longest - 1 ? i + '+' : String(i)));
    const datasets = data.arms.map((arm, i) => {
      const all = arm.staleness.reduce((sum, count) => sum + count, 0) || 1;
      const share = (at) => (at < longest - 1 ? arm.staleness[at] || 0 : arm.staleness.slice(at).reduce((sum, count) => sum + count, 0));
      return { label: arm.name, arm: i, backgroundColor: colour(i), data: labels.map((_, at) => 100 * share(at) / all), maxBarThickness: 30 };
    });
    const x = axis('versions since the worker started', false, { type: 'category' });
    delete x.ticks.callback;
    x.grid = { display: false, borderColor: css('--line'), drawTicks: false };
    return {
      type: 'bar', data: { labels, datasets },
      options: {
        responsive: true, maintainAspectRatio: false, animation: false,
        plugins: { legend: { display: false }, tooltip: { displayColors: false, callbacks: { label: (item) => item.dataset.label + ': ' + item.parsed.y.toFixed(1) + ' %' } } },
        scales: { x, y: axis('contributions, %', false, { beginAtZero: true }) },
      },
    };
  }

  // --- charts of a study: any curves, with error bars of one standard error
  const errorBars = {
    id: 'errorBars',
    beforeDatasetsDraw(chart) {
      const ctx = chart.ctx, { left, right, top, bottom } = chart.chartArea, scale = chart.scales.y;
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top, right - left, bottom - top);
      ctx.clip();
      ctx.lineWidth = 1.5;
      chart.data.datasets.forEach((set, i) => {
        ctx.strokeStyle = set.backgroundColor;
        chart.getDatasetMeta(i).data.forEach((point, at) => {
          const { y, error } = set.data[at];
          if (!error) return;
          const low = scale.type === 'logarithmic' ? Math.max(y - error, y / 1000) : y - error;
          const from = scale.getPixelForValue(low), to = scale.getPixelForValue(y + error);
          ctx.beginPath();
          [[0, from, 0, to], [-4, from, 4, from], [-4, to, 4, to]].forEach(([a, b, c, d]) => { ctx.moveTo(point.x + a, b); ctx.lineTo(point.x + c, d); });
          ctx.stroke();
        });
      });
      ctx.restore();
    },
  };
  function studyCurve(source, i, logX, logY) {
    const shown = (p) => p.x !== null && p.y !== null && !(logX && p.x <= 0) && !(logY && p.y <= 0);
    const points = source.x.map((x, at) => ({ x, y: source.y[at], error: source.error[at] || 0 })).filter(shown);
    const marked = source.points || points.length === 1;
    return {
      label: source.label, data: points, arm: i, main: true, showLine: !source.points, spanGaps: true, tension: 0, clip: 6,
      borderColor: colour(i), backgroundColor: colour(i), borderWidth: 2.25, borderDash: source.dashed ? [7, 4] : [], borderCapStyle: 'butt',
      pointStyle: shapes[i % shapes.length], pointBorderColor: colour(i), pointBorderWidth: 1.5,
      pointRadius: marked ? 4.2 : 0, pointHoverRadius: 5, pointHitRadius: 8, order: source.points ? 0 : 1,
    };
  }
  // A legend's line is as wide as its symbol is high: points are drawn beforehand, in their own size.
  function legendPoint(set) {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 16;
    const ctx = canvas.getContext('2d');
    ctx.fillStyle = ctx.strokeStyle = set.borderColor;
    Chart.helpers.drawPoint(ctx, { pointStyle: set.pointStyle, radius: 4.2, borderWidth: 1.5 }, 8, 8);
    return canvas;
  }
  // The axis reaches over the bars of error, not over the points alone.
  function errorRange(datasets, logY) {
    const points = datasets.flatMap((set) => set.data).filter((p) => p.error > 0);
    if (!points.length) return {};
    const ends = points.flatMap((p) => [p.y - p.error, p.y + p.error]).filter((end) => !logY || end > 0);
    return { suggestedMin: Math.min(...ends), suggestedMax: Math.max(...ends) };
  }
  function studyChart(source) {
    const datasets = source.curves.map((one, i) => studyCurve(one, i, source.log_x, source.log_y));
    const x = axis(source.x + (source.log_x ? ' (log)' : ''), source.log_x);
    const y = axis(source.y + (source.log_y ? ' (log)' : ''), source.log_y, errorRange(datasets, source.log_y));
    const result = lines(datasets, x, y, (v) => Number(v.toPrecision(5)).toString());
    const item = (set, i) => ({
      text: set.label, datasetIndex: i, fillStyle: set.borderColor, strokeStyle: set.borderColor, fontColor: css('--ink'), lineWidth: 2.25,
      lineDash: set.borderDash, pointStyle: set.showLine ? 'line' : legendPoint(set),
    });
    result.plugins = [errorBars];
    result.options.layout.padding = { right: 8, top: 6 };
    result.options.plugins.legend = {
      position: 'bottom', onClick: () => {},
      labels: { usePointStyle: true, pointStyleWidth: 24, boxHeight: 12, padding: 14, font: { size: 12 }, generateLabels: (chart) => chart.data.datasets.map(item) },
    };
    return result;
  }

  function configuration(id) {
    if (id.startsWith('study/')) return studyChart(data.charts[Number(id.slice(6))]);
    const steps = stepsName, whole = { min: 0, max: largest('step') };
    if (id === 'staleness') return histogram();
    if (id === 'time') return bars('seconds', parts);
    if (id === 'predicted') return bars('predicted', ['compute', 'communication']);
    if (id === 'train-loss') return lines(data.arms.map((arm, i) => curve(i, arm.loss.x, arm.loss.y, { main: true })), axis(steps, false, whole), axis('training loss', false), signs);
    if (id === 'period') {
      const sets = runCurves('period', 'before', 0);
      const log = spansDecades(sets.flatMap((set) => set.data.map((p) => p.y)));
      return lines(sets, axis(steps, false, whole), axis('steps between meetings' + (log ? ' (log scale)' : ''), log), (v) => number(v, 0) + ' steps');
    }
    if (id === 'divergence') return lines(runCurves('divergence', false, 0), axis(steps, false, whole), axis('divergence (log scale)', true), (v) => v.toPrecision(3));
    if (id.startsWith('probe/')) return lines(runCurves(id, false, 0), axis(steps, false, whole), axis(id.slice(6).replaceAll('_', ' '), false), (v) => v.toPrecision(4));
    const [yKey, xName] = id.split('/');
    const [xKey, unit, title, log] = horizontal[xName]();
    const [scale, yTitle, format] = vertical[yKey];
    return lines(evaluationCurves(xKey, unit, yKey, scale, log), axis(title, log, log ? {} : xName === 'steps' ? whole : { min: 0 }), axis(yTitle, false, yKey === 'loss' && data.floor !== null ? { suggestedMin: data.floor } : {}), format, yKey);
  }

  // --- what each chart says, for those who cannot see it
  function description(canvas, chart) {
    const title = canvas.closest('figure').querySelector('h3').textContent;
    const ends = chart.data.datasets.filter((set) => set.main && set.data.length)
      .map((set) => set.label + ' ends at ' + signs(set.data[set.data.length - 1].y));
    return title + (ends.length ? ': ' + ends.join('; ') + '.' : '.');
  }

  // --- the page looks at its own canvases: the most pixels in a curve's or a bar's colour
  function ink(canvas, chart) {
    const { left, top, width, height } = chart.chartArea, ratio = chart.currentDevicePixelRatio;
    if (width < 1 || height < 1) return 0;
    const pixels = canvas.getContext('2d').getImageData(left * ratio, top * ratio, width * ratio, height * ratio).data;
    const wanted = chart.data.datasets.map((set) => (set.ink || colour(set.arm)).match(/[0-9a-f]{2}/gi).map((hex) => parseInt(hex, 16)));
    const found = wanted.map(() => 0);
    for (let at = 0; at < pixels.length; at += 4) {
      if (pixels[at + 3] < 200) continue;
      wanted.forEach(([r, g, b], i) => { if (Math.abs(pixels[at] - r) + Math.abs(pixels[at + 1] - g) + Math.abs(pixels[at + 2] - b) < 48) ++found[i]; });
    }
    return Math.max(0, ...found);
  }

  let charts = [];
  function draw() {
    charts.forEach((chart) => chart.destroy());
    charts = [];
    Chart.defaults.font.family = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
    let drawn = 0;
    document.querySelectorAll('canvas[data-chart]').forEach((canvas) => {
      const id = canvas.dataset.chart;
      if (id === 'time' || id === 'predicted') canvas.parentElement.style.height = Math.max(200, 110 + 46 * data.arms.length) + 'px';
      const chart = new Chart(canvas, configuration(id));
      charts.push(chart);
      canvas.setAttribute('aria-label', description(canvas, chart));
      canvas.dataset.ink = ink(canvas, chart);
      if (Number(canvas.dataset.ink) > 0) ++drawn;
    });
    root.dataset.charts = charts.length;
    root.dataset.drawn = drawn;
    root.dataset.overflow = Math.max(0, root.scrollWidth - root.clientWidth);
  }
  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  addEventListener('beforeprint', () => { root.dataset.theme = 'light'; draw(); });
  addEventListener('afterprint', () => { delete root.dataset.theme; draw(); });
})();
