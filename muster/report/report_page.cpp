#include "muster/report/report_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/report/answer.h"
#include "muster/report/chart_data.h"
#include "muster/report/html_text.h"
#include "muster/report/metrics_gaps.h"
#include "muster/report/no_worse.h"
#include "muster/report/page_assets.h"
#include "muster/report/page_parts.h"
#include "muster/report/result_table.h"

namespace muster::inline report {

namespace {

bool any_line(const std::vector<Arm>& arms, bool (*holds)(const MetricsLine&)) {
  for (const Arm& arm : arms)
    for (const RunHistory& run : arm.runs)
      if (std::any_of(run.lines.begin(), run.lines.end(), holds)) return true;
  return false;
}

std::string course_charts(const std::vector<Arm>& arms, Quality quality) {
  struct Measure {
    std::string_view id, title;
    bool known;
  };
  Measure accuracy = {"accuracy", "Test accuracy",
                      any_line(arms, [](const auto& l) { return l.test_accuracy.has_value(); })};
  Measure loss = {"loss", "Test loss", any_line(arms, [](const auto& l) { return l.test_loss.has_value(); })};
  if (quality == Quality::loss) std::swap(accuracy, loss);
  struct Axis {
    std::string_view id, title, hint;
  };
  std::string html;
  for (const Axis& axis :
       {Axis{"steps", "against steps", "of the averaged model, over the local steps of each worker"},
        Axis{"time", "against time", "wall time on the machine that ran them"},
        Axis{"bytes", "against bytes", "what each worker has sent at meetings so far"}})
    for (const Measure& measure : {accuracy, loss})
      if (measure.known)
        html += chart(fmt::format("{}/{}", measure.id, axis.id),
                      fmt::format("{} {}", measure.title, axis.title), axis.hint);
  return html.empty()
             ? ""
             : "<section><h2>Course of training</h2>\n<div class=\"grid\">\n" + html + "</div></section>\n";
}

std::string meeting_charts(const std::vector<Arm>& arms) {
  if (!any_line(arms, [](const auto& line) { return !line.evaluation; })) return {};
  std::string html =
      chart("period", "Period over steps", "local steps between two meetings, first seed of each arm");
  if (any_line(arms, [](const auto& line) { return line.divergence.value_or(0) > 0; }))
    html += chart(
        "divergence", "Divergence over steps",
        "mean squared distance of the replicas to their mean at the meetings that measured it; log scale");
  html += chart("train-loss", "Training loss over steps",
                "the workers' own losses, gathered into stretches of the run");
  return "<section><h2>Between the meetings</h2>\n<div class=\"grid\">\n" + html + "</div></section>\n";
}

std::string probe_charts(const std::vector<Arm>& arms) {
  std::string html;
  for (const ProbedNumber& number : probed_numbers()) {
    bool known = false;
    for (const Arm& arm : arms)
      for (const RunHistory& run : arm.runs)
        known = known || !probed(run.lines, std::string(number.name)).empty();
    if (known) html += chart(fmt::format("probe/{}", number.name), number.title, number.hint);
  }
  return html.empty() ? "" : "<section><h2>Probes</h2>\n<div class=\"grid\">\n" + html + "</div></section>\n";
}

std::string time_section(const std::vector<ArmResult>& results, const std::optional<Network>& network) {
  std::string html = "<section><h2>Where the time went</h2>\n<div class=\"grid\">\n";
  html += chart("time", "Time by part, here", "mean over the seeds; all workers shared this machine");
  const bool predicted = std::any_of(results.begin(), results.end(),
                                     [](const ArmResult& arm) { return arm.predicted.has_value(); });
  if (network && predicted)
    html += chart("predicted", "Predicted time with a machine for each worker",
                  html_escaped("a network of " + describe(*network) + "; an estimate, see below"));
  return html + "</div>\n" + boxed("Time by part", table_html(time_table(results), "times")) + "</section>\n";
}

std::string cells(const std::vector<Arm>& arms, const std::string& key, bool differs) {
  const auto cell = [](const std::string& value) {
    return value.empty() ? std::string("<span class=\"none\">not given</span>") : html_escaped(value);
  };
  if (!differs)
    return fmt::format("<td colspan=\"{}\">{}</td>", arms.size(),
                       cell(arms.front().runs.front().setting(key)));
  std::string html;
  for (const Arm& arm : arms) html += labelled_cell(arm.name, cell(arm.runs.front().setting(key)));
  return html;
}

std::string settings_table(const std::vector<Arm>& arms, const std::vector<std::string>& keys,
                           const std::vector<std::string>& differing) {
  std::string html = "<table class=\"settings\"><thead><tr><th scope=\"col\">key</th>";
  for (size_t i = 0; i < arms.size(); ++i)
    html += fmt::format("<th scope=\"col\">{}</th>", arm_heading(i, arms[i].name));
  html += "</tr></thead><tbody>\n";
  for (const std::string& key : keys) {
    const bool differs = std::find(differing.begin(), differing.end(), key) != differing.end();
    html += fmt::format("<tr{}><th scope=\"row\">{}{}</th>{}</tr>\n", differs ? " class=\"differs\"" : "",
                        html_escaped(key), differs ? " <span class=\"tag\">differs</span>" : "",
                        cells(arms, key, differs));
  }
  return html + "</tbody></table>";
}

std::string settings_section(const std::vector<Arm>& arms) {
  const auto differing = differing_keys(arms);
  std::vector<std::string> all;
  for (const auto& [key, value] : arms.front().runs.front().configuration)
    if (key != "run.out" && key != "run.resume" && key != "run.seed") all.push_back(key);
  std::string html = "<section><h2>Settings</h2>\n";
  if (!differing.empty())
    html += boxed("Settings that differ", settings_table(arms, differing, differing));
  else if (arms.size() > 1)
    html += "<p>The arms have the same settings.</p>\n";
  html += fmt::format("<details><summary>All {} settings, as resolved</summary>{}</details></section>\n",
                      all.size(), boxed("All settings", settings_table(arms, all, differing)));
  return html;
}

std::string again_section(const std::vector<std::string>& commands) {
  std::vector<std::string> lines;
  for (const std::string& command : commands) lines.push_back(html_escaped(command));
  return fmt::format("<section><h2>Do it again</h2>\n<pre tabindex=\"0\"><code>{}</code></pre></section>\n",
                     fmt::join(lines, "\n"));
}

std::string reading_section(bool network) {
  std::string html =
      "<section class=\"reading\"><h2>How to read this</h2>\n<ul>\n"
      "<li>Every arm begins each seed with the same weights and the same order of data, unless its settings "
      "change "
      "the task or the workers.</li>\n"
      "<li>± is the sample standard deviation over the seeds. Two or three seeds show little of it.</li>\n"
      "<li>Accuracy and loss are those of the averaged model on the test data.</li>\n"
      "<li>Rounds are meetings; their share is of the local steps. Bytes are what one worker sends in "
      "all "
      "meetings; what an all-reduce moves depends on its algorithm.</li>\n"
      "<li>Thin lines are single seeds, thick ones their mean.</li>\n";
  if (network)
    html +=
        "<li>The predicted time gives every worker a machine as fast as one thread here: steps × seconds of "
        "a step "
        "of one worker (the median over the runs that compute the same) + rounds × (2(n−1)/n × bits ÷ "
        "bandwidth + "
        "2(n−1) × latency), a ring all-reduce among n workers (Patarasuk and Yuan 2009). It knows of no "
        "slower "
        "machine, no overlap and no evaluation. The speed-up is over the first arm.</li>\n";
  return html + "</ul></section>\n";
}

std::string facts(const std::vector<Arm>& arms, const std::vector<ArmResult>& results) {
  const RunHistory& run = arms.front().runs.front();
  size_t seeds = 1;
  for (const Arm& arm : arms) seeds = std::max(seeds, arm.runs.size());
  std::vector<std::string> parts;
  if (!run.setting("task.model").empty())
    parts.push_back(fmt::format("{} on {}", run.setting("task.model"), run.setting("task.name")));
  if (run.totals.parameters > 0) parts.push_back(format_count(run.totals.parameters) + " parameters");
  parts.push_back(plural(static_cast<size_t>(run.totals.workers), "worker"));
  parts.push_back(format_count(static_cast<int64_t>(results.front().steps)) + " steps");
  parts.push_back(plural(seeds, "seed"));
  if (const auto floor = loss_floor(arms)) parts.push_back(fmt::format("least possible loss {:.4f}", *floor));
  std::string html = "<ul class=\"facts\">";
  for (const std::string& part : parts) html += fmt::format("<li>{}</li>", html_escaped(part));
  return html + "</ul>\n";
}

/// A paragraph for each run whose curves jump because lines of metrics are missing.
std::string gaps_paragraphs(const std::vector<Arm>& arms) {
  std::string html;
  for (const Arm& arm : arms)
    for (const RunHistory& run : arm.runs)
      if (const std::string gaps = gaps_sentence(metrics_gaps(run.lines)); !gaps.empty())
        html += fmt::format("<p>{}: {}: its curves jump there.</p>\n", html_escaped(run.folder),
                            html_escaped(gaps));
  return html;
}

std::string foot(const ReportInput& input) {
  std::string versions;
  for (const Arm& arm : input.arms)
    for (const RunHistory& run : arm.runs)
      if (versions.empty())
        for (const auto& [name, version] : run.totals.versions)
          versions += fmt::format("{}{} {}", versions.empty() ? "" : " · ", name, version);
  return fmt::format("<footer><p>Written {} by muster report.{}</p></footer>\n", html_escaped(input.written),
                     versions.empty() ? "" : " The runs: " + html_escaped(versions) + ".");
}

}  // namespace

std::vector<std::string> differing_keys(const std::vector<Arm>& arms) {
  std::vector<std::string> differing;
  const RunHistory& first = arms.front().runs.front();
  for (const auto& [key, value] : first.configuration) {
    if (key == "run.out" || key == "run.resume" || key == "run.seed") continue;
    const std::string& name = key;
    const std::string& usual = value;
    if (std::any_of(arms.begin(), arms.end(),
                    [&](const Arm& arm) { return arm.runs.front().setting(name) != usual; }))
      differing.push_back(key);
  }
  return differing;
}

std::string report_page(const ReportInput& input) {
  invariant(!input.arms.empty(), "a report needs an arm");
  const auto results = arm_results(input.arms, input.network);
  const Quality quality = quality_of(input.arms);
  const Answer told = answer(results, quality, input.network, input.margin);
  std::string html = page_head(input.title);
  html += "<body>\n<main>\n<header>\n";
  html += fmt::format("<p class=\"eyebrow\">{}</p>\n<h1>{}</h1>\n", html_escaped(input.title),
                      told_html(told.headline));
  for (const std::string& sentence : told.details)
    html += fmt::format("<p class=\"lead\">{}</p>\n", told_html(sentence));
  html += facts(input.arms, results) + "</header>\n";
  const auto best = input.arms.size() > 1 ? best_arm(results, quality) : std::nullopt;
  html += "<section>\n" +
          boxed("Results", table_html(quality_table(results, quality, input.network), "results", best,
                                      quality == Quality::loss ? "lowest" : "highest")) +
          "</section>\n";
  if (input.margin && input.arms.size() > 1)
    html += fmt::format("<section><h2>No worse than {}?</h2>\n", html_escaped(input.arms.front().name)) +
            boxed("No worse than the first",
                  table_html(no_worse_table(results, quality, *input.margin), "margin")) +
            "</section>\n";
  html += gaps_paragraphs(input.arms);
  html += course_charts(input.arms, quality) + meeting_charts(input.arms) + probe_charts(input.arms) +
          time_section(results, input.network);
  html += settings_section(input.arms) + again_section(input.commands) +
          reading_section(input.network.has_value());
  html += foot(input) + "</main>\n";
  html += fmt::format(
      "<script type=\"application/json\" "
      "id=\"data\">{}</script>\n<script>\n{}\n</script>\n<script>\n{}</script>\n",
      script_escaped(chart_data(input.arms, results, quality)), page_assets::chart_min_js,
      page_assets::charts_js);
  return html + "</body>\n</html>\n";
}

}  // namespace muster::inline report
