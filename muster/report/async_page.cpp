#include "muster/report/async_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/base/error.h"
#include "muster/report/html_text.h"
#include "muster/report/page_assets.h"
#include "muster/report/page_parts.h"
#include "muster/report/worker_strip.h"

namespace muster::inline report {

namespace {

constexpr size_t most_points = 600, most_strips = 8;

std::string seven_digits(double value) {
  return std::isfinite(value) ? fmt::format("{:.7g}", value) : "null";
}

std::string column(const std::vector<MeasurementLine>& lines, double (*value)(const MeasurementLine&)) {
  std::vector<std::string> values;
  const size_t every = std::max<size_t>(1, lines.size() / most_points);
  for (size_t i = 0; i < lines.size(); ++i)
    if (i % every == 0 || i + 1 == lines.size()) values.push_back(seven_digits(value(lines[i])));
  return fmt::format("[{}]", fmt::join(values, ","));
}

std::string run_json(const AsyncRun& run) {
  const auto& lines = run.history.measurements;
  const std::string curve =
      fmt::format("{{\"step\":{},\"seconds\":{},\"train\":{},\"loss\":{},\"accuracy\":{}}}",
                  column(lines, [](const auto& line) { return static_cast<double>(line.local_steps); }),
                  column(lines, [](const auto& line) { return line.time; }),
                  column(lines, [](const auto& line) { return line.train_loss; }),
                  column(lines, [](const auto& line) { return line.test_loss; }),
                  column(lines, [](const auto& line) { return line.test_accuracy; }));
  return fmt::format("{{\"name\":{},\"mean\":{},\"runs\":[{{\"evaluations\":{}}}],\"staleness\":[{}]}}",
                     nlohmann::json(run.name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                     curve, curve, fmt::join(totals_of(run.history).staleness, ","));
}

/// The data that charts.js draws, as JSON.
std::string data_json(const std::vector<AsyncRun>& runs) {
  std::vector<std::string> parts;
  for (const AsyncRun& run : runs) parts.push_back(run_json(run));
  return fmt::format(
      "{{\"quality\":\"loss\",\"floor\":null,\"steps_name\":\"local steps of all workers\",\"arms\":[{}]}}",
      fmt::join(parts, ","));
}

// A real server measures held-out samples only.
bool knows_training_loss(const std::vector<AsyncRun>& runs) {
  for (const AsyncRun& run : runs)
    for (const MeasurementLine& line : run.history.measurements)
      if (std::isfinite(line.train_loss)) return true;
  return false;
}

std::string course(const std::vector<AsyncRun>& runs) {
  const bool measured = std::any_of(runs.begin(), runs.end(),
                                    [](const AsyncRun& run) { return run.history.measurements.size() > 1; });
  if (!measured) return {};
  std::string html = chart("loss/time", "Held-out loss against time",
                           "of the server's parameters; seconds of the run's clock") +
                     chart("loss/steps", "Held-out loss against local steps",
                           "of all workers together: equal work, by any worker");
  if (knows_training_loss(runs))
    html +=
        chart("train/time", "Training loss against time", "of the server's parameters on training samples") +
        chart("train/steps", "Training loss against local steps", "of all workers together");
  return "<section><h2>Course of training</h2>\n<div class=\"grid\">\n" + html + "</div></section>\n";
}

std::string strips(const std::vector<AsyncRun>& runs) {
  std::string html =
      "<section><h2>Who computed when</h2>\n<ul class=\"swatches\">"
      "<li style=\"--swatch:var(--p0)\">computes; the number is the staleness of its contribution</li>"
      "<li style=\"--swatch:var(--p1)\">sends and receives</li><li style=\"--swatch:var(--grid)\">waits</li>"
      "<li style=\"--swatch:var(--p2)\">dropped</li></ul>\n<div class=\"strips\">\n";
  for (size_t i = 0; i < std::min(runs.size(), most_strips); ++i) {
    const auto& arrivals = runs[i].history.arrivals;
    if (arrivals.empty()) continue;
    const AsyncTotals totals = totals_of(runs[i].history);
    const double end = strip_end(arrivals);
    std::string hint = end < totals.seconds
                           ? fmt::format("the first {:.4g} of {:.6g} seconds", end, totals.seconds)
                           : fmt::format("all {:.6g} seconds", totals.seconds);
    if (static_cast<size_t>(totals.workers) > StripOptions{}.most_workers)
      hint += fmt::format(", {} of {} workers", StripOptions{}.most_workers, totals.workers);
    html += fmt::format("<figure class=\"card\"><figcaption><h3>{}</h3><p>{}</p></figcaption>{}</figure>\n",
                        arm_heading(i, runs[i].name), hint,
                        boxed("Rounds of the workers", worker_strip(arrivals)));
  }
  if (runs.size() > most_strips)
    html += fmt::format("<p>Of {} runs the first {} are drawn.</p>\n", runs.size(), most_strips);
  return html + "</div></section>\n";
}

std::string staleness() {
  return "<section><h2>How old the contributions were</h2>\n<div class=\"grid\">\n" +
         chart("staleness", "Staleness",
               "versions that the server had made since the worker was sent its parameters") +
         "</div></section>\n";
}

std::string settings(const std::vector<AsyncRun>& runs) {
  std::string rows;
  for (const auto& [key, first] : runs.front().configuration) {
    if (key == "run.out" || key == "run.resume") continue;
    const std::string& value = first;
    const std::string& name = key;
    const bool differs = std::any_of(runs.begin(), runs.end(),
                                     [&](const AsyncRun& run) { return run.setting(name) != value; });
    if (runs.size() > 1 ? !differs : !key.starts_with("async.")) continue;
    rows += fmt::format("<tr><th scope=\"row\">{}</th>", html_escaped(key));
    for (const AsyncRun& run : runs) {
      const std::string text = html_escaped(run.setting(key));
      rows += labelled_cell(runs.size() > 1 ? run.name : "",
                            text.empty() ? "<span class=\"none\">not given</span>" : text);
    }
    rows += "</tr>\n";
  }
  if (rows.empty()) return {};
  std::string html = fmt::format("<section><h2>Settings{}</h2>\n", runs.size() > 1 ? " that differ" : "");
  std::string heads;
  for (size_t i = 0; i < runs.size(); ++i)
    heads += fmt::format("<th scope=\"col\">{}</th>", arm_heading(i, runs[i].name));
  return html +
         boxed("Settings", "<table class=\"settings\"><thead><tr><th scope=\"col\">key</th>" + heads +
                               "</tr></thead><tbody>\n" + rows + "</tbody></table>") +
         "</section>\n";
}

std::string again(const std::vector<std::string>& commands) {
  std::vector<std::string> lines;
  for (const std::string& command : commands) lines.push_back(html_escaped(command));
  return fmt::format("<section><h2>Do it again</h2>\n<pre tabindex=\"0\"><code>{}</code></pre></section>\n",
                     fmt::join(lines, "\n"));
}

constexpr std::string_view reading =
    "<section class=\"reading\"><h2>How to read this</h2>\n<ul>\n"
    "<li>Methods that make more versions of the same local steps cannot be compared per version: compare at "
    "equal local steps and at equal time.</li>\n"
    "<li>The training loss is of training samples, the held-out loss of others; a larger outer learning rate "
    "can lower the first and raise the second.</li>\n"
    "<li>Staleness counts versions, also those that others made in the same grace window.</li>\n"
    "<li>Tune the outer learning rate of each method before comparing them.</li>\n</ul></section>\n";

}  // namespace

std::string async_page(const AsyncReportInput& input) {
  invariant(!input.runs.empty(), "a report needs a run");
  const auto sentences = async_answer(input.runs);
  std::string html = page_head(input.title) + "<body>\n<main>\n<header>\n";
  html += fmt::format("<p class=\"eyebrow\">{}</p>\n<h1>{}</h1>\n", html_escaped(input.title),
                      told_html(sentences.front()));
  for (size_t i = 1; i < sentences.size(); ++i)
    html += fmt::format("<p class=\"lead\">{}</p>\n", told_html(sentences[i]));
  html += "</header>\n<section>\n" + boxed("Results", table_html(async_table(input.runs), "results")) +
          "</section>\n";
  html +=
      course(input.runs) + strips(input.runs) + staleness() + settings(input.runs) + again(input.commands);
  html += reading;
  html += fmt::format("<footer><p>Written {} by muster report.</p></footer>\n</main>\n",
                      html_escaped(input.written));
  html += fmt::format(
      "<script type=\"application/json\" "
      "id=\"data\">{}</script>\n<script>\n{}\n</script>\n<script>\n{}</script>\n",
      script_escaped(data_json(input.runs)), page_assets::chart_min_js, page_assets::charts_js);
  return html + "</body>\n</html>\n";
}

}  // namespace muster::inline report
